"""A server under measurement as a process: started on a core of its own, and looked at from outside.

The law: what it used is what the kernel says (`/proc`), never what it says of itself. Linux only.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_STOP_TIMEOUT: Final = 10

_PORTS: Final = range(10_000, 32_000)
"""Ports that the kernel gives to nobody by itself: seldom is one taken between its choice and its use."""


class BenchError(Exception):
    """A measurement cannot be made; the message is one sentence."""


@dataclass(frozen=True)
class Cores:
    """Who runs where: a core for each server process, the others for the load; all for all where too few."""

    server: frozenset[int]
    load: frozenset[int]

    @property
    def shared(self) -> bool:
        """Whether load and server share a core, which spoils every figure."""
        return bool(self.server & self.load)

    @classmethod
    def split(cls, servers: int = 1) -> Cores:
        """Take the last cores this process may use for the server's processes."""
        allowed = sorted(os.sched_getaffinity(0))
        if servers > 1 and servers >= len(allowed):
            return cls(frozenset(allowed), frozenset(allowed))
        return cls(frozenset(allowed[-servers:]), frozenset(allowed[:-servers] or allowed))


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process so far, user and system, all threads (proc_pid_stat(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def family(pid: int) -> list[int]:
    """Return a process and its children."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += map(int, task.read_text().split())
    return found


def busy_seconds(cores: Collection[int]) -> float:
    """Return how long these cores have been busy so far, with whomever, a hypervisor too (proc_stat(5))."""
    ticks = 0
    for line in Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in cores:
            user, nice, system, _, _, irq, softirq, steal = map(int, fields[:8])
            ticks += user + nice + system + irq + softirq + steal
    return ticks / _TICKS


class Measured:
    """A server process, and those it starts, pinned to its cores."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path, cores: Cores
    ) -> None:
        """Start it. Its output goes to `log`. Raises BenchError."""
        self.log = log
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores.server)  # inherited: no thread of it was ever elsewhere
        try:
            with log.open("wb") as output:
                self.process = subprocess.Popen(  # noqa: S603  our own command
                    list(command), env=dict(environment), stdout=output, stderr=subprocess.STDOUT
                )
        except OSError as error:
            raise BenchError(f"{command[0]} cannot be run ({error.strerror}).") from None
        finally:
            os.sched_setaffinity(0, before)

    def check(self) -> None:
        """Raise BenchError if it has ended."""
        if self.process.poll() is not None:
            said = self.log.read_text(errors="replace").strip().splitlines()
            raise BenchError(f"the server ended: {said[-1] if said else self.process.returncode}")

    def cpu_seconds(self) -> float:
        """CPU time so far, user and system, of all its processes and threads (proc_pid_stat(5))."""
        return sum(map(cpu_seconds, family(self.process.pid)))

    def memory(self) -> int:
        """Resident set, bytes (proc_pid_statm(5)); what processes share counts for each."""
        pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in family(self.process.pid))
        return sum(pages) * _PAGE

    def stop(self) -> None:
        """End it, gently and then not. May be called twice."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def dropped_datagrams(ports: frozenset[int]) -> int:
    """Count datagrams that the sockets of these local UDP ports had no room for (/proc/net/udp)."""
    dropped = 0
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].rpartition(":")[2], 16) in ports:
            dropped += int(fields[-1])
    return dropped


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM, count: int = 1) -> int:
    """Return the first of `count` ports of 127.0.0.1 in a row that nobody has now.

    Of datagrams, one that is free on TCP too: media takes both.
    """
    while True:
        port = secrets.choice(_PORTS)
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for number in range(port, port + count):
                for each in {kind, socket.SOCK_STREAM}:
                    held.enter_context(socket.socket(socket.AF_INET, each)).bind(("127.0.0.1", number))
            return port
