"""How delay goes through a room's day."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from signaling.programme.drift import MINUTE, expected
from signaling.programme.model import ProgrammeItem
from signaling.protocol import Session, Timetable

from .planned import HOUR, NINE, planned

FIRST, SECOND, THIRD = planned(0), planned(HOUR), planned(3 * HOUR)
DAY = (FIRST, SECOND, THIRD)


def session(item: ProgrammeItem, started: int | None = None, ended: int | None = None) -> Session:
    """Return the live session of an item; times in minutes after nine."""
    status = "ended" if ended is not None else "live" if started is not None else "planned"

    def at(minutes: int | None) -> int | None:
        return None if minutes is None else NINE + minutes * MINUTE

    return Session(item.id, "x", status, 0, at(started), at(ended))  # type: ignore[arg-type]


def told(now: int, *sessions: Session) -> list[tuple[int, int, int, bool]]:
    """Return what is expected of each item of the day, in minutes after nine."""
    found = expected(DAY, {one.id: one for one in sessions}, NINE + now * MINUTE)
    return [
        ((t.start - NINE) // MINUTE, (t.end - NINE) // MINUTE, t.late // MINUTE, t.over)
        for t in (found[item.id] for item in DAY)
    ]


ON_TIME = (180, 240, 0, False)


def test_before_anything_happens_all_is_as_planned() -> None:
    assert told(-60, session(FIRST)) == [(0, 60, 0, False), (60, 120, 0, False), ON_TIME]


def test_who_begins_late_ends_late_and_who_follows_waits_until_a_gap_takes_it_up() -> None:
    day = told(20, session(FIRST, 15), session(SECOND), session(THIRD))
    assert day == [(15, 75, 15, False), (75, 135, 15, False), ON_TIME]


def test_who_should_have_begun_is_late_by_the_minute() -> None:
    assert told(7, session(FIRST))[:2] == [(7, 67, 7, False), (67, 127, 7, False)]


def test_who_runs_over_pushes_on_minute_by_minute() -> None:
    day = told(70, session(FIRST, 0), session(SECOND))
    assert day[:2] == [(0, 70, 10, True), (70, 130, 10, False)]


def test_an_early_end_pulls_nobody_forward_and_a_late_one_stays_known() -> None:
    assert told(50, session(FIRST, 0, 45))[:2] == [(0, 45, -15, False), (60, 120, 0, False)]
    day = told(80, session(FIRST, 0, 80), session(SECOND))
    assert day[:2] == [(0, 80, 20, False), (80, 140, 20, False)]


def test_what_never_began_by_its_end_delays_nobody() -> None:
    assert told(61, session(FIRST), session(SECOND)) == [
        (0, 60, 0, False),
        (61, 121, 1, False),
        ON_TIME,
    ]
    assert told(30, session(FIRST, None, 10))[1] == (60, 120, 0, False)


def test_who_waits_with_open_doors_is_held_however_late_it_is() -> None:
    waiting = msgspec.structs.replace(session(FIRST), status="doors")
    assert told(85, waiting, session(SECOND))[:2] == [(85, 145, 85, False), (145, 205, 85, False)]


def test_nothing_ends_before_its_break_does_and_a_short_break_is_part_of_the_length() -> None:
    for resumes, ends in ((80, 80), (40, 60)):
        pausing = msgspec.structs.replace(
            session(FIRST, 0), status="paused", paused=NINE, resumes=NINE + resumes * MINUTE
        )
        day = told(20, pausing, session(SECOND))
        assert day[:2] == [(0, ends, ends - 60, False), (ends, ends + 60, ends - 60, False)]


def test_another_room_and_no_room_are_not_moved_and_the_withdrawn_are_not_in_it() -> None:
    other, none = planned(HOUR, room="r2"), planned(HOUR, room="")
    gone = planned(2 * HOUR, room="r3", withdrawn=True)
    late = session(FIRST, 40)
    found = expected([FIRST, other, none, gone], {late.id: late}, NINE + HOUR)
    assert found[other.id] == Timetable(other.start, other.end, 0, False)
    assert found[none.id] == Timetable(none.start, none.end, 0, False)
    assert gone.id not in found


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5), st.none() | st.integers(0, 1500)), max_size=8),
    st.integers(-100, 2000),
)
def test_nobody_is_expected_before_the_plan_or_twice_in_a_room(
    day: list[tuple[int, int, int | None]], now: int
) -> None:
    items = [planned(start * HOUR, lasts * HOUR, f"r{n % 2}") for n, (start, lasts, _) in enumerate(day)]
    sessions = {item.id: session(item, began) for item, (_, _, began) in zip(items, day, strict=True)}
    found = expected(items, sessions, NINE + now * MINUTE)
    for item in items:
        timetable = found[item.id]
        assert timetable.start % MINUTE == timetable.end % MINUTE == timetable.late % MINUTE == 0
        assert timetable.start <= timetable.end
        if sessions[item.id].started is None:
            assert timetable.start >= item.start
            assert timetable.late >= 0
