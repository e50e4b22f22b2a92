"""One viewer's share of a slot: its start, its restart, what it is sent again."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.agreement import Extension
from stream.routing.consumer import CATCH_UP_LIMIT, FORMER_TIME, PATIENCE, RESTART_WINDOW, Consumer
from stream.routing.packet_ring import StoredPacket
from stream.routing.producer import Producer
from stream.routing.resends import RESEND_BURST, RESEND_INTERVAL
from stream.routing.sender_clock import ClockPoint
from stream.routing.shape import Layout
from stream.routing.slot import Slot
from stream.routing.track import Track
from stream.transport.fanout import PlainPacket
from stream.wire import rtcp
from stream.wire.rtp import RtpPacket
from stream.wire.sequence import extend
from tests.stream.routing.stage_hands import (
    Marks,
    audio_producer,
    begun,
    clear,
    line_out,
    media,
    video_producer,
)


class Stage:
    """A track of one-packet frames, its key frame at `key_at`, and one viewer of it."""

    def __init__(self, head: int = 40, key_at: int = 20, *, rtx: bool = True) -> None:
        self.slot = Slot("main", "video")
        self.producer: Producer = video_producer()
        self.track: Track = begun(self.producer)
        self.slot.want(self.producer)
        self.next = key_at
        self.frames(1, key=True)
        self.frames(head - key_at)
        self.viewer = Consumer(self.slot, Layout.of(line_out("main", rtx=rtx), self.slot), 10.0)

    def take(self, number: int, *, key: bool = False) -> list[StoredPacket]:
        """Let one frame through."""
        self.producer.receive(self.track, media(number, 3000 * number, key=key), 10.0)
        return self.track.close_burst(10.0, Marks()).packets

    def frames(self, count: int, *, key: bool = False) -> list[PlainPacket]:
        """Let so many frames through; return them as a live viewer gets them."""
        out: list[PlainPacket] = []
        for place in range(count):
            (one,) = self.take(self.next, key=key and not place)
            self.next += 1
            viewer: Consumer | None = getattr(self, "viewer", None)
            if viewer is not None and viewer.state == "live" and viewer.segment is not None:
                made = viewer.segment.packet(viewer.layout, one)
                assert made is not None
                out.append(made)
        return out

    def drawn(self) -> list[PlainPacket]:
        """Let the viewer catch up."""
        out: list[PlainPacket] = []
        while self.viewer.state == "catching_up":
            out += self.viewer.catch_up(50, 10.0)
        return out

    def start(self) -> list[RtpPacket]:
        """Let the viewer begin and catch up."""
        self.viewer.look(10.0)
        self.viewer.begin(10.0)
        return [clear(packet) for packet in self.drawn()]


def rising(packets: list[RtpPacket]) -> bool:
    return all(extend(b.timestamp - a.timestamp, 0, 32) > 0 for a, b in pairwise(packets))


@given(st.integers(1, 200_000), st.integers(0, 145))
def test_a_start_draws_from_the_key_frame_to_the_head(key_at: int, behind: int) -> None:
    stage = Stage(key_at + behind, key_at)
    start = stage.start()

    assert len(start) == behind + 1
    assert start[0].sequence < 0x8000, "no rollover while the first packets may be lost"
    assert [p.sequence for p in start] == [(start[0].sequence + n) & 0xFFFF for n in range(behind + 1)]
    assert rising(start)
    assert extend(start[-1].timestamp - start[0].timestamp, 0, 32) <= 150 * 95, "all but at once"
    after = [clear(packet) for packet in stage.frames(3)]
    assert [p.sequence for p in after] == [(start[-1].sequence + n) & 0xFFFF for n in (1, 2, 3)]
    assert rising([*start, *after])
    assert extend(after[0].timestamp - start[-1].timestamp, 0, 32) == 3000, "and then as it comes"


def test_a_key_frame_far_behind_is_not_started_from_until_patience_ends() -> None:
    stage = Stage(20 + CATCH_UP_LIMIT + 1, 20)
    stage.viewer.begin(10.0)
    assert stage.viewer.wants_key_frame()
    stage.viewer.begin(10.0 + PATIENCE)
    assert stage.viewer.state == "catching_up"


def test_what_takes_too_long_to_send_is_not_started_from_either() -> None:
    stage = Stage(60, 20)
    octets = stage.track.ring.octets_since(20)
    stage.viewer.begin(10.0, octets - 1)
    assert stage.viewer.segment is None and stage.viewer.wants_key_frame()
    stage.viewer.begin(10.0, octets)
    assert stage.viewer.segment is not None and not stage.viewer.wants_key_frame()


@given(st.integers(0, 80), st.integers(1, 40))
def test_a_slow_start_goes_on_from_the_key_frame_that_it_asked_for(drawn: int, further: int) -> None:
    stage = Stage(20 + CATCH_UP_LIMIT + 1, 20)
    stage.viewer.begin(10.0 + PATIENCE)
    assert stage.viewer.wants_key_frame(), "it has far to go"
    sent = stage.viewer.catch_up(drawn, 11.0) if drawn else []
    head = stage.track.ring.head
    stage.frames(1, key=True)
    stage.frames(further)
    rest = stage.viewer.catch_up(200, 12.0)
    assert stage.viewer.state == "live" and not stage.viewer.wants_key_frame()
    assert len(rest) == further + 1, "nothing of what was before it"
    packets = [clear(packet) for packet in (*sent, *rest)]
    assert [p.sequence for p in packets] == [packets[0].sequence + n for n in range(len(packets))]
    assert rising(packets)
    live = clear(stage.frames(1)[0])
    assert extend(live.timestamp - packets[-1].timestamp, 0, 32) == 3000
    if sent:
        passed = extend(live.timestamp - clear(sent[-1]).timestamp, 0, 32)
        assert passed >= 3000 * (stage.next - 1 - head), "time has gone on meanwhile"


def test_nothing_to_start_from_waits() -> None:
    slot = Slot("main", "video")
    viewer = Consumer(slot, Layout.of(line_out("main"), slot), 0.0)
    viewer.begin(0.0)
    assert viewer.state == "waiting"
    assert viewer.resend((0, 1, 2), 0.0) == []
    assert viewer.sender_report(0.0, 1, 1) == b""


def test_a_codec_that_cannot_be_played_is_not_begun() -> None:
    stage = Stage()
    viewer = Consumer(stage.slot, Layout.of(line_out("main", "H264"), stage.slot), 0.0)
    viewer.begin(99.0)
    assert viewer.state == "waiting"
    assert not viewer.wants_key_frame()
    assert not viewer.picture_lost(99.0)


@given(st.integers(20, 0x9000), st.integers(0, 100), st.integers(0, 5), st.integers(1, 3))
@settings(max_examples=50)
def test_an_early_loss_gives_the_start_again_under_fresh_numbers(
    key_at: int, behind: int, live: int, times: int
) -> None:
    stage = Stage(key_at + behind, key_at)
    seen = [*stage.start(), *(clear(packet) for packet in stage.frames(live))]
    for _ in range(times):
        assert stage.viewer.picture_lost(10.0 + RESTART_WINDOW)
        again: list[PlainPacket] = []
        while stage.viewer.state == "catching_up":
            again += stage.viewer.catch_up(7, 10.0)
        again += stage.frames(2)
        seen += [clear(packet) for packet in again]

    assert rising(seen)
    assert [p.sequence for p in seen] == [(seen[0].sequence + n) & 0xFFFF for n in range(len(seen))]


def test_a_late_loss_is_the_publishers_to_mend() -> None:
    stage = Stage()
    stage.start()
    assert not stage.viewer.picture_lost(10.0 + RESTART_WINDOW + 0.1)


def test_a_packet_that_came_too_late_for_the_start_goes_out_as_part_of_it() -> None:
    stage = Stage(30, 20)
    stage.next += 1  # 31 is missing
    stage.frames(2)
    start = stage.start()
    (late,) = stage.take(31)

    packet = stage.viewer.late(late, stage.track)

    assert packet is not None
    place = next(n for n, p in enumerate(start) if p.sequence == clear(packet).sequence + 1)
    assert rising([*start[:place], clear(packet), *start[place:]])
    (again,) = stage.viewer.resend((clear(packet).sequence,), 11.0)
    assert clear(again).timestamp == clear(packet).timestamp


def test_what_lies_before_the_start_is_never_sent() -> None:
    stage = Stage(30, 20)
    stage.start()
    (early,) = stage.take(18)
    assert stage.viewer.late(early, stage.track) is None
    assert stage.viewer.resend((18, 19), 11.0) == []


class TestResend:
    def test_goes_out_as_rtx(self) -> None:
        stage = Stage()
        start = stage.start()
        again = [clear(p) for p in stage.viewer.resend((25, 30), 11.0)]

        assert [p.ssrc for p in again] == [stage.slot.rtx_ssrc] * 2
        assert [p.payload_type for p in again] == [97, 97]
        assert [p.sequence for p in again] == [0, 1]
        originals = {p.sequence: p for p in start}
        for packet in again:
            original = originals[int.from_bytes(packet.payload[:2], "big")]
            assert packet.payload[2:] == original.payload
            assert packet.timestamp == original.timestamp
        assert stage.viewer.resends.granted == 2

    def test_without_rtx_goes_out_byte_for_byte_as_it_was(self) -> None:
        stage = Stage(rtx=False)
        stage.viewer.begin(10.0)
        first = stage.viewer.catch_up(100, 10.0)
        first += stage.frames(3)
        again = stage.viewer.resend(tuple(range(20, 44)), 11.0)
        assert again == first

    def test_nothing_that_was_not_sent_yet(self) -> None:
        stage = Stage(rtx=False)
        stage.viewer.begin(10.0)
        stage.viewer.catch_up(5, 10.0)
        assert [p.srtp_index for p in stage.viewer.resend(tuple(range(20, 60)), 11.0)] == [20, 21, 22, 23, 24]

    def test_nothing_of_the_open_burst(self) -> None:
        stage = Stage(rtx=False)
        stage.start()
        stage.producer.receive(stage.track, media(stage.next, 3000 * stage.next), 9.0)
        assert stage.viewer.resend((stage.next,), 11.0) == []

    def test_a_second_request_at_once_is_a_duplicate(self) -> None:
        stage = Stage()
        stage.start()
        assert len(stage.viewer.resend((25,), 11.0)) == 1
        assert stage.viewer.resend((25,), 11.0 + RESEND_INTERVAL / 2) == []
        assert len(stage.viewer.resend((25,), 11.001 + RESEND_INTERVAL)) == 1
        stage.viewer.round_trip = 0.5
        assert stage.viewer.resend((25,), 11.5) == []

    def test_the_budget_ends_and_comes_back(self) -> None:
        stage = Stage(20 + 145, 20)
        stage.start()
        sent = 0
        for turn in range(10):
            sent += len(stage.viewer.resend(tuple(range(20, 165)), 11.0 + turn * 0.031))
        assert RESEND_BURST <= sent <= RESEND_BURST + 200 * 0.31
        assert stage.viewer.resends.refused == 10 * 145 - sent
        assert len(stage.viewer.resend(tuple(range(20, 165)), 13.0)) == 145

    @given(st.lists(st.integers(0, 0xFFFF), max_size=600))
    @settings(max_examples=20)
    def test_nonsense_is_refused(self, numbers: list[int]) -> None:
        stage = Stage()
        stage.start()
        known = {n for n in numbers[:512] if 20 <= n < 40}
        assert len(stage.viewer.resend(tuple(numbers), 11.0)) <= len(known) + 1
        assert len(stage.viewer.resends._resent_at) <= 513

    def test_over_a_wrap(self) -> None:
        stage = Stage(0x7FFF + 100, 0x7FFF, rtx=False)
        first = stage.start()
        stage.next += 0x8000 - 110
        live = stage.frames(20)
        assert live[0].srtp_index < 0x10000 <= live[-1].srtp_index
        wanted = tuple((live[-1].srtp_index - n) & 0xFFFF for n in range(20))
        assert stage.viewer.resend(wanted, 11.0) == live[-1:-21:-1]
        assert first[0].sequence == 0x7FFF


def test_a_pause_keeps_the_numbering() -> None:
    """Two minutes of a codec that cannot be played must not cost the viewer its rollover count."""
    stage = Stage()
    start = stage.start()
    stage.viewer.stop(12.0)
    assert len(stage.viewer.resend((25,), 12.0)) == 1, "what was sent before can be had again"
    for _ in range(3):
        stage.next += 25_000
        stage.frames(1, key=True)
    stage.frames(2)
    again = stage.start()
    assert stage.viewer.resend((25,), 13.0 + FORMER_TIME) == []
    assert [p.sequence for p in again] == [start[-1].sequence + n for n in (1, 2, 3)]
    assert rising([start[-1], *again])


def test_sound_starts_with_the_next_packet() -> None:
    slot, producer = Slot("audio", "audio"), audio_producer()
    slot.want(producer)
    track = begun(producer, 2000)
    for number in (9, 10):
        producer.receive(track, media(number, 960 * number, payload=b"old"), 0.0)
        track.close_burst(0.0, Marks())
    viewer = Consumer(slot, Layout.of(line_out("audio"), slot), 0.0)
    viewer.begin(0.0)
    assert not viewer.settled and not viewer.wants_key_frame()
    producer.receive(track, media(11, 960 * 11, payload=b"new"), 0.02)
    entry = track.close_burst(0.02, Marks()).first
    assert entry is not None
    assert viewer.start_at(entry, 0.02) == [entry]
    assert viewer.state == "live" and viewer.settled


def test_extensions_are_the_viewers_own() -> None:
    extensions = {
        Extension.MID: 9,
        Extension.ABS_SEND_TIME: 2,
        Extension.PLAYOUT_DELAY: 3,
        Extension.AUDIO_LEVEL: 4,
        Extension.TRANSPORT_CC: 5,
    }
    slot = Slot("main", "video")
    layout = Layout.of(line_out("main", extensions=extensions), slot)
    packet = Stage().track.ring.since(0)[0]
    packet.playout_delay, packet.audio_level = b"\0\0\0", b"\x85"
    packet.transport_number = 0x1FFFE
    assert sorted(dict(clear_extensions(layout.extension_block(packet))).items()) == [
        (2, packet.abs_send_time),
        (3, b"\0\0\0"),
        (4, b"\x85"),
        (5, b"\xff\xfe"),
        (9, b"main"),
    ]


def clear_extensions(block: bytes) -> dict[int, bytes]:
    return clear(PlainPacket(b"\x90" + bytes(11) + block, b"", 0, 0)).extensions


def test_a_line_without_mid_is_sent_none() -> None:
    slot = Slot("main", "video")
    line = line_out("main", extensions={Extension.MID: 1})
    layout = Layout.of(line, slot)
    packet = Stage().track.ring.since(0)[0]
    assert layout.extension_block(packet)
    assert not layout._replace(mid="").extension_block(packet)


def test_reports_say_what_was_sent_and_read_the_round_trip() -> None:
    stage = Stage()
    assert stage.viewer.sender_report(5.0, 0, 0) == b""
    start = stage.start()
    sent = (stage.viewer.packets, stage.viewer.octets)
    at = stage.producer.clock.observe(rtcp.ntp_from_unix(1000.0), 1000.0)
    stage.track.clock_point = ClockPoint(at, 3000 * 40, 90_000)
    report, description = rtcp.parse(stage.viewer.sender_report(1000.5, *sent))
    assert isinstance(report, rtcp.SenderReport) and isinstance(description, rtcp.SourceDescription)
    assert (report.ssrc, report.packets) == (stage.slot.ssrc, len(start))
    assert report.octets == sum(len(p.payload) for p in start)
    assert extend(report.rtp_timestamp - start[-1].timestamp, 0, 32) == pytest.approx(45_000, abs=2)
    assert report.ntp == rtcp.ntp_from_unix(1000.5)

    block = rtcp.ReportBlock(report.ssrc, 64, 3, 0, 0, rtcp.compact_ntp(report.ntp), 65536)
    assert stage.viewer.report(block, rtcp.compact_ntp(rtcp.ntp_from_unix(1001.75))) == (0, 0)
    assert stage.viewer.round_trip == pytest.approx(0.25, abs=0.001)
    assert (stage.viewer.fraction_lost, stage.viewer.lost) == (0.25, 3)
    later = block._replace(last_sr=1, highest_sequence=40)
    assert stage.viewer.report(later, rtcp.compact_ntp(rtcp.ntp_from_unix(1001.75))) == (10.0, 40)
    assert stage.viewer.round_trip == pytest.approx(0.25, abs=0.001), "nonsense is not believed"
