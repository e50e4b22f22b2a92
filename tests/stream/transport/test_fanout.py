"""The fan-out on real sockets: segmented or not, every peer gets the same datagrams under its own keys."""

from __future__ import annotations

import contextlib
import errno
import random
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pylibsrtp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.transport.fanout import (
    MAX_RUN_BYTES,
    MAX_SEGMENTS,
    Numbering,
    Path,
    PlainFanout,
    PlainPacket,
    Stream,
    UdpSender,
    gso_works,
    runs,
)
from stream.transport.srtp import Srtp, SrtpKeys, open_srtp
from stream.wire import rtp

SSRC = 77


@dataclass
class Peer:
    """A receiver with libsrtp, and the relay's side of it."""

    sock: socket.socket
    srtp: Srtp
    oracle: pylibsrtp.Session
    stream: Stream | None = None

    @property
    def path(self) -> Path:
        host, port = self.sock.getsockname()
        return Path((host, port), (), self.stream)

    def received(self) -> list[bytes]:
        found: list[bytes] = []
        with contextlib.suppress(BlockingIOError):
            while True:
                found.append(self.oracle.unprotect(self.sock.recv(2000)))
        return found


def new_peer(seed: int, profile: str = "AEAD_AES_128_GCM") -> Peer:
    source = random.Random(seed)
    key, salt = source.randbytes(16), source.randbytes(14 if "SHA1" in profile else 12)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    policy = pylibsrtp.Policy(
        key=key + salt,
        ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND,
        srtp_profile=pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80
        if "SHA1" in profile
        else pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    )
    return Peer(sock, open_srtp(SrtpKeys(profile, key, salt, key, salt)), pylibsrtp.Session(policy))


@pytest.fixture
def peers() -> Iterator[list[Peer]]:
    found = [new_peer(1), new_peer(2), new_peer(3, "AES128_CM_HMAC_SHA1_80"), new_peer(4)]
    yield found
    for peer in found:
        peer.sock.close()


@pytest.fixture
def outlet() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        yield sock


def burst(sizes: list[int], first: int = 0) -> list[PlainPacket]:
    return [
        PlainPacket(
            rtp.pack_header(payload_type=96, sequence=index, timestamp=9, ssrc=SSRC), bytes(size), SSRC, index
        )
        for index, size in enumerate(sizes, first)
    ]


@given(st.lists(st.integers(1, 1400) | st.sampled_from([1100, 1200]), max_size=80))
def test_runs_cover_all_in_order_and_suit_the_kernel(sizes: list[int]) -> None:
    found = runs(sizes)

    assert [place for start, stop in found for place in range(start, stop)] == list(range(len(sizes)))
    for start, stop in found:
        run = sizes[start:stop]
        assert len(run) <= MAX_SEGMENTS
        assert sum(run) <= MAX_RUN_BYTES
        assert set(run[:-1]) <= {run[0]}
        assert run[-1] <= run[0]


