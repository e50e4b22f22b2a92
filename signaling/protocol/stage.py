"""The stage: commands and facts.

Every command here is a *cut*. With `seen`, the version of the stage that whoever gives it had before
them, it is done only if nobody has cut since.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from signaling.protocol.base import Command, Event, Id, Line, Person

Version = Annotated[int, Meta(ge=0)]


class Air(msgspec.Struct, frozen=True, omit_defaults=True):
    """What goes out, beside who is on stage. `version`: the `seq` of the last cut.

    `slate`: the words shown in place of the stage, while they are. `muted`: who on stage is not heard.
    """

    version: int = 0
    slides: bool = True
    slate: str | None = None
    muted: tuple[str, ...] = ()


class StageNow(msgspec.Struct, frozen=True):
    """The stage as it is, told to whom a cut was refused because somebody else was quicker."""

    people: tuple[Person, ...]
    air: Air


class BringOn(Command, frozen=True, tag="stage.bring_on"):
    """Put a person on stage, as the main picture (producers, chairs)."""

    participant: Id
    seen: Version | None = None


class TakeOff(Command, frozen=True, tag="stage.take_off"):
    """Take a person off stage (producers, chairs)."""

    participant: Id
    seen: Version | None = None


class HandOver(Command, frozen=True, tag="stage.hand_over"):
    """Take the main picture off and bring the next speaker on, in one cut (producers, chairs).

    `to` is another speaker than the next in the order.
    """

    to: Id | None = None
    seen: Version | None = None


class Mute(Command, frozen=True, tag="stage.mute"):
    """Let somebody on stage not be heard (producers, chairs)."""

    participant: Id
    seen: Version | None = None


class Unmute(Command, frozen=True, tag="stage.unmute"):
    """Let somebody on stage be heard again (producers, chairs)."""

    participant: Id
    seen: Version | None = None


class ShowSlides(Command, frozen=True, tag="stage.show_slides"):
    """Show the slides of those on stage (producers, chairs)."""

    seen: Version | None = None


class HideSlides(Command, frozen=True, tag="stage.hide_slides"):
    """Show no slides (producers, chairs)."""

    seen: Version | None = None


class ShowSlate(Command, frozen=True, tag="stage.slate"):
    """Show the audience a slate in place of the stage, without sound (producers, chairs)."""

    text: Line = ""
    seen: Version | None = None


class LiftSlate(Command, frozen=True, tag="stage.lift_slate"):
    """Show the stage again (producers, chairs)."""

    seen: Version | None = None


class BroughtOn(Event, frozen=True, tag="stage.brought_on"):
    """Now on stage, and the main picture."""

    person: Person


class TakenOff(Event, frozen=True, tag="stage.taken_off"):
    person: str


class Muted(Event, frozen=True, tag="stage.muted"):
    person: str


class Unmuted(Event, frozen=True, tag="stage.unmuted"):
    person: str


class SlidesSwitched(Event, frozen=True, tag="stage.slides_switched"):
    shown: bool


class SlateShown(Event, frozen=True, tag="stage.slate_shown"):
    """A slate with these words; who is on stage stays there, unseen and unheard."""

    text: str


class SlateLifted(Event, frozen=True, tag="stage.slate_lifted"):
    pass


StageCommand = BringOn | TakeOff | HandOver | Mute | Unmute | ShowSlides | HideSlides | ShowSlate | LiftSlate
StageEvent = BroughtOn | TakenOff | Muted | Unmuted | SlidesSwitched | SlateShown | SlateLifted
