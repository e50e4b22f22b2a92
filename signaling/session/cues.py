"""Each speaker's way to the stage and off it, and who is next.

    invited ──check─▶ checked ──arrive, backstage─▶ backstage ──standby─▶ standby
       └────────────arrive, backstage─────────────────▶   ◀────backstage────┘
    any of these ──bring on─▶ on air ──take off─▶ cleared ──backstage─▶ backstage, ──invite─▶ invited
    any but on air ──clear─▶ cleared

The law: whoever is on stage is on air and nobody else is; who was put out, until they are let in again, is
not next and goes nowhere but to cleared; a step to where the speaker already is is no step; who is billed
has a cue without a word in the log, and it is worth nothing until they are somebody (`person`). The
programme's order stands where nobody has set another.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import msgspec

from signaling.protocol import (
    AcknowledgeStandby,
    AnyEvent,
    ArriveBackstage,
    BindSpeaker,
    BringOn,
    CheckSpeaker,
    ClearSpeaker,
    ClockChanged,
    Cue,
    CueChanged,
    CueCommand,
    CueDropped,
    CueEvent,
    CueState,
    CueStep,
    InviteSpeaker,
    OrderSpeakers,
    Person,
    PreflightChanged,
    SendBackstage,
    SpeakersOrdered,
    StandBy,
    TakeOff,
)
from signaling.session.decision import (
    ORDER,
    PROGRAMME,
    SESSION,
    Decision,
    Outcome,
    Refusal,
    clock_entity,
    cue_entity,
    person_entity,
    preflight_entity,
)
from signaling.session.state import State, but, meet

STEPS_KEPT: Final = 20
"""Newest steps of one speaker that are kept."""

MOST_CUES: Final = 100
"""Speakers of one session beyond those billed: a day's forum has some dozens."""

Step = (
    InviteSpeaker
    | CheckSpeaker
    | ArriveBackstage
    | SendBackstage
    | StandBy
    | ClearSpeaker
    | BringOn
    | TakeOff
)

STEPS: Mapping[type[Step], tuple[frozenset[CueState], CueState]] = {
    InviteSpeaker: (frozenset({"cleared"}), "invited"),
    CheckSpeaker: (frozenset({"invited"}), "checked"),
    ArriveBackstage: (frozenset({"invited", "checked"}), "backstage"),
    SendBackstage: (frozenset({"invited", "checked", "standby", "cleared"}), "backstage"),
    StandBy: (frozenset({"checked", "backstage"}), "standby"),
    BringOn: (frozenset({"invited", "checked", "backstage", "standby", "cleared"}), "on_air"),
    TakeOff: (frozenset({"on_air"}), "cleared"),
    ClearSpeaker: (frozenset({"invited", "checked", "backstage", "standby"}), "cleared"),
}
"""Command → the states it starts from, and the one it leads to."""

NO_SUCH_SPEAKER: Final = Refusal("unknown_speaker", "There is no such speaker.")
UNBOUND: Final = Refusal("unbound_speaker", "Nobody here is known to be this speaker yet.")
PUT_OUT: Final = Refusal("person_ejected", "They have been put out. Let them in again first.")
UNKNOWN: Final = Refusal("unknown_participant", "Nobody by this id has been here.")


# -- who there is --------------------------------------------------------------------------------------


def running_order(state: State) -> tuple[Cue, ...]:
    """Return all cues in the order of speaking: as set, then as billed, then as they were added."""
    billed = tuple(one.id for one in state.session.programme.speakers) if state.session.programme else ()
    known = dict.fromkeys((*billed, *state.cues))
    ordered = dict.fromkeys((*(one for one in state.order if one in known), *known))
    return tuple(_cue(state, one) for one in ordered)


def next_speaker(state: State) -> Cue | None:
    """Return who speaks next: the first in the order who is neither on air nor cleared, nor put out."""
    return next((cue for cue in running_order(state) if _may_go_on(state, cue)), None)


def _may_go_on(state: State, cue: Cue) -> bool:
    return cue.state not in ("on_air", "cleared") and not is_out(state, cue.person)


def is_out(state: State, person: Person | None) -> bool:
    """Tell whether somebody was put out, and is not let in again yet."""
    return person is not None and person.id in state.access.barred


def ahead(state: State, next_: Cue) -> tuple[str, ...]:
    """Name the entities by which it is this one who is next: the order, and who stands before them."""
    programme = state.session.programme
    billed = tuple(one.id for one in programme.speakers) if programme else ()
    # One that was dropped may come back to its place in the order.
    named = dict.fromkeys((*state.order, *billed, *state.cues))
    before = tuple(itertools.takewhile(lambda one: one != next_.id, named))
    out = (find(state, one) for one in before)
    people = (cue.person.id for cue in out if cue is not None and cue.person is not None)
    return (ORDER, PROGRAMME, *map(cue_entity, before), *map(person_entity, people))


