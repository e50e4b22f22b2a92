"""A whole control plane on loopback: the real application, a real Redis and, if wanted, a real relay."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from signaling import worker
from signaling.auth import Claims, Tokens
from signaling.protocol import Role
from signaling.settings import SignalingSettings
from stream.plan import SOURCES
from tests.signaling.processes import free_port
from tests.signaling.relay_process import SECRET as RELAY_SECRET

SECRET = "0123456789abcdef0123456789abcdef"
TOKENS = Tokens(SECRET)


def token(
    role: Role = "owner",
    session: str = "keynote",
    *,
    sub: str = "",
    publish: tuple[str, ...] = SOURCES,
    lifetime: int = 600,
) -> str:
    """Return a token as a server of these tests would mint it."""
    now = int(time.time())
    return TOKENS.mint(Claims(sub or f"{role}-1", session, role, "Ada", now, now + lifetime, publish=publish))


def bearer(role: Role = "owner", session: str = "keynote", **rest: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {token(role, session, sub=rest.get('sub', ''))}"}


OWNER = {"Authorization": f"Bearer {token('owner', '*', lifetime=3600)}"}


@dataclass
class Server:
    """A running server and a client of it."""

    settings: SignalingSettings
    http: httpx.AsyncClient

    async def create(self, session: str = "keynote", *, start: bool = True) -> None:
        """Create a session, live at once unless told otherwise."""
        answer = await self.http.post("/api/sessions", json={"id": session, "title": "A talk"}, headers=OWNER)
        assert answer.status_code == 201, answer.text
        if start:
            answer = await self.http.post(f"/api/sessions/{session}/start", headers=OWNER)
            assert answer.status_code == 200, answer.text

    async def until_ready(self, within: float = 10.0) -> None:
        """Wait until Redis and the relay are reached."""
        async with asyncio.timeout(within):
            while (await self.http.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(data: Path, relay_url: str = "", **changes: object) -> AsyncIterator[Server]:
    """Run a server with an embedded Redis in `data`; without a relay's URL, none answers."""
    settings = replace(
        SignalingSettings(
            secret=SECRET,
            relay_secret=RELAY_SECRET,
            data=data,
            http_host="127.0.0.1",
            http_port=free_port(),
            metrics_port=free_port(),
            relay_urls=(relay_url or f"http://127.0.0.1:{free_port()}",),
        ),
        **changes,  # type: ignore[arg-type]
    )
    stop = asyncio.Event()
    serving = asyncio.create_task(worker.serve(settings, stop))
    base = f"http://127.0.0.1:{settings.http_port}"
    try:
        async with httpx.AsyncClient(base_url=base, trust_env=False) as http:
            async with asyncio.timeout(10):
                while not await _answers(http):
                    assert not serving.done(), serving.exception()
                    await asyncio.sleep(0.02)
            yield Server(settings, http)
    finally:
        stop.set()
        await serving


async def _answers(http: httpx.AsyncClient) -> bool:
    # The socket listens before the application is up: a request then waits, so bound the wait.
    try:
        return (await http.get("/healthz", timeout=1)).status_code == 200
    except httpx.HTTPError:
        return False
