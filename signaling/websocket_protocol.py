"""uvicorn's WebSocket protocol with a wire of its own for what is fanned out.

ASGI sends message by message, each framed, copied and awaited anew: twice what the write itself costs.
`scope["extensions"]["rostrum.wire"]["wire"]` takes frames that are ready instead: the very same bytes for
everybody. It also says when a peer takes no more, and can hang up on one that never reads, which ASGI
cannot: it only closes politely, after all that is buffered was taken. The law: what is written here is
whole text frames of an open WebSocket, so the sans-I/O connection need not hear of them (RFC 6455, 5.2:
no state goes from one unfragmented frame to the next). A transport that has to keep anything counts as full:
so an open wire's socket may be written to past it.
"""

from __future__ import annotations

import math
from asyncio import BaseTransport
from collections.abc import Callable
from typing import Final, Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION: Final = "rostrum.wire"

UNDER_WAY: Final = 64 * 1024
"""Bytes of the one write that the kernel may have taken only a part of; see outbox.py."""


class Wire(Protocol):
    """One connection's way out."""

    @property
    def open(self) -> bool:
        """Whether the peer takes more: little waits, and nobody has closed."""

    @property
    def write(self) -> Callable[[bytes], None]:
        """What writes whole frames, the same for as long as it lasts. Full or closed, it takes them too."""

    def on_change(self, callback: Callable[[], None]) -> None:
        """Have a callback called each time that `open` changes."""

    @property
    def socket(self) -> int | None:
        """The descriptor, which takes whole frames while `open`; None where bytes are changed on the way."""

    def forget_request(self) -> None:
        """Let go of the request's headers: nobody asks for them once the connection is accepted."""

    def abort(self) -> None:
        """Hang up at once, whatever still waits."""


def text_frame(payload: bytes) -> bytes:
    """Return an unfragmented text frame as a server sends it (RFC 6455, 5.2)."""
    length = len(payload)
    if length < 126:
        return bytes((0x81, length)) + payload
    if length < 1 << 16:
        return b"\x81\x7e" + length.to_bytes(2, "big") + payload
    return b"\x81\x7f" + length.to_bytes(8, "big") + payload


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """For uvicorn's setting `ws`. It is the Wire of its connection."""

    _changed: Callable[[], None] | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Have it said as soon as the kernel takes no more: what waits for a peer is bounded by us."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=0)

    def handle_connect(self, event: Request) -> None:
        """Add the extension to the scope; the application's task starts only after this returns."""
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][EXTENSION] = {"wire": self}

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who writes that nobody is there."""
        super().connection_lost(exc)
        if self._changed is not None:
            self._changed()

    def pause_writing(self) -> None:
        """Tell who writes that there is no room."""
        super().pause_writing()
        if self._changed is not None:
            self._changed()

    def resume_writing(self) -> None:
        """Tell who waits that there is room again."""
        super().resume_writing()
        if self._changed is not None:
            self._changed()

    def schedule_ping(self) -> None:
        """Ping at a full second, as all others do: waking up for each costs more than the ping."""
        assert self.ping_interval is not None
        due = self.loop.time() + max(0.0, self.ping_interval - self.last_ping_rtt)
        self.ping_timer = self.loop.call_at(math.ceil(due), self.send_keepalive_ping)

    @property
    def open(self) -> bool:
        """See Wire."""
        return self.writable.is_set() and not self.close_sent and not self.transport.is_closing()

    @property
    def write(self) -> Callable[[bytes], None]:
        """See Wire. The transport's own: each object on the way costs a cache miss a delivery."""
        return self.transport.write

    def on_change(self, callback: Callable[[], None]) -> None:
        """See Wire."""
        self._changed = callback

    @property
    def socket(self) -> int | None:
        """See Wire."""
        if self.transport.get_extra_info("sslcontext") is not None:
            return None
        return int(self.transport.get_extra_info("socket").fileno())

    def forget_request(self) -> None:
        """See Wire."""
        self.scope["headers"] = []
        del self.request, self.response

    def abort(self) -> None:
        """See Wire."""
        self.transport.abort()
