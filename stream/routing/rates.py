"""How many bits a second a track takes, for each limit of its temporal layers, as seen of late.

Pure: time is given. A viewer's layers are chosen by this, so what goes over the wire is counted: headers,
authentication tags and the datagram's own head too.
"""

from __future__ import annotations

from collections import deque

from stream.routing.packet_ring import FULL

WINDOW = 1.5
"""Seconds looked back on: longer than the slowest cycle of frame sizes, shorter than patience."""

OVERHEAD = 72
"""Octets around a payload: RTP header and extensions 28, tag 16 (RFC 7714), UDP and IPv4 28."""

_STEP = 0.25
_LEAST = 0.5
"""Seconds a rate is taken over at least."""

_PAUSE = 0.7
"""Seconds without a packet after which it is measured anew: what was switched off is back as it was."""


class RateMeter:
    """The rates of one track."""

    __slots__ = ("_counted_at", "_octets", "_samples")

    def __init__(self) -> None:
        self._octets = [0] * (FULL + 1)
        self._counted_at = float("-inf")
        self._samples: deque[tuple[float, tuple[int, ...]]] = deque()

    def count(self, payload: int, temporal: int, now: float) -> None:
        """Count one packet by the octets of its payload."""
        samples = self._samples
        if now - self._counted_at > _PAUSE:
            samples.clear()
        self._counted_at = now
        if not samples or now - samples[-1][0] >= _STEP:
            samples.append((now, tuple(self._octets)))
            while len(samples) > 2 and samples[1][0] <= now - WINDOW:
                samples.popleft()
        self._octets[temporal] += payload + OVERHEAD

    def bitrate(self, limit: int, now: float) -> float:
        """Return bit/s of what is left under a temporal limit."""
        if not self._samples:
            return 0.0
        began, before = next(
            (sample for sample in reversed(self._samples) if sample[0] <= now - WINDOW), self._samples[0]
        )
        octets = sum(self._octets[: limit + 1]) - sum(before[: limit + 1])
        return octets * 8 / max(now - began, _LEAST)
