"""A signaling process: its listeners, its Redis if it has to bring one, and its end.

The law: it starts whole or not at all, with one clear sentence; on SIGTERM it takes no more, tells
those who are connected, and ends within seconds. What it serves is the application's matter.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import resource
import socket
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from signaling import ports
from signaling.app import build
from signaling.embedded_redis import EmbeddedRedis
from signaling.settings import SignalingSettings
from signaling.supervisor import StartError, Supervisor
from signaling.websocket_protocol import WebSocketProtocol
from stream.heap import set_aside
from stream.quiet_server import QuietServer

MAX_FRAME: Final = 64 * 1024
"""Bytes of a frame that are read at all; the connection itself refuses above 16 KiB, with a reason."""

STOP_WITHIN: Final = 3
"""Seconds that open requests and connections get to end."""


@dataclasses.dataclass(frozen=True)
class Pings:
    """WebSocket pings (RFC 6455, 5.5.2): seconds between two, and those a pong may take."""

    each: float
    patience: float


PINGS: Final = Pings(each=50.0, patience=20.0)
"""Where the kernel finds out who has vanished (ports.py), for less: these keep idle lines open."""

PINGS_BEHIND_PROXIES: Final = Pings(each=7.0, patience=6.0)
"""A proxy's kernel answers for whoever has vanished behind it, so everybody is asked. With the second that a
ping waits for others, and presence's, that is 15 until they are no longer counted."""

log = logging.getLogger(__name__)


async def serve(settings: SignalingSettings, stop: asyncio.Event) -> None:
    """Run until told to stop; raises StartError with one sentence."""
    allow_sockets()
    with contextlib.ExitStack() as held:
        public = _held(held, settings.http_host, settings.http_port, "ROSTRUM_HTTP_PORT")
        metrics = _held(held, settings.metrics_host, settings.metrics_port, "ROSTRUM_METRICS_PORT")
        async with Supervisor(_note) as children:
            if not settings.redis_url:
                redis = held.enter_context(contextlib.closing(EmbeddedRedis(settings.data)))
                await children.start(redis.spec())
                settings = dataclasses.replace(settings, redis_url=redis.url)
            await _serve_until(stop, settings, public, metrics)


def allow_sockets() -> None:
    """Take as many open files as this process may have: each connection is one, and 1,024 are usual."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _serve_until(
    stop: asyncio.Event, settings: SignalingSettings, public: socket.socket, metrics: socket.socket
) -> None:
    application = build(settings)
    set_aside()
    servers = (
        _server(application.public, settings),
        _server(application.metrics.application(), settings, lifespan=False),
    )
    async with asyncio.TaskGroup() as tasks:
        serving = [
            tasks.create_task(server.serve([listener]))
            for server, listener in zip(servers, (public, metrics), strict=True)
        ]
        stopping = tasks.create_task(stop.wait())
        log.info("serving at port %d, metrics at port %d", settings.http_port, settings.metrics_port)
        await asyncio.wait({stopping, *serving}, return_when=asyncio.FIRST_COMPLETED)
        for server in servers:
            server.end()
        stopping.cancel()
    if not servers[0].started:
        raise StartError("signaling could not start; its log says why.")


def _server(app: ASGIApp, settings: SignalingSettings, *, lifespan: bool = True) -> QuietServer:
    pings = PINGS_BEHIND_PROXIES if settings.trusted_proxies else PINGS
    return QuietServer(
        uvicorn.Config(
            app,
            interface="asgi3",
            ws=WebSocketProtocol,
            ws_max_size=MAX_FRAME,
            ws_ping_interval=pings.each,
            ws_ping_timeout=pings.patience,
            # Deflate would cost 47 KiB a connection, and frames are shared as they are.
            ws_per_message_deflate=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            server_header=False,
            access_log=False,
            log_config=None,
            lifespan="on" if lifespan else "off",
            timeout_graceful_shutdown=STOP_WITHIN,
        )
    )


def _held(held: contextlib.ExitStack, host: str, port: int, setting: str) -> socket.socket:
    return held.enter_context(contextlib.closing(ports.listen(host, port, setting)))


def _note(name: str, line: str) -> None:
    log.info("%s: %s", name, line)
