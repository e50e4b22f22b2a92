"""Access: who is put out, who is let in again, and which invitations are void.

The law: a generation only rises, so that a token once void stays void; nobody puts out who stands above
or beside them, nor themselves; who is put out is off the stage and not backstage any more; who is barred is
not next, and led nowhere near the stage until they are let in again (cues.py, stage.py); and access changes
in an ended session too, for it can still be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from signaling.protocol import (
    OVER,
    AccessCommand,
    AccessEvent,
    BackstageLeft,
    BarInvitation,
    CueChanged,
    EjectPerson,
    InvitationBarred,
    Person,
    PersonEjected,
    PersonReadmitted,
    ReadmitPerson,
    Role,
)
from signaling.session import cues, floor, stage
from signaling.session.decision import (
    SESSION,
    STAGE,
    Decision,
    Outcome,
    Refusal,
    backstage_entity,
    cue_entity,
    person_entity,
)
from signaling.session.state import State, meet

RANKS: Mapping[Role, int] = {"moderator": 1, "chair": 2, "producer": 3, "owner": 4}
"""Who stands above whom; everybody else is at 0."""


def invitation_entity(invitation: str) -> str:
    """Name the entity of what an invitation is worth here."""
    return f"invitation:{invitation}"


def decide(state: State, actor: Person, command: AccessCommand, *, now: int, known: Person | None) -> Outcome:
    """Return what a command on access comes to; `known` is whom it names, if they are here."""
    match command:
        case EjectPerson():
            return eject(state, actor, command, now=now, known=known)
        case ReadmitPerson(participant=participant):
            if participant not in state.access.barred:
                return Decision()
            return Decision(
                (PersonReadmitted(at=now, by=actor.id, person=participant),),
                changes=(person_entity(participant),),
            )
        case BarInvitation(invitation=invitation):
            if invitation in state.access.invitations:
                return Decision()
            return Decision(
                (InvitationBarred(at=now, by=actor.id, invitation=invitation),),
                changes=(invitation_entity(invitation),),
            )


def eject(state: State, actor: Person, command: EjectPerson, *, now: int, known: Person | None) -> Outcome:
    """Put a person out: one who is barred already stays so."""
    participant = command.participant
    if participant == actor.id:
        return Refusal("outranked", "Nobody puts themselves out.")
    person = known or state.people.get(participant)
    if person is not None and RANKS.get(actor.role, 0) <= RANKS.get(person.role, 0):
        return Refusal("outranked", "This person stands above you, or beside you.")
    if command.bar and participant in state.access.barred:
        return Decision()
    ejected = PersonEjected(
        at=now,
        by=actor.id,
        person=participant,
        generation=state.access.generation(participant) + 1,
        barred=command.bar or participant in state.access.barred,
        reason=command.reason.strip(),
        who=person,
    )
    left = _left(state, actor, command, now=now)
    changes = tuple(dict.fromkeys((*left.changes, person_entity(participant))))
    return Decision((*left.events, ejected), leans_on=left.leans_on, changes=changes)


def _left(state: State, actor: Person, command: EjectPerson, *, now: int) -> Decision:
    """Return what takes somebody off stage and out of backstage, while the session is not over."""
    if state.session.status in OVER:
        return Decision()
    participant = command.participant
    off = stage.take_off(state, actor, participant, now=now)
    assert isinstance(off, Decision), "nobody is kept on stage"
    events, changes = off.events, off.changes
    cue = cues.find(state, participant)
    if not events and command.bar and cue is not None and cue.person is not None and cue.state != "cleared":
        cleared = cues.stepped(cue, "cleared", now=now, by=actor.id)
        events, changes = (CueChanged(at=now, by=actor.id, cue=cleared),), (cue_entity(cue.id),)
    if participant in state.crew:
        events = (*events, BackstageLeft(at=now, by=actor.id, person=participant))
        changes = (*changes, backstage_entity(participant))
    # Nobody brings them on, or calls them, at the same moment.
    known = cue_entity(participant if cue is None else cue.id)
    leans_on = (SESSION, STAGE, known, backstage_entity(participant), floor.hand_entity(participant))
    if floor.hand_of(state.floor, participant) is not None:
        changes = (*changes, floor.FLOOR, floor.hand_entity(participant))
    return Decision(events, leans_on=leans_on, changes=changes)


def is_busy(state: State, participant: str) -> bool:
    """Tell whether somebody is on stage, talks backstage, or stands in the queue for the floor."""
    on_stage = any(person.id == participant for person in state.stage)
    return on_stage or participant in state.crew or floor.hand_of(state.floor, participant) is not None


def fold(state: State, event: AccessEvent) -> State:
    """Return the state after an event of access."""
    access = state.access
    match event:
        case PersonEjected(person=person, generation=generation, barred=barred, who=who):
            state = state if who is None else meet(state, who)
            generations = {**access.generations, person: max(generation, access.generation(person))}
            state = floor.left(state, person, event.seq)
            access = replace(
                access,
                generations=MappingProxyType(generations),
                barred=access.barred | {person} if barred else access.barred,
            )
        case PersonReadmitted(person=person):
            access = replace(access, barred=access.barred - {person})
        case InvitationBarred(invitation=invitation):
            access = replace(access, invitations=access.invitations | {invitation})
    return replace(state, access=access)


def rewrite(state: State, at: int) -> tuple[AccessEvent, ...]:
    """Return the events that lead to the access of this state."""
    access = state.access
    return (
        *(
            PersonEjected(
                at=at,
                by="system",
                person=person,
                generation=generation,
                barred=person in access.barred,
                who=state.people.get(person),
            )
            for person, generation in access.generations.items()
        ),
        *(InvitationBarred(at=at, by="system", invitation=one) for one in sorted(access.invitations)),
    )


def barred(state: State) -> tuple[Person, ...]:
    """Return who is put out until they are let in again."""
    out = sorted(state.access.barred)
    return tuple(state.people.get(person, Person(person, person, "viewer")) for person in out)
