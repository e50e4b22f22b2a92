"""Whose turn it is: the fair order of the floor, and the reason for it. Pure.

The law, in this order: who was let go first goes first; who has had fewer turns goes before who has had
more; of two rooms that both wait, the one goes that is behind its share; then who has waited longer. A
turn counts for a room's share only while somebody of the other room waits too, since nobody is passed over
otherwise. So over all turns that were contended for, each room has its share, give or take one turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from signaling.protocol import Floor, FloorQueue, Hand, Next, Place, Rooms, Why

MOST_IN_LINE = 50
"""Hands told in order; who is behind them knows that they are."""

_changed = msgspec.structs.replace


def view(queue: FloorQueue) -> Floor:
    """Return the floor as everybody may see it."""
    waiting = [hand for hand in queue.hands if hand.state == "waiting"]
    upcoming = following(queue)
    return Floor(
        open=queue.open,
        ratio=queue.ratio,
        turns=queue.turns,
        waiting=_count(waiting),
        line=tuple(islice(in_order(queue), MOST_IN_LINE)),
        next=upcoming and Next(upcoming[0].id, upcoming[1]),
        called=at(queue, "called"),
        speaking=at(queue, "speaking"),
    )


def at(queue: FloorQueue, state: str) -> Hand | None:
    """Return the one hand that is called, or that speaks."""
    return next((hand for hand in queue.hands if hand.state == state), None)


def in_order(queue: FloorQueue) -> Iterator[Hand]:
    """Yield those who wait in the order in which they would be called, if nothing else happened."""
    while (upcoming := following(queue)) is not None:
        hand = upcoming[0]
        yield hand
        queue = _changed(
            queue,
            turns=counted(queue.turns, hand, 1) if contended(queue, hand) else queue.turns,
            hands=tuple(other for other in queue.hands if other is not hand),
        )


def following(queue: FloorQueue) -> tuple[Hand, Why] | None:
    """Return who is next, and why; None if nobody waits."""
    waiting = [hand for hand in queue.hands if hand.state == "waiting"]
    if not waiting:
        return None
    if len(waiting) == 1:
        return waiting[0], Why("only")
    ahead = [hand for hand in waiting if hand.first]
    if ahead:
        return _earliest(ahead), Why("first")
    equals = _with_fewest_turns(queue, waiting)
    hall, online = _earliest_in(equals, "hall"), _earliest_in(equals, "online")
    if hall is not None and online is not None:
        behind = _behind(queue)
        if behind is not None:
            numbers = {
                "hall_turns": queue.turns.hall,
                "online_turns": queue.turns.online,
                "hall_ratio": queue.ratio.hall,
                "online_ratio": queue.ratio.online,
            }
            return (hall if behind == "hall" else online), Why("ratio", numbers)
    chosen = _earliest(equals)
    if chosen is not _earliest(waiting):
        return chosen, Why("fewer_turns", {"turns": turns_of(queue, chosen)})
    return chosen, Why("earliest", {"since": chosen.since})


def contended(queue: FloorQueue, hand: Hand) -> bool:
    """Say whether calling this hand uses up a turn of its room: one of the other room could have gone."""
    waiting = [other for other in queue.hands if other.state == "waiting" and not other.first]
    equals = _with_fewest_turns(queue, waiting)
    return not hand.first and any(other.person.place != hand.person.place for other in equals)


def counted(turns: Rooms, hand: Hand, number: int) -> Rooms:
    """Return the turns with `number` more for the hand's room."""
    if hand.person.place == "hall":
        return Rooms(turns.hall + number, turns.online)
    return Rooms(turns.hall, turns.online + number)


def turns_of(queue: FloorQueue, hand: Hand) -> int:
    """Return how often the person has spoken in this session."""
    return queue.spoken.get(hand.person.id, 0)


def _behind(queue: FloorQueue) -> Place | None:
    """Return the room that would have less than its share after a turn of the other; None if equal."""
    after_hall = (queue.turns.hall + 1) * queue.ratio.online
    after_online = (queue.turns.online + 1) * queue.ratio.hall
    if after_hall == after_online:
        return None
    return "hall" if after_hall < after_online else "online"


def _with_fewest_turns(queue: FloorQueue, hands: Iterable[Hand]) -> list[Hand]:
    turns = [(turns_of(queue, hand), hand) for hand in hands]
    fewest = min((had for had, _ in turns), default=0)
    return [hand for had, hand in turns if had == fewest]


def _earliest(hands: Iterable[Hand]) -> Hand:
    # Of two in the same millisecond, the one whose fact comes first in the log, as the queue has them.
    return min(hands, key=lambda hand: hand.since)


def _earliest_in(hands: Iterable[Hand], place: Place) -> Hand | None:
    return min(
        (hand for hand in hands if hand.person.place == place), key=lambda hand: hand.since, default=None
    )


def _count(hands: list[Hand]) -> Rooms:
    hall = sum(hand.person.place == "hall" for hand in hands)
    return Rooms(hall, len(hands) - hall)
