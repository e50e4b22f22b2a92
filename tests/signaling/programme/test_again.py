"""The same file again, in every format, after somebody has written what no file of it says."""

from __future__ import annotations

from datetime import datetime

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
