"""A draft meets the programme that is there, and what comes of it is told change by change.

    in the draft  | in the programme         | comes
    --------------|--------------------------|------------------------------------------------
    yes           | no                       | added
    yes           | yes, not begun           | changed, or restored, or left as it is
    yes           | yes, begun or ended      | words changed; time, room, visibility are kept
    no            | yes, never begun         | withdrawn: it stays, cancelled
    unread        | yes                      | kept
    no            | yes, begun or ended      | kept
    either        | yes, of another source   | kept

The law: who is in a room now, or was, is not moved by a file. The same draft twice changes nothing the
second time. What could not be read in a file is not gone from it, so it is not withdrawn; and nothing is,
where not even its key could be read. What a file does not say of a session stays as it is, and a file that
leaves out an affiliation or a title does not take it away from anybody; where it has no more than a name,
the one person or room known by that name is meant. Who stands where somebody of a like name stood, whom the
file names no more, is that person, with the name corrected: their invitation stays theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

from signaling.errors import Conflict
from signaling.programme.model import (
    BY_HAND,
    MAX_ITEMS,
    BadProgramme,
    Draft,
    DraftItem,
    DraftPerson,
    Programme,
    ProgrammeItem,
    ProgrammePerson,
    ProgrammeRoom,
    alike,
    billing,
    item_id,
    name_key,
    named,
    person_id,
    room_id,
)
from signaling.protocol import OVER, Status

DEFAULT_SOURCE: Final = "import"

PLACED: Final = ("start", "end", "zone", "room", "visibility", "withdrawn")
"""What is not changed any more once the doors are open."""

Statuses = Mapping[str, Status]
"""Item's id → what its live session is, of those that have one."""


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one item. `kept`: what the file says was not done, and why.

    `renamed`: somebody of it has another name, and is the same person still.
    """

    what: Literal["added", "changed", "restored", "withdrawn", "kept", "renamed"]
    item: str
    title: str
    fields: tuple[str, ...] = ()
    reason: str = ""


def begun(statuses: Statuses, item: str) -> bool:
    """Say whether an item's session has opened its doors, is live, or has been."""
    return statuses.get(item, "planned") != "planned"


def merge(
    programme: Programme,
    draft: Draft,
    statuses: Statuses,
    *,
    now: int,
    source: str = DEFAULT_SOURCE,
) -> tuple[Programme, tuple[Change, ...]]:
    """Return the programme after an import at `now` (ms), and what changed; raises BadProgramme.

    The version is the caller's matter, as is whether the draft's title and zone are taken.
    """
    if not draft.items:
        raise BadProgramme("There is no session in it that could be read; nothing was changed.")
    tables = _Tables(programme, draft, source)
    items = {item.id: item for item in programme.items}
    changes = tables.renamed
    for drafted in draft.items:
        one = item_id(programme.id, source, drafted.key, DEFAULT_SOURCE)
        before = items.get(one)
        if before is None and drafted.cancelled:
            continue
        if before is not None and before.source != source:
            changes.append(Change("kept", before.id, before.title, reason="It is of another source."))
            continue
        items[one], told = _put(before, tables.item(one, drafted, before), statuses)
        changes += told
    named = {item_id(programme.id, source, drafted.key, DEFAULT_SOURCE) for drafted in draft.items}
    unread = {item_id(programme.id, source, key, DEFAULT_SOURCE) for key in draft.unread}
    for item in programme.items:
        if item.source != source or item.id in named or item.withdrawn:
            continue
        if item.id in unread or draft.unkeyed:
            reason = "It cannot be read in the file." if item.id in unread else "It may be what has no key."
            changes.append(Change("kept", item.id, item.title, ("withdrawn",), reason))
            continue
        items[item.id], told = _put(item, msgspec.structs.replace(item, withdrawn=True), statuses)
        changes += told
    merged = finished(programme, tables.rooms.values(), tables.people.values(), items.values(), now=now)
    return merged, (*changes, *_reworded(programme, merged, changes))


