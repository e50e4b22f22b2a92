"""The clock: what is left at a time, however it was set, stopped and added to."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signaling.protocol import (
    AddTime,
    AnyCommand,
    BringOn,
    Clock,
    ClockChanged,
    EndSession,
    PauseClock,
    PauseSession,
    Person,
    ReopenSession,
    ResumeSession,
    RingBell,
    SetClock,
    StartClock,
    StartSession,
    TakeOff,
)
from signaling.session import clock
from signaling.session.decide import decide
from signaling.session.decision import Decision

from .session_events import PRODUCER, Fold

ADAM = Person("adam", "Adam", "speaker")
CHAIR = Person("chair-1", "Cher", "chair")
MINUTE = 60_000


class Timed(Fold):
    """A session whose commands are given at times."""

    def __init__(self) -> None:
        super().__init__()
        self.do(PRODUCER, BringOn("b", "adam"), ADAM)

    def at(self, now: int, command: AnyCommand) -> Clock:
        outcome = decide(self.state, CHAIR, command, now=now)
        assert isinstance(outcome, Decision), outcome
        self.put(outcome.events)
        return self.state.clocks["adam"]


def test_a_clock_runs_stands_and_goes_on_and_over_time_is_counted() -> None:
    fold = Timed()
    assert fold.refused(CHAIR, StartClock("s0", "adam")) == "no_clock"
    assert fold.refused(CHAIR, SetClock("s0", "nobody", MINUTE)) == "unknown_speaker"
    assert clock.left(fold.at(0, SetClock("s1", "adam", 20 * MINUTE)), 5 * MINUTE) == 20 * MINUTE
    running = fold.at(MINUTE, StartClock("s2", "adam"))
    assert [clock.left(running, MINUTE * minute) for minute in (1, 2, 21, 24)] == [
        20 * MINUTE,
        19 * MINUTE,
        0,
        -3 * MINUTE,
    ]
    assert fold.at(2 * MINUTE, StartClock("s3", "adam")) == running, "one that runs goes on"
    standing = fold.at(6 * MINUTE, PauseClock("p1", "adam"))
    assert (clock.left(standing, 99 * MINUTE), standing.started) == (15 * MINUTE, None)
    assert fold.at(7 * MINUTE, PauseClock("p2", "adam")) == standing
    longer = fold.at(8 * MINUTE, AddTime("a1", "adam", 5 * MINUTE))
    assert clock.left(longer, 8 * MINUTE) == 20 * MINUTE
    again = fold.at(10 * MINUTE, StartClock("s4", "adam"))
    assert clock.left(again, 11 * MINUTE) == 19 * MINUTE
    rung = fold.at(12 * MINUTE, RingBell("r1", "adam"))
    assert (rung.bell, clock.left(rung, 12 * MINUTE)) == (12 * MINUTE, 18 * MINUTE)
    anew = fold.at(13 * MINUTE, SetClock("s5", "adam", 3 * MINUTE))
    assert (anew.started, clock.left(anew, 14 * MINUTE)) == (13 * MINUTE, 2 * MINUTE)


def test_going_off_stage_stops_the_clock() -> None:
    fold = Timed()
    fold.at(0, SetClock("s1", "adam", MINUTE))
    fold.at(0, StartClock("s2", "adam"))
    events = fold.do(PRODUCER, TakeOff("t1", "adam"))
    assert isinstance(events[0], ClockChanged)
    assert fold.state.clocks["adam"].started is None
    assert fold.state.air.version == fold.state.seq, "the last event of a cut is the stage's version"


steps = st.lists(
    st.tuples(
        st.integers(0, 3 * MINUTE),
        st.one_of(
            st.builds(lambda: StartClock("c", "adam")),
            st.builds(lambda: PauseClock("c", "adam")),
            st.integers(-MINUTE, MINUTE).map(lambda ms: AddTime("c", "adam", ms)),
            st.builds(lambda: RingBell("c", "adam")),
        ),
    ),
    max_size=20,
)


@given(steps)
@example([(0, StartClock("c", "adam")), (1, StartClock("c", "adam"))])
def test_what_is_left_is_what_was_given_less_the_time_it_ran(steps: list[tuple[int, AnyCommand]]) -> None:
    fold = Timed()
    fold.at(0, SetClock("s1", "adam", 12 * 60 * MINUTE))
    now, ran, given_, running = 0, 0, 12 * 60 * MINUTE, False
    for pause, command in steps:
        now += pause
        ran += pause if running else 0
        fold.at(now, command)
        match command:
            case StartClock():
                running = True
            case PauseClock():
                running = False
            case AddTime(added=added):
                given_ += added
        assert clock.left(fold.state.clocks["adam"], now) == given_ - ran


def test_a_clock_stands_from_the_sessions_end_and_what_it_was_over_by_is_kept() -> None:
    timed = Timed()
    timed.at(0, SetClock("c1", "adam", MINUTE))
    timed.at(0, StartClock("c2", "adam"))
    ended = timed.at(2 * MINUTE, EndSession("e1"))
    assert (ended.started, clock.left(ended, 9 * MINUTE)) == (None, -MINUTE)
    assert timed.at(3 * MINUTE, ReopenSession("r1")) == ended


def test_a_pause_of_the_session_holds_a_clock_that_runs() -> None:
    timed = Timed()
    timed.do(PRODUCER, StartSession("l1"))
    timed.at(0, SetClock("c1", "adam", 10 * MINUTE))
    timed.at(0, StartClock("c2", "adam"))
    held = timed.at(2 * MINUTE, PauseSession("p1"))
    assert (held.started, held.held, clock.left(held, 30 * MINUTE)) == (None, True, 8 * MINUTE)
    assert timed.at(3 * MINUTE, PauseSession("p2", 40 * MINUTE)) == held, (
        "a break's length is no second pause"
    )
    assert timed.at(3 * MINUTE, AddTime("c3", "adam", MINUTE)).held
    on = timed.at(30 * MINUTE, ResumeSession("r1"))
    assert (on.started, on.held, clock.left(on, 31 * MINUTE)) == (30 * MINUTE, False, 8 * MINUTE)


def test_one_that_is_held_when_the_session_ends_goes_on_where_the_end_was_a_mistake() -> None:
    timed = Timed()
    timed.do(PRODUCER, StartSession("l1"))
    timed.at(0, SetClock("c1", "adam", MINUTE))
    timed.at(0, StartClock("c2", "adam"))
    for command in (PauseSession("p1"), EndSession("e1"), ReopenSession("o1")):
        assert timed.at(MINUTE // 2, command).started is None
    assert clock.left(timed.at(9 * MINUTE, ResumeSession("r1")), 9 * MINUTE) == MINUTE // 2


@pytest.mark.parametrize(
    ("runs", "meanwhile", "left"),
    [
        (False, (), 10),  # stood before: stands after
        (True, (PauseClock("m1", "adam"),), 8),
        (True, (TakeOff("m1", "adam"),), 8),
        (True, (StartClock("m1", "adam"), PauseClock("m2", "adam")), 8),
        (True, (SetClock("m1", "adam", 5 * MINUTE), PauseClock("m2", "adam")), 5),
    ],
)
def test_one_that_somebody_else_has_stopped_does_not_go_on_with_the_session(
    runs: bool, meanwhile: tuple[AnyCommand, ...], left: int
) -> None:
    timed = Timed()
    timed.do(PRODUCER, StartSession("l1"))
    timed.at(0, SetClock("c1", "adam", 10 * MINUTE))
    if runs:
        timed.at(0, StartClock("c2", "adam"))
    timed.at(2 * MINUTE, PauseSession("p1"))
    for command in meanwhile:
        timed.at(3 * MINUTE, command)
    resumed = timed.at(4 * MINUTE, ResumeSession("r1"))
    assert (resumed.started, resumed.held, clock.left(resumed, 9 * MINUTE)) == (None, False, left * MINUTE)


def test_one_started_in_the_pause_runs_on() -> None:
    timed = Timed()
    timed.do(PRODUCER, StartSession("l1"))
    timed.at(0, SetClock("c1", "adam", 10 * MINUTE))
    timed.at(0, StartClock("c2", "adam"))
    timed.at(2 * MINUTE, PauseSession("p1"))
    started = timed.at(3 * MINUTE, StartClock("c3", "adam"))
    assert timed.at(4 * MINUTE, ResumeSession("r1")) == started
