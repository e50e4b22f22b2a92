"""Votes, ballots and applause of a crowd on a real Redis: counted once each, told in sums."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import pytest

from signaling import gathering as gathering_module
from signaling import ticks as ticks_module
from signaling.errors import LogUnavailable
from signaling.gathering import MOST_TOGETHER, Gathering, Given
from signaling.limits import BUDGETS
from signaling.live import LiveSession, LiveSessions, person_of
from signaling.log import SessionLog, command_key
from signaling.protocol import (
    Ack,
    AnyServerMessage,
    AskQuestion,
    Ballot,
    BallotsCast,
    CastBallot,
    ClosePoll,
    CreatePoll,
    EndSession,
    FloorNow,
    MergeQuestion,
    OpenPoll,
    PauseSession,
    PollTotal,
    React,
    Refused,
    SendCaption,
    StartSession,
    Tick,
    Vote,
    VoteQuestion,
    VotesCast,
    YourBallot,
    Yours,
)
from signaling.session.fold import apply
from signaling.session.state import doubles, voters_of

from .conftest import RedisServer
from .session_events import MODERATOR as STAFF
from .session_events import Fold
from .tape import texts
from .test_live import (
    MOD,
    PRO,
    Reader,
    asked,
    claims,
    decode_frame,
    done,
    generous,
    live,
    new_id,
    session,
    until,
    worker,
)

__all__ = ["generous", "live", "session"]


async def told(reader: Reader) -> list[AnyServerMessage]:
    return [decode_frame(frame) for frame in await reader.frames()]


def ephemeral(session: LiveSession) -> list[AnyServerMessage]:
    """Return what a joiner is told beside the snapshot."""
    return [decode_frame(text) for frame in session.fanout.ephemeral("public") for text in texts(frame)]


def sums(messages: Iterable[object]) -> dict[str, int]:
    """Return what a page knows after some ticks."""
    ticks = [message for message in messages if isinstance(message, Tick)]
    return {total.question: total.votes for tick in ticks for total in tick.votes}


async def test_a_crowd_on_two_workers_is_counted_once_each_in_few_events_and_ticks(
    redis_server: RedisServer, log: SessionLog, session: LiveSession
) -> None:
    first, second = await asked(session, "First?"), await asked(session, "Second?")
    async with worker(redis_server.url) as other:
        there = await other.get("s1")
        readers = [Reader(session, claims("bob")), Reader(there, claims("eve"))]
        before, began = session.state.seq, time.monotonic()
        crowd = [claims(f"v{i}") for i in range(400)]

        async def votes(i: int) -> None:
            # All for the first, and again; every other one for the second, and half of those no longer.
            here = session if i % 2 else there
            await done(here, crowd[i], VoteQuestion(new_id(), first.id))
            await done(there, crowd[i], VoteQuestion(new_id(), first.id))
            if i % 2:
                await done(session, crowd[i], VoteQuestion(new_id(), second.id))
            if i % 4 == 3:
                await done(there, crowd[i], VoteQuestion(new_id(), second.id, up=False))

        await asyncio.gather(*(votes(i) for i in range(400)))
        took = time.monotonic() - began
        await until(lambda: session.state == there.state)
        meant = {first.id: 400, second.id: 100}
        assert {question: len(voters) for question, voters in session.state.votes.items()} == meant
        written = [entry.event for entry in await log.read("s1") if entry.seq > before]
        assert all(isinstance(event, VotesCast) for event in written)
        assert len(written) <= 2 * (4 * took + 2), "at most four events a second and worker"
        print(f"1,100 votes in {took:.2f} s by {len(written)} events")
        for reader in readers:
            messages = [one for one in await told(reader) if not isinstance(one, FloorNow)]
            assert sums(messages) == meant
            assert len(messages) <= 4 * took + 2, "and nothing else but ticks and the floor"
            assert not any("v1" in str(message) for message in messages)


def counting() -> tuple[Gathering, list[int]]:
    """Return a gathering, and how many it wrote together each time; each is told which write was theirs."""
    writes: list[int] = []

    async def write(together: Sequence[Given]) -> None:
        writes.append(len(together))
        for one in together:
            one.settle(len(writes))

    return Gathering(write), writes


def given(number: int) -> Given:
    """Return ada's vote of this number."""
    return Given(person_of(claims("ada")), VoteQuestion(f"c{number}", "q"), command_key("ada", f"c{number}"))


