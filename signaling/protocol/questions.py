"""Questions: commands and facts."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signaling.protocol.base import Command, Event, Id, Person

QuestionState = Literal["pending", "approved", "on_screen", "answered", "dismissed"]


QuestionText = Annotated[str, Meta(min_length=1, max_length=600)]


class Question(msgspec.Struct, frozen=True):
    """One question and where it stands."""

    id: str
    author: Person
    text: str
    at: int
    state: QuestionState


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


QuestionCommand = (
    AskQuestion | ApproveQuestion | ShowQuestion | HideQuestion | AnswerQuestion | DismissQuestion
)
QuestionEvent = (
    QuestionAsked | QuestionApproved | QuestionShown | QuestionHidden | QuestionAnswered | QuestionDismissed
)
