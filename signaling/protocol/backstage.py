"""Backstage: who talks there, and what each person there is sent back."""

from __future__ import annotations

from typing import Literal

import msgspec

from signaling.protocol.base import Command, Event, Person, Role
from signaling.protocol.cues import CueState

ReturnFeed = Literal["programme", "hall", "backstage", "off"]
"""What somebody is sent back, without their own voice: what the audience gets; the hall, and who else is
on stage; the others backstage; nothing."""

ReturnCue = Literal[CueState, "none"]
"""Where somebody stands on the way to the stage; `none`: they are no speaker of this session."""


class Return(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One place of the matrix: what a person of this role at this cue is sent back."""

    role: Role
    cue: ReturnCue
    feed: ReturnFeed


class EnterBackstage(Command, frozen=True, tag="backstage.enter"):
    """Talk with those backstage (interpreters, moderators, chairs, producers); speakers do by their cue."""


class LeaveBackstage(Command, frozen=True, tag="backstage.leave"):
    """Talk with those backstage no more."""


class SetReturn(Command, frozen=True, tag="backstage.set_return"):
    """Change what a role is sent back at a cue (producers)."""

    place: Return


class BackstageEntered(Event, frozen=True, tag="backstage.entered"):
    """Seen, as all of these, by speakers, interpreters and staff."""

    person: Person


class BackstageLeft(Event, frozen=True, tag="backstage.left"):
    person: str


class ReturnSet(Event, frozen=True, tag="backstage.return_set"):
    place: Return


BackstageCommand = EnterBackstage | LeaveBackstage | SetReturn
BackstageEvent = BackstageEntered | BackstageLeft | ReturnSet
