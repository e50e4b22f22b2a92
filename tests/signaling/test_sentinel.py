"""Redis behind Sentinels, Debian's real processes: found, followed, and healed after a fail-over."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from signaling.embedded_redis import answers
from signaling.live import LiveSession, LiveSessions
from signaling.protocol import Ack, PostChat, Refused, Resume
from signaling.redis_client import RedisUrlError, Sentinels, sentinels

from .processes import RedisProcesses, free_port
from .test_live import REFUSED_WITHIN, Reader, claims, done, generous, new_id, until, worker

__all__ = ["generous"]


class Replicated(RedisProcesses):
    """A master, a replica of it, and a Sentinel that watches over both."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.master, self.replica, self.sentinel = free_port(), free_port(), free_port()

    @property
    def url(self) -> str:
        """Two Sentinels, of which one never was."""
        return f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{self.sentinel}/talk"

    async def start(self) -> None:
        self.run(self.master)
        await self.answers(self.master)
        self.run(self.replica, "--replicaof", "127.0.0.1", str(self.master))
        await self.answers(self.replica)
        config = self._folder / "sentinel.conf"
        config.write_text(
            f"port {self.sentinel}\nbind 127.0.0.1\ndir {self._folder}\nlogfile {self._folder}/sentinel.log\n"
            f"sentinel monitor talk 127.0.0.1 {self.master} 1\n"
            "sentinel down-after-milliseconds talk 500\nsentinel failover-timeout talk 2000\n"
        )
        self._processes[self.sentinel] = subprocess.Popen([self._binary, str(config), "--sentinel"])
        await self.answers(self.sentinel)
        async with asyncio.timeout(15), self.client(self.sentinel) as client:
            while not await client.sentinel_slaves("talk"):
                await asyncio.sleep(0.1)

    @contextlib.asynccontextmanager
    async def client(self, port: int) -> AsyncIterator[Redis]:
        client = Redis(port=port, decode_responses=True, socket_timeout=1)
        try:
            yield client
        finally:
            await client.aclose()

    async def answers(self, port: int) -> None:
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(RedisError, OSError):
                    async with self.client(port) as client:
                        await client.ping()
                        return
                await asyncio.sleep(0.02)

    async def named(self) -> int:
        """Return the port of the master as the Sentinel names it."""
        async with self.client(self.sentinel) as client:
            address: Any = await client.sentinel_get_master_addr_by_name("talk")
            return int(address[1])


@pytest.fixture
def replicated(tmp_path: Path) -> Iterator[Replicated]:
    servers = Replicated(tmp_path)
    try:
        yield servers
    finally:
        servers.close()


async def begun(
    replicated: Replicated, live: LiveSessions, other: LiveSessions, text: str
) -> tuple[LiveSession, LiveSession]:
    """Return a session as two workers have it, with one message that the replica has, too."""
    session = await live.create("A talk", "s1")
    there = await other.get("s1")
    await done(session, claims("ada"), PostChat(new_id(), text))
    await until(lambda: there.position == session.position)
    async with replicated.client(replicated.replica) as client, asyncio.timeout(5):
        while await client.xlen("rostrum:{s1}:log") < 2:
            await asyncio.sleep(0.02)
    return session, there


