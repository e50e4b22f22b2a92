"""The VP8 payload descriptor: where a key frame starts, and the two counters a switch must mend.

RFC 7741, section 4.2. Picture id and TL0PICIDX run on per encoder; when a slot changes its encoder they
are rewritten so that a decoder sees them go on by one. Pure; a malformed descriptor is nobody's key
frame and is left as it is.
"""

from __future__ import annotations

from typing import NamedTuple

_START_CODE = b"\x9d\x01\x2a"
"""What follows a key frame's tag (RFC 6386, section 9.1)."""


class Descriptor(NamedTuple):
    """What a descriptor says, and where in the payload, in bytes, the counters stand (0: absent)."""

    starts_frame: bool
    starts_key_frame: bool
    picture_id: int | None
    picture_id_at: int
    picture_id_wide: bool
    tl0_picture_index: int | None
    tl0_at: int
    temporal_layer: int
    layer_sync: bool
    """Nothing but the base layer before this frame is needed to decode it (the Y bit)."""

    data_at: int
    """Where the VP8 data itself starts."""


def parse(payload: bytes) -> Descriptor | None:
    """Parse the descriptor at the start of a payload; None where it is cut short."""
    try:
        return _parse(payload)
    except IndexError:
        return None


def _parse(payload: bytes) -> Descriptor:
    first = payload[0]
    position = 1
    picture_id: int | None = None
    picture_id_at = tl0_at = temporal_layer = 0
    wide = False
    tl0: int | None = None
    sync = False
    if first & 0x80:
        flags = payload[1]
        position = 2
        if flags & 0x80:
            picture_id_at = position
            wide = bool(payload[position] & 0x80)
            if wide:
                picture_id = (payload[position] & 0x7F) << 8 | payload[position + 1]
                position += 2
            else:
                picture_id = payload[position]
                position += 1
        if flags & 0x40:
            tl0_at, tl0 = position, payload[position]
            position += 1
        if flags & 0x30:
            if flags & 0x20:
                temporal_layer = payload[position] >> 6
                sync = bool(payload[position] & 0x20)
            position += 1
    starts_frame = bool(first & 0x10) and not first & 0x07
    starts_key = starts_frame and not payload[position] & 0x01
    return Descriptor(
        starts_frame,
        starts_key,
        picture_id,
        picture_id_at,
        wide,
        tl0,
        tl0_at,
        temporal_layer,
        sync,
        position,
    )


def starts_key_frame(payload: bytes) -> bool:
    """Tell whether this packet is the first of a key frame (RFC 7741, section 4.3: P bit zero)."""
    descriptor = parse(payload)
    return descriptor is not None and descriptor.starts_key_frame


def key_frame_size(payload: bytes, data_at: int) -> tuple[int, int] | None:
    """Return width and height that a key frame's header tells (RFC 6386, section 9.1); None if cut short."""
    header = payload[data_at + 3 : data_at + 10]
    if len(header) < 7 or header[:3] != _START_CODE:
        return None
    width, height = int.from_bytes(header[3:5], "little"), int.from_bytes(header[5:7], "little")
    return width & 0x3FFF, height & 0x3FFF


def shift(payload: bytes, picture_id_delta: int, tl0_delta: int) -> bytes:
    """Return the payload with both counters moved on, modulo their width; unchanged where absent."""
    descriptor = parse(payload)
    if descriptor is None or descriptor.picture_id is None:
        return payload
    tl0_at = descriptor.tl0_at if descriptor.tl0_picture_index is not None else -1
    return shift_at(payload, descriptor.picture_id_at, picture_id_delta, tl0_at, tl0_delta)


def shift_at(payload: bytes, picture_id_at: int, picture_id: int, tl0_at: int, tl0: int) -> bytes:
    """Return the payload with the counters at two known places (-1: absent) moved on, modulo their width.

    The picture id is as wide as its first bit says. Raises ValueError where a place is not in the payload.
    """
    if picture_id_at < 0 and tl0_at < 0:
        return payload
    changed = bytearray(payload)
    try:
        if picture_id_at >= 0:
            if changed[picture_id_at] & 0x80:
                wide = changed[picture_id_at] << 8 | changed[picture_id_at + 1]
                value = (wide + picture_id) & 0x7FFF
                changed[picture_id_at] = 0x80 | value >> 8
                changed[picture_id_at + 1] = value & 0xFF
            else:
                changed[picture_id_at] = (changed[picture_id_at] + picture_id) & 0x7F
        if tl0_at >= 0:
            changed[tl0_at] = (changed[tl0_at] + tl0) & 0xFF
    except IndexError:
        raise ValueError(f"a payload of {len(payload)} bytes has no counter there") from None
    return bytes(changed)
