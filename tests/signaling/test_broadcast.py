"""The same bytes to everybody over real sockets: whole, in order, past nobody who still waits for some."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

from signaling.broadcast import Broadcast
from signaling.outbox import Outbox
from signaling.websocket_protocol import text_frame

from .tape import Tape, texts


class Peer(asyncio.Protocol):
    """A Wire over one end of a pair of sockets that keep little; the other end is `far`."""

    def __init__(self) -> None:
        near, self.far = socket.socketpair()
        for end in (near, self.far):
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self._near = near
        self._changed: Callable[[], None] = lambda: None
        self._paused = False
        self.heard = b""
        self.writes = 0

    async def connect(self) -> None:
        self.transport, _ = await asyncio.get_running_loop().connect_accepted_socket(lambda: self, self._near)
        self.transport.set_write_buffer_limits(high=0)
        self.socket = int(self._near.fileno())

    @property
    def open(self) -> bool:
        return not self._paused and not self.transport.is_closing()

    def write(self, frames: bytes) -> None:
        self.writes += 1
        self.transport.write(frames)

    def on_change(self, callback: Callable[[], None]) -> None:
        self._changed = callback

    def pause_writing(self) -> None:
        self._paused = True
        self._changed()

    def resume_writing(self) -> None:
        self._paused = False
        self._changed()

    def connection_lost(self, exc: Exception | None) -> None:
        self._changed()

    def forget_request(self) -> None:
        pass

    def abort(self) -> None:
        self.transport.abort()

    def take(self) -> None:
        """Read what has come."""
        with contextlib.suppress(BlockingIOError):
            while data := self.far.recv(65536):
                self.heard += data


@contextlib.asynccontextmanager
async def peers(count: int) -> AsyncIterator[list[tuple[Peer, Outbox]]]:
    made = []
    for _ in range(count):
        peer = Peer()
        await peer.connect()
        made.append((peer, Outbox(peer, lambda: text_frame(b"RESYNC"), lambda: None)))
    yield made
    for peer, outbox in made:
        outbox.close()
        peer.abort()
        peer.far.close()
    await asyncio.sleep(0)


async def test_everybody_gets_every_frame_whole_and_in_order_however_slowly_they_read() -> None:
    async with peers(3) as ((quick, quicks), (slow, slows), (late, lates)):
        broadcast = Broadcast()
        for outbox in (quicks, slows, lates):
            broadcast.add(outbox)
        frames = [str(number).encode() * 700 for number in range(60)]
        for number, frame in enumerate(frames):
            broadcast.put(text_frame(frame))
            if number % 20 == 10:
                slows.put(text_frame(b"yours alone"))
            quick.take()
            if number % 7 == 0:
                slow.take()
            await asyncio.sleep(0)
        while len(slow.heard) < len(quick.heard) or len(late.heard) < len(quick.heard):
            slow.take()
            late.take()
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        slow.take()
        wanted = [frame.decode() for frame in frames]
        assert texts(quick.heard) == texts(late.heard) == wanted
        assert [text for text in texts(slow.heard) if text != "yours alone"] == wanted
        assert texts(slow.heard).count("yours alone") == 3
        assert quick.writes == 0, "nothing but write(2) for who reads"
        assert slow.writes > 0
        assert slows.direct and lates.direct, "who has caught up is written to directly again"


async def test_who_is_left_out_who_has_gone_and_who_has_no_socket() -> None:
    async with peers(2) as ((ada, adas), (bob, bobs)):
        broadcast, tape = Broadcast(), Tape()
        changed = Outbox(tape, lambda: b"", lambda: None)
        for outbox in (adas, bobs, changed):
            broadcast.add(outbox)
        broadcast.put(text_frame(b"one"), but=[bobs])
        assert tape.writes == [text_frame(b"one")], "its bytes go through the wire"
        broadcast.put(text_frame(b"two"), but=[changed])
        bob.abort()
        broadcast.put(text_frame(b"closing"), but=[changed])
        await asyncio.sleep(0)
        stranger = [socket.socketpair() for _ in range(3)]  # one of them has bob's number now
        broadcast.put(text_frame(b"three"), but=[changed])
        broadcast.discard(adas)
        broadcast.put(text_frame(b"four"), but=[changed])
        ada.take()
        assert texts(ada.heard) == ["one", "two", "closing", "three"]
        for pair in stranger:
            for end in pair:
                end.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    assert not end.recv(100)
                end.close()
        changed.close()
