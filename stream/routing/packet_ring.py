"""The last packets of one slot, as they were sent: what retransmission and late joiners draw from.

The law: a sequence number, once taken, keeps its packet until the ring has gone once around, so that a
retransmission is the same plaintext under the same SRTP index. Shared by all viewers of the slot.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class SlotPacket:
    """One packet of a slot, common to all its viewers. `sequence` is extended, it never wraps."""

    sequence: int
    timestamp: int
    marker: bool
    codec: str
    payload: bytes
    key_frame: bool = False
    """A decoder can start here."""
    audio_level: bytes | None = None
    playout_delay: bytes | None = None
    abs_send_time: bytes = b"\0\0\0"
    padding: int = 0
    """RTP padding that equalises a burst, bytes (0-255)."""
    closed: bool = False
    """Its burst was taken: send time and padding stand, and it may be sent to anyone."""


class PacketRing:
    """A bounded store by extended sequence number."""

    __slots__ = ("_capacity", "_packets", "head", "key_frame")

    def __init__(self, capacity: int) -> None:
        """Hold at most `capacity` packets; each is some 1.2 kB for video."""
        self._capacity = capacity
        self._packets: list[SlotPacket | None] = [None] * capacity
        self.head = -1
        """The highest sequence number stored; -1 while empty."""
        self.key_frame: int | None = None
        """Where the newest key frame starts, while it is still stored."""

    def put(self, packet: SlotPacket) -> bool:
        """Store a packet; False for a duplicate, or one too old to matter."""
        sequence = packet.sequence
        if sequence <= self.head - self._capacity or self.get(sequence) is not None:
            return False
        self._packets[sequence % self._capacity] = packet
        self.head = max(self.head, sequence)
        if packet.key_frame and (self.key_frame is None or sequence > self.key_frame):
            self.key_frame = sequence
        if self.key_frame is not None and self.key_frame <= self.head - self._capacity:
            self.key_frame = None
        return True

    def get(self, sequence: int) -> SlotPacket | None:
        """Return the packet of that number, if it is still here."""
        packet = self._packets[sequence % self._capacity]
        return packet if packet is not None and packet.sequence == sequence else None