def find(state: State, speaker: str) -> Cue | None:
    """Return a cue by its own id, or by the id of the participant it is of."""
    for cue in state.cues.values():
        if cue.person is not None and cue.person.id == speaker:
            return cue
    if speaker in state.cues or _billed(state, speaker):
        return _cue(state, speaker)
    return None


def of_person(state: State, person: Person, *, now: int, by: str) -> Cue:
    """Return the cue of a person, a new one if there is none, with the person as they are now."""
    cue = find(state, person.id) or _as_invited(state, person) or Cue(person.id, "invited", now, by)
    return msgspec.structs.replace(cue, person=person)


def _as_invited(state: State, person: Person) -> Cue | None:
    """Return the billed cue that a person's invitation is for, unless somebody is on air by it."""
    if not person.billed or not _billed(state, person.billed):
        return None
    cue = _cue(state, person.billed)
    return cue if cue.state != "on_air" else None


def _billed(state: State, speaker: str) -> bool:
    programme = state.session.programme
    return programme is not None and any(one.id == speaker for one in programme.speakers)


def _cue(state: State, speaker: str) -> Cue:
    """Return a cue that exists; one that the log never named is as the programme invites them."""
    return state.cues.get(speaker) or Cue(speaker, "invited", state.session.created, "system")


def stepped(cue: Cue, to: CueState, *, now: int, by: str) -> Cue:
    """Return the cue after a step."""
    steps = (*cue.steps, CueStep(to, now, by))[-STEPS_KEPT:]
    return msgspec.structs.replace(cue, state=to, at=now, by=by, acknowledged=None, steps=steps)


# -- what may happen -----------------------------------------------------------------------------------


def decide(state: State, actor: Person, command: CueCommand, *, now: int, known: Person | None) -> Outcome:
    """Return what a command on cues comes to; `known` is whom it names as a participant, if they are here."""
    match command:
        case InviteSpeaker(participant=participant):
            person = known or state.people.get(participant)
            if person is None:
                return UNKNOWN
            return invite(state, actor, command, person, now=now)
        case BindSpeaker(participant=participant):
            person = known or state.people.get(participant)
            return UNKNOWN if person is None else bind(state, actor, command, person, now=now)
        case OrderSpeakers():
            return order(state, actor, command, now=now)
        case ArriveBackstage():
            return step(state, actor, command, of_person(state, actor, now=now, by=actor.id), now=now)
        case AcknowledgeStandby():
            return acknowledge(state, actor, now=now)
        case CheckSpeaker() | SendBackstage() | StandBy() | ClearSpeaker():
            cue = find(state, command.speaker)
            return NO_SUCH_SPEAKER if cue is None else step(state, actor, command, cue, now=now)


def step(state: State, actor: Person, command: Step, cue: Cue, *, now: int) -> Outcome:
    """Move a speaker along the table."""
    allowed, to = STEPS[type(command)]
    if cue.state == to:
        return Decision()
    if cue.state not in allowed:
        return Refusal("wrong_state", f"The speaker is {_WORDS[cue.state]}.")
    if not isinstance(command, ClearSpeaker):
        if cue.person is None:
            return UNBOUND
        if is_out(state, cue.person):
            return PUT_OUT
    if cue.id not in state.cues and len(state.cues) >= MOST_CUES:
        return Refusal("too_many", "There are too many speakers in this session.")
    return _changed(stepped(cue, to, now=now, by=actor.id), now=now, by=actor.id)


def invite(state: State, actor: Person, command: InviteSpeaker, person: Person, *, now: int) -> Outcome:
    """Put a person on the list: who is on it and not cleared is invited already."""
    if is_out(state, person):
        return PUT_OUT
    cue = of_person(state, person, now=now, by=actor.id)
    if cue.id not in state.cues:
        if len(state.cues) >= MOST_CUES:
            return Refusal("too_many", "There are too many speakers in this session.")
        return _changed(stepped(cue, "invited", now=now, by=actor.id), now=now, by=actor.id)
    return step(state, actor, command, cue, now=now) if cue.state == "cleared" else Decision()


