"""What is kept of a session: exported whole, deleted, and a person's name taken out of it."""

from __future__ import annotations

import asyncio
import csv
import io
import subprocess
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling import export
from signaling.attend import GoodbyeError, Seat, command_id, seat
from signaling.attendance import Attendance, Attendee, Here
from signaling.audit import entry_of
from signaling.protocol import (
    Ack,
    AnyCommand,
    AnyEvent,
    ApproveChat,
    ApproveQuestion,
    AskQuestion,
    CastBallot,
    ChatMessage,
    ChatPosted,
    CreatePoll,
    DeleteChat,
    DismissQuestion,
    EditQuestion,
    EjectPerson,
    EndSession,
    OpenPoll,
    Person,
    PostChat,
    Session,
    SetChatRules,
    Welcome,
    WithdrawQuestion,
)
from signaling.retention import DAY, Retention, due
from signaling.session.erase import ERASED, erased

from .conftest import RedisServer
from .server import OWNER, Server, bearer, running, token
from .session_events import ADA, BOB, MODERATOR, SPEAKER, Fold
from .test_cli import complaint, rostrum
from .test_live import PRO, worker
from .test_rest import problem

HALL = Person("screen", "Screen", "hall", place="hall")


def material(fold: Fold, *people: Person) -> export.Material:
    attendees = tuple(Attendee(Here(person, "zh"), 1000 + n, None) for n, person in enumerate(people))
    events = tuple(fact.event for fact in fold.facts)
    acts = (entry_of(event, fold.state.people.get(event.by)) for event in events)
    audit = tuple(entry for entry in acts if entry is not None)
    return export.Material(fold.state, events, Attendance(attendees, 3, 5000, 2, 1, 2.5, 60.0), audit)


