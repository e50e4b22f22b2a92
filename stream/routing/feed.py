"""One feed of a session: its slots, its viewers, and who gets which burst.

Viewers whose packets look alike form a group, and a burst is made once for the whole group. The law: a
viewer is in a group for a slot only while it is live there; at its start it draws from the ring alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from stream.agreement import AgreedMedia
from stream.routing.consumer import Consumer
from stream.routing.packet_ring import SlotPacket
from stream.routing.shape import Layout, Shape
from stream.routing.slot import Slot
from stream.routing.stage import SLOT_NAMES, VIDEO_SLOTS
from stream.transport.fanout import PlainPacket
from stream.wire import rtcp

CATCH_UP_BURST = 50
"""Packets of a joiner's start sent at once; the rest follows at the next tick, 10 ms later."""

REPORT_INTERVAL = 1.0
"""Seconds between two sender reports to a viewer."""

EARLY_REPORTS = 5
EARLY_INTERVAL = 0.2
"""The first reports come sooner, in seconds: sound and picture of a joiner start one after the other,
and are only then in step when both were reported."""


class Peer(Protocol):
    """A viewer's transport, as far as routing knows it."""

    @property
    def id(self) -> str:
        """Its transport id."""


PeerT = TypeVar("PeerT", bound=Peer)


class Burst(NamedTuple, Generic[PeerT]):
    """The same packets for several peers."""

    packets: list[PlainPacket]
    recipients: list[PeerT]


class Viewer(Generic[PeerT]):
    """One WHEP resource, connected: a consumer for each of its lines."""

    def __init__(self, peer: PeerT, participant: str, consumers: Sequence[Consumer]) -> None:
        self.peer = peer
        self.participant = participant
        self.consumers = {consumer.slot.name: consumer for consumer in consumers}
        self.group: _Group[PeerT] | None = None
        self.report_due = 0.0
        self.reports = 0

    def key(self) -> tuple[tuple[str, Shape], ...]:
        """Return what makes this viewer's live packets what they are."""
        return tuple(
            (name, consumer.shape) for name, consumer in self.consumers.items() if consumer.state == "live"
        )


class _Group(Generic[PeerT]):
    """Viewers that get the same bytes."""

    def __init__(self, shapes: dict[str, Shape]) -> None:
        self.shapes = shapes
        self.viewers: dict[str, Viewer[PeerT]] = {}
        self._settled = dict.fromkeys(shapes, 0)
        """By slot, the sequence number from which all viewers are live."""

    def add(self, viewer: Viewer[PeerT]) -> None:
        """Let a viewer of these shapes in."""
        self.viewers[viewer.peer.id] = viewer
        for name, settled in self._settled.items():
            self._settled[name] = max(settled, viewer.consumers[name].live_from)

    def bursts(self, arrived: Sequence[tuple[str, list[SlotPacket]]]) -> list[Burst[PeerT]]:
        """Return what arrived in the group's shapes: one burst for all, and the stragglers' one by one."""
        common: list[PlainPacket] = []
        late: list[tuple[str, SlotPacket]] = []
        for name, packets in arrived:
            shape = self.shapes.get(name)
            if shape is None:
                continue
            settled = self._settled[name]
            late += [(name, packet) for packet in packets if packet.sequence < settled]
            made = [
                plain
                for packet in packets
                if packet.sequence >= settled and (plain := shape.packet(packet)) is not None
            ]
            octets = sum(len(plain.payload) for plain in made)
            for viewer in self.viewers.values():
                viewer.consumers[name].count(len(made), octets)
            common += made
        out = [Burst(common, [viewer.peer for viewer in self.viewers.values()])] if common else []
        for viewer in self.viewers.values() if late else ():
            own = [plain for name, packet in late for plain in viewer.consumers[name].late(packet)]
            if own:
                out.append(Burst(own, [viewer.peer]))
        return out

    def unplayable(self, name: str, packets: Sequence[SlotPacket]) -> int | None:
        """Return the slot's first sequence number of a codec the group cannot play, if there is one."""
        shape = self.shapes.get(name)
        if shape is None:
            return None
        strange = (p.sequence for p in packets if shape.layout.payload_type(p.codec) is None)
        return min(strange, default=None)


