"""A viewer's DTLS retires once nothing depends on it; picture, goodbyes and strangers stay as they were."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stream.transport.transport import CONSENT_TIMEOUT, GOODBYE, SETTLED
from tests.stream import peers
from tests.stream.peers import Peer, Relay, Talk, sockets, until

ALERT = b"\x15\xfe\xfd\0\1\0\0\0\0\0\5\0\x1a" + bytes(26)
"""A DTLS alert of epoch 1, as anybody can write one: only its length is right."""


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


async def test_its_own_goodbye_is_understood_by_the_silence_after_it(relay: Relay) -> None:
    async with settled(relay) as (talk, viewer, before):
        assert await transports(talk) == 2
        begun = time.monotonic()
        await viewer.connection.close()
        async with asyncio.timeout(CONSENT_TIMEOUT):
            while await transports(talk) > 1:
                await asyncio.sleep(0.1)
        assert time.monotonic() - begun < GOODBYE + 2.0
        assert (await counted(talk, before))["dtls_retired"] >= 1


async def test_a_forged_goodbye_ends_nothing(relay: Relay) -> None:
    async with settled(relay) as (talk, viewer, before):
        (own,) = sockets(viewer.connection)
        for _ in range(8):
            own.sendto(ALERT, relay.media)
            await asyncio.sleep(0.5)
        assert (await counted(talk, before))["dtls_retired"] == 8
        assert await transports(talk) == 2
        seen = viewer.seen.frames["video"]
        await until(lambda: viewer.seen.frames["video"] > seen + 30, 10)
