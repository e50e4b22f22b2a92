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

import msgspec

from signaling.protocol import (
    AnswerQuestion,
    AnyEvent,
    ApproveQuestion,
    AskQuestion,
    DismissQuestion,
    HideQuestion,
    Person,
    Question,
    QuestionAnswered,
    QuestionApproved,
    QuestionAsked,
    QuestionDismissed,
    QuestionHidden,
    QuestionShown,
    QuestionState,
    ShowQuestion,
)
from signaling.session.decision import SCREEN, SESSION, Decision, Outcome, Refusal, question_entity
from signaling.session.state import State

Step = ApproveQuestion | ShowQuestion | HideQuestion | AnswerQuestion | DismissQuestion

STEPS: Mapping[type[Step], tuple[frozenset[QuestionState], QuestionState]] = {
    ApproveQuestion: (frozenset({"pending"}), "approved"),
    ShowQuestion: (frozenset({"approved"}), "on_screen"),
    HideQuestion: (frozenset({"on_screen"}), "approved"),
    AnswerQuestion: (frozenset({"approved", "on_screen"}), "answered"),
    DismissQuestion: (frozenset({"pending", "approved", "on_screen"}), "dismissed"),
}
"""Command → the states it starts from, and the one it leads to."""


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


def _event(command: Step, question: Question, *, now: int, by: str) -> AnyEvent:
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
