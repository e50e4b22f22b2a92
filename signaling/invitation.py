"""An invitation: what its link gives, to how many, and until when. Pure.

The law: a code has 160 bits and is told once, to who made it; what is kept is its hash, and the
invitation's id is the beginning of that. Only a hall's door, whose screen shows its code all day, has one
that is worked out anew each time, from the server's secret; nor is that one kept. A seat belongs to a
browser (its own secret id, hashed too): the same browser gets the same seat again, so a reload takes none.
What a token may do is decided elsewhere (auth.py); here it is only said what the token says.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from signaling.auth import LIFETIME, Claims, may_send
from signaling.errors import Conflict, Forbidden, NotFound, SignalingError
from signaling.programme.model import EventId
from signaling.protocol import Billed, Id, Line, Place, Role, Session, Status, Timetable, Title
from signaling.written import line
from stream.plan import SOURCES, Source

CODE_BYTES: Final = 20
"""Bytes of chance in a code: 160 bits; 27 characters of a link."""

MOST_SEATS: Final = 100_000

DEVICES: Final = 5
"""Seats of who is billed, unless said otherwise: one computer fails, and the link is opened on the next."""

GuestRole = Literal["viewer", "hall", "speaker", "interpreter", "moderator", "chair", "producer"]
"""Everybody but owners: a link does not hand out the house."""

Naming = Literal["fixed", "required", "optional"]
"""Who says the guest's name: the invitation, or the guest, who must or may."""

Code = Annotated[str, Meta(min_length=22, max_length=64, pattern=r"^[A-Za-z0-9_-]+(?!\n)$")]
"""What a link carries, and what a browser calls itself: at least 128 bits, as base64url."""

GuestName = Annotated[str, Meta(max_length=100)]

PAGES: Final[dict[Role, str]] = {
    "speaker": "speak",
    "moderator": "moderate",
    "chair": "direct",
    "producer": "direct",
    "owner": "direct",
    "hall": "hall",
}
"""The page of a role; for everybody else, `watch`."""

_AT_WORK: Final = frozenset({"hall", "interpreter", "moderator", "chair", "producer"})
"""Roles for which an event's invitation opens also what is by invitation only."""

_NAMELESS: Final[dict[Role, str]] = {"hall": "Hall"}


class NewInvitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom a link lets in: to one `session`, or to those of an `event`, of which one is chosen on the way in.

    With `name` it is fixed, without, the guest may say one (`naming`). `billed` is who the programme
    names: name, affiliation and title are then the programme's, and those given, or else the programme's of
    today, where it names them no more. `publish`: without, all that the role may
    send. `seats` is how many browsers may use it: without, one, but a person's several devices for who is
    `billed`. `expires` (ms) is until when a new one may. `note` is for who made it.
    """

    role: GuestRole
    session: Id | None = None
    event: EventId | None = None
    name: GuestName = ""
    naming: Naming | None = None
    affiliation: GuestName = ""
    title: GuestName = ""
    place: Place = "online"
    publish: Annotated[tuple[Source, ...], Meta(max_length=len(SOURCES))] | None = None
    billed: Id | None = None
    seats: Annotated[int, Meta(ge=1, le=MOST_SEATS)] | None = None
    expires: Annotated[int, Meta(ge=0)] | None = None
    note: Line = ""


class Invitation(msgspec.Struct, frozen=True, omit_defaults=True):
    """An invitation as its maker may see it again: without its code. `taken` counts its seats in use."""

    id: str
    role: GuestRole
    naming: Naming
    seats: int
    created: int
    by: str
    session: str | None = None
    event: str | None = None
    name: str = ""
    affiliation: str = ""
    title: str = ""
    place: Place = "online"
    publish: tuple[Source, ...] = ()
    billed: str = ""
    expires: int | None = None
    note: str = ""
    taken: int = 0
    revoked: int | None = None


class Offered(msgspec.Struct, frozen=True, omit_defaults=True):
    """A session that an invitation opens; `expected`: when it is to begin and to end, as it looks now."""

    id: str
    title: Title
    status: Status
    start: int | None = None
    end: int | None = None
    zone: str = ""
    room: str = ""
    expected: Timetable | None = None


class Offer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an invitation is for, told to who has its code; nothing is used up by asking.

    `name` is set where it is fixed. `seated`: this browser has a seat already, so it takes no other.
    """

    role: GuestRole
    page: str
    naming: Naming
    sessions: tuple[Offered, ...]
    event: str | None = None
    name: str = ""
    affiliation: str = ""
    title: str = ""
    place: Place = "online"
    seated: bool = False


def new_code() -> str:
    """Return a fresh code."""
    return secrets.token_urlsafe(CODE_BYTES)


def door_code(key: bytes, session: str, turn: int) -> str:
    """Return the code of a session's door in the hall; another `turn` is another code."""
    mac = hmac.digest(key, f"{session} {turn}".encode(), "sha256")
    return base64.urlsafe_b64encode(mac[:CODE_BYTES]).decode().rstrip("=")


def door(session: str, code: str, *, now: int) -> Invitation:
    """Return the invitation that a hall's screen shows: a seat in the hall for every phone."""
    wanted = NewInvitation("viewer", session, place="hall", seats=MOST_SEATS, note="The hall's door")
    return made(wanted, code, by="system", now=now)


def hashed(secret: str) -> str:
    """Return what is kept of a code or of a browser's id; 128 bits of chance need no salt, no stretching."""
    return hashlib.sha256(secret.encode()).hexdigest()


def id_of(code: str) -> str:
    """Return the id of the invitation that a code opens."""
    return f"i-{hashed(code)[:16]}"


