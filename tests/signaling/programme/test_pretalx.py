"""Reading what pretalx exports, whole and with everything missing that can be."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.programme.model import MAX_ITEMS, BadProgramme
from signaling.programme.pretalx import parse

from .samples import BERLIN, SHANGHAI, at, many, pretalx, talk

NINE = datetime(2026, 5, 1, 9, tzinfo=SHANGHAI)


def test_a_talk_is_read_whole() -> None:
    said = talk(
        1,
        NINE,
        title="神经网络\u0000的 未来 🧠",
        subtitle="Part 2",
        type="圆桌论坛",
        language="zh_hans",
        abstract="Erste Zeile\r\nzweite",
        persons=[
            {"guid": "g1", "name": "王伟", "affiliation": "清华大学", "title": "教授"},
            {"code": "C2", "public_name": "Zoë 😀"},
            {"name": ""},
            "nobody",
        ],
    )
    draft = parse(pretalx(said))
    assert (draft.title, draft.acronym, draft.zone) == ("远程演讲会议 🎤", "conf", "Asia/Shanghai")
    assert draft.warnings == ()
    (item,) = draft.items
    assert item.title == "神经网络的 未来 🧠: Part 2"
    assert (item.start, item.end) == (at("2026-05-01 09:00"), at("2026-05-01 09:45"))
    assert (item.kind, item.languages, item.abstract) == ("forum", ("zh-Hans",), "Erste Zeile\nzweite")
    assert item.room == ("bbbbbbbb-0000-4000-8000-000000000001", "大礼堂")
    assert [(p.key, p.name, p.affiliation, p.title) for p in item.speakers or ()] == [
        ("g1", "王伟", "清华大学", "教授"),
        ("C2", "Zoë 😀", "", ""),
    ]


def test_the_same_people_and_slots_have_the_same_keys_and_a_slot_twice_is_told() -> None:
    draft = parse(pretalx(talk(1, NINE), talk(2, NINE + timedelta(hours=1)), talk(1, NINE)))
    one, two = draft.items
    assert one.speakers == two.speakers
    assert one.key != two.key
    assert draft.warnings == ("Session 3 has the key of one before it and is left out.",)


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ({"guid": None, "code": None, "id": None}, "no guid"),
        ({"date": None}, "no start"),
        ({"date": "soon"}, "no start"),
        ({"date": "0001-01-01T00:00:00+14:00"}, "no start"),
        ({"title": "\u0007 "}, "no title"),
        ({"end": None, "duration": None}, "does not end"),
        ({"end": "2026-05-01T08:00:00+08:00"}, "does not end"),
        ({"end": "2027-05-01T08:00:00+08:00"}, "over a month"),
    ],
)
def test_what_cannot_be_a_session_is_left_out_and_the_rest_is_read(
    missing: dict[str, Any], told: str
) -> None:
    draft = parse(pretalx(talk(1, NINE, **missing), talk(2, NINE)))
    assert [item.title for item in draft.items] == ["On engines 2"]
    assert len(draft.warnings) == 1 + draft.unkeyed
    assert told in draft.warnings[0]


def test_what_has_no_field_is_not_said() -> None:
    bare = {"id": 7, "title": "Bare", "date": NINE.isoformat(), "duration": "1:00:30"}
    whole = json.loads(pretalx())
    whole["schedule"]["conference"]["days"] = [{"rooms": {"": [bare]}}, "nonsense", {"rooms": None}]
    del whole["schedule"]["conference"]["rooms"]
    (item,) = parse(json.dumps(whole).encode()).items
    assert (item.key, item.kind, item.room, item.speakers) == ("7", None, None, None)
    assert item.end - item.start == (24 * 60 + 30) * 60_000, "of three parts the first is days, in pretalx"


@pytest.mark.parametrize(
    ("said", "visibility", "warned"),
    [
        (None, None, 0),
        ("public", "public", 0),
        ("Invitation only", "invitation", 0),
        ("hidden", "invitation", 1),
    ],
)
def test_nothing_but_public_is_public(said: str | None, visibility: str | None, warned: int) -> None:
    draft = parse(pretalx(talk(1, NINE, visibility=said)))
    assert (draft.items[0].visibility, len(draft.warnings)) == (visibility, warned)


def test_an_offset_decides_when_clocks_change_and_a_night_goes_on_past_midnight() -> None:
    early = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    late = early.replace(fold=1)
    night = datetime(2026, 10, 25, 23, 30, tzinfo=BERLIN)
    draft = parse(pretalx(talk(1, early), talk(2, late), talk(3, night, 90), zone="Europe/Berlin"))
    one, two, three = draft.items
    assert two.start - one.start == 3_600_000
    assert three.end == at("2026-10-26 01:00", BERLIN)
    assert {item.zone for item in draft.items} == {"Europe/Berlin"}


def test_a_file_without_a_zone_takes_the_given_one() -> None:
    floating = talk(1, NINE, date="2026-05-01T09:00:00", end=None)
    (item,) = parse(pretalx(floating, zone=None), SHANGHAI).items
    assert (item.start, item.zone) == (at("2026-05-01 09:00"), "Asia/Shanghai")
    assert parse(pretalx(floating, zone=None), SHANGHAI).warnings == ()
    draft = parse(pretalx(floating, zone="Mars/Phobos"))
    assert draft.items[0].zone == "UTC"
    assert ["time zone" in warning for warning in draft.warnings] == [True]


def test_five_hundred_sessions_are_read() -> None:
    draft = parse(many())
    assert (len(draft.items), draft.warnings) == (500, ())


def test_more_than_an_event_holds_is_refused() -> None:
    with pytest.raises(BadProgramme):
        parse(many(MAX_ITEMS + 1))


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"schedule": []}', b"[" * 100_000, b'{"schedule": {"conference": 1}}']
)
def test_what_is_no_export_is_refused(data: bytes) -> None:
    with pytest.raises(BadProgramme):
        parse(data)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(talk(1, NINE))), JSON))
def test_whatever_the_fields_hold_nothing_else_is_raised(fields: dict[str, Any]) -> None:
    draft = parse(pretalx(talk(1, NINE) | fields))
    assert len(draft.items) + len(draft.warnings) == 1 + draft.unkeyed
