"""uvicorn's WebSocket protocol with a way to hang up on a peer that does not read.

ASGI can only close politely, after all that is buffered was taken; a peer that never reads would hold
its buffer for ever. `scope["extensions"]["rostrum.abort"]` drops the connection at once instead.
"""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

ABORT = "rostrum.abort"


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """For uvicorn's setting `ws`."""

    def handle_connect(self, event: Request) -> None:
        """Add the extension to the scope; the application's task starts only after this returns."""
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][ABORT] = {"abort": self.transport.abort}
