"""What one bad peer costs a real process, and everybody else: huge and deep frames, and who never reads."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from signaling.bench.workers import Workers, running
from signaling.fanout import Subscription
from signaling.protocol import MAX_FRAME_BYTES, PostChat
from signaling.websocket_protocol import WebSocketProtocol
from stream.bench.process import Cores
from stream.bench.servers import percentile

from .conftest import RedisServer
from .test_connection import Client, door, generous, join, small_socket, token
from .test_live import claims, new_id

MIB = 1 << 20

HELD = 256 * 1024
"""Bytes that a reader who reads nothing may have waiting for them (faults.md, row 15)."""


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    everywhere = frozenset(os.sched_getaffinity(0))
    with running(1, Cores(everywhere, everywhere), tmp_path) as workers:
        yield workers


def most_memory(pid: int) -> int:
    """Return the most that has been resident since the mark was set, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the kernel does not tell VmHWM")


FRAMES = [
    "x" * (1 << 24),
    json.dumps({"type": "chat.post", "id": "c1", "text": "x" * MAX_FRAME_BYTES}),
    '{"a":' * 3000 + "1" + "}" * 3000,
    "[" * (MAX_FRAME_BYTES - 1),
    '["' + "\\" * 16_000,
]


async def test_huge_and_deep_frames_cost_a_process_no_mebibyte(workers: Workers) -> None:
    worker = workers.signaling[0]
    url = worker.url.replace("http", "ws") + "/ws"

    async def offend(number: int) -> int:
        async with connect(url, max_size=None) as socket:
            hello = {"type": "hello", "protocol": 1, "token": workers.token(f"o{number}")}
            await socket.send(json.dumps(hello))
            await socket.recv()
            with contextlib.suppress(ConnectionClosed):
                await socket.send(FRAMES[number % len(FRAMES)])
                while True:
                    await socket.recv()
            return socket.close_code or 0

    for number in range(2 * len(FRAMES)):  # what is needed once is no offender's
        await offend(number)
    pid = worker.process.process.pid
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = most_memory(pid)
    codes = [await offend(number) for number in range(8 * len(FRAMES))]
    grown = most_memory(pid) - before
    print(f"row 17: {len(codes)} offenders, memory at most + {grown / MIB:.2f} MiB")
    assert set(codes) <= {1009, 4400}
    assert grown <= MIB


def waiting(reader: Subscription) -> int:
    """Return the bytes that wait for a reader in this process: in the outbox and under way."""
    wire = reader.outbox._wire
    assert isinstance(wire, WebSocketProtocol)
    return reader.outbox.waiting + wire.transport.get_write_buffer_size()


@pytest.mark.benchmark
@pytest.mark.timeout(240)
async def test_who_never_reads_holds_little_and_nobody_else_notices(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    generous(monkeypatch)
    delays: dict[bool, list[float]] = {False: [], True: []}
    held = 0
    async with door(redis_server.url) as opened, contextlib.AsyncExitStack() as stack:
        readers = [(await stack.enter_async_context(join(opened, f"r{i}")))[0] for i in range(20)]
        came: list[float] = []

        async def read(reader: Client) -> None:
            while True:
                told = json.loads(await reader.socket.recv()).get("events", ())
                came.extend(time.time() * 1000 - event["at"] for event in told)

        reading = [asyncio.create_task(read(reader)) for reader in readers]
        for turn in range(8):
            deaf = turn % 2 == 1
            ears = []
            for number in range(20 if deaf else 0):
                socket = await connect(opened.url, max_queue=1, sock=small_socket(opened))
                client = Client(socket)
                await client.send({"type": "hello", "token": token(f"deaf{turn}-{number}")})
                await client.next("welcome")
                socket.transport.pause_reading()
                ears.append(socket)
            came.clear()
            for _ in range(20):
                posts = [PostChat(new_id(), "x" * 1000) for _ in range(60)]
                await asyncio.gather(*(opened.session.command(claims("loud"), post) for post in posts))
                await asyncio.sleep(0.1)
                held = max([held, *(waiting(one) for one in opened.session.fanout._readers["public"])])
            delays[deaf].append(percentile(came, 0.99))
            for socket in ears:
                socket.transport.abort()
            await asyncio.sleep(0.5)
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
    alone, beside = statistics.median(delays[False]), statistics.median(delays[True])
    print(
        f"row 15: {held / 1024:.0f} KiB held at most; "
        f"others' p99 {alone:.1f} ms, beside twenty who never read {beside:.1f}"
    )
    assert len(delays[True]) == 4 and alone > 0
    assert HELD / 4 < held <= HELD
    assert beside <= 1.1 * alone
