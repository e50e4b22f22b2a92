"""Writes a programme as a calendar (RFC 5545), whole or one person's.

The law: a UID never changes, SEQUENCE is the item's revision, DTSTAMP when it last changed: the same
programme gives the same bytes. What is withdrawn stays, as CANCELLED. Times are local with their zone
(VTIMEZONE is there), but for the hour that clocks repeat, which only UTC can name. What the standard has no
property for goes into `X-ROSTRUM-…`, so that reading it back (icalendar.py) loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from signaling.programme.icalendar import GUARD, UID_SUFFIX
from signaling.programme.model import Programme, ProgrammeItem, ProgrammePerson
from signaling.programme.reading import zone
from signaling.programme.spoken import lead

PRODUCT: Final = "-//Rostrum//Programme//EN"
_MARGIN: Final = timedelta(days=365)


def calendar(programme: Programme, *, person: str | None = None) -> bytes:
    """Return the programme's calendar, or that of one person's sessions."""
    people = {one.id: one for one in programme.people}
    written = Calendar()
    written.add("prodid", PRODUCT)
    written.add("version", "2.0")
    written.add("method", "PUBLISH")
    named = f"{programme.title}: {people[person].name}" if person in people else programme.title
    written.add("x-wr-calname", _guarded(named))
    written.add("x-wr-timezone", programme.zone)
    written.add("x-rostrum-event", programme.id)
    wanted = [item for item in programme.items if person is None or person in (*item.chairs, *item.speakers)]
    rooms = {room.id: room.name for room in programme.rooms}
    for item in wanted:
        written.add_component(_event(item, rooms.get(item.room, ""), people))
    if wanted:
        first = _day(min(item.start for item in wanted)) - _MARGIN
        written.add_missing_timezones(first_date=first, last_date=_day(max(i.end for i in wanted)) + _MARGIN)
    return bytes(written.to_ical()).replace(GUARD.encode(), b"\\\\")


def _event(item: ProgrammeItem, room: str, people: dict[str, ProgrammePerson]) -> Event:
    chairs = [people[one] for one in item.chairs if one in people]
    speakers = [people[one] for one in item.speakers if one in people]
    event = Event()
    event.add("uid", f"{item.id}{UID_SUFFIX}")
    event.add("sequence", item.revision)
    event.add("dtstamp", _utc(item.changed))
    event.add("last-modified", _utc(item.changed))
    event.add("summary", _guarded(item.title))
    for name, at in (("dtstart", item.start), ("dtend", item.end)):
        event.add(name, _local(at, item.zone))
    event.add("x-rostrum-zone", item.zone)
    if room:
        event.add("location", _guarded(room))
        event.add("x-rostrum-room", item.room)
    event.add("description", _guarded(lead(chairs, speakers) + item.abstract))
    event.add("categories", [item.kind])
    event.add("class", "PUBLIC" if item.visibility == "public" else "PRIVATE")
    event.add("status", "CANCELLED" if item.withdrawn else "CONFIRMED")
    if item.languages:
        event.add("x-rostrum-languages", "/".join(item.languages))
    _add_people(event, "x-rostrum-chair", chairs)
    _add_people(event, "x-rostrum-speaker", speakers)
    return event


def _add_people(event: Event, name: str, people: Iterable[ProgrammePerson]) -> None:
    for person in people:
        # Percent-encoded: neither quotes nor backslashes survive every reader of a parameter or a TEXT.
        parts = (person.id, person.name, person.affiliation, person.title)
        event.add(name, "/".join(quote(part, safe="") for part in parts))


def _guarded(said: str) -> str:
    return said.replace("\\", GUARD)


def _local(at: int, name: str) -> datetime:
    local = datetime.fromtimestamp(at // 1000, zone(name) or ZoneInfo("UTC"))
    repeated = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return local.astimezone(UTC) if repeated else local


def _utc(at: int) -> datetime:
    return datetime.fromtimestamp(at // 1000, UTC)


def _day(at: int) -> date:
    return _utc(at).date()
