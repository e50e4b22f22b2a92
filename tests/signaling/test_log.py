"""The log in a real Redis: order, versions, receipts, epochs, and what survives a kill."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from signaling.errors import LogUnavailable
from signaling.log import NO_COMMAND, Entry, SessionLog, command_key
from signaling.protocol import ChatMessage, ChatPosted, Session, SessionCreated, SessionStarted

from .conftest import RedisServer
from .session_events import ADA


def created(epoch: int = 1000) -> Entry:
    session = Session("s1", "A talk", "planned", epoch)
    return Entry(epoch, 1, SessionCreated(seq=1, at=epoch, by="system", session=session), NO_COMMAND)


def said(text: str) -> ChatPosted:
    return ChatPosted(at=1, by="ada", message=ChatMessage(f"m-{text}", ADA, text, 1))


async def begin(log: SessionLog) -> None:
    assert await log.begin("s1", None, 1000, [created()])


async def test_a_log_begins_once(log: SessionLog) -> None:
    await begin(log)
    assert not await log.begin("s1", None, 2000, [created(2000)])
    assert await log.heads(["s1", "s2"]) == ((1000, 1), None)
    assert await log.list() == ("s1",)
    assert await log.read("s1") == (created(),)


async def test_entries_come_back_as_they_were_said_with_their_numbers(log: SessionLog) -> None:
    await begin(log)
    text = 'quotes " and \\ and\nlines, 你好, \u0000 and 🎤'
    appended = await log.append("s1", (1000, 1), [said(text), said("two")], command=command_key("ada", "c1"))
    assert (appended.outcome, appended.seq) == ("done", 3)
    _, one, two = await log.read("s1")
    assert isinstance(one.event, ChatPosted) and one.event.message.text == text
    assert (one.seq, one.event.seq, one.command) == (2, 2, "ada c1")
    assert (two.seq, two.epoch) == (3, 1000)
    assert await log.read("s1", after=(1000, 2)) == (one, two)


async def test_the_same_command_is_done_once_and_only_its_own_actor_meets_its_receipt(
    log: SessionLog,
) -> None:
    await begin(log)
    key = command_key("ada", "c1")
    first = await log.append("s1", (1000, 1), [said("x")], command=key)
    again = await log.append("s1", (1000, 2), [said("x")], command=key)
    other = await log.append("s1", (1000, 2), [said("x")], command=command_key("bob", "c1"))
    assert (first.seq, again.seq, other.seq) == (2, 2, 3)
    assert await log.receipt("s1", key) == 2
    assert await log.receipt("s1", command_key("ada", "c2")) is None


async def test_a_decision_on_old_state_is_refused_only_where_it_leans_on_what_changed(
    log: SessionLog,
) -> None:
    await begin(log)
    await log.append("s1", (1000, 1), [SessionStarted(at=1, by="pro")], changes=["session"])
    stale = await log.append("s1", (1000, 1), [said("x")], leans_on=["session"])
    assert (stale.outcome, stale.seq) == ("behind", 2)
    elsewhere = await log.append("s1", (1000, 1), [said("x")], leans_on=["screen"])
    assert elsewhere.outcome == "done"
    assert (await log.append("s1", (1000, 1), [said("x")], changes=["session"])).outcome == "behind"
    assert (await log.append("s1", (1000, 2), [said("x")], leans_on=["session"])).outcome == "done"
    assert (await log.append("s1", (999, 4), [said("x")])).outcome == "behind"
    assert (await log.append("s1", (1000, 9), [said("x")])).outcome == "rolled_back"
    assert (await log.append("s2", (1000, 1), [said("x")])).outcome == "absent"
    assert (await log.heads(["s1"])) == ((1000, 4),)


async def test_fifty_decisions_on_one_state_change_it_once(log: SessionLog) -> None:
    await begin(log)
    outcomes = await asyncio.gather(
        *(log.append("s1", (1000, 1), [said(str(i))], changes=["screen"]) for i in range(50))
    )
    assert sorted(outcome.outcome for outcome in outcomes) == ["behind"] * 49 + ["done"]
    assert len(await log.read("s1")) == 2


async def test_a_new_epoch_takes_what_is_remembered_and_its_receipts(log: SessionLog) -> None:
    await begin(log)
    key = command_key("ada", "c1")
    remembered = Entry(1000, 2, said("x"), key)
    assert not await log.begin("s1", (1000, 7), 2000, [remembered])
    assert await log.begin("s1", (1000, 1), 2000, [remembered])
    assert await log.heads(["s1"]) == ((2000, 2),)
    assert [(e.epoch, e.seq) for e in await log.read("s1")] == [(1000, 1), (2000, 2)]
    assert (await log.append("s1", (2000, 2), [said("x")], command=key)).seq == 2
    assert (await log.append("s1", (1000, 1), [said("y")])).outcome == "behind"


async def test_pub_sub_carries_the_entries(log: SessionLog) -> None:
    await begin(log)
    following = asyncio.Event()
    heard = log.follow(following.set)
    first = asyncio.ensure_future(anext(heard))
    await asyncio.wait_for(following.wait(), 5)
    await log.append("s1", (1000, 1), [said("one\ntwo"), said("x")], command=command_key("ada", "c 1"))
    message = await asyncio.wait_for(first, 5)
    assert message.session == "s1"
    assert message.entries == (await log.read("s1"))[1:]
    await heard.aclose()  # type: ignore[attr-defined]


async def test_all_keys_of_a_session_share_a_hash_tag(log: SessionLog, redis: Redis) -> None:
    await begin(log)
    await log.append("s1", (1000, 1), [said("x")], changes=["a"], command=command_key("ada", "c1"))
    keys = set(await redis.keys("*"))
    assert keys == {
        "rostrum:sessions",
        "rostrum:{s1}:head",
        "rostrum:{s1}:log",
        "rostrum:{s1}:versions",
        "rostrum:{s1}:done:ada c1",
    }


@pytest.mark.fault
async def test_what_was_acknowledged_survives_a_kill(log: SessionLog, redis_server: RedisServer) -> None:
    await begin(log)
    acknowledged: list[str] = []

    async def talk(speaker: int) -> None:
        try:
            for i in range(10_000):
                command = command_key(f"p{speaker}", f"c{i}")
                await log.append("s1", (1000, 1), [said(command)], command=command)
                acknowledged.append(command)
        except LogUnavailable:
            return

    talkers = [asyncio.create_task(talk(speaker)) for speaker in range(8)]
    await asyncio.sleep(0.5)
    redis_server.kill()
    await asyncio.gather(*talkers)
    assert len(acknowledged) > 50
    with pytest.raises(LogUnavailable):
        await log.heads(["s1"])
    await redis_server.start()
    kept = [entry.command for entry in await log.read("s1")]
    assert set(acknowledged) <= set(kept)
    assert len(kept) == len(set(kept)), "something was applied twice"


@pytest.mark.fault
async def test_a_frozen_redis_is_away_within_seconds(log: SessionLog, redis_server: RedisServer) -> None:
    await begin(log)
    redis_server.freeze()
    began = asyncio.get_running_loop().time()
    with pytest.raises(LogUnavailable):
        await log.append("s1", (1000, 1), [said("x")])
    assert asyncio.get_running_loop().time() - began < 3
