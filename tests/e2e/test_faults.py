"""One part after the other is killed in the middle of a talk."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import websockets

from signaling.attend import GoodbyeError, Seat, command_id, seat
from signaling.protocol import Ack, AskQuestion, PostChat, Refused
from tests.e2e.stage import Stage
from tests.e2e.visitor import Chromium, ChromiumVisitor
from tests.signaling.conftest import RedisServer, redis_server
from tests.signaling.test_sentinel import Replicated, replicated

__all__ = ["redis_server", "replicated"]

pytestmark = [pytest.mark.browser, pytest.mark.fault, pytest.mark.alone]

STEADY_GAP_MS = 500
"""Longest time without a new frame that counts as `the picture goes on`."""

RESUMED_WITHIN = 2.0
"""Seconds after signaling's death in which a page has its line again (faults.md, row 3)."""

RELAY_GAP_MOSTLY_MS = 2000
RELAY_GAP_MS = 5000
"""Time without a picture after the relay's death: in 95 of 100 cases, and at most (faults.md, row 1)."""


@pytest.mark.timeout(180)
async def test_the_picture_goes_on_without_signaling_and_the_page_comes_back(
    own_stage: Stage, chromium: Chromium
) -> None:
    session = await own_stage.new_session()
    async with own_stage.speaker(session):
        viewer = await chromium.visit(own_stage.link("watch", session, "viewer"))
        await viewer.playing()
        await own_stage.spare("signaling")
        watching = asyncio.create_task(viewer.watch(8.0))
        await asyncio.sleep(2)
        own_stage.kill("signaling")
        back = await viewer.expect("rostrum.connection.phase !== 'open'", 10)
        back += await viewer.expect("rostrum.connection.phase === 'open'", 10)
        gap = (await watching)["gap"]
        print(f"signaling killed: longest gap {gap:.0f} ms; the line is open again after {back:.1f} s")
        assert gap < STEADY_GAP_MS
        assert back < RESUMED_WITHIN
        await viewer.type(".chat textarea", "Still here")
        await viewer.click(".chat button[type=submit]")
        await viewer.expect("rostrum.state().chat.at(-1)?.text === 'Still here'")
        await viewer.playing()


@pytest.mark.timeout(180)
async def test_the_picture_is_back_soon_after_the_relay_is_killed(
    own_stage: Stage, chromium: Chromium
) -> None:
    session = await own_stage.new_session()
    async with own_stage.speaker(session):
        viewer = await chromium.visit(own_stage.link("watch", session, "viewer"))
        hall = await chromium.visit(own_stage.link("hall", session, "hall"))
        await viewer.playing()
        await hall.playing()
        await own_stage.spare("relay")
        watching = asyncio.gather(viewer.watch(14.0), hall.watch(14.0))
        await asyncio.sleep(2)
        own_stage.kill("relay")
        gaps = [seen["gap"] for seen in await watching]
        print(f"relay killed: longest gap of viewer and hall {[round(gap) for gap in gaps]} ms")
        assert max(gaps) < RELAY_GAP_MOSTLY_MS
        await viewer.playing()
        await hall.playing()


@pytest.mark.timeout(180)
async def test_a_browser_speaker_comes_back_after_the_relay_is_killed(
    own_stage: Stage, chromium: Chromium
) -> None:
    session = await own_stage.new_session()
    speaker = await chromium.visit(own_stage.link("speak", session, "speaker", sub="speaker-1"))
    await speaker.click(".setup-go button:enabled")
    await own_stage.bring_on(session, "speaker-1")
    viewer = await chromium.visit(own_stage.link("watch", session, "viewer"))
    await viewer.playing()
    own_stage.kill("relay")
    before = await viewer.frames()
    back = await viewer.expect(f"rostrum.media().slots.main.frames > {before} + 5", 10)
    print(f"relay killed: a browser's picture is back after {back:.1f} s")
    assert back < RELAY_GAP_MS / 1000
    await viewer.expect("document.querySelector('[data-slot=main]').dataset.shown === 'live'")


@pytest.mark.timeout(180)
async def test_nothing_acknowledged_is_lost_when_redis_is_killed(
    own_stage: Stage, chromium: Chromium
) -> None:
    session = await own_stage.new_session()
    acknowledged: list[str] = []
    async with own_stage.speaker(session):
        viewer = await chromium.visit(own_stage.link("watch", session, "viewer"))
        await viewer.playing()
        watching = asyncio.create_task(viewer.watch(10.0))
        # Several people, because one alone would soon be asked to slow down.
        people = [talk(own_stage, session, f"talker-{number}", acknowledged) for number in range(5)]
        talking = asyncio.gather(*people)
        await asyncio.sleep(2)
        own_stage.kill("redis")
        before = len(acknowledged)
        gap = (await watching)["gap"]
        talking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await talking
        print(f"redis killed: longest gap {gap:.0f} ms; {len(acknowledged)} commands were acknowledged")
        assert gap < STEADY_GAP_MS
        await viewer.expect("rostrum.connection.phase === 'open'", 10)
        await viewer.expect("!rostrum.state().chatPaused", 10)
        kept = await everything_said(own_stage, session)
        assert before > 10 and len(acknowledged) > before + 10, "too little was said to show anything"
        assert [text for text in acknowledged if kept.count(text) != 1] == []
        # It goes on afterwards, on the page that was there all the time.
        await viewer.type(".chat textarea", "After the storm")
        await viewer.click(".chat button[type=submit]")
        await viewer.expect("rostrum.state().chat.at(-1)?.text === 'After the storm'")