@given(st.integers(1, 1400), st.integers(1, 200), st.integers(0, 1400))
def test_equal_packets_are_cut_no_finer_than_needed(size: int, count: int, last: int) -> None:
    assert len(runs([size] * count)) == -(-count // MAX_SEGMENTS)
    if 0 < last < size and count % MAX_SEGMENTS:
        assert len(runs([size] * count + [last])) == len(runs([size] * count))


@pytest.mark.parametrize("segmented", [False, True])
@pytest.mark.parametrize(
    "sizes",
    [
        [1],
        [1100] * 7,
        [1100] * 7 + [80],
        [80, 1100, 1100, 300, 300, 1200],
        [1200] * 65 + [3],
        list(range(1200, 1100, -3)),
    ],
)
def test_every_peer_gets_every_packet_in_order(
    peers: list[Peer], outlet: socket.socket, segmented: bool, sizes: list[int]
) -> None:
    if segmented and not gso_works():
        pytest.skip("this kernel does not segment UDP (Linux 4.18 or newer does)")
    counters: Counter[str] = Counter()
    fanout = PlainFanout(UdpSender(outlet, counters, segmented))
    packets = burst(sizes, first=65_500)  # over a rollover too

    fanout.deliver(burst([5], first=65_499), peers)
    fanout.deliver(packets, peers)

    expected = [packet.header + packet.payload for packet in packets]
    for peer in peers:
        assert peer.received()[1:] == expected
    assert counters == {
        "deliveries": (len(sizes) + 1) * len(peers),
        "datagrams_out": (len(sizes) + 1) * len(peers),
    }


def test_what_one_peer_cannot_be_sent_costs_no_other(peers: list[Peer], outlet: socket.socket) -> None:
    counters: Counter[str] = Counter()
    fanout = PlainFanout(UdpSender(outlet, counters, segmented=False))

    fanout.deliver(burst([1400]), peers)  # libsrtp takes no packet that long

    assert [len(peer.received()) for peer in peers] == [1, 1, 0, 1]
    assert counters["protect_long"] == 1


def vp8_packet(index: int, picture_id: int, tl0: int, *, lane: int = 0, wide: bool = True) -> PlainPacket:
    """Return a packet with both counters of VP8."""
    shown = (0x8000 | picture_id).to_bytes(2, "big") if wide else bytes((picture_id,))
    header = rtp.pack_header(payload_type=96, sequence=index, timestamp=0xFFFFFF00, ssrc=SSRC + lane)
    payload = b"\x90\xe0" + shown + bytes((tl0, 0x40)) + b"picture"
    return PlainPacket(header, payload, SSRC + lane, index, lane, 2, 2 + len(shown))


def test_each_recipient_has_numbers_of_its_own(peers: list[Peer], outlet: socket.socket) -> None:
    packets = [
        vp8_packet(0xFFFE, 0x7FFE, 255),
        vp8_packet(0xFFFF, 0x7FFF, 0),
        vp8_packet(5, 127, 3, lane=1, wide=False),
    ]
    there, back = Numbering(3 - 0x10000, 0x200, 2, 1), Numbering(7)
    ahead = Numbering(-4 + 2**48, 0, 1 - 2**15, 2)
    numberings = [(Numbering(), Numbering()), (there, back), [there, back], (there, ahead)]
    counters: Counter[str] = Counter()

    PlainFanout(UdpSender(outlet, counters, segmented=True)).deliver(packets, peers, numberings)

    assert peers[0].received() == [packet.header + packet.payload for packet in packets]
    for peer, third in (
        (peers[1], (12, b"\x7f\x03")),
        (peers[2], (12, b"\x7f\x03")),
        (peers[3], (1, b"\0\x05")),
    ):
        found = [rtp.parse(data) for data in peer.received()]
        assert [(p.sequence, p.timestamp) for p in found] == [(1, 0x100), (2, 0x100), (third[0], 0xFFFFFF00)]
        assert [p.payload[2:5] for p in found[:2]] == [b"\x80\x00\x00", b"\x80\x01\x01"]
        assert found[2].payload[2:4] == third[1]
    assert counters == {"datagrams_out": 12, "deliveries": 12}


def test_what_does_not_fit_is_refused_before_anything_is_sent(
    peers: list[Peer], outlet: socket.socket
) -> None:
    counters: Counter[str] = Counter()
    fanout = PlainFanout(UdpSender(outlet, counters, segmented=False))
    packet, one = vp8_packet(1, 2, 3), (Numbering(1),)
    misfits: list[tuple[list[PlainPacket], list[tuple[Numbering, ...]]]] = [
        ([packet], [one] * 3),
        ([packet], [one] * 3 + [()]),
        ([packet._replace(lane=1)], [one] * 4),
        ([packet._replace(lane=-1)], [one] * 4),
        ([packet._replace(tl0_at=len(packet.payload))], [one] * 4),
        ([packet._replace(picture_id_at=99)], [one] * 4),
        ([packet._replace(header=packet.header[:11])], [one] * 4),
        ([packet._replace(payload=bytes(65_500))], [one] * 4),
    ]
    for packets, numberings in misfits:
        with pytest.raises(ValueError):
            fanout.deliver(packets, peers, numberings)
    assert not counters


class _Pipe:
    """A connection that takes so many datagrams."""

    def __init__(self, room: int) -> None:
        self.room, self.taken = room, list[bytes]()

    def send(self, datagram: bytes) -> bool:
        if len(self.taken) == self.room:
            return False
        self.taken.append(datagram)
        return True

    @property
    def backlog(self) -> int:
        return 0


def test_a_connection_takes_what_it_has_room_for(peers: list[Peer], outlet: socket.socket) -> None:
    pipe, counters = _Pipe(3), Counter[str]()
    peers[1].stream = pipe
    fanout = PlainFanout(UdpSender(outlet, counters, segmented=True))
    packets = burst([900] * 3)

    fanout.deliver(packets, peers, [(Numbering(index=7),)] * 4)
    fanout.send(b"more", peers[1].path)

    opened = [rtp.parse(peers[1].oracle.unprotect(data)).sequence for data in pipe.taken]
    assert opened == [7, 8, 9]
    assert [len(peer.received()) for peer in peers] == [3, 0, 3, 3]
    assert counters == {"datagrams_out": 12, "deliveries": 12, "stream_full": 1}


class _Blocked(socket.socket):
    """A socket whose buffer is full for the first so many sends."""

    def __init__(self, *, refusals: int, number: int = errno.EAGAIN, segmented_only: bool = False) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self.refusals, self.number, self.segmented_only = refusals, number, segmented_only

    def sendmsg(self, buffers, ancdata=(), flags=0, address=None, /):  # type: ignore[no-untyped-def]
        if self.refusals and (ancdata or not self.segmented_only):
            self.refusals -= 1
            raise OSError(self.number, "as the test wants it")
        return super().sendmsg(buffers, ancdata, flags, address)


def test_a_full_buffer_is_waited_for_once_and_then_counted(peers: list[Peer]) -> None:
    counters: Counter[str] = Counter()
    with _Blocked(refusals=1) as sock:
        PlainFanout(UdpSender(sock, counters, segmented=True)).deliver(burst([900] * 3), peers[:1])
    assert counters["send_buffer_full"] == 0
    with _Blocked(refusals=2) as sock:
        PlainFanout(UdpSender(sock, counters, segmented=True)).deliver(burst([900] * 3, 3), peers[:2])
    assert counters["send_buffer_full"] == 3
    assert [len(peer.received()) for peer in peers[:2]] == [3, 3]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EMSGSIZE, errno.EIO])
def test_a_route_without_segmentation_gets_single_datagrams(peers: list[Peer], number: int) -> None:
    counters: Counter[str] = Counter()
    with _Blocked(refusals=9, number=number, segmented_only=True) as sock:
        PlainFanout(UdpSender(sock, counters, segmented=True)).deliver(burst([900] * 3), peers[:1])
    assert len(peers[0].received()) == 3
    assert counters == {"segments_refused": 1, "datagrams_out": 3, "deliveries": 3}


def test_an_unreachable_peer_is_counted_and_the_next_is_served(
    peers: list[Peer], outlet: socket.socket
) -> None:
    counters: Counter[str] = Counter()
    sender = UdpSender(outlet, counters, segmented=True)
    sender.send(b"x" * 70_000, peers[0].path)
    sender.send(b"x", Path(("255.255.255.255", 9)))
    sender.send_run([b"ab", b"cd"], Path(("255.255.255.255", 9)))
    sender.send(b"y", peers[1].path)
    assert peers[1].sock.recv(10) == b"y"
    assert counters["send_emsgsize"] == 1
    assert counters["send_eacces"] == 3
