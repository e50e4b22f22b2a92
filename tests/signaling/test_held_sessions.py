"""Which logs a worker reads, how often, and which it lets go: on a real Redis, with what leans on it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from signaling import live as live_module
from signaling.errors import Forbidden, LogUnavailable, SessionNotFound
from signaling.listing import listed
from signaling.live import LiveSessions, person_of
from signaling.log import SessionLog
from signaling.protocol import (
    Billing,
    EjectPerson,
    EndSession,
    OpenDoors,
    PostChat,
    ReopenSession,
    Resume,
    StartSession,
)
from signaling.retention import DAY, Retention

from .conftest import RedisServer
from .test_live import ADA, MOD, PRO, Reader, claims, done, generous, live, new_id, until, worker

__all__ = ["generous", "live"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let go at once, and look all the time."""
    for name, seconds in (("KEEP", 0.0), ("SETTLE", 0.0), ("LOOK", 0.02)):
        monkeypatch.setattr(live_module, name, seconds)


async def test_who_comes_at_once_has_the_log_read_once_and_who_gives_up_takes_nobody_along(
    redis_server: RedisServer, log: SessionLog, live: LiveSessions
) -> None:
    session = await live.create("A talk", "s1")
    await done(session, ADA, PostChat(new_id(), "hello"))
    async with worker(redis_server.url) as other:
        assert (other.known("s1"), other.about("s1")) == (None, session.state.session), "known, and not read"
        before = await log.reads()
        first, *rest = [asyncio.create_task(other.get("s1")) for _ in range(50)]
        await asyncio.sleep(0)
        first.cancel()
        got = await asyncio.gather(*rest)
        assert len({id(one) for one in got}) == 1
        assert await log.reads() - before == 1
        assert got[0].state == session.state
        again = [await other.get("s1") for _ in range(50)]
        assert again[0] is got[0] and await log.reads() - before == 1


async def test_what_is_open_is_held_by_every_worker_and_what_is_over_is_let_go(
    redis_server: RedisServer, live: LiveSessions, impatient: None
) -> None:
    session = await live.create("A talk", "s1")
    async with worker(redis_server.url) as other:
        assert other.known("s1") is None
        await done(session, PRO, OpenDoors(new_id()))
        await until(lambda: "s1" in other.plans(), within=2.5)
        await done(session, PRO, StartSession(new_id()))
        there = await other.get("s1")
        await until(lambda: there.state.session.status == "live")
        assert other.plans()["s1"] == session.plan, "relays are told by workers at which nobody is"
        reader = Reader(there, ADA)
        await done(session, PRO, EndSession(new_id()))
        await until(lambda: live.known("s1") is None)
        assert other.known("s1") is there, "somebody is still in it"
        there.fanout.unsubscribe(reader.place)
        await until(lambda: other.known("s1") is None)
        for one in (live, other):
            about = one.about("s1")
            assert about is not None and about.status == "ended"
            assert [known.status for known in await one.list()] == ["ended"]
        # Another worker takes the end back, and then each has it again.
        await done(await other.get("s1"), PRO, ReopenSession(new_id()))
        await until(lambda: "s1" in live.plans() and "s1" in other.plans(), within=2.5)


