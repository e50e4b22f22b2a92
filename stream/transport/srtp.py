"""SRTP and SRTCP of one peer: keys in, protected packets out, and back.

AES-GCM (RFC 7714) is framed here over OpenSSL's cipher, because the fan-out then encrypts without a
copy; AES-CM with SHA1 (RFC 3711) goes through libsrtp. The law: one (SSRC, index) is never used for two
different plaintexts under one key. The sender of a packet owns its index; this module only applies it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import pylibsrtp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stream.wire.sequence import extend

GCM_TAG = 16
"""Length of the authentication tag, bytes (RFC 7714, section 13.2)."""

_REPLAY_WINDOW = 1024
"""How far behind the newest a packet may be, packets: RTX and reordering stay well inside."""

_MAX_STREAMS = 64
"""Most SSRCs one peer may send: simulcast with RTX and two sounds needs fewer than ten."""

_SRTCP_INDEX_MASK = 0x7FFFFFFF
_LIBSRTP_LARGEST = 1356
_LIBSRTP_LARGEST_RTCP = 1352
"""`pylibsrtp.protect` and `protect_rtcp` refuse longer packets, bytes."""


class SrtpError(Exception):
    """A packet that could not be protected or opened. `reason` is a short stable name, for a counter."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """What DTLS agreed on (RFC 5764, section 4.2): master keys and salts, ours and theirs."""

    profile: str
    """An RFC 5764 / RFC 7714 name: AEAD_AES_128_GCM, AEAD_AES_256_GCM or AES128_CM_HMAC_SHA1_80."""
    local_key: bytes
    local_salt: bytes
    remote_key: bytes
    remote_salt: bytes


class Srtp(Protocol):
    """One peer's cryptographic context. `index` is the packet's 48-bit one (RFC 3711, section 3.3.1)."""

    def protect(self, header: bytes, payload: bytes, ssrc: int, index: int) -> bytes:
        """Return header and encrypted payload. The payload includes any padding. Raises SrtpError."""

    def protect_rtcp(self, data: bytes) -> bytes:
        """Return a protected compound packet. Raises SrtpError."""

    def unprotect(self, data: bytes, header_length: int) -> bytes:
        """Return the payload in the clear, padding included. Raises SrtpError."""

    def unprotect_rtcp(self, data: bytes) -> bytes:
        """Return the compound packet in the clear. Raises SrtpError."""


class Opener(Protocol):
    """The receiving half of one peer's AES-GCM keys: here in Python, or native (`stream.transport.inlet`)."""

    def open(self, data: bytes, header_length: int, /) -> bytes | str:
        """Return an RTP packet's payload, padding included, or the reason for which it is not opened."""

    def open_rtcp(self, data: bytes, /) -> bytes | str:
        """Return a compound packet in the clear, or the reason for which it is not opened."""


MakeOpener = Callable[[bytes, bytes, bytes, bytes], Opener]
"""Makes an opener of session key and salt for RTP, and for RTCP."""


def open_srtp(keys: SrtpKeys, make_opener: MakeOpener | None = None) -> Srtp:
    """Return the context that fits the agreed profile. Raises SrtpError for one unknown."""
    if keys.profile in ("AEAD_AES_128_GCM", "AEAD_AES_256_GCM"):
        return GcmSrtp(keys, make_opener or PlainOpener)
    if keys.profile == "AES128_CM_HMAC_SHA1_80":
        return LibSrtp(keys)
    raise SrtpError("profile")


def derive(master_key: bytes, master_salt: bytes, label: int, length: int) -> bytes:
    """Derive a session key or salt (RFC 3711, section 4.3; 96-bit salts padded, RFC 7714, section 11)."""
    block = bytearray(master_salt.ljust(14, b"\0") + b"\0\0")
    block[7] ^= label
    encryptor = Cipher(algorithms.AES(master_key), modes.CTR(bytes(block))).encryptor()
    return encryptor.update(bytes(length))


