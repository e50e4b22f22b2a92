"""The stage: commands and facts."""

from __future__ import annotations

from signaling.protocol.base import Command, Event, Id, Person


class BringOn(Command, frozen=True, tag="stage.bring_on"):
    """Put a person on stage, as the main picture (producers, chairs)."""

    participant: Id


class TakeOff(Command, frozen=True, tag="stage.take_off"):
    """Take a person off stage (producers, chairs)."""

    participant: Id


class BroughtOn(Event, frozen=True, tag="stage.brought_on"):
    """Now on stage, and the main picture."""

    person: Person


class TakenOff(Event, frozen=True, tag="stage.taken_off"):
    person: str


StageCommand = BringOn | TakeOff
StageEvent = BroughtOn | TakenOff
