"""One peer's path to the wire: ICE-lite, DTLS, SRTP.

A transport is made with the answer, bound to an address by the first valid connectivity check, and
ready once DTLS gave keys. The law: before a check has verified, not a byte goes to any address
(RFC 8445, section 2.5 and RFC 7675); a datagram that fails any test is counted by name and dropped.
"""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

from stream.transport.fanout import Path
from stream.transport.rtc_adapter import Certificate, DtlsEndpoint, DtlsError, DtlsRole
from stream.transport.srtp import GcmSrtp, MakeOpener, Opener, Srtp, SrtpError, open_srtp
from stream.wire import rtcp, rtp, stun

log = logging.getLogger("rostrum.relay")

State = Literal["new", "checked", "connected", "closed"]

CONSENT_TIMEOUT = 8.0
"""Seconds without an authentic sign of life before a peer is gone. Consent checks come every 4-6 s
(RFC 7675, section 5.1), receiver reports every second; the issue's limit is 10 s."""

SILENCE = 3.0
"""Seconds without a sign of life on the bound path after which a check from elsewhere moves the peer,
nominated or not. Browsers' receiver reports come each second, or their checks each 2.5 s: with less, any
check of a spare path (mobile data beside wireless) would pull the media there."""

SETUP_TIMEOUT = 20.0
"""Seconds from the answer to the end of DTLS."""

_UFRAG_BYTES = 6
_PASSWORD_BYTES = 18
"""22 characters are the least a password has (RFC 8839, section 5.4); 18 bytes make 24."""

SETTLED = 3.0
"""Seconds after which a viewer whose packets are authentic needs no DTLS any more. OpenSSL's state, with its
buffers for flights to be sent again, is 140 of 165 KiB that a viewer takes."""

FOLLOW = 0.2
"""Seconds without a sign of life on the bound path after which media that arrives on another checked path
moves the peer there. A peer sends media on the one pair it has chosen (RFC 8445, section 12.1), so media
says as much as a nomination; what the network reordered is not to pull it back."""

EARLY_KEPT = 256
"""Packets of media kept that came before our keys were there: a key frame of 250 kB. A DTLS server, as FFmpeg
is, sends media right behind its last flight, and a network may bring the one before the other."""

_GENERATIONS = 2
"""Pairs of ICE credentials that may hold at once: the newest, and the one in use until it is checked."""


def _new_credentials() -> tuple[str, str]:
    """Return an ICE ufrag and password (RFC 8839, section 5.4)."""
    password = secrets.token_urlsafe(_PASSWORD_BYTES).replace("-", "+").replace("_", "/")
    return secrets.token_hex(_UFRAG_BYTES), password


