"""The engine in this process: a defect in one session costs no other, and everything ends."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from stream.bench import ends
from stream.bench.light_peer import LightPeer
from stream.engine import SWEEP, TICK, Engine
from stream.errors import RelayError
from stream.plan import Feed, PublishRequest, StagePlan, ViewRequest
from stream.routing.group import Burst
from stream.routing.router import Router
from stream.settings import RelaySettings
from stream.transport.rtc_adapter import make_certificate
from stream.transport.transport import PeerTransport
from stream.wire import rtp
from tests.signaling.processes import free_port
from tests.stream.offers import real


@asynccontextmanager
async def running() -> AsyncIterator[Engine]:
    settings = RelaySettings(
        secret="s" * 32, media_host="127.0.0.1", media_port=free_port(socket.SOCK_DGRAM), max_transports=4
    )
    engine = Engine(settings, ("127.0.0.1",))
    task = asyncio.create_task(engine.run())
    await asyncio.sleep(0)
    try:
        yield engine
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert not engine.peers and not engine._closing


def let_somebody_in(engine: Engine) -> None:
    """Have one peer, who never comes: with nobody here there are no turns to take."""
    engine.publish("waited-for", PublishRequest("sp", "camera", real("whip-chromium-vp8")))


class Broken(Router[PeerTransport]):
    """A session with a defect of ours."""

    def flush(self, now: float) -> list[Burst[PeerTransport]]:
        raise RuntimeError("a defect")


class Counted(Router[PeerTransport]):
    """A session that counts its turns."""

    turns = 0

    def flush(self, now: float) -> list[Burst[PeerTransport]]:
        self.turns += 1
        return super().flush(now)


class Restless(Router[PeerTransport]):
    """A session in which somebody waits for the next turn."""

    busy = True

    @property
    def calm(self) -> bool:
        return not self.busy


async def test_a_defect_in_one_session_costs_no_other(caplog: pytest.LogCaptureFixture) -> None:
    async with running() as engine:
        let_somebody_in(engine)
        plan = StagePlan(1, 1, {"stage": Feed()})
        for router in (Broken("a-broken"), Counted("whole")):
            router.set_plan(plan, 0.0)
            engine.routers[router.session] = router
        await asyncio.sleep(0.3)
        whole = engine.routers["whole"]
        assert isinstance(whole, Counted) and whole.turns > 5
        assert engine.counters["internal_error"] > 5
        assert caplog.text.count("Traceback") == 1, "a defect each tick must not fill the disk"


async def test_turns_come_half_as_often_while_all_are_calm(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        waits.append(seconds)
        await sleep(seconds)

    monkeypatch.setattr("stream.engine.asyncio.sleep", noted)
    async with running() as engine:
        let_somebody_in(engine)
        router = Restless("restless")
        router.set_plan(StagePlan(1, 1, {"stage": Feed()}), 0.0)
        engine.routers["restless"] = router
        while len(waits) < 4:
            await sleep(0.005)
        router.busy = False
        busy, waits[:] = list(waits), []
        while len(waits) < 4:
            await sleep(0.005)
    assert busy[-1] == TICK
    assert waits[-1] == 2 * TICK


async def test_who_is_alone_sleeps_and_is_awake_at_once_when_somebody_is_let_in() -> None:
    async with running() as engine:
        router = engine.routers["s"] = Counted("s")
        router.set_plan(StagePlan(1, 1, {"stage": Feed()}), 0.0)
        await asyncio.sleep(1.2)
        alone = router.turns
        let_somebody_in(engine)
        async with asyncio.timeout(0.8 * SWEEP):
            while router.turns < alone + 2:
                await asyncio.sleep(0.001)
    assert 1 <= alone <= 1.2 / SWEEP + 2, "one at each look for dead peers"


async def test_media_right_behind_the_end_of_the_handshake_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an encoder's that is the DTLS server, and whose first packets are its only key frame."""
    monkeypatch.setattr("stream.transport.transport.EARLY_KEPT", 50)
    async with running() as engine:
        speaker = LightPeer(make_certificate(), "127.0.0.1")
        offer = ends.offer(speaker.local, "sendonly", (1, 2)).replace("setup:actpass", "setup:passive")
        answer = engine.publish("s", PublishRequest("sp", "camera", offer))
        await speaker.connect(ends.read(answer.answer), until_media=False)
        assert speaker.srtp is not None
        for number in range(60):  # nothing else has its turn before these are sent
            header = rtp.pack_header(
                payload_type=ends.VIDEO_TYPE, sequence=number, timestamp=number // 40, ssrc=2
            )
            speaker.send(speaker.srtp.protect(header, b"\x90\x80\x80\0" + bytes(1000), 2, number))
        async with asyncio.timeout(5):
            while engine.counters["datagrams_in"] < 60 or not engine.counters["connected"]:
                await asyncio.sleep(0.01)
        before, dropped = (engine.counters[f"rtp_before_keys{which}"] for which in ("", "_dropped"))
        (track,) = engine.routers["s"].publications["sp/camera"].tracks
        assert track.reception.packets == 60 - dropped
        assert track.ring.since(0)[0].timestamp == 0 and track.reception.lost == 0
        assert before >= 40, "else they came too late to show anything"
        assert dropped == before - 50
        await speaker.close()


async def test_every_door_is_counted() -> None:
    async with running() as engine:
        offer = real("whip-chromium-vp8")
        answers = [engine.publish("s", PublishRequest("sp", "camera", offer)) for _ in range(4)]
        with pytest.raises(RelayError, match="relay_full"):
            engine.publish("s", PublishRequest("sp", "camera", offer))
        engine.close_transport(answers[0].transport)
        engine.publish("s", PublishRequest("sp", "camera", offer))
        engine.close_participant("s", "sp")
        assert not engine.peers
        engine.draining = True
        with pytest.raises(RelayError, match="draining"):
            engine.view("s", ViewRequest("v", "stage", offer, wait=True))


async def test_who_never_comes_is_forgotten() -> None:
    async with running() as engine:
        engine.publish("s", PublishRequest("sp", "camera", real("whip-chromium-vp8")))
        now = time.monotonic() + 30
        engine._sweep(now)
        assert not engine.peers and engine.counters["expired"] == 1
        engine._sweep(now)
        assert "s" not in engine.routers


async def test_a_planned_session_is_kept() -> None:
    async with running() as engine:
        engine.set_plan("s", StagePlan(1, 1, {}))
        engine._sweep(time.monotonic())
        assert engine.state().plans == {"s": (1, 1)}
        engine.end_session("s")
        assert engine.state().plans == {}
