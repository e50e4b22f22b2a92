"""One measurement: a server, its publisher, its viewers, a window of time, and the figures.

The law: CPU, deliveries and loss are of one and the same window, whose ends lie between two frames; a
run in which the load generator itself was the bottleneck says so, in `valid` and `invalid_because`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from stream.bench.audience import Audience
from stream.bench.ends import UnusableAnswer
from stream.bench.feed import Feed
from stream.bench.inspection import Inspector
from stream.bench.light_peer import LightPeer, NotConnected
from stream.bench.process import BenchError, Cores, dropped_datagrams
from stream.bench.publisher import Pacing
from stream.bench.sent_log import MOST_PACKETS, Mark
from stream.bench.servers import Door, Server, percentile
from stream.bench.speaking import Speaker, speaker
from stream.transport.rtc_adapter import Certificate, make_certificate

IN_FLIGHT: Final = 50
"""Viewers that join at the same time."""

WARM_UP: Final = 2.0
RECOGNITION_TIMEOUT: Final = 15.0
GRACE: Final = 1.0
"""Seconds that packets sent within the window may take to arrive, retransmissions included."""

_SPEAKING_ALONE: Final = 1.0
"""Seconds of publishing before the first viewer, and before memory is weighed."""

_FULL_SHARE: Final = 0.9
_OTHERS: Final = 0.05
"""A server whose core is busy with something else for more than that is not what is slow."""

_LATE: Final = 0.02
"""A publisher whose frames leave later than this (p99, seconds) is no steady 30 frames a second."""


@dataclass(frozen=True)
class Load:
    """What a server is to carry. Seconds are those of the window."""

    viewers: int
    seconds: float
    feed: Feed
    pacing: Pacing = "burst"
    decrypting: int = 1


@dataclass
class Figures:
    """What was measured. Times in seconds unless named otherwise, sizes in bytes."""

    server: str
    viewers: int
    seconds: float
    deliveries: int
    arrivals_per_second: float
    """Packets that came within the window, whenever sent: a server with too much to do is behind."""
    cpu_us_per_delivery: float
    """By those that came within the window."""
    cpu_share: float
    """Of the server's core."""
    loss: float
    """Share of the publisher's packets, times viewers, that no viewer got at first or second try."""
    duplicates: int
    retransmissions: int
    unrecognised_viewers: int
    added_latency_p50_ms: float
    added_latency_p99_ms: float
    largest_gap_ms: float
    memory_per_viewer: float
    joins_per_second: float
    feed: dict[str, float]
    inspected: dict[str, int]
    generator: dict[str, float]
    about: dict[str, Any]
    publisher: str = ""
    """How the publisher's process comes before those it shares a core with."""
    valid: bool = True
    invalid_because: list[str] = field(default_factory=list)
    joining: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self)


Meanwhile = Callable[[], Awaitable[dict[str, float]]]
"""What happens in the window besides watching; returns figures of its own, `cpu_seconds` of the load's among
them."""


class Joiner:
    """Makes viewers."""

    def __init__(self, server: Door, certificate: Certificate) -> None:
        self.server = server
        self._certificate = certificate

    async def join(self) -> LightPeer:
        """Negotiate and connect one viewer, to its first packet. Raises BenchError."""
        peer = LightPeer(self._certificate, self.server.host)
        try:
            await peer.connect(await self.server.view(peer.local), until_media=True)
        except (NotConnected, UnusableAnswer) as error:
            await peer.close()
            raise BenchError(f"a viewer could not join: {error}") from None
        return peer

    async def leave(self, peer: LightPeer) -> None:
        """Say goodbye and close."""
        if peer.remote is not None:
            await self.server.leave(peer.remote)
        await peer.close()

    async def crowd(self, count: int, joined: Callable[[LightPeer], None]) -> None:
        """Join so many viewers, a bounded number at a time, and hand each over."""
        gate = asyncio.Semaphore(IN_FLIGHT)

        async def one() -> None:
            async with gate:
                joined(await self.join())

        async with asyncio.TaskGroup() as tasks:
            for _ in range(count):
                tasks.create_task(one())


