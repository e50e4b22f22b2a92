"""What every subject of the protocol is made of: ids, people, and what makes a command and an event."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

PROTOCOL_VERSION = 1


MAX_FRAME_BYTES = 16 * 1024
"""Longest frame a client may send (faults.md, row 17)."""


MAX_DEPTH = 8
"""Deepest nesting a client's JSON may have (faults.md, row 17)."""


Role = Literal["viewer", "hall", "speaker", "interpreter", "moderator", "chair", "producer", "owner"]


Place = Literal["online", "hall"]


Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+(?!\n)$")]


Title = Annotated[str, Meta(min_length=1, max_length=200)]


Line = Annotated[str, Meta(max_length=200)]


Name = Annotated[str, Meta(min_length=1, max_length=200)]


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who somebody is, as others may see it. `billed`: whom of the programme their invitation names."""

    id: str
    name: str
    role: Role
    affiliation: str = ""
    title: str = ""
    place: Place = "online"
    billed: str = ""


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type"):
    """An intent. `id` is the client's idempotency id: the same id twice is done once."""

    id: Id


class Event(msgspec.Struct, frozen=True, tag_field="type", kw_only=True):
    """A fact. `seq` counts up by one in the log; an audience sees the numbers it may see."""

    seq: int = 0
    at: int
    by: str
    """The participant who caused it, or `system`."""
