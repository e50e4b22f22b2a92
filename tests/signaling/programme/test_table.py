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
