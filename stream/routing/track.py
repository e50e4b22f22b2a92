"""One encoding of a producer: a sound, a picture, or one simulcast layer of it.

Owns what all who follow it share: reception, what is asked for again, the ring, the open burst, where key
frames are, how much it takes. The law: its numbers never go back and are never given twice, in none of its
substreams; a burst is stamped, padded and marked once, when it is closed, and is the same for everybody
from then on. It must not know slots or viewers.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

from stream.agreement import AgreedCodec, AgreedMedia, Extension
from stream.routing.freezes import Frames
from stream.routing.keyframes import KeyframeThrottle
from stream.routing.packet_ring import FULL, NONE, Counts, PacketRing, StoredPacket
from stream.routing.rates import RateMeter
from stream.routing.reception import NackGenerator, Reception
from stream.routing.sender_clock import ClockPoint, SenderClock
from stream.wire import h264, red, rtp, vp8
from stream.wire.rtp import RtpPacket

Kind = Literal["audio", "video"]

RING_PACKETS: dict[Kind, int] = {"video": 2048, "audio": 128}
"""Packets kept: some 8 s of 2 Mbit/s video, 2.5 s of sound."""

RING_MOST = 8192
"""Packets kept at most of a picture whose encoder gives no key frame when asked, so that what joiners begin
with is kept until it gives the next: 10 MB, some 38 s of 2 Mbit/s."""

MARK_INTERVAL: dict[Kind, float] = {"video": 0.12, "audio": 0.5}
"""Seconds between two marked packets of a track, at least: 7 a second of 30 frames (every fourth, which
is a base layer's where there are three). Sound alone is marked seldom; each mark more may be a message more
from every viewer."""

_COMPANY = 0.025
_COMPANY_INTERVAL = 0.3
"""Seconds after another mark within which sound takes the opportunity, and shares its message; and seconds
since its own last mark from which on it does."""

_ROOM = 0x10000
"""Numbers kept free below a track's first packet, for what was overtaken by it."""

_MOST_PADDED = 20


class Marks(Protocol):
    """Who numbers marked packets: one counter for a whole router."""

    marked_at: float
    """When the newest number was given."""

    def next_number(self, now: float) -> int:
        """Return the next transport-wide sequence number."""


class Place(NamedTuple):
    """A boundary between two packets of a track, and what was dropped before it, by temporal limit."""

    sequence: int
    """Of the first packet behind it."""

    dropped: Counts
    pictures: Counts

    def number(self, limit: int) -> int:
        """Return the number that comes next in a substream."""
        return self.sequence - (self.dropped[limit] if limit < FULL else 0)

    def picture_shift(self, limit: int) -> int:
        """Return how far picture ids of a substream lie below the track's own."""
        return self.pictures[limit] if limit < FULL else 0

    @classmethod
    def before(cls, packet: StoredPacket) -> Place:
        """Return the boundary in front of a packet."""
        return cls(packet.sequence, packet.dropped or NONE, packet.dropped_pictures)


class End(NamedTuple):
    """Where a track stood when its burst was last closed: what its followers were sent last."""

    place: Place
    timestamp: int
    at: float
    picture_id: int | None
    tl0: int | None


class ClosedBurst(NamedTuple):
    """What came of a track since the last time, in order of arrival."""

    packets: list[StoredPacket]
    first: StoredPacket | None
    """The first that did not come late."""

    key: StoredPacket | None
    """Where the newest key frame starts."""

    ends_frame: bool
    """The newest packet is the last of its frame."""


class Track:
    """The packets of one SSRC, and what belongs to them."""

    def __init__(
        self,
        media: AgreedMedia,
        codec: AgreedCodec,
        ssrc: int,
        rid: str = "",
        *,
        clock: SenderClock,
        keyframes: KeyframeThrottle,
    ) -> None:
        """`clock` and `keyframes` are the producer's, for all its tracks."""
        self.kind: Kind = media.kind
        self.codec = codec
        self.ssrc = ssrc
        self.rid = rid
        self.clock = clock
        self.clock_point: ClockPoint | None = None
        self.reception = Reception(codec.clock_rate)
        self.nacks = NackGenerator()
        self.nacks_sent = 0
        self.nacked = 0
        """Requests for packets again, and the packets that they named."""

        self.resent = 0
        self.resent_bytes = 0
        """What came in its repair stream (RFC 4588), asked for or to probe the way; bytes of payload."""

        self.asked_for_key_frames = 0
        self.ring = PacketRing(RING_PACKETS[self.kind])
        self.burst: list[StoredPacket] = []
        self.rates = RateMeter()
        self.last_packet_at = float("-inf")
        self.key_frames_seen = 0
        self.top_temporal = 0
        """The highest temporal layer seen."""

        self.size: tuple[int, int] | None = None
        """Width and height of the newest key frame, where its codec tells."""

        self.end: End | None = None
        self.frames = Frames()
        """When its frames left, of a picture."""

        self._open_frames: list[tuple[int, bool]] = []
        """Those that have begun to come, and wait for what is missing of them or before them."""

        self._keyframes = keyframes
        self._extensions = media.extensions
        self._key_timestamp: int | None = None
        self._dropped: Counts | None = None
        self._dropped_pictures: Counts = NONE
        self._picture_id: int | None = None
        self._tl0: int | None = None
        self._timestamp = 0
        self._marked_at = float("-inf")

    def want_key_frame(self) -> None:
        """Note that somebody needs a key frame."""
        if self.kind == "video":
            self._keyframes.want(self.ssrc)

    def answers(self, now: float) -> bool | None:
        """Tell whether its encoder gives key frames when asked; None where it has not been asked yet."""
        return self._keyframes.answers(self.ssrc, now)

    def bitrate(self, limit: int, now: float) -> float:
        """Return the bit/s that the track takes of late under a temporal limit."""
        return self.rates.bitrate(limit, now)

    def timestamp_at(self, unix: float) -> int | None:
        """Return the RTP timestamp at a moment of the relay's wall clock; None while unknown."""
        return self.clock.timestamp_at(self.clock_point, unix) if self.clock_point is not None else None

    # -- in ------------------------------------------------------------------------------------------

    def receive(self, packet: RtpPacket, now: float, *, repaired: bool = False) -> StoredPacket | None:
        """Take one packet, a repaired one too, into the open burst; None where it is not new."""
        self.last_packet_at = now
        if repaired and self.reception.highest is not None:
            extended = self.reception.receive_repair(packet.sequence)
        else:
            extended = self.reception.receive(packet.sequence, packet.timestamp, len(packet.payload), now)
        known = repaired if self.codec.rtx_payload_type is not None else None
        if self.nacks.receive(extended, now, repaired=known):
            self.want_key_frame()
        stored = StoredPacket(
            extended + _ROOM, packet.timestamp, packet.marker, self.codec.name, packet.payload
        )
        if self.kind == "audio":
            if packet.payload_type == self.codec.red_payload_type:
                stored.redundant = red.parse(stored.payload, self.codec.payload_type)
            if (identifier := self._extensions.get(Extension.AUDIO_LEVEL)) is not None:
                stored.audio_level = packet.extensions.get(identifier)
        else:
            self._read_picture(stored)
            if (identifier := self._extensions.get(Extension.PLAYOUT_DELAY)) is not None:
                stored.playout_delay = packet.extensions.get(identifier)
        newest = stored.sequence > self.ring.head
        if newest:
            self._place(stored)
        else:
            self._place_late(stored)
        if self.ring.outgrown_by(stored.sequence) and not self.answers(now):
            self.ring.grow(RING_MOST)
            self.want_key_frame()  # to learn whether it gives one, or in case it has begun to
        if not self.ring.put(stored):
            return None
        if stored.key_frame:
            self._key_timestamp = stored.timestamp
            self.key_frames_seen += 1
            self._keyframes.arrived(self.ssrc, now)
        self.rates.count(len(stored.payload), stored.temporal, now)
        self.burst.append(stored)
        return stored

    def _read_picture(self, stored: StoredPacket) -> None:
        """Find out where key frames and layers are."""
        if stored.codec == "VP8":
            descriptor = vp8.parse(stored.payload)
            if descriptor is None:
                return
            stored.starts_frame = descriptor.starts_frame
            stored.key_frame = descriptor.starts_key_frame
            stored.temporal = descriptor.temporal_layer
            stored.layer_sync = descriptor.layer_sync
            if descriptor.picture_id is not None:
                stored.picture_id, stored.picture_id_at = descriptor.picture_id, descriptor.picture_id_at
            if descriptor.tl0_picture_index is not None:
                stored.tl0, stored.tl0_at = descriptor.tl0_picture_index, descriptor.tl0_at
            self.top_temporal = max(self.top_temporal, stored.temporal)
            if stored.key_frame:
                self.size = vp8.key_frame_size(stored.payload, descriptor.data_at) or self.size
        elif stored.codec == "H264":
            # Parameter sets and the slice behind them share a timestamp: a key frame starts once.
            found = h264.starts_key_frame(stored.payload)
            stored.key_frame = found and stored.timestamp != self._key_timestamp

    def _place(self, stored: StoredPacket) -> None:
        """Number the newest packet in all substreams, and count it where it is dropped."""
        if self._dropped is not None or stored.temporal:
            stored.dropped = dropped = self._dropped or NONE
            stored.dropped_pictures = pictures = self._dropped_pictures
            above = tuple(int(limit < stored.temporal) for limit in range(FULL))
            self._dropped = _add(dropped, above)
            if stored.starts_frame or (
                stored.picture_id is not None and stored.picture_id != self._picture_id
            ):
                self._dropped_pictures = _add(pictures, above)
        if stored.picture_id is not None:
            self._picture_id = stored.picture_id
        if stored.tl0 is not None:
            self._tl0 = stored.tl0
        if self.kind == "video" and stored.timestamp != self._timestamp:
            self._open_frames.append((stored.temporal, stored.key_frame))
        self._timestamp = stored.timestamp

    def _place_late(self, stored: StoredPacket) -> None:
        """Give a packet that was overtaken the numbers kept for it: those below the next one's."""
        stored.late = True
        following = self.ring.after(stored.sequence)
        if following is not None and following.dropped is not None:
            stored.dropped, stored.dropped_pictures = following.dropped, following.dropped_pictures
        elif stored.temporal:
            stored.dropped = NONE

    # -- out -----------------------------------------------------------------------------------------

    def close_burst(self, now: float, marks: Marks) -> ClosedBurst:
        """Take the burst: stamped with its send time, marked, and padded to go out as equal segments."""
        burst, self.burst = self.burst, []
        stamp = rtp.abs_send_time(now)
        first = key = None
        for packet in burst:
            packet.abs_send_time = stamp
            packet.closed = True
            if first is None and not packet.late:
                first = packet
            if packet.key_frame and packet.sequence == self.ring.key_frame:
                key = packet
        self._mark(burst, now, marks)
        if self.kind == "video":
            _equalise(burst)
            if not self.nacks.waiting:
                for temporal, is_key in self._open_frames:
                    self.frames.left(temporal, is_key, now)
                self._open_frames.clear()
        head = self.ring.get(self.ring.head)
        if first is not None or self.end is None:
            place = Place(self.ring.head + 1, self._dropped or NONE, self._dropped_pictures)
            self.end = End(place, self._timestamp, now, self._picture_id, self._tl0)
        return ClosedBurst(burst, first, key, first is not None and head is not None and head.marker)

    def _mark(self, burst: list[StoredPacket], now: float, marks: Marks) -> None:
        """Give a number to the last packet that all followers get, if it is time for one."""
        least = MARK_INTERVAL[self.kind]
        if self.kind == "audio" and now - marks.marked_at < _COMPANY:
            least = _COMPANY_INTERVAL
        if now - self._marked_at < least:
            return
        for packet in reversed(burst):
            if packet.temporal == 0 and not packet.late:
                packet.transport_number = marks.next_number(now)
                self._marked_at = now
                return


def _add(counts: Counts, more: tuple[int, ...]) -> Counts:
    return counts[0] + more[0], counts[1] + more[1], counts[2] + more[2]


def _equalise(burst: list[StoredPacket]) -> None:
    """Pad runs of packets to one length; the last of a burst may be shorter (UDP GSO, performance.md)."""
    for start in range(0, len(burst), _MOST_PADDED):
        run = burst[start : start + _MOST_PADDED]
        longest = max(len(packet.payload) for packet in run)
        for packet in run[:-1]:
            missing = longest - len(packet.payload)
            if 0 < missing <= rtp.MAX_PADDING:
                packet.padding = missing
