"""The frames around commands and facts: what opens a connection, and all that the server says."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signaling.protocol.announcements import Announcement
from signaling.protocol.backstage import Return
from signaling.protocol.base import PROTOCOL_VERSION, Person, Place
from signaling.protocol.captions import Caption
from signaling.protocol.chat import ChatMessage, ChatMute, ChatRules, WordList
from signaling.protocol.clock import Clock
from signaling.protocol.cues import Cue
from signaling.protocol.declarations import Declaration
from signaling.protocol.floor import Floor
from signaling.protocol.lifecycle import Session
from signaling.protocol.polls import Poll
from signaling.protocol.preflight import Preflight
from signaling.protocol.questions import Moderation, Question
from signaling.protocol.reactions import ReactionTotal
from signaling.protocol.stage import Air, StageNow
from signaling.protocol.unions import AnyCommand, AnyEvent

Language = Annotated[str, Meta(max_length=35, pattern=r"^([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*)?(?!\n)$")]


class Resume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a client was: the last `{epoch, seq}` a welcome or an events frame told it."""

    epoch: int
    seq: int


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="hello"):
    """The first frame, within 5 s. `place` is where the body sits, not where the page came from.

    `language` (BCP 47) is what the page speaks.
    """

    token: Annotated[str, Meta(max_length=4096)]
    protocol: int = PROTOCOL_VERSION
    place: Place | None = None
    resume: Resume | None = None
    language: Language = ""


class Ping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="ping"):
    """Asks for the server's time; answered by `pong` with the same `sent` (the client's clock, ms)."""

    sent: float


class RefreshToken(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="token.refresh"
):
    """Asks for a fresh token with the same rights; answered by `token`."""


AnyClientMessage = Hello | Ping | RefreshToken | AnyCommand


class Snapshot(msgspec.Struct, frozen=True):
    """A session as one audience may see it. `stage`: last brought on comes first, it is the main picture.

    `chat` holds the newest 200 messages of each channel that the reader may read, in the order they were
    said, and `pinned` at most one of each; `chat_words`, `muted` and `barred` (who was put out and not let in
    again) are for staff, and who is muted finds their own. `questions` all that are visible, oldest first.
    `cues`: all speakers, in the order of speaking, and `order` what was set of it; `crew`: who talks
    backstage beside them; `matrix`: what each role is sent back at each cue; none of it for the public.
    `preflights` are the last of each speaker, for staff and the speaker.
    """

    session: Session
    stage: tuple[Person, ...]
    questions: tuple[Question, ...]
    chat: tuple[ChatMessage, ...]
    floor: Floor
    pinned: tuple[ChatMessage, ...] = ()
    chat_rules: ChatRules = ChatRules()
    chat_words: WordList | None = None
    muted: tuple[ChatMute, ...] = ()
    barred: tuple[Person, ...] = ()
    air: Air = Air()
    cues: tuple[Cue, ...] = ()
    order: tuple[str, ...] = ()
    clocks: tuple[Clock, ...] = ()
    crew: tuple[Person, ...] = ()
    matrix: tuple[Return, ...] = ()
    preflights: tuple[Preflight, ...] = ()
    moderation: Moderation = "pre"
    polls: tuple[Poll, ...] = ()
    announcement: Announcement | None = None
    declaration: Declaration | None = None


class Media(msgspec.Struct, frozen=True):
    """One publication as the relay sees it now: what it has, and whether anything, and a picture, comes."""

    participant: str
    source: Literal["camera", "slides", "hall", "floor"]
    audio: bool
    video: bool
    live: bool
    picture: bool = False


class ServerMessage(msgspec.Struct, frozen=True, tag_field="type"):
    """Whatever the server says."""


class Welcome(ServerMessage, frozen=True, tag="welcome"):
    """The answer to `hello`. Without a snapshot, the resume was honoured: events follow from there."""

    you: Person
    can: tuple[str, ...]
    """Commands this role may give, `chat.post:<channel>`, and `whip:camera`, `whip:slides`, `whip:hall`."""
    epoch: int
    seq: int
    time: int
    token_expires: int
    snapshot: Snapshot | None = None


