"""What is measured: a Redis of our own and some signaling processes, started like any other, beside a relay.

The law: fresh ports, secrets and data on loopback for each measurement, and all of it gone afterwards;
processor time and memory are what the kernel says (stream/bench/process.py).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from signaling.auth import Claims, Tokens
from signaling.embedded_redis import EmbeddedRedis
from signaling.protocol import Role
from stream.bench.process import BenchError, Cores, Measured, free_port

START_WITHIN: Final = 60.0
SESSION: Final = "bench"
_LIFETIME: Final = 3600


@dataclass(frozen=True)
class Worker:
    """One signaling process."""

    process: Measured
    port: int

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Workers:
    """The processes under measurement, and the means to talk to them."""

    redis: Measured
    redis_url: str
    signaling: tuple[Worker, ...]
    tokens: Tokens
    begin: Callable[[int, int], Worker]
    """Starts a signaling process by its number, at a port."""

    def token(self, sub: str, role: Role = "viewer", session: str = SESSION) -> str:
        """Mint a token for somebody."""
        now = int(time.time())
        return self.tokens.mint(Claims(sub, session, role, sub, now, now + _LIFETIME))

    def cpu_seconds(self) -> tuple[float, float]:
        """Return the processor time so far of signaling and of Redis, user and system."""
        return sum(one.process.cpu_seconds() for one in self.signaling), self.redis.cpu_seconds()

    def memory(self) -> int:
        """Return the resident bytes of all signaling processes."""
        return sum(one.process.memory() for one in self.signaling)

    def check(self) -> None:
        """Raise BenchError if one has ended."""
        for measured in (self.redis, *(one.process for one in self.signaling)):
            measured.check()

    def ask(self, method: str, path: str, body: object = None, worker: int = 0) -> httpx.Response:
        """Ask a worker over REST as an owner. Raises BenchError."""
        url = f"http://127.0.0.1:{self.signaling[worker].port}{path}"
        headers = {"Authorization": f"Bearer {self.token('owner', 'owner', '*')}"}
        try:
            answer = httpx.request(method, url, json=body, headers=headers, timeout=10, trust_env=False)
        except httpx.HTTPError as error:
            raise BenchError(f"signaling does not answer {method} {path} ({type(error).__name__})") from None
        if answer.is_error:
            raise BenchError(f"signaling refuses {method} {path}: {answer.text[:200]}")
        return answer


@contextlib.contextmanager
def running(count: int, cores: Cores, folder: Path) -> Iterator[Workers]:
    """Run Redis and `count` signaling processes with one live session. Raises BenchError."""
    with contextlib.ExitStack() as held:
        relay_secret, relay_port = secrets.token_hex(32), free_port()
        # Nobody watches or speaks, but a relay that is away costs signaling more than one that is there.
        relay = _relay(relay_secret, relay_port, folder, cores)
        held.callback(relay.stop)
        embedded = held.enter_context(contextlib.closing(EmbeddedRedis(folder)))
        spec = embedded.spec()
        redis = Measured(spec.argv, os.environ, folder / "redis.log", cores)
        held.callback(redis.stop)
        _until_listening(redis, Path(embedded.url.removeprefix("unix://")))
        secret = secrets.token_hex(32)

        def begin(number: int, port: int) -> Worker:
            worker = _worker(number, port, secret, embedded.url, (relay_secret, relay_port), folder, cores)
            held.callback(worker.process.stop)
            return worker

        signaling = tuple(begin(number, free_port()) for number in range(count))
        workers = Workers(redis, embedded.url, signaling, Tokens(secret), begin)
        for number in range(count):
            _until_serving(workers, number)
        workers.ask("POST", "/api/sessions", {"id": SESSION, "title": "A talk under measurement"})
        workers.ask("POST", f"/api/sessions/{SESSION}/start")
        yield workers


def _relay(secret: str, port: int, folder: Path, cores: Cores) -> Measured:
    """Start a relay on the load's cores: what it costs is not what is measured."""
    settings = {
        "ROSTRUM_RELAY_SECRET": secret,
        "ROSTRUM_RELAY_HTTP_PORT": str(port),
        "ROSTRUM_MEDIA_HOST": "127.0.0.1",
        "ROSTRUM_MEDIA_PORT": str(free_port(socket.SOCK_DGRAM)),
        "ROSTRUM_LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-m", "stream.relay"]
    return Measured(command, _kept() | settings, folder / "relay.log", Cores(cores.load, cores.load))


def _kept() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("ROSTRUM_")}


def _worker(
    number: int,
    port: int,
    secret: str,
    redis_url: str,
    relay: tuple[str, int],
    folder: Path,
    cores: Cores,
) -> Worker:
    settings = {
        "ROSTRUM_SECRET": secret,
        "ROSTRUM_RELAY_SECRET": relay[0],
        "ROSTRUM_REDIS_URL": redis_url,
        "ROSTRUM_RELAY_URL": f"http://127.0.0.1:{relay[1]}",
        "ROSTRUM_HTTP_HOST": "127.0.0.1",
        "ROSTRUM_HTTP_PORT": str(port),
        "ROSTRUM_METRICS_PORT": str(free_port()),
        "ROSTRUM_LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-m", "signaling", "signaling"]
    return Worker(Measured(command, _kept() | settings, folder / f"signaling-{number}.log", cores), port)


def _until_listening(redis: Measured, path: Path) -> None:
    deadline = time.monotonic() + START_WITHIN
    while not path.exists():
        redis.check()
        if time.monotonic() > deadline:
            raise BenchError(f"redis does not start within {START_WITHIN:.0f} s")
        time.sleep(0.02)


def _until_serving(workers: Workers, number: int) -> None:
    deadline = time.monotonic() + START_WITHIN
    url = f"http://127.0.0.1:{workers.signaling[number].port}/readyz"
    while True:
        workers.check()
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=1, trust_env=False).json()["redis"]:
                return
        if time.monotonic() > deadline:
            raise BenchError(f"signaling does not serve within {START_WITHIN:.0f} s")
        time.sleep(0.05)
