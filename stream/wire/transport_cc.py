"""The body of transport-wide congestion feedback: which packets arrived, and when.

draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1: one status for each transport-wide
sequence number, packed into two-byte chunks, then one arrival delta for each packet that came. The law:
`unpack(pack(arrivals))` gives the arrivals back, rounded down to 250 µs, at a cost that goes with what
arrived and not with the gaps: where numbers are common to all viewers, a message is mostly gaps. The RTCP
header around the body is `stream.wire.rtcp`'s; what a sender concludes from it is not known here.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from typing import Final

TICK_US: Final = 250
"""Resolution of an arrival delta, µs (section 3.1.5)."""

REFERENCE_US: Final = 64_000
"""Resolution of the reference time, µs (section 3.1)."""

MAX_STATUSES: Final = 4096
"""Most packets a written message speaks of, several seconds of any stream. The format allows 65,535, and
they are read: a reader keeps those that arrived, each of which has a delta in the message, and only those."""

MAX_ARRIVALS: Final = 180
"""Most arrivals written into one message: at two chunks and a large delta each, it stays under 1,200 B."""

_LOST, _SMALL, _LARGE = 0, 1, 2
_TICKS_PER_REFERENCE: Final = REFERENCE_US // TICK_US

_ONE_BIT: Final = tuple(tuple(place for place in range(7) if half >> 6 - place & 1) for half in range(128))
"""Which places of seven one-bit statuses arrived, by their bits; a vector chunk holds two such halves."""

_fixed = struct.Struct("!HHI")
_u16 = struct.Struct("!H")
_i16 = struct.Struct("!h")

_chunks = re.compile(
    rb"(?P<run>\x00{14,8191}|\x01{14,8191}|\x02{7,8191})"
    rb"|(?P<bits>[\x00\x01]{14}|[\x00\x01]{1,14}\Z)"
    rb"|(?P<pairs>[\x00-\x02]{1,7})"
)
"""Cuts a string of statuses into chunks: a run if it beats a vector, then 14 of one bit, then 7 of two."""


def pack(feedback_count: int, arrivals: Sequence[tuple[int, int]]) -> list[bytes]:
    """Write message bodies for arrivals `(unwrapped sequence number, time in µs)` sorted by sequence.

    Gaps are packets lost; of duplicates the first counts; times go round every 12 days. Normally one
    body; another is begun, with the next feedback count, where an arrival is too many, too far on or
    more than 8 s from the last one.
    """
    bodies: list[bytes] = []
    done = 0
    while done < len(arrivals):
        body, used = _pack_one(feedback_count + len(bodies), arrivals[done : done + MAX_ARRIVALS])
        bodies.append(body)
        done += used
    return bodies


def _pack_one(feedback_count: int, arrivals: Sequence[tuple[int, int]]) -> tuple[bytes, int]:
    """Write one body of as many arrivals as fit; also return how many that were, at least one."""
    base, first_us = arrivals[0]
    reference = first_us // REFERENCE_US
    tick = reference * _TICKS_PER_REFERENCE
    statuses = bytearray()
    deltas = bytearray()
    used = 0
    for sequence, time_us in arrivals:
        lost = sequence - base - len(statuses)
        delta = time_us // TICK_US - tick
        if sequence - base >= MAX_STATUSES or not -0x8000 <= delta <= 0x7FFF:
            break
        used += 1
        if lost < 0:
            continue
        statuses += bytes(lost)
        if 0 <= delta <= 0xFF:
            statuses.append(_SMALL)
            deltas.append(delta)
        else:
            statuses.append(_LARGE)
            deltas += _i16.pack(delta)
        tick += delta
    word = (reference & 0xFFFFFF) << 8 | feedback_count & 0xFF
    body = _fixed.pack(base & 0xFFFF, len(statuses), word) + _pack_statuses(statuses) + deltas
    return body + bytes(-len(body) & 3), used


def _pack_statuses(statuses: bytearray) -> bytes:
    """Write statuses as chunks (sections 3.1.3 and 3.1.4)."""
    chunks = bytearray()
    for match in _chunks.finditer(statuses):
        group = match[0]
        if match.lastgroup == "run":
            chunk = group[0] << 13 | len(group)
        else:
            width, slots, flags = (1, 14, 0x8000) if match.lastgroup == "bits" else (2, 7, 0xC000)
            chunk = 0
            for status in group:
                chunk = chunk << width | status
            chunk = flags | chunk << width * (slots - len(group))
        chunks += _u16.pack(chunk)
    return bytes(chunks)


def unpack(body: bytes) -> tuple[int, int, int, tuple[tuple[int, int], ...]]:
    """Read a body: base sequence number, reference time, feedback count and what arrived.

    The reference time is signed, in 64 ms. An arrival is a 16-bit sequence number and the µs since the
    packet received before it (the first: since the reference time); numbers that are not there were lost,
    or never sent to this receiver. Raises ValueError for bodies cut short and reserved statuses.
    """
    size = len(body)
    if size < 8:
        raise ValueError("feedback cut short")
    base, count, word = _fixed.unpack_from(body)
    reference = word >> 8
    if reference & 0x800000:
        reference -= 1 << 24
    numbers: list[int] = []
    large: set[int] | None = None
    offset, number, end = 8, base, base + count
    while number < end:
        if offset + 2 > size:
            raise ValueError("feedback cut short")
        chunk = body[offset] << 8 | body[offset + 1]
        offset += 2
        if chunk < 0x2000:
            number += chunk
        elif chunk < 0x8000:
            after = min(number + (chunk & 0x1FFF), end)
            if after - number > size:  # each has a delta, of at least a byte
                raise ValueError("feedback cut short")
            if chunk >= 0x6000:
                raise ValueError("reserved packet status")
            if chunk >= 0x4000:
                large = large or set()
                large.update(range(number, after))
            numbers.extend(range(number, after))
            number = after
        elif chunk < 0xC000:
            numbers += [number + place for place in _ONE_BIT[chunk >> 7 & 0x7F]]
            number += 7
            numbers += [number + place for place in _ONE_BIT[chunk & 0x7F]]
            number += 7
        else:
            for shift in range(12, -1, -2):
                status = chunk >> shift & 3
                if status and number < end:
                    if status == _LARGE:
                        large = large or set()
                        large.add(number)
                    elif status != _SMALL:
                        raise ValueError("reserved packet status")
                    numbers.append(number)
                number += 1
    while numbers and numbers[-1] >= end:  # spare bits of the last vector
        numbers.pop()
    if size - offset < len(numbers) + (len(large) if large else 0):
        raise ValueError("feedback cut short")
    if large is None:
        found = zip(numbers, body[offset:], strict=False)
        return base, reference, word & 0xFF, tuple([(n & 0xFFFF, d * TICK_US) for n, d in found])
    arrivals: list[tuple[int, int]] = []
    for number in numbers:
        if number in large:
            delta = (body[offset] << 8 | body[offset + 1]) - ((body[offset] & 0x80) << 9)
            offset += 2
        else:
            delta = body[offset]
            offset += 1
        arrivals.append((number & 0xFFFF, delta * TICK_US))
    return base, reference, word & 0xFF, tuple(arrivals)
