"""One line of a publication: a voice, or a picture in one or several encodings, from low to high.

Owns which encodings there are, in what order, and which of them flow. The law: an encoding begins with a
packet of its own, never with a retransmission; a publisher that starts over under another SSRC gets a new
track in the old one's place, so that no number of the old one is ever taken again. Knows nothing of who
views it.
"""

from __future__ import annotations

from typing import Literal

from stream.agreement import AgreedMedia
from stream.routing.freezes import Freezes
from stream.routing.keyframes import KeyframeThrottle
from stream.routing.packet_ring import StoredPacket
from stream.routing.sender_clock import SenderClock
from stream.routing.speakers import Loudness
from stream.routing.track import Track
from stream.wire.rtp import RtpPacket

LIVE_FOR = 2.0
"""Seconds after its last packet that a line still counts as live; Opus DTX sends one each 0.4 s."""

STALLED = 0.7
"""Seconds by which a layer may lie behind the others before it counts as switched off: a browser stops
its upper layers where its network or processor does not carry them."""

_FULL_NAMES = frozenset({"f", "full", "h", "hi", "high"})


def low_to_high(rids: tuple[str, ...]) -> tuple[str, ...]:
    """Return RIDs as offered in the order of what they are likely to be, lowest first.

    Browsers list layers from low to high, against the order of RFC 8853 (section 5.1), best first. So
    the offer's order stands if its last name says that it is the full one (q;h;f, l;m;h).
    """
    return rids if not rids or rids[-1] in _FULL_NAMES else rids[::-1]


class Producer:
    """One line of a publication. `key` is the publication's, `participant/source`."""

    def __init__(self, key: str, media: AgreedMedia, clock: SenderClock) -> None:
        """`clock` is the publisher's wall clock, shared by all its lines."""
        self.key = key
        self.media = media
        self.clock = clock
        self.kind: Literal["audio", "video"] = media.kind
        self.codec = media.codecs[0]
        self.keyframes = KeyframeThrottle()
        self.loudness = Loudness()
        self.tracks: tuple[Track, ...] = ()
        """All encodings met, from low to high."""

        self.active: tuple[Track, ...] = ()
        """Those that flow, from low to high."""

        self.version = 0
        """Rises with each change of what may be followed here."""

        self.freezes = Freezes()
        """Those of its picture as it comes, by the lowest layer that flows."""

        self.last_packet_at = float("-inf")
        self.closed = False
        self._timestamp: int | None = None
        self._ranks = {rid: rank for rank, rid in enumerate(low_to_high(media.rids))}

    def live(self, now: float) -> bool:
        """Tell whether packets came lately."""
        return not self.closed and now - self.last_packet_at < LIVE_FOR

    def track(self, rid: str = "") -> Track | None:
        """Return the track of a RID; "" is that of a line without layers."""
        return next((track for track in self.tracks if track.rid == rid), None)

    def begin(self, ssrc: int, rid: str = "") -> Track | None:
        """Begin the track of a new SSRC; return the one whose place it takes, if any."""
        former = self.track(rid)
        track = Track(self.media, self.codec, ssrc, rid, clock=self.clock, keyframes=self.keyframes)
        if former is not None:
            self.keyframes.ended(former.ssrc)
        self.tracks = (*(one for one in self.tracks if one is not former), track)
        self._arrange()
        return former

    def receive(
        self, track: Track, packet: RtpPacket, now: float, *, repaired: bool = False
    ) -> StoredPacket | None:
        """Take one packet of a track into its burst; None where it is not new."""
        self.last_packet_at = now
        known = track.size, track.top_temporal
        stored = track.receive(packet, now, repaired=repaired)
        if (track.size, track.top_temporal) != known:
            self._arrange()
        if track not in self.active:
            self.refresh()
        if self.kind == "video" and track is self.active[0] and packet.timestamp != self._timestamp:
            self._timestamp = packet.timestamp
            if not repaired:
                self.freezes.drawn(now)
        if stored is not None and stored.audio_level:
            self.loudness.hear(stored.audio_level)
        return stored

    def _arrange(self) -> None:
        """Order the tracks: by the size of their pictures where each tells its own, else as offered."""
        sizes = {track.size for track in self.tracks}
        if len(self.tracks) == len(sizes) and None not in sizes:
            arranged = sorted(
                self.tracks, key=lambda track: track.size[0] * track.size[1] if track.size else 0
            )
        else:
            arranged = sorted(self.tracks, key=lambda track: self._ranks.get(track.rid, 0))
        self.tracks = tuple(arranged)
        self.version += 1
        self.refresh()

    def refresh(self) -> None:
        """Find out anew which layers flow."""
        active = tuple(track for track in self.tracks if self.last_packet_at - track.last_packet_at < STALLED)
        if active != self.active:
            self.active = active
            self.version += 1

    def choose(self, layer: int) -> tuple[Track, int] | None:
        """Return the best track that flows, up to a layer (0: lowest), or the lowest; and its layer."""
        found: tuple[Track, int] | None = None
        for place, track in enumerate(self.tracks):
            if track in self.active and (place <= layer or found is None):
                found = track, place
        return found

    def ask_for_key_frame(self, now: float) -> Track | None:
        """Return the track to ask a key frame of now, if any; it is counted as asked."""
        ssrc = self.keyframes.due(now)
        track = next((one for one in self.tracks if one.ssrc == ssrc), None) if ssrc is not None else None
        if track is not None:
            track.asked_for_key_frames += 1
        return track