async def measure(server: Server, load: Load, cores: Cores, meanwhile: Meanwhile | None = None) -> Figures:
    """Start the server, load it, and take the figures; it is stopped however that ends. Raises BenchError."""
    expected = (load.seconds + RECOGNITION_TIMEOUT + WARM_UP + load.viewers / 20 + 10) * 300
    if expected > MOST_PACKETS:
        raise BenchError("that is too long a run; take fewer seconds or viewers")
    try:
        try:
            async with speaker(server.host, load.feed, load.pacing) as publisher:
                await server.start()
                return await _measure(server, load, cores, publisher, meanwhile)
        except* BenchError as group:
            raise _first(group) from None
        except* (NotConnected, UnusableAnswer) as group:
            raise BenchError(f"the publisher cannot publish: {_first(group)}") from None
    finally:
        await server.stop()


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    """Return the first error of a group of groups."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


@asynccontextmanager
async def _running(work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run beside a block, and end with it; what fails there fails the block."""

    async def supervised() -> None:
        await work()

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(supervised())
        try:
            yield
        finally:
            task.cancel()


async def _measure(
    server: Server, load: Load, cores: Cores, publisher: Speaker, meanwhile: Meanwhile | None
) -> Figures:
    joiner = Joiner(server, make_certificate())
    published = {kind: log.payloads for kind, log in publisher.logs.items()}
    audience = Audience(load.viewers, publisher.logs)
    chosen = _spread(load.viewers, load.decrypting)

    def admit(peer: LightPeer) -> None:
        assert peer.srtp is not None, "a viewer that has joined has keys"
        owner = len(audience.peers)
        inspector = None
        if owner in chosen:
            inspector = Inspector(peer.srtp, published, decodes=owner == chosen[0])
        audience.admit(peer, inspector)

    try:
        await publisher.connect(await server.publish(*await publisher.introduce()))
        await server.live()
        await asyncio.sleep(_SPEAKING_ALONE)
        empty = server.measured.memory()
        async with _running(audience.run):
            began = time.monotonic()
            await joiner.crowd(load.viewers, admit)
            joined = load.viewers / (time.monotonic() - began)
            return await _window(server, load, cores, publisher, audience, meanwhile, empty, joined)
    finally:
        with contextlib.suppress(BenchError):
            for peer in audience.peers:
                await peer.close()


