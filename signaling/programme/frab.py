"""Reads a schedule as frab and Pentabarf write it (`schedule.xml`), and pretalx, and many others.

The law: XML is read by defusedxml with document types refused, so that no entity is ever expanded and
nothing is ever fetched. An event's `guid` is its key, or else its `id`. Old files say a day and a time
of day only; then a time before the day's change is one of the night after.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from xml.etree.ElementTree import Element, ParseError
from zoneinfo import ZoneInfo

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from signaling.programme.model import BadProgramme, Draft, DraftItem, DraftPerson, name_key
from signaling.programme.reading import (
    Reading,
    distinct,
    iso,
    kind_of,
    languages,
    moment,
    paragraphs,
    text,
    zone,
)
from signaling.programme.spans import span

DAY_CHANGE: Final = time(4)
"""When a conference's day ends, where the file does not say: Pentabarf's own default."""


def parse(data: bytes, default: ZoneInfo | None = None) -> Draft:
    """Return the draft of a schedule; `default` is the zone of a file that names none."""
    root = _root(data)
    conference = root.find("conference")
    said = _line(conference, "time_zone_name") or _line(conference, "timezone")
    within = zone(said) or default
    change = iso(f"2000-01-01T{_line(conference, 'day_change')[:5]}")
    generator = root.find("generator")
    days_first = generator is not None and generator.get("name") == "pretalx"
    reading = Reading()
    number = 0
    for day in root.findall("day"):
        night = change.time() if change else DAY_CHANGE
        for room in day.findall("room"):
            for event in room.findall("event"):
                number += 1
                local = reading.within(within)
                _read(reading, f"Event {number}", day, room, event, local, night, days_first=days_first)
    title, acronym = _line(conference, "title"), _line(conference, "acronym", 32)
    return reading.draft(title, acronym, within.key if within else "UTC")


def _root(data: bytes) -> Element:
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise BadProgramme("XML with a document type or entities is not read.") from error
    except (ParseError, ValueError, LookupError) as error:
        raise BadProgramme("This is not XML.") from error
    if root.tag != "schedule":
        raise BadProgramme("This XML is no schedule: its first element is another.")
    return root


def _read(
    reading: Reading,
    place: str,
    day: Element,
    room: Element,
    event: Element,
    within: ZoneInfo,
    night: time,
    *,
    days_first: bool,
) -> None:
    key = text(event.get("guid")) or text(event.get("id"))
    begins = iso(_line(event, "date")) or _begins(day.get("date", ""), _line(event, "start"), night)
    start = moment(begins, within) if begins else None
    lasts = span(_line(event, "duration"), days=days_first)
    if not key or start is None or lasts is None:
        missing = "id" if not key else "start" if start is None else "duration"
        reading.leave_out(key, f"{place} has no {missing}")
        return
    name = _line(event, "room") or text(room.get("name"))
    title, subtitle = _line(event, "title"), _line(event, "subtitle")
    people = event.find("persons")
    reading.add(
        DraftItem(
            key=key,
            title=text(f"{title}: {subtitle}") if title and subtitle else title,
            start=start,
            end=start + lasts,
            zone=within.key,
            kind=kind_of(_line(event, "type")),
            room=(text(room.get("guid")) or name_key(name), name) if name else None,
            abstract=_abstract(event),
            languages=languages(_line(event, "language")) or None,
            chairs=_people(people, chairs=True),
            speakers=_people(people, chairs=False),
        ),
        place,
    )


def _begins(day: str, at: str, night: time) -> datetime | None:
    try:
        on, clock = date.fromisoformat(day.strip()), time.fromisoformat(at)
    except ValueError:
        return None
    return datetime.combine(on + timedelta(days=clock < night), clock.replace(tzinfo=None))


def _abstract(event: Element) -> str | None:
    found = [
        paragraphs(element.text) for tag in ("abstract", "description") for element in event.findall(tag)
    ]
    return next(filter(None, found), "") if found else None


def _people(people: Element | None, *, chairs: bool) -> tuple[DraftPerson, ...] | None:
    """Return who speaks, or who chairs: frab tells them apart by `role`; where it does not, nobody knows."""
    if people is None or (chairs and not any(person.get("role") for person in people)):
        return None
    found = []
    for person in people:
        role = person.get("role", "").lower()
        if person.tag == "person" and (role in ("moderator", "chair", "coordinator")) == chairs:
            name = text("".join(person.itertext()))
            key = text(person.get("guid")) or text(person.get("id")) or name_key(name)
            affiliation = text(person.get("affiliation")) or text(person.get("organization"))
            found.append(DraftPerson(key, name, affiliation, text(person.get("title"))))
    return distinct(found)


def _line(parent: Element | None, tag: str, limit: int = 200) -> str:
    return "" if parent is None else text(parent.findtext(tag), limit)
