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

MOST_LOST: Final = 0.3
"""Part of the live stream lost up to which its repairs, and theirs, have room whatever the estimate leaves.

An estimate that fell for loss alone may still be just above a picture, and would leave it standing.
"""

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

    def allot(self, estimate: float, live: float, now: float, lost: float = 0.0) -> None:
        """Set the rate by what the network takes and what the live stream takes of it, bit/s.

        `lost` is the part of what is sent that does not arrive, 0 to 1.
        """
        self._fill(now)
        lost = min(lost, MOST_LOST)
        again = lost / (1 - lost) * min(live, estimate)
        self._rate = max(HASTE * estimate - live, SHARE * estimate, again) / 8
        self._level = min(self._level, self._most())

    def allow(self, octets: int, now: float) -> bool:
        """Take `octets` out of the bucket if they are there; say whether they were."""
        self._fill(now)
        if octets > self._level:
            return False
        self._level -= octets
        return True

    def until(self, octets: float, now: float) -> float:
        """Return the seconds until `octets` have gone, one bucketful after the other if they are more."""
        self._fill(now)
        missing = octets - self._level
        if missing <= 0:
            return 0.0
        return missing / self._rate if self._rate else float("inf")

    def _most(self) -> float:
        return max(BURST * self._rate, LEAST_BURST)

    def _fill(self, now: float) -> None:
        if now > self._at:
            self._level = min(self._level + (now - self._at) * self._rate, self._most())
            self._at = now


class Paced(Generic[Item]):
    """What waits for one viewer's bucket: sound before picture, each in its order."""

    __slots__ = ("_octets", "_pace", "_picture", "_sound", "refused", "stale")

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._octets = 0
        self._sound: deque[tuple[float, int, Item]] = deque()
        self._picture: deque[tuple[float, int, Item]] = deque()
        self.refused = 0
        """Items not taken because too many waited."""
        self.stale = 0
        """Items given up because they had waited too long."""

    def __len__(self) -> int:
        return len(self._sound) + len(self._picture)

    def wait(self, octets: int, now: float) -> float:
        """Return the seconds until `octets` pushed now have gone, if the rate stays; at most OLDEST."""
        return min(self._pace.until(self._octets + octets, now), OLDEST)

    def push(self, item: Item, octets: int, now: float, sound: bool = False) -> bool:
        """Let an item wait for its turn; False if too many do already. At most a bucketful counts of it."""
        if len(self) >= MOST:
            self.refused += 1
            return False
        octets = min(octets, LEAST_BURST)
        (self._sound if sound else self._picture).append((now, octets, item))
        self._octets += octets
        return True

    def take(self, now: float) -> list[Item]:
        """Return the items whose turn it is, in the order to send them."""
        taken: list[Item] = []
        for waiting in (self._sound, self._picture):
            while waiting:
                since, octets, item = waiting[0]
                stale = now - since > OLDEST
                if not stale and not self._pace.allow(octets, now):
                    return taken
                waiting.popleft()
                self._octets -= octets
                if stale:
                    self.stale += 1
                else:
                    taken.append(item)
        return taken

    def clear_picture(self) -> None:
        """Forget what waits of the picture: it will begin anew."""
        self._octets = sum(octets for _, octets, _ in self._sound)
        self._picture.clear()
