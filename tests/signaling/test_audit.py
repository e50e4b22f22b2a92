"""The audit: which events are acts and what is kept of them; beside a real log; and over REST."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from signaling.audit import OWN, AuditEntry, entry_of, kept
from signaling.log import SessionLog
from signaling.protocol import (
    AddHand,
    AnyCommand,
    AnyEvent,
    ApproveQuestion,
    AskQuestion,
    CallHand,
    ChatEvent,
    CheckSpeaker,
    DeleteChat,
    FloorEvent,
    InviteSpeaker,
    LowerHand,
    MuteChat,
    NoteQuestion,
    OpenFloor,
    Person,
    PostChat,
    RaiseHand,
    Return,
    RingBell,
    SetChatRules,
    SetClock,
    SetModeration,
    SetReturn,
    SetWords,
    StartSession,
    WithdrawChat,
)

from .conftest import RedisServer
from .server import OWNER, bearer, running
from .session_events import ADA, MODERATOR, PRODUCER, SPEAKER, Fold
from .test_live import ADA as ADA_CLAIMS
from .test_live import MOD, done, new_id, until, worker
from .test_matrix import required


def acts(fold: Fold, actor: Person, command: AnyCommand, known: Person | None = None) -> list[AuditEntry]:
    entries = [entry_of(event, actor) for event in fold.do(actor, command, known)]
    return [entry for entry in entries if entry is not None]


def said(fold: Fold, who: Person, text: str = "secret words") -> str:
    fold.do(who, PostChat(fold.new_id(), text))
    return fold.state.chat[-1].id


def test_an_entry_tells_who_did_what_to_which_and_why() -> None:
    fold = Fold()
    message = said(fold, ADA)
    (entry,) = acts(fold, MODERATOR, DeleteChat("d", message, "Off topic."))
    assert (entry.by, entry.role) == ("mod", "moderator")
    assert (entry.action, entry.which, entry.whose, entry.why) == (
        "chat.deleted",
        message,
        "ada",
        "Off topic.",
    )
    (entry,) = acts(fold, MODERATOR, MuteChat("m", "ada", 60, "Loud."), ADA)
    assert (entry.action, entry.which, entry.why) == ("chat.muted", "ada", "Loud.")
    assert entry.details["until"] > 60_000
    (entry,) = acts(fold, MODERATOR, SetChatRules("r", hold=True, slow=7))
    assert entry.details == {"hold": True, "slow": 7}


def test_what_people_do_with_what_is_their_own_is_no_act() -> None:
    fold = Fold()
    fold.do(MODERATOR, OpenFloor("o"))
    assert acts(fold, ADA, RaiseHand("h")) == acts(fold, ADA, LowerHand("l")) == []
    assert acts(fold, ADA, AskQuestion("q", "Why?")) == acts(fold, MODERATOR, PostChat("p", "hi")) == []
    assert acts(fold, MODERATOR, WithdrawChat("w", said(fold, MODERATOR))) == []
    assert acts(fold, MODERATOR, DeleteChat("d", said(fold, MODERATOR))) == []


def test_a_note_beside_a_question_is_an_act_and_its_text_is_not_in_it() -> None:
    fold = Fold()
    (asked,) = fold.do(ADA, AskQuestion("q", "Why?"))
    question = asked.question.id  # type: ignore[union-attr]
    (entry,) = acts(fold, MODERATOR, NoteQuestion("n", question, "secret words"))
    assert (entry.action, entry.which, entry.by, entry.whose) == ("question.noted", question, "mod", "")
    assert msgspec.json.decode(msgspec.json.encode(entry), type=AuditEntry) == entry
    assert b"secret" not in msgspec.json.encode(entry)


@pytest.mark.parametrize("kind", typing.get_args(AnyEvent), ids=lambda kind: kind.__struct_config__.tag)
def test_what_is_kept_of_any_event_can_be_read_again(kind: type[AnyEvent]) -> None:
    """One entry that cannot be read would spoil the page that it is on."""
    event = msgspec.structs.replace(kind(**required(kind)), by="mod")
    entry = entry_of(event, MODERATOR)
    if entry is None:
        assert kind.__struct_config__.tag in OWN
    else:
        assert msgspec.json.decode(kept(event, MODERATOR), type=AuditEntry) == entry


def test_what_is_nobodys_act_are_events_that_there_are() -> None:
    assert {kind.__struct_config__.tag for kind in typing.get_args(AnyEvent)} >= OWN


def test_a_hall_desks_additions_and_calls_are_acts() -> None:
    fold = Fold()
    fold.do(MODERATOR, OpenFloor("o"))
    desk = Person("desk", "Desk", "hall", place="hall")
    (entry,) = acts(fold, desk, AddHand("a", "Grace Hopper"))
    (called,) = acts(fold, MODERATOR, CallHand("c"))
    assert (entry.action, entry.by) == ("floor.raised", "desk")
    assert (called.action, called.which) == ("floor.called", entry.which)


def test_an_entry_says_which_step_and_whose_clock_it_was() -> None:
    fold = Fold()
    (entry,) = acts(fold, PRODUCER, InviteSpeaker("i", "sp-1"), SPEAKER)
    assert (entry.action, entry.which, entry.details["state"]) == ("cue.changed", "sp-1", "invited")
    (entry,) = acts(fold, PRODUCER, CheckSpeaker("k", "sp-1"))
    assert entry.details["state"] == "checked"
    acts(fold, PRODUCER, SetClock("c", "sp-1", 60_000))
    (entry,) = acts(fold, PRODUCER, RingBell("b", "sp-1"))
    assert (entry.action, entry.which, entry.details["bell"]) == ("clock.changed", "sp-1", entry.at)
    (entry,) = acts(fold, MODERATOR, SetModeration("m", "post"))
    assert entry.details == {"mode": "post"}
    (entry,) = acts(fold, PRODUCER, SetReturn("r", Return("speaker", "on_air", "programme")))
    assert (entry.which, entry.details) == ("on_air", {"role": "speaker", "feed": "programme"})


def test_nobodys_text_is_in_an_entry() -> None:
    fold = Fold()
    written: list[AuditEntry] = []
    message = said(fold, ADA)
    (asked,) = fold.do(ADA, AskQuestion("q", "secret words"))
    question = asked.question.id  # type: ignore[union-attr]
    commands: list[AnyCommand] = [
        SetWords("w", hold=("secret words",)),
        ApproveQuestion("a", question),
        DeleteChat("d", message),
    ]
    for command in commands:
        written += acts(fold, MODERATOR, command)
    written += acts(fold, PRODUCER, StartSession("s"))
    assert len(written) == 4
    assert b"secret" not in msgspec.json.encode(written)


ABOUT_NO_ONE_THING = {"chat.rules_set", "chat.words_set", "floor.ratio_set", "floor.restored"}


@pytest.mark.parametrize(
    "event",
    [*typing.get_args(ChatEvent), *typing.get_args(FloorEvent)],
    ids=lambda event: str(event.__struct_config__.tag),
)
def test_every_event_of_chat_and_floor_names_its_thing_as_the_audit_reads_it(
    event: type[msgspec.Struct],
) -> None:
    fields = set(event.__struct_fields__) - {"at", "by", "seq"}
    named = bool(fields & {"message", "hand", "person", "mute"})
    assert named is (bool(fields) and event.__struct_config__.tag not in ABOUT_NO_ONE_THING)


async def test_an_act_and_its_entry_are_written_together_and_once(redis_server: RedisServer) -> None:
    async with worker(redis_server.url) as live:
        session = await live.create("A talk", "s1")
        await done(session, ADA_CLAIMS, PostChat(new_id(), "x"))
        message = session.state.chat[-1].id
        await done(session, MOD, PostChat(new_id(), "I am here"))
        delete = DeleteChat(new_id(), message, "Off topic.")
        seq = await done(session, MOD, delete)
        assert await done(session, MOD, delete) == seq
        page = await live.audit("s1")
        assert [(e.action, e.which, e.why, e.name) for e in page.entries] == [
            ("chat.deleted", message, "Off topic.", "Mod")
        ]
        assert (page.entries[0].epoch, page.entries[0].seq) == (session.position[0], seq)
        assert page.next is None


async def test_the_audit_is_paged_whole_and_bounded_in_time(
    redis_server: RedisServer, log: SessionLog
) -> None:
    async with worker(redis_server.url) as live:
        session = await live.create("A talk", "s1")
        for i in range(5):
            await done(session, MOD, SetChatRules(new_id(), slow=i + 1))
        first = await live.audit("s1", count=2)
        assert first.next == first.entries[-1].id
        second = await live.audit("s1", first.next or "", 2)
        told = [entry.details["slow"] for entry in (*first.entries, *second.entries)]
        assert told == [1, 2, 3, 4]
        assert [entry.details["slow"] async for entry in live.whole_audit("s1")] == [1, 2, 3, 4, 5]
        assert 0 < await log._redis.ttl("rostrum:{s1}:audit") <= 365 * 24 * 3600


async def test_what_is_older_than_the_audit_keeps_goes_when_something_is_written(
    redis_server: RedisServer, log: SessionLog
) -> None:
    async with worker(redis_server.url) as live:
        session = await live.create("A talk", "s1")
        old: dict[Any, Any] = {
            "entry": '{"at":1,"by":"mod","action":"chat.rules_set"}',
            "epoch": "1",
            "seq": "1",
        }
        for day in range(1, 301):
            await log._redis.xadd("rostrum:{s1}:audit", old, id=f"{day}-0")
        await done(session, MOD, SetChatRules(new_id(), slow=9))
        left = [entry async for entry in live.whole_audit("s1")]
        assert left[-1].details["slow"] == 9
        assert len(left) < 101, "whole pages of it, as Redis keeps them"


async def test_an_audit_that_was_lost_with_its_log_is_written_back(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    async with worker(redis_server.url) as live:
        session = await live.create("A talk", "s1")
        redis_server.copy_data(tmp_path)
        await done(session, MOD, SetChatRules(new_id(), slow=9))
        before = session.position[0]
        redis_server.kill()
        redis_server.replace_data(tmp_path)
        await redis_server.start()
        await until(lambda: session.position[0] > before, within=10)
        assert [entry.details async for entry in live.whole_audit("s1")] == [{"hold": False, "slow": 9}]


async def test_producers_read_it_page_by_page_over_rest_and_moderators_do_not(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        await server.create()
        answer = await server.http.get("/api/sessions/keynote/audit", headers=bearer("producer"))
        assert answer.status_code == 200, answer.text
        (entry,) = answer.json()["entries"]
        assert (entry["action"], entry["role"], entry["name"]) == ("session.started", "owner", "Ada")
        # Their name comes from their token, and they were not there.
        exported = (await server.http.get("/api/sessions/keynote/export.json", headers=OWNER)).json()
        assert ([row["by_name"] for row in exported["audit"]], exported["attendance"]) == (["Ada"], [])
        await server.http.delete(f"/api/sessions/keynote/people/{entry['by']}", headers=OWNER)
        answer = await server.http.get("/api/sessions/keynote/audit", headers=bearer("producer"))
        assert [kept["name"] for kept in answer.json()["entries"]] == ["Erased"]
        after = {"after": entry["id"], "limit": "1"}
        answer = await server.http.get("/api/sessions/keynote/audit", params=after, headers=bearer("owner"))
        assert answer.json() == {"entries": [], "next": None}
        for role, params, status in (
            ("moderator", {}, 403),
            ("producer", {"after": "x"}, 400),
            ("producer", {"limit": "0"}, 400),
        ):
            answer = await server.http.get(
                "/api/sessions/keynote/audit",
                params=params,
                headers=bearer(role),  # type: ignore[arg-type]
            )
            assert answer.status_code == status
        foreign = bearer("producer", "another")
        assert (await server.http.get("/api/sessions/keynote/audit", headers=foreign)).status_code == 403
