"""Programmes as values, for tests that do not read them from files."""

from __future__ import annotations

from hypothesis import strategies as st

from signaling.programme.merge import DEFAULT_SOURCE, finished
from signaling.programme.model import (
    Draft,
    DraftItem,
    DraftPerson,
    Programme,
    ProgrammeItem,
    ProgrammePerson,
    ProgrammeRoom,
    name_key,
)
from signaling.programme.reading import paragraphs, text

HOUR = 3_600_000
NINE = 1_777_597_200_000  # 2026-05-01 09:00 in Shanghai
EMPTY = Programme("conf", "Conference", "Asia/Shanghai")
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "UTC", "Australia/Lord_Howe")


def drafted(key: str, start: int = 0, lasts: int = HOUR, **more: object) -> DraftItem:
    """Return a drafted item that begins `start` ms after nine."""
    begins = NINE + start
    item = DraftItem(
        key,
        f"Session {key}",
        begins,
        begins + lasts,
        "Asia/Shanghai",
        kind="talk",
        room=("r1", "Hall"),
        abstract="",
        languages=(),
        chairs=(),
        speakers=(),
        visibility="public",
    )
    return replace(item, **more)


def replace(item: DraftItem, **more: object) -> DraftItem:
    fields = {name: getattr(item, name) for name in item.__slots__}
    return DraftItem(**(fields | more))


def draft(*items: DraftItem) -> Draft:
    return Draft("Conference", "conf", "Asia/Shanghai", items)


def planned(start: int, lasts: int = HOUR, room: str = "r1", **more: object) -> ProgrammeItem:
    """Return an item that begins `start` ms after nine."""
    begins = NINE + start
    said: dict[str, object] = {"room": room, "source": DEFAULT_SOURCE} | more
    return ProgrammeItem(f"conf.{start}{room}", "x", begins, begins + lasts, "UTC", **said)  # type: ignore[arg-type]


def programmes(
    title: str = "A talk", abstract: str = "", name: str = "Ada", room: str = "Hall", start: int = NINE
) -> Programme:
    """Return a programme of one item."""
    item = ProgrammeItem(
        "conf.k1",
        title,
        start,
        start + HOUR,
        "Asia/Shanghai",
        room="r-000000000001",
        abstract=abstract,
        speakers=("p-000000000001",),
        source=DEFAULT_SOURCE,
    )
    rooms, people = [ProgrammeRoom("r-000000000001", room)], [ProgrammePerson("p-000000000001", name)]
    return finished(EMPTY, rooms, people, [item], now=NINE)


LINES = st.text(max_size=30).map(text)
NAMES = LINES.filter(bool)
PEOPLE = st.builds(
    lambda name, affiliation, title: DraftPerson(name_key(name), name, affiliation, title),
    NAMES,
    LINES,
    LINES,
)
ITEMS = st.builds(
    lambda key, name, begins, lasts, zone, room, abstract, kind, people, seen, tongues: DraftItem(
        f"k{key}",
        name,
        begins * 1000,
        (begins + lasts) * 1000,
        zone,
        kind=kind,
        room=(name_key(room), room) if room else ("", ""),
        abstract=abstract,
        languages=tongues,
        chairs=people[:1],
        speakers=people[1:],
        visibility=seen,
    ),
    st.integers(0, 9),
    NAMES,
    # The autumn of 2026, when clocks are put back all over the world.
    st.integers(1_790_000_000, 1_795_000_000),
    st.integers(1, 86_400),
    st.sampled_from(ZONES),
    LINES,
    st.text(max_size=60).map(paragraphs),
    st.sampled_from(("talk", "forum", "ceremony", "symposium", None)),
    st.lists(PEOPLE, max_size=3, unique_by=lambda person: person.key).map(tuple),
    st.sampled_from(("public", "invitation", None)),
    st.sampled_from(((), ("zh-Hans", "en"), None)),
)
DRAFTS = st.lists(ITEMS, min_size=1, max_size=6, unique_by=lambda item: item.key).map(
    lambda items: draft(*items)
)
