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
from tests.stream.routing.stage_hands import AUDIO_IN, H264_IN, VIDEO_IN, Speaker, vp8


def publication(*lines: AgreedMedia) -> Publication:
    return Publication("sp", "camera", "peer", lines or (VIDEO_IN, AUDIO_IN))


def packet(sequence: int = 1, ssrc: int = 1000, payload_type: int = 96, **changes: object) -> RtpPacket:
    made = RtpPacket(payload_type, sequence, 0, ssrc, payload=vp8(1, key=True))
    return replace(made, **changes)  # type: ignore[arg-type]


def told(publication: Publication, now: float) -> list[rtcp.Packet]:
    return [part for message in publication.feedback(now) for part in rtcp.parse(message)]


def test_a_stream_is_known_by_its_announced_ssrc() -> None:
    one = publication()
    assert (received := one.receive(packet(), 0.0)) is not None
    assert received[0] is one.producer("video")
    assert received[1].key_frame


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
    received = one.receive(repair, 0.02)
    assert received is not None
    assert (received[1].sequence, received[1].payload) == (11, b"\x90\x80\x81rest")
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
    codec = replace(VIDEO_IN.codecs[0], nack=False)
    one = publication(replace(VIDEO_IN, codecs=(codec,)))
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
    assert all(producer.clock_point is None for producer in one.producers)


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
    found = [received[1].key_frame for f in frames for p in f if (received := one.receive(p, 0.0))]
    assert found == [True, False, False, False, True, False]
    producer = one.producer("video")
    assert producer is not None and producer.key_frames_seen == 2


def test_live_means_packets_came_lately() -> None:
    one = publication()
    producer = one.producer("video")
    assert producer is not None
    assert not producer.live(0.0)
    one.receive(packet(), 10.0)
    assert producer.live(11.9) and not producer.live(12.1)
    one.close()
    assert not producer.live(10.0)
