"""A worker that sleeps and one that is killed, as processes of their own (faults.md, rows 3 and 25).

What a minute of sleep breaks is shorter than that: a lease lasts 10 s, and tokens here a few. So the
worker sleeps for longer than these, and the test for no longer; for the whole minute in `make bench`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable

import httpx
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from signaling.attend import GoodbyeError, Seat, command_id, seat
from signaling.presence import LEASE, SWEEP, TICK
from signaling.protocol import (
    Ack,
    AnyCommand,
    AnyServerMessage,
    AskQuestion,
    DismissQuestion,
    EjectPerson,
    Events,
    PostChat,
    Presence,
    QuestionAsked,
    Refused,
    ShowQuestion,
)
from tests.signaling.server import OWNER, token

from .conftest import RedisServer
from .test_cli import settings

ASLEEP = LEASE + SWEEP + 1
CORRECT_WITHIN = 15.0
"""Seconds after any crash (issue 4)."""


@contextlib.asynccontextmanager
async def worker(redis: RedisServer) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run one signaling process; yields it and its address."""
    process, url = await started(redis)
    try:
        yield process, url
    finally:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGCONT)
            process.kill()
        await process.wait()


async def started(redis: RedisServer) -> tuple[asyncio.subprocess.Process, str]:
    """Start a process that answers; one whose port somebody else was faster to take is started again."""
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(60):
        while True:
            env = settings(ROSTRUM_REDIS_URL=redis.url, ROSTRUM_LOG_LEVEL="error")
            argv = (sys.executable, "-m", "signaling", "signaling")
            process = await asyncio.create_subprocess_exec(*argv, env=env)
            url = f"http://127.0.0.1:{env['ROSTRUM_HTTP_PORT']}"
            while process.returncode is None:
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get(f"{url}/healthz", timeout=1)).status_code == 200:
                        return process, url
                await asyncio.sleep(0.1)


class Desk:
    """Somebody whose connection is read all the time; `people` are those last said to be here."""

    def __init__(self, taken: Seat) -> None:
        self.taken = taken
        self.people: set[str] = set()
        self.ever: list[set[str]] = []
        self.heard: list[AnyServerMessage] = []
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            message = await self.taken.hear()
            self.heard.append(message)
            if isinstance(message, Presence) and message.people is not None:
                self.people = {person.id for person in message.people}
                self.ever.append(self.people)

    def asked(self) -> set[str]:
        """Return the ids of the questions heard of."""
        events = [event for message in self.heard if isinstance(message, Events) for event in message.events]
        return {event.question.id for event in events if isinstance(event, QuestionAsked)}

    async def until(self, condition: Callable[[], bool], within: float) -> float:
        began = time.monotonic()
        while not condition():
            assert not self.reading.done(), self.reading
            assert time.monotonic() - began < within, (self.people, within)
            await asyncio.sleep(0.02)
        return time.monotonic() - began

    async def do(self, command: AnyCommand) -> Ack | Refused:
        await say(self.taken, command)
        found: list[Ack | Refused] = []

        def answered() -> bool:
            found.extend(m for m in self.heard if isinstance(m, Ack | Refused) and m.id == command.id)
            return bool(found)

        await self.until(answered, 10)
        return found[0]


async def say(taken: Seat, command: AnyCommand) -> None:
    """Write a command, whether or not anybody reads it."""
    await taken._websocket.send(msgspec.json.encode(command).decode())


async def rest(taken: Seat) -> tuple[list[AnyServerMessage], str]:
    """Return all that a connection is still told, and the reason of its goodbye."""
    heard: list[AnyServerMessage] = []
    try:
        async with asyncio.timeout(3):
            while True:
                heard.append(await taken.hear())
    except GoodbyeError as goodbye:
        return heard, goodbye.code
    except (TimeoutError, ConnectionClosed):
        return heard, ""


