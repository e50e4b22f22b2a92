"""What one viewer's network takes: the estimate, the queue, and when to try for more.

Three questions have an answer here at any moment: how much may be sent (`estimate`), how long a packet sent
now would wait (`queue`), and whether the picture must stop until that queue has gone (`congested`). They are
drawn from when *marked* packets arrived (draft-holmer-rmcat-transport-wide-cc-extensions-01), from reports,
from REMB, from what waits in a TCP connection, and from silence. The laws: a relay sends fixed encodings, so
sending little is no reason for the estimate to fall, and it never rises above the first assumption but to a
rate that was seen to pass; more is found by probing. Delay decides, loss only where it is heavy. Whatever
feedback says, the numbers stay finite and bounded, and nothing is raised. It must not know layers, packets,
or whose numbers the marks are: others' numbers in a feedback, and gaps in it, mean nothing.

The shape is Google's congestion control (draft-ietf-rmcat-gcc-02), made for few marks: not a filter over
every packet's delay, but the least delay of the last few marks against the least of half a minute.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from stream.wire.rtcp import TransportFeedback

START: Final = 3_000_000.0
"""Bit/s assumed of a network not met before: the best picture first, and down within a second if need be."""

FLOOR: Final = 50_000.0
"""Bit/s below which no estimate goes: sound is sent in any case."""

CEILING: Final = 50_000_000.0
"""Bit/s above which none goes."""

TICK: Final = 0.01
"""Seconds between two portions of a probe."""

_MARKS: Final = 512
"""Marks out at once, at most; the oldest give way. At 13 a second and 50 in a probe that is long silence."""

_BASE_BUCKET: Final = 15.0
"""Seconds; the least delay is taken over one to two of these. Clocks that drift by 200 ppm part by 6 ms."""

_WINDOW: Final = 1.0
"""Seconds of arrivals over which the delivered rate is taken."""

_RECENT: Final = 0.4
"""Seconds of marks whose least delay stands for the queue, so that jitter and single frames do not."""

_GROWN: Final = 0.05
"""Seconds of queue that are too much, on a path without jitter."""

_ALLOWED_MOST: Final = 0.2
"""What the first is raised to, at most, on a path whose delay rises and falls by itself."""

_PERSISTS: Final = 0.2
_STANDS: Final = 1.0
"""Seconds for which a queue must be too long before less is sent: one that grows, one that does not."""

_STOP: Final = 0.2
"""Seconds of queue at which the picture stops."""

_RESUME: Final = 0.18
"""Seconds of queue at which it may begin again: the key frame it begins with is some way off."""

_JITTER_WEIGHT: Final = 2.0
"""How far the seen jitter raises those two."""

_BURST: Final = 0.004
"""Seconds between marks that left in one burst: the last of them speaks for all."""

_REORDER: Final = 0.25
"""Seconds by which a later mark may overtake an earlier one before that one counts as lost."""

_PATIENCE_FIRST: Final = 0.8
_PATIENCE_LEAST: Final = 0.3
_PATIENCE_MOST: Final = 1.2
"""Seconds a mark may be out before that is taken for a queue: at first, at least and at most."""

_BACKLOG: Final = 0.15
"""Seconds of octets waiting in a TCP connection that are more than a key frame."""

_FORGETTING: Final = 0.03
_FORGETTING_SLOWLY: Final = 0.005
"""Part of a longer patience that each feedback takes back: as long as it was not needed, and after."""

_SETTLE: Final = 0.6
"""Seconds that an answer to a queue is given to show."""

_STRETCH: Final = 0.1
"""Seconds between two arrivals from which on they tell how fast a queue drains, on a path without jitter."""

_BEGUN: Final = 1.0
"""Seconds after a stop within which a line may have stood idle for want of a picture."""

_HEAVY_LOSS: Final = 0.5
"""Part of recent marks lost at which the picture stops without any queue: a shallow buffer runs over."""

_HALF_A_MARK: Final = 0.5
"""What is taken to have come of some marks where none did."""

_TOLERATED_LOSS: Final = 0.14
"""Part of packets lost, in reports, up to which retransmission is trusted to cope (faults.md, row 7)."""

_STANDING: Final = 3
"""Reports in a row that must tell of loss before it is believed to be the path's own."""

_PROBE_QUEUE: Final = 0.12
"""Seconds of queue that a failing probe may build at worst; sets how much for how long."""

_PROBE_LEAST: Final = 0.1
_PROBE_MOST: Final = 0.4
"""Seconds a probe lasts."""

_HEADROOM: Final = 1.25
"""What a probe tries for, as a multiple of what is wanted."""

_PUSH: Final = 1.15
"""How much more the next one tries for, where a picture that sent less just then left a probe short."""

