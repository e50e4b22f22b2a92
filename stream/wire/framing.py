"""Datagrams on a byte stream: each behind two bytes that say how long it is (RFC 4571, section 2).

The law: what is kept between two reads is less than one frame, whatever a stranger claims; a length that
no datagram of ours has ends the stream, for nobody can say where the next frame starts. It must not know
what a datagram holds.
"""

from __future__ import annotations

from typing import Final

MAX_FRAME: Final = 1500
"""Longest frame taken, bytes: as long as the longest datagram, an Ethernet frame."""

_PREFIX: Final = 2


class FramingError(ValueError):
    """A stream that cannot be read on. `reason` is a short name to count by."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def frame(datagram: bytes) -> bytes:
    """Put the length before a datagram of at most 65,535 bytes. Raises OverflowError beyond."""
    return len(datagram).to_bytes(_PREFIX, "big") + datagram


class Deframer:
    """Cuts one stream into its datagrams."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def waiting(self) -> int:
        """Bytes kept of a frame whose end has not come."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read, and return the datagrams that are whole now; an empty one is one too.

        Raises FramingError (`frame_too_long`); the stream is of no use from then on.
        """
        if self._rest:
            data = self._rest + data
        found: list[bytes] = []
        offset, size = 0, len(data)
        while size - offset >= _PREFIX:
            start = offset + _PREFIX
            end = start + (data[offset] << 8 | data[offset + 1])
            if end - start > MAX_FRAME:
                raise FramingError("frame_too_long")
            if end > size:
                break
            found.append(data[start:end])
            offset = end
        self._rest = data[offset:]
        return found
