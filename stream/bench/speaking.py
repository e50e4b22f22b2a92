"""The publisher's process: nothing but it keeps the time that everything is measured by.

It comes before viewers and newcomers wherever they share a core with it: in real time where the kernel allows
that (sched(7), SCHED_FIFO), else by a higher priority. The law: what it is given is said in the figures, and
whether it kept its time is measured all the same. It is negotiated for by the measurement's own process.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import os
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Final

from stream.bench import feed as feeds
from stream.bench.ends import LocalEnd, RemoteEnd
from stream.bench.feed import Feed, Kind
from stream.bench.light_peer import LightPeer, NotConnected
from stream.bench.process import BenchError, busy_seconds, cpu_seconds, family
from stream.bench.publisher import Pacing, Publisher
from stream.bench.sent_log import Clocks, Mark, SentLog, SharedMemory
from stream.heap import set_aside
from stream.transport.rtc_adapter import make_certificate

_REAL_TIME: Final = 1
_NICE: Final = -20
_STOP_TIMEOUT: Final = 5.0

_RATES: Final[dict[Kind, int]] = {"video": feeds.VIDEO_CLOCK, "audio": feeds.AUDIO_CLOCK}


class Speaker:
    """The publisher as the measurement sees it. Everything raises BenchError where the process has ended."""

    def __init__(self, connection: Connection, logs: dict[Kind, SentLog]) -> None:
        self.logs = logs
        self.priority = ""
        """How it comes before the others."""
        self._connection = connection

    async def introduce(self) -> tuple[LocalEnd, tuple[int, int]]:
        """Return its end, and the SSRCs of sound and picture, for the offer."""
        end, ssrcs, self.priority = await self._hear()
        return end, ssrcs

    async def connect(self, remote: RemoteEnd) -> None:
        """Have it connect and speak. Raises NotConnected."""
        self._connection.send(remote)
        await self._hear()

    async def mark(self, server: int, cores: Collection[int]) -> Mark:
        """Wait for the next quiet moment between two frames.

        `server` is the process that is measured, and `cores` are those it has to itself.
        """
        self._connection.send((server, os.getpid(), cores))
        mark: Mark = await self._hear()
        return mark

    async def _hear(self) -> Any:
        try:
            heard = await _heard(self._connection)
        except (EOFError, OSError):
            raise BenchError("the publisher's process has ended") from None
        if isinstance(heard, NotConnected):
            raise heard
        return heard


@asynccontextmanager
async def speaker(host: str, feed: Feed, pacing: Pacing) -> AsyncIterator[Speaker]:
    """Run a publisher in a process of its own, on our cores, until the end of the block."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    with contextlib.ExitStack() as held:
        memory = {kind: held.enter_context(contextlib.closing(SharedMemory())) for kind in _RATES}
        paths: dict[Kind, str] = {kind: one.path for kind, one in memory.items()}
        process = spawn.Process(target=_speak, args=(theirs, paths, host, feed, pacing), daemon=True)
        process.start()
        theirs.close()
        try:
            yield Speaker(ours, {kind: SentLog(_RATES[kind], path) for kind, path in paths.items()})
        finally:
            with contextlib.suppress(OSError):
                ours.send(None)
            await asyncio.to_thread(process.join, _STOP_TIMEOUT)
            process.kill()
            ours.close()


async def _heard(connection: Connection) -> Any:
    """Return what comes next, without holding up the event loop. Raises EOFError, OSError."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(connection.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(connection.fileno())
    return connection.recv()


# -- in its own process ------------------------------------------------------------------------------------


def _speak(connection: Connection, paths: dict[Kind, str], host: str, feed: Feed, pacing: Pacing) -> None:
    priority = _come_first()
    set_aside()
    gc.disable()  # it makes no rings, and a collection is some milliseconds of silence
    with contextlib.suppress(EOFError, OSError):
        asyncio.run(_serve(connection, paths, host, feed, pacing, priority))


def _come_first() -> str:
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_REAL_TIME))
        return "in real time"
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    return f"nice {os.getpriority(os.PRIO_PROCESS, 0)}"


async def _serve(
    connection: Connection, paths: dict[Kind, str], host: str, feed: Feed, pacing: Pacing, priority: str
) -> None:
    peer = LightPeer(make_certificate(), host)
    publisher = Publisher(peer, feed, pacing, {kind: SentLog(_RATES[kind], paths[kind]) for kind in paths})
    connection.send((peer.local, publisher.ssrcs, priority))
    try:
        remote = await _heard(connection)
        if remote is None:
            return
        await peer.connect(remote, until_media=False)
    except NotConnected as error:
        connection.send(error)
        return
    connection.send(None)
    speaking = asyncio.create_task(publisher.run())
    try:
        while True:
            asking = asyncio.create_task(_heard(connection))
            await asyncio.wait({speaking, asking}, return_when=asyncio.FIRST_COMPLETED)
            if speaking.done():
                speaking.result()
            asked = await asking
            if asked is None:
                return
            connection.send(await publisher.mark(partial(_clocks, *asked)))
    finally:
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        await peer.close()


def _clocks(server: int, load: int, cores: Collection[int]) -> Clocks:
    """Read the clocks of the server with its children, of the load but for newcomers, and of the cores."""
    server_cpu = sum(map(cpu_seconds, family(server)))
    return Clocks(server_cpu, cpu_seconds(load) + time.process_time(), busy_seconds(cores))
