"""Transport-wide feedback there and back, and against messages written down by hand."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.wire import rtcp
from stream.wire.rtcp import RtcpError, TransportFeedback
from stream.wire.transport_cc import MAX_ARRIVALS, MAX_STATUSES

Arrivals = list[tuple[int, int]]

CYCLE_US = 64_000 << 24
"""After 12 days the reference time starts again."""


def feedback(arrivals: Arrivals, count: int = 0) -> list[TransportFeedback]:
    packets = [
        packet for data in rtcp.pack_transport_feedback(1, 2, count, arrivals) for packet in rtcp.parse(data)
    ]
    assert all(isinstance(packet, TransportFeedback) for packet in packets)
    return [packet for packet in packets if isinstance(packet, TransportFeedback)]


def received(packet: TransportFeedback) -> Arrivals:
    """Turn deltas into times, µs, as a sender does."""
    time_us = packet.reference_time * 64_000
    found: Arrivals = []
    for sequence, delta in packet.arrivals:
        time_us += delta
        found.append((sequence, time_us % CYCLE_US))
    return found


def by_hand(chunks: list[int], deltas: bytes, statuses: int, reference: int = 0) -> bytes:
    fci = struct.pack("!HHI", 100, statuses, (reference & 0xFFFFFF) << 8 | 5)
    fci += b"".join(struct.pack("!H", chunk) for chunk in chunks) + deltas
    body = struct.pack("!II", 1, 2) + fci + bytes(-len(fci) & 3)
    return struct.pack("!BBH", 0x8F, 205, len(body) // 4) + body


@st.composite
def journeys(draw: st.DrawFn) -> Arrivals:
    """Packets of one transport as they came: lost, in bursts, late, and across the 16-bit wrap."""
    sequence = draw(st.integers(0, 2**17))
    time_us = draw(st.integers(0, 2**40))
    arrivals: Arrivals = []
    steps = st.tuples(
        st.one_of(st.just(1), st.integers(1, 40), st.integers(1, 3000)),
        st.one_of(st.integers(0, 5_000), st.integers(-60_000, 200_000), st.integers(0, 20_000_000)),
    )
    for gap, delay in draw(st.lists(steps, min_size=1, max_size=120)):
        sequence, time_us = sequence + gap, max(0, time_us + delay)
        arrivals.append((sequence, time_us))
    return arrivals


@given(journeys(), st.integers(0, 255))
def test_there_and_back(arrivals: Arrivals, count: int) -> None:
    packets = feedback(arrivals, count)
    found = [arrival for packet in packets for arrival in received(packet)]
    assert found == [(sequence & 0xFFFF, time // 250 * 250 % CYCLE_US) for sequence, time in arrivals]
    assert [packet.feedback_count for packet in packets] == [
        (count + index) & 0xFF for index in range(len(packets))
    ]
    for packet in packets:
        assert packet.arrivals[0][0] == packet.base_sequence


@given(
    st.lists(
        st.tuples(st.integers(1, 40), st.sampled_from([100, 60_000, 300_000])), min_size=50, max_size=100
    )
)
def test_every_message_fits_a_datagram(steps: Arrivals) -> None:
    sequence = time_us = 0
    arrivals: Arrivals = []
    for gap, delay in steps * 4:
        sequence, time_us = sequence + gap, time_us + delay
        arrivals.append((sequence, time_us))
    assert max(map(len, rtcp.pack_transport_feedback(1, 2, 0, arrivals))) <= 1200


def test_worst_case_fits_a_datagram() -> None:
    arrivals = [(14 * index + index % 2, 300_000 * index) for index in range(MAX_ARRIVALS)]
    (message,) = rtcp.pack_transport_feedback(1, 2, 0, arrivals)
    assert len(message) <= 1200


def test_nothing_arrived_is_nothing_to_say() -> None:
    assert rtcp.pack_transport_feedback(1, 2, 0, []) == []


def test_of_duplicates_the_first_counts() -> None:
    (packet,) = feedback([(5, 0), (5, 9_000), (6, 1_000)])
    assert packet.arrivals == ((5, 0), (6, 1_000))


def test_times_before_the_epoch_of_the_clock() -> None:
    (packet,) = feedback([(5, -64_000), (6, -1_000)])
    assert packet.reference_time == -1
    assert packet.arrivals == ((5, 0), (6, 63_000))


def test_a_jump_of_sequence_or_time_begins_another_message() -> None:
    packets = feedback([(1, 0), (1 + MAX_STATUSES, 250), (2 + MAX_STATUSES, 9_000_000)])
    assert [len(packet.arrivals) for packet in packets] == [1, 1, 1]


def test_a_full_second_without_loss_is_one_run() -> None:
    """100 packets 1 ms apart: one run-length chunk, 100 one-byte deltas: 4+8+8+2+100 bytes, padded."""
    (data,) = rtcp.pack_transport_feedback(1, 2, 0, [(index, index * 1_000) for index in range(100)])
    assert len(data) == 124
    assert data[20:22] == struct.pack("!H", 1 << 13 | 100)


def test_reads_the_three_kinds_of_chunk() -> None:
    """Draft sections 3.1.3 and 3.1.4: a run of 3 lost; 14 one-bit statuses; 7 two-bit ones."""
    data = by_hand(
        [0b000_0000000000011, 0b10_10000000000001, 0b11_00_01_10_00_00_00_01],
        bytes((4, 8, 12)) + struct.pack("!h", -16) + bytes((20,)),
        statuses=24,
        reference=-2,
    )
    (packet,) = rtcp.parse(data)
    assert isinstance(packet, TransportFeedback)
    assert packet[:5] == (1, 2, 100, -2, 5)
    assert packet.arrivals == ((103, 1_000), (116, 2_000), (118, 3_000), (119, -4_000), (123, 5_000))


def test_reads_padding_announced_as_libwebrtc_does() -> None:
    """libwebrtc sets the P bit and counts the padding in the last byte."""
    data = bytearray(by_hand([0x2001], bytes((4,)), statuses=1))
    data[0] |= 0x20
    data[-1] = 1
    (packet,) = rtcp.parse(bytes(data))
    assert isinstance(packet, TransportFeedback)
    assert packet.arrivals == ((100, 1_000),)


def test_gaps_cost_nothing_and_have_no_limit() -> None:
    """Numbers are common to many receivers; one that was sent few of them reports long gaps."""
    (packet,) = rtcp.parse(
        by_hand([0x1FFF] * 7 + [0x1C00, 0x2001], bytes((4,)), statuses=7 * 0x1FFF + 0x1C00 + 1)
    )
    assert isinstance(packet, TransportFeedback)
    assert packet.arrivals == (((100 + 7 * 0x1FFF + 0x1C00) & 0xFFFF, 1_000),)


def test_spare_statuses_of_the_last_vector_are_nobody() -> None:
    (packet,) = rtcp.parse(by_hand([0xBFFF], bytes((4, 4)), statuses=2))
    assert isinstance(packet, TransportFeedback)
    assert packet.arrivals == ((100, 1_000), (101, 1_000))


@pytest.mark.parametrize(
    "data",
    [
        by_hand([], b"", statuses=1),  # no chunk
        by_hand([0x2004], bytes(2), statuses=20),  # too few chunks
        by_hand([0x2007], bytes(3), statuses=7),  # too few small deltas
        by_hand([0x4003], bytes(2), statuses=3),  # too few large deltas
        by_hand([0x6001], bytes(6), statuses=1),  # a reserved status in a run
        by_hand([0xF000], bytes(6), statuses=1),  # and in a vector
        by_hand([0x3FFF] * 8, bytes(600), statuses=0xFFFF),  # tens of thousands of arrivals without deltas
        by_hand([0x5FFF] * 8, bytes(600), statuses=0xFFFF),
    ],
)
def test_malformed_feedback_is_refused(data: bytes) -> None:
    with pytest.raises(RtcpError) as caught:
        rtcp.parse(data)
    assert caught.value.reason == "bad_transport_feedback"
