"""One feed of a session: its slots, its viewers, and who gets which burst.

Viewers whose packets look alike form a group, and a burst is made once for the whole group. The law: a
viewer is in a group for a slot only while it is live there; at its start it draws from the ring alone; what
changes for many at once, a speaker or a layer, is written once for all whom it concerns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Generic

from stream.agreement import AgreedMedia
from stream.routing.adaptation import ADAPT_INTERVAL, Ladders, adapt, at_rest
from stream.routing.consumer import BEST_LAYER, CATCH_UP_LIMIT, Consumer
from stream.routing.freezes import NEVER
from stream.routing.group import Burst, Group, LaneKey, PeerT, Viewer, start_room
from stream.routing.packet_ring import FULL, StoredPacket
from stream.routing.shape import WIRE_OVERHEAD, Layout, Shapes, shaped
from stream.routing.slot import Slot
from stream.routing.stage import SLOT_NAMES, VIDEO_SLOTS
from stream.routing.track import ClosedBurst, Marks, Track
from stream.transport.fanout import Numbering, PlainPacket
from stream.wire import rtcp

CATCH_UP_BURST = 50
"""Packets of a joiner's start sent at once, if its pace allows; the rest follows 10 ms later."""

DRAW_INTERVAL = 0.005
"""Seconds between two looks at what of a start its pace allows: the bucket holds eight times as much."""

REPORT_INTERVAL = 1.0
"""Seconds between two sender reports to a viewer."""

EARLY_REPORTS = 5
EARLY_INTERVAL = 0.2
"""The first reports come sooner, in seconds: sound and picture of a joiner start one after the other,
and are only then in step when both were reported."""


