"""Recognising the publisher's packets by their headers."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from stream.bench.matching import IN_A_ROW, Shift, Stamp, frames, match


def sent(seed: int, count: int = 120) -> list[Stamp]:
    """A publisher's frames: even timestamps with a small irregularity, some packets each."""
    dice = random.Random(seed)
    made, index = [], 0
    for number in range(count):
        packets = dice.randrange(6, 9)
        made.append(Stamp((4_294_000_000 + number * 3000 + dice.randrange(90)) & 0xFFFFFFFF, index, packets))
        index += packets
    return made


def packets_of(stamps: list[Stamp], shift: Shift) -> list[tuple[int, int]]:
    return [
        ((stamp.first + number + shift.sequence) & 0xFFFF, (stamp.timestamp + shift.timestamp) & 0xFFFFFFFF)
        for stamp in stamps
        for number in range(stamp.packets)
    ]


@given(
    st.integers(0, 1000),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 100),
    st.integers(0, 5),
)
def test_shifts_are_found_wherever_a_viewer_begins(
    seed: int, sequence: int, timestamp: int, start: int, cut: int
) -> None:
    stamps = sent(seed)
    shift = Shift(sequence, timestamp)
    received = packets_of(stamps[start : start + IN_A_ROW + 2], shift)[cut:]
    assert match(stamps, frames(received)) == shift


def test_a_frame_more_or_less_in_the_middle_is_no_match() -> None:
    stamps = sent(1)
    received = packets_of([*stamps[10:14], *stamps[15:19]], Shift(0, 0))
    renumbered = [(number, timestamp) for number, (_, timestamp) in enumerate(received)]
    assert match(stamps, frames(renumbered)) is None


def test_what_occurs_twice_is_no_match() -> None:
    even = [Stamp(number * 3000, number * 7, 7) for number in range(50)]
    assert match(even, frames(packets_of(even[10:20], Shift(5, 5)))) is None


def test_too_little_is_no_match() -> None:
    stamps = sent(2)
    assert match(stamps, frames(packets_of(stamps[:IN_A_ROW], Shift(0, 0)))) is None


def test_a_gap_begins_anew() -> None:
    assert frames([(1, 10), (2, 10), (3, 20), (5, 30), (6, 30), (7, 40)]) == [
        Stamp(30, 5, 2),
        Stamp(40, 7, 1),
    ]
    assert frames([(0xFFFF, 10), (0, 10)]) == [Stamp(10, 0xFFFF, 2)]
