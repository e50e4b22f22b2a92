"""What tests of real processes need: free ports, and waiting for something to become true."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PORTS = range(10_000, 32_000)
"""Ports that the kernel gives to nobody by itself: none is taken between its choice and its use."""


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a loopback port that is free now; one for datagrams is free on TCP too, as media wants it."""
    while True:
        port = secrets.choice(PORTS)
        with (
            socket.socket(socket.AF_INET, kind) as probe,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as twin,
            contextlib.suppress(OSError),
        ):
            probe.bind(("127.0.0.1", port))
            if kind != socket.SOCK_STREAM:
                twin.bind(("127.0.0.1", port))
            return port


def system_redis() -> Path:
    """Return the system's redis-server, also where this environment has one of its own before it in PATH."""
    own = Path(sys.prefix, "bin")
    folders = [folder for folder in os.get_exec_path() if Path(folder) != own]
    found = shutil.which("redis-server", path=os.pathsep.join(folders))
    assert found, "redis-server is missing: make test installs Debian's package"
    return Path(found)


def alive(pid: int) -> bool:
    """Say whether a process runs; one that only waits to be reaped does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def children(pid: int) -> list[int]:
    """Return the process ids of a process's children and theirs; one that ends meanwhile has none."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for child in task.read_text(encoding="ascii").split():
                found += [int(child), *children(int(child))]
    return found


async def until(condition: Callable[[], bool], within: float = 10.0) -> float:
    """Wait until the condition holds, and return the seconds it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within, f"not so within {within} s"
        await asyncio.sleep(0.01)
    return time.monotonic() - began


def without_rostrum(**settings: str) -> dict[str, str]:
    """Return this process's environment with these ROSTRUM_… settings and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROSTRUM_")}
    return kept | settings


class RedisProcesses:
    """The system's Redis, several times, each with its port and a folder of its own; to be closed."""

    def __init__(self, folder: Path) -> None:
        self._binary = system_redis()
        self._folder = folder
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def run(self, port: int, *more: str) -> None:
        """Start a server that writes each change to disk, or start it again."""
        folder = self._folder / str(port)
        folder.mkdir(exist_ok=True)
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        options += ["--appendonly", "yes", "--appendfsync", "always", "--logfile", str(folder / "log")]
        options += ["--repl-diskless-sync-delay", "0", *more]
        self._processes[port] = subprocess.Popen([self._binary, *options])

    def kill(self, port: int) -> None:
        """End one without a word."""
        process = self._processes.pop(port)
        process.kill()
        process.wait()

    def freeze(self, port: int) -> None:
        """Stop one from answering, though its sockets stay open and take what is sent."""
        self._processes[port].send_signal(signal.SIGSTOP)

    def thaw(self, port: int) -> None:
        """Let it go on where it was."""
        self._processes[port].send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End all."""
        for port in tuple(self._processes):
            self.kill(port)
