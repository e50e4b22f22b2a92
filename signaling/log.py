"""The sessions' logs in Redis: the one place where facts are kept.

Owns the keys `rostrum:{<session>}:…` (one hash tag a session, so that Redis Cluster can hold them) and
the set `rostrum:sessions`. A log is a stream whose entry ids are `<epoch>-<seq>`. The law: what `append`
has acknowledged is in the log once, in order, and was decided on a state that was current in all it
leant on. `seq` counts up by one for as long as the log lives; `epoch` (ms since 1970, greater is newer)
changes when a log was found to have lost its end, because then a seq alone no longer names an event. What
lies far behind is packed (`pack`), a tenth as large, and read as if it were not.
Redis 6.2 is enough. This module must not know what events mean.
"""

from __future__ import annotations

import asyncio
import base64
import re
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal, NamedTuple, NewType, cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisClusterException, RedisError

from signaling.errors import LogUnavailable
from signaling.protocol import AnyEvent
from signaling.redis_client import TIMEOUT
from signaling.redis_client import connect as connect

Position = tuple[int, int]
"""`(epoch, seq)`: a place in a log."""

GONE: Position = (-1, 0)
"""Where a deleted log ends."""

PARTS = (
    "log",
    "archive",
    "checkpoint",
    "versions",
    "leases",
    "attended",
    "arrived",
    "departed",
    "attendance",
    "invitations",
    "audit",
)
"""What is kept of a session beside its head, as the last part of the key; receipts end by themselves."""

AUDIT_SECONDS = 365 * 24 * 3600
"""How long an entry of the audit is kept, unless set otherwise."""

MARK_SECONDS = 30 * 24 * 3600
"""How long it is remembered that a session was deleted: longer than any worker sleeps."""

REWRITE_WITHIN = 10.0
"""Seconds that writing a whole log anew may take."""

RECEIPT_SECONDS = 24 * 3600
"""How long a command's id is remembered: the same id within a day is done once."""

SILENCE = 1.0
"""Seconds of silence after which pub/sub is asked for a sign of life, and seconds to give one."""

PAGE = 2000
"""Most entries asked for at once, so that Redis is not kept from others."""

CommandKey = NewType("CommandKey", str)
"""`<actor> <command id>`: whose command it is, so that nobody meets somebody else's receipt."""

NO_COMMAND = CommandKey("")

PACKED_AT_LEAST = 1000
"""Fewest entries that are packed together: fewer are not worth a text of their own."""

_LUA = Path(__file__).parent / "lua"
_INDEX = "rostrum:sessions"
_decode_event: Callable[[str], AnyEvent] = msgspec.json.Decoder(AnyEvent).decode
_encode = msgspec.json.encode


