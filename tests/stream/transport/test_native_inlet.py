"""The native inlet: what it opens and reads is what Python would, whatever comes, and in whatever order."""

from __future__ import annotations

import os
import random
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.native import _fanout
from stream.transport import fanout_choice
from stream.transport.fanout import Path
from stream.transport.fanout_choice import make_inlet
from stream.transport.inlet import BATCH, FAULT, RAW, RTCP, RTP, UNREAD, PlainInlet
from stream.transport.native_inlet import NativeInlet, native_inlet_fault
from stream.transport.srtp import GcmSrtp, MakeOpener, Opener, PlainOpener, SrtpKeys
from stream.transport.udp_mux import open_socket
from stream.wire import rtcp, rtp
from tests.fuzz.mutation import mutate
from tests.fuzz.targets import TARGETS

LIBRARIES = ["openssl", *(["ipsec-mb"] if _fanout.why_no_ipsec_mb() is None else [])]
every_library = pytest.mark.parametrize("library", LIBRARIES)
every_size = pytest.mark.parametrize("size", [16, 32])


def keys(size: int) -> SrtpKeys:
    source = random.Random(size)
    key, salt = source.randbytes(size), source.randbytes(12)
    return SrtpKeys(f"AEAD_AES_{8 * size}_GCM", key, salt, key, salt)


def openers(size: int, library: str) -> tuple[GcmSrtp, Opener]:
    """Return a context with a plain opener, and a native one of the same keys."""
    make: MakeOpener = partial(_fanout.Opener, library=library)
    return GcmSrtp(keys(size), PlainOpener), GcmSrtp(keys(size), make).opener


STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),  # which stream
        st.integers(-1100, 3000),  # how far on from the newest index, or back
        st.integers(0, 40),  # how long
        st.sampled_from(["whole", "whole", "whole", "damaged", "again", "cut"]),
    ),
    max_size=60,
)


@every_library
@every_size
@given(steps=STEPS, start=st.sampled_from([0, 5, 30_000, 65_500]))
def test_openers_agree_on_every_packet(
    library: str, size: int, steps: list[tuple[int, int, int, str]], start: int
) -> None:
    sender, native = openers(size, library)
    plain = sender.opener
    newest, before = [start] * 3, b""
    for stream, step, length, fate in steps:
        index = max(0, newest[stream] + step)
        newest[stream] = max(newest[stream], index)
        header = struct.pack("!BBHII", 0x80, 0x60, index & 0xFFFF, 7, stream)
        wire = sender.protect(header, bytes(range(length)), stream, index)
        if fate == "damaged":
            wire = wire[:-1] + bytes((wire[-1] ^ 1,))
        elif fate == "cut":
            wire = wire[: 12 + length]
        elif fate == "again" and before:
            wire = before
        assert native.open(wire, 12) == plain.open(wire, 12)
        before = wire


@every_library
@every_size
@given(order=st.lists(st.integers(0, 2500), max_size=60), damage=st.sets(st.integers(0, 59)))
def test_openers_agree_on_every_report(library: str, size: int, order: list[int], damage: set[int]) -> None:
    sender, native = openers(size, library)
    wires = [sender.protect_rtcp(rtcp.pack_receiver_report(n % 3)) for n in range(1, 2502)]
    for place, number in enumerate(order):
        wire = wires[number]
        if place in damage:
            wire = (wire[:9], wire[:20] + b"x" + wire[21:], wire[:-4] + b"\0" + wire[-3:])[place % 3]
        assert native.open_rtcp(wire) == sender.opener.open_rtcp(wire)


@every_library
def test_openers_agree_on_how_many_streams_there_may_be(library: str) -> None:
    sender, native = openers(16, library)
    for ssrc in range(70):
        media = sender.protect(struct.pack("!BBHII", 0x80, 0x60, 1, 7, ssrc), b"x", ssrc, 1)
        report = sender.protect_rtcp(rtcp.pack_receiver_report(ssrc))
        assert native.open(media, 12) == sender.opener.open(media, 12)
        assert native.open_rtcp(report) == sender.opener.open_rtcp(report)
    assert native.open(media, 12) == native.open_rtcp(report) == "too_many_streams"


