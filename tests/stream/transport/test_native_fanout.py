"""The native fan-out on real sockets: byte for byte the plain one's datagrams, whatever it is given."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import itertools
import os
import random
import shutil
import socket
import subprocess
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pylibsrtp
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stream.native import _fanout
from stream.transport.fanout import (
    Address,
    Ancillary,
    Fanout,
    Numbering,
    Path,
    PlainFanout,
    PlainPacket,
    UdpSender,
    gso_works,
)
from stream.transport.native_fanout import NativeFanout
from stream.transport.srtp import GcmSrtp, Srtp, SrtpKeys, open_srtp
from stream.wire import rtp

PROFILES = ("AEAD_AES_128_GCM", "AEAD_AES_256_GCM", "AES128_CM_HMAC_SHA1_80")
FAMILIES = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
UNHURRIED = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)
LIBRARIES = ["openssl", *(["ipsec-mb"] if _fanout.why_no_ipsec_mb() is None else [])]


def keys(seed: int, profile: str) -> SrtpKeys:
    source = random.Random(seed)
    key = source.randbytes(32 if "256" in profile else 16)
    salt = source.randbytes(14 if "SHA1" in profile else 12)
    return SrtpKeys(profile, key, salt, key, salt)


@dataclass
class Recipient:
    srtp: Srtp
    path: Path


def udp(family: int = socket.AF_INET, host: str = "127.0.0.1") -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    sock.bind((host, 0))
    sock.setblocking(False)
    return sock


def taken(sock: socket.socket) -> list[bytes]:
    found: list[bytes] = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(sock.recv(70_000))
    return found


def address_of(sock: socket.socket) -> Address:
    host, port = sock.getsockname()[:2]
    return host, port


# -- the same as the plain one ---------------------------------------------------------------------------

numbers = st.one_of(st.integers(-3, 3), st.integers(-(2**49), 2**49), st.just(2**64 + 5), st.just(-(2**70)))
numberings = st.builds(Numbering, numbers, numbers, numbers, numbers) | st.just(Numbering())


@st.composite
def packets(draw: st.DrawFn) -> PlainPacket:
    """One packet: with extensions, padding and counters, or without."""
    index = draw(st.integers(0, 2**48 - 1) | st.sampled_from([0, 0xFFFF, 0x10000, 2**48 - 1]))
    block = rtp.pack_extensions(draw(st.dictionaries(st.integers(1, 14), st.binary(min_size=1), max_size=3)))
    padding = draw(st.sampled_from([0, 1, 255]))
    payload = draw(st.binary(max_size=40)) + bytes(draw(st.sampled_from([0, 0, 900, 1100])))
    picture_id_at, tl0_at = -1, -1
    if draw(st.booleans()):
        shown = draw(st.binary(min_size=2, max_size=2))
        width = 2 if shown[0] & 0x80 else 1
        picture_id_at, tl0_at = 2, draw(st.sampled_from([2 + width, -1]))
        payload = b"\x90\xe0" + shown + b"\xff" + payload
    header = rtp.pack_header(
        payload_type=96,
        sequence=index & 0xFFFF,
        timestamp=draw(st.sampled_from([0, 5, 2**32 - 1])),
        ssrc=draw(st.sampled_from([0, 7, 2**32 - 1])),
        marker=draw(st.booleans()),
        padded=padding > 0,
        extension_block=block,
    )
    ssrc = int.from_bytes(header[8:12], "big")
    lane = draw(st.integers(0, 2))
    return PlainPacket(header, rtp.pad(payload, padding), ssrc, index, lane, picture_id_at, tl0_at)


@dataclass
class Bench:
    """Both fan-outs, and sockets to receive on."""

    outlet: socket.socket
    inlets: list[socket.socket]

    def both(self, segmented: bool) -> list[tuple[Fanout, Counter[str]]]:
        made: list[tuple[Fanout, Counter[str]]] = []
        for kind in (PlainFanout, NativeFanout):
            counters = Counter[str]()
            made.append((kind(UdpSender(self.outlet, counters, segmented)), counters))
        return made


@pytest.fixture(params=FAMILIES, ids=["IPv4", "IPv6"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    family, host = request.param
    outlet, inlets = udp(family, host), [udp(family, host) for _ in range(4)]
    yield Bench(outlet, inlets)
    for sock in [outlet, *inlets]:
        sock.close()


@settings(
    max_examples=120,
    suppress_health_check=UNHURRIED,
)
@given(
    st.lists(packets(), max_size=30),
    st.lists(st.sampled_from(PROFILES), min_size=4, max_size=4),
    st.none() | st.lists(st.tuples(numberings, numberings, numberings), min_size=4, max_size=4),
    st.booleans(),
)
def test_both_send_the_same_bytes(
    bench: Bench,
    burst: list[PlainPacket],
    profiles: list[str],
    moved: list[tuple[Numbering, ...]] | None,
    segmented: bool,
) -> None:
    found: list[tuple[list[list[bytes]], Counter[str]]] = []
    for fanout, counters in bench.both(segmented and gso_works()):
        recipients = [
            Recipient(open_srtp(keys(place, profile)), Path(address_of(inlet)))
            for place, (profile, inlet) in enumerate(zip(profiles, bench.inlets, strict=True))
        ]
        fanout.deliver(burst, recipients, moved)
        found.append(([taken(inlet) for inlet in bench.inlets], counters))

    assert found[0] == found[1]
    assert found[0][1]["deliveries"] == 4 * len(burst)


@settings(max_examples=60, suppress_health_check=UNHURRIED)
@given(st.data())
def test_who_is_remembered_is_sent_the_same_bytes(bench: Bench, data: st.DataObject) -> None:
    """The same tuples again and again, others between, and people who move and are forgotten."""
    everybody = [
        [
            Recipient(open_srtp(keys(place, PROFILES[place % 2])), Path(address_of(inlet)))
            for place, inlet in enumerate(bench.inlets)
        ]
        for _ in range(2)
    ]
    both = bench.both(segmented=False)
    people = st.lists(st.integers(0, 3), max_size=4)
    rooms = [
        (chosen, tuple(data.draw(st.tuples(numberings, numberings)) for _ in chosen))
        for chosen in data.draw(st.lists(people, min_size=1, max_size=12))
    ]
    kept = [[tuple(mine[place] for place in chosen) for chosen, _ in rooms] for mine in everybody]
    for _ in range(data.draw(st.integers(1, 25))):
        if data.draw(st.integers(0, 4)) == 0:
            who, where = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))
            for mine, (fanout, _) in zip(everybody, both, strict=True):
                mine[who].path = Path(address_of(bench.inlets[where]))
                fanout.forget()
        room = data.draw(st.integers(0, len(rooms) - 1))
        burst = data.draw(st.lists(packets(), max_size=3))
        moved = rooms[room][1] if data.draw(st.booleans()) else None
        found: list[list[list[bytes]] | type[Exception]] = []
        afresh = PlainFanout(UdpSender(bench.outlet, Counter(), segmented=False))  # with nothing to remember
        for fanout, tuples in zip((both[0][0], both[1][0], afresh), (*kept, kept[0]), strict=True):
            try:
                fanout.deliver(burst, tuples[room], moved)
            except ValueError as error:
                found.append(type(error))
            else:
                found.append([taken(inlet) for inlet in bench.inlets])
        assert found[0] == found[1] == found[2]
    assert both[0][1] == both[1][1]


def test_who_is_remembered_is_let_go() -> None:
    """A fan-out keeps nobody alive who was forgotten, nor itself by whom it remembers."""

    class Owner(Recipient):
        fanout: object = None

    with udp() as outlet, udp() as inlet:
        fanout = NativeFanout(UdpSender(outlet, Counter(), segmented=False))
        who = (Owner(open_srtp(keys(1, PROFILES[0])), Path(address_of(inlet))),)
        seen = weakref.ref(who[0])
        fanout.deliver([plain_packet()], who)
        del who
        gc.collect()
        assert seen() is not None, "it is remembered"
        fanout.forget()
        assert seen() is None
        again = (Owner(open_srtp(keys(2, PROFILES[0])), Path(address_of(inlet))),)
        again[0].fanout = fanout
        seen = weakref.ref(again[0])
        fanout.deliver([plain_packet()], again)
        del again, fanout
        gc.collect()
        assert seen() is None


def test_forgetting_in_the_middle_of_a_call_waits_for_its_end(bench: Bench) -> None:
    class Restless(Recipient):
        @property
        def path(self) -> Path:
            fanout.forget()
            return Path(address_of(bench.inlets[0]))

        @path.setter
        def path(self, path: Path) -> None: ...

    fanout = NativeFanout(UdpSender(bench.outlet, Counter(), segmented=False))
    who = (Restless(open_srtp(keys(1, PROFILES[0])), Path(address_of(bench.inlets[0]))),)
    for _ in range(3):
        fanout.deliver([plain_packet()], who)
    assert len(taken(bench.inlets[0])) == 3


@settings(max_examples=60)
@given(
    st.sampled_from(LIBRARIES),
    st.binary(min_size=16, max_size=16) | st.binary(min_size=32, max_size=32),
    st.binary(min_size=12, max_size=12),
    st.binary(max_size=40),
    st.binary(max_size=60) | st.builds(bytes, st.integers(0, 3000)),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**48 - 1),
)
def test_each_library_seals_as_the_oracle_does(
    library: str, key: bytes, salt: bytes, header: bytes, payload: bytes, ssrc: int, index: int
) -> None:
    nonce = (int.from_bytes(salt, "big") ^ (ssrc << 48 | index)).to_bytes(12, "big")
    sealer = _fanout.Sealer(key, salt, library)
    for _ in range(2):
        wire = sealer.seal(header, payload, ssrc, index)
        assert wire == header + AESGCM(key).encrypt(nonce, payload, header)


# -- what a peer makes of it -----------------------------------------------------------------------------


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("segmented", [False, True])
def test_libsrtp_opens_what_arrives_over_rollovers(profile: str, segmented: bool) -> None:
    """Several lanes, each over two rollovers, in bursts that make runs of every kind."""
    if segmented and not gso_works():
        pytest.skip("this kernel does not segment UDP (Linux 4.18 or newer does)")
    agreed = keys(5, profile)
    names = {
        "AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
        "AEAD_AES_256_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
        "AES128_CM_HMAC_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    }
    oracle = pylibsrtp.Session(
        pylibsrtp.Policy(
            key=agreed.local_key + agreed.local_salt,
            ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND,
            srtp_profile=names[profile],
        )
    )
    source = random.Random(9)
    with udp() as inlet, udp() as outlet:
        fanout = NativeFanout(UdpSender(outlet, Counter(), segmented))
        recipient = Recipient(open_srtp(agreed), Path(address_of(inlet)))
        moved = [(Numbering(), Numbering(index=-100_000, timestamp=-1, picture_id=-1, tl0=-1))]
        at = {0: 60_000, 1: 100_000}
        seen: dict[int, list[int]] = {0: [], 1: []}
        while at[0] < 200_000:
            burst: list[PlainPacket] = []
            for _ in range(source.randint(1, 45)):
                lane = source.randint(0, 1)
                at[lane] += source.choice([1, 1, 1, 3_000])
                header = rtp.pack_header(payload_type=96, sequence=at[lane], timestamp=0, ssrc=lane + 1)
                payload = b"\x90\xe0\x80\x00\x00" + bytes(source.choice([900, 900, 900, 20, 901]))
                burst.append(PlainPacket(header, payload, lane + 1, at[lane], lane, 2, 4))
            fanout.deliver(burst, [recipient], moved)
            arrived = [rtp.parse(oracle.unprotect(data)) for data in taken(inlet)]
            assert len(arrived) == len(burst)
            for packet, sent in zip(arrived, burst, strict=True):
                moved_on = sent.lane == 1
                assert packet.ssrc == sent.ssrc
                assert packet.sequence == (sent.srtp_index - 100_000 * moved_on) % 65_536
                assert packet.timestamp == (2**32 - 1 if moved_on else 0)
                assert packet.payload[2:5] == (b"\xff\xff\xff" if moved_on else b"\x80\x00\x00")
                assert packet.payload[5:] == sent.payload[5:]
                seen[sent.lane].append(packet.sequence)
    assert all(any(b < a for a, b in itertools.pairwise(each)) for each in seen.values())


def test_a_run_leaves_in_one_send_and_many_recipients_in_few() -> None:
    """More runs than one sendmmsg holds, and more bytes than the buffer: everything arrives, in order."""
    with udp() as inlet, udp() as outlet:
        burst = [
            PlainPacket(rtp.pack_header(payload_type=1, sequence=n, timestamp=0, ssrc=1), bytes(size), 1, n)
            for n, size in enumerate([1200] * 23 + [50, 60, 70])
        ]
        for count in (1, 7, 40):
            counters = Counter[str]()
            srtp = open_srtp(keys(1, PROFILES[0]))
            recipients = [Recipient(srtp, Path(address_of(inlet)))] * count
            fanout = NativeFanout(UdpSender(outlet, counters, segmented=gso_works()))
            inlet.setsockopt(socket.SOL_SOCKET, 33, 1 << 25)  # SO_RCVBUFFORCE
            fanout.deliver(burst, recipients)
            expected = [srtp.protect(p.header, p.payload, p.ssrc, p.srtp_index) for p in burst]
            assert taken(inlet) == expected * count
            assert counters == {"datagrams_out": 26 * count, "deliveries": 26 * count}


# -- addresses -------------------------------------------------------------------------------------------


def plain_packet(size: int = 100) -> PlainPacket:
    return PlainPacket(rtp.pack_header(payload_type=1, sequence=1, timestamp=0, ssrc=1), bytes(size), 1, 1)


def test_it_answers_from_the_address_asked() -> None:
    """The control message of a path goes out with segments and without (ADR 4)."""
    source = socket.inet_aton("127.0.0.9")
    ancillary = ((socket.IPPROTO_IP, 8, bytes(4) + source + bytes(4)),)
    with udp() as inlet, udp(host="0.0.0.0") as outlet:
        srtp = open_srtp(keys(1, PROFILES[0]))
        recipient = Recipient(srtp, Path(address_of(inlet), ancillary))
        for segmented in (False, gso_works()):
            fanout = NativeFanout(UdpSender(outlet, Counter(), segmented))
            fanout.deliver([plain_packet()] * 3, [recipient])
            assert [inlet.recvfrom(2000)[1][0] for _ in range(3)] == ["127.0.0.9"] * 3


def test_a_peer_that_moves_is_followed() -> None:
    """A path is remembered; a new one, equal or not, is read again, also for the other family."""
    with (
        udp() as first,
        udp() as second,
        udp() as outlet,
        udp(*FAMILIES[1]) as third,
        udp(*FAMILIES[1]) as six,
    ):
        fanout = NativeFanout(UdpSender(outlet, Counter(), segmented=False))
        recipient = Recipient(open_srtp(keys(1, PROFILES[0])), Path(address_of(first)))
        for _ in range(2):
            fanout.deliver([plain_packet()], [recipient])
        recipient.path = Path(address_of(second))
        fanout.deliver([plain_packet()], [recipient])
        assert (len(taken(first)), len(taken(second))) == (2, 1)

        recipient.path = Path(address_of(third))
        NativeFanout(UdpSender(six, Counter(), segmented=False)).deliver([plain_packet()], [recipient])
        assert len(taken(third)) == 1


@pytest.mark.parametrize("segmented", [False, True])
def test_the_unreachable_are_counted_as_by_the_plain_one(bench: Bench, segmented: bool) -> None:
    address = ("255.255.255.255", 9) if bench.outlet.family == socket.AF_INET else ("::1", 0)
    nowhere = Recipient(open_srtp(keys(1, PROFILES[0])), Path(address))
    there = Recipient(open_srtp(keys(2, PROFILES[0])), Path(address_of(bench.inlets[0])))
    found: list[Counter[str]] = []
    for fanout, counters in bench.both(segmented):
        fanout.deliver([plain_packet()] * 4, [nowhere, there, nowhere])
        fanout.deliver([plain_packet(65_507 - 28)] * 2, [there])
        fanout.deliver([plain_packet(65_507 - 28)], [nowhere])
        assert len(taken(bench.inlets[0])) == 6
        found.append(counters)
    assert found[0] == found[1]
    assert found[0]["datagrams_out"] == 6


def test_names_and_the_other_family_go_the_slow_way(bench: Bench) -> None:
    """What needs a resolver is left to Python, which says what it makes of it."""
    other = "::1" if bench.outlet.family == socket.AF_INET else "127.0.0.1"
    recipients = [
        Recipient(open_srtp(keys(1, PROFILES[0])), Path((host, address_of(bench.inlets[0])[1])))
        for host in (other, "localhost.invalid", address_of(bench.inlets[0])[0])
    ]
    found: list[Counter[str]] = []
    for fanout, counters in bench.both(segmented=False):
        fanout.deliver([plain_packet()], recipients)
        found.append(counters)
    assert found[0] == found[1]
    assert found[0]["send_error"] == 2
    assert len(taken(bench.inlets[0])) == 2


def test_a_closed_socket_is_counted() -> None:
    with udp() as inlet:
        outlet, counters = udp(), Counter[str]()
        fanout = NativeFanout(UdpSender(outlet, counters, segmented=False))
        outlet.close()
        srtp = open_srtp(keys(1, PROFILES[0]))
        fanout.deliver([plain_packet()] * 2, [Recipient(srtp, Path(address_of(inlet)))])
    assert counters == {"send_ebadf": 2, "deliveries": 2}


# -- a network that will not take it all -----------------------------------------------------------------


def in_a_network_of_its_own(commands: Sequence[str], work: Callable[[], None]) -> None:
    """Run something in a thread with a loopback of its own, set up by these commands."""
    assert os.geteuid() == 0, "a network namespace takes root"
    assert shutil.which("tc"), "`tc` is missing: install iproute2"
    faults: list[BaseException] = []

    def run() -> None:
        try:
            assert ctypes.CDLL(None).unshare(0x40000000) == 0, "no network namespace can be made here"
            for command in ("ip link set lo up", *commands):
                subprocess.run(command.split(), check=True, capture_output=True)
            work()
        except BaseException as fault:  # noqa: BLE001  to be raised where the test is
            faults.append(fault)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    for fault in faults:
        raise fault


@pytest.mark.parametrize("kind", [PlainFanout, NativeFanout])
@pytest.mark.parametrize(("rate", "taken_in_time"), [("400mbit", True), ("400kbit", False)])
def test_a_full_buffer_is_waited_for_once_and_then_counted(
    kind: type[PlainFanout | NativeFanout], rate: str, taken_in_time: bool
) -> None:
    counters = Counter[str]()

    def work() -> None:
        with udp() as inlet, udp() as outlet:
            outlet.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 20_000)
            fanout = kind(UdpSender(outlet, counters, segmented=gso_works()))
            recipient = Recipient(open_srtp(keys(1, PROFILES[0])), Path(address_of(inlet)))
            fanout.deliver([plain_packet(1000)] * 7, [recipient] * 30)
            arrived = 0
            inlet.settimeout(0.5)
            with contextlib.suppress(TimeoutError):
                while inlet.recv(2000):
                    arrived += 1
            assert arrived == counters["datagrams_out"]

    in_a_network_of_its_own([f"tc qdisc add dev lo root tbf rate {rate} burst 6000 limit 1000000"], work)
    assert counters["datagrams_out"] + counters["send_buffer_full"] == counters["deliveries"] == 210
    assert (counters["send_buffer_full"] == 0) == taken_in_time
    assert counters["datagrams_out"] >= 7


def test_a_route_without_segmentation_gets_single_datagrams() -> None:
    """Segments above the route's MTU are refused; as datagrams of their own, IP cuts them up."""
    if not gso_works():
        pytest.skip("this kernel does not segment UDP (Linux 4.18 or newer does)")
    found: list[tuple[list[bytes], Counter[str]]] = []

    def work() -> None:
        local = ((socket.IPPROTO_IP, 8, bytes(4) + socket.inet_aton("127.0.0.1") + bytes(4)),)
        for kind in (PlainFanout, NativeFanout):
            counters = Counter[str]()
            with udp() as inlet, udp(host="0.0.0.0") as outlet:
                fanout = kind(UdpSender(outlet, counters, segmented=True))
                srtp = open_srtp(keys(1, PROFILES[0]))
                for source in ((), local):
                    recipient = Recipient(srtp, Path(address_of(inlet), source))
                    fanout.deliver([plain_packet(1000)] * 5 + [plain_packet(300)], [recipient] * 3)
                found.append((taken(inlet), counters))

    in_a_network_of_its_own(["ip link set lo mtu 600"], work)
    assert found[0] == found[1]
    assert found[0][1] == {"segments_refused": 6, "datagrams_out": 36, "deliveries": 36}
    assert len(found[0][0]) == 36


