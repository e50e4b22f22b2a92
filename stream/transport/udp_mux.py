"""The one UDP port: every peer's datagrams come in here, and are told apart.

By first byte (RFC 7983) into STUN, DTLS and RTP/RTCP; by ufrag for STUN, by the address that a check has
verified for the rest, or by the connection, for `tcp_mux` brings its frames here too. The law: a datagram
from where no check has verified is counted and forgotten; nothing that arrives raises past this module
(faults.md, rows 18 and 19).
"""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
from collections import Counter
from typing import NamedTuple

from stream.transport.fanout import Address, Ancillary, Path, Stream
from stream.transport.inlet import MAX_DATAGRAM, RTCP, RTP, UNREAD, Arrival, Inlet, PlainInlet, Raw
from stream.transport.transport import PeerTransport
from stream.wire import rtcp, rtp, stun

log = logging.getLogger("rostrum.relay")

MAX_PATHS = 8
"""Places that one peer may send from; a laptop has three networks, and ICE-TCP beside UDP on each."""

_BUFFER = 8 * 1024 * 1024
"""Socket buffer asked for in each direction, bytes; the kernel may give less."""


class Received(NamedTuple):
    """What one datagram of a connected peer held: one RTP packet, or the parts of an RTCP compound."""

    transport: PeerTransport
    rtp: rtp.RtpPacket | None
    rtcp: list[rtcp.Packet]


def open_socket(host: str, port: int) -> socket.socket:
    """Bind the port, non-blocking, with large buffers. Raises OSError where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, option + _FORCE, _BUFFER)
            if sock.getsockopt(socket.SOL_SOCKET, option) < _BUFFER:
                sock.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        if host == "::":
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        elif host == "0.0.0.0":  # noqa: S104  compared, not bound
            sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        sock.setblocking(False)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


_FORCE = 25
"""SO_SNDBUFFORCE - SO_SNDBUF, and the same for SO_RCVBUF (socket(7)): past the limit, where allowed."""


_IP_PKTINFO = 8
"""The control message of ip(7) that tells, and sets, our address of a datagram."""

_PKTINFO_4 = struct.Struct("=I4s4s")
_PKTINFO_6 = struct.Struct("=16sI")


def _answer_source(received: list[Ancillary]) -> tuple[Ancillary, ...]:
    """Turn the address a datagram was sent to into the one to answer from; the route picks the rest."""
    for level, kind, data in received:
        if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
            local = _PKTINFO_4.unpack(data[: _PKTINFO_4.size])[1]
            return ((level, kind, _PKTINFO_4.pack(0, local, bytes(4))),)
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            local = _PKTINFO_6.unpack(data[: _PKTINFO_6.size])[0]
            return ((level, kind, _PKTINFO_6.pack(local, 0)),)
    return ()


_Place = Address | Stream
"""Where datagrams come from: an address of the UDP port's, or a connection."""


def _place(path: Path) -> _Place:
    return path.stream or path.address