def bind(state: State, actor: Person, command: BindSpeaker, person: Person, *, now: int) -> Outcome:
    """Say who a speaker is; what that person has done already is theirs as this speaker."""
    cue = find(state, command.speaker)
    if cue is None:
        return NO_SUCH_SPEAKER
    if is_out(state, person):
        return PUT_OUT
    if cue.person == person:
        return Decision()
    if cue.state == "on_air":
        return Refusal("wrong_state", "The speaker is on air; who they are cannot change now.")
    other = find(state, person.id)
    if other is not None and other.id != cue.id:
        if _billed(state, other.id) or not _billed(state, cue.id):
            return Refusal("already_bound", "This person is another speaker already.")
        return _become(
            state, other, msgspec.structs.replace(other, id=cue.id, person=person), now=now, by=actor.id
        )
    return _changed(msgspec.structs.replace(cue, person=person), now=now, by=actor.id)


def _become(state: State, other: Cue, bound: Cue, *, now: int, by: str) -> Decision:
    """Put one cue in another's place, with its time, its pre-flight and its place in the order."""
    events: list[AnyEvent] = [
        CueDropped(at=now, by=by, cue=other.id),
        CueChanged(at=now, by=by, cue=bound),
    ]
    touched = [cue_entity(bound.id), cue_entity(other.id)]
    used, given = state.clocks.get(other.id), state.clocks.get(bound.id)
    if used is not None and (given is None or used.spent or used.started is not None):
        clock = msgspec.structs.replace(used, speaker=bound.id)
        events.append(ClockChanged(at=now, by=by, clock=clock))
        touched += [clock_entity(bound.id), clock_entity(other.id)]
    measured = state.preflights.get(other.id)
    if measured is not None:
        preflight = msgspec.structs.replace(measured, speaker=bound.id)
        events.append(PreflightChanged(at=now, by=by, preflight=preflight))
        touched += [preflight_entity(bound.id), preflight_entity(other.id)]
    if other.id in state.order:
        speakers = tuple(dict.fromkeys(bound.id if one == other.id else one for one in state.order))
        events.append(SpeakersOrdered(at=now, by=by, speakers=speakers))
        touched.append(ORDER)
    welcome = () if bound.person is None else (person_entity(bound.person.id),)
    return Decision(tuple(events), leans_on=(SESSION, PROGRAMME, ORDER, *welcome), changes=tuple(touched))


def acknowledge(state: State, actor: Person, *, now: int) -> Outcome:
    """Take the word of a speaker on standby that they are ready; once is enough."""
    cue = find(state, actor.id)
    if cue is None:
        return NO_SUCH_SPEAKER
    if cue.state != "standby":
        return Refusal("wrong_state", f"The speaker is {_WORDS[cue.state]}.")
    if cue.acknowledged is not None:
        return Decision()
    return _changed(msgspec.structs.replace(cue, acknowledged=now), now=now, by=actor.id)


def order(state: State, actor: Person, command: OrderSpeakers, *, now: int) -> Outcome:
    """Set the order of speaking."""
    known = {cue.id for cue in running_order(state)}
    if not known.issuperset(command.speakers):
        return NO_SUCH_SPEAKER
    wanted = tuple(dict.fromkeys(command.speakers))
    if wanted == state.order:
        return Decision()
    event = SpeakersOrdered(at=now, by=actor.id, speakers=wanted)
    # One of them may become another at the same moment.
    return Decision((event,), leans_on=(SESSION, PROGRAMME, *map(cue_entity, wanted)), changes=(ORDER,))


def _changed(cue: Cue, *, now: int, by: str) -> Decision:
    event = CueChanged(at=now, by=by, cue=cue)
    welcome = () if cue.person is None else (person_entity(cue.person.id),)
    return Decision((event,), leans_on=(SESSION, *welcome), changes=(cue_entity(cue.id),))


# -- what has happened ---------------------------------------------------------------------------------


def fold(state: State, event: CueEvent) -> State:
    """Return the state after an event of the cues."""
    match event:
        case CueChanged(cue=cue):
            state = state if cue.person is None else meet(state, cue.person)
            cues = MappingProxyType({**state.cues, cue.id: cue})
            return replace(state, cues=cues, stage_seq=event.seq)
        case CueDropped(cue=dropped):
            return replace(
                state,
                cues=but(state.cues, dropped),
                clocks=but(state.clocks, dropped),
                preflights=but(state.preflights, dropped),
                stage_seq=event.seq,
            )
        case SpeakersOrdered(speakers=speakers):
            return replace(state, order=speakers)


def rewrite(state: State, at: int) -> tuple[CueEvent, ...]:
    """Return the events that lead to the cues of this state."""
    changed = [CueChanged(at=cue.at, by=cue.by, cue=cue) for cue in state.cues.values()]
    ordered = [SpeakersOrdered(at=at, by="system", speakers=state.order)] if state.order else []
    return (*changed, *ordered)


_WORDS: Mapping[CueState, str] = {
    "invited": "only invited",
    "checked": "not backstage",
    "backstage": "backstage",
    "standby": "on standby",
    "on_air": "on air",
    "cleared": "done",
}
