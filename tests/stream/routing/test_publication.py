"""What is taken of a publisher, what it is told, and what it may not do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.agreement import AgreedMedia
from stream.routing.publication import Publication
from stream.wire import rtcp
from stream.wire.rtp import RtpPacket
from tests.stream.routing.stage_hands import (
    AUDIO_IN,
    H264_IN,
    LAYERS_IN,
    VIDEO_IN,
    LayeredSpeaker,
    Speaker,
    codec,
    vp8,
)


def publication(*lines: AgreedMedia) -> Publication:
    return Publication("sp", "camera", "peer", lines or (VIDEO_IN, AUDIO_IN))


def packet(sequence: int = 1, ssrc: int = 1000, payload_type: int = 96, **changes: object) -> RtpPacket:
    made = RtpPacket(payload_type, sequence, 0, ssrc, payload=vp8(1, key=True))
    return replace(made, **changes)  # type: ignore[arg-type]


def told(publication: Publication, now: float) -> list[rtcp.Packet]:
    return [part for message in publication.feedback(now) for part in rtcp.parse(message)]


def test_a_stream_is_known_by_its_announced_ssrc() -> None:
    one = publication()
    track = one.receive(packet(), 0.0)
    producer = one.producer("video")
    assert track is not None and producer is not None and producer.tracks == (track,)
    assert track.burst[0].key_frame


def test_a_stream_without_ssrc_is_met_by_mid_and_payload_type_and_remembered() -> None:
    line = replace(VIDEO_IN, ssrc=None, rtx_ssrc=None)
    one = publication(line, replace(AUDIO_IN, ssrc=None))
    assert one.receive(packet(ssrc=5, extensions={1: b"9"}), 0.0) is None, "no such line"
    assert one.receive(packet(ssrc=5, extensions={1: b"0"}), 0.0) is not None
    assert one.receive(packet(2, ssrc=5), 0.0) is not None, "browsers stop sending MID after a while"
    assert one.receive(packet(1, ssrc=6, payload_type=111), 0.0) is not None
    assert one.receive(packet(1, ssrc=7, payload_type=99), 0.0) is None
    assert one.counters["unnegotiated"] == 2


def test_another_payload_type_on_a_known_stream_is_refused() -> None:
    one = publication()
    assert one.receive(packet(payload_type=98), 0.0) is None
    assert one.counters == {"unnegotiated": 1}


@given(
    st.lists(st.tuples(st.integers(0, 0xFFFFFFFF), st.integers(0, 127), st.binary(max_size=3)), max_size=60)
)
def test_strange_streams_fill_no_memory(streams: list[tuple[int, int, bytes]]) -> None:
    one = publication(replace(VIDEO_IN, ssrc=None, rtx_ssrc=None), AUDIO_IN)
    for ssrc, payload_type, mid in streams:
        one.receive(packet(ssrc=ssrc, payload_type=payload_type, extensions={1: mid}), 0.0)
    assert len(one._streams) <= 16


def test_a_repair_takes_its_place() -> None:
    one = publication()
    one.receive(packet(10), 0.0)
    one.receive(packet(12), 0.0)
    repair = packet(500, ssrc=1001, payload_type=97)
    repair.payload = (11).to_bytes(2, "big") + b"\x90\x80\x81rest"
    track = one.receive(repair, 0.02)
    assert track is not None
    assert [stored.sequence & 0xFFFF for stored in track.burst] == [10, 12, 11]
    assert track.burst[-1].payload == b"\x90\x80\x81rest"
    assert (track.resent, track.resent_bytes) == (1, len(repair.payload) + 2)
    assert not [p for p in told(one, 1.0) if isinstance(p, rtcp.Nack)]


@pytest.mark.parametrize("payload", [b"", b"\0", b"\0\1"])
def test_probing_is_no_repair(payload: bytes) -> None:
    one = publication()
    one.receive(packet(10), 0.0)
    assert one.receive(packet(1, ssrc=1001, payload_type=97, payload=payload), 0.0) is None
    assert one.counters == {"probing": 1}


def test_what_is_missing_is_asked_for() -> None:
    one = publication()
    one.receive(packet(0xFFFE), 0.0)
    one.receive(packet(2), 0.0)
    asked = [p for p in told(one, 0.02) if isinstance(p, rtcp.Nack)]
    assert asked == [rtcp.Nack(one.ssrc, 1000, (0xFFFF, 0, 1))]
    assert one.counters["nacked"] == 3


def test_without_nack_agreed_nothing_is_asked_for() -> None:
    without = replace(VIDEO_IN.codecs[0], nack=False)
    one = publication(replace(VIDEO_IN, codecs=(without,)))
    one.receive(packet(1), 0.0)
    one.receive(packet(5), 0.0)
    assert not [p for p in told(one, 0.02) if isinstance(p, rtcp.Nack)]


def test_a_hole_too_wide_wants_a_key_frame() -> None:
    one = publication()
    one.receive(packet(1), 0.0)
    one.receive(packet(1000, payload=vp8(2, key=False)), 0.0)
    assert rtcp.PictureLossIndication(one.ssrc, 1000) in told(one, 0.0)


def test_reports_come_each_second() -> None:
    one = publication()
    one.receive(packet(1), 0.0)
    one.receive_rtcp([rtcp.SenderReport(1000, rtcp.ntp_from_unix(50.0), 7, 1, 1, ())], 0.5, 50.1)
    reports = [p for at in range(30) for p in told(one, 0.5 + at / 10) if isinstance(p, rtcp.ReceiverReport)]
    assert len(reports) == 3
    block = reports[0].reports[0]
    assert (block.ssrc, block.highest_sequence) == (1000, 1)
    assert block.last_sr == rtcp.compact_ntp(rtcp.ntp_from_unix(50.0))


def test_reports_of_strangers_and_repairs_are_skipped() -> None:
    one = publication()
    one.receive_rtcp([rtcp.SenderReport(ssrc, 5, 7, 1, 1, ()) for ssrc in (1001, 77)], 0.5, 50.1)
    assert not one.tracks
    one.receive(packet(), 0.0)
    one.receive_rtcp([rtcp.SenderReport(ssrc, 5, 7, 1, 1, ()) for ssrc in (1001, 77)], 0.5, 50.1)
    assert one.tracks[0].clock_point is None


def test_transport_wide_feedback_covers_all_streams() -> None:
    one = publication()
    one.receive(packet(1, extensions={3: b"\0\7"}), 1.0)
    one.receive(packet(1, ssrc=2000, payload_type=111, extensions={3: b"\0\x08", 2: b"\x85"}), 1.0)
    (feedback,) = (p for p in told(one, 1.1) if isinstance(p, rtcp.TransportFeedback))
    assert [number for number, _ in feedback.arrivals] == [7, 8]


def test_an_h264_key_frame_counts_once() -> None:
    speaker = Speaker("sp", video=H264_IN)
    one = speaker.publication
    frames = [speaker.frame(key=True), speaker.frame(), speaker.frame(key=True)]
    (track,) = {one.receive(p, 0.0) for f in frames for p in f}
    assert track is not None and track.key_frames_seen == 2
    assert [stored.key_frame for stored in track.burst] == [True, False, False, False, True, False]


def test_live_means_packets_came_lately() -> None:
    one = publication()
    producer = one.producer("video")
    assert producer is not None
    assert not producer.live(0.0)
    one.receive(packet(), 10.0)
    assert producer.live(11.9) and not producer.live(12.1)
    one.close()
    assert not producer.live(10.0)


class TestLayers:
    def test_are_met_by_rid_and_remembered(self) -> None:
        speaker = LayeredSpeaker("sp")
        one = speaker.publication
        for place in range(40):  # the last ones do not say any more which layer they are of
            for part in speaker.frame(key="qhf" if not place else ""):
                assert one.receive(part, place / 30) is not None
        assert [(track.rid, track.ssrc) for track in one.tracks] == [("q", 3000), ("h", 3001), ("f", 3002)]
        assert [track.reception.packets for track in one.tracks] == [80, 80, 80]
        assert one.counters == {}

    def test_one_that_does_not_say_what_it_is_is_not_taken(self) -> None:
        one = LayeredSpeaker("sp").publication
        for extensions in ({}, {6: b"x"}, {6: b"\xff"}, {1: b"9", 6: b"q"}, {7: b"q"}):
            assert one.receive(packet(ssrc=5, extensions=extensions), 0.0) is None
        assert one.counters["unnegotiated"] == 5
        assert one.receive(packet(ssrc=5, extensions={6: b"q"}), 0.0) is not None

    @pytest.mark.parametrize("order", [("q", "h", "f"), ("f", "q", "h"), ("h", "f", "q")])
    def test_stand_by_size_whatever_came_first(self, order: tuple[str, ...]) -> None:
        speaker = LayeredSpeaker("sp")
        for rid in order:
            for part in speaker.frame(rid, key=rid):
                speaker.publication.receive(part, 0.0)
        assert [track.rid for track in speaker.producer.tracks] == ["q", "h", "f"]
        assert [track.size for track in speaker.producer.tracks] == [(320, 180), (640, 360), (1280, 720)]

    @pytest.mark.parametrize(
        ("rids", "order"),
        [(("q", "h", "f"), "qhf"), (("f", "h", "q"), "qhf"), (("1", "2"), "21"), (("l", "m", "h"), "lmh")],
    )
    def test_stand_as_offered_where_sizes_are_not_told(self, rids: tuple[str, ...], order: str) -> None:
        line = replace(LAYERS_IN, codecs=(codec("H264"),), rids=rids)
        one = publication(line)
        for place, rid in enumerate(rids):
            one.receive(
                packet(ssrc=place, payload_type=98, payload=b"\x65", extensions={6: rid.encode()}), 0.0
            )
        assert "".join(track.rid for track in one.tracks) == order

    def test_repairs_say_whose_they_are_and_begin_nothing(self) -> None:
        speaker = LayeredSpeaker("sp")
        one = speaker.publication
        lost, *rest = speaker.frame("h", key="h")
        repair = RtpPacket(97, 1, lost.timestamp, 88, payload=lost.sequence.to_bytes(2, "big") + lost.payload)
        repair.extensions = {7: b"h"}
        assert one.receive(replace(repair), 0.0) is None
        assert one.tracks == [] and one.counters == {"probing": 1}
        for part in rest:
            one.receive(part, 0.0)
        again = replace(repair, extensions={}, sequence=2)
        track = one.receive(again, 0.1)
        assert track is not None and track.rid == "h"
        assert track.burst[-1].late and track.burst[-1].payload == lost.payload

    def test_a_repair_may_be_known_by_the_offers_groups(self) -> None:
        one = publication(replace(LAYERS_IN, repairs=((90, 3001),)))
        speaker = LayeredSpeaker("sp")
        lost, part = speaker.frame("h", key="h")
        one.receive(part, 0.0)
        body = lost.sequence.to_bytes(2, "big") + lost.payload
        assert one.receive(RtpPacket(97, 1, 0, 91, payload=body), 0.0) is None
        track = one.receive(RtpPacket(97, 1, 0, 90, payload=body), 0.0)
        assert track is not None and track.rid == "h" and len(track.burst) == 2

    def test_one_that_stops_is_not_active_and_one_that_comes_back_is(self) -> None:
        speaker = LayeredSpeaker("sp")
        one, producer = speaker.publication, speaker.producer

        def play(start: float, *rids: str) -> list[str]:
            for place in range(30):
                for part in speaker.frame(*rids, key="qhf" if not place else ""):
                    one.receive(part, start + place / 30)
            producer.refresh()
            return [track.rid for track in producer.active]

        assert play(0.0) == ["q", "h", "f"]
        version = producer.version
        assert play(1.0, "q", "h") == ["q", "h"]
        assert producer.version > version
        assert play(2.0) == ["q", "h", "f"]
        assert [track.rid for track in producer.tracks] == ["q", "h", "f"]
        found = producer.choose(0), producer.choose(1), producer.choose(15)
        assert [place[1] for place in found if place] == [0, 1, 2]

    def test_one_key_frame_is_asked_for_at_a_time(self) -> None:
        speaker = LayeredSpeaker("sp")
        one = speaker.publication
        for part in speaker.frame():
            one.receive(part, 0.0)
        for track in one.tracks:
            track.want_key_frame()
        asked = [
            (at, p.media_ssrc)
            for at in range(20)
            for p in told(one, at / 10)
            if isinstance(p, rtcp.PictureLossIndication)
        ]
        assert asked == [(0, 3000), (5, 3001), (10, 3002), (15, 3000)]
        assert [track.asked_for_key_frames for track in one.tracks] == [2, 1, 1]

    def test_each_is_reported_and_asked_for_on_its_own(self) -> None:
        speaker = LayeredSpeaker("sp")
        one = speaker.publication
        for part in speaker.frame():
            one.receive(part, 0.0)
        speaker.frame("h")
        for part in speaker.frame():
            one.receive(part, 0.1)
        said = told(one, 0.2)
        (nack,) = (p for p in said if isinstance(p, rtcp.Nack))
        assert nack.media_ssrc == 3001 and len(nack.sequences) == 2
        (report,) = (p for p in said if isinstance(p, rtcp.ReceiverReport))
        assert [block.ssrc for block in report.reports] == [3000, 3001, 3002]


class TestStartingOver:
    def test_a_new_ssrc_takes_the_place_of_the_old_one(self) -> None:
        one = publication()
        former = one.receive(packet(10), 0.0)
        track = one.receive(packet(60_000, ssrc=5), 1.0)
        producer = one.producer("video")
        assert track is not None and track is not former
        assert producer is not None and producer.tracks == (track,)
        assert one.receive(packet(11), 1.0) is None, "what still comes of the old one is late"
        assert one.counters == {"restarted": 1, "retired": 1}
        assert one.receive(packet(60_001, ssrc=5), 1.0) is track

    def test_its_repairs_are_its_own(self) -> None:
        one = publication()
        one.receive(packet(10), 0.0)
        one.receive(packet(60_000, ssrc=5), 1.0)
        body = (11).to_bytes(2, "big") + b"x"
        assert one.receive(packet(1, ssrc=1001, payload_type=97, payload=body), 1.0) is None
        body = (60_002).to_bytes(2, "big") + b"x"
        assert one.receive(packet(1, ssrc=6, payload_type=97, payload=body), 1.0) is not None

    def test_again_and_again_fills_no_memory(self) -> None:
        one = publication()
        for ssrc in range(100, 200):
            assert one.receive(packet(1, ssrc=ssrc), 0.0) is not None
        assert len(one.tracks) == 1 and len(one._streams) <= 4 and len(one._retired) <= 16

    def test_a_layer_that_starts_over_keeps_its_place(self) -> None:
        speaker = LayeredSpeaker("sp")
        one = speaker.publication
        for part in speaker.frame(key="qhf"):
            one.receive(part, 0.0)
        speaker.layers[1].ssrc, speaker.layers[1].packets = 77, 0
        for part in speaker.frame(key="qhf"):
            one.receive(part, 0.1)
        assert [(track.rid, track.ssrc) for track in one.tracks] == [("q", 3000), ("h", 77), ("f", 3002)]
