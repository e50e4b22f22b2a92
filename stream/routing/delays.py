"""How long marked packets waited in queues on their way to one viewer.

A mark's delay is when it came, by the viewer's clock, less when it left, by ours; what it has above the least
delay of half a minute it waited for. So the clocks need not agree, and may drift. The laws: single marks are
believed in nothing, the least of the last few is; what rises and falls by itself is jitter, and widens every
bound. Pure; it must not know what is sent, nor what follows from a queue.

The shape is that of draft-ietf-rmcat-gcc-02, made for few marks: no filter over every packet's delay.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, final

from stream.wire.rtcp import TransportFeedback

NEVER: Final = float("inf")

JITTER_WEIGHT: Final = 2.0
"""How far the seen jitter raises bounds of a queue."""

GROWN: Final = 0.05
"""Seconds of queue that are too much, on a path without jitter."""

STRETCH: Final = 0.1
"""Seconds between two arrivals from which on they tell how fast a queue drains, on a path without jitter."""

_ALLOWED_MOST: Final = 0.2
"""What GROWN is raised to, at most, on a path whose delay rises and falls by itself."""

_BASE_BUCKET: Final = 15.0
"""Seconds; the least delay is taken over one to two of these. Clocks that drift by 200 ppm part by 6 ms."""

_WINDOW: Final = 1.0
"""Seconds of arrivals over which the delivered rate is taken."""

_RECENT: Final = 0.4
"""Seconds of marks whose least delay stands for the queue, so that jitter and single frames do not."""

_BURST: Final = 0.004
"""Seconds between marks that left in one burst: the last of them speaks for all."""

_BEGUN: Final = 1.0
"""Seconds after a stop within which a line may have stood idle for want of a picture."""

_QUEUED_MOST: Final = 30.0
"""Seconds of waiting beyond which nobody needs to know more."""

_CYCLE: Final = float((1 << 24) * 64) / 1000.0
"""Seconds after which the reference time of feedback goes round."""

Marks = dict[int, tuple[float, int]]
"""Marks that are out, by number, oldest first: when each left, and the octets sent until then."""


@final
class Arrival:
    """A mark that came: when it left, when it came (the viewer's clock), octets before it, its queueing.

    Never changed, and no tuple: each viewer has a dozen a second, compiled at two thirds of the cost.
    """

    __slots__ = ("came", "octets", "queued", "sent")

    def __init__(self, sent: float, came: float, octets: int, queued: float) -> None:
        self.sent = sent
        self.came = came
        self.octets = octets
        self.queued = queued

    def less(self, queued: float) -> Arrival:
        """Return it with so much less of queueing, as far as there is any."""
        return Arrival(self.sent, self.came, self.octets, max(0.0, self.queued - queued))


class Delays:
    """The marks of one viewer that came."""

    __slots__ = (
        "_allowed",
        "_base",
        "_base_before",
        "_base_until",
        "_clock",
        "_last_step",
        "jitter",
        "newest",
        "recent",
    )

    def __init__(self, now: float) -> None:
        self.recent: deque[Arrival] = deque(maxlen=128)
        """Those of the last second, one a burst."""
        self.newest: Arrival | None = None
        """The one that left last."""
        self.jitter = 0.0
        """Seconds by which delays rise and fall by themselves."""
        self._last_step = 0.0
        self._clock: float | None = None
        self._base = self._base_before = NEVER
        self._base_until = now + _BASE_BUCKET
        self._allowed = GROWN

    # -- what is told ----------------------------------------------------------------------------------

    def take(self, feedback: TransportFeedback, marks: Marks, now: float) -> list[Arrival]:
        """Take the marks that came off those that are `marks`, and return them in the order of their numbers.

        Numbers that are not out are passed over: they are others'.
        """
        came = feedback.reference_time * 0.064
        if self._clock is not None and not -1e4 < came - self._clock < 1e4:
            came += round((self._clock - came) / _CYCLE) * _CYCLE
            if not -1e4 < came - self._clock < 1e4:
                self._begin_anew(now)
        self._clock = came
        found: list[Arrival] = []
        newest, base, recent, jitter, step = (
            self.newest,
            self._base,
            self.recent,
            self.jitter,
            self._last_step,
        )
        for number, delta in feedback.arrivals:
            came += delta * 1e-6
            mark = marks.pop(number, None)
            if mark is None:
                continue
            sent, octets = mark
            delay = came - sent
            if delay < base:
                base = delay
            queued = delay - (base if base < self._base_before else self._base_before)
            arrival = Arrival(sent, came, octets, queued if queued < _QUEUED_MOST else _QUEUED_MOST)
            found.append(arrival)
            if recent and sent - recent[-1].sent < _BURST:
                if sent >= recent[-1].sent:
                    recent[-1] = arrival
            else:
                if recent:
                    change = queued - recent[-1].queued
                    if (change > 0) != (step > 0):
                        size = min(abs(change), abs(step), 0.5)
                        jitter += (size - jitter) * (0.05 if size > jitter else 0.015)
                    else:
                        jitter -= jitter * 0.015
                    step = change
                recent.append(arrival)
            if newest is None or sent >= newest.sent:
                newest = arrival
        if not found or newest is None:
            return found
        self._base, self.jitter, self._last_step, self.newest = base, jitter, step, newest
        if now >= self._base_until:
            self._base_before, self._base = base, newest.came - newest.sent
            self._base_until = now + _BASE_BUCKET
        while len(recent) > 2 and recent[1].came < newest.came - _WINDOW:
            recent.popleft()
        return found

    def _begin_anew(self, now: float) -> None:
        """Forget all of a viewer whose clock jumped."""
        self.recent.clear()
        self.newest = None
        self._base = self._base_before = NEVER
        self._base_until = now + _BASE_BUCKET

    def allow(self, queued: float, seconds: float) -> None:
        """Learn from a queue that stood for so long what the path has by itself."""
        allowed = self._allowed
        if queued > allowed:
            self._allowed = min(allowed + 0.3 * seconds * (1.25 * queued - allowed), _ALLOWED_MOST)
        else:
            self._allowed = allowed - 0.02 * seconds * (allowed - GROWN)

    def rebase(self, queued: float, now: float) -> None:
        """Take so much of the delay for the path's own: it is longer now, or others fill its queue."""
        self._base = self._base_before = min(self._base, self._base_before) + queued
        self._base_until = now + _BASE_BUCKET
        shifted = [arrival.less(queued) for arrival in self.recent]
        self.recent.clear()
        self.recent.extend(shifted)
        if self.newest is not None:
            self.newest = self.newest.less(queued)

    # -- what is asked ---------------------------------------------------------------------------------

    @property
    def grown(self) -> float:
        """Seconds of queue that are too much on this path."""
        return self._allowed + JITTER_WEIGHT * self.jitter

    def queue(self) -> float:
        """Return the least queueing of the newest marks: _RECENT seconds of them, and three at least."""
        recent = self.recent
        if not recent:
            return 0.0
        since = recent[-1].sent - _RECENT
        least, count = NEVER, 0
        for arrival in reversed(recent):
            if arrival.sent < since and count >= 3:
                break
            if arrival.queued < least:
                least = arrival.queued
            count += 1  # noqa: SIM113  compiled, that makes a tuple each time
        return least

    def delivered(self) -> float:
        """Return bit/s that arrived over the window, losses not taken off; 0 where it is too short to say."""
        recent = self.recent
        if len(recent) < 2:
            return 0.0
        first, last = recent[0], recent[-1]
        lasted = last.came - first.came
        return (last.octets - first.octets) * 8 / lasted if lasted >= 0.12 else 0.0

    def drained(
        self, least: float, out: Iterable[float], lossy: float, stopped_at: float, resumed_at: float
    ) -> float:
        """Return the bit/s at which the newest marks came out of a queue; 0 if in no more than `least` s.

        `out` are the times at which the marks left that are still out, `lossy` is the part lost of late, and
        the others are when the picture was last stopped and when it last began again. While a queue lasts, no
        more comes out of it between two marks than went in, less what was dropped: so of all stretches the
        slowest tells most.
        """
        last, grown = self.recent[-1], self.grown
        came: list[Arrival] = []
        empty: Arrival | None = None
        for arrival in reversed(self.recent):
            if arrival.queued < grown:
                empty = arrival
                break
            came.append(arrival)
        if not came:
            return 0.0
        first = came[-1]
        lasted = last.came - first.came
        rate = NEVER
        if lasted > least:
            dropped = sum(first.sent < sent < last.sent for sent in out)  # the queue ran over
            share = min(1 - lossy, len(came) / (len(came) + dropped))
            rate = (last.octets - first.octets) * 8 / lasted * share
        if (
            empty is not None
            and first.queued - empty.queued > first.sent - empty.sent
            and empty.sent - resumed_at > _BEGUN
        ):
            came.append(empty)  # the line has been busy ever since
        rate = min(rate, self._slowest(came[::-1], stopped_at))
        return rate if rate < NEVER else 0.0

    def _slowest(self, came: list[Arrival], stopped_at: float) -> float:
        """Return the bit/s of the stretch of these arrivals that took longest for its octets."""
        least = STRETCH + JITTER_WEIGHT * self.jitter
        found, place = NEVER, 0
        for arrival in came:
            if came[place].sent > stopped_at:
                break  # a queue that is not ours would be taken for one that little comes out of
            while arrival.came - came[place].came >= least:
                before = came[place]
                found = min(found, (arrival.octets - before.octets) * 8 / (arrival.came - before.came))
                place += 1
        return found
