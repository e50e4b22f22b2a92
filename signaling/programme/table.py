"""Reads and writes a programme as a table (CSV, RFC 4180), as spreadsheets do.

The law: columns go by their names in the first line, in any order; comma, semicolon or tab; UTF-8 with
or without its mark, or UTF-16 with it. A cell that a spreadsheet would take for a formula is written with
an apostrophe before it, and read without. A column that is not there says nothing. docs/programme.md has the
columns.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from signaling.programme.model import (
    BadProgramme,
    Draft,
    DraftItem,
    DraftPerson,
    Programme,
    ProgrammeItem,
    ProgrammePerson,
    name_key,
)
from signaling.programme.reading import (
    Reading,
    distinct,
    kind_of,
    languages,
    moment,
    paragraphs,
    text,
    zone,
)
from signaling.programme.spans import span
from signaling.programme.stamps import ambiguous, stamp
from signaling.spreadsheet import harmless, plain

COLUMNS: Final = (
    *("id", "title", "kind", "date", "start", "end", "duration", "zone", "room", "languages"),
    *("chairs", "speakers", "visibility", "status", "abstract"),
)
"""The header. Needed are `title`, `start` and one of `end` and `duration`."""

_PERSON: Final = re.compile(r"(?:\\.|[^\\;\n])+", re.DOTALL)
_PART: Final = re.compile(r"(?:\\.|[^\\|])*", re.DOTALL)

Row = Mapping[str, str]


def parse(data: bytes, default: ZoneInfo | None = None) -> Draft:
    """Return the draft of a table; `default` is the zone of rows that name none."""
    rows = _rows(cells(data))
    first = default
    people = _keys(row for _, row in rows)
    reading = Reading()
    keys = _Keys()
    for number, row in rows:
        key = keys.key(row)
        said = row.get("zone", "")
        local = zone(said) if said else reading.within(default)
        if local is None:
            reading.leave_out(key, f"Line {number} names no IANA time zone")
            continue
        first = first or (local if local.key != "UTC" else None)
        _read(reading, f"Line {number}", key, row, local, people)
    return reading.draft("", "", first.key if first else "UTC")


def cells(data: bytes) -> list[tuple[int, list[str]]]:
    """Return the rows of a table that are not empty, with the numbers of their lines; raises BadProgramme."""
    said = _decoded(data).replace("\0", "")
    delimiter = max(",;\t", key=said.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(said, newline=""), delimiter=delimiter)
    try:
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise BadProgramme(f"Line {reader.line_num} of the table cannot be read.") from error


def write(programme: Programme) -> str:
    """Return the programme as a table that `parse` reads back."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for item in programme.items:
        writer.writerow([harmless(cell) for cell in _cells(programme, item)])
    return out.getvalue()


# -- reading -----------------------------------------------------------------------------------------


def _decoded(data: bytes) -> str:
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadProgramme("The table is not UTF-8; save it as “CSV UTF-8”.") from error


def _rows(lines: list[tuple[int, list[str]]]) -> list[tuple[int, Row]]:
    columns = [text(name).lower() for name in lines[0][1]] if lines else []
    missing = [name for name in ("title", "start") if name not in columns]
    if missing:
        raise BadProgramme(f"The first line of the table names no column “{missing[0]}”.")
    return [
        (number, {name: plain(cell) for name, cell in zip(columns, row, strict=False)})
        for number, row in lines[1:]
    ]


