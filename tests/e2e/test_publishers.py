"""Publishers that come back or come twice, while viewers do nothing."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

from stream.clients import tracks, whip
from stream.clients.errors import Replaced
from stream.clients.picture import Picture
from stream.clients.resource import new_http
from stream.clients.test_card import TestCard
from stream.clients.whep import Frame, view
from tests.e2e.stage import Stage
from tests.e2e.visitor import PAINTED_CAMERA, Chromium
from tests.stream.clients.readings import reading

NEWER = 30_000
"""Added to the frame counters of the newer of two publishers, so that its frames are told apart."""

COUNT_PEERS = """
{
  const Peer = globalThis.RTCPeerConnection;
  globalThis.peersMade = 0;
  globalThis.RTCPeerConnection = class extends Peer {
    constructor(...parameters) {
      super(...parameters);
      globalThis.peersMade++;
    }
  };
}
"""


@pytest.mark.browser
async def test_a_speaker_who_reloads_takes_their_place_again_without_viewers_doing_anything(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    speaker = await chromium.visit(
        stage.link("speak", session, "speaker", sub="speaker-1"), scripts=[PAINTED_CAMERA]
    )
    await speaker.click(".setup-go button:enabled")
    await stage.bring_on(session, "speaker-1")
    viewer = await chromium.visit(stage.link("watch", session, "viewer"), scripts=[COUNT_PEERS])
    await viewer.playing()
    watching = asyncio.create_task(viewer.watch(10.0))
    await asyncio.sleep(1)
    await speaker.reload()
    seen = await watching
    print(f"speaker reloaded: longest gap {seen['gap']:.0f} ms")
    assert seen["gap"] < 5000
    await speaker.expect("document.querySelector('.air')?.dataset.air === 'on'")
    await viewer.playing()
    assert await viewer.evaluate("peersMade") == 1


def card_from(counter: int) -> tuple[tracks.PaintedTrack, tracks.VoiceTrack]:
    """Return a camera whose frame counter begins at a number."""
    clock, card = tracks.WallClock(), TestCard.of("Twin")

    def paint(ms: int, number: int) -> Picture:
        return card.paint(ms, counter + number, 0.5)

    return tracks.PaintedTrack(clock, 15, paint), tracks.VoiceTrack(clock)


@pytest.mark.alone
async def test_the_newer_publisher_of_a_name_wins_and_the_older_one_is_told(stage: Stage) -> None:
    session = await stage.new_session()
    whip_url, whep_url = (
        f"{stage.url}/whip/{session}/camera",
        f"{stage.url}/whep/{session}/stage?wait=1",
    )
    counters: list[int] = []

    def note(frame: Frame) -> None:
        if (read := reading(frame)) is not None:
            counters.append(read.counter)

    async with contextlib.AsyncExitStack() as stack:
        token = stage.token(session, "speaker", "Twin", "twin")
        speaker = await stack.enter_async_context(new_http(token))
        viewer = await stack.enter_async_context(new_http(stage.token(session, "viewer")))
        older = await stack.enter_async_context(whip.publication(speaker, whip_url, card_from(0)))
        await older.connected()
        await stage.bring_on(session, "twin")
        watching = await stack.enter_async_context(view(viewer, whep_url))
        watching.slots[0].on_frame = note
        await asyncio.wait_for(watching.slots[0].next_frame(), 5)
        await asyncio.sleep(1)
        newer = await stack.enter_async_context(whip.publication(speaker, whip_url, card_from(NEWER)))
        await newer.connected()
        begun = time.monotonic()
        async with asyncio.timeout(5):
            with pytest.raises(Replaced):
                await older.gone()
        told = time.monotonic() - begun
        async with asyncio.timeout(5):
            while counters[-1] < NEWER:
                await asyncio.sleep(0.01)
        seen = time.monotonic() - begun
        print(f"after the newer one connected: told {told:.2f} s, seen {seen:.2f} s")
        assert max(told, seen) <= 1.0
        await asyncio.sleep(2)
        assert counters[0] < NEWER <= counters[-1]
        change = next(i for i, counter in enumerate(counters) if counter >= NEWER)
        assert all(counter >= NEWER for counter in counters[change:]), "the older one came through again"
        assert watching.state == "connected"


async def test_a_publisher_that_leaves_and_comes_back_is_seen_again_by_the_same_viewer(stage: Stage) -> None:
    session = await stage.new_session()
    token = stage.token(session, "viewer")
    async with contextlib.AsyncExitStack() as stack:
        http = await stack.enter_async_context(new_http(token))
        async with stage.speaker(session):
            watching = await stack.enter_async_context(view(http, f"{stage.url}/whep/{session}/stage"))
            await asyncio.wait_for(watching.slots[0].next_frame(), 5)
        await asyncio.sleep(1)
        before = watching.slots[0].frames
        async with stage.speaker(session):
            await asyncio.wait_for(watching.slots[0].next_frame(), 5)
            await asyncio.wait_for(watching.slots[2].next_frame(), 5)
        assert watching.slots[0].frames > before
        assert watching.state == "connected"
