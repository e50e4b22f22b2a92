"""A real relay process on loopback, to be killed, stopped and started again by tests."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys

import httpx

from tests.signaling.processes import free_port, without_rostrum

SECRET = "fedcba9876543210fedcba9876543210"


class RelayProcess:
    """`python -m stream.relay` on ports of its own; a restart keeps them."""

    def __init__(self) -> None:
        self.http_port = free_port()
        self.media_port = free_port(socket.SOCK_DGRAM)
        self.url = f"http://127.0.0.1:{self.http_port}"
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> RelayProcess:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    async def start(self) -> None:
        """Start it and return once it answers."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "stream.relay",
            env=without_rostrum(
                ROSTRUM_RELAY_SECRET=SECRET,
                ROSTRUM_RELAY_HTTP_PORT=str(self.http_port),
                ROSTRUM_MEDIA_HOST="127.0.0.1",
                ROSTRUM_MEDIA_PORT=str(self.media_port),
                ROSTRUM_LOG_LEVEL="warning",
            ),
        )
        async with httpx.AsyncClient(trust_env=False) as client:
            for _ in range(600):
                try:
                    await client.get(f"{self.url}/healthz")
                except httpx.HTTPError:
                    await asyncio.sleep(0.05)
                else:
                    return
        raise AssertionError("the relay did not start")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        os.kill(self._process.pid, number)

    async def kill(self) -> None:
        """End it the hard way, also when it is stopped."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
