"""`rostrum bench connect`: everybody comes at once, and once more after a process has died, or all have.

First all connect within a given time, then one signaling process is killed, and its people go to the
others, as pages do: after a pause that differs from one to the next, and grows while nobody is there. Or all
are killed and started anew. The law: who is counted in has been welcomed; who is told to come later comes
later, and that time counts.
"""

from __future__ import annotations

import heapq
import random
import time
from dataclasses import dataclass
from typing import Final

from signaling.bench.crowd import Crowd, Member
from signaling.bench.scene import Scene, Verdict, scene
from signaling.bench.workers import Workers
from stream.bench.process import BenchError
from stream.bench.servers import percentile

PAUSE: Final = 0.3
"""Most seconds between a page's loss and its first try, evenly spread (web/shared/backoff.js)."""

GROWTH: Final = 1.5
"""How much that grows with each try that fails, to LONGEST at most."""

LONGEST: Final = 10.0
BACK_WITHIN: Final = 60.0
"""Seconds that they are waited for."""


@dataclass(frozen=True)
class Wanted:
    """What to measure: so many viewers, that come within so many seconds."""

    viewers: int = 5000
    seconds: float = 10.0
    workers: int = 2
    everybody: bool = False
    """Whether all processes are killed, and started anew."""


@dataclass(kw_only=True)
class Figures(Verdict):
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
    """From the death of their process to their welcome at another, or at the one started in its place."""
    history_reads: int
    """How often the log was read from Redis while they returned."""


def measure(wanted: Wanted) -> Figures:
    """Start the servers, let everybody come, and come again. Raises BenchError."""
    if wanted.workers < 2:
        raise BenchError("who is to come back needs another process to go to")
    with scene(wanted.workers, 3 * wanted.viewers + 200) as where:
        return _measure(wanted, where)


def _measure(wanted: Wanted, where: Scene) -> Figures:
    workers, crowd = where.workers, where.crowd
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
    crowd.wait(4.0)
    memory = (workers.memory() - empty) / max(1, len(joins))

    dead = workers.signaling if wanted.everybody else workers.signaling[:1]
    victims = [member for number, member in enumerate(crowd.members) if number % wanted.workers < len(dead)]
    reads = _reads(workers)
    for worker in dead:
        worker.process.process.kill()
        worker.process.process.wait()
    died = time.monotonic()
    if wanted.everybody:
        # As a supervisor does; pages come to the same addresses.
        ports = [workers.begin(number, worker.port).port for number, worker in enumerate(dead)]
    else:
        ports = [worker.port for worker in workers.signaling[1:]]
    back = _come_back(crowd, victims, ports, died)
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
    figures.judge(where.cores)
    return figures


def _come(crowd: Crowd, coming: list[tuple[float, int, str, tuple[int, int] | None]]) -> None:
    """Connect each at their time."""
    for at, port, token, resume in coming:
        crowd.run(lambda at=at: time.monotonic() >= at, 60)  # type: ignore[misc]
        crowd.join(port, token, resume)


def _come_back(crowd: Crowd, people: list[Member], ports: list[int], died: float) -> list[Member]:
    """Let each try until they are welcome, as a page does; return those who are."""
    spread = random.Random(1)  # noqa: S311 (the same pauses in each run)
    due = [(died + spread.uniform(0, PAUSE), number, 0) for number in range(len(people))]
    heapq.heapify(due)
    trying: dict[int, tuple[Member, int]] = {}
    back: list[Member] = []
    while len(back) < len(people) and time.monotonic() < died + BACK_WITHIN:
        now, failed = time.monotonic(), []
        while due and due[0][0] <= now:
            _, number, failures = heapq.heappop(due)
            port = ports[number % len(ports)]
            try:
                member = crowd.join(port, people[number].token, _place(people[number]))
            except BenchError:  # nobody listens there yet
                failed.append((number, failures + 1))
            else:
                trying[number] = (member, failures)
        crowd.turn()
        for number, (member, failures) in tuple(trying.items()):
            if member.welcomed or member.closed_at:
                del trying[number]
            if member.welcomed:
                back.append(member)
            elif member.closed_at:
                failed.append((number, failures + 1))
        for number, failures in failed:
            pause = spread.uniform(0, min(LONGEST, PAUSE * GROWTH**failures))
            heapq.heappush(due, (time.monotonic() + pause, number, failures))
    return back


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
