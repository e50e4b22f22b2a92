"""Reads a schedule as pretalx exports it (`schedule.json`), and whoever else writes that shape.

The shape is `schedule.conference.days[].rooms{name: [talk]}`, as C3VOC's schema for `schedule.json`
describes it. The law: a slot's `guid` is its key (a submission's `code` may be on twice), people go by
`guid` too, and fields nobody promised (`affiliation`, `chairs`, …) are taken where they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

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


def parse(data: bytes, default: ZoneInfo | None = None) -> Draft:
    """Return the draft of an export; `default` is the zone of a file that names none."""
    conference = _conference(data)
    within = zone(text(conference.get("time_zone_name"))) or default
    rooms = {text(room.get("name")): text(room.get("guid")) for room in _dicts(conference.get("rooms"))}
    reading = Reading()
    for number, (room, talk) in enumerate(_talks(conference), start=1):
        _read(reading, f"Session {number}", room, talk, rooms, reading.within(within))
    title, acronym = text(conference.get("title")), text(conference.get("acronym"), 32)
    return reading.draft(title, acronym, within.key if within else "UTC")


def _conference(data: bytes) -> dict[str, Any]:
    try:
        decoded = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise BadProgramme("This is not JSON.") from error
    schedule = decoded.get("schedule") if isinstance(decoded, dict) else None
    conference = schedule.get("conference") if isinstance(schedule, dict) else None
    if not isinstance(conference, dict):
        raise BadProgramme("There is no schedule.conference in this JSON.")
    return conference


def _talks(conference: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for day in _dicts(conference.get("days")):
        rooms = day.get("rooms")
        for name, talks in rooms.items() if isinstance(rooms, dict) else ():
            for talk in _dicts(talks):
                yield text(talk.get("room")) or text(name), talk


def _read(
    reading: Reading, place: str, room: str, talk: dict[str, Any], rooms: dict[str, str], within: ZoneInfo
) -> None:
    key = text(talk.get("guid")) or text(talk.get("code")) or text(talk.get("id"))
    begins = iso(text(talk.get("date")))
    start = moment(begins, within) if begins else None
    if not key or start is None:
        reading.leave_out(key, f"{place} has no {'start' if key else 'guid'}")
        return
    ends = iso(text(talk.get("end")))
    end = moment(ends, within) if ends else None
    lasts = span(text(talk.get("duration")), days=True)
    title, subtitle = text(talk.get("title")), text(talk.get("subtitle"))
    reading.add(
        DraftItem(
            key=key,
            title=text(f"{title}: {subtitle}") if title and subtitle else title,
            start=start,
            end=end if end is not None else start + (lasts or 0),
            zone=within.key,
            kind=kind_of(text(talk.get("type"))),
            room=(rooms.get(room) or name_key(room), room) if room else None,
            abstract=_abstract(talk),
            languages=languages(text(talk.get("language"))) or None,
            chairs=_people(talk.get("chairs")),
            speakers=_people(talk.get("persons")),
            visibility=reading.visibility(text(talk.get("visibility")), place),
        ),
        place,
    )


def _abstract(talk: dict[str, Any]) -> str | None:
    if "abstract" not in talk and "description" not in talk:
        return None
    return paragraphs(talk.get("abstract")) or paragraphs(talk.get("description"))


def _people(said: object) -> tuple[DraftPerson, ...] | None:
    return distinct(_person(person) for person in _dicts(said)) if isinstance(said, list) else None


def _person(person: dict[str, Any]) -> DraftPerson:
    name = text(person.get("name")) or text(person.get("public_name"))
    key = text(person.get("guid")) or text(person.get("code")) or text(person.get("id"))
    affiliation = text(person.get("affiliation")) or text(person.get("organization"))
    title = text(person.get("title")) or text(person.get("position"))
    return DraftPerson(key or name_key(name), name, affiliation, title)


def _dicts(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
