"""From a wish for a token to the claims that it is to carry: pure.

The law: what is not asked for is the role's own (what it may send), and nothing is given that the
role's rights (signaling/auth.py) could not use. Who may hand out which token is decided there.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from signaling.auth import LIFETIME, Claims, Reach, may_send
from signaling.protocol import Id, Place, Role
from signaling.written import line
from stream.plan import Source

MAX_LIFETIME: Final = 24 * 3600
"""Seconds a token may live at most: a day at a conference."""


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom a token is for. `lifetime` is in seconds; without `publish`, all that the role may send."""

    session: Reach
    role: Role
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    sub: Id | None = None
    affiliation: Annotated[str, Meta(max_length=100)] = ""
    title: Annotated[str, Meta(max_length=100)] = ""
    place: Place = "online"
    publish: tuple[Source, ...] | None = None
    lifetime: Annotated[int, Meta(ge=60, le=MAX_LIFETIME)] = LIFETIME

    def __post_init__(self) -> None:
        if not line(self.name):
            raise ValueError("The name is empty")


def claims_for(wanted: NewToken, now: float) -> Claims:
    """Return the claims of a token to be minted at `now` (seconds since 1970)."""
    return Claims(
        sub=wanted.sub or f"{wanted.role}-{secrets.token_hex(4)}",
        session=wanted.session,
        role=wanted.role,
        name=line(wanted.name),
        iat=int(now),
        exp=int(now) + wanted.lifetime,
        affiliation=line(wanted.affiliation),
        title=line(wanted.title),
        place=wanted.place,
        publish=may_send(wanted.role) if wanted.publish is None else wanted.publish,
    )