async def test_a_wave_larger_than_one_write_waits_for_no_company(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering_module, "PACE", 5.0)
    gathering, writes = counting()

    began = time.monotonic()
    answers = await asyncio.gather(*(gathering.add(given(number)) for number in range(MOST_TOGETHER)))
    assert (set(answers), writes) == ({1}, [MOST_TOGETHER])
    more = range(MOST_TOGETHER, 4 * MOST_TOGETHER)
    await asyncio.gather(*(gathering.add(given(number)) for number in more))
    took = time.monotonic() - began
    assert writes == [MOST_TOGETHER] * 4
    assert took < 5.0, "three waits would have taken 15 s"
    first, *more_still = [
        asyncio.create_task(gathering.add(given(number)))
        for number in range(4 * MOST_TOGETHER, 5 * MOST_TOGETHER - 1)
    ]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):  # who is few waits for others
            await asyncio.shield(first)
    began = time.monotonic()
    await gathering.add(given(5 * MOST_TOGETHER))  # and not for more than go together
    await asyncio.gather(first, *more_still)
    assert time.monotonic() - began < 2.0 and writes == [MOST_TOGETHER] * 5
    await gathering.close()


async def test_the_rest_of_a_wave_is_written_right_after_its_beginning_and_what_comes_later_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gathering_module, "PACE", 30.0)
    gathering, writes = counting()

    async with asyncio.timeout(10):
        assert [await gathering.add(given(number)) for number in range(2)] == [1, 2]
    late = asyncio.create_task(gathering.add(given(2)))
    done, _ = await asyncio.wait([late], timeout=0.2)
    assert not done and writes == [1, 1], "in the long run they are PACE apart"
    await gathering.close()
    with pytest.raises(LogUnavailable):
        await late


async def test_a_wave_is_told_when_its_rest_is_there_and_one_vote_at_once(
    session: LiveSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticks_module, "WAVE_JOIN", 30.0)
    question = await asked(session)
    reader = Reader(session, claims("bob"))
    wave = [
        session.command(claims(f"v{n}"), VoteQuestion(new_id(), question.id))
        for n in range(ticks_module.WAVE)
    ]
    assert all(isinstance(outcome, Ack) for outcome in await asyncio.gather(*wave))
    assert not any(isinstance(message, Tick) for message in await told(reader)), "it waits for the rest"
    session.fanout._ticks._tick()
    assert sums(await told(reader)) == {question.id: ticks_module.WAVE}
    await done(session, claims("eve"), VoteQuestion(new_id(), question.id))
    async with asyncio.timeout(10):
        while sums(await told(reader)) != {question.id: ticks_module.WAVE + 1}:
            pass


def test_a_wave_costs_the_same_however_many_have_voted_before() -> None:
    many = frozenset(f"v{number}" for number in range(50_000))
    fold = Fold()
    fold.do(STAFF, AskQuestion(fold.new_id(), "Why?"))
    fold.do(STAFF, CreatePoll(fold.new_id(), "Is it?", "single", ("yes", "no")))
    (question,), (poll,) = fold.state.questions, fold.state.polls
    cast = MappingProxyType(dict.fromkeys(many, (0,)))
    votes, ballots = MappingProxyType({question: many}), MappingProxyType({poll: cast})
    state = replace(fold.state, votes=votes, ballots=ballots)
    wave = range(MOST_TOGETHER)
    voted = VotesCast(at=1, by="system", votes=tuple(Vote(question, f"w{n}", up=True) for n in wave))
    balloted = BallotsCast(at=1, by="system", ballots=tuple(Ballot(poll, f"w{n}", (1,)) for n in wave))
    began = time.process_time()
    state = apply(apply(state, voted), balloted)
    took = time.process_time() - began
    print(f"{2 * MOST_TOGETHER} votes and ballots on 50,000 each: {took * 1000:.0f} ms")
    assert took < 0.5, "once a wave, not once a vote, is copied what was there"
    assert len(state.votes[question]) == len(state.ballots[poll]) == 50_000 + MOST_TOGETHER


