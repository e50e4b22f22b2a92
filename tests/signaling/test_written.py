"""What is written: harmless, and nothing where nothing is to be seen, in any script."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.written import line, words

UNSEEN = [
    "",
    " \t\n",
    "\u200b\u2060",
    "\u200d\ufeff",
    "\u202e",
    "\u3164",
    "\u2800\u2800",
    "\x00\x07",
    "\u00ad",
]
FAMILY = "👩\u200d👩\u200d👧"


@pytest.mark.parametrize("text", UNSEEN, ids=ascii)
def test_of_what_nobody_sees_nothing_is_left(text: str) -> None:
    assert words(text) == line(text) == ""


@pytest.mark.parametrize(
    "text", ["名" * 200, "می\u200cخواهم", "שלום \u200f!", FAMILY, "é", "\U0001fae9", "a\u202fb"]
)
def test_what_a_script_needs_stays_as_it_is(text: str) -> None:
    assert words(text) == text


def test_line_breaks_stay_in_words_and_not_in_a_line() -> None:
    assert words(" one\r\n\ttwo\x1b[31m\x00 ") == "one\n two[31m"
    assert line(" one\r\n\ttwo\x85three\u2028four ") == "one two three four"


@given(st.text())
def test_any_text_is_harmless_once_and_stays_so(text: str) -> None:
    for written in (words, line):
        said = written(text)
        assert written(said) == said
        assert not any(unicodedata.category(c) == "Cc" and c != "\n" for c in said)
    assert "\n" not in line(text)
