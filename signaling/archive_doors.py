"""The REST doors of what is kept of a session: export, and being forgotten.

Owns the exports and the deletions under `/api/sessions/{session}`. The law: an export carries names, so it
is for who runs the session; what is deleted is gone from all workers before the answer says so.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from signaling import doors, export
from signaling.auth import Tokens, authorize
from signaling.live import LiveSessions
from signaling.openapi import Operation


class ArchiveDoors:
    """Exports and deletions, as routes."""

    def __init__(self, tokens: Tokens, live: LiveSessions) -> None:
        self._tokens = tokens
        self._live = live

    def routes(self) -> list[Route]:
        """Return the routes."""
        handlers: dict[str, doors.Handler] = {
            "exportSession": self._export,
            "exportTables": self._tables,
            "deleteSession": self._delete,
            "erasePerson": self._erase,
        }
        return [
            doors.route(operation.path, {operation.method: handlers[operation.name]})
            for operation in OPERATIONS
        ]

    async def _export(self, request: Request) -> Response:
        material = await self._material(request)
        body = await asyncio.to_thread(lambda: msgspec.json.encode(export.whole(material)))
        return _file(body, "application/json", f"{material.state.session.id}.json")

    async def _tables(self, request: Request) -> Response:
        material = await self._material(request)
        body = await asyncio.to_thread(export.tables, material)
        return _file(body, "application/zip", f"{material.state.session.id}.zip")

    async def _material(self, request: Request) -> export.Material:
        session = request.path_params["session"]
        authorize(await doors.actor(request, self._tokens), "session.export", session)
        live = await self._live.get(session)
        events = await live.events()
        attendance = await self._live.presence.book.read(session)
        audit = tuple([entry async for entry in self._live.whole_audit(session)])
        return export.Material(live.state, events, attendance, audit)

    async def _delete(self, request: Request) -> Response:
        session = request.path_params["session"]
        authorize(await doors.actor(request, self._tokens), "session.delete", session)
        await self._live.delete(session)
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    async def _erase(self, request: Request) -> Response:
        session = request.path_params["session"]
        authorize(await doors.actor(request, self._tokens), "person.erase", session)
        await self._live.erase(session, request.path_params["participant"])
        return Response(status_code=204, headers={"Cache-Control": "no-store"})


def _file(body: bytes, media_type: str, name: str) -> Response:
    return Response(
        body,
        headers={"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'},
        media_type=media_type,
    )


_SESSION: Final = "/api/sessions/{session}"

OPERATIONS: Final = (
    Operation(
        "GET",
        f"{_SESSION}/export.json",
        "exportSession",
        "Export questions, chat, polls, floor, attendance and audit of a session (its producer).",
        gives="application/json",
        refuses=(401, 403, 404, 503),
        tag="archive",
    ),
    Operation(
        "GET",
        f"{_SESSION}/export.zip",
        "exportTables",
        "Export the same as CSV files in a zip (its producer).",
        gives="application/zip",
        refuses=(401, 403, 404, 503),
        tag="archive",
    ),
    Operation(
        "DELETE",
        _SESSION,
        "deleteSession",
        "Delete a session that is not running, and all that is kept of it (owner).",
        status=204,
        refuses=(401, 403, 404, 409, 503),
        tag="archive",
    ),
    Operation(
        "DELETE",
        f"{_SESSION}/people/{{participant}}",
        "erasePerson",
        "Take somebody's name, affiliation and title out of all that is kept of a session (owner).",
        status=204,
        refuses=(401, 403, 404, 429, 503),
        tag="archive",
    ),
)