# -- misuse ----------------------------------------------------------------------------------------------

GOOD = plain_packet()
NUMBERED = (Numbering(1, 1, 1, 1),)

BAD_PACKETS: list[Any] = [
    None,
    5,
    b"bytes",
    (),
    tuple(GOOD)[:6],
    (*GOOD, 1),
    list(GOOD),
    GOOD._replace(header="text"),  # type: ignore[arg-type]
    GOOD._replace(payload=None),  # type: ignore[arg-type]
    GOOD._replace(payload=bytearray(4)),  # type: ignore[arg-type]
    GOOD._replace(ssrc=-1),
    GOOD._replace(ssrc=2**32),
    GOOD._replace(ssrc=1.5),  # type: ignore[arg-type]
    GOOD._replace(srtp_index=2**48),
    GOOD._replace(srtp_index=-1),
    GOOD._replace(srtp_index=2**200),
    GOOD._replace(lane=1),
    GOOD._replace(lane=-1),
    GOOD._replace(lane=2**31 - 1),
    GOOD._replace(lane=2**80),
    GOOD._replace(picture_id_at=100),
    GOOD._replace(picture_id_at=2**63 - 1),
    GOOD._replace(picture_id_at=2**64),
    GOOD._replace(picture_id_at="2"),  # type: ignore[arg-type]
    GOOD._replace(payload=b"\x80", picture_id_at=0),
    GOOD._replace(tl0_at=100),
    GOOD._replace(header=b""),
    GOOD._replace(header=bytes(11)),
    GOOD._replace(payload=bytes(65_480)),
    GOOD._replace(header=bytes(2**20)),
]

