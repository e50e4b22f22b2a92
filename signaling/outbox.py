"""What waits to be written to one connection: bounded, and never waited for.

    open wire: written at once ──full──▶ kept, in order ──more than MAX_BYTES──▶ lost: one welcome, later
                         ▲─────────────room again────────┴──────────────room again──────┘

The law: `put` returns at once. When more than MAX_BYTES wait, all of it is dropped and the reader is
resynchronised instead: one fresh welcome with a snapshot, once there is room, says more than what it
missed. So a welcome also tells a client that answers may have been dropped: it sends again whatever was
not acknowledged. A reader whose wire has no room for STALLED seconds is given up. Frames are bytes, ready
to be written, and the same for all who get them: what waits in a hundred outboxes is in memory once. A
broadcast may pass an outbox by for as long as nothing waits (broadcast.py); the outbox says when.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from prometheus_client import Counter

from signaling.websocket_protocol import UNDER_WAY, Wire

MAX_BYTES = 256 * 1024 - UNDER_WAY
"""Most that waits here for one reader; with the write that is under way, 256 KiB."""

STALLED = 12.0
"""Seconds that a wire may be without room before its reader counts as gone; the kernel hangs up soon after
(ports.py)."""

_NONE: Final[deque[bytes]] = deque()
"""Stands for no queue: an idle connection keeps none."""

RESYNCS = Counter("rostrum_outbox_resyncs", "Readers too slow for their outbox, sent a fresh snapshot.")


class Outbox:
    """Frames on their way to one connection, in order. Anybody puts; the wire takes."""

    __slots__ = (
        "_bytes",
        "_direct",
        "_frames",
        "_give_up",
        "_lost",
        "_max_bytes",
        "_stalling",
        "_start_over",
        "_watcher",
        "_wire",
        "socket",
    )

    def __init__(
        self,
        wire: Wire,
        start_over: Callable[[], bytes],
        give_up: Callable[[], None],
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """`start_over` returns the frames that bring the reader up to date after a loss."""
        self._wire = wire
        self._start_over = start_over
        self._give_up = give_up
        self._max_bytes = max_bytes
        self._direct = wire.write if wire.open else None
        """Set while the wire is open and nothing waits: nearly always, so `put` asks this alone."""
        self._frames: deque[bytes] = _NONE
        self._bytes = 0
        self._lost = False
        self._stalling: asyncio.TimerHandle | None = None
        self._watcher: Callable[[Outbox], None] | None = None
        self.socket = wire.socket
        """The wire's descriptor, which may be written to while `direct`; None if it may not."""
        wire.on_change(self._changed)

    @property
    def waiting(self) -> int:
        """Bytes that wait here."""
        return self._bytes

    @property
    def direct(self) -> bool:
        """Whether nothing waits and the wire has room, so that what is written next is next."""
        return self._direct is not None

    def watch(self, watcher: Callable[[Outbox], None] | None) -> None:
        """Have somebody told whenever `direct` may have changed; nobody with None, and once it is closed."""
        self._watcher = watcher

    def go_on(self, rest: bytes) -> None:
        """Write what a socket has not taken of a frame: all of it, or its rest, before anything else."""
        self._wire.write(rest)

    def put(self, frame: bytes) -> None:
        """Write a frame, or keep it, or drop everything if the reader is too far behind."""
        direct = self._direct
        if direct is not None:
            direct(frame)
            return
        if self._lost:
            return
        if self._bytes + len(frame) > self._max_bytes:
            self.lose()
            return
        if self._frames is _NONE:
            self._frames = deque()
        self._frames.append(frame)
        self._bytes += len(frame)

    def lose(self) -> None:
        """Drop what waits; the reader gets a fresh snapshot as soon as it takes anything."""
        if not self._lost:
            RESYNCS.inc()
        self._frames = _NONE
        self._bytes = 0
        self._lost = True
        self._switch(None)
        if self._wire.open:
            self._room()

    def close(self) -> None:
        """Stop watching the wire; idempotent."""
        self._unstall()
        self._switch(None)
        self._wire.on_change(self._unstall)

    def _unstall(self) -> None:
        if self._stalling is not None:
            self._stalling.cancel()
            self._stalling = None

    def _changed(self) -> None:
        """The wire is full, or has room again, or is closed."""
        self._unstall()
        if self._wire.open:
            self._room()
        else:
            self._switch(None)
            self._stalling = asyncio.get_running_loop().call_later(STALLED, self._give_up)

    def _room(self) -> None:
        if self._lost:
            # Asked for now, so that it tells all there is; what is put from here on follows it.
            greeting = self._start_over()
            self._lost = False
            self._wire.write(greeting)
        while self._frames and self._wire.open:
            frame = self._frames.popleft()
            self._bytes -= len(frame)
            self._wire.write(frame)
        if not self._frames:
            self._frames = _NONE
            self._switch(self._wire.write if self._wire.open else None)

    def _switch(self, direct: Callable[[bytes], None] | None) -> None:
        self._direct = direct
        if self._watcher is not None:
            self._watcher(self)
