"""Damaged DTLS datagrams for a real endpoint that is waiting for a handshake.

What is fuzzed is our filter, and that nothing OpenSSL or aiortc does with a stranger's datagram comes
out of the endpoint: its handshake may fail by its declared error, after which a fresh one takes over.
"""

from __future__ import annotations

import asyncio
import atexit

from stream.transport.rtc_adapter import DtlsEndpoint, DtlsError, make_certificate


class DatagramRefusedError(Exception):
    """The datagram was dropped, or it ended the handshake. `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DtlsDoor:
    """An endpoint that is always in a handshake."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._certificate = make_certificate()
        self._sent: list[bytes] = []
        self._endpoint: DtlsEndpoint | None = None
        self._handshake: asyncio.Task[object] | None = None
        atexit.register(self.close)

    def _open(self) -> DtlsEndpoint:
        self._endpoint = DtlsEndpoint(
            self._certificate, "server", [("sha-256", "00")], self._sent.append, lambda: None
        )
        self._handshake = self._loop.create_task(self._endpoint.handshake())
        self._turn()
        return self._endpoint

    def _turn(self) -> None:
        """Let the endpoint take what it has."""
        for _ in range(6):
            self._loop.run_until_complete(asyncio.sleep(0))

    def receive(self, data: bytes) -> bytes:
        """Give the endpoint one datagram and return what it answers. Raises DatagramRefusedError."""
        endpoint = self._endpoint or self._open()
        self._sent.clear()
        dropped = endpoint.receive(data)
        if dropped is not None:
            raise DatagramRefusedError(dropped)
        self._turn()
        assert self._handshake is not None
        if self._handshake.done():
            self._endpoint = None
            try:
                self._handshake.result()
            except DtlsError as error:
                raise DatagramRefusedError(f"handshake_{error}") from None
        return b"".join(self._sent)

    def close(self) -> None:
        """End the endpoint and its loop."""
        if self._endpoint is not None and self._handshake is not None:
            self._handshake.cancel()
            self._loop.run_until_complete(asyncio.gather(self._handshake, return_exceptions=True))
        self._loop.close()


def client_hello() -> bytes:
    """Return a real ClientHello."""
    sent: list[bytes] = []

    async def call() -> None:
        endpoint = DtlsEndpoint(make_certificate(), "client", [("sha-256", "00")], sent.append, lambda: None)
        task = asyncio.create_task(endpoint.handshake())
        for _ in range(20):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(call())
    return sent[0]
