"""A WHIP and WHEP server of 100 lines on aiortc, run as a process of its own: `python -m … PORT`.

It knows one session: what is published at `/whip` can be watched at `/whep`. Clients are tested against
it without a relay, and it can be killed without a word.
"""

from __future__ import annotations

import asyncio
import itertools
import sys

import uvicorn
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaBlackhole, MediaRelay
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN = "open-sesame"


class Answerer:
    """Peers by resource number, and the newest publisher's tracks."""

    def __init__(self) -> None:
        self.peers: dict[int, RTCPeerConnection] = {}
        self.tracks: list[MediaStreamTrack] = []
        self.relay = MediaRelay()
        self.sink = MediaBlackhole()
        self.numbers = itertools.count(1)
        self.replaced = False
        self.tasks: set[asyncio.Task[None]] = set()

    async def whip(self, request: Request) -> Response:
        """Receive what the offer publishes."""
        if refusal := _refused(request):
            return refusal
        number, peer = self._new_peer()
        self.tracks.clear()

        @peer.on("track")
        async def on_track(track: MediaStreamTrack) -> None:
            self.tracks.append(track)
            self.sink.addTrack(self.relay.subscribe(track))
            await self.sink.start()

        return await self._answer(request, peer, f"/whip/{number}")

    async def whep(self, request: Request) -> Response:
        """Send the newest publication."""
        if refusal := _refused(request):
            return refusal
        if not self.tracks:
            return _problem(409, "nothing_live", "Nobody is on stage yet.", {"Retry-After": "1"})
        number, peer = self._new_peer()
        for track in self.tracks:
            peer.addTrack(self.relay.subscribe(track))
        return await self._answer(request, peer, f"/whep/{number}")

    async def delete(self, request: Request) -> Response:
        """End one peer."""
        peer = self.peers.pop(request.path_params["number"], None)
        if peer is None and self.replaced:
            return _problem(410, "replaced", "A newer publisher has taken this place.")
        if peer is None:
            return _problem(404, "unknown_transport", "There is no such resource.")
        await peer.close()
        return Response()

    async def count(self, request: Request) -> Response:
        """Tell how many peers there are."""
        return JSONResponse(len(self.peers))

    async def hang_up(self, request: Request) -> Response:
        """Close every peer, as a relay that is told to stop does; `?replaced` says that newer ones came."""
        self.replaced = "replaced" in request.query_params
        for peer in self.peers.values():
            await peer.close()
        self.peers.clear()
        return Response()

    def _new_peer(self) -> tuple[int, RTCPeerConnection]:
        number, peer = next(self.numbers), RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peers[number] = peer
        return number, peer

    async def _answer(self, request: Request, peer: RTCPeerConnection, location: str) -> Response:
        offer = (await request.body()).decode()
        await peer.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        headers = {"Location": location, "ETag": '"1"'}
        return Response(peer.localDescription.sdp, 201, headers, media_type="application/sdp")


def _refused(request: Request) -> Response | None:
    if request.headers.get("Authorization") == f"Bearer {TOKEN}":
        return None
    return _problem(401, "bad_token", "The token is not valid.")


def _problem(status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    body = {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def main(port: int) -> None:
    """Serve on a loopback port until killed."""
    answerer = Answerer()
    routes = [
        Route("/whip", answerer.whip, methods=["POST"]),
        Route("/whep", answerer.whep, methods=["POST"]),
        Route("/whip/{number:int}", answerer.delete, methods=["DELETE"]),
        Route("/whep/{number:int}", answerer.delete, methods=["DELETE"]),
        Route("/count", answerer.count),
        Route("/hang-up", answerer.hang_up, methods=["POST"]),
    ]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]))
