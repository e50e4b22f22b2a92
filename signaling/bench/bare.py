"""What a bare write to a socket costs here and now: the floor under every delivery of a message.

A process of its own does nothing but write a frame to as many connections as there were viewers. The frames
are as long as those of the measurement, and as many. The law: it is timed by its own processor time, beside
the idle servers and on their core, in the same run; what it writes is read in turns.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from pathlib import Path
from typing import Final

from stream.bench.process import BenchError, Cores, Measured

TURN: Final = 0.01
"""Seconds between two turns of reading."""

BEGIN_WITHIN: Final = 20.0
"""Seconds in which all are to be connected."""

_READ: Final = 1 << 16


def measure(cores: Cores, folder: Path, *, count: int, length: int, rate: float, seconds: float) -> float:
    """Return µs of processor time, user and system, that one write took on average. Raises BenchError."""
    log = folder / "bare.log"
    with socket.create_server(("127.0.0.1", 0), backlog=count) as server:
        port = server.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "signaling.bench.bare",
            *map(str, (port, count, length, rate, seconds)),
        ]
        writer = Measured(command, os.environ, log, cores)
        try:
            _read(server, count, writer)
        finally:
            writer.stop()
    try:
        return float(log.read_text())
    except ValueError:
        raise BenchError("what writes the bare frames has failed") from None


def _read(server: socket.socket, count: int, writer: Measured) -> None:
    """Take everybody's connection, and read what comes until all have hung up."""
    server.settimeout(BEGIN_WITHIN)
    with select.epoll() as poll:
        there: dict[int, socket.socket] = {}
        try:
            for _ in range(count):
                taken, _ = server.accept()
                taken.setblocking(False)
                there[taken.fileno()] = taken
                poll.register(taken, select.EPOLLIN)
            while there:
                time.sleep(TURN)
                for number, _ in poll.poll(0, count):
                    if not there[number].recv(_READ):
                        poll.unregister(number)
                        there.pop(number).close()
        except OSError:
            writer.check()
            raise BenchError("what writes the bare frames cannot be reached") from None
        finally:
            for taken in there.values():
                taken.close()


def write(port: int, count: int, length: int, rate: float, seconds: float) -> float:
    """Write to so many connections at so many rounds a second; return µs a write."""
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for one in sockets:
        one.setblocking(False)
    numbers, frame, took = [one.fileno() for one in sockets], bytes(length), 0.0
    rounds = max(3, round(rate * seconds))
    began = time.monotonic()
    for turn in range(rounds):
        time.sleep(max(0.0, began + (turn + 1) / rate - time.monotonic()))
        before = time.process_time()
        for number in numbers:
            os.write(number, frame)
        took += time.process_time() - before
    for one in sockets:
        one.close()
    return took * 1e6 / (rounds * count)


if __name__ == "__main__":
    numbers = [float(said) for said in sys.argv[1:]]
    print(write(int(numbers[0]), int(numbers[1]), int(numbers[2]), *numbers[3:]))  # noqa: T201
