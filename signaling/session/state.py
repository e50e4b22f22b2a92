"""What a session is now: the fold of its events.

The law: `apply(state, event)` is the only way state changes, it is total (whatever is in the log can be
applied), and it never mutates. What may happen at all is decided elsewhere, before the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import msgspec

from signaling.protocol import (
    AnyEvent,
    BroughtOn,
    ChatDeleted,
    ChatMessage,
    ChatPosted,
    DoorsOpened,
    Person,
    Question,
    QuestionAnswered,
    QuestionApproved,
    QuestionAsked,
    QuestionDismissed,
    QuestionHidden,
    QuestionShown,
    QuestionState,
    Session,
    SessionCreated,
    SessionDescribed,
    SessionEnded,
    SessionPaused,
    SessionReopened,
    SessionResumed,
    SessionStarted,
    TakenOff,
)

KEPT_CHAT = 1000
"""Newest visible messages kept; a snapshot has fewer, so that a deletion lets an older one come back."""


@dataclass(frozen=True, slots=True)
class State:
    """One session at position `seq`. `stage`: the main picture first. `questions`: in order of asking.

    `deleted` holds the ids of withdrawn messages, for history read later; `people` everybody the log
    has named; `stage_seq` is the position of the last event that touched what is on air.
    """

    session: Session
    seq: int = 0
    stage: tuple[Person, ...] = ()
    stage_seq: int = 0
    questions: Mapping[str, Question] = field(default_factory=lambda: MappingProxyType({}))
    chat: tuple[ChatMessage, ...] = ()
    deleted: frozenset[str] = frozenset()
    people: Mapping[str, Person] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def on_screen(self) -> Question | None:
        """The one question on the hall's screen."""
        return next((q for q in self.questions.values() if q.state == "on_screen"), None)


def empty(session_id: str) -> State:
    """Return the state before the first event."""
    return State(Session(session_id, "", "planned", 0))


def apply(state: State, event: AnyEvent) -> State:
    """Return the state after the event."""
    return replace(_apply(state, event), seq=event.seq)


def _apply(state: State, event: AnyEvent) -> State:
    match event:
        case SessionCreated(session=session):
            return replace(state, session=session, stage_seq=event.seq)
        case (
            DoorsOpened()
            | SessionStarted()
            | SessionPaused()
            | SessionResumed()
            | SessionEnded()
            | SessionReopened()
        ):
            return replace(state, session=_lived(state.session, event), stage_seq=event.seq)
        case SessionDescribed(title=title, programme=programme):
            session = msgspec.structs.replace(state.session, title=title, programme=programme)
            return replace(state, session=session)
        case ChatPosted(message=message):
            kept = (*state.chat, message)[-KEPT_CHAT:]
            return replace(_meet(state, message.author), chat=kept)
        case ChatDeleted(message=message_id):
            kept = tuple(message for message in state.chat if message.id != message_id)
            return replace(state, chat=kept, deleted=state.deleted | {message_id})
        case QuestionAsked(question=question):
            return _put(_meet(state, question.author), question)
        case QuestionApproved(question=question):
            return _put(state, question)
        case QuestionShown(question=question_id):
            former = state.on_screen
            if former is not None:
                state = _turn(state, former.id, "approved")
            return _turn(state, question_id, "on_screen")
        case QuestionHidden(question=question_id):
            return _turn(state, question_id, "approved")
        case QuestionAnswered(question=question_id):
            return _turn(state, question_id, "answered")
        case QuestionDismissed(question=question_id):
            return _turn(state, question_id, "dismissed")
        case BroughtOn(person=person):
            others = tuple(p for p in state.stage if p.id != person.id)
            return replace(_meet(state, person), stage=(person, *others), stage_seq=event.seq)
        case TakenOff(person=person_id):
            others = tuple(p for p in state.stage if p.id != person_id)
            return replace(state, stage=others, stage_seq=event.seq)


def _lived(session: Session, event: AnyEvent) -> Session:
    """Return the session after a step of its life."""
    changed = msgspec.structs.replace
    match event:
        case DoorsOpened():
            return changed(session, status="doors")
        case SessionStarted(at=at):
            return changed(session, status="live", started=at)
        case SessionPaused(at=at):
            return changed(session, status="paused", paused=at)
        case SessionResumed():
            return changed(session, status="live", paused=None)
        case SessionEnded(at=at):
            return changed(session, status="ended", ended=at, paused=None)
        case SessionReopened(at=at) if session.started is not None:
            return changed(session, status="paused", ended=None, paused=at)
        case _:
            return changed(session, status="planned", ended=None)


def _meet(state: State, person: Person) -> State:
    if state.people.get(person.id) == person:
        return state
    return replace(state, people=MappingProxyType({**state.people, person.id: person}))


def _put(state: State, question: Question) -> State:
    return replace(state, questions=MappingProxyType({**state.questions, question.id: question}))


def _turn(state: State, question_id: str, to: QuestionState) -> State:
    question = state.questions.get(question_id)
    if question is None:
        return state
    return _put(state, msgspec.structs.replace(question, state=to))


def rewrite(state: State, at: int) -> tuple[AnyEvent, ...]:
    """Return events that lead from nothing to what matters of this state: a log lost whole starts anew."""
    created: list[AnyEvent] = [SessionCreated(at=at, by="system", session=state.session)]
    asked = [QuestionAsked(at=q.at, by=q.author.id, question=q) for q in state.questions.values()]
    posted = [ChatPosted(at=m.at, by=m.author.id, message=m) for m in state.chat]
    deleted = [ChatDeleted(at=at, by="system", message=message) for message in sorted(state.deleted)]
    brought_on = [BroughtOn(at=at, by="system", person=person) for person in reversed(state.stage)]
    return (*created, *asked, *posted, *deleted, *brought_on)