class FeedRouter(Generic[PeerT]):
    """The slots of one feed and everybody who watches it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.slots = {slot: Slot(slot, "video" if slot in VIDEO_SLOTS else "audio") for slot in SLOT_NAMES}
        self.viewers: dict[str, Viewer[PeerT]] = {}
        self.departed: dict[str, dict[str, float]] = {slot: {} for slot in SLOT_NAMES}
        """By slot, what was counted of viewers who have left."""
        self._groups: dict[tuple[LaneKey, ...], Group[PeerT]] = {}
        self._unsettled: dict[str, dict[str, Viewer[PeerT]]] = {slot: {} for slot in SLOT_NAMES}
        """By slot, the viewers that are to start there, or to change track or limit."""
        self._ladders = Ladders(self.slots)
        self._busy: dict[str, Viewer[PeerT]] = {}
        """Those with retransmissions that wait for their turn, or with a probe under way."""
        self._turns: deque[Viewer[PeerT]] = deque()
        """Everybody in it, whoever had no turn for longest first; some who have left, until it is theirs."""

    def ssrc(self, slot: str) -> tuple[int, int]:
        """Return the primary and the RTX SSRC that stand for a slot in answers."""
        return self.slots[slot].ssrc, self.slots[slot].rtx_ssrc

    # -- who comes and goes --------------------------------------------------------------------------

    def add(self, peer: PeerT, participant: str, media: Sequence[AgreedMedia], now: float) -> None:
        """Let a connected viewer in."""
        consumers = [
            Consumer(self.slots[line.slot], Layout.of(line, self.slots[line.slot]), now)
            for line in media
            if line.slot is not None and line.codecs
        ]
        viewer = Viewer(peer, participant, consumers, now)
        self.viewers[peer.id] = viewer
        self._turns.appendleft(viewer)
        for consumer in consumers:
            self._settle(viewer, consumer)

    def expect(self, now: float) -> None:
        """Ask for what a viewer will begin with who has been answered, and connects some round trips later.

        Only where the stored key frame is too far back for them already: they would ask for a fresh one then.
        """
        for name in VIDEO_SLOTS:
            producer = self.slots[name].wanted
            found = producer.choose(BEST_LAYER) if producer is not None else None
            if found is None:
                continue
            track, _ = found
            if not track.ring.near(CATCH_UP_LIMIT, start_room(track.bitrate(FULL, now))):
                track.want_key_frame()

    def remove(self, peer_id: str) -> None:
        """Let a viewer go."""
        viewer = self.viewers.pop(peer_id, None)
        if viewer is not None:
            self._busy.pop(peer_id, None)
            for name in viewer.consumers:
                self._unsettled[name].pop(peer_id, None)
                departed = self.departed[name]
                for what, count in viewer.counted(name).items():
                    departed[what] = departed.get(what, 0) + count
            self._leave_group(viewer)

    def _leave_group(self, viewer: Viewer[PeerT]) -> None:
        group = viewer.group
        if group is not None:
            group.remove(viewer)
            if not len(group):
                del self._groups[group.key]

    def _regroup(self, viewer: Viewer[PeerT]) -> None:
        self._leave_group(viewer)
        key = viewer.key()
        if key:
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = Group(key)
            group.add(viewer)

    def _settle(self, viewer: Viewer[PeerT], consumer: Consumer) -> None:
        """Note whether a consumer still has somewhere to go."""
        unsettled = self._unsettled[consumer.slot.name]
        if consumer.settled:
            unsettled.pop(viewer.peer.id, None)
        else:
            unsettled[viewer.peer.id] = viewer

    def aim(
        self, viewer: Viewer[PeerT], consumer: Consumer, layer: int | None, limit: int, now: float
    ) -> None:
        """Set what a viewer is to get of a slot; see `Consumer.aim`."""
        if consumer.aim(layer, limit):
            self._look(viewer, consumer, now)

    def _look(self, viewer: Viewer[PeerT], consumer: Consumer, now: float) -> None:
        state = consumer.state
        consumer.look(now)
        if consumer.state != state:
            self._regroup(viewer)
        self._settle(viewer, consumer)

    # -- packets -------------------------------------------------------------------------------------

    def flush(self, closed: Mapping[Track, ClosedBurst], now: float) -> list[Burst[PeerT]]:
        """Return what has arrived since the last flush, for those who are live or begin with it."""
        out: list[Burst[PeerT]] = []
        if closed and self.viewers:
            shapes = Shapes({track: burst.packets for track, burst in closed.items()})
            self._raise(closed, now)
            for group in self._groups.values():
                out += group.bursts(shapes, now)
        for slot in self.slots.values():
            if slot.moved_on():
                self._ladders.forget()
                self._follow(slot, now)
            if closed and slot.wanted is not None:
                out += self._begin(slot, closed, now)
        if closed:
            self._lower(closed, now)
        return out

    def _follow(self, slot: Slot, now: float) -> None:
        """Let everybody look anew at what there is to see in a slot."""
        for viewer in self.viewers.values():
            consumer = viewer.consumers.get(slot.name)
            if consumer is not None:
                self._look(viewer, consumer, now)

    def _changing_limit(self, track: Track, name: str) -> list[tuple[Viewer[PeerT], Consumer]]:
        return [
            (viewer, consumer)
            for viewer in self._unsettled[name].values()
            if (consumer := viewer.consumers[name]).state == "live"
            and consumer.segment is not None
            and consumer.segment.track is consumer.target is track
        ]

    def _raise(self, closed: Mapping[Track, ClosedBurst], now: float) -> None:
        for name in VIDEO_SLOTS:
            for track, burst in closed.items() if self._unsettled[name] else ():
                for viewer, consumer in self._changing_limit(track, name):
                    if consumer.raise_at(burst, now):
                        self._settle(viewer, consumer)
                        self._regroup(viewer)

    def _lower(self, closed: Mapping[Track, ClosedBurst], now: float) -> None:
        for name in VIDEO_SLOTS:
            for track, burst in closed.items() if self._unsettled[name] else ():
                for viewer, consumer in self._changing_limit(track, name):
                    if consumer.lower_after(burst, now):
                        self._settle(viewer, consumer)
                        self._regroup(viewer)

    def _begin(self, slot: Slot, closed: Mapping[Track, ClosedBurst], now: float) -> list[Burst[PeerT]]:
        """Let those begin a track who waited for what has just come: a key frame, or any sound."""
        entries: dict[Track, StoredPacket] = {}
        for track in slot.wanted.tracks if slot.wanted is not None else ():
            burst = closed.get(track)
            entry = None if burst is None else burst.key if slot.kind == "video" else burst.first
            if entry is not None:
                entries[track] = entry
        if not entries:
            return []
        changed = slot.source is not slot.wanted
        slot.filled()
        if changed:
            self._pause_unplayable(slot, now)
        octets = {track: track.ring.octets_since(entry.sequence) for track, entry in entries.items()}
        begun: dict[LaneKey, tuple[list[StoredPacket], list[Viewer[PeerT]]]] = {}
        for viewer in list(self._unsettled[slot.name].values()):
            consumer = viewer.consumers[slot.name]
            aim = consumer.target
            if aim is None or aim not in entries or not consumer.playable or not consumer.changing_track:
                continue
            entry = entries[aim]
            if consumer.state == "waiting" and octets[aim] > viewer.gulp:
                consumer.begin_slowly(entry, now)
                continue
            packets = consumer.start_at(entry, now)
            self._settle(viewer, consumer)
            key = (slot.name, consumer.layout, aim, consumer.target_limit)
            begun.setdefault(key, (packets, []))[1].append(viewer)
            self._regroup(viewer)
        return [self._shared(key, packets, viewers, now) for key, (packets, viewers) in begun.items()]

    def _shared(
        self, key: LaneKey, packets: list[StoredPacket], viewers: list[Viewer[PeerT]], now: float
    ) -> Burst[PeerT]:
        """Return the beginning of a track for all who begin it alike."""
        name, layout, _, limit = key
        made = shaped(layout, packets, limit, 0)
        numberings: list[tuple[Numbering, ...]] = []
        for viewer in viewers:
            consumer = viewer.consumers[name]
            assert consumer.segment is not None, "it has just begun"
            numberings.append((consumer.segment.numbering,))
            consumer.count(len(made.plain), made.octets)
            viewer.count(made.wire)
            for number in made.marks:
                viewer.bandwidth.sent(number, viewer.octets, now)
        return Burst(made.plain, [viewer.peer for viewer in viewers], numberings)

    def _pause_unplayable(self, slot: Slot, now: float) -> None:
        """Let viewers wait whose slot has changed to a codec they cannot play."""
        for viewer in self.viewers.values():
            consumer = viewer.consumers.get(slot.name)
            if consumer is not None and not consumer.playable and consumer.state != "waiting":
                consumer.stop(now)
                self._settle(viewer, consumer)
                self._regroup(viewer)

    def advance(self, now: float) -> list[Burst[PeerT]]:
        """Bring those who start nearer to live, and ask for a key frame where one is lacking.

        To be called after `flush`: what the ring holds has then gone to everybody else.
        """
        out: list[Burst[PeerT]] = []
        for name, unsettled in self._unsettled.items():
            for viewer in list(unsettled.values()) if unsettled else ():
                consumer = viewer.consumers[name]
                if consumer.may_begin:
                    consumer.begin(now, viewer.room(consumer, now))
                if consumer.state == "catching_up" and now >= consumer.draws_at:
                    consumer.draws_at = now + DRAW_INTERVAL
                    packets = _drawn(viewer, consumer, now)
                    if packets:
                        out.append(viewer.alone(packets))
                    if consumer.state != "catching_up":
                        self._settle(viewer, consumer)
                        self._regroup(viewer)
                if consumer.wants_key_frame() and consumer.target is not None:
                    consumer.target.want_key_frame()
        return out

    @property
    def calm(self) -> bool:
        """Tell whether nobody starts, changes, is being repaired or probed."""
        return not self._busy and not any(self._unsettled.values())

    # -- feedback ------------------------------------------------------------------------------------

    def receive_rtcp(
        self, peer_id: str, packets: Sequence[rtcp.Packet], now: float, unix: float
    ) -> list[Burst[PeerT]]:
        """Take a viewer's feedback; return what is to be sent to it again. `unix`: the wall clock, s."""
        viewer = self.viewers.get(peer_id)
        if viewer is None:
            return []
        by_ssrc = viewer.by_ssrc
        out: list[Burst[PeerT]] = []
        for packet in packets:
            if isinstance(packet, rtcp.TransportFeedback):  # as nine of ten are
                flowing = not viewer.bandwidth.congested
                viewer.bandwidth.arrived(packet, now)
                if flowing and viewer.bandwidth.congested:
                    self._adapt(viewer, now)
                continue
            viewer.rest = None
            match packet:
                case rtcp.Nack(media_ssrc=ssrc, sequences=sequences) if ssrc in by_ssrc:
                    consumer = by_ssrc[ssrc]
                    consumer.nacks += 1
                    consumer.nacked += len(sequences)
                    for plain in consumer.resend(sequences, now, viewer.paced.wait):
                        viewer.paced.push(plain, len(plain.payload), now, consumer.slot.kind == "audio")
                    out += self._repair(viewer, now)
                case rtcp.PictureLossIndication(media_ssrc=ssrc) if ssrc in by_ssrc:
                    self._picture_lost(viewer, by_ssrc[ssrc], now)
                case rtcp.FullIntraRequest(targets=targets):
                    for ssrc, _ in targets:
                        if ssrc in by_ssrc:
                            self._picture_lost(viewer, by_ssrc[ssrc], now)
                case rtcp.ReceiverReport(reports=reports) | rtcp.SenderReport(reports=reports):
                    ntp_now = rtcp.compact_ntp(rtcp.ntp_from_unix(unix))
                    self._reported(viewer, [b for b in reports if b.ssrc in by_ssrc], by_ssrc, now, ntp_now)
                case rtcp.Remb(bitrate=bitrate):
                    viewer.bandwidth.remb(bitrate, now)
        return out

    def _reported(
        self,
        viewer: Viewer[PeerT],
        blocks: Sequence[rtcp.ReportBlock],
        by_ssrc: Mapping[int, Consumer],
        now: float,
        ntp_now: int,
    ) -> None:
        """Take the report blocks of one viewer, and tell its estimate what they come down to."""
        lost, expected = 0.0, 0
        trips: list[float] = []
        for block in blocks:
            consumer = by_ssrc[block.ssrc]
            of_it, sent = consumer.report(block, ntp_now)
            lost, expected = lost + of_it, expected + sent
            if block.last_sr and consumer.round_trip is not None:
                trips.append(consumer.round_trip)
        told = viewer.reported.take(lost, expected, min(trips, default=None), now)
        if told is not None:
            viewer.bandwidth.reported(told.lost, told.round_trip, now)

    def _picture_lost(self, viewer: Viewer[PeerT], consumer: Consumer, now: float) -> None:
        consumer.plis += 1
        if consumer.picture_lost(now):
            self._settle(viewer, consumer)
            self._regroup(viewer)
        elif consumer.slot.kind == "video":
            track = consumer.segment.track if consumer.segment is not None else consumer.target
            if track is not None and consumer.playable:
                track.want_key_frame()

    # -- time ----------------------------------------------------------------------------------------

    def tick(self, now: float, unix: float) -> list[tuple[PeerT, bytes]]:
        """Choose the layers of those whose turn it is, and return the sender reports due to them.

        Everybody has a turn some times a second. `unix` is the relay's wall clock, seconds.
        """
        out: list[tuple[PeerT, bytes]] = []
        turns = self._turns
        while turns and now - turns[0].turned_at >= ADAPT_INTERVAL:
            viewer = turns.popleft()
            if self.viewers.get(viewer.peer.id) is not viewer:
                continue  # it has left
            viewer.turned_at = now
            turns.append(viewer)
            if not at_rest(viewer, self._ladders, now):
                self._adapt(viewer, now)
            report = self._report(viewer, now, unix) if now >= viewer.report_due else b""
            if report:
                out.append((viewer.peer, report))
        return out

    def _adapt(self, viewer: Viewer[PeerT], now: float) -> None:
        for consumer, rung in adapt(viewer, self._ladders, now):
            layer, limit = (None, consumer.temporal) if rung is None else rung[:2]
            if rung is None and viewer.bandwidth.congested:
                consumer.freezes.lost(viewer.bandwidth.came, NEVER)
            self.aim(viewer, consumer, layer, limit, now)
        probe = viewer.bandwidth.probe(viewer.ladder.wanted, now)
        if probe is not None:
            viewer.probe_octets, viewer.probe_ticks = probe
            self._busy[viewer.peer.id] = viewer

    def extras(self, marks: Marks, now: float) -> list[Burst[PeerT]]:
        """Return what goes beside the live streams now: repairs whose turn it is, and probes."""
        out: list[Burst[PeerT]] = []
        for viewer in list(self._busy.values()) if self._busy else ():
            out += self._repair(viewer, now)
            if viewer.probe_ticks:
                out += self._probe(viewer, marks, now)
            if not viewer.probe_ticks and not len(viewer.paced):
                del self._busy[viewer.peer.id]
        return out

    def _repair(self, viewer: Viewer[PeerT], now: float) -> list[Burst[PeerT]]:
        if viewer.bandwidth.congested:
            viewer.paced.clear_picture()  # it begins anew with a key frame; its repairs would feed the queue
        if not len(viewer.paced):
            return []  # as for most who are busy: they are being probed
        viewer.pace(now)
        turn = viewer.paced.take(now)
        if len(viewer.paced):
            self._busy[viewer.peer.id] = viewer
        return [viewer.alone(turn)] if turn else []

    def _probe(self, viewer: Viewer[PeerT], marks: Marks, now: float) -> list[Burst[PeerT]]:
        """Return one tick of a viewer's probe; it ends early where a queue builds up."""
        viewer.probe_ticks -= 1
        if not viewer.bandwidth.probing:
            viewer.probe_ticks = 0
            return []
        for consumer in viewer.consumers.values():
            made = consumer.probe(viewer.probe_octets, marks, now)
            if made:
                before = viewer.octets
                burst = viewer.alone([plain for _, plain in made])
                each = (viewer.octets - before) // len(made)
                for place, (number, _) in enumerate(made, 1):
                    viewer.bandwidth.sent(number, before + place * each, now)
                return [burst]
        return []

    def _report(self, viewer: Viewer[PeerT], now: float, unix: float) -> bytes:
        report = b""
        for name, consumer in viewer.consumers.items():
            consumer.forget(now)
            consumer.freezes.settle(now)
            report += consumer.sender_report(unix, *viewer.sent(name))
        early = viewer.reports < EARLY_REPORTS
        viewer.report_due = now + (EARLY_INTERVAL if early else REPORT_INTERVAL)
        if report:
            viewer.reports += 1
        return report


def _drawn(viewer: Viewer[PeerT], consumer: Consumer, now: float) -> list[PlainPacket]:
    """Return the packets of a start that may go to a viewer now."""
    out: list[PlainPacket] = []
    pace = viewer.pace(now)
    while (
        len(out) < CATCH_UP_BURST
        and consumer.state == "catching_up"
        and pace.allow(consumer.next_octets + WIRE_OVERHEAD, now)
    ):
        out += consumer.catch_up(1, now)
    return out
