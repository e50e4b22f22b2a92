"""A WHIP client (RFC 9725) on aiortc: it publishes tracks and knows when nobody receives them any more.

The law: one publication is one peer connection and one resource; both end together. ICE consent takes
half a minute to notice a dead relay (RFC 7675), receiver reports come every second: their absence is
the earlier news. It must not know what the tracks carry.
"""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import httpx
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCRtpCodecCapability, RTCRtpSender
from aiortc.codecs import vpx

from stream.clients.errors import Replaced, Unreachable
from stream.clients.peer import negotiated, new_peer
from stream.clients.resource import Resource, delete

CONNECT_SECONDS: Final = 5.0
"""ICE and DTLS are done in milliseconds; longer than this means the media port is not reached."""

SILENCE_SECONDS: Final = 2.5
"""So long without a receiver report and the relay is gone: it sends one each second."""

SUSPECT_SILENCE_SECONDS: Final = 1.5
"""The same where somebody has said that the relay had to start anew."""

_SUSPECT_SECONDS: Final = 3.0
"""How long that counts."""

_POLL_SECONDS: Final = 0.25

# aiortc's encoders start here until the relay says otherwise (REMB). Slides and a calm face need no more.
vpx.DEFAULT_BITRATE = 600_000


class Suspicion:
    """What somebody else knows of the relay: that it was away, and that what it was sent before is lost."""

    def __init__(self) -> None:
        self.at = float("-inf")

    def arise(self) -> None:
        """Take note that the relay is back from having been away."""
        self.at = time.monotonic()


class Publication:
    """Tracks on their way to a relay; made by `publication`."""

    def __init__(self, http: httpx.AsyncClient, peer: RTCPeerConnection, resource: Resource) -> None:
        self.resource = resource
        self._http = http
        self._peer = peer

    async def connected(self) -> None:
        """Wait for ICE and DTLS; raises Unreachable after CONNECT_SECONDS."""
        deadline = time.monotonic() + CONNECT_SECONDS
        while self._peer.connectionState != "connected":
            if self._ended() or time.monotonic() > deadline:
                raise Unreachable("The relay's media port does not answer; is UDP let through?")
            await asyncio.sleep(0.02)

    async def gone(self, suspicion: Suspicion | None = None) -> None:
        """Wait until the relay no longer receives; raises Replaced where it says that another came."""
        begun = heard = time.monotonic()
        newest = None
        while not self._ended():
            now = time.monotonic()
            suspected = (
                suspicion is not None and begun < suspicion.at and now - suspicion.at < _SUSPECT_SECONDS
            )
            if (report := await self._newest_report()) != newest:
                heard, newest = now, report
            elif now - heard > (SUSPECT_SILENCE_SECONDS if suspected else SILENCE_SECONDS):
                return
            await asyncio.sleep(_POLL_SECONDS)
        if await delete(self._http, self.resource) == httpx.codes.GONE:
            raise Replaced("Somebody else publishes under this name now.")

    async def packets_sent(self) -> int:
        """Return how many RTP packets have left."""
        sent = 0
        for sender in self._peer.getSenders():
            for entry in (await sender.getStats()).values():
                sent += entry.packetsSent if entry.type == "outbound-rtp" else 0
        return sent

    def _ended(self) -> bool:
        return self._peer.connectionState in ("failed", "closed")

    async def _newest_report(self) -> datetime.datetime | None:
        """Return when the last receiver report came in."""
        reports = [
            entry.timestamp
            for sender in self._peer.getSenders()
            for entry in (await sender.getStats()).values()
            if entry.type == "remote-inbound-rtp"
        ]
        return max(reports, default=None)


@asynccontextmanager
async def publication(
    http: httpx.AsyncClient, url: str, tracks: Sequence[MediaStreamTrack], video: str = "VP8"
) -> AsyncIterator[Publication]:
    """Publish tracks at a WHIP endpoint; `video` is the codec to offer, VP8 or H264.

    Raises Refused or Unreachable. On leaving, the resource is deleted and the tracks are stopped.
    """
    peer = new_peer()
    for track in tracks:
        transceiver = peer.addTransceiver(track, direction="sendonly")
        if track.kind == "video":
            transceiver.setCodecPreferences(_codecs(video))
    async with negotiated(http, url, peer) as resource:
        yield Publication(http, peer, resource)


def _codecs(video: str) -> list[RTCRtpCodecCapability]:
    """Return the codec and its retransmission, as setCodecPreferences wants them."""
    wanted = (f"video/{video}", "video/rtx")
    return [codec for codec in RTCRtpSender.getCapabilities("video").codecs if codec.mimeType in wanted]
