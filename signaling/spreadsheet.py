"""Cells of a CSV that a spreadsheet would take for formulas, made harmless and read back.

The law: what a spreadsheet may run never begins a cell, whichever keyboard it was written on: to some, the
full-width sign is the sign (OWASP, CSV Injection). An apostrophe before it says that it is text; reading
takes that apostrophe away again, and no other.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_BEGINS: Final = frozenset("=+-@\t\r\n")


def harmless(cell: str) -> str:
    """Return the cell as it may be written."""
    return f"'{cell}" if _formula(cell) else cell


def plain(cell: str) -> str:
    """Return what was written by `harmless`, as it was."""
    return cell[1:] if cell.startswith("'") and _formula(cell) else cell


def _formula(cell: str) -> bool:
    first = unicodedata.normalize("NFKC", cell.lstrip("'")[:1])[:1]
    return first in _BEGINS