def command_key(actor: str, command: str) -> CommandKey:
    """Return the key of one actor's command."""
    return CommandKey(f"{actor} {command}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One event in the log, and the command it came from."""

    epoch: int
    seq: int
    event: AnyEvent
    command: CommandKey


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of an append. `done`: durable, `seq` is its last event's. Else decide again."""

    outcome: Literal["done", "behind", "rolled_back", "absent"]
    seq: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What pub/sub said of a session. No entries: something changed, look; or it is of the `moment` alone."""

    session: str
    entries: tuple[Entry, ...]
    moment: str | None = None


class Outline(NamedTuple):
    """A session as it is known unread: where its log ends (see `heads`), and what lists say of it, as JSON.

    The text is empty where none was ever written.
    """

    end: Position | None
    about: str


class AuditRow(NamedTuple):
    """What the audit keeps of one event: its own place, the event's, and the entry as it was written."""

    id: str
    position: Position
    entry: bytes


class SessionLog:
    """All sessions' logs. Every method raises LogUnavailable while Redis cannot be reached."""

    def __init__(self, redis: Redis, *, audit_seconds: int = AUDIT_SECONDS) -> None:
        self._redis = redis
        self._audit_seconds = audit_seconds
        self._append = redis.register_script((_LUA / "append.lua").read_text())
        self._rewrite = redis.register_script((_LUA / "rewrite.lua").read_text())
        self._forget = redis.register_script((_LUA / "forget.lua").read_text())
        self._begin = redis.register_script((_LUA / "begin.lua").read_text())
        self._keep = redis.register_script((_LUA / "keep.lua").read_text())
        self._read = redis.register_script((_LUA / "read.lua").read_text())
        self._about = redis.register_script((_LUA / "about.lua").read_text())
        self._pack = redis.register_script((_LUA / "pack.lua").read_text())
        self._time = redis.register_script("return redis.call('TIME')")

    async def list(self) -> tuple[str, ...]:
        """Return the ids of all sessions, sorted."""
        async with reaching():
            return tuple(sorted(await answer(self._redis.smembers(_INDEX))))

    async def time(self) -> float:
        """Return the time by Redis's clock, seconds since 1970."""
        async with reaching():
            # Asked of where the index is: the same server of a cluster for every worker.
            seconds, micros = await answer(self._time(keys=[_INDEX]))
        return float(seconds) + float(micros) / 1e6

    async def heads(self, sessions: Sequence[str]) -> tuple[Position | None, ...]:
        """Return where each session's log ends; None where there is none, GONE where it was deleted."""
        async with reaching(), self._redis.pipeline(transaction=False) as pipeline:
            # A command that is always there: with no session, this still asks whether Redis lives.
            pipeline.exists(_INDEX)
            for session in sessions:
                pipeline.hmget(_key(session, "head"), ["epoch", "seq", "gone"])
            _, *heads = await pipeline.execute()
        return tuple(
            (int(epoch), int(seq)) if epoch else GONE if gone else None for epoch, seq, gone in heads
        )

    async def outlines(self, sessions: Sequence[str]) -> tuple[Outline, ...]:
        """Return each session's outline, without reading any log."""
        async with reaching(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.exists(_INDEX)
            for session in sessions:
                pipeline.hmget(_key(session, "head"), ["epoch", "seq", "gone", "about"])
            _, *found = await pipeline.execute()
        return tuple(
            Outline((int(epoch), int(seq)) if epoch else GONE if gone else None, about or "")
            for epoch, seq, gone, about in found
        )

    async def describe(self, session: str, at: Position, about: bytes) -> bool:
        """Have lists say this of a session, if its log still ends `at`; returns whether it was done."""
        async with reaching():
            done = self._about(keys=[_key(session, "head")], args=[at[0], at[1], about])
            return bool(await answer(done))

    async def read(self, session: str, after: Position | None = None) -> tuple[Entry, ...]:
        """Return the entries from the start, or from `after` on, the one at `after` itself included."""
        entries = await self._stored(session, after)
        first = (entries[0].epoch, entries[0].seq) if entries else None
        begins = first is not None and (first[1] == 1 if after is None else first == after)
        if begins and entries[-1].seq - entries[0].seq + 1 == len(entries):
            return entries
        # What is missing at the start, or between two pages, has been packed, before or meanwhile.
        packed = await self._packed(session)
        end = (packed[-1].epoch, packed[-1].seq) if packed else (0, 0)
        whole = (*packed, *(entry for entry in entries if (entry.epoch, entry.seq) > end))
        return tuple(entry for entry in whole if after is None or (entry.epoch, entry.seq) >= after)

    async def _stored(self, session: str, after: Position | None) -> tuple[Entry, ...]:
        """Return the entries that are not packed, from `after` on."""
        start = "-" if after is None else f"{after[0]}-{after[1]}"
        entries: list[Entry] = []
        while True:
            async with reaching():
                text = await answer(self._read(keys=[_key(session, "log")], args=[start, PAGE]))
            page = _entries(text)
            entries += page
            if len(page) < PAGE:
                return tuple(entries)
            start = f"({page[-1].epoch}-{page[-1].seq}"

    async def _packed(self, session: str) -> tuple[Entry, ...]:
        """Return the entries that are packed."""
        async with reaching():
            texts = await answer(self._redis.lrange(_key(session, "archive"), 0, -1))
        return tuple(entry for text in texts for entry in _entries(_inflated(text)))

    async def pack(self, session: str, epoch: int, before: Position) -> int:
        """Pack a page of entries that lie before a place, while the log has this epoch; returns how many.

        Whoever calls has a checkpoint kept there, so that only who wants all of it reads what is packed.
        """
        async with reaching():
            text = await answer(self._read(keys=[_key(session, "log")], args=["-", PAGE]))
        entries = _entries(text)
        count = sum((entry.epoch, entry.seq) < before for entry in entries)
        if count < PACKED_AT_LEAST:
            return 0
        kept = "\n".join(text.split("\n", 3 * count)[: 3 * count])
        stays = f"{entries[count - 1].epoch}-{entries[count - 1].seq + 1}"
        packed = await asyncio.to_thread(_deflated, kept)
        keys = [_key(session, part) for part in ("head", "log", "archive")]
        args: list[Any] = [epoch, f"{entries[0].epoch}-{entries[0].seq}", stays, packed]
        async with reaching():
            return count if await answer(self._pack(keys=keys, args=args)) else 0

    async def reads(self) -> int:
        """Return how often Redis was asked for entries of any log, by anybody, since it began."""
        async with reaching():
            stats = await answer(self._redis.info("commandstats"))
        return int(stats.get("cmdstat_xrange", {}).get("calls", 0))

    async def checkpoint(self, session: str, shape: str) -> tuple[Position, str] | None:
        """Return the checkpoint kept for those of this shape, and the place of the entry it is of."""
        async with reaching():
            place, body = await answer(
                self._redis.hmget(_key(session, "checkpoint"), [f"{shape} place", f"{shape} body"])
            )
        return None if place is None or body is None else (_position(place), body)

    async def keep(self, session: str, epoch: int, shape: str, place: Position, body: str) -> bool:
        """Keep a checkpoint instead of those before, made while the log had this epoch.

        Returns whether it was kept; not, if the log has another epoch, or one as new is kept.
        """
        keys = [_key(session, "head"), _key(session, "checkpoint")]
        async with reaching():
            return bool(await answer(self._keep(keys=keys, args=[epoch, shape, *place, body])))

    async def append(
        self,
        session: str,
        at: Position,
        events: Sequence[AnyEvent],
        *,
        leans_on: Sequence[str] = (),
        changes: Sequence[str] = (),
        command: CommandKey = NO_COMMAND,
        gathered: Sequence[CommandKey] = (),
        audit: Sequence[bytes] = (),
        about: bytes = b"",
    ) -> Appended:
        """Append events decided at position `at`, unless an entity has changed since, or it was done.

        `gathered` are more commands that these events do, whose receipts the caller has looked for; `audit`
        is what the audit keeps of each event, empty for nothing; `about` what lists say of the session after
        these events, empty for what they said before.
        """
        keys = [_key(session, part) for part in ("head", "log", "versions", f"done:{command}", "audit")]
        keys += [_key(session, f"done:{key}") for key in gathered]
        arguments: list[Any] = [
            _key(session, "events"),
            *at,
            command,
            RECEIPT_SECONDS,
            _encode(leans_on),
            _encode(changes),
            _encode([_encode(event).decode() for event in events]),
            _encode([kept.decode() for kept in audit]),
            self._audit_seconds,
            about,
        ]
        async with reaching():
            outcome, seq = await answer(self._append(keys=keys, args=arguments))
        return Appended(outcome, seq)

    async def receipt(self, session: str, command: CommandKey) -> int | None:
        """Return the position a command was done at, if it was, within RECEIPT_SECONDS."""
        async with reaching():
            seq = await answer(self._redis.get(_key(session, f"done:{command}")))
        return None if seq is None else int(seq)

    async def receipts(self, session: str, commands: Sequence[CommandKey]) -> tuple[int | None, ...]:
        """Return for each command the position it was done at, if it was, within RECEIPT_SECONDS."""
        async with reaching():
            found = await answer(self._redis.mget([_key(session, f"done:{command}") for command in commands]))
        return tuple(None if seq is None else int(seq) for seq in found)

    async def confirm(self, session: str, done: Mapping[CommandKey, int]) -> None:
        """Write back where commands were done whose receipts were lost with the end of a log."""
        async with reaching(), self._redis.pipeline(transaction=False) as pipeline:
            for command, seq in done.items():
                pipeline.set(_key(session, f"done:{command}"), seq, ex=RECEIPT_SECONDS, nx=True)
            await pipeline.execute()

    async def begin(
        self,
        session: str,
        seen: Position | None,
        epoch: int,
        remembered: Iterable[Entry] = (),
        audit: Sequence[bytes] = (),
        *,
        about: bytes = b"",
        anew: bool = False,
    ) -> bool:
        """Begin a log (`seen` None), or a new epoch of one, with what is remembered beyond `seen`.

        `audit` is what the audit keeps of each of these: it has lost its end with the log; `about` what lists
        say of the session, empty for what they said before.
        Returns whether it was done; not, if the log was no longer as seen, or has been deleted, but for
        who begins one `anew`.
        """
        entries = tuple(remembered)
        keys = [_key(session, part) for part in ("head", "log", "audit")]
        keys += [_key(session, f"done:{entry.command}") for entry in entries]
        arguments: list[Any] = [
            _key(session, "events"),
            *(seen or ("new" if anew else "", 0)),
            epoch,
            RECEIPT_SECONDS,
            self._audit_seconds,
            about,
        ]
        for entry, kept in zip_longest(entries, audit, fillvalue=b""):
            assert isinstance(entry, Entry)
            arguments += [_encode(entry.event), entry.command, kept]
        async with reaching():
            # The index is another slot of a cluster, so it comes first: an id without a log does no harm.
            await answer(self._redis.sadd(_INDEX, session))
            return bool(await answer(self._begin(keys=keys, args=arguments)))

    async def rewrite(self, session: str, seen: Position, epoch: int, entries: Iterable[Entry]) -> bool:
        """Write a log anew, under a new epoch; returns whether it was done: only if it was still as seen."""
        arguments: list[Any] = [_key(session, "events"), *seen, epoch]
        for entry in entries:
            arguments += [entry.seq, _encode(entry.event), entry.command]
        async with reaching(REWRITE_WITHIN):
            keys = [_key(session, part) for part in ("head", "log", "checkpoint", "archive")]
            return bool(await answer(self._rewrite(keys=keys, args=arguments)))

    async def delete(self, session: str) -> None:
        """Delete all that is kept of a session; a mark is left for workers that remember it."""
        keys = [_key(session, part) for part in ("head", *PARTS)]
        async with reaching():
            await answer(self._forget(keys=keys, args=[_key(session, "events"), MARK_SECONDS]))
            await answer(self._redis.srem(_INDEX, session))

    async def tell(self, session: str, text: str) -> None:
        """Tell all workers what matters at this moment alone; whoever does not hear it misses it."""
        async with reaching():
            await answer(self._redis.publish(_key(session, "moment"), text))

    async def audit(self, session: str, after: str, count: int) -> tuple[AuditRow, ...]:
        """Return what the audit has after a place in it (`` `-` ``: from the start), oldest first."""
        start = after if after == "-" else f"({after}"
        async with reaching():
            found = await answer(self._redis.xrange(_key(session, "audit"), min=start, count=count))
        return tuple(
            AuditRow(row, (int(fields["epoch"]), int(fields["seq"])), fields["entry"].encode())
            for row, fields in found
        )

    async def follow(self, following: Callable[[], None]) -> AsyncIterator[Heard]:
        """Yield what pub/sub says, for as long as it lasts; `following` is called once it is heard.

        Ends by LogUnavailable. What was missed before and between is in the streams.
        """
        async for channel, data in listen(
            self._redis, _key("*", "events"), _key("*", "moment"), following=following
        ):
            yield _heard(channel, data)

    async def aclose(self) -> None:
        """Close the connections to Redis."""
        await self._redis.aclose()


async def listen(
    redis: Redis, *patterns: str, following: Callable[[], None] = lambda: None
) -> AsyncIterator[tuple[str, str]]:
    """Yield the channel and the text of what is published to these patterns, for as long as it lasts.

    `following` is called once it is heard. Who says nothing for SILENCE is asked whether they are there:
    a cluster may long do without a server that hangs while it is listened to. Ends by LogUnavailable.
    """
    async with reaching():
        await answer(redis.exists(_INDEX))  # a cluster's servers are learned by the first question
    async with redis.pubsub() as pubsub:
        async with reaching():
            await pubsub.psubscribe(*patterns)
        following()
        asked = False
        while True:
            async with reaching():
                message = await pubsub.get_message(timeout=SILENCE)
                if message is None:
                    if asked:
                        raise LogUnavailable
                    await pubsub.ping()
            asked = message is None
            if message is not None and message["type"] == "pmessage":
                yield message["channel"], message["data"]


@asynccontextmanager
async def reaching(seconds: float = TIMEOUT) -> AsyncIterator[None]:
    """Turn what redis-py raises, and taking too long, into LogUnavailable."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except (RedisError, RedisClusterException, OSError) as error:  # TimeoutError is an OSError
        raise LogUnavailable from error


async def answer(awaitable: Any) -> Any:
    """Await what redis-py types as maybe not awaitable."""
    return await cast("Any", awaitable)


def _key(session: str, part: str) -> str:
    return f"rostrum:{{{session}}}:{part}"


def _position(entry_id: str) -> Position:
    epoch, _, seq = entry_id.partition("-")
    return int(epoch), int(seq)


def _event(encoded: str, entry_id: str) -> AnyEvent:
    return msgspec.structs.replace(_decode_event(encoded), seq=_position(entry_id)[1])


def _entries(text: str) -> list[Entry]:
    """Take apart what read.lua has put together: three lines an entry."""
    lines = text.split("\n") if text else []
    return [
        Entry(*_position(entry_id), _event(event, entry_id), CommandKey(command))
        for entry_id, command, event in zip(lines[0::3], lines[1::3], lines[2::3], strict=True)
    ]


def _deflated(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode())).decode()


def _inflated(text: str) -> str:
    return zlib.decompress(base64.b64decode(text)).decode()


_CHANNEL = re.compile(r"^rostrum:\{(.*)\}:(events|moment)$")


def _heard(channel: str, data: str) -> Heard:
    """Read one message: a line `epoch first-seq command`, then one event a line."""
    match = _CHANNEL.match(channel)
    if match and match[2] == "moment":
        return Heard(match[1], (), data)
    head, *lines = data.split("\n")
    epoch, first, command = head.split(" ", 2)
    entries = tuple(
        Entry(int(epoch), int(first) + i, _event(line, f"{epoch}-{int(first) + i}"), CommandKey(command))
        for i, line in enumerate(lines)
    )
    return Heard(match[1] if match else "", entries)
