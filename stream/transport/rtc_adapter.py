"""DTLS by aiortc, and nothing else of it: the only file that touches aiortc's private names.

The law: datagrams in, datagrams out, SRTP keys at the end. aiortc's `RTCDtlsTransport` wants an ICE
transport; `_DatagramPipe` is one, fed by the relay's own port. What would end a session from outside
(empty, over-long, non-DTLS datagrams, alerts in the clear) is dropped here, counted by the caller.

Private names leaned on, asserted by tests/contract/test_aiortc_seam.py:
    RTCDtlsTransport._recv/_send of its transport, ._set_role, ._srtp_profiles, ._ssl
    RTCCertificate._create_ssl_context
    rtcdtlstransport.SRTP_PROFILES and SRTPProtectionProfile.get_key_and_salt
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal

from aiortc import RTCCertificate
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_PROFILES,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    SRTPProtectionProfile,
)
from OpenSSL import SSL

from stream.transport.goodbye import Goodbye
from stream.transport.srtp import SrtpKeys

DtlsRole = Literal["server", "client"]

HANDSHAKE_TIMEOUT = 15.0
"""Seconds a peer has from our answer to the end of DTLS; browsers need under one."""

REPEAT_FIRST = 0.15
REPEAT_MOST = 1.2
"""Seconds without an answer after which a flight is sent again: first, and doubled, at most."""

MAX_DATAGRAM = 1500
"""Longest DTLS datagram taken, bytes: aiortc reads no more at once."""

_QUEUE = 32
"""Datagrams waiting for aiortc; a handshake flight is at most six. More are dropped."""

_CONTENT_ALERT = 21
_RECORD_HEADER = 13
_PROFILE_NAMES = {
    b"SRTP_AEAD_AES_128_GCM": "AEAD_AES_128_GCM",
    b"SRTP_AEAD_AES_256_GCM": "AEAD_AES_256_GCM",
    b"SRTP_AES128_CM_SHA1_80": "AES128_CM_HMAC_SHA1_80",
}


class DtlsError(Exception):
    """The handshake did not end in keys: refused, timed out, or a fingerprint that does not match."""


class Certificate(RTCCertificate):
    """The relay's one certificate. Its OpenSSL context is made once, not per peer (0.3 ms each).

    It remembers nobody, since no session is ever resumed.
    """

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> Any:
        context = getattr(self, "_context", None)
        if context is None:
            context = self._context = super()._create_ssl_context(srtp_profiles)
            context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
            context.set_options(SSL.OP_NO_TICKET)
        return context

    @functools.cached_property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint for SDP, upper-case pairs with colons (RFC 8122, section 5)."""
        return next(f.value for f in self.getFingerprints() if f.algorithm == "sha-256")


def make_certificate() -> Certificate:
    """Generate a key and a self-signed certificate for this process."""
    return Certificate.generateCertificate()


class _DatagramPipe:
    """What RTCDtlsTransport takes for an ICE transport. Until settled, it sends a flight again in time.

    OpenSSL waits 1, 2, 4 s, and with a fifth of packets lost a viewer would wait for that. Sent again are the
    same datagrams, as a network may double them: records that came already are not read twice (RFC 6347,
    section 4.1.2.6). So a server's last flight has to be repeated too, which OpenSSL does only where the
    client's Finished comes as a new record. What OpenSSL sends again is a flight like any other.
    """

    def __init__(self, send: Callable[[bytes], None], send_again: Callable[[bytes], None]) -> None:
        self.role = "controlling"
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue(_QUEUE)
        self.emit = send
        self._emit_again = send_again
        self._flight: list[bytes] = []
        self._flown = False
        """Whether the flight is whole: who waits for an answer has said all."""
        self._patience = REPEAT_FIRST
        self._settled = False

    def settle(self) -> None:
        """Send nothing again from now on."""
        self._settled = True
        self._flight.clear()

    async def _recv(self) -> bytes:
        self._flown = True
        data = await (self._answer() if self._flight else self.queue.get())
        if data is None:
            raise ConnectionError("closed")
        return data

    async def _answer(self) -> bytes | None:
        while True:
            try:
                async with asyncio.timeout(self._patience):
                    return await self.queue.get()
            except TimeoutError:
                self._patience = min(2 * self._patience, REPEAT_MOST)
                for data in self._flight:
                    self._emit_again(data)

    async def _send(self, data: bytes) -> None:
        if self._flown:
            self._flight.clear()
            self._flown = False
            self._patience = REPEAT_FIRST
        if not self._settled:
            self._flight.append(data)
        self.emit(data)


def _has_plaintext_alert(data: bytes) -> bool:
    """Tell whether any record is an alert of epoch 0, which anybody can forge (RFC 6347, section 4.1)."""
    position = 0
    while position + _RECORD_HEADER <= len(data):
        if data[position] == _CONTENT_ALERT and data[position + 3 : position + 5] == b"\0\0":
            return True
        position += _RECORD_HEADER + int.from_bytes(data[position + 11 : position + 13], "big")
    return False