class Events(ServerMessage, frozen=True, tag="events"):
    """Facts in order. `seq`: the position after this frame, hidden events counted: resume from there."""

    epoch: int
    seq: int
    events: tuple[AnyEvent, ...]


class Ack(ServerMessage, frozen=True, tag="ack"):
    """The command is durable. `seq`: of its last event."""

    id: str
    seq: int


class Refused(ServerMessage, frozen=True, tag="refused"):
    """The command changed nothing, and why. With `retry_after` (seconds), the same may go later.

    `now`: the stage as it is, where the command was for a stage that is no more (`stage_changed`).
    """

    id: str
    code: str
    reason: str
    retry_after: float | None = None
    now: StageNow | None = None


class Share(msgspec.Struct, frozen=True):
    """How many of the people here are `of` a role, or of a language."""

    of: str
    online: int
    hall: int


class Presence(ServerMessage, frozen=True, tag="presence"):
    """Who is here now. `people` only where the room is small, or the role may see them.

    `roles` and `languages` (primary subtags, `und` for who has said none) are for staff and speakers;
    `away`, whose hand is up online though they have no connection, for staff.
    """

    online: int
    hall: int
    people: tuple[Person, ...] | None = None
    roles: tuple[Share, ...] | None = None
    languages: tuple[Share, ...] | None = None
    away: tuple[str, ...] | None = None


class MediaState(ServerMessage, frozen=True, omit_defaults=True, tag="media"):
    """Who publishes what, as the relay sees it; `relay` is false while it cannot be reached.

    `hall_to`: whose return feed is the hall now, told to the hall alone.
    """

    relay: bool
    publications: tuple[Media, ...]
    hall_to: tuple[Person, ...] = ()


class Timetable(ServerMessage, frozen=True, tag="timetable"):
    """When this session is now expected, in whole minutes; sent only for sessions of a programme.

    `late` (ms) is how far the expected start is behind the planned one, or, once begun, the expected
    end behind the planned end; negative is early. `over`: it runs beyond its planned end.
    """

    start: int
    end: int
    late: int
    over: bool


class VoteTotal(msgspec.Struct, frozen=True):
    """How many are for a question."""

    question: str
    votes: int


class PollTotal(msgspec.Struct, frozen=True):
    """How many have voted in a poll, and for each option; none where the results are hidden."""

    poll: str
    voters: int
    counts: tuple[int, ...] | None


class YourBallot(msgspec.Struct, frozen=True):
    """What you have chosen in a poll."""

    poll: str
    choices: tuple[int, ...]


class Tick(ServerMessage, frozen=True, omit_defaults=True, tag="tick"):
    """What many people do at once, in sum, at most four times a second: the newest totals that changed.

    `reactions` are those since the tick before; they are told once. `captions` are the lines that are new
    or have grown.
    """

    votes: tuple[VoteTotal, ...] = ()
    polls: tuple[PollTotal, ...] = ()
    reactions: tuple[ReactionTotal, ...] = ()
    captions: tuple[Caption, ...] = ()


class Yours(ServerMessage, frozen=True, tag="yours"):
    """What you have voted for, on whatever page: the questions' ids, and your ballots, all of them."""

    votes: tuple[str, ...]
    ballots: tuple[YourBallot, ...]


class FloorNow(ServerMessage, frozen=True, tag="floor"):
    """The floor as it is now, whole: who speaks, who is called, who waits in which order, who is next."""

    floor: Floor


class Notice(ServerMessage, frozen=True, tag="notice"):
    """A condition of the service: `chat_paused` or `chat_resumed`."""

    code: Literal["chat_paused", "chat_resumed"]


class Pong(ServerMessage, frozen=True, tag="pong"):
    sent: float
    time: int


class Token(ServerMessage, frozen=True, tag="token"):
    token: str
    expires: int


class Bye(ServerMessage, frozen=True, tag="bye"):
    """The last frame before the server closes, with the close code's stable name (errors.py)."""

    code: str
    reason: str
    retry_after: float | None = None


AnyServerMessage = (
    Welcome
    | Events
    | Ack
    | Refused
    | Presence
    | MediaState
    | Timetable
    | Tick
    | Yours
    | FloorNow
    | Notice
    | Pong
    | Token
    | Bye
)
