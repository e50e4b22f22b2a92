"""Pictures and sound of the day: who publishes, who watches, and for how long a picture stood still."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

from signaling.rehearsal.guest import UnexpectedError
from stream.child_process import die_with
from stream.clients import whep, whip
from stream.clients.errors import ClientError
from stream.clients.resource import new_http
from stream.clients.tracks import VoiceTrack, WallClock
from stream.clients.whep import Frame, Slot

MOVING: Final = 5
"""New frames after which something moves."""


class RemoteSpeaker:
    """`rostrum publish --synthetic` as a process of its own, which can be killed and started again."""

    def __init__(self, server: str, session: str, token: str) -> None:
        self._argv = ("-m", "signaling", "publish", "--synthetic", "--server", server, "--session", session)
        self._env = {**os.environ, "ROSTRUM_TOKEN": token, "ROSTRUM_LOG_LEVEL": "error"}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Begin to publish."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self._argv,
            env=self._env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            preexec_fn=die_with(os.getpid()),
        )

    async def drop(self) -> None:
        """End without a word, as when a computer loses its power; idempotent."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


class Watcher:
    """One slot of a view: when its frames came."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._last = time.monotonic()
        self._longest = 0.0
        slot.on_frame = self._frame

    @property
    def frames(self) -> int:
        """How many frames have come."""
        return self._slot.frames

    def mark(self) -> None:
        """Begin to look for the longest gap, from now on."""
        self._last, self._longest = time.monotonic(), 0.0

    @property
    def longest(self) -> float:
        """The longest time without a frame since `mark`, in seconds."""
        return max(self._longest, time.monotonic() - self._last)

    async def moves(self, what: str, within: float = 30.0) -> float:
        """Wait until new frames come and return the seconds; raises UnexpectedError."""
        began, before = time.monotonic(), self.frames
        while self.frames < before + MOVING:
            if time.monotonic() - began > within:
                raise UnexpectedError(f"No picture or sound within {within:.0f} s: {what}.")
            await asyncio.sleep(0.02)
        return time.monotonic() - began

    def _frame(self, frame: Frame) -> None:
        del frame
        now = time.monotonic()
        self._longest, self._last = max(self._longest, now - self._last), now


@asynccontextmanager
async def watching(
    server: str, session: str, token: str, feed: str = "stage", *, videos: int = 1
) -> AsyncIterator[Watcher]:
    """Watch a feed's main picture, or its sound where no `videos` are wanted; raises UnexpectedError."""
    async with AsyncExitStack() as held:
        try:
            http = await held.enter_async_context(new_http(token))
            url = f"{server}/whep/{session}/{feed}?wait=1"  # as pages do: it may begin a moment later
            view = await held.enter_async_context(whep.view(http, url, videos=videos, audios=1))
        except ClientError as error:
            raise UnexpectedError(f"The feed {feed} cannot be watched: {error}") from None
        yield Watcher((view.videos or view.audios)[0])


@asynccontextmanager
async def speaking(server: str, session: str, token: str, source: str) -> AsyncIterator[None]:
    """Publish a voice alone as a source; raises UnexpectedError."""
    async with AsyncExitStack() as held:
        try:
            http = await held.enter_async_context(new_http(token))
            url = f"{server}/whip/{session}/{source}"
            voice = VoiceTrack(WallClock())
            publication = await held.enter_async_context(whip.publication(http, url, (voice,)))
            await publication.connected()
        except ClientError as error:
            raise UnexpectedError(f"The source {source} cannot be published: {error}") from None
        yield
