"""Questions: every road through the table, by a state machine that knows only the rules."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from signaling.protocol import (
    AnswerQuestion,
    ApproveQuestion,
    AskQuestion,
    DismissQuestion,
    HideQuestion,
    Person,
    QuestionAsked,
    QuestionState,
    ShowQuestion,
)
from signaling.session.audience import snapshot, visible
from signaling.session.decision import Decision
from signaling.session.questions import Step

from .session_events import ADA, BOB, MODERATOR, Fold

LEGAL: dict[type[Step], dict[QuestionState, QuestionState]] = {
    ApproveQuestion: {"pending": "approved"},
    ShowQuestion: {"approved": "on_screen"},
    HideQuestion: {"on_screen": "approved"},
    AnswerQuestion: {"approved": "answered", "on_screen": "answered"},
    DismissQuestion: {"pending": "dismissed", "approved": "dismissed", "on_screen": "dismissed"},
}


class Questions(RuleBasedStateMachine):
    """Compares the session with a plain dictionary of question states."""

    asked = Bundle("asked")

    def __init__(self) -> None:
        super().__init__()
        self.fold = Fold()
        self.model: dict[str, QuestionState] = {}

    @rule(target=asked, author=st.sampled_from([ADA, BOB]))
    def ask(self, author: Person) -> str:
        (event,) = self.fold.do(author, AskQuestion(self.fold.new_id(), "Why?"))
        assert isinstance(event, QuestionAsked)
        self.model[event.question.id] = "pending"
        return event.question.id

    @rule(question=asked, step=st.sampled_from(sorted(LEGAL, key=lambda step: step.__name__)))
    def take_step(self, question: str, step: type[Step]) -> None:
        now = self.model[question]
        outcome = self.fold.try_(MODERATOR, step(self.fold.new_id(), question))
        to = LEGAL[step].get(now)
        if to is None:
            done = isinstance(outcome, Decision)
            assert done == (now in LEGAL[step].values()), "a step to where it is already is no step"
            assert not done or not outcome.events  # type: ignore[union-attr]
            return
        if to == "on_screen":
            for other, state in self.model.items():
                if state == "on_screen":
                    self.model[other] = "approved"
        self.model[question] = to

    @invariant()
    def states_agree(self) -> None:
        assert {q.id: q.state for q in self.fold.state.questions.values()} == self.model

    @invariant()
    def at_most_one_is_on_screen(self) -> None:
        shown = [q for q in self.fold.state.questions.values() if q.state == "on_screen"]
        assert len(shown) <= 1
        assert self.fold.state.on_screen == (shown[0] if shown else None)

    @invariant()
    def others_never_see_what_is_not_approved(self) -> None:
        state = self.fold.state
        seen = {q.id for q in snapshot(state, "public", "stranger").questions}
        assert seen == {q for q, s in self.model.items() if s in ("approved", "on_screen", "answered")}
        for event in visible(self.fold.facts, state, "public", "stranger"):
            assert not isinstance(event, QuestionAsked)

    @invariant()
    def authors_see_their_own(self) -> None:
        state = self.fold.state
        for author in (ADA, BOB):
            own = {q.id for q in state.questions.values() if q.author == author}
            assert own <= {q.id for q in snapshot(state, "public", author.id).questions}


TestQuestions = Questions.TestCase


def test_showing_another_puts_the_former_back() -> None:
    fold = Fold()
    ids = []
    for author in (ADA, BOB):
        (event,) = fold.do(author, AskQuestion(fold.new_id(), "Why?"))
        assert isinstance(event, QuestionAsked)
        ids.append(event.question.id)
        fold.do(MODERATOR, ApproveQuestion(fold.new_id(), event.question.id))
    fold.do(MODERATOR, ShowQuestion("s1", ids[0]))
    fold.do(MODERATOR, ShowQuestion("s2", ids[1]))
    assert [fold.state.questions[q].state for q in ids] == ["approved", "on_screen"]


def test_what_a_step_leans_on_is_all_that_it_changes() -> None:
    fold = Fold()
    ids = []
    for author in (ADA, BOB):
        (event,) = fold.do(author, AskQuestion(fold.new_id(), "Why?"))
        assert isinstance(event, QuestionAsked)
        ids.append(event.question.id)
        fold.do(MODERATOR, ApproveQuestion(fold.new_id(), event.question.id))
    fold.do(MODERATOR, ShowQuestion("s1", ids[0]))
    outcome = fold.try_(MODERATOR, ShowQuestion("s2", ids[1]))
    assert isinstance(outcome, Decision)
    assert set(outcome.changes) == {"screen", f"question:{ids[0]}", f"question:{ids[1]}"}


def test_unknown_and_empty_questions_are_refused() -> None:
    fold = Fold()
    assert fold.refused(MODERATOR, ShowQuestion("c1", "q-none")) == "unknown_question"
    assert fold.refused(ADA, AskQuestion("c2", "   ")) == "empty_text"
