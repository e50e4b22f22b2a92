"""A participant without a browser: says hello, gives commands, hears what the server says.

The client side of the WebSocket (signaling/protocol/), for `rostrum publish`, so that who publishes
is also present and can be brought on stage, and for the demo's own producer.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec
import websockets
from websockets.asyncio.client import ClientConnection, connect

from signaling.protocol import (
    Ack,
    AnyCommand,
    AnyServerMessage,
    Bye,
    Hello,
    MediaState,
    RefreshToken,
    Refused,
    Resume,
    Token,
    Welcome,
)

REFRESH_EVERY: Final = 300.0
"""Seconds between two refreshes of the token: half its normal life."""

_decode: Final[Callable[[str | bytes], AnyServerMessage]] = msgspec.json.Decoder(AnyServerMessage).decode


class GoodbyeError(Exception):
    """The server said goodbye; `code` is its stable reason, `final` whether coming back is pointless."""

    def __init__(self, bye: Bye) -> None:
        super().__init__(bye.reason)
        self.code = bye.code
        self.final = bye.retry_after is None and bye.code not in ("internal", "too_slow")


class Seat:
    """One connection after its welcome. `media` is what is published, as last heard."""

    def __init__(self, websocket: ClientConnection, welcome: Welcome, token: str) -> None:
        self._websocket = websocket
        self.welcome = welcome
        self.token = token
        self.media: MediaState | None = None

    async def hear(self) -> AnyServerMessage:
        """Return the next message; raises GoodbyeError, or websockets' ConnectionClosed."""
        message = _decode(await self._websocket.recv())
        if isinstance(message, Bye):
            raise GoodbyeError(message)
        if isinstance(message, Token):
            self.token = message.token
        if isinstance(message, MediaState):
            self.media = message
        return message

    async def command(self, command: AnyCommand) -> Ack | Refused:
        """Give a command and return what became of it; what else is said meanwhile is passed over."""
        await self.send(command)
        while True:
            message = await self.hear()
            if isinstance(message, Ack | Refused) and message.id == command.id:
                return message

    async def refresh(self) -> None:
        """Ask for a fresh token; `hear` takes it."""
        await self.send(RefreshToken())

    def abort(self) -> None:
        """Cut the line without a good-bye, as a network does."""
        self._websocket.transport.abort()

    async def send(self, message: msgspec.Struct) -> None:
        """Say something; `hear` has the answer."""
        await self._websocket.send(msgspec.json.encode(message).decode())


def command_id() -> str:
    """Return a fresh idempotency id."""
    return secrets.token_hex(8)


@contextlib.asynccontextmanager
async def seat(
    server: str, token: str, resume: Resume | None = None, language: str = ""
) -> AsyncIterator[Seat]:
    """Take a seat with a token at `server` (http or https), or again; raises GoodbyeError, OSError."""
    url = f"ws{server.removeprefix('http')}/ws"
    # Who listens seldom goes on being there: a full queue would stop the reading of pongs, too.
    async with connect(url, proxy=None, compression=None, open_timeout=5, max_queue=None) as websocket:
        await websocket.send(msgspec.json.encode(Hello(token, resume=resume, language=language)).decode())
        message = _decode(await websocket.recv())
        if isinstance(message, Bye):
            raise GoodbyeError(message)
        assert isinstance(message, Welcome)
        yield Seat(websocket, message, token)


async def attend(server: str, token: str, relay_back: Callable[[], None] | None = None) -> None:
    """Be there until cancelled, and come back whatever happens; raises GoodbyeError when not wanted.

    `relay_back` is called when the session's relay can be reached again.
    """
    failures = 0
    while True:
        try:
            async with seat(server, token) as taken:
                failures = 0
                try:
                    await _stay(taken, relay_back)
                finally:
                    token = taken.token
        except GoodbyeError as goodbye:
            if goodbye.final:
                raise
        except (OSError, websockets.WebSocketException):
            pass
        failures += 1
        pause = min(5.0, 0.2 * 2 ** min(failures, 5))
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 (jitter)


async def _stay(taken: Seat, relay_back: Callable[[], None] | None) -> None:
    async def refresh() -> None:
        while True:
            await asyncio.sleep(REFRESH_EVERY)
            await taken.refresh()

    refreshing = asyncio.create_task(refresh())
    try:
        while True:
            away = taken.media is not None and not taken.media.relay
            await taken.hear()
            if away and taken.media is not None and taken.media.relay and relay_back is not None:
                relay_back()
    finally:
        refreshing.cancel()
