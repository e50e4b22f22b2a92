"""Presence in a real Redis: each person once, by place; leases that run out; two workers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from signaling import presence as presence_module
from signaling.attendance import AttendanceBook, Here
from signaling.log import SessionLog, connect
from signaling.presence import MOST_PEOPLE, Presence, Roster, count
from signaling.protocol import Person, Share

from .conftest import RedisServer
from .session_events import ADA, BOB, MODERATOR, SPEAKER

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
    screen = Person("screen", "Screen", "hall", place="hall")
    roster = count([Here(person) for person in (ADA, sitting, ADA, BOB, MODERATOR, screen)])
    assert (roster.online, roster.hall) == (1, 2), "a screen is nobody"
    assert [person.id for person in roster.people] == ["mod", "screen", "ada", "bob"]
    assert sitting in roster.people


def test_names_are_bounded_counts_are_not() -> None:
    crowd = [Here(Person(f"p{i}", "P", "viewer")) for i in range(MOST_PEOPLE + 10)]
    roster = count([Here(MODERATOR), *crowd])
    assert roster.online == MOST_PEOPLE + 11
    assert len(roster.people) == MOST_PEOPLE and roster.people[0] == MODERATOR
    assert roster.roles == (Share("viewer", MOST_PEOPLE + 10, 0), Share("moderator", 1, 0))


def test_people_are_counted_by_role_and_by_language_each_once() -> None:
    roster = count(
        [Here(ADA, "zh-CN"), Here(ADA, "zh-CN"), Here(BOB, "ZH"), Here(MODERATOR, "en"), Here(SPEAKER)]
    )
    assert roster.roles == (Share("viewer", 1, 1), Share("moderator", 1, 0), Share("speaker", 1, 0))
    assert roster.languages == (Share("zh", 1, 1), Share("en", 1, 0), Share("und", 1, 0))


@given(
    st.lists(
        st.builds(
            Here,
            st.builds(
                Person,
                st.sampled_from(["a", "b", "c", "d"]),
                st.just("N"),
                st.sampled_from(["viewer", "speaker", "hall"]),
                place=st.sampled_from(["online", "hall"]),
            ),
            st.sampled_from(["", "zh", "zh-CN", "en"]),
        )
    )
)
def test_every_way_of_counting_comes_to_the_same_sum(connections: list[Here]) -> None:
    roster = count(connections)
    assert len(roster.people) == len({here.person.id for here in connections})
    assert roster.online + roster.hall == sum(person.role != "hall" for person in roster.people)
    for shares in (roster.roles, roster.languages):
        assert (sum(s.online for s in shares), sum(s.hall for s in shares)) == (roster.online, roster.hall)


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


async def test_who_comes_has_a_lease_at_once_and_the_others_are_not_renewed_for_it(
    redis_server: RedisServer, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_module, "RENEW", 1000.0)

    async def written() -> int:
        stats: Any = await redis.info("commandstats")
        return int(stats["cmdstat_zadd"]["calls"])

    async with worker(redis_server.url, lease=10_000.0) as (presence, _):
        for i in range(200):
            presence.enter("s1", f"c{i}", Person(f"p{i}", "P", "viewer"))
        await until(lambda: presence.roster("s1").online == 200)
        before = await written()
        presence.enter("s1", "gone", ADA)
        presence.leave("s1", "gone")
        presence.enter("s1", "late", BOB)
        await until(lambda: presence.roster("s1").hall == 1)
        assert await written() - before < 20, "its lease and its line in the book, not 200 leases"
        assert await redis.zcard("rostrum:{s1}:leases") == 201


async def test_of_a_crowd_that_comes_one_is_told_now_and_then(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_module, "CROWD", 10)
    async with worker(redis_server.url) as (presence, rosters):
        for i in range(20):
            presence.enter("s1", f"c{i}", Person(f"p{i}", "P", "viewer"))
        await until(lambda: presence.roster("s1").online == 20)
        told, began = len(rosters), time.monotonic()
        for i in range(20, 30):  # ten ticks, and as many changes
            presence.enter("s1", f"c{i}", Person(f"p{i}", "P", "viewer"))
            await asyncio.sleep(2 * TICK)
        await until(lambda: presence.roster("s1").online == 30)
        took = time.monotonic() - began
        assert len(rosters) - told <= 1 + took / presence_module.SWEEP


async def test_a_rush_of_joiners_is_few_updates(redis_server: RedisServer) -> None:
    async with worker(redis_server.url) as (presence, rosters):
        for i in range(300):
            presence.enter("s1", f"c{i}", Person(f"p{i}", "P", "viewer"))
            if i % 50 == 0:
                await asyncio.sleep(0.001)
        await until(lambda: presence.roster("s1").online == 300)
        assert len(rosters) <= 3


async def test_a_room_hears_at_most_once_a_second_whoever_comes(redis: Redis) -> None:
    presence, told = Presence(redis), list[float]()
    presence.on_change = lambda session, roster: told.append(time.monotonic())
    running = asyncio.create_task(presence.run())
    came = 0
    while len(told) < 3:
        presence.enter("s1", f"c{came}", Person(f"p{came}", "P", "viewer"))
        came += 1
        await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert min(after - before for before, after in pairwise(told)) >= 0.99


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


async def test_of_a_session_that_is_deleted_nobody_is_written_back(
    redis_server: RedisServer, redis: Redis
) -> None:
    log = SessionLog(redis)
    async with worker(redis_server.url) as (knows, _), worker(redis_server.url) as (late, _):
        for presence in (knows, late):
            presence.enter("s1", f"c{id(presence)}", ADA)
        await until(lambda: knows.roster("s1").online == late.roster("s1").online == 1)
        await log.delete("s1")
        knows.forget("s1")
        knows.leave("s1", f"c{id(knows)}")
        # Another has not heard of it: somebody comes there, and goes.
        late.enter("s1", "c2", BOB)
        await until(lambda: not late._rooms["s1"].new)
        assert not await redis.exists("rostrum:{s1}:leases")
        late.leave("s1", "c2")
        await late.book.count("s1", 1, 0, live=True)
        await until(lambda: not late._rooms["s1"].departed)
        await knows.close()
        assert await redis.keys("rostrum:{s1}:*") == ["rostrum:{s1}:head"]


# -- the book ---------------------------------------------------------------------------------------------


async def test_the_book_knows_who_was_there_the_peak_and_the_average(redis_server: RedisServer) -> None:
    async with worker(redis_server.url) as (one, _), worker(redis_server.url) as (two, _):
        for presence in (one, two):
            presence.is_live = lambda session: True
        one.enter("s1", "c1", ADA, "zh")
        one.enter("s1", "c2", ADA, "zh")
        two.enter("s1", "c3", BOB)
        await until(lambda: (one.roster("s1").online, one.roster("s1").hall) == (1, 1))
        await asyncio.sleep(1.0)
        two.leave("s1", "c3")
        await until(lambda: one.roster("s1").hall == 0)
        await asyncio.sleep(1.0)
        one.leave("s1", "c1")
        one.leave("s1", "c2")
        await until(lambda: one.roster("s1") == Roster())
        await asyncio.sleep(0.3)
        told = await one.book.read("s1")
    there = sorted((who.here for who in told.attendees), key=lambda here: here.person.id)
    assert there == [Here(ADA, "zh"), Here(BOB)], "each once; who of two workers' people came first is chance"
    assert all(who.departed is not None and who.departed >= who.arrived for who in told.attendees)
    assert (told.peak, told.peak_online, told.peak_hall) == (2, 1, 1) and told.peak_at is not None
    assert 1.8 < told.live < 30.0
    assert 1.05 < told.average < 1.95, "two for about a second, one for about another"


async def test_what_is_not_live_and_what_nobody_saw_counts_for_nothing(redis: Redis) -> None:
    book = AttendanceBook(redis)
    await book.count("s1", 100, 0, live=False)
    await book.count("s1", 3, 1, live=True)
    await redis.hincrby("rostrum:{s1}:attendance", "at", -3_600_000)  # an hour in which nobody counted
    await book.count("s1", 0, 0, live=False)
    told = await book.read("s1")
    assert (told.peak, told.average, round(told.live)) == (4, 4.0, 15)
    assert (await book.read("s2")).peak == 0


async def test_who_comes_back_has_not_departed(redis: Redis) -> None:
    book = AttendanceBook(redis)
    await book.note("s1", [Here(ADA)], [])
    await book.note("s1", [], ["ada"])
    first = (await book.read("s1")).attendees[0]
    await book.note("s1", [Here(ADA, "en")], [])
    again = (await book.read("s1")).attendees[0]
    assert first.departed is not None and again.departed is None
    assert (again.arrived, again.here.language) == (first.arrived, "en")
