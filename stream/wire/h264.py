"""H264 payloads: does a key frame start here? (RFC 6184, sections 5.4 to 5.8). Pure."""

from __future__ import annotations

_IDR = 5
_SPS = 7
_STAP_A = 24
_FU_A = 28


def starts_key_frame(payload: bytes) -> bool:
    """Tell whether a decoder could start at this packet: parameter sets, or an IDR slice's first part.

    Parameter sets and the slice that follows share a timestamp; the caller takes the first of them.
    """
    if not payload:
        return False
    kind = payload[0] & 0x1F
    if kind == _FU_A:
        return len(payload) > 1 and bool(payload[1] & 0x80) and payload[1] & 0x1F == _IDR
    if kind == _STAP_A:
        position = 1
        while position + 2 < len(payload):
            if payload[position + 2] & 0x1F in (_IDR, _SPS):
                return True
            position += 2 + int.from_bytes(payload[position : position + 2], "big")
        return False
    return kind in (_IDR, _SPS)
