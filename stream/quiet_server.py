"""A uvicorn server that sleeps while nobody asks, and leaves signals to the process it runs in.

The law: an idle process is woken by what comes, not by its servers.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import uvicorn


class QuietServer(uvicorn.Server):
    """It looks whether it shall end when it is told so, not ten times a second, as uvicorn's own does."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Take no more, and end; idempotent."""
        self.should_exit = True
        self._ending.set()

    async def main_loop(self) -> None:
        """Run until told to end; once a second the date that answers bear is made anew."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._ending.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signal."""
        yield
