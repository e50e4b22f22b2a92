"""A connection's wire that a test reads: frames as text, with a peer that stops and goes on taking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


def texts(data: bytes) -> list[str]:
    """Take server frames apart (RFC 6455, 5.2)."""
    found = []
    while data:
        assert data[0] == 0x81, "a whole text frame"
        length, body = data[1], 2
        if length == 126:
            length, body = int.from_bytes(data[2:4], "big"), 4
        elif length == 127:
            length, body = int.from_bytes(data[2:10], "big"), 10
        assert len(data) >= body + length, "not cut short"
        found.append(data[body : body + length].decode())
        data = data[body + length :]
    return found


class Tape:
    """A Wire that keeps what is written. It is open while `taking`, and until `room` frames have come."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.room = 1_000_000
        self.taking = True
        self.aborted = False
        self.socket: int | None = None
        self._changed: Callable[[], None] = lambda: None
        self._stirred = asyncio.Event()

    @property
    def open(self) -> bool:
        return self.taking and len(self.writes) < self.room

    def write(self, frames: bytes) -> None:
        self.writes.append(frames)
        self._stirred.set()

    def on_change(self, callback: Callable[[], None]) -> None:
        self._changed = callback

    def forget_request(self) -> None:
        pass

    def abort(self) -> None:
        self.aborted = True

    def take(self, taking: bool) -> None:
        """Have the peer go on, or stop."""
        self.taking = taking
        self._changed()

    async def quiet(self, within: float = 0.4) -> list[bytes]:
        """Return and forget what is written until nothing has come for a while."""
        found: list[bytes] = []
        while True:
            found += self.writes
            self.writes.clear()
            self._stirred.clear()
            try:
                async with asyncio.timeout(within):
                    await self._stirred.wait()
            except TimeoutError:
                return found
