"""One encoding: its numbers in every substream, its bursts, and what they are marked with."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.routing.packet_ring import FULL, StoredPacket
from stream.routing.sender_clock import ClockPoint
from stream.routing.track import MARK_INTERVAL, RING_MOST, Place, Track
from stream.wire import vp8
from stream.wire.rtp import RtpPacket
from tests.stream.routing.stage_hands import (
    H264_IN,
    LayeredSpeaker,
    Marks,
    audio_producer,
    begun,
    media,
    video_producer,
)


def video_track() -> Track:
    return begun(video_producer())


def layered(frames: int, per_frame: int = 2) -> list[RtpPacket]:
    """Return packets of one layer with three temporal layers."""
    speaker = LayeredSpeaker("sp", start=65_500, per_frame=per_frame)
    return [packet for place in range(frames) for packet in speaker.frame("f", key="f" * (not place))]


def numbers(packets: list[StoredPacket], limit: int) -> list[int]:
    return [number for packet in packets if (number := packet.number(limit)) is not None]


def pictures(packets: list[StoredPacket], limit: int) -> list[int]:
    """Return the picture ids of a substream, each once."""
    shift = 0 if limit >= FULL else limit
    found = [
        (packet.picture_id or 0) - (packet.dropped_pictures[shift] if limit < FULL else 0)
        for packet in packets
        if packet.number(limit) is not None and not packet.hollow(limit)
    ]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("limit", range(FULL + 1))
def test_dropped_frames_leave_no_holes(limit: int) -> None:
    track = video_track()
    stored = [one for packet in layered(40) if (one := track.receive(packet, 0.0))]
    found = numbers(stored, limit)
    assert found == list(range(found[0], found[0] + len(found)))
    shown = pictures(stored, limit)
    assert shown == list(range(shown[0], shown[0] + len(shown)))
    assert len(found) == {0: 20, 1: 40, 2: 80, 3: 80}[limit]
    assert all(track.ring.find(number, limit) in stored for number in found)


@given(st.data())
@settings(max_examples=60)
def test_no_number_is_given_twice_whatever_is_lost_or_overtaken(data: st.DataObject) -> None:
    track, stored = video_track(), list[StoredPacket]()
    packets = layered(30)
    held: list[RtpPacket] = []
    fates = data.draw(st.lists(st.sampled_from("....lhd"), min_size=60, max_size=60))
    releases = data.draw(st.lists(st.booleans(), min_size=60, max_size=60))

    def arrive(packet: RtpPacket) -> None:
        one = track.receive(packet, 0.0)
        if one is not None:
            stored.append(one)

    for packet, fate, release in zip(packets, fates, releases, strict=True):
        if fate == "h":
            held.append(packet)
        elif fate != "l":
            for _ in range(2 if fate == "d" else 1):
                arrive(packet)
        if held and release:
            arrive(held.pop(0))
    for packet in held:
        arrive(packet)
    if not stored:
        return
    end = track.close_burst(0.0, Marks()) and track.end
    assert end
    for limit in range(FULL + 1):
        found = numbers(stored, limit)
        assert len(set(found)) == len(found)
        in_order = numbers(sorted(stored, key=lambda one: one.sequence), limit)
        assert in_order == sorted(in_order), "the order of a substream is the track's"
        assert max(found, default=-1) < end.place.number(limit)
        for one in stored:
            number = one.number(limit)
            if number is not None:
                assert track.ring.find(number, limit) is one


def test_one_that_turns_out_to_be_droppable_is_hollow() -> None:
    track = video_track()
    packets = layered(4)
    for packet in packets[:2] + packets[4:]:
        track.receive(packet, 0.0)
    late = track.receive(packets[2], 0.0)
    assert late is not None and late.temporal == 2
    assert late.number(FULL) == late.sequence and not late.hollow(FULL)
    kept = track.ring.get(late.sequence - 1)
    assert kept is not None
    assert late.number(0) == (kept.number(0) or 0) + 1 and late.hollow(0)


def test_a_ring_that_has_gone_around_forgets_what_can_be_had_again() -> None:
    producer = video_producer()
    track = begun(producer)
    track.want_key_frame()
    assert producer.ask_for_key_frame(0.0) is track
    first = track.receive(media(1, 0, key=True), 0.1)
    for number in range(2, 2050):
        track.receive(media(number, 0), 9.0)
    assert first is not None and track.ring.get(first.sequence) is None
    assert track.ring.key_frame is None
    assert producer.ask_for_key_frame(9.0) is None, "an encoder that answers is asked when somebody comes"


def test_a_ring_keeps_the_key_frame_of_an_encoder_that_gives_none_when_asked() -> None:
    producer = video_producer()
    track = begun(producer)
    first = track.receive(media(1, 0, key=True), 0.0)
    assert first is not None
    for number in range(2, 1 + RING_MOST):
        track.receive(media(number, 0), number / 250)
        producer.ask_for_key_frame(number / 250)
    assert track.ring.key_frame == first.sequence
    assert track.asked_for_key_frames > 1, "it may have begun to hear"
    assert track.answers(33.0) is False
    track.receive(media(1 + RING_MOST, 0), 33.0)
    assert track.ring.key_frame is None, "not for ever"


@given(st.lists(st.integers(1, 1200), min_size=1, max_size=60))
def test_padding_equalises_a_burst_and_fits_its_byte(sizes: list[int]) -> None:
    track = begun(video_producer(line=H264_IN))
    for place, size in enumerate(sizes):
        track.receive(media(place, 0, payload=bytes(size)), 0.0)
    burst = track.close_burst(0.0, Marks()).packets

    assert [len(packet.payload) for packet in burst] == sizes
    for start in range(0, len(burst), 20):
        run = burst[start : start + 20]
        longest = max(len(packet.payload) for packet in run)
        for packet in run[:-1]:
            missing = longest - len(packet.payload)
            assert packet.padding == (missing if missing <= 255 else 0)
        assert run[-1].padding == 0


def test_a_burst_is_stamped_once_and_then_stands() -> None:
    track = video_track()
    packet = track.receive(media(1, 0, key=True), 3.5)
    assert packet is not None and not packet.closed
    closed = track.close_burst(3.5, Marks())
    assert closed.packets == [packet] and closed.first is closed.key is packet and closed.ends_frame
    assert packet.closed
    assert packet.abs_send_time == (int(3.5 * 2**18) & 0xFFFFFF).to_bytes(3, "big")
    assert track.close_burst(4.0, Marks()).packets == []


def test_few_packets_are_marked_and_only_such_as_everybody_gets() -> None:
    track, marks = video_track(), Marks()
    marked: list[tuple[float, StoredPacket]] = []
    packets = layered(120)
    for place in range(120):
        now = place / 30
        for packet in packets[2 * place : 2 * place + 2]:
            track.receive(packet, now)
        burst = track.close_burst(now, marks).packets
        marked += [(now, packet) for packet in burst if packet.transport_number is not None]
    assert 4.0 / 0.3 < len(marked) <= 4.0 / MARK_INTERVAL["video"]
    assert [packet.transport_number for _, packet in marked] == list(range(1, len(marked) + 1))
    assert all(packet.temporal == 0 and packet.marker for _, packet in marked)


def test_sound_is_marked_seldom() -> None:
    track, marks = begun(audio_producer(), 2000), Marks()
    for place in range(100):
        track.receive(media(place, 960 * place, payload=b"x"), place / 50)
        track.close_burst(place / 50, marks)
    assert marks.number == 4


def test_the_picture_is_measured_by_temporal_limit() -> None:
    track = video_track()
    for place, packet in enumerate(layered(90, per_frame=1)):
        packet.payload += bytes(900)
        track.receive(packet, place / 30)
    rates = [track.bitrate(limit, 3.0) for limit in range(FULL + 1)]
    assert rates[3] == rates[2] == pytest.approx(30 * 8 * 1160, rel=0.1)
    assert rates[1] == pytest.approx(rates[2] / 2, rel=0.1)
    assert rates[0] == pytest.approx(rates[2] / 4, rel=0.15)
    assert track.bitrate(FULL, 60.0) < 1000, "what has stopped takes nothing"


def test_key_frames_tell_the_size_of_the_picture() -> None:
    track = video_track()
    for packet in layered(1):
        track.receive(packet, 0.0)
    assert track.size == (1280, 720)
    assert vp8.key_frame_size(b"\x10\x10\0\0", 0) is None


def test_the_clock_follows_the_publishers() -> None:
    track = video_track()
    assert track.timestamp_at(0.0) is None
    track.clock_point = ClockPoint(100.0, 5000, 90_000)
    assert track.timestamp_at(101.0) == 95_000


def test_a_place_counts_what_was_dropped_before_it() -> None:
    track = video_track()
    for packet in layered(5):
        track.receive(packet, 0.0)
    track.close_burst(0.0, Marks())
    assert track.end is not None
    place = track.end.place
    assert place.sequence - place.number(0) == 6 and place.picture_shift(0) == 3
    assert place.number(FULL) == place.sequence and place.picture_shift(FULL) == 0
    first = track.ring.get(track.ring.head - 1)
    assert first is not None and Place.before(first).number(0) == place.number(0) - 2


def test_sound_is_marked_in_the_company_of_the_picture() -> None:
    """So that a viewer tells of both in one message; alone it is marked twice a second."""
    marks = Marks()
    picture, sound = [], []
    video, audio = video_track(), begun(audio_producer(), 2000)
    for place in range(300):
        now = place / 100
        if place % 3 == 0:
            video.receive(media(place, 900 * place), now)
            picture += [now for one in video.close_burst(now, marks).packets if one.transport_number]
        if place % 2 == 1:
            audio.receive(media(place, 480 * place, payload=b"x"), now)
            sound += [now for one in audio.close_burst(now, marks).packets if one.transport_number]
    assert 20 <= len(picture) <= 25
    assert 6 <= len(sound) <= 10
    assert all(min(abs(one - other) for other in picture) <= 0.025 for one in sound[1:])
