"""The stage: who is on it, who is the main picture, and what of it goes out.

The law: of two who cut at once one wins. A cut that says which version of the stage it was decided on
is refused (`stage_changed`) if that is not the version that is, and told what is; one that would change
nothing is no cut. Who comes on is on air, who goes off is cleared and their clock stands, in the same breath.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from signaling.protocol import (
    Air,
    AnyEvent,
    BringOn,
    BroughtOn,
    ClockChanged,
    CueChanged,
    HandOver,
    HideSlides,
    LiftSlate,
    Mute,
    Muted,
    Person,
    ShowSlate,
    ShowSlides,
    SlateLifted,
    SlateShown,
    SlidesSwitched,
    StageCommand,
    StageEvent,
    StageNow,
    TakenOff,
    TakeOff,
    Unmute,
    Unmuted,
)
from signaling.session import clock, cues
from signaling.session.decision import (
    SESSION,
    STAGE,
    Decision,
    Outcome,
    Refusal,
    clock_entity,
    cue_entity,
    person_entity,
)
from signaling.session.state import State, meet
from signaling.written import words


def decide(state: State, actor: Person, command: StageCommand, *, now: int, known: Person | None) -> Outcome:
    """Return what a command on the stage comes to; `known` is whom it names, if they are here."""
    outcome = _cut(state, actor, command, now=now, known=known)
    if command.seen in (None, state.air.version) or outcome == Decision():
        return outcome
    return _overtaken(state)


def _overtaken(state: State) -> Refusal:
    names = ", ".join(person.name for person in state.stage) or "nobody"
    return Refusal(
        "stage_changed",
        f"Somebody else was quicker. On stage now: {names}.",
        now=StageNow(state.stage, state.air),
    )


def _cut(state: State, actor: Person, command: StageCommand, *, now: int, known: Person | None) -> Outcome:
    match command:
        case BringOn():
            person = known or state.people.get(command.participant)
            return cues.UNKNOWN if person is None else bring_on(state, actor, person, now=now)
        case TakeOff():
            return take_off(state, actor, command.participant, now=now)
        case HandOver():
            return hand_over(state, actor, command, now=now)
        case Mute() | Unmute():
            return mute(state, actor, command, now=now)
        case ShowSlides() | HideSlides():
            return switch_slides(state, actor, shown=isinstance(command, ShowSlides), now=now)
        case ShowSlate():
            text = words(command.text)
            if state.air.slate == text:
                return Decision()
            return _decided((SlateShown(at=now, by=actor.id, text=text),))
        case LiftSlate():
            if state.air.slate is None:
                return Decision()
            return _decided((SlateLifted(at=now, by=actor.id),))


def bring_on(state: State, actor: Person, person: Person, *, now: int) -> Outcome:
    """Put a person on stage as the main picture, and on air; nobody who was put out."""
    if state.stage[:1] == (person,):
        return Decision()
    if cues.is_out(state, person):
        return cues.PUT_OUT
    cue = cues.of_person(state, person, now=now, by=actor.id)
    events: list[AnyEvent] = [BroughtOn(at=now, by=actor.id, person=person)]
    if cue.state != "on_air":
        cue = cues.stepped(cue, "on_air", now=now, by=actor.id)
        events.insert(0, CueChanged(at=now, by=actor.id, cue=cue))
    decided = _decided(tuple(events), cue_entity(cue.id))
    return replace(decided, leans_on=(*decided.leans_on, person_entity(person.id)))


def take_off(state: State, actor: Person, participant: str, *, now: int) -> Outcome:
    """Take a person off stage, and off the air; one who is not on it is off already."""
    if all(person.id != participant for person in state.stage):
        return Decision()
    events: list[AnyEvent] = [TakenOff(at=now, by=actor.id, person=participant)]
    cue = cues.find(state, participant)
    if cue is None:  # came on before cues were kept
        return _decided(tuple(events))
    cleared = cues.stepped(cue, "cleared", now=now, by=actor.id)
    events.insert(0, CueChanged(at=now, by=actor.id, cue=cleared))
    given = state.clocks.get(cue.id)
    if given is None or clock.stopped(given, now) == given:
        return _decided(tuple(events), cue_entity(cue.id))
    events.insert(0, ClockChanged(at=now, by=actor.id, clock=clock.stopped(given, now)))
    return _decided(tuple(events), cue_entity(cue.id), clock_entity(cue.id))


def hand_over(state: State, actor: Person, command: HandOver, *, now: int) -> Outcome:
    """Let the next speaker take the main picture's place."""
    cue = cues.next_speaker(state) if command.to is None else cues.find(state, command.to)
    if cue is None:
        return Refusal("nobody_next", "Nobody is next.") if command.to is None else cues.NO_SUCH_SPEAKER
    if cue.person is None:
        return cues.UNBOUND
    if state.stage[:1] and state.stage[0].id == cue.person.id:
        return Decision()
    coming = bring_on(state, actor, cue.person, now=now)
    if isinstance(coming, Refusal):
        return coming
    going = take_off(state, actor, state.stage[0].id, now=now) if state.stage else Decision()
    assert isinstance(going, Decision), "nobody is kept on stage"
    # Coming first: the picture changes from one to the other, and never to nothing.
    changes = tuple(dict.fromkeys((*coming.changes, *going.changes)))
    # Without a name it is whoever is next, and they must be so still.
    order = cues.ahead(state, cue) if command.to is None else ()
    events = (*coming.events, *going.events)
    return Decision(events, leans_on=(*coming.leans_on, *order), changes=changes)


