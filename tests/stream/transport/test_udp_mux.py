"""The one port on real sockets: who is let in, where media goes, and what is dropped under which name."""

from __future__ import annotations

import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator
from random import Random

import pytest
from aioice import stun

from stream.transport.fanout import PlainFanout, UdpSender
from stream.transport.fanout_choice import make_inlet
from stream.transport.inlet import BATCH
from stream.transport.rtc_adapter import make_certificate
from stream.transport.srtp import Srtp, SrtpKeys, open_srtp
from stream.transport.transport import CONSENT_TIMEOUT, FOLLOW, SETUP_TIMEOUT, SILENCE, PeerTransport
from stream.transport.udp_mux import MAX_PATHS, UdpMux, open_socket
from tests.fuzz.mutation import mutate
from tests.fuzz.targets import TARGETS, Target

CERTIFICATE = make_certificate()


class Port:
    """A port with a mux, driven by hand, and clients on sockets of their own."""

    def __init__(self, host: str = "127.0.0.1", inlet: str = "native") -> None:
        self.counters: Counter[str] = Counter()
        self.sock = open_socket(host, 0)
        self.inlet = make_inlet(inlet, self.sock)
        self.mux = UdpMux(self.sock, self.counters, self.inlet)
        self.fanout = PlainFanout(UdpSender(self.sock, self.counters, segmented=False))
        self.clients: list[socket.socket] = []
        self.transports: list[PeerTransport] = []
        self.now = 100.0

    def transport(self) -> PeerTransport:
        one = PeerTransport(
            f"t{len(self.transports)}",
            CERTIFICATE,
            self.fanout.send,
            self.counters,
            self.now,
            self.inlet.make_opener,
        )
        one.start("server", [("sha-256", "00")], lambda transport: None)
        self.transports.append(one)
        self.mux.add(one)
        return one

    def client(self, host: str = "127.0.0.1") -> socket.socket:
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.settimeout(1)
        one.connect((host, self.sock.getsockname()[1]))
        self.clients.append(one)
        return one

    def send(self, client: socket.socket, data: bytes) -> None:
        client.send(data)
        assert not list(self.mux.drain(self.now))

    def answered(self, client: socket.socket, ufrag: str, password: str) -> bool:
        """Send a check with any credentials, and tell whether it succeeded."""
        self.send(client, request(ufrag, password))
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            return stun.parse_message(client.recv(1500)).message_class == stun.Class.RESPONSE
        return False

    def check(
        self, client: socket.socket, transport: PeerTransport, extra: str = "", password: str = ""
    ) -> stun.Message | None:
        """Send a check and return the answer, if there is one."""
        self.send(client, request(transport.ufrag, password or transport.password, extra))
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            return stun.parse_message(client.recv(1500))
        return None


def request(ufrag: str, password: str, extra: str = "") -> bytes:
    """Return a check with one attribute more: USE-CANDIDATE, or ICE-CONTROLLED for -CONTROLLING."""
    attributes: dict[str, object] = {"USERNAME": f"{ufrag}:them", "PRIORITY": 1}
    attributes["ICE-CONTROLLED" if extra == "ICE-CONTROLLED" else "ICE-CONTROLLING"] = 7
    if extra == "USE-CANDIDATE":
        attributes[extra] = None
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, attributes=attributes)
    message.add_message_integrity(password.encode())
    return bytes(message)


@pytest.fixture(params=["native", "plain"])
async def port(request: pytest.FixtureRequest) -> AsyncIterator[Port]:
    one = Port(inlet=request.param)
    assert one.inlet.name == request.param
    yield one
    for transport in one.transports:
        await transport.aclose()
    for sock in (one.sock, *one.clients):
        sock.close()


async def test_a_valid_check_binds_and_is_answered(port: Port) -> None:
    transport, client = port.transport(), port.client()
    answer = port.check(client, transport)
    assert answer is not None and answer.message_class == stun.Class.RESPONSE
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == client.getsockname()
    assert transport.state == "checked"
    assert transport.path.address == client.getsockname()