def rows(packed: bytes, name: str) -> list[dict[str, str]]:
    text = zipfile.ZipFile(io.BytesIO(packed)).read(f"{name}.csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_an_export_has_everything_and_nothing_that_was_withdrawn() -> None:
    fold = Fold()
    fold.do(ADA, PostChat("c1", "hello"))
    fold.do(BOB, PostChat("c2", "to be withdrawn"))
    fold.do(MODERATOR, DeleteChat("c3", fold.state.chat[-1].id))
    fold.do(ADA, AskQuestion("c4", "Why?"))
    question = next(iter(fold.state.questions))
    fold.do(MODERATOR, ApproveQuestion("c5", question))
    fold.do(MODERATOR, EjectPerson("c6", "bob", reason="flooding"))
    fold.do(MODERATOR, CreatePoll("c7", "Tea?", "single", ("yes", "no")))
    fold.do(MODERATOR, CreatePoll("c8", "A draft?", "single", ("yes", "no")))
    tea = next(iter(fold.state.polls))
    fold.do(MODERATOR, OpenPoll("c9", tea))
    for n, (who, choice) in enumerate(((ADA, 0), (BOB, 1), (SPEAKER, 0))):
        fold.do(who, CastBallot(f"b{n}", tea, (choice,)))
    yale = msgspec.structs.replace(ADA, id="eve", affiliation="ｙａｌｅ ", place="hall")
    found = material(fold, ADA, BOB, SPEAKER, yale, HALL)
    whole = export.whole(found)
    assert [row["text"] for row in whole["chat"]] == ["hello"]
    assert whole["questions"][0]["text"] == "Why?" and whole["questions"][0]["name"] == "Ada"
    assert whole["institutions"] == [
        {"affiliation": "", "people": 2, "online": 1, "hall": 1},
        {"affiliation": "Yale", "people": 2, "online": 1, "hall": 1},
    ]
    assert whole["session"][0]["people"] == sum(row["people"] for row in whole["institutions"])
    assert (whole["session"][0]["peak"], whole["session"][0]["average"]) == (3, 2.5)
    audit = {row["what"]: row for row in whole["audit"]}
    assert audit["person.ejected"]["why"] == "flooding" and audit["person.ejected"]["by"] == "mod"
    assert audit["question.approved"]["at"] > 0
    assert "chat.deleted" in audit and "chat.posted" not in audit
    assert [(row["text"], row["option"], row["votes"], row["voters"]) for row in whole["polls"]] == [
        ("Tea?", "yes", 2, 3),
        ("Tea?", "no", 1, 3),
    ]
    assert "to be withdrawn" not in msgspec.json.encode(whole).decode()


def test_a_question_taken_back_is_told_without_its_words_and_a_held_line_with_what_held_it() -> None:
    fold = Fold()
    fold.do(ADA, AskQuestion("c1", "secret?"))
    question = next(iter(fold.state.questions))
    fold.do(MODERATOR, EditQuestion("c2", question, "a secret?"))
    fold.do(MODERATOR, ApproveQuestion("c3", question))
    fold.do(ADA, WithdrawQuestion("c4", question))
    fold.do(MODERATOR, SetChatRules("c5", hold=True))
    for n, text in enumerate(("one", "two")):
        fold.do(ADA, PostChat(f"p{n}", text))
    approved, waits = (message.id for message in fold.state.chat)
    fold.do(MODERATOR, ApproveChat("c6", approved))
    fold.do(MODERATOR, PostChat("c7", "an answer", reply_to=approved))
    whole = export.whole(material(fold, ADA))
    (row,) = whole["questions"]
    assert (row["question"], row["state"], row["text"], row["original"]) == (question, "withdrawn", "", None)
    assert "secret" not in msgspec.json.encode(whole).decode()
    lines = {row["message"]: row for row in whole["chat"]}
    assert (lines[approved]["held"], lines[waits]["held"]) == (None, "approval")
    assert [row["reply_to"] for row in whole["chat"]] == [None, None, approved]


@pytest.mark.parametrize("sign", ["=", "＝", "+", "＋", "-", "－", "@", "＠"])
def test_tables_are_the_same_as_csv_and_no_cell_is_a_formula(sign: str) -> None:
    fold = Fold()
    evil = f'{sign}HYPERLINK("http://evil.example")'
    fold.do(ADA, PostChat("c1", evil))
    fold.do(ADA, PostChat("c2", "多行\n“text”, with 🎤"))
    packed = export.tables(material(fold, ADA))
    assert set(zipfile.ZipFile(io.BytesIO(packed)).namelist()) == {
        f"{section.name}.csv" for section in export.SECTIONS
    }
    texts = [row["text"] for row in rows(packed, "chat")]
    assert texts == [f"'{evil}", "多行\n“text”, with 🎤"]
    assert rows(packed, "attendance")[0]["arrived"].startswith("1970-01-01T00:00:01.000+00:00")


@pytest.mark.parametrize("section", export.SECTIONS, ids=lambda section: section.name)
def test_every_section_writes_only_its_columns(section: export.Section) -> None:
    fold = Fold()
    fold.do(ADA, AskQuestion("c1", "Why?"))
    fold.do(MODERATOR, DismissQuestion("c2", next(iter(fold.state.questions))))
    fold.do(ADA, PostChat("c3", "hello"))
    for row in section.rows(material(fold, ADA)):
        assert set(row) <= set(section.columns)
    assert len(set(section.columns)) == len(section.columns)


@given(st.lists(st.sampled_from([ADA, BOB, SPEAKER]), max_size=8))
def test_a_name_is_taken_out_everywhere_and_nothing_else_changes(authors: list[Person]) -> None:
    ada = msgspec.structs.replace(ADA, affiliation="Yale", title="Dr")
    for author in authors:
        said = ada if author is ADA else author
        event: AnyEvent = ChatPosted(seq=1, at=2, by=said.id, message=ChatMessage("m1", said, "hi", 2))
        after = erased(event, "ada")
        if said is ada:
            assert isinstance(after, ChatPosted)
            assert after.message.author == Person("ada", ERASED, "viewer")
            assert (
                msgspec.structs.replace(after, message=msgspec.structs.replace(after.message, author=ada))
                == event
            )
        else:
            assert after is event


def test_only_what_has_ended_long_enough_ago_is_due() -> None:
    ended = Session("s1", "A talk", "ended", 0, ended=10 * DAY)
    assert due(ended, 30, 40 * DAY)
    assert not due(ended, 30, 40 * DAY - 1)
    assert not due(ended, 0, 10**15)
    assert not due(msgspec.structs.replace(ended, status="live"), 30, 10**15)


# -- the doors --------------------------------------------------------------------------------------------


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with running(tmp_path) as server:
        await server.create()
        yield server


async def do(taken: Seat, command: AnyCommand) -> None:
    assert isinstance(await taken.command(command), Ack)


async def talk(server: Server) -> None:
    """Have somebody say something, and somebody look on."""
    base = str(server.http.base_url).rstrip("/")
    async with (
        seat(base, token("viewer", sub="ada")) as ada,
        seat(base, token("moderator", sub="mod")) as mod,
    ):
        await do(ada, PostChat(command_id(), "hello"))
        await do(ada, AskQuestion(command_id(), "Why?"))
        await do(mod, PostChat(command_id(), "welcome"))
        async with asyncio.timeout(10):  # presence is written down once a second
            while (await exported(server))["session"][0]["peak"] < 2:
                await asyncio.sleep(0.1)


async def exported(server: Server) -> dict[str, Any]:
    answer = await server.http.get("/api/sessions/keynote/export.json", headers=bearer("producer"))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_session_is_exported_over_rest_and_by_command(server: Server, tmp_path: Path) -> None:
    await talk(server)
    whole = await exported(server)
    assert [row["text"] for row in whole["chat"]] == ["hello", "welcome"]
    assert {row["id"] for row in whole["attendance"]} == {"ada", "mod"}
    assert whole["session"][0]["peak"] == 2
    audit = await server.http.get("/api/sessions/keynote/audit", headers=bearer("producer"))
    kept = [(entry["seq"], entry["action"], entry["role"]) for entry in audit.json()["entries"]]
    assert [(row["seq"], row["what"], row["role"]) for row in whole["audit"]] == kept != []
    file = tmp_path / "keynote.zip"
    argv = ("session", "export", "keynote", "--server", str(server.http.base_url), "--output", str(file))
    done = await asyncio.to_thread(rostrum, *argv)
    assert done.stdout.strip() == str(file), done.stderr
    assert [row["text"] for row in rows(file.read_bytes(), "chat")] == ["hello", "welcome"]


async def test_a_name_is_erased_and_everybody_starts_over_without_it(server: Server) -> None:
    await talk(server)
    base = str(server.http.base_url).rstrip("/")
    async with seat(base, token("moderator", sub="look")) as taken:
        first = taken.welcome
        path = "/api/sessions/keynote/people/ada"
        problem(await server.http.delete(path, headers=bearer("producer")), 403, "forbidden")
        assert (await server.http.delete(path, headers=OWNER)).status_code == 204
        async with asyncio.timeout(5):
            again = await taken.hear()
            while not isinstance(again, Welcome):
                again = await taken.hear()
        shown = again.snapshot
        assert again.epoch > first.epoch and shown is not None
        assert [message.author.name for message in shown.chat] == [ERASED, "Ada"]
        assert [question.author.name for question in shown.questions] == [ERASED]
        await do(taken, PostChat(command_id(), "it goes on"))
    whole = await exported(server)
    assert {row["id"]: row["name"] for row in whole["attendance"]}["ada"] == ERASED
    assert [row["name"] for row in whole["chat"]] == [ERASED, "Ada", "Ada"]


async def test_a_deleted_session_is_gone_for_all_and_its_id_is_free(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    async with (
        running(tmp_path / "one", redis_url=redis_server.url) as one,
        running(tmp_path / "two", redis_url=redis_server.url) as two,
    ):
        await one.create()
        await talk(one)
        path = "/api/sessions/keynote"
        problem(await one.http.delete(path, headers=OWNER), 409, "session_running")
        assert (await one.http.post(f"{path}/end", headers=OWNER)).status_code == 200
        async with asyncio.timeout(5):
            while (await two.http.get(path, headers=OWNER)).json().get("status") != "ended":
                await asyncio.sleep(0.02)
        async with seat(str(two.http.base_url).rstrip("/"), token("viewer", sub="bob")) as bob:
            assert (await one.http.delete(path, headers=OWNER)).status_code == 204
            with pytest.raises(GoodbyeError) as caught:
                async with asyncio.timeout(3):
                    while True:
                        await bob.hear()
            assert caught.value.code == "session_not_found"
        await asyncio.sleep(1.3)  # every worker has looked once more, and has written nothing back
        for server in (one, two):
            problem(await server.http.get(path, headers=OWNER), 404, "session_not_found")
            assert (await server.http.get("/api/sessions", headers=OWNER)).json() == {"sessions": []}
        await one.create()
        whole = (await one.http.get(f"{path}/export.json", headers=OWNER)).json()
        assert (whole["chat"], whole["attendance"], whole["questions"]) == ([], [], [])


async def test_what_is_due_is_forgotten(redis_server: RedisServer) -> None:
    async with worker(redis_server.url) as live:
        await live.create("A talk", "s1")
        await live.create("Another", "s2")
        session = await live.get("s1")
        assert isinstance(await session.command(PRO, EndSession("c1")), Ack)
        assert await Retention(live, 30).round() == 0
        live.clock.learn(live.clock() + 31 * 24 * 3600, live.clock.asked())
        live.presence.enter("s1", "c1", ADA)
        assert await Retention(live, 30).round() == 1
        assert "s1" not in live.presence._rooms, "else it would write down who leaves a session that is not"
        assert [one.id for one in await live.list()] == ["s2"]


async def test_deleting_and_erasing_by_command(server: Server) -> None:
    base = str(server.http.base_url)

    async def session(*argv: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(rostrum, "session", *argv, "--server", base)

    assert (await session("erase", "keynote", "nobody")).returncode == 0
    assert "HTTP 409" in complaint(await session("delete", "keynote"))
    assert (await session("end", "keynote")).returncode == 0
    assert (await session("delete", "keynote")).returncode == 0
    assert "HTTP 404" in complaint(await session("export", "keynote"))
