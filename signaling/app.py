"""The web application of a signaling process: every door, and what stands behind them, put together.

The law: parts know each other only as they are introduced here; what starts first ends last. Nothing
is decided here.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from signaling import (
    archive_doors,
    connection,
    doors,
    invitation_doors,
    line_doors,
    pages,
    programme_doors,
    rest,
    whip,
)
from signaling.auth import Tokens
from signaling.errors import SignalingError
from signaling.invitation_store import InvitationStore
from signaling.live import LiveSession, LiveSessions
from signaling.log import SessionLog, connect
from signaling.metrics import CountRequests, Metrics
from signaling.openapi import Operation, document
from signaling.pages import WEB, Headers
from signaling.ports import is_loopback, lan_address
from signaling.preflights import Preflights
from signaling.presence import Presence
from signaling.programme_store import ProgrammeStore
from signaling.programmes import Programmes
from signaling.protocol import OVER, MediaState
from signaling.publishers import Publishers
from signaling.relays import Relays
from signaling.retention import Retention
from signaling.settings import SignalingSettings
from signaling.whip import IceServers, MediaDoors, TransportNames
from stream.plan import Feed, StagePlan


@dataclass(frozen=True)
class Application:
    """The public application, its HTTP part alone, and what the metrics listener serves."""

    public: ASGIApp
    http: Starlette
    metrics: Metrics


def build(settings: SignalingSettings, *, web: Path = WEB) -> Application:
    """Return the application for these settings; its lifespan connects it to Redis and the relays."""
    redis = connect(settings.redis_url)
    live = LiveSessions(SessionLog(redis, audit_seconds=settings.audit_days * 24 * 3600), Presence(redis))
    tokens = Tokens(settings.secret, live.admit, live.clock)
    programmes = Programmes(ProgrammeStore(redis), live, clock=live.clock)
    publishers = Publishers(live.presence)

    async def on_media(session: str, media: MediaState) -> None:
        publishers.seen(session, media)
        if (held := live.known(session)) is not None:
            held.set_media(media)

    def loaded(held: LiveSession) -> None:
        said = relays.media(held.id)
        publishers.seen(held.id, said)
        held.set_media(said)

    relays = Relays(
        settings.relay_urls,
        settings.relay_secret,
        plans=lambda: {session: _in_force(plan) for session, plan in live.plans().items()},
        on_media=on_media,
    )
    preflights = Preflights(live, relays)
    live.on_plan(lambda session, plan: relays.plans_changed())
    live.on_loaded(loaded)
    # Who publishes is told of what changes; and who has ended is closed on a relay that still serves them.
    live.hold(relays.publishing)
    live.hold(lambda: _over(live, relays.serving()))
    metrics = Metrics()
    metrics.watch(lambda: _gauges(live, relays))

    async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        await connection.serve(socket, live=live, tokens=tokens, origins=settings.origins)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        del app
        try:
            retention = Retention(live, settings.retention_days)
            async with live, programmes, relays, preflights, retention:
                yield
        finally:
            await redis.aclose()

    ice = IceServers(settings.stun_urls, settings.turn_urls, settings.turn_secret)
    media = MediaDoors(tokens, live, relays, publishers, TransportNames(settings.secret), ice)
    live.on_access(media.review)
    live.hold(lambda: media.opened() - _over(live, media.opened()))
    live.on_ejected(relays.eject)
    routes: list[BaseRoute] = [
        *pages.routes(web),  # first, for a page asks for sixty files
        *media.routes(),
        *rest.RestDoors(tokens, live).routes(openapi()),
        *programme_doors.ProgrammeDoors(tokens, programmes).routes(),
        *archive_doors.ArchiveDoors(tokens, live).routes(),
        *line_doors.LineDoors(tokens, live, relays).routes(),
        *invitation_doors.InvitationDoors(
            tokens,
            live,
            programmes,
            InvitationStore(redis),
            relays,
            secret=settings.secret,
            public_url=settings.public_url,
            lan_url=_lan_url(settings),
        ).routes(),
        *_health_routes(live, relays),
    ]
    http = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={
            SignalingError: doors.on_error,
            HTTPException: doors.on_http_exception,
            Exception: doors.on_error,
        },
        middleware=[
            Middleware(CountRequests, metrics=metrics),
            Middleware(Headers, headers=pages.SECURITY_HEADERS),
            Middleware(Headers, headers=whip.CORS, prefixes=("/whip/", "/whep/")),
        ],
    )
    return Application(_Front(websocket, http), http, metrics)


class _Front:
    """The WebSocket apart from all else: what stands in its way is kept, frame by frame, while it lasts."""

    def __init__(self, websocket: ASGIApp, others: ASGIApp) -> None:
        self._websocket = websocket
        self._others = others

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request or connection (ASGI 3)."""
        to_socket = scope["type"] == "websocket" and scope["path"] == "/ws"
        return (self._websocket if to_socket else self._others)(scope, receive, send)


def _lan_url(settings: SignalingSettings) -> str:
    """Return what a phone in the same network reaches, or nothing if it reaches nothing."""
    if is_loopback(settings.http_host):
        return ""
    return f"http://{lan_address(settings.http_host)}:{settings.http_port}"


def _in_force(plan: StagePlan) -> StagePlan | None:
    """Return the plan, or None once it feeds nobody, not even speakers: its session has ended."""
    return None if all(feed == Feed() for feed in plan.feeds.values()) else plan


def _over(live: LiveSessions, sessions: set[str]) -> set[str]:
    """Return those of these sessions that have ended."""
    found = ((session, live.about(session)) for session in sessions)
    return {session for session, about in found if about is not None and about.status in OVER}


def _gauges(live: LiveSessions, relays: Relays) -> Mapping[str, Mapping[str, float]]:
    return {
        "rostrum_relay_up": {url: float(up) for url, up in relays.up().items()},
        "rostrum_sessions": {"": float(live.count())},
        "rostrum_sessions_held": {"": float(len(live.plans()))},
    }


HEALTH: Final = (
    Operation(
        "GET",
        "/healthz",
        "health",
        "Whether the process is up.",
        gives="text/plain",
        secured=False,
        tag="service",
    ),
    Operation(
        "GET",
        "/readyz",
        "readiness",
        "Whether Redis and a relay can be reached; 503 says which cannot.",
        gives="application/json",
        secured=False,
        tag="service",
    ),
)


def openapi() -> dict[str, Any]:
    """Return the OpenAPI document of all HTTP doors."""
    return document(
        [
            *rest.OPERATIONS,
            *programme_doors.OPERATIONS,
            *invitation_doors.OPERATIONS,
            *archive_doors.OPERATIONS,
            *line_doors.OPERATIONS,
            *whip.OPERATIONS,
            *HEALTH,
        ]
    )


def _health_routes(live: LiveSessions, relays: Relays) -> list[BaseRoute]:
    async def healthz(request: Request) -> Response:
        del request
        return Response("ok\n", media_type="text/plain", headers={"Cache-Control": "no-store"})

    async def readyz(request: Request) -> Response:
        del request
        # Which relays there are is nobody's business out here; the metrics name them.
        reached = {"redis": live.available, "relay": any(relays.up().values())}
        ready = all(reached.values())
        return doors.json_response({"ready": ready} | reached, 200 if ready else 503)

    return [doors.route("/healthz", {"GET": healthz}), doors.route("/readyz", {"GET": readyz})]
