"""The clock: how long each speaker has, by the server's time, and the chair's bell."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from signaling.protocol.base import Command, Event, Id

HOUR = 3_600_000

Allotted = Annotated[int, Meta(ge=0, le=12 * HOUR)]
"""Milliseconds that a speaker has."""

Added = Annotated[int, Meta(ge=-12 * HOUR, le=12 * HOUR)]


class Clock(msgspec.Struct, frozen=True, omit_defaults=True):
    """One speaker's time, all in ms. `started`: since when it runs, by the server's clock; else it stands.

    What is left at `t` is `allotted - spent`, and while it runs `- (t - started)`; below zero is over-time.
    `bell`: when it was last rung. `held`: it stands because the session is paused, and goes on with it.
    """

    speaker: str
    allotted: int
    spent: int = 0
    started: int | None = None
    bell: int | None = None
    held: bool = False


class SetClock(Command, frozen=True, tag="clock.set"):
    """Give a speaker so much time, all of it left; a clock that runs goes on running (producers, chairs)."""

    speaker: Id
    allotted: Allotted


class StartClock(Command, frozen=True, tag="clock.start"):
    """Let a speaker's clock run (producers, chairs)."""

    speaker: Id


class PauseClock(Command, frozen=True, tag="clock.pause"):
    """Let a speaker's clock stand; started again, it goes on from there (producers, chairs)."""

    speaker: Id


class AddTime(Command, frozen=True, tag="clock.add"):
    """Give a speaker more time, or less (producers, chairs)."""

    speaker: Id
    added: Added


class RingBell(Command, frozen=True, tag="clock.bell"):
    """Ring the chair's bell for a speaker (producers, chairs)."""

    speaker: Id


class ClockChanged(Event, frozen=True, tag="clock.changed"):
    """A speaker's clock whole, as it is from now on; at `bell` equal to `at`, the bell has just been rung."""

    clock: Clock


ClockCommand = SetClock | StartClock | PauseClock | AddTime | RingBell
ClockEvent = ClockChanged