async def test_a_vote_is_told_in_sums_to_all_and_by_itself_to_the_voters_pages(session: LiveSession) -> None:
    question = await asked(session)
    pages = [Reader(session, claims("ada")), Reader(session, claims("ada"))]
    other, desk = Reader(session, claims("bob")), Reader(session, MOD)
    await done(session, claims("ada"), VoteQuestion(new_id(), question.id))
    for reader in (*pages, other, desk):
        messages = await told(reader)
        assert sums(messages) == {question.id: 1}
        mine = [message for message in messages if isinstance(message, Yours)]
        assert mine == ([Yours((question.id,), ())] if reader in pages else [])
        assert not any("ada" in str(message) for message in messages)


async def test_a_vote_sent_again_after_it_was_taken_back_is_not_done_again(session: LiveSession) -> None:
    question, ada = await asked(session), claims("ada")
    vote = VoteQuestion(new_id(), question.id)
    twice = await asyncio.gather(done(session, ada, vote), done(session, ada, vote))
    assert twice[0] == twice[1]
    await done(session, ada, VoteQuestion(new_id(), question.id, up=False))
    assert await done(session, ada, vote) == twice[0]
    assert session.state.votes == {}


async def test_a_vote_is_done_once_though_its_receipt_was_lost_with_the_end_of_the_log(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    """Who fails over without the tail has lost the receipts too, of all that was written together."""
    ada, bob = claims("ada"), claims("bob")
    async with worker(redis_server.url) as here, worker(redis_server.url) as there:
        session = await here.create("A talk", "s1")
        question = await asked(session)
        elsewhere = await there.get("s1")
        await until(lambda: question.id in elsewhere.state.questions)
        redis_server.copy_data(tmp_path)
        first, second = VoteQuestion(new_id(), question.id), VoteQuestion(new_id(), question.id)
        voted = [await done(session, ada, first), await done(elsewhere, bob, second)]
        taken_back = [VoteQuestion(new_id(), question.id, up=False) for _ in voted]
        await done(session, ada, taken_back[0])
        await done(elsewhere, bob, taken_back[1])
        before = session.position[0]
        redis_server.kill()
        redis_server.replace_data(tmp_path)
        await redis_server.start()
        await until(lambda: min(session.position[0], elsewhere.position[0]) > before, within=10)
        await until(lambda: here.available and there.available)
        assert session.state.votes == {}
        # Who had no answer says the same again, to whichever worker.
        assert [await done(elsewhere, ada, first), await done(session, bob, second)] == voted
        assert session.state.votes == elsewhere.state.votes == {}


async def test_votes_follow_a_merge_and_none_is_taken_after_the_end(
    redis_server: RedisServer, session: LiveSession
) -> None:
    gone, kept = await asked(session), await asked(session)
    async with worker(redis_server.url) as other:
        there = await other.get("s1")
        early = [
            (session if i % 2 else there).command(claims(f"v{i}"), VoteQuestion(new_id(), gone.id))
            for i in range(100)
        ]
        merge = session.command(MOD, MergeQuestion(new_id(), gone.id, kept.id))
        outcomes = await asyncio.gather(*early, merge)
        assert all(isinstance(outcome, Ack) for outcome in outcomes)
        await until(lambda: session.state == there.state)
        assert len(voters_of(session.state, kept.id, doubles(session.state))) == 100
        late = [there.command(claims(f"w{i}"), VoteQuestion(new_id(), kept.id)) for i in range(50)]
        ended, *answers = await asyncio.gather(session.command(PRO, EndSession(new_id())), *late)
        assert isinstance(ended, Ack)
        await until(lambda: session.state == there.state)
        counted = len(voters_of(session.state, kept.id, doubles(session.state))) - 100
        assert counted == sum(isinstance(answer, Ack) for answer in answers)
        refusals = {answer.code for answer in answers if isinstance(answer, Refused)}
        assert refusals <= {"session_ended"}


async def test_ballots_of_a_crowd_count_until_the_poll_is_closed_and_not_after(
    redis_server: RedisServer, session: LiveSession
) -> None:
    await done(session, MOD, CreatePoll(new_id(), "Is it?", "single", ("yes", "no"), hidden=True))
    (poll,) = session.state.polls
    await done(session, MOD, OpenPoll(new_id(), poll))
    async with worker(redis_server.url) as other:
        there = await other.get("s1")
        page, desk, hand = Reader(session, claims("bob")), Reader(there, MOD), Reader(there, claims("v7"))
        early = [
            (session if i % 2 else there).command(claims(f"v{i}"), CastBallot(new_id(), poll, (i % 2,)))
            for i in range(200)
        ]
        assert all(isinstance(outcome, Ack) for outcome in await asyncio.gather(*early))
        await done(session, claims("v7"), CastBallot(new_id(), poll, (0,)))
        await until(lambda: session.state == there.state)
        frames = await page.frames()
        assert not any('"v1"' in frame or "poll.ballots" in frame for frame in frames)
        seen = [message for message in map(decode_frame, frames) if isinstance(message, Tick)]
        assert [total.counts for tick in seen for total in tick.polls] == [None] * len(seen)
        assert seen[-1].polls[0].voters == 200
        ticks = [message for message in await told(desk) if isinstance(message, Tick)]
        assert ticks[-1].polls[0].counts == (101, 99)
        mine = [message for message in await told(hand) if isinstance(message, Yours)]
        assert mine[-1] == Yours((), (YourBallot(poll, (0,)),))
        late = [there.command(claims(f"w{i}"), CastBallot(new_id(), poll, (0,))) for i in range(100)]
        closing = asyncio.create_task(session.command(MOD, ClosePoll(new_id(), poll)))
        answers = await asyncio.gather(*late)
        assert isinstance(await closing, Ack)
        await until(lambda: session.state == there.state)
        counted = sum(isinstance(answer, Ack) for answer in answers)
        assert {answer.code for answer in answers if isinstance(answer, Refused)} <= {"wrong_state"}
        ticks = [message for message in await told(page) if isinstance(message, Tick)]
        assert ticks[-1].polls[0] == PollTotal(poll, 200 + counted, (101 + counted, 99))


# -- reactions -----------------------------------------------------------------------------------------


async def test_a_crowds_applause_is_four_frames_a_second_for_each_and_nothing_of_it_is_kept(
    redis_server: RedisServer, log: SessionLog, session: LiveSession
) -> None:
    async with worker(redis_server.url) as other:
        there = await other.get("s1")
        readers = [Reader(session, claims("bob")), Reader(there, claims("eve"))]
        before, began = await log.read("s1"), time.monotonic()
        taken = 0

        async def applaud(person: int) -> None:
            nonlocal taken
            for _ in range(20):
                here = session if person % 2 else there
                outcome = await here.command(claims(f"v{person}"), React(new_id(), "clap"))
                taken += isinstance(outcome, Ack)
                await asyncio.sleep(0.05)

        await asyncio.gather(*(applaud(i) for i in range(300)))
        took = time.monotonic() - began
        most = BUDGETS["reaction.send"].burst + BUDGETS["reaction.send"].rate * took
        assert 300 * 10 <= taken <= 300 * most, "each is held to the own budget"
        for reader in readers:
            messages = await told(reader)
            assert all(isinstance(message, Tick) for message in messages)
            heard = [total for tick in messages if isinstance(tick, Tick) for total in tick.reactions]
            assert sum(total.count for total in heard) == taken
            assert 2 <= len(messages) <= 4 * took + 3
        print(f"{taken} reactions of 300 people in {took:.2f} s")
        assert await log.read("s1") == before


async def test_sums_are_told_a_quarter_of_a_second_apart_whatever_the_crowd_does() -> None:
    loop, told = asyncio.get_running_loop(), list[float]()
    ticks = ticks_module.Ticks(
        lambda: Fold().state,
        lambda: None,
        lambda audience, tick: told.append(loop.time()) if audience == "public" else None,
        lambda wanted, message: None,
    )
    while len(told) < 4:
        ticks.tell({"clap": 100}, ())
        await asyncio.sleep(0.005)
    assert min(after - before for before, after in pairwise(told)) >= 0.249


# -- captions ------------------------------------------------------------------------------------------


async def test_captions_reach_both_workers_in_their_newest_form_and_who_joins_and_are_not_kept(
    redis_server: RedisServer, log: SessionLog, session: LiveSession
) -> None:
    await done(session, PRO, StartSession(new_id()))
    async with worker(redis_server.url) as other:
        there = await other.get("s1")
        readers = [Reader(session, claims("bob")), Reader(there, claims("eve"))]
        before, interpreter = await log.read("s1"), claims("iris", "interpreter")
        words = ["Good", "evening", "from", "two", "rooms", "in", "one", "conversation"]
        for n in range(1, len(words) + 1):
            await done(session, interpreter, SendCaption(new_id(), "en", "l1", " ".join(words[:n])))
        await done(there, interpreter, SendCaption(new_id(), "zh", "l1", "晚上好"))
        for reader in readers:
            ticks = [message for message in await told(reader) if isinstance(message, Tick)]
            said = {line.language: line.text for tick in ticks for line in tick.captions}
            assert said == {"en": " ".join(words), "zh": "晚上好"}
            assert len(ticks) <= 4, "a line that grows fast is told as it is, not word by word"
        for joiner in (session, there):
            tick = ephemeral(joiner)[-1]
            assert isinstance(tick, Tick) and {line.text for line in tick.captions} == set(said.values())
        refused = await session.command(claims("bob"), SendCaption(new_id(), "en", "l2", "Buy my book"))
        assert isinstance(refused, Refused) and refused.code == "forbidden"
        assert await log.read("s1") == before
        await done(session, PRO, PauseSession(new_id()))
        assert not any(isinstance(message, Tick) for message in ephemeral(session))


async def test_nobody_applauds_after_the_end(session: LiveSession) -> None:
    await done(session, PRO, EndSession(new_id()))
    refused = await session.command(claims("bob"), React(new_id(), "clap"))
    assert isinstance(refused, Refused) and refused.code == "session_ended"


@pytest.mark.fault
async def test_votes_survive_a_redis_that_dies_and_one_that_lost_its_end(
    redis_server: RedisServer, live: LiveSessions, session: LiveSession, tmp_path: Path
) -> None:
    question = await asked(session)
    redis_server.copy_data(tmp_path)
    acknowledged: set[str] = set()
    going = True

    async def vote(voter: int) -> None:
        number = 0
        while going:
            name, number = f"v{voter}-{number}", number + 1
            outcome = await session.command(claims(name), VoteQuestion(new_id(), question.id))
            if isinstance(outcome, Ack):
                acknowledged.add(name)
            else:
                assert outcome.code == "log_unavailable"
                await asyncio.sleep(0.05)

    voting = [asyncio.create_task(vote(i)) for i in range(20)]
    await asyncio.sleep(0.6)
    redis_server.kill()
    await until(lambda: not live.available, within=2)
    await redis_server.start()
    await until(lambda: live.available, within=3)
    await asyncio.sleep(0.6)
    going = False
    await asyncio.gather(*voting)
    assert len(acknowledged) > 40
    assert acknowledged <= session.state.votes[question.id]
    epoch, counted = session.position[0], session.state.votes
    redis_server.kill()
    redis_server.replace_data(tmp_path)
    await redis_server.start()
    await until(lambda: session.position[0] > epoch, within=3)
    assert session.state.votes == counted
    async with worker(redis_server.url) as other:
        assert (await other.get("s1")).state.votes == counted
