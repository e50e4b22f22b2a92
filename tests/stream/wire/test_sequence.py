"""Wrapping numbers made whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stream.wire.sequence import extend

references = st.integers(-(2**40), 2**40)


@given(st.integers(0, 0xFFFF), references)
def test_is_the_nearest_number_with_these_bits(value: int, reference: int) -> None:
    extended = extend(value, reference)
    assert extended & 0xFFFF == value
    assert -0x8000 <= extended - reference < 0x8000


@given(references, st.integers(-0x8000, 0x7FFF))
def test_follows_a_number_less_than_half_a_cycle_away(reference: int, step: int) -> None:
    assert extend((reference + step) & 0xFFFF, reference) == reference + step


@given(references, st.integers(-(2**31), 2**31 - 1))
def test_follows_timestamps(reference: int, step: int) -> None:
    assert extend((reference + step) & 0xFFFFFFFF, reference, 32) == reference + step


@given(st.lists(st.integers(1, 0x7FFF), max_size=200))
def test_a_rising_stream_is_followed_over_any_number_of_wraps(steps: list[int]) -> None:
    true = followed = 65_000
    for step in steps:
        true += step
        followed = extend(true & 0xFFFF, followed)
        assert followed == true
