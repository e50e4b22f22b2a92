"""Dates and times of day as spreadsheets write them: `2026/5/1`, `01.05.2026`, `9:00:00`, `9:00 AM`, `24:00`.

The law: what can be read in two ways is not read. `05/01/2026` is May or January, by who wrote it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

from signaling.programme.reading import iso

_DAY: Final = re.compile(
    r"(?P<y>\d{4})([-/.])(?P<m>\d{1,2})\2(?P<d>\d{1,2})|(?P<y2>\d{4})年(?P<m2>\d{1,2})月(?P<d2>\d{1,2})日"
    r"|(?P<d3>\d{1,2})\.(?P<m3>\d{1,2})\.(?P<y3>\d{4})"
)
_CLOCK: Final = re.compile(
    r"(?P<before>上午|下午)?\s*(?P<h>\d{1,2}):(?P<m>\d{2})(:(?P<s>\d{2})(\.\d+)?)?"
    r"\s*(?P<after>[ap]\.?m\.?)?\s*(?P<offset>Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_MIDNIGHT: Final = re.compile(r"[T\s]+0?0:00(:00)?$")
"""What spreadsheets add to a day that they take for a time."""

_AMBIGUOUS: Final = re.compile(r"\s*\d{1,2}([/-])\d{1,2}\1(\d{4}|\d{2})(?!\d)")


def ambiguous(said: str) -> bool:
    """Say whether a cell begins with a date whose day and month cannot be told apart."""
    return _AMBIGUOUS.match(said) is not None


def stamp(day: str, clock: str, *, after: int = 0) -> datetime | None:
    """Return the time that a date and a time of day say, or both in the second; None if they say none.

    `after` are days later.
    """
    parts = (_MIDNIGHT.sub("", day.strip()), clock.strip())
    if not parts[0] or not _CLOCK.fullmatch(parts[1]):
        found = _DAY.match(parts[1])
        if found is None:
            return iso(parts[1]) if ":" in parts[1] else None
        parts = (found[0], re.sub(r"^(T|\s+)", "", parts[1][found.end() :]))
    on, at = _date(parts[0]), _CLOCK.fullmatch(parts[1])
    try:
        return None if on is None or at is None else _at(on + timedelta(days=after), at)
    except OverflowError:
        return None


def _date(said: str) -> date | None:
    found = _DAY.fullmatch(said)
    if found is None:
        return None
    year, month, day = (found[part] or found[f"{part}2"] or found[f"{part}3"] for part in "ymd")
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _at(on: date, clock: re.Match[str]) -> datetime | None:
    hour, minute, second = int(clock["h"]), int(clock["m"]), int(clock["s"] or 0)
    half = (clock["after"] or "").lower()[:1] or {"上午": "a", "下午": "p"}.get(clock["before"] or "")
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    if (hour, minute, second) == (24, 0, 0):
        on, hour = on + timedelta(days=1), 0
    try:
        return datetime.combine(on, time(hour, minute, second), _offset(clock["offset"] or ""))
    except ValueError:
        return None


def _offset(said: str) -> timezone | None:
    if not said:
        return None
    if said.upper() == "Z":
        return UTC
    ahead = timedelta(hours=int(said[1:3]), minutes=int(said[-2:]))
    return timezone(-ahead if said[0] == "-" else ahead)
