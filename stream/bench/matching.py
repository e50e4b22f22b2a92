"""Which of the publisher's packets a viewer's packet is, told from its clear header alone.

A relay moves sequence numbers and timestamps by constants that a viewer does not know. The publisher's
timestamps have a small irregularity, as a capture clock's have, so a handful of them in a row occurs once
only: that fixes both constants. Pure; the law: no match is better than a wrong one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

IN_A_ROW: Final = 6
"""Frames that must agree in their timestamps' differences and, but for the last, in packets."""


class Stamp(NamedTuple):
    """A frame as seen in headers: its timestamp, its first packet's number, how many packets it has."""

    timestamp: int
    first: int
    packets: int


class Shift(NamedTuple):
    """What was added to the publisher's numbers, modulo 2^16 and 2^32."""

    sequence: int
    timestamp: int


def frames(packets: Sequence[tuple[int, int]]) -> list[Stamp]:
    """Gather packets `(sequence, timestamp)`, in order of arrival, into frames; begin anew at a gap."""
    found: list[Stamp] = []
    expected: int | None = None
    for sequence, timestamp in packets:
        if sequence != expected:
            found.clear()
        if found and found[-1].timestamp == timestamp:
            found[-1] = found[-1]._replace(packets=found[-1].packets + 1)
        else:
            found.append(Stamp(timestamp, sequence, 1))
        expected = (sequence + 1) & 0xFFFF
    return found


def match(sent: Sequence[Stamp], received: Sequence[Stamp]) -> Shift | None:
    """Find the received frames among those sent; None where there is no one place for them.

    The first received frame may be cut, the last may be incomplete: neither is compared by its packets.
    """
    tail = received[1:][-IN_A_ROW:]
    if len(tail) < IN_A_ROW:
        return None
    wanted = _steps(tail)
    steps = _steps(sent)
    places = [
        start
        for start in range(len(sent) - IN_A_ROW + 1)
        if steps[start] == wanted[0]
        and steps[start : start + IN_A_ROW - 1] == wanted
        and all(a.packets == b.packets for a, b in zip(sent[start:], tail[:-1], strict=False))
    ]
    if len(places) != 1:
        return None
    source = sent[places[0]]
    return Shift((tail[0].first - source.first) & 0xFFFF, (tail[0].timestamp - source.timestamp) & 0xFFFFFFFF)


def _steps(stamps: Sequence[Stamp]) -> list[int]:
    return [(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in pairwise(stamps)]
