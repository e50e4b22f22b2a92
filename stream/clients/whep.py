"""A WHEP client (draft-ietf-wish-whep) on aiortc: it watches a feed, slot by slot.

The law: slots keep the order of the offer's lines, and every track is drained whether or not somebody
looks, because aiortc's queues have no bound. It must not know who fills the slots.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import av
import httpx
from aiortc import MediaStreamTrack, RTCPeerConnection
from aiortc.mediastreams import MediaStreamError

from stream.clients.peer import negotiated, new_peer
from stream.clients.resource import Resource

Frame = av.VideoFrame | av.AudioFrame


class Slot:
    """One line of the offer as it plays: how many frames came, the newest one, and when."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.frames = 0
        self.newest: Frame | None = None
        self.at: float | None = None
        """When the newest frame came, in seconds of the monotonic clock."""
        self.on_frame: Callable[[Frame], None] | None = None
        """Called with each frame as it comes."""
        self._arrival = asyncio.Event()

    async def next_frame(self) -> Frame:
        """Wait for the next frame."""
        self._arrival.clear()
        await self._arrival.wait()
        assert self.newest is not None
        return self.newest

    async def drain(self, track: MediaStreamTrack) -> None:
        """Take frames until the track ends."""
        while True:
            try:
                frame = cast(Frame, await track.recv())
            except MediaStreamError:
                return
            self.frames += 1
            self.newest, self.at = frame, time.monotonic()
            self._arrival.set()
            if self.on_frame is not None:
                self.on_frame(frame)


@dataclass(frozen=True)
class Counts:
    """RTP packets over all slots, as RFC 3550 counts them."""

    received: int
    lost: int


class View:
    """A feed as it plays; made by `view`."""

    def __init__(self, peer: RTCPeerConnection, resource: Resource, slots: tuple[Slot, ...]) -> None:
        self.resource = resource
        self.slots = slots
        self._peer = peer

    @property
    def state(self) -> str:
        """The connection's state in WebRTC's words."""
        return str(self._peer.connectionState)

    @property
    def videos(self) -> tuple[Slot, ...]:
        """The video slots: `main`, then `slides`."""
        return tuple(slot for slot in self.slots if slot.kind == "video")

    @property
    def audios(self) -> tuple[Slot, ...]:
        """The audio slots."""
        return tuple(slot for slot in self.slots if slot.kind == "audio")

    async def counts(self) -> Counts:
        """Return the packets received and lost so far."""
        received = lost = 0
        for receiver in self._peer.getReceivers():
            for entry in (await receiver.getStats()).values():
                if entry.type == "inbound-rtp":
                    received += entry.packetsReceived
                    lost += entry.packetsLost
        return Counts(received, lost)


@asynccontextmanager
async def view(http: httpx.AsyncClient, url: str, *, videos: int = 2, audios: int = 3) -> AsyncIterator[View]:
    """Watch a WHEP endpoint with so many slots; raises Refused or Unreachable.

    On leaving, the resource is deleted.
    """
    peer = new_peer()
    slots = tuple(Slot(kind) for kind in ["video"] * videos + ["audio"] * audios)
    receivers = [peer.addTransceiver(slot.kind, direction="recvonly").receiver for slot in slots]
    drains: list[asyncio.Task[None]] = []
    try:
        async with negotiated(http, url, peer) as resource:
            for slot, receiver in zip(slots, receivers, strict=True):
                if receiver.track is not None:  # a line the server declined has none
                    drains.append(asyncio.create_task(slot.drain(receiver.track)))
            yield View(peer, resource, slots)
    finally:
        # The closed peer has ended the tracks that ever started; the others wait for ever.
        for task in drains:
            task.cancel()
        for end in await asyncio.gather(*drains, return_exceptions=True):
            if isinstance(end, Exception):
                raise end
