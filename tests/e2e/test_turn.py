"""Networks that let neither UDP nor the relay's TCP port through: media by a real coturn."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import pytest

from tests.e2e.far import KEEP_PEERS, far
from tests.e2e.networks import networks
from tests.e2e.turn import turn
from tests.signaling.processes import free_port

pytestmark = [
    pytest.mark.browser,
    pytest.mark.fault,
    pytest.mark.timeout(240),
]

FIRST_FRAME_S = 5.0
"""Longest time to a picture where no UDP gets through (faults.md, row 12)."""


async def test_a_browser_gets_its_picture_through_coturn_with_the_credentials_of_its_answer(
    tmp_path: Path,
) -> None:
    secret, port = secrets.token_hex(32), free_port()
    with networks() as net, turn(tmp_path, net.here, port, secret, f"--allowed-peer-ip={net.here}") as coturn:
        settings = {
            "ROSTRUM_TURN_URLS": f"turn:{net.here}:{port}?transport=tcp",
            "ROSTRUM_TURN_SECRET": secret,
            "ROSTRUM_MEDIA_TCP": "off",
        }
        async with far(tmp_path, net, **settings) as place:
            net.swallow_udp()
            session = await place.stage.new_session()
            async with place.stage.speaker(session):
                link = place.stage.link("watch", session, "viewer", sub="viewer-1")
                viewer = await place.there.visit(link, scripts=[KEEP_PEERS])
                took = await viewer.playing()
                used = await viewer.evaluate("usedAddress()")
                print(f"by TURN over TCP: playing {took:.1f} s after the visit; {used}")
                assert used["type"] == "relay"
                assert took < FIRST_FRAME_S
        assert ":viewer-1>: incoming packet CREATE_PERMISSION processed, success" in coturn.log()


async def test_coturn_as_it_ships_relays_to_no_private_address(tmp_path: Path) -> None:
    secret, port = secrets.token_hex(32), free_port()
    with networks() as net, turn(tmp_path, net.here, port, secret) as coturn:
        settings = {
            "ROSTRUM_TURN_URLS": f"turn:{net.here}:{port}?transport=tcp",
            "ROSTRUM_TURN_SECRET": secret,
            "ROSTRUM_MEDIA_TCP": "off",
        }
        async with far(tmp_path, net, **settings) as place:
            net.swallow_udp()
            session = await place.stage.new_session()
            viewer = await place.there.visit(
                place.stage.link("watch", session, "viewer"), scripts=[KEEP_PEERS]
            )
            async with asyncio.timeout(20):
                while "Forbidden IP" not in coturn.log():
                    await asyncio.sleep(0.1)
            assert await viewer.evaluate("peers.every((peer) => peer.connectionState !== 'connected')")
            assert (await place.stage.counters()).get("datagrams_in", 0) == 0
