"""Whether a text has a word of a list in it. Pure.

The law: case and width do not matter (NFKC, case folded), nor do signs that nobody sees. A word counts only
whole, so that no place name is caught by a shorter word in it; but where a script writes words without
spaces between them, it counts anywhere, and ends a neighbour's word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from signaling.protocol import WordList

_RUNNING = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u1100-\u11ff\u3040-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"  # kana, Han, Hangul
    "\U00020000-\U0003ffff"  # Han, beyond the first plane
)
"""Scripts that run on without spaces, and Hangul, whose particles cling to the word."""

_RUNS_ON = re.compile(f"[{_RUNNING}]")
_BEFORE, _AFTER = rf"(?<![^\W{_RUNNING}])", rf"(?![^\W{_RUNNING}])"
_SPACE = re.compile(r"\s+")


def folded(text: str) -> str:
    """Return a text as it is compared: one width, one case, single spaces, without what is not seen."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _SPACE.sub(" ", "".join(c for c in plain if unicodedata.category(c) != "Cf")).strip()


def tidy(words: Iterable[str]) -> tuple[str, ...]:
    """Return a list as it is kept: folded, each word once, none empty."""
    return tuple(dict.fromkeys(word for word in map(folded, words) if word))


def found(text: str, words: tuple[str, ...]) -> bool:
    """Say whether any of the words, as `tidy` gave them, is in the text."""
    return bool(words) and _pattern(words).search(folded(text)) is not None


def in_any(text: str, words: WordList) -> bool:
    """Say whether a text has a word of either list: one that is held back or one that is not taken."""
    return found(text, words.hold) or found(text, words.refuse)


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(_spelt(word) for word in words))


def _spelt(word: str) -> str:
    if _RUNS_ON.search(word):
        return re.escape(word)
    return f"{_BEFORE}{re.escape(word)}{_AFTER}"