def mute(state: State, actor: Person, command: Mute | Unmute, *, now: int) -> Outcome:
    """Let somebody on stage be heard, or not."""
    person, wanted = command.participant, isinstance(command, Mute)
    if all(one.id != person for one in state.stage):
        return Refusal("not_on_stage", "They are not on stage.")
    if (person in state.air.muted) == wanted:
        return Decision()
    event = (
        Muted(at=now, by=actor.id, person=person) if wanted else Unmuted(at=now, by=actor.id, person=person)
    )
    return _decided((event,))


def switch_slides(state: State, actor: Person, *, shown: bool, now: int) -> Outcome:
    """Show slides, or not."""
    if state.air.slides == shown:
        return Decision()
    return _decided((SlidesSwitched(at=now, by=actor.id, shown=shown),))


def _decided(events: tuple[AnyEvent, ...], *touched: str) -> Decision:
    return Decision(events, leans_on=(SESSION,), changes=(STAGE, *touched))


# -- what has happened ---------------------------------------------------------------------------------


def fold(state: State, event: StageEvent) -> State:
    """Return the state after an event of the stage."""
    air = msgspec.structs.replace(_aired(state.air, event), version=event.seq)
    state = replace(state, air=air, stage_seq=event.seq)
    match event:
        case BroughtOn(person=person):
            return replace(meet(state, person), stage=(person, *_without(state, person.id)))
        case TakenOff(person=person_id):
            return replace(state, stage=_without(state, person_id))
        case _:
            return state


def rewrite(state: State, at: int) -> tuple[StageEvent, ...]:
    """Return the events that lead to the stage of this state."""
    events: list[StageEvent] = [BroughtOn(at=at, by="system", person=one) for one in reversed(state.stage)]
    events += [Muted(at=at, by="system", person=one) for one in state.air.muted]
    if not state.air.slides:
        events.append(SlidesSwitched(at=at, by="system", shown=False))
    if state.air.slate is not None:
        events.append(SlateShown(at=at, by="system", text=state.air.slate))
    return tuple(events)


def _without(state: State, person_id: str) -> tuple[Person, ...]:
    return tuple(person for person in state.stage if person.id != person_id)


def _aired(air: Air, event: StageEvent) -> Air:
    """Return what goes out after an event, beside who is on stage."""
    changed = msgspec.structs.replace
    match event:
        case BroughtOn():
            return air
        case Muted(person=person):
            return changed(air, muted=(*air.muted, person))
        case TakenOff(person=person) | Unmuted(person=person):
            return changed(air, muted=tuple(one for one in air.muted if one != person))
        case SlidesSwitched(shown=shown):
            return changed(air, slides=shown)
        case SlateShown(text=text):
            return changed(air, slate=text)
        case SlateLifted():
            return changed(air, slate=None)
