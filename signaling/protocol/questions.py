"""Questions, and the votes for them: values, commands and facts."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signaling.protocol.base import Command, Event, Id, Name, Person, Place

QuestionState = Literal[
    "pending",
    "approved",
    "shortlisted",
    "on_screen",
    "answering",
    "answered",
    "dismissed",
    "withdrawn",
    "merged",
]


Moderation = Literal["pre", "post"]
"""`pre`: a moderator lets a question through. `post`: everybody sees it at once, until it is dismissed."""


QuestionText = Annotated[str, Meta(min_length=1, max_length=600)]


NoteText = Annotated[str, Meta(min_length=1, max_length=500)]


class Addressee(msgspec.Struct, frozen=True):
    """The speaker a question is for: somebody on stage, who has been on it, or whom the programme names."""

    id: str
    name: Name


class Note(msgspec.Struct, frozen=True):
    """What one of the staff has written beside a question; nobody else sees it."""

    author: Person
    text: str
    at: int


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question and where it stands.

    `source` is where it was asked. Of an anonymous one, others than staff and its author get an `author`
    without id and name. `original` is what was asked, if a moderator has changed it; it and the `notes`
    are for staff alone. `merged_into` names the question that one is asked with now; `was` is the state
    before it was merged.
    """

    id: str
    author: Person
    text: str
    at: int
    state: QuestionState
    source: Place = "online"
    to: Addressee | None = None
    anonymous: bool = False
    original: str | None = None
    notes: tuple[Note, ...] = ()
    merged_into: str | None = None
    was: QuestionState | None = None


class Vote(msgspec.Struct, frozen=True):
    """What one participant last said of a question: for it, or no longer."""

    question: str
    participant: str
    up: bool


class AskQuestion(Command, frozen=True, tag="question.ask"):
    """Put a question to the moderators. Only staff may say `source`: they pass on what the hall asks."""

    text: QuestionText
    to: Id | None = None
    anonymous: bool = False
    source: Place | None = None


class ApproveQuestion(Command, frozen=True, tag="question.approve"):
    """Let everybody see a question; also back from the shortlist, from the dismissed, or from the one it was
    merged into, with its own votes (moderators)."""

    question: Id


class ShortlistQuestion(Command, frozen=True, tag="question.shortlist"):
    """Choose an approved question as one of the next; also one answered by mistake (moderators)."""

    question: Id


class ShowQuestion(Command, frozen=True, tag="question.show"):
    """Put a question on the hall's screen, in the place of what is there (moderators)."""

    question: Id


class HideQuestion(Command, frozen=True, tag="question.hide"):
    """Take the question off the screen, back to the shortlist (moderators)."""

    question: Id


class BeginAnswer(Command, frozen=True, tag="question.answering"):
    """Say that the question on screen is being answered; it stays on screen (moderators)."""

    question: Id


class AnswerQuestion(Command, frozen=True, tag="question.answered"):
    """Mark a question as answered; it leaves the screen (moderators)."""

    question: Id


class DismissQuestion(Command, frozen=True, tag="question.dismiss"):
    """Put a question aside, with what is merged into it; if nobody else had seen it, only its author is told
    (moderators)."""

    question: Id


class WithdrawQuestion(Command, frozen=True, tag="question.withdraw"):
    """Take back one's own question, before it is being answered; what was merged into it is asked again."""

    question: Id


class MergeQuestion(Command, frozen=True, tag="question.merge"):
    """Say that a question is another one's double: its votes count there, each voter's once (moderators)."""

    question: Id
    into: Id


class EditQuestion(Command, frozen=True, tag="question.edit"):
    """Change a question's words; staff go on seeing what was asked (moderators)."""

    question: Id
    text: QuestionText


class NoteQuestion(Command, frozen=True, tag="question.note"):
    """Write something beside a question, for staff alone (moderators)."""

    question: Id
    text: NoteText


class VoteQuestion(Command, frozen=True, tag="question.vote"):
    """Be for a question, or (`up` false) no longer; one vote each."""

    question: Id
    up: bool = True


class SetModeration(Command, frozen=True, tag="questions.moderation"):
    """Say whether questions wait for a moderator, from now on (moderators)."""

    mode: Moderation


class QuestionAsked(Event, frozen=True, tag="question.asked"):
    """Pending: seen by staff and its author alone. Approved at once: by everybody."""

    question: Question


class QuestionApproved(Event, frozen=True, tag="question.approved"):
    """Carries the question whole: the audience meets it here for the first time."""

    question: Question


class QuestionShortlisted(Event, frozen=True, tag="question.shortlisted"):
    question: str


class QuestionShown(Event, frozen=True, tag="question.shown"):
    """Now on screen, alone: the one before is on the shortlist again, or answered if it was `answering`."""

    question: str


class QuestionHidden(Event, frozen=True, tag="question.hidden"):
    """Off the screen, on the shortlist."""

    question: str


class QuestionAnswering(Event, frozen=True, tag="question.answering"):
    """Being answered, and still on screen."""

    question: str


class QuestionAnswered(Event, frozen=True, tag="question.answered"):
    question: str


class QuestionDismissed(Event, frozen=True, tag="question.dismissed"):
    """Of a pending question: seen by staff and its author. Of an approved one: by everybody."""

    question: str


class QuestionWithdrawn(Event, frozen=True, tag="question.withdrawn"):
    """Taken back by its author; seen by whoever had seen it."""

    question: str


class QuestionMerged(Event, frozen=True, tag="question.merged"):
    """From now on asked as another one; seen by whoever had seen it."""

    question: str
    into: str


class QuestionUnmerged(Event, frozen=True, tag="question.unmerged"):
    """Asked for itself again, and no longer as `into`: the question whole, as it stands now."""

    question: Question
    into: str


class QuestionEdited(Event, frozen=True, tag="question.edited"):
    """Its words are others now."""

    question: str
    text: str


class QuestionNoted(Event, frozen=True, tag="question.noted"):
    """Staff alone see it."""

    question: str
    note: Note


class VotesCast(Event, frozen=True, tag="question.votes"):
    """What several people said within a moment, in order. Nobody is sent it: totals come as ticks."""

    votes: tuple[Vote, ...]


class ModerationSet(Event, frozen=True, tag="questions.moderation"):
    """Whether questions wait for a moderator."""

    mode: Moderation


QuestionCommand = (
    AskQuestion
    | ApproveQuestion
    | ShortlistQuestion
    | ShowQuestion
    | HideQuestion
    | BeginAnswer
    | AnswerQuestion
    | DismissQuestion
    | WithdrawQuestion
    | MergeQuestion
    | EditQuestion
    | NoteQuestion
    | VoteQuestion
    | SetModeration
)
QuestionEvent = (
    QuestionAsked
    | QuestionApproved
    | QuestionShortlisted
    | QuestionShown
    | QuestionHidden
    | QuestionAnswering
    | QuestionAnswered
    | QuestionDismissed
    | QuestionWithdrawn
    | QuestionMerged
    | QuestionUnmerged
    | QuestionEdited
    | QuestionNoted
    | VotesCast
    | ModerationSet
)
