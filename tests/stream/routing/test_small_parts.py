"""The small pure parts: key frame requests, the publisher's clock, who speaks, when packets came."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.routing.arrivals import ArrivalRecorder
from stream.routing.keyframes import KeyframeThrottle
from stream.routing.sender_clock import ClockPoint, SenderClock
from stream.routing.speakers import MARGIN, Loudness, assign
from stream.wire import rtcp
from stream.wire.sequence import extend


class TestKeyframeThrottle:
    @given(st.lists(st.tuples(st.floats(0, 0.3), st.sampled_from(["want", "due", "arrived"])), max_size=200))
    def test_at_most_two_a_second_whatever_the_audience_does(self, events: list[tuple[float, str]]) -> None:
        throttle, now, asked = KeyframeThrottle(), 0.0, list[float]()
        for place, (elapsed, event) in enumerate(events):
            now += elapsed
            if event == "due" and throttle.due(now) is not None:
                asked.append(now)
            elif event == "want":
                throttle.want(place % 3)
            elif event == "arrived":
                throttle.arrived(place % 3, now)
        for at in asked:
            assert len([other for other in asked if at <= other < at + 0.999]) <= 2

    def test_asks_again_until_one_has_come(self) -> None:
        throttle = KeyframeThrottle()
        assert throttle.due(0.0) is None
        throttle.want(7)
        assert [throttle.due(at) for at in (1.0, 1.4, 1.5, 2.0)] == [7, None, 7, 7]
        throttle.arrived(7, 2.1)
        assert throttle.due(9.0) is None

    def test_remembers_whether_asking_is_of_use(self) -> None:
        throttle = KeyframeThrottle()
        throttle.arrived(7, 0.0)
        assert throttle.answers(7, 1.0) is None, "nobody asked"
        throttle.want(7)
        throttle.due(2.0)
        assert throttle.answers(7, 3.0) is None, "it has its time"
        assert throttle.answers(7, 3.1) is False
        throttle.arrived(7, 9.0)
        assert throttle.answers(7, 9.5) is False, "one that came by itself is no answer"
        throttle.want(7)
        throttle.due(10.0)
        throttle.arrived(7, 10.3)
        assert throttle.answers(7, 99.0) is True
        throttle.ended(7)
        assert throttle.answers(7, 99.0) is None

    def test_layers_take_turns(self) -> None:
        throttle = KeyframeThrottle()
        for ssrc in (1, 2, 3):
            throttle.want(ssrc)
        assert [throttle.due(at / 2) for at in range(6)] == [1, 2, 3, 1, 2, 3]


class TestSenderClock:
    @given(
        st.floats(-10, 10),
        st.lists(st.floats(0, 0.3), min_size=1, max_size=20),
        st.integers(0, 0xFFFFFFFF),
        st.integers(0, 0xFFFFFFFF),
    )
    def test_sound_and_picture_stay_together(
        self, wrong: float, delays: list[float], video: int, audio: int
    ) -> None:
        """Whatever the publisher's clock says and however late its reports are: the same offset for both."""
        clock, now = SenderClock(), 1_700_000_000.0
        points: list[ClockPoint] = []
        for place, delay in enumerate(delays):
            for start, rate in ((video, 90_000), (audio, 48_000)):
                sent = now + place
                at = clock.observe(rtcp.ntp_from_unix(sent + wrong), sent + delay)
                points.append(ClockPoint(at, (start + place * rate) & 0xFFFFFFFF, rate))
        moment = now + 30
        video_at, audio_at = (
            extend(clock.timestamp_at(point, moment) - start, 0, 32) / point.clock_rate
            for point, start in ((points[-2], video), (points[-1], audio))
        )
        assert video_at == pytest.approx(audio_at, abs=0.0001)
        assert video_at == pytest.approx(30 - min(delays), abs=0.0001)

    def test_a_late_report_moves_nothing(self) -> None:
        clock = SenderClock()
        point = ClockPoint(clock.observe(rtcp.ntp_from_unix(1000.0), 1000.02), 0, 1000)
        clock.observe(rtcp.ntp_from_unix(1001.0), 1001.9)
        assert clock.timestamp_at(point, 1002.0) == 1980

    def test_a_clock_that_was_set_is_followed(self) -> None:
        clock = SenderClock()
        clock.observe(rtcp.ntp_from_unix(1000.0), 1000.0)
        point = ClockPoint(clock.observe(rtcp.ntp_from_unix(400.0), 1001.0), 5000, 1000)
        assert clock.timestamp_at(point, 1002.0) == 6000


