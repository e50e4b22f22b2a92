"""Listening ports: what is accepted on them is answered at once, and ends when its peer has vanished."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from signaling import ports
from signaling.ports import listen
from signaling.presence import TICK


async def test_an_answer_in_two_parts_does_not_wait_for_the_reader_to_say_it_had_the_first() -> None:
    taken: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted = writer.get_extra_info("socket")
        taken.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = listen("127.0.0.1", 0, "ROSTRUM_HTTP_PORT")
    async with await asyncio.start_server(answer, sock=listener) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        assert await reader.read() == b""
        writer.close()
    assert taken == [1]


VANISHING = """
import asyncio, json, socket, subprocess, sys, time
from signaling import ports

ports.VANISHED, ports.ASK_AFTER, ports.ASK_EACH = 2, 1, 1
down = 0.0
took = {}

async def serve(reader, writer):
    talks = await reader.readexactly(1) == b"t"
    writer.write(b"!")
    hung_up = asyncio.create_task(reader.read())
    while not hung_up.done():
        await asyncio.wait([hung_up], timeout=0.1)
        if talks:
            writer.write(bytes(300))
    seconds = time.monotonic() - down
    took["told something" if talks else "told nothing"] = seconds, type(hung_up.exception()).__name__
    writer.transport.abort()

async def main():
    global down
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    listener = ports.listen("127.0.0.1", 0, "ROSTRUM_HTTP_PORT")
    async with await asyncio.start_server(serve, sock=listener) as server:
        peers = []
        for kind in (b"t", b"q"):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
            writer.write(kind)
            await reader.readexactly(1)
            peers.append(writer)
        subprocess.run(["ip", "link", "set", "lo", "down"], check=True)
        down = time.monotonic()
        while len(took) < 2 and time.monotonic() < down + 30:
            await asyncio.sleep(0.05)
        for writer in peers:
            writer.transport.abort()
    print(json.dumps(took))

asyncio.run(main())
"""
"""Run in a network of its own, whose only link is taken down: nobody is told anything."""


@pytest.mark.fault
def test_who_has_vanished_without_a_word_is_found_by_the_kernel_whether_told_something_or_not() -> None:
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", sys.executable, "-c", VANISHING],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    took = json.loads(done.stdout)
    assert {kind: error for kind, (_, error) in took.items()} == {
        "told something": "TimeoutError",
        "told nothing": "TimeoutError",
    }
    assert max(seconds for seconds, _ in took.values()) < 15.0, "the kernel's own limit is minutes"
    asked = range(ports.ASK_AFTER, 60, ports.ASK_EACH)
    found = next(second for second in asked if second >= ports.VANISHED)
    assert found + TICK <= 15.0, "presence is right within 15 s of any crash"
