"""Programmes in a real Redis: versions, writes done once, what several workers see, and what comes back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest
from redis.asyncio import Redis

from signaling.errors import LogUnavailable, NotFound
from signaling.live import LiveSessions
from signaling.log import SessionLog
from signaling.presence import Presence
from signaling.programme.merge import merge
from signaling.programme.model import Programme
from signaling.programme_store import ProgrammeStore
from signaling.programmes import Make, Programmes

from .conftest import RedisServer
from .programme.planned import EMPTY, HOUR, NINE, draft, drafted


def titled(title: str) -> Programme:
    return msgspec.structs.replace(EMPTY, title=title)


@pytest.fixture
def store(redis: Redis) -> ProgrammeStore:
    return ProgrammeStore(redis)


@contextlib.asynccontextmanager
async def worker(redis: Redis) -> AsyncIterator[tuple[LiveSessions, Programmes]]:
    live = LiveSessions(SessionLog(redis), Presence(redis))
    async with live, Programmes(ProgrammeStore(redis), live) as programmes:
        yield live, programmes


async def until_title(programmes: Programmes, title: str) -> None:
    async with asyncio.timeout(5):
        while True:
            with contextlib.suppress(NotFound):
                if programmes.get("conf").title == title:
                    return
            await asyncio.sleep(0.01)


async def test_a_write_is_done_once_and_only_on_the_newest_version(store: ProgrammeStore) -> None:
    assert await store.read("conf") is None
    assert await store.write("conf", titled("one"), seen=0, version=1, write="a") == (True, 1)
    assert await store.write("conf", titled("one"), seen=0, version=1, write="a") == (True, 1)
    assert await store.write("conf", titled("two"), seen=0, version=1, write="b") == (False, 1)
    stored = await store.read("conf")
    assert stored is not None and stored.programme is not None
    assert (stored.version, stored.programme.title, stored.programme.version) == (1, "one", 1)
    assert await store.versions() == {"conf": 1}


async def test_of_fifty_writers_of_one_version_one_succeeds(store: ProgrammeStore) -> None:
    done = await asyncio.gather(
        *(store.write("conf", titled(str(n)), seen=0, version=1, write=f"w{n}") for n in range(50))
    )
    assert sum(written for written, _ in done) == 1


async def test_a_deleted_event_keeps_its_version(store: ProgrammeStore) -> None:
    await store.write("conf", titled("one"), seen=0, version=1, write="a")
    await store.write("conf", None, seen=1, version=2, write="b")
    stored = await store.read("conf")
    assert stored is not None and (stored.version, stored.programme) == (2, None)
    assert await store.versions() == {"conf": 2}


async def test_the_keys_of_an_event_are_one_slots(store: ProgrammeStore, redis: Redis) -> None:
    await store.write("conf", titled("one"), seen=0, version=1, write="a")
    assert set(await redis.keys("*")) == {"rostrum:programmes", "rostrum:programme:{conf}"}


async def test_every_worker_sees_a_change_and_none_is_lost_among_two(redis: Redis) -> None:
    async with worker(redis) as (_, one), worker(redis) as (_, two):

        def add(n: int) -> Make:
            def make(before: Programme | None) -> Programme:
                base = before or EMPTY
                return msgspec.structs.replace(base, title=f"{base.title}|{n}")

            return make

        await asyncio.gather(*((one if n % 2 else two).change("conf", add(n)) for n in range(20)))
        newest = max(one.get("conf"), two.get("conf"), key=lambda found: found.version)
        assert newest.version == 20
        assert sorted(newest.title.split("|")[1:], key=int) == [str(n) for n in range(20)]
        await until_title(one, newest.title)
        await until_title(two, newest.title)


async def test_a_session_says_what_its_item_says_and_an_ended_one_what_it_said(redis: Redis) -> None:
    async with worker(redis) as (live, programmes), worker(redis) as (elsewhere, _):
        first, _ = merge(EMPTY, draft(drafted("a"), drafted("b", HOUR)), {}, now=NINE)
        made = await programmes.change("conf", lambda _: first)
        assert made is not None
        opened = await programmes.open_sessions(made, None)
        assert [session.id for session in opened] == ["conf.a", "conf.b"]
        again = await programmes.open_sessions(made, ["conf.a"])
        assert again == opened[:1]
        other = draft(drafted("a", title="Anew"), drafted("b", 2 * HOUR))
        await programmes.change("conf", lambda _: merge(made, other, {}, now=NINE)[0])
        session = (await live.get("conf.a")).state.session
        assert session.title == "Anew"
        moved = (await live.get("conf.b")).state.session.programme
        assert moved is not None and moved.start == NINE + 2 * HOUR
        async with asyncio.timeout(5):
            while (await elsewhere.get("conf.a")).state.session != session:
                await asyncio.sleep(0.01)


async def test_a_worker_that_starts_tells_sessions_what_was_left_unsaid(redis: Redis) -> None:
    async with worker(redis) as (_, programmes):
        first, _ = merge(EMPTY, draft(drafted("a")), {}, now=NINE)
        made = await programmes.change("conf", lambda _: first)
        assert made is not None
        await programmes.open_sessions(made, None)
    # As if the worker had died between writing the programme and telling its sessions.
    other, _ = merge(made, draft(drafted("a", title="Unsaid")), {}, now=NINE)
    await ProgrammeStore(redis).write("conf", other, seen=1, version=2, write="x")
    async with worker(redis) as (live, _):
        assert (await live.get("conf.a")).state.session.title == "Unsaid"


@pytest.mark.fault
async def test_what_redis_has_lost_is_written_back(redis: Redis) -> None:
    async with worker(redis) as (_, programmes):
        await programmes.change("conf", lambda _: titled("kept"))
        await redis.delete("rostrum:programme:{conf}")
        async with asyncio.timeout(5):
            while (stored := await ProgrammeStore(redis).read("conf")) is None:
                await asyncio.sleep(0.02)
        assert stored.programme is not None
        assert (stored.programme.title, stored.version) == ("kept", 2)


@pytest.mark.fault
async def test_while_redis_is_away_programmes_are_read_and_not_written(
    redis: Redis, redis_server: RedisServer
) -> None:
    async with worker(redis) as (_, programmes):
        await programmes.change("conf", lambda _: titled("kept"))
        redis_server.kill()
        assert programmes.get("conf").title == "kept"
        with pytest.raises(LogUnavailable):
            await programmes.change("conf", lambda _: titled("lost"))
        await redis_server.start()
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(LogUnavailable):
                    await programmes.change("conf", lambda _: titled("back"))
                    break
        assert (await ProgrammeStore(redis).read("conf")) is not None