BAD_NUMBERINGS: list[Any] = [
    5,
    [],
    [NUMBERED, NUMBERED],
    [()],
    [None],
    [5],
    [[None]],
    [[(1, 2, 3)]],
    [[(1, 2, 3, 4, 5)]],
    [[(1, 2, 3, None)]],
    [[(1.5, 2, 3, 4)]],
    [["four"]],
    [[[1, 2, 3, 4]]],
]

BAD_PATHS: list[Any] = [
    None,
    (),
    ("127.0.0.1", 9),
    (("127.0.0.1", 9), ()),
    (("127.0.0.1",), (), None),
    (("127.0.0.1", 9, 0, 0), (), None),
    ((b"127.0.0.1", 9), (), None),
    (("127.0.0.1", "9"), (), None),
    (("127.0.0.1", -1), (), None),
    (("127.0.0.1", 65_536), (), None),
    (("127.0.0.1\0", 9), (), None),
    (("\ud800", 9), (), None),
    (("127.0.0.1", 9), [], None),
    (("127.0.0.1", 9), (1,), None),
    (("127.0.0.1", 9), ((1, 2),), None),
    (("127.0.0.1", 9), ((0, 8, "text"),), None),
    (("127.0.0.1", 9), ((-1, 8, b""),), None),
    (("127.0.0.1", 9), ((0, 2**40, b""),), None),
]


