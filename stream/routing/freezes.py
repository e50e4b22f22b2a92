"""How often and how long a picture stood still. Pure: time is given."""

from __future__ import annotations

FREEZE = 0.5
"""Seconds without a packet of a picture that count as a freeze (faults.md, row 8)."""


class Freezes:
    """The freezes of one picture. `count` of them, `seconds` in all; the one under way is not in yet."""

    __slots__ = ("_last", "count", "seconds")

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self._last: float | None = None

    def moved(self, now: float) -> None:
        """Note that something of the picture came."""
        if self._last is not None and now - self._last > FREEZE:
            self.count += 1
            self.seconds += now - self._last
        self._last = now

    def rest(self) -> None:
        """Note that no picture is expected until the next one."""
        self._last = None
