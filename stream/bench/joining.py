"""People who come and go while others watch: the load of `rostrum bench relay --joins`.

The law: newcomers come at an even rate, whether or not those before them are in yet, up to IN_FLIGHT at
once; what is sustained is what has got its first packet within the time, not what was begun.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from stream.bench.process import BenchError
from stream.bench.run import IN_FLIGHT, Joiner, Meanwhile
from stream.bench.servers import percentile

STAY: Final = 0.5
"""Seconds a newcomer watches before it leaves."""


def joins(rate: float, seconds: float) -> Meanwhile:
    """Let `rate` viewers a second join for some seconds, each staying STAY."""

    async def meanwhile(joiner: Joiner) -> dict[str, float]:
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
        return {
            "asked_per_second": rate,
            "joins_per_second": len(took) / seconds,
            "first_packet_p50_ms": percentile(took, 0.5) * 1000,
            "first_packet_p99_ms": percentile(took, 0.99) * 1000,
            "failed": failed,
            "held_back": held_back,
        }

    return meanwhile
