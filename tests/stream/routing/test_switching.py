"""A viewer's stream over any changes of layer, temporal limit and speaker: one stream, without a hole."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.routing.consumer import BEST_LAYER, Consumer
from stream.routing.group import Burst, Viewer
from stream.routing.packet_ring import FULL
from stream.routing.router import Router
from stream.transport.fanout import PlainPacket
from stream.wire import rtcp, vp8
from stream.wire.rtp import RtpPacket
from stream.wire.sequence import extend
from tests.stream.routing.stage_hands import (
    LayeredSpeaker,
    Peer,
    Speaker,
    clear,
    everyone,
    line_out,
    plan,
    taken,
)

Someone = Speaker | LayeredSpeaker


class Hall:
    """Speakers on stage in turn, and viewers who are given layers."""

    def __init__(self, *speakers: Someone) -> None:
        self.router: Router[Peer] = Router("s")
        self.now = 50.0
        self.speakers = speakers
        self.bursts: list[Burst[Peer]] = []
        self.plans = 0
        for speaker in speakers:
            self.router.publish(speaker.peer, speaker.publication, self.now)
        self.show(0)

    def show(self, place: int) -> None:
        """Put a speaker on stage."""
        self.plans += 1
        key = self.speakers[place].publication.key
        self.router.set_plan(plan(self.plans, everyone(key)), self.now)

    def join(self, name: str = "viewer", *, rtx: bool = False) -> Peer:
        peer = Peer(name)
        self.router.view("stage", peer, name, [line_out("main", rtx=rtx)], self.now)
        return peer

    def viewer(self, peer: Peer) -> Viewer[Peer]:
        return self.router.feeds["stage"].viewers[peer.id]

    def main(self, peer: Peer) -> Consumer:
        return self.viewer(peer).consumers["main"]

    def aim(self, peer: Peer, layer: int | None, limit: int = FULL) -> None:
        self.router.feeds["stage"].aim(self.viewer(peer), self.main(peer), layer, limit, self.now)

    def frame(self, *, key: str = "", per_flush: int = 100) -> list[Burst[Peer]]:
        """Let everybody send a frame, in as many bursts as it takes."""
        self.now += 1 / 30
        new: list[Burst[Peer]] = []
        for speaker in self.speakers:
            packets = speaker.frame(key=key) if isinstance(speaker, LayeredSpeaker) else None
            packets = packets if packets is not None else speaker.frame(key=bool(key))  # type: ignore[arg-type]
            new += self.arrive(speaker, packets, per_flush)
        return new

    def arrive(self, speaker: Someone, packets: list[RtpPacket], per_flush: int = 100) -> list[Burst[Peer]]:
        new: list[Burst[Peer]] = []
        for start in range(0, len(packets), per_flush):
            for packet in packets[start : start + per_flush]:
                self.router.receive_rtp(speaker.peer.id, packet, self.now)
            new += self.router.flush(self.now)
        self.bursts += new
        return new

    def seen(self, peer: Peer) -> list[PlainPacket]:
        return taken(self.bursts, peer)


def assert_unbroken(packets: list[PlainPacket]) -> None:
    """Check that sequence, time, picture id and TL0PICIDX go on by what they should, in order of sending."""
    assert [p.srtp_index for p in packets] == list(
        range(packets[0].srtp_index, packets[0].srtp_index + len(packets))
    )
    for before, after in pairwise(clear(packet) for packet in packets):
        assert after.sequence == (before.sequence + 1) & 0xFFFF
        one, two = vp8.parse(before.payload), vp8.parse(after.payload)
        assert one and two and one.picture_id is not None and two.picture_id is not None
        moved = (two.picture_id - one.picture_id) & 0x7FFF
        assert moved == (1 if two.starts_frame else 0), "each frame is one on, and its packets are together"
        passed = extend(after.timestamp - before.timestamp, 0, 32)
        assert passed > 0 if moved else passed == 0
        assert one.tl0_picture_index is not None and two.tl0_picture_index is not None
        base = (two.tl0_picture_index - one.tl0_picture_index) & 0xFF
        assert base == (1 if moved and two.temporal_layer == 0 else 0), (
            "no frame of the base layer is missing"
        )


Step = tuple[str, int, int]

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("aim"), st.sampled_from([-1, 0, 1, 2, BEST_LAYER]), st.integers(0, FULL)),
        st.tuples(st.just("show"), st.integers(0, 2), st.just(0)),
        st.tuples(st.just("key"), st.integers(0, 4), st.just(0)),
        st.tuples(st.just("frames"), st.integers(1, 9), st.integers(1, 4)),
        st.tuples(st.just("tick"), st.just(0), st.just(0)),
    ),
    max_size=40,
)

KEYS = ("q", "h", "f", "qhf", "hf")


@given(STEPS, st.integers(0, 0xFFFF), st.integers(0, 0x7FFF), st.integers(1, 3))
@settings(max_examples=150)
def test_any_changes_make_one_unbroken_stream(
    steps: list[Step], start: int, picture: int, per_frame: int
) -> None:
    layered = LayeredSpeaker("layered", start=start, per_frame=per_frame)
    plain_layers = LayeredSpeaker("flat", start=start // 2, per_frame=per_frame, temporal=False)
    single = Speaker("single", sequence=60_000, picture_id=picture, per_frame=per_frame)
    for layer in layered.layers:
        layer.picture_id += picture
    hall = Hall(layered, plain_layers, single)
    viewers = [hall.join("first"), hall.join("second")]
    hall.frame(key="qhf")
    for what, one, two in (*steps, ("key", 3, 0)):
        if what == "aim":
            hall.aim(viewers[0], None if one < 0 else one, two)
        elif what == "show":
            hall.show(one)
        elif what == "key":
            hall.frame(key=KEYS[one])
        elif what == "tick":
            hall.router.tick(hall.now, hall.now)
        else:
            for _ in range(one):
                hall.frame(per_flush=two)
    for viewer in viewers:
        assert_unbroken(hall.seen(viewer))


TURNS = st.lists(
    st.tuples(
        st.sampled_from(["", "", "qhf"]),
        st.none() | st.tuples(st.integers(0, 2), st.integers(0, FULL)),
        st.lists(st.integers(0, 5), max_size=2),
        st.booleans(),
    ),
    min_size=1,
    max_size=30,
)
"""Of each frame: which layers begin anew, what the viewer is given, which packets are held back, and whether
one that was is let go."""


@given(TURNS, st.integers(0, 0xFFFF))
@settings(max_examples=100)
def test_what_the_network_took_can_be_had_again_over_all_changes(
    turns: list[tuple[str, tuple[int, int] | None, list[int], bool]], start: int
) -> None:
    """Lost or overtaken before the relay, and asked for by the viewer: in the end all numbers were sent."""
    speaker = LayeredSpeaker("layered", start=start)
    hall = Hall(speaker)
    viewer = hall.join(rtx=False)
    hall.frame(key="qhf")
    held: list[RtpPacket] = []
    for key, aim, holes, release in turns:
        if aim is not None:
            hall.aim(viewer, *aim)
        packets = speaker.frame(key=key)
        hall.now += 1 / 60
        kept = [] if key else [packets[hole] for hole in holes]
        held += kept
        hall.arrive(speaker, [packet for packet in packets if packet not in kept])
        if held and release:
            hall.arrive(speaker, [held.pop(0)])
    hall.arrive(speaker, held)
    hall.frame(key="qhf")

    sent = {packet.srtp_index: packet for packet in hall.seen(viewer)}
    missing = [index for index in range(min(sent), max(sent)) if index not in sent]
    assert len(missing) < 190, "no more than the budget"
    for place in range(0, len(missing), 100):
        asked = tuple(index & 0xFFFF for index in missing[place : place + 100])
        ssrc = hall.main(viewer).slot.ssrc
        again = hall.router.receive_rtcp(viewer.id, [rtcp.Nack(1, ssrc, asked)], hall.now, 0.0)
        for packet in taken(again, viewer):
            assert packet.srtp_index not in sent
            sent[packet.srtp_index] = packet
    assert sorted(sent) == list(range(min(sent), max(sent) + 1))
    shown = [vp8.parse(clear(packet).payload) for _, packet in sorted(sent.items())]
    ids = [found.picture_id for found in shown if found and found.picture_id is not None]
    assert all(extend(b - a, 0, 15) >= 0 for a, b in pairwise(ids)), "picture ids never go back"


def layers_seen(packets: list[PlainPacket]) -> set[int]:
    return {d.temporal_layer for p in packets if (d := vp8.parse(clear(p).payload))}


class TestLayers:
    def test_the_best_is_the_default(self) -> None:
        hall = Hall(LayeredSpeaker("sp"))
        viewer = hall.join()
        hall.frame(key="qhf")
        segment = hall.main(viewer).segment
        assert segment is not None and segment.track.rid == "f" and hall.main(viewer).settled

    def test_a_change_waits_for_a_key_frame_of_that_layer_and_asks_for_it(self) -> None:
        hall = Hall(speaker := LayeredSpeaker("sp"))
        viewer = hall.join()
        hall.frame(key="qhf")
        speaker.publication.feedback(hall.now)
        asked = speaker.publication.counters["pli"]
        hall.now += 1
        hall.aim(viewer, 0)
        hall.frame(key="hf")
        speaker.publication.feedback(hall.now)
        consumer = hall.main(viewer)
        assert consumer.segment is not None and consumer.segment.track.rid == "f"
        assert speaker.publication.counters["pli"] == asked + 1
        assert speaker.producer.tracks[0].asked_for_key_frames == 1
        hall.frame(key="q")
        assert consumer.segment.track.rid == "q" and consumer.settled and consumer.switches == 1

    def test_temporal_layers_go_at_once_and_come_back_where_they_can(self) -> None:
        hall = Hall(LayeredSpeaker("sp"))
        viewer = hall.join()
        hall.frame(key="qhf")
        for _ in range(8):
            hall.frame()
        hall.aim(viewer, BEST_LAYER, 0)
        hall.frame()
        before = len(hall.seen(viewer))
        for _ in range(8):
            hall.frame()
        lowered = hall.seen(viewer)[before:]
        assert layers_seen(lowered) == {0} and len(lowered) == 4
        hall.aim(viewer, BEST_LAYER, FULL)
        for _ in range(12):
            hall.frame()
        assert layers_seen(hall.seen(viewer)[-16:]) == {0, 1, 2}
        assert hall.main(viewer).settled
        assert_unbroken(hall.seen(viewer))

    def test_no_picture_is_sound_and_a_still_and_ends_when_wished(self) -> None:
        hall = Hall(LayeredSpeaker("sp"))
        viewer = hall.join()
        hall.frame(key="qhf")
        hall.aim(viewer, None)
        assert all(not taken(hall.frame(), viewer) for _ in range(5))
        hall.aim(viewer, 0)
        start = taken(hall.frame(), viewer)
        assert start and hall.main(viewer).state == "live", "from the stored key frame, at once"
        assert_unbroken(hall.seen(viewer))

    def test_a_layer_that_stops_leaves_nobody_behind(self) -> None:
        hall = Hall(speaker := LayeredSpeaker("sp"))
        viewer = hall.join()
        hall.frame(key="qhf")

        def play(frames: int, *rids: str) -> str:
            asked = speaker.publication.counters["pli"]
            for _ in range(frames):
                hall.now += 1 / 30
                hall.router.tick(hall.now, hall.now)
                before, asked = asked, speaker.publication.counters["pli"]
                hall.arrive(speaker, speaker.frame(*rids, key="qhf" if asked > before else ""))
            segment = hall.main(viewer).segment
            return segment.track.rid if segment is not None else ""

        assert play(30, "q", "h", "f") == "f"
        assert play(30, "q", "h") == "h", "within a second"
        assert play(60, "q", "h", "f") == "f", "and back when it is back"
        assert_unbroken(hall.seen(viewer))

    def test_a_publisher_that_starts_over_freezes_nobody(self) -> None:
        speaker = Speaker("sp")
        hall = Hall(speaker)
        viewer = hall.join()
        hall.frame(key="qhf")
        speaker.ssrc, speaker.sequence, speaker.timestamp = 9_999, 5, 77
        hall.frame()
        hall.frame(key="qhf")
        hall.frame()
        assert len(hall.seen(viewer)) == 2 + 4
        assert_unbroken(hall.seen(viewer))

    @pytest.mark.parametrize("count", [500])
    def test_a_whole_audience_changes_in_few_bursts(self, count: int) -> None:
        hall = Hall(LayeredSpeaker("sp"), Speaker("other"))
        viewers = [hall.join(f"v{number}") for number in range(count)]
        hall.frame(key="qhf")
        for viewer in viewers[::2]:
            hall.aim(viewer, 0, 0)
        hall.frame(key="q")
        hall.show(1)
        bursts = hall.frame(key="qhf")
        assert len(bursts) == 3, "two groups of the old speaker, one beginning of the new"
        assert len(hall.frame()) == 1
        for viewer in viewers[:4]:
            assert_unbroken(hall.seen(viewer))

    def test_500_viewers_that_change_layers_are_heard_twice_a_second(self) -> None:
        """faults.md, row 20."""
        hall = Hall(speaker := LayeredSpeaker("sp"))
        viewers = [hall.join(f"v{number}") for number in range(500)]
        hall.frame(key="qhf")
        asked: list[float] = []
        for turn in range(90):
            for viewer in viewers[turn % 10 :: 10]:
                hall.aim(viewer, turn % 3, turn % 4)
            hall.frame()
            before = speaker.publication.counters["pli"]
            hall.router.tick(hall.now, hall.now)
            asked += [hall.now] * (speaker.publication.counters["pli"] - before)
        assert len(asked) >= 4
        assert all(b - a >= 0.5 for a, b in pairwise(asked))

    def test_what_a_viewer_was_sent_is_known(self) -> None:
        hall = Hall(LayeredSpeaker("sp"))
        viewer, other = hall.join(), hall.join("other")
        hall.frame(key="qhf")
        for turn in range(20):
            hall.aim(viewer, turn % 3, turn % 4)
            hall.frame(key="qhf" if turn % 4 == 3 else "")
        for peer in (viewer, other):
            packets = hall.seen(peer)
            sent = hall.viewer(peer).sent("main")
            assert sent == (len(packets), sum(len(packet.payload) for packet in packets))
            wire = sum(len(packet.header) + len(packet.payload) + 44 for packet in packets)
            assert hall.viewer(peer).octets == wire


def test_a_start_on_a_narrow_network_is_not_slowed_down_by_itself() -> None:
    """What it sends is not taken for a live stream that leaves no room for it."""
    speaker = LayeredSpeaker("sp", per_frame=3)
    hall = Hall(speaker)
    for number in range(90):
        hall.frame(key="" if number else "qhf")
    peer = hall.join()
    hall.frame()
    viewer = hall.viewer(peer)
    viewer.bandwidth.estimate = 200_000.0
    before = viewer.pace(hall.now).rate
    viewer.bandwidth.sent(1, 20_000, hall.now)
    viewer.bandwidth.tick(hall.now + 0.6, 30_000)
    assert viewer.bandwidth.rate > 100_000
    assert viewer.pace(hall.now + 0.6).rate == before
