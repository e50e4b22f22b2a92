"""The small HTTP client, against a server written out by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from stream.bench.http import Connections, HttpError


@asynccontextmanager
async def server(*answers: bytes, keep: bool = True) -> AsyncIterator[tuple[Connections, list[bytes]]]:
    """Answer requests in turn; each connection is closed after one answer unless kept."""
    left = list(answers)
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while left:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                asked.append(head + await reader.readexactly(length))
                writer.write(left.pop(0))
                await writer.drain()
                if not keep:
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        http = Connections(port, "X-One: 1\r\n")
        try:
            yield http, asked
        finally:
            await http.close()


async def test_a_kept_connection_serves_again() -> None:
    answers = (b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nab", b"HTTP/1.1 204 No Content\r\n\r\n")
    async with server(*answers) as (http, asked):
        assert await http.request("POST", "/a", b"body") == (201, b"ab")
        assert await http.request("DELETE", "/b") == (204, b"")
        assert asked[0].startswith(b"POST /a HTTP/1.1\r\n")
        assert asked[0].endswith(b"X-One: 1\r\n\r\nbody")


async def test_a_connection_closed_meanwhile_is_not_used_again() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
    async with server(answer, answer, keep=False) as (http, _):
        assert await http.request("GET", "/") == (200, b"x")
        await asyncio.sleep(0.05)
        assert await http.request("GET", "/") == (200, b"x")


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nConte"]
)
async def test_what_is_not_understood_is_an_error(answer: bytes) -> None:
    async with server(answer, keep=False) as (http, _):
        with pytest.raises(HttpError):
            await http.request("GET", "/")


async def test_nobody_there_is_an_error() -> None:
    async with server() as (http, _):
        pass
    with pytest.raises(HttpError):
        await http.request("GET", "/")
