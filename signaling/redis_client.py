"""A client of Redis, however it is run: one server, by a unix socket or TCP, or whatever Sentinels name.

The law: a client fails in seconds rather than waiting, leaves retrying to us, and writes to a master only:
one that has become a replica refuses, and is left for whichever the Sentinels name next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

TIMEOUT: Final = 2.0
"""Seconds after which Redis counts as away."""

CONNECTIONS: Final = 32
"""Most connections of one worker to Redis; who finds none free waits for one, up to TIMEOUT."""

ASK_WITHIN: Final = 0.5
"""Seconds a Sentinel may take; then the next one is asked."""

SENTINEL: Final = "redis+sentinel"
_PORT: Final = 26379


class RedisUrlError(ValueError):
    """The URL names no Redis; the message is one sentence, without the URL, which may hold a password."""


@dataclass(frozen=True)
class Sentinels:
    """What `redis+sentinel://[user:password@]host[:port],…/service[/db][?sentinel_password=…]` says."""

    hosts: tuple[tuple[str, int], ...]
    service: str
    database: int = 0
    username: str | None = None
    password: str | None = None
    sentinel_password: str | None = None


def sentinels(url: str) -> Sentinels:
    """Take a URL of Sentinels apart; raises RedisUrlError."""
    parts = urlsplit(url)
    user, _, hosts = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    path = [unquote(part) for part in parts.path.split("/") if part]
    try:
        if parts.scheme != SENTINEL or not 1 <= len(path) <= 2:
            raise ValueError
        found = []
        for host in hosts.split(","):
            address = urlsplit(f"//{host}")
            if not address.hostname:
                raise ValueError
            found.append((address.hostname, address.port or _PORT))
        return Sentinels(
            hosts=tuple(found),
            service=path[0],
            database=int(path[1]) if len(path) == 2 else 0,
            username=unquote(name) or None,
            password=unquote(password) or None,
            sentinel_password=dict(parse_qsl(parts.query)).get("sentinel_password"),
        )
    except ValueError:
        raise RedisUrlError(
            f"a URL of Sentinels is {SENTINEL}://host:port,host:port/service or …/service/database"
        ) from None


def connect(url: str) -> Redis:
    """Return a client for a URL: `redis:`, `rediss:`, `unix:` or `redis+sentinel:`."""
    common: dict[str, Any] = {
        "max_connections": CONNECTIONS,
        "timeout": TIMEOUT,
        # No socket timeout: redis-py keeps it by asyncio.wait_for, which loses cancellations before
        # Python 3.12 (python/cpython#86296). `reaching` sets the limit instead.
        "socket_timeout": None,
        "socket_connect_timeout": TIMEOUT,
        "retry": Retry(NoBackoff(), 0),
        "decode_responses": True,
    }
    if not url.startswith(f"{SENTINEL}:"):
        return Redis.from_pool(BlockingConnectionPool.from_url(url, **common))
    named = sentinels(url)
    asked: dict[str, Any] = {
        "socket_timeout": ASK_WITHIN,
        "socket_connect_timeout": ASK_WITHIN,
        "retry": Retry(NoBackoff(), 0),
        "decode_responses": True,
        "password": named.sentinel_password,
    }
    manager = cast("Any", Sentinel)(list(named.hosts), sentinel_kwargs=asked)
    credentials = {"username": named.username, "password": named.password}
    pool = cast("Any", _Masters)(named.service, manager, db=named.database, **credentials, **common)
    return Redis.from_pool(pool)


class _Masters(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to whichever server the Sentinels name as the master; who finds none free waits."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """Close the connections; those to the Sentinels too, if all are meant: they come again if needed."""
        await super().disconnect(inuse_connections)
        if inuse_connections:
            for sentinel in self.sentinel_manager.sentinels:
                await sentinel.aclose()
