"""The last packets of one track, as they were sent: what retransmission and late joiners draw from.

The law: a number, once taken, keeps its packet until the ring has gone once around, so that a
retransmission is the same plaintext under the same SRTP index. Shared by all viewers of all feeds.

A packet has a number in each *substream*: what is left of the track when the frames of VP8's temporal
layers above a limit are dropped (RFC 7741, section 4.2). Numbers of a substream leave no holes where
frames were dropped; where packets are missing, nobody knows what they were, so their numbers are kept for
them. One that turns out to have been droppable is sent as padding alone: its number exists already.
"""

from __future__ import annotations

from dataclasses import dataclass

from stream.wire.red import Redundant

FULL = 3
"""The temporal limit that drops nothing: VP8 tells layers 0 to 3 apart."""

Counts = tuple[int, int, int]
"""Something counted for each limit below FULL."""

NONE: Counts = (0, 0, 0)


@dataclass(slots=True)
class StoredPacket:
    """One packet of a track, common to all its viewers. `sequence` is extended, it never wraps."""

    sequence: int
    timestamp: int
    marker: bool
    codec: str
    payload: bytes
    key_frame: bool = False
    """A decoder can start here."""

    starts_frame: bool = False
    temporal: int = 0
    """VP8's temporal layer, 0 where there is none."""

    layer_sync: bool = False
    """Frames of this layer and below can be decoded from here, given the base layer."""

    picture_id: int | None = None
    picture_id_at: int = -1
    tl0: int | None = None
    tl0_at: int = -1
    redundant: Redundant | None = None
    """Of sound that comes with redundancy: where in it the packet proper is."""

    audio_level: bytes | None = None
    playout_delay: bytes | None = None
    abs_send_time: bytes = b"\0\0\0"
    transport_number: int | None = None
    """The transport-wide sequence number of a marked packet."""

    padding: int = 0
    """RTP padding that equalises a burst, bytes (0-255)."""

    closed: bool = False
    """Its burst was taken: send time and padding stand, and it may be sent to anyone."""

    late: bool = False
    """It came after later ones: its number was kept in every substream."""

    dropped: Counts | None = None
    """By limit, the packets before this one that are known to be dropped; None: none yet."""

    dropped_pictures: Counts = NONE
    """By limit, the frames before this one that are known to be dropped."""

    def number(self, limit: int) -> int | None:
        """Return the packet's number in the substream of that limit; None where it is dropped."""
        if limit >= FULL or self.dropped is None:
            return self.sequence
        if self.temporal > limit and not self.late:
            return None
        return self.sequence - self.dropped[limit]

    def hollow(self, limit: int) -> bool:
        """Tell whether only padding goes out under the packet's number, as its frame is dropped."""
        return self.temporal > limit


class PacketRing:
    """A bounded store by extended sequence number."""

    __slots__ = ("_by_number", "_capacity", "_key_octets", "_packets", "head", "key_frame")

    def __init__(self, capacity: int) -> None:
        """Hold at most `capacity` packets; each is some 1.2 kB for video."""
        self._capacity = capacity
        self._packets: list[StoredPacket | None] = [None] * capacity
        self._by_number: tuple[list[StoredPacket | None], ...] = ()
        """By limit, the packets by their number there; made when first a frame can be dropped."""

        self.head = -1
        """The highest sequence number stored; -1 while empty."""

        self.key_frame: int | None = None
        """Where the newest key frame starts, while it is still stored."""

        self._key_octets = 0
        """Octets of the packets from there on: who waits for a start asks at every turn."""

    def put(self, packet: StoredPacket) -> bool:
        """Store a packet; False for a duplicate, or one too old to matter."""
        sequence = packet.sequence
        if sequence <= self.head - self._capacity or self.get(sequence) is not None:
            return False
        self._packets[sequence % self._capacity] = packet
        self.head = max(self.head, sequence)
        if packet.key_frame and (self.key_frame is None or sequence > self.key_frame):
            self.key_frame = sequence
            self._key_octets = self.octets_since(sequence)
        elif self.key_frame is not None and sequence > self.key_frame:
            self._key_octets += len(packet.payload)
        if self.key_frame is not None and self.key_frame <= self.head - self._capacity:
            self.key_frame = None
        if packet.dropped is not None:
            self._index(packet)
        return True

    def outgrown_by(self, sequence: int) -> bool:
        """Tell whether the packet of that number would push the newest key frame out."""
        return self.key_frame is not None and self.key_frame <= sequence - self._capacity

    def grow(self, most: int) -> None:
        """Hold twice as many packets from now on, `most` at most; what is here stays."""
        kept = self.since(0)
        self._capacity = max(self._capacity, min(2 * self._capacity, most))
        self._packets = [None] * self._capacity
        self._by_number = ()
        for packet in kept:
            self._packets[packet.sequence % self._capacity] = packet
            if packet.dropped is not None:
                self._index(packet)

    def _index(self, packet: StoredPacket) -> None:
        if not self._by_number:
            self._by_number = tuple([None] * self._capacity for _ in range(FULL))
        for limit, packets in enumerate(self._by_number):
            number = packet.number(limit)
            if number is not None:
                packets[number % self._capacity] = packet

    def get(self, sequence: int) -> StoredPacket | None:
        """Return the packet of that sequence number, if it is still here."""
        packet = self._packets[sequence % self._capacity]
        return packet if packet is not None and packet.sequence == sequence else None

    def find(self, number: int, limit: int) -> StoredPacket | None:
        """Return the packet of that number in a substream, if it is still here."""
        if limit < FULL and self._by_number:
            packet = self._by_number[limit][number % self._capacity]
            if packet is not None and packet.number(limit) == number and self.get(packet.sequence) is packet:
                return packet
        packet = self.get(number)
        return packet if packet is not None and packet.number(limit) == number else None

    def after(self, sequence: int) -> StoredPacket | None:
        """Return the first packet that is here beyond a sequence number."""
        for later in range(max(sequence, self.head - self._capacity) + 1, self.head + 1):
            packet = self.get(later)
            if packet is not None:
                return packet
        return None

    def near(self, packets: int, octets: float) -> bool:
        """Tell whether the newest key frame is stored, at most so many packets and octets back."""
        key = self.key_frame
        return key is not None and self.head - key <= packets and self._key_octets <= octets

    def octets_since(self, sequence: int) -> int:
        """Return the octets of the packets from that number on, as far as they are stored."""
        return sum(len(packet.payload) for packet in self.since(sequence))

    def since(self, sequence: int) -> list[StoredPacket]:
        """Return the packets from a sequence number to the newest, in order."""
        first = max(sequence, self.head - self._capacity + 1)
        return [packet for n in range(first, self.head + 1) if (packet := self.get(n)) is not None]
