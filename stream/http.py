"""The relay's HTTP face: what signaling asks of the engine.

An internal listener, loopback by default; every request but health and metrics carries the shared
secret. The law: values in and out are those of `stream/plan.py`; an error is a problem document
(RFC 9457) with a stable code. It must not know who may do what: signaling has decided that.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from stream.errors import RelayError
from stream.plan import Problem, PublishRequest, StagePlan, ViewRequest
from stream.sampling import sample
from stream.workers import Workers

MAX_BODY = 80 * 1024
"""Longest body taken, bytes: an offer of 64 KiB and what JSON adds."""

MAX_PLAN = 512 * 1024
"""Longest plan taken, bytes: a feed for each of some hundred people backstage."""

HEARTBEAT = 1.0
"""Seconds between two lines of /watch when nothing changes."""

_encode = msgspec.json.encode
Body = TypeVar("Body", PublishRequest, ViewRequest, StagePlan)
Handler = Callable[[Request], Awaitable[Response]]


def _json(value: object, status: int = 200) -> Response:
    return Response(_encode(value), status, media_type="application/json")


def problem(error: RelayError) -> Response:
    """Return an error as a problem document (RFC 9457)."""
    body = Problem(
        type=f"urn:rostrum:problem:{error.code}",
        title=error.code.replace("_", " ").capitalize(),
        status=error.status,
        detail=error.detail,
        code=error.code,
    )
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else None
    return Response(_encode(body), error.status, headers, media_type="application/problem+json")


class RelayFace:
    """The handlers, around one relay's processes."""

    def __init__(self, workers: Workers, secret: str) -> None:
        self._workers = workers
        self._engine = workers.engine
        self._secret = f"Bearer {secret}".encode()

    def application(self) -> Starlette:
        """Return the ASGI application."""
        guarded = self._guarded
        return Starlette(
            routes=[
                Route("/healthz", self.healthz),
                Route("/metrics", self.metrics),
                Route("/stats", guarded(self.stats)),
                Route("/watch", guarded(self.watch)),
                Route("/sessions/{session}/plan", guarded(self.put_plan), methods=["PUT"]),
                Route("/sessions/{session}", guarded(self.delete_session), methods=["DELETE"]),
                Route("/sessions/{session}/publications", guarded(self.publish), methods=["POST"]),
                Route(
                    "/sessions/{session}/publications/{participant}/{source}", guarded(self.publication_stats)
                ),
                Route("/sessions/{session}/views", guarded(self.view), methods=["POST"]),
                Route(
                    "/sessions/{session}/participants/{participant}",
                    guarded(self.delete_participant),
                    methods=["DELETE"],
                ),
                Route("/transports/{transport}", guarded(self.patch_transport), methods=["PATCH"]),
                Route("/transports/{transport}", guarded(self.delete_transport), methods=["DELETE"]),
            ]
        )

    def _guarded(self, handler: Handler) -> Handler:
        """Ask for the secret, and turn refusals into problem documents."""

        async def guarded(request: Request) -> Response:
            given = request.headers.get("authorization", "").encode()
            if not hmac.compare_digest(given, self._secret):
                return problem(RelayError("unauthorized", "The relay's secret is missing or wrong.", 401))
            try:
                return await handler(request)
            except RelayError as error:
                return problem(error)

        return guarded

    async def healthz(self, request: Request) -> Response:
        """Say that the process serves."""
        return PlainTextResponse("draining" if self._engine.draining else "ok")

    async def metrics(self, request: Request) -> Response:
        """Return Prometheus' text format; of viewers in sum, with `?viewers=each` of every one."""
        text = await self._workers.metrics(each=request.query_params.get("viewers") == "each")
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def stats(self, request: Request) -> Response:
        """Return everything countable as JSON."""
        return Response(await self._workers.stats(), media_type="application/json")

    async def watch(self, request: Request) -> Response:
        """Stream the relay's state: at once, at each change, and as a heartbeat."""
        return StreamingResponse(self._states(), media_type="application/x-ndjson")

    async def _states(self) -> AsyncIterator[bytes]:
        last, told_at = b"", float("-inf")
        while True:
            stirring = self._engine.stirring
            line = _encode(self._workers.state()) + b"\n"
            if line != last or time.monotonic() - told_at >= HEARTBEAT:
                last, told_at = line, time.monotonic()
                yield line
                if self._engine.draining:
                    return  # the last word; an open answer would hold the process back
            if not self._workers.deserted:
                await asyncio.sleep(_WATCH_STEP)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(told_at + HEARTBEAT - time.monotonic()):
                    await stirring.wait()

    async def put_plan(self, request: Request) -> Response:
        """Put a plan in force."""
        plan = await _read(request, StagePlan)
        return _json(self._workers.set_plan(request.path_params["session"], plan))

    async def delete_session(self, request: Request) -> Response:
        """End a session here."""
        self._workers.end_session(request.path_params["session"])
        return Response(status_code=204)

    async def publish(self, request: Request) -> Response:
        """Answer a WHIP offer."""
        body = await _read(request, PublishRequest)
        return _json(self._engine.publish(request.path_params["session"], body), 201)

    async def publication_stats(self, request: Request) -> Response:
        """Return what arrives of one publication."""
        session, participant, source = (
            request.path_params[part] for part in ("session", "participant", "source")
        )
        return _json(sample(self._engine, session, f"{participant}/{source}"))

    async def view(self, request: Request) -> Response:
        """Answer a WHEP offer."""
        body = await _read(request, ViewRequest)
        return _json(await self._workers.view(request.path_params["session"], body), 201)

    async def delete_participant(self, request: Request) -> Response:
        """End everything of one person."""
        self._workers.close_participant(request.path_params["session"], request.path_params["participant"])
        return Response(status_code=204)

    async def delete_transport(self, request: Request) -> Response:
        """End one transport."""
        await self._workers.close_transport(request.path_params["transport"])
        return Response(status_code=200)

    async def patch_transport(self, request: Request) -> Response:
        """Take trickled candidates, or restart ICE (RFC 9725, section 4.3)."""
        fragment = (await _body(request)).decode("utf-8", "replace")
        transport, match = request.path_params["transport"], request.headers.get("if-match")
        restart = await self._workers.patch(transport, match, fragment)
        if restart is None:
            return Response(status_code=204)
        headers = {"ETag": f'"{restart.etag}"'}
        return Response(restart.fragment, 200, headers, media_type="application/trickle-ice-sdpfrag")


_WATCH_STEP = 0.05
"""Seconds between two looks at the state while anybody is here: how late a change may be told."""


async def _body(request: Request, limit: int = MAX_BODY) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise RelayError("too_large", f"At most {limit // 1024} KiB are taken.", 413)
    return body


async def _read(request: Request, kind: type[Body]) -> Body:
    """Read the body as one of the plan's values. Raises RelayError (`malformed`)."""
    try:
        body = await _body(request, MAX_PLAN if kind is StagePlan else MAX_BODY)
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise RelayError("malformed", f"The body is not a {kind.__name__}: {error}.", 400) from None
