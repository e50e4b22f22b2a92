"""A place on stage: one outgoing RTP stream that different producers fill in turn.

The law: what viewers get is one unbroken stream. Sequence numbers go on by one, timestamps by the time
that passed, whoever fills the slot; a picture changes on a key frame only, and the old one goes on until
it has come. Everything here is common to all viewers of the slot; what is one viewer's is in consumer.py.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Literal

from stream.routing.packet_ring import PacketRing, SlotPacket
from stream.routing.producer import MediaPacket, Producer
from stream.wire import rtp, vp8
from stream.wire.sequence import extend

Kind = Literal["audio", "video"]

CLOCK_RATE: dict[Kind, int] = {"video": 90_000, "audio": 48_000}
"""RTP clock of the codecs carried, Hz (RFC 7741, 6184: 90 kHz; RFC 7587: 48 kHz)."""

RING_PACKETS: dict[Kind, int] = {"video": 2048, "audio": 128}
"""Packets kept: some 8 s of 2 Mbit/s video, 2.5 s of sound."""

_FIRST_SEQUENCE = 1
_MOST_PADDED = 20


@dataclass(slots=True)
class _Counters:
    """Where the outgoing VP8 counters stand, and how far the current source is moved."""

    picture_id: int | None = None
    tl0: int | None = None
    picture_id_delta: int = 0
    tl0_delta: int = 0


class Slot:
    """One slot of one feed."""

    def __init__(self, name: str, kind: Kind) -> None:
        self.name = name
        self.kind: Kind = kind
        self.clock_rate = CLOCK_RATE[kind]
        self.ssrc = secrets.randbelow(0xFFFFFFFE) + 1
        self.rtx_ssrc = secrets.randbelow(0xFFFFFFFE) + 1
        self.ring = PacketRing(RING_PACKETS[kind])
        self.burst: list[SlotPacket] = []
        """What came since the last flush, in order of arrival."""
        self.source: Producer | None = None
        self.wanted: Producer | None = None
        self.switches = 0
        self.dropped_before_switch = 0
        self.timestamp_offset = 0
        """What is added to the source's timestamps, modulo 2^32."""
        self._sequence_offset = 0
        self._first = _FIRST_SEQUENCE
        self._last_timestamp = secrets.randbits(32)
        self._last_at = float("-inf")
        self._counters = _Counters()

    def want(self, producer: Producer | None) -> None:
        """Name who should fill the slot. None: nobody; the stream pauses, its last picture stands."""
        if producer is self.wanted:
            return
        self.wanted = producer
        if producer is None:
            self.source = None
        elif producer is not self.source and self.kind == "video":
            producer.keyframes.want()

    def take(self, producer: Producer, media: MediaPacket, now: float) -> None:
        """Offer a producer's packet; it joins the burst if the producer fills the slot."""
        if producer is not self.source:
            if producer is not self.wanted or (self.kind == "video" and not media.key_frame):
                return
            self._switch(producer, media, now)
        sequence = media.sequence + self._sequence_offset
        if sequence < self._first:
            self.dropped_before_switch += 1
            return
        payload = media.payload
        if media.codec == "VP8":
            payload = self._renumber(payload)
        packet = SlotPacket(
            sequence=sequence,
            timestamp=(media.timestamp + self.timestamp_offset) & 0xFFFFFFFF,
            marker=media.marker,
            codec=media.codec,
            payload=payload,
            key_frame=media.key_frame,
            audio_level=media.audio_level,
            playout_delay=media.playout_delay,
        )
        is_newest = sequence > self.ring.head
        if self.ring.put(packet):
            self.burst.append(packet)
            if is_newest:
                self._last_timestamp, self._last_at = packet.timestamp, now

    def _switch(self, producer: Producer, media: MediaPacket, now: float) -> None:
        """Join the producer's numbering to the slot's, so that viewers see one stream go on."""
        first = max(self.ring.head + 1, _FIRST_SEQUENCE)
        elapsed = min(max(now - self._last_at, 0.001), 3600.0) if self.ring.head >= 0 else 0.0
        timestamp = self._last_timestamp + round(elapsed * self.clock_rate)
        self._sequence_offset = first - media.sequence
        self.timestamp_offset = (timestamp - media.timestamp) & 0xFFFFFFFF
        self._first = first
        self.source = producer
        self.switches += 1
        counters = self._counters
        descriptor = vp8.parse(media.payload) if media.codec == "VP8" else None
        if descriptor is not None and descriptor.picture_id is not None:
            if counters.picture_id is not None:
                counters.picture_id_delta = counters.picture_id + 1 - descriptor.picture_id
            if counters.tl0 is not None and descriptor.tl0_picture_index is not None:
                counters.tl0_delta = counters.tl0 + 1 - descriptor.tl0_picture_index

    def _renumber(self, payload: bytes) -> bytes:
        """Move the VP8 counters by the switch's deltas and remember how far they got."""
        counters = self._counters
        if counters.picture_id_delta or counters.tl0_delta:
            payload = vp8.shift(payload, counters.picture_id_delta, counters.tl0_delta)
        descriptor = vp8.parse(payload)
        if descriptor is not None and descriptor.picture_id is not None:
            bits = 15 if descriptor.picture_id_wide else 7
            counters.picture_id = _newest(descriptor.picture_id, counters.picture_id, bits)
            if descriptor.tl0_picture_index is not None:
                counters.tl0 = _newest(descriptor.tl0_picture_index, counters.tl0, 8)
        return payload

    def timestamp_at(self, unix: float) -> int | None:
        """Return the slot's RTP timestamp at a moment of the relay's wall clock; None while unknown."""
        source = self.source
        if source is None or source.clock_point is None:
            return None
        return (source.clock.timestamp_at(source.clock_point, unix) + self.timestamp_offset) & 0xFFFFFFFF

    def close_burst(self, now: float) -> list[SlotPacket]:
        """Take the burst: stamped with its send time and padded, so that it goes out as equal segments."""
        burst, self.burst = self.burst, []
        stamp = (int(now * (1 << 18)) & 0xFFFFFF).to_bytes(3, "big")
        for packet in burst:
            packet.abs_send_time = stamp
            packet.closed = True
        if self.kind == "video":
            _equalise(burst)
        return burst


def _newest(value: int, reference: int | None, bits: int) -> int:
    """Return the later of two counters `bits` wide."""
    if reference is None:
        return value
    return max(extend(value, reference, bits), reference) & ((1 << bits) - 1)


def _equalise(burst: list[SlotPacket]) -> None:
    """Pad runs of packets to one length; the last of a burst may be shorter (UDP GSO, performance.md)."""
    for start in range(0, len(burst), _MOST_PADDED):
        run = burst[start : start + _MOST_PADDED]
        longest = max(len(packet.payload) for packet in run)
        for packet in run[:-1]:
            missing = longest - len(packet.payload)
            if 0 < missing <= rtp.MAX_PADDING:
                packet.padding = missing
