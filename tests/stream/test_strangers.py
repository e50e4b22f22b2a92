"""Row 19 of faults.md: what strangers send to the port costs nobody anything, and gets no answer.

A live publisher and a live viewer stand beside the flood, and what they lose is counted. The same junk
comes from the viewer's own socket, which is what a forger of its address would send.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import socket
import struct
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import pytest
from aioice import stun
from aiortc import RTCCertificate
from aiortc.rtcdtlstransport import SRTP_PROFILES
from OpenSSL import SSL

from tests.stream import peers
from tests.stream.peers import Peer, Relay, Talk, until

FLOOD_SECONDS = 5.0
FLOOD_RATE = 10_000
FATAL_ALERT = b"\x15\xfe\xfd" + bytes(8) + b"\0\2\2\x28"


@asynccontextmanager
async def live(relay: Relay) -> AsyncIterator[tuple[Talk, Peer, Peer]]:
    """Hold a talk with a publisher and a viewer who sees it."""
    async with peers.talk(relay) as talk:
        await talk.plan("sp/camera")
        async with talk.publisher() as speaker, talk.viewer() as viewer:
            await until(lambda: viewer.seen.frames["video"] > 5 and viewer.seen.frames["audio"] > 5, 10)
            yield talk, speaker, viewer


@contextmanager
def stranger(relay: Relay) -> Iterator[socket.socket]:
    """Give an address nobody knows; whatever comes back to it fails the test."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        sock.connect(relay.media)
        yield sock
        with pytest.raises(BlockingIOError):
            sock.recv(65_536)


def client_hello() -> bytes:
    """Return the first datagram of somebody else's DTLS."""
    context = RTCCertificate.generateCertificate()._create_ssl_context(SRTP_PROFILES)
    connection = SSL.Connection(context)
    connection.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        connection.do_handshake()
    return connection.bio_read(1500)


def check(ufrag: str, password: str | None, **attributes: object) -> bytes:
    """Return a connectivity check for a ufrag, signed with a password if one is given."""
    message = stun.Message(
        stun.Method.BINDING,
        stun.Class.REQUEST,
        attributes={"USERNAME": f"{ufrag}:them", "PRIORITY": 1, "ICE-CONTROLLING": 5, **attributes},
    )
    if password is not None:
        message.add_message_integrity(password.encode())
    return bytes(message)


def checks(viewer: Peer) -> list[bytes]:
    """Return connectivity checks that must not be believed, for ufrags right and wrong."""
    (ufrag, *_) = re.findall(r"a=ice-ufrag:(\S+)", viewer.answer)
    good = check(ufrag, "wrong" * 6)
    return [
        good,
        check(ufrag, None),
        check("nobody", "wrong" * 6),
        check(ufrag, "wrong" * 6, **{"USE-CANDIDATE": None}),
        good[:-3],
        good[:30],
        good[:4] + b"\0\0\0\0" + good[8:],
        struct.pack("!HHI12s", 1, 4, stun.COOKIE, bytes(12)) + b"\0\x06\xff\xff",
        struct.pack("!HHI12s", 0x101, 0, stun.COOKIE, bytes(12)),
        bytes(20),
        b"\0" * 3,
        b"\1",
    ]


def kinds(viewer: Peer) -> list[bytes]:
    """Return one datagram of everything that is not media of a peer."""
    chance = random.Random(19)
    return [
        b"",
        chance.randbytes(1501),
        chance.randbytes(9000),
        b"\x80" + bytes(65_506),
        FATAL_ALERT,
        b"\x15\xfe\xfd\0\1" + bytes(6) + b"\0\2\1\0",
        FATAL_ALERT * 3,
        client_hello(),
        b"\x16",
        b"\x16\xfe\xfd" + bytes(60),
        b"\x17\xfe\xfd\0\1" + bytes(6) + b"\0\x20" + bytes(32),
        b"\x80\x60" + bytes(10),
        b"\x80\x60" + chance.randbytes(600),
        b"\xbf\xff" + chance.randbytes(30),
        b"\x90\x60" + bytes(10),
        b"\xa0\x61" + chance.randbytes(90),
        b"\x80",
        b"\x80\xc8",
        b"\x81\xc9\0\7" + chance.randbytes(60),
        b"\x81\xce\0\2" + chance.randbytes(8),
        b"\x40" + bytes(40),
        b"\xff" * 40,
        b"\x50" * 100,
        *checks(viewer),
    ]


async def outlived(talk: Talk, viewer: Peer, speaker: Peer, junk: AsyncIterator[None]) -> None:
    """Assert that while `junk` goes out, media goes on and nothing of it is lost."""
    before = viewer.seen.packets
    async for _ in junk:
        assert viewer.connected and speaker.connected
    after = viewer.seen.packets
    assert after > before, "media went on meanwhile"
    await until(lambda: viewer.seen.packets > after + 60, 10)
    assert viewer.connected and speaker.connected
    stats = await talk.stats()
    assert stats["transports"] == 2
    assert not stats["counters"].get("internal_error")
    assert viewer.seen.missing("video")[0] == 0
    assert viewer.seen.missing("audio")[0] == 0