class Broken:
    """A recipient that fails when it is asked."""

    @property
    def srtp(self) -> Srtp:
        raise ValueError("on purpose")


ONE_FAMILY = pytest.mark.parametrize("bench", FAMILIES[:1], ids=["IPv4"], indirect=True)


@pytest.fixture
def good(bench: Bench) -> Recipient:
    return Recipient(open_srtp(keys(1, PROFILES[0])), Path(address_of(bench.inlets[0])))


def refused(bench: Bench, *arguments: Any) -> None:
    """Deliver, see it refused, and see that nothing was sent and that the next call works."""
    counters = Counter[str]()
    fanout = NativeFanout(UdpSender(bench.outlet, counters, segmented=False))
    with pytest.raises((ValueError, TypeError, AttributeError)):
        fanout.deliver(*arguments)
    assert not counters
    assert taken(bench.inlets[0]) == []
    last = Recipient(open_srtp(keys(1, PROFILES[0])), Path(address_of(bench.inlets[0])))
    fanout.deliver([GOOD], [last], [NUMBERED])
    assert len(taken(bench.inlets[0])) == 1


@ONE_FAMILY
@pytest.mark.parametrize("packet", BAD_PACKETS, ids=range(len(BAD_PACKETS)))
def test_bad_packets_are_refused(bench: Bench, good: Recipient, packet: Any) -> None:
    refused(bench, [GOOD, packet], [good, good], [NUMBERED] * 2)


