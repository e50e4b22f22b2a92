"""Backstage: who is there, and what each person is sent back, by role and cue.

The law: who is on air is not backstage, neither heard there nor hearing it; nobody is sent their own
voice; and what somebody is sent changes with their cue, never with a new connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, get_args

from signaling.protocol import (
    OVER,
    BackstageCommand,
    BackstageEntered,
    BackstageEvent,
    BackstageLeft,
    EnterBackstage,
    LeaveBackstage,
    Person,
    Return,
    ReturnCue,
    ReturnFeed,
    ReturnSet,
    Role,
    SetReturn,
)
from signaling.session.decision import SESSION, Decision, Outcome, Refusal, backstage_entity
from signaling.session.state import State, but, meet

MOST_TALKING: Final = 50
"""People who talk backstage beside the speakers: a crew, not an audience."""

WAITING: Final = frozenset({"backstage", "standby"})
"""The cues of speakers who are backstage."""

CUES: Final[tuple[ReturnCue, ...]] = (
    "none",
    "invited",
    "checked",
    "backstage",
    "standby",
    "on_air",
    "cleared",
)
ROLES: Final[tuple[Role, ...]] = ("speaker", "interpreter", "moderator", "chair", "producer", "owner")
"""Who is sent anything back."""

DEFAULTS: Final[Mapping[tuple[Role, ReturnCue], ReturnFeed]] = MappingProxyType(
    {
        **{(role, cue): "programme" for role in ROLES for cue in CUES},
        **{(role, "on_air"): "hall" for role in ROLES},
        **{(role, "none"): "backstage" for role in ROLES if role != "interpreter"},
        # Who is no speaker yet looks into the hall that waits for them.
        ("speaker", "none"): "hall",
    }
)
"""(role, cue) → what they are sent back, until a producer says otherwise."""

assert set(ROLES) < set(get_args(Role))


def return_feed(state: State, role: Role, cue: ReturnCue) -> ReturnFeed:
    """Return what a person of a role at a cue is sent back."""
    changed = state.matrix.get(_place(role, cue))
    return changed.feed if changed is not None else DEFAULTS.get((role, cue), "off")


def _place(role: Role, cue: ReturnCue) -> str:
    return f"{role}/{cue}"


def matrix(state: State) -> tuple[Return, ...]:
    """Return every place of the matrix as it stands."""
    return tuple(Return(role, cue, return_feed(state, role, cue)) for role, cue in DEFAULTS)


def looking_in(state: State) -> tuple[Person, ...]:
    """Return who is sent the hall, and nothing else in its place; those on stage first."""
    if state.session.status in OVER:
        return ()
    at = {cue.person.id: cue.state for cue in state.cues.values() if cue.person is not None}
    speakers = [cue.person for cue in state.cues.values() if cue.person is not None]
    people = {person.id: person for person in (*state.stage, *speakers, *state.crew.values())}
    return tuple(
        person
        for person in people.values()
        if return_feed(state, person.role, at.get(person.id, "none")) == "hall"
    )


def talking(state: State) -> tuple[Person, ...]:
    """Return who is heard backstage: speakers who wait there, then the crew, and nobody on air."""
    waiting = [cue.person for cue in state.cues.values() if cue.person and cue.state in WAITING]
    people = {person.id: person for person in (*waiting, *state.crew.values())}
    on_air = {person.id for person in state.stage}
    return tuple(person for person in people.values() if person.id not in on_air)


def decide(state: State, actor: Person, command: BackstageCommand, *, now: int) -> Outcome:
    """Return what a command on backstage comes to."""
    match command:
        case EnterBackstage():
            if state.crew.get(actor.id) == actor:
                return Decision()
            if len(state.crew) >= MOST_TALKING:
                return Refusal("too_many", "There are too many people backstage.")
            return _decided(BackstageEntered(at=now, by=actor.id, person=actor), actor.id)
        case LeaveBackstage():
            if actor.id not in state.crew:
                return Decision()
            return _decided(BackstageLeft(at=now, by=actor.id, person=actor.id), actor.id)
        case SetReturn(place=place):
            if (place.role, place.cue) not in DEFAULTS:
                return Refusal("invalid", "This role is sent nothing back.")
            if return_feed(state, place.role, place.cue) == place.feed:
                return Decision()
            return _decided(ReturnSet(at=now, by=actor.id, place=place), _place(place.role, place.cue))


def _decided(event: BackstageEvent, what: str) -> Decision:
    return Decision((event,), leans_on=(SESSION,), changes=(backstage_entity(what),))


def fold(state: State, event: BackstageEvent) -> State:
    """Return the state after an event of backstage."""
    state = replace(state, stage_seq=event.seq)
    match event:
        case BackstageEntered(person=person):
            crew = MappingProxyType({**state.crew, person.id: person})
            return replace(meet(state, person), crew=crew)
        case BackstageLeft(person=person_id):
            return replace(state, crew=but(state.crew, person_id))
        case ReturnSet(place=place):
            changed = {**state.matrix, _place(place.role, place.cue): place}
            return replace(state, matrix=MappingProxyType(changed))


def rewrite(state: State, at: int) -> tuple[BackstageEvent, ...]:
    """Return the events that lead to the backstage of this state."""
    entered = [BackstageEntered(at=at, by="system", person=person) for person in state.crew.values()]
    changed = [ReturnSet(at=at, by="system", place=place) for place in state.matrix.values()]
    return (*entered, *changed)
