"""What `rostrum bench` does: one relay's figures, or ours and a peer's in turn.

The law: servers that are compared get the same feed, the same viewers and the same core, one after the
other in one run, several rounds; what is said is the median, and the ratio within that run. Beside that, each
fan-out gets as many times the peer's viewers as it is meant to carry by the same part of a core.
"""

from __future__ import annotations

import contextlib
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from stream.bench.feed import Feed, encode
from stream.bench.janus import JanusServer, find_janus, own_host
from stream.bench.joining import newcomers
from stream.bench.process import BenchError, Cores
from stream.bench.publisher import Pacing
from stream.bench.run import Figures, Load, measure
from stream.bench.servers import RostrumServer, Server
from stream.settings import Fanout as Setting
from stream.transport.fanout_choice import FanoutName, choose_fanout

_PRIORITY: Final = -10
"""Asked for load and server alike, so that what else runs on the machine disturbs less."""

_AUTOGROUP: Final = Path("/proc/self/autogroup")

GOALS: Final[dict[FanoutName, int]] = {"native": 4, "gso": 2, "plain": 2}
"""How many times the peer's viewers a fan-out is meant to carry by the same part of a core."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """What to measure. `bitrate` is the pictures' in bit/s; `join_rate` 0 lets nobody come and go."""

    viewers: int
    seconds: float
    fanout: str = "auto"
    bitrate: int = 2_000_000
    decrypting: int = 1
    pacing: Pacing = "burst"
    join_rate: float = 0.0
    workers: int = 1


def machine() -> str:
    """Describe this machine without naming it."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    kernel = ".".join(platform.release().split(".")[:2])
    python = ".".join(map(str, sys.version_info[:2]))
    return f"{os.cpu_count()}-core {model}, Linux {kernel}, Python {python}"


@contextlib.contextmanager
def settled(servers: int = 1) -> Iterator[Cores]:
    """Take our cores for a block, and priority where we may; put both back."""
    cores = Cores.split(servers)
    former = os.sched_getaffinity(0)
    # Priority counts within a session's autogroup and of that group (sched(7)); a server inherits both.
    group = _autogroup()
    os.sched_setaffinity(0, cores.load)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _PRIORITY)
        _AUTOGROUP.write_text(str(_PRIORITY))
    try:
        yield cores
    finally:
        os.sched_setaffinity(0, former)
        with contextlib.suppress(OSError):
            if group is not None:
                _AUTOGROUP.write_text(group)


def _autogroup() -> str | None:
    """The nice value of our session's autogroup, if the kernel has such."""
    try:
        return _AUTOGROUP.read_text().split()[-1]
    except (OSError, IndexError):
        return None


async def bench_relay(wanted: Wanted) -> Figures:
    """Measure our relay. Raises BenchError."""
    feed = encode(wanted.bitrate)
    load = Load(wanted.viewers, wanted.seconds, feed, wanted.pacing, wanted.decrypting)
    async with contextlib.AsyncExitStack() as stack:
        cores = stack.enter_context(settled(wanted.workers))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rostrum-bench-")))
        coming = None
        if wanted.join_rate:
            coming = await stack.enter_async_context(newcomers(wanted.join_rate, wanted.seconds))
        server = RostrumServer(cores, folder, wanted.viewers, wanted.fanout, workers=wanted.workers)
        return await measure(server, load, cores, coming and coming(server.address))


async def bench_peers(
    audiences: Sequence[int], fanouts: Sequence[str], seconds: float, rounds: int, pacing: Pacing, say: Say
) -> dict[str, Any]:
    """Measure Janus and our relay in turn, each fan-out with as many viewers, and by its goal.

    Raises BenchError.
    """
    find_janus()
    host = own_host()
    feed = encode(Wanted.bitrate)
    turns = [("janus", 1), *((name, times) for name in fanouts for times in (1, _goal(name)))]
    results = []
    for viewers in audiences:
        runs: dict[str, list[Figures]] = {}
        failures: list[str] = []
        for number in range(rounds):
            for name, times in turns:
                load = Load(times * viewers, seconds, feed, pacing)
                round_of = f"{load.viewers} viewers, round {number + 1}"
                try:
                    with settled() as cores:
                        figures = await _one(name, host, cores, load)
                except BenchError as error:  # too much for this server: the others are measured still
                    failures.append(f"{name}: {error}")
                    say(f"{round_of}: {name}: FAILED: {error}")
                    continue
                label = "janus" if name == "janus" else f"rostrum {figures.about['fanout']}"
                runs.setdefault(label if times == 1 else f"{label}, {times} × as many", []).append(figures)
                say(
                    f"{round_of}: {label}: {figures.cpu_us_per_delivery:.2f} µs, "
                    f"{figures.cpu_share:.0%} of its core, loss {figures.loss:.2%}"
                    + "".join(f"; INVALID: {reason}" for reason in figures.invalid_because)
                )
        results.append({"viewers": viewers, "servers": _summary(runs), "failed": failures})
    return {
        "machine": machine(),
        "seconds": seconds,
        "rounds": rounds,
        "pacing": pacing,
        "feed": _feed(feed),
        "results": results,
    }


def _goal(fanout: str) -> int:
    try:
        return GOALS[choose_fanout(cast(Setting, fanout))]
    except OSError as error:
        raise BenchError(str(error)) from None


async def _one(name: str, host: str, cores: Cores, load: Load) -> Figures:
    with tempfile.TemporaryDirectory(prefix="rostrum-bench-") as folder:
        server: Server
        if name == "janus":
            server = JanusServer(cores, Path(folder))
        else:
            server = RostrumServer(cores, Path(folder), load.viewers, name, host)
        return await measure(server, load, cores)


def _feed(feed: Feed) -> dict[str, float]:
    return {"video_bitrate": feed.bitrate, "audio_packets_per_second": 50, "frames_per_second": 30}


_SUMMED: Final = (
    "cpu_us_per_delivery",
    "cpu_share",
    "arrivals_per_second",
    "loss",
    "added_latency_p50_ms",
    "added_latency_p99_ms",
    "largest_gap_ms",
    "memory_per_viewer",
    "joins_per_second",
)


def _summary(runs: dict[str, list[Figures]]) -> dict[str, Any]:
    """Take medians over the rounds, and the cost of Janus as a multiple of each."""
    medians = {
        label: {name: statistics.median(getattr(one, name) for one in figures) for name in _SUMMED}
        for label, figures in runs.items()
    }
    janus = medians.get("janus", {}).get("cpu_us_per_delivery", float("nan"))
    return {
        label: medians[label]
        | {
            "viewers": figures[0].viewers,
            "times_cheaper_than_janus": janus / medians[label]["cpu_us_per_delivery"],
            "valid": all(one.valid for one in figures),
            "invalid_because": sorted({reason for one in figures for reason in one.invalid_because}),
            "runs": [one.as_dict() for one in figures],
        }
        for label, figures in runs.items()
    }
