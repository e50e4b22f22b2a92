"""What one viewer's network takes: the estimate, the queue, and when to try for more.

Three questions have an answer here at any moment: how much may be sent (`estimate`), how long a packet sent
now would wait (`queue`), and whether the picture must stop until that queue has gone (`congested`). They are
drawn from when *marked* packets arrived (draft-holmer-rmcat-transport-wide-cc-extensions-01), from reports,
from REMB, from what waits in a TCP connection, and from silence.

The laws: the estimate does not fall because little is sent, for a relay's encodings are fixed. It rises above
the first assumption only to a rate that was seen to pass, which probing finds. Delay decides, loss only where
it is heavy. Whatever feedback says, the numbers stay finite and bounded, and no error is raised. It must not
know layers, packets, or whose numbers the marks are: others' numbers in a feedback, and gaps in it, mean
nothing.

delays.py has what delays tell; probing.py when more is tried, and what that tells; what losses, silence and
reports tell, and what follows from all of it, is here.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from stream.routing.delays import GROWN, JITTER_WEIGHT, NEVER, STRETCH, Arrival, Delays, Marks
from stream.routing.probing import CEILING, ENOUGH, PROBE_QUEUE, Probe, Probing
from stream.wire.rtcp import TransportFeedback

START: Final = 3_000_000.0
"""Bit/s assumed of a network not met before: the best picture first, and down within a second if need be."""

FLOOR: Final = 50_000.0
"""Bit/s below which no estimate goes: sound is sent in any case."""

_MARKS: Final = 512
"""Marks out at once, at most; the oldest give way. At 13 a second and 50 in a probe that is long silence."""

_PERSISTS: Final = 0.2
_STANDS: Final = 1.0
"""Seconds for which a queue must be too long before less is sent: one that grows, one that does not."""

_STOP: Final = 0.2
"""Seconds of queue at which the picture stops."""

_RESUME: Final = 0.18
"""Seconds of queue at which it may begin again: the key frame it begins with is some way off."""

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

_HEAVY_LOSS: Final = 0.5
"""Part of recent marks lost at which the picture stops without any queue: a shallow buffer runs over."""

_HALF_A_MARK: Final = 0.5
"""What is taken to have come of some marks where none did."""

_TOLERATED_LOSS: Final = 0.14
"""Part of packets lost, in reports, up to which retransmission is trusted to cope (faults.md, row 7)."""

_PAUSE: Final = 2.0
_PAUSE_UNHEARD: Final = 5.0
"""Seconds without a try after a queue, at least; where no arrivals are reported."""

_STANDING: Final = 3
"""Reports in a row that must tell of loss before it is believed to be the path's own."""


