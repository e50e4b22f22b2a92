"""Schedules in the shapes that pretalx, frab, calendars and spreadsheets write, made up here."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(said: str, zone: ZoneInfo = SHANGHAI) -> int:
    """Return the instant of a local time, ms."""
    return int(datetime.fromisoformat(said).replace(tzinfo=zone).timestamp()) * 1000


def talk(number: int, begins: datetime, minutes: int = 45, **more: Any) -> dict[str, Any]:
    """Return one talk as pretalx's `schedule.json` has it."""
    said = {
        "guid": f"00000000-0000-4000-8000-{number:012d}",
        "code": f"TALK{number}",
        "id": number,
        "logo": None,
        "date": begins.isoformat(),
        "start": begins.strftime("%H:%M"),
        "end": (begins + timedelta(minutes=minutes)).isoformat(),
        "duration": f"{minutes // 60:02d}:{minutes % 60:02d}",
        "room": "大礼堂",
        "slug": f"conf-{number}-talk",
        "url": "https://talks.example/x/",
        "title": f"On engines {number}",
        "subtitle": "",
        "track": None,
        "type": "Talk",
        "language": "en",
        "abstract": "Of wheels.",
        "description": "",
        "recording_license": "",
        "do_not_record": False,
        "persons": [
            {
                "code": "ADA",
                "name": "Ada Lindqvist",
                "avatar": None,
                "biography": None,
                "public_name": "Ada Lindqvist",
                "guid": "aaaaaaaa-0000-5000-8000-000000000001",
                "url": "https://talks.example/ada/",
            }
        ],
        "links": [],
        "feedback_url": "",
        "origin_url": "",
        "attachments": [],
    }
    return said | more


def pretalx(*talks: dict[str, Any], zone: str | None = "Asia/Shanghai") -> bytes:
    """Return an export of these talks, all of one day."""
    rooms: dict[str, list[dict[str, Any]]] = {}
    for one in talks:
        rooms.setdefault(str(one.get("room") or "?"), []).append(one)
    conference: dict[str, Any] = {
        "acronym": "conf",
        "title": "远程演讲会议 🎤",
        "start": "2026-05-01",
        "end": "2026-05-02",
        "daysCount": 1,
        "timeslot_duration": "00:05",
        "time_zone_name": zone,
        "colors": {"primary": "#333333"},
        "rooms": [{"name": "大礼堂", "slug": "1", "guid": "bbbbbbbb-0000-4000-8000-000000000001"}],
        "tracks": [],
        "days": [
            {
                "index": 1,
                "date": "2026-05-01",
                "day_start": "2026-05-01T04:00:00+08:00",
                "day_end": "2026-05-02T03:59:00+08:00",
                "rooms": rooms,
            }
        ],
    }
    whole = {
        "$schema": "https://c3voc.de/schedule/schema.json",
        "generator": {"name": "pretalx", "version": "2026.1"},
        "schedule": {"version": "0.3", "base_url": "https://talks.example", "conference": conference},
    }
    return json.dumps(whole, ensure_ascii=False).encode()


def many(count: int = 500) -> bytes:
    """Return an export of many talks, in ten rooms at a time."""
    first = datetime(2026, 5, 1, 9, tzinfo=SHANGHAI)
    return pretalx(
        *(talk(n, first + timedelta(minutes=30 * (n // 10)), 30, room=f"Room {n % 10}") for n in range(count))
    )


def event(number: int | None, date: str = "2026-05-01T09:00:00+08:00", **more: str) -> str:
    """Return one event as frab's `schedule.xml` has it; an empty value leaves the element out."""
    said = {
        "date": date,
        "start": date[11:16],
        "duration": "00:45",
        "room": "Saal 1",
        "slug": f"conf-{number}",
        "title": f"Über Maschinen {number}",
        "subtitle": "",
        "track": "",
        "type": "lecture",
        "language": "de",
        "abstract": "Räder & <Wellen>",
        "description": "",
    } | more
    people = said.pop("persons", "<person id='7'>Ada Lindqvist</person>")
    inner = "".join(f"<{tag}>{escape(value)}</{tag}>" for tag, value in said.items() if value)
    known = f" id='{number}' guid='11111111-0000-4000-8000-{number:012d}'" if number is not None else ""
    return f"<event{known}>{inner}<persons>{people}</persons><links/></event>"


def frab(*events: str, conference: str = "", generator: str = "frab", day: str = "2026-05-01") -> bytes:
    """Return a schedule of these events, all of one day and room."""
    return (
        "<?xml version='1.0' encoding='utf-8'?>"
        f"<schedule><generator name='{generator}' version='1'/><version>1</version><conference>"
        f"<acronym>conf</acronym><title>Tagung</title>{conference}</conference>"
        f"<day index='1' date='{day}'><room name='Saal 1'>{''.join(events)}</room></day></schedule>"
    ).encode()


def vevent(*lines: str, uid: str = "one@elsewhere") -> str:
    """Return one VEVENT of these lines."""
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT", ""])


def ics(*events: str, head: str = "") -> bytes:
    """Return a calendar of these VEVENTs."""
    begins = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Somebody//EN\r\n" + head
    return (begins + "".join(events) + "END:VCALENDAR\r\n").encode()
