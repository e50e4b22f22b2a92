"""A whole Rostrum under test, as its users run it: `rostrum serve` with processes that can be killed.

Owns the child process, its ports and secrets, and what tests need of it from outside: sessions, tokens,
links, commands, pids. It looks inside nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import httpx

from signaling.attend import command_id, seat
from signaling.auth import EVERY_SESSION, Tokens
from signaling.minting import NewToken, claims_for
from signaling.protocol import Ack, BringOn, MediaState, Place, Role, TakeOff
from tests.signaling.processes import children, free_port, without_rostrum

Process = Literal["redis", "relay", "signaling"]

READY_SECONDS = 45.0

_MARKS: dict[Process, str] = {
    "redis": "redis-server",
    "relay": "stream.relay",
    "signaling": "signaling signaling",
}


@dataclass
class Stage:
    """A running `rostrum serve`."""

    folder: Path
    secret: str = field(default_factory=lambda: secrets.token_hex(32))
    relay_secret: str = field(default_factory=lambda: secrets.token_hex(32))
    http_port: int = field(default_factory=free_port)
    relay_port: int = field(default_factory=free_port)
    metrics_port: int = field(default_factory=free_port)
    media_port: int = field(default_factory=lambda: free_port(socket.SOCK_DGRAM))
    process: subprocess.Popen[bytes] | None = None
    redis_url: str = ""
    """Empty: `serve` runs one of its own."""

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def relay_url(self) -> str:
        """Where the relay's own HTTP face is."""
        return f"http://127.0.0.1:{self.relay_port}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings of its processes."""
        return without_rostrum(
            ROSTRUM_SECRET=self.secret,
            ROSTRUM_RELAY_SECRET=self.relay_secret,
            ROSTRUM_DATA=str(self.folder / "data"),
            ROSTRUM_REDIS_URL=self.redis_url,
            ROSTRUM_HTTP_HOST="127.0.0.1",
            ROSTRUM_HTTP_PORT=str(self.http_port),
            ROSTRUM_METRICS_PORT=str(self.metrics_port),
            ROSTRUM_RELAY_HTTP_PORT=str(self.relay_port),
            # Firefox never dials loopback: the machine's own address must be among the announced.
            ROSTRUM_MEDIA_HOST="0.0.0.0",
            ROSTRUM_MEDIA_PORT=str(self.media_port),
        )

    # -- life --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything and wait until it is ready."""
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "signaling", "serve"],
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + READY_SECONDS
        with httpx.Client(trust_env=False, timeout=2) as http:
            while time.monotonic() < deadline and self.process.poll() is None:
                with contextlib.suppress(httpx.HTTPError):
                    if http.get(f"{self.url}/readyz").status_code == 200:
                        return
                time.sleep(0.05)
        said = self.log()[-4000:]
        self.stop()
        raise AssertionError(f"rostrum serve is not ready:\n{said}")

    def stop(self) -> None:
        """Stop everything, as Ctrl-C does."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.process = None

    def log(self) -> str:
        """Return what the processes have said so far."""
        return (self.folder / "serve.log").read_text(errors="replace")

    # -- processes -----------------------------------------------------------------------------------

    def pid(self, name: Process) -> int:
        """Return the process id of one part; 0 while it does not run."""
        return next(iter(self._pids(name)), 0)

    def _pids(self, name: Process) -> list[int]:
        """Return one part's process, the elder, and its spare, as far as they run."""
        assert self.process is not None
        found = []
        for pid in children(self.process.pid):
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                if _MARKS[name] in line:
                    found.append(pid)
        return found

    async def spare(self, name: Process) -> None:
        """Wait until one part has a spare that does nothing any more but wait."""
        worked = ""
        for _ in range(120):
            await asyncio.sleep(0.5)
            with contextlib.suppress(IndexError, OSError):
                seen = " ".join(Path(f"/proc/{self._pids(name)[1]}/stat").read_text().split()[12:15])
                if seen == worked:
                    return
                worked = seen
        raise AssertionError(f"{name} has no spare")

    def kill(self, name: Process) -> None:
        """End one part without a word, and wait until it is gone."""
        pid = self.pid(name)
        assert pid, f"{name} does not run"
        os.kill(pid, signal.SIGKILL)
        while self.pid(name) == pid:
            time.sleep(0.005)

    def rss(self, name: Process) -> int:
        """Return the resident memory of one part in bytes."""
        pages = int(Path(f"/proc/{self.pid(name)}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    # -- people --------------------------------------------------------------------------------------

    def token(
        self,
        session: str,
        role: Role,
        name: str = "",
        sub: str = "",
        place: Place = "online",
        affiliation: str = "",
    ) -> str:
        """Mint a token for an hour."""
        name = name or f"{role.title()} of {session}"
        wanted = NewToken(session, role, name, sub or None, affiliation, lifetime=3600, place=place)
        return Tokens(self.secret).mint(claims_for(wanted, time.time()))

    def link(
        self, page: str, session: str, role: Role, name: str = "", sub: str = "", affiliation: str = ""
    ) -> str:
        """Return the invitation link to a page."""
        return f"{self.url}/{page}/#token={self.token(session, role, name, sub, affiliation=affiliation)}"

    def http(self) -> httpx.AsyncClient:
        """Return a client with an owner's rights."""
        shown = {"Authorization": f"Bearer {self.token(EVERY_SESSION, 'owner')}"}
        return httpx.AsyncClient(base_url=self.url, headers=shown, trust_env=False)

    async def stats(self, session: str) -> dict[str, Any]:
        """Return what the relay counts of a session; see stream/stats.py."""
        shown = {"Authorization": f"Bearer {self.relay_secret}"}
        async with httpx.AsyncClient(base_url=self.relay_url, headers=shown, trust_env=False) as http:
            return cast(dict[str, Any], (await http.get("/stats")).json()["sessions"][session])

    async def new_session(self, title: str = "Two rooms, one conversation") -> str:
        """Create a session, start it, and return its id."""
        session = f"talk-{secrets.token_hex(4)}"
        async with self.http() as http:
            created = await http.post("/api/sessions", json={"id": session, "title": title})
            assert created.status_code == 201, created.text
            started = await http.post(f"/api/sessions/{session}/start")
            assert started.status_code == 200, started.text
        return session

    async def bring_on(self, session: str, participant: str, within: float = 30.0) -> None:
        """Bring somebody on stage as soon as they are there."""
        async with asyncio.timeout(within), seat(self.url, self.token(session, "producer")) as desk:
            while not isinstance(await desk.command(BringOn(command_id(), participant)), Ack):
                await asyncio.sleep(0.1)

    async def take_off(self, session: str, participant: str) -> None:
        """Take somebody off stage."""
        async with seat(self.url, self.token(session, "producer")) as desk:
            assert isinstance(await desk.command(TakeOff(command_id(), participant)), Ack)

    async def media(self, session: str, seen: Callable[[MediaState], bool], within: float = 30.0) -> None:
        """Wait until the session says of its media what `seen` looks for."""
        async with asyncio.timeout(within), seat(self.url, self.token(session, "producer")) as desk:
            while desk.media is None or not seen(desk.media):
                await desk.hear()

    @contextlib.asynccontextmanager
    async def speaker(
        self, session: str, sub: str = "speaker-1", frame_rate: int = 30
    ) -> AsyncIterator[subprocess.Popen[bytes]]:
        """Put a synthetic speaker on stage: `rostrum publish --synthetic`.

        Where no picture's time is judged, fewer a second leave the machine to the browsers.
        """
        env = self.environment | {
            "ROSTRUM_TOKEN": self.token(session, "speaker", "Prof. Ada Lindqvist", sub),
            "ROSTRUM_LOG_LEVEL": "info",
        }
        command = ["publish", "--synthetic", "--server", self.url, "--session", session]
        command += ["--frame-rate", str(frame_rate)]
        with (self.folder / "speaker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "signaling", *command], env=env, stdout=log, stderr=log
            )
        try:
            await self.bring_on(session, sub)
            await self.media(session, lambda media: len([p for p in media.publications if p.live]) >= 2)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, 15)


async def until(condition: Callable[[], Awaitable[bool]], within: float, what: str) -> float:
    """Wait until a condition holds; return how many seconds it took."""
    begun = time.monotonic()
    while not await condition():
        assert time.monotonic() - begun < within, f"not within {within} s: {what}"
        await asyncio.sleep(0.05)
    return time.monotonic() - begun
