"""Which format a file has, and its reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal
from zoneinfo import ZoneInfo

from signaling.programme import frab, icalendar, pretalx, table
from signaling.programme.model import Draft

Format = Literal["pretalx", "frab", "icalendar", "csv"]

MAX_FILE: Final = 4 * 1024 * 1024
"""Bytes of a file that are read at most: 2,000 sessions with long abstracts."""

READERS: Final[Mapping[Format, Callable[[bytes, ZoneInfo | None], Draft]]] = {
    "pretalx": pretalx.parse,
    "frab": frab.parse,
    "icalendar": icalendar.parse,
    "csv": table.parse,
}


def recognised(data: bytes) -> Format:
    """Return the format that a file's beginning shows; what nothing else is, is a table."""
    begins = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if begins.startswith(b"{"):
        return "pretalx"
    # XML in UTF-16 begins with its mark (XML 1.0, appendix F).
    if begins.startswith(b"<") or begins[:4] in (b"\xff\xfe<\0", b"\xfe\xff\0<"):
        return "frab"
    return "icalendar" if begins.upper().startswith(b"BEGIN:VCALENDAR") else "csv"


def read(data: bytes, said: Format | None = None, default: ZoneInfo | None = None) -> Draft:
    """Return the draft of a file; raises BadProgramme."""
    return READERS[said or recognised(data)](data, default)
