"""What a track's packets become for viewers: the header that their answer agreed on.

Viewers of equal layout that follow one track under one temporal limit get the very same bytes in the clear,
but for numbers that the fan-out moves on for each. The law: a layout makes one plaintext of one packet,
unless told another timestamp. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from stream.agreement import AgreedMedia, Extension
from stream.routing.packet_ring import FULL, StoredPacket
from stream.routing.slot import Slot
from stream.routing.track import Track
from stream.transport.fanout import Numbering, PlainPacket
from stream.wire import red, rtp, vp8

WIRE_OVERHEAD = 44
"""Octets that a plain packet gains on the wire: tag 16 (RFC 7714), UDP 8, IPv4 20."""

_HOLLOW = b"\x01"
"""A payload of padding alone (RFC 3550, section 5.1)."""


class Layout(NamedTuple):
    """How a viewer wants a slot's packets to look: what its answer agreed on."""

    mid: str
    ssrc: int
    rtx_ssrc: int
    payload_types: tuple[tuple[str, int, int | None], ...]
    """Codec name, payload type, RTX payload type."""
    red_type: int | None
    """Payload type of Opus with redundancy."""
    mid_id: int | None
    abs_send_time_id: int | None
    audio_level_id: int | None
    playout_delay_id: int | None
    transport_cc_id: int | None

    @classmethod
    def of(cls, media: AgreedMedia, slot: Slot) -> Layout:
        """Return the layout of one agreed line, for the slot it shows."""
        ids = media.extensions
        return cls(
            mid=media.mid,
            ssrc=slot.ssrc,
            rtx_ssrc=slot.rtx_ssrc,
            payload_types=tuple((c.name, c.payload_type, c.rtx_payload_type) for c in media.codecs),
            red_type=next((c.red_payload_type for c in media.codecs if c.red_payload_type), None),
            mid_id=ids.get(Extension.MID),
            abs_send_time_id=ids.get(Extension.ABS_SEND_TIME),
            audio_level_id=ids.get(Extension.AUDIO_LEVEL),
            playout_delay_id=ids.get(Extension.PLAYOUT_DELAY),
            transport_cc_id=ids.get(Extension.TRANSPORT_CC),
        )

    def payload_type(self, codec: str) -> tuple[int, int | None] | None:
        """Return payload type and RTX payload type of a codec; None where the viewer cannot play it."""
        for name, payload_type, rtx_payload_type in self.payload_types:
            if name == codec:
                return payload_type, rtx_payload_type
        return None

    @property
    def probed_by(self) -> int | None:
        """The payload type that probes and repetitions go under; None without RTX."""
        return next((rtx for _, _, rtx in self.payload_types if rtx is not None), None)

    def extra_block(self, now: float, number: int | None = None) -> bytes:
        """Return the header extensions of a packet beside the stream, which leaves now; `number` marks it."""
        values: dict[int, bytes] = {}
        if self.mid_id is not None and self.mid:
            values[self.mid_id] = self.mid.encode()
        if self.abs_send_time_id is not None:
            values[self.abs_send_time_id] = rtp.abs_send_time(now)
        if number is not None and self.transport_cc_id is not None:
            values[self.transport_cc_id] = (number & 0xFFFF).to_bytes(2, "big")
        return rtp.pack_extensions(values)

    def extension_block(self, packet: StoredPacket, *, marked: bool = True) -> bytes:
        """Return the header extensions of a packet, under this viewer's ids."""
        values: dict[int, bytes] = {}
        if self.mid_id is not None and self.mid:
            values[self.mid_id] = self.mid.encode()
        if self.abs_send_time_id is not None:
            values[self.abs_send_time_id] = packet.abs_send_time
        if self.audio_level_id is not None and packet.audio_level is not None:
            values[self.audio_level_id] = packet.audio_level
        if self.playout_delay_id is not None and packet.playout_delay is not None:
            values[self.playout_delay_id] = packet.playout_delay
        if marked and self.transport_cc_id is not None and packet.transport_number is not None:
            values[self.transport_cc_id] = (packet.transport_number & 0xFFFF).to_bytes(2, "big")
        return rtp.pack_extensions(values)

    def plain(
        self, packet: StoredPacket, limit: int, lane: int = 0, hurried: int | None = None
    ) -> PlainPacket | None:
        """Return the packet under its own numbers; None where it cannot be played, or is dropped.

        `hurried` is a timestamp in place of its own: of a start drawn from the ring, which is no mark.
        """
        types = self.payload_type(packet.codec)
        number = packet.number(limit)
        if types is None or number is None:
            return None
        hollow = limit < FULL and packet.hollow(limit)
        payload_type, payload = types[0], packet.payload
        if packet.redundant is not None:
            if self.red_type is None:
                payload = payload[packet.redundant.primary_at :]
            else:
                payload_type, payload = self.red_type, red.retyped(payload, packet.redundant, payload_type)
        header = rtp.pack_header(
            payload_type=payload_type,
            sequence=number,
            timestamp=packet.timestamp if hurried is None else hurried,
            ssrc=self.ssrc,
            marker=packet.marker and not hollow,
            padded=packet.padding > 0 or hollow,
            extension_block=self.extension_block(packet, marked=hurried is None),
        )
        if hollow:
            return PlainPacket(header, _HOLLOW, self.ssrc, number, lane)
        if limit < FULL and packet.dropped_pictures[limit]:
            payload = vp8.shift_at(payload, packet.picture_id_at, -packet.dropped_pictures[limit], -1, 0)
        payload = rtp.pad(payload, packet.padding)
        return PlainPacket(header, payload, self.ssrc, number, lane, packet.picture_id_at, packet.tl0_at)


