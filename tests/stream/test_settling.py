"""A viewer's DTLS retires once nothing depends on it; picture, goodbyes and strangers stay as they were."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stream.bench.ends import offer, read
from stream.bench.light_peer import LightPeer
from stream.transport.rtc_adapter import make_certificate
from stream.transport.transport import SETTLED
from stream.wire import rtcp
from tests.stream import peers
from tests.stream.peers import Peer, Relay, Talk, until

ALERT = b"\x15\xfe\xfd\0\1\0\0\0\0\0\5\0\x1a" + bytes(26)
"""A DTLS alert of epoch 1, as anybody can write one: only its length is right."""

SELDOM = 4.0
"""Seconds without a sign of life that a viewer has its reasons for; less than consent allows."""


@asynccontextmanager
async def settled(relay: Relay) -> AsyncIterator[tuple[Talk, Peer, Counter[str]]]:
    """Give a talk with a publisher and a viewer that has settled, and what was counted before."""
    async with peers.talk(relay) as talk:
        await talk.plan("sp/camera")
        before = Counter(await talk.counters())
        async with talk.publisher(), talk.viewer() as viewer:
            await until(lambda: viewer.seen.frames["video"] > 5, 15)
            async with asyncio.timeout(SETTLED + 10):
                while (await counted(talk, before))["dtls_settled"] < 1:
                    await asyncio.sleep(0.1)
            yield talk, viewer, before


async def counted(talk: Talk, before: Counter[str]) -> Counter[str]:
    return Counter(await talk.counters()) - before


async def transports(talk: Talk) -> int:
    return int((await talk.stats())["transports"])


async def test_the_picture_goes_on_and_our_goodbye_is_said(relay: Relay) -> None:
    async with settled(relay) as (talk, viewer, before):
        seen = viewer.seen.frames["video"]
        await until(lambda: viewer.seen.frames["video"] > seen + 30, 10)
        assert viewer.seen.missing("video")[0] == 0
        assert (await counted(talk, before))["dtls_settled"] == 1, (
            "a publisher stays: its goodbye counts at once"
        )
        await talk.http.delete(f"/transports/{viewer.transport}")
        # aiortc calls it closed only because it heard a close_notify that was sealed with its keys.
        await until(lambda: viewer.connection.connectionState == "closed", 3)


async def test_its_own_goodbye_is_heard_at_once(relay: Relay) -> None:
    async with settled(relay) as (talk, viewer, before):
        assert await transports(talk) == 2
        begun = time.monotonic()
        await viewer.connection.close()
        async with asyncio.timeout(5):
            while await transports(talk) > 1:
                await asyncio.sleep(0.05)
        assert time.monotonic() - begun < 2.0, "consent would take eight"
        assert (await counted(talk, before))["expired"] == 0


async def test_a_forged_goodbye_ends_nothing_not_even_for_who_reports_seldom(relay: Relay) -> None:
    """Who only listens may report each five seconds; a forger writes from the viewer's own address."""
    async with peers.talk(relay) as talk:
        await talk.plan("sp/camera")
        before = Counter(await talk.counters())
        peer = LightPeer(make_certificate(), "127.0.0.1")
        async with talk.publisher():
            wish = offer(peer.local, "recvonly")
            answer = await talk.post("views", participant="light", feed="stage", offer=wish, wait=True)
            await peer.connect(read(answer.json()["answer"]), until_media=True)
            peer.send_rtcp(rtcp.pack_receiver_report(1, []))
            async with asyncio.timeout(SETTLED + 10):
                while (await counted(talk, before))["dtls_settled"] < 1:
                    await asyncio.sleep(0.1)
            peer.check()
            await asyncio.sleep(SELDOM / 4)
            peer.send(ALERT)
            await asyncio.sleep(SELDOM)
            assert (await counted(talk, before))["dtls_retired"] == 1
            assert await transports(talk) == 2
            await peer.close()
