"""Reactions: applause and the like. Never facts: they are counted, told in sums, and forgotten."""

from __future__ import annotations

from typing import Literal

import msgspec

from signaling.protocol.base import Command

Reaction = Literal["clap", "heart", "laugh", "wow", "thanks"]


class ReactionTotal(msgspec.Struct, frozen=True):
    """How often a reaction was given since the tick before."""

    reaction: Reaction
    count: int


class React(Command, frozen=True, tag="reaction.send"):
    """Applaud, or the like; acknowledged when it has been passed on, and kept nowhere."""

    reaction: Reaction


ReactionCommand = React
