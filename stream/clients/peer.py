"""One peer connection at one WHIP or WHEP resource, from offer to DELETE.

The law: connection and resource begin and end together, however they end. Candidates go with the
offer: aiortc has gathered them all by then, and a relay's answer is complete (RFC 9725, section 4.3).
It must not know which way media flows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from stream.clients.errors import Unreachable
from stream.clients.resource import Resource, delete, post_offer


def new_peer() -> RTCPeerConnection:
    """Make a peer connection that asks no STUN server: without the list, aiortc asks a public one."""
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


@asynccontextmanager
async def negotiated(http: httpx.AsyncClient, url: str, peer: RTCPeerConnection) -> AsyncIterator[Resource]:
    """Offer what the peer has been given to `url`; raises Refused or Unreachable.

    On leaving, the resource is deleted and the peer closed.
    """
    resource: Resource | None = None
    try:
        await peer.setLocalDescription(await peer.createOffer())
        resource = await post_offer(http, url, peer.localDescription.sdp)
        answer = RTCSessionDescription(sdp=resource.answer, type="answer")
        try:
            await peer.setRemoteDescription(answer)
        except Exception as error:  # aiortc's parser lets out whatever it trips over, assertions included
            raise Unreachable(f"{resource.url} gave an answer that is no SDP for this offer.") from error
        yield resource
    finally:
        if resource is not None:
            await delete(http, resource)
        await peer.close()
