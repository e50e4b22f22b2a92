"""People who come and go while others watch: the load of `rostrum bench relay --joins`.

They come in a process of their own, so that publisher and audience keep their time. The law: newcomers come
at an even rate, whether or not those before them are in yet, up to IN_FLIGHT at once; what is sustained is
what has got its first packet within the time, not what was begun.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from stream.bench.process import BenchError
from stream.bench.run import IN_FLIGHT, Joiner, Meanwhile
from stream.bench.servers import Address, RelayDoor, percentile
from stream.transport.rtc_adapter import make_certificate

STAY: Final = 0.5
"""Seconds a newcomer watches before it leaves."""


Coming = Callable[[Address], Meanwhile]


@contextlib.asynccontextmanager
async def newcomers(rate: float, seconds: float) -> AsyncIterator[Coming]:
    """Have a process ready that lets `rate` viewers a second join a relay for some seconds."""
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        await loop.run_in_executor(process, _ready)

        def coming(address: Address) -> Meanwhile:
            return lambda: loop.run_in_executor(process, _come_and_go, address, rate, seconds)

        yield coming


def _ready() -> None:
    """Do nothing, where all that coming needs has been imported."""


def _come_and_go(address: Address, rate: float, seconds: float) -> dict[str, float]:
    began = time.process_time()
    found = asyncio.run(_joins(RelayDoor(*address), rate, seconds))
    return found | {"cpu_seconds": time.process_time() - began}


async def _joins(door: RelayDoor, rate: float, seconds: float) -> dict[str, float]:
    """Let them come, each staying STAY; return what became of them."""
    joiner = Joiner(door, make_certificate())
    gate = asyncio.Semaphore(IN_FLIGHT)
    took: list[float] = []
    failed = held_back = 0
    began = time.monotonic()

    async def one() -> None:
        nonlocal failed
        asked = time.monotonic()
        try:
            try:
                peer = await joiner.join()
            finally:
                gate.release()
            now = time.monotonic()
            if now - began <= seconds:
                took.append(now - asked)
            await asyncio.sleep(STAY)
            await joiner.leave(peer)
        except BenchError:
            failed += 1

    async with asyncio.TaskGroup() as tasks:
        number = 0
        while time.monotonic() - began < seconds:
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            held_back += gate.locked()
            await gate.acquire()
            tasks.create_task(one())
            number += 1
    await door.http.close()
    return {
        "asked_per_second": rate,
        "joins_per_second": len(took) / seconds,
        "first_packet_p50_ms": percentile(took, 0.5) * 1000,
        "first_packet_p99_ms": percentile(took, 0.99) * 1000,
        "failed": failed,
        "held_back": held_back,
    }
