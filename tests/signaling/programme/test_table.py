"""Reading and writing tables, as spreadsheets of several kinds make them."""

from __future__ import annotations

import csv
import io
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.programme.model import BadProgramme, name_key
from signaling.programme.table import COLUMNS, parse, write
from signaling.schema import ROOT

from .planned import programmes
from .samples import BERLIN, SHANGHAI, at

HEADER = "id,title,kind,date,start,end,zone,room,languages,chairs,speakers,visibility,abstract\n"
ROW = (
    'k1,开幕式 🎤,ceremony,2026-05-01,9:00,10:30,Asia/Shanghai,大礼堂,"zh, en",Mo,'
    '"王伟 | 清华大学 | 教授; Ada\\; Lindqvist",invitation,"Two\nlines, ""quoted"""\n'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_row_is_read_whole_in_every_encoding(encoding: str) -> None:
    (item,) = parse((HEADER + ROW).encode(encoding)).items
    assert (item.key, item.title, item.kind, item.visibility) == ("k1", "开幕式 🎤", "ceremony", "invitation")
    assert (item.start, item.end, item.zone) == (
        at("2026-05-01 09:00"),
        at("2026-05-01 10:30"),
        "Asia/Shanghai",
    )
    assert (item.room, item.languages) == (("name:大礼堂", "大礼堂"), ("zh", "en"))
    assert [(p.name, p.affiliation, p.title) for p in item.speakers or ()] == [
        ("王伟", "清华大学", "教授"),
        ("Ada; Lindqvist", "", ""),
    ]
    assert [person.name for person in item.chairs or ()] == ["Mo"]
    assert item.abstract == 'Two\nlines, "quoted"'


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_and_columns_in_any_order(delimiter: str) -> None:
    lines = (("Duration", "START", "Title", "unknown"), ("45", "2026-05-01 09:00", "A, title", "x"))
    data = "\r\n".join(delimiter.join(line) for line in lines)
    (item,) = parse(data.encode(), SHANGHAI).items
    assert (item.title, item.start, item.end) == ("A, title", at("2026-05-01 09:00"), at("2026-05-01 09:45"))


def test_an_end_before_its_start_is_on_the_next_day_if_the_date_stands_apart() -> None:
    data = "title,date,start,end\nNight,2026-10-24,23:30,01:00\n"
    (item,) = parse(data.encode(), BERLIN).items
    assert item.end == at("2026-10-25 01:00", BERLIN)
    assert parse(b"title,start,end\nx,2026-10-24 23:30,2026-10-24 01:00\n").items == ()


def test_a_time_without_a_zone_is_told_where_nobody_names_one() -> None:
    table = "title,start,duration,zone\na,2026-05-01 09:00,30,{}\n"
    draft = parse(table.format("").encode())
    assert (draft.items[0].zone, draft.zone) == ("UTC", "UTC")
    assert ["time zone" in warning for warning in draft.warnings] == [True]
    for named in (parse(table.format("").encode(), SHANGHAI), parse(table.format("Asia/Shanghai").encode())):
        assert (named.items[0].start, named.zone) == (at("2026-05-01 09:00"), "Asia/Shanghai")
        assert named.warnings == ()


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        ("2026-05-01", "9:00", "10:00"),
        ("2026-05-01", "9:00:00", "10:00:00"),
        ("2026/5/1", "9:00:00", "10:00:00"),
        ("2026-05-01 00:00:00", "9:00 AM", "10:00 am"),
        ("01.05.2026", "09:00", "10:00"),
        ("1.5.2026", "9:00 a.m.", "10:00 a.m."),
        ("2026年5月1日", "上午9:00", "上午10:00"),
        ("2026-05-01", "09:00+08:00", "02:00Z"),
        ("", "2026/5/1 9:00", "2026/5/1 10:00:00"),
        ("", "01.05.2026 9:00", "2026-05-01T10:00:00+0800"),
        ("", "2026-05-01 9:00 AM", "2026-05-01T02:00:00.000Z"),
    ],
)
def test_dates_and_times_are_read_as_spreadsheets_write_them(day: str, start: str, end: str) -> None:
    draft = parse(f"title,date,start,end\nx,{day},{start},{end}\n".encode(), SHANGHAI)
    assert draft.warnings == ()
    (item,) = draft.items
    assert (item.start, item.end) == (at("2026-05-01 09:00"), at("2026-05-01 10:00"))


