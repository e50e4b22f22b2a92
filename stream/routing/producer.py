"""One track in: its numbering made whole, its losses asked for, its key frames recognised.

Takes packets in the clear and `now`, returns what slots forward. Knows nothing of who views it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from stream.agreement import AgreedCodec, AgreedMedia, Extension
from stream.routing.keyframes import KeyframeThrottle
from stream.routing.reception import NackGenerator, Reception
from stream.routing.sender_clock import ClockPoint, SenderClock
from stream.routing.speakers import Loudness
from stream.wire import h264, vp8
from stream.wire.rtp import RtpPacket

LIVE_FOR = 2.0
"""Seconds after its last packet that a track still counts as live; Opus DTX sends one each 0.4 s."""


@dataclass(slots=True)
class MediaPacket:
    """One packet of a producer, as slots take it. `sequence` is extended, it never wraps."""

    sequence: int
    timestamp: int
    marker: bool
    codec: str
    payload: bytes
    key_frame: bool = False
    audio_level: bytes | None = None
    playout_delay: bytes | None = None


@dataclass(slots=True, eq=False)
class Producer:
    """One track of a publication. `key` is the publication's, `participant/source`."""

    key: str
    media: AgreedMedia
    clock: SenderClock
    """The publisher's wall clock, shared by all its tracks."""
    kind: Literal["audio", "video"] = field(init=False)
    codec: AgreedCodec = field(init=False)
    ssrc: int | None = field(init=False)
    reception: Reception = field(init=False)
    nacks: NackGenerator = field(default_factory=NackGenerator)
    keyframes: KeyframeThrottle = field(default_factory=KeyframeThrottle)
    loudness: Loudness = field(default_factory=Loudness)
    last_packet_at: float = float("-inf")
    clock_point: ClockPoint | None = None
    key_frames_seen: int = 0
    closed: bool = False
    _key_timestamp: int | None = None

    def __post_init__(self) -> None:
        self.kind = self.media.kind
        self.codec = self.media.codecs[0]
        self.ssrc = self.media.ssrc
        self.reception = Reception(self.codec.clock_rate)

    def live(self, now: float) -> bool:
        """Tell whether packets came lately."""
        return not self.closed and now - self.last_packet_at < LIVE_FOR

    def receive(self, packet: RtpPacket, now: float, *, repaired: bool = False) -> MediaPacket:
        """Take one packet, a repaired one too, and return what the slots forward."""
        self.last_packet_at = now
        extensions = self.media.extensions
        if repaired and self.reception.highest is not None:
            sequence = self.reception.receive_repair(packet.sequence)
        else:
            size = len(packet.payload)
            sequence = self.reception.receive(packet.sequence, packet.timestamp, size, now)
        if self.nacks.receive(sequence, now) and self.kind == "video":
            self.keyframes.want()
        media = MediaPacket(
            sequence, packet.timestamp, packet.marker, self.codec.name, packet.payload, self._is_key(packet)
        )
        if self.kind == "audio" and Extension.AUDIO_LEVEL in extensions:
            media.audio_level = packet.extensions.get(extensions[Extension.AUDIO_LEVEL])
            if media.audio_level:
                self.loudness.hear(media.audio_level)
        elif Extension.PLAYOUT_DELAY in extensions:
            media.playout_delay = packet.extensions.get(extensions[Extension.PLAYOUT_DELAY])
        return media

    def _is_key(self, packet: RtpPacket) -> bool:
        """Tell whether a key frame starts here: once a frame, at its first packet."""
        if self.codec.name == "VP8":
            found = vp8.starts_key_frame(packet.payload)
        elif self.codec.name == "H264":
            found = h264.starts_key_frame(packet.payload) and packet.timestamp != self._key_timestamp
        else:
            return False
        if found:
            self._key_timestamp = packet.timestamp
            self.key_frames_seen += 1
            self.keyframes.arrived()
        return found
