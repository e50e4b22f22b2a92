"""A viewer that looks inside: decrypts every packet, compares it with what was sent, and decodes pictures.

The laws: a payload is right when it is the publisher's, byte for byte, but for the numbers a relay may
rewrite in the VP8 descriptor. What nobody published is accused at once; what was published, but under another
number, only once it is sure that the numbers were told apart rightly. It must not know how they were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

import av

from stream.bench.feed import Kind
from stream.bench.sent_log import Payloads
from stream.transport.srtp import Srtp, SrtpError
from stream.wire import rtp, vp8

_CLEAR_PICTURE_ID: Final = (0x8000).to_bytes(2, "big")

SURE_AFTER: Final = 6
"""Frames that must go on as told before a packet under another one's number is held against the server."""

_LOOKED_THROUGH: Final = 4_000
"""Packets of the publisher's that are looked through for one: more than a relay's ring has of 2 Mbit/s."""


class Inspector:
    """Opens one viewer's packets; `counters` has what it found.

    That is verified, differing, mistaken (for another packet, by whoever told which it was), unsettled (one
    of the two, which will show), unreadable, pictures, undecodable.
    """

    def __init__(self, srtp: Srtp, published: Mapping[Kind, Payloads], *, decodes: bool) -> None:
        """`published` are all payloads sent so far, and grows."""
        self.counters: Counter[str] = Counter()
        self._srtp = srtp
        self._published = published
        self._suspects: dict[Kind, _Suspects] = {}
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
            self._compare(kind, packet.timestamp, _plain(kind, payload), _plain(kind, sent))
        if kind == "video" and self._decoder is not None and payload:
            self._collect(payload, packet.sequence, marker=packet.marker)

    def _compare(self, kind: Kind, timestamp: int, payload: bytes, sent: bytes) -> None:
        suspects = self._suspects.get(kind)
        if suspects is not None and suspects.sure(timestamp):
            self._settle(kind, "differing")
        if payload == sent:
            self.counters["verified"] += 1
        elif not any(_plain(kind, one) == payload for one in self._published[kind].newest(_LOOKED_THROUGH)):
            self.counters["differing"] += 1
        else:
            self._suspects.setdefault(kind, _Suspects(timestamp)).packets += 1
            self.counters["unsettled"] += 1

    def lose_track(self, kind: Kind) -> None:
        """Take note that what was told of the newest packets of a kind may have been wrong."""
        self._settle(kind, "mistaken")

    def _settle(self, kind: Kind, found: str) -> None:
        suspects = self._suspects.pop(kind, None)
        if suspects is not None:
            self.counters[found] += suspects.packets
            self.counters["unsettled"] -= suspects.packets
            self.counters += Counter()  # what is settled is none

    def _collect(self, payload: bytes, sequence: int, *, marker: bool) -> None:
        found = vp8.parse(payload)
        if found is None:
            return
        if found.starts_frame:
            self._frame.clear()  # a start passes over the rest of a frame where a newer key frame has come
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


class _Suspects:
    """Packets that came under another one's number, if the numbers were told apart rightly."""

    def __init__(self, timestamp: int) -> None:
        self.packets = 0
        self._timestamp = timestamp
        self._frames = 0

    def sure(self, timestamp: int) -> bool:
        """Take the timestamp of a packet that was told to be the next; tell whether it is sure by now."""
        if timestamp != self._timestamp:
            self._timestamp = timestamp
            self._frames += 1
        return self._frames >= SURE_AFTER


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