def _spread(viewers: int, chosen: int) -> list[int]:
    """Choose viewers evenly, the last one first: it is served last."""
    chosen = min(chosen, viewers)
    return [viewers - 1 - number * viewers // chosen for number in range(chosen)]


async def _window(
    server: Server,
    load: Load,
    cores: Cores,
    publisher: Speaker,
    audience: Audience,
    meanwhile: Meanwhile | None,
    empty: int,
    joined: float,
) -> Figures:
    deadline = time.monotonic() + RECOGNITION_TIMEOUT
    while audience.recognised < load.viewers and time.monotonic() < deadline:
        server.measured.check()
        await asyncio.sleep(0.1)
    await asyncio.sleep(WARM_UP)
    ports = frozenset(peer.local.address[1] for peer in audience.peers)
    dropped = dropped_datagrams(ports)
    counted = dict(audience.counters)
    audience.turn_lags.clear()
    async with audience.still:
        begin = await publisher.mark(server.measured.process.pid, cores.server)
        audience.begin(begin)
    extra: dict[str, float] = {}
    if meanwhile is not None:
        extra = await meanwhile()
    await asyncio.sleep(max(0.0, begin.monotonic + load.seconds - time.monotonic()))
    async with audience.still:
        end = await publisher.mark(server.measured.process.pid, cores.server)
        audience.end(end)
    lags = list(audience.turn_lags)
    memory = server.measured.memory()
    await asyncio.sleep(GRACE)
    dropped = dropped_datagrams(ports) - dropped
    seconds = end.monotonic - begin.monotonic
    got = {kind: audience.deliveries(kind) for kind in audience.tracks}
    sent = {kind: end.counts[kind] - begin.counts[kind] for kind in audience.tracks}
    deliveries = int(sum(counts.sum() for counts in got.values()))
    expected = sum(sent.values()) * load.viewers
    duplicates = audience.counters["duplicates"] - counted.get("duplicates", 0)
    arrivals = audience.counters["in_window"] - duplicates
    used = end.clocks.server - begin.clocks.server
    figures = Figures(
        server=server.name,
        viewers=load.viewers,
        seconds=seconds,
        deliveries=deliveries,
        arrivals_per_second=arrivals / seconds,
        cpu_us_per_delivery=used * 1e6 / max(1, arrivals),
        cpu_share=used / seconds,
        loss=1 - deliveries / max(1, expected),
        duplicates=duplicates,
        retransmissions=audience.counters["retransmissions"] - counted.get("retransmissions", 0),
        unrecognised_viewers=load.viewers - audience.recognised,
        added_latency_p50_ms=audience.delay(0.5) * 1000,
        added_latency_p99_ms=audience.delay(0.99) * 1000,
        largest_gap_ms=float(audience.largest_gap_ns.max()) / 1e6,
        memory_per_viewer=(memory - empty) / load.viewers,
        joins_per_second=joined,
        feed={
            "video_packets": sent["video"],
            "audio_packets": sent["audio"],
            "bitrate": _bitrate(publisher, begin, end),
            "largest_gap_ms": _feed_gap(publisher, begin, end),
            "lateness_p99_ms": percentile(end.lateness, 0.99) * 1000,
            **end.happened,
        },
        inspected=dict(sum((one.counters for one in audience.inspected.values()), Counter[str]())),
        generator={
            "cpu_share": (end.clocks.load - begin.clocks.load + extra.pop("cpu_seconds", 0.0)) / seconds,
            "others_share": (end.clocks.cores - begin.clocks.cores - used) / seconds / len(cores.server),
            "turn_p99_ms": percentile(lags, 0.99) * 1000,
            "dropped": dropped,
            **{name: value for name, value in audience.counters.items() if name.startswith("sent_")},
            "lost_track": audience.counters["lost_track"] - counted.get("lost_track", 0),
        },
        about=await server.describe(),
        publisher=publisher.priority,
        joining=extra,
    )
    judge(figures, cores)
    return figures


def judge(figures: Figures, cores: Cores) -> None:
    """Say what makes the figures those of the generator instead of the server's."""
    reasons = figures.invalid_because
    if cores.shared:
        reasons.append("server and load share one core")
    if figures.generator["cpu_share"] > _FULL_SHARE * len(cores.load) or figures.generator["cpu_share"] > (
        _FULL_SHARE
    ):
        reasons.append("the load generator was saturated")
    if figures.generator["others_share"] > _OTHERS:
        reasons.append(f"something else had {figures.generator['others_share']:.0%} of the server's core")
    if figures.generator["dropped"]:
        reasons.append(f"{figures.generator['dropped']:.0f} datagrams found no room at the viewers")
    if figures.feed["lateness_p99_ms"] > _LATE * 1000:
        reasons.append("the publisher could not keep its time")
    if figures.inspected.get("differing") or figures.inspected.get("undecodable"):
        reasons.append("a viewer was sent something else than was published")
    figures.valid = not reasons


def _bitrate(publisher: Speaker, begin: Mark, end: Mark) -> float:
    octets = publisher.logs["video"].payloads.octets(begin.counts["video"], end.counts["video"])
    return octets * 8 / (end.monotonic - begin.monotonic)


def _feed_gap(publisher: Speaker, begin: Mark, end: Mark) -> float:
    """The publisher's own longest silence in the window, ms: no viewer's can be much shorter."""
    parts = [log.departures[begin.counts[kind] : end.counts[kind]] for kind, log in publisher.logs.items()]
    departures = np.sort(np.concatenate(parts))
    return float(np.diff(departures).max()) / 1e6 if departures.size > 1 else 0.0