@pytest.mark.parametrize("password", ["wrong" * 5, "x"])
async def test_a_wrong_password_gets_no_answer(port: Port, password: str) -> None:
    transport, client = port.transport(), port.client()
    assert port.check(client, transport, password=password) is None
    assert transport.bound is None
    assert port.counters["stun_unauthentic"] == 1


async def test_an_unknown_ufrag_gets_no_answer(port: Port) -> None:
    transport, client = port.transport(), port.client()
    port.mux.remove(transport)
    assert port.check(client, transport) is None
    assert port.counters["stun_unknown_ufrag"] == 1


async def test_a_second_controlled_agent_is_told_of_the_conflict(port: Port) -> None:
    transport, client = port.transport(), port.client()
    answer = port.check(client, transport, "ICE-CONTROLLED")
    assert answer is not None and answer.attributes["ERROR-CODE"][0] == 487
    assert transport.bound is None
    assert port.check(client, transport, "ICE-CONTROLLED", "wrong" * 5) is None


async def test_media_moves_where_it_is_nominated_or_where_life_is(port: Port) -> None:
    transport, first, second, third = port.transport(), port.client(), port.client(), port.client()
    port.check(first, transport)
    port.check(second, transport)
    assert transport.path.address == first.getsockname(), "checked, and not nominated"
    port.check(second, transport, "USE-CANDIDATE")
    assert transport.path.address == second.getsockname()
    port.send(first, b"\x80\x60" + bytes(40))
    assert port.counters["rtp_before_keys"] == 1, "what is still under way on the former path is taken"
    port.now += 2.5
    port.check(third, transport)
    assert transport.path.address == second.getsockname(), "a viewer's reports come no oftener"
    port.now += SILENCE - 2.4
    port.check(third, transport)
    assert transport.path.address == third.getsockname(), "the bound path was silent"


async def test_an_address_that_another_peers_check_took_comes_back(port: Port) -> None:
    """Whoever can forge a source address and has a transport of its own must not cut another off."""
    victim, taker, client = port.transport(), port.transport(), port.client()
    port.check(client, victim)
    port.check(client, taker)
    port.send(client, b"\x80\x60" + bytes(40))
    assert port.counters["rtp_before_keys"] == 1
    port.check(client, victim)
    assert port.mux._by_place[client.getsockname()][0] is victim
    port.mux.remove(taker)
    assert port.mux._by_place[client.getsockname()][0] is victim
    port.mux.remove(victim)
    assert not port.mux._by_place and not port.mux._by_ufrag and not port.mux._places


def keyed(transport: PeerTransport) -> Srtp:
    """Give a transport keys without DTLS, and return the peer's half."""
    keys = SrtpKeys("AEAD_AES_128_GCM", bytes(range(16)), bytes(range(12)), bytes(16), bytes(12))
    transport._srtp = open_srtp(keys, transport._make_opener)
    return open_srtp(SrtpKeys(keys.profile, bytes(16), bytes(12), keys.local_key, keys.local_salt))


async def test_the_relay_follows_media_to_a_checked_path_once_the_bound_one_is_quiet(port: Port) -> None:
    """A browser sends on its new path at once, and nominates it a second later."""
    transport, first, second, foreign = (port.transport(), *(port.client() for _ in range(3)))
    srtp = keyed(transport)
    port.check(first, transport)
    port.check(second, transport)

    def media(client: socket.socket, number: int) -> None:
        header = b"\x80\x60" + number.to_bytes(2, "big") + bytes(4) + b"ssrc"
        client.send(srtp.protect(header, b"sound", int.from_bytes(b"ssrc", "big"), number))
        (found,) = port.mux.drain(port.now)
        assert found.rtp is not None and found.rtp.payload == b"sound"

    media(first, 1)
    port.now += FOLLOW / 2
    media(second, 2)
    assert transport.path.address == first.getsockname(), "it may be a straggler"
    port.now += FOLLOW
    media(second, 3)
    assert transport.path.address == second.getsockname()
    assert port.counters["path_followed"] == 1
    media(first, 4)
    assert transport.path.address == second.getsockname(), "a straggler indeed"
    port.now += 1
    port.send(foreign, srtp.protect(b"\x80\x60\0\5" + bytes(4) + b"ssrc", b"x", 0x73737263, 5))
    assert transport.path.address == second.getsockname(), "never where no check has verified"
    assert port.counters["stranger"] == 1
    port.send(first, b"\x80\x60\0\6" + bytes(4) + b"ssrc" + bytes(40))
    assert transport.path.address == second.getsockname(), "never for what is not authentic"


