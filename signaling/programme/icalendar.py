"""Reads a calendar (RFC 5545) as a programme: one VEVENT, one session.

The law: a UID is the key, with RECURRENCE-ID where there is one; recurrences are not unrolled, days
without a time are passed over, and nobody's address (`mailto:`) is kept. Of attendees only the one in
the chair (`ROLE=CHAIR`, section 3.2.16) is taken: the others are invited, which does not make them
speakers. Calendars that we wrote ourselves say more (signaling/programme/export.py), and are read whole;
of others, a property that is not there says nothing, CLASS least of all.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from signaling.programme.model import MAX_ITEMS, BadProgramme, Draft, DraftItem, DraftPerson, name_key
from signaling.programme.reading import Reading, distinct, kind_of, languages, moment, paragraphs, text, zone
from signaling.programme.spoken import lead
from signaling.protocol import Visibility

UID_SUFFIX: Final = "@rostrum"

GUARD: Final = "\ufdd0"
"""Stands for a backslash while the library works: it takes one before an `n` for a line break.

A noncharacter, which no text that is exchanged may have (Unicode, section 23.7); `reading` drops it.
"""


def parse(data: bytes, default: ZoneInfo | None = None) -> Draft:
    """Return the draft of a calendar; `default` is the zone of times that name none."""
    if data.upper().count(b"BEGIN:VEVENT") > MAX_ITEMS:
        raise BadProgramme(f"There are more than {MAX_ITEMS} sessions in it.")
    if b"BEGIN:VCALENDAR" not in data[:4096].upper():
        raise BadProgramme("This is no calendar: BEGIN:VCALENDAR is not at its beginning.")
    try:
        calendars: Any = Calendar.from_ical(_guarded(data), multiple=True)
        return _draft(calendars, default)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        # The library reads what people write, and does not say what it raises of the rest.
        raise BadProgramme("This calendar cannot be read.") from error


def _draft(calendars: list[Calendar], default: ZoneInfo | None) -> Draft:
    reading = Reading()
    title, event, within = "", "", default
    number = 0
    for calendar in calendars:
        title = title or text(_said(calendar, "X-WR-CALNAME") or _said(calendar, "NAME"))
        event = event or text(_said(calendar, "X-ROSTRUM-EVENT"), 32)
        within = zone(_said(calendar, "X-WR-TIMEZONE")) or within
        for entry in calendar.walk("VEVENT"):
            number += 1
            _read(reading, f"Event {number}", entry, within)
    return reading.draft(title, event, within.key if within else "UTC")


def _read(reading: Reading, place: str, entry: Component, within: ZoneInfo | None) -> None:
    begins, ends = _time(entry, "DTSTART"), _time(entry, "DTEND")
    lasts = _value(entry, "DURATION")
    local = _zone_of(entry, begins) or reading.within(within)
    start = moment(begins, local) if begins else None
    end = moment(ends, local) if ends else None
    if start is not None and end is None and isinstance(lasts, timedelta):
        end = start + int(lasts.total_seconds()) * 1000
    key = _key(entry)
    if not key or start is None or end is None:
        missing = "UID" if not key else f"{'start' if start is None else 'end'} with a time"
        reading.leave_out(key, f"{place} has no {missing}")
        return
    if "RRULE" in entry:
        reading.warn(f"{place} recurs; only its first time is taken.")
    name = text(_said(entry, "LOCATION"))
    chairs, speakers = _people(entry, "CHAIR"), _people(entry, "SPEAKER")
    ours = "X-ROSTRUM-ZONE" in entry
    described = ours or "DESCRIPTION" in entry
    reading.add(
        DraftItem(
            key=key,
            title=text(_said(entry, "SUMMARY")),
            start=start,
            end=end,
            zone=local.key,
            kind=kind_of(_categories(entry), ours=ours),
            room=_room(entry, name) if name or ours else None,
            abstract=_abstract(entry, lead(chairs, speakers)) if described else None,
            languages=languages(_said(entry, "X-ROSTRUM-LANGUAGES")) if ours else None,
            chairs=chairs if chairs or ours else None,
            speakers=speakers if speakers or ours else None,
            visibility=_visibility(_said(entry, "CLASS").upper()),
            cancelled=reading.cancelled(text(_said(entry, "STATUS")), place),
        ),
        place,
    )


def _guarded(data: bytes) -> bytes:
    """Return the calendar with its lines unfolded (section 3.1) and each escaped backslash guarded."""
    unfolded = re.sub(rb"\r?\n[ \t]", b"", data.removeprefix(b"\xef\xbb\xbf"))
    return re.sub(rb"\\(.)", lambda m: GUARD.encode() if m[1] == b"\\" else m[0], unfolded)


def _said(component: Component, name: str, default: str = "") -> str:
    return str(component.get(name, default)).replace(GUARD, "\\")


def _key(entry: Component) -> str:
    """Return what an entry is known by; nothing, where that cannot be read."""
    uid = text(_said(entry, "UID"))
    if not uid or "RECURRENCE-ID" not in entry:
        return _own(uid)
    again = _value(entry, "RECURRENCE-ID")
    return f"{_own(uid)}/{again.isoformat()}" if isinstance(again, date) else ""


def _own(uid: str) -> str:
    """Return our own key of a calendar that we wrote: the part of the item's id after its event."""
    own = uid.removesuffix(UID_SUFFIX)
    return own.partition(".")[2] or uid if own != uid else uid


