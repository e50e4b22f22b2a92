"""What the doors of events take and give, and how they are described (OpenAPI)."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from signaling.openapi import Operation
from signaling.programme.edit import NewItem, PersonDetails, RoomDetails
from signaling.programme.formats import Format
from signaling.programme.merge import Change
from signaling.programme.model import MAX_ITEMS, ProgrammePerson, ProgrammeRoom, Zone
from signaling.programme.view import EventInfo, ListedItem, ProgrammeView
from signaling.protocol import Id, Session, Title

FILES: Final = (
    "application/octet-stream",
    "application/json",
    "application/xml",
    "text/xml",
    "text/calendar",
    "text/csv",
)
"""Media types of files to import; which of the formats it is, the file itself shows."""


class EventDetails(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an event is called. `published`: anybody may read what is public of its programme."""

    title: Title
    zone: Zone = "UTC"
    published: bool = False


class EventList(msgspec.Struct, frozen=True):
    """The events that the asker may see."""

    events: tuple[EventInfo, ...]


class RoomList(msgspec.Struct, frozen=True):
    """The rooms that the asker may see, by name."""

    rooms: tuple[ProgrammeRoom, ...]


class Imported(msgspec.Struct, frozen=True):
    """What an import changed, or with `dry_run` would change, and what was passed over in the file."""

    event: EventInfo
    format: Format
    dry_run: bool
    changes: tuple[Change, ...]
    warnings: tuple[str, ...]


class WantedSessions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which items are to be live sessions; without `items`, all that are not withdrawn."""

    items: Annotated[tuple[Id, ...], Meta(max_length=MAX_ITEMS)] | None = None


class OpenedSessions(msgspec.Struct, frozen=True):
    """The live sessions, in the programme's order."""

    sessions: tuple[Session, ...]


_READ: Final = (401, 404, 503)
_WRITE: Final = (400, 401, 403, 404, 409, 413, 415, 429, 503)
_EVENT: Final = "/api/events/{event}"

OPERATIONS: Final = (
    Operation(
        "GET",
        "/api/events",
        "listEvents",
        "List the published events; an owner of all sees the others too.",
        gives=EventList,
        refuses=(401, 503),
        secured="optional",
        tag="events",
    ),
    Operation(
        "PUT",
        _EVENT,
        "putEvent",
        "Create an event, or say anew what it is called (owner of all).",
        takes=EventDetails,
        gives=EventInfo,
        refuses=(400, 401, 403, 413, 415, 429, 503),
        tag="events",
    ),
    Operation(
        "DELETE",
        _EVENT,
        "deleteEvent",
        "Delete an event none of whose sessions is running; the sessions stay (owner of all).",
        status=204,
        refuses=(401, 403, 404, 409, 429, 503),
        tag="events",
    ),
    Operation(
        "POST",
        f"{_EVENT}/import",
        "importProgramme",
        "Import a schedule: pretalx JSON, frab XML, iCalendar or CSV, up to 4 MiB (owner of all).",
        takes=FILES,
        gives=Imported,
        refuses=(400, 401, 403, 409, 413, 415, 429, 503),
        query={
            "format": "`pretalx`, `frab`, `icalendar` or `csv`; by default `auto`.",
            "zone": "The IANA zone of times that name none; by default the event's.",
            "source": "Whose items these are: an import withdraws only those of its own source.",
            "dry_run": "`1`: only say what would change.",
        },
        tag="events",
    ),
    Operation(
        "GET",
        f"{_EVENT}/programme",
        "readProgramme",
        "Read a programme: what is public, and the session of the token.",
        gives=ProgrammeView,
        refuses=_READ,
        secured="optional",
        tag="events",
    ),
    Operation(
        "GET",
        f"{_EVENT}/programme.csv",
        "readTable",
        "Read a programme as a table that an import takes again.",
        gives="text/csv",
        refuses=_READ,
        secured="optional",
        tag="events",
    ),
    Operation(
        "GET",
        f"{_EVENT}/calendar.ics",
        "readCalendar",
        "Read a programme as a calendar (RFC 5545).",
        gives="text/calendar",
        refuses=_READ,
        secured="optional",
        tag="events",
    ),
    Operation(
        "GET",
        f"{_EVENT}/people/{{person}}/calendar.ics",
        "readPersonCalendar",
        "Read the sessions that somebody chairs or speaks in, as a calendar.",
        gives="text/calendar",
        refuses=_READ,
        secured="optional",
        tag="events",
    ),
    Operation(
        "GET",
        f"{_EVENT}/rooms",
        "listRooms",
        "List the rooms of a programme.",
        gives=RoomList,
        refuses=_READ,
        secured="optional",
        tag="events",
    ),
    Operation(
        "PUT",
        f"{_EVENT}/rooms/{{room}}",
        "putRoom",
        "Say anew what a room is called (owner of all).",
        takes=RoomDetails,
        gives=EventInfo,
        refuses=_WRITE,
        tag="events",
    ),
    Operation(
        "GET",
        f"{_EVENT}/people/{{person}}",
        "readPerson",
        "Read who somebody of the programme is.",
        gives=ProgrammePerson,
        refuses=_READ,
        secured="optional",
        tag="events",
    ),
    Operation(
        "PUT",
        f"{_EVENT}/people/{{person}}",
        "putPerson",
        "Say anew who somebody is (owner of all).",
        takes=PersonDetails,
        gives=EventInfo,
        refuses=_WRITE,
        tag="events",
    ),
    Operation(
        "GET",
        f"{_EVENT}/items/{{item}}",
        "readItem",
        "Read an item of the programme, with what became of it.",
        gives=ListedItem,
        refuses=_READ,
        secured="optional",
        tag="events",
    ),
    Operation(
        "PUT",
        f"{_EVENT}/items/{{item}}",
        "putItem",
        "Create or replace an item; `item` is `<event>.<name>` (owner of all).",
        takes=NewItem,
        gives=EventInfo,
        refuses=_WRITE,
        tag="events",
    ),
    Operation(
        "DELETE",
        f"{_EVENT}/items/{{item}}",
        "withdrawItem",
        "Withdraw an item that has not begun; it stays, cancelled (owner of all).",
        gives=EventInfo,
        refuses=(401, 403, 404, 409, 429, 503),
        tag="events",
    ),
    Operation(
        "POST",
        f"{_EVENT}/sessions",
        "openSessions",
        "Make live sessions of items, under the items' ids, or update those there are (owner of all).",
        takes=WantedSessions,
        gives=OpenedSessions,
        refuses=_WRITE,
        tag="events",
    ),
)