async def test_a_peer_has_so_many_paths_and_the_one_in_use_is_kept(port: Port) -> None:
    transport, first = port.transport(), port.client()
    port.check(first, transport)
    others = [port.client() for _ in range(MAX_PATHS + 2)]
    for client in others:
        port.check(client, transport)
    assert len(port.mux._by_place) == MAX_PATHS
    for client, counted in ((first, 0), (others[0], 1), (others[-1], 1)):
        port.send(client, b"\x80\x60" + bytes(40))
        assert port.counters["stranger"] == counted
    port.mux.remove(transport)
    assert not port.mux._by_place and not port.mux._places


async def test_an_ice_restart_changes_the_credentials_once_the_new_ones_are_checked(port: Port) -> None:
    transport, client = port.transport(), port.client()
    port.check(client, transport)
    former = transport.ufrag, transport.password
    port.mux.restart(transport)
    assert transport.ufrag != former[0] and transport.password != former[1]
    assert len(transport.password) >= 22
    assert port.answered(client, *former), "consent goes on under the former until the new ones are tried"
    assert not port.answered(client, former[0], transport.password)
    assert port.answered(client, *former), "an unauthentic check ends nothing"
    assert port.answered(client, transport.ufrag, transport.password)
    assert not port.answered(client, *former), "they are forgotten now"
    assert port.counters["stun_unknown_ufrag"] == 1
    assert transport.path.address == client.getsockname()


async def test_of_two_ice_restarts_the_first_comes_to_nothing(port: Port) -> None:
    transport, client = port.transport(), port.client()
    port.check(client, transport)
    in_use = transport.ufrag, transport.password
    port.mux.restart(transport)
    overtaken = transport.ufrag, transport.password
    port.mux.restart(transport)
    assert not port.answered(client, *overtaken)
    assert port.answered(client, *in_use)
    assert port.answered(client, transport.ufrag, transport.password)
    port.mux.remove(transport)
    assert not port.mux._by_place and not port.mux._by_ufrag


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "empty"),
        (bytes(1501), "over_long"),
        (b"\x80\x60" + bytes(40), "rtp_before_keys"),
        (b"\x81\xc9\0\1" + bytes(40), "rtcp_before_keys"),
        (b"\x16", "dtls_length"),
        (b"\x15\xfe\xfd" + bytes(8) + b"\0\2\2\x28", "dtls_plaintext_alert"),
        (b"\x40" + bytes(40), "unknown_protocol"),
        (b"\x10" + bytes(40), "unknown_protocol"),
        (b"\xc0" + bytes(40), "unknown_protocol"),
        (b"\x01" + bytes(40), "stun_bad_cookie"),
    ],
)
async def test_what_is_dropped_has_a_name(port: Port, data: bytes, name: str) -> None:
    transport, client = port.transport(), port.client()
    port.check(client, transport)
    port.send(client, data)
    assert port.counters[name] == 1
    assert transport.state == "checked"


async def test_nobody_unknown_is_answered(port: Port) -> None:
    port.transport()
    client = port.client()
    for first in range(256):
        port.send(client, bytes((first,)) + bytes(60))
    client.setblocking(False)
    with pytest.raises(BlockingIOError):
        client.recv(1500)
    assert port.counters["datagrams_out"] == 0
    assert port.counters["datagrams_in"] == 256


