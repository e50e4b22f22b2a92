"""Whose turn it is on the floor: plain examples of the fair order, and of its reasons."""

from __future__ import annotations

import pytest

from signaling.protocol import FloorQueue, Hand, Person, Place, Rooms, Why
from signaling.session.turns import MOST_IN_LINE, following, in_order, view


def hand(name: str, place: Place = "online", since: int = 0, *, first: bool = False) -> Hand:
    return Hand(name, Person(name, name.title(), "viewer", place=place), at=0, since=since, first=first)


def queue(
    *hands: Hand, ratio: tuple[int, int] = (1, 1), turns: tuple[int, int] = (0, 0), **spoken: int
) -> FloorQueue:
    return FloorQueue(True, Rooms(*ratio), Rooms(*turns), hands, spoken)


def order(queue: FloorQueue) -> list[str]:
    return [hand.id for hand in in_order(queue)]


def next_of(queue: FloorQueue) -> tuple[str, Why] | None:
    found = following(queue)
    return found and (found[0].id, found[1])


def test_nobody_and_only_one() -> None:
    assert next_of(queue()) is None
    assert next_of(queue(hand("a"))) == ("a", Why("only"))


def test_who_has_waited_longest_goes_first_and_a_tie_goes_by_the_log() -> None:
    waiting = queue(hand("b", since=2), hand("a", since=1), hand("c", since=2))
    assert order(waiting) == ["a", "b", "c"]
    assert next_of(waiting) == ("a", Why("earliest", {"since": 1}))


def test_who_has_spoken_waits_behind_who_has_not_and_twice_behind_once() -> None:
    waiting = queue(hand("a", since=1), hand("b", since=2), hand("c", since=3), a=2, b=1)
    assert order(waiting) == ["c", "b", "a"]
    assert next_of(waiting) == ("c", Why("fewer_turns", {"turns": 0}))


def test_rooms_take_turns_by_the_ratio() -> None:
    hall = [hand(f"h{i}", "hall", since=i) for i in range(4)]
    online = [hand(f"o{i}", since=10 + i) for i in range(4)]
    assert order(queue(*hall, *online)) == ["h0", "o0", "h1", "o1", "h2", "o2", "h3", "o3"]
    assert order(queue(*hall, *online, ratio=(2, 1))) == ["h0", "h1", "o0", "h2", "h3", "o1", "o2", "o3"]
    assert order(queue(*hall, *online, ratio=(0, 1)))[:4] == ["o0", "o1", "o2", "o3"]


def test_the_reason_of_a_room_tells_the_turns_and_the_ratio() -> None:
    waiting = queue(hand("h", "hall", since=1), hand("o", since=2), ratio=(2, 1), turns=(4, 1))
    numbers = {"hall_turns": 4, "online_turns": 1, "hall_ratio": 2, "online_ratio": 1}
    assert next_of(waiting) == ("o", Why("ratio", numbers))


def test_a_room_that_has_waited_for_nothing_gets_nothing_back() -> None:
    """Turns while only one room waited count for neither: the other does not get them later in a row."""
    alone = queue(*(hand(f"o{i}", since=i) for i in range(20)))
    assert order(alone) == [f"o{i}" for i in range(20)]
    both = queue(*(hand(f"{place[0]}{i}", place, since=i) for i in range(3) for place in ("online", "hall")))
    assert order(both) == ["o0", "h0", "o1", "h1", "o2", "h2"]


def test_fewer_turns_come_before_the_ratio() -> None:
    waiting = queue(hand("h", "hall", since=1), hand("o", since=2), turns=(0, 9), h=1)
    assert next_of(waiting) == ("o", Why("fewer_turns", {"turns": 0}))


def test_who_was_let_go_first_goes_before_all_in_the_order_they_were_let() -> None:
    waiting = queue(hand("a", since=1), hand("c", since=9, first=True), hand("b", since=8, first=True), b=3)
    assert order(waiting) == ["b", "c", "a"]
    assert next_of(waiting) == ("b", Why("first"))


@pytest.mark.parametrize("count", [0, 1, MOST_IN_LINE, MOST_IN_LINE + 7])
def test_a_view_tells_the_first_of_the_line_and_counts_all(count: int) -> None:
    told = view(queue(*(hand(f"p{i}", "hall" if i % 2 else "online", since=i) for i in range(count))))
    assert len(told.line) == min(count, MOST_IN_LINE)
    assert told.waiting == Rooms(count // 2, count - count // 2)
    assert (told.next is None) is (count == 0)
    assert told.next is None or told.next.hand == told.line[0].id
