"""Viewers that get the same bytes: a burst is written once for all of them, and numbered for each.

What a group sends is counted once for the group, and taken apart only when somebody asks. The law: a viewer
is in a group for a slot only while it is live there, so that each packet reaches it exactly once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from stream.routing.bandwidth import START, Bandwidth
from stream.routing.consumer import Consumer
from stream.routing.layers import Ladder, Rung
from stream.routing.pacing import HASTE, Pace, Paced
from stream.routing.packet_ring import StoredPacket
from stream.routing.producer import Producer
from stream.routing.reported import Reports
from stream.routing.shape import WIRE_OVERHEAD, Layout, Shapes
from stream.routing.stage import SLOT_NAMES
from stream.routing.track import Track
from stream.transport.fanout import Numbering, PlainPacket


class Peer(Protocol):
    """A viewer's transport, as far as routing knows it."""

    @property
    def id(self) -> str:
        """Its transport id."""

    @property
    def backlog(self) -> int | None:
        """Octets that wait in its TCP connection; None where it is reached by UDP."""


PeerT = TypeVar("PeerT", bound=Peer)

NARROW = 2_000_000.0
"""Bit/s of the narrowest line on which a start shall be no trouble while nothing is known of the network."""

START_QUEUE = 0.18
"""Seconds that a start may make a packet wait there: the live stream, and sound, go through the same line."""

START_TIME = 0.5
"""Seconds that a start from the ring may take by a viewer's pace; if longer, a fresh key frame is quicker."""

FASTER = 1.5
FASTEST = 4.0
"""Multiple of its pace by which a start becomes quicker where marks come through, and at most."""

FASTER_AFTER = 0.1
"""Seconds a pace must have lasted before the mark left that speaks for it."""

FASTER_UNHEARD = 1.0
"""Seconds after which it becomes quicker where no mark is told of: it has to end some time."""

NO_WAIT = 0.02
"""Seconds in a queue that say that there is none."""


class Burst(NamedTuple, Generic[PeerT]):
    """The same packets for several peers: `numberings[i]` are those of `recipients[i]`, by lane."""

    packets: Sequence[PlainPacket]
    recipients: Sequence[PeerT]
    numberings: Sequence[tuple[Numbering, ...]] | None = None


LaneKey = tuple[str, Layout, Track, int]
"""What makes a viewer's live packets of a slot what they are: slot, layout, track, temporal limit."""


class Watched(NamedTuple):
    """The slots that a viewer watches: its pictures in order, "" where it cannot play one, and its sounds."""

    pictures: tuple[str, ...]
    sounds: tuple[str, ...]


class Rest(NamedTuple):
    """What a look at a viewer found who lacks nothing, and until when it stands if nothing of it changes."""

    until: float
    version: int
    """Of what there is to choose from."""

    estimate: float


def start_room(live: float, rate: float = HASTE * START) -> float:
    """Return how many octets a start may have on a network not met before; more, and it queues too long.

    `live` is what grows behind it meanwhile, `rate` the pace of both, bit/s.
    """
    lasts = START_QUEUE * NARROW / (rate - NARROW) if rate > NARROW else START_TIME
    return max(0.0, (rate - live) * min(lasts, START_TIME)) / 8


