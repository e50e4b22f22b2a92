"""Reactions on their way to all workers: summed, told at most four times a second, kept nowhere.

The law: a reaction is a matter of the moment. What cannot be told now is dropped, never sent later.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable

import msgspec

from signaling.errors import LogUnavailable
from signaling.protocol import Reaction

PACE = 0.25
"""Seconds between two messages of one session to the other workers."""

JOIN = 0.02
"""Seconds that the first reaction waits for company."""

_encode = msgspec.json.encode
decode: Callable[[str], dict[Reaction, int]] = msgspec.json.Decoder(dict[Reaction, int]).decode
"""Read what one worker has told the others."""


class Applause:
    """One session's reactions in this worker; `tell` publishes a text to all workers, this one too."""

    def __init__(self, tell: Callable[[str], Awaitable[None]]) -> None:
        self._tell = tell
        self._counts: Counter[Reaction] = Counter()
        self._task: asyncio.Task[None] | None = None
        self._told = 0.0

    def add(self, reaction: Reaction) -> None:
        """Count one more."""
        self._counts[reaction] += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="applause")

    async def close(self) -> None:
        """Forget what waits; idempotent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._counts:
                await asyncio.sleep(max(JOIN, self._told + PACE - loop.time()))
                self._told = loop.time()
                text = _encode(self._counts).decode()
                self._counts.clear()
                with contextlib.suppress(LogUnavailable):
                    await self._tell(text)
        finally:
            self._task = None