@pytest.mark.fault
async def test_a_fail_over_that_loses_the_tail_is_a_new_epoch_and_nothing_is_missing(
    replicated: Replicated,
) -> None:
    await replicated.start()
    async with worker(replicated.url) as live, worker(replicated.url) as other:
        session, there = await begun(replicated, live, other, "early")
        replicated.kill(replicated.replica)
        for number in range(5):
            await done(session, claims("ada"), PostChat(new_id(), f"tail {number}"))
        await until(lambda: there.position == session.position)
        epoch, seq = session.position
        reader = Reader(there, claims("bob"))
        replicated.kill(replicated.master)
        replicated.run(replicated.replica, "--replicaof", "127.0.0.1", str(replicated.master))
        async with asyncio.timeout(30):
            while await replicated.named() != replicated.replica:
                await asyncio.sleep(0.02)
        began = time.monotonic()
        await until(lambda: min(session.position[0], there.position[0]) > epoch, within=10)
        took = time.monotonic() - began
        print(f"new epoch {took:.2f} s after the fail-over")
        assert took <= 1.0
        await until(lambda: live.available and other.available and session.position == there.position)
        texts = [message.text for message in session.state.chat]
        assert texts == ["early", *(f"tail {number}" for number in range(5))], "the workers remembered"
        assert there.state == session.state
        assert "RESYNC" in await reader.frames()
        assert there.since(reader.place, Resume(epoch, seq)) is None
        assert isinstance(await there.command(claims("bob"), PostChat(new_id(), "on we go")), Ack)
        await until(lambda: session.state.chat[-1].text == "on we go")
    async with asyncio.timeout(15):
        while not await answers(replicated.url):  # it is asked for no longer than a sound one takes
            await asyncio.sleep(0.1)


async def both_have_been_away(*workers: LiveSessions) -> None:
    """Wait until each has found Redis away: they may have it back before who waits for them looks."""
    away: set[LiveSessions] = set()

    def all_of_them() -> bool:
        away.update(one for one in workers if not one.available)
        return len(away) == len(workers)

    await until(all_of_them, within=15)


@pytest.mark.fault
async def test_a_master_that_hangs_refuses_in_time_and_is_replaced_and_its_return_disturbs_nobody(
    replicated: Replicated,
) -> None:
    await replicated.start()
    async with worker(replicated.url) as live, worker(replicated.url) as other:
        session, there = await begun(replicated, live, other, "before")
        reader = Reader(there, claims("bob"))
        missed = asyncio.create_task(both_have_been_away(live, other))
        replicated.freeze(replicated.master)
        hung = time.monotonic()
        post = PostChat(new_id(), "into the void")
        refused = await session.command(claims("ada"), post)
        took = time.monotonic() - hung
        assert isinstance(refused, Refused) and refused.code == "log_unavailable" and refused.retry_after
        await missed
        await until(lambda: live.available and other.available, within=30)
        back = time.monotonic() - hung
        print(f"master hung: refused after {took:.2f} s, chat back after {back:.2f} s at another")
        assert took <= REFUSED_WITHIN
        await done(there, claims("ada"), post)
        replicated.thaw(replicated.master)
        for number in range(20):
            await done(session, claims("ada"), PostChat(new_id(), f"after {number}"))
            await asyncio.sleep(0.1)
        async with replicated.client(replicated.master) as client, asyncio.timeout(30):
            while (await client.info("replication"))["role"] != "slave":
                await asyncio.sleep(0.05)
        await done(there, claims("ada"), PostChat(new_id(), "at last"))
        await until(lambda: session.state == there.state, within=10)
        texts = [message.text for message in session.state.chat]
        assert texts == ["before", "into the void", *(f"after {number}" for number in range(20)), "at last"]
        said = [frame for frame in await reader.frames() if '"notice"' in frame]
        assert "paused" in said[0] and "resumed" in said[-1]


def test_a_url_of_sentinels_is_taken_apart() -> None:
    assert sentinels("redis+sentinel://ada:p%40ss@one:1,two,[::1]:3/talk/2?sentinel_password=x") == Sentinels(
        (("one", 1), ("two", 26379), ("::1", 3)), "talk", 2, "ada", "p@ss", "x"
    )
    assert sentinels("redis+sentinel://:secret@one/talk") == Sentinels(
        (("one", 26379),), "talk", password="secret"
    )


@pytest.mark.parametrize(
    "rest", ["one:1", "one:1/", "/talk", "one:x/talk", "one/talk/first", "one/talk/1/2", ",/talk"]
)
def test_a_url_that_names_no_service_is_one_sentence_without_its_password(rest: str) -> None:
    with pytest.raises(RedisUrlError) as caught:
        sentinels(f"redis+sentinel://:hunter2@{rest}")
    assert "hunter2" not in str(caught.value)
