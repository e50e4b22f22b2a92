"""Which addresses a relay tells peers to reach it at."""

from __future__ import annotations

import contextlib
import socket

from stream.settings import RelaySettings


def own_addresses() -> tuple[str, ...]:
    """Return the addresses this machine would be reached at: its route's own, and loopback.

    No packet is sent: connecting a UDP socket only asks the routing table.
    """
    found: list[str] = []
    for family, probe in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):
            sock.connect((probe, 9))
            found.append(sock.getsockname()[0])
    return (*found, "127.0.0.1")


def announced(settings: RelaySettings) -> tuple[str, ...]:
    """Return the addresses to put into answers: as set, else where the port is bound, else our own."""
    if settings.announce:
        return settings.announce
    if settings.media_host not in ("0.0.0.0", "::"):  # noqa: S104  compared, not bound
        return (settings.media_host,)
    addresses = own_addresses()
    return addresses if settings.media_host == "::" else tuple(a for a in addresses if ":" not in a)
