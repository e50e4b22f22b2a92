"""The programmes in Redis: one hash an event, replaced whole and only by who saw its newest version.

Owns the keys `rostrum:programme:{<event>}` (the braces are a hash tag) and the set `rostrum:programmes`.
The law: a write names the version it was made on and is refused if that is no longer the newest; the
same write again is done once. A deleted event keeps its version, with an empty body, so that no worker
takes it for one that Redis has lost. This module must not know what a programme means.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from redis.asyncio import Redis

from signaling.log import answer, listen, reaching
from signaling.programme.model import Programme

_LUA: Final = Path(__file__).parent / "lua"
_INDEX: Final = "rostrum:programmes"
_CHANNELS: Final = "rostrum:programme:{*}:changed"
_CHANNEL: Final = re.compile(r"^rostrum:programme:\{(.*)\}:changed$")
_decode: Final = msgspec.json.Decoder(Programme).decode


@dataclass(frozen=True, slots=True)
class Stored:
    """A programme as it was read or written. None: deleted."""

    version: int
    programme: Programme | None


class ProgrammeStore:
    """All events' programmes. Every method raises LogUnavailable while Redis cannot be reached."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._write = redis.register_script((_LUA / "programme.lua").read_text())

    async def versions(self) -> dict[str, int]:
        """Return every event's newest version, deleted ones included."""
        async with reaching():
            events = sorted(await answer(self._redis.smembers(_INDEX)))
        async with reaching(), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.exists(_INDEX)
            for event in events:
                pipeline.hget(_key(event), "version")
            _, *versions = await pipeline.execute()
        return {event: int(version) for event, version in zip(events, versions, strict=True) if version}

    async def read(self, event: str) -> Stored | None:
        """Return an event's programme; None if there never was one."""
        async with reaching():
            version, body = await answer(self._redis.hmget(_key(event), ["version", "body"]))
        if version is None:
            return None
        # What is in the hash is newer than any version said within the body.
        programme = msgspec.structs.replace(_decode(body), version=int(version)) if body else None
        return Stored(int(version), programme)

    async def write(
        self, event: str, programme: Programme | None, *, seen: int, version: int, write: str
    ) -> tuple[bool, int]:
        """Replace a programme that was at version `seen` (0: none); None deletes it.

        Returns whether it was done, and the version now in Redis. `write` names this write: who got no
        answer gives the same again.
        """
        body = "" if programme is None else msgspec.json.encode(programme).decode()
        async with reaching():
            # The index is another slot of a cluster, so it comes first: an event without a key does no harm.
            await answer(self._redis.sadd(_INDEX, event))
            done, now = await answer(
                self._write(keys=[_key(event)], args=[f"{_key(event)}:changed", seen, version, write, body])
            )
        return bool(done), int(now)

    async def follow(self, following: Callable[[], None]) -> AsyncIterator[str]:
        """Yield each event whose programme was written; ends by LogUnavailable, like SessionLog.follow."""
        async for channel, _ in listen(self._redis, _CHANNELS, following=following):
            found = _CHANNEL.match(channel)
            if found is not None:
                yield found[1]


def _key(event: str) -> str:
    return f"rostrum:programme:{{{event}}}"