_ENOUGH: Final = 1.15
"""An estimate this many times what is wanted needs no probe."""

_NEXT_PROBE: Final = 0.5
_WAIT_FIRST: Final = 1.0
_WAIT_MOST: Final = 6.0
"""Seconds to the next probe: after a success; after a failure, doubled each time; at most."""

_PROVEN: Final = 4.0
"""Seconds without a queue after which what a probe found is believed."""

_TRIAL: Final = 2.5
_TRIAL_WAIT: Final = 5.0
_TRIAL_WAIT_MOST: Final = 40.0
"""The same for viewers that report no arrivals: more is tried in earnest, for so long, so often."""

_NEVER: Final = float("inf")
_CYCLE: Final = float((1 << 24) * 64) / 1000.0
"""Seconds after which the reference time of feedback goes round."""


class Probe(NamedTuple):
    """Padding or repetition to send: `octets` in each `TICK`, `ticks` times, each packet marked."""

    octets: int
    ticks: int


class _Arrival(NamedTuple):
    """A mark that came: when it left, when it came (the viewer's clock), octets before it, its queueing."""

    sent: float
    came: float
    octets: int
    queued: float


class Bandwidth:
    """The network of one viewer.

    `transport` says whether the viewer agreed on transport-wide feedback; without it marks are only octet
    counts, and reports, REMB and trials take its place.
    """

    __slots__ = (
        "_allowed",
        "_backlog",
        "_base",
        "_base_before",
        "_base_until",
        "_before_silence",
        "_clock",
        "_counted",
        "_forgetting",
        "_grown_since",
        "_heard",
        "_held_loss",
        "_jitter",
        "_last_step",
        "_loss",
        "_losses",
        "_lossy",
        "_marks",
        "_measured",
        "_mute",
        "_newest",
        "_next_probe",
        "_octets",
        "_out_since",
        "_patience",
        "_probe",
        "_probe_base",
        "_probe_end",
        "_probe_marks",
        "_probe_start",
        "_probe_target",
        "_probe_whole",
        "_proved_at",
        "_push",
        "_queue_seen",
        "_rate_a",
        "_rate_b",
        "_rebased",
        "_recent",
        "_remb",
        "_reported",
        "_responded",
        "_responded_rate",
        "_resumed",
        "_round_trip_base",
        "_sent_at",
        "_spread",
        "_stop_back",
        "_stop_loss",
        "_stop_marks",
        "_stop_whole",
        "_stopped_at",
        "_stopped_rate",
        "_strikes",
        "_told",
        "_transport",
        "_trial_from",
        "_trial_until",
        "_usual",
        "_wait",
        "congested",
        "estimate",
        "forgotten",
        "loss",
        "probes",
        "probes_failed",
        "round_trip",
        "stops",
    )

    def __init__(self, now: float, transport: bool = True) -> None:
        self.estimate = START
        self.congested = False
        self.loss = 0.0
        self.round_trip: float | None = None
        self.stops = 0
        self.probes = 0
        self.probes_failed = 0
        self.forgotten = 0
        self._transport = transport
        self._mute = False
        self._measured = self._queue_seen = False
        self._stop_marks = self._stop_back = 0
        self._stop_whole = True
        self._stop_loss = 0.0
        self._marks: dict[int, tuple[float, int]] = {}
        self._octets = 0
        self._counted = now
        self._sent_at = now
        self._rate_a = self._rate_b = (now, 0)
        self._recent: deque[_Arrival] = deque(maxlen=128)
        self._newest: _Arrival | None = None
        self._clock: float | None = None
        self._heard = now
        self._base = self._base_before = _NEVER
        self._base_until = now + _BASE_BUCKET
        self._jitter = 0.0
        self._last_step = 0.0
        self._lossy = 0.0
        self._out_since = _NEVER
        self._usual = self._spread = 0.0
        self._patience = _PATIENCE_FIRST
        self._before_silence: float | None = None
        self._stopped_at, self._stopped_rate = -_NEVER, 0.0
        self._responded = -_NEVER
        self._responded_rate = 0.0
        self._rebased = -_NEVER
        self._resumed = -_NEVER
        self._reported = now
        self._grown_since = _NEVER
        self._allowed = _GROWN
        self._loss = 0.0
        self._losses = deque([0.0] * _STANDING, _STANDING)
        self._held_loss = 0.0
        self._round_trip_base = _NEVER
        self._remb = 0.0
        self._backlog: tuple[float, int, int] | None = None
        self._probe: list[_Arrival] | None = None
        self._probe_start = self._probe_end = -_NEVER
        self._probe_base = 0.0
        self._probe_marks = 0
        self._probe_whole = True
        self._probe_target = 0.0
        self._told = -1  # browsers count from 0: of one that does not, the first may be missing
        self._forgetting = _FORGETTING
        self._push = 1.0
        self._proved_at = -_NEVER
        self._strikes = 0
        self._wait = _WAIT_FIRST
        self._next_probe = now + 2.0
        self._trial_from: float | None = None
        self._trial_until = -_NEVER

    # -- what is told ----------------------------------------------------------------------------------

    def sent(self, number: int, octets: int, now: float) -> None:
        """Note a marked packet: its transport-wide number and all octets sent to the viewer, it included."""
        self._count(octets, now)
        self._sent_at = now
        if not self._transport:
            return
        marks = self._marks
        number &= 0xFFFF
        if number in marks:
            del marks[number]  # a number 65,536 ago; and the new one belongs at the end
        elif len(marks) >= _MARKS:
            del marks[next(iter(marks))]
            self.forgotten += 1
        marks[number] = (now, octets)
        if self._out_since == _NEVER:
            self._out_since = now
        if self._probe is not None and self._probe_start <= now <= self._probe_end:
            self._probe_marks += 1

    def arrived(self, feedback: TransportFeedback, now: float) -> None:
        """Take transport-wide feedback; numbers that are not out are passed over."""
        marks = self._marks
        came = feedback.reference_time * 0.064
        if self._clock is not None and not -1e4 < came - self._clock < 1e4:
            came += round((self._clock - came) / _CYCLE) * _CYCLE
            if not -1e4 < came - self._clock < 1e4:
                self._forget_delays(now)
        self._clock = came
        silence = now - self._out_since
        newest, found, probed = self._newest, 0, 0
        base, recent, jitter, step = self._base, self._recent, self._jitter, self._last_step
        for number, delta in feedback.arrivals:
            came += delta * 1e-6
            mark = marks.pop(number, None)
            if mark is None:
                continue
            found += 1
            sent, octets = mark
            delay = came - sent
            if delay < base:
                base = delay
            queued = delay - (base if base < self._base_before else self._base_before)
            arrival = _Arrival(sent, came, octets, queued if queued < 30.0 else 30.0)
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
            if sent <= self._stopped_at:
                self._stop_back += 1
            if self._probe_start <= sent <= self._probe_end:
                probed += 1
                if self._probe is not None:
                    self._probe.append(arrival)
        if not found or newest is None:
            return
        self._base, self._jitter, self._last_step, self._newest = base, jitter, step, newest
        if now >= self._base_until:
            self._base_before, self._base = base, newest.came - newest.sent
            self._base_until = now + _BASE_BUCKET
        since, self._heard = min(now - self._heard, 0.3), now
        self._mute = False
        told, self._told = self._told, feedback.feedback_count
        whole = (feedback.feedback_count - told) & 0xFF <= 1
        if not whole:
            self._probe_whole = self._stop_whole = False
        self._judge_loss(newest.sent, found - probed, whole)
        while len(recent) > 2 and recent[1].came < newest.came - _WINDOW:
            recent.popleft()
        grown = self._grown
        self._judge_silence(silence, newest, grown)
        self._judge_queue(now, since, grown)
        if self._probe is not None:
            self._judge_probe(now)

    def reported(self, fraction_lost: float, round_trip: float | None, now: float) -> None:
        """Take a receiver report: the part lost since the last one, 0 to 1, and seconds there and back."""
        lost = fraction_lost if 0.0 <= fraction_lost <= 1.0 else 0.0
        self._loss += (lost - self._loss) * 0.5
        self._losses.append(lost)
        self.loss = self._loss
        queued = 0.0
        if round_trip is not None and 0.0 <= round_trip < 60.0:
            self.round_trip = round_trip
            self._round_trip_base = min(round_trip, self._round_trip_base * 1.01 + 0.0005)
            queued = round_trip - self._round_trip_base
        if now - self._heard > 3.0 and lost < 0.3 and round_trip is not None and queued < _STOP:
            self._mute = True  # reports come and find nothing wrong: it is the feedback that is missing
            self._marks.clear()
            self._out_since = _NEVER
            if self.congested and self._transport:
                self._resume(now)
        if not self._transport or self._mute:
            self._judge_round_trip(queued, now - self._reported, now)
        self._judge_reported_loss(lost, now)
        self._reported = now

    def remb(self, bitrate: float, now: float) -> None:
        """Take the receiver's own estimate, bit/s; heard only when it falls, and falls below what is sent."""
        before, self._remb = self._remb, bitrate if 0.0 <= bitrate < 1e12 else 0.0
        rate = self.rate
        if self._transport or not 0.0 < self._remb < 0.97 * before or self._remb > 0.9 * rate:
            return
        if not self.congested and (self._remb < 0.5 * rate or self._trial_from is not None):
            self._stop(now)
        if not self._refuse_trial(now):
            self._lower(0.95 * self._remb, now)

    def backlog(self, waiting: int, octets: int, now: float) -> None:
        """Say how many octets wait in the viewer's TCP connection, of all that were given to it."""
        self._count(octets, now)
        before, self._backlog = self._backlog, (now, waiting, octets)
        wait = waiting * 8 / self.estimate
        if before is not None and now > before[0] and before[1] > 0 and waiting > 0:
            drained = (octets - before[2] - waiting + before[1]) * 8 / (now - before[0])
            if drained > 0:
                wait = waiting * 8 / drained
            if wait > _BACKLOG and waiting > before[1] and not self._refuse_trial(now):
                self._lower(max(0.9 * drained, 0.5 * self.estimate), now)
        if wait > _STOP and not self.congested:
            self._stop(now)
        elif wait < _GROWN and self.congested and not (self._transport and not self._mute):
            self._resume(now)

    def tick(self, now: float, octets: int | None = None) -> None:
        """Let time pass, ten to twenty times a second; `octets`, if known, is all that was sent so far.

        A mark that is out for longer than feedback ever took stands in a queue, and says so before its
        feedback can.
        """
        if octets is not None:
            self._count(octets, now)
        if self._probe is not None and now > self._probe_end + self._patience + 0.3:
            self._judge_probe(now, at_end=True)
        if self._trial_from is not None and now >= self._trial_until:
            self._trial_from, self._wait = None, _TRIAL_WAIT
            self._next_probe = now + 1.0
        if not self._transport or self._mute:
            if self.congested and now - max(self._stopped_at, self._reported) > 3.0 and not self._backlog:
                self._resume(now)  # nobody can tell that the queue has gone; it has had its time
            return
        if not self.congested:
            patience = self._patience
            if now - self._probe_end < 0.7:
                patience += _PROBE_QUEUE  # its own doing, and known
            if now - max(self._out_since, self._resumed) > patience:
                self._before_silence = self.estimate
                self._fail_probe(now)
                self._stop(now)
                self.estimate = max(FLOOR, min(self.estimate, 0.5 * self.rate))
            return
        if self._out_since == _NEVER:
            if self.queue_at(now) < _GROWN:
                self._resume(now)
        elif now - max(self._sent_at, self._heard) > 1.2:
            self._marks.clear()  # lost, all of them, and there are no more that could tell
            self._out_since = _NEVER
            self.estimate = max(FLOOR, min(self.estimate, 0.3 * self._stopped_rate))
            self._resume(now)

    def idle(self, now: float) -> bool:
        """Tell whether `tick` would do nothing now but count: no queue, no silence, nothing being tried."""
        since = self._out_since if self._out_since > self._resumed else self._resumed
        return (
            not self.congested
            and now - since <= self._patience
            and self._probe is None
            and self._trial_from is None
            and self._transport
            and not self._mute
        )

    # -- what is asked ---------------------------------------------------------------------------------

    @property
    def rate(self) -> float:
        """Bit/s sent to the viewer, over the last half to whole second."""
        began, before = self._rate_a
        ended, octets = self._rate_b
        if self._counted > ended:
            ended, octets = self._counted, self._octets
        return (octets - before) * 8 / (ended - began) if ended - began > 0.05 else 0.0

    @property
    def room(self) -> float:
        """Bit/s of the estimate for what is sent a first time: what a path goes on losing goes once more.

        A picture that takes all of the estimate leaves none to its repairs, and stands still.
        """
        return (1 - min(self._losses)) * self.estimate

    @property
    def queue(self) -> float:
        """Seconds that the last packet sent is expected to wait in the network's queue."""
        return self.queue_at(self._counted)

    def queue_at(self, now: float) -> float:
        """Return the seconds a packet sent now would wait: as the newest mark, and what came after it."""
        newest = self._newest
        if newest is None:
            return 0.0
        behind = (self._octets - newest.octets) * 8 / self.estimate
        return max(0.0, min(newest.queued + behind - (now - newest.sent), 30.0))

    def waited(self, since: float) -> float | None:
        """Return the seconds that the newest mark stood in a queue, if it left after `since`; None if not."""
        newest = self._newest
        return newest.queued if newest is not None and newest.sent > since else None

    @property
    def probing(self) -> bool:
        """Whether a probe that was begun shall go on."""
        return self._probe is not None

    def proven(self, now: float) -> bool:
        """Say whether the estimate is what a probe has just shown, or a trial that is wanted at once."""
        return self._trial_from is not None or now - self._proved_at < 1.0

    def probe(self, wanted: float, now: float) -> Probe | None:
        """Begin a probe for `wanted` bit/s in all if it is time for one, and say what to send.

        A viewer without transport-wide feedback is not probed: if it is time, its estimate is raised for a
        trial in earnest, and falls back if reports speak against it.
        """
        if self.congested or self._probe is not None or now < self._next_probe:
            return None
        if not 0.0 < wanted <= CEILING or self.room >= _ENOUGH * wanted:
            return None
        if self._loss > _TOLERATED_LOSS and self.rate >= 2 * FLOOR:
            return None  # but with sound alone nothing is lost by a try
        wanted /= 1 - min(*self._losses, 0.5)
        if not self._transport or self._mute:
            if self._trial_from is None:
                self._trial_from, self._trial_until = self.estimate, now + _TRIAL
                self.estimate = min(_HEADROOM * wanted, CEILING)
                self.probes += 1
            return None
        if now - self._heard > 0.5 or self._recent_queue() > self._grown:
            return None
        rate = self.rate
        known = max(self.estimate, rate)
        least = min(_PROBE_LEAST * (1 + self._strikes) + 2 * self._jitter, _PROBE_MOST)
        target = min(_HEADROOM * wanted * self._push, known * (1 + _PROBE_QUEUE / least))
        lasts = _PROBE_QUEUE * known / (target - known) if target > known else _PROBE_MOST
        lasts = min(max(lasts, least), _PROBE_MOST)
        octets = max(target - rate, 0.1 * target) * TICK / 8
        ticks = round(lasts / TICK)
        self._probe = []
        self._probe_start, self._probe_end = now, now + lasts
        self._probe_base = self._recent_queue()
        self._probe_marks = 0
        self._probe_whole = True
        self._probe_target = min(target, _ENOUGH * wanted)
        self.probes += 1
        return Probe(int(octets) + 1, ticks)

    # -- judgement -------------------------------------------------------------------------------------

    @property
    def _grown(self) -> float:
        return self._allowed + _JITTER_WEIGHT * self._jitter

    def _recent_queue(self) -> float:
        """Return the least queueing of the newest marks: _RECENT seconds of them, and three at least."""
        recent = self._recent
        if not recent:
            return 0.0
        since = recent[-1].sent - _RECENT
        least = _NEVER
        for count, arrival in enumerate(reversed(recent)):
            if arrival.sent < since and count >= 3:
                break
            if arrival.queued < least:
                least = arrival.queued
        return least

    def _delivered(self) -> float:
        """Return bit/s that arrived over the window; 0 where it is too short to say."""
        recent = self._recent
        if len(recent) < 2:
            return 0.0
        first, last = recent[0], recent[-1]
        lasted = last.came - first.came
        return (last.octets - first.octets) * 8 / lasted * (1 - self._lossy) if lasted >= 0.12 else 0.0

    def _count(self, octets: int, now: float) -> None:
        self._octets, self._counted = octets, now
        if now - self._rate_b[0] >= 0.5:
            self._rate_a, self._rate_b = self._rate_b, (now, octets)

    def _judge_loss(self, newest: float, found: int, whole: bool) -> None:
        """Count the marks that were overtaken as lost, and see from when on marks are out.

        Where a feedback message is missing (not `whole`), nobody knows of the marks it spoke of.
        """
        if not self._marks and self._lossy == 0.0:
            self._out_since = _NEVER  # as it is where all is well
            return
        lost = 0
        overtaken: list[int] = []
        waiting = _NEVER
        for number, (sent, _) in self._marks.items():
            if sent > newest:
                waiting = sent
                break
            if sent < newest - _REORDER:
                overtaken.append(number)
                lost += whole and not self._probe_start <= sent <= self._probe_end
        for number in overtaken:
            del self._marks[number]
        self._out_since = waiting
        if lost + found:  # a probe's own losses are its own affair
            share = lost / (lost + found)
            self._lossy += (share - self._lossy) * min(1.0, 0.1 * (lost + found))

    def _judge_silence(self, silence: float, newest: _Arrival, grown: float) -> None:
        """Learn how long feedback takes where nothing is wrong."""
        if newest.queued > grown or silence < 0:
            return
        off = silence - self._usual
        self._usual += off * 0.1
        self._spread += (abs(off) - self._spread) * 0.1
        least = max(_PATIENCE_LEAST, self._usual + 3 * self._spread + 0.05)
        learned = max(least, silence + 0.07, self._patience - (self._patience - least) * self._forgetting)
        self._patience = min(learned, _PATIENCE_MOST)

    def _judge_queue(self, now: float, since: float, grown: float) -> None:
        recent = self._recent
        last = recent[-1]
        queued = self._recent_queue()
        if self.congested:
            self._judge_stop(last, queued, now)
            return
        if last.sent < self._resumed:
            return  # that has been answered
        allowed = self._allowed
        if queued > allowed:
            self._allowed = min(allowed + 0.3 * since * (1.25 * queued - allowed), _ALLOWED_MOST)
        else:
            self._allowed = allowed - 0.02 * since * (allowed - _GROWN)
        if queued <= grown:
            self._grown_since = _NEVER
            self._prove(now)
            return
        if self._grown_since == _NEVER:
            self._grown_since = now
        middle = recent[-min(len(recent), 6)]
        flat = 0.015 + 0.5 * self._jitter
        change = last.queued - middle.queued
        if change < -flat:
            return  # on its way out
        if last.queued > _STOP + grown - _GROWN:
            self._fail_probe(now)
            self._stop(now)
        elif now - self._responded < _SETTLE or now - self._grown_since < (
            _PERSISTS if change > flat else _STANDS
        ):
            return
        elif (
            change < flat
            and now - self._responded < 5.0
            and self.rate < 0.85 * self._responded_rate
            and now - self._rebased > 20.0
        ):
            self._rebase(queued, now)  # less was sent and it did not care: it is not our queue
            return
        self._lower(0.9 * self._delivered() or 0.7 * self.rate, now)

    def _judge_stop(self, last: _Arrival, queued: float, now: float) -> None:
        """While the picture is stopped: measure the drain, and see when it is over."""
        quiet = _RESUME + _JITTER_WEIGHT * self._jitter
        drained = self._drained(0.2)
        self._queue_seen = self._queue_seen or queued > quiet
        if drained:
            self._measured = True
            limit = self.estimate if self._before_silence is None else self._before_silence
            self.estimate = max(FLOOR, min(0.9 * drained, limit))
        if last.queued < quiet or (self._measured and self.queue_at(now) < quiet):
            if self._awaits(last.sent):
                return
            if self._before_silence is not None and not self._measured:
                # Late, and all at once: that was no queue. If much is missing, there is no room for one.
                passed = (
                    0.9 * (1 - self._lossy) * self._stopped_rate
                    if self._lossy > self._loss + 0.15
                    else _NEVER
                )
                if self._queue_seen and self._drained(0.0) < 1.5 * self._stopped_rate:
                    passed = min(passed, 0.6 * self._stopped_rate)  # a short one, and full
                self.estimate = max(FLOOR, min(self._before_silence, passed))
                self._forgetting = _FORGETTING_SLOWLY
            if self._before_silence is not None:
                self.estimate = max(FLOOR, min(self.estimate, self._came_of_stop(last.sent)))
            self._resume(now)
            return
        if now - self._stopped_at > 1.0 and now - self._rebased > 1.0:
            first = self._recent[0]
            lasted = last.sent - first.sent
            if lasted > 0.5 and first.sent > self._stopped_at and last.queued > first.queued - 0.03:
                self._rebase(queued, now)
                self._resume(now)

    def _awaits(self, newest: float) -> bool:
        """Tell whether what was on its way when silence began has still to show what became of it.

        The first mark to break a silence may be the last that met a short queue: those behind it stand in
        a long one, or are lost, as the marks will tell that left after them.
        """
        if self._before_silence is None or not self._stop_whole or self._stop_loss > 0.1:
            return False
        return any(newest < sent <= self._stopped_at for sent, _ in self._marks.values())

    def _came_of_stop(self, newest: float) -> float:
        """Return how much came of what was sent when silence began, bit/s, by its marks.

        Those that are out are lost, unless they left after the `newest` that came and the queue is still seen
        to drain. On a path that loses many anyway they were silent for being lost, and where a feedback
        message is missing, nobody knows what it told.
        """
        known = self._stop_marks
        if self._measured:
            known -= sum(newest < sent <= self._stopped_at for sent, _ in self._marks.values())
        if known < 3 or not self._stop_whole or self._stop_loss > 0.1 or self._stop_back >= 0.6 * known:
            return _NEVER
        came = max(self._stop_back, _HALF_A_MARK) / known
        return (came if self._measured else min(came, 0.4)) * self._stopped_rate

    def _drained(self, least: float) -> float:
        """Return the bit/s at which the newest marks came out of a queue; 0 if in no more than `least` s.

        While a queue lasts, no more comes out of it between two marks than went in, less what was dropped:
        so of all stretches the slowest tells most.
        """
        last, grown = self._recent[-1], self._grown
        came: list[_Arrival] = []
        empty: _Arrival | None = None
        for arrival in reversed(self._recent):
            if arrival.queued < grown:
                empty = arrival
                break
            came.append(arrival)
        if not came:
            return 0.0
        first = came[-1]
        lasted = last.came - first.came
        rate = _NEVER
        if lasted > least:
            out = sum(first.sent < sent < last.sent for sent, _ in self._marks.values())  # the queue ran over
            share = min(1 - self._lossy, len(came) / (len(came) + out))
            rate = (last.octets - first.octets) * 8 / lasted * share
        if (
            empty is not None
            and first.queued - empty.queued > first.sent - empty.sent
            and empty.sent - self._resumed > _BEGUN
        ):
            came.append(empty)  # the line has been busy ever since
        rate = min(rate, self._slowest(came[::-1]))
        return rate if rate < _NEVER else 0.0

    def _slowest(self, came: list[_Arrival]) -> float:
        """Return the bit/s of the stretch of these arrivals that took longest for its octets."""
        least = _STRETCH + _JITTER_WEIGHT * self._jitter
        found, place = _NEVER, 0
        for arrival in came:
            if came[place].sent > self._stopped_at:
                break  # a queue that is not ours would be taken for one that little comes out of
            while arrival.came - came[place].came >= least:
                before = came[place]
                found = min(found, (arrival.octets - before.octets) * 8 / (arrival.came - before.came))
                place += 1
        return found

    def _prove(self, now: float) -> None:
        """Nothing queues: what was sent has passed, so the estimate is no less than that."""
        lossy = self._lossy
        if lossy > _HEAVY_LOSS and lossy > self._loss + 0.45 and now - self._responded > _SETTLE:
            self._fail_probe(now)
            self._stop(now)
            self._lower(0.85 * self._delivered() or 0.5 * self.rate, now)
            return
        if self._strikes and now - self._proved_at > 3 * _PROVEN:
            self._strikes = 0
        if lossy >= 0.1 or self._recent[-1].came - self._recent[0].came <= 0.7:
            return
        passed = self._delivered()
        if passed > self.estimate:  # as it seldom is; then what was sent is looked at too
            self.estimate = max(self.estimate, min(passed, self.rate, CEILING))

    def _rebase(self, queued: float, now: float) -> None:
        """Take the delay there is for the path's own: it has become longer, or others fill its queue."""
        self._rebased = now
        self._base = self._base_before = min(self._base, self._base_before) + queued
        self._base_until = now + _BASE_BUCKET
        shifted = [arrival._replace(queued=max(0.0, arrival.queued - queued)) for arrival in self._recent]
        self._recent.clear()
        self._recent.extend(shifted)
        if self._newest is not None:
            self._newest = self._newest._replace(queued=max(0.0, self._newest.queued - queued))

    def _forget_delays(self, now: float) -> None:
        """Begin anew with a viewer whose clock jumped."""
        self._recent.clear()
        self._newest = None
        self._base = self._base_before = _NEVER
        self._base_until = now + _BASE_BUCKET

    def _judge_reported_loss(self, lost: float, now: float) -> None:
        if self._loss < 0.1:
            self._held_loss = 0.0
        if self._loss > 0.1 and self._trial_from is not None and lost > 0.1 and self._held_loss == 0.0:
            self._refuse_trial(now)
        rate = self.rate
        if now - self._stopped_at < 1.5:
            rate = max(rate, self._stopped_rate)  # that is what it was lost from
        if rate < 2 * FLOOR or min(lost, self._loss) < _TOLERATED_LOSS:
            return
        # If it stays as it is with less sent, it is not our doing; if it falls, or is very high, it is.
        held = self._held_loss
        ours = self._loss < 0.7 * held or self._loss > 0.3
        if held == 0.0 or self._loss > held + 0.15 or (ours and now - self._responded > 2.0):
            self._held_loss = max(self._loss, 0.85 * lost)
            self._lower((1 - min(max(lost, min(1.5 * self._loss, 0.5)), 0.85)) * rate, now)

    def _judge_round_trip(self, queued: float, since: float, now: float) -> None:
        """Take what reports say of the queue, for want of better; `since` is seconds since the last one."""
        if self.congested:
            if queued < _STOP and now - self._stopped_at > 0.5 and self._backlog is None:
                self._resume(now)
        elif queued > 2.5 * _GROWN and now - self._responded > 2 * _SETTLE:
            late = now - self._responded < 3.0  # still what was answered already
            if queued > 2 * _STOP:
                self._stop(now)
            if not self._refuse_trial(now) and not late:  # it has grown from nothing, while so much was sent
                self._lower(0.85 * self.rate / (1 + queued / max(0.5, min(since, 2.0))), now)

    def _stop(self, now: float) -> None:
        self.congested = True
        self.stops += 1
        self._stopped_at, self._stopped_rate = now, max(self.rate, self._rate_out())
        self._measured = self._queue_seen = False
        self._stop_marks, self._stop_back, self._stop_whole = len(self._marks), 0, True
        self._stop_loss = self._loss
        self._responded = -_NEVER  # the estimate may follow at once
        self._next_probe = max(self._next_probe, now + self._pause())

    def _rate_out(self) -> float:
        """Return the bit/s at which the marks out were sent: a picture just begun is in no average."""
        if len(self._marks) < 3:
            return 0.0
        marks = list(self._marks.values())
        (began, before), (ended, octets) = marks[0], marks[-1]
        return (octets - before) * 8 / (ended - began) if ended - began > _STRETCH else 0.0

    def _pause(self) -> float:
        """Return the seconds to leave the path alone after a queue."""
        return max(2.0 if self._transport and not self._mute else _TRIAL_WAIT, self._wait)

    def _resume(self, now: float) -> None:
        self.congested = False
        self._resumed = now
        self._next_probe = max(self._next_probe, now + 1.5)
        self._before_silence = None
        self._lossy = 0.0

    def _lower(self, bitrate: float, now: float) -> None:
        """Let the estimate be no more than `bitrate`; a probe or a trial that brought us here has failed."""
        if now - self._proved_at < _PROVEN:
            self._proved_at = -_NEVER
            self._strikes = min(self._strikes + 1, 3)
            self._wait = min(self._wait * 2, _WAIT_MOST)
        self._fail_probe(now)
        self._responded = now
        self._responded_rate = self.rate
        self.estimate = max(FLOOR, min(self.estimate, bitrate))
        self._next_probe = max(self._next_probe, now + self._pause())

    def _refuse_trial(self, now: float) -> bool:
        """Go back to what was before a trial, if there is one; say whether there was."""
        if self._trial_from is None:
            return False
        self.estimate = max(FLOOR, min(self.estimate, self._trial_from))
        self._trial_from = None
        self.probes_failed += 1
        self._responded = now
        self._wait = min(max(_TRIAL_WAIT, self._wait * 2), _TRIAL_WAIT_MOST)
        self._next_probe = now + self._wait
        return True

    # -- probes ----------------------------------------------------------------------------------------

    def _fail_probe(self, now: float) -> None:
        if self._probe is not None:
            self._probe = None
            self.probes_failed += 1
            self._wait = min(self._wait * 2, _WAIT_MOST)
            self._next_probe = now + self._wait

    def _judge_probe(self, now: float, at_end: bool = False) -> None:
        """Decide a probe once what followed it has arrived, or at once where a queue builds."""
        probe = self._probe
        if probe is None:
            return
        over = at_end or (self._newest is not None and self._newest.sent >= self._probe_end)
        limit = self._probe_base + _PROBE_QUEUE / 2 + _JITTER_WEIGHT * self._jitter
        grown = len(probe) >= 4 and min(arrival.queued for arrival in probe[-3:]) > limit
        if not over and not grown:
            return
        rate, slope, lasted = _passage(probe)
        lost = 1 - len(probe) / self._probe_marks if over and self._probe_marks and self._probe_whole else 0.0
        passed = rate / (1 + max(0.0, slope)) * (1 - lost)
        allowed = 0.08 * lasted + 0.005 + 0.5 * self._jitter
        if rate == 0.0 or grown or lost > 0.15 + self._loss or slope * lasted > allowed:
            if rate and 0.9 * passed > self.estimate:
                self.estimate = min(0.9 * passed, CEILING)  # less than was tried for, but it did pass
            self._fail_probe(now)
            return
        self._probe = None
        self.estimate = max(self.estimate, min(rate, CEILING))
        self._push = 1.0 if self.estimate >= self._probe_target else min(self._push * _PUSH, 1.5)
        if now - self._proved_at > _PROVEN:
            self._wait = _WAIT_FIRST if not self._strikes else self._wait
        self._proved_at = now
        self._next_probe = now + _NEXT_PROBE


def _passage(probe: list[_Arrival]) -> tuple[float, float, float]:
    """Return a probe's bit/s as sent, the growth of the queue in s/s (least squares), and seconds it lasted.

    All 0 where too little of it arrived to say.
    """
    if len(probe) < 4:
        return 0.0, 0.0, 0.0
    first, last = probe[0], probe[-1]
    lasted = last.sent - first.sent
    if lasted < 0.5 * _PROBE_LEAST:
        return 0.0, 0.0, 0.0
    count = len(probe)
    middle = sum(arrival.sent for arrival in probe) / count
    mean = sum(arrival.queued for arrival in probe) / count
    spread = sum((arrival.sent - middle) ** 2 for arrival in probe)
    tilt = sum((arrival.sent - middle) * (arrival.queued - mean) for arrival in probe)
    return (last.octets - first.octets) * 8 / lasted, tilt / spread if spread else 0.0, lasted