class Bandwidth:
    """The network of one viewer.

    `transport` says whether the viewer agreed on transport-wide feedback; without it marks are only octet
    counts, and reports, REMB and trials take its place.
    """

    __slots__ = (
        "_backlog",
        "_before_silence",
        "_counted",
        "_delays",
        "_forgetting",
        "_grown_since",
        "_heard",
        "_held_loss",
        "_losses",
        "_lossy",
        "_marks",
        "_measured",
        "_mute",
        "_octets",
        "_out_since",
        "_patience",
        "_probing",
        "_queue_seen",
        "_rate_a",
        "_rate_b",
        "_rebased",
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
        "_told",
        "_transport",
        "_usual",
        "congested",
        "estimate",
        "forgotten",
        "loss",
        "round_trip",
        "stops",
    )

    def __init__(self, now: float, transport: bool = True) -> None:
        self.estimate = START
        self.congested = False
        self.loss = 0.0
        self.round_trip: float | None = None
        self.stops = 0
        self.forgotten = 0
        self._transport = transport
        self._mute = False
        self._measured = self._queue_seen = False
        self._stop_marks = self._stop_back = 0
        self._stop_whole = True
        self._stop_loss = 0.0
        self._marks: Marks = {}
        self._delays = Delays(now)
        self._probing = Probing(now)
        self._octets = 0
        self._counted = now
        self._sent_at = now
        self._rate_a = self._rate_b = (now, 0)
        self._heard = now
        self._lossy = 0.0
        self._out_since = NEVER
        self._usual = self._spread = 0.0
        self._patience = _PATIENCE_FIRST
        self._before_silence: float | None = None
        self._stopped_at, self._stopped_rate = -NEVER, 0.0
        self._responded = -NEVER
        self._responded_rate = 0.0
        self._rebased = -NEVER
        self._resumed = -NEVER
        self._reported = now
        self._grown_since = NEVER
        self._losses = deque([0.0] * _STANDING, _STANDING)
        self._held_loss = 0.0
        self._round_trip_base = NEVER
        self._remb = 0.0
        self._backlog: tuple[float, int, int] | None = None
        self._told = -1  # browsers count from 0: of one that does not, the first may be missing
        self._forgetting = _FORGETTING

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
        if self._out_since == NEVER:
            self._out_since = now
        self._probing.sent(now)

    def arrived(self, feedback: TransportFeedback, now: float) -> None:
        """Take transport-wide feedback; numbers that are not out are passed over."""
        silence = now - self._out_since
        delays, probing = self._delays, self._probing
        arrivals = delays.take(feedback, self._marks, now)
        newest = delays.newest
        if not arrivals or newest is None:
            return
        found = len(arrivals)
        for arrival in arrivals:
            if arrival.sent <= self._stopped_at:
                self._stop_back += 1
            if probing.covers(arrival.sent):
                found -= 1  # a probe's own losses are its own affair
                probing.came(arrival)
        since, self._heard = min(now - self._heard, 0.3), now
        self._mute = False
        told, self._told = self._told, feedback.feedback_count
        whole = (feedback.feedback_count - told) & 0xFF <= 1
        if not whole:
            self._stop_whole = False
            probing.miss_feedback()
        self._judge_loss(newest.sent, found, whole)
        grown = delays.grown
        self._judge_silence(silence, newest, grown)
        self._judge_queue(now, since, grown)
        self.estimate = probing.judge(self.estimate, self.loss, delays, now)

    def reported(self, fraction_lost: float, round_trip: float | None, now: float) -> None:
        """Take a receiver report: the part lost since the last one, 0 to 1, and seconds there and back."""
        lost = fraction_lost if 0.0 <= fraction_lost <= 1.0 else 0.0
        self.loss += (lost - self.loss) * 0.5
        self._losses.append(lost)
        queued = 0.0
        if round_trip is not None and 0.0 <= round_trip < 60.0:
            self.round_trip = round_trip
            self._round_trip_base = min(round_trip, self._round_trip_base * 1.01 + 0.0005)
            queued = round_trip - self._round_trip_base
        if now - self._heard > 3.0 and lost < 0.3 and round_trip is not None and queued < _STOP:
            self._mute = True  # reports come and find nothing wrong: it is the feedback that is missing
            self._marks.clear()
            self._out_since = NEVER
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
        if not self.congested and (self._remb < 0.5 * rate or self._probing.trying):
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
        elif wait < GROWN and self.congested and not (self._transport and not self._mute):
            self._resume(now)

    def tick(self, now: float, octets: int | None = None) -> None:
        """Let time pass, ten to twenty times a second; `octets`, if known, is all that was sent so far.

        A mark that is out for longer than feedback ever took stands in a queue, and says so before its
        feedback can.
        """
        if octets is not None:
            self._count(octets, now)
        probing = self._probing
        if probing.overdue(now, self._patience):
            self.estimate = probing.judge(self.estimate, self.loss, self._delays, now, at_end=True)
        probing.end_trial(now)
        if not self._transport or self._mute:
            if self.congested and now - max(self._stopped_at, self._reported) > 3.0 and not self._backlog:
                self._resume(now)  # nobody can tell that the queue has gone; it has had its time
            return
        if not self.congested:
            patience = self._patience
            if probing.just_ended(now):
                patience += PROBE_QUEUE  # its own doing, and known
            if now - max(self._out_since, self._resumed) > patience:
                self._before_silence = self.estimate
                self._probing.fail(now)
                self._stop(now)
                self.estimate = max(FLOOR, min(self.estimate, 0.5 * self.rate))
            return
        if self._out_since == NEVER:
            if self.queue_at(now) < GROWN:
                self._resume(now)
        elif now - max(self._sent_at, self._heard) > 1.2:
            self._marks.clear()  # lost, all of them, and there are no more that could tell
            self._out_since = NEVER
            self.estimate = max(FLOOR, min(self.estimate, 0.3 * self._stopped_rate))
            self._resume(now)

    def idle(self, now: float) -> bool:
        """Tell whether `tick` would do nothing now but count: no queue, no silence, nothing being tried."""
        since = self._out_since if self._out_since > self._resumed else self._resumed
        return (
            not self.congested
            and now - since <= self._patience
            and self._probing.idle
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
        newest = self._delays.newest
        if newest is None:
            return 0.0
        behind = (self._octets - newest.octets) * 8 / self.estimate
        return max(0.0, min(newest.queued + behind - (now - newest.sent), 30.0))

    @property
    def came(self) -> float:
        """When the newest mark left that came; NEVER where none has."""
        newest = self._delays.newest
        return newest.sent if newest is not None else NEVER

    def waited(self, since: float) -> float | None:
        """Return the seconds that the newest mark stood in a queue, if it left after `since`; None if not."""
        newest = self._delays.newest
        return newest.queued if newest is not None and newest.sent > since else None

    @property
    def probes(self) -> int:
        """How often more was tried."""
        return self._probing.made

    @property
    def probes_failed(self) -> int:
        """How often that was in vain."""
        return self._probing.failed

    @property
    def probing(self) -> bool:
        """Whether a probe that was begun shall go on."""
        return self._probing.probing

    def proven(self, now: float) -> bool:
        """Say whether the estimate is what a probe has just shown, or a trial that is wanted at once."""
        return self._probing.proven(now)

    def probe(self, wanted: float, now: float) -> Probe | None:
        """Begin a probe for `wanted` bit/s in all if it is time for one, and say what to send.

        A viewer without transport-wide feedback is not probed: if it is time, its estimate is raised for a
        trial in earnest, and falls back if reports speak against it.
        """
        if self.congested or not self._probing.due(now):
            return None
        if not 0.0 < wanted <= CEILING or self.room >= ENOUGH * wanted:
            return None
        if self.loss > _TOLERATED_LOSS and self.rate >= 2 * FLOOR:
            return None  # but with sound alone nothing is lost by a try
        wanted /= 1 - min(*self._losses, 0.5)
        if not self._transport or self._mute:
            self.estimate = self._probing.begin_trial(wanted, self.estimate, now)
            return None
        if now - self._heard > 0.5 or self._delays.queue() > self._delays.grown:
            return None
        rate = self.rate
        return self._probing.begin(wanted, self.estimate, rate, self._delays, now, alone=rate < 2 * FLOOR)

    # -- judgement -------------------------------------------------------------------------------------

    def _delivered(self) -> float:
        """Return bit/s that arrived of late; 0 where it is too short to say."""
        return self._delays.delivered() * (1 - self._lossy)

    def _count(self, octets: int, now: float) -> None:
        self._octets, self._counted = octets, now
        if now - self._rate_b[0] >= 0.5:
            self._rate_a, self._rate_b = self._rate_b, (now, octets)

    def _judge_loss(self, newest: float, found: int, whole: bool) -> None:
        """Count the marks that were overtaken as lost, and see from when on marks are out.

        Where a feedback message is missing (not `whole`), nobody knows of the marks it spoke of.
        """
        if not self._marks and self._lossy == 0.0:
            self._out_since = NEVER  # as it is where all is well
            return
        lost = 0
        overtaken: list[int] = []
        waiting = NEVER
        for number, (sent, _) in self._marks.items():
            if sent > newest:
                waiting = sent
                break
            if sent < newest - _REORDER:
                overtaken.append(number)
                lost += whole and not self._probing.covers(sent)
        for number in overtaken:
            del self._marks[number]
        self._out_since = waiting
        if lost + found:
            share = lost / (lost + found)
            self._lossy += (share - self._lossy) * min(1.0, 0.1 * (lost + found))

    def _judge_silence(self, silence: float, newest: Arrival, grown: float) -> None:
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
        delays = self._delays
        recent = delays.recent
        last = recent[-1]
        queued = delays.queue()
        if self.congested:
            self._judge_stop(last, queued, now)
            return
        if last.sent < self._resumed:
            return  # that has been answered
        delays.allow(queued, since)
        if queued <= grown:
            self._grown_since = NEVER
            self._prove(now)
            return
        if self._grown_since == NEVER:
            self._grown_since = now
        middle = recent[-min(len(recent), 6)]
        flat = 0.015 + 0.5 * delays.jitter
        change = last.queued - middle.queued
        if change < -flat:
            return  # on its way out
        if last.queued > _STOP + grown - GROWN:
            self._probing.fail(now)
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

    def _judge_stop(self, last: Arrival, queued: float, now: float) -> None:
        """While the picture is stopped: measure the drain, and see when it is over."""
        quiet = _RESUME + JITTER_WEIGHT * self._delays.jitter
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
                    0.9 * (1 - self._lossy) * self._stopped_rate if self._lossy > self.loss + 0.15 else NEVER
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
            first = self._delays.recent[0]
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
            return NEVER
        came = max(self._stop_back, _HALF_A_MARK) / known
        return (came if self._measured else min(came, 0.4)) * self._stopped_rate

    def _drained(self, least: float) -> float:
        """Return the bit/s at which the newest marks came out of a queue; 0 if in no more than `least` s."""
        out = (sent for sent, _ in self._marks.values())
        return self._delays.drained(least, out, self._lossy, self._stopped_at, self._resumed)

    def _prove(self, now: float) -> None:
        """Nothing queues: what was sent has passed, so the estimate is no less than that."""
        lossy = self._lossy
        if lossy > _HEAVY_LOSS and lossy > self.loss + 0.45 and now - self._responded > _SETTLE:
            self._probing.fail(now)
            self._stop(now)
            self._lower(0.85 * self._delivered() or 0.5 * self.rate, now)
            return
        self._probing.forgive(now)
        recent = self._delays.recent
        if lossy >= 0.1 or recent[-1].came - recent[0].came <= 0.7:
            return
        passed = self._delivered()
        if passed > self.estimate:  # as it seldom is; then what was sent is looked at too
            self.estimate = max(self.estimate, min(passed, self.rate, CEILING))

    def _rebase(self, queued: float, now: float) -> None:
        """Take the delay there is for the path's own: it has become longer, or others fill its queue."""
        self._rebased = now
        self._delays.rebase(queued, now)

    def _judge_reported_loss(self, lost: float, now: float) -> None:
        if self.loss < 0.1:
            self._held_loss = 0.0
        if self.loss > 0.1 and self._probing.trying and lost > 0.1 and self._held_loss == 0.0:
            self._refuse_trial(now)
        rate = self.rate
        if now - self._stopped_at < 1.5:
            rate = max(rate, self._stopped_rate)  # that is what it was lost from
        if rate < 2 * FLOOR or min(lost, self.loss) < _TOLERATED_LOSS:
            return
        # If it stays as it is with less sent, it is not our doing; if it falls, or is very high, it is.
        held = self._held_loss
        ours = self.loss < 0.7 * held or self.loss > 0.3
        if held == 0.0 or self.loss > held + 0.15 or (ours and now - self._responded > 2.0):
            self._held_loss = max(self.loss, 0.85 * lost)
            self._lower((1 - min(max(lost, min(1.5 * self.loss, 0.5)), 0.85)) * rate, now)

    def _judge_round_trip(self, queued: float, since: float, now: float) -> None:
        """Take what reports say of the queue, for want of better; `since` is seconds since the last one."""
        if self.congested:
            if queued < _STOP and now - self._stopped_at > 0.5 and self._backlog is None:
                self._resume(now)
        elif queued > 2.5 * GROWN and now - self._responded > 2 * _SETTLE:
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
        self._stop_loss = self.loss
        self._responded = -NEVER  # the estimate may follow at once
        self._leave_alone(now)

    def _rate_out(self) -> float:
        """Return the bit/s at which the marks out were sent: a picture just begun is in no average."""
        if len(self._marks) < 3:
            return 0.0
        marks = list(self._marks.values())
        (began, before), (ended, octets) = marks[0], marks[-1]
        return (octets - before) * 8 / (ended - began) if ended - began > STRETCH else 0.0

    def _leave_alone(self, now: float) -> None:
        """Try nothing for a while after a queue."""
        least = _PAUSE if self._transport and not self._mute else _PAUSE_UNHEARD
        self._probing.rest(self._probing.pause(least), now)

    def _resume(self, now: float) -> None:
        self.congested = False
        self._resumed = now
        self._probing.rest(1.5, now)
        self._before_silence = None
        self._lossy = 0.0

    def _lower(self, bitrate: float, now: float) -> None:
        """Let the estimate be no more than `bitrate`; a probe or a trial that brought us here has failed."""
        self._probing.contradict(now)
        self._responded = now
        self._responded_rate = self.rate
        self.estimate = max(FLOOR, min(self.estimate, bitrate))
        self._leave_alone(now)

    def _refuse_trial(self, now: float) -> bool:
        """Go back to what was before a trial, if there is one; say whether there was."""
        before = self._probing.refuse_trial(now)
        if before is None:
            return False
        self.estimate = max(FLOOR, min(self.estimate, before))
        self._responded = now
        return True
