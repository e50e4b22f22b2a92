"""One slot as one viewer gets it: its numbering, its start, its retransmissions.

Most viewers of a slot get the very same plaintext, and the router sends it to them together; what makes
a viewer differ is its `Shape`. A consumer has its own way only at its start, when it catches up from the
newest key frame, and for packets it lost. The law: one SRTP index stands for one plaintext, for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from stream.agreement import AgreedMedia, Extension
from stream.routing.packet_ring import SlotPacket
from stream.routing.slot import Slot
from stream.transport.fanout import PlainPacket
from stream.wire import rtcp, rtp
from stream.wire.sequence import extend

CATCH_UP_LIMIT = 150
"""Packets behind the head from which a joiner starts at once: some 0.6 s of 2 Mbit/s. Further behind,
a fresh key frame is quicker."""

PATIENCE = 0.5
"""Seconds a joiner waits for a fresh key frame; then it starts from however old a one is stored."""

RESTART_WINDOW = 2.0
"""Seconds after its start in which a viewer that asks for a picture gets the start again: Firefox drops
what arrives right after DTLS (browser-facts.md)."""

FRAME_STEP = 90
"""Timestamp units between two frames while catching up: 1 ms, so the decoder shows only the last."""

_INDEX_ROOM = 0x8000
"""First indices lie below this, so no rollover comes while the first packets may be lost
(RFC 3711, section 3.3.1)."""

RESEND_INTERVAL = 0.03
"""Seconds within which a second request for the same packet is a duplicate of the first."""

RESEND_RATE = 200.0
RESEND_BURST = 200.0
"""Retransmissions a viewer may ask for: packets a second, and at once."""


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
        if self.mid_id is not None:
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


class Consumer:
    """One viewer's share of one slot."""

    def __init__(self, slot: Slot, layout: Layout, now: float) -> None:
        self.slot = slot
        self.shape = Shape(layout, 0, 0)
        self.state: Literal["waiting", "catching_up", "live"] = "waiting"
        self.packets = 0
        self.octets = 0
        self.resent = 0
        self.refused_resends = 0
        self.round_trip: float | None = None
        """Seconds, from the viewer's newest report; None before it."""
        self.fraction_lost = 0.0
        self.lost = 0
        self._waiting_since = now
        self._started_at: float | None = None
        self._cursor = 0
        self._first_index = 0
        self._squashed: dict[int, int] = {}
        """Slot timestamp → timestamp sent, for the frames of the start."""
        self._rtx_index = 0
        self._resent_at: dict[int, float] = {}
        self._allowance = RESEND_BURST
        self._allowance_at = now

    @property
    def playable(self) -> bool:
        """Tell whether the viewer can play what the slot's source sends now."""
        source = self.slot.source or self.slot.wanted
        return source is None or self.shape.layout.payload_type(source.codec.name) is not None

    def begin(self, now: float) -> None:
        """Start, if the slot has something to start from."""
        if self.state != "waiting" or self.slot.source is None:
            return
        ring = self.slot.ring
        if self.slot.kind == "audio":
            self._number_from(ring.head + 1)
            self.state = "live"
            self._started_at = now
            return
        if ring.key_frame is None or not self.playable:
            return
        behind = ring.head - ring.key_frame
        if behind > CATCH_UP_LIMIT and now - self._waiting_since < PATIENCE:
            return
        self._number_from(ring.key_frame)
        frames = ring.frames_since_key()
        self._squash(frames, frames[-1] - FRAME_STEP * (len(frames) - 1))
        self._cursor = ring.key_frame
        self.state = "catching_up"
        self._started_at = now

    def _number_from(self, sequence: int) -> None:
        """Let the slot's `sequence` be an index below 2^15, the first this viewer sees."""
        self.shape = self.shape._replace(sequence_offset=-(sequence & ~(_INDEX_ROOM - 1)))
        self._first_index = sequence + self.shape.sequence_offset

    def _squash(self, frames: list[int], first: int) -> None:
        self._squashed = {
            timestamp: (first + FRAME_STEP * place) & 0xFFFFFFFF for place, timestamp in enumerate(frames)
        }

    def wants_key_frame(self) -> bool:
        """Tell whether a fresh key frame would help this viewer start."""
        return self.state == "waiting" and self.slot.kind == "video" and self.playable

    def picture_lost(self, now: float) -> bool:
        """Take a picture loss indication; True where the answer is a start from the ring again."""
        ring = self.slot.ring
        if (
            self.state != "live"
            or self._started_at is None
            or now - self._started_at > RESTART_WINDOW
            or ring.key_frame is None
            or ring.head - ring.key_frame > CATCH_UP_LIMIT
        ):
            return False
        frames = ring.frames_since_key()
        last_index = ring.head + self.shape.sequence_offset
        next_timestamp = frames[-1] + self.shape.timestamp_offset + FRAME_STEP
        offset = next_timestamp + FRAME_STEP * (len(frames) - 1) - frames[-1]
        self.shape = Shape(self.shape.layout, last_index + 1 - ring.key_frame, offset)
        self._first_index = last_index + 1
        self._squash(frames, next_timestamp)
        self._cursor = ring.key_frame
        self.state = "catching_up"
        return True

    def catch_up(self, most: int) -> list[PlainPacket]:
        """Return the next packets of the start, at most so many; the last ones make the viewer live."""
        ring = self.slot.ring
        out: list[PlainPacket] = []
        while self._cursor <= ring.head and len(out) < most:
            packet = ring.get(self._cursor)
            self._cursor += 1
            plain = self.shape.packet(packet, self._squashed.get(packet.timestamp)) if packet else None
            if plain is not None:
                out.append(plain)
                self.packets += 1
                self.octets += len(plain.payload)
        if self._cursor > ring.head:
            self.state = "live"
        return out

    def resend(self, sequences: tuple[int, ...], now: float) -> list[PlainPacket]:
        """Return what a NACK asks for, as RTX where agreed (RFC 4588), as it was sent otherwise."""
        self._allowance = min(RESEND_BURST, self._allowance + RESEND_RATE * (now - self._allowance_at))
        self._allowance_at = now
        newest = self.slot.ring.head + self.shape.sequence_offset
        out: list[PlainPacket] = []
        for number in sequences:
            index = extend(number, newest)
            asked = self._resent_at.get(index, float("-inf"))
            packet = self.slot.ring.get(index - self.shape.sequence_offset)
            too_soon = now - asked < max(RESEND_INTERVAL, self.round_trip or 0.0)
            if packet is None or index < self._first_index or self._allowance < 1 or too_soon:
                self.refused_resends += 1
                continue
            squashed = self._squashed.get(packet.timestamp)
            types = self.shape.layout.payload_type(packet.codec)
            plain = self.shape.packet(packet, squashed)
            if plain is None or types is None or (types[1] is None and squashed is not None):
                self.refused_resends += 1  # without RTX, only what certainly went out in this form
                continue
            self._allowance -= 1
            self._resent_at[index] = now
            self.resent += 1
            out.append(plain if types[1] is None else self._as_rtx(plain, packet, types[1]))
        if len(self._resent_at) > 512:
            self._resent_at = {i: at for i, at in self._resent_at.items() if now - at < 1.0}
        return out

    def _as_rtx(self, plain: PlainPacket, packet: SlotPacket, payload_type: int) -> PlainPacket:
        layout = self.shape.layout
        index, self._rtx_index = self._rtx_index, self._rtx_index + 1
        header = rtp.pack_header(
            payload_type=payload_type,
            sequence=index,
            timestamp=int.from_bytes(plain.header[4:8], "big"),
            ssrc=layout.rtx_ssrc,
            marker=packet.marker,
            extension_block=layout.extension_block(packet),
        )
        payload = (plain.srtp_index & 0xFFFF).to_bytes(2, "big") + packet.payload
        return PlainPacket(header, payload, layout.rtx_ssrc, index)

    def sender_report(self, unix: float) -> bytes:
        """Return a sender report with its CNAME for the wall clock `unix`, seconds; nothing to report: b"".

        It is the publisher's own, moved to the slot's timestamps and this viewer's (RFC 3550, 6.4.1).
        """
        timestamp = self.slot.timestamp_at(unix)
        if timestamp is None or not self.packets:
            return b""
        ssrc = self.slot.ssrc
        timestamp = (timestamp + self.shape.timestamp_offset) & 0xFFFFFFFF
        return rtcp.pack_sender_report(
            ssrc,
            rtcp.ntp_from_unix(unix),
            timestamp,
            self.packets & 0xFFFFFFFF,
            self.octets & 0xFFFFFFFF,
        ) + rtcp.pack_sdes_cname(ssrc, "stage")

    def report(self, block: rtcp.ReportBlock, ntp_now: int) -> None:
        """Take a viewer's report block on this slot; `ntp_now` is the relay's, compact (32 bits)."""
        self.fraction_lost = block.fraction_lost / 256
        self.lost = block.lost
        if block.last_sr:
            trip = (ntp_now - block.last_sr - block.delay_since_last_sr) & 0xFFFFFFFF
            if trip < 10 << 16:
                self.round_trip = trip / 65536