@ONE_FAMILY
@pytest.mark.parametrize("moved", BAD_NUMBERINGS, ids=range(len(BAD_NUMBERINGS)))
def test_bad_numberings_are_refused(bench: Bench, good: Recipient, moved: Any) -> None:
    refused(bench, [GOOD], [good], moved)


@ONE_FAMILY
@pytest.mark.parametrize("path", BAD_PATHS, ids=range(len(BAD_PATHS)))
def test_bad_paths_are_refused(bench: Bench, good: Recipient, path: Any) -> None:
    refused(bench, [GOOD], [good, Recipient(good.srtp, path)], None)


@ONE_FAMILY
def test_bad_recipients_are_refused(bench: Bench, good: Recipient) -> None:
    other = GcmSrtp(keys(3, PROFILES[0]))
    other.sealer = "something else"
    for recipient in (None, object(), Broken(), Recipient(other, good.path)):
        refused(bench, [GOOD], [good, recipient], None)
    refused(bench, None, [good], None)
    refused(bench, [GOOD], 7, None)


def test_many_control_messages_go_the_slow_way(bench: Bench, good: Recipient) -> None:
    counters = Counter[str]()
    many: tuple[Ancillary, ...] = ((socket.SOL_SOCKET, 999, bytes(60)),) * 3
    good.path = Path(good.path.address, many)
    NativeFanout(UdpSender(bench.outlet, counters, segmented=False)).deliver([GOOD], [good])
    assert counters == {"send_einval": 1, "deliveries": 1}


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (b"",),
        (bytes(15), bytes(12)),
        (bytes(16), bytes(11)),
        (bytes(24), bytes(12)),
        ("k" * 16, bytes(12)),
        (bytes(16), bytes(12), "rot13"),
        (bytes(16), bytes(12), 5),
        (bytes(2**20), bytes(12)),
    ],
)
def test_bad_keys_are_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises((ValueError, TypeError)):
        _fanout.Sealer(*arguments)


