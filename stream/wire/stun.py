"""STUN as an ICE-lite server needs it: Binding requests in, their answers out.

A lite agent never asks, it only answers connectivity checks (RFC 8445, section 2.5), so this reads one
kind of message and writes two. The law: nothing about a request may be believed before `verify` has
said True, and whatever a stranger sends, `StunError` is all that comes out. It must not know which
ufrags exist, nor of sockets.
"""

from __future__ import annotations

import hmac
from socket import AF_INET, AF_INET6, inet_pton
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

MAGIC_COOKIE: Final = 0x2112A442
"""Bytes 4 to 8 of every STUN message (RFC 8489, section 5)."""

_BINDING_REQUEST: Final = 0x0001
_BINDING_SUCCESS: Final = 0x0101
_BINDING_ERROR: Final = 0x0111

_USERNAME: Final = 0x0006
_MESSAGE_INTEGRITY: Final = 0x0008
_ERROR_CODE: Final = 0x0009
_MESSAGE_INTEGRITY_SHA256: Final = 0x001C
_XOR_MAPPED_ADDRESS: Final = 0x0020
_PRIORITY: Final = 0x0024
_USE_CANDIDATE: Final = 0x0025
_FINGERPRINT: Final = 0x8028
_ICE_CONTROLLED: Final = 0x8029
_ICE_CONTROLLING: Final = 0x802A

_HEADER_SIZE: Final = 20
_INTEGRITY_SIZE: Final = 24
_FINGERPRINT_SIZE: Final = 8
_FINGERPRINT_XOR: Final = 0x5354554E
_USERNAME_MAX: Final = 513
"""Two ufrags of at most 256 characters and a colon (RFC 8839, section 5.4)."""

_COOKIE_BYTES: Final = MAGIC_COOKIE.to_bytes(4, "big")
_MAPPED_PREFIX: Final = bytes(10) + b"\xff\xff"
"""How a dual-stack socket writes an IPv4 peer: ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2)."""

_header = Struct("!HHI12s")
_attribute = Struct("!HH")
_u32 = Struct("!I")
_u64 = Struct("!Q")
_mapped_v4 = Struct("!HHxBHI")
_integrity = Struct("!HH20s")
_fingerprint = Struct("!HHI")


