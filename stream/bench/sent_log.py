"""What the publisher of a measurement has sent, in memory that its process shares with the viewers'.

The law: one process writes, and what a count covers is written before the count is; what is there never
changes. So whoever reads is never behind what has left. Linux only. It must not know of sockets.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from stream.bench.feed import Kind
from stream.bench.matching import Stamp

Numbers = npt.NDArray[np.int64]

MOST_PACKETS: Final = 60_000
"""Most packets of a kind in one run: they are known by 16 bits."""

_ROW: Final = 1200
"""Room for a payload, bytes."""

_COUNTS: Final = 3
_COLUMNS: Final = 6
"""Of each packet: departure, timestamp, length of its payload; of each frame: the three parts of a Stamp."""

_NUMBERS: Final = _COUNTS + _COLUMNS * MOST_PACKETS
_SIZE: Final = _NUMBERS * 8 + _ROW * MOST_PACKETS


class Clocks(NamedTuple):
    """Seconds of CPU used until some moment."""

    server: float = 0.0
    load: float = 0.0
    """By publisher and viewers."""

    cores: float = 0.0
    """Of the server's cores, by anybody."""


@dataclass(frozen=True)
class Mark:
    """A moment between two frames: how much of each kind had been sent, and when that was."""

    counts: dict[Kind, int]
    unix_ns: int
    monotonic: float
    lateness: list[float] = field(default_factory=list)
    """How late each frame since the last mark left, seconds."""

    happened: dict[str, int] = field(default_factory=dict)
    """What the publisher was asked for, and did, since it began."""

    clocks: Clocks = Clocks()  # noqa: RUF009  a value, not shared state


class SharedMemory:
    """Room for one log, which another process finds by its path. Pages that are not written take none."""

    def __init__(self) -> None:
        self._descriptor = os.memfd_create("rostrum-bench")
        os.ftruncate(self._descriptor, _SIZE)
        self.path = f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def close(self) -> None:
        """Let go of it; who has mapped it keeps it."""
        os.close(self._descriptor)


class SentLog:
    """Everything sent of one kind, by index: departure in ns since 1970, timestamp, payload, frames."""

    def __init__(self, clock_rate: int, path: str = "") -> None:
        """`path` is that of shared memory; without one the log is this process's own."""
        self.clock_rate = clock_rate
        memory = _mapped(path) if path else mmap.mmap(-1, _SIZE)
        numbers = np.frombuffer(memory, dtype=np.int64, count=_NUMBERS)
        self._counts = numbers[:_COUNTS]
        columns = numbers[_COUNTS:].reshape(_COLUMNS, MOST_PACKETS)
        self.departures: Numbers = columns[0]
        self.timestamps: Numbers = columns[1]
        self.payloads = Payloads(self._counts[1:2], columns[2], memory)
        self.frames = Frames(self._counts[2:3], columns[3:6])

    @property
    def count(self) -> int:
        """How many packets have left."""
        return int(self._counts[0])

    @count.setter
    def count(self, value: int) -> None:
        self._counts[0] = value


class Payloads:
    """Payloads by index; those of packets that are about to leave, too."""

    def __init__(self, count: Numbers, lengths: Numbers, memory: mmap.mmap) -> None:
        self._count, self._lengths, self._memory = count, lengths, memory

    def __len__(self) -> int:
        return int(self._count[0])

    def __getitem__(self, index: int) -> bytes:
        start = _NUMBERS * 8 + index * _ROW
        return self._memory[start : start + int(self._lengths[index])]

    def newest(self, most: int) -> list[bytes]:
        """Return the newest ones, so many at most."""
        return [self[index] for index in range(max(0, len(self) - most), len(self))]

    def octets(self, first: int, last: int) -> int:
        """Return how long those from `first` to before `last` are together."""
        return int(self._lengths[first:last].sum())

    def append(self, payload: bytes) -> None:
        """Write down one more. Raises ValueError where there is no room for it."""
        index = len(self)
        if index >= MOST_PACKETS or len(payload) > _ROW:
            raise ValueError(f"a run is at most {MOST_PACKETS} packets of {_ROW} bytes long")
        start = _NUMBERS * 8 + index * _ROW
        self._memory[start : start + len(payload)] = payload
        self._lengths[index] = len(payload)
        self._count[0] = index + 1


class Frames:
    """Frames in order."""

    def __init__(self, count: Numbers, columns: Numbers) -> None:
        self._count, self._columns = count, columns

    def __len__(self) -> int:
        return int(self._count[0])

    def newest(self, most: int) -> list[Stamp]:
        """Return the newest ones, so many at most."""
        until = len(self)
        return [Stamp(*row) for row in self._columns[:, max(0, until - most) : until].T.tolist()]

    def append(self, stamp: Stamp) -> None:
        """Write down one more."""
        index = len(self)
        self._columns[:, index] = stamp
        self._count[0] = index + 1


def _mapped(path: str) -> mmap.mmap:
    with Path(path).open("r+b") as file:
        return mmap.mmap(file.fileno(), _SIZE)
