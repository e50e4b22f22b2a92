"""The relay process: settings in, an engine and its HTTP face, until told to stop.

The law: it starts whole or not at all, with one clear sentence; on SIGTERM it stops taking peers, says
goodbye to those it has, and ends. Redis, signaling and their absence are nothing to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from typing import Literal

import uvicorn

from stream import compiled
from stream.addresses import announced
from stream.child_process import wait_for_turn
from stream.engine import Engine
from stream.heap import set_aside
from stream.http import RelayFace
from stream.quiet_server import QuietServer
from stream.settings import RelaySettings, SettingsError
from stream.worker import pin
from stream.worker_process import WorkerError
from stream.workers import Workers

log = logging.getLogger("rostrum.relay")


async def serve(settings: RelaySettings) -> None:
    """Run until SIGTERM or SIGINT. Raises OSError where a port is taken, WorkerError where a worker's is."""
    engine = Engine(settings, announced(settings))
    workers = Workers(engine, settings)
    listener = socket.create_server((settings.http_host, settings.http_port), backlog=256)
    # An answer's second write must not wait for the reader's delayed ACK, as in signaling/ports.py.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = QuietServer(
        uvicorn.Config(
            RelayFace(workers, settings.secret).application(),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            timeout_keep_alive=30,  # longer than a client keeps a connection: it closes, we do not cut
        )
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stopped = asyncio.create_task(stop.wait(), name="signal")
    if not await _started(workers, stopped):
        return
    pin(workers.core)
    media = asyncio.create_task(engine.run(), name="media")
    control = asyncio.create_task(_serve(server, listener), name="control")
    log.info(
        "relay %s is up: media port %d, fan-out %s, routing %s, %d process(es)",
        engine.boot,
        settings.media_port,
        engine.fanout_name,
        compiled.name(),
        settings.workers,
    )
    await asyncio.wait({media, control, stopped}, return_when=asyncio.FIRST_COMPLETED)
    engine.drain()
    server.end()
    media.cancel()
    stopped.cancel()
    results = await asyncio.gather(media, control, workers.stop(), return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _started(workers: Workers, stopped: asyncio.Task[Literal[True]]) -> bool:
    """Start the workers; False where we are told to stop meanwhile. Raises WorkerError."""
    starting = asyncio.create_task(workers.start(), name="workers")
    await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        starting.result()
        return True
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await workers.stop()
    return False


async def _serve(server: QuietServer, listener: socket.socket) -> None:
    with contextlib.closing(listener):
        await server.serve(sockets=[listener])


def main() -> int:
    """Run the relay by the environment's settings; return the exit code."""
    wait_for_turn()
    try:
        settings = RelaySettings.from_environment(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if settings.routing == "compiled" and not compiled.used():
        sys.stderr.write(f"{compiled.SETTING}=compiled, but that cannot be: {compiled.fault()}.\n")
        return 2
    logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("aiortc").setLevel(logging.WARNING)
    set_aside()
    try:
        asyncio.run(serve(settings))
    except WorkerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{_explain(settings, error)}\n")
        return 1
    return 0


def _explain(settings: RelaySettings, error: OSError) -> str:
    media = "UDP or TCP" if settings.media_tcp == "on" else "UDP"
    ports = (
        f"{media} {settings.media_host}:{settings.media_port} (ROSTRUM_MEDIA_PORT) or "
        f"TCP {settings.http_host}:{settings.http_port} (ROSTRUM_RELAY_HTTP_PORT)"
    )
    return f"The relay cannot start on {ports}: {error.strerror or error}."


if __name__ == "__main__":
    sys.exit(main())
