"""What stream/transport/rtc_adapter.py leans on in aiortc: private names, and how its DTLS behaves.

A new minor version of aiortc is taken when this passes, and not before.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from aiortc import RTCCertificate
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AEAD_AES_256_GCM,
    SRTP_AES128_CM_SHA1_80,
    SRTP_PROFILES,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    SRTPProtectionProfile,
)

from stream.transport.rtc_adapter import DtlsEndpoint, DtlsError, make_certificate
from stream.transport.srtp import SrtpKeys, open_srtp
from stream.wire import rtp

Role = Literal["server", "client"]

CHANGE_CIPHER_SPEC = 20


def parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_the_private_names_exist_as_we_use_them() -> None:
    assert parameters(RTCDtlsTransport.__init__) == ["self", "transport", "certificates"]
    assert parameters(RTCDtlsTransport._set_role) == ["self", "role"]
    assert parameters(RTCCertificate._create_ssl_context) == ["self", "srtp_profiles"]
    assert parameters(SRTPProtectionProfile.get_key_and_salt) == ["self", "src", "idx"]
    assert inspect.iscoroutinefunction(RTCDtlsTransport.start)
    assert inspect.iscoroutinefunction(RTCDtlsTransport.stop)
    transport = RTCDtlsTransport(_Wire(), [RTCCertificate.generateCertificate()])  # type: ignore[arg-type]
    assert transport._srtp_profiles is SRTP_PROFILES
    assert transport._ssl is None
    assert transport.state == "new"


def test_its_transport_is_asked_for_nothing_but_datagrams() -> None:
    """`.role`, `_recv()` and `_send(data)`: what `_DatagramPipe` has is all that is used."""
    used = re.findall(r"self\._?transport\.(\w+)", inspect.getsource(RTCDtlsTransport))
    assert set(used) == {"role", "_recv", "_send"}


def test_the_profiles_are_those_we_name() -> None:
    sizes = {p.openssl_profile: (p.key_length, p.salt_length) for p in SRTP_PROFILES}
    assert sizes == {
        b"SRTP_AEAD_AES_128_GCM": (16, 12),
        b"SRTP_AEAD_AES_256_GCM": (32, 12),
        b"SRTP_AES128_CM_SHA1_80": (16, 14),
    }


class _Wire:
    """An ICE transport in memory: what one end sends, `emit` gets."""

    role = "controlled"

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.emit: Callable[[bytes], object] = lambda data: None

    async def _recv(self) -> bytes:
        data = await self.inbox.get()
        if data is None:
            raise ConnectionError
        return data

    async def _send(self, data: bytes) -> None:
        self.emit(data)


class Association:
    """Our endpoint and a real aiortc client, joined in memory."""

    def __init__(self, role: Role, profiles: list[SRTPProtectionProfile], fingerprint: str | None) -> None:
        ours, theirs = make_certificate(), RTCCertificate.generateCertificate()
        self.wire = _Wire()
        self.closed = 0
        self.client = RTCDtlsTransport(self.wire, [theirs])  # type: ignore[arg-type]
        self.client._set_role("client" if role == "server" else "server")
        self.client._srtp_profiles = profiles
        value = fingerprint or next(f.value for f in theirs.getFingerprints() if f.algorithm == "sha-256")
        self.endpoint = DtlsEndpoint(
            ours, role, [("sha-256", value)], self.wire.inbox.put_nowait, self._count_close
        )
        self.wire.emit = self.endpoint.receive
        self.remote = RTCDtlsParameters([RTCDtlsFingerprint("sha-256", ours.fingerprint)])

    def _count_close(self) -> None:
        self.closed += 1

    async def handshake(self) -> SrtpKeys:
        keys, _ = await asyncio.gather(self.endpoint.handshake(), self.client.start(self.remote))
        return keys


@asynccontextmanager
async def association(
    role: Role = "server",
    profiles: list[SRTPProtectionProfile] | None = None,
    fingerprint: str | None = None,
) -> AsyncIterator[Association]:
    one = Association(role, profiles or list(SRTP_PROFILES), fingerprint)
    try:
        yield one
    finally:
        await one.endpoint.close()
        await one.client.stop()
        one.wire.inbox.put_nowait(None)
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("role", ["server", "client"])
@pytest.mark.parametrize(
    "profile",
    [SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_256_GCM, SRTP_AES128_CM_SHA1_80],
    ids=lambda p: str(p.openssl_profile, "ascii"),
)
async def test_keys_fit_in_both_roles_and_every_profile(role: Role, profile: SRTPProtectionProfile) -> None:
    async with association(role, [profile]) as one:
        srtp = open_srtp(await one.handshake())
        header = rtp.pack_header(payload_type=96, sequence=1, timestamp=2, ssrc=3)
        assert one.client._rx_srtp.unprotect(srtp.protect(header, b"picture", 3, 1)) == header + b"picture"
        assert srtp.unprotect(one.client._tx_srtp.protect(header + b"back"), 12) == b"back"


@pytest.mark.parametrize("order", [list(SRTP_PROFILES), list(reversed(SRTP_PROFILES))])
async def test_a_client_ends_up_with_gcm_128_whatever_it_prefers(order: list[SRTPProtectionProfile]) -> None:
    """As DTLS server our order counts: AES-128-GCM is what the fan-out is quickest with."""
    async with association("server", order) as one:
        assert (await one.handshake()).profile == "AEAD_AES_128_GCM"


async def test_a_wrong_fingerprint_is_refused() -> None:
    async with association(fingerprint=":".join(["00"] * 32)) as one:
        client = asyncio.create_task(one.client.start(one.remote))
        with pytest.raises(DtlsError, match="failed"):
            await one.endpoint.handshake()
        await client


@pytest.mark.parametrize("role", ["server", "client"])
async def test_a_lost_flight_is_not_waited_for_as_long_as_openssl_does(role: Role) -> None:
    """Each datagram of ours that awaits an answer is lost the first time; OpenSSL alone takes 1 s more."""
    async with association(role) as one:
        seen: set[bytes] = set()
        again = 0

        def lossy(data: bytes) -> None:
            nonlocal again
            again += data in seen
            if data in seen or data[0] == CHANGE_CIPHER_SPEC:  # with which a server ends
                one.wire.inbox.put_nowait(data)
            seen.add(data)

        one.endpoint._pipe.emit = one.endpoint._pipe._emit_again = lossy
        began = time.monotonic()
        assert open_srtp(await one.handshake())
        assert again >= 1
        assert time.monotonic() - began < 0.9


async def test_a_goodbye_is_heard_once() -> None:
    async with association() as one:
        await one.handshake()
        await one.client.stop()
        for _ in range(50):
            await asyncio.sleep(0.01)
        assert one.closed == 1


@pytest.mark.parametrize(
    ("cipher", "reads"),
    [
        ("ECDHE-ECDSA-AES128-GCM-SHA256", True),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", True),
        ("ECDHE-ECDSA-AES128-SHA", False),  # no AEAD: silence has to say it
    ],
)
@pytest.mark.parametrize("role", ["server", "client"])
async def test_a_goodbye_is_known_by_its_seal_when_dtls_has_retired(
    role: Role, cipher: str, reads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with association(role) as one:
        plain = RTCCertificate._create_ssl_context

        def only(certificate: RTCCertificate, srtp_profiles: list[SRTPProtectionProfile]) -> Any:
            context = plain(certificate, srtp_profiles)
            context.set_cipher_list(cipher.encode())
            return context

        monkeypatch.setattr(RTCCertificate, "_create_ssl_context", only)
        await one.handshake()
        await one.endpoint.retire()
        assert one.endpoint.retired
        said: list[bytes] = []
        one.wire.emit = said.append
        one.wire.inbox.put_nowait(None)  # else the client hears our goodbye
        await one.client.stop()
        (goodbye,) = [data for data in said if data[0] == 21]
        for place in range(13 + 8 if "GCM" in cipher else 13, len(goodbye)):
            forged = bytearray(goodbye)
            forged[place] ^= 1
            assert one.endpoint.receive(bytes(forged)) == "dtls_retired"
        for length in range(13, len(goodbye)):
            assert one.endpoint.receive(goodbye[:length]) == "dtls_retired"
        assert one.closed == 0
        assert one.endpoint.receive(goodbye) == (None if reads else "dtls_retired")
        assert one.endpoint.receive(goodbye) == "dtls_retired"
        assert one.closed == int(reads)


async def test_our_goodbye_is_said() -> None:
    async with association() as one:
        await one.handshake()
        await one.endpoint.close()
        await one.endpoint.close()
        for _ in range(50):
            await asyncio.sleep(0.01)
        assert one.client.state == "closed"
        assert one.closed == 0, "who closes need not be told"


@pytest.mark.parametrize(
    ("junk", "reason"),
    [
        (b"\x15", "dtls_length"),
        (b"\x16" + bytes(1500), "dtls_length"),
        (b"\x15\xfe\xfd" + bytes(8) + b"\0\2\2\x28", "dtls_plaintext_alert"),
        (
            b"\x17\xfe\xfd" + bytes(8) + b"\0\1x" + b"\x15\xfe\xfd" + bytes(8) + b"\0\2\2\x28",
            "dtls_plaintext_alert",
        ),
    ],
)
@pytest.mark.parametrize("role", ["server", "client"])
async def test_what_would_end_a_handshake_from_outside_does_not(role: Role, junk: bytes, reason: str) -> None:
    async with association(role) as one:
        handshake = asyncio.create_task(one.handshake())
        await asyncio.sleep(0)
        for _ in range(40):
            assert one.endpoint.receive(junk) == reason
        assert open_srtp(await handshake)
        for _ in range(40):
            assert one.endpoint.receive(junk) == reason
        await asyncio.sleep(0.05)
        assert one.closed == 0


async def test_a_connected_peer_outlives_any_dtls_shaped_junk() -> None:
    async with association() as one:
        await one.handshake()
        for first in range(20, 64):
            for epoch in (b"\0\0", b"\0\1", b"\xff\xff"):
                one.endpoint.receive(bytes((first,)) + b"\xfe\xfd" + epoch + bytes(6) + b"\0\x10" + bytes(16))
                await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        assert one.closed == 0
        await one.client.stop()
        await asyncio.sleep(0.05)
        assert one.closed == 1, "and still hears its goodbye"


async def test_a_flood_is_dropped_by_name() -> None:
    async with association() as one:
        dropped = [one.endpoint.receive(b"\x16\xfe\xfd" + bytes(20)) for _ in range(100)]
        assert dropped.count("dtls_queue_full") == 68