def test_bad_seals_and_bad_fanouts_are_refused() -> None:
    sealer = _fanout.Sealer(bytes(16), bytes(12))
    bad: Sequence[tuple[Any, ...]] = [
        (),
        (b"", b"", 1),
        ("", b"", 1, 1),
        (b"", b"", 2**32, 1),
        (b"", b"", 1, -1),
        (b"", b"", "1", 1),
        (bytes(2**17), b"", 1, 1),
        (b"", bytes(65_492), 1, 1),
    ]
    for arguments in bad:
        with pytest.raises((ValueError, TypeError)):
            sealer.seal(*arguments)
    for made in [
        (),
        (1, True, GcmSrtp, id),
        (2, True, "type", id),
        (2, True, GcmSrtp, None),
        (2**40, 1, int, id),
    ]:
        with pytest.raises((ValueError, TypeError, OverflowError)):
            _fanout.Fanout(*made)  # type: ignore[arg-type]
    native = _fanout.Fanout(2, True, GcmSrtp, id)  # type: ignore[arg-type]
    calls: Sequence[tuple[Any, ...]] = [
        (),
        (1, [], []),
        ("1", [], [], None),
        (2**70, [], [], None),
        (-(2**40), [], [], None),
        (1, [GOOD], [Recipient(GcmSrtp(keys(1, PROFILES[0])), Path(("127.0.0.1", 9)))], None),
    ]
    for call in calls:
        with pytest.raises((ValueError, TypeError)):
            native.deliver(*call)


