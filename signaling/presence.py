"""Who is here: one lease per connection, in Redis, counted by place.

Owns the sorted sets `rostrum:{<session>}:leases`: a member is a connection's id and its person, its
score when the lease runs out by Redis's own clock (workers' clocks may differ). The law: a person with
two tabs is one; who leaves is gone at once, who vanishes with a worker is gone when the lease is; and
nobody waits for Redis: `enter` and `leave` only note what the loop then makes so, once a second at
most, which is also how often a room hears of it. While Redis is away, the last roster stands.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec
from redis.asyncio import Redis

from signaling.errors import LogUnavailable
from signaling.log import answer, reaching
from signaling.protocol import Person

LEASE = 10.0
"""Seconds a lease lasts unrenewed; with SWEEP, who vanished is gone within 12 s."""

RENEW = 3.0
"""Seconds after which leases are renewed."""

SWEEP = 2.0
"""Seconds after which a room is counted again though nobody said that anything changed."""

TICK = 1.0
"""Seconds between two rounds: the most often a room hears of presence."""

MOST_PEOPLE = 500
"""Most people told by name; those who are not viewers come first."""

_encode = msgspec.json.encode
_decode_person = msgspec.json.Decoder(Person).decode

# Redis's clock is the only one; a script with TIME may write because Redis replicates effects (≥ 5).
_RENEW = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
for i = 2, #ARGV do
  redis.call('ZADD', KEYS[1], now + tonumber(ARGV[1]), ARGV[i])
end
"""
_ROSTER = """
local time = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', tonumber(time[1]) + tonumber(time[2]) / 1e6)
return redis.call('ZRANGE', KEYS[1], 0, -1)
"""


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is in a session, each person once."""

    online: int = 0
    hall: int = 0
    people: tuple[Person, ...] = ()
    """Not viewers first, then by name; at most MOST_PEOPLE."""


def count(people: Iterable[Person]) -> Roster:
    """Count people by place, each once; who has one tab in the hall is in the hall."""
    distinct: dict[str, Person] = {}
    for person in people:
        if person.id not in distinct or person.place == "hall":
            distinct[person.id] = person
    ordered = sorted(distinct.values(), key=lambda p: (p.role == "viewer", p.name, p.id))
    hall = sum(person.place == "hall" for person in ordered)
    return Roster(len(ordered) - hall, hall, tuple(ordered[:MOST_PEOPLE]))


@dataclass
class _Room:
    """What this worker knows of one session: its own connections, and everybody's roster."""

    here: dict[str, Person] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    roster: Roster = Roster()
    fresh: bool = True
    """Somebody came or left, here or elsewhere, since the last count."""
    tell: bool = False
    """Somebody came or left here, and the other workers do not know yet."""
    renew_at: float = 0.0
    sweep_at: float = 0.0


