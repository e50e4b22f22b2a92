"""The same bytes to everybody of an audience, by as little as a write takes.

A thousand readers' objects do not stay in a processor's cache from one message to the next, so each object
that is looked at on the way costs a tenth of the write. A reader whose outbox is empty, and whose transport
has room, is therefore no more here than the number of a socket: what is put goes there by `write(2)` alone.

The law: nothing overtakes. Who has something waiting, here or in the transport, gets the rest through their
outbox; what a socket takes only in part, or not at all, goes on through the wire. A number is taken out
before its socket is closed, so that it never names a stranger's.
"""

from __future__ import annotations

import os
from collections.abc import Collection

from signaling.outbox import Outbox


class Broadcast:
    """The outboxes of one audience."""

    def __init__(self) -> None:
        self._sockets: dict[int, Outbox] = {}
        """Those that are written to directly, by descriptor."""
        self._others: set[Outbox] = set()

    def add(self, outbox: Outbox) -> None:
        """Have an outbox told from now on."""
        outbox.watch(self._sort)
        self._sort(outbox)

    def discard(self, outbox: Outbox) -> None:
        """Leave an outbox out; idempotent."""
        outbox.watch(None)
        self._take_out(outbox)

    def put(self, frame: bytes, but: Collection[Outbox] = ()) -> None:
        """Tell a frame to everybody, `but` some who have been told otherwise."""
        sockets: Collection[int] = self._sockets
        others: Collection[Outbox] = tuple(self._others) if self._others else ()
        if but:
            left = {outbox.socket for outbox in but}
            sockets = [socket for socket in sockets if socket not in left]
            others = [outbox for outbox in others if outbox not in but]
        size, write = len(frame), os.write
        short: list[tuple[int, int]] = []
        for socket in sockets:
            try:
                written = write(socket, frame)
            except OSError:  # full, or gone: the transport finds out which
                written = 0
            if written != size:
                short.append((socket, written))
        for socket, written in short:
            self._sockets[socket].go_on(frame[written:])
        for outbox in others:
            outbox.put(frame)

    def _sort(self, outbox: Outbox) -> None:
        """Write to an outbox's socket directly while it may be, else through the outbox."""
        self._take_out(outbox)
        if outbox.direct and outbox.socket is not None:
            self._sockets[outbox.socket] = outbox
        else:
            self._others.add(outbox)

    def _take_out(self, outbox: Outbox) -> None:
        self._others.discard(outbox)
        if outbox.socket is not None and self._sockets.get(outbox.socket) is outbox:
            del self._sockets[outbox.socket]
