"""One end of a pipe between two processes of a relay: a Unix socket that keeps messages apart.

Owns the socket and the two lanes on it. The law: nothing here ever waits. Media that finds no room is
dropped and counted, control messages wait in a bounded queue and keep their order, and an end that reads
nothing until that queue is full is given up. It must not know what is said.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Final

from stream.pipe import LAST, MAX_FRAME, MEDIA, MORE, PipeError, control_frames

log = logging.getLogger("rostrum.relay")

BUFFER: Final = 512 * 1024
"""Socket buffer asked for, bytes: about a second of three publishers. More would only be late."""

MAX_WAITING: Final = 8 * 1024 * 1024
"""Control messages that wait for room, bytes; beyond, the other end is given up."""

MAX_MESSAGE: Final = 32 * 1024 * 1024
"""Longest control message taken, bytes: the snapshot of some ten thousand viewers."""

_DRAIN: Final = 64
"""Frames read in one go."""

_SNDBUFFORCE: Final = 32
"""socket(7); past the machine's limit, where that is allowed."""


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Return the two ends of a pipe, neither of which blocks. Raises OSError."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setblocking(False)
        for option in (socket.SO_SNDBUF, _SNDBUFFORCE):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, option, BUFFER)
    return ends


class PipeEnd:
    """One end. Call `start` in a running loop."""

    def __init__(
        self,
        sock: socket.socket,
        counters: Counter[str],
        on_media: Callable[[list[bytes]], None],
        on_control: Callable[[bytes], None],
        on_end: Callable[[], None],
    ) -> None:
        """`on_media` gets all media frames read in one go; `on_end` is called once, however the pipe ends."""
        self._socket = sock
        self._counters = counters
        self._on_media = on_media
        self._on_control = on_control
        self._on_end = on_end
        self._waiting: deque[bytes] = deque()
        self._waiting_octets = 0
        self._partial: list[bytes] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self.closed = False

    def start(self) -> None:
        """Begin to read."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._readable)

    # -- out -------------------------------------------------------------------------------------------

    def send_media(self, frames: Iterable[tuple[bytes, int]]) -> None:
        """Send media frames, each with the number of its records; what finds no room is dropped."""
        for frame, records in frames:
            if self.closed or self._waiting or not self._try(frame):
                self._counters["pipe_full"] += records

    def send_control(self, message: bytes) -> None:
        """Send a control message, now or once there is room."""
        for frame in control_frames(message):
            if self.closed:
                return
            if not self._waiting and self._try(frame):
                continue
            self._waiting.append(frame)
            self._waiting_octets += len(frame)
            if self._waiting_octets > MAX_WAITING:
                self._counters["pipe_given_up"] += 1
                self.close()
            elif len(self._waiting) == 1 and self._loop is not None:
                self._loop.add_writer(self._socket, self._writable)

    def _try(self, frame: bytes) -> bool:
        """Send one frame; False where there is no room, or nobody to read it."""
        try:
            self._socket.send(frame)
        except BlockingIOError:
            return False
        except OSError:
            self.close()
            return False
        return True

    def _writable(self) -> None:
        while self._waiting and not self.closed:
            if not self._try(self._waiting[0]):
                return
            self._waiting_octets -= len(self._waiting.popleft())
        if not self.closed and self._loop is not None:
            self._loop.remove_writer(self._socket)

    # -- in --------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        try:
            self._read()
        except PipeError:
            self._counters["pipe_defect"] += 1
            log.exception("the pipe brought what cannot be read; it is closed")
            self.close()

    def _read(self) -> None:
        """Read what has come. Media that was told before a control message is handed over before it."""
        media: list[bytes] = []
        for _ in range(_DRAIN):
            try:
                frame = self._socket.recv(MAX_FRAME)
            except BlockingIOError:
                break
            except OSError:
                frame = b""
            if not frame:
                self.close()
                return
            if frame[:1] == MEDIA:
                media.append(frame[1:])
                continue
            if media:
                self._on_media(media)
                media = []
            self._take_control(frame)
            if self.closed:
                return
        if media:
            self._on_media(media)

    def _take_control(self, frame: bytes) -> None:
        kind = frame[:1]
        self._partial.append(frame[1:])
        if sum(map(len, self._partial)) > MAX_MESSAGE or kind not in (LAST, MORE):
            raise PipeError(f"a frame of kind {kind!r}, or a message beyond {MAX_MESSAGE} bytes")
        if kind == LAST:
            message, self._partial = b"".join(self._partial), []
            self._on_control(message)

    def close(self) -> None:
        """End the pipe, and say so. May be called twice."""
        if self.closed:
            return
        self.closed = True
        if self._loop is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        self._socket.close()
        self._waiting.clear()
        self._waiting_octets = 0
        self._on_end()
