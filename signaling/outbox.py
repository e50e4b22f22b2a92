"""What waits to be written to one connection: bounded, and never waited for.

The law: `put` returns at once. When more than MAX_BYTES wait, all of it is dropped and the reader is
resynchronised instead: one fresh welcome with a snapshot says more than what it missed. So a welcome
also tells a client that answers may have been dropped: it sends again whatever was not acknowledged.
"""

from __future__ import annotations

import asyncio
from collections import deque
from enum import Enum, auto

from prometheus_client import Counter

MAX_BYTES = 256 * 1024
"""Most that waits for one reader (faults: a reader that never reads)."""

RESYNCS = Counter("rostrum_outbox_resyncs", "Readers too slow for their outbox, sent a fresh snapshot.")


class Resync(Enum):
    """What `take` returns instead of frames when they were dropped."""

    RESYNC = auto()


RESYNC = Resync.RESYNC


class Outbox:
    """Frames on their way to one connection, in order. One task takes, anybody puts."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._frames: deque[str] = deque()
        self._bytes = 0
        self._lost = False
        self._stirred = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Bytes that wait."""
        return self._bytes

    def put(self, frame: str) -> None:
        """Add a frame, or drop everything if the reader is too far behind."""
        if self._lost:
            return
        size = len(frame) if frame.isascii() else len(frame.encode())
        if self._bytes + size > self._max_bytes:
            self.lose()
            return
        self._frames.append(frame)
        self._bytes += size
        self._stirred.set()

    def lose(self) -> None:
        """Drop what waits; the reader gets a fresh snapshot."""
        if not self._lost:
            RESYNCS.inc()
        self._frames.clear()
        self._bytes = 0
        self._lost = True
        self._stirred.set()

    def reopen(self) -> None:
        """Take frames again after a loss: those from the snapshot on."""
        self._lost = False

    async def take(self) -> str | Resync:
        """Return the next frame, or RESYNC after a loss, until it is reopened."""
        while True:
            if self._lost:
                return RESYNC
            if self._frames:
                frame = self._frames.popleft()
                self._bytes -= len(frame) if frame.isascii() else len(frame.encode())
                return frame
            self._stirred.clear()
            await self._stirred.wait()
