"""The stage: who is on it, and who is the main picture."""

from __future__ import annotations

from dataclasses import replace

from signaling.protocol import (
    BringOn,
    BroughtOn,
    Person,
    StageCommand,
    StageEvent,
    TakenOff,
    TakeOff,
)
from signaling.session.decision import SESSION, STAGE, Decision, Outcome, Refusal
from signaling.session.state import State, meet


def decide(state: State, actor: Person, command: StageCommand, *, now: int, known: Person | None) -> Outcome:
    """Return what a command on the stage comes to; `known` is whom it names, if they are here."""
    match command:
        case BringOn():
            return bring_on(state, actor, command, now=now, known=known)
        case TakeOff():
            return take_off(state, actor, command, now=now)


def fold(state: State, event: StageEvent) -> State:
    """Return the state after an event of the stage."""
    match event:
        case BroughtOn(person=person):
            others = tuple(p for p in state.stage if p.id != person.id)
            return replace(meet(state, person), stage=(person, *others), stage_seq=event.seq)
        case TakenOff(person=person_id):
            others = tuple(p for p in state.stage if p.id != person_id)
            return replace(state, stage=others, stage_seq=event.seq)


def rewrite(state: State, at: int) -> tuple[StageEvent, ...]:
    """Return the events that lead to the stage of this state."""
    return tuple(BroughtOn(at=at, by="system", person=person) for person in reversed(state.stage))


def bring_on(state: State, actor: Person, command: BringOn, *, now: int, known: Person | None) -> Outcome:
    """Put a person on stage as the main picture; `known` is who is here by that id, if anybody is."""
    person = known or state.people.get(command.participant)
    if person is None:
        return Refusal("unknown_participant", "Nobody by this id has been here.")
    if state.stage[:1] == (person,):
        return Decision()
    return Decision((BroughtOn(at=now, by=actor.id, person=person),), leans_on=(SESSION,), changes=(STAGE,))


def take_off(state: State, actor: Person, command: TakeOff, *, now: int) -> Outcome:
    """Take a person off stage; one who is not on it is off already."""
    if all(person.id != command.participant for person in state.stage):
        return Decision()
    event = TakenOff(at=now, by=actor.id, person=command.participant)
    return Decision((event,), leans_on=(SESSION,), changes=(STAGE,))