@pytest.mark.parametrize(
    ("start", "end", "begins", "lasts"),
    [
        ("22:00", "24:00", "2026-05-01 22:00", 120),
        ("12:00 AM", "12:30 PM", "2026-05-01 00:00", 750),
        ("11:00 PM", "1:00 AM", "2026-05-01 23:00", 120),
        ("24:00", "0:30", "2026-05-02 00:00", 30),
    ],
)
def test_noon_and_midnight(start: str, end: str, begins: str, lasts: int) -> None:
    (item,) = parse(f"title,date,start,end\nx,2026-05-01,{start},{end}\n".encode(), SHANGHAI).items
    assert (item.start, item.end - item.start) == (at(begins), lasts * 60_000)


@pytest.mark.parametrize("cells", ["05/01/2026,9:00,10:00", "5-1-26,9:00,10:00", ",05/13/2026 9:00,10:00"])
def test_a_date_that_can_be_read_in_two_ways_is_not_read(cells: str) -> None:
    draft = parse(f"id,title,date,start,end\nk1,x,{cells}\n".encode(), SHANGHAI)
    assert (draft.items, draft.unread) == ((), frozenset({"k1"}))
    assert "write 2026-05-01" in draft.warnings[0]


@pytest.mark.parametrize(
    "cells", ["9:00,10h", "13:00 PM,14:00", "24:30,25:00", "9:00,9:60", "0:00 AM,1:00 AM", "9:00+99:99,10:00"]
)
def test_a_time_that_is_none_is_not_read(cells: str) -> None:
    draft = parse(f"id,title,date,start,end\nk1,x,2026-05-01,{cells}\n".encode(), SHANGHAI)
    assert (draft.items, draft.unread, len(draft.warnings)) == ((), frozenset({"k1"}), 1)


def test_rows_of_one_title_are_sessions_of_their_own() -> None:
    rows = "title,start,duration\nCoffee break,2026-05-01 10:00,30\nKeynote,2026-05-01 11:00,30\n{}"
    again = rows.format("coffee break,2026-05-01 15:00,30\n").encode()
    one, _, two = parse(again, SHANGHAI).items
    assert one.key != two.key
    assert [item.key for item in parse(again, SHANGHAI).items] == [one.key, "name:keynote", two.key]
    unread = parse(again.replace(b"01 10:00", b"01 10h"), SHANGHAI)
    assert ([item.key for item in unread.items], unread.unread) == (
        ["name:keynote", two.key],
        frozenset({one.key}),
    )


def test_an_offset_tells_the_two_hours_that_clocks_repeat_apart() -> None:
    data = (
        "title,start,duration\nOne,2026-10-25 02:30+02:00,30\nTwo,2026-10-25 02:30+01:00,30\n"
        "Three,2026-10-25 02:30,30\n"
    )
    one, two, three = parse(data.encode(), BERLIN).items
    assert (two.start - one.start, three.start) == (3_600_000, one.start)


def test_two_people_of_one_name_are_told_apart_by_where_they_come_from() -> None:
    data = (
        "title,start,duration,speakers\na,2026-05-01 09:00,30,王伟 | 清华大学\n"
        "b,2026-05-01 10:00,30,王伟 | 北京大学\nc,2026-05-01 11:00,30,Ada | Engines\n"
        "d,2026-05-01 12:00,30,ada\n"
    )
    a, b, c, d = parse(data.encode(), SHANGHAI).items
    assert a.people()[0].key != b.people()[0].key
    assert c.people()[0].key == d.people()[0].key


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("k2,x,,2026-05-01,,10:00,,", "Line 2 has no start"),
        ("k2,x,,2026-05-01,9h,10:00,,", "Line 2 has no start"),
        ("k2,x,,2026-05-01,9:00,10:00,Beijing,", "no IANA time zone"),
        ("k2,,,2026-05-01,9:00,10:00,,", "no title"),
        ("k2,x,,2026-05-01,9:00,,,", "does not end"),
        ("k1,x,,2026-05-01,9:00,10:00,,", "Line 4 has the key"),
    ],
)
def test_what_cannot_be_a_session_is_left_out(row: str, told: str) -> None:
    rows = [row, ROW.strip()] if "key" not in told else [ROW.strip(), row]
    draft = parse((HEADER + "\n".join(rows)).encode())
    assert len(draft.items) == 1
    assert told in draft.warnings[0]


