"""Calendars and tables written, read back, and held to what RFC 5545 promises."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from icalendar import Calendar

from signaling.programme import formats
from signaling.programme.export import calendar
from signaling.programme.icalendar import parse
from signaling.programme.merge import merge
from signaling.programme.model import Draft, Programme, person_id
from signaling.programme.table import write

from .planned import DRAFTS, EMPTY, HOUR, NINE, draft, drafted, programmes
from .samples import many

NOW = NINE - 24 * HOUR


def merged(said: Draft, before: Programme = EMPTY) -> Programme:
    return merge(before, said, {}, now=NOW)[0]


def events(data: bytes) -> dict[str, object]:
    return {str(one["UID"]): one for one in Calendar.from_ical(data).walk("VEVENT")}


@settings(max_examples=40)
@given(DRAFTS)
def test_a_calendar_read_back_changes_nothing(said: Draft) -> None:
    programme = merged(said)
    again, changes = merge(programme, parse(calendar(programme)), {}, now=NOW + 1)
    assert changes == ()
    assert again == programme


@settings(max_examples=40)
@given(DRAFTS)
def test_a_table_read_back_changes_nothing_but_whose_name_it_is(said: Draft) -> None:
    programme = merged(said)
    again = merge(programme, formats.read(write(programme).encode(), "csv"), {}, now=NOW + 1)[0]
    resolved = [msgspec.json.decode(msgspec.json.encode(one)) for one in (programme, again)]
    for one in resolved:
        people = {p["id"]: (p["name"], p.get("affiliation"), p.get("title")) for p in one.get("people", ())}
        rooms = {room["id"]: room["name"] for room in one.get("rooms", ())}
        for item in one["items"]:
            item["room"] = rooms.get(item.get("room", ""))
            item["speakers"] = [people[p] for p in item.get("speakers", [])]
            item["chairs"] = [people[p] for p in item.get("chairs", [])]
            item.pop("revision", None)
            item.pop("changed", None)
    assert [item["title"] for item in resolved[0]["items"]] == [i["title"] for i in resolved[1]["items"]]
    for before, after in zip(resolved[0]["items"], resolved[1]["items"], strict=True):
        for name in ("id", "start", "end", "zone", "kind", "room", "abstract", "visibility", "languages"):
            assert before.get(name) == after.get(name), name
        assert [p[0] for p in before["speakers"]] == [p[0] for p in after["speakers"]]


def test_backslashes_are_none_of_the_calendars_business() -> None:
    planned = programmes(title=r"\nu \Neq \\ \;", abstract="\\\nabla\n\\", name=r"A\nn", room=r"\,")
    assert merge(planned, parse(calendar(planned)), {}, now=NOW)[1] == ()


def test_uids_stay_and_sequences_rise_only_with_what_changes() -> None:
    first = merged(draft(drafted("a"), drafted("b", HOUR)))
    moved = merged(draft(drafted("a", 2 * HOUR), drafted("b", HOUR)), first)
    before, after = events(calendar(first)), events(calendar(moved))
    assert set(before) == set(after) == {"conf.a@rostrum", "conf.b@rostrum"}
    assert [int(one["SEQUENCE"]) for one in before.values()] == [0, 0]  # type: ignore[index]
    sequences = {uid: int(one["SEQUENCE"]) for uid, one in after.items()}  # type: ignore[index]
    assert sequences == {"conf.a@rostrum": 1, "conf.b@rostrum": 0}
    assert calendar(moved) == calendar(moved)


def test_what_is_withdrawn_is_told_as_cancelled_with_a_higher_sequence() -> None:
    first = merged(draft(drafted("a"), drafted("b", HOUR)))
    gone = merged(draft(drafted("a")), first)
    told = events(calendar(gone))["conf.b@rostrum"]
    assert (str(told["STATUS"]), int(told["SEQUENCE"])) == ("CANCELLED", 1)  # type: ignore[index]


def test_a_person_has_a_calendar_of_the_own_sessions() -> None:
    from signaling.programme.model import DraftPerson

    ada, mo = DraftPerson("name:ada", "Ada", "Engines", "Prof."), DraftPerson("name:mo", "Mo")
    programme = merged(
        draft(
            drafted("a", speakers=(ada,), chairs=(mo,), abstract="Of wheels."),
            drafted("b", HOUR, speakers=(mo,)),
        )
    )
    own = calendar(programme, person=person_id("import", "name:ada"))
    (event,) = events(own).values()
    said = str(event["DESCRIPTION"])  # type: ignore[index]
    assert said == "Chair: Mo\nSpeaker: Ada (Prof., Engines)\n\nOf wheels."
    assert len(events(calendar(programme, person=person_id("import", "name:mo")))) == 2
    assert "Conference: Ada" in own.decode()


def test_lines_are_folded_and_zones_are_defined() -> None:
    data = calendar(programmes(title="长" * 150, abstract="é" * 500))
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert b"BEGIN:VTIMEZONE" in data
    assert b"TZID:Asia/Shanghai" in data
    assert b"DTSTART;TZID=Asia/Shanghai:20260501T090000" in data


def test_line_breaks_in_names_cannot_add_properties() -> None:
    data = calendar(programmes(title='a\r\nATTENDEE:x"', name='b"\r\nX-EVIL:1', room="c\nX-EVIL:2"))
    assert b"\r\nX-EVIL" not in data
    assert b"\r\nATTENDEE" not in data


def test_an_empty_programme_is_a_calendar_without_events() -> None:
    assert events(calendar(EMPTY)) == {}


def test_every_format_is_recognised_and_five_hundred_sessions_go_round() -> None:
    programme = merged(formats.read(many()))
    data = calendar(programme)
    assert formats.recognised(data) == "icalendar"
    assert merge(programme, formats.read(data), {}, now=NOW)[1] == ()
    table = write(programme).encode()
    assert formats.recognised(table) == "csv"
    assert len(formats.read(table).items) == 500
    assert formats.recognised(b"\xef\xbb\xbf  <?xml") == "frab"
