"""Opening a port, or saying in one sentence why it cannot be had."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
from typing import Final, Literal

from signaling.supervisor import StartError

Kind = Literal["TCP", "UDP"]

VANISHED: Final = 13
"""Seconds without a sign of life from a peer's kernel, be it of what was sent or of nothing, after which the
connection is over: so that who has vanished without a word is no longer counted as present within 15."""

ASK_AFTER: Final = 5
ASK_EACH: Final = 3
"""Seconds of silence after which the kernel asks a peer's, and between two such questions."""

BACKLOG: Final = 2048
"""Connections that may wait to be accepted: everybody comes back at once after a restart."""


def listen(host: str, port: int, setting: str) -> socket.socket:
    """Return a listening TCP socket; raises StartError that names `setting` (as ROSTRUM_HTTP_PORT)."""
    return _bound("TCP", host, port, setting)


def check_free(kind: Kind, host: str, port: int, setting: str) -> None:
    """Raise StartError that names `setting` if the port cannot be had now."""
    _bound(kind, host, port, setting).close()


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def lan_address(host: str) -> str:
    """Return the address by which the local network reaches a listener on `host`."""
    if host not in ("0.0.0.0", "::"):  # noqa: S104 (compared, not bound)
        return host
    # Connecting a UDP socket sends nothing; it asks the routing table (192.0.2.1: RFC 5737).
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
    return "127.0.0.1"


def _bound(kind: Kind, host: str, port: int, setting: str) -> socket.socket:
    sock_type = socket.SOCK_STREAM if kind == "TCP" else socket.SOCK_DGRAM
    try:
        found = socket.getaddrinfo(host, port, type=sock_type, flags=socket.AI_PASSIVE)
    except OSError:
        raise StartError(
            f"{host} is no address of this machine; set {setting.replace('PORT', 'HOST')}."
        ) from None
    family, _, _, _, address = found[0]
    bound = socket.socket(family, sock_type)
    try:
        if kind == "TCP":
            # A port whose last connections only fade away (TIME_WAIT) is free.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # What is accepted inherits it (tcp(7)). asyncio sets it on sockets made with IPPROTO_TCP alone;
            # without it, the second write of an answer waits 40 ms for the reader's delayed ACK.
            bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _end_when_vanished(bound)
        bound.bind(address)
        if kind == "TCP":
            bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise StartError(_sentence(kind, host, port, setting, error)) from None
    return bound


def _end_when_vanished(listening: socket.socket) -> None:
    """Have the kernel find out which peers are gone (tcp(7)): pings of thousands cost more than chat."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        for option, value in (
            (socket.TCP_KEEPIDLE, ASK_AFTER),
            (socket.TCP_KEEPINTVL, ASK_EACH),
            (socket.TCP_USER_TIMEOUT, VANISHED * 1000),
        ):
            listening.setsockopt(socket.IPPROTO_TCP, option, value)


def _sentence(kind: Kind, host: str, port: int, setting: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{kind} port {port} is taken on {host}; stop what uses it, or set {setting} to another."
    if error.errno == errno.EACCES:
        return f"{kind} port {port} needs more rights; set {setting} to one above 1023."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine; set {setting.replace('PORT', 'HOST')}."
    return f"{kind} port {port} on {host} cannot be had ({error.strerror}); see {setting}."