@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.parametrize("seconds", [ASLEEP, pytest.param(60.0, marks=pytest.mark.benchmark)])
async def test_a_worker_that_slept_writes_nothing_stale_and_one_that_died_is_soon_not_counted(
    redis_server: RedisServer, seconds: float
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        (sleeper, asleep), (_, awake), (victim, doomed) = await asyncio.gather(
            *(stack.enter_async_context(worker(redis_server)) for _ in range(3))
        )

        async def sit(url: str, sub: str, role: str = "viewer", lifetime: int = 600) -> Seat:
            shown = token(role, sub=sub, lifetime=lifetime)  # type: ignore[arg-type]
            taken = await stack.enter_async_context(seat(url, shown))
            # Their own pings would make them hang up before a minute is over: they are to wait.
            keepalive = taken._websocket.keepalive_task
            assert keepalive is not None
            keepalive.cancel()
            return taken

        http = await stack.enter_async_context(httpx.AsyncClient(base_url=awake, trust_env=False))
        body = {"id": "keynote", "title": "A talk"}
        assert (await http.post("/api/sessions", json=body, headers=OWNER)).status_code == 201
        await http.post("/api/sessions/keynote/start", headers=OWNER)
        await asyncio.sleep(1.5)  # every worker has looked
        desk = Desk(await sit(awake, "desk", "moderator"))
        ada, mod, carol = (
            await sit(asleep, "ada"),
            await sit(asleep, "mod", "moderator"),
            await sit(asleep, "carol"),
        )
        await sit(doomed, "dave")
        assert isinstance(await desk.do(AskQuestion(command_id(), "Why?")), Ack)
        await desk.until(lambda: bool(desk.asked()), 5)
        (question,) = desk.asked()
        bob = await sit(asleep, "bob", lifetime=9)
        await desk.until(lambda: desk.people == {"ada", "bob", "mod", "carol", "dave", "desk"}, 10)

        os.kill(sleeper.pid, signal.SIGSTOP)
        victim.kill()
        slept = died = time.monotonic()
        # What happens meanwhile elsewhere, and what is said to the one who sleeps.
        assert isinstance(await desk.do(EjectPerson(command_id(), "ada")), Ack)
        assert isinstance(await desk.do(DismissQuestion(command_id(), question)), Ack)
        twice = PostChat(command_id(), "said twice")
        await say(ada, PostChat(command_id(), "ghost"))
        await say(bob, PostChat(command_id(), "late"))
        show = ShowQuestion(command_id(), question)
        await say(mod, show)
        await say(mod, twice)
        again = Desk(await sit(awake, "mod", "moderator"))
        said = await again.do(twice)
        assert isinstance(said, Ack)
        again.reading.cancel()
        await again.taken._websocket.close()
        carol._websocket.transport.abort()

        await desk.until(lambda: "dave" not in desk.people, CORRECT_WITHIN)
        corrected = time.monotonic() - died
        assert corrected <= CORRECT_WITHIN
        await asyncio.sleep(max(0.0, slept + seconds - time.monotonic()))
        assert desk.people == {"desk"}, "who sits at one who sleeps is not here"
        before = len(desk.ever)
        os.kill(sleeper.pid, signal.SIGCONT)

        (_, adas), (_, bobs), (mods, _) = await asyncio.gather(rest(ada), rest(bob), rest(mod))
        assert (adas, bobs) == ("ejected", "token_expired")
        answers = {m.id: m for m in mods if isinstance(m, Ack | Refused)}
        shown, repeated = answers[show.id], answers[twice.id]
        assert isinstance(shown, Refused) and shown.code == "wrong_state"
        assert isinstance(repeated, Ack) and repeated.seq == said.seq
        await desk.until(lambda: desk.people == {"desk", "mod"}, 5)
        assert not any("carol" in people for people in desk.ever[before:]), (
            "a lease that had run out came back"
        )
        newcomer = await sit(awake, "eve", "moderator")
        snapshot = newcomer.welcome.snapshot
        assert snapshot is not None
        assert [message.text for message in snapshot.chat] == ["said twice"]
        assert [(q.id, q.state) for q in snapshot.questions] == [(question, "dismissed")]
        print(
            f"row 25: {seconds:.0f} s asleep, 0 of 4 stale writes accepted; "
            f"presence right {corrected:.1f} s after kill -9 (lease {LEASE:.0f} s, tick {TICK:.0f} s)"
        )
        desk.reading.cancel()
