"""Live sessions on a real Redis: workers that agree, fights, resumes, kills, and logs that lose their end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from signaling.auth import Claims
from signaling.errors import Conflict, LogUnavailable, SessionNotFound
from signaling.limits import BUDGETS, Budget
from signaling.live import LiveSession, LiveSessions, person_of
from signaling.live_session import AT_ONCE
from signaling.log import Position, SessionLog, connect
from signaling.outbox import Outbox
from signaling.presence import Presence
from signaling.protocol import (
    Ack,
    AnyServerMessage,
    ApproveQuestion,
    AskQuestion,
    BringOn,
    ChatPosted,
    DeleteChat,
    Events,
    Media,
    MediaState,
    PostChat,
    Question,
    Refused,
    Resume,
    Role,
    ShowQuestion,
    StartSession,
    TakeOff,
)
from signaling.websocket_protocol import text_frame
from stream.plan import StagePlan

from .conftest import RedisServer
from .tape import Tape, texts

REFUSED_WITHIN = 5.0
"""Seconds until commands that a hung Redis does not answer are refused: twice TIMEOUT, and some."""

decode_frame = msgspec.json.Decoder(AnyServerMessage).decode


@pytest.fixture(autouse=True)
def generous(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tests talk faster than people."""
    for kind in ("address", "session", "process", "chat.post", "question.ask", "desk"):
        monkeypatch.setitem(BUDGETS, kind, Budget(rate=1e6, burst=1e6))


def claims(sub: str, role: Role = "viewer") -> Claims:
    return Claims(sub=sub, session="s1", role=role, name=sub.title(), iat=0, exp=2**40)


ADA, MOD, PRO, GRACE = (
    claims("ada"),
    claims("mod", "moderator"),
    claims("pro", "producer"),
    claims("grace", "speaker"),
)


@asynccontextmanager
async def worker(url: str) -> AsyncIterator[LiveSessions]:
    """Run one worker with connections of its own to Redis."""
    async with AsyncExitStack() as stack:
        client = connect(url)
        stack.push_async_callback(client.aclose)
        yield await stack.enter_async_context(LiveSessions(SessionLog(client), Presence(client, tick=0.05)))


@pytest.fixture
async def live(redis_server: RedisServer) -> AsyncIterator[LiveSessions]:
    async with worker(redis_server.url) as live:
        yield live


@pytest.fixture
async def session(live: LiveSessions) -> LiveSession:
    return await live.create("A talk", "s1")


async def until(condition: Callable[[], bool], within: float = 5.0) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within, "did not come true"
        await asyncio.sleep(0.005)
    return time.monotonic() - began


class Reader:
    """Somebody who reads a session, as a connection would."""

    def __init__(self, session: LiveSession, who: Claims) -> None:
        self.tape = Tape()
        self.place = session.subscribe(
            person_of(who), Outbox(self.tape, lambda: text_frame(b"RESYNC"), lambda: None)
        )

    async def frames(self, within: float = 0.4) -> list[str]:
        """Return all that comes until nothing has come for a while; `RESYNC` for a loss."""
        return [text for written in await self.tape.quiet(within) for text in texts(written)]

    async def events(self) -> list[Events]:
        messages = [decode_frame(frame) for frame in await self.frames() if frame != "RESYNC"]
        return [message for message in messages if isinstance(message, Events)]


_numbers = iter(range(1, 10**9))


def new_id() -> str:
    return f"c{next(_numbers)}"


async def done(session: LiveSession, actor: Claims, command: object) -> int:
    outcome = await session.command(actor, command)  # type: ignore[arg-type]
    assert isinstance(outcome, Ack), outcome
    return outcome.seq


async def asked(session: LiveSession, text: str = "Why?", *, approve: bool = True) -> Question:
    await done(session, ADA, AskQuestion(new_id(), text))
    question = list(session.state.questions.values())[-1]
    if approve:
        await done(session, MOD, ApproveQuestion(new_id(), question.id))
    return question


# -- sessions ------------------------------------------------------------------------------------------


async def test_sessions_are_created_once_found_by_every_worker_and_listed(
    redis_server: RedisServer, live: LiveSessions, session: LiveSession
) -> None:
    assert session.state.session.status == "planned"
    with pytest.raises(Conflict):
        await live.create("Another", "s1")
    with pytest.raises(SessionNotFound):
        await live.get("s2")
    unnamed = await live.create("Unnamed")
    async with worker(redis_server.url) as other:
        assert (await other.get("s1")).state == session.state
        assert {s.id for s in await other.list()} == {"s1", unnamed.id}
        later = await live.create("Later", "s3")
        await until(lambda: other.about("s3") is not None, within=2.5)
        assert (await other.get("s3")).plan == later.plan


async def test_an_ack_means_that_the_state_here_has_it(session: LiveSession) -> None:
    for i in range(20):
        seq = await done(session, ADA, PostChat(new_id(), f"line {i}"))
        assert session.state.seq >= seq
        assert session.state.chat[-1].text == f"line {i}"


async def test_the_same_command_again_gets_the_same_answer_even_where_it_no_longer_makes_sense(
    session: LiveSession,
) -> None:
    post = PostChat(new_id(), "once")
    assert await done(session, ADA, post) == await done(session, ADA, post)
    assert [m.text for m in session.state.chat] == ["once"]
    question = await asked(session, approve=False)
    approve = ApproveQuestion(new_id(), question.id)
    seq = await done(session, MOD, approve)
    await done(session, MOD, ShowQuestion(new_id(), question.id))
    assert await done(session, MOD, approve) == seq
    refused = await session.command(MOD, ApproveQuestion(new_id(), question.id))
    assert isinstance(refused, Refused) and refused.code == "wrong_state"


async def test_rights_and_limits_refuse_with_a_reason(
    session: LiveSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = await session.command(ADA, StartSession(new_id()))
    assert isinstance(refused, Refused) and refused.code == "forbidden"
    foreign = msgspec.structs.replace(PRO, session="s9")
    refused = await session.command(foreign, StartSession(new_id()))
    assert isinstance(refused, Refused) and refused.code == "forbidden"
    monkeypatch.setitem(BUDGETS, "chat.post", Budget(rate=1.0, burst=5))
    outcomes = [await session.command(GRACE, PostChat(new_id(), "x")) for _ in range(6)]
    assert [type(outcome) for outcome in outcomes] == [Ack] * 5 + [Refused]
    last = outcomes[-1]
    assert isinstance(last, Refused) and last.code == "rate_limited" and 0 < (last.retry_after or 0) <= 1
    assert isinstance(await session.command(MOD, PostChat(new_id(), "another's budget")), Ack)


async def test_who_is_here_may_be_brought_on(live: LiveSessions, session: LiveSession) -> None:
    refused = await session.command(PRO, BringOn(new_id(), "grace"))
    assert isinstance(refused, Refused) and refused.code == "unknown_participant"
    live.presence.enter("s1", "c1", person_of(GRACE))
    await until(lambda: live.presence.roster("s1").online == 1)
    await done(session, PRO, BringOn(new_id(), "grace"))
    assert session.state.stage == (person_of(GRACE),)


async def test_plans_are_told_when_they_change(live: LiveSessions, session: LiveSession) -> None:
    told: list[tuple[str, StagePlan]] = []
    live.on_plan(lambda session_id, plan: told.append((session_id, plan)))
    await done(session, ADA, PostChat(new_id(), "no plan in this"))
    live.presence.enter("s1", "c1", person_of(GRACE))
    await until(lambda: live.presence.roster("s1").online == 1)
    await done(session, PRO, BringOn(new_id(), "grace"))
    await done(session, PRO, StartSession(new_id()))
    assert [plan.feeds["stage"].main for _, plan in told] == [(), ("grace/camera",)]
    assert told[0][1].version < told[1][1].version
    assert live.plans() == {"s1": told[1][1]}


# -- contention ----------------------------------------------------------------------------------------


async def test_fifty_fight_for_the_screen_on_two_workers_and_one_question_is_on_it(
    redis_server: RedisServer, session: LiveSession
) -> None:
    questions = [await asked(session, f"Question {i}?") for i in range(50)]
    async with worker(redis_server.url) as other:
        there = await other.get("s1")
        began = time.monotonic()
        outcomes = await asyncio.gather(
            *(
                (session if i % 2 else there).command(MOD, ShowQuestion(new_id(), question.id))
                for i, question in enumerate(questions)
            )
        )
        print(f"50 contended commands: {time.monotonic() - began:.3f} s")
        assert all(isinstance(outcome, Ack) for outcome in outcomes)
        await until(lambda: session.state == there.state)
        states = [question.state for question in session.state.questions.values()]
        assert sorted(states) == ["on_screen"] + ["shortlisted"] * 49


async def test_fifty_cut_at_once_on_two_workers_one_wins_and_the_others_are_told(
    redis_server: RedisServer, live: LiveSessions, session: LiveSession
) -> None:
    people = [claims(f"sp{i}", "speaker") for i in range(50)]
    for number, person in enumerate(people):
        live.presence.enter("s1", f"c{number}", person_of(person))
    await until(lambda: live.presence.roster("s1").online == 50)
    first = await done(session, PRO, BringOn(new_id(), "sp0"))
    assert session.state.air.version == first
    async with worker(redis_server.url) as other:
        there = await other.get("s1")
        began = time.monotonic()
        outcomes = await asyncio.gather(
            *(
                (session if i % 2 else there).command(PRO, BringOn(new_id(), person.sub, first))
                for i, person in enumerate(people)
                if i > 0
            )
        )
        print(f"49 cuts at once: {time.monotonic() - began:.3f} s")
        won = [outcome for outcome in outcomes if isinstance(outcome, Ack)]
        lost = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
        assert len(won) == 1 and {outcome.code for outcome in lost} == {"stage_changed"}
        await until(lambda: session.state == there.state)
        assert len(session.state.stage) == 2
        assert session.state.air.version == won[0].seq
        for outcome in lost:
            assert outcome.now is not None
            assert (outcome.now.people, outcome.now.air.version) == (session.state.stage, won[0].seq)
        cuts = [cue.state for cue in session.state.cues.values()]
        assert cuts == ["on_air", "on_air"], "who lost has left no trace"


async def test_a_cut_that_was_done_is_done_though_it_comes_again_too_late(
    live: LiveSessions, session: LiveSession
) -> None:
    live.presence.enter("s1", "c1", person_of(GRACE))
    await until(lambda: live.presence.roster("s1").online == 1)
    cut = BringOn(new_id(), "grace", 0)
    seq = await done(session, PRO, cut)
    await done(session, PRO, TakeOff(new_id(), "grace", seq))
    assert await done(session, PRO, cut) == seq
    assert session.state.stage == ()


async def test_a_cut_is_not_too_late_where_only_the_worker_is_behind(
    redis_server: RedisServer, live: LiveSessions, session: LiveSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.presence.enter("s1", "c1", person_of(GRACE))
    await until(lambda: live.presence.roster("s1").online == 1)
    async with worker(redis_server.url) as other:
        there = await other.get("s1")
        monkeypatch.setattr(there, "hear", lambda entries: True)  # deaf to pub/sub
        seen = await done(session, PRO, BringOn(new_id(), "grace"))
        monkeypatch.undo()
        assert there.state.air.version < seen
        await done(there, PRO, TakeOff(new_id(), "grace", seen))
        assert there.state.stage == ()


async def test_two_workers_under_load_agree_and_number_every_event_once(
    redis_server: RedisServer, session: LiveSession
) -> None:
    async with worker(redis_server.url) as other:
        there = await other.get("s1")
        reader = Reader(there, claims("bob"))
        texts = {f"line {i}" for i in range(200)}
        await asyncio.gather(
            *(
                (session if i % 2 else there).command(ADA, PostChat(new_id(), text))
                for i, text in enumerate(sorted(texts))
            )
        )
        await until(lambda: session.position == there.position)
        assert session.state == there.state
        assert {m.text for m in session.state.chat} == texts
        heard = [event.seq for frame in await reader.events() for event in frame.events]
        assert heard == list(range(2, 202))


async def test_who_keeps_order_does_not_wait_for_a_crowd_that_talks(session: LiveSession) -> None:
    await done(session, ADA, PostChat(new_id(), "out of place"))
    (spoiler,) = session.state.chat
    acknowledged = 0

    async def talk(number: int) -> None:
        nonlocal acknowledged
        await done(session, claims(f"v{number}"), PostChat(new_id(), "x"))
        acknowledged += 1

    crowd = [asyncio.create_task(talk(number)) for number in range(300)]
    await until(lambda: acknowledged >= 10)
    before = acknowledged
    await done(session, MOD, DeleteChat(new_id(), spoiler.id))
    assert acknowledged - before <= 5 * AT_ONCE, "those who were under way, and not all who waited"
    await asyncio.gather(*crowd)
    assert acknowledged == 300


async def test_looking_at_the_log_under_load_disturbs_nobody(
    session: LiveSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(session, claims("bob"))
    heads = SessionLog.heads

    async def late(log: SessionLog, sessions: Sequence[str]) -> tuple[Position | None, ...]:
        """Answer with what was so a moment ago, as an answer under load is."""
        answer = await heads(log, sessions)
        await asyncio.sleep(0.01)
        return answer

    monkeypatch.setattr(SessionLog, "heads", late)

    async def look() -> None:
        while True:
            await session.catch_up(verify=True)

    looking = asyncio.create_task(look())
    await asyncio.gather(*(session.command(ADA, PostChat(new_id(), "x")) for _ in range(300)))
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    frames = await reader.frames()
    assert "RESYNC" not in frames
    assert decode_frame(frames[-1]).seq == session.state.seq == 301


# -- readers -------------------------------------------------------------------------------------------


async def test_events_close_together_share_a_frame_and_all_of_an_audience_the_very_same(
    session: LiveSession,
) -> None:
    readers = [Reader(session, claims(f"v{i}")) for i in range(3)]
    await asyncio.gather(*(session.command(ADA, PostChat(new_id(), f"{i}")) for i in range(10)))
    frames = [[frame for frame in await reader.tape.quiet() if b'"events"' in frame] for reader in readers]
    assert len(frames[0]) <= 3
    assert all(mine is theirs for other in frames[1:] for mine, theirs in zip(frames[0], other, strict=True))


async def test_a_pending_question_goes_to_its_author_and_to_staff(session: LiveSession) -> None:
    author, stranger, speaker, moderator = (Reader(session, who) for who in (ADA, claims("bob"), GRACE, MOD))
    await asked(session, "secret", approve=False)
    seen = [any("secret" in f for f in await r.frames()) for r in (author, stranger, speaker, moderator)]
    assert seen == [True, False, False, True]


async def test_a_resume_is_exactly_what_was_missed_as_it_may_be_seen_now(session: LiveSession) -> None:
    await done(session, ADA, PostChat(new_id(), "before"))
    reader = Reader(session, claims("bob")).place
    epoch, seq = session.position
    await done(session, ADA, PostChat(new_id(), "withdrawn words"))
    doomed = session.state.chat[-1].id
    await done(session, ADA, PostChat(new_id(), "kept"))
    await asked(session, "secret", approve=False)
    await done(session, MOD, DeleteChat(new_id(), doomed))
    missed = session.since(reader, Resume(epoch, seq))
    assert missed is not None
    assert [type(event).__name__ for event in missed] == ["ChatPosted", "ChatDeleted"]
    assert isinstance(missed[0], ChatPosted) and missed[0].message.text == "kept"
    told = msgspec.json.encode([missed, session.snapshot(reader)])
    assert b"withdrawn" not in told and b"secret" not in told
    assert session.since(reader, Resume(*session.position)) == ()
    assert session.since(reader, Resume(epoch + 1, seq)) is None
    assert session.since(reader, Resume(epoch, session.state.seq + 1)) is None


async def test_who_missed_more_than_is_remembered_gets_a_snapshot(
    session: LiveSession, monkeypatch: pytest.MonkeyPatch, redis_server: RedisServer
) -> None:
    monkeypatch.setattr("signaling.replica.HISTORY", 10)
    async with worker(redis_server.url) as other:
        there = await other.get("s1")
        reader = Reader(there, claims("bob")).place
        epoch, first = there.position
        for i in range(12):
            await done(there, ADA, PostChat(new_id(), f"{i}"))
        assert there.since(reader, Resume(epoch, first)) is None
        assert there.since(reader, Resume(epoch, first + 1)) is None
        missed = there.since(reader, Resume(epoch, first + 2))
        assert missed is not None and len(missed) == 10


async def test_media_is_told_as_the_audience_may_know_it_and_again_when_the_stage_changes(
    live: LiveSessions, session: LiveSession
) -> None:
    viewer, speaker = Reader(session, claims("bob")), Reader(session, GRACE)
    live.presence.enter("s1", "c1", person_of(GRACE))
    await until(lambda: live.presence.roster("s1").online == 1)
    publication = Media("grace", "camera", audio=True, video=True, live=True)
    session.set_media(MediaState(True, (publication,)))
    session.set_media(MediaState(True, (publication,)))

    async def media(reader: Reader) -> list[MediaState]:
        messages = [decode_frame(frame) for frame in await reader.frames()]
        return [message for message in messages if isinstance(message, MediaState)]

    assert [state.publications for state in await media(viewer)] == [()]
    assert [state.publications for state in await media(speaker)] == [(publication,)]
    await done(session, PRO, BringOn(new_id(), "grace"))
    assert [state.publications for state in await media(viewer)] == [(publication,)]
    assert await media(speaker) == []


# -- faults --------------------------------------------------------------------------------------------


@pytest.mark.fault
async def test_redis_killed_pauses_chat_and_loses_nothing_acknowledged(
    redis_server: RedisServer, live: LiveSessions, session: LiveSession
) -> None:
    reader = Reader(session, claims("bob"))
    acknowledged: list[str] = []
    going = True

    async def talk(speaker: int) -> None:
        while going:
            text = new_id()
            outcome = await session.command(claims(f"p{speaker}"), PostChat(text, text))
            if isinstance(outcome, Ack):
                acknowledged.append(text)
            else:
                assert outcome.code == "log_unavailable" and outcome.retry_after
                await asyncio.sleep(0.05)

    talkers = [asyncio.create_task(talk(i)) for i in range(4)]
    await asyncio.sleep(0.3)
    before = session.position
    redis_server.kill()
    await until(lambda: not live.available, within=2)
    assert session.snapshot(reader.place).session.id == "s1", "what is known stays readable"
    with pytest.raises(LogUnavailable):
        await live.get("s2")
    began = time.monotonic()
    refused = await session.command(ADA, PostChat(new_id(), "x"))
    assert isinstance(refused, Refused) and time.monotonic() - began < 0.1
    await redis_server.start()
    took = await until(lambda: live.available, within=2)
    print(f"back {took:.2f} s after redis")
    await asyncio.sleep(0.2)
    going = False
    await asyncio.gather(*talkers)
    texts = [m.text for m in session.state.chat]
    assert set(acknowledged) <= set(texts) and len(texts) == len(set(texts))
    assert session.position[0] == before[0], "nothing was lost, so the epoch stands"
    frames = await reader.frames()
    notices = [frame for frame in frames if '"notice"' in frame]
    assert ["paused" in notices[0], "resumed" in notices[1]] == [True, True]
    heard = [
        event.seq
        for frame in frames
        for message in [decode_frame(frame)]
        if isinstance(message, Events)
        for event in message.events
    ]
    assert heard == list(range(2, session.state.seq + 1)), "readers heard all of it, once"


@pytest.mark.fault
async def test_a_frozen_redis_pauses_chat_and_nothing_restarts(
    redis_server: RedisServer, live: LiveSessions, session: LiveSession
) -> None:
    reader = Reader(session, claims("bob"))
    redis_server.freeze()
    posts = [PostChat(new_id(), f"meanwhile {number}") for number in range(40)]
    began = time.monotonic()
    outcomes = await asyncio.gather(*(session.command(ADA, post) for post in posts))
    took = time.monotonic() - began
    assert {one.code for one in outcomes if isinstance(one, Refused)} == {"log_unavailable"}
    assert all(isinstance(one, Refused) for one in outcomes)
    await until(lambda: not live.available, within=4)
    began = time.monotonic()
    refused = await session.command(ADA, posts[0])
    assert isinstance(refused, Refused) and time.monotonic() - began < 0.1, "known to be away"
    redis_server.thaw()
    back = await until(lambda: live.available, within=4)
    print(f"hung: 40 commands refused after {took:.2f} s, chat back {back:.2f} s after it went on")
    assert took <= REFUSED_WITHIN
    # What was sent to it may have been done when it went on; who had no answer says the same again.
    for post in posts:
        await done(session, ADA, post)
    await done(session, ADA, PostChat(new_id(), "after"))
    texts = [message.text for message in session.state.chat]
    assert sorted(texts) == sorted([*(post.text for post in posts), "after"])
    frames = [frame for frame in await reader.frames() if '"notice"' in frame]
    assert ["paused" in frames[0], "resumed" in frames[-1]] == [True, True]


@pytest.mark.fault
async def test_a_log_that_lost_its_end_gets_it_back_under_a_new_epoch(
    redis_server: RedisServer, live: LiveSessions, session: LiveSession, tmp_path: Path
) -> None:
    await done(session, ADA, PostChat(new_id(), "early"))
    redis_server.copy_data(tmp_path)
    late = PostChat(new_id(), "late")
    seq = await done(session, ADA, late)
    await asked(session, "Late too?")
    epoch, state = session.position[0], session.state
    async with worker(redis_server.url) as other:
        there = await other.get("s1")
        reader = Reader(there, claims("bob"))
        redis_server.kill()
        redis_server.replace_data(tmp_path)
        await redis_server.start()
        took = await until(lambda: min(session.position[0], there.position[0]) > epoch, within=3)
        print(f"new epoch {took:.2f} s after the rolled-back redis")
        await until(lambda: live.available and other.available and session.position == there.position)
        assert session.state.chat == there.state.chat == state.chat
        assert session.state.questions == state.questions
        assert "RESYNC" in await reader.frames()
        assert there.since(reader.place, Resume(epoch, 2)) is None
        assert await done(session, ADA, late) == seq, "its receipt came back too"
        await done(there, ADA, PostChat(new_id(), "on we go"))


@pytest.mark.fault
async def test_a_log_lost_whole_starts_anew_from_what_is_known(
    redis_server: RedisServer, live: LiveSessions, session: LiveSession, tmp_path: Path
) -> None:
    await asked(session, "Kept?")
    await done(session, ADA, PostChat(new_id(), "kept"))
    await done(session, PRO, StartSession(new_id()))
    epoch, state = session.position[0], session.state
    redis_server.kill()
    redis_server.replace_data(tmp_path)
    await redis_server.start()
    await until(lambda: session.position[0] > epoch, within=3)
    assert session.state.chat == state.chat
    assert session.state.questions == state.questions
    assert session.state.session == state.session
    await until(lambda: live.available)
    await done(session, ADA, PostChat(new_id(), "on we go"))
    async with worker(redis_server.url) as other:
        assert (await other.get("s1")).state == session.state
