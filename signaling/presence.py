"""Who is here: one lease per connection, in Redis, counted by place, role and language.

Owns the sorted sets `rostrum:{<session>}:leases`: a member is a connection's id and its person, its
score when the lease runs out by Redis's own clock (workers' clocks may differ). The law: a person with
two tabs is one; who leaves is gone at once, who vanishes with a worker is gone when the lease is; and
nobody waits for Redis: `enter` and `leave` only note what the loop then makes so, once a second at
most, which is also how often a room hears of it. While Redis is away, the last roster stands. A worker
that finds that it has slept longer than its leases first hears who has left meanwhile, and then says who
is here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec
from redis.asyncio import Redis

from signaling.attendance import AttendanceBook, Here
from signaling.errors import LogUnavailable
from signaling.log import answer, listen, reaching
from signaling.protocol import Person, Share

LEASE = 10.0
"""Seconds a lease lasts unrenewed; with SWEEP, who vanished is gone within 12 s."""

RENEW = 4.0
"""Seconds after which leases are renewed."""

SWEEP = 2.0
"""Seconds after which a room is counted again though nobody said that anything changed."""

TICK = 1.0
"""Seconds between two rounds: the most often a room hears of presence."""

CROWD = 1000
"""Connections in a room beyond which it is counted, and told of, only every SWEEP seconds: to tell five
thousand people that one has come costs as much as telling them anything."""

COUNT = 5.0
"""Seconds after which it is written down again how many there are, though nothing has changed."""

MOST_PEOPLE = 500
"""Most people told by name; those who are not viewers come first."""

_encode = msgspec.json.encode
_decode_all = msgspec.json.Decoder(tuple[Here, ...]).decode

# Redis's clock is the only one; a script with TIME may write because Redis replicates effects (≥ 5). In a
# session that has been deleted (its head says so) nobody is.
_RENEW = """
if redis.call('HEXISTS', KEYS[2], 'gone') == 1 then
  return
end
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
for i = 2, #ARGV do
  redis.call('ZADD', KEYS[1], now + tonumber(ARGV[1]), ARGV[i])
end
"""
# Returns as one text what a client would take apart line by line; nothing, if nobody's lease has run out
# and there are as many as the caller knows of.
_ROSTER = """
local time = redis.call('TIME')
local gone = redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', tonumber(time[1]) + tonumber(time[2]) / 1e6)
if gone == 0 and redis.call('ZCARD', KEYS[1]) == tonumber(ARGV[1]) then
  return false
end
return table.concat(redis.call('ZRANGE', KEYS[1], 0, -1), '\\n')
"""


@dataclass(frozen=True, slots=True)
class Roster:
    """Who is in a session, each person once; a hall's screens and desks are named, but count for nobody."""

    online: int = 0
    hall: int = 0
    people: tuple[Person, ...] = ()
    """Not viewers first, then by name; at most MOST_PEOPLE."""
    roles: tuple[Share, ...] = ()
    languages: tuple[Share, ...] = ()
    """By primary language subtag; who has said none is `und` (BCP 47). Both: the greatest first."""
    here: frozenset[str] = frozenset()
    """Everybody's ids."""


def count(connections: Iterable[Here]) -> Roster:
    """Count people by place, each once: in the hall with one tab is in the hall. A screen is nobody."""
    distinct: dict[str, Here] = {}
    for here in connections:
        if here.person.id not in distinct or here.person.place == "hall":
            distinct[here.person.id] = here
    everybody = sorted(
        distinct.values(), key=lambda h: (h.person.role == "viewer", h.person.name, h.person.id)
    )
    counted = [here for here in everybody if here.person.role != "hall"]
    hall = sum(here.person.place == "hall" for here in counted)
    return Roster(
        len(counted) - hall,
        hall,
        tuple(here.person for here in everybody[:MOST_PEOPLE]),
        _shares((here.person.role, here) for here in counted),
        _shares((here.language.partition("-")[0].lower() or "und", here) for here in counted),
        frozenset(distinct),
    )


