"""Where H264 key frames start, in packets as aiortc's own packetizer cuts them."""

from __future__ import annotations

import pytest
from aiortc.codecs.h264 import H264Encoder
from hypothesis import given
from hypothesis import strategies as st

from stream.wire import h264

SPS, PPS = b"\x67\x42\xe0\x1f", b"\x68\xce\x3c\x80"


def nal(kind: int, size: int) -> bytes:
    return bytes((0x60 | kind,)) + bytes(size - 1)


def packets(*units: bytes) -> list[bytes]:
    return list(H264Encoder._packetize(iter(units)))


@pytest.mark.parametrize("size", [200, 5000])
def test_a_key_frame_starts_at_its_parameter_sets(size: int) -> None:
    assert h264.starts_key_frame(packets(SPS, PPS, nal(5, size))[0])
    assert [h264.starts_key_frame(unit) for unit in (SPS, PPS)] == [True, False]


def test_an_idr_slice_in_pieces_starts_once() -> None:
    found = [h264.starts_key_frame(packet) for packet in packets(nal(5, 5000))]
    assert len(found) > 3
    assert found == [True] + [False] * (len(found) - 1)


@pytest.mark.parametrize("size", [200, 5000])
def test_a_delta_frame_starts_nothing(size: int) -> None:
    assert not any(h264.starts_key_frame(packet) for packet in packets(nal(1, size)))
    assert not any(h264.starts_key_frame(packet) for packet in packets(nal(1, 60), nal(6, 60)))


@given(st.binary(max_size=40))
def test_whatever_comes_nothing_is_raised(data: bytes) -> None:
    h264.starts_key_frame(data)
    h264.starts_key_frame(b"\x78" + data)
    h264.starts_key_frame(b"\x7c" + data)


@given(st.lists(st.sampled_from([1, 5, 6, 7, 8, 9]), min_size=2, max_size=6))
def test_aggregates_are_looked_through(kinds: list[int]) -> None:
    units = [nal(kind, 20) for kind in kinds]
    aggregate = b"\x78" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)
    assert h264.starts_key_frame(aggregate) == bool({5, 7} & set(kinds))
