"""A programme written by hand, one item or one person at a time: what REST offers beside imports.

The law is the import's (merge.py), told at once: what has begun is not moved, and asking for it is a
conflict. An imported item stays its source's: the next import says again what it says.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from signaling.errors import BadRequest, Conflict, NotFound
from signaling.programme.merge import PLACED, Statuses, begun, finished
from signaling.programme.model import (
    BY_HAND,
    MAX_LASTS,
    MAX_PEOPLE,
    Abstract,
    Language,
    Moment,
    Programme,
    ProgrammeItem,
    ProgrammePerson,
    ProgrammeRoom,
    Zone,
    name_key,
    named,
    person_id,
    room_id,
)
from signaling.programme.reading import paragraphs, text, zone
from signaling.protocol import Id, Kind, Line, Name, Title, Visibility


class NewPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody of an item. With an `id`, whoever has it in this event; else by name."""

    name: Name
    affiliation: Line = ""
    title: Line = ""
    id: Id | None = None


class NewItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item as it shall be, whole. `room` is a name; without `zone`, the event's."""

    title: Title
    start: Moment
    end: Moment
    zone: Zone | None = None
    kind: Kind = "talk"
    room: Line = ""
    abstract: Abstract = ""
    languages: Annotated[tuple[Language, ...], Meta(max_length=16)] = ()
    chairs: Annotated[tuple[NewPerson, ...], Meta(max_length=MAX_PEOPLE)] = ()
    speakers: Annotated[tuple[NewPerson, ...], Meta(max_length=MAX_PEOPLE)] = ()
    visibility: Visibility = "public"


class PersonDetails(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be said of a person, whole."""

    name: Name
    affiliation: Line = ""
    title: Line = ""


class RoomDetails(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a room is called."""

    name: Name


def put_item(
    programme: Programme, item_id: str, wanted: NewItem, statuses: Statuses, *, now: int
) -> Programme:
    """Return the programme with this item as wanted; raises BadRequest, Conflict."""
    if item_id.partition(".")[0] != programme.id or not item_id.partition(".")[2]:
        raise BadRequest("bad_request", "An item's id begins with its event's and a dot.")
    if not wanted.start < wanted.end <= wanted.start + MAX_LASTS:
        raise BadRequest("bad_request", "An item ends after it starts, and within a month.")
    checked_zone(wanted.zone or programme.zone)
    title = text(wanted.title)
    if not title:
        raise BadRequest("bad_request", "The title is empty.")
    rooms = {room.id: room for room in programme.rooms}
    people = {person.id: person for person in programme.people}
    before = programme.item(item_id)
    item = ProgrammeItem(
        id=item_id,
        title=title,
        start=wanted.start,
        end=wanted.end,
        zone=wanted.zone or programme.zone,
        kind=wanted.kind,
        room=_room(rooms, text(wanted.room)),
        abstract=paragraphs(wanted.abstract),
        languages=wanted.languages,
        chairs=_ids(people, wanted.chairs),
        speakers=_ids(people, wanted.speakers),
        visibility=wanted.visibility,
        revision=before.revision if before else 0,
        changed=before.changed if before else 0,
        source=before.source if before else BY_HAND,
    )
    if before is not None and begun(statuses, item_id):
        _refuse_moves(before, item)
    items = {one.id: one for one in programme.items} | {item_id: item}
    return finished(programme, rooms.values(), people.values(), items.values(), now=now)


def withdraw(programme: Programme, item_id: str, statuses: Statuses, *, now: int) -> Programme:
    """Return the programme with this item withdrawn; raises NotFound, Conflict."""
    item = programme.item(item_id)
    if item is None:
        raise NotFound("item_not_found", "There is no such item in the programme.")
    if begun(statuses, item_id) and not item.withdrawn:
        raise Conflict("item_begun", "The session has begun; end it instead.")
    items = {one.id: one for one in programme.items}
    items[item_id] = msgspec.structs.replace(item, withdrawn=True)
    return finished(programme, programme.rooms, programme.people, items.values(), now=now)


def put_person(programme: Programme, one: str, wanted: PersonDetails, *, now: int) -> Programme:
    """Return the programme with this said of a person; raises NotFound, BadRequest."""
    people = {person.id: person for person in programme.people}
    if one not in people:
        raise NotFound("person_not_found", "There is nobody of this id in the programme.")
    if not text(wanted.name):
        raise BadRequest("bad_request", "The name is empty.")
    people[one] = ProgrammePerson(one, text(wanted.name), text(wanted.affiliation), text(wanted.title))
    return finished(programme, programme.rooms, people.values(), programme.items, now=now)


def put_room(programme: Programme, one: str, wanted: RoomDetails, *, now: int) -> Programme:
    """Return the programme with a room called this; raises NotFound, BadRequest."""
    rooms = {room.id: room for room in programme.rooms}
    if one not in rooms:
        raise NotFound("room_not_found", "There is no room of this id in the programme.")
    if not text(wanted.name):
        raise BadRequest("bad_request", "The name is empty.")
    rooms[one] = ProgrammeRoom(one, text(wanted.name))
    return finished(programme, rooms.values(), programme.people, programme.items, now=now)


def checked_zone(name: str) -> str:
    """Return the name of an IANA zone; raises BadRequest."""
    if zone(name) is None:
        raise BadRequest("bad_request", "The zone is no IANA time zone, such as Asia/Shanghai.")
    return name


def _refuse_moves(before: ProgrammeItem, item: ProgrammeItem) -> None:
    moved = [name for name in PLACED if getattr(before, name) != getattr(item, name)]
    if before.withdrawn:
        moved.remove("withdrawn")  # what is on is in the programme
    if moved:
        raise Conflict("item_begun", f"The session has begun: its {', '.join(moved)} cannot be changed.")


def _room(rooms: dict[str, ProgrammeRoom], name: str) -> str:
    if not name:
        return ""
    room = ProgrammeRoom(named(rooms.values(), name) or room_id(BY_HAND, name_key(name)), name)
    rooms.setdefault(room.id, room)
    return room.id


def _stranger(people: dict[str, ProgrammePerson], name: str, affiliation: str) -> str:
    """Return an id for somebody of a name that others may have too."""
    one = person_id(BY_HAND, name_key(name))
    return one if one not in people else person_id(BY_HAND, f"{name_key(name)}|{name_key(affiliation)}")


def _ids(people: dict[str, ProgrammePerson], wanted: tuple[NewPerson, ...]) -> tuple[str, ...]:
    found = []
    for person in wanted:
        name = text(person.name)
        if person.id is not None and person.id not in people:
            raise BadRequest("bad_request", "A person's id is none of this event.")
        if not name:
            raise BadRequest("bad_request", "A person's name is empty.")
        affiliation, title = text(person.affiliation), text(person.title)
        one = person.id or named(people.values(), name, affiliation) or _stranger(people, name, affiliation)
        known = people.get(one, ProgrammePerson(one, name))
        people[one] = ProgrammePerson(one, name, affiliation or known.affiliation, title or known.title)
        found.append(one)
    return tuple(dict.fromkeys(found))
