"""One slot as one viewer gets it: its numbering, its start, its retransmissions.

Most viewers of a slot get the very same plaintext, and the router sends it to them together; what makes
a viewer differ is its `Shape`. A consumer has its own way only at its start, when it catches up from the
newest key frame, and for packets it lost. The law: one SRTP index stands for one plaintext, for ever.
"""

from __future__ import annotations

from typing import Literal

from stream.routing.packet_ring import SlotPacket
from stream.routing.shape import Layout, Shape
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

HURRY = 32
"""How many times faster than life a start runs by its timestamps: a frame in 1 ms, so that the decoder
shows only the last. Frames must lie as many timestamp units apart, 0.4 ms, to stay apart."""

FRAME_GAP = 90
"""Timestamp units between the last frame sent and the first of a start repeated: 1 ms."""

_INDEX_ROOM = 0x8000
"""First indices lie below this, so no rollover comes while the first packets may be lost
(RFC 3711, section 3.3.1)."""

RESEND_INTERVAL = 0.03
"""Seconds within which a second request for the same packet is a duplicate of the first."""

MOST_ASKED = 512
"""Sequence numbers looked at in one NACK; a datagram could name 6,000."""

RESEND_RATE = 200.0
RESEND_BURST = 200.0
"""Retransmissions a viewer may ask for: packets a second, and at once."""


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
        """The slot's sequence number that comes next, while catching up."""
        self._first_index = 0
        """Where this start begins; what lies before is never sent under the present shape."""
        self._resume_at: int | None = None
        """The index to go on with after a pause; None before the first start."""
        self._anchor = 0
        """The newest timestamp of the slot when the start began: the one that is sent as it is."""
        self.live_from = 0
        """The slot's sequence number from which packets are sent as all viewers of the shape get them."""
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
        if self.state != "waiting" or self.slot.source is None or not self.playable:
            return
        ring = self.slot.ring
        if self.slot.kind == "audio":
            self._start(ring.head + 1, now)
            return
        if ring.key_frame is None:
            return
        behind = ring.head - ring.key_frame
        if behind > CATCH_UP_LIMIT and now - self._waiting_since < PATIENCE:
            return
        self._start(ring.key_frame, now)

    def _start(self, sequence: int, now: float) -> None:
        """Begin at the slot's `sequence`: below index 2^15 the first time, going on after a pause."""
        index = sequence & (_INDEX_ROOM - 1) if self._resume_at is None else self._resume_at
        self._draw_from(sequence, index, self.shape.timestamp_offset)
        self._started_at = now

    def _draw_from(self, sequence: int, index: int, timestamp_offset: int) -> None:
        ring = self.slot.ring
        self.shape = Shape(self.shape.layout, index - sequence, timestamp_offset)
        self._first_index = index
        self._cursor = sequence
        newest = ring.get(ring.head)
        self._anchor = newest.timestamp if newest is not None else 0
        self._see_if_live()

    def _see_if_live(self) -> None:
        live = self._cursor > self.slot.ring.head
        self.state = "live" if live else "catching_up"
        if live:
            self.live_from = self._cursor

    def pause(self, sequence: int, now: float) -> None:
        """Stop before the slot's `sequence`, which cannot be played, until something can be again.

        The numbering goes on where it stopped: a gap of 2^15 would lose the viewer its rollover count.
        """
        self._resume_at = sequence + self.shape.sequence_offset
        self._waiting_since = now
        self.state = "waiting"

    def _hurried(self, timestamp: int) -> int:
        """Return when a frame of the start is shown: in order, and never before its own time."""
        behind = extend(self._anchor - timestamp, 0, 32)
        return self._anchor - behind // HURRY if behind > 0 else timestamp

    def packet(self, packet: SlotPacket) -> PlainPacket | None:
        """Return a packet as this viewer gets it, whenever it does; None where it is not this start's."""
        if packet.sequence + self.shape.sequence_offset < self._first_index:
            return None
        if packet.sequence >= self.live_from and self.state == "live":
            return self.shape.packet(packet)
        return self.shape.packet(packet, self._hurried(packet.timestamp) + self.shape.timestamp_offset)

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
        key = ring.get(ring.key_frame)
        newest = ring.get(ring.head)
        assert key is not None and newest is not None, "a ring keeps its key frame and its head"
        self._anchor = newest.timestamp
        spared = extend(newest.timestamp - self._hurried(key.timestamp), 0, 32)
        next_index = ring.head + self.shape.sequence_offset + 1
        self._draw_from(ring.key_frame, next_index, self.shape.timestamp_offset + spared + FRAME_GAP)
        return True

    def catch_up(self, most: int) -> list[PlainPacket]:
        """Return the next packets of the start, at most so many; the last ones make the viewer live."""
        ring = self.slot.ring
        out: list[PlainPacket] = []
        while self._cursor <= ring.head and len(out) < most:
            packet = ring.get(self._cursor)
            self._cursor += 1
            plain = self.packet(packet) if packet else None
            if plain is not None:
                out.append(plain)
        self.count(len(out), sum(len(plain.payload) for plain in out))
        self._see_if_live()
        return out

    def late(self, packet: SlotPacket) -> list[PlainPacket]:
        """Return a packet that came after this viewer's start had passed it by; counted as sent."""
        plain = self.packet(packet)
        if plain is None:
            return []
        self.count(1, len(plain.payload))
        return [plain]

    def count(self, packets: int, octets: int) -> None:
        """Count what was sent, for the sender reports."""
        self.packets += packets
        self.octets += octets

    def resend(self, sequences: tuple[int, ...], now: float) -> list[PlainPacket]:
        """Return what a NACK asks for, as RTX where agreed (RFC 4588), as it was sent otherwise."""
        self._allowance = min(RESEND_BURST, self._allowance + RESEND_RATE * (now - self._allowance_at))
        self._allowance_at = now
        offset = self.shape.sequence_offset
        out: list[PlainPacket] = []
        for number in sequences[:MOST_ASKED]:
            index = extend(number, self.slot.ring.head + offset)
            plain, packet = self._sent(index - offset)
            too_soon = now - self._resent_at.get(index, float("-inf")) < max(
                RESEND_INTERVAL, self.round_trip or 0.0
            )
            types = self.shape.layout.payload_type(packet.codec) if packet is not None else None
            if plain is None or packet is None or types is None or self._allowance < 1 or too_soon:
                self.refused_resends += 1
                continue
            self._allowance -= 1
            self._resent_at[index] = now
            self.resent += 1
            out.append(plain if types[1] is None else self._as_rtx(plain, packet, types[1]))
        if len(self._resent_at) > 512:
            self._resent_at = {i: at for i, at in self._resent_at.items() if now - at < 1.0}
        return out

    def _sent(self, sequence: int) -> tuple[PlainPacket | None, SlotPacket | None]:
        """Return what went out for the slot's `sequence`; nothing for what has not gone out yet.

        A packet of the open burst has neither its send time nor its padding: were it sent now, its index
        would stand for two plaintexts.
        """
        packet = self.slot.ring.get(sequence)
        passed = self.state == "live" or (self.state == "catching_up" and sequence < self._cursor)
        if packet is None or not packet.closed or not passed:
            return None, None
        return self.packet(packet), packet

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
