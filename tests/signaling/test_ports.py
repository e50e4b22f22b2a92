"""Listening ports: what is accepted on them is answered at once."""

from __future__ import annotations

import asyncio
import socket

from signaling.ports import listen


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
