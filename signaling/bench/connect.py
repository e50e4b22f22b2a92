"""`rostrum bench connect`: everybody comes at once, and once more after a process has died.

First all connect within a given time, then one signaling process is killed, and its people go to the
others, as pages do: after a pause that differs from one to the next. The law: who is counted in has been
welcomed; who is told to come later comes later, and that time counts.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from signaling.bench.chat import allow_sockets
from signaling.bench.crowd import Crowd, Member
from signaling.bench.workers import Workers, running
from stream.bench.commands import settled
from stream.bench.process import BenchError, Cores
from stream.bench.servers import percentile

PAUSE: Final = (0.0, 0.3)
"""Seconds between a page's loss and its first try, evenly spread (web/shared/backoff.js)."""

_FULL_SHARE: Final = 0.9


@dataclass(frozen=True)
class Wanted:
    """What to measure: so many viewers, that come within so many seconds."""

    viewers: int = 5000
    seconds: float = 10.0
    workers: int = 2


@dataclass
class Figures:
    """What was measured. Delays in ms, memory in bytes."""

    viewers: int
    workers: int
    seconds: float
    welcomed: int
    join_p50_ms: float
    join_p99_ms: float
    memory_per_connection: float
    cpu_ms_per_join: float
    returned: int
    resumed: int
    """Of those who returned: without a snapshot, told only what they missed."""
    back_p50_ms: float
    back_p99_ms: float
    """From the death of their process to their welcome at another."""
    history_reads: int
    """How often the log was read from Redis while they returned."""
    generator: dict[str, float]
    valid: bool = True
    invalid_because: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self)


def measure(wanted: Wanted) -> Figures:
    """Start the servers, let everybody come, and come again. Raises BenchError."""
    if wanted.workers < 2:
        raise BenchError("who is to come back needs another process to go to")
    allow_sockets(2 * wanted.viewers + 200)
    with (
        settled() as cores,
        tempfile.TemporaryDirectory(prefix="rostrum-bench-") as folder,
        running(wanted.workers, cores, Path(folder)) as workers,
        contextlib.closing(Crowd()) as crowd,
    ):
        return _measure(wanted, cores, workers, crowd)


def _measure(wanted: Wanted, cores: Cores, workers: Workers, crowd: Crowd) -> Figures:
    crowd.keep_welcomes = True
    tokens = [workers.token(f"viewer-{number}") for number in range(wanted.viewers)]
    empty, cpu, own = workers.memory(), sum(workers.cpu_seconds()), time.process_time()
    began = time.monotonic()
    # Those who come later than they should, because the load is late, count from when they should.
    due = [began + number * wanted.seconds / wanted.viewers for number in range(wanted.viewers)]
    _come(
        crowd, [(at, workers.signaling[n % wanted.workers].port, tokens[n], None) for n, at in enumerate(due)]
    )
    crowd.run(lambda: crowd.counters["welcomes"] >= wanted.viewers, 20)
    seconds = time.monotonic() - began
    share = (time.process_time() - own) / seconds
    used = sum(workers.cpu_seconds()) - cpu
    joins = [member.welcome_at - at for member, at in zip(crowd.members, due, strict=True) if member.welcomed]
    crowd.run(lambda: False, 4.0)
    memory = (workers.memory() - empty) / max(1, len(joins))

    victims = [member for number, member in enumerate(crowd.members) if number % wanted.workers == 0]
    reads = _reads(workers)
    dead = workers.signaling[0]
    dead.process.process.kill()
    dead.process.process.wait()
    died = time.monotonic()
    spread = random.Random(1)  # noqa: S311 (the same pauses in each run)
    again = sorted(
        (
            died + spread.uniform(*PAUSE),
            workers.signaling[1 + number % (wanted.workers - 1)].port,
            member.token,
            _place(member),
        )
        for number, member in enumerate(victims)
    )
    first = len(crowd.members)
    _come(crowd, again)
    crowd.run(lambda: all(member.welcomed for member in crowd.members[first:]), 20)
    back = [member for member in crowd.members[first:] if member.welcomed]
    delays = [member.welcome_at - died for member in back]
    figures = Figures(
        viewers=wanted.viewers,
        workers=wanted.workers,
        seconds=wanted.seconds,
        welcomed=len(joins),
        join_p50_ms=percentile(joins, 0.5) * 1000,
        join_p99_ms=percentile(joins, 0.99) * 1000,
        memory_per_connection=memory,
        cpu_ms_per_join=used * 1000 / max(1, len(joins)),
        returned=len(back),
        resumed=sum(1 for one in back if one.welcome is not None and one.welcome.get("snapshot") is None),
        back_p50_ms=percentile(delays, 0.5) * 1000,
        back_p99_ms=percentile(delays, 0.99) * 1000,
        history_reads=_reads(workers) - reads,
        generator={"cpu_share": share, "unsent": crowd.counters["unsent"]},
    )
    if cores.shared:
        figures.invalid_because.append("servers and load share one core")
    if share > _FULL_SHARE:
        figures.invalid_because.append("the load generator was saturated")
    figures.valid = not figures.invalid_because
    return figures


def _come(crowd: Crowd, coming: list[tuple[float, int, str, tuple[int, int] | None]]) -> None:
    """Connect each at their time."""
    for at, port, token, resume in coming:
        crowd.run(lambda at=at: time.monotonic() >= at, 60)  # type: ignore[misc]
        crowd.join(port, token, resume)


def _place(member: Member) -> tuple[int, int] | None:
    if member.welcome is None:
        return None
    return member.welcome["epoch"], member.welcome["seq"]


def _reads(workers: Workers) -> int:
    """Ask Redis how often a log was read."""
    import asyncio

    from signaling.log import SessionLog, connect

    async def ask() -> int:
        redis = connect(workers.redis_url)
        try:
            return await SessionLog(redis).reads()
        finally:
            await redis.aclose()

    return asyncio.run(ask())