class TestLoudness:
    def test_is_quick_to_hear_and_slow_to_forget(self) -> None:
        voice = Loudness()
        for _ in range(10):
            voice.hear(b"\x9e")
        assert voice.level == pytest.approx(30, abs=4)
        for _ in range(10):
            voice.hear(b"\x7f")
        assert voice.level < 50

    @given(st.lists(st.binary(max_size=3)))
    def test_whatever_comes_stays_a_level(self, values: list[bytes]) -> None:
        voice = Loudness()
        for value in values:
            voice.hear(value)
            assert 0 <= voice.level <= 127


class TestAssign:
    @given(
        st.lists(st.none() | st.sampled_from("abcdefg"), min_size=1, max_size=3, unique=True),
        st.lists(st.sampled_from("abcdefg"), unique=True),
        st.dictionaries(st.sampled_from("abcdefg"), st.floats(0, 127)),
    )
    def test_lines_are_held_by_different_voices_in_place(
        self, lines: list[str | None], candidates: list[str], loudness: dict[str, float]
    ) -> None:
        held = assign(lines, candidates, loudness)
        voices = [key for key in held if key is not None]
        assert len(held) == len(lines)
        assert len(set(voices)) == len(voices) == min(len(lines), len(candidates))
        assert set(voices) <= set(candidates)
        kept = [a for a, b in zip(lines, held, strict=True) if a in candidates and a != b]
        assert len(kept) <= 1, "at most one is out-spoken at a time"
        assert assign(held, candidates, loudness) == held or len(candidates) > len(lines)

    def test_a_cough_takes_nobodys_line(self) -> None:
        assert assign(["a"], ["a", "b"], {"a": 40, "b": 40 - MARGIN + 1}) == ["a"]
        assert assign(["a"], ["a", "b"], {"a": 40, "b": 40 - MARGIN - 1}) == ["b"]

    def test_the_quietest_gives_way_to_the_loudest(self) -> None:
        assert assign(["a", "b"], ["a", "b", "c", "d"], {"a": 30, "b": 90, "c": 50, "d": 40}) == ["a", "d"]


class TestArrivals:
    def test_tells_what_came_and_when(self) -> None:
        recorder = ArrivalRecorder()
        for number, at in ((65_534, 1.0), (65_535, 1.01), (1, 1.02), (0, 1.03)):
            recorder.record(number.to_bytes(2, "big"), at)
        (message,) = recorder.feedback(1, 2)
        (packet,) = rtcp.parse(message)
        assert isinstance(packet, rtcp.TransportFeedback)
        assert (packet.sender_ssrc, packet.media_ssrc, packet.base_sequence) == (1, 2, 65_534)
        assert packet.reference_time * 64_000 == 960_000
        assert packet.arrivals == ((65_534, 40_000), (65_535, 10_000), (0, 20_000), (1, -10_000))
        assert recorder.feedback(1, 2) == []

    def test_counts_its_messages(self) -> None:
        recorder = ArrivalRecorder()
        counts: list[int] = []
        for turn in range(300):
            recorder.record((turn & 0xFFFF).to_bytes(2, "big"), turn / 10)
            counts += [
                p.feedback_count
                for p in rtcp.parse(recorder.feedback(1, 2)[0])
                if isinstance(p, rtcp.TransportFeedback)
            ]
        assert counts == [turn & 0xFF for turn in range(300)]

    @given(st.lists(st.integers(0, 0xFFFF), max_size=300), st.floats(0, 10))
    def test_any_numbers_give_readable_feedback(self, numbers: list[int], now: float) -> None:
        recorder = ArrivalRecorder()
        for place, number in enumerate(numbers):
            recorder.record(number.to_bytes(2, "big"), now + place / 1000)
        for message in recorder.feedback(1, 2):
            assert len(message) < 1200
            assert rtcp.parse(message)

    @pytest.mark.parametrize("value", [b"", b"\1", b"\1\2\3"])
    def test_values_of_another_size_are_skipped(self, value: bytes) -> None:
        recorder = ArrivalRecorder()
        recorder.record(value, 0.0)
        assert recorder.feedback(1, 2) == []

    def test_a_flood_is_bounded(self) -> None:
        recorder = ArrivalRecorder()
        for number in range(5000):
            recorder.record((number & 0xFFFF).to_bytes(2, "big"), number / 1e6)
        assert len(recorder._arrivals) == 1000
