"""The stage: who is on it, and who is the main picture."""

from __future__ import annotations

from signaling.protocol import BringOn, BroughtOn, Person, TakenOff, TakeOff
from signaling.session.decision import SESSION, STAGE, Decision, Outcome, Refusal
from signaling.session.state import State


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
