"""A session, what the programme says of it, and the steps of its life."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signaling.protocol.base import Command, Event, Id, Line, Name, Title

Status = Literal["planned", "doors", "live", "paused", "ended", "replay"]


OVER: frozenset[Status] = frozenset({"ended", "replay"})
"""The states in which nothing changes any more."""


Recording = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=2000,
        pattern=r"^(https://[^\s/\\\"'<>]|/[^\s/\\\"'<>])[^\s\\\"'<>]*(?!\n)$",
        examples=["https://example.org/keynote.mp4"],
    ),
]
"""Where a recording is: an https address, or a path on the host that serves the pages."""


LATEST = 7_258_118_400_000
"""The year 2200: no moment of a programme is later, nor is one that no browser could show."""


Kind = Literal["talk", "forum", "ceremony", "symposium"]


Visibility = Literal["public", "invitation"]


class Billed(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Somebody whom the programme names. `id` is the programme's, not a participant's."""

    id: Id
    name: Name
    affiliation: Line = ""
    title: Line = ""


class Billing(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the programme says of a session. `zone` is an IANA name, `languages` are BCP 47 tags.

    What is `withdrawn` from the programme is not begun, unless the programme takes it back.
    """

    event: Id
    start: int
    end: int
    zone: Annotated[str, Meta(min_length=1, max_length=64)]
    kind: Kind = "talk"
    room: Line = ""
    languages: Annotated[tuple[Annotated[str, Meta(max_length=35)], ...], Meta(max_length=16)] = ()
    chairs: Annotated[tuple[Billed, ...], Meta(max_length=50)] = ()
    speakers: Annotated[tuple[Billed, ...], Meta(max_length=50)] = ()
    visibility: Visibility = "public"
    withdrawn: bool = False


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """One live session: a talk, forum, ceremony or symposium.

    `paused` says since when, while it is, and `resumes` when it is meant to go on, if somebody has said.
    `recording` is where it can be seen again, in `replay`.
    """

    id: str
    title: str
    status: Status
    created: int
    started: int | None = None
    ended: int | None = None
    paused: int | None = None
    resumes: int | None = None
    programme: Billing | None = None
    recording: str | None = None


class OpenDoors(Command, frozen=True, tag="session.doors"):
    """Say that it is about to begin: people take their seats (producers, chairs)."""


class StartSession(Command, frozen=True, tag="session.start"):
    """Open the session to its audience (producers)."""


class PauseSession(Command, frozen=True, tag="session.pause"):
    """Break: the audience has no picture, chat and questions stay open (producers, chairs).

    `until`: when it is meant to go on (ms since 1970), counted down to on the pages; a break that is on
    already can be given another.
    """

    until: Annotated[int, Meta(ge=0, le=LATEST)] | None = None


class ResumeSession(Command, frozen=True, tag="session.resume"):
    """Go on after a pause (producers, chairs)."""


class EndSession(Command, frozen=True, tag="session.end"):
    """End the session: all that is open in it is closed, and nothing changes in it any more (producers)."""


class ReopenSession(Command, frozen=True, tag="session.reopen"):
    """Take back an end: the session is paused, or planned if it had never begun (producers). What the end has
    closed stays so until it is opened again."""


class OfferReplay(Command, frozen=True, tag="session.replay"):
    """Say where an ended session can be seen again, or that it is elsewhere now (producers)."""

    recording: Recording


class WithdrawReplay(Command, frozen=True, tag="session.withdraw_replay"):
    """Offer the recording no more: the session is ended, as before (producers)."""


class DescribeSession(Command, frozen=True, tag="session.describe"):
    """Say anew what the session is called, and what the programme says of it (producers)."""

    title: Title
    programme: Billing | None = None


class SessionCreated(Event, frozen=True, tag="session.created"):
    session: Session


class DoorsOpened(Event, frozen=True, tag="session.doors_opened"):
    pass


class SessionStarted(Event, frozen=True, tag="session.started"):
    pass


class SessionPaused(Event, frozen=True, tag="session.paused"):
    """Paused, or paused until another moment than was said before."""

    until: int | None = None


class SessionResumed(Event, frozen=True, tag="session.resumed"):
    pass


class SessionEnded(Event, frozen=True, tag="session.ended"):
    pass


class SessionReopened(Event, frozen=True, tag="session.reopened"):
    """Ended by mistake: paused if it had begun, else planned."""


class ReplayOffered(Event, frozen=True, tag="session.replay_offered"):
    recording: str


class ReplayWithdrawn(Event, frozen=True, tag="session.replay_withdrawn"):
    pass


class SessionDescribed(Event, frozen=True, tag="session.described"):
    """Another title, or other words of the programme."""

    title: str
    programme: Billing | None


LifecycleCommand = (
    OpenDoors
    | StartSession
    | PauseSession
    | ResumeSession
    | EndSession
    | ReopenSession
    | OfferReplay
    | WithdrawReplay
    | DescribeSession
)
LifecycleEvent = (
    SessionCreated
    | DoorsOpened
    | SessionStarted
    | SessionPaused
    | SessionResumed
    | SessionEnded
    | SessionReopened
    | ReplayOffered
    | ReplayWithdrawn
    | SessionDescribed
)
