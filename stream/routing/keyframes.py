"""How often a publisher is asked for a key frame: often enough for a joiner, never a storm.

However many viewers ask, and of however many layers, a publisher hears at most two picture loss
indications a second (faults.md, row 20). Pure: time is given, the answer is whom to ask for now.
"""

from __future__ import annotations

MINIMUM_INTERVAL = 0.5
"""Seconds between two requests to one publisher."""


class KeyframeThrottle:
    """The requests of one video producer, by the SSRC of the encoding that is wanted."""

    __slots__ = ("_asked_at", "_wanted")

    def __init__(self) -> None:
        self._wanted: dict[int, float] = {}
        """Of each encoding that is wanted, when it was last asked for."""

        self._asked_at = float("-inf")

    def want(self, ssrc: int) -> None:
        """Note that somebody needs a key frame of this encoding."""
        self._wanted.setdefault(ssrc, float("-inf"))

    def arrived(self, ssrc: int) -> None:
        """Note that a key frame came, or that the encoding has ended: nobody waits for it any more."""
        self._wanted.pop(ssrc, None)

    def due(self, now: float) -> int | None:
        """Return the encoding to ask for now, the longest waiting; it is counted as asked for."""
        if not self._wanted or now - self._asked_at < MINIMUM_INTERVAL:
            return None
        ssrc = min(self._wanted, key=lambda one: self._wanted[one])
        self._wanted[ssrc] = self._asked_at = now
        return ssrc
