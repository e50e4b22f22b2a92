"""Redundant sound: Opus packets that carry the ones before them again (RFC 2198).

A payload is a list of block headers, the blocks, and last the *primary*, which is what the packet would be
without redundancy. The law: a payload that is not whole is None, whatever the bytes. Nothing is decoded.
"""

from __future__ import annotations

from typing import NamedTuple

_MORE = 0x80
_HEADER = 4
"""Octets of the header of a redundant block: F, type, 14 bits of time, 10 of length; the last is 1 octet."""

_MOST_BLOCKS = 8


class Redundant(NamedTuple):
    """Where things are in a payload: its primary, and how many redundant blocks are before that."""

    primary_at: int
    blocks: int


def parse(payload: bytes, block_type: int) -> Redundant | None:
    """Find the primary among blocks that are all of one payload type; None where that is not what it is."""
    at = blocks = redundant = 0
    while blocks <= _MOST_BLOCKS and at < len(payload) and payload[at] & 0x7F == block_type:
        if not payload[at] & _MORE:
            primary_at = at + 1 + redundant
            return Redundant(primary_at, blocks) if primary_at < len(payload) else None
        if at + _HEADER > len(payload):
            return None
        redundant += int.from_bytes(payload[at + 2 : at + 4], "big") & 0x3FF
        at += _HEADER
        blocks += 1
    return None


def retyped(payload: bytes, found: Redundant, block_type: int) -> bytes:
    """Return the payload with its blocks under another payload type."""
    if payload[0] & 0x7F == block_type:
        return payload
    changed = bytearray(payload)
    for block in range(found.blocks + 1):
        changed[block * _HEADER] = changed[block * _HEADER] & _MORE | block_type
    return bytes(changed)
