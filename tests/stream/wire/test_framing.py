"""Datagrams on a byte stream, however it is cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.wire.framing import MAX_FRAME, Deframer, FramingError, frame

DATAGRAMS = st.lists(st.binary(max_size=MAX_FRAME), max_size=12)


@given(DATAGRAMS, st.lists(st.integers(0, 20_000), max_size=20))
def test_what_was_framed_comes_out_however_it_is_cut(datagrams: list[bytes], cuts: list[int]) -> None:
    wire = b"".join(map(frame, datagrams))
    deframer, found = Deframer(), []
    edges = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    for start, end in itertools.pairwise(edges):
        found += deframer.feed(wire[start:end])
        assert deframer.waiting < MAX_FRAME + 2
    assert found == datagrams
    assert deframer.waiting == 0


def test_one_byte_after_the_other() -> None:
    deframer = Deframer()
    found = [datagram for byte in frame(b"one") + frame(b"") for datagram in deframer.feed(bytes((byte,)))]
    assert found == [b"one", b""]


@pytest.mark.parametrize("length", [MAX_FRAME + 1, 0x4745, 0xFFFF])
def test_a_length_that_no_datagram_has_ends_the_stream_at_once(length: int) -> None:
    """0x4745 is what an HTTP request begins with."""
    with pytest.raises(FramingError) as caught:
        Deframer().feed(length.to_bytes(2, "big"))
    assert caught.value.reason == "frame_too_long"


def test_the_longest_frame_is_taken() -> None:
    assert Deframer().feed(frame(bytes(MAX_FRAME))) == [bytes(MAX_FRAME)]
