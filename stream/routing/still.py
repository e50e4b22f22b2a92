"""A still picture that every relay has: what stands in the stage's place while a slate is shown.

One VP8 key frame, made beforehand (`stream/clients/still_card.py`), sent again each second: 3 KB and three
packets a second for each viewer, no encoder, and any player shows it. The law: it is a publication like any
other, chosen by the plan under the key `stream.plan.STILL`; and it is there only while a plan names it. Pure.
"""

from __future__ import annotations

import secrets
from functools import cache
from pathlib import Path
from typing import Final

from stream.agreement import AgreedCodec, AgreedMedia
from stream.plan import STILL
from stream.routing.publication import Publication
from stream.wire import rtcp
from stream.wire.rtp import RtpPacket

INTERVAL: Final = 1.0
"""Seconds between two frames: often enough to count as live (2 s), seldom enough to cost nothing."""

_PAYLOAD: Final = 1100
"""Bytes of a packet's payload; see aiortc's encoder, which takes 1,300 with all headers."""

_CLOCK: Final = 90_000
_CODEC: Final = AgreedCodec("VP8", 96, None, _CLOCK, False, True, False, False, False, "")


class Still:
    """The still picture in one session: a publisher without a network."""

    def __init__(self, session: str) -> None:
        self.id = f"still of {session}"
        self._ssrc = secrets.randbelow(0xFFFFFFFE) + 1
        line = AgreedMedia("0", 0, "video", "recvonly", None, (_CODEC,), {}, self._ssrc, None, ())
        participant = STILL.partition("/")[0]
        self.publication = Publication(participant, "camera", self.id, (line,), key=STILL)
        self._sequence = secrets.randbelow(0x8000)
        self._picture = secrets.randbelow(0x8000)
        self._due = float("-inf")

    def send_rtcp(self, data: bytes) -> None:
        """Take what a publisher is told; who wants a key frame gets the next frame at once."""
        if any(isinstance(packet, rtcp.PictureLossIndication) for packet in rtcp.parse(data)):
            self._due = float("-inf")

    def due(self, now: float) -> list[RtpPacket]:
        """Return the packets to be routed now, none or those of a frame."""
        if now < self._due:
            return []
        self._due = now + INTERVAL
        self._picture = (self._picture + 1) & 0x7FFF
        pieces = _pieces()
        packets = []
        for place, piece in enumerate(pieces):
            # RFC 7741, section 4.2: X and, at the beginning, S; then I with a picture id of 15 bits.
            start = 0x10 if place == 0 else 0
            descriptor = bytes((0x80 | start, 0x80)) + (0x8000 | self._picture).to_bytes(2, "big")
            self._sequence = (self._sequence + 1) & 0xFFFF
            packets.append(
                RtpPacket(
                    _CODEC.payload_type,
                    self._sequence,
                    int(now * _CLOCK) & 0xFFFFFFFF,
                    self._ssrc,
                    place == len(pieces) - 1,
                    descriptor + piece,
                )
            )
        return packets


@cache
def _pieces() -> tuple[bytes, ...]:
    frame = Path(__file__).with_suffix(".vp8").read_bytes()
    return tuple(frame[at : at + _PAYLOAD] for at in range(0, len(frame), _PAYLOAD))
