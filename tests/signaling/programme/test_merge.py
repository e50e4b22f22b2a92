"""Re-importing: idempotent, keeps what has begun, withdraws what is gone, raises revisions."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.errors import Conflict, NotFound
from signaling.programme.edit import (
    NewItem,
    NewPerson,
    PersonDetails,
    RoomDetails,
    put_item,
    put_person,
    put_room,
    withdraw,
)
from signaling.programme.merge import PLACED, begun, merge
from signaling.programme.model import (
    BadProgramme,
    Draft,
    DraftPerson,
    Programme,
    ProgrammeItem,
    billing,
    person_id,
)
from signaling.programme.view import EVERYTHING, scope_of, visible
from signaling.protocol import Status

from .planned import DRAFTS, EMPTY, HOUR, NINE, draft, drafted, replace

STATUSES = st.dictionaries(
    st.sampled_from([f"conf.k{n}" for n in range(10)]),
    st.sampled_from(("planned", "doors", "live", "paused", "ended")),
)


def item_of(programme: Programme, item_id: str) -> ProgrammeItem:
    item = programme.item(item_id)
    assert item is not None
    return item


def placed(item: ProgrammeItem) -> list[object]:
    return [getattr(item, name) for name in PLACED]


@settings(max_examples=60)
@given(DRAFTS, DRAFTS, STATUSES)
def test_importing_twice_is_importing_once_and_who_has_begun_is_not_moved(
    one: Draft, two: Draft, statuses: dict[str, Status]
) -> None:
    before, added = merge(EMPTY, one, {}, now=NINE)
    assert {change.what for change in added} == {"added"}
    assert merge(before, one, statuses, now=NINE + 1) == (before, ())
    after, _ = merge(before, two, statuses, now=NINE + 2)
    for item in before.items:
        if begun(statuses, item.id):
            assert placed(item_of(after, item.id)) == placed(item)
    again, changes = merge(after, two, statuses, now=NINE + 3)
    assert again == after
    assert all(change.what == "kept" for change in changes)
    back, _ = merge(after, one, {}, now=NINE + 4)
    for said in one.items:
        found = item_of(back, f"conf.{said.key}")
        assert (found.start, found.end, found.withdrawn) == (said.start, said.end, False)
    assert all(item_of(back, item.id).revision >= item.revision for item in after.items)


def test_what_changes_is_told_by_its_fields() -> None:
    before, _ = merge(EMPTY, draft(drafted("a"), drafted("b", HOUR), drafted("c", 2 * HOUR)), {}, now=NINE)
    changed = draft(
        drafted("a", 30_000, title="Anew"), drafted("b", HOUR), drafted("d", 3 * HOUR, cancelled=True)
    )
    after, changes = merge(before, changed, {}, now=NINE)
    assert [(c.what, c.item, c.fields) for c in changes] == [
        ("changed", "conf.a", ("title", "start", "end")),
        ("withdrawn", "conf.c", ()),
    ]
    assert item_of(after, "conf.c").withdrawn
    _, changes = merge(after, draft(drafted("a"), drafted("b", HOUR), drafted("c", 2 * HOUR)), {}, now=NINE)
    assert [(c.what, c.item) for c in changes] == [("changed", "conf.a"), ("restored", "conf.c")]


@pytest.mark.parametrize("status", ["doors", "live", "paused", "ended"])
def test_what_has_begun_keeps_time_room_and_place_but_takes_words(status: Status) -> None:
    before, _ = merge(EMPTY, draft(drafted("a"), drafted("b", HOUR)), {}, now=NINE)
    statuses: dict[str, Status] = {"conf.a": status, "conf.b": status}
    moved = draft(drafted("a", HOUR, title="Better words", room=("r2", "Other"), visibility="invitation"))
    after, changes = merge(before, moved, statuses, now=NINE)
    item = item_of(after, "conf.a")
    assert placed(item) == placed(item_of(before, "conf.a"))
    assert item.title == "Better words"
    assert not item_of(after, "conf.b").withdrawn
    told = [(c.what, c.item, c.fields) for c in changes]
    assert told == [
        ("kept", "conf.a", ("start", "end", "room", "visibility")),
        ("changed", "conf.a", ("title",)),
        ("kept", "conf.b", ("withdrawn",)),
    ]
    assert all(change.reason for change in changes if change.what == "kept")


def test_an_import_touches_only_what_is_its_own_sources() -> None:
    one, _ = merge(EMPTY, draft(drafted("a"), drafted("7", HOUR)), {}, now=NINE)
    both, changes = merge(one, draft(drafted("7", 2 * HOUR)), {}, now=NINE, source="other")
    assert [change.what for change in changes] == ["added"]
    assert len(both.items) == 3
    by_hand = put_item(both, "conf.gala", NewItem("Gala", NINE, NINE + HOUR), {}, now=NINE)
    after, changes = merge(by_hand, draft(drafted("a"), drafted("gala", HOUR)), {}, now=NINE)
    assert [(c.what, c.item) for c in changes] == [("kept", "conf.gala"), ("withdrawn", "conf.7")]
    assert item_of(after, "conf.gala").title == "Gala"


def test_nobody_loses_an_affiliation_and_everybody_leaves_with_their_last_session() -> None:
    ada, bare = DraftPerson("name:ada", "Ada", "Engines", "Prof."), DraftPerson("name:ada", "Ada")
    before, _ = merge(EMPTY, draft(drafted("a", speakers=(ada,))), {}, now=NINE)
    after, changes = merge(before, draft(drafted("a", speakers=(bare,))), {}, now=NINE)
    assert (after, changes) == (before, ())
    alone, _ = merge(after, draft(drafted("a")), {}, now=NINE)
    assert alone.people == ()


def test_another_affiliation_raises_the_revision_of_that_persons_sessions() -> None:
    ada = DraftPerson("name:ada", "Ada", "Engines")
    before, _ = merge(EMPTY, draft(drafted("a", speakers=(ada,)), drafted("b", HOUR)), {}, now=NINE)
    one = person_id("import", "name:ada")
    after = put_person(before, one, PersonDetails("Ada", "Wheels", "Prof."), now=NINE + HOUR)
    assert [item.revision for item in after.items] == [1, 0]
    assert billing(after, item_of(after, "conf.a")).speakers[0].affiliation == "Wheels"
    moved = DraftPerson("name:ada", "Ada", "Third")
    _, changes = merge(after, draft(drafted("a", speakers=(moved,)), drafted("b", HOUR)), {}, now=NINE)
    assert [(c.what, c.item, c.fields) for c in changes] == [("changed", "conf.a", ("people",))]
    with pytest.raises(NotFound):
        put_person(before, "p-none", PersonDetails("x"), now=NINE)


def test_a_name_alone_means_the_one_who_is_known_by_it() -> None:
    guid = DraftPerson("aaaaaaaa-0000-5000-8000-000000000001", "王伟", "清华大学")
    before, _ = merge(EMPTY, draft(drafted("a", speakers=(guid,))), {}, now=NINE)
    alone = drafted("a", speakers=(DraftPerson("name:王伟", "王伟"),), room=("name:hall", "Hall"))
    assert merge(before, draft(alone), {}, now=NINE) == (before, ())
    other = DraftPerson("name:王伟", "王伟", "北京大学")
    after, _ = merge(before, draft(drafted("a", speakers=(guid, other))), {}, now=NINE)
    assert {person.affiliation for person in after.people} == {"清华大学", "北京大学"}
    for affiliation, count in (("清华大学", 2), ("第三大学", 3)):
        gala = NewItem("Gala", NINE, NINE + HOUR, speakers=(NewPerson("王伟", affiliation),))
        assert len(put_item(after, "conf.gala", gala, {}, now=NINE).people) == count


def people(*names: str) -> tuple[DraftPerson, ...]:
    return tuple(DraftPerson(f"name:{name.lower()}", name, "MIT") for name in names)


def test_a_corrected_name_is_the_same_persons() -> None:
    before, _ = merge(EMPTY, draft(drafted("a", speakers=people("Jon Smiht", "Ada"))), {}, now=NINE)
    jon = person_id("import", "name:jon smiht")
    corrected = draft(drafted("a", speakers=people("Jon Smith", "Ada")))
    after, changes = merge(before, corrected, {}, now=NINE)
    assert {one.id: one.name for one in after.people}[jon] == "Jon Smith"
    assert item_of(after, "conf.a").speakers == item_of(before, "conf.a").speakers
    assert [(c.what, c.item, c.fields, c.reason) for c in changes] == [
        ("renamed", "conf.a", ("speakers",), "Jon Smiht is called Jon Smith now.")
    ]
    assert merge(after, corrected, {}, now=NINE) == (after, ())
    # Whoever is really called what the slip was is somebody else, then and later.
    both = draft(drafted("a", speakers=people("Jon Smith", "Ada", "Jon Smiht")))
    three, _ = merge(after, both, {}, now=NINE)
    assert len(set(item_of(three, "conf.a").speakers)) == 3
    assert item_of(three, "conf.a").speakers[0] == jon
    assert merge(three, both, {}, now=NINE) == (three, ())


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ((("Jon Smiht",), ()), (("Bob Jones",), ())),  # another name altogether: a substitute
        ((("Jon Smiht", "Ada"), ()), (("Ada", "Jon Smith"), ())),  # another place
        ((("Jon Smiht",), ()), (("Jon Smith", "Ada"), ())),
        ((("Jon Smiht",), ("Jon Smiht",)), (("Jon Smith",), ("Jon Smiht",))),  # still billed elsewhere
        ((("Jon Smiht",), ("Jon Smuth",)), (("Jon Smith",), ("Jon Smith",))),  # one for two
    ],
)
def test_who_is_not_plainly_the_same_is_somebody_else(
    was: tuple[tuple[str, ...], ...], now: tuple[tuple[str, ...], ...]
) -> None:
    def said(names: tuple[tuple[str, ...], ...]) -> Draft:
        return draft(*(drafted(f"k{n}", n * HOUR, speakers=people(*one)) for n, one in enumerate(names)))

    before, _ = merge(EMPTY, said(was), {}, now=NINE)
    after, changes = merge(before, said(now), {}, now=NINE)
    assert "renamed" not in {change.what for change in changes}
    fresh = {one for names in now for one in names} - {one for names in was for one in names}
    known = {person.id for person in before.people}
    assert all((person.id in known) is (person.name not in fresh) for person in after.people)


def test_a_room_that_is_renamed_by_hand_keeps_that_name_where_the_file_has_no_other_key() -> None:
    said = draft(drafted("a", room=("name:hall", "Hall")), drafted("b", HOUR, room=("name:side", "Side")))
    before, _ = merge(EMPTY, said, {}, now=NINE)
    hall = item_of(before, "conf.a").room
    renamed = put_room(before, hall, RoomDetails("Great hall"), now=NINE)
    assert [item.revision for item in renamed.items] == [1, 0]
    assert merge(renamed, said, {}, now=NINE) == (renamed, ())
    with pytest.raises(NotFound):
        put_room(before, "r-none", RoomDetails("x"), now=NINE)


def test_a_file_without_sessions_withdraws_nothing() -> None:
    before, _ = merge(EMPTY, draft(drafted("a")), {}, now=NINE)
    with pytest.raises(BadProgramme):
        merge(before, draft(), {}, now=NINE)


def test_by_hand_what_has_begun_is_not_moved_either() -> None:
    wanted = NewItem("Gala", NINE, NINE + HOUR, room="Hall", speakers=(NewPerson("Ada", "Engines"),))
    before = put_item(EMPTY, "conf.gala", wanted, {}, now=NINE)
    assert put_item(before, "conf.gala", wanted, {"conf.gala": "live"}, now=NINE) == before
    later = msgspec.structs.replace(wanted, start=NINE + HOUR, end=NINE + 2 * HOUR)
    with pytest.raises(Conflict):
        put_item(before, "conf.gala", later, {"conf.gala": "live"}, now=NINE)
    with pytest.raises(Conflict):
        withdraw(before, "conf.gala", {"conf.gala": "ended"}, now=NINE)
    assert item_of(withdraw(before, "conf.gala", {}, now=NINE), "conf.gala").withdrawn
    renamed = msgspec.structs.replace(wanted, title="Dinner")
    after = put_item(before, "conf.gala", renamed, {"conf.gala": "live"}, now=NINE)
    assert item_of(after, "conf.gala").title == "Dinner"


def test_what_is_by_invitation_is_seen_by_its_own_session_alone() -> None:
    ada, mo = DraftPerson("name:ada", "Ada"), DraftPerson("name:mo", "Mo")
    secret = replace(drafted("s", HOUR, speakers=(mo,)), visibility="invitation", room=("r9", "Vault"))
    whole, _ = merge(EMPTY, draft(drafted("a", speakers=(ada,)), secret), {}, now=NINE)
    public = visible(whole, "")
    assert [item.id for item in public.items] == ["conf.a"]
    assert [person.name for person in public.people] == ["Ada"]
    assert [room.name for room in public.rooms] == ["Hall"]
    assert visible(whole, scope_of(whole, "conf.a")) == public
    assert len(visible(whole, scope_of(whole, "conf.s")).items) == 2
    assert scope_of(whole, "elsewhere") == scope_of(whole, None) == ""
    assert visible(whole, EVERYTHING) == whole
