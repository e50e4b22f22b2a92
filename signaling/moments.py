"""What matters at this moment alone, on its way to all workers: reactions in sum, captions in newest form.

The law: it is told at most four times a second, and kept nowhere. What cannot be told now is dropped, never
sent later.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable

import msgspec

from signaling.errors import LogUnavailable
from signaling.protocol import Caption, Reaction

PACE = 0.25
"""Seconds between two messages of one session to the other workers."""

JOIN = 0.02
"""Seconds that the first waits for company."""

MOST_LINES = 64
"""Lines of captions that wait at most; the oldest goes first."""


class Moment(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one worker tells the others."""

    reactions: dict[Reaction, int] = {}
    captions: tuple[Caption, ...] = ()


decode: Callable[[str], Moment] = msgspec.json.Decoder(Moment).decode
"""Read what one worker has told the others."""


class Moments:
    """One session's, in this worker; `tell` publishes a text to all workers, this one too."""

    def __init__(self, tell: Callable[[str], Awaitable[None]]) -> None:
        self._tell = tell
        self._reactions: Counter[Reaction] = Counter()
        self._captions: dict[tuple[str, str], Caption] = {}
        self._task: asyncio.Task[None] | None = None
        self._told = 0.0

    def react(self, reaction: Reaction) -> None:
        """Count one more."""
        self._reactions[reaction] += 1
        self._soon()

    def caption(self, line: Caption) -> None:
        """Tell a line; of one that has grown meanwhile only the newest form."""
        self._captions[line.language, line.line] = line
        if len(self._captions) > MOST_LINES:
            del self._captions[next(iter(self._captions))]
        self._soon()

    async def close(self) -> None:
        """Forget what waits; idempotent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _soon(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="moments")

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._reactions or self._captions:
                await asyncio.sleep(max(JOIN, self._told + PACE - loop.time()))
                self._told = loop.time()
                moment = Moment(dict(self._reactions), tuple(self._captions.values()))
                self._reactions.clear()
                self._captions.clear()
                with contextlib.suppress(LogUnavailable):
                    await self._tell(msgspec.json.encode(moment).decode())
        finally:
            self._task = None
