"""What the doors of invitations take and give, and how they are described (OpenAPI)."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from signaling.invitation import Code, GuestName, Invitation, NewInvitation, Offer
from signaling.openapi import Operation
from signaling.protocol import Id, Role


class MadeInvitation(msgspec.Struct, frozen=True):
    """A new invitation and, this once, its code: alone, as a link, and as a picture of the link.

    `qr` is an SVG as a `data:` URL.
    """

    invitation: Invitation
    code: str
    link: str
    qr: str


class Door(msgspec.Struct, frozen=True):
    """What lets phones in the hall in: a link, and a picture of it, an SVG as a `data:` URL."""

    link: str
    qr: str


class InvitationList(msgspec.Struct, frozen=True):
    """Invitations, oldest first."""

    invitations: tuple[Invitation, ...]


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code, to be told what it is for. `client` is the browser's own secret, kept by it."""

    code: Code
    client: Code | None = None


class Exchange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code to be exchanged for a token, by one browser (`client`), under a name if one is asked for.

    `session` says which, where an event's invitation opens several.
    """

    code: Code
    client: Code
    name: GuestName = ""
    session: Id | None = None


class Admission(msgspec.Struct, frozen=True):
    """The token of a seat, when it expires (seconds since 1970), and the page that it is for."""

    token: str
    expires: int
    sub: str
    name: str
    role: Role
    session: str
    page: Annotated[str, Meta(max_length=20)]


_MAKE: Final = (400, 401, 403, 404, 409, 413, 415, 503)

OPERATIONS: Final = (
    Operation(
        "POST",
        "/api/invitations",
        "createInvitation",
        "Invite to a session (its producer) or to an event (owner of all); the code is told this once.",
        status=201,
        takes=NewInvitation,
        gives=MadeInvitation,
        refuses=_MAKE,
        tag="invitations",
    ),
    Operation(
        "GET",
        "/api/invitations",
        "listInvitations",
        "List the invitations to a session or to an event.",
        gives=InvitationList,
        refuses=(400, 401, 403, 404, 503),
        query={"session": "A session's id.", "event": "Or an event's."},
        tag="invitations",
    ),
    Operation(
        "DELETE",
        "/api/invitations/{invitation}",
        "revokeInvitation",
        "Withdraw an invitation: it lets nobody in any more, and who came by it is put out.",
        status=204,
        refuses=(401, 403, 404, 503),
        tag="invitations",
    ),
    Operation(
        "POST",
        "/api/sessions/{session}/door",
        "showDoor",
        "Return the link that the hall's screen shows to phones; withdrawn, it is another one.",
        gives=Door,
        refuses=(401, 403, 404, 409, 503),
        tag="invitations",
    ),
    Operation(
        "POST",
        "/api/invitations/look",
        "lookAtInvitation",
        "Say what a code is for; nothing is used up.",
        takes=Shown,
        gives=Offer,
        refuses=(400, 403, 404, 413, 415, 503),
        secured=False,
        tag="invitations",
    ),
    Operation(
        "POST",
        "/api/invitations/exchange",
        "exchangeInvitation",
        "Exchange a code for a token of ten minutes; the same browser gets the same seat again.",
        takes=Exchange,
        gives=Admission,
        refuses=(400, 403, 404, 409, 413, 415, 503),
        secured=False,
        tag="invitations",
    ),
)
