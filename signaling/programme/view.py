"""Who may see what of a programme. The law: what is by invitation is in no answer to anybody else.

Neither are its people and its room, where nothing that may be seen is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from signaling.programme.model import Programme, ProgrammeItem, ProgrammePerson, ProgrammeRoom
from signaling.protocol import Session, Status, Timetable

EVERYTHING = "*"
"""The scope of who may see all; other scopes are the id of one item, or nothing."""


class EventInfo(msgspec.Struct, frozen=True):
    """An event without its programme. `version` counts its changes, `changed` says when the last was."""

    id: str
    title: str
    zone: str
    published: bool
    version: int
    changed: int


class ListedItem(ProgrammeItem, frozen=True, omit_defaults=True, kw_only=True):
    """An item with what became of it: `status` says none where there is no live session.

    `recording` is where it can be seen again.
    """

    status: Status | None = None
    started: int | None = None
    ended: int | None = None
    recording: str | None = None
    expected: Timetable | None = None


class ProgrammeView(msgspec.Struct, frozen=True):
    """A programme as the asker may see it; `time` is the server's."""

    event: EventInfo
    time: int
    rooms: tuple[ProgrammeRoom, ...]
    people: tuple[ProgrammePerson, ...]
    items: tuple[ListedItem, ...]


def info(programme: Programme) -> EventInfo:
    """Return what is said of an event in a list."""
    return EventInfo(
        programme.id,
        programme.title,
        programme.zone,
        programme.published,
        programme.version,
        programme.changed,
    )


def scope_of(programme: Programme, session: str | None) -> str:
    """Return what a token of one session adds to what is public: its own item, or nothing."""
    return session if session is not None and programme.item(session) is not None else ""


def visible(programme: Programme, scope: str) -> Programme:
    """Return the programme as it may be seen: whole, or the public items and the scope's own."""
    if scope == EVERYTHING:
        return programme
    items = tuple(
        msgspec.structs.replace(item, source="")
        for item in programme.items
        if item.visibility == "public" or item.id == scope
    )
    used = {one for item in items for one in (item.room, *item.chairs, *item.speakers)}
    return msgspec.structs.replace(
        programme,
        items=items,
        rooms=tuple(room for room in programme.rooms if room.id in used),
        people=tuple(person for person in programme.people if person.id in used),
    )


def listed(
    seen: Programme, sessions: Mapping[str, Session], expected: Mapping[str, Timetable], now: int
) -> ProgrammeView:
    """Return what may be seen of a programme (`visible`), with what became of it."""
    items = []
    for item in seen.items:
        session = sessions.get(item.id)
        items.append(
            ListedItem(
                **msgspec.structs.asdict(item),
                status=session.status if session else None,
                started=session.started if session else None,
                ended=session.ended if session else None,
                recording=session.recording if session else None,
                expected=expected.get(item.id),
            )
        )
    return ProgrammeView(info(seen), now, seen.rooms, seen.people, tuple(items))
