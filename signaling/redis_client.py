"""A client of Redis, however it is run: one server by a socket or TCP, one that Sentinels name, or a Cluster.

The law: a client fails in seconds rather than waiting, leaves retrying to us, and writes to a master only:
one that has become a replica refuses, and is left for whichever the Sentinels name next, or the Cluster. What
is sent once is done at most once: a command whose answer is lost is not sent again by a client, only one that
was refused because its slot is elsewhere (MOVED, ASK, TRYAGAIN). All that is asked names its key, so that a
Cluster knows where; keys of one step share a hash tag.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode, ClusterPipeline
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError

TIMEOUT: Final = 2.0
"""Seconds after which Redis counts as away."""

CONNECTIONS: Final = 32
"""Most connections of one worker to Redis; who finds none free waits for one, up to TIMEOUT."""

ASK_WITHIN: Final = 0.5
"""Seconds a Sentinel may take; then the next one is asked."""

SENTINEL: Final = "redis+sentinel"
_PORT: Final = 26379

CLUSTER: Final = "redis+cluster"
CLUSTER_TLS: Final = "rediss+cluster"
_NODE_PORT: Final = 6379


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
        return Sentinels(
            hosts=_hosts(hosts, _PORT),
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


@dataclass(frozen=True)
class Cluster:
    """What `redis+cluster://[user:password@]host[:port],…` says; `rediss+cluster:` is the same over TLS."""

    hosts: tuple[tuple[str, int], ...]
    username: str | None = None
    password: str | None = None
    tls: bool = False


def cluster(url: str) -> Cluster:
    """Take a URL of a Cluster apart; raises RedisUrlError."""
    parts = urlsplit(url)
    user, _, hosts = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    try:
        if not is_cluster(url) or parts.path.strip("/") not in ("", "0") or parts.query:
            raise ValueError
        return Cluster(
            hosts=_hosts(hosts, _NODE_PORT),
            username=unquote(name) or None,
            password=unquote(password) or None,
            tls=parts.scheme == CLUSTER_TLS,
        )
    except ValueError:
        raise RedisUrlError(
            f"a URL of a Redis Cluster is {CLUSTER}://host:port,host:port, and it has no database"
        ) from None


def is_cluster(url: str) -> bool:
    """Say whether a URL is one of a Cluster."""
    return url.startswith((f"{CLUSTER}:", f"{CLUSTER_TLS}:"))


def check(url: str) -> None:
    """Raise RedisUrlError for a URL of Sentinels or of a Cluster that is not right."""
    if url.startswith(f"{SENTINEL}:"):
        sentinels(url)
    elif is_cluster(url):
        cluster(url)


def _hosts(listed: str, port: int) -> tuple[tuple[str, int], ...]:
    """Take a comma list of hosts and ports apart; raises ValueError."""
    found = []
    for host in listed.split(","):
        address = urlsplit(f"//{host}")
        if not address.hostname:
            raise ValueError
        found.append((address.hostname, address.port or port))
    return tuple(found)


def connect(url: str) -> Redis:
    """Return a client for a URL: `redis:`, `rediss:`, `unix:`, `redis+sentinel:` or `redis+cluster:`.

    A Cluster's is one of redis-py's own kind, which has the same methods as far as they are used here.
    """
    if is_cluster(url):
        return cast("Redis", _Cluster(cluster(url)))
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


async def masters(url: str) -> tuple[int, int]:
    """Return how many masters a Cluster has, and how many of them have no replica.

    Raises RedisError, RedisClusterException, OSError where it does not answer or not all of it is served.
    """
    client = _Cluster(cluster(url))
    try:
        async with asyncio.timeout(TIMEOUT):
            await client.initialize()
            await client.exists("")  # refused while it is down as a whole
        shards = {tuple(node.name for node in nodes) for nodes in client.nodes_manager.slots_cache.values()}
        return len({nodes[0] for nodes in shards}), len({nodes[0] for nodes in shards if len(nodes) == 1})
    finally:
        await client.aclose()


class _Cluster(RedisCluster):
    """All masters of a Cluster, each command to the one that has its slot; at most CONNECTIONS at once."""

    RedisClusterRequestTTL = 32
    """Times that one command is sent on to where its slot is; the second half of them 50 ms apart."""

    def __init__(self, named: Cluster) -> None:
        super().__init__(
            startup_nodes=[ClusterNode(host, port) for host, port in named.hosts],
            username=named.username,
            password=named.password,
            ssl=named.tls,
            # No retries: what got no answer may have been done.
            retry=Retry(NoBackoff(), 0),
            # A slot that has moved is noted by itself. Learning all anew would hang up on what is under way.
            reinitialize_steps=0,
            socket_timeout=None,
            socket_connect_timeout=TIMEOUT,
            decode_responses=True,
        )
        self._room = asyncio.Semaphore(CONNECTIONS)

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """Carry out one command; who finds too many under way waits."""
        async with self._room:
            try:
                return await super().execute_command(*args, **kwargs)
            except asyncio.CancelledError:
                self.learn_anew()  # it may have hung
                raise

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> ClusterPipeline:
        """Return a pipeline, which may go to several servers."""
        made: ClusterPipeline = cast("Any", _Pipeline)(self, transaction)
        return made

    def learn_anew(self) -> None:
        """Ask which server has what before the next command: one that was relied on gave no answer."""
        self._initialize = True

    async def aclose(self) -> None:
        """Close the connections, also while it is not known which nodes there are."""
        await super().aclose()
        await self.nodes_manager.aclose()
        await self.nodes_manager.aclose("startup_nodes")


class _Pipeline(ClusterPipeline):
    """Commands on their way to the servers of a Cluster together; one that gives no answer is noted."""

    async def execute(self, raise_on_error: bool = True, allow_redirections: bool = True) -> list[Any]:
        """Carry all of it out."""
        try:
            return await super().execute(raise_on_error, allow_redirections)
        except (RedisError, RedisClusterException, OSError, asyncio.CancelledError):
            cast("_Cluster", self.cluster_client).learn_anew()
            raise


class _Masters(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to whichever server the Sentinels name as the master; who finds none free waits."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """Close the connections; those to the Sentinels too, if all are meant: they come again if needed."""
        await super().disconnect(inuse_connections)
        if inuse_connections:
            for sentinel in self.sentinel_manager.sentinels:
                await sentinel.aclose()
