"""Many viewers in one process, without decoders: `python -m tests.e2e.crowd URL TOKEN VIEWERS SECONDS`.

Real WHEP peers that count what comes. Prints one JSON line when all are connected and one at the end:
`{"received": …, "lost": …, "least": …}`, `least` being the packets of the viewer that got fewest.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import sys
from typing import Any

import aiortc.rtcrtpreceiver

from stream.clients.resource import new_http
from stream.clients.whep import view


def discard(
    loop: asyncio.AbstractEventLoop, input_q: queue.Queue[Any], output_q: asyncio.Queue[Any], *_: object
) -> None:
    """Stand in for aiortc's decoder thread: take frames and show nothing."""
    while input_q.get() is not None:
        pass
    asyncio.run_coroutine_threadsafe(output_q.put(None), loop)


aiortc.rtcrtpreceiver.decoder_worker = discard  # type: ignore[assignment]


async def main(url: str, token: str, viewers: int, seconds: float) -> None:
    """Watch with so many viewers for so long."""
    async with contextlib.AsyncExitStack() as stack:
        http = await stack.enter_async_context(new_http(token))
        views = [await stack.enter_async_context(view(http, url)) for _ in range(viewers)]
        async with asyncio.timeout(20):
            while any(one.state != "connected" for one in views):
                await asyncio.sleep(0.05)
        print(json.dumps({"connected": len(views)}), flush=True)
        await asyncio.sleep(seconds)
        counts = [await one.counts() for one in views]
        received = [count.received for count in counts]
        lost = sum(count.lost for count in counts)
        print(json.dumps({"received": sum(received), "lost": lost, "least": min(received)}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
