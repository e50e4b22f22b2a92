"""How fast one viewer is sent what is beside its live stream: a start, a retransmission, a probe.

Live packets go as they come; the estimate has room for them, or the layer would be lower. What is extra goes
through a bucket that fills at what the estimate leaves over: sound first, then the picture in its order. The
laws: never more than the bucket holds at once, so that a key frame does not drown a phone; what waits is
bounded in number and in age, and each drop is counted. Pure; it must not know packets, only their octets.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

BURST: Final = 0.04
"""Seconds of its rate that the bucket holds."""

LEAST_BURST: Final = 3_000
"""Octets it holds at least: two packets, so that something goes whatever the rate."""

SHARE: Final = 0.1
"""Part of the estimate that is left to what is extra in any case: without repair the rest is worth little."""

HASTE: Final = 1.1
"""Multiple of the estimate up to which live and extra together may go: a start shall end before long."""

MOST: Final = 512
"""Items that wait at most; the newest is refused. A start is at most 150 packets."""

OLDEST: Final = 1.0
"""Seconds an item waits at most: a later packet is of no use to a picture that goes on."""


class Pace:
    """The bucket of one viewer."""

    __slots__ = ("_at", "_level", "_rate")

    def __init__(self, now: float, estimate: float) -> None:
        self._at = now
        self._rate = 0.0
        self._level = 0.0
        self.allot(estimate, 0.0, now)
        self._level = self._most()

    @property
    def rate(self) -> float:
        """Octets a second that may go beside the live stream."""
        return self._rate

    def allot(self, estimate: float, live: float, now: float) -> None:
        """Set the rate by what the network takes and what the live stream takes of it, bit/s."""
        self._fill(now)
        self._rate = max(HASTE * estimate - live, SHARE * estimate, 0.0) / 8
        self._level = min(self._level, self._most())

    def allow(self, octets: int, now: float) -> bool:
        """Take `octets` out of the bucket if they are there; say whether they were."""
        self._fill(now)
        if octets > self._level:
            return False
        self._level -= octets
        return True

    def wait(self, octets: int, now: float) -> float:
        """Return the seconds until `octets` may go, or until the bucket is full where they are more."""
        self._fill(now)
        missing = min(float(octets), self._most()) - self._level
        return max(0.0, missing / self._rate) if self._rate else float("inf")

    def _most(self) -> float:
        return max(BURST * self._rate, LEAST_BURST)

    def _fill(self, now: float) -> None:
        if now > self._at:
            self._level = min(self._level + (now - self._at) * self._rate, self._most())
            self._at = now


class Paced(Generic[Item]):
    """What waits for one viewer's bucket: sound before picture, each in its order."""

    __slots__ = ("_pace", "_picture", "_sound", "refused", "stale")

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._sound: deque[tuple[float, int, Item]] = deque()
        self._picture: deque[tuple[float, int, Item]] = deque()
        self.refused = 0
        """Items not taken because too many waited."""
        self.stale = 0
        """Items given up because they had waited too long."""

    def __len__(self) -> int:
        return len(self._sound) + len(self._picture)

    def push(self, item: Item, octets: int, now: float, sound: bool = False) -> bool:
        """Let an item wait for its turn; False if too many do already. At most a bucketful counts of it."""
        if len(self) >= MOST:
            self.refused += 1
            return False
        (self._sound if sound else self._picture).append((now, min(octets, LEAST_BURST), item))
        return True

    def take(self, now: float) -> list[Item]:
        """Return the items whose turn it is, in the order to send them."""
        taken: list[Item] = []
        for waiting in (self._sound, self._picture):
            while waiting:
                since, octets, item = waiting[0]
                if now - since > OLDEST:
                    waiting.popleft()
                    self.stale += 1
                    continue
                if not self._pace.allow(octets, now):
                    return taken
                waiting.popleft()
                taken.append(item)
        return taken

    def clear_picture(self) -> None:
        """Forget what waits of the picture: it will begin anew."""
        self._picture.clear()