def _shares(found: Iterable[tuple[str, Here]]) -> tuple[Share, ...]:
    counted: dict[str, list[int]] = {}
    for of, here in found:
        counted.setdefault(of, [0, 0])[here.person.place == "hall"] += 1
    ordered = sorted(counted.items(), key=lambda item: (-sum(item[1]), item[0]))
    return tuple(Share(of, online, hall) for of, (online, hall) in ordered)


@dataclass
class _Room:
    """What this worker knows of one session: its own connections, and everybody's roster."""

    here: dict[str, Here] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    arrived: list[Here] = field(default_factory=list)
    departed: list[str] = field(default_factory=list)
    """Who came and went here, not yet written into the book."""
    counted: tuple[int, int, bool] | None = None
    count_at: float = 0.0
    """What was last written of how many there are, and when it is to be written again."""
    roster: Roster = Roster()
    new: set[str] = field(default_factory=set)
    """Connections here that have no lease yet."""
    look_at: float = 0.0
    """When the next look at everybody may be, where many come and go."""
    fresh: bool = True
    """Somebody came or left, here or elsewhere, since the last count."""
    tell: bool = False
    """Somebody came or left here, and the other workers do not know yet."""
    leases: int = -1
    """How many there were when they were counted last."""
    renew_at: float = 0.0
    sweep_at: float = 0.0