class ReplayWindow:
    """Which indices of one stream were seen (RFC 3711, section 3.3.2)."""

    __slots__ = ("newest", "seen")

    def __init__(self, newest: int) -> None:
        self.newest = newest
        self.seen = 0

    def fresh(self, index: int) -> bool:
        """Tell whether the index is new and not too old; changes nothing."""
        behind = self.newest - index
        return behind < 0 or (behind < _REPLAY_WINDOW and not self.seen >> behind & 1)

    def mark(self, index: int) -> None:
        """Note an authenticated index."""
        behind = self.newest - index
        if behind < 0:
            self.seen = (self.seen << -behind | 1) & ((1 << _REPLAY_WINDOW) - 1)
            self.newest = index
        else:
            self.seen |= 1 << behind


class PlainOpener:
    """The receiving half in Python: the fallback, and the oracle of any other."""

    __slots__ = ("_decrypt", "_decrypt_rtcp", "_rtcp_salt", "_rtcp_windows", "_salt", "_windows")

    def __init__(self, key: bytes, salt: bytes, rtcp_key: bytes, rtcp_salt: bytes) -> None:
        self._decrypt = AESGCM(key).decrypt
        self._salt = int.from_bytes(salt, "big")
        self._decrypt_rtcp = AESGCM(rtcp_key).decrypt
        self._rtcp_salt = int.from_bytes(rtcp_salt, "big")
        self._windows: dict[int, ReplayWindow] = {}
        self._rtcp_windows: dict[int, ReplayWindow] = {}

    def open(self, data: bytes, header_length: int) -> bytes | str:
        """See `Opener.open`. The rollover count is guessed from the newest index (RFC 3711, 3.3.1)."""
        ssrc = int.from_bytes(data[8:12], "big")
        sequence = int.from_bytes(data[2:4], "big")
        window = self._windows.get(ssrc)
        index = sequence if window is None else extend(sequence, window.newest)
        if index < 0 or (window is not None and not window.fresh(index)):
            return "replayed"
        if window is None and len(self._windows) >= _MAX_STREAMS:
            return "too_many_streams"
        if len(data) < header_length + GCM_TAG:
            return "short"
        nonce = (self._salt ^ (ssrc << 48 | index)).to_bytes(12, "big")
        try:
            payload = self._decrypt(nonce, data[header_length:], data[:header_length])
        except InvalidTag:
            return "unauthentic"
        if window is None:
            window = self._windows[ssrc] = ReplayWindow(index)
        window.mark(index)
        return payload

    def open_rtcp(self, data: bytes) -> bytes | str:
        """See `Opener.open_rtcp`; unencrypted SRTCP is refused."""
        if len(data) < 8 + GCM_TAG + 4:
            return "short"
        trailer = data[-4:]
        word = int.from_bytes(trailer, "big")
        if not word & 0x80000000:
            return "unencrypted"
        index = word & _SRTCP_INDEX_MASK
        ssrc = int.from_bytes(data[4:8], "big")
        window = self._rtcp_windows.get(ssrc)
        if window is not None and not window.fresh(index):
            return "replayed"
        if window is None and len(self._rtcp_windows) >= _MAX_STREAMS:
            return "too_many_streams"
        nonce = (self._rtcp_salt ^ (ssrc << 48 | index)).to_bytes(12, "big")
        try:
            body = self._decrypt_rtcp(nonce, data[8:-4], data[:8] + trailer)
        except InvalidTag:
            return "unauthentic"
        if window is None:
            window = self._rtcp_windows[ssrc] = ReplayWindow(index)
        window.mark(index)
        return data[:8] + body