class StunError(ValueError):
    """A datagram that is not a well-formed Binding request. `reason` is a short name to count by."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BindingRequest(NamedTuple):
    """A connectivity check, not yet believed (RFC 8445, section 7.1).

    `username` is `our ufrag:their ufrag`. `controlling` is False only if the peer says ICE-CONTROLLED,
    which to a lite agent is a role conflict; a peer that names no role is taken as controlling
    (RFC 8445, section 7.3.1.1). `integrity_offset` is where MESSAGE-INTEGRITY starts, or 0.
    """

    transaction_id: bytes
    username: str
    use_candidate: bool
    controlling: bool
    tie_breaker: int
    priority: int
    integrity_offset: int


def is_stun(data: bytes) -> bool:
    """Say whether a datagram is STUN by its first byte and cookie (RFC 7983; RFC 8489, section 5)."""
    return len(data) >= _HEADER_SIZE and data[0] < 4 and data[4:8] == _COOKIE_BYTES


def parse_request(data: bytes) -> BindingRequest:
    """Read a Binding request, checking its length, cookie and FINGERPRINT (RFC 8489, sections 5, 14).

    Attributes after MESSAGE-INTEGRITY are not covered by it and hence ignored (section 14.5). Raises
    StunError on any other message and on malformed ones. Does not check MESSAGE-INTEGRITY: `verify`.
    """
    size = len(data)
    if size < _HEADER_SIZE:
        raise StunError("too_short")
    kind, length, cookie, transaction_id = _header.unpack_from(data)
    if cookie != MAGIC_COOKIE:
        raise StunError("bad_cookie")
    if length != size - _HEADER_SIZE or length % 4:
        raise StunError("bad_length")  # with whole words only, the walk below ends exactly at `size`
    if kind != _BINDING_REQUEST:
        raise StunError("not_a_binding_request")

    username: bytes | None = None
    use_candidate = False
    controlling = True
    tie_breaker = priority = integrity_offset = 0
    offset = _HEADER_SIZE
    while offset < size:
        attribute, length = _attribute.unpack_from(data, offset)
        value = offset + 4
        end = value + length
        if end > size:
            raise StunError("truncated_attribute")
        if attribute == _FINGERPRINT:
            if length != 4 or end != size:
                raise StunError("bad_fingerprint")
            if _u32.unpack_from(data, value)[0] != crc32(data[:offset]) ^ _FINGERPRINT_XOR:
                raise StunError("bad_fingerprint")
        elif integrity_offset:
            pass
        elif attribute == _MESSAGE_INTEGRITY:
            if length != 20:
                raise StunError("bad_integrity_length")
            integrity_offset = offset
        elif attribute == _USERNAME:
            if length > _USERNAME_MAX:
                raise StunError("bad_username")
            username = data[value:end]
        elif attribute == _USE_CANDIDATE:
            use_candidate = True
        elif attribute == _PRIORITY:
            if length != 4:
                raise StunError("bad_priority")
            priority = _u32.unpack_from(data, value)[0]
        elif attribute in (_ICE_CONTROLLING, _ICE_CONTROLLED):
            if length != 8:
                raise StunError("bad_tie_breaker")
            controlling = attribute == _ICE_CONTROLLING
            tie_breaker = _u64.unpack_from(data, value)[0]
        elif attribute < 0x8000 and attribute != _MESSAGE_INTEGRITY_SHA256:
            # Comprehension-required (RFC 8489, section 14). No ICE agent sends one, so it is dropped
            # as noise rather than given a 420: an answer to strangers is an amplifier.
            raise StunError("unknown_attribute")
        offset = end + (-length & 3)
    if username is None:
        raise StunError("no_username")
    try:
        name = username.decode()
    except UnicodeDecodeError:
        raise StunError("bad_username") from None
    return BindingRequest(
        transaction_id, name, use_candidate, controlling, tie_breaker, priority, integrity_offset
    )


def verify(request: BindingRequest, data: bytes, password: bytes) -> bool:
    """Check MESSAGE-INTEGRITY of the datagram `request` was read from (RFC 8489, section 14.5).

    False if it is missing or does not match our ICE password.
    """
    offset = request.integrity_offset
    if not offset:
        return False
    covered = data[:2] + (offset + _INTEGRITY_SIZE - _HEADER_SIZE).to_bytes(2, "big") + data[4:offset]
    return hmac.compare_digest(
        hmac.digest(password, covered, "sha1"), data[offset + 4 : offset + _INTEGRITY_SIZE]
    )


def success(transaction_id: bytes, address: tuple[str, int], password: bytes) -> bytes:
    """Write a Binding success with XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY and FINGERPRINT.

    `address` is where the request came from, an IPv4 or IPv6 literal and a port; an IPv4 address in
    IPv6 clothes is undressed. RFC 8489, sections 6.3.1.1 and 14.2; RFC 8445, section 7.3.1.3.
    """
    host, port = address
    port ^= MAGIC_COOKIE >> 16
    if ":" not in host:
        packed = inet_pton(AF_INET, host)
    else:
        packed = inet_pton(AF_INET6, host.partition("%")[0])
        if packed.startswith(_MAPPED_PREFIX):
            packed = packed[12:]
    number = int.from_bytes(packed, "big")
    if len(packed) == 4:
        body = _mapped_v4.pack(_XOR_MAPPED_ADDRESS, 8, 1, port, number ^ MAGIC_COOKIE)
    else:
        number ^= int.from_bytes(_COOKIE_BYTES + transaction_id, "big")
        body = _attribute.pack(_XOR_MAPPED_ADDRESS, 20) + b"\0\2" + port.to_bytes(2, "big")
        body += number.to_bytes(16, "big")
    return _sealed(_BINDING_SUCCESS, transaction_id, body, password)


def error(transaction_id: bytes, code: int, reason: str, password: bytes) -> bytes:
    """Write a Binding error, e.g. 487 Role Conflict (RFC 8489, section 14.8; RFC 8445, section 7.3.1.1)."""
    phrase = reason.encode()
    body = _attribute.pack(_ERROR_CODE, 4 + len(phrase)) + bytes((0, 0, code // 100, code % 100)) + phrase
    return _sealed(_BINDING_ERROR, transaction_id, body + bytes(-len(phrase) & 3), password)


def _sealed(kind: int, transaction_id: bytes, body: bytes, password: bytes) -> bytes:
    """Put a header before the attributes, MESSAGE-INTEGRITY and FINGERPRINT behind them.

    Each of the two covers a header whose length already counts it, and nothing after it (RFC 8489,
    sections 14.5 and 14.7): hence the two headers.
    """
    length = len(body) + _INTEGRITY_SIZE
    covered = _header.pack(kind, length, MAGIC_COOKIE, transaction_id) + body
    body += _integrity.pack(_MESSAGE_INTEGRITY, 20, hmac.digest(password, covered, "sha1"))
    message = _header.pack(kind, length + _FINGERPRINT_SIZE, MAGIC_COOKIE, transaction_id) + body
    return message + _fingerprint.pack(_FINGERPRINT, 4, crc32(message) ^ _FINGERPRINT_XOR)
