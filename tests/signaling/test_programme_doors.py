"""The doors of events over real HTTP and a real Redis: imports, calendars, and who may see what."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from icalendar import Calendar
from websockets.asyncio.client import connect

from signaling.auth import ROLES
from signaling.programme.formats import MAX_FILE
from signaling.protocol import AnyServerMessage, Hello, Role, Timetable, Welcome

from .programme.samples import SHANGHAI, event, frab, ics, many, pretalx, talk, vevent
from .server import OWNER, Server, bearer, running, token
from .test_rest import problem

NINE = datetime(2026, 5, 1, 9, tzinfo=SHANGHAI)
TWO = pretalx(talk(1, NINE), talk(2, NINE + timedelta(hours=1), visibility="invitation", persons=[]))
FILE = OWNER | {"Content-Type": "application/octet-stream"}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with running(tmp_path) as server:
        yield server


async def import_(server: Server, data: bytes = TWO, query: str = "") -> dict[str, Any]:
    answer = await server.http.post(f"/api/events/conf/import{query}", content=data, headers=FILE, timeout=30)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def programme(server: Server, headers: dict[str, str] = OWNER) -> dict[str, Any]:
    answer = await server.http.get("/api/events/conf/programme", headers=headers)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def publish(server: Server) -> None:
    body = {"title": "Conf", "zone": "Asia/Shanghai", "published": True}
    assert (await server.http.put("/api/events/conf", json=body, headers=OWNER)).status_code == 200


async def ids(server: Server) -> list[str]:
    return [item["id"] for item in (await programme(server))["items"]]


async def test_a_schedule_is_imported_shown_opened_and_imported_again(server: Server) -> None:
    would = await import_(server, query="?dry_run=1")
    assert [change["what"] for change in would["changes"]] == ["added", "added"]
    problem(await server.http.get("/api/events/conf/programme", headers=OWNER), 404, "event_not_found")
    done = await import_(server)
    assert (done["format"], done["changes"]) == ("pretalx", would["changes"])
    assert (done["event"]["title"], done["event"]["zone"]) == ("远程演讲会议 🎤", "Asia/Shanghai")
    assert (await import_(server))["changes"] == []
    one, two = await ids(server)

    opened = await server.http.post("/api/events/conf/sessions", json={}, headers=OWNER)
    assert [session["id"] for session in opened.json()["sessions"]] == [one, two]
    session = (await server.http.get(f"/api/sessions/{one}", headers=bearer("viewer", one))).json()
    assert session["title"] == "On engines 1"
    assert session["programme"]["speakers"][0]["name"] == "Ada Lindqvist"
    assert session["programme"]["room"] == "大礼堂"

    await server.http.post(f"/api/sessions/{one}/start", headers=bearer("producer", one))
    again = await import_(server, pretalx(talk(1, NINE + timedelta(hours=3), title="Better words")))
    assert [(change["what"], change["item"]) for change in again["changes"]] == [
        ("kept", one),
        ("changed", one),
        ("withdrawn", two),
    ]
    listed = {item["id"]: item for item in (await programme(server))["items"]}
    assert (listed[one]["status"], listed[one]["title"]) == ("live", "Better words")
    assert listed[one]["start"] == NINE.timestamp() * 1000
    assert listed[one]["expected"]["over"] is True
    assert listed[two]["withdrawn"] is True
    session = (await server.http.get(f"/api/sessions/{one}", headers=OWNER)).json()
    assert session["title"] == "Better words"


async def test_times_without_a_zone_are_the_events(server: Server) -> None:
    table = b"id,title,start,duration\na,Opening,2026-05-01 09:00,30\n"
    assert "time zone" in (await import_(server, table))["warnings"][0]
    await publish(server)  # in Shanghai
    again = await import_(server, table)
    assert (again["warnings"], [change["fields"] for change in again["changes"]]) == (
        [],
        [["start", "end", "zone"]],
    )
    (item,) = (await programme(server))["items"]
    assert (item["start"], item["zone"]) == (NINE.timestamp() * 1000, "Asia/Shanghai")
    calendar = ics(vevent("DTSTART:20260501T090000", "DURATION:PT45M", "SUMMARY:x"))
    await import_(server, calendar, "?source=two")
    assert {item["start"] for item in (await programme(server))["items"]} == {NINE.timestamp() * 1000}
    there = await import_(server, table, "?zone=Europe/Berlin")
    assert there["changes"][0]["fields"] == ["start", "end", "zone"], "the request's comes first"


async def test_the_life_of_a_session_over_rest(server: Server) -> None:
    await server.create("keynote", start=False)
    seen = []
    steps: tuple[tuple[str, Role], ...] = (
        ("doors", "chair"),
        ("start", "producer"),
        ("pause", "chair"),
        ("resume", "chair"),
    )
    for step, role in steps:
        answer = await server.http.post(f"/api/sessions/keynote/{step}", headers=bearer(role))
        seen.append(answer.json()["status"])
    assert seen == ["doors", "live", "paused", "live"]
    problem(
        await server.http.post("/api/sessions/keynote/doors", headers=bearer("chair")), 409, "wrong_state"
    )
    await server.http.post("/api/sessions/keynote/end", headers=bearer("producer"))
    problem(await server.http.post("/api/sessions/keynote/reopen", headers=bearer("chair")), 403, "forbidden")
    answer = await server.http.post("/api/sessions/keynote/reopen", headers=bearer("producer"))
    assert answer.json()["status"] == "paused"


async def test_what_is_by_invitation_is_told_to_those_invited_alone(server: Server) -> None:
    await import_(server)
    one, two = await ids(server)
    for path in ("programme", "calendar.ics", "programme.csv"):
        problem(await server.http.get(f"/api/events/conf/{path}"), 404, "event_not_found")
        answer = await server.http.get(f"/api/events/conf/{path}", headers=bearer("producer", "elsewhere"))
        problem(answer, 404, "event_not_found")
    assert (await server.http.get("/api/events")).json() == {"events": []}
    assert [i["id"] for i in (await programme(server, bearer("viewer", one)))["items"]] == [one]
    assert len((await programme(server, bearer("viewer", two)))["items"]) == 2

    await publish(server)
    assert [e["id"] for e in (await server.http.get("/api/events")).json()["events"]] == ["conf"]
    for role in ROLES:
        assert len((await programme(server, bearer(role, one)))["items"]) == 1
        assert len((await programme(server, bearer(role, two)))["items"]) == 2
        assert len((await programme(server, bearer(role, "elsewhere")))["items"]) == 1
    assert len((await programme(server))["items"]) == 2
    for path in ("programme", "calendar.ics", "programme.csv"):
        public = await server.http.get(f"/api/events/conf/{path}")
        assert "On engines 1" in public.text
        assert "On engines 2" not in public.text
        invited = await server.http.get(f"/api/events/conf/{path}", headers=bearer("speaker", two))
        assert "On engines 2" in invited.text
    problem(await server.http.get("/api/events", headers={"Authorization": "Bearer x"}), 401, "token_invalid")


async def test_calendars_of_all_and_of_one_person(server: Server) -> None:
    await import_(server)
    await publish(server)
    (ada,) = (await programme(server))["people"]
    whole = await server.http.get("/api/events/conf/calendar.ics", headers=OWNER)
    assert whole.headers["content-type"] == "text/calendar; charset=utf-8"
    assert len(Calendar.from_ical(whole.content).walk("VEVENT")) == 2
    own = await server.http.get(f"/api/events/conf/people/{ada['id']}/calendar.ics")
    assert [str(e["SUMMARY"]) for e in Calendar.from_ical(own.content).walk("VEVENT")] == ["On engines 1"]
    assert (await import_(server, whole.content))["changes"] == []
    answer = await server.http.get("/api/events/conf/people/p-nobody/calendar.ics")
    problem(answer, 404, "person_not_found")

    body = {"name": "Ada Lindqvist", "affiliation": "=Engines", "title": "Prof."}
    answer = await server.http.put(f"/api/events/conf/people/{ada['id']}", json=body, headers=OWNER)
    assert answer.status_code == 200
    (event_,) = Calendar.from_ical(
        (await server.http.get(f"/api/events/conf/people/{ada['id']}/calendar.ics")).content
    ).walk("VEVENT")
    assert str(event_["SEQUENCE"]) == "1"
    assert "=Engines" in str(event_["DESCRIPTION"])


async def test_one_item_one_person_and_the_rooms(server: Server) -> None:
    await import_(server)
    await publish(server)
    whole = await programme(server)
    one, two = whole["items"]
    (ada,), (hall,) = whole["people"], whole["rooms"]
    for headers in ({}, OWNER):
        said = (await server.http.get(f"/api/events/conf/items/{one['id']}", headers=headers)).json()
        assert (said["title"], said["expected"]) == (one["title"], one["expected"])
        answer = await server.http.get(f"/api/events/conf/people/{ada['id']}", headers=headers)
        assert answer.json() == ada
        assert (await server.http.get("/api/events/conf/rooms", headers=headers)).json() == {"rooms": [hall]}
    closed = f"/api/events/conf/items/{two['id']}"
    problem(await server.http.get(closed), 404, "item_not_found")
    assert (await server.http.get(closed, headers=bearer("viewer", two["id"]))).json()["id"] == two["id"]
    problem(await server.http.get("/api/events/conf/people/p-1", headers=OWNER), 404, "person_not_found")
    problem(await server.http.get("/api/events/none/rooms"), 404, "event_not_found")

    async def renamed(room: str, name: str) -> httpx.Response:
        body = {"name": name}
        return await server.http.put(f"/api/events/conf/rooms/{room}", json=body, headers=OWNER)

    assert (await renamed(hall["id"], "Great hall")).status_code == 200
    assert (await programme(server))["rooms"] == [{"id": hall["id"], "name": "Great hall"}]
    problem(await renamed("r-1", "x"), 404, "room_not_found")
    problem(await renamed(hall["id"], " "), 400, "bad_request")


async def test_items_by_hand(server: Server) -> None:
    await publish(server)
    at = int(NINE.timestamp()) * 1000
    wanted: dict[str, Any] = {"title": "Gala", "start": at, "end": at + 3_600_000, "room": "Hall"}
    wanted["speakers"] = [{"name": "王伟", "affiliation": "清华大学"}]
    answer = await server.http.put("/api/events/conf/items/conf.gala", json=wanted, headers=OWNER)
    assert answer.status_code == 200, answer.text
    (item,) = (await programme(server))["items"]
    assert (item["title"], item["zone"]) == ("Gala", "Asia/Shanghai")
    for bad in (
        {"end": at},
        {"zone": "Mars/Phobos"},
        {"start": 1},
        {"title": " "},
        {"speakers": [{"name": ""}]},
    ):
        answer = await server.http.put("/api/events/conf/items/conf.x", json=wanted | bad, headers=OWNER)
        problem(answer, 400, "bad_request")
    answer = await server.http.put("/api/events/conf/items/elsewhere.x", json=wanted, headers=OWNER)
    problem(answer, 400, "bad_request")
    await server.http.post("/api/events/conf/sessions", json={"items": ["conf.gala"]}, headers=OWNER)
    await server.http.post("/api/sessions/conf.gala/doors", headers=OWNER)
    problem(await server.http.delete("/api/events/conf/items/conf.gala", headers=OWNER), 409, "item_begun")
    problem(await server.http.delete("/api/events/conf", headers=OWNER), 409, "event_running")
    await server.http.post("/api/sessions/conf.gala/end", headers=OWNER)
    assert (await server.http.delete("/api/events/conf", headers=OWNER)).status_code == 204
    problem(await server.http.delete("/api/events/conf", headers=OWNER), 404, "event_not_found")
    assert (await server.http.get("/api/sessions/conf.gala", headers=OWNER)).status_code == 200


async def test_files_that_cannot_be_taken(server: Server) -> None:
    bomb = frab(event(1)).replace(b"<schedule>", b"<!DOCTYPE s [<!ENTITY a 'a'>]><schedule>")
    for data, query, status, code in (
        (bomb, "", 400, "bad_programme"),
        (b"title,start\n", "", 400, "bad_programme"),
        (b"[" * 100_000, "?format=pretalx", 400, "bad_programme"),
        (TWO, "?format=frab", 400, "bad_programme"),
        (TWO, "?format=doc", 400, "bad_request"),
        (TWO, "?zone=Mars/Phobos", 400, "bad_request"),
        (TWO, "?source=a.b", 400, "bad_request"),
        (b" " * (MAX_FILE + 1), "", 413, "body_too_large"),
    ):
        answer = await server.http.post(f"/api/events/conf/import{query}", content=data, headers=FILE)
        problem(answer, status, code)
    answer = await server.http.post("/api/events/a.b/import", content=TWO, headers=FILE)
    problem(answer, 400, "bad_request")
    form = OWNER | {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await server.http.post("/api/events/conf/import", content=TWO, headers=form)
    problem(answer, 415, "unsupported_media_type")


async def test_only_an_owner_of_all_organises(server: Server) -> None:
    await import_(server)
    one, *_ = await ids(server)
    body = json.dumps({"title": "x"}).encode()
    for role in ROLES:
        for method, path in (
            ("PUT", "/api/events/conf"),
            ("DELETE", "/api/events/conf"),
            ("POST", "/api/events/conf/import"),
            ("POST", "/api/events/conf/sessions"),
            ("PUT", f"/api/events/conf/items/{one}"),
            ("DELETE", f"/api/events/conf/items/{one}"),
            ("PUT", "/api/events/conf/people/p-1"),
            ("PUT", "/api/events/conf/rooms/r-1"),
        ):
            headers = bearer(role, one) | {"Content-Type": "application/json"}
            answer = await server.http.request(method, path, content=body, headers=headers)
            problem(answer, 403, "forbidden")
            problem(await server.http.request(method, path, content=body), 401, "token_missing")
    assert len(await ids(server)) == 2


async def test_five_hundred_sessions_go_in_and_become_live_sessions(server: Server) -> None:
    done = await import_(server, many())
    assert len(done["changes"]) == 500
    answer = await server.http.post("/api/events/conf/sessions", json={}, headers=OWNER, timeout=60)
    assert len(answer.json()["sessions"]) == 500
    later = await import_(server, many(490))
    assert {change["what"] for change in later["changes"]} == {"withdrawn"}


async def test_a_page_hears_that_its_session_runs_late(server: Server) -> None:
    started = datetime.now(SHANGHAI).replace(microsecond=0) - timedelta(minutes=5)
    await import_(server, pretalx(talk(1, started, 30)))
    (one,) = await ids(server)
    await server.http.post("/api/events/conf/sessions", json={}, headers=OWNER)
    decode = msgspec.json.Decoder(AnyServerMessage).decode
    url = f"ws{str(server.http.base_url).removeprefix('http')}/ws"
    async with connect(url, proxy=None) as socket, asyncio.timeout(15):
        await socket.send(msgspec.json.encode(Hello(token("viewer", one))).decode())
        welcome = decode(await socket.recv())
        assert isinstance(welcome, Welcome)
        while True:
            message = decode(await socket.recv())
            if isinstance(message, Timetable):
                break
    assert message.late == 5 * 60_000
    assert message.end - message.start == 30 * 60_000
