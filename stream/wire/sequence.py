"""Sequence numbers and timestamps that wrap, made whole numbers that do not.

The law: an extended number never jumps by half a cycle or more from its reference. Pure.
"""

from __future__ import annotations


def extend(value: int, reference: int, bits: int = 16) -> int:
    """Return the whole number congruent to `value` that lies nearest `reference`.

    `bits` is the width of the wire field (16 for RTP sequence numbers, 32 for timestamps). May be
    negative when the reference is near zero (RFC 3550, appendix A.1).
    """
    cycle = 1 << bits
    half = cycle >> 1
    return reference + ((value - reference + half) & (cycle - 1)) - half
