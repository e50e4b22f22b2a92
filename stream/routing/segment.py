"""How one viewer's stream goes on from track to track: numbers that rise by one, whatever is behind them.

A *segment* is a stretch of the stream drawn from one track under one temporal limit, with one `Numbering`
from its first packet to its last. The law: what the segments of a stream send never shares an index, and
each begins one beyond where the last ended: in sequence, in VP8's picture id and in its TL0PICIDX; in time,
it begins as much later as the clock on the wall did. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from stream.routing.packet_ring import StoredPacket
from stream.routing.shape import Layout, numbered
from stream.routing.track import Place, Track
from stream.transport.fanout import Numbering, PlainPacket
from stream.wire.sequence import extend

HURRY = 32
"""How many times faster than life a start runs by its timestamps: a frame in 1 ms, so that the decoder
shows only the last. Frames must lie as many timestamp units apart, 0.4 ms, to stay apart."""

SOUND_CLOCK = 48_000
SOUND_STEP = 960
"""Opus' clock, and 20 ms of it. Sound goes on by whole packets: half of one too early is thrown away by a
player, half of one too late is filled with made-up sound, and either is heard."""

NEVER = 1 << 62
"""A number that no packet reaches."""

_INDEX_ROOM = 0x8000
"""First indices lie below this, so no rollover comes while the first packets may be lost
(RFC 3711, section 3.3.1)."""


class Stand(NamedTuple):
    """Where a viewer's stream stands: the last index taken, and what was sent last."""

    last_index: int
    timestamp: int
    at: float
    picture_id: int | None = None
    tl0: int | None = None


@dataclass(slots=True)
class Segment:
    """One stretch of a viewer's stream. Numbers are the track's, in the substream of the limit."""

    track: Track
    limit: int
    numbering: Numbering
    first: int
    end: int = NEVER
    """The first number that is no longer part of it."""

    live_from: int = NEVER
    """The number from which packets are sent as all who follow the track get them; before it, hurried."""

    anchor: int = 0
    """The timestamp that a hurried start ends with: the one that stays as it is."""

    ended_at: float = 0.0

    def hurried(self, timestamp: int) -> int:
        """Return when a frame of the start is shown: in order, and never before its own time."""
        behind = extend(self.anchor - timestamp, 0, 32)
        return self.anchor - behind // HURRY if behind > 0 else timestamp

    def holds(self, packet: StoredPacket) -> bool:
        """Tell whether the packet is part of this stretch."""
        number = packet.number(self.limit)
        return number is not None and self.first <= number < self.end

    def packet(self, layout: Layout, packet: StoredPacket) -> PlainPacket | None:
        """Return the packet as this viewer gets it, whenever it does; None where it is not part of it."""
        if not self.holds(packet):
            return None
        number = packet.number(self.limit)
        live = number is not None and number >= self.live_from
        plain = layout.plain(packet, self.limit, 0, None if live else self.hurried(packet.timestamp))
        return numbered(plain, self.numbering) if plain is not None else None

    def holds_index(self, index: int) -> bool:
        """Tell whether an SRTP index is one of this stretch."""
        return self.first <= index - self.numbering.index < self.end

    def stand(self, place: Place, timestamp: int, at: float, picture: int | None, tl0: int | None) -> Stand:
        """Return where the stream stands, given what of the track was sent last: up to `place`."""
        moved = self.numbering
        if picture is not None:
            picture = (picture - place.picture_shift(self.limit) + moved.picture_id) & 0x7FFF
        return Stand(
            place.number(self.limit) - 1 + moved.index,
            (timestamp + moved.timestamp) & 0xFFFFFFFF,
            at,
            picture,
            (tl0 + moved.tl0) & 0xFF if tl0 is not None else None,
        )


def join(
    stand: Stand | None, packet: StoredPacket, limit: int, timestamp: int, clock_rate: int, now: float
) -> Numbering:
    """Return the numbering that lets a stream go on with a packet, whose timestamp is to be `timestamp`.

    Without a stand the stream begins: at an index below 2^15, with the track's own numbers else.
    """
    number = packet.number(limit)
    assert number is not None, "nothing begins with a packet that is dropped"
    if stand is None:
        return Numbering((number & (_INDEX_ROOM - 1)) - number)
    elapsed = min(max(now - stand.at, 0.001), 3600.0)
    passed = round(elapsed * clock_rate)
    if clock_rate == SOUND_CLOCK:
        passed = max(1, round(passed / SOUND_STEP)) * SOUND_STEP
    moved = stand.timestamp + passed - timestamp
    picture_id = tl0 = 0
    if stand.picture_id is not None and packet.picture_id is not None:
        own = packet.picture_id - Place.before(packet).picture_shift(limit)
        picture_id = (stand.picture_id + 1 - own) & 0x7FFF
    if stand.tl0 is not None and packet.tl0 is not None:
        tl0 = (stand.tl0 + 1 - packet.tl0) & 0xFF
    return Numbering(stand.last_index + 1 - number, moved & 0xFFFFFFFF, picture_id, tl0)


def limited(segment: Segment, limit: int, place: Place) -> Segment:
    """Return the stretch that goes on in the same track behind `place`, under another temporal limit."""
    moved = segment.numbering
    shift = place.number(segment.limit) - place.number(limit)
    pictures = place.picture_shift(limit) - place.picture_shift(segment.limit)
    numbering = moved._replace(index=moved.index + shift, picture_id=(moved.picture_id + pictures) & 0x7FFF)
    number = place.number(limit)
    return Segment(segment.track, limit, numbering, number, live_from=number)