def test_an_opener_takes_what_is_a_key_and_a_header() -> None:
    key, salt = bytes(16), bytes(12)
    for wrong in (
        (bytes(15), salt, key, salt),
        (key, bytes(11), key, salt),
        (key, salt, bytes(32), salt),
        (key, salt, key, b""),
        (key, salt, key, salt, "rot13"),
    ):
        with pytest.raises(ValueError):
            _fanout.Opener(*wrong)
    opener = _fanout.Opener(key, salt, key, salt)
    for data, length in ((b"", 0), (bytes(11), 12), (bytes(40), 11), (bytes(40), 41), (bytes(40), -1)):
        with pytest.raises(ValueError):
            opener.open(data, length)
    assert opener.open(bytes(12), 12) == "short"
    assert opener.open_rtcp(b"") == "short"


@pytest.fixture(scope="module")
def reader() -> Iterator[NativeInlet]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        yield NativeInlet(sock)


def parsed(data: bytes) -> list[rtcp.Packet] | str:
    try:
        return rtcp.parse(data)
    except rtcp.RtcpError as error:
        return error.reason


def agree(reader: NativeInlet, data: bytes) -> bool:
    """Hold the readers to each other; tell whether the native one read it at all."""
    found = reader.read(data)
    if found is None:
        return False
    expected = parsed(data)
    assert found == expected
    if isinstance(expected, list):
        assert [type(one) for one in found] == [type(one) for one in expected]
    return True


@given(
    st.lists(st.tuples(st.integers(0, 700), st.integers(-40_000, 400_000)), min_size=1, max_size=180),
    st.integers(0, 0x10000),
    st.integers(-(2**39), 2**39),
)
def test_every_feedback_reads_the_same(
    reader: NativeInlet, steps: list[tuple[int, int]], base: int, time: int
) -> None:
    arrivals: list[tuple[int, int]] = []
    for gap, delta in steps:
        base, time = base + 1 + gap, time + delta
        arrivals.append((base, time))
    for message in rtcp.pack_transport_feedback(1, 2, 3, arrivals):
        assert agree(reader, message)
    assert agree(reader, b"".join(rtcp.pack_transport_feedback(1, 2, 3, arrivals))[:2040])


@given(st.binary(max_size=60), st.integers(0, 40), st.integers(0, 0xFFFF))
def test_any_chunks_and_deltas_read_the_same(reader: NativeInlet, rest: bytes, count: int, base: int) -> None:
    body = struct.pack("!IIHHI", 1, 2, base, count, 0x80000001) + rest + bytes(-len(rest) % 4)
    assert agree(reader, struct.pack("!BBH", 0x8F, 205, len(body) // 4) + body)


def test_damaged_compounds_read_the_same(reader: NativeInlet) -> None:
    """The long run is `python -m tests.fuzz.run --target inlet --inputs 1000000`."""
    (target,) = (one for one in TARGETS if one.name == "rtcp")
    chance, read = random.Random(4), Counter[bool]()
    for _ in range(20_000):
        data = mutate(chance, chance.choice(target.corpus), chance.choice(target.corpus))
        read[agree(reader, target.mend(data) if chance.random() < 0.7 else data)] += 1
    assert read[True] > 4_000 and read[False] > 1_000


def test_what_it_does_not_know_is_left_to_python(reader: NativeInlet) -> None:
    report = rtcp.pack_receiver_report(1)
    for other in (
        rtcp.pack_pli(1, 2),
        rtcp.pack_sdes_cname(1, "x"),
        rtcp.pack_nack(1, 2, [3]),
        rtcp.pack_bye([1]),
    ):
        assert reader.read(report + other) is None
    assert reader.read(b"") == "empty"
    assert reader.read(report * 300) is None, "longer than any datagram"


class Peer:
    """Whose datagrams are taken in: what the inlet asks a transport for."""

    def __init__(self, make_opener: MakeOpener) -> None:
        self.srtp = GcmSrtp(keys(16), make_opener)
        self.opener: Opener | None = self.srtp.opener


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "0.0.0.0"])
def test_datagrams_are_taken_in_as_they_came(host: str) -> None:
    with open_socket(host, 0) as sock, socket.socket(sock.family, socket.SOCK_DGRAM) as one:
        one.connect(("127.0.0.1" if host == "0.0.0.0" else host, sock.getsockname()[1]))
        native, plain, taken = make_inlet("native", sock), PlainInlet(sock), []
        for inlet in (native, plain):
            for data in (b"", b"\0" * 20, b"\x80\x60" + bytes(40), bytes(1500), bytes(1501), bytes(4000)):
                one.send(data)
            taken.append(inlet.receive())
            assert inlet.receive() == []
        assert len(taken[0]) == 6 and taken[0] == taken[1]
        assert all(kind == RAW and place is None for place, kind, _ in taken[0])
        assert (host == "0.0.0.0") == bool(taken[0][0][2][2])


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_peers_packets_are_opened_from_where_it_is(host: str) -> None:
    with open_socket(host, 0) as sock, socket.socket(sock.family, socket.SOCK_DGRAM) as one:
        one.connect(sock.getsockname()[:2])
        inlet = NativeInlet(sock)
        peer = Peer(inlet.make_opener)
        address = one.getsockname()[:2]
        place: Any = (peer, Path(address))
        inlet.bind(address, place)
        block = rtp.pack_extensions({1: b"0", 3: b"\1\2\3"})
        header = rtp.pack_header(
            payload_type=96,
            sequence=7,
            timestamp=2**32 - 5,
            ssrc=9,
            marker=True,
            padded=True,
            extension_block=block,
        )
        feedback = rtcp.pack_transport_feedback(1, 2, 3, [(4, 70_000)])[0]
        lost = rtcp.pack_pli(1, 2)
        media = peer.srtp.protect(header, rtp.pad(b"picture", 20), 9, 7)
        for data in (
            media,
            media,
            peer.srtp.protect_rtcp(feedback),
            peer.srtp.protect_rtcp(lost),
            media[:20],
        ):
            one.send(data)
        found = inlet.receive()
        assert [entry[0] for entry in found] == [place] * 5
        assert found[0][1:] == (
            RTP,
            rtp.RtpPacket(96, 7, 2**32 - 5, 9, True, b"picture", {1: b"0", 3: b"\1\2\3"}),
        )
        assert found[1][1:] == (FAULT, "rtp_replayed")
        assert found[2][1:] == (RTCP, rtcp.parse(feedback))
        assert found[3][1:] == (UNREAD, lost)
        assert found[4][1:] == (FAULT, "rtp_short_extension")
        peer.opener = None  # as before the handshake has ended, or with another cipher
        one.send(media)
        assert inlet.receive()[0][1] == RAW
        peer.opener = peer.srtp.opener
        inlet.unbind(address)
        inlet.unbind(address)
        one.send(media)
        assert inlet.receive()[0][:2] == (None, RAW)


