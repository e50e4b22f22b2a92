"""Presence in a real Redis: each person once, by place; leases that run out; two workers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from signaling.log import connect
from signaling.presence import MOST_PEOPLE, Presence, Roster, count
from signaling.protocol import Person

from .conftest import RedisServer
from .session_events import ADA, BOB, MODERATOR

TICK = 0.05


@asynccontextmanager
async def worker(url: str, lease: float = 10.0) -> AsyncIterator[tuple[Presence, list[Roster]]]:
    """Run one worker's presence; its task is cancelled without farewell, as by a crash."""
    client: Redis = connect(url)
    presence = Presence(client, lease=lease, tick=TICK)
    rosters: list[Roster] = []
    presence.on_change = lambda session, roster: rosters.append(roster)
    task = asyncio.create_task(presence.run())
    try:
        yield presence, rosters
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await client.aclose()


async def until(condition: Callable[[], bool], within: float = 5.0) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within, "did not come true"
        await asyncio.sleep(0.01)
    return time.monotonic() - began


def test_a_person_with_two_tabs_is_one_and_in_the_hall_if_one_tab_is() -> None:
    sitting = Person("ada", "Ada", "viewer", place="hall")
    roster = count([ADA, sitting, ADA, BOB, MODERATOR])
    assert (roster.online, roster.hall) == (1, 2)
    assert [person.id for person in roster.people] == ["mod", "ada", "bob"]
    assert sitting in roster.people


def test_names_are_bounded_counts_are_not() -> None:
    roster = count([MODERATOR, *(Person(f"p{i}", "P", "viewer") for i in range(MOST_PEOPLE + 10))])
    assert roster.online == MOST_PEOPLE + 11
    assert len(roster.people) == MOST_PEOPLE and roster.people[0] == MODERATOR


async def test_workers_agree_on_who_is_here(redis_server: RedisServer) -> None:
    async with worker(redis_server.url) as (one, _), worker(redis_server.url) as (two, _):
        one.enter("s1", "c1", ADA)
        two.enter("s1", "c2", ADA)
        two.enter("s1", "c3", BOB)
        for presence in (one, two):
            await until(lambda p=presence: (p.roster("s1").online, p.roster("s1").hall) == (1, 1))  # type: ignore[misc]
        assert one.roster("s1") == two.roster("s1")
        assert await one.find("s1", "bob") == BOB
        assert await one.find("s1", "nobody") is None
        two.leave("s1", "c3")
        two.leave("s1", "c3")
        await until(lambda: one.roster("s1").hall == 0)
        assert one.roster("s1").online == 1, "the other tab is still open"
        assert one.roster("s2") == Roster()


async def test_leases_of_a_dead_worker_run_out(redis_server: RedisServer) -> None:
    lease = 1.0
    async with worker(redis_server.url, lease) as (one, _):
        async with worker(redis_server.url, lease) as (two, _):
            one.enter("s1", "c1", ADA)
            two.enter("s1", "c2", BOB)
            await until(lambda: one.roster("s1").hall == 1)
            await asyncio.sleep(lease * 1.5)
            assert one.roster("s1").hall == 1, "renewed while its worker lives"
        took = await until(lambda: one.roster("s1").hall == 0)
        assert took < lease + 2.5
        assert one.roster("s1").online == 1


async def test_closing_gives_leases_up_at_once(redis_server: RedisServer) -> None:
    async with worker(redis_server.url) as (one, _):
        async with worker(redis_server.url) as (two, _):
            one.enter("s1", "c1", ADA)
            two.enter("s1", "c2", BOB)
            await until(lambda: one.roster("s1").hall == 1)
            await two.close()
        await until(lambda: one.roster("s1").hall == 0, within=3.5)


async def test_a_rush_of_joiners_is_few_updates(redis_server: RedisServer) -> None:
    async with worker(redis_server.url) as (presence, rosters):
        for i in range(300):
            presence.enter("s1", f"c{i}", Person(f"p{i}", "P", "viewer"))
            if i % 50 == 0:
                await asyncio.sleep(0.001)
        await until(lambda: presence.roster("s1").online == 300)
        assert len(rosters) <= 3


@pytest.mark.fault
async def test_the_last_roster_stands_while_redis_is_away(redis_server: RedisServer) -> None:
    async with worker(redis_server.url, lease=1.0) as (presence, _):
        presence.enter("s1", "c1", ADA)
        await until(lambda: presence.roster("s1").online == 1)
        redis_server.kill()
        await asyncio.sleep(1.5)
        assert presence.roster("s1").online == 1
        presence.enter("s1", "c2", BOB)
        await redis_server.start()
        await until(lambda: (presence.roster("s1").online, presence.roster("s1").hall) == (1, 1))