def numbered(plain: PlainPacket, numbering: Numbering) -> PlainPacket:
    """Return a packet under one viewer's numbers, as the fan-out would make it."""
    index = plain.srtp_index + numbering.index
    header = rtp.renumber(plain.header, index & 0xFFFF, numbering.timestamp)
    payload = vp8.shift_at(
        plain.payload, plain.picture_id_at, numbering.picture_id, plain.tl0_at, numbering.tl0
    )
    return PlainPacket(header, payload, plain.ssrc, index)


class Shaped(NamedTuple):
    """A track's burst in one shape."""

    packets: list[StoredPacket]
    """As stored, those that are not dropped."""

    plain: list[PlainPacket]
    """The same, at the same places, as written."""

    lowest: int
    """The lowest number among them."""

    octets: int
    """Payload octets, for sender reports."""

    wire: int
    """Octets on the wire."""

    marks: tuple[int, ...]
    """The transport-wide numbers among them."""


def shaped(layout: Layout, packets: list[StoredPacket], limit: int, lane: int) -> Shaped:
    """Write packets once for all viewers of one layout and limit."""
    stored: list[StoredPacket] = []
    plain: list[PlainPacket] = []
    octets = wire = 0
    for packet in packets:
        made = layout.plain(packet, limit, lane)
        if made is not None:
            stored.append(packet)
            plain.append(made)
            octets += len(made.payload)
            wire += len(made.header) + WIRE_OVERHEAD
    marks = tuple(p.transport_number for p in stored if p.transport_number is not None)
    lowest = min((made.srtp_index for made in plain), default=0)
    return Shaped(stored, plain, lowest, octets, wire + octets, marks)


class Shapes:
    """What came in one turn, written at most once in each shape."""

    def __init__(self, arrived: Mapping[Track, list[StoredPacket]]) -> None:
        self._arrived = arrived
        self._made: dict[tuple[Layout, Track, int, int], Shaped] = {}

    def of(self, layout: Layout, track: Track, limit: int, lane: int) -> Shaped | None:
        """Return a track's burst in a shape; None where nothing came of it."""
        packets = self._arrived.get(track)
        if packets is None:
            return None
        key = (layout, track, limit, lane)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = shaped(layout, packets, limit, lane)
        return made