@contextlib.asynccontextmanager
async def watched(
    chromium: Chromium, stage: Stage
) -> AsyncIterator[tuple[Stage, str, ChromiumVisitor, Seat]]:
    """Start a stage with a talk that a page plays, and where Eve has said `before`."""
    stage.start()
    try:
        session = await stage.new_session()
        async with stage.speaker(session), seat(stage.url, stage.token(session, "viewer", "Eve")) as eve:
            viewer = await chromium.visit(stage.link("watch", session, "viewer"))
            await viewer.playing()
            assert isinstance(await eve.command(PostChat(command_id(), "before")), Ack)
            yield stage, session, viewer, eve
    finally:
        stage.stop()


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "seconds", [4.0, *(pytest.param(long, marks=pytest.mark.benchmark) for long in (30.0, 90.0))]
)
async def test_redis_out_of_reach_pauses_chat_and_nothing_else(
    redis_server: RedisServer, chromium: Chromium, tmp_path: Path, seconds: float
) -> None:
    async with watched(chromium, Stage(tmp_path, redis_url=redis_server.url)) as (
        stage,
        session,
        viewer,
        eve,
    ):
        running = {name: stage.pid(name) for name in ("relay", "signaling")}
        watching = asyncio.create_task(viewer.watch(seconds + 4))
        redis_server.freeze()
        await viewer.expect("rostrum.state().chatPaused", 10)
        refused = await eve.command(PostChat(command_id(), "meanwhile"))
        await asyncio.sleep(seconds)
        redis_server.thaw()
        back = await viewer.expect("!rostrum.state().chatPaused", 10)
        gap = (await watching)["gap"]
        assert isinstance(refused, Refused) and refused.code == "log_unavailable"
        assert isinstance(await eve.command(PostChat(command_id(), "after")), Ack)
        print(f"redis away {seconds:.0f} s: longest gap {gap:.0f} ms, chat back after {back:.2f} s")
        assert gap < STEADY_GAP_MS
        assert {name: stage.pid(name) for name in ("relay", "signaling")} == running, "nothing restarts"
        assert await viewer.evaluate("rostrum.connection.phase") == "open"
        assert await everything_said(stage, session) == ["before", "after"]


@pytest.mark.benchmark
@pytest.mark.timeout(240)
async def test_a_master_that_hangs_behind_sentinels_is_replaced_and_the_picture_goes_on(
    replicated: Replicated, chromium: Chromium, tmp_path: Path
) -> None:
    await replicated.start()
    async with watched(chromium, Stage(tmp_path, redis_url=replicated.url)) as (stage, session, viewer, eve):
        running = {name: stage.pid(name) for name in ("relay", "signaling")}
        watching = asyncio.create_task(viewer.watch(10.0))
        replicated.freeze(replicated.master)
        hung = time.monotonic()
        lost = PostChat(command_id(), "into the void")
        refused = await eve.command(lost)
        assert isinstance(refused, Refused) and refused.code == "log_unavailable" and refused.retry_after
        async with asyncio.timeout(30):
            while not isinstance(await eve.command(lost), Ack):
                await asyncio.sleep(0.2)
        back = time.monotonic() - hung
        await viewer.expect("!rostrum.state().chatPaused", 10)
        assert await replicated.named() == replicated.replica
        gap = (await watching)["gap"]
        print(f"a master hung behind Sentinels: longest gap {gap:.0f} ms, chat back after {back:.1f} s")
        assert gap < STEADY_GAP_MS
        assert {name: stage.pid(name) for name in ("relay", "signaling")} == running, "nothing restarts"
        replicated.thaw(replicated.master)
        await viewer.type(".chat textarea", "On we go")
        await viewer.click(".chat button[type=submit]")
        await viewer.expect("rostrum.state().chat.at(-1)?.text === 'On we go'")
        assert await everything_said(stage, session) == ["before", "into the void", "On we go"]


async def talk(stage: Stage, session: str, name: str, acknowledged: list[str]) -> None:
    """Chat and ask some ten times a second until cancelled, and note what the server has acknowledged."""
    number = 0
    token = stage.token(session, "viewer", name, name)
    while True:
        with contextlib.suppress(OSError, GoodbyeError, websockets.WebSocketException):
            async with seat(stage.url, token) as place:
                while True:
                    number += 1
                    text = f"line {number} of {name}"
                    command = AskQuestion if number % 10 == 0 else PostChat
                    answer = await place.command(command(command_id(), text))
                    if isinstance(answer, Ack):
                        acknowledged.append(text)
                    await asyncio.sleep(0.1)
        await asyncio.sleep(0.2)


async def everything_said(stage: Stage, session: str) -> list[str]:
    """Return all texts of chat and questions as a moderator who joins now gets them."""
    async with seat(stage.url, stage.token(session, "moderator")) as desk:
        snapshot = desk.welcome.snapshot
        assert snapshot is not None
        return [message.text for message in snapshot.chat] + [asked.text for asked in snapshot.questions]
