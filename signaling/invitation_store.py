"""The invitations in Redis: one hash each, found by the hash of its code, and one of its seats.

Owns the keys `rostrum:invitation:{<id>}` and `rostrum:invitation:{<id>}:seats` (the braces are a hash
tag), and the sets that list them, `rostrum:{<session>}:invitations` and
`rostrum:programme:{<event>}:invitations`. The law: neither a code nor a browser's id is ever in Redis,
only their hashes; and of two who want the last seat one gets it. This module must not know what an
invitation gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from redis.asyncio import Redis

from signaling.invitation import Invitation, hashed, id_of, participant
from signaling.log import answer, reaching

_LUA: Final = Path(__file__).parent / "lua"
_decode: Final = msgspec.json.Decoder(Invitation).decode
_encode: Final = msgspec.json.encode

Outcome = Literal["seated", "absent", "revoked", "expired", "used_up"]


@dataclass(frozen=True, slots=True)
class Seat:
    """What became of a wish for a seat; `held`: this browser had it before."""

    outcome: Outcome
    invitation: Invitation | None
    held: bool


class InvitationStore:
    """All invitations. Every method raises LogUnavailable while Redis cannot be reached."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._seat = redis.register_script((_LUA / "seat.lua").read_text())

    async def add(self, invitation: Invitation) -> None:
        """Keep a new invitation."""
        fields: dict[Any, str] = {"body": _encode(invitation).decode(), "seats": str(invitation.seats)}
        if invitation.expires is not None:
            fields["expires"] = str(invitation.expires)
        async with reaching():
            # The list is another slot of a cluster, so it comes first: an id without a hash does no harm.
            await answer(self._redis.sadd(_list(invitation.session, invitation.event), invitation.id))
            await answer(self._redis.hset(_key(invitation.id), mapping=fields))

    async def read(self, invitation_id: str) -> Invitation | None:
        """Return an invitation, with how many of its seats are taken."""
        async with reaching(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hmget(_key(invitation_id), ["body", "revoked"])
            pipeline.hlen(_seats(invitation_id))
            (body, revoked), taken = await pipeline.execute()
        return _invitation(body, revoked, taken) if body else None

    async def list(self, session: str | None, event: str | None) -> tuple[Invitation, ...]:
        """Return the invitations of a session or of an event, oldest first."""
        async with reaching():
            ids = sorted(await answer(self._redis.smembers(_list(session, event))))
        async with reaching(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.exists(_list(session, event))
            for one in ids:
                pipeline.hmget(_key(one), ["body", "revoked"])
                pipeline.hlen(_seats(one))
            _, *said = await pipeline.execute()
        found = [
            _invitation(body, revoked, taken)
            for (body, revoked), taken in zip(said[::2], said[1::2], strict=True)
            if body
        ]
        return tuple(sorted(found, key=lambda one: (one.created, one.id)))

    async def look(self, code: str, client: str = "") -> Seat:
        """Return what a code would give this browser; nothing is used up."""
        return await self._ask(code, client, take=False)

    async def take(self, code: str, client: str) -> Seat:
        """Give this browser a seat, or the one that it has."""
        return await self._ask(code, client, take=True)

    async def _ask(self, code: str, client: str, *, take: bool) -> Seat:
        one = id_of(code)
        found = await self.read(one)
        if found is None:
            return Seat("absent", None, False)
        args = [hashed(client), participant(found, client), "" if take else "1"]
        async with reaching():
            outcome, body, held = await answer(self._seat(keys=[_key(one), _seats(one)], args=args))
        return Seat(outcome, _decode(body) if body else None, bool(held))

    async def revoke(self, invitation_id: str, at: int) -> None:
        """Let it give no seat any more; the first word stands."""
        async with reaching():
            await answer(self._redis.hsetnx(_key(invitation_id), "revoked", str(at)))

    async def seated(self, invitation_id: str) -> tuple[str, ...]:
        """Return the participants who have a seat."""
        async with reaching():
            return tuple(sorted(await answer(self._redis.hvals(_seats(invitation_id)))))


def _invitation(body: str, revoked: str | None, taken: int) -> Invitation:
    at = int(revoked) if revoked else None
    return msgspec.structs.replace(_decode(body), revoked=at, taken=taken)


def _key(invitation_id: str) -> str:
    return f"rostrum:invitation:{{{invitation_id}}}"


def _seats(invitation_id: str) -> str:
    return f"{_key(invitation_id)}:seats"


def _list(session: str | None, event: str | None) -> str:
    if session is not None:
        return f"rostrum:{{{session}}}:invitations"
    return f"rostrum:programme:{{{event}}}:invitations"
