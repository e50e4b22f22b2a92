"""Viewers that ask for key frames all the time: `python -m tests.e2e.impatient URL SESSION VIEWERS SECONDS`.

Real WHEP peers of the relay itself, whose secret is in ROSTRUM_RELAY_SECRET; each asks five times a second.
Prints a JSON line when all are connected, and one at the end: `{"asked": …}`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Final

import httpx

from stream.bench.ends import offer, read
from stream.bench.light_peer import CONSENT_INTERVAL, LightPeer
from stream.transport.rtc_adapter import make_certificate
from stream.wire import rtcp, sdp

ASK_INTERVAL: Final = 0.2
_AT_ONCE: Final = 20


async def join(http: httpx.AsyncClient, path: str, peer: LightPeer) -> int:
    """Connect a viewer; return the SSRC of its picture."""
    body = {"participant": peer.local.ufrag, "feed": "stage", "wait": True}
    # They tell of no arrivals, so none is agreed on: silence would be a network that has failed.
    lines = [line for line in offer(peer.local, "recvonly").split("\r\n") if "transport-" not in line]
    response = await http.post(path, json=body | {"offer": "\r\n".join(lines)})
    response.raise_for_status()
    answer = response.json()["answer"]
    await peer.connect(read(answer), until_media=False)
    return next(media.ssrcs[0] for media in sdp.parse(answer).media if media.kind == "video")


async def main(relay: str, session: str, viewers: int, seconds: float) -> None:
    """Let so many viewers ask for so long."""
    shown = {"Authorization": f"Bearer {os.environ['ROSTRUM_RELAY_SECRET']}"}
    certificate = make_certificate()
    peers = [LightPeer(certificate, "127.0.0.1") for _ in range(viewers)]
    gate = asyncio.Semaphore(_AT_ONCE)
    async with httpx.AsyncClient(base_url=relay, headers=shown, timeout=20, trust_env=False) as http:

        async def one(peer: LightPeer) -> int:
            async with gate:
                return await join(http, f"/sessions/{session}/views", peer)

        pictures = await asyncio.gather(*(one(peer) for peer in peers))
    print(json.dumps({"connected": len(peers)}), flush=True)
    asked, end, check_due = 0, time.monotonic() + seconds, 0.0
    while (now := time.monotonic()) < end:
        for peer, ssrc in zip(peers, pictures, strict=True):
            peer.send_rtcp(rtcp.pack_pli(1, ssrc))
            asked += 1
            if now >= check_due:
                peer.check()
        check_due = now + CONSENT_INTERVAL if now >= check_due else check_due
        await asyncio.sleep(max(0.0, now + ASK_INTERVAL - time.monotonic()))
    print(json.dumps({"asked": asked}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
