"""VP8 descriptors against aiortc's own, and against cut ones."""

from __future__ import annotations

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from hypothesis import given
from hypothesis import strategies as st

from stream.wire import vp8

KEY, DELTA = b"\x10\x02\x00\x9d\x01\x2a", b"\x11\x02\x00"

descriptors = st.builds(
    VpxPayloadDescriptor,
    partition_start=st.integers(0, 1),
    partition_id=st.integers(0, 7),
    picture_id=st.none() | st.integers(0, 0x7FFF),
    tl0picidx=st.none() | st.integers(0, 255),
    tid=st.none() | st.tuples(st.integers(0, 3), st.integers(0, 1)),
    keyidx=st.none() | st.integers(0, 31),
)


@given(descriptors, st.sampled_from([KEY, DELTA]))
def test_reads_what_aiortc_writes(written: VpxPayloadDescriptor, frame: bytes) -> None:
    read = vp8.parse(bytes(written) + frame)

    assert read is not None
    assert read.picture_id == written.picture_id
    assert read.tl0_picture_index == written.tl0picidx
    assert read.temporal_layer == (written.tid[0] if written.tid else 0)
    starts = bool(written.partition_start) and not written.partition_id
    assert read.starts_frame == starts
    assert read.starts_key_frame == (starts and frame is KEY)
    assert vp8.starts_key_frame(bytes(written) + frame) == read.starts_key_frame


@given(descriptors, st.integers(-0x8000, 0x8000), st.integers(-256, 256))
def test_shifting_moves_both_counters_and_nothing_else(
    written: VpxPayloadDescriptor, picture_delta: int, tl0_delta: int
) -> None:
    payload = bytes(written) + KEY
    moved, rest = VpxPayloadDescriptor.parse(vp8.shift(payload, picture_delta, tl0_delta))

    assert rest == KEY
    assert len(bytes(moved)) <= len(bytes(written))
    if written.picture_id is None:
        assert vp8.shift(payload, picture_delta, tl0_delta) == payload
        return
    assert moved.picture_id == (written.picture_id + picture_delta) % 0x8000
    if written.tl0picidx is not None:
        assert moved.tl0picidx == (written.tl0picidx + tl0_delta) % 256
    assert (moved.tid, moved.keyidx, moved.partition_id) == (
        written.tid,
        written.keyidx,
        written.partition_id,
    )


@given(st.integers(0, 127), st.integers(-300, 300))
def test_a_picture_id_of_seven_bits_stays_one(picture_id: int, delta: int) -> None:
    moved = vp8.parse(vp8.shift(bytes((0x90, 0x80, picture_id)) + KEY[1:], delta, 0))
    assert moved is not None
    assert not moved.picture_id_wide
    assert moved.picture_id == (picture_id + delta) % 128


@given(descriptors, st.integers(-500, 500), st.integers(-500, 500))
def test_shifting_back_undoes_it(written: VpxPayloadDescriptor, picture_delta: int, tl0_delta: int) -> None:
    payload = bytes(written) + DELTA
    assert vp8.shift(vp8.shift(payload, picture_delta, tl0_delta), -picture_delta, -tl0_delta) == payload


@given(st.binary(max_size=12), st.integers(-9, 9))
def test_whatever_comes_nothing_is_raised(data: bytes, delta: int) -> None:
    vp8.parse(data)
    vp8.starts_key_frame(data)
    assert len(vp8.shift(data, delta, delta)) == len(data)


@pytest.mark.parametrize("cut", [b"", b"\x90", b"\x90\x80", b"\x90\x80\x81", b"\x90\xc0\x81\x02", b"\x10"])
def test_a_descriptor_cut_short_starts_nothing(cut: bytes) -> None:
    assert vp8.parse(cut) is None
    assert not vp8.starts_key_frame(cut)
    assert vp8.shift(cut, 1, 1) == cut


@pytest.mark.parametrize(("picture_id_at", "tl0_at"), [(3, -1), (-1, 3), (2, -1), (9, 9)])
def test_a_place_outside_the_payload_is_refused(picture_id_at: int, tl0_at: int) -> None:
    with pytest.raises(ValueError, match="no counter"):
        vp8.shift_at(b"\x90\x80\x81", picture_id_at, 1, tl0_at, 1)
