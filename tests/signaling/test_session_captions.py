"""Captions: taken while the session is live, a few lines of each language, and nothing of them in the log."""

from __future__ import annotations

import pytest

from signaling.protocol import Caption, EndSession, PauseSession, ResumeSession, SendCaption, StartSession
from signaling.session.captions import KEPT, MOST_LANGUAGES, Kept, caption, taken_in

from .session_events import PRODUCER, Fold


def line(number: int, text: str = "", language: str = "en") -> Caption:
    return Caption(language, f"l{number}", text or f"line {number}", number)


def live() -> Fold:
    fold = Fold()
    fold.do(PRODUCER, StartSession("s1"))
    return fold


def test_a_line_is_told_and_nothing_is_written() -> None:
    fold = live()
    assert fold.do(PRODUCER, SendCaption("c1", "en", "l1", "Good evening")) == ()
    assert caption(SendCaption("c1", "pt-BR", "l1", " Boa\n noite\x07 "), now=7) == Caption(
        "pt-BR", "l1", "Boa noite", 7
    )


@pytest.mark.parametrize("text", [" ", "\n\t", "\x07"])
def test_a_line_without_words_is_refused(text: str) -> None:
    assert live().refused(PRODUCER, SendCaption("c1", "en", "l1", text)) == "empty_text"


def test_what_is_said_in_a_pause_and_after_the_end_is_nobodys() -> None:
    fold = Fold()
    assert fold.refused(PRODUCER, SendCaption("c0", "en", "l1", "One, two")) == "not_live"
    fold.do(PRODUCER, StartSession("s1"))
    fold.do(PRODUCER, PauseSession("p1"))
    assert fold.refused(PRODUCER, SendCaption("c1", "en", "l1", "Is this on?")) == "not_live"
    fold.do(PRODUCER, ResumeSession("r1"))
    assert fold.do(PRODUCER, SendCaption("c2", "en", "l1", "Welcome back")) == ()
    fold.do(PRODUCER, EndSession("e1"))
    assert fold.refused(PRODUCER, SendCaption("c3", "en", "l2", "Phew")) == "session_ended"


def test_the_newest_lines_of_a_language_are_known_and_one_that_grows_stands_where_it_stood() -> None:
    kept: Kept = taken_in({}, [line(1), line(2), line(3)])
    assert kept == {"en": (line(2), line(3))} and len(kept["en"]) == KEPT
    grown = line(2, "line 2, and more of it")
    assert taken_in(kept, [grown]) == {"en": (grown, line(3))}
    assert taken_in(kept, [line(1, "第一行", "zh")]) == {**kept, "zh": (line(1, "第一行", "zh"),)}


def test_the_language_longest_not_heard_is_forgotten_first() -> None:
    languages = [f"a{chr(97 + i)}" for i in range(MOST_LANGUAGES)]
    kept = taken_in({}, [line(1, language=language) for language in languages])
    kept = taken_in(kept, [line(2, language=languages[0]), line(1, language="zz")])
    assert set(kept) == {*languages, "zz"} - {languages[1]}
