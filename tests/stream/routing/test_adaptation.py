"""Looks at viewers' networks: who lacks nothing is left alone, until something might be lacking."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stream.agreement import Extension
from stream.routing.adaptation import ADAPT_INTERVAL, REST, Ladders, adapt, at_rest
from stream.routing.bandwidth import Bandwidth
from stream.routing.consumer import Consumer
from stream.routing.group import Viewer
from stream.routing.layers import Rung
from stream.routing.router import Router
from stream.wire import rtcp
from tests.stream.routing.bottleneck import Path, Viewing
from tests.stream.routing.stage_hands import LayeredSpeaker, Peer, everyone, line_out, plan

COUNTED = {"_octets", "_counted", "_rate_a", "_rate_b"}
"""What a tick may always move on."""


class Checked(Bandwidth):
    """An estimate that proves of each tick that it does nothing where it is said to be idle."""

    idle_ticks = busy_ticks = 0

    def tick(self, now: float, octets: int | None = None) -> None:
        """See `Bandwidth.tick`."""
        idle, before = self.idle(now), self.state()
        super().tick(now, octets)
        if idle:
            assert self.state() == before
            self.idle_ticks += 1
        else:
            self.busy_ticks += 1

    def state(self) -> dict[str, object]:
        """Return all that it knows, but for counts."""
        known = {name: getattr(self, name) for name in Bandwidth.__slots__ if name not in COUNTED}
        return {name: dict(value) if isinstance(value, dict) else value for name, value in known.items()}


@pytest.mark.parametrize("loss", [0.0, 0.1])
@pytest.mark.parametrize("buffer", [0.1, 10.0])
def test_where_a_network_is_idle_a_tick_does_nothing(buffer: float, loss: float) -> None:
    path = Path([(0, 2e6), (10, 300e3), (20, 2e6)], 0.02, buffer, 0.0, loss)
    viewing = Viewing(path, back=Path([(0, 1e9)], 0.02, seed=2))
    checked = viewing.bandwidth = Checked(0.0)
    viewing.run(40)
    assert viewing.first(10, 0) < 5, "the scenario is one in which there is something to do"
    assert checked.idle_ticks > 300 and checked.busy_ticks > 10


class Watching:
    """A speaker in three layers, and one viewer who reports what came, as long as it `answers`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.frames, self.told, self.looks = 100.0, 0, 0, 0
        self.answers = True
        self.router: Router[Peer] = Router("s")
        self.speaker = LayeredSpeaker("sp")
        self.router.set_plan(plan(1, everyone("sp/camera")), self.now)
        self.router.publish(self.speaker.peer, self.speaker.publication, self.now)
        self.peer = Peer("viewer")
        line = line_out("main", extensions={Extension.MID: 4, Extension.TRANSPORT_CC: 6})
        self.router.view("stage", self.peer, "viewer", [line], self.now)
        monkeypatch.setattr("stream.routing.feed.adapt", self.look)

    @property
    def viewer(self) -> Viewer[Peer]:
        """The viewer."""
        return self.router.feeds["stage"].viewers["viewer"]

    @property
    def rests(self) -> bool:
        """Whether it would be left alone now."""
        return at_rest(self.viewer, self.router.feeds["stage"]._ladders, self.now)

    def look(self, viewer: Viewer[Peer], ladders: Ladders, now: float) -> list[tuple[Consumer, Rung | None]]:
        """Count a look, and look."""
        self.looks += 1
        return adapt(viewer, ladders, now)

    def run(self, seconds: float, *rids: str) -> None:
        """Let time pass: 25 frames a second of these layers, a tick each 20 ms."""
        until = self.now + seconds
        while self.now < until:
            self.now += 0.02
            self.frames += 1
            if self.frames % 2:
                for packet in self.speaker.frame(*rids, key="" if self.frames % 50 > 1 else "qhf"):
                    self.router.receive_rtp(self.speaker.peer.id, packet, self.now)
            self.router.flush(self.now)
            self.router.extras(self.now)
            self.router.tick(self.now, self.now)
            if self.answers and self.frames % 5 == 0:
                self.answer()

    def answer(self) -> None:
        """Report of all marks since the last time that they came at once."""
        new = range(self.told + 1, self.router._number + 1)
        self.told = self.router._number
        arrivals = [(number, int(self.now * 1e6)) for number in new]
        for message in rtcp.pack_transport_feedback(1, 2, self.frames // 5 & 0xFF, arrivals) if new else ():
            self.hear(*rtcp.parse(message))

    def hear(self, *packets: rtcp.Packet) -> None:
        """Let the relay hear from the viewer."""
        self.router.receive_rtcp("viewer", packets, self.now, self.now)


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch) -> Watching:
    """One who has watched for a while, with nothing lacking."""
    found = Watching(monkeypatch)
    found.run(5)
    assert found.viewer.consumers["main"].state == "live"
    return found


def test_who_lacks_nothing_is_looked_at_less_often(watching: Watching) -> None:
    watching.looks = 0
    watching.run(6)
    assert 6 / (REST + 2 * ADAPT_INTERVAL) <= watching.looks <= 0.5 * 6 / ADAPT_INTERVAL


def test_silence_is_noticed_no_later_for_rest(watching: Watching) -> None:
    watching.answers = False
    watching.run(1.0)
    assert watching.viewer.bandwidth.congested
    assert watching.viewer.consumers["main"].layer is None
    assert not watching.rests


def test_what_may_ask_for_another_choice_ends_a_rest(watching: Watching) -> None:
    def rest() -> None:
        for _ in range(100):
            if watching.rests:
                return
            watching.run(0.02)
        raise AssertionError("it does not come to rest")

    rest()
    ssrc = watching.router.feeds["stage"].ssrc("main")[0]
    watching.hear(rtcp.ReceiverReport(1, (rtcp.ReportBlock(ssrc, 64, 9, 70_000, 0, 0, 0),)))
    assert not watching.rests, "a report came"

    rest()
    watching.viewer.peer = replace(watching.peer, backlog=0)
    assert not watching.rests, "it is reached by TCP now"
    watching.viewer.peer = watching.peer

    rest()
    watching.viewer.bandwidth.estimate *= 0.9
    assert not watching.rests, "less is thought to pass"

    rest()
    watching.run(1.0, "q")
    top = watching.viewer.consumers["main"].target
    assert top is not None and top.rid == "q", "the upper layers have ceased"
