"""Who may do what: signed claims in, one decision out.

Owns the token (a JWT, HS256 only, RFC 7519) and the one table of rights. The law: deny by default, and
nothing that a client says about itself counts, only what its token says. Time is an argument. It knows
no HTTP, no WebSocket and no session's state; whether a thing exists is asked elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, get_args

import jwt
import msgspec
from msgspec import Meta

from signaling.errors import AuthError, Forbidden
from signaling.protocol import CHANNELS, AnyCommand, Id, Place, PostChat, Role
from stream.plan import SOURCES, Source

MAX_TOKEN_BYTES: Final = 4096
LIFETIME: Final = 600
"""Seconds a token normally lives; clients refresh theirs in-band before."""

EVERY_SESSION: Final = "*"
"""The claim `session` of an owner: no real session can have this id."""

_ALGORITHM: Final = "HS256"

Reach = Annotated[str, Meta(max_length=64, pattern=r"^(\*|[A-Za-z0-9_.:-]+)(?!\n)$")]
"""A session's id, or `*`."""

ROLES: Final[tuple[Role, ...]] = get_args(Role)


class Claims(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a token says of its bearer. `iat` and `exp` are seconds since 1970.

    `publish` names the sources the bearer may send, if the role may too. `gen` is the generation of
    the bearer's tokens: raising it revokes the older ones. `invitation` is the one that let the bearer
    in, `event` says whose it is where it is an event's, `billed` who the bearer is in the programme.
    """

    sub: Id
    session: Reach
    role: Role
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    iat: int
    exp: int
    affiliation: Annotated[str, Meta(max_length=100)] = ""
    title: Annotated[str, Meta(max_length=100)] = ""
    place: Place = "online"
    publish: Annotated[tuple[str, ...], Meta(max_length=16)] = ()
    gen: int = 0
    invitation: Annotated[str, Meta(max_length=64)] = ""
    event: Annotated[str, Meta(max_length=64)] = ""
    billed: Annotated[str, Meta(max_length=64)] = ""


class Tokens:
    """Mints and verifies tokens with one shared secret of at least 32 bytes (RFC 7518, section 3.2).

    `admitted` raises AuthError or Forbidden for a good token whose bearer is no longer welcome. `now` is
    the clock that tokens go by.
    """

    def __init__(
        self,
        secret: str,
        admitted: Callable[[Claims], Awaitable[None]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.now = clock
        self._key = secret.encode()
        self._admitted = admitted

    def mint(self, claims: Claims) -> str:
        """Sign the claims; raises AuthError (`token_too_long`) above 4 KiB."""
        token = jwt.encode(msgspec.to_builtins(claims), self._key, algorithm=_ALGORITHM)
        if len(token) > MAX_TOKEN_BYTES:
            raise AuthError("token_too_long", "The token would be longer than 4 KiB.")
        return token

    def verify(self, token: str, now: float) -> Claims:
        """Return the claims of a token that is ours and not yet expired at `now` (seconds since 1970).

        Raises AuthError: `token_missing`, `token_too_long`, `token_invalid` or `token_expired`.
        """
        if not token:
            raise AuthError("token_missing", "A token is needed.")
        if len(token) > MAX_TOKEN_BYTES:
            raise AuthError("token_too_long", "The token is longer than 4 KiB.")
        try:
            # Expiry is checked below, against `now`; `iat` is not, because clocks differ.
            payload = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                options={"require": ["exp"], "verify_exp": False, "verify_iat": False},
            )
            claims = msgspec.convert(payload, Claims)
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError) as error:
            raise AuthError("token_invalid", "The token is not valid here.") from error
        if claims.exp <= now:
            raise AuthError("token_expired", "The token has expired.")
        return claims

    async def bearer(self, token: str) -> Claims:
        """Return the claims of a token that is good now, whose bearer is welcome.

        Raises what `verify` and `admitted` do.
        """
        claims = self.verify(token, self.now())
        if self._admitted is not None:
            await self._admitted(claims)
        return claims


def renewed(claims: Claims, now: float, lifetime: int = LIFETIME) -> Claims:
    """Return the same rights for `lifetime` more seconds from `now`; never shortens a long token."""
    return msgspec.structs.replace(claims, iat=int(now), exp=max(claims.exp, int(now) + lifetime))


# -- the table ------------------------------------------------------------------------------------------

COMMANDS: Final[frozenset[str]] = frozenset(
    str(command.__struct_config__.tag) for command in get_args(AnyCommand)
)

BY_CALL: Final = frozenset({"floor"})
"""Sources that need no word in the token: whether they may be sent now, the session itself says."""

PARTICULAR: Final = frozenset(f"chat.post:{channel}" for channel in CHANNELS if channel != "public")
"""What a command needs a right of its own for, beside the command's: a channel that not all read."""

_WATCH: Final = frozenset({"programme.read", "session.join", "session.read", "whep:stage"})
_FLOOR: Final = frozenset({"floor.lower", "floor.raise", "whep:floor", "whip:floor"})
_TAKE_PART: Final = (
    _WATCH
    | _FLOOR
    | {"chat.post", "chat.withdraw", "declaration.sign", "poll.vote", "reaction.send"}
    | {"question.ask", "question.vote", "question.withdraw"}
)
_BACKSTAGE: Final = frozenset({"chat.post:backstage"})
_MODERATE: Final = _TAKE_PART | {
    "chat.approve",
    "chat.delete",
    "chat.mute",
    "chat.pin",
    "chat.rules",
    "chat.unmute",
    "chat.unpin",
    "chat.words",
    "chat.post:backstage",
    "chat.post:hall",
    "chat.post:moderators",
    "floor.add",
    "floor.call",
    "floor.close",
    "floor.done",
    "floor.first",
    "floor.open",
    "floor.ratio",
    "floor.remove",
    "floor.skip",
    "floor.speak",
    "person.eject",
    "person.readmit",
    "presence.people",
    "question.answered",
    "question.answering",
    "question.approve",
    "question.dismiss",
    "question.edit",
    "question.hide",
    "question.merge",
    "question.note",
    "question.shortlist",
    "question.show",
    "questions.moderation",
    "announcement.pin",
    "announcement.unpin",
    "declaration.close",
    "declaration.hide",
    "declaration.open",
    "declaration.present",
    "declaration.show",
    "declaration.strike",
    "poll.close",
    "poll.create",
    "poll.delete",
    "poll.edit",
    "poll.hide",
    "poll.open",
    "poll.results",
    "poll.show",
}
_PUBLISH: Final = frozenset({"whip:camera", "whip:slides", "whep:return"})
_SPEAK: Final = _PUBLISH | {"cue.acknowledge", "cue.arrive", "preflight.start", "whep:solo"}
_CAPTION: Final = frozenset({"caption.send"})
_CREW: Final = frozenset({"backstage.enter", "backstage.leave", "whep:return", "whep:solo", "whip:camera"})
_STAGE: Final = frozenset(
    {
        "clock.add",
        "clock.bell",
        "clock.pause",
        "clock.set",
        "clock.start",
        "cue.backstage",
        "cue.bind",
        "cue.check",
        "cue.clear",
        "cue.invite",
        "cue.order",
        "cue.standby",
        "line.read",
        "stage.bring_on",
        "stage.hand_over",
        "stage.hide_slides",
        "stage.lift_slate",
        "stage.mute",
        "stage.show_slides",
        "stage.slate",
        "stage.take_off",
        "stage.unmute",
    }
)
_RUN: Final = frozenset({"session.doors", "session.pause", "session.resume"})
_PRODUCE: Final = (
    _MODERATE
    | _SPEAK
    | _CREW
    | _CAPTION
    | _STAGE
    | _RUN
    | {
        "backstage.set_return",
        "audit.read",
        "door.show",
        "session.describe",
        "session.end",
        "session.export",
        "session.reopen",
        "session.replay",
        "session.start",
        "session.withdraw_replay",
        "whip:hall",
    }
    | {f"token.mint:{role}" for role in ROLES if role != "owner"}
)

_INVITE: Final = frozenset({"invitation.bar", "invitation.list", "invitation.revoke"}) | {
    f"invitation.create:{role}" for role in ROLES if role != "owner"
}
_ORGANISE: Final = frozenset({"event.change", "event.delete", "event.list", "event.sessions"})

RIGHTS: Final[dict[Role, frozenset[str]]] = {
    "viewer": _TAKE_PART,
    "hall": _WATCH | {"chat.post:hall", "door.show", "floor.add", "floor.remove", "whip:hall"},
    "speaker": _TAKE_PART | _BACKSTAGE | _SPEAK,
    "interpreter": _TAKE_PART | _BACKSTAGE | _CREW | _CAPTION,
    "moderator": _MODERATE | _CREW,
    "chair": _MODERATE | _SPEAK | _CREW | _STAGE | _RUN,
    "producer": _PRODUCE | _INVITE,
    "owner": _PRODUCE
    | _INVITE
    | _ORGANISE
    | {"session.create", "session.list", "token.mint:owner"}
    | {"person.erase", "session.delete"},
}
"""Role → actions: the commands' tags, and the doors beside the WebSocket.

`session.join` is the WebSocket; `session.read`, `line.read`, `event.change` and the like are REST.
`programme.read` shows, beside what is public, the item that is the token's own session. `whip:<source>` and
`whep:<feed>` media, `token.mint:<role>` handing out a token of that role, `invitation.create:<role>` a
link to one, `door.show` the code by which phones in the hall come in, `presence.people` seeing names,
`chat.post:<channel>` saying something where not everybody reads. Whatever is not here is refused.
"""

ACTIONS: Final[tuple[str, ...]] = tuple(sorted(frozenset[str]().union(*RIGHTS.values())))


def action_of(command: AnyCommand) -> str:
    """Return what a command asks the right for: its tag, or with it the channel that it goes to."""
    tag = str(command.__struct_config__.tag)
    if isinstance(command, PostChat) and command.channel != "public":
        return f"{tag}:{command.channel}"
    return tag


def authorize(actor: Claims, action: str, session: str) -> None:
    """Raise Forbidden unless the actor may do `action` to `session` (`*`: to all sessions at once)."""
    if not _in_reach(actor, session):
        raise Forbidden("forbidden", "This token is for another session.")
    if not _has_right(actor, action):
        raise Forbidden("forbidden", f"The role {actor.role} may not do this ({action}).")


def may_send(role: Role) -> tuple[Source, ...]:
    """Return the sources that a role's tokens name; those given by call are in none."""
    return tuple(source for source in SOURCES if f"whip:{source}" in RIGHTS[role] and source not in BY_CALL)


def allowed(claims: Claims) -> tuple[str, ...]:
    """Return the commands, the channels to post in, and the WHIP sources, that the bearer may use."""
    offered = COMMANDS | PARTICULAR | {f"whip:{source}" for source in SOURCES if source not in BY_CALL}
    return tuple(sorted(action for action in offered if _has_right(claims, action)))


def _in_reach(actor: Claims, session: str) -> bool:
    if actor.session == EVERY_SESSION:
        return actor.role == "owner"
    return actor.session == session


def _has_right(actor: Claims, action: str) -> bool:
    if action not in RIGHTS[actor.role]:
        return False
    kind, _, source = action.partition(":")
    return kind != "whip" or source in actor.publish or source in BY_CALL
