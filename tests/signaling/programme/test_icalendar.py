"""Reading calendars: other people's, odd ones, and what is not theirs to tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.programme.icalendar import parse
from signaling.programme.model import MAX_ITEMS, BadProgramme

from .samples import BERLIN, SHANGHAI, at, ics, vevent

TIMES = ("DTSTART;TZID=Asia/Shanghai:20260501T090000", "DTEND;TZID=Asia/Shanghai:20260501T100000")


def test_an_event_is_read_whole() -> None:
    draft = parse(
        ics(
            vevent(
                *TIMES,
                "SUMMARY:开幕式 🎉\\, 主会场",
                "DESCRIPTION:First line\\nsecond; with a long line that a calendar",
                "  folds",
                "LOCATION:大礼堂",
                "CATEGORIES:Opening,Main",
                "CLASS:CONFIDENTIAL",
                'ATTENDEE;ROLE=CHAIR;CN="Ada, Lindqvist":mailto:ada@example.org',
                "ATTENDEE;ROLE=CHAIR;CN=mo@example.org:mailto:mo@example.org",
                "ATTENDEE;CN=A Guest:mailto:guest@example.org",
            ),
            head="X-WR-CALNAME:会议\r\nX-WR-TIMEZONE:Asia/Shanghai\r\n",
        )
    )
    (item,) = draft.items
    assert (draft.title, draft.zone) == ("会议", "Asia/Shanghai")
    assert (item.title, item.key, item.kind) == ("开幕式 🎉, 主会场", "one@elsewhere", "ceremony")
    assert (item.start, item.end) == (at("2026-05-01 09:00"), at("2026-05-01 10:00"))
    assert item.abstract == "First line\nsecond; with a long line that a calendar folds"
    assert (item.room, item.visibility) == (("name:大礼堂", "大礼堂"), "invitation")
    assert [person.name for person in item.people()] == ["Ada, Lindqvist"]
    assert item.speakers is None, "a calendar of others names none"
    assert "example.org" not in repr(item)


@pytest.mark.parametrize(
    ("lines", "zone", "start"),
    [
        (("DTSTART:20260501T010000Z", "DURATION:PT45M"), "Europe/Berlin", at("2026-05-01 03:00", BERLIN)),
        (("DTSTART:20260501T090000", "DURATION:PT45M"), "Europe/Berlin", at("2026-05-01 09:00", BERLIN)),
        (TIMES, "Asia/Shanghai", at("2026-05-01 09:00")),
        (
            ("DTSTART;TZID=China Standard Time:20260501T090000", "DURATION:PT1H"),
            "Asia/Shanghai",
            at("2026-05-01 09:00"),
        ),
    ],
)
def test_zones_of_utc_floating_named_and_windows_times(lines: tuple[str, ...], zone: str, start: int) -> None:
    (item,) = parse(ics(vevent(*lines, "SUMMARY:x")), BERLIN).items
    assert (item.zone, item.start) == (zone, start)


def test_a_time_without_a_zone_is_told_where_nobody_names_one() -> None:
    floating = ics(vevent("DTSTART:20260501T090000", "DURATION:PT45M", "SUMMARY:x"))
    draft = parse(floating)
    assert (draft.items[0].zone, draft.zone) == ("UTC", "UTC")
    assert ["time zone" in warning for warning in draft.warnings] == [True]
    assert parse(floating, SHANGHAI).warnings == parse(ics(vevent(*TIMES, "SUMMARY:x"))).warnings == ()


def test_a_zone_that_the_file_defines_itself_keeps_its_name_as_outlooks_do() -> None:
    defined = (
        "BEGIN:VTIMEZONE\r\nTZID:China Standard Time\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\n"
        "TZOFFSETFROM:+0800\r\nTZOFFSETTO:+0800\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    begins = 'DTSTART;TZID="China Standard Time":20260501T090000'
    (item,) = parse(ics(vevent(begins, "DURATION:PT1H", "SUMMARY:x"), head=defined), BERLIN).items
    assert (item.zone, item.start) == ("Asia/Shanghai", at("2026-05-01 09:00"))


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("SUMMARY:x",), "no start"),
        (("SUMMARY:x", "DTSTART;VALUE=DATE:20260501"), "no start"),
        (("SUMMARY:x", "DTSTART:20260501T090000Z"), "no end"),
        (("SUMMARY:x", "DTSTART:20260501T090000Z", "DTEND:20260501T080000Z"), "does not end"),
        (("DTSTART:20260501T090000Z", "DTEND:20260501T100000Z"), "no title"),
        (("SUMMARY:x", "DTSTART:2026050T090000Z", "DTEND:20260501T100000Z"), "no start"),
    ],
)
def test_what_cannot_be_a_session_is_left_out(lines: tuple[str, ...], told: str) -> None:
    draft = parse(ics(vevent(*lines), vevent(*TIMES, "SUMMARY:good", uid="two")))
    assert [item.title for item in draft.items] == ["good"]
    assert told in draft.warnings[0]


def test_a_recurrence_is_taken_once_and_its_exception_is_another() -> None:
    draft = parse(
        ics(
            vevent(*TIMES, "SUMMARY:Daily", "RRULE:FREQ=SECONDLY"),
            vevent(
                "DTSTART:20260502T020000Z",
                "DTEND:20260502T030000Z",
                "RECURRENCE-ID:20260502T010000Z",
                "SUMMARY:Daily\\, later",
            ),
            vevent(*TIMES, "SUMMARY:Daily again"),
        )
    )
    assert [item.title for item in draft.items] == ["Daily", "Daily, later"]
    assert "recurs" in draft.warnings[0]
    assert "key of one before" in draft.warnings[1]


def test_a_cancelled_event_is_read_as_cancelled() -> None:
    (item,) = parse(ics(vevent(*TIMES, "SUMMARY:x", "STATUS:CANCELLED"))).items
    assert item.cancelled


def test_a_mark_before_it_and_bare_newlines_do_no_harm() -> None:
    data = b"\xef\xbb\xbf" + ics(vevent(*TIMES, "SUMMARY:x")).replace(b"\r\n", b"\n")
    assert len(parse(data, SHANGHAI).items) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"BEGIN:VEVENT\r\nEND:VEVENT\r\n",
        b"\x00" * 100,
        ics(*[vevent(*TIMES, "SUMMARY:x")] * (MAX_ITEMS + 1)),
    ],
)
def test_what_is_no_calendar_is_refused(data: bytes) -> None:
    with pytest.raises(BadProgramme):
        parse(data)


LINE = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=60)
NAMES = (
    "DTSTART",
    "DTEND",
    "DURATION",
    "CATEGORIES",
    "ATTENDEE",
    "X-ROSTRUM-SPEAKER",
    "RECURRENCE-ID",
    "UID",
)


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(":;"), LINE), max_size=5))
def test_whatever_the_lines_hold_nothing_else_is_raised(lines: list[tuple[str, str, str]]) -> None:
    data = ics(vevent(*TIMES, "SUMMARY:x", *("".join(line) for line in lines)))
    try:
        parse(data)
    except BadProgramme:
        pass