class DtlsEndpoint:
    """The DTLS association of one peer (RFC 5764)."""

    def __init__(
        self,
        certificate: Certificate,
        role: DtlsRole,
        fingerprints: Sequence[tuple[str, str]],
        send: Callable[[bytes], None],
        on_closed: Callable[[], None],
        send_again: Callable[[bytes], None] | None = None,
    ) -> None:
        """`fingerprints` are (algorithm, value) from the offer; `on_closed` hears a close_notify once.

        What was sent before and may have been lost goes out by `send_again`, if given.
        """
        self._send = send
        self._pipe = _DatagramPipe(send, send_again or send)
        dtls = RTCDtlsTransport(self._pipe, [certificate])  # type: ignore[arg-type]
        dtls._set_role(role)
        dtls._srtp_profiles = sorted(SRTP_PROFILES, key=lambda p: p is not SRTP_AEAD_AES_128_GCM)
        self._dtls: RTCDtlsTransport | None = dtls
        self._remote = RTCDtlsParameters(
            fingerprints=[RTCDtlsFingerprint(algorithm, value) for algorithm, value in fingerprints]
        )
        self._role = role
        self._on_closed = on_closed
        self._established = False
        self._goodbye: list[bytes] = []
        self._theirs: Goodbye | None = None
        """What the peer's goodbye is known by, once its association is gone."""

    @property
    def retired(self) -> bool:
        """Whether nothing but a goodbye is read any more: see `retire`."""
        return self._dtls is None

    def receive(self, data: bytes) -> str | None:
        """Take one datagram whose first byte is 20-63; return the reason where it is dropped."""
        if not _RECORD_HEADER <= len(data) <= MAX_DATAGRAM:
            return "dtls_length"
        if _has_plaintext_alert(data):
            return "dtls_plaintext_alert"
        if self._dtls is None:
            if self._theirs is not None and self._theirs.said(data):
                self._theirs = None
                self._on_closed()
                return None
            return "dtls_retired"
        if self._pipe.queue.full():
            return "dtls_queue_full"
        self._pipe.queue.put_nowait(data)
        return None

    async def handshake(self) -> SrtpKeys:
        """Run the handshake, once, and return the keys. Raises DtlsError."""
        dtls = self._dtls
        assert dtls is not None, "only an endpoint that has shaken hands retires"
        try:
            async with asyncio.timeout(HANDSHAKE_TIMEOUT):
                await dtls.start(self._remote)
        except TimeoutError:
            raise DtlsError("timeout") from None
        if dtls.state != "connected":
            raise DtlsError(dtls.state)
        self._established = True
        if self._role == "client":  # the server has had all there is of ours
            self._pipe.settle()
        dtls.on("statechange", self._state_changed)
        return self._keys(dtls)

    def proven(self) -> None:
        """Take note that the peer has its keys: nothing of ours needs to be sent again."""
        self._pipe.settle()

    def _keys(self, dtls: RTCDtlsTransport) -> SrtpKeys:
        connection: Any = dtls._ssl
        selected = connection.get_selected_srtp_profile()
        profile = next(p for p in dtls._srtp_profiles if p.openssl_profile == selected)
        material = connection.export_keying_material(
            b"EXTRACTOR-dtls_srtp", 2 * (profile.key_length + profile.salt_length)
        )
        local = profile.get_key_and_salt(material, 1 if self._role == "server" else 0)
        remote = profile.get_key_and_salt(material, 0 if self._role == "server" else 1)
        size = profile.key_length
        return SrtpKeys(_PROFILE_NAMES[selected], local[:size], local[size:], remote[:size], remote[size:])

    def _state_changed(self) -> None:
        if self._established and self._dtls is not None and self._dtls.state == "closed":
            self._established = False
            self._on_closed()

    async def retire(self) -> None:
        """Let go of what only a handshake needs; keep our close_notify, sealed, and the key of theirs.

        For a peer that has shown that it has its keys, so that no flight is sent to it again. Of what it
        sends, all but its own close_notify is dropped as `dtls_retired`.
        """
        if self._established and self._dtls is not None:
            self._established = False
            connection: Any = self._dtls._ssl
            self._theirs = Goodbye.of(
                connection.get_cipher_name() or "",
                connection.master_key(),
                connection.client_random(),
                connection.server_random(),
                from_client=self._role == "server",
            )
            self._pipe.emit = self._goodbye.append
            await self._stop()

    async def close(self) -> None:
        """Say goodbye (close_notify) and end. May be called twice."""
        self._established = False
        await self._stop()
        goodbye, self._goodbye = self._goodbye, []
        for data in goodbye:
            self._send(data)

    async def _stop(self) -> None:
        dtls, self._dtls = self._dtls, None
        if dtls is not None:
            await dtls.stop()
            if not self._pipe.queue.full():
                self._pipe.queue.put_nowait(None)
