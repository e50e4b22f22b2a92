"""What people write, made harmless before anybody reads it.

The law: no control characters but line breaks; no space around; and a text in which there is nothing to be
seen is none, whatever it is made of. What a script needs between its letters stays (joiners, marks of
direction, selectors), and so does what this Python's Unicode does not know yet.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""The categories of characters that nothing is seen of."""

_EMPTY: Final = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")
"""Letters and signs that are drawn as nothing: fillers, the empty Braille cell."""


def words(text: str) -> str:
    """Return a text of one line or several; empty, if nothing of it is seen."""
    plain = text.replace("\t", " ")
    plain = "".join(c for c in plain if c == "\n" or unicodedata.category(c) != "Cc").strip()
    return plain if any(map(_seen, plain)) else ""


def line(text: str) -> str:
    """Return a text on one line; empty, if nothing of it is seen."""
    return " ".join(words("".join(" " if c.isspace() else c for c in text)).split())


def same(name: str) -> str:
    """Return what is alike in names that people call the same: case, width and spaces do not matter."""
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()


def _seen(char: str) -> bool:
    return char not in _EMPTY and unicodedata.category(char) not in _UNSEEN
