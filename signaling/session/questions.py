"""Questions: from a viewer's mind, through a moderator, to the hall's screen.

    ask ─▶ pending ──approve─▶ approved ◀─hide── on_screen
              │                 │  │ └────show──────▶ │
              │                 │  └────answered──────┴──▶ answered
              └─────dismiss─────┴───────dismiss────────────▶ dismissed

The law: at most one question is on screen; showing another puts the former back to approved. An
illegal step is refused and changes nothing; a step to where the question is already is no step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import msgspec

from signaling.protocol import (
    AnswerQuestion,
    ApproveQuestion,
    AskQuestion,
    DismissQuestion,
    HideQuestion,
    Person,
    Question,
    QuestionAnswered,
    QuestionApproved,
    QuestionAsked,
    QuestionCommand,
    QuestionDismissed,
    QuestionEvent,
    QuestionHidden,
    QuestionShown,
    QuestionState,
    ShowQuestion,
)
from signaling.session.decision import (
    SCREEN,
    SESSION,
    Decision,
    Outcome,
    Refusal,
    derived_id,
    question_entity,
)
from signaling.session.state import State, meet

Step = ApproveQuestion | ShowQuestion | HideQuestion | AnswerQuestion | DismissQuestion

STEPS: Mapping[type[Step], tuple[frozenset[QuestionState], QuestionState]] = {
    ApproveQuestion: (frozenset({"pending"}), "approved"),
    ShowQuestion: (frozenset({"approved"}), "on_screen"),
    HideQuestion: (frozenset({"on_screen"}), "approved"),
    AnswerQuestion: (frozenset({"approved", "on_screen"}), "answered"),
    DismissQuestion: (frozenset({"pending", "approved", "on_screen"}), "dismissed"),
}
"""Command → the states it starts from, and the one it leads to."""


def decide(state: State, actor: Person, command: QuestionCommand, *, now: int) -> Outcome:
    """Return what a command on questions comes to."""
    if isinstance(command, AskQuestion):
        return ask(state, actor, command, now=now, new_id=derived_id("q", actor, command))
    return step(state, actor, command, now=now)


def fold(state: State, event: QuestionEvent) -> State:
    """Return the state after an event of the questions."""
    match event:
        case QuestionAsked(question=question):
            return _put(meet(state, question.author), question)
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


def rewrite(state: State, at: int) -> tuple[QuestionEvent, ...]:
    """Return the events that lead to the questions of this state."""
    return tuple(QuestionAsked(at=q.at, by=q.author.id, question=q) for q in state.questions.values())


def _put(state: State, question: Question) -> State:
    return replace(state, questions=MappingProxyType({**state.questions, question.id: question}))


def _turn(state: State, question_id: str, to: QuestionState) -> State:
    question = state.questions.get(question_id)
    if question is None:
        return state
    return _put(state, msgspec.structs.replace(question, state=to))


def ask(state: State, actor: Person, command: AskQuestion, *, now: int, new_id: str) -> Outcome:
    """Put a question to the moderators."""
    text = command.text.strip()
    if not text:
        return Refusal("empty_text", "There is nothing in it.")
    question = Question(new_id, actor, text, now, "pending")
    return Decision(
        (QuestionAsked(at=now, by=actor.id, question=question),),
        leans_on=(SESSION,),
        changes=(question_entity(new_id),),
    )


def step(state: State, actor: Person, command: Step, *, now: int) -> Outcome:
    """Move a question along the table."""
    question = state.questions.get(command.question)
    if question is None:
        return Refusal("unknown_question", "There is no such question.")
    allowed, to = STEPS[type(command)]
    if question.state == to:
        return Decision()
    if question.state not in allowed:
        return Refusal("wrong_state", f"The question is {question.state.replace('_', ' ')}.")
    return Decision(
        (_event(command, question, now=now, by=actor.id),),
        leans_on=(SESSION,),
        changes=_touched(state, command, question),
    )


def _event(command: Step, question: Question, *, now: int, by: str) -> QuestionEvent:
    match command:
        case ApproveQuestion():
            approved = msgspec.structs.replace(question, state="approved")
            return QuestionApproved(at=now, by=by, question=approved)
        case ShowQuestion():
            return QuestionShown(at=now, by=by, question=question.id)
        case HideQuestion():
            return QuestionHidden(at=now, by=by, question=question.id)
        case AnswerQuestion():
            return QuestionAnswered(at=now, by=by, question=question.id)
        case DismissQuestion():
            return QuestionDismissed(at=now, by=by, question=question.id)


def _touched(state: State, command: Step, question: Question) -> tuple[str, ...]:
    """Name what the step changes: the question, the screen if it is involved, and who must leave it."""
    touched = [question_entity(question.id)]
    if isinstance(command, ShowQuestion) or question.state == "on_screen":
        touched.append(SCREEN)
    former = state.on_screen
    if isinstance(command, ShowQuestion) and former is not None:
        touched.append(question_entity(former.id))
    return tuple(touched)
