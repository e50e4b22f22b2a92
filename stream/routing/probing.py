"""When to try whether a viewer's network takes more, how, and what a try has shown.

Who reports arrivals is probed: for a moment more is sent, in marked packets, and it is looked at what came of
it. Who does not has a trial: more is tried in earnest, and reports speak against it or not. The laws: a try
builds no more queue than it may; who tried in vain waits twice as long before the next; what a probe found is
believed once some seconds have passed without a queue. Pure; it must not know layers or packets.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from stream.routing.delays import JITTER_WEIGHT, NEVER, Arrival, Delays

CEILING: Final = 50_000_000.0
"""Bit/s above which no estimate goes."""

TICK: Final = 0.01
"""Seconds between two portions of a probe."""

PROBE_QUEUE: Final = 0.12
"""Seconds of queue that a failing probe may build at worst; sets how much for how long."""

ENOUGH: Final = 1.15
"""An estimate this many times what is wanted needs no probe."""

_LEAST: Final = 0.1
_MOST: Final = 0.4
"""Seconds a probe lasts."""

_HEADROOM: Final = 1.25
"""What a try is for, as a multiple of what is wanted."""

_PUSH: Final = 1.15
"""How much more the next one tries for, where a picture that sent less just then left a probe short."""

_NEXT: Final = 0.5
_WAIT_FIRST: Final = 1.0
_WAIT_MOST: Final = 6.0
"""Seconds to the next probe: after a success; after a failure, doubled each time; at most."""

_PROVEN: Final = 4.0
"""Seconds without a queue after which what a probe found is believed."""

_TRIAL: Final = 2.5
_TRIAL_WAIT: Final = 5.0
_TRIAL_WAIT_MOST: Final = 40.0
"""The same for trials: how long one lasts, and the seconds between them."""


class Probe(NamedTuple):
    """Padding or repetition to send: `octets` in each `TICK`, `ticks` times, each packet marked."""

    octets: int
    ticks: int


class Probing:
    """The probes and trials of one viewer."""

    __slots__ = (
        "_alone",
        "_arrivals",
        "_base",
        "_end",
        "_marks",
        "_next",
        "_proved_at",
        "_push",
        "_start",
        "_strikes",
        "_target",
        "_trial_from",
        "_trial_until",
        "_wait",
        "_whole",
        "failed",
        "made",
    )

    def __init__(self, now: float) -> None:
        self.made = 0
        self.failed = 0
        """Tries so far, and those in vain."""
        self._arrivals: list[Arrival] | None = None
        """What came of the probe under way; None without one."""
        self._start = self._end = -NEVER
        self._alone = False
        """No picture went beside it."""
        self._base = 0.0
        """The queue it began with, seconds."""
        self._marks = 0
        self._whole = True
        """Whether no feedback message about it is missing."""
        self._target = 0.0
        self._push = 1.0
        self._proved_at = -NEVER
        self._strikes = 0
        """How often a queue followed what a probe had found."""
        self._wait = _WAIT_FIRST
        self._next = now + 2.0
        self._trial_from: float | None = None
        """The estimate before the trial under way."""
        self._trial_until = -NEVER

    # -- what is asked ---------------------------------------------------------------------------------

    @property
    def probing(self) -> bool:
        """Whether a probe is under way."""
        return self._arrivals is not None

    @property
    def trying(self) -> bool:
        """Whether a trial is under way."""
        return self._trial_from is not None

    @property
    def idle(self) -> bool:
        """Whether nothing is being tried."""
        return self._arrivals is None and self._trial_from is None

    def due(self, now: float) -> bool:
        """Tell whether it is time for the next try."""
        return self._arrivals is None and now >= self._next

    def covers(self, sent: float) -> bool:
        """Tell whether a mark that left then was part of the last probe."""
        return self._start <= sent <= self._end

    def just_ended(self, now: float) -> bool:
        """Tell whether a queue of now may be the last probe's own doing."""
        return now - self._end < 0.7

    def overdue(self, now: float, patience: float) -> bool:
        """Tell whether what a probe has left to hear of should have come by now."""
        return self._arrivals is not None and now > self._end + patience + 0.3

    def proven(self, now: float) -> bool:
        """Tell whether what there is was just shown by a probe, or is being tried in earnest."""
        return self._trial_from is not None or now - self._proved_at < 1.0

    def rest(self, seconds: float, now: float) -> None:
        """Try nothing for so long."""
        self._next = max(self._next, now + seconds)

    def pause(self, least: float) -> float:
        """Return the seconds to leave the path alone after a queue: `least` and more."""
        return max(least, self._wait)

    # -- probes ----------------------------------------------------------------------------------------

    def begin(
        self, wanted: float, estimate: float, rate: float, delays: Delays, now: float, *, alone: bool
    ) -> Probe:
        """Begin a probe for `wanted` bit/s in all, where `rate` is sent now; return what to send.

        `alone` says that no picture goes beside it.
        """
        known = max(estimate, rate)
        least = min(_LEAST * (1 + self._strikes) + 2 * delays.jitter, _MOST)
        target = min(_HEADROOM * wanted * self._push, known * (1 + PROBE_QUEUE / least))
        lasts = PROBE_QUEUE * known / (target - known) if target > known else _MOST
        lasts = min(max(lasts, least), _MOST)
        octets = max(target - rate, 0.1 * target) * TICK / 8
        self._arrivals = []
        self._start, self._end = now, now + lasts
        self._base = delays.queue()
        self._alone = alone
        self._marks = 0
        self._whole = True
        self._target = min(target, ENOUGH * wanted)
        self.made += 1
        return Probe(int(octets) + 1, round(lasts / TICK))

    def sent(self, now: float) -> None:
        """Note a mark that leaves."""
        if self._arrivals is not None and self._start <= now <= self._end:
            self._marks += 1

    def came(self, arrival: Arrival) -> None:
        """Note a mark of a probe's time that came."""
        if self._arrivals is not None:
            self._arrivals.append(arrival)

    def miss_feedback(self) -> None:
        """Take note that a feedback message is missing: what did not come is not known."""
        self._whole = False

    def judge(self, estimate: float, loss: float, delays: Delays, now: float, at_end: bool = False) -> float:
        """Decide a probe once what followed it has arrived, or at once where a queue builds.

        Return the estimate as it is then; `loss` is the part that the path loses anyway.
        """
        probe, newest, jitter = self._arrivals, delays.newest, delays.jitter
        if probe is None:
            return estimate
        over = at_end or (newest is not None and newest.sent >= self._end)
        limit = self._base + PROBE_QUEUE / 2 + JITTER_WEIGHT * jitter
        grown = len(probe) >= 4 and min(arrival.queued for arrival in probe[-3:]) > limit
        if not over and not grown:
            return estimate
        rate, slope, lasted = _passage(probe)
        lost = 1 - len(probe) / self._marks if over and self._marks and self._whole else 0.0
        passed = rate / (1 + max(0.0, slope)) * (1 - lost)
        allowed = 0.08 * lasted + 0.005 + 0.5 * jitter
        if rate == 0.0 or grown or lost > 0.15 + loss or slope * lasted > allowed:
            self.fail(now)
            if grown and self._alone and self._whole and slope * lasted > allowed:
                # All that is known of the line: with sound alone nothing else would ever speak against it.
                return max(min(estimate, 0.9 * passed), 0.5 * estimate)
            return max(estimate, min(0.9 * passed, CEILING))  # less than was tried for, but it did pass
        self._arrivals = None
        estimate = max(estimate, min(rate, CEILING))
        self._push = 1.0 if estimate >= self._target else min(self._push * _PUSH, 1.5)
        if now - self._proved_at > _PROVEN:
            self._wait = _WAIT_FIRST if not self._strikes else self._wait
        self._proved_at = now
        self._next = now + _NEXT
        return estimate

    def fail(self, now: float) -> None:
        """End the probe under way, if there is one, as one in vain."""
        if self._arrivals is not None:
            self._arrivals = None
            self.failed += 1
            self._wait = min(self._wait * 2, _WAIT_MOST)
            self._next = now + self._wait

    def contradict(self, now: float) -> None:
        """Take note of a queue: a probe is in vain, and so is what one has just found."""
        if now - self._proved_at < _PROVEN:
            self._proved_at = -NEVER
            self._strikes = min(self._strikes + 1, 3)
            self._wait = min(self._wait * 2, _WAIT_MOST)
        self.fail(now)

    def forgive(self, now: float) -> None:
        """Take note that nothing queues: after a while old strikes no longer count."""
        if self._strikes and now - self._proved_at > 3 * _PROVEN:
            self._strikes = 0

    # -- trials ----------------------------------------------------------------------------------------

    def begin_trial(self, wanted: float, estimate: float, now: float) -> float:
        """Begin a trial for `wanted` bit/s, unless one is under way; return the estimate as it is then."""
        if self._trial_from is not None:
            return estimate
        self._trial_from, self._trial_until = estimate, now + _TRIAL
        self.made += 1
        return min(_HEADROOM * wanted, CEILING)

    def end_trial(self, now: float) -> None:
        """Let a trial that has lasted long enough without a word against it stand."""
        if self._trial_from is not None and now >= self._trial_until:
            self._trial_from, self._wait = None, _TRIAL_WAIT
            self._next = now + 1.0

    def refuse_trial(self, now: float) -> float | None:
        """End the trial under way as one in vain; return the estimate before it, None if there is none."""
        before, self._trial_from = self._trial_from, None
        if before is not None:
            self.failed += 1
            self._wait = min(max(_TRIAL_WAIT, self._wait * 2), _TRIAL_WAIT_MOST)
            self._next = now + self._wait
        return before


def _passage(probe: list[Arrival]) -> tuple[float, float, float]:
    """Return a probe's bit/s as sent, the growth of the queue in s/s (least squares), and seconds it lasted.

    All 0 where too little of it arrived to say.
    """
    if len(probe) < 4:
        return 0.0, 0.0, 0.0
    first, last = probe[0], probe[-1]
    lasted = last.sent - first.sent
    if lasted < 0.5 * _LEAST:
        return 0.0, 0.0, 0.0
    count = len(probe)
    middle = sum(arrival.sent for arrival in probe) / count
    mean = sum(arrival.queued for arrival in probe) / count
    spread = sum((arrival.sent - middle) ** 2 for arrival in probe)
    tilt = sum((arrival.sent - middle) * (arrival.queued - mean) for arrival in probe)
    return (last.octets - first.octets) * 8 / lasted, tilt / spread if spread else 0.0, lasted
