"""Peers on a bad network: what is lost is repaired, and who vanishes is forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tests.impairment import PERFECT, Impairment, impaired
from tests.stream import peers
from tests.stream.peers import STILL_ASKED_FOR, Peer, Relay, until

ENOUGH = 500
"""Packets that must have been sent before losses are counted, however busy the machine is."""


def lost_of(viewer: Peer, *, repaired: bool = True) -> tuple[int, int]:
    """Return how much of the picture is missing for good, and of how many packets."""
    return viewer.seen.missing("video", repaired=repaired, newest=STILL_ASKED_FOR)


async def test_five_per_cent_lost_each_way_is_repaired(relay: Relay) -> None:
    """faults.md, row 7: after retransmission at most 0.1 % of the picture's packets are missing."""
    lossy = Impairment(loss=0.05, delay=0.02)
    async with peers.talk(relay) as talk, impaired(relay.media, lossy, lossy) as proxy:
        await talk.plan("sp/camera")
        async with talk.publisher(), talk.viewer(at=proxy.address) as viewer:
            await until(lambda: viewer.seen.frames["video"] > 5, 10)
            await until(lambda: lost_of(viewer)[1] >= ENOUGH, 60, 0.2)
            raw, expected = lost_of(viewer, repaired=False)
            lost, _ = lost_of(viewer)
            frames = viewer.seen.frames["video"]
            stats = (await talk.stats())["sessions"][talk.session]["feeds"]["stage"]["viewers"]
    consumer = stats[viewer.transport]["main"]
    assert raw / expected > 0.025, "the network was bad"
    assert lost / expected <= 0.001, f"{lost} of {expected}: {consumer}"
    assert consumer["resent"] >= raw
    assert frames > 60


async def test_a_publishers_losses_are_asked_for(relay: Relay) -> None:
    """The relay's own requests: what the publisher lost on the way in reaches viewers all the same."""
    lossy = Impairment(loss=0.05, delay=0.02)
    async with peers.talk(relay) as talk, impaired(relay.media, lossy, lossy, 3) as proxy:
        await talk.plan("sp/camera")
        async with talk.publisher(at=proxy.address), talk.viewer() as viewer:
            await until(lambda: viewer.seen.frames["video"] > 5, 15)
            await until(lambda: lost_of(viewer)[1] >= ENOUGH / 2, 60, 0.2)
            lost, expected = lost_of(viewer)
            stats = (await talk.stats())["sessions"][talk.session]["publications"]["sp/camera"]
    assert stats["counters"]["nacked"] > 5
    assert stats["counters"]["repaired"] > 5
    assert lost / expected <= 0.005, f"{lost} of {expected}"


async def test_jitter_and_reordering_lose_nothing(relay: Relay) -> None:
    rough = Impairment(delay=0.02, jitter=0.03, reordering=0.03)
    async with peers.talk(relay) as talk, impaired(relay.media, PERFECT, rough) as proxy:
        await talk.plan("sp/camera")
        async with talk.publisher(), talk.viewer(at=proxy.address) as viewer:
            await until(lambda: viewer.seen.frames["video"] > 60, 15)
            await asyncio.sleep(0.2)
            assert viewer.seen.missing("video")[0] == 0
            assert proxy.down.counters["held_back"] > 0


async def test_peers_that_vanish_are_gone_in_ten_seconds(relay: Relay) -> None:
    """Consent (RFC 7675): no goodbye is heard from who lost power, publisher or viewer."""
    async with (
        peers.talk(relay) as talk,
        impaired(relay.media) as theirs,
        impaired(relay.media) as ours,
    ):
        await talk.plan("sp/camera")
        async with (
            talk.publisher(at=theirs.address),
            talk.viewer("vanishes", at=ours.address) as vanishes,
            talk.viewer("stays") as stays,
        ):
            await until(lambda: min(v.seen.frames["video"] for v in (vanishes, stays)) > 5, 15)
            for link in (theirs.up, theirs.down, ours.up, ours.down):
                link.impairment = replace(PERFECT, loss=1.0)

            async def alone() -> bool:
                return int((await talk.stats())["transports"]) == 1

            assert await until(alone, 12, 0.1) <= 10.0
            assert (await talk.counters())["expired"] == 2
            assert stays.connected
