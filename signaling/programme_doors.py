"""The REST doors of events and their programmes.

Owns the resources under `/api/events`. The law: what a request may do is its token's matter
(signaling/auth.py), what it may see is the view's (signaling/programme/view.py), and an unpublished event
is there only for those who have a token of one of its sessions. Files are parsed away from the loop.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from signaling import doors
from signaling.auth import EVERY_SESSION, Claims, Tokens, authorize
from signaling.errors import BadRequest, Conflict, Forbidden, NotFound
from signaling.programme import edit, export, table
from signaling.programme.formats import MAX_FILE, Format, read, recognised
from signaling.programme.merge import DEFAULT_SOURCE, Change, merge
from signaling.programme.model import Draft, EventId, Programme, Source
from signaling.programme.reading import zone
from signaling.programme.view import (
    EVERYTHING,
    ProgrammeView,
    info,
    listed,
    scope_of,
    visible,
)
from signaling.programme_operations import (
    FILES,
    OPERATIONS,
    EventDetails,
    EventList,
    Imported,
    OpenedSessions,
    RoomList,
    WantedSessions,
)
from signaling.programmes import Programmes
from signaling.protocol import Id

__all__ = ["OPERATIONS", "ProgrammeDoors"]

MAX_WRITTEN: Final = 64
"""Calendars and tables kept once written, by version and reader; the longest unused goes first."""

RUNNING: Final = frozenset({"doors", "live", "paused"})


class ProgrammeDoors:
    """The resources under `/api/events`, as routes."""

    def __init__(self, tokens: Tokens, programmes: Programmes) -> None:
        self._tokens = tokens
        self._programmes = programmes
        self._written: OrderedDict[tuple[str, int, str, str], bytes] = OrderedDict()
        self._working = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Return the routes."""
        handlers: dict[str, doors.Handler] = {
            "listEvents": self._list,
            "putEvent": self._put,
            "deleteEvent": self._delete,
            "readProgramme": self._read,
            "readTable": self._table,
            "readCalendar": self._calendar,
            "readPersonCalendar": self._calendar,
            "importProgramme": self._import,
            "openSessions": self._open,
            "listRooms": self._rooms,
            "putRoom": self._put_room,
            "readItem": self._item,
            "readPerson": self._person,
            "putItem": self._put_item,
            "withdrawItem": self._withdraw,
            "putPerson": self._put_person,
        }
        by_path: dict[str, dict[str, doors.Handler]] = {}
        for operation in OPERATIONS:
            by_path.setdefault(operation.path, {})[operation.method] = handlers[operation.name]
        return [doors.route(path, methods) for path, methods in by_path.items()]

    # -- reading ----------------------------------------------------------------------------------------

    async def _list(self, request: Request) -> Response:
        asker = await doors.anybody(request, self._tokens)
        found = (p for p in self._programmes.list() if self._scope(asker, p) is not None)
        return doors.json_response(EventList(tuple(info(programme) for programme in found)))

    async def _read(self, request: Request) -> Response:
        return doors.json_response(self._view(*await self._asked(request)))

    def _view(self, programme: Programme, scope: str) -> ProgrammeView:
        sessions, expected = self._programmes.sessions(programme), self._programmes.expected(programme)
        return listed(visible(programme, scope), sessions, expected, self._programmes.now())

    async def _item(self, request: Request) -> Response:
        view, wanted = self._view(*await self._asked(request)), request.path_params["item"]
        found = next((item for item in view.items if item.id == wanted), None)
        if found is None:
            raise NotFound("item_not_found", "There is no such item in the programme.")
        return doors.json_response(found)

    async def _person(self, request: Request) -> Response:
        people, wanted = visible(*await self._asked(request)).people, request.path_params["person"]
        found = next((person for person in people if person.id == wanted), None)
        if found is None:
            raise NotFound("person_not_found", "There is nobody of this id in the programme.")
        return doors.json_response(found)

    async def _rooms(self, request: Request) -> Response:
        return doors.json_response(RoomList(visible(*await self._asked(request)).rooms))

    async def _table(self, request: Request) -> Response:
        programme, scope = await self._asked(request)
        body = await self._made(
            programme, scope, "csv", lambda seen: b"\xef\xbb\xbf" + table.write(seen).encode()
        )
        return _file(body, "text/csv; charset=utf-8", f"{programme.id}.csv")

    async def _calendar(self, request: Request) -> Response:
        programme, scope = await self._asked(request)
        person = request.path_params.get("person")
        seen = visible(programme, scope)
        if person is not None and all(one.id != person for one in seen.people):
            raise NotFound("person_not_found", "There is nobody of this id in the programme.")
        body = await self._made(
            programme, scope, f"ics {person or ''}", lambda seen: export.calendar(seen, person=person)
        )
        return _file(body, "text/calendar; charset=utf-8", f"{person or programme.id}.ics")

    async def _made(
        self, programme: Programme, scope: str, what: str, write: Callable[[Programme], bytes]
    ) -> bytes:
        """Return what is written of a version for a scope: once, and away from the loop."""
        key = (programme.id, programme.version, scope, what)
        async with self._working:
            if key not in self._written:
                self._written[key] = await asyncio.to_thread(write, visible(programme, scope))
                if len(self._written) > MAX_WRITTEN:
                    self._written.popitem(last=False)
            self._written.move_to_end(key)
            return self._written[key]

    async def _asked(self, request: Request) -> tuple[Programme, str]:
        """Return the programme that is asked for and what of it may be seen; raises NotFound."""
        asker = await doors.anybody(request, self._tokens)
        programme = self._programmes.get(request.path_params["event"])
        scope = self._scope(asker, programme)
        if scope is None:
            raise NotFound("event_not_found", "There is no such event.")
        return programme, scope

    def _scope(self, asker: Claims | None, programme: Programme) -> str | None:
        """Return what somebody may see of a programme; None: not even that it is there."""
        if asker is not None and _may(asker, "event.list", EVERY_SESSION):
            return EVERYTHING
        scope = ""
        if asker is not None and _may(asker, "programme.read", asker.session):
            scope = scope_of(programme, asker.session)
        return scope if scope or programme.published else None

    # -- changing ---------------------------------------------------------------------------------------

    async def _put(self, request: Request) -> Response:
        await self._organiser(request, "event.change")
        event = _checked(request.path_params["event"], EventId, "An event's id")
        wanted = await doors.json_body(request, EventDetails)
        title = wanted.title.strip()
        if not title:
            raise BadRequest("bad_request", "The title is empty.")
        edit.checked_zone(wanted.zone)

        def make(before: Programme | None) -> Programme:
            return msgspec.structs.replace(
                before or Programme(event, title), title=title, zone=wanted.zone, published=wanted.published
            )

        return doors.json_response(info(await self._change(event, make)))

    async def _delete(self, request: Request) -> Response:
        await self._organiser(request, "event.delete")

        def make(before: Programme | None) -> None:
            if before is None:
                raise NotFound("event_not_found", "There is no such event.")
            if RUNNING & set(self._programmes.statuses(before).values()):
                raise Conflict("event_running", "A session of the event is running; end it first.")

        await self._programmes.change(request.path_params["event"], make)
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    async def _import(self, request: Request) -> Response:
        await self._organiser(request, "event.change")
        event = _checked(request.path_params["event"], EventId, "An event's id")
        said = request.query_params
        form = (
            _checked(said.get("format", "auto"), Format | None, "The format")
            if said.get("format", "auto") != "auto"
            else None
        )
        source = _checked(said.get("source", DEFAULT_SOURCE), Source, "The source")
        default = zone(edit.checked_zone(said["zone"])) if "zone" in said else self._zone(event)
        data = await doors.body(request, FILES, MAX_FILE)
        async with self._working:
            draft = await asyncio.to_thread(read, data, form, default)
        told: list[tuple[Programme, tuple[Change, ...]]] = []

        def make(before: Programme | None) -> Programme:
            merged = self._merged(before, event, draft, source)
            told[:] = [merged]
            return merged[0]

        dry_run = said.get("dry_run", "") in ("1", "true", "yes")
        if dry_run:
            make(self._found(event))
        else:
            await self._programmes.change(event, make)
        ((merged, changes),) = told
        now = self._found(event) or merged
        return doors.json_response(
            Imported(info(now), form or recognised(data), dry_run, changes, draft.warnings)
        )

    def _merged(
        self, before: Programme | None, event: str, draft: Draft, source: str
    ) -> tuple[Programme, tuple[Change, ...]]:
        base = before or Programme(event, draft.title or event, draft.zone or "UTC")
        return merge(base, draft, self._programmes.statuses(base), now=self._programmes.now(), source=source)

    async def _open(self, request: Request) -> Response:
        await self._organiser(request, "event.sessions")
        wanted = await doors.json_body(request, WantedSessions)
        programme = self._programmes.get(request.path_params["event"])
        return doors.json_response(
            OpenedSessions(await self._programmes.open_sessions(programme, wanted.items))
        )

    async def _put_item(self, request: Request) -> Response:
        await self._organiser(request, "event.change")
        item = _checked(request.path_params["item"], Id, "An item's id")
        wanted = await doors.json_body(request, edit.NewItem)
        return await self._edit(
            request,
            lambda before, now: edit.put_item(
                before, item, wanted, self._programmes.statuses(before), now=now
            ),
        )

    async def _withdraw(self, request: Request) -> Response:
        await self._organiser(request, "event.change")
        item = request.path_params["item"]
        return await self._edit(
            request,
            lambda before, now: edit.withdraw(before, item, self._programmes.statuses(before), now=now),
        )

    async def _put_person(self, request: Request) -> Response:
        await self._organiser(request, "event.change")
        wanted = await doors.json_body(request, edit.PersonDetails)
        person = request.path_params["person"]
        return await self._edit(request, lambda before, now: edit.put_person(before, person, wanted, now=now))

    async def _put_room(self, request: Request) -> Response:
        await self._organiser(request, "event.change")
        wanted = await doors.json_body(request, edit.RoomDetails)
        room = request.path_params["room"]
        return await self._edit(request, lambda before, now: edit.put_room(before, room, wanted, now=now))

    async def _edit(self, request: Request, change: Callable[[Programme, int], Programme]) -> Response:
        def make(before: Programme | None) -> Programme:
            if before is None:
                raise NotFound("event_not_found", "There is no such event.")
            return change(before, self._programmes.now())

        return doors.json_response(info(await self._change(request.path_params["event"], make)))

    async def _change(self, event: str, make: Callable[[Programme | None], Programme]) -> Programme:
        made = await self._programmes.change(event, make)
        assert made is not None
        return made

    def _found(self, event: str) -> Programme | None:
        try:
            return self._programmes.get(event)
        except NotFound:
            return None

    def _zone(self, event: str) -> ZoneInfo | None:
        """Return the zone of an event that is there; UTC is also that of one for which nobody said any."""
        programme = self._found(event)
        return zone(programme.zone) if programme is not None and programme.zone != "UTC" else None

    async def _organiser(self, request: Request, action: str) -> None:
        authorize(await doors.actor(request, self._tokens), action, EVERY_SESSION)


def _may(asker: Claims, action: str, session: str) -> bool:
    try:
        authorize(asker, action, session)
    except Forbidden:
        return False
    return True


def _checked(said: str, kind: Any, what: str) -> Any:
    try:
        return msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        raise BadRequest("bad_request", f"{what} is not as described: {error}.") from error


def _file(body: bytes, media_type: str, name: str) -> Response:
    return Response(
        body,
        headers={"Cache-Control": "no-cache", "Content-Disposition": f'attachment; filename="{name}"'},
        media_type=media_type,
    )
