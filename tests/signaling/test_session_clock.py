"""The clock: what is left at a time, however it was set, stopped and added to."""

from __future__ import annotations

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
    Person,
    ReopenSession,
    RingBell,
    SetClock,
    StartClock,
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