class UdpMux:
    """The receiving half of the port."""

    def __init__(self, sock: socket.socket, counters: Counter[str], inlet: Inlet | None = None) -> None:
        """`inlet` takes datagrams in; the plain one where none is given."""
        self._inlet = inlet or PlainInlet(sock)
        self._counters = counters
        self._by_ufrag: dict[str, PeerTransport] = {}
        self._by_place: dict[_Place, tuple[PeerTransport, Path]] = {}
        self._places: dict[PeerTransport, dict[_Place, None]] = {}
        """Where each peer was checked, longest ago first: it may send from any of them at any time."""
        self._verified: tuple[Path, PeerTransport] | None = None

    def add(self, transport: PeerTransport) -> None:
        """Let checks for the transport's ufrags in, of which an ICE restart brings another."""
        for ufrag in transport.ufrags:
            self._by_ufrag[ufrag] = transport

    def restart(self, transport: PeerTransport) -> None:
        """Give a transport new ICE credentials; the ones in use hold until the new ones are checked."""
        overtaken = transport.restart_ice()
        if overtaken is not None:
            del self._by_ufrag[overtaken]
        self.add(transport)

    def remove(self, transport: PeerTransport) -> None:
        """Forget a transport and its address."""
        for ufrag in transport.ufrags:
            self._by_ufrag.pop(ufrag, None)
        for place in self._places.pop(transport, ()):
            self._forget(transport, place)

    def _forget(self, transport: PeerTransport, place: _Place) -> None:
        found = self._by_place.get(place)
        if found is not None and found[0] is transport:
            del self._by_place[place]
            if isinstance(place, tuple):
                self._inlet.unbind(place)

    def verified(self, path: Path) -> PeerTransport | None:
        """Return whose check has come by this path, if that was the last thing received, and verified."""
        return self._verified[1] if self._verified is not None and self._verified[0] is path else None

    def lose(self, path: Path) -> None:
        """Take note that a connection has ended: its peer may be checked from anywhere."""
        place = _place(path)
        found = self._by_place.get(place)
        if found is not None:
            transport, _ = found
            self._forget(transport, place)
            self._places.get(transport, {}).pop(place, None)
            transport.lose(path)

    def drain(self, now: float) -> list[Received]:
        """Take what has arrived, a bounded number of datagrams; return what connected peers sent."""
        try:
            arrived = self._inlet.receive()
        except OSError:
            self._counters["receive_error"] += 1
            return []
        self._counters["datagrams_in"] += len(arrived)
        out: list[Received] = []
        for arrival in arrived:
            try:
                found = self._read(arrival, now)
            except Exception:  # a defect of ours must cost one datagram, not the port
                self._counters["internal_error"] += 1
                log.exception("a datagram could not be read")
                continue
            if found is not None:
                out.append(found)
        return out

    def _read(self, arrival: Arrival, now: float) -> Received | None:
        """Take one arrival on, from where the inlet left it."""
        place, kind, value = arrival
        if place is None:
            return self._demultiplex(value, now)
        transport, path = place
        if kind == RTCP:
            transport.heard(path, now)
            return Received(transport, None, value)
        if kind == RTP:
            transport.heard(path, now)
            return Received(transport, value, [])
        if kind == UNREAD:
            parts = transport.read_rtcp(value, path, now)
            return Received(transport, None, parts) if parts else None
        self._counters[value] += 1
        return None

    def _demultiplex(self, raw: Raw, now: float) -> Received | None:
        data, source, ancillary = raw
        if not data:
            self._counters["empty"] += 1
            return None
        if len(data) > MAX_DATAGRAM:
            self._counters["over_long"] += 1
            return None
        if data[0] < 4:
            self._check(data, Path(source, _answer_source(ancillary)), now)
            return None
        return self._of_peer(data, self._by_place.get(source), now)

    def receive(self, data: bytes, path: Path, now: float) -> Received | None:
        """Take one frame of a connection; it is at most MAX_DATAGRAM long."""
        self._verified = None
        if not data:
            self._counters["empty"] += 1
        elif data[0] < 4:
            self._check(data, path, now)
        else:
            return self._of_peer(data, self._by_place.get(_place(path)), now)
        return None

    def _of_peer(self, data: bytes, found: tuple[PeerTransport, Path] | None, now: float) -> Received | None:
        """Read what is not STUN, from where `found` says who was checked."""
        if found is None:
            self._counters["stranger"] += 1
            return None
        transport, path = found
        first = data[0]
        if 20 <= first < 64:
            transport.receive_dtls(data, now)
        elif 128 <= first < 192:
            if rtcp.is_rtcp(data):
                parts = transport.receive_rtcp(data, path, now)
                return Received(transport, None, parts) if parts else None
            packet = transport.receive_rtp(data, path, now)
            return Received(transport, packet, []) if packet is not None else None
        else:
            self._counters["unknown_protocol"] += 1
        return None

    def _check(self, data: bytes, source: Path, now: float) -> None:
        """Hand a connectivity check to the transport whose ufrag it names."""
        try:
            request = stun.parse_request(data)
        except stun.StunError as error:
            self._counters[f"stun_{error.reason}"] += 1
            return
        transport = self._by_ufrag.get(request.username.partition(":")[0])
        if transport is None:
            self._counters["stun_unknown_ufrag"] += 1
            return
        ufrags = transport.ufrags
        if not transport.receive_check(request, data, source, now):
            return
        self._verified = (source, transport)
        for ufrag in ufrags:
            if ufrag not in transport.ufrags:
                del self._by_ufrag[ufrag]  # an ICE restart is through: the former one is no longer ours
        # At each check, not only at the first: an address that another peer's check took comes back.
        place = _place(source)
        self._by_place[place] = (transport, source)
        if isinstance(place, tuple):
            self._inlet.bind(place, (transport, source))
        places = self._places.setdefault(transport, {})
        places.pop(place, None)
        places[place] = None
        if len(places) > MAX_PATHS:
            in_use = transport.bound and _place(transport.bound)
            oldest = next(one for one in places if one != in_use)
            del places[oldest]
            self._forget(transport, oldest)
