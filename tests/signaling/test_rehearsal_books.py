"""The books of a rehearsal find what is lost, doubled or made up; one that is always well says nothing."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from signaling.programme.table import parse
from signaling.protocol import Clock, Cue, DeleteChat, Person, PostChat
from signaling.rehearsal import books, by_hand, day, report
from signaling.rehearsal.account import Account, Check
from signaling.rehearsal.acts import Fault
from signaling.rehearsal.guest import Acknowledged, Guest
from signaling.rehearsal.house import House
from signaling.rehearsal.sitting import Pace, Sitting

from .test_cli import complaint, rostrum

Books = dict[str, Any]

REPORT = next(part for part in day.PARTS if part.key == "report")


def guest(person: Person) -> Guest:
    found = Guest("http://127.0.0.1:9", "")
    found.person = person
    return found


@pytest.fixture
async def sitting() -> Sitting:
    """A session with one viewer who said two lines, and a moderator who took one of them away."""
    async with httpx.AsyncClient() as http:
        house = House(http, "", "", "conf")
        house.ids = {"report": "conf.report"}
        house.people = {day.REPORTER.name: "p-1"}
        held = Sitting(house, Account(), REPORT, Pace())
    viewer = guest(Person("v", "V", "viewer", "Yale"))
    viewer.acknowledged = [
        Acknowledged(PostChat("c1", "hello"), 2),
        Acknowledged(PostChat("c2", "spoiler"), 3),
    ]
    viewer.lines, viewer.told = Counter(["m1", "m2"]), Counter([2, 3])
    held.moderator = guest(Person("mod", "M", "moderator"))
    held.moderator.acknowledged = [Acknowledged(DeleteChat("d1", "m2"), 4)]
    held.producer = guest(Person("pro", "P", "producer"))
    held.producer.cues = {"p-1": Cue("p-1", "cleared", 1, "pro")}
    held.producer.clocks = {"p-1": Clock("p-1", 60_000, 5)}
    held.online, held.everybody = [viewer], [viewer, held.moderator, held.producer]
    held.expected.deleted.add("spoiler")
    held.expected.timed = 1
    held.expected.questions["Why?"] = "answered"
    held.expected.votes["Why?"] = 2
    held.expected.polls["Tea?"], held.expected.voters["Tea?"] = Counter({0: 2, 1: 1}), 3
    return held


def kept() -> Books:
    """Return what a server should have of it."""
    return {
        "chat": [{"channel": "public", "text": "hello"}],
        "questions": [{"text": "Why?", "state": "answered", "votes": 2}],
        "polls": [{"text": "Tea?", "votes": 2, "voters": 3}, {"text": "Tea?", "votes": 1, "voters": 3}],
        "institutions": [{"affiliation": "Yale", "people": 1}, {"affiliation": "", "people": 2}],
        "floor": [],
        "audit": [{"seq": 4, "by": "mod"}],
    }


async def balanced(sitting: Sitting, monkeypatch: pytest.MonkeyPatch, found: Books) -> list[str]:
    """Return what does not add up, where the server has these books."""

    async def export(session: str) -> Books:
        return found

    async def audit(session: str) -> list[Any]:
        entries: list[Any] = found["kept" if "kept" in found else "audit"]
        return entries

    monkeypatch.setattr(sitting.house, "export", export)
    monkeypatch.setattr(sitting.house, "audit", audit)
    await books.balance(sitting)
    return [check.what for check in sitting.account.wrong]


async def test_books_that_say_what_happened_add_up(sitting: Sitting, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await balanced(sitting, monkeypatch, kept()) == []
    assert len(sitting.account.checks) == 11


def _chat(*texts: str) -> list[dict[str, str]]:
    return [{"channel": "public", "text": text} for text in texts]


LINES, AUDIT = "lines acknowledged, and in the export", "acts of the crew, each in the audit"


@pytest.mark.parametrize(
    ("change", "finds"),
    [
        ({"chat": []}, {LINES}),
        ({"chat": _chat("hello", "hello")}, {LINES}),
        ({"chat": _chat("hello", "spoiler")}, {LINES}),
        ({"chat": _chat("hello", "made up")}, {LINES}),
        ({"questions": [{"text": "Why?", "state": "approved", "votes": 2}]}, {"questions by state"}),
        ({"questions": [{"text": "Why?", "state": "answered", "votes": 3}]}, {"votes for questions"}),
        ({"polls": [{"text": "Tea?", "votes": 3, "voters": 3}]}, {"ballots: Tea?"}),
        ({"institutions": [{"affiliation": "Yale", "people": 3}]}, {"attendance by institution"}),
        ({"audit": []}, {AUDIT}),
        ({"audit": [{"seq": 4, "by": "mod"}] * 2}, {AUDIT}),
        ({"audit": [{"seq": 4, "by": "mod"}, {"seq": 5, "by": "eve"}]}, {AUDIT}),
        ({"audit": [], "kept": [{"seq": 4, "by": "mod"}]}, {"entries of the audit, and in the export"}),
    ],
)
async def test_what_a_server_has_lost_doubled_or_made_up_is_found(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch, change: Books, finds: set[str]
) -> None:
    assert finds <= set(await balanced(sitting, monkeypatch, {**kept(), **change}))


def _unheard(s: Sitting) -> None:
    del s.online[0].lines["m2"]


def _told_twice(s: Sitting) -> None:
    s.online[0].told[3] += 1


def _on_air(s: Sitting) -> None:
    s.producer.cues["p-1"] = Cue("p-1", "on_air", 1, "pro")


def _runs(s: Sitting) -> None:
    s.producer.clocks["p-1"] = Clock("p-1", 60_000, 5, 7)


def _unfinished(s: Sitting) -> None:
    s.expected.turns = 1


@pytest.mark.parametrize(
    ("spoil", "finds"),
    [
        (_unheard, "lines heard by the audience"),
        (_told_twice, "lines heard by the audience"),
        (_on_air, "speakers, and those cleared"),
        (_runs, "clocks: given, used, and running on"),
        (_unfinished, "turns on the floor"),
    ],
)
async def test_what_people_were_told_wrongly_is_found(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Sitting], None], finds: str
) -> None:
    spoil(sitting)
    assert await balanced(sitting, monkeypatch, kept()) == [finds]


# -- what is told of it -----------------------------------------------------------------------------------


def test_the_table_and_the_verdict_say_what_does_not_add_up() -> None:
    told: list[Check] = []
    account = Account(told.append)
    account.equal("opening", "lines", 3, 3)
    assert report.verdict(account).startswith("All 1 lines add up")
    account.equal("forum", "votes", {"Why?": 2}, {"Why?": 1}, 0.5)
    account.within("report", "picture", 1.0, 2.0)
    assert [check.well for check in told] == [True, False, False]
    assert report.verdict(account) == "2 of 3 lines do not add up: look at forum, report."
    rows = report.table(account).splitlines()
    assert [row.endswith("WRONG") for row in rows[2:5]] == [False, True, True]
    assert "expected {'Why?': 2}, seen {'Why?': 1}" in report.line(told[1])
    said = json.loads(report.to_json(account))
    assert (said["well"], len(said["lines"])) == (False, 3)
    assert said["lines"][2]["took"] == 2.0


def test_the_day_is_a_table_that_the_importer_reads_whole() -> None:
    draft = parse(day.table(datetime(2026, 5, 1, 9, 7, tzinfo=UTC)))
    assert draft.warnings == ()
    assert [item.key for item in draft.items] == [part.key for part in day.PARTS]
    assert (len(day.ORGANISATIONS), len(set(day.ORGANISATIONS))) == (22, 22)
    assert len(day.INSTITUTIONS) == 26
    forum = next(part for part in day.PARTS if part.key == "forum")
    assert len(forum.speakers) == 8
    assert next(item for item in draft.items if item.key == "symposium").visibility == "invitation"


async def _wait(fault: Fault, producer: Guest) -> None:
    await fault(producer)


async def test_an_operators_restart_is_waited_for() -> None:
    producer, said = guest(Person("pro", "P", "producer")), list[str]()
    waiting = asyncio.create_task(_wait(by_hand.restart(said.append), producer))
    for code in ("chat_paused", "chat_resumed"):
        await asyncio.sleep(0)
        assert not waiting.done()
        producer.notices.append(code)
        producer._stirred.set()
    await asyncio.wait_for(waiting, 5)
    assert said[0].startswith("Kill Redis now") and said[-1] == "It is back."


def test_without_a_server_there_is_one_sentence() -> None:
    assert "could not begin" in complaint(rostrum("rehearse", "--server", "http://127.0.0.1:9"))
