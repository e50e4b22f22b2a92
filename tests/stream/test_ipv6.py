"""A relay on IPv6: one port for both families, each peer answered on its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from itertools import pairwise

import pytest

from stream.bench.ends import offer, read
from stream.bench.light_peer import LightPeer
from stream.transport.rtc_adapter import make_certificate
from stream.wire import rtp
from tests.stream import peers
from tests.stream.peers import Relay, until


@pytest.fixture(scope="module")
def dual() -> Iterator[Relay]:
    """A relay bound to `::`, announced on both loopback addresses."""
    with peers.relay(ROSTRUM_MEDIA_HOST="::", ROSTRUM_ANNOUNCE="::1,127.0.0.1") as one:
        yield one


async def test_a_viewer_over_ipv6_watches_a_publisher_over_ipv4(dual: Relay) -> None:
    """ICE, DTLS and SRTP over ::1; what comes is the picture and the sound, in order."""
    async with peers.talk(dual) as talk:
        await talk.plan("sp/camera")
        async with talk.publisher():
            peer = LightPeer(make_certificate(), "::1")
            try:
                wish = offer(peer.local, "recvonly")
                answer = await talk.post("views", participant="six", feed="stage", offer=wish, wait=True)
                lines = answer.json()["answer"].split("\r\n")
                assert any(f" ::1 {dual.media_port} typ host" in line for line in lines)
                only_six = [line for line in lines if " 127.0.0.1 " not in line or "candidate" not in line]
                remote = read("\r\n".join(only_six))
                assert remote.address == ("::1", dual.media_port)
                await peer.connect(remote, until_media=True)
                assert peer.socket.family == socket.AF_INET6
                got = await packets(peer, 200)
                assert (await talk.counters())["expired"] == 0
            finally:
                await peer.close()
    assert peer.srtp is not None
    for ssrc, of_it in got.items():
        numbers = [packet.sequence for packet in of_it]
        assert len(of_it) > 10
        assert {(b - a) & 0xFFFF for a, b in pairwise(numbers)} == {1}, f"{ssrc}: {numbers}"


async def packets(peer: LightPeer, enough: int) -> dict[int, list[rtp.RtpPacket]]:
    """Return what a connected peer gets, opened, by stream."""
    found: dict[int, list[rtp.RtpPacket]] = {}
    srtp = peer.srtp
    assert srtp is not None

    def read_on() -> bool:
        while True:
            try:
                data = peer.socket.recv(2048)
            except BlockingIOError:
                return sum(map(len, found.values())) >= enough
            if data[0] >= 128 and not 192 <= data[1] <= 223:
                length = rtp.header_length(data)
                packet = rtp.parse_header(data, length)
                packet.payload = srtp.unprotect(data, length)
                found.setdefault(packet.ssrc, []).append(packet)

    await asyncio.wait_for(until(read_on, 15), 20)
    return found
