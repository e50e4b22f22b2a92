"""ICE-TCP: the same port number on TCP, for networks that let no UDP through (RFC 6544, passive).

A connection is a peer's path like any other: its frames are told apart by `UdpMux`, and what goes to the
peer is queued here. The law: a connection is a stranger's until its first frame has verified as a check
of a transport of ours, and strangers are few and short-lived; nothing ever waits for a reader: media that
would come too late is dropped by name, the little that is not media goes through; a flood of connections
may cost those who would join by TCP, never the datagrams beside them.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import ipaddress
import logging
import socket
import struct
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Final

from stream.transport.fanout import Address, Path
from stream.transport.transport import PeerTransport
from stream.transport.udp_mux import Received, UdpMux
from stream.wire import rtcp
from stream.wire.framing import Deframer, FramingError, frame

log = logging.getLogger("rostrum.relay")

FIRST_FRAME: Final = 5.0
"""Seconds a connection has for a check that verifies. A browser sends its first one at once."""

IDLE: Final = 30.0
"""Seconds without a frame after which a connection ends. Checks of a pair in use come each 2.5 s, those
of a spare one each 25 s (libwebrtc)."""

MAX_STRANGERS: Final = 256
"""Connections that have verified nothing yet; one more, and the oldest of them goes."""

MAX_STRANGERS_FROM: Final = 32
"""Of those, from one IPv4 address or IPv6 /64: a hall behind one address joins within seconds."""

ACCEPT_RATE: Final = 400.0
"""Connections accepted a second, in the long run; the rest waits in the kernel, and is dropped there."""

ACCEPT_BURST: Final = 400.0
"""Connections accepted at once before that rate holds."""

MAX_WAITING: Final = 256 * 1024
"""Bytes that wait for one peer before its media is dropped; a key frame at 2 Mbit/s has some 60 KiB."""

MAX_WAIT: Final = 0.5
"""Seconds that the oldest of them may have waited: what is later than that is of no use."""

MAX_CONTROL: Final = 64 * 1024
"""Bytes beyond MAX_WAITING that STUN, DTLS and RTCP may take; a peer that reads nothing ends there."""

_BACKLOG: Final = 128
_ACCEPTS: Final = 32
"""Connections accepted before others have their turn."""

_READ: Final = 64 * 1024
"""Bytes read from one connection before others have their turn."""

_WRITE_FRAMES: Final = 64
_UNSENT: Final = 16 * 1024
"""Bytes the kernel takes beyond what is on its way (TCP_NOTSENT_LOWAT): the queue is to be here, where it
is seen and bounded."""

_SIOCOUTQNSD: Final = 0x894B
"""ioctl of tcp(7): bytes that the kernel holds and has not sent yet."""

_TCP_USER_TIMEOUT_MS: Final = 10_000
"""Milliseconds unacknowledged before the kernel gives a connection up (tcp(7)): consent is gone by then."""

_INT = struct.Struct("=i")


class TcpConnection:
    """One accepted connection: a `Stream` to the fan-out, frames to the mux."""

    def __init__(self, sock: socket.socket, address: Address, mux: TcpMux, now: float) -> None:
        self.path = Path(address, (), self)
        self.owner: PeerTransport | None = None
        """Whose check has verified here last; None: a stranger's."""
        self.opened = self.heard = now
        self._sock = sock
        self._mux = mux
        self._counters = mux.counters
        self._deframer = Deframer()
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._bytes = 0
        self._flushing = False
        """Whether a flush is scheduled, or waits for the socket to take more."""
        self._loop = asyncio.get_running_loop()
        self.closed = False
        self._loop.add_reader(sock, self._readable)

    # -- out ---------------------------------------------------------------------------------------

    @property
    def backlog(self) -> int:
        """Bytes that wait here or in the kernel to be sent."""
        if self.closed:
            return 0
        with contextlib.suppress(OSError):
            return self._bytes + int(_INT.unpack(fcntl.ioctl(self._sock, _SIOCOUTQNSD, bytes(4)))[0])
        return self._bytes

    def delay(self, now: float) -> float:
        """Return how long the oldest datagram has waited here, seconds; 0.0: nothing waits."""
        return now - self._waiting[0][0] if self._waiting else 0.0

    def send(self, datagram: bytes) -> bool:
        """See `Stream.send`. What is sent within one turn of the loop leaves in one system call."""
        if self.closed:
            self._counters["tcp_closed"] += 1
            return False
        now = time.monotonic()
        if 128 <= datagram[0] < 192 and not rtcp.is_rtcp(datagram):
            if self._bytes + len(datagram) > MAX_WAITING or self.delay(now) > MAX_WAIT:
                self._counters["tcp_media_dropped"] += 1
                return False
        elif self._bytes + len(datagram) > MAX_WAITING + MAX_CONTROL:
            self._counters["tcp_control_dropped"] += 1
            return False
        framed = frame(datagram)
        self._waiting.append((now, framed))
        self._bytes += len(framed)
        self._counters["tcp_frames_out"] += 1
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)
        return True

    def _flush(self) -> None:
        """Hand the kernel what it takes; the rest goes when it takes more."""
        if self.closed:
            return
        while self._waiting:
            frames = [framed for _, framed in list(self._waiting)[:_WRITE_FRAMES]]
            try:
                sent = self._sock.sendmsg(frames)
            except (BlockingIOError, InterruptedError):
                self._loop.add_writer(self._sock, self._flush)
                return
            except OSError:
                self._mux.drop(self, "tcp_reset")
                return
            self._bytes -= sent
            while sent:
                at, framed = self._waiting.popleft()
                if sent < len(framed):
                    self._waiting.appendleft((at, framed[sent:]))
                    break
                sent -= len(framed)
        self._loop.remove_writer(self._sock)
        self._flushing = False

    # -- in ----------------------------------------------------------------------------------------

    def _readable(self) -> None:
        try:
            data = self._sock.recv(_READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._mux.drop(self, "tcp_reset")
            return
        if not data:
            self._mux.drop(self, "tcp_ended")
            return
        try:
            frames = self._deframer.feed(data)
        except FramingError as error:
            self._mux.drop(self, f"tcp_{error.reason}")
            return
        if frames:
            self._mux.take(self, frames)

    def close(self) -> None:
        """End it. May be called twice."""
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()
        self._waiting.clear()
        self._bytes = 0


class TcpMux:
    """The listener and its connections. `deliver` takes what connected peers sent, read at one time."""

    def __init__(
        self,
        listener: socket.socket,
        mux: UdpMux,
        counters: Counter[str],
        deliver: Callable[[Iterable[Received], float], None],
        limit: int,
    ) -> None:
        """`limit` is how many connections of peers there may be; strangers come on top."""
        self.counters = counters
        self.connections: dict[TcpConnection, None] = {}
        """Of peers, in the order in which they became that."""
        self.strangers: dict[TcpConnection, str] = {}
        """And the others, oldest first, with the network they come from."""
        self._listener = listener
        self._mux = mux
        self._deliver = deliver
        self._limit = limit
        self._tokens = ACCEPT_BURST
        self._refilled = time.monotonic()
        self._paused = False

    # -- life --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Accept connections from now on."""
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def sweep(self, now: float) -> None:
        """End what has verified nothing, says nothing any more, or belongs to a peer that is gone."""
        for connection in list(self.strangers):
            if now - connection.opened <= FIRST_FRAME:
                break
            self.drop(connection, "tcp_no_check")
        for connection in list(self.connections):
            if connection.owner is None or connection.owner.state == "closed":
                self.drop(connection, "tcp_owner_gone")
            elif now - connection.heard > IDLE:
                self.drop(connection, "tcp_idle")

    def close(self) -> None:
        """End the listener and all connections."""
        asyncio.get_running_loop().remove_reader(self._listener)
        self._paused = False
        self._listener.close()
        for connection in (*self.strangers, *self.connections):
            connection.close()
        self.strangers.clear()
        self.connections.clear()

    # -- connections come --------------------------------------------------------------------------

    def _accept(self) -> None:
        """Take what waits, a bounded number; at the rate's end leave the rest to the kernel for a while."""
        now = time.monotonic()
        self._tokens = min(ACCEPT_BURST, self._tokens + (now - self._refilled) * ACCEPT_RATE)
        self._refilled = now
        for _ in range(_ACCEPTS):
            if self._tokens < 1:
                self.counters["tcp_accept_paused"] += 1
                self._pause()
                return
            try:
                sock, address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionError):
                return
            except OSError:  # of descriptors or memory: what waits would wake us again at once
                self.counters["tcp_accept_error"] += 1
                self._pause()
                return
            self._tokens -= 1
            self.counters["tcp_accepted"] += 1
            self._admit(sock, address[:2], now)

    def _pause(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listener)
        self._paused = True
        loop.call_later(32 / ACCEPT_RATE, self._resume)

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self.start()

    def _admit(self, sock: socket.socket, address: Address, now: float) -> None:
        """Make room by sending the oldest stranger away: one that means it has sent its check by then."""
        network = _network(address[0])
        alike = [one for one, other in self.strangers.items() if other == network]
        if len(alike) >= MAX_STRANGERS_FROM:
            self.drop(alike[0], "tcp_too_many_from_one")
        elif len(self.strangers) >= MAX_STRANGERS:
            self.drop(next(iter(self.strangers)), "tcp_too_many_strangers")
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _TCP_USER_TIMEOUT_MS)
        except OSError:  # it is gone already
            self.counters["tcp_reset"] += 1
            sock.close()
            return
        self.strangers[TcpConnection(sock, address, self, now)] = network

    # -- frames come -------------------------------------------------------------------------------

    def take(self, connection: TcpConnection, frames: list[bytes]) -> None:
        """Hand a connection's frames on; a stranger's first one must be a check that verifies."""
        now = time.monotonic()
        connection.heard = now
        received: list[Received] = []
        for data in frames:
            if connection.closed:
                break
            self.counters["tcp_frames_in"] += 1
            try:
                found = self._mux.receive(data, connection.path, now)
            except Exception:  # a defect of ours must cost one connection, not the port
                self.counters["internal_error"] += 1
                log.exception("a frame of %d bytes could not be read", len(data))
                self.drop(connection, "tcp_defect")
                break
            if found is not None:
                received.append(found)
            if connection in self.strangers and not self._introduced(connection):
                self.drop(connection, "tcp_not_a_check")
                break
        if received:
            self._deliver(received, now)

    def _introduced(self, connection: TcpConnection) -> bool:
        """Tell whether the frame has made a stranger a peer; only the mux's `owner` says so."""
        connection.owner = self._mux.verified(connection.path)
        if connection.owner is None:
            return False
        if len(self.connections) >= self._limit:
            self.counters["tcp_full"] += 1
            return False
        del self.strangers[connection]
        self.connections[connection] = None
        return True

    def drop(self, connection: TcpConnection, reason: str) -> None:
        """End a connection, and the path that it was; the peer may be checked from elsewhere."""
        if connection.closed:
            return
        self.counters[reason] += 1
        self.strangers.pop(connection, None)
        self.connections.pop(connection, None)
        connection.close()
        self._mux.lose(connection.path)


def _network(host: str) -> str:
    """Return what one customer has of addresses: one of IPv4, 2^64 of IPv6."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return host


def open_listener(host: str, port: int) -> socket.socket:
    """Listen on the port, non-blocking. Raises OSError where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Connections of a former process may linger; two listeners still cannot share the port.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.setblocking(False)
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock
