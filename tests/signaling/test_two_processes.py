"""Two real signaling processes on one Redis: fifty people at once, and one of the processes killed.

On Redis 7, as Debian has it, and on the 6.2 that is embedded where a machine has none.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import websockets

from signaling import embedded_redis
from signaling.attend import GoodbyeError, Seat, command_id, seat
from signaling.bench.workers import SESSION, Workers, running
from signaling.log import Entry, SessionLog, connect
from signaling.protocol import (
    Ack,
    AnyCommand,
    AnyEvent,
    ApproveQuestion,
    AskQuestion,
    BringOn,
    BroughtOn,
    ChatPosted,
    Events,
    PostChat,
    QuestionShown,
    Refused,
    Resume,
    Role,
    ShowQuestion,
)
from signaling.session.fold import apply
from signaling.session.state import ON_SCREEN, State, empty
from stream.bench.process import Cores

from .conftest import redis_binary
from .processes import system_redis

PEOPLE = 50


@pytest.fixture(params=["7.", "6.2."])
def workers(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workers]:
    binary = system_redis() if request.param == "7." else redis_binary()
    assert embedded_redis.binary_version(binary).startswith(request.param)
    monkeypatch.setattr(embedded_redis, "find_binary", lambda: binary)
    everywhere = frozenset(os.sched_getaffinity(0))
    with running(2, Cores(everywhere, everywhere), tmp_path) as workers:
        yield workers


class Client:
    """Somebody at one of the workers, who hears everything."""

    def __init__(self, place: Seat) -> None:
        self.place = place
        self.events: list[AnyEvent] = []
        self._answers: dict[str, asyncio.Future[Ack | Refused]] = {}

    async def listen(self) -> None:
        while True:
            message = await self.place.hear()
            if isinstance(message, Events):
                self.events += message.events
            if isinstance(message, Ack | Refused) and message.id in self._answers:
                self._answers.pop(message.id).set_result(message)

    async def give(self, command: AnyCommand) -> Ack | Refused:
        """Give a command as pages do: again, under its id, where Redis did not answer in time."""
        while True:
            told = await self._give(command)
            if isinstance(told, Ack) or told.code != "log_unavailable":
                return told
            await asyncio.sleep(told.retry_after or 0.5)

    async def _give(self, command: AnyCommand) -> Ack | Refused:
        answer: asyncio.Future[Ack | Refused] = asyncio.get_running_loop().create_future()
        self._answers[command.id] = answer
        await self.place.send(command)
        async with asyncio.timeout(20):
            return await answer


@contextlib.asynccontextmanager
async def crowd(workers: Workers, role: Role) -> AsyncIterator[list[Client]]:
    async with contextlib.AsyncExitStack() as stack:
        clients = []
        for number in range(PEOPLE):
            worker = workers.signaling[number % 2]
            token = workers.token(f"p-{number}", role)
            clients.append(Client(await stack.enter_async_context(seat(worker.url, token))))
        listening = [asyncio.create_task(client.listen()) for client in clients]
        try:
            yield clients
        finally:
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)


async def written(workers: Workers) -> tuple[Entry, ...]:
    """Return the log as it is in Redis."""
    redis = connect(workers.redis_url)
    try:
        return await SessionLog(redis).read(SESSION)
    finally:
        await redis.aclose()


def states(entries: tuple[Entry, ...]) -> list[State]:
    """Return the state after each entry."""
    found = [empty(SESSION)]
    for entry in entries:
        found.append(apply(found[-1], entry.event))
    return found


async def test_fifty_fight_over_one_question_and_one_cut_on_two_processes(workers: Workers) -> None:
    async with crowd(workers, "owner") as clients:
        for number in range(3):
            asked = await clients[number].give(AskQuestion(command_id(), f"Question {number}?"))
            assert isinstance(asked, Ack)
        questions = list(states(await written(workers))[-1].questions)
        for question in questions:
            assert isinstance(await clients[0].give(ApproveQuestion(command_id(), question)), Ack)
        effects: list[tuple[int, int]] = []
        for question in questions:
            before = await written(workers)
            stage, seen = states(before)[-1].stage, states(before)[-1].air.version
            commands: list[AnyCommand] = []
            for i in range(PEOPLE):
                commands += [ShowQuestion(command_id(), question), BringOn(command_id(), f"p-{i}", seen)]
            answers = await asyncio.gather(
                *(clients[i // 2].give(command) for i, command in enumerate(commands))
            )
            shows, cuts = answers[0::2], answers[1::2]
            assert all(isinstance(answer, Ack) for answer in shows), "it is on screen, as all of them wanted"
            # For whom is the main picture already, it would be no cut.
            there = [int(person.id.removeprefix("p-")) for person in stage[:1]]
            winners = [i for i, answer in enumerate(cuts) if isinstance(answer, Ack) and i not in there]
            losers = [answer for answer in cuts if isinstance(answer, Refused)]
            codes = Counter(loser.code for loser in losers)
            assert len(winners) == 1, f"one cut of fifty decided on the same stage; refused: {codes}"
            assert codes.keys() == {"stage_changed"}
            assert all(
                loser.now is not None and loser.now.people[0].id == f"p-{winners[0]}" for loser in losers
            )
            new = [entry.event for entry in (await written(workers))[len(before) :]]
            effects.append(
                (sum(isinstance(e, QuestionShown) for e in new), sum(isinstance(e, BroughtOn) for e in new))
            )
            again = await clients[(winners[0] + 1) % PEOPLE].give(commands[2 * ((winners[0] + 1) % PEOPLE)])
            assert isinstance(again, Ack), "the same command again is answered as before, and done once"
        assert effects == [(1, 1)] * len(questions)

        log = await written(workers)
        for state in states(log):
            assert sum(question.state in ON_SCREEN for question in state.questions.values()) <= 1
        assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
        end = log[-1].seq
        async with asyncio.timeout(10):
            while any(not client.events or client.events[-1].seq < end for client in clients):
                await asyncio.sleep(0.02)
        for client in clients:
            first = client.place.welcome.seq
            assert client.events == [entry.event for entry in log if entry.seq > first], (
                "each heard it all, once"
            )
    snapshots = []
    for worker in workers.signaling:
        async with seat(worker.url, workers.token("late", "owner")) as late:
            snapshots.append(late.welcome.snapshot)
    assert snapshots[0] == snapshots[1]


@pytest.mark.fault
async def test_a_process_killed_under_chat_loses_and_doubles_nothing_acknowledged(workers: Workers) -> None:
    """Row 3 of the faults, as far as the control plane goes; the media are tried in tests/e2e."""
    acknowledged: list[str] = []
    heard: dict[int, list[int]] = {}
    gaps: dict[int, float] = {}
    killed_at = 0.0
    going = True

    async def person(number: int) -> None:
        """Talk and listen; when the connection breaks go to the other worker and take up where it was."""
        nonlocal killed_at
        token, at, resume = workers.token(f"t-{number}"), number % 2, None
        seqs = heard.setdefault(number, [])
        pending: PostChat | None = None
        loop = asyncio.get_running_loop()
        while going:
            try:
                async with seat(workers.signaling[at].url, token, resume) as place:
                    if killed_at and number % 2 == 0:
                        gaps.setdefault(number, loop.time() - killed_at)
                    snapshot = place.welcome.snapshot
                    assert (snapshot is None) == (resume is not None), "a resume is honoured"
                    epoch = place.welcome.epoch
                    resume = Resume(epoch, place.welcome.seq)
                    while going:
                        # What got no answer goes again, under the same id.
                        said = pending or PostChat(command_id(), f"line {len(acknowledged)} of {number}")
                        pending = said
                        await place.send(said)
                        answered = False
                        while not answered:
                            message = await place.hear()
                            if isinstance(message, Events):
                                seqs += [event.seq for event in message.events]
                                resume = Resume(message.epoch, message.seq)
                            if isinstance(message, Ack | Refused) and message.id == said.id:
                                if isinstance(message, Ack):
                                    acknowledged.append(said.text)
                                    pending = None
                                answered = True
                        await asyncio.sleep(0.25)
            except (OSError, GoodbyeError, websockets.WebSocketException):
                at = 1
                await asyncio.sleep(0.05)

    people = [asyncio.create_task(person(number)) for number in range(20)]
    await asyncio.sleep(1.5)
    workers.signaling[0].process.process.kill()
    killed_at = asyncio.get_running_loop().time()
    before = len(acknowledged)
    await asyncio.sleep(3)
    going = False
    async with asyncio.timeout(10):
        await asyncio.gather(*people)
    log = await written(workers)
    texts = Counter(entry.event.message.text for entry in log if isinstance(entry.event, ChatPosted))
    assert before > 20 and len(acknowledged) > before + 20, "too little was said to show anything"
    assert [text for text in acknowledged if texts[text] != 1] == []
    assert max(texts.values()) == 1
    for seqs in heard.values():
        assert seqs == list(range(seqs[0], seqs[-1] + 1)), (
            "what was heard is without a gap, and nothing twice"
        )
    longest = max(gaps.values())
    print(f"killed: {len(gaps)} people resumed after {longest:.2f} s at most; {len(acknowledged)} said")
    assert len(gaps) == 10 and longest <= 2
