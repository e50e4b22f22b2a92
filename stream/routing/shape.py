"""What a slot's packets become for a viewer: the header that its answer agreed on, and its numbering.

Viewers of equal shape get the very same bytes in the clear, so a burst is made once for all of them. The
law: a shape makes one plaintext of one packet, unless told another timestamp. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from stream.agreement import AgreedMedia, Extension
from stream.routing.packet_ring import SlotPacket
from stream.routing.slot import Slot
from stream.transport.fanout import PlainPacket
from stream.wire import rtp


@dataclass(frozen=True)
class Layout:
    """How a viewer wants a slot's packets to look: what its answer agreed on."""

    mid: str
    ssrc: int
    rtx_ssrc: int
    payload_types: tuple[tuple[str, int, int | None], ...]
    """Codec name, payload type, RTX payload type."""
    mid_id: int | None
    abs_send_time_id: int | None
    audio_level_id: int | None
    playout_delay_id: int | None

    @classmethod
    def of(cls, media: AgreedMedia, slot: Slot) -> Layout:
        """Return the layout of one agreed line, for the slot it shows."""
        ids = media.extensions
        return cls(
            mid=media.mid,
            ssrc=slot.ssrc,
            rtx_ssrc=slot.rtx_ssrc,
            payload_types=tuple((c.name, c.payload_type, c.rtx_payload_type) for c in media.codecs),
            mid_id=ids.get(Extension.MID),
            abs_send_time_id=ids.get(Extension.ABS_SEND_TIME),
            audio_level_id=ids.get(Extension.AUDIO_LEVEL),
            playout_delay_id=ids.get(Extension.PLAYOUT_DELAY),
        )

    def payload_type(self, codec: str) -> tuple[int, int | None] | None:
        """Return payload type and RTX payload type of a codec; None where the viewer cannot play it."""
        for name, payload_type, rtx_payload_type in self.payload_types:
            if name == codec:
                return payload_type, rtx_payload_type
        return None

    def extension_block(self, packet: SlotPacket) -> bytes:
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
        return rtp.pack_extensions(values)


class Shape(NamedTuple):
    """What a slot's packets become: alike for all viewers that share it."""

    layout: Layout
    sequence_offset: int
    timestamp_offset: int

    def packet(self, packet: SlotPacket, timestamp: int | None = None) -> PlainPacket | None:
        """Return the packet in this shape; None where it cannot be played or lies before the start."""
        types = self.layout.payload_type(packet.codec)
        index = packet.sequence + self.sequence_offset
        if types is None or index < 0:
            return None
        header = rtp.pack_header(
            payload_type=types[0],
            sequence=index,
            timestamp=packet.timestamp + self.timestamp_offset if timestamp is None else timestamp,
            ssrc=self.layout.ssrc,
            marker=packet.marker,
            padded=packet.padding > 0,
            extension_block=self.layout.extension_block(packet),
        )
        return PlainPacket(header, rtp.pad(packet.payload, packet.padding), self.layout.ssrc, index)