def finished(
    before: Programme,
    rooms: Iterable[ProgrammeRoom],
    people: Iterable[ProgrammePerson],
    items: Iterable[ProgrammeItem],
    *,
    now: int,
) -> Programme:
    """Return a programme in order: revisions raised where anything shows, nobody in it for nothing."""
    ordered = tuple(sorted(items, key=lambda item: (item.start, item.end, item.id)))
    if len(ordered) > MAX_ITEMS:
        raise Conflict("too_many_items", f"An event has {MAX_ITEMS} sessions at most.")
    used = {one for item in ordered for one in (item.room, *item.chairs, *item.speakers)}
    whole = msgspec.structs.replace(
        before,
        rooms=tuple(sorted((r for r in rooms if r.id in used), key=lambda room: (room.name, room.id))),
        people=tuple(sorted((p for p in people if p.id in used), key=lambda one: (one.name, one.id))),
        items=ordered,
    )
    former = {item.id: _shown(before, item) for item in before.items}
    revised = []
    for item in whole.items:
        known = former.get(item.id)
        if known is None:
            revised.append(msgspec.structs.replace(item, revision=0, changed=now // 1000 * 1000))
        elif known != _shown(whole, item):
            up = item.revision + 1
            revised.append(msgspec.structs.replace(item, revision=up, changed=now // 1000 * 1000))
        else:
            revised.append(item)
    return msgspec.structs.replace(whole, items=tuple(revised))


def _shown(programme: Programme, item: ProgrammeItem) -> tuple[Any, ...]:
    """Return all that a calendar says of an item, names resolved."""
    return (item.title, item.abstract, item.withdrawn, billing(programme, item))


def _put(
    before: ProgrammeItem | None, wanted: ProgrammeItem, statuses: Statuses
) -> tuple[ProgrammeItem, list[Change]]:
    if before is None:
        return wanted, [Change("added", wanted.id, wanted.title)]
    wanted = msgspec.structs.replace(wanted, revision=before.revision, changed=before.changed)
    told: list[Change] = []
    if begun(statuses, before.id):
        moved = tuple(name for name in PLACED if getattr(wanted, name) != getattr(before, name))
        if moved:
            status = statuses[before.id]
            reason = "It has ended." if status in OVER else "It has begun." if status != "doors" else ""
            told.append(Change("kept", before.id, before.title, moved, reason or "Its doors are open."))
            kept = {name: getattr(before, name) for name in moved}
            wanted = msgspec.structs.replace(wanted, **kept)
    fields = tuple(
        name for name in wanted.__struct_fields__ if getattr(wanted, name) != getattr(before, name)
    )
    if fields:
        restored = before.withdrawn and not wanted.withdrawn
        what: Literal["restored", "withdrawn", "changed"] = (
            "restored" if restored else "withdrawn" if "withdrawn" in fields else "changed"
        )
        rest = tuple(name for name in fields if name != "withdrawn")
        told.append(Change(what, wanted.id, wanted.title, rest))
    return wanted, told


def _reworded(before: Programme, after: Programme, told: list[Change]) -> tuple[Change, ...]:
    """Return the items that show something else only because a room or a person does."""
    known = {change.item for change in told if change.what != "kept"}
    former = {item.id: item.revision for item in before.items}
    return tuple(
        Change("changed", item.id, item.title, ("people",))
        for item in after.items
        if item.id in former and item.id not in known and item.revision != former[item.id]
    )


class _Tables:
    """The rooms and people of a programme, with those of a draft put into them."""

    def __init__(self, programme: Programme, draft: Draft, source: str) -> None:
        self._source = source
        self.rooms = {room.id: room for room in programme.rooms}
        self.people = {person.id: person for person in programme.people}
        self.renamed: list[Change] = []
        self._room_ids: dict[str, str] = {}
        self._person_ids: dict[str, str] = {}
        self._rooms_of(draft)
        self._people_of(programme, draft)

    def _rooms_of(self, draft: Draft) -> None:
        said = dict(item.room for item in draft.items if item.room and item.room[1])
        wanted = [(key, name, "") for key, name in said.items()]
        self._room_ids = _meant(self.rooms, wanted, lambda key: room_id(self._source, key))
        for key, one in self._room_ids.items():
            known = self.rooms.get(one)
            # A key that is a name is not another name's: this room has been renamed by hand since.
            renamed = known and key.startswith("name:") and name_key(known.name) != name_key(said[key])
            self.rooms[one] = known if known and renamed else ProgrammeRoom(one, said[key])

    def _people_of(self, programme: Programme, draft: Draft) -> None:
        said: dict[str, DraftPerson] = {}
        for person in (one for item in draft.items for one in item.people()):
            first = said.get(person.key, person)
            affiliation, title = first.affiliation or person.affiliation, first.title or person.title
            said[person.key] = DraftPerson(person.key, first.name, affiliation, title)
        wanted = [(person.key, person.name, person.affiliation) for person in said.values()]
        self._person_ids = _meant(self.people, wanted, lambda key: person_id(self._source, key))
        self._rename(programme, draft)
        for person in said.values():
            one = self._person_ids[person.key]
            known = self.people.get(one, ProgrammePerson(one, person.name))
            self.people[one] = ProgrammePerson(
                one, person.name, person.affiliation or known.affiliation, person.title or known.title
            )

    def _rename(self, programme: Programme, draft: Draft) -> None:
        """Let whoever stands in the place of somebody of a like name, who is in the file no more, be them."""
        items = {item.id: item for item in programme.items}
        stays = {self._person_ids[person.key] for item in draft.items for person in item.people()}
        others = (item for item in programme.items if item.source not in (self._source, BY_HAND))
        stays |= {one for item in others for one in (*item.chairs, *item.speakers)}
        places: dict[tuple[str, str], list[tuple[ProgrammeItem, str, str]]] = {}
        for drafted in draft.items:
            before = items.get(item_id(programme.id, self._source, drafted.key, DEFAULT_SOURCE))
            if before is None or before.source != self._source:
                continue
            for field, were, people in (
                ("chairs", before.chairs, drafted.chairs or ()),
                ("speakers", before.speakers, drafted.speakers or ()),
            ):
                for old, person in zip(were, people, strict=False) if len(were) == len(people) else ():
                    known = self.people.get(old)
                    new = self._person_ids[person.key]
                    if (
                        known
                        and old not in stays
                        and new not in self.people
                        and alike(known.name, person.name)
                    ):
                        places.setdefault((old, person.key), []).append((before, field, person.name))
        for (old, key), found in places.items():
            if sum(old == one for one, _ in places) == sum(key == other for _, other in places) == 1:
                self._person_ids[key] = old
                for before, field, name in found:
                    told = f"{self.people[old].name} is called {name} now."
                    self.renamed.append(Change("renamed", before.id, before.title, (field,), told))

    def item(self, one: str, said: DraftItem, before: ProgrammeItem | None) -> ProgrammeItem:
        """Return a drafted item as one of the programme: what it does not say is as it was `before`."""

        def ids(people: tuple[DraftPerson, ...] | None) -> tuple[str, ...] | None:
            return None if people is None else tuple(dict.fromkeys(self._person_ids[p.key] for p in people))

        told = {
            "kind": said.kind,
            "room": None if said.room is None else self._room_ids[said.room[0]] if said.room[1] else "",
            "abstract": said.abstract,
            "languages": said.languages,
            "chairs": ids(said.chairs),
            "speakers": ids(said.speakers),
            "visibility": said.visibility,
        }
        return msgspec.structs.replace(
            before or ProgrammeItem(one, said.title, said.start, said.end, said.zone),
            title=said.title,
            start=said.start,
            end=said.end,
            zone=said.zone,
            withdrawn=said.cancelled,
            source=self._source,
            **{name: value for name, value in told.items() if value is not None},
        )


def _meant(
    known: Mapping[str, ProgrammeRoom | ProgrammePerson],
    said: Iterable[tuple[str, str, str]],
    made: Callable[[str], str],
) -> dict[str, str]:
    """Return the id that each `(key, name, affiliation)` means; `made` is that of a key nobody has yet."""
    found: dict[str, str] = {}
    unknown = []
    for key, name, affiliation in said:
        one = made(key)
        if key.startswith("name:") and (one not in known or name_key(known[one].name) != name_key(name)):
            one = named(known.values(), name, affiliation) or ""
        if one:
            found[key] = one
        else:
            unknown.append(key)
    taken = set(found.values())
    for key in unknown:
        other = key
        while made(other) in taken:  # somebody was called that, and is still in the file, called otherwise
            other += "\n"
        found[key] = made(other)
        taken.add(found[key])
    return found