def _time(entry: Component, name: str) -> datetime | None:
    """Return a date with a time; a whole day is no time of a session."""
    value = _value(entry, name)
    return value if isinstance(value, datetime) else None


def _value(entry: Component, name: str) -> object:
    try:
        return getattr(entry.get(name), "dt", None)
    except ValueError:  # the library keeps what it could not read, and raises where one looks
        return None


def _zone_of(entry: Component, begins: datetime | None) -> ZoneInfo | None:
    """Return the zone that an entry names itself; UTC is how calendars write an instant, not a place."""
    said = zone(_said(entry, "X-ROSTRUM-ZONE"))
    # One that the file defines itself, as Outlook's do, has no name but the one it is used by.
    named = str(getattr(entry.get("DTSTART"), "params", {}).get("TZID", ""))
    key = str(getattr(begins.tzinfo, "key", "") if begins else "")
    known = zone(key) or zone(named) or zone(WINDOWS_TO_OLSON.get(named, ""))
    return said or (known if known and known.key != "UTC" else None)


def _room(entry: Component, name: str) -> tuple[str, str]:
    return (text(_said(entry, "X-ROSTRUM-ROOM")) or name_key(name), name) if name else ("", "")


def _abstract(entry: Component, people: str) -> str:
    return paragraphs(_said(entry, "DESCRIPTION").removeprefix(people))


def _visibility(said: str) -> Visibility | None:
    """Return what a CLASS says (section 3.8.1.3): whatever is not known is as good as PRIVATE."""
    return None if not said else "public" if said == "PUBLIC" else "invitation"


def _people(entry: Component, role: str) -> tuple[DraftPerson, ...]:
    found = []
    for person in _listed(entry.get(f"X-ROSTRUM-{role}")):
        key, name, affiliation, title = (*(text(unquote(p)) for p in str(person).split("/")), *[""] * 4)[:4]
        found.append(DraftPerson(key or name_key(name), name, affiliation, title))
    if role == "CHAIR" and not found:
        for person in _listed(entry.get("ATTENDEE")):
            name = text(str(person.params.get("CN", "")))
            if str(person.params.get("ROLE", "")).upper() == "CHAIR" and "@" not in name:
                found.append(DraftPerson(name_key(name), name))
    return distinct(found)


def _categories(entry: Component) -> str:
    return " ".join(str(cat) for listed in _listed(entry.get("CATEGORIES")) for cat in listed.cats)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