class Viewer(Generic[PeerT]):
    """One WHEP resource, connected: a consumer for each of its lines."""

    def __init__(self, peer: PeerT, participant: str, consumers: Sequence[Consumer], now: float) -> None:
        self.peer = peer
        self.participant = participant
        ordered = sorted(consumers, key=lambda consumer: SLOT_NAMES.index(consumer.slot.name))
        self.consumers = {consumer.slot.name: consumer for consumer in ordered}
        self.by_ssrc = {consumer.slot.ssrc: consumer for consumer in ordered}
        self.pictures = [consumer for consumer in ordered if consumer.slot.kind == "video"]
        self._sounds = tuple(consumer.slot.name for consumer in ordered if consumer.slot.kind == "audio")
        self.group: Group[PeerT] | None = None
        reports = any(consumer.layout.transport_cc_id is not None for consumer in consumers)
        repairs = any(consumer.layout.probed_by is not None for consumer in consumers)
        self.bandwidth = Bandwidth(now, transport=reports and repairs)
        self.reported = Reports(now)
        self.ladder = Ladder()
        self.chosen: Sequence[Rung | None] = ()
        """What it is to get of each picture, by the ladder's last word."""

        self.rest: Rest | None = None
        """While it need not be looked at; see adaptation.py."""

        self._pace = Pace(now, START)
        self._haste = 1.0
        """Multiple of START at which it is started, nothing being known; and since when it is."""
        self._haste_since = now
        self.paced: Paced[PlainPacket] = Paced(self._pace)
        """What it is to have again, and waits for its turn."""

        self.probe_octets = self.probe_ticks = 0
        """What is left of a probe: octets a tick, and ticks."""

        self.turned_at = float("-inf")
        self.report_due = 0.0
        self.reports = 0
        self.alone_octets = 0
        """Octets sent to the viewer, but for what its present group has counted for it."""

        self._watched: Watched | None = None
        self._fillers: list[Producer | None] = []
        """What it watches, and who filled its pictures' slots when that was last looked at."""

    def key(self) -> tuple[LaneKey, ...]:
        """Return what makes this viewer's live packets what they are."""
        return tuple(
            (name, consumer.layout, consumer.segment.track, consumer.segment.limit)
            for name, consumer in self.consumers.items()
            if consumer.state == "live" and consumer.segment is not None
        )

    @property
    def watched(self) -> Watched:
        """The slots it watches, as things are; the same object while nobody else fills them."""
        fillers = [one.slot.wanted for one in self.pictures]
        if self._watched is None or fillers != self._fillers:
            self._fillers = fillers
            names = tuple(one.slot.name if one.playable else "" for one in self.pictures)
            self._watched = Watched(names, self._sounds)
        return self._watched

    def pace(self, now: float) -> Pace:
        """Return the bucket for what goes beside its live stream, by what is known of its network."""
        estimate = self.bandwidth.estimate
        # Not by what was sent of late: a start would take its own packets for live ones, and slow down.
        live = sum(
            segment.track.bitrate(segment.limit, now)
            for consumer in self.consumers.values()
            if consumer.state == "live" and (segment := consumer.segment) is not None
        )
        if estimate == START:
            self._hasten(now)
            estimate *= self._haste
        self._pace.allot(estimate, live, now, self.bandwidth.loss)
        return self._pace

    def _hasten(self, now: float) -> None:
        """Let a long start become quicker as long as what goes beside it comes through without a wait."""
        if all(consumer.state != "catching_up" for consumer in self.consumers.values()):
            self._haste, self._haste_since = 1.0, now
            return
        waited = self.bandwidth.waited(self._haste_since + FASTER_AFTER)
        if waited is not None or now - self._haste_since > FASTER_UNHEARD:
            haste = self._haste * FASTER if waited is None or waited < NO_WAIT else self._haste / FASTER
            self._haste, self._haste_since = max(1.0, min(haste, FASTEST)), now

    def room(self, consumer: Consumer, now: float) -> float:
        """Return how many octets a start of this consumer may have: more, and a fresh key frame is better.

        While it lasts, what is live grows behind it. On a line narrower than its pace the rest queues.
        """
        rate = 8 * self.pace(now).rate
        if self.bandwidth.estimate != START or consumer.target is None:
            return rate * START_TIME / 8
        return start_room(consumer.target.bitrate(consumer.target_limit, now), rate)

    @property
    def gulp(self) -> float:
        """How many octets its network takes at once."""
        line = self.bandwidth.estimate
        return START_QUEUE * (NARROW if line == START else line) / 8

    @property
    def octets(self) -> int:
        """All octets sent to the viewer so far, as they are on the wire."""
        group = self.group
        return self.alone_octets + (group.octets_of(self) if group is not None else 0)

    def count(self, octets: int) -> None:
        """Count octets sent to this viewer alone, or by a group that it leaves."""
        self.alone_octets += octets

    def alone(self, packets: list[PlainPacket]) -> Burst[PeerT]:
        """Return packets, numbered already, as a burst for this viewer; counted as sent."""
        self.count(sum(len(packet.header) + len(packet.payload) + WIRE_OVERHEAD for packet in packets))
        return Burst(packets, [self.peer])

    def sent(self, name: str) -> tuple[int, int]:
        """Return packets and payload octets sent of a slot so far."""
        consumer = self.consumers[name]
        packets, octets = self.group.sent_of(self, name) if self.group is not None else (0, 0)
        return consumer.packets + packets, consumer.octets + octets

    def counted(self, name: str) -> dict[str, float]:
        """Return all that was counted of a slot so far, by name: what only grows."""
        packets, octets = self.sent(name)
        return {"packets": packets, "bytes": octets, **self.consumers[name].counted()}


class Lane:
    """One slot of a group."""

    __slots__ = ("layout", "limit", "octets", "packets", "settled", "slot", "track")

    def __init__(self, key: LaneKey) -> None:
        self.slot, self.layout, self.track, self.limit = key
        self.settled = 0
        """The number from which all viewers are live."""

        self.packets = 0
        self.octets = 0