def _read(
    reading: Reading,
    place: str,
    key: str,
    row: Row,
    local: ZoneInfo,
    keys: Callable[[DraftPerson], DraftPerson],
) -> None:
    day, begins, ends = (row.get(name, "") for name in ("date", "start", "end"))
    start, end = _at(day, begins, local), _at(day, ends, local)
    if any(ambiguous(cell) for cell in (day, begins, ends)):
        reading.leave_out(
            key, f"{place} has a date whose day and month may be meant either way (write 2026-05-01)"
        )
        return
    if start is None or (end is None and ends.strip()):
        reading.leave_out(key, f"{place} has no {'start' if start is None else 'end'} that can be read")
        return
    if end is not None and end <= start and day.strip():
        end = _at(day, ends, local, after=1)  # past midnight
    lasts = span(row.get("duration", ""))
    title, name = text(row.get("title")), text(row.get("room"))
    reading.add(
        DraftItem(
            key=key,
            title=title,
            start=start,
            end=end if end is not None else start + (lasts or 0),
            zone=local.key,
            kind=kind_of(text(row.get("kind")), ours=True),
            room=((name_key(name), name) if name else ("", "")) if "room" in row else None,
            abstract=paragraphs(row["abstract"]) if "abstract" in row else None,
            languages=languages(row["languages"]) if "languages" in row else None,
            chairs=distinct(map(keys, _people(row["chairs"]))) if "chairs" in row else None,
            speakers=distinct(map(keys, _people(row["speakers"]))) if "speakers" in row else None,
            visibility=reading.visibility(text(row.get("visibility")), place),
            cancelled=reading.cancelled(text(row.get("status")), place),
        ),
        place,
    )


class _Keys:
    """What rows are known by: an id of their own, or a title and how often it has been there before."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def key(self, row: Row) -> str:
        """Return the key of the next row; nothing, where it has neither."""
        own, title = text(row.get("id")), text(row.get("title"))
        if own or not title:
            return own
        key = name_key(title)
        self._seen[key] += 1
        # A title has one line: no other one is called that.
        return key if self._seen[key] == 1 else f"{key}\n{self._seen[key]}"


def _at(day: str, clock: str, local: ZoneInfo, *, after: int = 0) -> int | None:
    """Return an instant of a date and a time of day, or of both in one cell."""
    found = stamp(day, clock, after=after)
    return None if found is None else moment(found, local)


def _people(cell: str) -> list[DraftPerson]:
    found = []
    for one in _PERSON.findall(cell):
        parts = [_unescaped(part) for part in _split(one)]
        name, affiliation, title = (*parts, "", "", "")[:3]
        found.append(DraftPerson(name_key(name), name, affiliation, title))
    return [person for person in found if person.name]


def _split(person: str) -> list[str]:
    parts, at = [], 0
    while at <= len(person):
        found = _PART.match(person, at)
        parts.append(found[0] if found else "")
        at += len(parts[-1]) + 1
    return parts


def _unescaped(part: str) -> str:
    return text(re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL))


def _keys(rows: Iterable[Row]) -> Callable[[DraftPerson], DraftPerson]:
    """Tell two people of one name apart where the table gives them different affiliations."""
    seen: dict[str, set[str]] = {}
    for row in rows:
        for person in _people(row.get("chairs", "")) + _people(row.get("speakers", "")):
            seen.setdefault(person.key, set()).update({person.affiliation} - {""})

    def keyed(person: DraftPerson) -> DraftPerson:
        if len(seen[person.key]) < 2 or not person.affiliation:
            return person
        key = f"{person.key}|{name_key(person.affiliation)}"
        return DraftPerson(key, person.name, person.affiliation, person.title)

    return keyed


# -- writing -----------------------------------------------------------------------------------------


def _cells(programme: Programme, item: ProgrammeItem) -> list[str]:
    rooms = {room.id: room.name for room in programme.rooms}
    people = {person.id: person for person in programme.people}

    def named(ids: Iterable[str]) -> str:
        found = (people[one] for one in ids if one in people)
        return "; ".join(" | ".join(_parts(person)) for person in found)

    return [
        item.id.partition(".")[2],
        item.title,
        item.kind,
        "",
        _said(item.start, item.zone),
        _said(item.end, item.zone),
        "",
        item.zone,
        rooms.get(item.room, ""),
        ", ".join(item.languages),
        named(item.chairs),
        named(item.speakers),
        item.visibility,
        "withdrawn" if item.withdrawn else "",
        item.abstract,
    ]


def _parts(person: ProgrammePerson) -> list[str]:
    parts = [_escaped(part) for part in (person.name, person.affiliation, person.title)]
    while not parts[-1]:
        parts.pop()
    return parts


def _escaped(part: str) -> str:
    return re.sub(r"([\\;|])", r"\\\1", part)


def _said(at: int, name: str) -> str:
    """Return a local time with its offset: clocks that are put back repeat an hour."""
    return datetime.fromtimestamp(at // 1000, zone(name) or UTC).isoformat(sep=" ")