def participant(invitation: Invitation, client: str) -> str:
    """Return who a browser is by an invitation: the same again for the same two.

    Who is billed is who the programme says, on whatever device.
    """
    if invitation.billed:
        return invitation.billed
    digest = hashlib.sha256(f"{invitation.id}\n{hashed(client)}".encode()).hexdigest()
    return f"{invitation.role}-{digest[:12]}"


def made(wanted: NewInvitation, code: str, *, by: str, now: int, billed: Billed | None = None) -> Invitation:
    """Return the invitation that is wanted; raises Conflict where it contradicts itself.

    `billed` is who the programme says it is for, kept for when it does not say so any more.
    """
    if (wanted.session is None) is (wanted.event is None):
        raise Conflict("bad_invitation", "An invitation is for one session, or for one event.")
    name = line(wanted.name)
    naming = wanted.naming or ("fixed" if name or wanted.billed else "optional")
    if (naming == "fixed") is not bool(name or wanted.billed):
        raise Conflict("bad_invitation", "A fixed name needs a name, and a name that is given is fixed.")
    sources = may_send(wanted.role)
    publish = sources if wanted.publish is None else wanted.publish
    if set(publish) - set(sources):
        raise Conflict("bad_invitation", f"The role {wanted.role} may not send all of this.")
    if wanted.expires is not None and wanted.expires <= now:
        raise Conflict("bad_invitation", "The invitation would have expired already.")
    return Invitation(
        id=id_of(code),
        role=wanted.role,
        naming=naming,
        seats=wanted.seats or (DEVICES if wanted.billed else 1),
        created=now,
        by=by,
        session=wanted.session,
        event=wanted.event,
        name=name or (billed.name if billed else ""),
        affiliation=line(wanted.affiliation) or (billed.affiliation if billed else ""),
        title=line(wanted.title) or (billed.title if billed else ""),
        place=wanted.place,
        publish=publish,
        billed=wanted.billed or "",
        expires=wanted.expires,
        note=wanted.note,
    )


def opens(invitation: Invitation, session: Session) -> bool:
    """Say whether an invitation opens a session: its own, or one of its event.

    What is by invitation only needs an invitation of its own, but for who works there.
    """
    if invitation.session is not None:
        return invitation.session == session.id
    programme = session.programme
    if programme is None or programme.event != invitation.event:
        return False
    return programme.visibility == "public" or invitation.role in _AT_WORK


def offer(
    invitation: Invitation,
    sessions: tuple[Session, ...],
    expected: Mapping[str, Timetable],
    *,
    seated: bool,
    billed: Billed | None = None,
) -> Offer:
    """Return what an invitation is for; of `sessions`, those that it opens. `expected`: times by session.

    `billed` is who the event's programme says it is for.
    """
    opened = tuple(session for session in sessions if opens(invitation, session))
    billed = _billed(invitation, opened) or billed
    return Offer(
        role=invitation.role,
        page=PAGES.get(invitation.role, "watch"),
        naming=invitation.naming,
        sessions=tuple(_offered(session, expected.get(session.id)) for session in opened),
        event=invitation.event,
        name=billed.name if billed else invitation.name,
        affiliation=billed.affiliation if billed else invitation.affiliation,
        title=billed.title if billed else invitation.title,
        place=invitation.place,
        seated=seated,
    )


def claims(
    invitation: Invitation,
    session: Session,
    client: str,
    *,
    name: str,
    gen: int,
    now: float,
    billed: Billed | None = None,
) -> Claims:
    """Return what the token of a seat says; `name` is the guest's own word. Raises Conflict, Forbidden.

    `billed` is who the event's programme says it is for: a session that does not bill them calls them so too.
    """
    if not opens(invitation, session):
        raise Forbidden("invitation_needed", "This session needs an invitation of its own.")
    billed = _billed(invitation, (session,)) or billed
    return Claims(
        sub=participant(invitation, client),
        session=session.id,
        role=invitation.role,
        name=_name(invitation, billed, line(name)),
        iat=int(now),
        exp=int(now) + LIFETIME,
        affiliation=(billed.affiliation if billed else invitation.affiliation)[:100],
        title=(billed.title if billed else invitation.title)[:100],
        place=invitation.place,
        publish=invitation.publish,
        gen=gen,
        invitation=invitation.id,
        event=invitation.event or "",
        billed=invitation.billed,
    )


def refusal(why: Literal["absent", "revoked", "expired", "used_up"]) -> SignalingError:
    """Return the error that says why a code opens nothing."""
    match why:
        case "absent":
            return NotFound(
                "invitation_not_found", "There is no such invitation; see that the link is complete."
            )
        case "revoked":
            return Forbidden("invitation_revoked", "This invitation has been withdrawn.")
        case "expired":
            return Forbidden("invitation_expired", "This invitation has expired.")
        case "used_up":
            return Forbidden("invitation_used_up", "This invitation has been used on another device already.")


def _billed(invitation: Invitation, sessions: tuple[Session, ...]) -> Billed | None:
    for session in sessions:
        if invitation.billed and session.programme is not None:
            for one in (*session.programme.speakers, *session.programme.chairs):
                if one.id == invitation.billed:
                    return one
    return None


def _name(invitation: Invitation, billed: Billed | None, said: str) -> str:
    if invitation.naming == "fixed":
        # Never the id: it would stand on stage.
        said = (billed.name if billed else invitation.name)[:100]
    if not said and invitation.naming == "required":
        raise Conflict("name_needed", "Please say your name.")
    return said or invitation.affiliation or _NAMELESS.get(invitation.role, "Guest")


def _offered(session: Session, expected: Timetable | None) -> Offered:
    programme = session.programme
    if programme is None:
        return Offered(session.id, session.title, session.status)
    return Offered(
        session.id,
        session.title,
        session.status,
        programme.start,
        programme.end,
        programme.zone,
        programme.room,
        expected,
    )
