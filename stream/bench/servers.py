"""What can be measured: a server that one publisher and many viewers negotiate with.

`Server` is all a measurement knows of it. `RostrumServer` is our relay as its own process, spoken to the
way signaling does. The law: a server is started with fresh ports and secrets on loopback, and is gone
afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import sys
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import msgspec

from stream import compiled
from stream.bench.ends import LocalEnd, RemoteEnd, offer, read
from stream.bench.http import Connections, HttpError
from stream.bench.process import BenchError, Cores, Measured, free_port

START_TIMEOUT: Final = 20.0
_SESSION: Final = "bench"
_SPARE_TRANSPORTS: Final = 1000

Found = TypeVar("Found")

Address = tuple[str, int, str]
"""Of a relay: where its viewers and it are, its port for HTTP, and its secret."""


class Door(Protocol):
    """Where viewers come in; everything may raise BenchError."""

    host: str
    """The server's address, and the viewers'."""

    async def view(self, end: LocalEnd) -> RemoteEnd:
        """Negotiate one viewer."""

    async def leave(self, remote: RemoteEnd) -> None:
        """End one viewer."""


class Server(Door, Protocol):
    """A server under measurement; everything may raise BenchError."""

    name: str
    measured: Measured

    async def start(self) -> None:
        """Return once it serves."""

    async def publish(self, end: LocalEnd, ssrcs: tuple[int, int]) -> RemoteEnd:
        """Negotiate the publisher."""

    async def live(self) -> None:
        """Return once what is published reaches viewers."""

    async def describe(self) -> dict[str, Any]:
        """Say what it is and counts, for the record."""

    async def stop(self) -> None:
        """End it; may be called twice."""


class RelayDoor:
    """A relay's HTTP, from any process."""

    def __init__(self, host: str, port: int, secret: str) -> None:
        self.host = host
        headers = f"Authorization: Bearer {secret}\r\nContent-Type: application/json\r\n"
        self.http = Connections(port, headers)

    async def view(self, end: LocalEnd) -> RemoteEnd:
        """See `Door.view`."""
        body = {"participant": end.ufrag, "feed": "stage", "offer": offer(end, "recvonly"), "wait": True}
        return await self.negotiate("views", body)

    async def leave(self, remote: RemoteEnd) -> None:
        """See `Door.leave`."""
        await self.ask("DELETE", f"/transports/{remote.resource}")

    async def negotiate(self, what: str, body: dict[str, Any]) -> RemoteEnd:
        """Offer, and return the other end. Raises BenchError."""
        answer = await self.ask("POST", f"/sessions/{_SESSION}/{what}", body)
        return read(answer["answer"], resource=answer["transport"])

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the relay answers. Raises BenchError."""
        try:
            status, text = await self.http.request(method, path, msgspec.json.encode(body) if body else b"")
        except HttpError as error:
            raise BenchError(f"the relay does not answer {method} {path} ({error})") from None
        if status >= 400:
            raise BenchError(f"the relay refuses {method} {path}: {text.decode(errors='replace')[:200]}")
        found: dict[str, Any] = msgspec.json.decode(text) if text else {}
        return found


class RostrumServer:
    """`rostrum relay`."""

    name = "rostrum"

    def __init__(
        self,
        cores: Cores,
        folder: Path,
        viewers: int,
        fanout: str,
        host: str = "127.0.0.1",
        workers: int = 1,
    ) -> None:
        self.host = host
        port, secret = free_port(), secrets.token_hex(32)
        self.address: Address = (host, port, secret)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ROSTRUM_")}
        settings = {
            "ROSTRUM_RELAY_SECRET": secret,
            "ROSTRUM_RELAY_HTTP_PORT": str(port),
            "ROSTRUM_MEDIA_HOST": host,
            "ROSTRUM_MEDIA_PORT": str(free_port(socket.SOCK_DGRAM, workers)),
            "ROSTRUM_RELAY_WORKERS": str(workers),
            "ROSTRUM_RELAY_PIN": "on" if workers > 1 else "off",
            "ROSTRUM_MAX_TRANSPORTS": str(viewers + _SPARE_TRANSPORTS),
            "ROSTRUM_FANOUT": fanout,
            # Who measures a fan-out in Python means a relay in Python.
            compiled.SETTING: os.environ.get(compiled.SETTING)
            or ("auto" if fanout in ("auto", "native") else "python"),
            "ROSTRUM_LOG_LEVEL": "warning",
        }
        self.measured = Measured(
            [sys.executable, "-m", "stream.relay"], kept | settings, folder / "relay.log", cores
        )
        self._door = RelayDoor(*self.address)

    async def start(self) -> None:
        """See `Server.start`."""
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            self.measured.check()
            with contextlib.suppress(HttpError):
                if (await self._door.http.request("GET", "/healthz"))[0] == 200:
                    feed = {"main": ["speaker/camera"], "audio": ["speaker/camera"]}
                    plan = {"epoch": 1, "seq": 1, "feeds": {"stage": feed}}
                    await self._ask("PUT", f"/sessions/{_SESSION}/plan", plan)
                    return
            await asyncio.sleep(0.05)
        raise BenchError(f"the relay does not answer within {START_TIMEOUT:.0f} s")

    async def publish(self, end: LocalEnd, ssrcs: tuple[int, int]) -> RemoteEnd:
        """See `Server.publish`."""
        body = {"participant": "speaker", "source": "camera", "offer": offer(end, "sendonly", ssrcs)}
        return await self._checked(self._door.negotiate("publications", body))

    async def live(self) -> None:
        """See `Server.live`."""
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            publications = (await self._ask("GET", "/stats"))["sessions"][_SESSION]["publications"]
            if publications:
                return
            await asyncio.sleep(0.05)
        raise BenchError("the relay never saw the publisher")

    async def view(self, end: LocalEnd) -> RemoteEnd:
        """See `Server.view`."""
        return await self._checked(self._door.view(end))

    async def leave(self, remote: RemoteEnd) -> None:
        """See `Server.leave`."""
        await self._checked(self._door.leave(remote))

    async def describe(self) -> dict[str, Any]:
        """See `Server.describe`."""
        stats = await self._ask("GET", "/stats")
        about = {name: stats[name] for name in ("fanout", "routing", "counters")}
        others = {
            number: {name: other[name] for name in ("cpu_seconds", "transports", "counters")}
            for number, other in stats.get("workers", {}).items()
            if other is not None
        }
        return (
            about
            | {"cpu_seconds": stats["cpu_seconds"], "transports": stats["transports"]}
            | ({"workers": others} if others else {})
        )

    async def stop(self) -> None:
        """See `Server.stop`."""
        await self._door.http.close()
        await asyncio.to_thread(self.measured.stop)

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return await self._checked(self._door.ask(method, path, body))

    async def _checked(self, asking: Coroutine[Any, Any, Found]) -> Found:
        """Ask; where that fails, say so if the relay has ended."""
        try:
            return await asking
        except BenchError:
            self.measured.check()
            raise


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
