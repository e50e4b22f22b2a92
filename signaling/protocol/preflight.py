"""Pre-flight: what the server measured of a speaker's picture, sound and line, and what it thinks of it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signaling.protocol.base import Command, Event, Id

Grade = Literal["green", "amber", "red"]

Seconds = Annotated[int, Meta(ge=3, le=120)]


class Measured(msgspec.Struct, frozen=True):
    """What arrived at the relay; null where it could not be measured.

    `uplink` in bit/s; `loss` a share, 0 to 1; `round_trip` and `jitter` in ms; `level` of the loudest
    moment in dB below full scale (0 loudest, 127 silence: RFC 6464); `video` whether a picture arrived at the
    end; its size in pixels.
    """

    uplink: int | None = None
    loss: float | None = None
    round_trip: int | None = None
    jitter: int | None = None
    level: int | None = None
    video: bool = False
    width: int | None = None
    height: int | None = None


class Finding(msgspec.Struct, frozen=True):
    """Why it is not green: a stable code, how bad it is, and a sentence."""

    code: str
    grade: Grade
    text: str


class Preflight(msgspec.Struct, frozen=True, omit_defaults=True):
    """One pre-flight of a speaker (a cue's id). Without a grade it is running, until `until`."""

    speaker: str
    started: int
    until: int
    grade: Grade | None = None
    findings: tuple[Finding, ...] = ()
    measured: Measured | None = None


class StartPreflight(Command, frozen=True, tag="preflight.start"):
    """Measure what a speaker sends, from now on (the speaker; producers and chairs for any)."""

    seconds: Seconds = 60
    speaker: Id | None = None


class PreflightChanged(Event, frozen=True, tag="preflight.changed"):
    """A pre-flight has begun or is done; the last one is kept. Seen by staff and the speaker."""

    preflight: Preflight


PreflightCommand = StartPreflight
PreflightEvent = PreflightChanged
