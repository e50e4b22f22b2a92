"""The goodbye of a peer whose DTLS has retired: a close_notify, told from forgeries by its seal alone.

OpenSSL's association is gone by then, at 140 KiB each; what is left of it is the one key that the peer seals
its alerts with. The law: what does not open under that key says nothing, whoever sent it from wherever. Pure;
cipher suites without AEAD have no goodbye here, and their peers are gone when they fall silent.
"""

from __future__ import annotations

import hmac
import struct
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

_ALERT: Final = 21
_CLOSE_NOTIFY: Final = 0
_TAG: Final = 16
_EXPLICIT: Final = 8
"""Octets of the nonce that AES-GCM's records carry (RFC 5288, section 3)."""

_header = struct.Struct("!BH8sH")
"""Content type, version, epoch and sequence number, length (RFC 6347, section 4.1)."""


class _Suite(NamedTuple):
    cipher: type[AESGCM] | type[ChaCha20Poly1305]
    key: int
    salt: int


_SUITES: Final = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": _Suite(AESGCM, 16, 4),
    "ECDHE-ECDSA-CHACHA20-POLY1305": _Suite(ChaCha20Poly1305, 32, 12),
}
"""By OpenSSL's names. Both derive keys with SHA-256."""


def _expand(secret: bytes, seed: bytes, length: int) -> bytes:
    """Return TLS 1.2's P_SHA256 (RFC 5246, section 5)."""
    out, turn = b"", seed
    while len(out) < length:
        turn = hmac.digest(secret, turn, "sha256")
        out += hmac.digest(secret, turn + seed, "sha256")
    return out[:length]


class Goodbye:
    """What is kept of an association so that the peer's close_notify is known for what it is."""

    __slots__ = ("_key", "_salt", "_suite")

    def __init__(self, suite: _Suite, key: bytes, salt: bytes) -> None:
        self._suite, self._key, self._salt = suite, key, salt

    @classmethod
    def of(
        cls, cipher: str, master: bytes, client_random: bytes, server_random: bytes, *, from_client: bool
    ) -> Goodbye | None:
        """Derive the key that the peer writes with (RFC 5246, section 6.3); None without AEAD."""
        suite = _SUITES.get(cipher)
        if suite is None:
            return None
        seed = b"key expansion" + server_random + client_random
        block = _expand(master, seed, 2 * (suite.key + suite.salt))
        mine = 0 if from_client else 1
        key = block[mine * suite.key :][: suite.key]
        salt = block[2 * suite.key + mine * suite.salt :][: suite.salt]
        return cls(suite, key, salt)

    def said(self, data: bytes) -> bool:
        """Tell whether a datagram holds the peer's close_notify."""
        at = 0
        while at + _header.size <= len(data):
            content, version, number, length = _header.unpack_from(data, at)
            at += _header.size
            sealed = data[at : at + length]
            at += length
            if content == _ALERT and self._open(version, number, sealed)[1:] == bytes((_CLOSE_NOTIFY,)):
                return True
        return False

    def _open(self, version: int, number: bytes, sealed: bytes) -> bytes:
        """Return the alert in a record (level, description); nothing where it is forged."""
        if self._suite.cipher is AESGCM:
            nonce, sealed = self._salt + sealed[:_EXPLICIT], sealed[_EXPLICIT:]
        else:  # RFC 7905, section 2
            nonce = bytes(a ^ b for a, b in zip(self._salt, bytes(4) + number, strict=True))
        if len(sealed) != 2 + _TAG or len(nonce) != 12:
            return b""
        covered = number + struct.pack("!BHH", _ALERT, version, 2)
        try:
            return self._suite.cipher(self._key).decrypt(nonce, sealed, covered)
        except InvalidTag:
            return b""
