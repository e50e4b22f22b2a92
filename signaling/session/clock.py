"""The clock: a countdown for each speaker.

The law: a clock is what was allotted, what is spent and since when it runs, all by the server's time, so
that every page works out the same second; over-time is counted on, below zero. Going off stage stops it,
and a pause of the session holds it.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import msgspec

from signaling.protocol import (
    AddTime,
    Clock,
    ClockChanged,
    ClockCommand,
    ClockEvent,
    PauseClock,
    Person,
    RingBell,
    SetClock,
    StartClock,
)
from signaling.session import cues
from signaling.session.decision import SESSION, Decision, Outcome, Refusal, clock_entity
from signaling.session.state import State


def left(clock: Clock, at: int) -> int:
    """Return the milliseconds a speaker has left at a time; negative: so much over."""
    running = max(0, at - clock.started) if clock.started is not None else 0
    return clock.allotted - clock.spent - running


def stopped(clock: Clock, now: int, *, held: bool = False) -> Clock:
    """Return a clock that stands from now on; `held`: until the session goes on."""
    spent = clock.allotted - left(clock, now)
    return msgspec.structs.replace(clock, spent=spent, started=None, held=held)


def running(clock: Clock, now: int) -> Clock:
    """Return a clock that runs: from now on, if it stood."""
    return msgspec.structs.replace(clock, started=now if clock.started is None else clock.started, held=False)


def decide(state: State, actor: Person, command: ClockCommand, *, now: int) -> Outcome:
    """Return what a command on a clock comes to."""
    cue = cues.find(state, command.speaker)
    if cue is None:
        return cues.NO_SUCH_SPEAKER
    clock = state.clocks.get(cue.id)
    if isinstance(command, SetClock):
        started = now if clock is not None and clock.started is not None else None
        held = clock is not None and clock.held
        return _changed(
            Clock(cue.id, command.allotted, started=started, held=held), clock, now=now, by=actor.id
        )
    if clock is None:
        return Refusal("no_clock", "This speaker has been given no time.")
    match command:
        case StartClock():
            return _changed(running(clock, now), clock, now=now, by=actor.id)
        case PauseClock():
            return _changed(stopped(clock, now), clock, now=now, by=actor.id)
        case AddTime(added=added):
            longer = msgspec.structs.replace(clock, allotted=max(0, clock.allotted + added))
            return _changed(longer, clock, now=now, by=actor.id)
        case RingBell():
            return _changed(msgspec.structs.replace(clock, bell=now), clock, now=now, by=actor.id)


def _changed(clock: Clock, before: Clock | None, *, now: int, by: str) -> Decision:
    if clock == before:
        return Decision()
    event = ClockChanged(at=now, by=by, clock=clock)
    return Decision((event,), leans_on=(SESSION,), changes=(clock_entity(clock.speaker),))


def fold(state: State, event: ClockEvent) -> State:
    """Return the state after an event of a clock."""
    return replace(state, clocks=MappingProxyType({**state.clocks, event.clock.speaker: event.clock}))


def rewrite(state: State, at: int) -> tuple[ClockEvent, ...]:
    """Return the events that lead to the clocks of this state."""
    return tuple(ClockChanged(at=at, by="system", clock=clock) for clock in state.clocks.values())