class PeerTransport:
    """The transport of one WHIP or WHEP resource."""

    srtp: Srtp
    """The keys in use; only a connected transport has any."""

    path: Path
    """Where the peer is; only a checked transport knows. These two are no properties: the fan-out asks for
    them thousands of times a second."""

    def __init__(
        self,
        identifier: str,
        certificate: Certificate,
        send: Callable[[bytes, Path], None],
        counters: Counter[str],
        now: float,
        make_opener: MakeOpener | None = None,
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        """`make_opener` is the inlet's, where that one opens packets; `moved` hears of another path."""
        self.id = identifier
        self._credentials = [_new_credentials()]
        """Newest first; a former pair holds until a check has verified with the newest."""
        self.state: State = "new"
        self.last_alive = now
        self._path_alive = now
        """When the bound path last showed life; other paths' checks are no sign of it."""
        self.created = now
        self._certificate = certificate
        self._send = send
        self._counters = counters
        self._connected_at = math.inf
        self._proven = False
        """Whether an authentic packet came: the peer has its keys."""
        self.round_trip: float | None = None
        """Seconds to the peer and back: the shortest wait in the handshake, the peer's thinking included."""
        self._asked_at: float | None = None
        self._dtls: DtlsEndpoint | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._make_opener = make_opener
        self._moved = moved
        self._early: list[tuple[bytes, Path]] = []
        self._srtp: Srtp | None = None
        self._path: Path | None = None
        self.opener: Opener | None = None
        """What opens its packets, where it is known, and AES-GCM's."""
        self._on_state: Callable[[PeerTransport], None] = lambda transport: None

    @property
    def backlog(self) -> int | None:
        """Octets that wait in the peer's TCP connection; None where it is reached by UDP, or not yet."""
        stream = self._path.stream if self._path is not None else None
        return stream.backlog if stream is not None else None

    @property
    def bound(self) -> Path | None:
        """The path in use, or None before the first valid check."""
        return self._path

    @property
    def ufrag(self) -> str:
        """Our newest ICE user name fragment."""
        return self._credentials[0][0]

    @property
    def password(self) -> str:
        """Our newest ICE password."""
        return self._credentials[0][1]

    @property
    def ufrags(self) -> list[str]:
        """The fragments that checks may name, newest first: one, or two while ICE restarts."""
        return [ufrag for ufrag, _ in self._credentials]

    def restart_ice(self) -> str | None:
        """Take new ICE credentials (RFC 9725, section 4.3.3); DTLS and its keys go on.

        The former ones hold until a check has verified with the new ones: the peer's answer is under
        way, and its consent checks are still of the former generation (RFC 8445, section 9). Returns
        the ufrag that holds no longer where one restart overtakes another.
        """
        self._credentials.insert(0, _new_credentials())
        # Of two restarts without a check between, the first has come to nothing: what is in use stays.
        return self._credentials.pop(1)[0] if len(self._credentials) > _GENERATIONS else None

    def start(
        self,
        role: DtlsRole,
        fingerprints: Sequence[tuple[str, str]],
        on_state: Callable[[PeerTransport], None],
    ) -> None:
        """Begin DTLS as `role` once the peer is checked. `on_state` hears `connected` and `closed`."""
        self._on_state = on_state
        self._dtls = DtlsEndpoint(
            self._certificate, role, fingerprints, self._send_dtls, self.close, self._send_dtls_again
        )

    def _send_dtls(self, data: bytes) -> None:
        self._asked_at = time.monotonic()
        if self._path is not None:
            self._send(data, self._path)

    def _send_dtls_again(self, data: bytes) -> None:
        self._asked_at = None  # nobody knows which of the two an answer is to (RFC 6298, section 3)
        self._counters["dtls_repeated"] += 1
        if self._path is not None:
            self._send(data, self._path)

    def receive_check(self, request: stun.BindingRequest, data: bytes, source: Path, now: float) -> bool:
        """Answer a connectivity check; True where it verified, and the peer may send from `source`.

        The first valid check binds, so media starts at once; later ones move the transport when they
        nominate (USE-CANDIDATE), or when the bound path has been silent or has ended (a changed network).
        """
        ufrag = request.username.partition(":")[0]
        password = dict(self._credentials).get(ufrag, "").encode()
        if self.state == "closed" or not password or not stun.verify(request, data, password):
            self._counters["stun_unauthentic"] += 1
            return False
        if not request.controlling:
            self._send(stun.error(request.transaction_id, 487, "Role Conflict", password), source)
            return False
        self._send(stun.success(request.transaction_id, source.address, password), source)
        self.last_alive = now
        if ufrag == self.ufrag:
            del self._credentials[1:]
        if self._path == source:
            self._path_alive = now
            return True
        silent = now - self._path_alive > SILENCE
        if self._path is not None and not (request.use_candidate or silent):
            return True
        self._move(source, now)
        if self.state == "new":
            self.state = "checked"
            self._handshake = asyncio.create_task(self._run_handshake(), name=f"dtls {self.id}")
        return True

    def _move(self, path: Path, now: float) -> None:
        self._path = self.path = path
        self._path_alive = now
        self._moved()

    def lose(self, path: Path) -> None:
        """Take note that a path has ended: whatever is checked next takes its place."""
        if self._path == path:
            self._path_alive = -math.inf

    async def _run_handshake(self) -> None:
        assert self._dtls is not None, "start() comes before the first check can"
        try:
            self._srtp = self.srtp = open_srtp(await self._dtls.handshake(), self._make_opener)
            self.opener = self.srtp.opener if isinstance(self.srtp, GcmSrtp) else None
        except (DtlsError, SrtpError) as error:
            self._counters[f"handshake_{error}"] += 1
            self.close()
            return
        except Exception:  # of aiortc or OpenSSL: it costs this peer, and is no secret
            self._counters["handshake_defect"] += 1
            log.exception("the handshake of %s failed in a way nobody foresaw", self.id)
            self.close()
            return
        if self.state == "checked":
            self.state = "connected"
            self._connected_at = time.monotonic()
            self._on_state(self)

    def receive_dtls(self, data: bytes, now: float) -> None:
        """Take a datagram whose first byte is 20-63."""
        if self._dtls is not None and self.state != "closed":
            if self.state == "checked" and self._asked_at is not None:
                trip, self._asked_at = max(0.0, now - self._asked_at), None
                self.round_trip = trip if self.round_trip is None else min(trip, self.round_trip)
            dropped = self._dtls.receive(data)
            if dropped is not None:
                self._counters[dropped] += 1

    def settle(self, now: float) -> bool:
        """Let a connected peer's DTLS retire, if it is time; True where it does now."""
        if not self._proven or now - self._connected_at < SETTLED or self._dtls is None or self._dtls.retired:
            return False
        self._handshake = asyncio.create_task(self._dtls.retire(), name=f"retire dtls {self.id}")
        self._counters["dtls_settled"] += 1
        return True

    def heard(self, path: Path, now: float) -> None:
        """Take note of an authentic packet on a path that a check has verified."""
        self.last_alive = now
        if not self._proven:
            self._proven = True
            if self._dtls is not None:
                self._dtls.proven()
        if path is self._path or path == self._path:
            self._path_alive = now
        elif now - self._path_alive > FOLLOW:
            self._counters["path_followed"] += 1
            self._move(path, now)

    def receive_rtp(self, data: bytes, path: Path, now: float) -> rtp.RtpPacket | None:
        """Open one SRTP packet; None where it is dropped, or kept until there are keys: see `early`."""
        if self._srtp is None:
            self._counters["rtp_before_keys"] += 1
            if self.state == "checked" and len(self._early) < EARLY_KEPT:
                self._early.append((data, path))
            else:
                self._counters["rtp_before_keys_dropped"] += 1
            return None
        try:
            length = rtp.header_length(data)
            packet = rtp.parse_header(data, length)
            packet.payload = rtp.strip_padding(data[0], self._srtp.unprotect(data, length))
        except (rtp.RtpError, SrtpError) as error:
            self._counters[f"rtp_{error.reason}"] += 1
            return None
        self.heard(path, now)
        return packet

    def early(self, now: float) -> list[rtp.RtpPacket]:
        """Open, once, the packets that came before the keys did, in the order in which they came."""
        kept, self._early = self._early, []
        opened = [self.receive_rtp(data, path, now) for data, path in kept] if self._srtp is not None else []
        return [packet for packet in opened if packet is not None]

    def receive_rtcp(self, data: bytes, path: Path, now: float) -> list[rtcp.Packet]:
        """Open one SRTCP packet; nothing where it is dropped."""
        if self._srtp is None:
            self._counters["rtcp_before_keys"] += 1
            return []
        try:
            opened = self._srtp.unprotect_rtcp(data)
        except SrtpError as error:
            self._counters[f"rtcp_{error.reason}"] += 1
            return []
        return self.read_rtcp(opened, path, now)

    def read_rtcp(self, data: bytes, path: Path, now: float) -> list[rtcp.Packet]:
        """Read one compound packet that was opened; nothing where it is dropped."""
        try:
            packets = rtcp.parse(data)
        except rtcp.RtcpError as error:
            self._counters[f"rtcp_{error.reason}"] += 1
            return []
        self.heard(path, now)
        return packets

    def send_rtcp(self, data: bytes) -> None:
        """Protect and send one compound RTCP packet."""
        if self._srtp is None or self._path is None or self.state != "connected":
            return
        try:
            self._send(self._srtp.protect_rtcp(data), self._path)
        except SrtpError as error:
            self._counters[f"protect_{error.reason}"] += 1

    def expired(self, now: float) -> bool:
        """Tell whether the peer is gone: no consent, or set-up never ended."""
        if self.state == "connected":
            return now - self.last_alive > CONSENT_TIMEOUT
        return self.state != "closed" and now - self.created > SETUP_TIMEOUT

    def close(self) -> None:
        """End the transport; tell the peer by close_notify. May be called twice."""
        if self.state == "closed":
            return
        self.state = "closed"
        self._early.clear()
        if self._handshake is not None and self._handshake is not asyncio.current_task():
            self._handshake.cancel()
        self._on_state(self)

    async def aclose(self) -> None:
        """Close, and wait until the DTLS association has ended."""
        self.close()
        if self._handshake is not None and self._handshake is not asyncio.current_task():
            await asyncio.gather(self._handshake, return_exceptions=True)
        if self._dtls is not None:
            await self._dtls.close()