class _Member(NamedTuple, Generic[PeerT]):
    """A viewer, and what the group's counters said when it came."""

    viewer: Viewer[PeerT]
    octets: int
    lanes: tuple[tuple[int, int], ...]


class Group(Generic[PeerT]):
    """Viewers that get the same bytes."""

    def __init__(self, key: tuple[LaneKey, ...]) -> None:
        self.key = key
        self.lanes = tuple(Lane(one) for one in key)
        self.octets = 0
        self._members: dict[str, _Member[PeerT]] = {}
        self._everybody: tuple[tuple[PeerT, ...], tuple[tuple[Numbering, ...], ...]] | None = None
        """Its recipients and their numberings, the same tuples while nobody comes or goes: see `Fanout`."""

    def __len__(self) -> int:
        return len(self._members)

    @property
    def viewers(self) -> list[Viewer[PeerT]]:
        """Who is in it."""
        return [member.viewer for member in self._members.values()]

    def add(self, viewer: Viewer[PeerT]) -> None:
        """Let a viewer of this key in."""
        counted = tuple((lane.packets, lane.octets) for lane in self.lanes)
        self._members[viewer.peer.id] = _Member(viewer, self.octets, counted)
        self._everybody = None
        viewer.group = self
        for lane in self.lanes:
            segment = viewer.consumers[lane.slot].segment
            assert segment is not None, "who is in a group is live"
            lane.settled = max(lane.settled, segment.live_from)

    def remove(self, viewer: Viewer[PeerT]) -> None:
        """Let a viewer go, and hand it what was counted for it."""
        viewer.count(self.octets_of(viewer))
        for lane in self.lanes:
            viewer.consumers[lane.slot].count(*self.sent_of(viewer, lane.slot))
        del self._members[viewer.peer.id]
        self._everybody = None
        viewer.group = None

    def octets_of(self, viewer: Viewer[PeerT]) -> int:
        """Return the octets sent to a viewer since it came."""
        return self.octets - self._members[viewer.peer.id].octets

    def sent_of(self, viewer: Viewer[PeerT], slot: str) -> tuple[int, int]:
        """Return packets and payload octets of a slot sent to a viewer since it came."""
        counted = self._members[viewer.peer.id].lanes
        for lane, (packets, octets) in zip(self.lanes, counted, strict=True):
            if lane.slot == slot:
                return lane.packets - packets, lane.octets - octets
        return 0, 0

    def bursts(self, shapes: Shapes, now: float) -> list[Burst[PeerT]]:
        """Return what arrived in the group's shapes: one burst for all, and the stragglers' one by one."""
        common: list[PlainPacket] = []
        late: list[tuple[Lane, StoredPacket]] = []
        marks: tuple[int, ...] = ()
        for place, lane in enumerate(self.lanes):
            made = shapes.of(lane.layout, lane.track, lane.limit, place)
            if made is None or not made.plain:
                continue
            marks += made.marks
            if made.lowest >= lane.settled:
                common += made.plain
                lane.packets += len(made.plain)
                lane.octets += made.octets
                self.octets += made.wire
                continue
            for packet, plain in zip(made.packets, made.plain, strict=True):
                if plain.srtp_index < lane.settled:
                    late.append((lane, packet))
                else:
                    common.append(plain)
                    lane.packets += 1
                    lane.octets += len(plain.payload)
                    self.octets += len(plain.header) + len(plain.payload) + WIRE_OVERHEAD
        out: list[Burst[PeerT]] = []
        if common:
            if self._everybody is None:
                self._everybody = self._list()
            recipients, numberings = self._everybody
            out.append(Burst(common, recipients, numberings))
        for viewer, before, _ in self._members.values() if marks else ():
            octets = viewer.alone_octets + self.octets - before
            for number in marks:
                viewer.bandwidth.sent(number, octets, now)
        for member in self._members.values() if late else ():
            own = [
                made_late
                for lane, packet in late
                if (made_late := member.viewer.consumers[lane.slot].late(packet, lane.track)) is not None
            ]
            if own:
                out.append(member.viewer.alone(own))
        return out

    def _list(self) -> tuple[tuple[PeerT, ...], tuple[tuple[Numbering, ...], ...]]:
        recipients: list[PeerT] = []
        numberings: list[tuple[Numbering, ...]] = []
        for member in self._members.values():
            recipients.append(member.viewer.peer)
            segments = [member.viewer.consumers[lane.slot].segment for lane in self.lanes]
            numberings.append(tuple(segment.numbering for segment in segments if segment is not None))
        return tuple(recipients), tuple(numberings)
