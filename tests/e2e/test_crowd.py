"""Ten viewers for half a minute: nothing is lost, and the relay does not grow."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from stream.routing.track import RING_PACKETS
from tests.e2e.stage import Stage

pytestmark = [pytest.mark.slow, pytest.mark.alone]

VIEWERS = 10
SECONDS = 30
RINGS = 2 * RING_PACKETS["video"] * 1300
"""Bytes of the packets kept for retransmission, two pictures' full rings: those still fill in this time."""

MAX_GROWTH = RINGS // 2 + (1 << 20)
"""Bytes the relay may grow by once everybody is there: the slower ring fills, and no leak of that time."""


@pytest.mark.timeout(180)
async def test_ten_viewers_lose_nothing_and_the_relay_stays_flat(own_stage: Stage) -> None:
    session = await own_stage.new_session()
    async with own_stage.speaker(session):
        crowd = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.e2e.crowd", f"{own_stage.url}/whep/{session}/stage"),
            *(own_stage.token(session, "viewer"), str(VIEWERS), str(SECONDS)),
            stdout=asyncio.subprocess.PIPE,
        )
        assert crowd.stdout is not None
        assert json.loads(await asyncio.wait_for(crowd.stdout.readline(), 40)) == {"connected": VIEWERS}
        await asyncio.sleep(SECONDS / 3)
        before = own_stage.rss("relay")
        counted = json.loads(await asyncio.wait_for(crowd.stdout.readline(), SECONDS + 30))
        growth = own_stage.rss("relay") - before
        await crowd.wait()
    print(f"{counted}, the relay has {(before + growth) >> 20} MiB and grew by {growth >> 10} KiB")
    assert counted["lost"] == 0
    assert counted["least"] > SECONDS * 50  # sound alone is 50 packets a second
    assert growth <= MAX_GROWTH
