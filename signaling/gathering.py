"""What many people say in the same moment and in any order, written to the log together.

No vote or ballot contends with another, so they need not be appended one by one: those given within PACE
share an event, and whoever is alone waits no longer than JOIN; a wave's second write follows its first at
once, for what came while that one was under way is the rest of the wave. The law: each is answered by itself,
when it is durable; what was done before, by its id, is not done again; what shares an event is decided on one
state. The queue is bounded: beyond MOST_WAITING one is told to come again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from signaling.auth import Claims
from signaling.errors import LogUnavailable, RateLimited
from signaling.log import CommandKey
from signaling.protocol import AnyCommand, CastBallot, Person, VoteQuestion
from signaling.session.decision import Refusal

PACE = 0.25
"""Seconds between two writes of one session's gathered commands in the long run: after some time without any,
two follow each other at once, and more only while more wait than go together."""

JOIN = 0.02
"""Seconds that the first one waits for company."""

MOST_TOGETHER = 1000
"""Commands in one write: some 60 KiB of log."""

MOST_WAITING = 20_000
"""Commands that wait in this worker for one session: 5 s of them."""

GATHERED = VoteQuestion | CastBallot
"""The commands that contend with nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """A command that waits, and what its giver waits for: a position, a refusal, or what went wrong."""

    actor: Person
    command: AnyCommand
    key: CommandKey
    shown: Claims | None = None
    """By what right: it must hold when the command is written, not only when it came."""
    answer: asyncio.Future[int | Refusal | Exception] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def settle(self, outcome: int | Refusal | Exception) -> None:
        """Answer; only the first answer counts."""
        if not self.answer.done():
            self.answer.set_result(outcome)


class Gathering:
    """One session's commands on their way to the log together; `write` appends some and settles them."""

    def __init__(self, write: Callable[[Sequence[Given]], Awaitable[None]]) -> None:
        self._write = write
        self._waiting: dict[CommandKey, Given] = {}
        self._task: asyncio.Task[None] | None = None
        self._paid = 0.0
        """When all that was written so far will have been PACE apart."""
        self._crowded = asyncio.Event()
        """Set while as many wait as go together: nobody need wait for company then."""

    async def add(self, given: Given) -> int | Refusal:
        """Have a command written with others; returns its position or refusal.

        Raises RateLimited (`busy`) when too many wait, and whatever kept it from being written.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise RateLimited("busy", "Too many want to change this at once. Try again.", retry_after=1.0)
        given = self._waiting.setdefault(given.key, given)
        if len(self._waiting) >= MOST_TOGETHER:
            self._crowded.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="gathering")
        # Another of the same id may wait for the same answer, so nobody cancels it.
        outcome = await asyncio.shield(given.answer)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def close(self) -> None:
        """Give up what waits; idempotent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        together: list[Given] = []
        try:
            while self._waiting:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(JOIN, self._paid - PACE - loop.time())):
                        await self._crowded.wait()
                now = loop.time()
                self._paid = min(max(self._paid, now), now + PACE) + PACE
                together = list(self._waiting.values())[:MOST_TOGETHER]
                for given in together:
                    del self._waiting[given.key]
                if len(self._waiting) < MOST_TOGETHER:
                    self._crowded.clear()
                try:
                    await self._write(together)
                except Exception as error:  # noqa: BLE001 - told to each who waits
                    for given in together:
                        given.settle(error)
        finally:
            # Only the end of this worker finds anybody here.
            for given in (*together, *self._waiting.values()):
                given.settle(LogUnavailable())
            self._waiting.clear()
            self._task = None
