"""What each measurement of signaling has: servers of its own, a load, and a word whether its figures count.

The law: servers and load stand on different cores, and a run whose load was the bottleneck is INVALID.
"""

from __future__ import annotations

import contextlib
import resource
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from signaling.bench.crowd import Crowd, Member
from signaling.bench.workers import Workers, running
from stream.bench.commands import settled
from stream.bench.process import BenchError, Cores

IN_FLIGHT: Final = 100
"""Viewers that join at the same time."""

_FULL_SHARE: Final = 0.9
_LATE: Final = 0.1
"""Turns of the load that come later than this (p99, seconds) make its delays its own."""


@dataclass(kw_only=True)
class Verdict:
    """Figures that may not count. `generator` is what the load was seen to do, by name."""

    generator: dict[str, float]
    valid: bool = True
    invalid_because: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self)

    def judge(self, cores: Cores, not_taken: str | None = None) -> None:
        """Say whether the load was the bottleneck; `not_taken` says what of it was not taken, if anything."""
        reasons = self.invalid_because
        if cores.shared:
            reasons.append("servers and load share one core")
        if self.generator["cpu_share"] > _FULL_SHARE:
            reasons.append("the load generator was saturated")
        if self.generator.get("turn_p99_ms", 0.0) > _LATE * 1000:
            reasons.append("the load generator read late")
        if not_taken is not None:
            reasons.append(f"{not_taken} of the load were not taken")
        self.valid = not reasons


@dataclass(frozen=True)
class Scene:
    """The servers, the load, and a folder that is gone afterwards."""

    cores: Cores
    workers: Workers
    crowd: Crowd
    folder: Path

    def join(self, number: int, sub: str, role: Any = "viewer") -> Member:
        """Begin to connect somebody to one of the processes, by number."""
        signaling = self.workers.signaling
        return self.crowd.join(signaling[number % len(signaling)].port, self.workers.token(sub, role))

    def everybody_joins(self, viewers: int) -> None:
        """Connect so many viewers, some at a time. Raises BenchError."""
        crowd = self.crowd
        for number in range(viewers):
            crowd.run(lambda: crowd.joining < IN_FLIGHT, 20)
            self.join(number, f"viewer-{number}")
        if not crowd.run(lambda: not crowd.joining, 20):
            raise BenchError(f"{crowd.joining} viewers could not join ({dict(crowd.counters)})")

    def desk_joins(self) -> Member:
        """Connect a moderator, and return them once they are welcome. Raises BenchError."""
        desk = self.join(0, "desk", "moderator")
        if not self.crowd.run(lambda: desk.welcomed, 10):
            raise BenchError("a moderator could not join")
        return desk


@contextlib.contextmanager
def scene(workers: int, sockets: int) -> Iterator[Scene]:
    """Start so many signaling processes, and a load of at most so many sockets. Raises BenchError."""
    _allow_sockets(sockets)
    with (
        settled() as cores,
        tempfile.TemporaryDirectory(prefix="rostrum-bench-") as folder,
        running(workers, cores, Path(folder)) as servers,
        contextlib.closing(Crowd()) as crowd,
    ):
        yield Scene(cores, servers, crowd, Path(folder))


def _allow_sockets(count: int) -> None:
    """Let this process, and those it starts, have so many sockets. Raises BenchError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard not in (resource.RLIM_INFINITY,) and hard < count:
        raise BenchError(f"only {hard} open files are allowed here (ulimit -n), not {count}")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