@pytest.mark.parametrize(
    ("said", "visibility", "warned"),
    [
        ("", None, False),
        ("public", "public", False),
        ("Public", "public", False),
        ("invitation", "invitation", False),
        ("by `invitation`", "invitation", False),
        ("by invitation", "invitation", False),
        ("Private", "invitation", False),
        ("closed", "invitation", False),
        ("仅限邀请", "invitation", False),
        ("auf Einladung", "invitation", False),
        ("yes", "invitation", True),
        ("not public", "invitation", True),
        ("puplic", "invitation", True),
    ],
)
def test_nothing_but_public_is_public(said: str, visibility: str | None, warned: bool) -> None:
    draft = parse(f"title,start,duration,visibility\nx,2026-05-01 09:00,30,{said}\n".encode(), SHANGHAI)
    assert draft.items[0].visibility == visibility
    assert [warning for warning in draft.warnings if "visibility" in warning] == list(draft.warnings)
    assert bool(draft.warnings) is warned


@pytest.mark.parametrize(
    ("said", "cancelled", "warned"),
    [
        ("", False, False),
        ("confirmed", False, False),
        ("withdrawn", True, False),
        ("Cancelled ", True, False),
        ("canceled by speaker", True, False),
        ("已取消", True, False),
        ("ABGESAGT", True, False),
        ("fällt aus", True, False),
        ("not cancelled", False, True),
        ("perhaps", False, True),
    ],
)
def test_what_is_not_held_is_said_in_many_words(said: str, cancelled: bool, warned: bool) -> None:
    draft = parse(f"title,start,duration,status\nx,2026-05-01 09:00,30,{said}\n".encode(), SHANGHAI)
    assert draft.items[0].cancelled is cancelled
    assert [warning for warning in draft.warnings if "status" in warning] == list(draft.warnings)
    assert bool(draft.warnings) is warned


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "title"),
        (b"name,start\n", "title"),
        (b"title,when\n", "start"),
        ("title,start\n会议".encode("gbk"), "UTF-8"),
        (b"title,start\n" + b"x" * 200_000, "Line"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(BadProgramme, match=told):
        parse(data)


@pytest.mark.parametrize(
    "evil", ["=cmd|'/c calc'!A0", "+1", "-2", "@SUM(A1)", "'=x", "＝1+1", "＋1", "－1", "＠x", "﹣1"]
)
def test_formulas_are_written_harmless_and_read_back_as_they_were(evil: str) -> None:
    planned = programmes(title=evil, abstract=evil, name=evil, room=evil)
    written = write(planned)
    for row in csv.reader(io.StringIO(written)):
        assert not any(unicodedata.normalize("NFKC", cell).startswith(("=", "+", "-", "@")) for cell in row)
    (item,) = parse(written.encode()).items
    assert (item.title, item.abstract, item.room) == (evil, evil, (name_key(evil), evil))
    assert item.people()[0].name == evil


def test_the_columns_are_as_documented() -> None:
    assert write(programmes()).splitlines()[0] == ",".join(COLUMNS)
    page = (ROOT / "docs/programme.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.partition("### The table")[2].splitlines() if "|" in line]
    assert {name for row in rows[:14] for name in re.findall(r"`(\w+)`", row)} == set(COLUMNS)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_the_bytes_nothing_else_is_raised(data: bytes) -> None:
    try:
        parse(b"title,start,duration,speakers,zone\n" + data)
    except BadProgramme:
        pass
