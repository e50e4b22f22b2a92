"""Invitations over real HTTP and a real Redis: made, looked at, exchanged, used up, withdrawn."""

from __future__ import annotations

import asyncio
import csv
import io
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from signaling import invite_cli
from signaling.asking import CommandError
from signaling.attend import GoodbyeError, command_id, seat
from signaling.auth import ROLES
from signaling.invitation import DEVICES, new_code
from signaling.ports import lan_address
from signaling.protocol import Ack, BringOn, Presence, Refused, Role

from .programme.samples import pretalx, talk
from .server import OWNER, TOKENS, Server, bearer, running, token
from .test_cli import complaint, rostrum
from .test_programme_doors import NINE, ids, import_, publish
from .test_rest import problem


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with running(tmp_path, public_url="https://talk.example") as server:
        await server.create()
        yield server


async def invite(server: Server, headers: dict[str, str] = OWNER, **wanted: Any) -> dict[str, Any]:
    body = {"session": "keynote", "role": "viewer"} | wanted
    answer = await server.http.post("/api/invitations", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def exchange(server: Server, code: str, client: str = "", **said: str) -> httpx.Response:
    body = {"code": code, "client": client or new_code()} | said
    return await server.http.post("/api/invitations/exchange", json=body)


async def listed(server: Server, query: str = "session=keynote") -> list[dict[str, Any]]:
    answer = await server.http.get(f"/api/invitations?{query}", headers=OWNER)
    found: list[dict[str, Any]] = answer.json()["invitations"]
    return found


async def test_a_link_is_made_looked_at_and_exchanged(server: Server) -> None:
    made = await invite(server, bearer("producer"), role="speaker", name="Ada", affiliation="Yale")
    assert made["link"] == f"https://talk.example/enter/#invitation={made['code']}"
    assert made["qr"].startswith("data:image/svg+xml")
    looked = await server.http.post("/api/invitations/look", json={"code": made["code"]})
    offer = looked.json()
    assert (offer["role"], offer["page"], offer["naming"], offer["name"]) == (
        "speaker",
        "speak",
        "fixed",
        "Ada",
    )
    assert [session["id"] for session in offer["sessions"]] == ["keynote"]
    assert (await listed(server))[0].get("taken", 0) == 0, "looking uses nothing up"
    got = (await exchange(server, made["code"])).json()
    claims = TOKENS.verify(got["token"], time.time())
    assert (claims.role, claims.session, claims.name, claims.affiliation) == (
        "speaker",
        "keynote",
        "Ada",
        "Yale",
    )
    assert claims.publish == ("camera", "slides") and claims.exp - claims.iat == 600
    assert claims.invitation == made["invitation"]["id"] and claims.sub == got["sub"]
    assert (got["page"], got["expires"]) == ("speak", claims.exp)


async def test_the_halls_screen_shows_a_code_that_lets_phones_into_the_hall(server: Server) -> None:
    async def door(role: Role = "hall") -> dict[str, str]:
        answer = await server.http.post("/api/sessions/keynote/door", headers=bearer(role))
        assert answer.status_code == 200, answer.text
        shown: dict[str, str] = answer.json()
        return shown

    shown = await door()
    home, _, code = shown["link"].partition("/enter/#invitation=")
    assert home == "https://talk.example" and len(code) == 27
    assert shown["qr"].startswith("data:image/svg+xml")
    assert await door() == await door("producer") == shown, "the same on every screen, at any time"
    looked = (await server.http.post("/api/invitations/look", json={"code": code})).json()
    assert (looked["role"], looked["place"], looked["naming"]) == ("viewer", "hall", "optional")
    phones = [(await exchange(server, code)).json() for _ in range(3)]
    assert len({phone["sub"] for phone in phones}) == 3
    claims = TOKENS.verify(phones[0]["token"], time.time())
    assert (claims.role, claims.place, claims.session, claims.publish) == ("viewer", "hall", "keynote", ())
    [kept] = await listed(server)
    assert kept["by"] == "system" and kept["taken"] == 3 and code not in str(kept)
    # Photographed and passed on, it is withdrawn: who came by it is out, and the screen has another.
    await server.http.delete(f"/api/invitations/{kept['id']}", headers=bearer("producer"))
    problem(await exchange(server, code), 403, "invitation_revoked")
    other = await door()
    assert other["link"] != shown["link"]
    assert (await exchange(server, other["link"].rpartition("=")[2])).status_code == 200


async def test_no_code_is_shown_by_who_may_not_nor_for_what_is_over(server: Server) -> None:
    for role in ("viewer", "speaker", "interpreter", "moderator", "chair"):
        refused = await server.http.post("/api/sessions/keynote/door", headers=bearer(role))
        problem(refused, 403, "forbidden")
    foreign = await server.http.post("/api/sessions/keynote/door", headers=bearer("hall", "forum"))
    problem(foreign, 403, "forbidden")
    missing = await server.http.post("/api/sessions/forum/door", headers=bearer("hall", "forum"))
    problem(missing, 404, "session_not_found")
    await server.http.post("/api/sessions/keynote/end", headers=OWNER)
    over = await server.http.post("/api/sessions/keynote/door", headers=bearer("hall"))
    problem(over, 409, "session_ended")
    assert await listed(server) == []


async def test_a_door_names_an_address_that_phones_reach(tmp_path: Path) -> None:
    async with running(tmp_path, http_host="0.0.0.0") as server:
        await server.create()
        port = server.settings.http_port
        shown = await server.http.post(
            f"http://127.0.0.1:{port}/api/sessions/keynote/door", headers=bearer("hall")
        )
        assert shown.json()["link"].startswith(f"http://{lan_address('0.0.0.0')}:{port}/enter/")


async def test_a_reload_never_takes_a_second_seat_and_a_second_browser_finds_none(server: Server) -> None:
    made = await invite(server)
    mine, theirs = new_code(), new_code()
    first = (await exchange(server, made["code"], mine)).json()
    for _ in range(3):
        assert (await exchange(server, made["code"], mine)).json()["sub"] == first["sub"]
    problem(await exchange(server, made["code"], theirs), 403, "invitation_used_up")
    shown = {"code": made["code"], "client": mine}
    assert (await server.http.post("/api/invitations/look", json=shown)).json()["seated"] is True
    stranger = {"code": made["code"], "client": theirs}
    problem(await server.http.post("/api/invitations/look", json=stranger), 403, "invitation_used_up")
    assert (await listed(server))[0]["taken"] == 1


async def test_who_is_billed_opens_the_link_on_the_next_device_where_one_breaks_down(server: Server) -> None:
    await import_(server)
    await server.http.post("/api/events/conf/sessions", json={}, headers=OWNER)
    talk_id = (await ids(server))[0]
    session = (await server.http.get(f"/api/sessions/{talk_id}", headers=OWNER)).json()
    speaker = session["programme"]["speakers"][0]["id"]
    made = await invite(server, session=talk_id, role="speaker", billed=speaker)
    for _ in range(DEVICES):
        assert (await exchange(server, made["code"])).json()["sub"] == speaker
    problem(await exchange(server, made["code"]), 403, "invitation_used_up")
    single = await invite(server, session=talk_id, role="speaker", billed=speaker, seats=1)
    assert (await exchange(server, single["code"])).status_code == 200
    problem(await exchange(server, single["code"]), 403, "invitation_used_up")


async def test_of_fifty_who_want_the_last_five_seats_five_get_one(server: Server) -> None:
    made = await invite(server, seats=5)
    answers = await asyncio.gather(*(exchange(server, made["code"]) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [403] * 45
    assert len({answer.json()["sub"] for answer in answers if answer.status_code == 200}) == 5


async def test_after_its_expiry_it_seats_nobody_new_and_who_is_seated_stays(server: Server) -> None:
    made = await invite(server, seats=2, expires=int(time.time() * 1000) + 1500)
    mine = new_code()
    assert (await exchange(server, made["code"], mine)).status_code == 200
    await asyncio.sleep(1.6)
    problem(await exchange(server, made["code"]), 403, "invitation_expired")
    assert (await exchange(server, made["code"], mine)).status_code == 200


async def test_a_withdrawn_one_opens_nothing_any_more(server: Server) -> None:
    made = await invite(server, seats=2)
    mine = new_code()
    assert (await exchange(server, made["code"], mine)).status_code == 200
    path = f"/api/invitations/{made['invitation']['id']}"
    problem(await server.http.delete(path, headers=bearer("producer", "forum")), 403, "forbidden")
    for headers in (bearer("producer"), OWNER):
        assert (await server.http.delete(path, headers=headers)).status_code == 204
    for client in (mine, new_code()):
        problem(await exchange(server, made["code"], client), 403, "invitation_revoked")
    assert (await listed(server))[0]["revoked"] > 0
    problem(await server.http.delete("/api/invitations/i-0", headers=OWNER), 404, "invitation_not_found")
    problem(await server.http.delete("/api/invitations/i-0", headers=bearer("viewer")), 403, "forbidden")


async def test_who_came_by_a_withdrawn_one_does_not_stay_on_stage(server: Server) -> None:
    """The stage knows it as the socket does; who has another invitation is left alone."""
    made = [await invite(server, role="speaker", name=name, publish=["camera"]) for name in ("Ada", "Grace")]
    tokens = [(await exchange(server, one["code"])).json() for one in made]
    home, path = str(server.http.base_url).rstrip("/"), f"/api/invitations/{made[0]['invitation']['id']}"
    async with seat(home, token("producer")) as producer, seat(home, tokens[1]["token"]):
        async with seat(home, tokens[0]["token"]) as ada:
            for one in tokens:
                await producer.send(BringOn(command_id(), one["sub"]))
                while not isinstance(said := await producer.hear(), Ack):
                    assert not isinstance(said, Refused), said
            assert (await server.http.delete(path, headers=OWNER)).status_code == 204
            with pytest.raises(GoodbyeError):
                while True:
                    await ada.hear()
        async with seat(home, token("producer")) as desk:
            assert desk.welcome.snapshot is not None
            assert [person.id for person in desk.welcome.snapshot.stage] == [tokens[1]["sub"]]
    assert (await server.http.delete(path, headers=OWNER)).status_code == 204, "and again, if need be"
    audit = (await server.http.get("/api/sessions/keynote/audit", headers=OWNER)).json()["entries"]
    put_out = [row for row in audit if row["action"] == "person.ejected"]
    assert [row["which"] for row in put_out] == [tokens[0]["sub"]]


async def test_a_mistake_takes_no_seat(server: Server) -> None:
    made = await invite(server, naming="required")
    problem(await exchange(server, made["code"]), 409, "name_needed")
    problem(await exchange(server, made["code"], name="x" * 101), 400, "bad_request")
    problem(await exchange(server, made["code"], client="short"), 400, "bad_request")
    problem(await exchange(server, new_code()), 404, "invitation_not_found")
    assert (await exchange(server, made["code"], name="Ada")).json()["name"] == "Ada"


async def test_who_may_invite_whom_and_where(server: Server) -> None:
    for by in ROLES:
        for wanted in ("viewer", "producer", "owner"):
            body = {"session": "keynote", "role": wanted}
            own = await server.http.post("/api/invitations", json=body, headers=bearer(by))
            may = by in ("producer", "owner")
            assert own.status_code == (400 if wanted == "owner" else 201 if may else 403), (by, wanted)
            foreign = await server.http.post("/api/invitations", json=body, headers=bearer(by, "forum"))
            assert foreign.status_code == (400 if wanted == "owner" else 403)
        event = await server.http.post(
            "/api/invitations", json={"event": "conf", "role": "viewer"}, headers=bearer(by)
        )
        assert event.status_code == 403
        found = await server.http.get("/api/invitations?session=keynote", headers=bearer(by))
        assert found.status_code == (200 if by in ("producer", "owner") else 403)
    body = {"session": "absent", "role": "viewer"}
    problem(await server.http.post("/api/invitations", json=body, headers=OWNER), 404, "session_not_found")
    body = {"session": "keynote", "role": "speaker", "billed": "p-9"}
    problem(await server.http.post("/api/invitations", json=body, headers=OWNER), 404, "person_not_found")
    problem(await server.http.get("/api/invitations", headers=OWNER), 400, "bad_request")


async def test_neither_code_nor_browser_is_in_redis(server: Server) -> None:
    made, client = await invite(server), new_code()
    assert (await exchange(server, made["code"], client)).status_code == 200
    kept = b"".join(
        file.read_bytes() for file in (server.settings.data / "redis").rglob("*") if file.is_file()
    )
    assert made["invitation"]["id"].encode() in kept, "the file is the one that Redis keeps"
    assert made["code"].encode() not in kept
    assert client.encode() not in kept


async def test_an_events_link_opens_its_public_sessions_and_not_what_is_by_invitation(server: Server) -> None:
    await import_(server)
    await publish(server)
    opened = await server.http.post("/api/events/conf/sessions", json={}, headers=OWNER)
    public, closed = (session["id"] for session in opened.json()["sessions"])
    made = await invite(server, session=None, event="conf", seats=100)
    looked = (await server.http.post("/api/invitations/look", json={"code": made["code"]})).json()
    assert [session["id"] for session in looked["sessions"]] == [public]
    # The door has the times that the programme has: those to be expected as well as those planned.
    listed = (await server.http.get("/api/events/conf/programme")).json()["items"]
    expected = {item["id"]: item["expected"] for item in listed}
    assert looked["sessions"][0]["expected"] == expected[public]
    mine = new_code()
    chosen = await exchange(server, made["code"], mine, session=public)
    assert chosen.json()["session"] == public
    assert (await exchange(server, made["code"], mine)).json()["sub"] == chosen.json()["sub"]
    for other in (closed, "keynote"):
        problem(await exchange(server, made["code"], mine, session=other), 403, "invitation_needed")
    desk = await invite(server, session=None, event="conf", role="moderator")
    problem(await exchange(server, desk["code"], mine), 409, "session_needed")
    assert (await exchange(server, desk["code"], mine, session=closed)).status_code == 200
    own = await invite(server, session=closed)
    token = (await exchange(server, own["code"])).json()["token"]
    seen = await server.http.get("/api/events/conf/programme", headers={"Authorization": f"Bearer {token}"})
    assert closed in [item["id"] for item in seen.json()["items"]]
    speaker = (await server.http.get(f"/api/sessions/{public}", headers=OWNER)).json()["programme"][
        "speakers"
    ][0]
    ada = await invite(server, session=public, role="speaker", billed=speaker["id"])
    assert (await exchange(server, ada["code"], mine)).json()["name"] == speaker["name"]
    everywhere = await invite(
        server, session=None, event="conf", role="speaker", billed=speaker["id"], seats=9
    )
    assert everywhere["invitation"]["name"] == speaker["name"]
    at = int(NINE.timestamp()) * 1000
    wanted = {"title": "Gala", "start": at, "end": at + 3_600_000}
    await server.http.put("/api/events/conf/items/conf.gala", json=wanted, headers=OWNER)
    await server.http.post("/api/events/conf/sessions", json={"items": ["conf.gala"]}, headers=OWNER)
    corrected = {"name": "Ada Lovelace", "affiliation": "Wheels"}
    await server.http.put(f"/api/events/conf/people/{speaker['id']}", json=corrected, headers=OWNER)
    for session in (public, "conf.gala"):
        seated = (await exchange(server, everywhere["code"], session=session)).json()
        assert (seated["name"], seated["sub"]) == ("Ada Lovelace", speaker["id"])
    await server.http.delete("/api/events/conf", headers=OWNER)
    assert (await exchange(server, ada["code"], mine)).json()["name"] != speaker["id"]


async def test_what_is_withdrawn_is_not_begun_nor_offered_until_it_is_back(server: Server) -> None:
    await import_(server)
    await server.http.post("/api/events/conf/sessions", json={}, headers=OWNER)
    one, two = await ids(server)
    made = await invite(server, session=None, event="conf", role="moderator", seats=9)

    async def offered() -> list[str]:
        looked = (await server.http.post("/api/invitations/look", json={"code": made["code"]})).json()
        return [session["id"] for session in looked["sessions"]]

    async def step(name: str) -> httpx.Response:
        return await server.http.post(f"/api/sessions/{two}/{name}", headers=bearer("producer", two))

    assert await offered() == [one, two]
    await import_(server, pretalx(talk(1, NINE)))
    assert await offered() == [one]
    said = (await server.http.get(f"/api/sessions/{two}", headers=OWNER)).json()
    assert said["programme"]["withdrawn"] is True
    for name in ("doors", "start"):
        problem(await step(name), 409, "withdrawn")
    await import_(server)
    assert await offered() == [one, two]
    assert (await step("start")).json()["status"] == "live"


async def test_a_code_at_the_halls_door_counts_each_phone_once_and_in_the_hall(server: Server) -> None:
    door = await invite(server, place="hall", seats=500)
    base = str(server.http.base_url).rstrip("/")
    mine, theirs = new_code(), new_code()
    phones = [(await exchange(server, door["code"], one)).json() for one in (mine, theirs, mine)]
    assert phones[0]["sub"] == phones[2]["sub"] != phones[1]["sub"]
    assert (await listed(server))[0]["taken"] == 2
    async with AsyncExitStack() as stack:
        for phone in phones:
            await stack.enter_async_context(seat(base, phone["token"]))
        desk = await stack.enter_async_context(seat(base, token("moderator", sub="mod")))
        async with asyncio.timeout(5):
            while True:
                said = await desk.hear()
                if isinstance(said, Presence) and said.online + said.hall == 3:
                    break
        assert (said.online, said.hall) == (1, 2)
        assert said.people is not None
        assert [who.role for who in said.people if who.place == "hall"] == ["viewer", "viewer"]


async def test_it_outlives_the_server(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        await server.create()
        made, mine = await invite(server), new_code()
        first = (await exchange(server, made["code"], mine)).json()
        assert made["link"].startswith(str(server.http.base_url).rstrip("/"))
    async with running(tmp_path) as server:
        assert (await exchange(server, made["code"], mine)).json()["sub"] == first["sub"]
        problem(await exchange(server, made["code"]), 403, "invitation_used_up")


# -- the command ----------------------------------------------------------------------------------------


async def test_the_26_institutions_of_a_symposium_are_invited_by_a_table(
    server: Server, tmp_path: Path
) -> None:
    base = str(server.http.base_url)
    table, links, codes = tmp_path / "in.csv", tmp_path / "links.csv", tmp_path / "qr"
    lines = [f"第{n}研究所,3,seat {n}" for n in range(26)]
    table.write_text("\n".join(["Institution,Seats,Contact", *lines]) + "\n", encoding="utf-8-sig")

    async def run(*argv: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(rostrum, "invite", *argv, "--server", base)

    done = await run(
        "batch", str(table), "--session", "keynote", "--output", str(links), "--qr-folder", str(codes)
    )
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(links.read_text(encoding="utf-8-sig"))))
    assert [row["affiliation"] for row in rows] == [f"第{n}研究所" for n in range(26)]
    assert rows[3]["contact"] == "seat 3" and len(list(codes.glob("*.svg"))) == 26
    code = rows[0]["link"].partition("#invitation=")[2]
    seats = [await exchange(server, code) for _ in range(4)]
    assert [seat.status_code for seat in seats] == [200, 200, 200, 403]
    assert TOKENS.verify(seats[0].json()["token"], time.time()).affiliation == "第0研究所"
    said = (await run("list", "--session", "keynote")).stdout.splitlines()
    assert len(said) == 26 and any("3/3\topen\t第0研究所" in line for line in said)
    assert (await run("revoke", rows[0]["invitation"])).returncode == 0
    assert [one["id"] for one in await listed(server) if "revoked" in one] == [rows[0]["invitation"]]
    one = await run("create", "--session", "keynote", "--place", "hall", "--seats", "500", "--qr")
    assert one.stdout.startswith("https://talk.example/enter/#invitation=") and "█" in one.stdout
    table.write_text("institution,seats\nOne,2\nTwo,many\n", encoding="utf-8")
    before = len(await listed(server))
    assert "Line 3" in complaint(await run("batch", str(table), "--session", "keynote"))
    assert len(await listed(server)) == before, "a table is read whole before anything is made"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_list_of_guests_is_read_as_spreadsheets_write_it(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    file = tmp_path / "in.csv"
    lines = (("Institution", "Seats", "Note", ""), ("第一研究所", "3", '"two\nlines"', ""), ("", "", "", ""))
    file.write_bytes("\r\n".join(delimiter.join(line) for line in (*lines, lines[1])).encode(encoding))
    header, rows = invite_cli._table(file)
    assert header == ["affiliation", "seats", "note"]
    row = {"affiliation": "第一研究所", "seats": "3", "note": "two\nlines"}
    assert rows == [(3, row), (6, row)]
    file.write_bytes(f"name{delimiter}seats\nAda{delimiter}1{delimiter}x\n".encode(encoding))
    with pytest.raises(CommandError, match="Line 2"):
        invite_cli._table(file)