class Presence:
    """All sessions' presence in this worker. `run` is its one task; `on_change` hears of new rosters."""

    def __init__(self, redis: Redis, *, lease: float = LEASE, tick: float = TICK) -> None:
        self.book = AttendanceBook(redis)
        self._redis = redis
        self._lease = lease
        self._tick = tick
        self._rooms: dict[str, _Room] = {}
        self._renew = redis.register_script(_RENEW)
        self._roster = redis.register_script(_ROSTER)
        self._stirred = asyncio.Event()
        self.on_change: Callable[[str, Roster], None] = lambda session, roster: None
        self.is_live: Callable[[str], bool] = lambda session: False
        """Says whether a session is live: then it counts for its peak and average."""

    def enter(self, session: str, connection: str, person: Person, language: str = "") -> None:
        """Note that a connection (an id unique in the whole world) is here."""
        room = self._rooms.setdefault(session, _Room())
        room.here[connection] = Here(person, language)
        room.arrived.append(room.here[connection])
        room.new.add(connection)
        room.fresh = room.tell = True
        self._stirred.set()

    def leave(self, session: str, connection: str) -> None:
        """Note that a connection is gone; idempotent."""
        room = self._rooms.get(session)
        here = room.here.pop(connection, None) if room else None
        if room and here:
            room.new.discard(connection)
            room.gone.add(_member(connection, here))
            room.departed.append(here.person.id)
            room.fresh = room.tell = True
            self._stirred.set()

    def forget(self, session: str) -> None:
        """Know nothing of a session any more, and write nothing of who was in it: it has been deleted."""
        self._rooms.pop(session, None)

    def roster(self, session: str) -> Roster:
        """Return the last roster, at most a few seconds old."""
        room = self._rooms.get(session)
        return room.roster if room else Roster()

    async def look(self, session: str) -> tuple[Person, ...]:
        """Return the person of every connection as Redis has them now; raises LogUnavailable."""
        found = await self._look(session, unless=-1)
        assert found is not None
        return tuple(here.person for here in found)

    async def _look(self, session: str, *, unless: int) -> tuple[Here, ...] | None:
        """Return everybody, or None if nobody has vanished and `unless` so many leases are left."""
        async with reaching():
            members = await answer(self._roster(keys=[_key(session)], args=[unless]))
        if members is None:
            return None
        # A member has two lines, the connection's and who is on it (see _member).
        return _decode_all(f"[{','.join(members.split(chr(10))[1::2])}]")

    async def find(self, session: str, participant: str) -> Person | None:
        """Return who is here by that id, first from what is known; raises LogUnavailable."""
        room = self._rooms.get(session, _Room())
        here = tuple(one.person for one in room.here.values())
        for people in (room.roster.people, here, await self.look(session)):
            for person in people:
                if person.id == participant:
                    return person
        return None

    async def is_here(self, session: str, participant: str) -> bool:
        """Say whether somebody has a connection now, here or elsewhere; raises LogUnavailable."""
        room = self._rooms.get(session, _Room())
        if any(one.person.id == participant for one in room.here.values()):
            return True  # it may have no lease yet
        return any(person.id == participant for person in await self.look(session))

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
        woke = loop.time()
        while True:
            if loop.time() - woke > self._lease:
                await asyncio.sleep(self._tick)
            woke = loop.time()
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
        everybody = bool(room.here) and now >= room.renew_at
        if everybody:
            room.renew_at = now + min(RENEW, self._lease / 2.5)
        if everybody or room.gone or room.new:
            await self._send(session, room, everybody=everybody)
        await self._count(session, room, now)
        if fresh and now < room.look_at:
            room.fresh = True
            return
        if not fresh and now < room.sweep_at:
            return
        room.sweep_at = now + SWEEP
        room.look_at = now + (SWEEP if room.leases > CROWD else 0.0)
        # Who comes or leaves says so (`fresh`); a sweep finds whose worker could not.
        found = await self._look(session, unless=-1 if fresh else room.leases)
        if found is None:
            return
        room.leases = len(found)
        roster = count(found)
        if roster != room.roster:
            room.roster = roster
            self.on_change(session, roster)
            await self._count(session, room, now)
        if not room.here and not room.gone and not roster.people and self._rooms.get(session) is room:
            del self._rooms[session]

    async def _count(self, session: str, room: _Room, now: float) -> None:
        """Write down how many there are: at once when it changes, and from time to time."""
        counted = (room.roster.online, room.roster.hall, self.is_live(session))
        if counted == room.counted and now < room.count_at:
            return
        room.counted, room.count_at = counted, now + COUNT
        await self.book.count(session, *counted[:2], live=counted[2])

    async def _send(self, session: str, room: _Room, *, everybody: bool = False) -> None:
        """Lease places to who came, or to `everybody`; drop those of who left; tell others if any did."""
        gone, tell, room.tell = tuple(room.gone), room.tell, False
        leased = tuple(room.here if everybody else room.new)
        members = [_member(connection, room.here[connection]) for connection in leased]
        arrived, departed = tuple(room.arrived), tuple(room.departed)
        async with reaching():
            if gone:
                await answer(self._redis.zrem(_key(session), *gone))
                room.gone.difference_update(gone)
            if members:
                await answer(self._renew(keys=[_key(session), _head(session)], args=[self._lease, *members]))
                room.new.difference_update(leased)
            if arrived or departed:
                await self.book.note(session, arrived, departed)
                del room.arrived[: len(arrived)], room.departed[: len(departed)]
            if tell:
                await answer(self._redis.publish(_channel(session), ""))

    async def _listen(self) -> None:
        """Hear from other workers that a room changed; what is missed, the sweep finds."""
        while True:
            with contextlib.suppress(LogUnavailable):
                async for channel, _ in listen(self._redis, _channel("*")):
                    self._hear(channel)
            await asyncio.sleep(self._tick)

    def _hear(self, channel: str) -> None:
        room = self._rooms.get(channel.removeprefix("rostrum:{").removesuffix("}:presence"))
        if room:
            room.fresh = True
            self._stirred.set()


def _member(connection: str, here: Here) -> str:
    return f"{connection}\n{_encode(here).decode()}"


def _key(session: str) -> str:
    return f"rostrum:{{{session}}}:leases"


def _head(session: str) -> str:
    return f"rostrum:{{{session}}}:head"


def _channel(session: str) -> str:
    return f"rostrum:{{{session}}}:presence"