async def test_every_kind_of_junk_from_a_stranger(relay: Relay) -> None:
    async with live(relay) as (talk, speaker, viewer):
        with stranger(relay) as sock:

            async def junk() -> AsyncIterator[None]:
                for _ in range(5):
                    for datagram in kinds(viewer):
                        sock.send(datagram)
                    await asyncio.sleep(0.05)
                    yield

            earlier = await talk.counters()
            await outlived(talk, viewer, speaker, junk())
            counters = await talk.counters()

    counted = {name: counters[name] - earlier[name] for name in counters}
    expected = {"empty": 1, "over_long": 3, "stun_unknown_ufrag": 1, "stun_unauthentic": 3}
    for name, count in expected.items():
        assert counted[name] == 5 * count, name
    for name in ("stun_too_short", "stun_bad_cookie", "stun_bad_length", "stun_not_a_binding_request"):
        assert counted[name] > 0, name
    assert counted["stranger"] > 5 * 10


async def test_ten_thousand_strange_datagrams_a_second(relay: Relay) -> None:
    async with live(relay) as (talk, speaker, viewer):
        every = [datagram for datagram in kinds(viewer) if len(datagram) < 9000]
        chance = random.Random(7)
        every += [chance.randbytes(chance.randrange(1, 1400)) for _ in range(400)]
        sent = 0
        with stranger(relay) as sock:

            async def junk() -> AsyncIterator[None]:
                nonlocal sent
                began = time.monotonic()
                while (elapsed := time.monotonic() - began) < FLOOD_SECONDS:
                    for _ in range(int(elapsed * FLOOD_RATE) - sent):
                        sock.send(every[sent % len(every)])
                        sent += 1
                    await asyncio.sleep(0.005)
                    yield

            earlier = (await talk.counters())["datagrams_in"]
            await outlived(talk, viewer, speaker, junk())
            heard = (await talk.counters())["datagrams_in"] - earlier
    assert sent >= FLOOD_SECONDS * FLOOD_RATE * 0.9
    assert heard >= sent, "it was the relay that dropped them, not the kernel"


async def test_junk_from_the_peers_own_addresses(relay: Relay) -> None:
    async with live(relay) as (talk, speaker, viewer):
        own = [
            _duplicate(transport)
            for peer in (viewer, speaker)
            for transport in peers.sockets(peer.connection)
        ]
        try:
            every: Sequence[bytes] = [d for d in kinds(viewer) if len(d) < 65_000]

            async def junk() -> AsyncIterator[None]:
                for _ in range(20):
                    for sock in own:
                        for datagram in every:
                            sock.sendto(datagram, relay.media)
                    await asyncio.sleep(0.02)
                    yield

            earlier = await talk.counters()
            await outlived(talk, viewer, speaker, junk())
            counters = await talk.counters()
        finally:
            for sock in own:
                sock.close()
    for name in (
        "empty",
        "over_long",
        "stun_unauthentic",
        "dtls_plaintext_alert",
        "dtls_length",
        "rtp_unauthentic",
        "rtcp_short",
        "rtcp_unauthentic",
        "unknown_protocol",
    ):
        assert counters[name] > earlier[name], name


async def test_a_true_check_from_elsewhere_is_answered_and_moves_nothing_unasked(relay: Relay) -> None:
    """Who knows the password is the peer; its other paths are checked too, and media stays where it is."""
    async with live(relay) as (_, _, viewer):
        (ufrag, *_) = re.findall(r"a=ice-ufrag:(\S+)", viewer.answer)
        (password, *_) = re.findall(r"a=ice-pwd:(\S+)", viewer.answer)
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(relay.media)
            await asyncio.sleep(0.1)
            sock.send(check(ufrag, password))
            answer = stun.parse_message(await loop.sock_recv(sock, 1500))
            assert answer.message_class == stun.Class.RESPONSE
            assert answer.attributes["XOR-MAPPED-ADDRESS"] == sock.getsockname()

            before = viewer.seen.packets
            await until(lambda: viewer.seen.packets > before + 60, 10)
            with pytest.raises(BlockingIOError):
                sock.recv(1500)


async def test_media_follows_a_viewer_who_nominates_another_path(relay: Relay) -> None:
    """From the next burst on, whatever the relay remembers of whom it sends to."""
    async with live(relay) as (_, _, viewer):
        (ufrag, *_) = re.findall(r"a=ice-ufrag:(\S+)", viewer.answer)
        (password, *_) = re.findall(r"a=ice-pwd:(\S+)", viewer.answer)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(relay.media)
            media: list[bytes] = []

            def here() -> int:
                sock.send(check(ufrag, password, **{"USE-CANDIDATE": None}))  # and a sign of life
                with contextlib.suppress(BlockingIOError):
                    while True:
                        data = sock.recv(1500)
                        media.extend([data] if 128 <= data[0] < 192 else [])
                return len(media)

            await until(lambda: here() > 60, 5)
            before = viewer.seen.packets
            there = here()
            await until(lambda: here() > there + 60, 5)
            assert viewer.seen.packets - before < 10, "nothing goes where the viewer was"


def _duplicate(transport: asyncio.DatagramTransport) -> socket.socket:
    return socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
