"""Every message of the WebSocket, as tagged unions: the one description of the protocol.

The JSON Schema, the AsyncAPI page and the browser's types are generated from here. The law: a *command*
is an intent with an idempotency id, an *event* is a fact with a sequence number, a *snapshot* is a
joiner's state; whatever is none of these (presence, media, notices) is ephemeral and never resumed.
Times are integer milliseconds since 1970, by the server's clock.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

PROTOCOL_VERSION = 1

MAX_FRAME_BYTES = 16 * 1024
"""Longest frame a client may send (faults.md, row 17)."""

MAX_DEPTH = 8
"""Deepest nesting a client's JSON may have (faults.md, row 17)."""

Role = Literal["viewer", "hall", "speaker", "interpreter", "moderator", "chair", "producer", "owner"]
Place = Literal["online", "hall"]
Status = Literal["planned", "doors", "live", "paused", "ended"]
QuestionState = Literal["pending", "approved", "on_screen", "answered", "dismissed"]
Kind = Literal["talk", "forum", "ceremony", "symposium"]
Visibility = Literal["public", "invitation"]

Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+(?!\n)$")]
ChatText = Annotated[str, Meta(min_length=1, max_length=1000)]
QuestionText = Annotated[str, Meta(min_length=1, max_length=600)]
Title = Annotated[str, Meta(min_length=1, max_length=200)]
Line = Annotated[str, Meta(max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


# -- values ------------------------------------------------------------------------------------------


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who somebody is, as others may see it."""

    id: str
    name: str
    role: Role
    affiliation: str = ""
    title: str = ""
    place: Place = "online"


class ChatMessage(msgspec.Struct, frozen=True):
    """One line of chat. `id` is the server's."""

    id: str
    author: Person
    text: str
    at: int


class Question(msgspec.Struct, frozen=True):
    """One question and where it stands."""

    id: str
    author: Person
    text: str
    at: int
    state: QuestionState


class Billed(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Somebody whom the programme names. `id` is the programme's, not a participant's."""

    id: Id
    name: Name
    affiliation: Line = ""
    title: Line = ""


class Billing(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the programme says of a session. `zone` is an IANA name, `languages` are BCP 47 tags."""

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


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """One live session: a talk, forum, ceremony or symposium. `paused` says since when, while it is."""

    id: str
    title: str
    status: Status
    created: int
    started: int | None = None
    ended: int | None = None
    paused: int | None = None
    programme: Billing | None = None


# -- commands: client → server -----------------------------------------------------------------------


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    """An intent. `id` is the client's idempotency id: the same id twice is done once."""

    id: Id


class PostChat(Command, frozen=True, tag="chat.post"):
    """Say something to everybody."""

    text: ChatText


class DeleteChat(Command, frozen=True, tag="chat.delete"):
    """Take a message away from everybody (moderators)."""

    message: Id


class AskQuestion(Command, frozen=True, tag="question.ask"):
    """Put a question to the moderators."""

    text: QuestionText


class ApproveQuestion(Command, frozen=True, tag="question.approve"):
    """Let everybody see a pending question (moderators)."""

    question: Id


class ShowQuestion(Command, frozen=True, tag="question.show"):
    """Put an approved question on the hall's screen; the one there goes back to approved (moderators)."""

    question: Id


class HideQuestion(Command, frozen=True, tag="question.hide"):
    """Take the question off the screen, back to approved (moderators)."""

    question: Id


class AnswerQuestion(Command, frozen=True, tag="question.answered"):
    """Mark a question as answered; it leaves the screen (moderators)."""

    question: Id


class DismissQuestion(Command, frozen=True, tag="question.dismiss"):
    """Put a question aside; its author is told, nobody else (moderators)."""

    question: Id


class BringOn(Command, frozen=True, tag="stage.bring_on"):
    """Put a person on stage, as the main picture (producers, chairs)."""

    participant: Id


class TakeOff(Command, frozen=True, tag="stage.take_off"):
    """Take a person off stage (producers, chairs)."""

    participant: Id


class OpenDoors(Command, frozen=True, tag="session.doors"):
    """Say that it is about to begin: people take their seats (producers, chairs)."""


class StartSession(Command, frozen=True, tag="session.start"):
    """Open the session to its audience (producers)."""


class PauseSession(Command, frozen=True, tag="session.pause"):
    """Break: the audience has no picture, chat and questions stay open (producers, chairs)."""


class ResumeSession(Command, frozen=True, tag="session.resume"):
    """Go on after a pause (producers, chairs)."""


class EndSession(Command, frozen=True, tag="session.end"):
    """End the session: nothing changes in it any more (producers)."""


class ReopenSession(Command, frozen=True, tag="session.reopen"):
    """Take back an end: the session is paused, or planned if it had never begun (producers)."""


class DescribeSession(Command, frozen=True, tag="session.describe"):
    """Say anew what the session is called, and what the programme says of it (producers)."""

    title: Title
    programme: Billing | None = None


AnyCommand = (
    PostChat
    | DeleteChat
    | AskQuestion
    | ApproveQuestion
    | ShowQuestion
    | HideQuestion
    | AnswerQuestion
    | DismissQuestion
    | BringOn
    | TakeOff
    | OpenDoors
    | StartSession
    | PauseSession
    | ResumeSession
    | EndSession
    | ReopenSession
    | DescribeSession
)


class Resume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a client was: the last `{epoch, seq}` a welcome or an events frame told it."""

    epoch: int
    seq: int


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="hello"):
    """The first frame, within 5 s. `place` is where the body sits, not where the page came from."""

    token: Annotated[str, Meta(max_length=4096)]
    protocol: int = PROTOCOL_VERSION
    place: Place | None = None
    resume: Resume | None = None


class Ping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="ping"):
    """Asks for the server's time; answered by `pong` with the same `sent` (the client's clock, ms)."""

    sent: float


class RefreshToken(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="token.refresh"
):
    """Asks for a fresh token with the same rights; answered by `token`."""


AnyClientMessage = Hello | Ping | RefreshToken | AnyCommand


# -- events: facts in the log, server → client --------------------------------------------------------


class Event(msgspec.Struct, frozen=True, tag_field="type", kw_only=True):
    """A fact. `seq` counts up by one in the log; an audience sees the numbers it may see."""

    seq: int = 0
    at: int
    by: str
    """The participant who caused it, or `system`."""


class SessionCreated(Event, frozen=True, tag="session.created"):
    session: Session


class DoorsOpened(Event, frozen=True, tag="session.doors_opened"):
    pass


class SessionStarted(Event, frozen=True, tag="session.started"):
    pass


class SessionPaused(Event, frozen=True, tag="session.paused"):
    pass


class SessionResumed(Event, frozen=True, tag="session.resumed"):
    pass


class SessionEnded(Event, frozen=True, tag="session.ended"):
    pass


class SessionReopened(Event, frozen=True, tag="session.reopened"):
    """Ended by mistake: paused if it had begun, else planned."""


class SessionDescribed(Event, frozen=True, tag="session.described"):
    """Another title, or other words of the programme."""

    title: str
    programme: Billing | None


class ChatPosted(Event, frozen=True, tag="chat.posted"):
    message: ChatMessage


class ChatDeleted(Event, frozen=True, tag="chat.deleted"):
    message: str


class QuestionAsked(Event, frozen=True, tag="question.asked"):
    """Seen by moderators and by its author alone."""

    question: Question


class QuestionApproved(Event, frozen=True, tag="question.approved"):
    """Carries the question whole: the audience meets it here for the first time."""

    question: Question


class QuestionShown(Event, frozen=True, tag="question.shown"):
    """Now on screen; whichever was there before is approved again."""

    question: str


class QuestionHidden(Event, frozen=True, tag="question.hidden"):
    question: str


class QuestionAnswered(Event, frozen=True, tag="question.answered"):
    question: str


class QuestionDismissed(Event, frozen=True, tag="question.dismissed"):
    """Of a pending question: seen by moderators and its author. Of an approved one: by everybody."""

    question: str


class BroughtOn(Event, frozen=True, tag="stage.brought_on"):
    """Now on stage, and the main picture."""

    person: Person


class TakenOff(Event, frozen=True, tag="stage.taken_off"):
    person: str


AnyEvent = (
    SessionCreated
    | DoorsOpened
    | SessionStarted
    | SessionPaused
    | SessionResumed
    | SessionEnded
    | SessionReopened
    | SessionDescribed
    | ChatPosted
    | ChatDeleted
    | QuestionAsked
    | QuestionApproved
    | QuestionShown
    | QuestionHidden
    | QuestionAnswered
    | QuestionDismissed
    | BroughtOn
    | TakenOff
)


# -- server → client ----------------------------------------------------------------------------------


class Snapshot(msgspec.Struct, frozen=True):
    """A session as one audience may see it. `stage`: last brought on comes first, it is the main picture.

    `chat` holds the newest 200 messages, oldest first; `questions` all that are visible, oldest first.
    """

    session: Session
    stage: tuple[Person, ...]
    questions: tuple[Question, ...]
    chat: tuple[ChatMessage, ...]


class Media(msgspec.Struct, frozen=True):
    """One publication as the relay sees it now."""

    participant: str
    source: Literal["camera", "slides", "hall"]
    audio: bool
    video: bool
    live: bool


class ServerMessage(msgspec.Struct, frozen=True, tag_field="type"):
    """Whatever the server says."""


class Welcome(ServerMessage, frozen=True, tag="welcome"):
    """The answer to `hello`. Without a snapshot, the resume was honoured: events follow from there."""

    you: Person
    can: tuple[str, ...]
    """Types of the commands this role may give, and `whip:camera`, `whip:slides`, `whip:hall`."""
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
    """The command changed nothing, and why. With `retry_after` (seconds), the same may go later."""

    id: str
    code: str
    reason: str
    retry_after: float | None = None


class Presence(ServerMessage, frozen=True, tag="presence"):
    """Who is here now. `people` only where the role may see them."""

    online: int
    hall: int
    people: tuple[Person, ...] | None = None


class MediaState(ServerMessage, frozen=True, tag="media"):
    """Who publishes what, as the relay sees it; `relay` is false while it cannot be reached."""

    relay: bool
    publications: tuple[Media, ...]


class Timetable(ServerMessage, frozen=True, tag="timetable"):
    """When this session is now expected, in whole minutes; sent only for sessions of a programme.

    `late` (ms) is how far the expected start is behind the planned one, or, once begun, the expected
    end behind the planned end; negative is early. `over`: it runs beyond its planned end.
    """

    start: int
    end: int
    late: int
    over: bool


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
    Welcome | Events | Ack | Refused | Presence | MediaState | Timetable | Notice | Pong | Token | Bye
)
