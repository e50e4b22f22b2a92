"""The floor: one queue of people who want to speak, hall and online together."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signaling.protocol.base import Command, Event, Id, Line, Name, Person

HandState = Literal["waiting", "called", "speaking"]

WhyNext = Literal["first", "only", "ratio", "fewer_turns", "earliest", "picked"]
"""Why somebody is next, or was called: staff let them go first; nobody else waits; it is their room's
turn; the others of their room, or all, have spoken more often; they have waited longest; or staff picked
them out of turn."""


class Hand(msgspec.Struct, frozen=True, omit_defaults=True):
    """One person's wish to speak. `id` is the server's; which room it counts for is the person's `place`."""

    id: str
    person: Person
    at: int
    """When it was raised."""
    since: int
    """Since when it waits in its place: later than `at` if it was passed over."""
    topic: str = ""
    state: HandState = "waiting"
    first: bool = False
    """Whether staff let it go before all others."""
    counted: bool = False
    """Whether its call used up a turn of its room: somebody of the other room waited as well."""


class Rooms(msgspec.Struct, frozen=True):
    """A number for each room: a ratio, turns had, people who wait."""

    hall: int
    online: int


class FloorQueue(msgspec.Struct, frozen=True):
    """All that the floor's order follows from. `hands` in order of raising; `spoken`: person → turns had.

    `turns` are those had since the ratio was set, while both rooms waited.
    """

    open: bool = False
    ratio: Rooms = Rooms(1, 1)
    turns: Rooms = Rooms(0, 0)
    hands: tuple[Hand, ...] = ()
    spoken: dict[str, int] = {}


class Why(msgspec.Struct, frozen=True):
    """A reason in a stable code, and the numbers that a sentence about it needs."""

    code: WhyNext
    values: dict[str, int] = {}


class Next(msgspec.Struct, frozen=True):
    """Who is next, and why."""

    hand: str
    why: Why


class Floor(msgspec.Struct, frozen=True):
    """The floor as everybody may see it. `line` is in fair order, at most 50; `waiting` counts all."""

    open: bool
    ratio: Rooms
    turns: Rooms
    waiting: Rooms
    line: tuple[Hand, ...] = ()
    next: Next | None = None
    called: Hand | None = None
    speaking: Hand | None = None


class OpenFloor(Command, frozen=True, tag="floor.open"):
    """Let people raise their hands (moderators)."""


class CloseFloor(Command, frozen=True, tag="floor.close"):
    """Take no more hands; those that are up stay (moderators)."""


class SetRatio(Command, frozen=True, tag="floor.ratio"):
    """Say how many of the hall speak for how many online, while both wait (moderators). Not 0 : 0."""

    hall: Annotated[int, Meta(ge=0, le=10)]
    online: Annotated[int, Meta(ge=0, le=10)]


class RaiseHand(Command, frozen=True, tag="floor.raise"):
    """Ask to speak."""

    topic: Line = ""


class LowerHand(Command, frozen=True, tag="floor.lower"):
    """Take one's own hand down; who is speaking has done."""


class AddHand(Command, frozen=True, tag="floor.add"):
    """Put somebody at the hall's microphone into the queue, by name (hall, moderators)."""

    name: Name
    affiliation: Line = ""
    title: Line = ""
    topic: Line = ""


class RemoveHand(Command, frozen=True, tag="floor.remove"):
    """Take somebody's hand down (moderators; hall: of those in the hall)."""

    hand: Id


class CallHand(Command, frozen=True, tag="floor.call"):
    """Call the next in turn, or this one: their microphone may be made ready (moderators)."""

    hand: Id | None = None


class LetSpeak(Command, frozen=True, tag="floor.speak"):
    """Put the microphone of who is called on air; who spoke has done (moderators). Not where they have no
    connection."""

    hand: Id


class EndTurn(Command, frozen=True, tag="floor.done"):
    """Take the microphone of who speaks off the air (moderators)."""

    hand: Id


class SkipHand(Command, frozen=True, tag="floor.skip"):
    """Pass somebody over who is not ready: they wait on, behind who waits now (moderators)."""

    hand: Id


class PutFirst(Command, frozen=True, tag="floor.first"):
    """Let somebody go before all who wait, behind others who were let (moderators)."""

    hand: Id


class FloorOpened(Event, frozen=True, tag="floor.opened"):
    pass


class FloorClosed(Event, frozen=True, tag="floor.closed"):
    pass


class RatioSet(Event, frozen=True, tag="floor.ratio_set"):
    """Turns are counted anew."""

    ratio: Rooms


class HandRaised(Event, frozen=True, tag="floor.raised"):
    """Also of who was put in by name: `by` is who did."""

    hand: Hand


class HandLowered(Event, frozen=True, tag="floor.lowered"):
    """Out of the queue without having spoken."""

    hand: str


class HandCalled(Event, frozen=True, tag="floor.called"):
    """They are next to speak, and why. `counted`: it uses up a turn of their room."""

    hand: str
    why: Why
    counted: bool


class HandSpeaking(Event, frozen=True, tag="floor.speaking"):
    """On air."""

    hand: str


class HandDone(Event, frozen=True, tag="floor.done"):
    """Off the air, and out of the queue."""

    hand: str


class HandSkipped(Event, frozen=True, tag="floor.skipped"):
    hand: str


class HandPutFirst(Event, frozen=True, tag="floor.put_first"):
    hand: str


class FloorRestored(Event, frozen=True, tag="floor.restored"):
    """The whole queue, where a log that was lost is written anew."""

    queue: FloorQueue


FloorCommand = (
    OpenFloor
    | CloseFloor
    | SetRatio
    | RaiseHand
    | LowerHand
    | AddHand
    | RemoveHand
    | CallHand
    | LetSpeak
    | EndTurn
    | SkipHand
    | PutFirst
)
FloorEvent = (
    FloorOpened
    | FloorClosed
    | RatioSet
    | HandRaised
    | HandLowered
    | HandCalled
    | HandSpeaking
    | HandDone
    | HandSkipped
    | HandPutFirst
    | FloorRestored
)
