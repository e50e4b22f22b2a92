"""The account of a rehearsal for a producer to read, and for machines."""

from __future__ import annotations

import json
from typing import Any

from signaling.rehearsal.account import Account, Check

WIDEST = 48
"""Characters of a column; a table that says more says it in JSON."""


def line(check: Check) -> str:
    """Return one line, as it is told while the day goes on."""
    mark = "ok   " if check.well else "WRONG"
    took = "" if check.took is None else f" ({check.took:.1f} s)"
    seen = check.seen if check.well else f"expected {check.expected}, seen {check.seen}"
    return f"{_clock(check.at)} {mark} {check.session:<12} {check.what}: {seen}{took}"


def verdict(account: Account) -> str:
    """Return the last word: whether all adds up, and if not, where to look."""
    wrong = account.wrong
    if not wrong:
        return f"All {len(account.checks)} lines add up, after {_clock(_end(account))}."
    where = ", ".join(dict.fromkeys(check.session for check in wrong))
    return f"{len(wrong)} of {len(account.checks)} lines do not add up: look at {where}."


def table(account: Account) -> str:
    """Return what was tried, expected, seen and when, as a table."""
    heads = ("at", "session", "tried", "expected", "seen", "")
    rows = [
        (
            _clock(check.at),
            check.session,
            check.what,
            _short(check.expected),
            _short(check.seen),
            "" if check.well else "WRONG",
        )
        for check in account.checks
    ]
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (heads, tuple("-" * width for width in widths), *rows)
    ]
    return "\n".join((*lines, "", verdict(account)))


def as_dict(account: Account) -> dict[str, Any]:
    """Return the account for JSON."""
    return {
        "well": not account.wrong,
        "seconds": round(_end(account), 1),
        "lines": [check.as_dict() for check in account.checks],
    }


def to_json(account: Account) -> str:
    """Return the account as JSON."""
    return json.dumps(as_dict(account), ensure_ascii=False, indent=2)


def _end(account: Account) -> float:
    return account.checks[-1].at if account.checks else 0.0


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _short(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
