"""The same file again, in every format: after something was written by hand, or with a slip in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pytest

from signaling.programme import formats
from signaling.programme.edit import NewItem, NewPerson, put_item
from signaling.programme.merge import merge
from signaling.programme.model import Programme

from .planned import EMPTY, NINE
from .samples import SHANGHAI, event, frab, ics, pretalx, talk, vevent

BEGINS = datetime(2026, 5, 1, 9, tzinfo=SHANGHAI)
ZONE = "<time_zone_name>Asia/Shanghai</time_zone_name>"
TIMES = ("DTSTART;TZID=Asia/Shanghai:20260501T090000", "DTEND;TZID=Asia/Shanghai:20260501T100000")
FILES = {
    "pretalx": pretalx(talk(1, BEGINS, language=None)),
    "frab": frab(event(1, language=""), conference=ZONE),
    "icalendar": ics(vevent(*TIMES, "SUMMARY:On engines")),
    "csv": b"id,title,start,duration,zone\nk1,On engines,2026-05-01 09:00,60,Asia/Shanghai\n",
}


def imported(data: bytes, before: Programme = EMPTY) -> Programme:
    return merge(before, formats.read(data), {}, now=NINE)[0]


@pytest.mark.parametrize("form", FILES)
def test_what_is_written_by_hand_and_no_file_says_stays(form: str) -> None:
    first = imported(FILES[form])
    (item,) = first.items
    assert (item.kind, item.visibility, item.languages, item.chairs) == ("talk", "public", (), ())
    wanted = NewItem(
        title=item.title,
        start=item.start,
        end=item.end,
        zone=item.zone,
        kind="symposium",
        room=first.rooms[0].name if first.rooms else "Hall",
        abstract=item.abstract or "By hand.",
        languages=("zh-Hans", "en"),
        chairs=(NewPerson("Mo"),),
        speakers=tuple(NewPerson(one.name, id=one.id) for one in first.people) or (NewPerson("Ada"),),
        visibility="invitation",
    )
    by_hand = put_item(first, item.id, wanted, {}, now=NINE)
    assert merge(by_hand, formats.read(FILES[form]), {}, now=NINE + 1) == (by_hand, ())


@pytest.mark.parametrize(
    "said",
    [
        pretalx(talk(1, BEGINS, visibility="public")),
        ics(vevent(*TIMES, "SUMMARY:On engines", "CLASS:PUBLIC")),
        FILES["csv"].replace(b"zone\n", b"zone,visibility\n").replace(b"hai\n", b"hai,public\n"),
    ],
)
def test_only_the_word_itself_opens_what_is_by_invitation(said: bytes) -> None:
    first = imported(said)
    (item,) = first.items
    closed = msgspec.structs.replace(item, visibility="invitation")
    shut = msgspec.structs.replace(first, items=(closed,))
    assert imported(said, shut).items[0].visibility == "public"


def test_a_column_that_is_there_and_empty_says_nobody() -> None:
    table = "id,title,start,duration,zone,room,languages,chairs,speakers,abstract,kind,visibility\n"
    row = "k1,On engines,2026-05-01 09:00,60,Asia/Shanghai,"
    first = imported(f"{table}{row}Hall,en,Mo,Ada,Of wheels,forum,invitation\n".encode())
    (item,) = imported(f"{table}{row},,,,,,\n".encode(), first).items
    assert (item.room, item.languages, item.chairs, item.speakers, item.abstract) == ("", (), (), (), "")
    assert (item.kind, item.visibility) == ("forum", "invitation"), "these have no word for nothing"


TABLE = "id,title,start,duration,zone\n"
ROW, OTHER = (
    "k1,On engines,2026-05-01 09:00,60,Asia/Shanghai\n",
    "k2,Other,2026-05-01 11:00,60,Asia/Shanghai\n",
)
LATER = vevent("DTSTART:20260501T050000Z", "DTEND:20260501T060000Z", "SUMMARY:Other", uid="two")


def pair(**slip: Any) -> bytes:
    return pretalx(talk(1, BEGINS, **slip), talk(2, BEGINS))


def entries(*lines: str) -> bytes:
    return ics(vevent(*lines), LATER, head="X-WR-TIMEZONE:Asia/Shanghai\r\n")


def rows(row: str) -> bytes:
    return f"{TABLE}{row}{OTHER}".encode()


SLIPS = {
    "pretalx date": (pair(), pair(date="soon")),
    "pretalx duration": (pair(), pair(end=None, duration="0")),
    "pretalx title": (pair(), pair(title=" ")),
    "frab duration": (
        frab(event(1), event(2), conference=ZONE),
        frab(event(1, duration="long"), event(2), conference=ZONE),
    ),
    "frab start": (
        frab(event(1), event(2), conference=ZONE),
        frab(event(1, date="", start="noon"), event(2), conference=ZONE),
    ),
    "icalendar start": (entries(*TIMES, "SUMMARY:x"), entries("DTSTART:noon", TIMES[1], "SUMMARY:x")),
    "icalendar day": (entries(*TIMES, "SUMMARY:x"), entries("DTSTART;VALUE=DATE:20260501", "SUMMARY:x")),
    "csv time": (rows(ROW), rows(ROW.replace("09:00", "9h"))),
    "csv zone": (rows(ROW), rows(ROW.replace("Asia/Shanghai", "Beijing"))),
    "csv duration": (rows(ROW), rows(ROW.replace(",60,", ",0,"))),
    "csv title": (rows(ROW), rows(ROW.replace("On engines", ""))),
}
"""A file, and the same with a slip in its first entry."""


@pytest.mark.parametrize("slip", SLIPS)
def test_what_cannot_be_read_any_more_is_not_withdrawn(slip: str) -> None:
    good, bad = SLIPS[slip]
    first = imported(good)
    draft = formats.read(bad)
    after, changes = merge(first, draft, {}, now=NINE)
    assert after == first
    assert [(change.what, change.fields) for change in changes] == [("kept", ("withdrawn",))]
    assert len(draft.warnings) == 1


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (pair(), pair(guid=None, code=None, id=None)),
        (frab(event(1), event(2), conference=ZONE), frab(event(None), event(2), conference=ZONE)),
        (entries(*TIMES, "SUMMARY:x"), entries(*TIMES, "SUMMARY:x").replace(b"UID:one@elsewhere\r\n", b"")),
        (rows(ROW), rows(",,2026-05-01 09:00,60,Asia/Shanghai\n")),
    ],
)
def test_where_a_key_cannot_be_read_nothing_is_withdrawn_and_that_is_told(good: bytes, bad: bytes) -> None:
    first = imported(good)
    draft = formats.read(bad)
    assert "nothing is withdrawn" in draft.warnings[-1]
    after, changes = merge(first, draft, {}, now=NINE)
    assert after == first
    assert [change.what for change in changes] == ["kept"]


def test_an_exception_of_a_recurrence_is_known_by_its_day_too() -> None:
    said = "RECURRENCE-ID;VALUE=DATE:20260502"
    good, bad = entries(*TIMES, "SUMMARY:x", said), entries(TIMES[0], "SUMMARY:x", said)
    assert imported(bad, imported(good)) == imported(good)
    odd = formats.read(entries(*TIMES, "SUMMARY:x", "RECURRENCE-ID:tomorrow"))
    assert (len(odd.items), odd.unkeyed) == (1, True)
