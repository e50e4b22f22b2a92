"""How often a publisher is asked for a key frame: often enough for a joiner, never a storm.

However many viewers ask, a publisher hears at most two picture loss indications a second (faults.md,
row 20). Pure: time is given, the answer is whether to ask now.
"""

from __future__ import annotations

MINIMUM_INTERVAL = 0.5
"""Seconds between two requests to one publisher."""


class KeyframeThrottle:
    """The requests of one video producer."""

    __slots__ = ("_asked_at", "_wanted")

    def __init__(self) -> None:
        self._wanted = False
        self._asked_at = float("-inf")

    def want(self) -> None:
        """Note that somebody needs a key frame."""
        self._wanted = True

    def arrived(self) -> None:
        """Note that a key frame came: whoever waited has it."""
        self._wanted = False

    def due(self, now: float) -> bool:
        """Tell whether to send a request now; a True is counted as sent."""
        if not self._wanted or now - self._asked_at < MINIMUM_INTERVAL:
            return False
        self._asked_at = now
        return True
