"""Access: who is put out of a session, and let in again."""

from __future__ import annotations

from signaling.protocol.base import Command, Event, Id, Line, Person


class EjectPerson(Command, frozen=True, tag="person.eject"):
    """Put a person out at once, socket and media; with `bar`, until they are let in again (moderators).

    Without `bar`, only the tokens they have now end: who has an invitation comes in by it again.
    """

    participant: Id
    bar: bool = True
    reason: Line = ""


class ReadmitPerson(Command, frozen=True, tag="person.readmit"):
    """Let a person in again (moderators)."""

    participant: Id


class BarInvitation(Command, frozen=True, tag="invitation.bar"):
    """Put out of this session all who came by an invitation, and let nobody in by it (producers)."""

    invitation: Id


class PersonEjected(Event, frozen=True, tag="person.ejected"):
    """Seen by staff. Tokens of a generation below `generation` (their claim `gen`) are void now.

    `who` is the person, where they have been here.
    """

    person: str
    generation: int
    barred: bool
    reason: str = ""
    who: Person | None = None


class PersonReadmitted(Event, frozen=True, tag="person.readmitted"):
    """Seen by staff."""

    person: str


class InvitationBarred(Event, frozen=True, tag="invitation.barred"):
    """Seen by staff."""

    invitation: str


AccessCommand = EjectPerson | ReadmitPerson | BarInvitation
AccessEvent = PersonEjected | PersonReadmitted | InvitationBarred
