"""What a programme is: the sessions of an event as they are planned, its rooms and its people.

An *item* is a session as planned; its id is also the id of the live session that it becomes. A *draft*
is what a file says, before it meets the programme that is there (merge.py). The law: ids follow from
the event and the source's own keys, so that the same file read again means the same items; a bare name
means whoever has it already.
Times are milliseconds since 1970, whole seconds; zones are IANA names. Nothing here reads a clock.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from signaling.errors import BadRequest
from signaling.protocol import LATEST, Billed, Billing, Id, Kind, Line, Name, Title, Visibility

MAX_ITEMS: Final = 2000
"""Sessions of one event at most, withdrawn ones counted."""

MAX_PEOPLE: Final = 50
"""People of one session at most, of each kind."""

MAX_ABSTRACT: Final = 10_000
"""Characters of an abstract that are kept."""

MAX_LASTS: Final = 31 * 86_400_000
"""Milliseconds a session may last: whoever says more has mixed something up."""

BY_HAND: Final = "hand"
"""The source of what was written over REST, which no import touches."""

EventId = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9_-]+(?!\n)$")]
"""No dots: an item's id is `<event>.<its own part>`, so no two events' items meet."""

Source = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9_-]+(?!\n)$")]
Abstract = Annotated[str, Meta(max_length=MAX_ABSTRACT)]
Language = Annotated[str, Meta(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*(?!\n)$")]
"""A BCP 47 tag."""

Moment = Annotated[int, Meta(ge=0, le=LATEST, multiple_of=1000)]
"""Milliseconds since 1970, up to the year 2200."""

Zone = Annotated[str, Meta(min_length=1, max_length=64)]


class BadProgramme(BadRequest):
    """The file cannot be read as a programme; the sentence says where, not what."""

    def __init__(self, detail: str) -> None:
        super().__init__("bad_programme", detail)


# -- the programme -----------------------------------------------------------------------------------


class ProgrammeRoom(msgspec.Struct, frozen=True):
    """A room of the event."""

    id: Id
    name: Name


class ProgrammePerson(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody who chairs or speaks."""

    id: Id
    name: Name
    affiliation: Line = ""
    title: Line = ""


class ProgrammeItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One session as planned. `room`, `chairs` and `speakers` are ids of this programme.

    `revision` counts its changes (SEQUENCE in RFC 5545, 3.8.7.4), `changed` says when the last was.
    A withdrawn item stays, so that calendars learn that it is cancelled.
    """

    id: Id
    title: Title
    start: Moment
    end: Moment
    zone: Zone
    kind: Kind = "talk"
    room: str = ""
    abstract: Abstract = ""
    languages: tuple[Language, ...] = ()
    chairs: tuple[Id, ...] = ()
    speakers: tuple[Id, ...] = ()
    visibility: Visibility = "public"
    withdrawn: bool = False
    revision: int = 0
    changed: int = 0
    source: str = BY_HAND


class Programme(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event whole. `published`: its public items may be read without a token. Items by start."""

    id: EventId
    title: Title
    zone: Zone = "UTC"
    published: bool = False
    version: int = 0
    changed: int = 0
    rooms: tuple[ProgrammeRoom, ...] = ()
    people: tuple[ProgrammePerson, ...] = ()
    items: tuple[ProgrammeItem, ...] = ()

    def item(self, item_id: str) -> ProgrammeItem | None:
        """Return an item by its id."""
        return next((item for item in self.items if item.id == item_id), None)


def billing(programme: Programme, item: ProgrammeItem) -> Billing:
    """Return what a live session is told of its item."""
    rooms = {room.id: room.name for room in programme.rooms}
    people = {person.id: person for person in programme.people}

    def billed(ids: tuple[str, ...]) -> tuple[Billed, ...]:
        found = (people[i] for i in ids if i in people)
        return tuple(Billed(p.id, p.name, p.affiliation, p.title) for p in found)

    return Billing(
        event=programme.id,
        start=item.start,
        end=item.end,
        zone=item.zone,
        kind=item.kind,
        room=rooms.get(item.room, ""),
        languages=item.languages,
        chairs=billed(item.chairs),
        speakers=billed(item.speakers),
        visibility=item.visibility,
        withdrawn=item.withdrawn,
    )


