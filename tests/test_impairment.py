"""The bad network does what it says, and the same again."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.impairment import PERFECT, Impairment, Link, impaired

impairments = st.builds(
    Impairment,
    loss=st.floats(0, 1),
    delay=st.floats(0, 0.5),
    jitter=st.floats(0, 0.2),
    rate=st.sampled_from([0.0, 300_000.0, 2_000_000.0]),
)


def arrivals(impairment: Impairment, count: int, *, step: float = 0.001, seed: int = 1) -> list[float | None]:
    link = Link(impairment, seed)
    return [link.arrival(1000, place * step) for place in range(count)]


@given(impairments, st.integers(0, 99))
def test_the_seed_decides_and_order_is_kept(impairment: Impairment, seed: int) -> None:
    first = arrivals(impairment, 200, seed=seed)
    assert first == arrivals(impairment, 200, seed=seed)
    delivered = [at for at in first if at is not None]
    assert delivered == sorted(set(delivered))


def test_perfect_is_perfect() -> None:
    assert arrivals(PERFECT, 100) == pytest.approx([place * 0.001 for place in range(100)], abs=1e-4)


def test_loses_its_share() -> None:
    lost = arrivals(Impairment(loss=0.05), 10_000).count(None)
    assert 400 < lost < 600


def test_delays_and_jitters_within_bounds() -> None:
    late = [
        (at or 0) - place * 0.1
        for place, at in enumerate(arrivals(Impairment(delay=0.05, jitter=0.02), 500, step=0.1))
    ]
    assert 0.05 <= min(late) < 0.055
    assert 0.065 < max(late) <= 0.0701


def test_overtaking() -> None:
    found = [at or 0.0 for at in arrivals(Impairment(reordering=0.1, held_back=0.03), 1000)]
    overtaken = sum(1 for place, at in enumerate(found) if at - place * 0.001 > 0.02)
    assert 60 < overtaken < 140
    assert found != sorted(found)


def test_a_narrow_line_queues_and_then_drops() -> None:
    """1,000 B each ms into 2 Mbit/s: a quarter gets through, none waits longer than the queue."""
    link = Link(Impairment(rate=2_000_000, queue=0.3))
    found = [link.arrival(1000, place * 0.001) for place in range(4000)]
    waits = [at - place * 0.001 for place, at in enumerate(found) if at is not None]
    assert 1000 < len(waits) < 1100
    assert 0.29 < max(waits) < 0.31
    assert link.counters["queue_full"] == 4000 - len(waits)


def test_may_change_at_any_time() -> None:
    link = Link(PERFECT)
    assert link.arrival(10, 1.0) is not None
    link.impairment = replace(PERFECT, loss=1.0)
    assert link.arrival(10, 1.1) is None


async def test_clients_talk_to_the_server_through_it_each_on_its_own() -> None:
    loop = asyncio.get_running_loop()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        for sock in (server, one, two):
            sock.bind(("127.0.0.1", 0))
            sock.setblocking(False)
        delay = Impairment(delay=0.02)
        async with impaired(server.getsockname(), up=delay, down=delay) as proxy, asyncio.timeout(5):
            sources = {}
            started = loop.time()
            for client, name in ((one, b"one"), (two, b"two")):
                await loop.sock_sendto(client, name, proxy.address)
            for _ in range(2):
                name, source = await loop.sock_recvfrom(server, 100)
                sources[name] = source
                await loop.sock_sendto(server, b"hello " + name, source)
            assert await loop.sock_recv(one, 100) == b"hello one"
            assert await loop.sock_recv(two, 100) == b"hello two"
            assert loop.time() - started >= 0.04
            assert len(set(sources.values())) == 2
            for number in range(50):
                await loop.sock_sendto(one, b"%d" % number, proxy.address)
            assert [await loop.sock_recv(server, 100) for _ in range(50)] == [b"%d" % n for n in range(50)]