class Presence:
    """All sessions' presence in this worker. `run` is its one task; `on_change` hears of new rosters."""

    def __init__(self, redis: Redis, *, lease: float = LEASE, tick: float = TICK) -> None:
        self._redis = redis
        self._lease = lease
        self._tick = tick
        self._rooms: dict[str, _Room] = {}
        self._renew = redis.register_script(_RENEW)
        self._roster = redis.register_script(_ROSTER)
        self._stirred = asyncio.Event()
        self.on_change: Callable[[str, Roster], None] = lambda session, roster: None

    def enter(self, session: str, connection: str, person: Person) -> None:
        """Note that a connection (an id unique in the whole world) is here."""
        room = self._rooms.setdefault(session, _Room())
        room.here[connection] = person
        room.fresh, room.tell, room.renew_at = True, True, 0.0
        self._stirred.set()

    def leave(self, session: str, connection: str) -> None:
        """Note that a connection is gone; idempotent."""
        room = self._rooms.get(session)
        person = room.here.pop(connection, None) if room else None
        if room and person:
            room.gone.add(_member(connection, person))
            room.fresh = room.tell = True
            self._stirred.set()

    def roster(self, session: str) -> Roster:
        """Return the last roster, at most a few seconds old."""
        room = self._rooms.get(session)
        return room.roster if room else Roster()

    async def look(self, session: str) -> tuple[Person, ...]:
        """Return the person of every connection as Redis has them now; raises LogUnavailable."""
        async with reaching():
            members = await answer(self._roster(keys=[_key(session)]))
        return tuple(_decode_person(member.partition("\n")[2]) for member in members)

    async def find(self, session: str, participant: str) -> Person | None:
        """Return who is here by that id, first from what is known; raises LogUnavailable."""
        room = self._rooms.get(session, _Room())
        for people in (room.roster.people, tuple(room.here.values()), await self.look(session)):
            for person in people:
                if person.id == participant:
                    return person
        return None

    async def run(self) -> None:
        """Keep leases and rosters; ends only by being cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(), name="presence-listen")
            tasks.create_task(self._rounds(), name="presence-rounds")

    async def close(self) -> None:
        """Give up this worker's leases at once, so that nobody has to wait for them to run out."""
        for session, room in self._rooms.items():
            for connection in tuple(room.here):
                self.leave(session, connection)
        with contextlib.suppress(LogUnavailable):
            for session, room in self._rooms.items():
                await self._send(session, room)

    async def _rounds(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for session, room in tuple(self._rooms.items()):
                try:
                    await self._round(session, room, loop.time())
                except LogUnavailable:
                    self._renew_all()
                    break
            # One tick between rounds whatever happens; then as soon as somebody comes or goes.
            await asyncio.sleep(self._tick)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(SWEEP, self._lease / 4)):
                    await self._stirred.wait()
            self._stirred.clear()

    def _renew_all(self) -> None:
        """Take it that Redis has forgotten us: leases run out while it is away."""
        for room in self._rooms.values():
            room.fresh, room.tell, room.renew_at = True, True, 0.0

    async def _round(self, session: str, room: _Room, now: float) -> None:
        # Noted before anything is awaited: who comes or goes meanwhile is the next round's.
        fresh, room.fresh = room.fresh, False
        if room.gone or (room.here and now >= room.renew_at):
            room.renew_at = now + min(RENEW, self._lease / 3)
            await self._send(session, room)
        if not fresh and now < room.sweep_at:
            return
        room.sweep_at = now + SWEEP
        roster = count(await self.look(session))
        if roster != room.roster:
            room.roster = roster
            self.on_change(session, roster)
        if not room.here and not room.gone and not roster.people:
            self._rooms.pop(session, None)

    async def _send(self, session: str, room: _Room) -> None:
        """Renew the leases of who is here, drop those of who left, and tell the others if anybody did."""
        gone, tell, room.tell = tuple(room.gone), room.tell, False
        members = [_member(connection, person) for connection, person in room.here.items()]
        async with reaching():
            if gone:
                await answer(self._redis.zrem(_key(session), *gone))
                room.gone.difference_update(gone)
            if members:
                await answer(self._renew(keys=[_key(session)], args=[self._lease, *members]))
            if tell:
                await answer(self._redis.publish(_channel(session), ""))

    async def _listen(self) -> None:
        """Hear from other workers that a room changed; what is missed, the sweep finds."""
        while True:
            with contextlib.suppress(LogUnavailable):
                async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                    async with reaching():
                        await pubsub.psubscribe(_channel("*"))
                    while True:
                        async with reaching():
                            message = await pubsub.get_message(timeout=1.0)
                        if message is not None:
                            self._hear(message["channel"])
            await asyncio.sleep(self._tick)

    def _hear(self, channel: str) -> None:
        room = self._rooms.get(channel.removeprefix("rostrum:{").removesuffix("}:presence"))
        if room:
            room.fresh = True
            self._stirred.set()


def _member(connection: str, person: Person) -> str:
    return f"{connection}\n{_encode(person).decode()}"


def _key(session: str) -> str:
    return f"rostrum:{{{session}}}:leases"


def _channel(session: str) -> str:
    return f"rostrum:{{{session}}}:presence"
