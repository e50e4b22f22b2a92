"""How often and how long a picture stood still, counted as a viewer's browser counts it.

A freeze is an interval between two frames that is longer than three times their average, or by 0.15 s longer,
whichever is more (webrtc-stats, `freezeCount`). The relay sees frames leave, not drawn: one is taken to be
drawn when it left, or when the last repair left of what was asked for again of it or before it; and those not
at all that waited for a key frame, or that left behind the last packet known to have come when the picture
was stopped. The law: what is told is what can be known; how the way's delay moves and what a player's buffer
hides is not. Pure: time is given.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from itertools import pairwise
from typing import Final

NEVER: Final = float("inf")

WINDOW: Final = 30
"""Intervals that the average is taken of, the newest included."""

ENOUGH: Final = 5
"""Intervals there must be of them."""

LONGER: Final = 0.15
"""Seconds above the average from which on an interval may be a freeze."""

PAUSED: Final = 5.0
"""Seconds without a frame after which a picture was not frozen but paused: so Chromium has it."""

LAG: Final = 1.2
"""Seconds for which a viewer may still ask for what it lost of a frame, before it is taken for drawn."""

CUSHION: Final = 0.05
"""Seconds by which a player's buffer hides that a frame is late, once it has learnt that some are."""

_KEPT: Final = 512
_HELD: Final = 128


class Freezes:
    """The freezes of one picture. `count` of them, `seconds` in all; the one under way is not in yet."""

    __slots__ = ("_intervals", "_last", "count", "seconds")

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self._last: float | None = None
        self._intervals: deque[float] = deque(maxlen=WINDOW)

    def drawn(self, at: float) -> None:
        """Take a frame."""
        last, self._last = self._last, at
        if last is None or at - last >= PAUSED:
            return
        interval, intervals = at - last, self._intervals
        intervals.append(interval)
        if interval < LONGER or len(intervals) < ENOUGH:
            return
        average = sum(intervals) / len(intervals)
        if interval >= max(3 * average, average + LONGER):
            self.count += 1
            self.seconds += interval

    def drew(self, times: list[float]) -> None:
        """Take frames that came so evenly that nothing froze: the newest, WINDOW and one of them."""
        self._last = times[-1]
        self._intervals.extend(b - a for a, b in pairwise(times))


class Frames:
    """When the frames of a track left, whole; the newest 512 of them at most. Their places are counted."""

    __slots__ = ("_about", "_first", "_times", "uneven")

    def __init__(self) -> None:
        self._first = 0
        self._times: list[float] = []
        self._about: list[tuple[int, bool]] = []
        self.uneven = 0
        """The place behind the newest that came LONGER after the one before it."""

    @property
    def count(self) -> int:
        """How many have left: the place of the next."""
        return self._first + len(self._times)

    def left(self, temporal: int, key: bool, at: float) -> None:
        """Note a frame of that temporal layer; `key` says that it is a key frame."""
        if not self._times or at - self._times[-1] >= LONGER:
            self.uneven = self.count + 1
        self._times.append(at)
        self._about.append((temporal, key))
        if len(self._times) > _KEPT:
            dropped = _KEPT // 2
            self._first += dropped
            del self._times[:dropped], self._about[:dropped]

    def until(self, at: float) -> int:
        """Return the place behind the last that left until then."""
        return self._first + bisect_right(self._times, at)

    def between(self, since: int, until: int) -> list[tuple[float, int, bool]]:
        """Return when those of these places left, their temporal layers, and whether they are key frames."""
        begin, end = max(0, since - self._first), max(0, until - self._first)
        return [
            (at, *about) for at, about in zip(self._times[begin:end], self._about[begin:end], strict=True)
        ]


class ViewerFreezes(Freezes):
    """The freezes of a viewer's picture, which goes on from track to track, and is not drawn as it left."""

    __slots__ = ("_asked_at", "_behind", "_even", "_frames", "_held", "_limit", "_place")

    def __init__(self) -> None:
        super().__init__()
        self._frames: Frames | None = None
        self._place = 0
        self._limit = 0
        self._even = False
        """Frames were passed over that came evenly."""
        self._held: list[tuple[float, float]] = []
        """From when on frames were held back by something lost, and until when."""
        self._behind = NEVER
        self._asked_at = NEVER
        """From when on frames need a key frame to be drawn, and after when that comes."""

    # -- what happens to the picture -------------------------------------------------------------------

    def begin(self, frames: Frames, limit: int, now: float) -> None:
        """Go on with frames of a track, the first of which is drawn now."""
        self.end(now)
        self._frames, self._limit, self._place = frames, limit, frames.count
        self._held.clear()
        self._behind = self._asked_at = NEVER
        self.drawn(now)

    def limit(self, limit: int, now: float) -> None:
        """Go on in the same track under another temporal limit."""
        self._take(self._frames.count if self._frames is not None else 0)
        self._limit = limit

    def end(self, now: float) -> None:
        """Go on with nothing until something begins."""
        if self._frames is not None:
            self._take(self._frames.count)
            self._frames = None

    def lost(self, since: float, until: float) -> None:
        """Take note that of what left at `since` something was lost, and is there from `until` on, or NEVER.

        What left later waits for it.
        """
        self._held.append((since, until))
        del self._held[:-_HELD]

    def asked(self, now: float) -> None:
        """Take note that the viewer asks for a key frame: it has waited for something that does not come."""
        if self._asked_at == NEVER:
            self._asked_at = now
            self._behind = min((since for since, until in self._held if until > now - LAG), default=now)

    def settle(self, now: float) -> None:
        """Take the frames about which nothing more is to be learnt; to be called each second or so."""
        frames = self._frames
        if frames is None:
            return
        until = frames.until(now - LAG)
        calm = not self._held and self._asked_at == NEVER
        if calm and frames.uneven + WINDOW < self._place and until - self._place > WINDOW // 2:
            self._place, self._even = until, True  # as for nearly all, nearly always
        elif until > self._place:
            self._take(until)
        self._held = [held for held in self._held if held[1] > now - LAG]

    def _take(self, until: int) -> None:
        frames = self._frames
        if frames is None:
            return
        if self._even:
            self._even = False
            self.drew([at for at, _, _ in frames.between(self._place - WINDOW - 1, self._place)])
        for left, temporal, key in frames.between(self._place, until):
            if temporal > self._limit:
                continue
            if left >= self._behind:
                if not key or left < self._asked_at:
                    continue
                self._behind = self._asked_at = NEVER
            whole = max((until for since, until in self._held if since <= left), default=left)
            if whole < NEVER:
                self.drawn(max(whole - CUSHION, left, self._last or left))
        self._place = until