# -- drafts ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DraftPerson:
    """Somebody as a file names them; `key` is the source's own, or the name."""

    key: str
    name: str
    affiliation: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class DraftItem:
    """A session as a file describes it. `room` is `(key, name)`; no name, no room.

    None is what the file does not say: a new session is then as ours are by default, and one that is there
    stays as it is. So a file without a word for it never opens what is by invitation.
    """

    key: str
    title: str
    start: int
    end: int
    zone: str
    kind: Kind | None = None
    room: tuple[str, str] | None = None
    abstract: str | None = None
    languages: tuple[str, ...] | None = None
    chairs: tuple[DraftPerson, ...] | None = None
    speakers: tuple[DraftPerson, ...] | None = None
    visibility: Visibility | None = None
    cancelled: bool = False

    def people(self) -> tuple[DraftPerson, ...]:
        """Return everybody it names."""
        return (*(self.chairs or ()), *(self.speakers or ()))


@dataclass(frozen=True, slots=True)
class Draft:
    """What a file says. `acronym` would do as the event's id; `warnings` tell what was passed over.

    `unread` are the keys of entries that were; `unkeyed`: there are some whose keys cannot be read either.
    """

    title: str = ""
    acronym: str = ""
    zone: str = ""
    items: tuple[DraftItem, ...] = ()
    warnings: tuple[str, ...] = ()
    unread: frozenset[str] = frozenset()
    unkeyed: bool = False


def item_id(event: str, source: str, key: str, default: str) -> str:
    """Return the id of an item: readable where the key is short and of the default source."""
    own = key if source == default and re.fullmatch(r"[A-Za-z0-9_-]{1,24}", key) else ""
    return f"{event}.{own or digest(source, key)}"


def person_id(source: str, key: str) -> str:
    """Return the id of a person within an event; our own id, in a file that we wrote, is itself."""
    return _own_id("p", source, key)


def room_id(source: str, key: str) -> str:
    """Return the id of a room within an event, by the same rule."""
    return _own_id("r", source, key)


def _own_id(prefix: str, source: str, key: str) -> str:
    if re.fullmatch(prefix + r"-[0-9a-f]{12}", key):
        return key
    # Names and GUIDs mean the same in every source; `7` does not.
    everywhere = key.startswith("name:") or re.fullmatch(r"[0-9A-Fa-f-]{32,36}", key)
    return f"{prefix}-{digest(key) if everywhere else digest(source, key)}"


def named(known: Iterable[ProgrammeRoom | ProgrammePerson], name: str, affiliation: str = "") -> str | None:
    """Return the id of the only one of this name, unless the affiliations say that it is another."""
    found = [one for one in known if name_key(one.name) == name_key(name)]
    if affiliation:
        found = [one for one in found if getattr(one, "affiliation", "") in ("", affiliation)]
    return found[0].id if len(found) == 1 else None


def alike(one: str, other: str) -> bool:
    """Say whether two names may be one that was corrected: a word in common, or half of their letters."""
    first, second = (name_key(name).removeprefix("name:") for name in (one, other))
    if set(first.split()) & set(second.split()):
        return True
    return SequenceMatcher(None, first, second, autojunk=False).ratio() >= 0.5


def name_key(name: str) -> str:
    """Return the key of somebody or something known by name only."""
    return "name:" + unicodedata.normalize("NFKC", name).casefold()


def digest(*parts: str) -> str:
    """Return twelve hexadecimal digits that stand for these texts."""
    return hashlib.blake2s("\0".join(parts).encode(), digest_size=6).hexdigest()
