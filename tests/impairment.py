"""A bad network on loopback: loss, delay, jitter, reordering and a narrow line, the same at every run.

Two parts. `Link` is a pure model of one direction: it is told of a datagram and the time, and says when
it arrives, or that it does not; all chance comes from its seed. `UdpProxy` is a UDP relay on asyncio that
puts a link in each direction between clients and one server. The law: without `reordering` a link keeps
the order of what it delivers; a queue is bounded by time, like a router's. Meant for tests only: traffic
stays on loopback.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Address = tuple[str, int]


@dataclass(frozen=True)
class Impairment:
    """What a direction does to datagrams. Shares are probabilities (0-1), times seconds."""

    loss: float = 0.0
    """Share that never arrives."""
    delay: float = 0.0
    """Time each is under way."""
    jitter: float = 0.0
    """Up to so much more, evenly spread; it delays those behind, too."""
    reordering: float = 0.0
    """Share held back for `held_back` while others pass."""
    held_back: float = 0.03
    rate: float = 0.0
    """Width of the line, bit/s; 0 for no limit."""
    queue: float = 0.3
    """Longest time a datagram may wait for the line; those that would wait longer are dropped."""


PERFECT = Impairment()

_APART = 1e-6


@dataclass
class Link:
    """One direction. `impairment` may be changed at any time; `counters` says what became of datagrams."""

    impairment: Impairment
    seed: int = 1
    counters: Counter[str] = field(default_factory=Counter)
    _chance: random.Random = field(init=False, repr=False)
    _free_at: float = field(default=float("-inf"), init=False)
    """When the line has sent all that it took."""
    _last_arrival: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def arrival(self, size: int, now: float) -> float | None:
        """Return when a datagram of `size` bytes sent `now` arrives; None where it is lost."""
        how, chance = self.impairment, self._chance
        lost, jitter, held = chance.random() < how.loss, how.jitter * chance.random(), chance.random()
        if lost:
            self.counters["lost"] += 1
            return None
        sent = now
        if how.rate:
            begins = max(now, self._free_at)
            if begins - now > how.queue:
                self.counters["queue_full"] += 1
                return None
            self._free_at = sent = begins + size * 8 / how.rate
        # A timer does not keep the order of equal times, so no two are equal.
        arrives = max(sent + how.delay + jitter, self._last_arrival + _APART)
        if held < how.reordering:
            self.counters["held_back"] += 1
            return arrives + how.held_back
        self._last_arrival = arrives
        self.counters["delivered"] += 1
        return arrives

    def wait(self, now: float) -> float:
        """Return how long a datagram sent `now` would wait for the line, seconds."""
        return max(0.0, self._free_at - now) if self.impairment.rate else 0.0


class UdpProxy:
    """A port that stands for the server's; each client gets a socket of its own towards the server."""

    def __init__(self, server: Address, up: Link, down: Link) -> None:
        """`up` is the direction from clients to the server, `down` the other."""
        self.server = server
        self.up = up
        self.down = down
        self.on_down: Callable[[bytes, bool], None] = lambda data, arrives: None
        """Hears each datagram to a client, and whether it arrives."""
        self._front: asyncio.DatagramTransport | None = None
        self._backs: dict[Address, asyncio.DatagramTransport] = {}
        self._opening: dict[Address, asyncio.Task[None]] = {}
        self._under_way: set[asyncio.TimerHandle] = set()

    @property
    def address(self) -> Address:
        """Where clients send instead of to the server."""
        assert self._front is not None, "the proxy is not open"
        host, port = self._front.get_extra_info("sockname")[:2]
        return host, port

    async def open(self) -> None:
        """Bind the port clients are given."""
        loop = asyncio.get_running_loop()
        self._front, _ = await loop.create_datagram_endpoint(
            lambda: _Ear(self._from_client), local_addr=("127.0.0.1", 0)
        )

    async def close(self) -> None:
        """Close every socket; what is under way is lost."""
        for task in self._opening.values():
            task.cancel()
        await asyncio.gather(*self._opening.values(), return_exceptions=True)
        for handle in self._under_way:
            handle.cancel()
        for transport in (*self._backs.values(), self._front):
            if transport is not None:
                transport.close()
        await asyncio.sleep(0)

    def _from_client(self, data: bytes, client: Address) -> None:
        back = self._backs.get(client)
        if back is not None:
            self._carry(self.up, data, back, self.server)
        elif client not in self._opening:
            self._opening[client] = asyncio.create_task(self._open_back(client, data))

    async def _open_back(self, client: Address, first: bytes) -> None:
        def heard(data: bytes, source: Address) -> None:
            if self._front is not None and source == self.server:
                self._carry(self.down, data, self._front, client)

        loop = asyncio.get_running_loop()
        back, _ = await loop.create_datagram_endpoint(lambda: _Ear(heard), local_addr=("127.0.0.1", 0))
        self._backs[client] = back
        self._carry(self.up, first, back, self.server)

    def _carry(self, link: Link, data: bytes, transport: asyncio.DatagramTransport, target: Address) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        arrives = link.arrival(len(data), now)
        if link is self.down:
            self.on_down(data, arrives is not None)
        if arrives is None:
            return
        handle: asyncio.TimerHandle

        def deliver() -> None:
            self._under_way.discard(handle)
            if not transport.is_closing():
                transport.sendto(data, target)

        handle = loop.call_at(arrives, deliver)
        self._under_way.add(handle)


class _Ear(asyncio.DatagramProtocol):
    """Hands on what a socket hears."""

    def __init__(self, heard: Callable[[bytes, Address], None]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, source: Address) -> None:
        self._heard(data, source)


@asynccontextmanager
async def impaired(
    server: Address, up: Impairment = PERFECT, down: Impairment = PERFECT, seed: int = 1
) -> AsyncIterator[UdpProxy]:
    """Stand a proxy before `server` for the time of a block."""
    proxy = UdpProxy(server, Link(up, seed), Link(down, seed + 1))
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()
