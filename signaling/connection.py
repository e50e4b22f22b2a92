"""One WebSocket of one participant, from `hello` to `bye`.

The law: nobody is anybody before their token is verified, and nobody stays longer than it lasts; a
frame is bounded before it is parsed; a slow reader is resynchronised or dropped, never waited for; and
whatever ends a connection is told by its stable code. What a message does is the session's business.
"""

from __future__ import annotations

import asyncio
import logging
import math
import uuid
from collections.abc import Callable, Collection
from typing import Never
from urllib.parse import urlsplit

import msgspec
from prometheus_client import Counter, Gauge
from starlette.datastructures import Headers
from starlette.websockets import WebSocket, WebSocketDisconnect

from signaling import frames
from signaling.auth import Claims, Tokens, allowed, authorize, renewed
from signaling.errors import (
    AuthError,
    BadRequest,
    Forbidden,
    SignalingError,
    TooSlow,
    public,
)
from signaling.fanout import encode
from signaling.limits import FRAMES, Bucket
from signaling.live import LiveSession, LiveSessions, person_of
from signaling.outbox import Outbox
from signaling.protocol import (
    PROTOCOL_VERSION,
    Bye,
    Events,
    Hello,
    Notice,
    Ping,
    Pong,
    RefreshToken,
    Refused,
    Resume,
    Token,
    Welcome,
)
from signaling.websocket_protocol import EXTENSION, Wire

HELLO_WITHIN = 5.0
"""Seconds a client has to say who it is."""

LOOK_AGAIN = 30.0
"""Seconds after which a connection is asked again whether its token lasts: the clock may be set meanwhile."""

GOODBYE = 1.0
"""Seconds the last frame may take."""

CONNECTIONS = Gauge("rostrum_connections", "WebSockets that are welcome now.")
CLOSED = Counter("rostrum_connections_closed", "WebSockets closed by the server, by reason.", ["code"])

_log = logging.getLogger(__name__)


async def serve(
    websocket: WebSocket,
    *,
    live: LiveSessions,
    tokens: Tokens,
    clock: Callable[[], float] | None = None,
    origins: Collection[str] = (),
) -> None:
    """Serve one WebSocket until it ends. `origins`: those allowed beside the very host that is asked."""
    headers = Headers(scope=websocket.scope)  # not the connection's own copy, which would last as long
    if not origin_allowed(headers.get("origin"), headers.get("host", ""), origins):
        CLOSED.labels("origin_refused").inc()
        await websocket.close(4403, "origin_refused")  # before acceptance: HTTP 403
        return
    await websocket.accept()
    del headers
    wire_of(websocket).forget_request()
    try:
        await _converse(websocket, live, tokens, clock or live.clock)
    except WebSocketDisconnect:
        pass
    except Exception as error:  # noqa: BLE001 - the rim
        await _say_goodbye(websocket, error)


def origin_allowed(origin: str | None, host: str, origins: Collection[str]) -> bool:
    """Say whether a page of that origin may connect; what sends none is no page, and needs a token anyway."""
    if origin is None:
        return True
    return origin in origins or urlsplit(origin).netloc.lower() == host.lower()


async def _converse(
    websocket: WebSocket, live: LiveSessions, tokens: Tokens, clock: Callable[[], float]
) -> None:
    hello = await _hello(websocket)
    claims = tokens.verify(hello.token, clock())
    if claims.session == "*":
        raise Forbidden("session_unnamed", "This token is for all sessions; a connection needs one for one.")
    authorize(claims, "session.join", claims.session)
    session = await live.get(claims.session)
    session.admit(claims)
    connection = _Connection(websocket, live, session, tokens, clock, claims, hello)
    with CONNECTIONS.track_inprogress():
        await connection.run()


async def _hello(websocket: WebSocket) -> Hello:
    try:
        async with asyncio.timeout(HELLO_WITHIN):
            message = frames.parse(await _receive(websocket))
    except TimeoutError:
        raise TooSlow("hello_late", f"The first frame must come within {HELLO_WITHIN:.0f} s.") from None
    if not isinstance(message, Hello):
        raise BadRequest("hello_expected", "The first frame must be hello.")
    if message.protocol != PROTOCOL_VERSION:
        raise BadRequest(
            "protocol_unsupported", f"Protocol {PROTOCOL_VERSION} is spoken. Load the page anew."
        )
    return message


