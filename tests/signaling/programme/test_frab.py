"""Reading frab's and Pentabarf's XML, old and new, and refusing what XML can be made to do."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.programme.frab import parse
from signaling.programme.model import BadProgramme

from .samples import BERLIN, SHANGHAI, at, event, frab

ZONE = "<time_zone_name>Asia/Shanghai</time_zone_name>"


def test_an_event_is_read_whole() -> None:
    people = (
        "<person id='7' affiliation='哈佛'>艾达 <b>Lindqvist</b></person>"
        "<person id='8' role='moderator'>Mo 🎙</person><person> </person><!-- nobody -->"
    )
    draft = parse(frab(event(1, persons="", type="panel"), conference=ZONE))
    assert draft.items[0].speakers == ()
    draft = parse(frab(event(1, type="panel").replace("<person id='7'>Ada Lindqvist</person>", people)))
    (item,) = draft.items
    assert item.key == "11111111-0000-4000-8000-000000000001"
    assert (item.title, item.abstract, item.kind) == ("Über Maschinen 1", "Räder & <Wellen>", "forum")
    assert (item.start, item.end) == (at("2026-05-01 09:00"), at("2026-05-01 09:45"))
    assert [(p.key, p.name, p.affiliation) for p in item.speakers or ()] == [("7", "艾达 Lindqvist", "哈佛")]
    assert [p.name for p in item.chairs or ()] == ["Mo 🎙"]
    assert (draft.title, draft.acronym) == ("Tagung", "conf")


def test_old_files_have_a_time_of_day_and_a_night_that_belongs_to_the_day_before() -> None:
    evening = event(1, date="", start="23:30", duration="01:00")
    night = event(2, date="", start="01:15")
    (one, two) = parse(frab(evening, night, conference=ZONE)).items
    assert one.end == at("2026-05-02 00:30")
    assert two.start == at("2026-05-02 01:15")
    late = f"{ZONE}<day_change>09:00:00</day_change>"
    (three,) = parse(frab(event(3, date="", start="08:00"), conference=late)).items
    assert three.start == at("2026-05-02 08:00")


def test_three_parts_of_a_duration_are_hours_in_frab_and_days_in_pretalx() -> None:
    long = event(1, duration="1:06:00")
    (item,) = parse(frab(long)).items
    assert item.end - item.start == 66 * 60_000
    (item,) = parse(frab(long, generator="pretalx")).items
    assert item.end - item.start == 30 * 3_600_000


def test_a_zone_comes_from_the_file_or_the_caller_and_its_lack_is_told() -> None:
    (item,) = parse(frab(event(1)), SHANGHAI).items
    assert item.zone == "Asia/Shanghai"
    draft = parse(frab(event(1)))
    assert draft.items[0].zone == "UTC"
    assert "time zone" in draft.warnings[0]


def test_a_time_that_clocks_skip_is_the_one_they_show_then() -> None:
    skipped = event(1, date="2026-03-29T02:30:00")
    (item,) = parse(frab(skipped, conference="<time_zone_name>Europe/Berlin</time_zone_name>")).items
    assert item.start == at("2026-03-29 03:30", BERLIN)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (event(None), "no id"),
        (event(1, date="", start="noon"), "no start"),
        (event(1, duration="long"), "no duration"),
        (event(1, title=""), "no title"),
        (event(2), "the key of one before"),
    ],
)
def test_what_cannot_be_a_session_is_left_out(broken: str, told: str) -> None:
    draft = parse(frab(event(2), broken, conference=ZONE))
    assert len(draft.items) == 1
    assert told in draft.warnings[0]


BOMB = "<!DOCTYPE s [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>]>"
OUTSIDE = "<!DOCTYPE s [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"


@pytest.mark.parametrize("kind", [BOMB, OUTSIDE, "<!DOCTYPE schedule>"])
def test_document_types_and_entities_are_refused(kind: str) -> None:
    data = frab(event(1)).replace(b"<schedule>", kind.encode() + b"<schedule>")
    with pytest.raises(BadProgramme, match="entities"):
        parse(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<schedule>",
        b"<rss/>",
        b"<?xml version='1.0' encoding='klingon'?><schedule/>",
        b"\xff\xfe<\0",
        b"<schedule>\x00</schedule>",
    ],
)
def test_what_is_no_schedule_is_refused(data: bytes) -> None:
    with pytest.raises(BadProgramme):
        parse(data)


def test_depth_and_odd_encodings_do_no_harm() -> None:
    deep = b"<schedule>" + b"<day>" * 50_000 + b"</day>" * 50_000 + b"</schedule>"
    began = process_time()
    assert parse(deep).items == ()
    assert process_time() - began < 5, "each element is looked at once, however deep"
    other = frab(event(1)).decode().replace("utf-8", "utf-16")
    assert parse(other.encode("utf-16")).items[0].title == "Über Maschinen 1"


@given(st.text(max_size=200), st.sampled_from(["date", "start", "duration", "title", "room", "language"]))
def test_whatever_a_field_holds_nothing_else_is_raised(said: str, field: str) -> None:
    clean = "".join(c for c in said if c == "\n" or " " <= c < "\ud800")
    draft = parse(frab(event(1, **{field: clean}), conference=ZONE))
    assert len(draft.items) + len(draft.warnings) >= 1
