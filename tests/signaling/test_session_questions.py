"""Questions: every road through the table, by a state machine that knows only the rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from signaling.protocol import (
    Addressee,
    AnswerQuestion,
    ApproveQuestion,
    AskQuestion,
    BeginAnswer,
    Billed,
    Billing,
    BringOn,
    DescribeSession,
    DismissQuestion,
    EditQuestion,
    EndSession,
    HideQuestion,
    MergeQuestion,
    MuteChat,
    NoteQuestion,
    Person,
    Question,
    QuestionAsked,
    QuestionMerged,
    QuestionState,
    QuestionUnmerged,
    ReopenSession,
    SetModeration,
    SetWords,
    ShortlistQuestion,
    ShowQuestion,
    VoteQuestion,
    VotesCast,
    WithdrawQuestion,
)
from signaling.session.audience import AUDIENCES, snapshot, visible
from signaling.session.decide import decide
from signaling.session.decision import RULES, Decision, voice_entity
from signaling.session.fold import apply, rewrite
from signaling.session.gathered import gathered
from signaling.session.questions import MOST_NOTES, Step
from signaling.session.state import empty
from signaling.session.sums import stirred, totals, yours

from .session_events import ADA, BOB, MODERATOR, PRODUCER, SPEAKER, Fold

SHOWN = ("on_screen", "answering")
PUBLIC = ("approved", "shortlisted", "on_screen", "answering", "answered")
LEGAL: dict[type[Step], dict[QuestionState, QuestionState]] = {
    ApproveQuestion: {
        "pending": "approved",
        "shortlisted": "approved",
        "dismissed": "approved",
        "merged": "approved",
    },
    ShortlistQuestion: {"approved": "shortlisted", "answered": "shortlisted"},
    ShowQuestion: {"approved": "on_screen", "shortlisted": "on_screen"},
    HideQuestion: {"on_screen": "shortlisted", "answering": "shortlisted"},
    BeginAnswer: {"on_screen": "answering"},
    AnswerQuestion: {
        "approved": "answered",
        "shortlisted": "answered",
        "on_screen": "answered",
        "answering": "answered",
    },
    DismissQuestion: {
        "pending": "dismissed",
        "approved": "dismissed",
        "shortlisted": "dismissed",
        "on_screen": "dismissed",
    },
    WithdrawQuestion: {
        "pending": "withdrawn",
        "approved": "withdrawn",
        "shortlisted": "withdrawn",
        "on_screen": "withdrawn",
        "merged": "withdrawn",
    },
}
ROADS: dict[QuestionState, tuple[type[Step], ...]] = {
    "pending": (),
    "approved": (ApproveQuestion,),
    "shortlisted": (ApproveQuestion, ShortlistQuestion),
    "on_screen": (ApproveQuestion, ShowQuestion),
    "answering": (ApproveQuestion, ShowQuestion, BeginAnswer),
    "answered": (ApproveQuestion, AnswerQuestion),
    "dismissed": (DismissQuestion,),
    "withdrawn": (WithdrawQuestion,),
}
"""State → the steps that lead there; to `merged`, another command does."""
STEPS = sorted(LEGAL, key=lambda step: step.__name__)


@dataclass
class Known:
    """What the model knows of one question."""

    author: Person
    anonymous: bool
    state: QuestionState
    texts: list[str]
    voters: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    into: str | None = None
    was: QuestionState | None = None


class Questions(RuleBasedStateMachine):
    """Compares the session with a plain dictionary, and reads whatever a stranger is sent."""

    asked = Bundle("asked")

    def __init__(self) -> None:
        super().__init__()
        self.fold = Fold()
        self.model: dict[str, Known] = {}
        self.mode = "pre"
        self.told = 0
        self.words = 0

    def word(self, kind: str) -> str:
        self.words += 1
        return f"{kind}-{self.words}."

    @rule(target=asked, author=st.sampled_from([ADA, BOB]), anonymous=st.booleans())
    def ask(self, author: Person, anonymous: bool) -> str:
        text = self.word("text")
        (event,) = self.fold.do(author, AskQuestion(self.fold.new_id(), text, anonymous=anonymous))
        assert isinstance(event, QuestionAsked)
        state: QuestionState = "pending" if self.mode == "pre" else "approved"
        self.model[event.question.id] = Known(author, anonymous, state, [text])
        return event.question.id

    @rule(mode=st.sampled_from(["pre", "post"]))
    def moderate(self, mode: str) -> None:
        self.fold.do(MODERATOR, SetModeration(self.fold.new_id(), mode))  # type: ignore[arg-type]
        self.mode = mode

    @rule(question=asked, step=st.sampled_from(STEPS))
    def take_step(self, question: str, step: type[Step]) -> None:
        known = self.model[question]
        actor = known.author if step is WithdrawQuestion else MODERATOR
        outcome = self.fold.try_(actor, step(self.fold.new_id(), question))
        to = LEGAL[step].get(known.state)
        if to is None:
            done = isinstance(outcome, Decision)
            assert done == (known.state in LEGAL[step].values()), "a step to where it is already is no step"
            assert not done or not outcome.events  # type: ignore[union-attr]
            return
        if to == "on_screen":
            for other in self.model.values():
                if other.state in SHOWN:
                    other.state = "answered" if other.state == "answering" else "shortlisted"
        if to == "withdrawn" and known.state != "merged":
            for other in self.model.values():
                if other.state == "merged" and other.was and self.stands_for(other) == question:
                    other.state, other.into = other.was, None
        known.state = to
        if to == "approved":
            known.into = None

    @rule()
    def end_and_take_it_back(self) -> None:
        for command in (EndSession(self.fold.new_id()), ReopenSession(self.fold.new_id())):
            self.fold.do(PRODUCER, command)
        for known in self.model.values():
            if known.state in SHOWN:
                known.state = "answered" if known.state == "answering" else "shortlisted"

    @rule(question=asked, stranger=st.sampled_from([ADA, BOB]))
    def nobody_withdraws_another_ones(self, question: str, stranger: Person) -> None:
        known = self.model[question]
        if known.author != stranger:
            code = self.fold.refused(stranger, WithdrawQuestion(self.fold.new_id(), question))
            assert code == ("forbidden" if known.state in PUBLIC else "unknown_question")

    def stands_for(self, known: Known) -> str | None:
        """Return the question in whose place a merged one is not seen: the nearest that was not withdrawn."""
        into = known.into
        while into is not None and self.model[into].state == "withdrawn":
            into = self.model[into].into
        return into

    def root(self, question: str) -> str:
        into = self.model[question].into
        return question if into is None else self.root(into)

    def voters(self, question: str) -> set[str]:
        """Return who is for a question or for one of those whose chain ends there."""
        return {
            voter for one, known in self.model.items() if self.root(one) == question for voter in known.voters
        }

    @rule(question=asked, into=asked)
    def merge(self, question: str, into: str) -> None:
        gone, kept = self.model[question], self.model[into]
        outcome = self.fold.try_(MODERATOR, MergeQuestion(self.fold.new_id(), question, into))
        legal = (
            question != into
            and gone.state in ("pending", "approved", "shortlisted")
            and kept.state in ("pending", *PUBLIC)
        )
        again = gone.state == "merged" and gone.into == into
        assert isinstance(outcome, Decision) == (legal or again)
        if legal:
            gone.was, gone.state, gone.into = gone.state, "merged", into

    @rule(question=asked, voter=st.sampled_from(["v1", "v2", "v3"]), up=st.booleans())
    def vote(self, question: str, voter: str, up: bool) -> None:
        person = Person(voter, voter, "viewer")
        outcome = self.fold.try_(person, VoteQuestion(self.fold.new_id(), question, up))
        root = self.root(question)
        counts = self.model[root].state in PUBLIC and self.model[root].state != "answered"
        assert isinstance(outcome, Decision) == counts
        if counts and up:
            self.model[question].voters.add(voter)
        elif counts:
            for one, known in self.model.items():
                if self.root(one) == root:
                    known.voters.discard(voter)

    @rule(question=asked)
    def edit(self, question: str) -> None:
        known, text = self.model[question], self.word("text")
        outcome = self.fold.try_(MODERATOR, EditQuestion(self.fold.new_id(), question, text))
        legal = known.state in ("pending", *PUBLIC)
        assert isinstance(outcome, Decision) == legal
        if legal:
            known.texts.append(text)

    @rule(question=asked)
    def note(self, question: str) -> None:
        text = self.word("note")
        self.fold.do(MODERATOR, NoteQuestion(self.fold.new_id(), question, text))
        self.model[question].notes.append(text)

    @rule(question=consumes(asked))
    def forget(self, question: str) -> None:
        """Let others be chosen."""

    @invariant()
    def agree(self) -> None:
        state = self.fold.state
        assert {q.id: (q.state, q.text, q.merged_into) for q in state.questions.values()} == {
            id_: (known.state, known.texts[-1], known.into) for id_, known in self.model.items()
        }
        assert state.votes == {id_: known.voters for id_, known in self.model.items() if known.voters}
        assert state.moderation == self.mode

    @invariant()
    def at_most_one_is_on_screen(self) -> None:
        shown = [q for q in self.fold.state.questions.values() if q.state in SHOWN]
        assert len(shown) <= 1
        assert self.fold.state.on_screen == (shown[0] if shown else None)

    @invariant()
    def staff_see_what_was_asked_first_and_all_notes(self) -> None:
        for question in snapshot(self.fold.state, "staff", "mod").questions:
            known = self.model[question.id]
            assert question.author == known.author
            assert (question.original or question.text) == known.texts[0]
            assert [note.text for note in question.notes] == known.notes

    @invariant()
    def a_stranger_is_told_nothing_hidden(self) -> None:
        state = self.fold.state
        fresh, self.told = self.fold.facts[self.told :], len(self.fold.facts)
        for audience in ("public", "speakers"):
            now = visible(fresh, state, audience, "stranger")
            later = visible(self.fold.facts, state, audience, "stranger")
            joined = snapshot(state, audience, "stranger")
            sums = totals(state, audience)
            seen = msgspec.json.encode([now, later, joined, sums]).decode()
            assert {q.id for q in joined.questions} == self.ids(PUBLIC)
            assert {t.question: t.votes for t in (sums.votes if sums else ())} == {
                id_: len(self.voters(id_)) for id_ in self.ids(PUBLIC) if self.voters(id_)
            }
            for known in self.model.values():
                old = known.texts if known.state not in PUBLIC else known.texts[:-1]
                for words in (*old, *known.notes):
                    assert words not in seen
            assert not any(f'"{voter}"' in seen for voter in ("v1", "v2", "v3"))
            if all(known.anonymous for known in self.model.values()):
                assert "ada" not in seen.lower() and "bob" not in seen.lower()

    @invariant()
    def authors_see_their_own(self) -> None:
        state = self.fold.state
        for author in (ADA, BOB):
            own = {q.id for q in state.questions.values() if q.author == author}
            mine = [q for q in snapshot(state, "public", author.id).questions if q.id in own]
            assert {q.id for q in mine} == own
            assert all(q.author == author and not q.notes and q.original is None for q in mine)

    @invariant()
    def voters_see_their_own(self) -> None:
        for voter in ("v1", "v2", "v3"):
            mine = set(yours(self.fold.state, voter).votes)
            assert mine == {self.root(id_) for id_, known in self.model.items() if voter in known.voters}

    def teardown(self) -> None:
        """Write the log anew: it leads to the same session."""
        state = empty("s1")
        for seq, event in enumerate(rewrite(self.fold.state, 99), start=1):
            state = apply(state, msgspec.structs.replace(event, seq=seq))
        assert (state.questions, state.votes, state.moderation) == (
            self.fold.state.questions,
            self.fold.state.votes,
            self.fold.state.moderation,
        )

    def ids(self, states: Iterable[str]) -> set[str]:
        return {id_ for id_, known in self.model.items() if known.state in states}


TestQuestions = Questions.TestCase
TestQuestions.settings = settings(max_examples=60, stateful_step_count=40)


def ask(fold: Fold, author: Person = ADA, text: str = "Why?", *, anonymous: bool = False) -> str:
    (event,) = fold.do(author, AskQuestion(fold.new_id(), text, anonymous=anonymous))
    assert isinstance(event, QuestionAsked)
    return event.question.id


def approved(fold: Fold, author: Person = ADA, text: str = "Why?", *, anonymous: bool = False) -> str:
    question = ask(fold, author, text, anonymous=anonymous)
    fold.do(MODERATOR, ApproveQuestion(fold.new_id(), question))
    return question


def of(fold: Fold, question: str) -> Question:
    return fold.state.questions[question]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", [*ROADS, "merged"])
def test_every_step_from_every_state(state: QuestionState, step: type[Step]) -> None:
    fold = Fold()
    question, other = ask(fold, ADA), ask(fold, BOB)
    for leads in ROADS.get(state, ()):
        fold.do(ADA if leads is WithdrawQuestion else MODERATOR, leads(fold.new_id(), question))
    if state == "merged":
        fold.do(MODERATOR, MergeQuestion("m1", question, other))
    assert of(fold, question).state == state
    actor, to = ADA if step is WithdrawQuestion else MODERATOR, LEGAL[step].get(state)
    if to is not None:
        assert fold.do(actor, step("s1", question)) and of(fold, question).state == to
    elif state in LEGAL[step].values():
        assert fold.do(actor, step("s1", question)) == ()
    else:
        assert fold.refused(actor, step("s1", question)) == "wrong_state"


# -- the screen ----------------------------------------------------------------------------------------


def test_showing_another_puts_the_former_back_and_answers_the_one_being_answered() -> None:
    fold = Fold()
    ids = [approved(fold) for _ in range(3)]
    fold.do(MODERATOR, ShowQuestion("s1", ids[0]))
    fold.do(MODERATOR, ShowQuestion("s2", ids[1]))
    assert [of(fold, q).state for q in ids] == ["shortlisted", "on_screen", "approved"]
    fold.do(MODERATOR, BeginAnswer("b1", ids[1]))
    fold.do(MODERATOR, ShowQuestion("s3", ids[2]))
    assert [of(fold, q).state for q in ids] == ["shortlisted", "answered", "on_screen"]


def test_what_a_step_leans_on_is_all_that_it_changes() -> None:
    fold = Fold()
    ids = [approved(fold), approved(fold)]
    fold.do(MODERATOR, ShowQuestion("s1", ids[0]))
    outcome = fold.try_(MODERATOR, ShowQuestion("s2", ids[1]))
    assert isinstance(outcome, Decision)
    assert set(outcome.changes) == {"screen", f"question:{ids[0]}", f"question:{ids[1]}"}
    outcome = fold.try_(ADA, WithdrawQuestion("w1", ids[1]))
    assert isinstance(outcome, Decision)
    assert set(outcome.changes) == {"screen", f"question:{ids[1]}"}


# -- who asks what, where, of whom ---------------------------------------------------------------------


def test_unknown_and_empty_questions_are_refused() -> None:
    fold = Fold()
    question = ask(fold)
    assert fold.refused(MODERATOR, ShowQuestion("c1", "q-none")) == "unknown_question"
    assert fold.refused(MODERATOR, EditQuestion("c2", "q-none", "x")) == "unknown_question"
    assert fold.refused(MODERATOR, NoteQuestion("c3", "q-none", "x")) == "unknown_question"
    assert fold.refused(MODERATOR, MergeQuestion("c4", question, "q-none")) == "unknown_question"
    assert fold.refused(BOB, VoteQuestion("c5", "q-none")) == "unknown_question"
    assert fold.refused(BOB, VoteQuestion("c6", question)) == "unknown_question", "it is not for him to see"
    for command in (
        AskQuestion("c7", "   "),
        EditQuestion("c8", question, " \n "),
        NoteQuestion("c9", question, "\t"),
    ):
        assert fold.refused(MODERATOR, command) == "empty_text"


def test_a_question_says_where_it_was_asked_and_only_staff_may_say_so_for_others() -> None:
    fold = Fold()
    sources = []
    for author, told in ((ADA, None), (BOB, None), (ADA, "hall"), (MODERATOR, "hall")):
        (event,) = fold.do(author, AskQuestion(fold.new_id(), "Why?", source=told))  # type: ignore[arg-type]
        assert isinstance(event, QuestionAsked)
        sources.append(event.question.source)
    assert sources == ["online", "hall", "online", "hall"]


def test_a_question_may_be_for_one_speaker_who_is_known() -> None:
    fold = Fold()
    billing = Billing("conf", 0, 1, "Europe/Paris", speakers=(Billed("p7", "Marie Curie"),))
    fold.do(PRODUCER, DescribeSession("d1", "On engines", billing))
    fold.do(PRODUCER, BringOn("b1", "sp-1"), SPEAKER)
    for to, name in (("sp-1", "Grace"), ("p7", "Marie Curie")):
        (event,) = fold.do(ADA, AskQuestion(fold.new_id(), "Why?", to=to))
        assert isinstance(event, QuestionAsked) and event.question.to == Addressee(to, name)
    ask(fold, BOB)
    assert fold.refused(ADA, AskQuestion("c1", "Why?", to="bob")) == "unknown_participant"


def test_what_somebody_muted_asks_waits_for_a_moderator_until_they_may_post_again() -> None:
    fold = Fold()
    fold.do(MODERATOR, SetModeration("m1", "post"))
    muted = decide(fold.state, MODERATOR, MuteChat("m2", "ada", 60), now=1000, known=ADA)
    assert isinstance(muted, Decision)
    fold.put(muted.events)

    def begins_as(who: Person, now: int) -> str:
        asked = decide(fold.state, who, AskQuestion(fold.new_id(), "Why?"), now=now)
        assert isinstance(asked, Decision)
        # Nobody mutes somebody in the same moment and still has the question before everybody.
        assert voice_entity(who.id) in asked.leans_on
        (event,) = asked.events
        assert isinstance(event, QuestionAsked)
        return event.question.state

    assert [begins_as(ADA, 60_999), begins_as(ADA, 61_000)] == ["pending", "approved"]
    assert [begins_as(BOB, 2000), begins_as(MODERATOR, 2000)] == ["approved", "approved"]
    # Who keeps order is not bound by what was said to them before they did.
    assert begins_as(msgspec.structs.replace(ADA, role="moderator"), 2000) == "approved"


@pytest.mark.parametrize("text", ["Darn, why?", "Why, dash it?"])
def test_a_question_with_a_word_that_is_looked_for_waits_for_a_moderator(text: str) -> None:
    fold = Fold()
    fold.do(MODERATOR, SetModeration("m1", "post"))
    fold.do(MODERATOR, SetWords("m2", hold=("dash",), refuse=("darn",)))
    waiting = decide(fold.state, ADA, AskQuestion("q1", text), now=1)
    assert isinstance(waiting, Decision) and RULES in waiting.leans_on
    fold.put(waiting.events)
    assert not snapshot(fold.state, "public", "stranger").questions
    assert [of(fold, ask(fold, who, said)).state for who, said in ((ADA, "Why?"), (MODERATOR, text))] == [
        "approved",
        "approved",
    ]


# -- anonymous, edited, noted --------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["pre", "post"])
def test_who_asked_without_a_name_is_known_to_staff_and_to_themselves_alone(mode: str) -> None:
    fold = Fold()
    fold.do(MODERATOR, SetModeration("m1", mode))  # type: ignore[arg-type]
    question = ask(fold, anonymous=True)
    fold.do(MODERATOR, ApproveQuestion("a1", question))
    fold.do(ADA, WithdrawQuestion("w1", question))
    for audience in AUDIENCES:
        for reader in ("ada", "bob"):
            told = msgspec.json.encode(
                [visible(fold.facts, fold.state, audience, reader), snapshot(fold.state, audience, reader)]
            )
            assert (b"ada" in told.lower()) == (audience == "staff" or reader == "ada")


def test_an_edit_is_undone_by_the_first_words() -> None:
    fold = Fold()
    question = approved(fold, text="Why so slow, you idiots?")
    fold.do(MODERATOR, EditQuestion("e1", question, "Why so slow?"))
    fold.do(MODERATOR, EditQuestion("e2", question, "Why is it slow?"))
    assert of(fold, question).original == "Why so slow, you idiots?"
    assert fold.do(MODERATOR, EditQuestion("e3", question, " Why is it slow? ")) == ()
    fold.do(MODERATOR, EditQuestion("e4", question, "Why so slow, you idiots?"))
    assert of(fold, question).original is None


def test_notes_are_bounded() -> None:
    fold = Fold()
    question = ask(fold)
    for i in range(MOST_NOTES):
        fold.do(MODERATOR, NoteQuestion(fold.new_id(), question, f"note {i}"))
    assert fold.refused(MODERATOR, NoteQuestion("n1", question, "one more")) == "too_many"


# -- votes ---------------------------------------------------------------------------------------------


def sums_of(fold: Fold, *questions: str) -> list[int]:
    tick = totals(fold.state, "staff", questions=questions, polls=())
    return [total.votes for total in tick.votes] if tick else []


def voted(fold: Fold, question: str, *voters: str, up: bool = True) -> None:
    for voter in voters:
        fold.do(Person(voter, "V", "viewer"), VoteQuestion(fold.new_id(), question, up))


def test_votes_of_a_merged_question_count_each_voter_once() -> None:
    fold = Fold()
    gone, kept = approved(fold), approved(fold, BOB)
    voted(fold, gone, "v0", "v1")
    voted(fold, kept, "v1", "v2")
    (event,) = fold.do(MODERATOR, MergeQuestion("m1", gone, kept))
    assert isinstance(event, QuestionMerged)
    assert sums_of(fold, kept) == [3] and stirred(event, fold.state).voters == {"v0", "v1"}
    assert yours(fold.state, "v0").votes == yours(fold.state, "v1").votes == (kept,)
    voted(fold, gone, "v0", up=False)
    voted(fold, kept, "v1", up=False)
    assert fold.state.votes == {kept: {"v2"}}, "who is for neither any more is for none of them"
    assert sums_of(fold, gone) == [1], "a page that had not heard of it yet"


def test_a_mistaken_merge_is_taken_back_and_each_has_its_own_votes() -> None:
    fold = Fold()
    gone, kept = approved(fold), approved(fold, BOB)
    voted(fold, gone, "v0", "v1", "v2")
    voted(fold, kept, "v2")
    fold.do(MODERATOR, MergeQuestion("m1", gone, kept))
    voted(fold, kept, "v3")
    (apart,) = fold.do(MODERATOR, ApproveQuestion("a1", gone))
    assert isinstance(apart, QuestionUnmerged) and (apart.question.state, apart.into) == ("approved", kept)
    assert sums_of(fold, gone, kept) == [3, 2]
    told = stirred(apart, fold.state)
    assert (told.questions, told.voters) == ({gone, kept}, {"v0", "v1", "v2"})
    assert yours(fold.state, "v2").votes == (gone, kept)


def test_nobodys_question_is_lost_with_the_one_it_was_merged_into() -> None:
    fold = Fold()
    kept, double, other, waiting = approved(fold), approved(fold, BOB), approved(fold, BOB), ask(fold, BOB)
    fold.do(MODERATOR, ShortlistQuestion("s1", other))
    voted(fold, double, "v0", "v1", "v2")
    for gone in (double, other, waiting):
        fold.do(MODERATOR, MergeQuestion(fold.new_id(), gone, kept))
    voted(fold, kept, "v3")
    outcome = fold.try_(ADA, WithdrawQuestion("w1", kept))
    assert isinstance(outcome, Decision)
    assert set(outcome.changes) == {f"question:{one}" for one in (kept, double, other, waiting)}
    states = [of(fold, one).state for one in (kept, double, other, waiting)]
    assert states == ["withdrawn", "approved", "shortlisted", "pending"]
    assert {(of(fold, one).merged_into, of(fold, one).was) for one in (double, other)} == {(None, None)}
    assert sums_of(fold, double) == [3]
    seen = snapshot(fold.state, "public", "stranger")
    assert [q.id for q in seen.questions] == [double, other]
    last = visible(fold.facts[-4:], fold.state, "public", "stranger")
    assert [event.__struct_config__.tag for event in last] == [
        "question.withdrawn",
        "question.unmerged",
        "question.unmerged",
    ]
    assert len(visible(fold.facts[-4:], fold.state, "public", BOB.id)) == 4


def test_what_was_merged_into_a_double_that_its_author_took_back_is_not_lost_either() -> None:
    fold = Fold()
    kept, between, first = approved(fold), approved(fold, BOB), approved(fold)
    fold.do(MODERATOR, MergeQuestion("m1", first, between))
    fold.do(MODERATOR, MergeQuestion("m2", between, kept))
    fold.do(BOB, WithdrawQuestion("w1", between))
    assert of(fold, first).state == "merged", "it is asked as the one that is left"
    fold.do(ADA, WithdrawQuestion("w2", kept))
    assert (of(fold, first).state, of(fold, between).state) == ("approved", "withdrawn")


def test_a_moderator_who_dismisses_a_question_means_its_doubles_too_and_can_bring_each_back() -> None:
    fold = Fold()
    kept, double = approved(fold), approved(fold, BOB)
    voted(fold, double, "v0", "v1")
    fold.do(MODERATOR, MergeQuestion("m1", double, kept))
    fold.do(MODERATOR, DismissQuestion("d1", kept))
    assert not snapshot(fold.state, "public", "stranger").questions
    (again,) = fold.do(MODERATOR, ApproveQuestion("a1", kept))
    assert stirred(again, fold.state).questions == {kept} and sums_of(fold, kept) == [2]
    voted(fold, kept, "v1", "v2")
    assert sums_of(fold, kept) == [3]
    fold.do(MODERATOR, DismissQuestion("d2", kept))
    fold.do(MODERATOR, ApproveQuestion("a2", double))
    assert (sums_of(fold, double), of(fold, kept).state) == ([2], "dismissed")


def test_who_merges_and_who_takes_back_at_once_see_each_other() -> None:
    fold = Fold()
    kept, double = approved(fold), approved(fold, BOB)
    merging = decide(fold.state, MODERATOR, MergeQuestion("m1", double, kept), now=1)
    withdrawing = decide(fold.state, ADA, WithdrawQuestion("w1", kept), now=1)
    assert isinstance(merging, Decision) and isinstance(withdrawing, Decision)
    for first, second in ((merging, withdrawing), (withdrawing, merging)):
        assert not set(first.changes).isdisjoint((*second.leans_on, *second.changes))


def test_what_stands_for_itself_again_does_not_say_who_withdrew_without_a_name() -> None:
    fold = Fold()
    kept, double = approved(fold, ADA, anonymous=True), approved(fold, BOB)
    fold.do(MODERATOR, MergeQuestion("m1", double, kept))
    fold.do(ADA, WithdrawQuestion("w1", kept))
    apart = visible(fold.facts[-1:], fold.state, "public", "stranger")
    assert isinstance(apart[0], QuestionUnmerged) and apart[0].by == ""


def test_that_a_pending_question_was_merged_is_told_to_who_knew_of_it() -> None:
    fold = Fold()
    kept, gone = approved(fold), ask(fold, BOB)
    fold.do(MODERATOR, MergeQuestion("m1", gone, kept))
    merged = fold.facts[-1:]
    assert not visible(merged, fold.state, "public", ADA.id) and not visible(
        merged, fold.state, "speakers", "x"
    )
    assert visible(merged, fold.state, "public", BOB.id) and visible(merged, fold.state, "staff", "x")


def test_a_note_written_while_a_question_is_approved_is_not_lost() -> None:
    fold = Fold()
    question = ask(fold)
    approval = decide(fold.state, MODERATOR, ApproveQuestion("a1", question), now=1)
    fold.do(PRODUCER, NoteQuestion("n1", question, "ask her first"))
    assert isinstance(approval, Decision)
    fold.put(approval.events)
    assert [note.text for note in of(fold, question).notes] == ["ask her first"]


def test_who_asked_what_was_merged_may_take_it_back_and_its_votes_stay() -> None:
    fold = Fold()
    kept, gone = approved(fold), approved(fold, BOB)
    fold.do(PRODUCER, VoteQuestion("v1", gone))
    fold.do(MODERATOR, MergeQuestion("m1", gone, kept))
    assert fold.refused(ADA, WithdrawQuestion("w1", gone)) == "unknown_question"
    fold.do(BOB, WithdrawQuestion("w2", gone))
    fold.do(SPEAKER, VoteQuestion("v2", gone))
    assert sums_of(fold, kept) == [2]
    assert fold.refused(MODERATOR, ApproveQuestion("a1", gone)) == "wrong_state"


def test_gathered_votes_lean_on_the_session_and_the_later_one_of_a_person_counts() -> None:
    fold = Fold()
    question = approved(fold)
    decisions = []
    for i, up in enumerate((True, False, True)):
        decided = fold.try_(BOB, VoteQuestion(f"v{i}", question, up))
        assert isinstance(decided, Decision)
        decisions.append(decided)
    together = gathered(decisions, now=5)
    (event,) = together.events
    assert isinstance(event, VotesCast) and [vote.up for vote in event.votes] == [True, False, True]
    assert (event.by, together.leans_on, together.changes) == ("system", ("session",), ())
    fold.put(together.events)
    assert fold.state.votes == {question: {"bob"}}


def test_nothing_changes_after_the_end() -> None:
    fold = Fold()
    question = approved(fold)
    fold.do(PRODUCER, EndSession("e1"))
    for command in (
        VoteQuestion("x1", question),
        WithdrawQuestion("x2", question),
        NoteQuestion("x3", question, "late"),
        EditQuestion("x4", question, "late"),
        SetModeration("x5", "post"),
    ):
        assert fold.refused(ADA, command) == "session_ended"
