"""ICE-TCP on real sockets: who is let in, what is dropped for a slow reader, and what strangers can do."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from random import Random
from types import SimpleNamespace

import pytest
from aioice import stun

from stream.transport import tcp_mux
from stream.transport.fanout import PlainFanout, UdpSender
from stream.transport.rtc_adapter import make_certificate
from stream.transport.tcp_mux import FIRST_FRAME, IDLE, TcpConnection, TcpMux, open_listener
from stream.transport.transport import PeerTransport
from stream.transport.udp_mux import Received, UdpMux, open_socket
from stream.wire.framing import Deframer, frame
from tests.fuzz.mutation import mutate
from tests.fuzz.targets import TARGETS
from tests.signaling.processes import free_port, until
from tests.stream.transport.test_udp_mux import request

CERTIFICATE = make_certificate()
RTP = b"\x80\x60" + bytes(1198)
RTCP = b"\x80\xc8" + bytes(60)


class Client:
    """A TCP client that speaks frames."""

    def __init__(self, port: int, host: str = "127.0.0.1", window: int = 0) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if window:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.sock.bind((host, 0))
        self.sock.connect(("127.0.0.1", port))
        self.sock.setblocking(False)
        self._deframer = Deframer()
        self.frames: list[bytes] = []

    def send(self, *datagrams: bytes) -> None:
        self.sock.sendall(b"".join(map(frame, datagrams)))

    def read(self) -> list[bytes]:
        """Return all frames so far."""
        try:
            while data := self.sock.recv(65536):
                self.frames += self._deframer.feed(data)
        except BlockingIOError:
            pass
        return self.frames

    def ended(self) -> bool:
        try:
            return self.sock.recv(1) == b""
        except BlockingIOError:
            return False
        except ConnectionError:
            return True


class Port:
    """Both halves of the port, and clients."""

    def __init__(self, limit: int = 8) -> None:
        self.counters: Counter[str] = Counter()
        number = free_port(socket.SOCK_DGRAM)
        self.udp = open_socket("127.0.0.1", number)
        self.mux = UdpMux(self.udp, self.counters)
        self.fanout = PlainFanout(UdpSender(self.udp, self.counters, segmented=False))
        self.received: list[Received] = []
        listener = open_listener("127.0.0.1", number)
        self.tcp = TcpMux(listener, self.mux, self.counters, self._take, limit)
        self.number = number
        self.clients: list[Client] = []
        self.transports: list[PeerTransport] = []
        self.tcp.start()

    def _take(self, received: Iterable[Received], now: float) -> None:
        self.received += received

    def transport(self) -> PeerTransport:
        one = PeerTransport(
            f"t{len(self.transports)}", CERTIFICATE, self.fanout.send, self.counters, time.monotonic()
        )
        one.start("server", [("sha-256", "00")], lambda transport: None)
        self.transports.append(one)
        self.mux.add(one)
        return one

    def client(self, host: str = "127.0.0.1", window: int = 0) -> Client:
        one = Client(self.number, host, window)
        self.clients.append(one)
        return one

    async def peer(self, window: int = 0) -> tuple[PeerTransport, Client, TcpConnection]:
        """Return a transport that was checked by TCP, and its connection."""
        transport, client = self.transport(), self.client(window=window)
        client.send(check(transport))
        await until(lambda: bool(client.read()))
        return transport, client, list(self.tcp.connections)[-1]

    async def counted(self, name: str, count: int = 1) -> None:
        await until(lambda: self.counters[name] >= count)
        assert self.counters[name] == count

    async def close(self) -> None:
        for transport in self.transports:
            await transport.aclose()
        self.tcp.close()
        self.udp.close()
        for client in self.clients:
            client.sock.close()


def check(transport: PeerTransport, extra: str = "") -> bytes:
    return request(transport.ufrag, transport.password, extra)


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    one = Port()
    yield one
    await one.close()


async def test_a_check_that_verifies_makes_a_path_and_is_answered_on_it(port: Port) -> None:
    transport, client, connection = await port.peer()
    answer = stun.parse_message(client.frames[0])
    assert answer.message_class == stun.Class.RESPONSE
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == client.sock.getsockname()
    assert transport.path.stream is connection
    assert transport.state == "checked"
    client.send(RTP, b"", b"\x40x")
    await port.counted("unknown_protocol")
    assert (port.counters["rtp_before_keys"], port.counters["empty"]) == (1, 1)


async def test_frames_may_come_in_any_pieces(port: Port) -> None:
    transport, client = port.transport(), port.client()
    for byte in frame(check(transport)) + frame(RTP)[:5]:
        client.sock.send(bytes((byte,)))
        await asyncio.sleep(0)
    await until(lambda: len(client.read()) == 1)
    client.sock.send(frame(RTP)[5:])
    await port.counted("rtp_before_keys")


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "tcp_frame_too_long"),
        (b"\xff\xff", "tcp_frame_too_long"),
        (frame(RTP), "tcp_not_a_check"),
        (frame(b""), "tcp_not_a_check"),
        (frame(b"\x16\xfe\xfd" + bytes(20)), "tcp_not_a_check"),
        (frame(request("nobody", "password" * 3)), "tcp_not_a_check"),
    ],
    ids=["http", "too long", "rtp", "empty", "dtls", "stranger's check"],
)
async def test_who_does_not_begin_with_a_check_is_sent_away_unanswered(
    port: Port, wire: bytes, reason: str
) -> None:
    client = port.client()
    client.sock.sendall(wire)
    await port.counted(reason)
    await until(client.ended)
    assert not port.tcp.strangers and not port.tcp.connections
    assert port.counters["tcp_frames_out"] == 0


async def test_a_wrong_password_is_no_check(port: Port) -> None:
    transport, client = port.transport(), port.client()
    client.send(request(transport.ufrag, "wrong" * 5), check(transport))
    await port.counted("tcp_not_a_check")
    assert transport.bound is None


async def test_who_says_nothing_or_half_a_thing_is_sent_away_in_time(port: Port) -> None:
    silent, slow = port.client(), port.client()
    slow.sock.send(frame(check(port.transport()))[:-1])
    await until(lambda: len(port.tcp.strangers) == 2)
    port.tcp.sweep(time.monotonic() + FIRST_FRAME - 1)
    assert len(port.tcp.strangers) == 2
    port.tcp.sweep(time.monotonic() + FIRST_FRAME + 0.1)
    assert port.counters["tcp_no_check"] == 2
    await until(lambda: silent.ended() and slow.ended())


async def test_the_oldest_of_too_many_strangers_goes(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_mux, "MAX_STRANGERS", 6)
    monkeypatch.setattr(tcp_mux, "MAX_STRANGERS_FROM", 4)
    transport = port.transport()
    crowd = [port.client() for _ in range(20)]
    await port.counted("tcp_too_many_from_one", 16)
    assert len(port.tcp.strangers) == 4
    crowd += [port.client("127.0.0.2") for _ in range(4)]
    await port.counted("tcp_too_many_strangers", 2)
    assert len(port.tcp.strangers) == 6
    crowd[-1].send(check(transport))
    await until(lambda: bool(crowd[-1].read()))
    assert transport.state == "checked", "somebody who means it gets in between them"
    assert len(port.tcp.strangers) == 5


async def test_a_flood_of_connections_is_accepted_at_a_bounded_rate(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    port.tcp._tokens = 10.0
    monkeypatch.setattr(tcp_mux, "ACCEPT_BURST", 10.0)
    monkeypatch.setattr(tcp_mux, "ACCEPT_RATE", 100.0)
    crowd = [port.client() for _ in range(60)]
    for one in crowd:
        one.sock.close()
    await until(lambda: port.counters["tcp_accept_paused"] > 0)
    assert port.counters["tcp_accepted"] <= 12
    began = time.monotonic()
    await until(lambda: port.counters["tcp_accepted"] == 60)
    assert time.monotonic() - began > 0.3
    await until(lambda: not port.tcp.strangers)
    _, client, _ = await port.peer()
    assert client.frames


async def test_peers_beyond_the_limit_are_turned_away() -> None:
    port = Port(limit=2)
    try:
        for _ in range(2):
            await port.peer()
        client = port.client()
        client.send(check(port.transport()))
        await port.counted("tcp_full")
        await until(lambda: len(port.tcp.connections) == 2 and not port.tcp.strangers)
    finally:
        await port.close()


async def test_a_reader_that_stops_costs_itself_media_and_nothing_else(port: Port) -> None:
    _, client, connection = await port.peer(window=4096)
    sent = dropped = 0
    while not dropped:
        if connection.send(RTP):
            sent += 1
        else:
            dropped += 1
        await asyncio.sleep(0)
        assert sent < 10_000
    waiting = connection.backlog
    assert waiting <= tcp_mux.MAX_WAITING + 2 * tcp_mux._UNSENT + 1500
    assert port.counters["tcp_media_dropped"] == 1
    assert connection.send(RTCP), "what is small and not media goes through"
    await until(lambda: connection.delay(time.monotonic()) > 0)
    for _ in range(5000):
        connection.send(RTCP)
    assert port.counters["tcp_control_dropped"] > 0
    assert connection.backlog <= tcp_mux.MAX_WAITING + tcp_mux.MAX_CONTROL + 2 * tcp_mux._UNSENT
    while connection.backlog:
        client.read()
        await asyncio.sleep(0)
    await until(lambda: client.read().count(RTP) == sent)
    assert connection.delay(time.monotonic()) == 0.0
    assert connection.send(RTP), "and when it reads again, media goes on"


async def test_media_that_would_come_too_late_is_dropped(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, connection = await port.peer(window=4096)
    for _ in range(100):
        connection.send(RTP)
    await asyncio.sleep(0.05)
    assert connection.backlog < tcp_mux.MAX_WAITING
    now = time.monotonic()
    monkeypatch.setattr(tcp_mux, "time", SimpleNamespace(monotonic=lambda: now + tcp_mux.MAX_WAIT + 0.1))
    assert not connection.send(RTP)
    assert connection.send(RTCP)


async def test_what_is_sent_together_leaves_together(port: Port) -> None:
    _, client, connection = await port.peer()
    client.frames.clear()
    packets = [bytes((0x80, 0x60, 0, number)) + bytes(1000) for number in range(100)]
    for packet in packets:
        assert connection.send(packet)
    assert connection._flushing
    await until(lambda: client.read() == packets)
    assert connection.backlog == 0 and not connection._flushing


async def test_a_lost_connection_ends_the_path_and_not_the_peer(port: Port) -> None:
    transport, client, connection = await port.peer()
    client.sock.close()
    await port.counted("tcp_ended")
    assert transport.state == "checked"
    assert not connection.send(RTP)
    assert port.counters["tcp_closed"] == 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("127.0.0.1", port.number))
        udp.send(check(transport))
        assert not list(port.mux.drain(time.monotonic()))
        assert transport.path.stream is None, "an ordinary check from elsewhere moves it at once"
        assert transport.path.address == udp.getsockname()
    port.mux.remove(transport)
    assert not port.mux._by_place and not port.mux._by_ufrag


async def test_a_spare_connection_is_let_in_and_media_moves_to_it_when_nominated(port: Port) -> None:
    transport, _, first = await port.peer()
    client = port.client()
    client.send(check(transport))
    await until(lambda: bool(client.read()))
    assert transport.path.stream is first
    client.send(RTP)
    await port.counted("rtp_before_keys")
    client.send(check(transport, "USE-CANDIDATE"))
    await until(lambda: len(client.read()) == 2)
    assert transport.path.stream is not first


async def test_connections_of_nobody_and_idle_ones_are_ended(port: Port) -> None:
    first, client, _ = await port.peer()
    second, other, _ = await port.peer()
    port.tcp.sweep(time.monotonic())
    assert len(port.tcp.connections) == 2
    first.close()
    port.tcp.sweep(time.monotonic())
    await until(client.ended)
    assert port.counters["tcp_owner_gone"] == 1
    port.tcp.sweep(time.monotonic() + IDLE + 1)
    await until(other.ended)
    assert port.counters["tcp_idle"] == 1
    assert second.state == "checked"


async def test_damaged_frames_raise_nothing(port: Port) -> None:
    """From the socket on: sound and damaged datagrams, framed, and damaged once more on the way."""
    chance = Random("frames")
    corpus = [data for target in TARGETS if target.name in ("stun", "srtp") for data in target.corpus]
    corpus = [data for data in corpus if len(data) <= 1500]
    for number in range(120):
        transport, client = port.transport(), port.client()
        wire = frame(check(transport)) if number % 2 else b""
        damage = b"".join(frame(mutate(chance, chance.choice(corpus), b"")[:1500]) for _ in range(20))
        client.sock.sendall(wire + (mutate(chance, damage, wire) if number % 3 else damage))
        client.sock.close()
        await asyncio.sleep(0)
    await until(lambda: not port.tcp.strangers and not port.tcp.connections)
    await port.counted("tcp_accepted", 120)
    assert port.counters["internal_error"] == 0
    assert (await port.peer())[1].frames, "and whoever comes next is served"


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%lo", "fe80::/64"),
    ],
)
def test_a_customer_has_one_ipv4_address_or_a_64(host: str, network: str) -> None:
    assert tcp_mux._network(host) == network


def test_a_taken_port_is_an_oserror() -> None:
    listener = open_listener("127.0.0.1", 0)
    try:
        with pytest.raises(OSError, match="in use"):
            open_listener("127.0.0.1", listener.getsockname()[1])
    finally:
        listener.close()
