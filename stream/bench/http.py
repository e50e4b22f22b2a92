"""HTTP/1.1 as far as asking a relay takes: requests over a few kept connections.

A general client costs ten times as much as all else a light viewer does to join, and would be the
bottleneck of what is measured. The law: only answers with a Content-Length or without a body are
understood; anything else is an error, never a guess.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

CONNECTIONS: Final = 32
"""Most requests at a time; others wait."""

_TIMEOUT: Final = 30.0


class HttpError(Exception):
    """No answer, or none that is understood; the message is a few words."""


class Connections:
    """Kept connections to one server on this machine."""

    def __init__(self, port: int, headers: str) -> None:
        """`headers` are sent with every request, each line ended by CRLF."""
        self._port = port
        self._headers = headers
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._gate = asyncio.Semaphore(CONNECTIONS)

    async def request(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Return the answer's status and body. Raises HttpError."""
        async with self._gate:
            try:
                async with asyncio.timeout(_TIMEOUT):
                    return await self._request(method, path, body)
            except TimeoutError:
                raise HttpError(f"no answer within {_TIMEOUT:.0f} s") from None
            except (OSError, EOFError, ValueError, IndexError) as error:
                raise HttpError(type(error).__name__) from None

    async def _request(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        reader, writer = self._kept() or await asyncio.open_connection("127.0.0.1", self._port)
        try:
            head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
            writer.write(f"{head}{self._headers}\r\n".encode() + body)
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
            status = int(lines[0].split()[1])
            fields = dict(line.split(": ", 1) for line in lines[1:] if line)
            if "content-length" not in fields and status not in (204, 304):
                raise HttpError("an answer of unknown length")
            found = await reader.readexactly(int(fields.get("content-length", 0)))
        except BaseException:
            writer.close()
            raise
        if fields.get("connection") == "close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        return status, found

    def _kept(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Take a connection that the server has not closed for being idle."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return None

    async def close(self) -> None:
        """End all connections."""
        while self._idle:
            _, writer = self._idle.pop()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
