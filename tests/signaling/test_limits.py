"""Token buckets: a burst, then the rate; never more, whatever the clock does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.limits import BUDGETS, CROWDED, MOST_BUCKETS, Bucket, Budget, Limits


@given(st.lists(st.floats(0, 100), min_size=1, max_size=100))
def test_never_more_than_burst_plus_rate(times: list[float]) -> None:
    budget = Budget(rate=2.0, burst=5)
    bucket = Bucket.full(budget, 0.0)
    times.sort()
    taken = sum(bucket.take(now) == 0.0 for now in times)
    assert taken <= budget.burst + budget.rate * times[-1]


@given(st.floats(0, 1000))
def test_waiting_as_told_is_enough(start: float) -> None:
    bucket = Bucket.full(Budget(rate=0.1, burst=3), start)
    while (wait := bucket.take(start)) == 0.0:
        pass
    assert bucket.take(start + wait + 1e-6) == 0.0


def test_a_clock_set_back_gives_nothing_and_takes_nothing() -> None:
    bucket = Bucket.full(Budget(rate=1.0, burst=1), 100.0)
    assert bucket.take(100.0) == 0.0
    assert bucket.take(50.0) > 0.0
    assert bucket.take(51.0) == 0.0


def test_identities_and_kinds_have_budgets_of_their_own() -> None:
    limits = Limits()
    for _ in range(int(BUDGETS["chat.post"].burst)):
        assert limits.take("s1", "ada", "chat.post", 0.0) == 0.0
    assert limits.take("s1", "ada", "chat.post", 0.0) > 0.0
    assert limits.take("s1", "bob", "chat.post", 0.0) == 0.0
    assert limits.take("s2", "ada", "chat.post", 0.0) == 0.0
    assert limits.take("s1", "ada", "question.ask", 0.0) == 0.0
    assert limits.take("s1", "ada", "question.approve", 0.0) == 0.0


@pytest.mark.parametrize("scope", ["address", "session", "process"])
def test_a_crowd_shares_a_budget_and_is_told_to_wait_a_second_at_least(scope: str) -> None:
    limits = Limits()
    said = 0
    while said < 10_000:
        session = "s1" if scope != "process" else f"s{said}"
        address = "hall" if scope == "address" else f"a{said}"
        wait = limits.take(session, f"p{said}", "chat.post", 0.0, address=address)
        if wait:
            break
        said += 1
    assert said == BUDGETS[scope].burst
    assert wait >= CROWDED
    assert limits.take(session, "mod", "chat.post", 0.0, address=address, staff=True) == 0.0
    assert limits.take(session, "mod", "chat.delete", 0.0, address=address, staff=True) == 0.0
    assert limits.take(session, "ada", "question.vote", 0.0, address=address) == 0.0
    assert limits.take(session, "ada", "chat.post", 1.0, address=address) == 0.0


def test_who_floods_takes_nothing_from_the_others() -> None:
    """The person is asked first: a thousand a second of one leave the crowd's budget as it was."""
    limits = Limits()
    sent = sum(
        limits.take("s1", "flooder", "chat.post", i / 1000, address="hall") == 0.0 for i in range(3000)
    )
    assert sent <= BUDGETS["chat.post"].burst + 3
    others = sum(limits.take("s1", f"p{i}", "chat.post", 3.0, address="hall") == 0.0 for i in range(300))
    assert others >= 295


def test_who_is_told_to_wait_by_the_crowd_keeps_their_own_turn() -> None:
    limits = Limits()
    for i in range(int(BUDGETS["session"].burst)):
        limits.take("s1", f"p{i}", "question.ask", 0.0)
    for _ in range(10):
        assert limits.take("s1", "ada", "question.ask", 0.0) > 0.0
    for _ in range(int(BUDGETS["question.ask"].burst)):
        assert limits.take("s1", "ada", "question.ask", 5.0) == 0.0


def test_the_number_of_buckets_is_bounded() -> None:
    limits = Limits()
    for i in range(MOST_BUCKETS + 100):
        limits.take("s1", f"p{i}", "chat.post", 0.0)
    assert len(limits._buckets) == MOST_BUCKETS
