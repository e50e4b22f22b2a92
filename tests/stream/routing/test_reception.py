"""Reception statistics against aiortc's and RFC 3550's sums; what is asked for again, and how often."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import RtpPacket as OraclePacket
from hypothesis import given
from hypothesis import strategies as st

from stream.routing.reception import (
    MAX_AGE,
    MAX_GAP,
    MAX_TRIES,
    REORDER_DELAY,
    RETRY_INTERVAL,
    NackGenerator,
    Reception,
)

arrivals = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 200), st.booleans()), min_size=2, max_size=80)


@given(st.integers(0, 0xFFFF), arrivals)
def test_counts_as_aiortc_does(first: int, steps: list[tuple[int, int, bool]]) -> None:
    """Loss and jitter, with the clock in steps of whole ms and every packet a frame of its own."""
    ours, oracle = Reception(90_000), StreamStatistics(90_000)
    sequence, now = first, 1000.0
    with patch("aiortc.rtcrtpreceiver.time.time", lambda: now):
        for step, milliseconds, reported in steps:
            sequence += step
            now += milliseconds / 1000
            timestamp = (sequence * 3000) & 0xFFFFFFFF
            ours.receive(sequence & 0xFFFF, timestamp, 100, now)
            oracle.add(OraclePacket(96, 0, sequence & 0xFFFF, timestamp, 1))
            if reported:
                block = ours.report(1, now)
                assert block is not None
                assert block.fraction_lost == oracle.fraction_lost
    block = ours.report(1, now)
    assert block is not None
    assert block.lost == oracle.packets_lost
    assert oracle.max_seq is not None
    assert block.highest_sequence & 0xFFFF == oracle.max_seq
    assert block.highest_sequence >> 16 == oracle.cycles >> 16
    assert block.jitter == pytest.approx(oracle.jitter, abs=3)


def test_the_sums_of_the_rfc() -> None:
    """RFC 3550, A.3 and A.8, by hand: 10 expected, 8 came; transit times differ by 900 and 1800 units."""
    reception = Reception(90_000)
    for sequence in (0, 1, 2, 4, 5, 6, 8, 9):
        reception.receive(sequence, 3000 * sequence, 50, sequence / 30)
    block = reception.report(7, 1.0)
    assert block is not None
    assert (block.lost, block.fraction_lost, block.highest_sequence) == (2, (2 << 8) // 10, 9)
    assert (reception.packets, reception.bytes) == (8, 400)
    assert block.jitter == 0

    reception.receive(10, 30_000, 50, 10 / 30 + 0.01)
    assert reception.jitter == pytest.approx(900 / 16, abs=0.1)
    reception.receive(11, 33_000, 50, 11 / 30 - 0.01)
    assert reception.jitter == pytest.approx(900 / 16 + (1800 - 900 / 16) / 16, abs=0.2)
    second = reception.report(7, 1.0)
    assert second is not None and second.fraction_lost == 0 and second.lost == 2


def test_duplicates_make_loss_negative() -> None:
    reception = Reception(90_000)
    for sequence in (5, 5, 5, 6):
        reception.receive(sequence, 0, 1, 0.0)
    block = reception.report(1, 0.0)
    assert block is not None and (block.lost, block.fraction_lost) == (-2, 0)


def test_the_delay_since_a_report_is_told() -> None:
    reception = Reception(90_000)
    assert reception.report(1, 0.0) is None
    reception.receive(1, 0, 1, 0.0)
    reception.last_sr, reception.last_sr_at = 77, 10.0
    block = reception.report(1, 10.5)
    assert block is not None and (block.last_sr, block.delay_since_last_sr) == (77, 0x8000)


@given(st.integers(0, 0xFFFFFFFF))
def test_timestamps_that_start_anew_are_no_jitter(start: int) -> None:
    reception = Reception(90_000)
    reception.receive(1, 0, 1, 0.0)
    reception.receive(2, start, 1, 0.01)
    assert reception.jitter <= 90_000 / 16


class TestNack:
    def test_a_gap_is_asked_for_after_the_time_of_mere_reordering(self) -> None:
        nacks = NackGenerator()
        nacks.receive(10, 0.0)
        nacks.receive(13, 1.0)
        assert nacks.due(1.0) == []
        assert nacks.due(1.0 + REORDER_DELAY) == [11, 12]
        assert nacks.due(1.0 + REORDER_DELAY) == []
        nacks.receive(12, 1.03)
        assert nacks.due(1.0 + REORDER_DELAY + RETRY_INTERVAL) == [11]

    def test_what_was_only_overtaken_is_not_asked_for(self) -> None:
        nacks = NackGenerator()
        for number in (1, 3, 2, 4):
            nacks.receive(number, 0.0)
        assert nacks.due(1.0) == []

    @given(st.lists(st.floats(0.001, 0.2), max_size=100))
    def test_a_number_is_asked_for_so_often_and_so_long(self, steps: list[float]) -> None:
        nacks, now = NackGenerator(), 0.0
        nacks.receive(1, now)
        nacks.receive(3, now)
        asked: list[float] = []
        for step in steps:
            now += step
            asked += [now] * len(nacks.due(now))
        assert len(asked) <= MAX_TRIES
        assert all(at <= MAX_AGE for at in asked)
        if now > MAX_AGE:
            assert nacks.given_up == 1
            assert nacks.due(now) == []

    def test_a_hole_too_wide_is_not_repaired(self) -> None:
        nacks = NackGenerator()
        assert not nacks.receive(1, 0.0)
        assert not nacks.receive(1 + MAX_GAP, 0.0)
        assert nacks.receive(1 + MAX_GAP + 3, 0.0), "together with what is missing already"
        assert nacks.due(1.0) == []
        assert nacks.given_up == MAX_GAP + 1

    @given(st.lists(st.integers(0, 5000), max_size=200))
    def test_never_remembers_more_than_a_gap(self, numbers: list[int]) -> None:
        nacks = NackGenerator()
        for number in numbers:
            nacks.receive(number, 0.0)
            assert len(nacks._missing) <= MAX_GAP
        assert not set(nacks.due(1.0)) & set(numbers)


def test_a_round_trip_is_that_of_repairs_and_not_of_what_was_late() -> None:
    """A publisher 0.2 s away is asked again before its first answer is here."""
    nacks = NackGenerator()
    nacks.receive(0, 0.0)
    nacks.receive(3, 0.1)
    for tick in range(11, 33):
        nacks.due(tick / 100)
    nacks.receive(1, 0.13, repaired=False)
    assert nacks.round_trip is None
    nacks.receive(2, 0.32, repaired=True)
    assert nacks.round_trip == pytest.approx(0.2, abs=0.015)


@pytest.mark.parametrize("way", [0.02, 0.05, 0.2, 0.5])
def test_whoever_is_far_is_asked_once_for_each_packet(way: float) -> None:
    """One packet in ten lost, each repaired a round trip after it was first asked for."""
    nacks, asked, answers = NackGenerator(), list[int](), dict[int, float]()
    for tick in range(1500):
        now = tick / 100
        for number in [one for one, at in answers.items() if at <= now]:
            del answers[number]
            nacks.receive(number, now, repaired=True)
        if tick % 10:
            nacks.receive(tick, now, repaired=False)
        for number in nacks.due(now):
            asked.append(number)
            answers.setdefault(number, now + way)
    late = [number for number in asked if 500 <= number < 1400]
    assert sorted(set(late)) == list(range(500, 1400, 10))
    assert len(late) == 90
    assert nacks.given_up == 0


def test_while_no_round_trip_is_known_each_request_waits_longer() -> None:
    nacks = NackGenerator()
    nacks.receive(0, 0.0)
    nacks.receive(2, 0.0)
    asked = [tick / 100 for tick in range(80) if nacks.due(tick / 100)]
    assert asked == pytest.approx([0.01, 0.07, 0.19, 0.43], abs=0.011)


def test_a_repair_that_is_lost_is_asked_for_again_after_a_round_trip() -> None:
    nacks = NackGenerator()
    nacks.receive(0, 0.0)
    nacks.receive(2, 0.0)
    nacks.due(0.01)
    nacks.receive(1, 0.21, repaired=True)
    nacks.receive(4, 1.0)
    asked = [tick / 100 for tick in range(100, 180) if nacks.due(tick / 100)]
    assert asked == pytest.approx([1.01, 1.26, 1.51, 1.76], abs=0.011)


def test_where_repairs_look_like_anything_else_only_what_was_asked_for_once_tells() -> None:
    nacks = NackGenerator()
    nacks.receive(0, 0.0)
    nacks.receive(3, 0.1)
    assert nacks.due(0.12) == [1, 2]
    nacks.receive(1, 0.15)
    assert nacks.round_trip == pytest.approx(0.03)
    assert nacks.due(0.2) == [2]
    nacks.receive(2, 0.3)
    assert nacks.round_trip == pytest.approx(0.03)
