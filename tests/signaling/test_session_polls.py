"""Polls: every step from every state, and ballots counted once each, against a model that knows the rules."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from signaling.protocol import (
    AskQuestion,
    BallotsCast,
    CastBallot,
    ClosePoll,
    CreatePoll,
    DeletePoll,
    EditPoll,
    EndSession,
    HidePoll,
    OpenPoll,
    Person,
    PollDrafted,
    PollKind,
    PollState,
    ReopenSession,
    SetModeration,
    ShowPoll,
    ShowQuestion,
    ShowResults,
    StartSession,
    VoteQuestion,
)
from signaling.session.audience import snapshot, visible
from signaling.session.decide import decide
from signaling.session.decision import Decision
from signaling.session.fold import apply, rewrite
from signaling.session.gathered import gathered
from signaling.session.polls import MOST_POLLS, Step
from signaling.session.state import empty
from signaling.session.sums import totals, yours

from .session_events import ADA, BOB, MODERATOR, PRODUCER, Fold

VOTERS = tuple(Person(f"voter-{i}", f"Voter {i}", "viewer") for i in range(4))
LEGAL: dict[type[Step], set[PollState]] = {
    EditPoll: {"draft"},
    OpenPoll: {"draft", "closed"},
    ClosePoll: {"open"},
    ShowPoll: {"open", "closed"},
    DeletePoll: {"draft", "closed"},
}


@dataclass
class Known:
    """What the model knows of one poll."""

    kind: PollKind
    options: int
    hidden: bool
    state: PollState = "draft"
    results: bool = False
    ballots: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def counts(self) -> tuple[int, ...]:
        return tuple(sum(i in choices for choices in self.ballots.values()) for i in range(self.options))


class Polls(RuleBasedStateMachine):
    """Compares the session with a plain dictionary, and reads whatever a stranger is sent."""

    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.fold = Fold()
        self.model: dict[str, Known] = {}
        self.screen: str | None = None
        self.fold.do(MODERATOR, SetModeration("post", "post"))
        self.fold.do(ADA, AskQuestion("why", "Why?"))
        (self.question,) = self.fold.state.questions
        self.told = len(self.fold.facts)

    @rule(
        target=made,
        kind=st.sampled_from(["single", "multiple", "rating"]),
        options=st.integers(2, 4),
        hidden=st.booleans(),
    )
    def create(self, kind: PollKind, options: int, hidden: bool) -> str:
        names = tuple(f"option {i}" for i in range(options))
        text = f"poll-{len(self.fold.facts)}."
        (event,) = self.fold.do(MODERATOR, CreatePoll(self.fold.new_id(), text, kind, names, hidden))
        assert isinstance(event, PollDrafted)
        self.model[event.poll.id] = Known(kind, options, hidden)
        return event.poll.id

    @rule(poll=made, step=st.sampled_from([OpenPoll, ClosePoll, ShowPoll, DeletePoll]))
    def take_step(self, poll: str, step: type[OpenPoll | ClosePoll | ShowPoll | DeletePoll]) -> None:
        known = self.model.get(poll)
        outcome = self.fold.try_(MODERATOR, step(self.fold.new_id(), poll))
        if known is None:
            assert not isinstance(outcome, Decision)
            return
        so = (step, known.state) in {(OpenPoll, "open"), (ClosePoll, "closed")} or (
            step is ShowPoll and self.screen == poll
        )
        legal = known.state in LEGAL[step]
        assert isinstance(outcome, Decision) == (legal or so)
        if so:
            assert isinstance(outcome, Decision) and not outcome.events
        elif legal and step is OpenPoll:
            known.state, known.results = "open", not known.hidden
        elif legal and step is ClosePoll:
            known.state, known.results = "closed", True
        elif legal and step is ShowPoll:
            self.screen = poll
        elif legal:
            del self.model[poll]
            self.screen = None if self.screen == poll else self.screen

    @rule(poll=made, shown=st.booleans())
    def show_results(self, poll: str, shown: bool) -> None:
        known = self.model.get(poll)
        outcome = self.fold.try_(MODERATOR, ShowResults(self.fold.new_id(), poll, shown))
        assert isinstance(outcome, Decision) == (known is not None and known.state == "closed")
        if known is not None and known.state == "closed":
            known.results = shown

    @rule(poll=made)
    def hide(self, poll: str) -> None:
        outcome = self.fold.try_(MODERATOR, HidePoll(self.fold.new_id(), poll))
        assert isinstance(outcome, Decision) == (poll in self.model)
        self.screen = None if self.screen == poll else self.screen

    @rule()
    def show_the_question(self) -> None:
        self.fold.do(MODERATOR, ShowQuestion(self.fold.new_id(), self.question))
        self.screen = self.question

    @rule()
    def end_and_take_it_back(self) -> None:
        for command in (EndSession(self.fold.new_id()), ReopenSession(self.fold.new_id())):
            self.fold.do(PRODUCER, command)
        for known in self.model.values():
            if known.state == "open":
                known.state, known.results = "closed", True
        self.screen = None if self.screen == self.question else self.screen

    @rule(poll=made, voter=st.sampled_from(VOTERS), choices=st.lists(st.integers(0, 4), max_size=3))
    def vote(self, poll: str, voter: Person, choices: list[int]) -> None:
        known = self.model.get(poll)
        outcome = self.fold.try_(voter, CastBallot(self.fold.new_id(), poll, tuple(choices)))
        chosen = set(choices)
        legal = (
            known is not None
            and known.state == "open"
            and all(choice < known.options for choice in chosen)
            and (len(chosen) <= 1 or known.kind == "multiple")
        )
        assert isinstance(outcome, Decision) == legal
        if legal and known is not None:
            known.ballots.pop(voter.id, None)
            if chosen:
                known.ballots[voter.id] = tuple(sorted(chosen))

    @invariant()
    def agree(self) -> None:
        state = self.fold.state
        assert {p.id: (p.state, p.results) for p in state.polls.values()} == {
            id_: (known.state, known.results) for id_, known in self.model.items()
        }
        for voter in VOTERS:
            mine = {ballot.poll: ballot.choices for ballot in yours(state, voter.id).ballots}
            assert mine == {i: k.ballots[voter.id] for i, k in self.model.items() if voter.id in k.ballots}

    @invariant()
    def one_thing_is_on_screen(self) -> None:
        state = self.fold.state
        shown = [poll.id for poll in state.polls.values() if poll.on_screen]
        shown += [state.on_screen.id] if state.on_screen else []
        assert shown == ([self.screen] if self.screen else [])

    @invariant()
    def results_are_seen_by_those_who_may(self) -> None:
        for audience in ("public", "speakers", "staff"):
            tick = totals(self.fold.state, audience)
            seen = {total.poll: (total.voters, total.counts) for total in (tick.polls if tick else ())}
            assert seen == {
                id_: (len(known.ballots), known.counts() if known.results or audience == "staff" else None)
                for id_, known in self.model.items()
                if known.ballots
            }

    @invariant()
    def nobody_is_told_of_drafts_or_of_who_chose_what(self) -> None:
        state = self.fold.state
        fresh, self.told = self.fold.facts[self.told :], len(self.fold.facts)
        for audience in ("public", "staff"):
            seen = msgspec.json.encode(
                [
                    visible(fresh, state, audience, "stranger"),
                    visible(self.fold.facts, state, audience, "stranger"),
                    snapshot(state, audience, "stranger"),
                    totals(state, audience),
                ]
            ).decode()
            assert "voter-" not in seen and "poll.ballots" not in seen
            for id_, known in self.model.items():
                if audience == "public" and known.state == "draft":
                    assert id_ not in seen and state.polls[id_].text not in seen
        assert b"voter-" not in msgspec.json.encode([fact.event for fact in self.fold.facts])

    def teardown(self) -> None:
        """Write the log anew: it leads to the same polls."""
        state = empty("s1")
        for seq, event in enumerate(rewrite(self.fold.state, 99), start=1):
            state = apply(state, msgspec.structs.replace(event, seq=seq))
        assert (state.polls, state.ballots) == (self.fold.state.polls, self.fold.state.ballots)


TestPolls = Polls.TestCase
TestPolls.settings = settings(max_examples=60, stateful_step_count=40)


def created(fold: Fold, kind: PollKind = "single", options: tuple[str, ...] = ("yes", "no")) -> str:
    (event,) = fold.do(MODERATOR, CreatePoll(fold.new_id(), "Is it?", kind, options))
    assert isinstance(event, PollDrafted)
    return event.poll.id


def opened(fold: Fold, kind: PollKind = "single", options: tuple[str, ...] = ("yes", "no")) -> str:
    poll = created(fold, kind, options)
    fold.do(MODERATOR, OpenPoll(fold.new_id(), poll))
    return poll


def test_a_rating_has_five_steps_unless_told_otherwise() -> None:
    fold = Fold()
    created(fold, "rating", ())
    created(fold, "rating", ("bad", "good"))
    assert [p.options for p in fold.state.polls.values()] == [("1", "2", "3", "4", "5"), ("bad", "good")]


@pytest.mark.parametrize(
    ("text", "kind", "options", "code"),
    [
        (" ", "single", ("yes", "no"), "empty_text"),
        ("Is it?", "single", ("yes", " "), "empty_text"),
        ("Is it?", "single", ("yes",), "invalid"),
        ("Is it?", "multiple", (), "invalid"),
        ("Is it?", "single", ("yes", " yes "), "invalid"),
    ],
)
def test_a_poll_needs_a_text_and_two_options(
    text: str, kind: PollKind, options: tuple[str, ...], code: str
) -> None:
    fold = Fold()
    assert fold.refused(MODERATOR, CreatePoll("c1", text, kind, options)) == code
    poll = created(fold)
    assert fold.refused(MODERATOR, EditPoll("c2", poll, text, kind, options)) == code


def test_a_draft_is_drafted_anew_until_it_is_open() -> None:
    fold = Fold()
    poll = created(fold)
    fold.do(MODERATOR, EditPoll("e1", poll, "Was it?", "multiple", ("a", "b", "c"), hidden=True))
    now = fold.state.polls[poll]
    assert (now.text, now.kind, now.options, now.hidden) == ("Was it?", "multiple", ("a", "b", "c"), True)
    fold.do(MODERATOR, OpenPoll("o1", poll))
    assert fold.refused(MODERATOR, EditPoll("e2", poll, "Is it?", "single", ("a", "b"))) == "wrong_state"


def test_polls_are_bounded_and_unknown_ones_unknown() -> None:
    fold = Fold()
    for _ in range(MOST_POLLS):
        draft = created(fold)
    assert fold.refused(MODERATOR, CreatePoll("c1", "One more?", "rating")) == "too_many"
    assert fold.refused(BOB, CastBallot("c2", draft, (0,))) == "unknown_poll", "a draft is not his to see"
    assert fold.refused(MODERATOR, OpenPoll("c3", "v-none")) == "unknown_poll"


def test_a_ballot_that_fits_no_poll_is_refused() -> None:
    fold = Fold()
    single, many = opened(fold), opened(fold, "multiple")
    assert fold.refused(BOB, CastBallot("c1", single, (0, 1))) == "invalid"
    assert fold.refused(BOB, CastBallot("c2", many, (2,))) == "invalid"
    fold.do(BOB, CastBallot("c3", many, (1, 0, 1)))
    assert [ballot.choices for ballot in yours(fold.state, "bob").ballots] == [(0, 1)]


def test_a_deleted_poll_is_in_no_history() -> None:
    fold = Fold()
    poll = opened(fold)
    fold.do(MODERATOR, ClosePoll("c1", poll))
    assert b"Is it?" in msgspec.json.encode(visible(fold.facts, fold.state, "public", "bob"))
    fold.do(MODERATOR, DeletePoll("d1", poll))
    told = msgspec.json.encode(visible(fold.facts, fold.state, "public", "bob"))
    assert b"Is it?" not in told and b"poll.deleted" in told


def test_what_is_put_on_screen_touches_what_must_leave_it() -> None:
    fold = Fold()
    first, second = opened(fold), opened(fold)
    fold.do(MODERATOR, ShowPoll("s1", first))
    outcome = fold.try_(MODERATOR, ShowPoll("s2", second))
    assert isinstance(outcome, Decision)
    assert set(outcome.changes) == {"screen", f"poll:{first}", f"poll:{second}"}


def test_gathered_ballots_lean_on_their_polls_and_share_events_with_votes() -> None:
    fold = Fold()
    poll = opened(fold)
    fold.do(MODERATOR, SetModeration("m1", "post"))
    fold.do(ADA, AskQuestion("q1", "Why?"))
    (question,) = fold.state.questions
    decisions = []
    for command in (CastBallot("b1", poll, (0,)), VoteQuestion("v1", question), CastBallot("b2", poll, (1,))):
        decided = fold.try_(BOB, command)
        assert isinstance(decided, Decision)
        decisions.append(decided)
    together = gathered(decisions, now=5)
    assert set(together.leans_on) == {"session", f"poll:{poll}"} and not together.changes
    votes, ballots = together.events
    assert isinstance(ballots, BallotsCast) and [b.choices for b in ballots.ballots] == [(0,), (1,)]
    assert votes.by == ballots.by == "system"
    fold.put(together.events)
    tick = totals(fold.state, "public")
    assert tick is not None and tick.polls[0].counts == (0, 1) and tick.votes[0].votes == 1


def test_nothing_changes_after_the_end() -> None:
    fold = Fold()
    poll = opened(fold)
    fold.do(PRODUCER, EndSession("e1"))
    assert fold.refused(BOB, CastBallot("x1", poll, (0,))) == "session_ended"
    assert fold.refused(MODERATOR, ClosePoll("x2", poll)) == "session_ended"


def test_a_poll_that_is_opened_as_the_session_ends_does_not_stay_open() -> None:
    fold = Fold()
    fold.do(PRODUCER, StartSession("s1"))
    ending = decide(fold.state, PRODUCER, EndSession("e1"), now=5)
    poll = created(fold)
    opening = fold.try_(MODERATOR, OpenPoll("o1", poll))
    assert isinstance(ending, Decision) and isinstance(opening, Decision)
    assert not set(opening.changes).isdisjoint((*ending.leans_on, *ending.changes)), "the end decides anew"
