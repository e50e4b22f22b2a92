"""The REST door of what arrives of somebody: their line as the relay sees it, now.

For the desk that watches over those on stage. The law: numbers are the relay's own, passed on as they are and
kept nowhere; two samples some seconds apart are what a line is judged by, and judging is the asker's.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from signaling import doors
from signaling.auth import Tokens, authorize
from signaling.errors import NotFound
from signaling.live import LiveSessions
from signaling.openapi import Operation
from signaling.relays import Relays
from stream.plan import PublisherStats, Source

SOURCE: Final[Source] = "camera"
"""What is told: the camera, and the microphone that comes with it."""


class NothingArrives(NotFound):
    """Nobody of this id sends a camera or a microphone."""

    def __init__(self) -> None:
        super().__init__("nothing_received", "Nothing of this person arrives.")


class LineDoors:
    """Lines, as routes."""

    def __init__(self, tokens: Tokens, live: LiveSessions, relays: Relays) -> None:
        self._tokens = tokens
        self._live = live
        self._relays = relays

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [doors.route(OPERATIONS[0].path, {OPERATIONS[0].method: self._read})]

    async def _read(self, request: Request) -> Response:
        session, participant = request.path_params["session"], request.path_params["participant"]
        actor = await doors.actor(request, self._tokens)
        authorize(actor, "line.read", session)
        (await self._live.get(session)).admit(actor)
        sample = await self._relays.publisher_stats(session, participant, SOURCE)
        if sample is None:
            raise NothingArrives
        return doors.json_response(sample)


OPERATIONS: Final = (
    Operation(
        "GET",
        "/api/sessions/{session}/lines/{participant}",
        "readLine",
        "Read what arrives of somebody's camera and microphone, so far and now (producer, chair, owner).",
        gives=PublisherStats,
        refuses=(401, 403, 404, 503),
    ),
)