def test_one_call_at_a_time(bench: Bench, good: Recipient) -> None:
    """Whoever is asked for in the midst of a call cannot begin another on the same buffers."""
    fanout = NativeFanout(UdpSender(bench.outlet, Counter(), segmented=False))

    class Nested:
        @property
        def srtp(self) -> Srtp:
            fanout.deliver([GOOD], [good])
            raise AssertionError("not reached")

        path = good.path

    with pytest.raises(RuntimeError, match="busy"):
        fanout.deliver([GOOD], [good, Nested()])
    fanout.deliver([GOOD], [good])
    assert len(taken(bench.inlets[0])) == 1


def test_changing_the_lists_meanwhile_does_no_harm(bench: Bench, good: Recipient) -> None:
    burst, recipients, moved = [GOOD] * 3, list[Any](), [list(NUMBERED)] * 2

    class Emptying:
        path = good.path

        @property
        def srtp(self) -> Srtp:
            burst.clear()
            recipients.clear()
            moved.clear()
            gc.collect()
            return good.srtp

    recipients += [Emptying(), good]
    native = _fanout.Fanout(
        bench.outlet.family, False, GcmSrtp, lambda srtp: _fanout.Sealer(srtp.key, bytes(12))
    )
    sent, faults, slow = native.deliver(bench.outlet.fileno(), burst, recipients, moved)
    assert (sent, faults, slow) == (6, None, None)
    assert len(taken(bench.inlets[0])) == 6


def test_threads_share_the_keys_and_not_the_buffers(bench: Bench, good: Recipient) -> None:
    """While one sends, another may use its own fan-out, with the same recipients."""
    expected = good.srtp.protect(GOOD.header, GOOD.payload, GOOD.ssrc, GOOD.srtp_index)
    counters = [Counter[str]() for _ in range(3)]

    def work(mine: Counter[str]) -> None:
        fanout = NativeFanout(UdpSender(bench.outlet, mine, segmented=False))
        for _ in range(200):
            fanout.deliver([GOOD] * 3, [good] * 4)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in counters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine["deliveries"] == 2400 for mine in counters)
    assert set(taken(bench.inlets[0])) == {expected}
