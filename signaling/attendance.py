"""Who was in a session, from when to when, how many at most and on average: kept in Redis while it lasts.

Owns the keys `rostrum:{<session>}:attended` (who, as they last said, and who acted without being there),
`…:arrived` and `…:departed` (when, by Redis's clock) and `…:attendance` (the peak, and person-seconds for the
average). The law: only what was seen is counted, so a gap in which nobody counted adds nothing; a person with
many tabs is one; peak and average are of the time in which the session was live; and of a session that has
been deleted nothing is written any more, whoever has not heard of it yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from redis.asyncio import Redis

from signaling.log import answer, reaching
from signaling.protocol import Person
from signaling.session.erase import nobody

GAP: Final = 15.0
"""Seconds between two counts that count as seen; workers count at least three times as often."""

_LUA: Final = Path(__file__).parent / "lua"


class Here(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who is on one connection, and the language that their page speaks (BCP 47)."""

    person: Person
    language: str = ""


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody who was there; times are ms since 1970. `departed` is None where nobody saw them go."""

    here: Here
    arrived: int
    departed: int | None


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who was there, in order of arrival; `live` is for how many seconds it was counted."""

    attendees: tuple[Attendee, ...] = ()
    peak: int = 0
    peak_at: int | None = None
    peak_online: int = 0
    peak_hall: int = 0
    average: float = 0.0
    live: float = 0.0


_decode: Final = msgspec.json.Decoder(Here).decode
_encode: Final = msgspec.json.encode


class AttendanceBook:
    """All sessions' attendance. Every method raises LogUnavailable while Redis cannot be reached."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._note = redis.register_script((_LUA / "attended.lua").read_text())
        self._count = redis.register_script((_LUA / "attendance.lua").read_text())

    async def note(self, session: str, arrived: Iterable[Here], departed: Iterable[str]) -> None:
        """Write down who came, and by id who went."""
        came = [part for here in arrived for part in (here.person.id, _encode(here).decode())]
        await self._write(session, [len(came), 0, *came, *departed])

    async def acted(self, session: str, person: Person) -> None:
        """Write down what somebody is called who does something here without being there, for the audit."""
        await self._write(session, [0, 2, person.id, _encode(Here(person)).decode()])

    async def names(self, session: str, participants: Sequence[str]) -> dict[str, str]:
        """Return what these are called, as far as they were there or have acted."""
        if not participants:
            return {}
        async with reaching():
            said = await answer(self._redis.hmget(_key(session, "attended"), [*participants]))
        return {sub: _decode(here).person.name for sub, here in zip(participants, said, strict=True) if here}

    async def count(self, session: str, online: int, hall: int, *, live: bool) -> None:
        """Write down how many are there now, and whether the session is live."""
        args = [online, hall, "1" if live else "", int(GAP * 1000)]
        async with reaching():
            await answer(self._count(keys=[_key(session, "attendance"), _key(session, "head")], args=args))

    async def read(self, session: str) -> Attendance:
        """Return all that is known of a session's attendance."""
        async with reaching(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hgetall(_key(session, "attended"))
            pipeline.zrange(_key(session, "arrived"), 0, -1, withscores=True)
            pipeline.zrange(_key(session, "departed"), 0, -1, withscores=True)
            pipeline.hgetall(_key(session, "attendance"))
            who, arrived, departed, counted = await pipeline.execute()
        went = {sub: int(at) for sub, at in departed}
        attendees = tuple(
            Attendee(_decode(who[sub]), int(at), went.get(sub)) for sub, at in arrived if sub in who
        )
        live = float(counted.get("ms", 0))
        return Attendance(
            attendees=attendees,
            peak=int(counted.get("peak", 0)),
            peak_at=int(counted["peak_at"]) if "peak_at" in counted else None,
            peak_online=int(counted.get("peak_online", 0)),
            peak_hall=int(counted.get("peak_hall", 0)),
            average=float(counted.get("person_ms", 0)) / live if live else 0.0,
            live=live / 1000,
        )

    async def erase(self, session: str, participant: str) -> None:
        """Keep that somebody was there, without a name; nothing if they were not."""
        key = _key(session, "attended")
        async with reaching():
            said = await answer(self._redis.hget(key, participant))
            if said is not None:
                here = _decode(said)
                kept = msgspec.structs.replace(here, person=nobody(here.person))
                await answer(self._redis.hset(key, participant, _encode(kept).decode()))

    async def _write(self, session: str, args: list[str | int]) -> None:
        keys = [_key(session, part) for part in ("attended", "arrived", "departed", "head")]
        async with reaching():
            await answer(self._note(keys=keys, args=args))


def _key(session: str, part: str) -> str:
    return f"rostrum:{{{session}}}:{part}"
