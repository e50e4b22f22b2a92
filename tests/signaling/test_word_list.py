"""The word list: whole words, whatever their case and width, and anywhere where scripts run on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.session.word_list import folded, found, tidy


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("spam", "This is SPAM!"),
        ("spam", "ｓｐａｍ"),
        ("spam", "sp\u200bam"),
        ("spam", "这是spam啊"),
        ("Straße", "STRASSE"),
        ("buy now", "Buy\n now."),
        ("垃圾", "都是垃圾话"),
        ("ﾊﾞｶ", "バカだ"),
        ("바보", "바보야"),
        ("โง่", "คนโง่มาก"),
        ("c++", "I like C++ a lot"),
        ("naïve", "nai\u0308ve"),
    ],
)
def test_found(word: str, text: str) -> None:
    assert found(text, tidy([word]))


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("spam", "spammer"),
        ("spam", "antispam"),
        ("ass", "assessment"),
        ("a.b", "axb"),
        ("垃圾", "垃 圾"),
        ("x", ""),
    ],
)
def test_not_found(word: str, text: str) -> None:
    assert not found(text, tidy([word]))


def test_a_list_is_kept_folded_each_once_and_none_empty() -> None:
    assert tidy([" Spam ", "SPAM", "\u200b", "ＳＰＡＭ", "two  words"]) == ("spam", "two words")
    assert not found("anything", ())


@given(st.text(min_size=1, max_size=20), st.text(max_size=30), st.text(max_size=30))
def test_a_word_between_spaces_is_found_wherever_it_stands(word: str, before: str, after: str) -> None:
    words = tidy([word])
    assert found(f"{before} {word} {after}", words) or not words


@given(st.text(max_size=60))
def test_folding_is_done_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)
