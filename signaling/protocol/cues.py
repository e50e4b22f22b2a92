"""Cues: each speaker's way to the stage and off it, and the order they speak in."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signaling.protocol.base import Command, Event, Id, Person

CueState = Literal["invited", "checked", "backstage", "standby", "on_air", "cleared"]


class CueStep(msgspec.Struct, frozen=True):
    """One step of a speaker: to where, when, and by whom."""

    state: CueState
    at: int
    by: str


class Cue(msgspec.Struct, frozen=True, omit_defaults=True):
    """One speaker's way. `id` is the programme's for who is billed, else the participant's own.

    `person`: who it is that speaks, once known. `acknowledged`: when they said they are ready, while on
    standby. `steps`: the newest 20, the present one last.
    """

    id: str
    state: CueState
    at: int
    by: str
    person: Person | None = None
    acknowledged: int | None = None
    steps: tuple[CueStep, ...] = ()


class InviteSpeaker(Command, frozen=True, tag="cue.invite"):
    """Put somebody who is not billed on the list, or back on it (producers, chairs)."""

    participant: Id


class BindSpeaker(Command, frozen=True, tag="cue.bind"):
    """Say which participant a billed speaker is (producers, chairs)."""

    speaker: Id
    participant: Id


class CheckSpeaker(Command, frozen=True, tag="cue.check"):
    """Say that picture and sound are well (producers, chairs); a good pre-flight says so by itself."""

    speaker: Id


class ArriveBackstage(Command, frozen=True, tag="cue.arrive"):
    """Be backstage oneself (speakers, chairs)."""


class SendBackstage(Command, frozen=True, tag="cue.backstage"):
    """Take a speaker backstage, from wherever they are but the stage (producers, chairs)."""

    speaker: Id


class StandBy(Command, frozen=True, tag="cue.standby"):
    """Tell a speaker that they are about to go on (producers, chairs)."""

    speaker: Id


class AcknowledgeStandby(Command, frozen=True, tag="cue.acknowledge"):
    """Say that one is ready to go on (the speaker, on standby)."""


class ClearSpeaker(Command, frozen=True, tag="cue.clear"):
    """Say that a speaker is done, or does not come, without their being on stage (producers, chairs)."""

    speaker: Id


class OrderSpeakers(Command, frozen=True, tag="cue.order"):
    """Set who speaks after whom; those left out follow, as the programme has them (producers, chairs)."""

    speakers: Annotated[tuple[Id, ...], Meta(max_length=200)]


class CueChanged(Event, frozen=True, tag="cue.changed"):
    """A cue whole, as it is from now on. Seen by speakers, interpreters and staff, as all of these."""

    cue: Cue


class CueDropped(Event, frozen=True, tag="cue.dropped"):
    """There is no such cue any more: it was the same person's as another one."""

    cue: str


class SpeakersOrdered(Event, frozen=True, tag="cue.ordered"):
    speakers: tuple[str, ...]


CueCommand = (
    InviteSpeaker
    | BindSpeaker
    | CheckSpeaker
    | ArriveBackstage
    | SendBackstage
    | StandBy
    | AcknowledgeStandby
    | ClearSpeaker
    | OrderSpeakers
)
CueEvent = CueChanged | CueDropped | SpeakersOrdered