class _Connection:
    """A connection whose token is good: the one task reads; what there is to say is written by who has it."""

    def __init__(
        self,
        websocket: WebSocket,
        live: LiveSessions,
        session: LiveSession,
        tokens: Tokens,
        clock: Callable[[], float],
        claims: Claims,
        hello: Hello,
    ) -> None:
        self._websocket = websocket
        self._live = live
        self._session = session
        self._tokens = tokens
        self._clock = clock
        self._claims = claims
        self._actor = _seated(claims, hello)
        self._address = websocket.client.host if websocket.client else ""
        self._pace = Bucket.full(FRAMES, clock())
        self._language = hello.language
        self._error: SignalingError | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._task = asyncio.current_task()
        wire = wire_of(websocket)
        self._outbox = Outbox(wire, self._start_over, self._too_slow)
        # Both at one moment: what happens from here on comes through the outbox.
        self._reader = session.subscribe(person_of(self._actor), self._outbox)
        wire.write(self._greeting(hello.resume))

    async def run(self) -> None:
        connection_id = uuid.uuid4().hex
        self._live.presence.enter(self._session.id, connection_id, self._reader.person, self._language)
        self._session.attend(self._stay_welcome)
        self._stay_welcome()
        try:
            await self._read()
        except asyncio.CancelledError:
            # Either we have ended it ourselves, or the process ends.
            if self._error is None or self._task is None or self._task.uncancel():
                raise
            raise self._error from None
        finally:
            if self._expiry is not None:
                self._expiry.cancel()
            self._outbox.close()
            self._session.depart(self._stay_welcome)
            self._session.fanout.unsubscribe(self._reader)
            self._live.presence.leave(self._session.id, connection_id)

    def _end(self, error: SignalingError) -> None:
        """End the connection from outside its task, whatever that waits for."""
        if self._error is None and self._task is not None:
            self._error = error
            self._task.cancel()

    # -- reading ----------------------------------------------------------------------------------------

    async def _read(self) -> Never:
        while True:
            text = await _receive(self._websocket)
            # A flood is read slowly rather than buffered or punished; TCP holds it back.
            await asyncio.sleep(self._pace.take(self._clock()))
            await self._handle(frames.parse(text))

    async def _handle(self, message: frames.Message) -> None:
        match message:
            case Refused():
                self._outbox.put(encode(message))
            case Ping(sent=sent):
                self._outbox.put(encode(Pong(sent, self._now_ms())))
            case RefreshToken():
                self._refresh()
            case Hello():
                raise BadRequest("hello_again", "This connection has said hello already.")
            case _:
                self._outbox.put(encode(await self._session.command(self._actor, message, self._address)))

    def _refresh(self) -> None:
        now = self._clock()
        wait = self._live.limits.take(self._session.id, self._claims.sub, "token.refresh", now)
        if not wait:
            self._claims = renewed(self._claims, now)
            self._actor = msgspec.structs.replace(self._actor, iat=self._claims.iat, exp=self._claims.exp)
        # Asked too often, one gets a token all the same: one that lasts no longer.
        self._outbox.put(encode(Token(self._tokens.mint(self._claims), self._claims.exp * 1000)))

    def _stay_welcome(self) -> None:
        """End with the token, or as soon as it is taken back: called when anything may be so."""
        if self._expiry is not None:
            self._expiry.cancel()
        left = self._claims.exp - self._clock()
        try:
            self._session.admit(self._claims)
            if left <= 0:
                raise AuthError("token_expired", "The token has expired.")
        except SignalingError as error:
            self._end(error)
        else:
            loop = asyncio.get_running_loop()
            due = loop.time() + min(left, LOOK_AGAIN)
            # At a full second, as all others: waking up for each costs more than the question.
            due = math.ceil(due) if left > LOOK_AGAIN + 1 else due
            self._expiry = loop.call_at(due, self._stay_welcome)

    # -- writing ----------------------------------------------------------------------------------------

    def _too_slow(self) -> None:
        self._end(TooSlow("too_slow", "The connection takes nothing any more."))

    def _start_over(self) -> bytes:
        self._session.fanout.up_to_date(self._reader)
        return self._greeting(None)

    def _greeting(self, resume: Resume | None) -> bytes:
        """Return the frames that bring a reader up to date, all of one moment."""
        missed = self._session.since(self._reader, resume) if resume else None
        epoch, seq = self._session.position
        welcome = Welcome(
            you=self._reader.person,
            can=allowed(self._claims),
            epoch=epoch,
            seq=seq if missed is None or resume is None else resume.seq,
            time=self._now_ms(),
            token_expires=self._claims.exp * 1000,
            snapshot=self._session.snapshot(self._reader) if missed is None else None,
        )
        greeting = [encode(welcome)]
        if missed:
            greeting.append(encode(Events(epoch, seq, missed)))
        greeting += self._session.fanout.ephemeral(self._reader.audience)
        yours = self._session.yours(self._reader)
        if yours.votes or yours.ballots:
            greeting.append(encode(yours))
        if not self._live.available:
            greeting.append(encode(Notice("chat_paused")))
        return b"".join(greeting)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


async def _receive(websocket: WebSocket) -> str:
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text = message.get("text")
    if not isinstance(text, str):
        raise BadRequest("text_expected", "Frames are JSON text, not binary.")
    return text


def _seated(claims: Claims, hello: Hello) -> Claims:
    """Return the claims with the place a viewer says to sit in; nobody else's place is theirs to say."""
    if claims.role != "viewer" or hello.place is None:
        return claims
    return msgspec.structs.replace(claims, place=hello.place)


def wire_of(websocket: WebSocket) -> Wire:
    """Return the connection's wire; the server's protocol class must be ours (websocket_protocol.py)."""
    wire: Wire = websocket.scope["extensions"][EXTENSION]["wire"]
    return wire


async def _say_goodbye(websocket: WebSocket, error: Exception) -> None:
    """Tell why, close, and hang up on a peer that does not even take that."""
    told = public(error)
    CLOSED.labels(told.code).inc()
    if not isinstance(error, SignalingError):
        _log.error("a connection failed", exc_info=error)
    wire = wire_of(websocket)
    wire.write(encode(Bye(told.code, told.detail, told.retry_after)))
    try:
        async with asyncio.timeout(GOODBYE):
            await websocket.close(told.close_code, told.code)
    except TimeoutError:
        wire.abort()
    except (WebSocketDisconnect, RuntimeError):
        pass  # It has gone by itself.