def test_a_batch_is_bounded_and_the_rest_comes_next() -> None:
    with open_socket("127.0.0.1", 0) as sock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(sock.getsockname())
        for inlet in (NativeInlet(sock), PlainInlet(sock)):
            for _ in range(BATCH + 3):
                one.send(b"x")
            assert (len(inlet.receive()), len(inlet.receive())) == (BATCH, 3)


def test_what_is_no_place_is_refused_or_passed_over() -> None:
    with open_socket("127.0.0.1", 0) as sock:
        native = _fanout.Inlet(
            2, rtp.RtpPacket, rtcp.ReportBlock, rtcp.ReceiverReport, rtcp.TransportFeedback
        )
        wrong: Any
        for wrong in (("127.0.0.1", 9, (1,)), ("127.0.0.1", 9, [1, 2]), (7, 9, (1, 2))):
            with pytest.raises((TypeError, ValueError)):
                native.bind(*wrong)
        for passed in (("fe80::1%eth0", 9), ("somewhere", 9), ("127.0.0.1", -1), ("127.0.0.1", 65_536)):
            native.bind(*passed, (1, 2))
            native.unbind(*passed)
        assert native.receive(sock.fileno()) == []
    with pytest.raises(OSError):
        native.receive(os.open(os.devnull, os.O_RDONLY))
    with pytest.raises(TypeError):
        _fanout.Inlet(2, rtp.RtpPacket, list, rtcp.ReceiverReport, rtcp.TransportFeedback)
    with pytest.raises(ValueError):
        _fanout.Inlet(1, rtp.RtpPacket, rtcp.ReportBlock, rtcp.ReceiverReport, rtcp.TransportFeedback)


def test_it_is_chosen_where_the_fanout_is_native_and_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    assert native_inlet_fault() is None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert make_inlet("native", sock).name == "native"
        assert make_inlet("gso", sock).name == make_inlet("plain", sock).name == "plain"
        monkeypatch.setattr(fanout_choice, "native_inlet_fault", lambda: "it was built from older sources")
        assert make_inlet("native", sock).name == "plain"