class FeedRouter(Generic[PeerT]):
    """The slots of one feed and everybody who watches it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.slots = {slot: Slot(slot, "video" if slot in VIDEO_SLOTS else "audio") for slot in SLOT_NAMES}
        self.viewers: dict[str, Viewer[PeerT]] = {}
        self._groups: dict[tuple[tuple[str, Shape], ...], _Group[PeerT]] = {}
        self._starting: dict[str, dict[str, Viewer[PeerT]]] = {slot: {} for slot in SLOT_NAMES}
        """By slot, the viewers that are not live there yet."""

    def ssrc(self, slot: str) -> tuple[int, int]:
        """Return the primary and the RTX SSRC that stand for a slot in answers."""
        return self.slots[slot].ssrc, self.slots[slot].rtx_ssrc

    def add(self, peer: PeerT, participant: str, media: Sequence[AgreedMedia], now: float) -> None:
        """Let a connected viewer in."""
        consumers = [
            Consumer(self.slots[line.slot], Layout.of(line, self.slots[line.slot]), now)
            for line in media
            if line.slot is not None and line.codecs
        ]
        viewer = Viewer(peer, participant, consumers)
        self.viewers[peer.id] = viewer
        for name in viewer.consumers:
            self._starting[name][peer.id] = viewer

    def remove(self, peer_id: str) -> None:
        """Let a viewer go."""
        viewer = self.viewers.pop(peer_id, None)
        if viewer is not None:
            for name in viewer.consumers:
                self._starting[name].pop(peer_id, None)
            self._leave_group(viewer)

    def _leave_group(self, viewer: Viewer[PeerT]) -> None:
        group, viewer.group = viewer.group, None
        if group is not None:
            del group.viewers[viewer.peer.id]
            if not group.viewers:
                del self._groups[tuple(group.shapes.items())]

    def _regroup(self, viewer: Viewer[PeerT]) -> None:
        self._leave_group(viewer)
        key = viewer.key()
        if key:
            viewer.group = self._groups.setdefault(key, _Group(dict(key)))
            viewer.group.add(viewer)

    def flush(self, now: float) -> list[Burst[PeerT]]:
        """Return what has arrived since the last flush, for those who are live."""
        arrived = {name: slot.close_burst(now) for name, slot in self.slots.items() if slot.burst}
        if not arrived:
            return []
        out: list[Burst[PeerT]] = []
        for group in list(self._groups.values()):
            stops = {name: group.unplayable(name, packets) for name, packets in arrived.items()}
            out += group.bursts(
                [
                    (name, packets if (stop := stops[name]) is None else _before(packets, stop))
                    for name, packets in arrived.items()
                ]
            )
            for name, stop in stops.items():
                if stop is not None:
                    self._pause(list(group.viewers.values()), name, stop, now)
        return out

    def _pause(self, viewers: Sequence[Viewer[PeerT]], name: str, sequence: int, now: float) -> None:
        """Let viewers wait whose slot has changed to a codec they cannot play."""
        for viewer in viewers:
            viewer.consumers[name].pause(sequence, now)
            self._starting[name][viewer.peer.id] = viewer
            self._regroup(viewer)

    def advance(self, now: float) -> list[Burst[PeerT]]:
        """Bring those who start nearer to live, and ask for a key frame where one is lacking.

        To be called after `flush`: what the ring holds has then gone to everybody else.
        """
        out: list[Burst[PeerT]] = []
        for name, slot in self.slots.items():
            if slot.source is None:
                continue
            for peer_id, viewer in list(self._starting[name].items()):
                consumer = viewer.consumers[name]
                consumer.begin(now)
                if consumer.state == "catching_up":
                    packets = consumer.catch_up(CATCH_UP_BURST)
                    if packets:
                        out.append(Burst(packets, [viewer.peer]))
                if consumer.state == "live":
                    del self._starting[name][peer_id]
                    self._regroup(viewer)
                elif consumer.wants_key_frame():
                    slot.source.keyframes.want()
        return out

    def receive_rtcp(
        self, peer_id: str, packets: Sequence[rtcp.Packet], now: float, ntp_now: int
    ) -> list[Burst[PeerT]]:
        """Take a viewer's feedback; return what is to be sent to it again."""
        viewer = self.viewers.get(peer_id)
        if viewer is None:
            return []
        by_ssrc = {consumer.slot.ssrc: consumer for consumer in viewer.consumers.values()}
        out: list[Burst[PeerT]] = []
        for packet in packets:
            match packet:
                case rtcp.Nack(media_ssrc=ssrc, sequences=sequences) if ssrc in by_ssrc:
                    resent = by_ssrc[ssrc].resend(sequences, now)
                    if resent:
                        out.append(Burst(resent, [viewer.peer]))
                case rtcp.PictureLossIndication(media_ssrc=ssrc) if ssrc in by_ssrc:
                    self._picture_lost(viewer, by_ssrc[ssrc], now)
                case rtcp.FullIntraRequest(targets=targets):
                    for ssrc, _ in targets:
                        if ssrc in by_ssrc:
                            self._picture_lost(viewer, by_ssrc[ssrc], now)
                case rtcp.ReceiverReport(reports=reports) | rtcp.SenderReport(reports=reports):
                    for block in reports:
                        if block.ssrc in by_ssrc:
                            by_ssrc[block.ssrc].report(block, ntp_now)
        return out

    def reports(self, now: float, unix: float) -> list[tuple[PeerT, bytes]]:
        """Return the sender reports due now. `unix` is the relay's wall clock, seconds."""
        out: list[tuple[PeerT, bytes]] = []
        for viewer in self.viewers.values():
            if now < viewer.report_due:
                continue
            report = b"".join(consumer.sender_report(unix) for consumer in viewer.consumers.values())
            early = viewer.reports < EARLY_REPORTS
            viewer.report_due = now + (EARLY_INTERVAL if early else REPORT_INTERVAL)
            if report:
                viewer.reports += 1
                out.append((viewer.peer, report))
        return out

    def _picture_lost(self, viewer: Viewer[PeerT], consumer: Consumer, now: float) -> None:
        if consumer.picture_lost(now):
            self._starting[consumer.slot.name][viewer.peer.id] = viewer
            self._regroup(viewer)
        elif consumer.slot.source is not None and consumer.slot.kind == "video":
            consumer.slot.source.keyframes.want()


def _before(packets: Sequence[SlotPacket], sequence: int) -> list[SlotPacket]:
    return [packet for packet in packets if packet.sequence < sequence]
