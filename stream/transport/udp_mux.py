"""The one UDP port: every peer's datagrams come in here, and are told apart.

By first byte (RFC 7983) into STUN, DTLS and RTP/RTCP; by ufrag for STUN, by the address that a valid
check bound for the rest. The law: a datagram from an address that no check has bound is counted and
forgotten; nothing that arrives raises past this module (faults.md, rows 18 and 19).
"""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from stream.transport.fanout import Address, Ancillary, Path
from stream.transport.transport import PeerTransport
from stream.wire import rtcp, rtp, stun

log = logging.getLogger("rostrum.relay")

MAX_DATAGRAM = 1500
"""Longest datagram taken, bytes: an Ethernet frame. SRTP packets stay under 1,300."""

_DRAIN = 512
"""Datagrams read in one go; then what they ask for is sent, and reading goes on."""

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
_ANCILLARY_ROOM = socket.CMSG_SPACE(_PKTINFO_6.size)


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


class UdpMux:
    """The receiving half of the port."""

    def __init__(self, sock: socket.socket, counters: Counter[str]) -> None:
        self._sock = sock
        self._counters = counters
        self._by_ufrag: dict[str, PeerTransport] = {}
        self._by_address: dict[Address, PeerTransport] = {}

    def add(self, transport: PeerTransport) -> None:
        """Let checks for the transport's ufrag in."""
        self._by_ufrag[transport.ufrag] = transport

    def rename(self, transport: PeerTransport, former_ufrag: str) -> None:
        """Follow an ICE restart: the former ufrag is no longer ours."""
        self._by_ufrag.pop(former_ufrag, None)
        self._by_ufrag[transport.ufrag] = transport

    def remove(self, transport: PeerTransport) -> None:
        """Forget a transport and its address."""
        self._by_ufrag.pop(transport.ufrag, None)
        self._unbind(transport, transport.bound)

    def _unbind(self, transport: PeerTransport, path: Path | None) -> None:
        if path is not None and self._by_address.get(path.address) is transport:
            del self._by_address[path.address]

    def drain(self, now: float) -> Iterator[Received]:
        """Read what has arrived, a bounded number of datagrams, and yield what connected peers sent."""
        receive, counters = self._sock.recvmsg, self._counters
        for _ in range(_DRAIN):
            try:
                data, ancillary, _, source = receive(MAX_DATAGRAM + 1, _ANCILLARY_ROOM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                counters["receive_error"] += 1
                return
            counters["datagrams_in"] += 1
            try:
                found = self._demultiplex(data, source[:2], ancillary, now)
            except Exception:  # a defect of ours must cost one datagram, not the port
                counters["internal_error"] += 1
                log.exception("a datagram of %d bytes could not be read", len(data))
                continue
            if found is not None:
                yield found

    def _demultiplex(
        self, data: bytes, source: Address, ancillary: list[Ancillary], now: float
    ) -> Received | None:
        if not data:
            self._counters["empty"] += 1
            return None
        if len(data) > MAX_DATAGRAM:
            self._counters["over_long"] += 1
            return None
        first = data[0]
        if first < 4:
            self._check(data, Path(source, _answer_source(ancillary)), now)
            return None
        transport = self._by_address.get(source)
        if transport is None:
            self._counters["stranger"] += 1
        elif 20 <= first < 64:
            transport.receive_dtls(data)
        elif 128 <= first < 192:
            if rtcp.is_rtcp(data):
                parts = transport.receive_rtcp(data, now)
                return Received(transport, None, parts) if parts else None
            packet = transport.receive_rtp(data, now)
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
        former = transport.bound
        if transport.receive_check(request, data, source, now):
            # At each check, not only at the first: an address that another peer's check took comes back.
            if former != source:
                self._unbind(transport, former)
            self._by_address[source.address] = transport
