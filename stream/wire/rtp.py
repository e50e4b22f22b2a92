"""RTP packets: bytes to values and back (RFC 3550, section 5; header extensions: RFC 8285).

The law: `parse` raises RtpError and nothing else, whatever the bytes. Values of extensions stay bytes:
what an id means is negotiated per peer, and known elsewhere.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

FIXED_HEADER = 12
"""Length of the fixed header, bytes (RFC 3550, section 5.1)."""

MAX_PADDING = 255
"""Most padding one packet can carry, bytes: its count is one byte (RFC 3550, section 5.1)."""

_ONE_BYTE_PROFILE = 0xBEDE
_TWO_BYTE_PROFILE = 0x1000
_FIXED = struct.Struct("!BBHII")
_NUMBERS = struct.Struct("!HI")
_EXTENSION = struct.Struct("!HH")


class RtpError(ValueError):
    """These bytes are no RTP packet. `reason` is a short stable name, for a counter."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class RtpPacket:
    """One RTP packet in the clear. `payload` is without padding; `extensions` maps id to value."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    marker: bool = False
    payload: bytes = b""
    extensions: dict[int, bytes] = field(default_factory=dict)


def header_length(data: bytes) -> int:
    """Return the length of the header, CSRCs and extension included, in bytes.

    It is what SRTP authenticates but leaves in the clear (RFC 3711, section 3.1). Raises RtpError.
    """
    if len(data) < FIXED_HEADER:
        raise RtpError("short")
    if data[0] >> 6 != 2:
        raise RtpError("version")
    length = FIXED_HEADER + 4 * (data[0] & 0x0F)
    if data[0] & 0x10:
        if len(data) < length + 4:
            raise RtpError("short_extension")
        length += 4 + 4 * int.from_bytes(data[length + 2 : length + 4], "big")
    if len(data) < length:
        raise RtpError("short_extension" if data[0] & 0x10 else "short_csrc")
    return length


def parse_header(data: bytes, length: int) -> RtpPacket:
    """Parse a header of `length` bytes (see `header_length`), leaving the payload empty."""
    _, second, sequence, timestamp, ssrc = _FIXED.unpack_from(data)
    packet = RtpPacket(second & 0x7F, sequence, timestamp, ssrc, bool(second & 0x80))
    if data[0] & 0x10:
        packet.extensions = _parse_extensions(data, FIXED_HEADER + 4 * (data[0] & 0x0F), length)
    return packet


def strip_padding(first_byte: int, payload: bytes) -> bytes:
    """Return the payload without its padding. Raises RtpError where the count is impossible."""
    if not first_byte & 0x20:
        return payload
    if not payload or not 0 < payload[-1] <= len(payload):
        raise RtpError("padding")
    return payload[: -payload[-1]]


def parse(data: bytes) -> RtpPacket:
    """Parse one packet in the clear. Raises RtpError."""
    length = header_length(data)
    packet = parse_header(data, length)
    packet.payload = strip_padding(data[0], data[length:])
    return packet


def _parse_extensions(data: bytes, start: int, end: int) -> dict[int, bytes]:
    """Read one-byte and two-byte elements (RFC 8285, sections 4.2 and 4.3); other profiles are skipped."""
    profile, _ = _EXTENSION.unpack_from(data, start)
    position = start + 4
    found: dict[int, bytes] = {}
    if profile == _ONE_BYTE_PROFILE:
        while position < end:
            head = data[position]
            position += 1
            if head == 0:
                continue
            identifier, length = head >> 4, (head & 0x0F) + 1
            if identifier in (0, 15):  # reserved: what follows is not to be read (RFC 8285, section 4.2)
                break
            if position + length > end:
                raise RtpError("extension_length")
            found[identifier] = data[position : position + length]
            position += length
    elif profile & 0xFFF0 == _TWO_BYTE_PROFILE:
        while position < end:
            identifier = data[position]
            position += 1
            if identifier == 0:
                continue
            if position >= end:
                raise RtpError("extension_length")
            length = data[position]
            position += 1
            if position + length > end:
                raise RtpError("extension_length")
            found[identifier] = data[position : position + length]
            position += length
    return found


def pack_extensions(extensions: Mapping[int, bytes]) -> bytes:
    """Return the extension block, profile and length included; nothing for no extensions.

    One-byte elements where all fit them (ids 1-14, 1-16 bytes), else two-byte (RFC 8285, section 4.1.2).
    """
    if not extensions:
        return b""
    profile, body = _ONE_BYTE_PROFILE, bytearray()
    for identifier, value in extensions.items():
        if identifier >= 15 or not 0 < len(value) <= 16:
            profile, body = _TWO_BYTE_PROFILE, _two_byte_elements(extensions)
            break
        body.append(identifier << 4 | len(value) - 1)
        body += value
    body += bytes(-len(body) % 4)
    return _EXTENSION.pack(profile, len(body) // 4) + body


def _two_byte_elements(extensions: Mapping[int, bytes]) -> bytearray:
    body = bytearray()
    for identifier, value in extensions.items():
        body += bytes((identifier, len(value)))
        body += value
    return body


def pack_header(
    *,
    payload_type: int,
    sequence: int,
    timestamp: int,
    ssrc: int,
    marker: bool = False,
    padded: bool = False,
    extension_block: bytes = b"",
) -> bytes:
    """Return a header. Numbers wider than their field are cut to it; `padded` sets the P bit."""
    first = 0x80 | (0x20 if padded else 0) | (0x10 if extension_block else 0)
    second = (0x80 if marker else 0) | payload_type
    fixed = _FIXED.pack(first, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
    return fixed + extension_block


def abs_send_time(now: float) -> bytes:
    """Return the abs-send-time extension's value for a moment, seconds: 6.18 fixed point, three bytes."""
    return (int(now * (1 << 18)) & 0xFFFFFF).to_bytes(3, "big")


def age(abs_send_time: bytes, now: float) -> float:
    """Return how long before `now` that moment was, seconds; at most 64, and 8 µs rather too long."""
    passed = int(now * (1 << 18)) - int.from_bytes(abs_send_time, "big")
    return ((passed & 0xFFFFFF) + 2) / (1 << 18)


def renumber(header: bytes, sequence: int, timestamp_delta: int) -> bytes:
    """Return the header with this sequence, and its timestamp moved on modulo 2^32. Raises RtpError."""
    if len(header) < FIXED_HEADER:
        raise RtpError("short")
    timestamp = int.from_bytes(header[4:8], "big") + timestamp_delta & 0xFFFFFFFF
    return header[:2] + _NUMBERS.pack(sequence, timestamp) + header[8:]


def pad(payload: bytes, padding: int) -> bytes:
    """Append `padding` bytes (0-255) of RTP padding, whose last byte is their count."""
    if not padding:
        return payload
    return payload + bytes(padding - 1) + bytes((padding,))


def pack(packet: RtpPacket, padding: int = 0) -> bytes:
    """Return the packet's bytes, in the clear, with `padding` bytes (0-255) of padding."""
    header = pack_header(
        payload_type=packet.payload_type,
        sequence=packet.sequence,
        timestamp=packet.timestamp,
        ssrc=packet.ssrc,
        marker=packet.marker,
        padded=padding > 0,
        extension_block=pack_extensions(packet.extensions),
    )
    return header + pad(packet.payload, padding)
