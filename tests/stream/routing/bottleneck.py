"""A network and its two ends on virtual time: a relay that sends layers, a path, and a viewer's browser.

Deterministic (seeded), exact (the queue is served continuously, at a rate that changes over time), and made
of the real parts but for the path: marks go through `Bandwidth`, feedback through the bytes of RTCP.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from stream.routing.bandwidth import Bandwidth
from stream.routing.layers import Ladder, Rung
from stream.routing.probing import TICK
from stream.wire import rtcp

FRAME = 1 / 30
AUDIO = 0.02
AUDIO_OCTETS = 120
PACKET = 1150
MARK = 0.15
"""Seconds between marked bursts of one track."""

FEEDBACK = 0.1
"""Seconds between two looks of a browser whether there are arrivals to tell of."""

KEY_FRAME_WAIT = 0.2
"""Seconds until a layer that is asked for brings a key frame."""

KEY_FRAME = 5
"""Size of a key frame in frames."""


class Path:
    """One direction: a drop-tail queue served at a rate that changes, propagation, jitter and loss."""

    def __init__(
        self,
        rates: Sequence[tuple[float, float]],
        delay: float = 0.02,
        buffer: float = 10.0,
        jitter: float = 0.0,
        loss: float = 0.0,
        seed: int = 1,
        ordered: bool = True,
    ) -> None:
        self.rates = list(rates)
        self.delay, self.buffer, self.jitter, self.loss, self.ordered = delay, buffer, jitter, loss, ordered
        self.random = random.Random(seed)
        self.free_at = self.last_out = 0.0
        self.dropped = 0

    def rate(self, now: float) -> float:
        return [rate for since, rate in self.rates if since <= now][-1]

    def queue(self, now: float) -> float:
        return max(0.0, self.free_at - now)

    def send(self, now: float, octets: int) -> float | None:
        """Return when a packet arrives; None if it does not."""
        if self.random.random() < self.loss:
            return None
        if self.queue(now) > self.buffer:
            self.dropped += 1
            return None
        left = octets * 8.0
        at = max(now, self.free_at)
        for until in [since for since, _ in self.rates if since > at] + [float("inf")]:
            rate = self.rate(at)
            if rate * (until - at) >= left:
                at += left / rate
                break
            left -= rate * (until - at)
            at = until
        self.free_at = at
        out = at + self.delay + self.random.uniform(0, self.jitter)
        if self.ordered:
            out = self.last_out = max(out, self.last_out)
        return out


class Moment(NamedTuple):
    at: float
    layers: tuple[int | None, ...]
    queue: float
    estimate: float
    congested: bool


@dataclass
class Slot:
    """What a viewer gets in one slot: a layer, and the one it waits for."""

    layer: int | None = None
    aim: int | None = None
    key_frame_at: float = 0.0
    marked_at: float = -1.0


@dataclass
class Viewing:
    """One viewer of a layered relay over a path, and all that was seen of it."""

    path: Path
    layers: Sequence[Sequence[float]] = ((150e3, 500e3, 1500e3),)
    back: Path = field(default_factory=lambda: Path([(0, 1e9)], delay=0.02, seed=2))
    transport: bool = True
    remb: bool = False
    reports: bool = True
    marks_audio: bool = True
    drift: float = 0.0
    cross: float = 0.0  # bit/s of other traffic in the same queue
    now: float = 0.0
    tcp: bool = False
    seed: int = 3

    def __post_init__(self) -> None:
        self.bandwidth = Bandwidth(self.now, transport=self.transport)
        self.ladder = Ladder()
        self.slots = [Slot() for _ in self.layers]
        self.rungs = [[Rung(i, 2, rate) for i, rate in enumerate(rates)] for rates in self.layers]
        self.random = random.Random(self.seed)
        self.octets = 0
        self.number = 65_000
        self.next_frame = self.next_audio = self.now
        self.audio_marked_at = -1.0
        self.probe: deque[int] = deque()
        self.events: list[tuple[float, int, object]] = []
        self.arrivals: list[tuple[int, int]] = []
        self.in_flight: deque[tuple[float, int]] = deque()
        self.feedback_count = 0
        self.sent_packets = self.got_packets = 0
        self.expected_then = self.got_then = 0
        self.remb_rate = 0.0
        self.got_octets: deque[tuple[float, int, float]] = deque()
        self.history: list[Moment] = []
        self.audio_delay: list[tuple[float, float]] = []
        self.step = round(self.now / TICK)
        self.messages = 0

    # -- the relay -------------------------------------------------------------------------------------

    def send(self, octets: int, mark: bool, sound: bool = False) -> None:
        self.octets += octets
        number = -1
        if mark:
            self.number += self.random.randint(1, 6)  # marks of others' layers and probes
            number = self.number
            self.bandwidth.sent(number & 0xFFFF, self.octets, self.now)
        self.sent_packets += 1
        came = self.path.send(self.now, octets)
        if came is not None:
            self.in_flight.append((came, number))
            self.got_octets.append((came, octets, came - self.now))
            if sound:
                self.audio_delay.append((self.now, came - self.now))

    def frame(self, slot: Slot, bitrates: Sequence[float]) -> None:
        size = 1.0
        if slot.aim != slot.layer:
            if slot.aim is None:
                slot.layer = None
            elif self.now >= slot.key_frame_at:
                slot.layer, size = slot.aim, KEY_FRAME
        if slot.layer is None:
            return
        octets = bitrates[slot.layer] * FRAME / 8 * size * self.random.uniform(0.8, 1.2)
        mark = self.now - slot.marked_at >= MARK
        if mark:
            slot.marked_at = self.now
        packets = max(1, round(octets / PACKET + 0.49))
        for index in range(packets):
            self.send(int(octets / packets), mark and index == packets - 1)

    def choose(self) -> None:
        rungs = self.rungs
        audio = AUDIO_OCTETS * 8 / AUDIO
        one = self.bandwidth
        proven = one.proven(self.now)
        chosen = self.ladder.choose(one.room, audio, rungs, self.now, one.congested, proven)
        for slot, rung in zip(self.slots, chosen, strict=True):
            aim = None if rung is None else rung.layer
            if aim != slot.aim:
                slot.aim, slot.key_frame_at = aim, self.now + KEY_FRAME_WAIT
                if aim is None:
                    slot.layer = None
                elif self.now == 0.0:
                    slot.key_frame_at = self.now
        probe = one.probe(self.ladder.wanted, self.now)
        if probe is not None:
            self.probe = deque([probe.octets] * probe.ticks)

    # -- the browser -----------------------------------------------------------------------------------

    def receive(self) -> None:
        for item in sorted(self.in_flight):
            if item[0] > self.now:
                break
            self.in_flight.remove(item)
            self.got_packets += 1
            if item[1] >= 0:
                clock = 5000.0 + item[0] * (1 + self.drift)
                self.arrivals.append((item[1], int(clock * 1e6)))
        while self.got_octets and self.got_octets[0][0] < self.now - 1.0:
            self.got_octets.popleft()

    def answer(self) -> None:
        back = self.back.send(self.now, 60)
        if self.transport and self.arrivals:
            arrivals, self.arrivals = sorted(self.arrivals), []
            messages = rtcp.pack_transport_feedback(1, 2, self.feedback_count & 0xFF, arrivals)
            self.feedback_count += len(messages)
            if back is not None:
                self.events += [(back, 0, message) for message in messages]

    def report(self) -> None:
        back = self.back.send(self.now, 60)
        expected = self.sent_packets - self.expected_then - len(self.in_flight)
        got = self.got_packets - self.got_then
        self.expected_then += expected
        self.got_then = self.got_packets
        lost = max(0.0, 1 - got / expected) if expected > 0 else 0.0
        latest = [way for came, _, way in self.got_octets if came <= self.now]
        trip = latest[-1] + self.back.delay if latest else None
        if back is not None and expected > 0:
            self.events.append((back, 1, (int(lost * 256) / 256, trip)))

    def tell_remb(self) -> None:
        """Estimate as browsers were seen to: sane downward, up by 8 %/s, never beyond 1.5 times what came."""
        got = sum(octets for came, octets, _ in self.got_octets if came <= self.now) * 8
        late = [way for came, _, way in self.got_octets if self.now - 0.3 < came <= self.now]
        if late and min(late) > self.path.delay + 0.1:
            self.remb_rate = (
                0.85 * sum(o for c, o, _ in self.got_octets if self.now - 0.5 < c <= self.now) * 16
            )
        else:
            self.remb_rate = min((self.remb_rate or 300e3) * 1.016, max(1.5 * got, self.remb_rate))
        back = self.back.send(self.now, 60)
        if back is not None:
            self.events.append((back, 2, self.remb_rate))

    # -- time ------------------------------------------------------------------------------------------

    def run(self, until: float) -> None:
        while self.now < until - 1e-9:
            self.step += 1
            self.turn()
            self.now = self.step * TICK

    def turn(self) -> None:
        now, step, one = self.now, self.step, self.bandwidth
        self.receive()
        for event in sorted(self.events, key=lambda event: event[0]):
            if event[0] > now:
                break
            self.events.remove(event)
            self.messages += 1
            if event[1] == 0:
                assert isinstance(event[2], bytes)
                for packet in rtcp.parse(event[2]):
                    assert isinstance(packet, rtcp.TransportFeedback)
                    one.arrived(packet, now)
            elif event[1] == 1:
                assert isinstance(event[2], tuple)
                one.reported(event[2][0], event[2][1], now)
            else:
                assert isinstance(event[2], float)
                one.remb(event[2], now)
        if step % 5 == 0:
            one.tick(now, self.octets)
            if self.tcp:
                one.backlog(int(self.path.queue(now) * self.path.rate(now) / 8), self.octets, now)
        if step % 10 == 1 or (one.congested and any(slot.layer is not None for slot in self.slots)):
            self.choose()
        if self.cross:
            self.path.send(now, int(self.cross * TICK / 8))
        if now >= self.next_audio - 1e-9:
            self.next_audio += AUDIO
            mark = self.marks_audio and now - self.audio_marked_at >= MARK
            if mark:
                self.audio_marked_at = now
            self.send(AUDIO_OCTETS, mark, sound=True)
        if now >= self.next_frame - 1e-9:
            self.next_frame += FRAME
            for slot, bitrates in zip(self.slots, self.layers, strict=True):
                self.frame(slot, bitrates)
        if self.probe and not one.probing:
            self.probe.clear()
        if self.probe:
            octets = self.probe.popleft()
            while octets > 0:
                self.send(min(octets, PACKET), True)
                octets -= PACKET
        if step % round(FEEDBACK / TICK) == 3:
            self.answer()
        if self.reports and step % 100 == 7:
            self.report()
        if self.remb and step % 20 == 9:
            self.tell_remb()
        if step % 5 == 0:
            layers = tuple(slot.layer for slot in self.slots)
            self.history.append(Moment(now, layers, self.path.queue(now), one.estimate, one.congested))

    # -- what was seen ---------------------------------------------------------------------------------

    def between(self, start: float, end: float) -> list[Moment]:
        return [moment for moment in self.history if start <= moment.at < end]

    def first(self, start: float, layer: int | None, slot: int = 0) -> float:
        """Return the seconds from `start` until a slot showed exactly `layer`."""
        return next((m.at - start for m in self.history if m.at >= start and m.layers[slot] == layer), 1e9)

    def share(self, start: float, end: float, layer: int | None, slot: int = 0) -> float:
        """Return the part of a time in which a slot showed `layer`."""
        moments = self.between(start, end)
        return sum(moment.layers[slot] == layer for moment in moments) / len(moments)

    def changes(self, start: float, end: float, slot: int = 0) -> int:
        layers = [moment.layers[slot] for moment in self.between(start, end)]
        return sum(a != b for a, b in pairwise(layers))

    def worst_queue(self, start: float, end: float) -> float:
        return max(moment.queue for moment in self.between(start, end))