async def test_nobody_is_left_in_a_session_that_was_let_go_while_they_came(
    redis_server: RedisServer, live: LiveSessions, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await live.create("A talk", "s1")
    desk = Reader(session, MOD)  # it stays held here
    before = live_module.LET_GO._value.get()

    said: list[str] = []

    def let_go() -> int:
        return int(live_module.LET_GO._value.get() - before)

    async def come(other: LiveSessions, number: int) -> None:
        # Ten times at least, and on until it was let go often enough for somebody to have come just then.
        for turn in range(100):
            if turn >= 10 and let_go() >= 2:
                return
            await asyncio.sleep(0.013 * (number + 1) % 0.05)
            here = await other.get("s1")
            reader = Reader(here, claims(f"v{number}"))
            text = f"line {turn} of {number}"
            await done(here, claims(f"v{number}"), PostChat(new_id(), text))
            said.append(text)
            heard: list[str] = []
            async with asyncio.timeout(5):
                while not any(text in frame for frame in heard):
                    heard += await reader.frames(0.05)
            here.fanout.unsubscribe(reader.place)

    async with worker(redis_server.url) as other:
        await asyncio.gather(*(come(other, number) for number in range(4)))
        await until(lambda: other.known("s1") is None)
    assert let_go() >= 2, "or nothing was tried"
    assert sorted(message.text for message in session.state.chat) == sorted(said)
    session.fanout.unsubscribe(desk.place)


async def test_no_more_are_held_for_nobody_than_may_be(
    live: LiveSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "LOOK", 0.02)
    monkeypatch.setattr(live_module, "SETTLE", 0.0)
    monkeypatch.setattr(live_module, "MOST_IDLE", 5)
    for number in range(30):
        await live.create(f"Talk {number}", f"t{number:02}")
    await until(lambda: len(live.plans()) <= 5)
    assert set(live.plans()) == {f"t{number}" for number in range(25, 30)}, "the newest stay"
    assert len(await live.list()) == live.count() == 30
    assert (await live.get("t03")).state.session.title == "Talk 3"
    live.hold(lambda: {"t04", "unknown"})
    await until(lambda: {"t03", "t04"} <= set(live.plans()))


async def test_a_card_that_nobody_wrote_is_made_from_the_log_once(
    redis_server: RedisServer, redis: Redis, live: LiveSessions
) -> None:
    session = await live.create("A talk", "s1")
    await redis.hdel("rostrum:{s1}:head", "about")
    async with worker(redis_server.url) as other:
        assert other.about("s1") == session.state.session
        await until(lambda: other.known("s1") is not None)
        async with asyncio.timeout(5):
            while not await redis.hexists("rostrum:{s1}:head", "about"):
                await asyncio.sleep(0.02)
    async with worker(redis_server.url) as third:
        assert third.about("s1") == session.state.session and third.known("s1") is None


async def test_titles_and_steps_given_at_once_on_two_workers_are_both_in_the_list(
    redis_server: RedisServer, log: SessionLog, live: LiveSessions
) -> None:
    async with worker(redis_server.url) as other, worker(redis_server.url) as third:
        for number in range(5):
            session = await live.create("A talk", f"s{number}")
            there = await other.get(session.id)
            step = session._carry_out(person_of(PRO), StartSession(new_id()))
            await asyncio.gather(step, there.describe("Another title", Billing("conf", 1, 2, "UTC")))
            async with asyncio.timeout(5):
                while session.position != there.position or third.about(session.id) != there.state.session:
                    await asyncio.sleep(0.01)
            ((_, about),) = await log.outlines([session.id])
            said = listed(about)
            assert said is not None and said == session.state.session
            assert (said.status, said.title) == ("live", "Another title")


@pytest.mark.fault
async def test_a_log_that_lost_its_end_while_nobody_read_it_is_a_new_epoch(
    redis_server: RedisServer, live: LiveSessions, impatient: None, tmp_path: Path
) -> None:
    session = await live.create("A talk", "s1")
    await done(session, ADA, PostChat(new_id(), "early"))
    redis_server.copy_data(tmp_path)
    session = await live.get("s1")
    await done(session, ADA, PostChat(new_id(), "late"))
    epoch, seq = session.position
    await until(lambda: live.known("s1") is None)
    redis_server.kill()
    redis_server.replace_data(tmp_path)
    await redis_server.start()
    await until(lambda: live.available and live._listing.position("s1")[0] > epoch, within=10)
    again = await live.get("s1")
    assert again.position[0] > epoch
    assert [message.text for message in again.state.chat] == ["early"]
    reader = Reader(again, ADA)
    assert again.since(reader.place, Resume(epoch, seq)) is None, "who comes back gets a snapshot"


@pytest.mark.fault
async def test_a_log_lost_whole_that_nobody_held_is_said_to_be_gone_and_begins_anew_at_no_place_of_before(
    redis_server: RedisServer,
    live: LiveSessions,
    impatient: None,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    session = await live.create("A talk", "s1")
    await done(session, ADA, PostChat(new_id(), "gone"))
    epoch, seq = session.position
    await until(lambda: live.known("s1") is None)
    redis_server.kill()
    redis_server.replace_data(tmp_path)
    await redis_server.start()
    await until(lambda: live.available and live.about("s1") is None, within=10)
    assert await live.list() == () and "session s1 is lost whole" in caplog.text
    with pytest.raises(SessionNotFound):  # a page that comes back is told so
        await live.get("s1")
    again = await live.create("A talk", "s1")
    assert again.position[0] > epoch and not again.state.chat
    reader = Reader(again, ADA)
    for place in (seq, 1, 0):
        assert again.since(reader.place, Resume(epoch, place)) is None, "who comes back gets a snapshot"


async def test_who_was_put_out_elsewhere_is_not_let_in_where_nobody_has_read_it(
    redis_server: RedisServer, live: LiveSessions
) -> None:
    session = await live.create("A talk", "s1")
    live.presence.enter("s1", "c1", person_of(ADA))
    await until(lambda: live.presence.roster("s1").online == 1)
    await done(session, MOD, EjectPerson(new_id(), "ada"))
    async with worker(redis_server.url) as other:
        await other.admit(claims("bob"))
        with pytest.raises(Forbidden, match="put out"):
            await other.admit(ADA)
        assert other.known("s1") is not None


@pytest.mark.fault
async def test_while_redis_is_away_what_is_open_lets_people_in_and_what_is_unread_says_why_not(
    redis_server: RedisServer, live: LiveSessions, impatient: None
) -> None:
    talk = await live.create("A talk", "s1")
    await done(talk, PRO, StartSession(new_id()))
    await live.create("Later", "s2")
    async with worker(redis_server.url) as other:
        await until(lambda: other.known("s1") is not None and other.about("s2") is not None)
        redis_server.kill()
        await until(lambda: not other.available)
        assert (await other.get("s1")).state.session.status == "live"
        await other.admit(ADA)
        with pytest.raises(LogUnavailable):
            await other.get("s2")
        assert {session.id for session in await other.list()} == {"s1", "s2"}, "lists need no Redis"
        await redis_server.start()
        await until(lambda: other.available)
        assert (await other.get("s2")).state.session.title == "Later"


async def test_what_is_due_is_forgotten_by_a_worker_that_never_read_it(
    redis_server: RedisServer, live: LiveSessions
) -> None:
    session = await live.create("A talk", "s1")
    await done(session, PRO, EndSession(new_id()))
    await live.create("Another", "s2")
    async with worker(redis_server.url) as other:
        about = other.about("s1")
        assert about is not None and about.ended is not None and other.known("s1") is None
        other.clock._ahead += 2 * DAY / 1000
        assert await Retention(other, 1).round() == 1
        await until(lambda: live.about("s1") is None and other.about("s1") is None)
        assert [one.id for one in await other.list()] == ["s2"]
