"""How a late joiner is started on a line of its own: the real router on virtual time, before a bottleneck."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from stream.agreement import Extension
from stream.routing.group import NARROW
from stream.routing.router import Router
from stream.routing.shape import WIRE_OVERHEAD
from stream.wire import rtcp
from tests.stream.routing.bottleneck import FEEDBACK, FRAME, PACKET, Path
from tests.stream.routing.stage_hands import Peer, Speaker, clear, everyone, line_out, plan, taken

STEP = 0.005
SOUND = 0.02
ANSWER = 0.15
"""Seconds from a request for a key frame to the key frame."""

MOST_QUEUE = 0.3
WIRE = {Extension.MID: 4, Extension.ABS_SEND_TIME: 5, Extension.TRANSPORT_CC: 6}


@dataclass
class Start:
    """A talk whose picture takes `live` bit/s, and a joiner whose line takes `rate`."""

    rate: float
    live: float = 1.5e6
    key_octets: int = 30_000
    every: float = 1e9
    """Seconds between key frames that nobody asked for."""
    deaf: bool = False
    now: float = 0.0
    queue: float = 0.0
    """The longest a packet had to wait for the line, seconds."""
    begun: float | None = None
    caught_up: float | None = None
    """When its first packet of the picture left, and when it was live."""

    router: Router[Peer] = field(default_factory=lambda: Router("s"))
    peer: Peer = field(default_factory=lambda: Peer("viewer"))

    def __post_init__(self) -> None:
        self.path = Path([(0, self.rate)])
        self.speaker = Speaker("sp")
        self.router.set_plan(plan(1, everyone(self.speaker.publication.key)), 0.0)
        self.router.publish(self.speaker.peer, self.speaker.publication, 0.0)
        self.steps = self.asked = self.told = 0
        self.frame_due = self.sound_due = self.key_due = 0.0
        self.arrivals: list[tuple[float, int]] = []

    def frame(self) -> None:
        octets = self.live * FRAME / 8
        key = self.now >= self.key_due
        if key:
            octets, self.key_due = self.key_octets, self.now + self.every
        self.speaker.per_frame = max(1, round(octets / PACKET))
        self.speaker.size = int(octets / self.speaker.per_frame) - 70
        for packet in self.speaker.frame(key=key):
            self.router.receive_rtp(self.speaker.peer.id, packet, self.now)

    def run(self, until: float) -> None:
        while self.now < until:
            self.steps += 1
            self.now = self.steps * STEP
            self.turn()

    def turn(self) -> None:
        now, router = self.now, self.router
        asked = self.speaker.publication.counters["pli"]
        if asked > self.asked and not self.deaf:
            self.key_due = min(self.key_due, now + ANSWER)
        self.asked = asked
        if now >= self.frame_due:
            self.frame_due += FRAME
            self.frame()
        if now >= self.sound_due:
            self.sound_due += SOUND
            router.receive_rtp(self.speaker.peer.id, self.speaker.sound(), now)
        bursts = router.flush(now) + router.extras(now)
        router.tick(now, now)
        picture = router.feeds["stage"].slots["main"].ssrc
        for packet in taken(bursts, self.peer):
            came = self.path.send(now, len(packet.header) + len(packet.payload) + WIRE_OVERHEAD)
            mark = clear(packet).extensions.get(WIRE[Extension.TRANSPORT_CC])
            if mark is not None and came is not None:
                self.arrivals.append((came + self.path.delay, int.from_bytes(mark, "big")))
            if packet.ssrc == picture and self.begun is None:
                self.begun = now
        self.queue = max(self.queue, self.path.queue(now))
        if self.steps % round(FEEDBACK / STEP) == 0:
            self.answer()
        viewer = router.feeds["stage"].viewers.get(self.peer.id)
        if viewer and self.caught_up is None and viewer.consumers["main"].state == "live":
            self.caught_up = now

    def answer(self) -> None:
        here = sorted((mark, int(came * 1e6)) for came, mark in self.arrivals if came <= self.now)
        self.arrivals = [one for one in self.arrivals if one[0] > self.now]
        messages = rtcp.pack_transport_feedback(1, 2, self.told & 0xFF, here) if here else []
        self.told += len(messages)
        for message in messages:
            self.router.receive_rtcp(self.peer.id, rtcp.parse(message), self.now, self.now)

    def join(self, after: float, seconds: float = 2.5) -> None:
        """Let the viewer join so long after a key frame, and watch."""
        self.run(after)
        lines = [line_out("main", extensions=WIRE), line_out("audio0", extensions=WIRE)]
        self.router.view("stage", self.peer, "viewer", lines, self.now)
        self.run(self.now + seconds)
        assert self.begun is not None
        self.begun -= after
        if self.caught_up is not None:
            self.caught_up -= after


@pytest.mark.parametrize("after", [0.05, 0.2, 0.35, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("key_octets", [10_000, 30_000, 60_000])
@pytest.mark.parametrize("live", [0.3e6, 1.0e6, 1.5e6, 1.7e6])
def test_a_narrow_line_keeps_a_short_queue_whenever_one_joins(
    live: float, key_octets: int, after: float
) -> None:
    """faults.md, row 21, where 2 Mbit/s are all there is, most of it for the live stream."""
    start = Start(NARROW, live, key_octets)
    start.join(after)
    assert start.queue < MOST_QUEUE
    assert start.begun is not None and start.begun < ANSWER + 0.1


@pytest.mark.parametrize("after", [0.2, 0.6, 2.0])
def test_a_fresh_key_frame_that_is_large_is_spread(after: float) -> None:
    """A page of slides: 150 kB at once would stand in the line for 0.6 s."""
    start = Start(NARROW, 0.1e6, 150_000)
    start.join(after)
    assert start.queue < MOST_QUEUE
    assert start.caught_up is not None and start.caught_up < 1.0


@pytest.mark.parametrize("after", [0.3, 0.9, 1.8])
@pytest.mark.parametrize("live", [1.5e6, 2.5e6, 6e6])
def test_encoders_that_hear_no_request_are_caught_up_with(live: float, after: float) -> None:
    """A key frame each two seconds, as studios set them: the joiner begins in the middle, and arrives."""
    start = Start(20e6, live, 40_000, every=2.0, deaf=True)
    start.join(after, 4.0)
    assert start.begun is not None and start.begun < 0.6
    assert start.caught_up is not None and start.caught_up < (2.2 if live < 3e6 else 3.5)


@pytest.mark.parametrize("live", [3e6, 6e6])
def test_a_whole_group_of_pictures_is_kept_where_no_request_is_heard(live: float) -> None:
    """A key frame each ten seconds, in vain asked for another: nobody waits for the next."""
    start = Start(30e6, live, 60_000, every=10.0, deaf=True)
    start.join(9.2, 0.7)
    assert start.begun is not None and start.begun < 0.1
    assert start.queue < MOST_QUEUE


def test_a_start_becomes_quicker_where_marks_come_through() -> None:
    """Three seconds of picture behind, more than 6 s at the first pace's half: not on a wide line."""
    wide, narrow = (Start(rate, 1.6e6, 20_000, deaf=True) for rate in (20e6, 3.1e6))
    wide.join(3.0, 6.0)
    narrow.join(3.0, 6.0)
    assert wide.caught_up is not None and wide.caught_up < 2.0
    assert narrow.queue < MOST_QUEUE
