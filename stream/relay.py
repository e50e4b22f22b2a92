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

import uvicorn

from stream.engine import Engine
from stream.http import RelayFace
from stream.settings import RelaySettings, SettingsError

log = logging.getLogger("rostrum.relay")


def own_addresses() -> tuple[str, ...]:
    """Return the addresses this machine would be reached at: its route's own, and loopback.

    No packet is sent: connecting a UDP socket only asks the routing table.
    """
    found: list[str] = []
    for family, probe in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):
            sock.connect((probe, 9))
            found.append(sock.getsockname()[0])
    return (*found, "127.0.0.1")


def announced(settings: RelaySettings) -> tuple[str, ...]:
    """Return the addresses to put into answers: as set, else where the port is bound, else our own."""
    if settings.announce:
        return settings.announce
    if settings.media_host not in ("0.0.0.0", "::"):  # noqa: S104  compared, not bound
        return (settings.media_host,)
    addresses = own_addresses()
    return addresses if settings.media_host == "::" else tuple(a for a in addresses if ":" not in a)


async def serve(settings: RelaySettings) -> None:
    """Run until SIGTERM or SIGINT. Raises OSError where a port is taken."""
    engine = Engine(settings, announced(settings))
    listener = socket.create_server((settings.http_host, settings.http_port), backlog=256)
    server = uvicorn.Server(
        uvicorn.Config(
            RelayFace(engine, settings.secret).application(),
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
    media = asyncio.create_task(engine.run(), name="media")
    control = asyncio.create_task(_serve_quietly(server, listener), name="control")
    stopped = asyncio.create_task(stop.wait(), name="signal")
    log.info(
        "relay %s is up: media port %d, fan-out %s", engine.boot, settings.media_port, engine.fanout_name
    )
    await asyncio.wait({media, control, stopped}, return_when=asyncio.FIRST_COMPLETED)
    engine.draining = True
    server.should_exit = True
    media.cancel()
    stopped.cancel()
    results = await asyncio.gather(media, control, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _serve_quietly(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve on our listener; signals stay ours, uvicorn would take them."""
    with contextlib.ExitStack() as stack:
        stack.callback(listener.close)
        await server._serve(sockets=[listener])


def main() -> int:
    """Run the relay by the environment's settings; return the exit code."""
    try:
        settings = RelaySettings.from_environment(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("aiortc").setLevel(logging.WARNING)
    try:
        asyncio.run(serve(settings))
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
