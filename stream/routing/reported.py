"""What a viewer's reports come down to over a second: its loss, and the shortest way there and back.

Browsers report several times a second, and of a small picture each report speaks of a handful of packets:
one of three lost says nothing of a network. The law: no share is told of fewer than ENOUGH packets, unless so
few are sent that LONGEST passes first, or so many are lost that it cannot be chance. Pure.
"""

from __future__ import annotations

from typing import Final, NamedTuple

INTERVAL: Final = 1.0
LONGEST: Final = 2.5
"""Seconds that are told of together: at least, and at most, if there was anything."""

ENOUGH: Final = 100
"""Packets told of together. At a tenth lost, their share is off by 3 % on average."""


HEAVY: Final = 0.5
HEAVY_ENOUGH: Final = 25
"""A share told of at once, and packets it is told of: at a fifth lost, it is chance once in 2,000 times."""


class Reported(NamedTuple):
    """The share that was lost, 0 to 1, and seconds there and back, where known."""

    lost: float
    round_trip: float | None


class Reports:
    """The reports of one viewer since it was last told of."""

    __slots__ = ("_expected", "_lost", "_round_trip", "_since")

    def __init__(self, now: float) -> None:
        self._begin(now)

    def _begin(self, now: float) -> None:
        self._since = now
        self._lost = 0.0
        self._expected = 0
        self._round_trip: float | None = None

    def take(self, lost: float, expected: int, round_trip: float | None, now: float) -> Reported | None:
        """Add a report: packets lost, of how many, seconds there and back; return what there is to tell."""
        self._lost += lost
        self._expected += expected
        if round_trip is not None:
            self._round_trip = min(round_trip, self._round_trip or round_trip)
        passed = now - self._since
        enough = self._expected >= ENOUGH if passed < LONGEST else self._expected > 0
        heavy = self._expected >= HEAVY_ENOUGH and self._lost > HEAVY * self._expected
        if not heavy and (passed < INTERVAL or not enough):
            return None
        told = Reported(self._lost / self._expected, self._round_trip)
        self._begin(now)
        return told
