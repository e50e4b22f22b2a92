"""A viewer that looks inside: decrypts every packet, compares it with what was sent, and decodes pictures.

The law: a payload is right when it is the publisher's, byte for byte, but for the numbers a relay may
rewrite in the VP8 descriptor. It must not know how a packet was told to be which.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

import av

from stream.bench.feed import Kind
from stream.transport.srtp import Srtp, SrtpError
from stream.wire import rtp, vp8

_CLEAR_PICTURE_ID: Final = (0x8000).to_bytes(2, "big")


class Inspector:
    """Opens one viewer's packets; `counters` has verified, differing, unreadable, pictures, undecodable."""

    def __init__(self, srtp: Srtp, *, decodes: bool) -> None:
        self.counters: Counter[str] = Counter()
        self._srtp = srtp
        self._decoder = av.CodecContext.create("vp8", "r") if decodes else None
        self._frame = bytearray()
        self._next: int | None = None
        """The number that goes on with the picture in hand; None until a key frame begins."""

    def take(self, kind: Kind, data: bytes, sent: bytes | None) -> None:
        """Take a protected packet, and the payload it should have where that is known."""
        try:
            length = rtp.header_length(data)
            packet = rtp.parse_header(data, length)
            payload = rtp.strip_padding(data[0], self._srtp.unprotect(data, length))
        except (rtp.RtpError, SrtpError) as error:
            self.counters[f"unreadable_{error.reason}"] += 1
            return
        if sent is not None:
            same = _plain(kind, payload) == _plain(kind, sent)
            self.counters["verified" if same else "differing"] += 1
        if kind == "video" and self._decoder is not None and payload:
            self._collect(payload, packet.sequence, marker=packet.marker)

    def _collect(self, payload: bytes, sequence: int, *, marker: bool) -> None:
        found = vp8.parse(payload)
        if found is None:
            return
        if sequence != self._next:
            self._frame.clear()
            if not found.starts_key_frame:
                self._next = None
                return
        self._next = (sequence + 1) & 0xFFFF
        self._frame += payload[_descriptor_length(payload) :]
        if marker:
            self._decode(bytes(self._frame))
            self._frame.clear()

    def _decode(self, data: bytes) -> None:
        assert isinstance(self._decoder, av.VideoCodecContext), "only who decodes collects"
        try:
            self.counters["pictures"] += len(self._decoder.decode(av.Packet(data)))
        except av.FFmpegError:
            self.counters["undecodable"] += 1


def _descriptor_length(payload: bytes) -> int:
    """Return the length of the VP8 payload descriptor, bytes (RFC 7741, section 4.2)."""
    if not payload[0] & 0x80:
        return 1
    flags, length = payload[1], 2
    if flags & 0x80:
        length += 2 if payload[2] & 0x80 else 1
    return length + bool(flags & 0x40) + bool(flags & 0x30)


def _plain(kind: Kind, payload: bytes) -> bytes:
    """Return a payload without the picture id, which a relay may move on."""
    if kind == "audio" or not payload:
        return payload
    found = vp8.parse(payload)
    if found is None or found.picture_id is None or not found.picture_id_wide:
        return payload
    at = found.picture_id_at
    return payload[:at] + _CLEAR_PICTURE_ID + payload[at + 2 :]