@pytest.mark.parametrize("target", [target for target in TARGETS if target.name in ("stun", "rtcp", "srtp")])
async def test_damaged_datagrams_of_a_bound_peer_are_dropped(port: Port, target: Target) -> None:
    """The whole way in, from the socket on: the parsers' fuzz corpus, sent by somebody we know."""
    transport, client, chance = port.transport(), port.client(), Random(target.name)
    port.check(client, transport)
    for _ in range(3000):
        data = mutate(chance, chance.choice(target.corpus), chance.choice(target.corpus))
        port.send(client, data[:1600])
    assert port.counters["internal_error"] == 0
    assert port.counters["datagrams_in"] == 3001
    assert transport.state == "checked"


class Defective(PeerTransport):
    """A transport with a defect of ours."""

    def receive_dtls(self, data: bytes, now: float) -> None:
        raise RuntimeError("a defect")


async def test_a_defect_costs_one_datagram(port: Port, caplog: pytest.LogCaptureFixture) -> None:
    bad = Defective("bad", CERTIFICATE, port.fanout.send, port.counters, port.now)
    bad.start("server", [("sha-256", "00")], lambda transport: None)
    port.transports.append(bad)
    port.mux.add(bad)
    client = port.client()
    port.check(client, bad)
    for data in (b"\x16" + bytes(20), b"", b"\x16" + bytes(20)):
        client.send(data)
    assert not list(port.mux.drain(port.now))
    assert (port.counters["internal_error"], port.counters["empty"]) == (2, 1)
    assert "could not be read" in caplog.text


async def test_reading_is_bounded_and_goes_on(port: Port) -> None:
    client = port.client()
    for _ in range(BATCH + 30):
        client.send(b"x")
    assert not list(port.mux.drain(port.now))
    assert port.counters["datagrams_in"] == BATCH
    assert not list(port.mux.drain(port.now))
    assert port.counters["datagrams_in"] == BATCH + 30


async def test_a_port_on_all_addresses_answers_from_the_one_that_was_asked() -> None:
    port = Port("0.0.0.0")
    try:
        for host in ("127.0.0.1", "127.0.0.2"):
            answer = port.check(port.client(host), port.transport())
            assert answer is not None, "a connected socket hears its own peer only"
    finally:
        for transport in port.transports:
            await transport.aclose()
        for sock in (port.sock, *port.clients):
            sock.close()


async def test_patience_has_an_end(port: Port) -> None:
    transport = port.transport()
    assert not transport.expired(port.now + SETUP_TIMEOUT)
    assert transport.expired(port.now + SETUP_TIMEOUT + 1)
    transport.state = "connected"
    assert not transport.expired(port.now + CONSENT_TIMEOUT)
    assert transport.expired(port.now + CONSENT_TIMEOUT + 1)
    port.now += CONSENT_TIMEOUT
    port.check(port.client(), transport)
    assert not transport.expired(port.now + CONSENT_TIMEOUT)
    transport.close()
    transport.close()
    assert not transport.expired(port.now + 99)
    assert port.check(port.clients[0], transport) is None


async def test_an_unforeseen_end_of_the_handshake_closes_the_peer(
    port: Port, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []
    transport = PeerTransport("t", CERTIFICATE, port.fanout.send, port.counters, port.now)
    transport.start("server", [], lambda one: heard.append(one.state))  # aiortc asserts a fingerprint
    port.transports.append(transport)
    port.mux.add(transport)
    port.check(port.client(), transport)
    await transport.aclose() if transport._handshake is None else await transport._handshake
    assert heard == ["closed"]
    assert port.counters["handshake_defect"] == 1


async def test_a_taken_port_is_an_oserror(port: Port) -> None:
    with pytest.raises(OSError, match="in use"):
        open_socket("127.0.0.1", port.sock.getsockname()[1])
