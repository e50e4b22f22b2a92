"""Who begins to follow a session late: from a checkpoint, right in every case, and cheaply."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import msgspec
import pytest
from redis.asyncio import Redis

from signaling import log as log_module
from signaling import replica
from signaling.live import LiveSession, LiveSessions
from signaling.log import SessionLog
from signaling.protocol import (
    ApproveQuestion,
    AskQuestion,
    BringOn,
    ChatMessage,
    ChatPosted,
    DeleteChat,
    Person,
    PostChat,
    Resume,
    ShowQuestion,
    StartSession,
)
from signaling.session import checkpoint
from signaling.session.checkpoint import EVERY, SHAPE, TAIL, Checkpoint, pack, unpack

from .conftest import RedisServer
from .session_events import ADA, MODERATOR, PRODUCER, SPEAKER, Fold
from .test_live import Reader, claims, done, generous, live, new_id, session, worker

__all__ = ["generous", "live", "session"]

MOST_CPU = 0.050
"""Seconds of CPU for a worker that meets a session with 5,000 events behind it, and for one who joins."""


def lived() -> Fold:
    """Return a session in which a little of everything has happened."""
    fold = Fold()
    fold.do(PRODUCER, StartSession(fold.new_id()))
    fold.do(PRODUCER, BringOn(fold.new_id(), SPEAKER.id), SPEAKER)
    for text in ("Why?", '你好 🎤 \\ " \n'):
        fold.do(ADA, AskQuestion(fold.new_id(), text))
        fold.do(ADA, PostChat(fold.new_id(), text))
    first, second = fold.state.questions
    fold.do(MODERATOR, ApproveQuestion(fold.new_id(), first))
    fold.do(MODERATOR, ShowQuestion(fold.new_id(), first))
    fold.do(MODERATOR, ApproveQuestion(fold.new_id(), second))
    fold.do(MODERATOR, DeleteChat(fold.new_id(), fold.state.chat[0].id))
    return fold


def test_a_checkpoint_comes_back_as_it_was_and_goes_on_like_the_state_itself() -> None:
    fold = lived()
    kept = Checkpoint(fold.state, fold.facts[-1].event, "ada c1")
    back = unpack(pack(kept))
    assert back == kept
    assert back is not None and type(back.state.questions) is type(fold.state.questions)
    with pytest.raises(TypeError):
        back.state.people["eve"] = ADA  # type: ignore[index]
    on = Fold()
    on.state = back.state
    for one in (fold, on):
        one.do(MODERATOR, ShowQuestion("c-next", list(one.state.questions)[1]))
    assert on.state == fold.state


@pytest.mark.parametrize(
    "text",
    ["", "{}", "null", '{"state":1}', pack(Checkpoint(lived().state, lived().facts[-1].event, ""))[:-9]],
)
def test_what_is_no_checkpoint_is_none(text: str) -> None:
    assert unpack(text) is None


async def filled(log: SessionLog, live: LiveSession, events: int) -> None:
    """Let a crowd of 300 talk, a hundred messages at a time."""
    people = [Person(f"p{i}", f"Person {i}", "viewer") for i in range(300)]
    while live.state.seq < events:
        seq = live.state.seq
        posted = [
            ChatPosted(
                at=seq + i, by=who.id, message=ChatMessage(f"m{seq + i}", who, f"line {seq + i}", seq + i)
            )
            for i in range(min(100, events - seq))
            for who in [people[(seq + i) % len(people)]]
        ]
        await log.append(live.id, live.position, posted)
        await live.catch_up()
        await live.keep()


async def commands(redis: Redis) -> dict[str, int]:
    """Return how often Redis was asked to read a log, or for a checkpoint."""
    stats = await redis.info("commandstats")
    return {name: stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("xrange", "hmget")}


async def test_a_join_with_5000_events_behind_is_cheap_and_reads_redis_once(
    redis_server: RedisServer, redis: Redis, log: SessionLog, session: LiveSession
) -> None:
    await done(session, claims("pro", "producer"), StartSession(new_id()))
    await filled(log, session, 5000)
    place, _ = await log.checkpoint("s1", SHAPE) or pytest.fail("none kept")
    assert TAIL <= 5000 - place[1] < TAIL + EVERY + 1
    async with worker(redis_server.url) as other:
        there = await other.get("s1")
        # Loaded already, at the start; once more, to take the time of nothing else.
        before, loads = await commands(redis), []
        for _ in range(5):
            cpu = time.process_time()
            await there.load()
            loads.append(time.process_time() - cpu)
        load = min(loads)  # this process does other things meanwhile
        # One a load; the other worker may look for itself meanwhile.
        assert len(loads) <= (await commands(redis))["xrange"] - before["xrange"] <= len(loads) + 2
        assert there.state == session.state and there.position == session.position
        before, cpu = await commands(redis), time.process_time()
        for number in range(100):
            reader = Reader(there, claims(f"viewer-{number}"))
            frame = encode_snapshot(there, reader)
        join = (time.process_time() - cpu) / 100
        assert (await commands(redis))["xrange"] == before["xrange"], "who joins asks Redis for no history"
        print(
            f"5,000 events behind: load {load * 1000:.1f} ms, a join {join * 1000:.2f} ms, {len(frame)} bytes"
        )
        assert load + join <= MOST_CPU
        late = Reader(there, claims("late")).place
        missed = there.since(late, Resume(there.position[0], 5000 - TAIL))
        assert missed is not None and len(missed) == TAIL
        assert there.since(late, Resume(there.position[0], 10)) is None


def encode_snapshot(live: LiveSession, reader: Reader) -> bytes:
    return msgspec.json.encode(live.snapshot(reader.place))


async def test_another_version_reads_the_log_whole_and_comes_to_the_same(
    redis_server: RedisServer, log: SessionLog, session: LiveSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(log, session, EVERY + TAIL + 1)
    assert await log.checkpoint("s1", SHAPE) is not None
    monkeypatch.setattr(replica, "SHAPE", "another")
    async with worker(redis_server.url) as other:
        there = await other.get("s1")
        assert there.state == session.state
        assert there.since(Reader(there, claims("late")).place, Resume(there.position[0], 1)) is not None
        await filled(log, there, 2 * EVERY + TAIL + 1)
    place, _ = await log.checkpoint("s1", "another") or pytest.fail("none kept")
    assert place[1] == 2 * EVERY
    assert await log.checkpoint("s1", SHAPE) is None, "one version's at a time"


async def test_a_checkpoint_of_another_past_is_passed_over(
    redis_server: RedisServer, log: SessionLog, session: LiveSession
) -> None:
    await filled(log, session, EVERY + TAIL + 1)
    place, body = await log.checkpoint("s1", SHAPE) or pytest.fail("none kept")
    kept = unpack(body)
    assert kept is not None
    said = ChatPosted(seq=place[1], at=1, by="eve", message=ChatMessage("m-other", ADA, "another past", 1))
    wrong = replace(kept.state, chat=(), deleted=frozenset({"m1"}))
    for epoch, event in ((place[0] + 1, kept.event), (place[0], said)):
        body = pack(Checkpoint(wrong, event, kept.command))
        await log._redis.delete("rostrum:{s1}:checkpoint")
        assert await log.keep("s1", session.position[0], SHAPE, (epoch, place[1]), body)
        async with worker(redis_server.url) as other:
            assert (await other.get("s1")).state == session.state


async def test_an_older_checkpoint_does_not_replace_a_newer_one(
    log: SessionLog, session: LiveSession
) -> None:
    epoch = session.position[0]
    assert await log.keep("s1", epoch, SHAPE, (epoch, 1000), "newer")
    assert not await log.keep("s1", epoch, SHAPE, (epoch, 500), "older")
    assert not await log.keep("s1", epoch, SHAPE, (epoch, 1000), "same")
    assert not await log.keep("s1", epoch - 1, SHAPE, (epoch, 2000), "of a log that is no more")
    assert await log.checkpoint("s1", SHAPE) == ((epoch, 1000), "newer")


async def test_whose_name_is_erased_is_in_no_checkpoint(
    redis_server: RedisServer, redis: Redis, log: SessionLog, session: LiveSession
) -> None:
    await filled(log, session, EVERY + TAIL + 1)
    assert '"Person 7"' in str(await redis.hgetall("rostrum:{s1}:checkpoint"))
    await session.erase("p7")
    await session.keep()
    assert '"Person 7"' not in str(await redis.hgetall("rostrum:{s1}:checkpoint"))
    async with worker(redis_server.url) as other:
        assert (await other.get("s1")).state == session.state
    await log.delete("s1")
    assert not await redis.exists("rostrum:{s1}:checkpoint")


async def test_a_log_longer_than_a_page_is_read_whole(
    redis_server: RedisServer, log: SessionLog, session: LiveSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(log, session, 50)
    whole = await log.read("s1")
    for page in (1, 7, 49, 50, 51):
        monkeypatch.setattr("signaling.log.PAGE", page)
        assert await log.read("s1") == whole
        assert [entry.seq for entry in await log.read("s1", after=(whole[9].epoch, 10))] == list(
            range(10, 51)
        )


async def stored(redis: Redis) -> tuple[int, float, float]:
    """Return how many entries are not packed, the bytes each of these takes, and those of all others."""
    names = ("rostrum:{s1}:log", "rostrum:{s1}:archive")
    sizes = [await redis.memory_usage(name, samples=0) or 0 for name in names]
    left = await redis.xlen(names[0])
    return left, sizes[0] / left, sizes[1]


async def test_what_lies_behind_a_checkpoint_is_packed_and_read_as_if_it_were_not(
    redis_server: RedisServer, redis: Redis, log: SessionLog, session: LiveSession, live: LiveSessions
) -> None:
    slept = LiveSession("s1", log, live.presence, live.limits, live.clock)
    await slept.load()
    early = slept.position
    await filled(log, session, 900)
    (_, loose, nothing), whole = await stored(redis), await log.read("s1")
    assert nothing == 0 and len(whole) == 900
    await filled(log, session, 5000)
    left, _, archive = await stored(redis)
    packed = archive / (5000 - left)
    print(f"5,000 events: {left} not packed, the others {packed:.0f} bytes each instead of {loose:.0f}")
    assert left < TAIL + 2 * EVERY + log_module.PACKED_AT_LEAST
    assert packed < loose / 4
    entries = await log.read("s1")
    assert [entry.seq for entry in entries] == list(range(1, 5001)) and entries[:900] == whole
    for seq in (1, 10, 1700, 4000, 4990, 5000):
        assert await log.read("s1", after=(entries[seq - 1].epoch, seq)) == entries[seq - 1 :]
    assert await session.events() == tuple(entry.event for entry in entries)
    await slept.catch_up()
    assert (slept.state, slept.position) == (session.state, (early[0], 5000)), "it has not begun anew"
    await session.erase("p7")
    assert await redis.exists("rostrum:{s1}:archive") == 0
    assert len(await log.read("s1")) == 5000
    await filled(log, session, 5000 + EVERY)
    assert await redis.exists("rostrum:{s1}:archive") == 1
    assert '"Person 7"' not in str([entry.event for entry in await log.read("s1")])
    await log.delete("s1")
    assert await redis.keys("rostrum:{s1}:*") == ["rostrum:{s1}:head"]


async def test_who_reads_while_it_is_packed_misses_nothing(
    log: SessionLog, session: LiveSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(log, session, 1500)
    epoch = session.position[0]
    monkeypatch.setattr(log_module, "PAGE", 100)
    monkeypatch.setattr(log_module, "PACKED_AT_LEAST", 10)

    async def pack() -> None:
        while await log.pack("s1", epoch, (epoch, 1400)):
            pass

    async def read(after: int) -> None:
        found = await log.read("s1", after=(epoch, after) if after else None)
        assert [entry.seq for entry in found] == list(range(max(1, after), 1501))

    await asyncio.gather(pack(), *(read(after) for after in (0, 1, 50, 150, 1000, 1450)))
    assert await log.pack("s1", epoch + 1, (epoch, 1500)) == 0, "not the log of another epoch"
    await read(0)


def test_the_shape_is_that_of_the_code_that_folds() -> None:
    named = {source.name for source in checkpoint._SOURCES}
    assert {"fold.py", "state.py", "chat.py", "questions.py", "unions.py"} <= named
    assert len(SHAPE) == 16
