"""The day that is rehearsed: its sessions, who speaks, who sends somebody. Pure.

A day like that of a conference of two rooms: an opening with a presider, addresses on site, a report from
afar, results and awards, a declaration that organisations sign, a forum, and a symposium by invitation at
the same time. The law: nobody here is real, and the day reaches the server as an organiser's file does, as
a table that the importer reads (docs/programme.md).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from signaling.protocol import Kind

LATE: Final = timedelta(minutes=7)
"""The day begins so much behind its timetable."""

MAIN, SIDE = "Main Hall", "Room 26"


@dataclass(frozen=True)
class Who:
    """Somebody whom the programme names; `remote` speakers are not in the hall."""

    name: str
    affiliation: str
    title: str = ""
    remote: bool = False


@dataclass(frozen=True)
class Part:
    """One session of the day. `guests` are those of the audience who come for their organisation."""

    key: str
    title: str
    kind: Kind
    room: str
    minutes: int
    chair: Who
    speakers: tuple[Who, ...]
    guests: tuple[str, ...] = ()
    invited: bool = False


ORGANISATIONS: Final = tuple(
    f"{place} {what}"
    for what in ("Academy of Sciences", "University of Technology")
    for place in (
        *("Aldova", "北岭", "Caspara", "Dunmoor", "东港", "Estrel"),
        *("Fennmark", "Gallia Nova", "海洲", "Iskandra", "Jorvik"),
    )
)
"""The 22 that sign the joint declaration."""

INSTITUTIONS: Final = tuple(f"Institute {letter} of the Symposium" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
"""The 26 that are invited to the symposium."""

REPORTER: Final = Who("Prof. Noor Haddad", "Institute for Remote Presence", "Director", remote=True)

PARTS: Final = (
    Part(
        "opening",
        "Opening ceremony",
        "ceremony",
        MAIN,
        20,
        Who("Dr. Mira Presider", "The Host University", "Presider"),
        (
            Who("Lena Mayor", "City of Aldova", "Mayor"),
            Who("王伟", "北岭 Academy of Sciences", "President"),
            Who("Prof. Otto Rector", "The Host University", "Rector"),
        ),
    ),
    Part(
        "keynotes",
        "Keynotes: two rooms, one conversation",
        "talk",
        MAIN,
        60,
        Who("Prof. Ines Chair", "Caspara University of Technology", "Chair"),
        (
            Who("Prof. Ada Lindqvist", "Fennmark University of Technology", "Professor"),
            Who("李娜", "海洲 Academy of Sciences", "Fellow"),
        ),
    ),
    Part(
        "report",
        "Special report by video",
        "talk",
        MAIN,
        30,
        Who("Prof. Ines Chair", "Caspara University of Technology", "Chair"),
        (REPORTER,),
    ),
    Part(
        "results",
        "Release of results and award",
        "ceremony",
        MAIN,
        20,
        Who("Dr. Mira Presider", "The Host University", "Presider"),
        (
            Who("Dr. Samuel Results", "Dunmoor Academy of Sciences", "Head of Evaluation"),
            Who("张敏", "东港 University of Technology", "Laureate"),
        ),
    ),
    Part(
        "declaration",
        "Joint declaration",
        "ceremony",
        MAIN,
        20,
        Who("Dr. Mira Presider", "The Host University", "Presider"),
        (Who("Prof. Otto Rector", "The Host University", "Rector"),),
        guests=ORGANISATIONS,
    ),
    Part(
        "forum",
        "Forum: what the audience wants to know",
        "forum",
        MAIN,
        60,
        Who("Prof. Ines Chair", "Caspara University of Technology", "Chair"),
        tuple(
            Who(f"Forum Speaker {number}", ORGANISATIONS[number], "Panellist", remote=number % 2 == 1)
            for number in range(1, 9)
        ),
    ),
    Part(
        "symposium",
        "Symposium by invitation",
        "symposium",
        SIDE,
        120,
        Who("Dr. Sofia Host", "Institute A of the Symposium", "Chair"),
        tuple(Who(f"Symposium Speaker {letter}", f"Institute {letter} of the Symposium") for letter in "BCD"),
        guests=INSTITUTIONS,
        invited=True,
    ),
)


def table(began: datetime) -> bytes:
    """Return the day's programme as a table, planned so that what begins now begins `LATE`."""
    start = {room: began.astimezone(UTC) - LATE for room in (MAIN, SIDE)}
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(
        (
            *("id", "title", "kind", "start", "duration", "zone", "room", "languages"),
            *("chairs", "speakers", "visibility"),
        )
    )
    for part in PARTS:
        at = start[part.room]
        start[part.room] = at + timedelta(minutes=part.minutes)
        rows.writerow(
            (
                part.key,
                part.title,
                part.kind,
                at.isoformat(timespec="seconds"),
                part.minutes,
                "UTC",
                part.room,
                "en, zh-Hans",
                _people((part.chair,)),
                _people(part.speakers),
                "invitation" if part.invited else "public",
            )
        )
    return out.getvalue().encode()


def _people(people: tuple[Who, ...]) -> str:
    return "; ".join(" | ".join((who.name, who.affiliation, who.title)) for who in people)