class GcmSrtp:
    """AEAD_AES_128_GCM and AEAD_AES_256_GCM (RFC 7714).

    `encrypt`, `key` and `salt` are the fan-out's to use; the native one keeps its half in `sealer`. The
    receiving half is `opener`, the inlet's to use.
    """

    __slots__ = ("_encrypt_rtcp", "_rtcp_index", "_rtcp_salt", "encrypt", "key", "opener", "salt", "sealer")

    def __init__(self, keys: SrtpKeys, make_opener: MakeOpener = PlainOpener) -> None:
        size = len(keys.local_key)

        def local(label: int, length: int) -> bytes:
            return derive(keys.local_key, keys.local_salt, label, length)

        def remote(label: int, length: int) -> bytes:
            return derive(keys.remote_key, keys.remote_salt, label, length)

        self.key = local(0, size)
        self.sealer: object = None
        self.encrypt = AESGCM(self.key).encrypt
        self.salt = int.from_bytes(local(2, 12), "big")
        self._encrypt_rtcp = AESGCM(local(3, size)).encrypt
        self._rtcp_salt = int.from_bytes(local(5, 12), "big")
        self._rtcp_index = 0
        self.opener = make_opener(remote(0, size), remote(2, 12), remote(3, size), remote(5, 12))

    def protect(self, header: bytes, payload: bytes, ssrc: int, index: int) -> bytes:
        """See `Srtp.protect`; the nonce is salt XOR SSRC, rollover, sequence (RFC 7714, section 8.1)."""
        nonce = (self.salt ^ (ssrc << 48 | index)).to_bytes(12, "big")
        return header + self.encrypt(nonce, payload, header)

    def protect_rtcp(self, data: bytes) -> bytes:
        """See `Srtp.protect_rtcp` (RFC 7714, section 9)."""
        self._rtcp_index = (self._rtcp_index + 1) & _SRTCP_INDEX_MASK
        trailer = (0x80000000 | self._rtcp_index).to_bytes(4, "big")
        ssrc = int.from_bytes(data[4:8], "big")
        nonce = (self._rtcp_salt ^ (ssrc << 48 | self._rtcp_index)).to_bytes(12, "big")
        return data[:8] + self._encrypt_rtcp(nonce, data[8:], data[:8] + trailer) + trailer

    def unprotect(self, data: bytes, header_length: int) -> bytes:
        """See `Srtp.unprotect`."""
        return _opened(self.opener.open(data, header_length))

    def unprotect_rtcp(self, data: bytes) -> bytes:
        """See `Srtp.unprotect_rtcp`."""
        return _opened(self.opener.open_rtcp(data))


def _opened(outcome: bytes | str) -> bytes:
    if isinstance(outcome, str):
        raise SrtpError(outcome)
    return outcome


class LibSrtp:
    """AES128_CM_HMAC_SHA1_80 (RFC 3711) through libsrtp, for peers that offer nothing newer.

    libsrtp counts rollovers by itself from the sequence numbers it is given, so `index` is not used.
    """

    __slots__ = ("_inbound", "_outbound", "_streams")

    def __init__(self, keys: SrtpKeys) -> None:
        def session(key: bytes, direction: int) -> pylibsrtp.Session:
            policy = pylibsrtp.Policy(
                key=key,
                ssrc_type=direction,
                srtp_profile=pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
            )
            policy.allow_repeat_tx = True
            policy.window_size = _REPLAY_WINDOW
            return pylibsrtp.Session(policy)

        self._outbound = session(keys.local_key + keys.local_salt, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        self._inbound = session(keys.remote_key + keys.remote_salt, pylibsrtp.Policy.SSRC_ANY_INBOUND)
        self._streams: set[int] = set()

    def protect(self, header: bytes, payload: bytes, ssrc: int, index: int) -> bytes:
        """See `Srtp.protect`."""
        if len(header) + len(payload) > _LIBSRTP_LARGEST:
            raise SrtpError("long")
        try:
            return self._outbound.protect(header + payload)
        except pylibsrtp.Error:
            raise SrtpError("protect") from None

    def protect_rtcp(self, data: bytes) -> bytes:
        """See `Srtp.protect_rtcp`."""
        if len(data) > _LIBSRTP_LARGEST_RTCP:
            raise SrtpError("long")
        try:
            return self._outbound.protect_rtcp(data)
        except pylibsrtp.Error:
            raise SrtpError("protect") from None

    def unprotect(self, data: bytes, header_length: int) -> bytes:
        """See `Srtp.unprotect`."""
        return self._open(self._inbound.unprotect, data, int.from_bytes(data[8:12], "big"))[header_length:]

    def unprotect_rtcp(self, data: bytes) -> bytes:
        """See `Srtp.unprotect_rtcp`."""
        return self._open(self._inbound.unprotect_rtcp, data, int.from_bytes(data[4:8], "big"))

    def _open(self, unprotect: Callable[[bytes], bytes], data: bytes, ssrc: int) -> bytes:
        """Unprotect; libsrtp keeps a stream for each SSRC it has met, so these are counted here."""
        known = ssrc in self._streams
        if not known and len(self._streams) >= _MAX_STREAMS:
            raise SrtpError("too_many_streams")
        try:
            opened = unprotect(data)
        except pylibsrtp.Error:
            raise SrtpError("unauthentic") from None
        if not known:
            self._streams.add(ssrc)
        return opened
