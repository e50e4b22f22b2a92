"""One WebRTC peer on one UDP socket, and no more of it than a relay can tell: ICE, DTLS, SRTP keys.

It is the controlling side towards an ICE-lite server: it checks, nominates, and renews consent. The law:
while it connects, an event loop reads its socket; afterwards whoever owns it does, in batches, and hands
over what is not RTP. It must not know what is sent or watched.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import secrets
import socket
import struct
import time
from typing import Final
from zlib import crc32

from stream.bench.batch import open_viewer_socket
from stream.bench.ends import LocalEnd, RemoteEnd
from stream.transport.rtc_adapter import Certificate, DtlsEndpoint, DtlsError
from stream.transport.srtp import Srtp, SrtpError, open_srtp
from stream.wire import rtcp, stun

CONNECT_TIMEOUT: Final = 20.0
CONSENT_INTERVAL: Final = 2.5
"""Seconds between two checks of a connected peer, as Chromium sends them."""

_RETRY: Final = 0.1
"""Seconds until an unanswered first check is repeated."""

_PRIORITY: Final = 126 << 24 | 0xFFFFFF

_header = struct.Struct("!HHI12s")


class NotConnected(Exception):  # noqa: N818
    """A peer found no way to the server; the message is one sentence."""


def binding_request(username: str, password: str, tie_breaker: int) -> bytes:
    """Write a check that nominates (RFC 8445, section 7.2.2; RFC 8489, sections 14.5 and 14.7)."""
    name = username.encode()
    body = struct.pack("!HH", 0x0006, len(name)) + name + bytes(-len(name) & 3)
    body += struct.pack("!HHIHHHHQ", 0x0024, 4, _PRIORITY, 0x0025, 0, 0x802A, 8, tie_breaker)
    transaction = os.urandom(12)
    covered = _header.pack(0x0001, len(body) + 24, stun.MAGIC_COOKIE, transaction) + body
    body += struct.pack("!HH20s", 0x0008, 20, hmac.digest(password.encode(), covered, "sha1"))
    message = _header.pack(0x0001, len(body) + 8, stun.MAGIC_COOKIE, transaction) + body
    return message + struct.pack("!HHI", 0x8028, 4, crc32(message) ^ 0x5354554E)


class LightPeer:
    """A peer; `socket` is bound at once, so that an offer can name its port."""

    def __init__(self, certificate: Certificate, host: str) -> None:
        self.socket: socket.socket = open_viewer_socket(host)
        self.local = LocalEnd(
            ufrag=secrets.token_hex(4),
            pwd=secrets.token_hex(12),
            fingerprint=certificate.fingerprint,
            address=self.socket.getsockname()[:2],
        )
        self.remote: RemoteEnd | None = None
        self.srtp: Srtp | None = None
        self.first_packet: float | None = None
        """When the first RTP packet was seen while connecting, `time.monotonic()`."""
        self._certificate = certificate
        self._tie_breaker = secrets.randbits(64)
        self._dtls: DtlsEndpoint | None = None
        self._checked = asyncio.Event()
        self._playing = asyncio.Event()
        self.closed = False

    async def connect(self, remote: RemoteEnd, *, until_media: bool) -> None:
        """Check, shake hands, and if wanted see the first packet. Raises NotConnected."""
        self.remote = remote
        self._dtls = DtlsEndpoint(
            self._certificate, remote.dtls_role, remote.fingerprints, self.send, self._dtls_closed
        )
        loop = asyncio.get_running_loop()
        self.socket.connect(remote.address)
        loop.add_reader(self.socket, self._readable)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                while not self._checked.is_set():
                    self.check()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._checked.wait(), _RETRY)
                self.srtp = open_srtp(await self._dtls.handshake())
                if until_media:
                    await self._playing.wait()
        except TimeoutError:
            stage = (
                "no packet came"
                if self.srtp
                else "DTLS did not end"
                if self._checked.is_set()
                else "no check"
            )
            raise NotConnected(f"{stage} within {CONNECT_TIMEOUT:.0f} s") from None
        except (DtlsError, SrtpError) as error:
            raise NotConnected(f"DTLS failed ({error})") from None
        finally:
            loop.remove_reader(self.socket)

    def check(self) -> None:
        """Send a connectivity check, which also renews consent (RFC 7675)."""
        assert self.remote is not None, "nobody is checked before the answer"
        username = f"{self.remote.ufrag}:{self.local.ufrag}"
        self.send(binding_request(username, self.remote.pwd, self._tie_breaker))

    def send(self, data: bytes) -> None:
        """Send a datagram; a server that is gone is found out by who waits for its packets."""
        if not self.closed:
            with contextlib.suppress(OSError):
                self.socket.send(data)

    def send_rtcp(self, data: bytes) -> None:
        """Protect and send a compound packet."""
        if self.srtp is not None:
            self.send(self.srtp.protect_rtcp(data))

    def receive(self, data: bytes) -> list[rtcp.Packet]:
        """Take a datagram that is not RTP; return the RTCP packets in it."""
        first = data[0] if data else 0
        if first < 4:
            self._receive_stun(data)
        elif 20 <= first < 64 and self._dtls is not None:
            self._dtls.receive(data)
        elif first >= 128 and self.srtp is not None:
            with contextlib.suppress(SrtpError, rtcp.RtcpError):
                return rtcp.parse(self.srtp.unprotect_rtcp(data))
        return []

    def _receive_stun(self, data: bytes) -> None:
        if not stun.is_stun(data):
            return
        if data[:2] == b"\x01\x01":
            self._checked.set()
        elif data[:2] == b"\x00\x01" and self.remote is not None:
            transaction = data[8:20]
            self.send(stun.success(transaction, self.remote.address, self.local.pwd.encode()))

    def _readable(self) -> None:
        for _ in range(64):
            try:
                data = self.socket.recv(2048)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if data and data[0] >= 128 and len(data) > 1 and not 192 <= data[1] <= 223:
                if self.first_packet is None:
                    self.first_packet = time.monotonic()
                    self._playing.set()
            else:
                self.receive(data)

    def _dtls_closed(self) -> None:
        self.closed = True

    async def close(self) -> None:
        """End the association and the socket. May be called twice."""
        if self._dtls is not None:
            with contextlib.suppress(ConnectionError, OSError):
                await self._dtls.close()
            self._dtls = None
        self.closed = True
        self.socket.close()
