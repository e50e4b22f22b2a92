"""One slot as one viewer gets it: what it aims at, how it gets there, and what it lost on the way.

Most viewers of a track get the very same plaintext, and the feed sends it to them together; what makes a
viewer differ is the numbering of its segment. A consumer has its own way only at its start, when it catches
up from the newest key frame, and for packets it lost. The law: one SRTP index stands for one plaintext, for
ever, whatever track it came from; a picture changes on key frames only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Literal

from stream.routing.freezes import ViewerFreezes
from stream.routing.packet_ring import FULL, StoredPacket
from stream.routing.resends import MOST_ASKED, ResendBudget
from stream.routing.segment import Segment, Stand, join, limited
from stream.routing.shape import Layout
from stream.routing.slot import Slot
from stream.routing.track import ClosedBurst, Marks, Place, Track
from stream.transport.fanout import Numbering, PlainPacket
from stream.wire import rtcp, rtp
from stream.wire.sequence import extend

CATCH_UP_LIMIT = 150
"""Packets behind the head from which a joiner starts at once: some 0.6 s of 2 Mbit/s. Further behind,
a fresh key frame is quicker."""

PATIENCE = 0.5
"""Seconds a joiner waits for a fresh key frame, where its encoder may give one; then it starts from however
old a one is stored."""

RESTART_WINDOW = 2.0
"""Seconds after its start in which a viewer that asks for a picture gets the start again: Firefox drops
what arrives right after DTLS."""

BEST_LAYER = 15
"""A layer beyond any: the best there is."""

PROBE_REPEATS = 12
"""Packets looked back on for one tick of a probe: 12 kB, some 10 Mbit/s."""

FORMER_KEPT = 8
FORMER_TIME = 3.0
"""Stretches of the stream, and seconds after their end, for which what was lost of them can be had again."""


def _at_once(octets: int, now: float) -> float:
    return 0.0


class Consumer:
    """One viewer's share of one slot."""

    def __init__(self, slot: Slot, layout: Layout, now: float) -> None:
        self.slot = slot
        self.layout = layout
        self.state: Literal["waiting", "catching_up", "live"] = "waiting"
        self.layer: int | None = BEST_LAYER
        self.temporal = FULL
        self.target: Track | None = None
        """The track aimed at; None where there is none, or no picture is wanted."""

        self.target_limit = FULL
        self.segment: Segment | None = None
        """The present stretch of the stream; None while nothing is sent."""

        self.resends = ResendBudget(now)
        self.switches = 0
        """How often another track or limit was begun, the start not counted."""

        self.nacks = 0
        self.nacked = 0
        """Requests for packets again, and the packets that they named."""
        self.plis = 0
        """How often it asked for a picture."""
        self.freezes = ViewerFreezes()

        self.round_trip: float | None = None
        """Seconds, from the viewer's newest report; None before it."""
        self.fraction_lost = 0.0
        self.lost = 0
        self.packets = 0
        self.octets = 0
        """What was sent, but for what the present group has counted for it; see feed.py."""

        self._former: deque[Segment] = deque(maxlen=FORMER_KEPT)
        self._stand: Stand | None = None
        """Where the stream stands; while a segment lasts, where it stood before."""

        self._waiting_since = now
        self._started_at: float | None = None
        self._cursor = 0
        """The track's sequence number that comes next, while catching up."""

        self._last: StoredPacket | None = None
        """The last packet drawn, while catching up."""

        self.draws_at = float("-inf")
        """When it is next looked at what of a start may go."""

        self._far = False
        """The start began so far back that a fresh key frame would be quicker."""

        self._rtx_index = 0
        self._highest_reported: int | None = None
        self._aim()

    def counted(self) -> dict[str, float]:
        """Return what was counted of it so far, by name, but for what was sent: see `Viewer.counted`."""
        return {
            "lost": self.lost,
            "nacks": self.nacks,
            "nacked": self.nacked,
            "resent": self.resends.granted,
            "refused_resends": self.resends.refused,
            "pli": self.plis,
            "switches": self.switches,
            "freezes": self.freezes.count,
            "frozen_seconds": self.freezes.seconds,
        }

    # -- what is wanted ------------------------------------------------------------------------------

    def aim(self, layer: int | None, temporal: int = FULL) -> bool:
        """Set the wish: a layer (0: lowest; None: no picture, sound and a still) and its temporal limit.

        Return whether that is new; the feed then lets the consumer look for its track.
        """
        if (layer, temporal) == (self.layer, self.temporal):
            return False
        self.layer, self.temporal = layer, temporal
        return True

    def _aim(self) -> None:
        producer = self.slot.wanted
        found = producer.choose(self.layer) if producer is not None and self.layer is not None else None
        if found is None or self.layer is None:
            self.target, self.target_limit = None, FULL
            return
        self.target, place = found
        if self.layer >= BEST_LAYER or place == self.layer:
            limit = self.temporal
        else:  # below the wish a layer is given whole; above it, as little of it as there is
            limit = FULL if place < self.layer else 0
        self.target_limit = FULL if limit >= self.target.top_temporal else limit

    def look(self, now: float) -> None:
        """Find the track to aim at among those there are now; stop where nothing is wanted any more."""
        self._aim()
        if (self.slot.wanted is None or self.layer is None) and self.state != "waiting":
            self.stop(now)

    @property
    def settled(self) -> bool:
        """Tell whether all is as wanted: nothing to start, nothing to change."""
        if self.target is None:
            return True
        segment = self.segment
        return (
            self.state == "live"
            and segment is not None
            and segment.track is self.target
            and segment.limit == self.target_limit
        )

    @property
    def playable(self) -> bool:
        """Tell whether the viewer can play what the slot's producer sends."""
        producer = self.slot.wanted
        return producer is None or self.layout.payload_type(producer.codec.name) is not None

    @property
    def changing_track(self) -> bool:
        """Tell whether a key frame of the target is what this consumer waits for."""
        segment = self.segment
        return self.state == "waiting" or (segment is not None and segment.track is not self.target)

    def wants_key_frame(self) -> bool:
        """Tell whether a fresh key frame would help this viewer on: also one that has far to catch up."""
        wanted = self.changing_track or (self._far and self.state == "catching_up")
        return self.slot.kind == "video" and self.target is not None and self.playable and wanted

    # -- starts and changes --------------------------------------------------------------------------

    @property
    def may_begin(self) -> bool:
        """Tell whether it waits, and a key frame is stored that it could begin with."""
        track = self.target
        return (
            self.state == "waiting"
            and self.slot.kind == "video"
            and track is not None
            and track.ring.key_frame is not None
            and self.playable
        )

    def begin(self, now: float, room: float = float("inf")) -> None:
        """Start from the newest key frame that is stored, if that is near, or patience has ended.

        `room` is how many octets the viewer can be sent soon: of a small layer, 150 packets are five seconds,
        and a narrow network has little to spare for them. Sound begins with the next packet that comes: see
        `start_at`.
        """
        track = self.target
        if not self.may_begin:
            return
        assert track is not None and track.ring.key_frame is not None, "it may begin"
        near = track.ring.near(CATCH_UP_LIMIT, room)
        patient = track.answers(now) is not False
        if not near and patient and now - self._waiting_since < PATIENCE:
            return
        self._begin_from(track, track.ring.key_frame, now)
        self._far = not near

    def begin_slowly(self, packet: StoredPacket, now: float) -> None:
        """Start from a key frame that has just come, too large to be sent at once: as from a stored one."""
        assert self.target is not None, "who aims at nothing begins nothing"
        self._begin_from(self.target, packet.sequence, now)
        self._far = False

    def _begin_from(self, track: Track, sequence: int, now: float) -> None:
        self._draw_from(track, sequence, self.target_limit, now)
        self._started_at = now

    def start_at(self, packet: StoredPacket, now: float) -> list[StoredPacket]:
        """Begin the target with a packet that has just come; return all that is to be sent at once."""
        track = self.target
        assert track is not None, "who aims at nothing begins nothing"
        if self.state == "waiting":
            self._started_at = now
        self._enter(track, packet, self.target_limit, packet.timestamp, now)
        assert self.segment is not None, "it has just been entered"
        self.segment.live_from = self.segment.first
        self.state = "live"
        self.freezes.begin(track.frames, self.target_limit, now)
        return track.ring.since(packet.sequence)

    def _draw_from(self, track: Track, sequence: int, limit: int, now: float) -> None:
        """Begin with the stored packet of that number, hurried from there to the newest."""
        packet, newest = track.ring.get(sequence), track.ring.get(track.ring.head)
        assert packet is not None and newest is not None, "a ring keeps its key frame and its head"
        draft = Segment(track, limit, Numbering(), 0, anchor=newest.timestamp)
        self._enter(track, packet, limit, draft.hurried(packet.timestamp), now)
        assert self.segment is not None, "it has just been entered"
        self.segment.anchor = draft.anchor
        self._cursor = sequence
        self._last = None
        self.draws_at = float("-inf")
        self.state = "catching_up"

    def _enter(self, track: Track, packet: StoredPacket, limit: int, timestamp: int, now: float) -> None:
        self._leave(now)
        self.freezes.end(now)
        if self._stand is not None and self._former and self._former[-1].track is not track:
            self.switches += 1
        numbering = join(self._stand, packet, limit, timestamp, self.slot.clock_rate, now)
        number = packet.number(limit)
        assert number is not None, "nothing begins with a packet that is dropped"
        self.segment = Segment(track, limit, numbering, number)

    def _leave(self, now: float) -> None:
        """End the present stretch, and note where the stream stands."""
        segment, self.segment = self.segment, None
        if segment is None:
            return
        if self.state == "live" and segment.track.end is not None:
            place, timestamp, at, picture_id, tl0 = segment.track.end
        elif self._last is not None:
            last = self._last
            after = segment.track.ring.get(self._cursor)
            place = Place.before(after or last)
            place = place._replace(sequence=self._cursor, pictures=last.dropped_pictures)
            timestamp, at = segment.hurried(last.timestamp), now
            picture_id, tl0 = last.picture_id, last.tl0
        else:
            return  # nothing of it was sent
        segment.end = max(place.number(segment.limit), segment.first)
        segment.ended_at = now
        self._former.append(segment)
        before = self._stand
        stand = segment.stand(place, timestamp, at, picture_id, tl0)
        if before is not None:  # another codec keeps the counters for the return of the first
            stand = stand._replace(
                picture_id=before.picture_id if stand.picture_id is None else stand.picture_id,
                tl0=before.tl0 if stand.tl0 is None else stand.tl0,
            )
        self._stand = stand

    def limit(self, limit: int, place: Place, now: float) -> None:
        """Go on behind `place` of the same track under another temporal limit."""
        segment = self.segment
        assert segment is not None and self.state == "live", "only what is live has a limit to change"
        segment.end, segment.ended_at = place.number(segment.limit), now
        self._former.append(segment)
        self.segment = limited(segment, limit, place)
        self.freezes.limit(limit, now)
        self.switches += 1

    def raise_at(self, burst: ClosedBurst, now: float) -> bool:
        """Take one temporal layer more, or all, where the burst begins with a frame that allows it."""
        segment, first = self.segment, burst.first
        if segment is None or first is None or not first.starts_frame or segment.limit >= self.target_limit:
            return False
        if first.key_frame:
            limit = self.target_limit
        elif first.temporal == segment.limit + 1 and first.layer_sync:
            limit = segment.limit + 1
        else:
            return False
        limit = FULL if limit >= segment.track.top_temporal else limit
        self.limit(limit, Place.before(first), now)
        return True

    def lower_after(self, burst: ClosedBurst, now: float) -> bool:
        """Drop temporal layers from the next frame on, where the burst ends a frame."""
        segment = self.segment
        if segment is None or not burst.ends_frame or segment.limit <= self.target_limit:
            return False
        assert segment.track.end is not None, "a burst of it was closed"
        self.limit(self.target_limit, segment.track.end.place, now)
        return True

    def stop(self, now: float) -> None:
        """Send nothing more until there is something to begin with; the numbering goes on where it stopped.

        A gap of 2^15 would lose the viewer its rollover count.
        """
        self._leave(now)
        self.state = "waiting"
        self._waiting_since = now
        self.freezes.end(now)

    def picture_lost(self, now: float) -> bool:
        """Take a picture loss indication; True where the answer is a start from the ring again."""
        segment = self.segment
        if (
            self.state != "live"
            or segment is None
            or self._started_at is None
            or now - self._started_at > RESTART_WINDOW
            or segment.track.ring.key_frame is None
            or segment.track.ring.head - segment.track.ring.key_frame > CATCH_UP_LIMIT
        ):
            self.freezes.asked(now)
            return False
        self._draw_from(segment.track, segment.track.ring.key_frame, segment.limit, now)
        return True

    @property
    def next_octets(self) -> int:
        """How long the payload of the next packet of a start is."""
        packet = self.segment.track.ring.get(self._cursor) if self.segment is not None else None
        return len(packet.payload) if packet is not None else 0

    def catch_up(self, most: int, now: float) -> list[PlainPacket]:
        """Return the next packets of the start, at most so many; the last ones make the viewer live.

        Where a newer key frame has come, what is before it is passed over. To be called when all bursts are
        closed.
        """
        segment = self.segment
        assert segment is not None, "a start has a segment"
        newest = segment.track.ring.key_frame
        if most and newest is not None and newest > self._cursor:
            kept = segment.numbering.timestamp
            self._draw_from(segment.track, newest, segment.limit, now)
            self._far = False
            segment = self.segment
            assert segment is not None, "it has just been entered"
            segment.numbering = segment.numbering._replace(timestamp=kept)  # one track has one time
        ring, out = segment.track.ring, list[PlainPacket]()
        while self._cursor <= ring.head and len(out) < most:
            packet = ring.get(self._cursor)
            self._cursor += 1
            plain = segment.packet(self.layout, packet) if packet else None
            if plain is not None:
                out.append(plain)
                self._last = packet
        self.count(len(out), sum(len(plain.payload) for plain in out))
        if self._cursor > ring.head and segment.track.end is not None:
            self.state = "live"
            segment.live_from = segment.track.end.place.number(segment.limit)
            self.freezes.begin(segment.track.frames, segment.limit, now)
        return out

    def late(self, packet: StoredPacket, track: Track) -> PlainPacket | None:
        """Return a packet that came after the stretch it is of had gone by; counted as sent."""
        for segment in (self.segment, *reversed(self._former)):
            if segment is not None and segment.track is track and segment.holds(packet):
                plain = segment.packet(self.layout, packet)
                if plain is not None:
                    self.count(1, len(plain.payload))
                return plain
        return None

    def count(self, packets: int, octets: int) -> None:
        """Count what was sent to this viewer alone, for the sender reports."""
        self.packets += packets
        self.octets += octets

    # -- what was lost -------------------------------------------------------------------------------

    def resend(
        self, sequences: tuple[int, ...], now: float, wait: Callable[[int, float], float] = _at_once
    ) -> list[PlainPacket]:
        """Return what a NACK asks for, as RTX where agreed (RFC 4588), as it was sent otherwise.

        `wait` tells in how many seconds so many octets of it will have had their turn, asked `now`.
        """
        self.forget(now)
        newest = self._newest_index()
        out: list[PlainPacket] = []
        octets = 0
        for number in sequences[:MOST_ASKED]:
            index = extend(number, newest)
            segment, packet = self._sent(index)
            plain = (
                segment.packet(self.layout, packet) if segment is not None and packet is not None else None
            )
            types = self.layout.payload_type(packet.codec) if packet is not None else None
            if plain is None or packet is None or types is None:
                self.resends.refused += 1
            elif self.resends.grant(
                index, self.round_trip, now, turn := wait(octets + len(plain.payload), now)
            ):
                octets += len(plain.payload)
                self.freezes.lost(now - rtp.age(packet.abs_send_time, now), now + turn)
                block = self.layout.extra_block(now)
                out.append(plain if types[1] is None else self._as_rtx(plain, types[1], block))
        return out

    def probe(self, octets: int, marks: Marks, now: float) -> list[tuple[int, PlainPacket]]:
        """Return so many octets to try a network with: what was sent last, again as RTX, and padding.

        Each packet has a transport-wide number of its own, given beside it. Nothing without RTX.
        """
        payload_type = self.layout.probed_by
        out: list[tuple[int, PlainPacket]] = []
        newest = self._newest_index()
        for index in range(newest, newest - PROBE_REPEATS, -1):
            if payload_type is None or octets <= 0:
                break
            segment, packet = self._sent(index)
            plain = segment.packet(self.layout, packet) if segment and packet else None
            types = self.layout.payload_type(packet.codec) if packet is not None else None
            if plain is None or types is None or types[1] is None or len(plain.payload) > 2 * octets:
                continue
            number = marks.next_number(now)
            out.append((number, self._as_rtx(plain, types[1], self.layout.extra_block(now, number))))
            octets -= len(plain.payload)
        while payload_type is not None and octets > 0:
            number = marks.next_number(now)
            index = self.take_rtx_index()
            header = rtp.pack_header(
                payload_type=payload_type,
                sequence=index,
                timestamp=0,
                ssrc=self.layout.rtx_ssrc,
                padded=True,
                extension_block=self.layout.extra_block(now, number),
            )
            padding = min(octets, rtp.MAX_PADDING)
            out.append((number, PlainPacket(header, rtp.pad(b"", padding), self.layout.rtx_ssrc, index)))
            octets -= padding
        return out

    def forget(self, now: float) -> None:
        """Let go of stretches that ended too long ago to be asked for, and so of their tracks."""
        while self._former and now - self._former[0].ended_at > FORMER_TIME:
            self._former.popleft()

    def _newest_index(self) -> int:
        segment = self.segment
        if segment is None or segment.track.end is None:
            return self._stand.last_index if self._stand is not None else 0
        return segment.track.end.place.number(segment.limit) - 1 + segment.numbering.index

    def _sent(self, index: int) -> tuple[Segment | None, StoredPacket | None]:
        """Return what went out under an index; nothing for what has not gone out yet.

        A packet of the open burst has neither its send time nor its padding: were it sent now, its index
        would stand for two plaintexts.
        """
        for segment in (self.segment, *reversed(self._former)):
            if segment is None or not segment.holds_index(index):
                continue
            packet = segment.track.ring.find(index - segment.numbering.index, segment.limit)
            ahead = (
                segment is self.segment
                and self.state == "catching_up"
                and packet is not None
                and packet.sequence >= self._cursor
            )
            return (None, None) if packet is None or not packet.closed or ahead else (segment, packet)
        return None, None

    def _as_rtx(self, plain: PlainPacket, payload_type: int, extension_block: bytes) -> PlainPacket:
        payload = plain.payload
        if plain.header[0] & 0x20:
            payload = payload[: -payload[-1]]
        index = self.take_rtx_index()
        header = rtp.pack_header(
            payload_type=payload_type,
            sequence=index,
            timestamp=int.from_bytes(plain.header[4:8], "big"),
            ssrc=self.layout.rtx_ssrc,
            marker=bool(plain.header[1] & 0x80),
            extension_block=extension_block,
        )
        original = (plain.srtp_index & 0xFFFF).to_bytes(2, "big")
        return PlainPacket(header, original + payload, self.layout.rtx_ssrc, index)

    def take_rtx_index(self) -> int:
        """Return the next index of the RTX stream, which is this viewer's own; it is counted as used."""
        index, self._rtx_index = self._rtx_index, self._rtx_index + 1
        return index

    # -- reports -------------------------------------------------------------------------------------

    def sender_report(self, unix: float, packets: int, octets: int) -> bytes:
        """Return a sender report with its CNAME for the wall clock `unix`, seconds; nothing to report: b"".

        It is the publisher's own, moved to this viewer's timestamps (RFC 3550, 6.4.1). `packets` and
        `octets` are all that was sent.
        """
        segment = self.segment
        timestamp = segment.track.timestamp_at(unix) if segment is not None else None
        if segment is None or timestamp is None or not packets:
            return b""
        slot, timestamp = self.slot, timestamp + segment.numbering.timestamp
        report = rtcp.pack_sender_report(slot.ssrc, rtcp.ntp_from_unix(unix), timestamp, packets, octets)
        return report + slot.cname

    def report(self, block: rtcp.ReportBlock, ntp_now: int) -> tuple[float, int]:
        """Take a viewer's report block on this slot; `ntp_now` is the relay's, compact (32 bits).

        Return how many packets were lost since the last one, and of how many.
        """
        self.fraction_lost = block.fraction_lost / 256
        self.lost = block.lost
        if block.last_sr:
            trip = (ntp_now - block.last_sr - block.delay_since_last_sr) & 0xFFFFFFFF
            if trip < 10 << 16:
                self.round_trip = trip / 65536
        before, self._highest_reported = self._highest_reported, block.highest_sequence
        expected = (block.highest_sequence - before) & 0xFFFFFFFF if before is not None else 0
        expected = expected if expected < 0x8000 else 0
        return self.fraction_lost * expected, expected
