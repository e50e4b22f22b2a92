"""The REST doors over real HTTP and a real Redis, and the document that describes them."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate
from starlette.routing import Route

from signaling.app import build
from signaling.auth import ROLES
from tests.signaling.server import OWNER, TOKENS, Server, bearer, running, token


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with running(tmp_path) as server:
        yield server


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    document: dict[str, Any] = answer.json()
    assert document["code"] == code
    assert document["status"] == status
    assert document["type"] == f"urn:rostrum:problem:{code}"
    assert document["detail"].endswith(".")
    return document


async def test_a_session_is_created_started_and_ended(server: Server) -> None:
    created = await server.http.post(
        "/api/sessions", json={"id": "keynote", "title": "On engines"}, headers=OWNER
    )
    assert created.status_code == 201
    assert created.headers["location"] == "/api/sessions/keynote"
    assert created.json()["status"] == "planned"
    assert (await server.http.get("/api/sessions/keynote", headers=OWNER)).json() == created.json()
    started = await server.http.post("/api/sessions/keynote/start", headers=bearer("producer"))
    assert started.json()["status"] == "live"
    assert started.json()["started"] >= created.json()["created"]
    again = await server.http.post("/api/sessions/keynote/start", headers=bearer("producer"))
    assert again.json() == started.json()
    ended = await server.http.post("/api/sessions/keynote/end", headers=bearer("producer"))
    assert ended.json()["status"] == "ended"
    listed = await server.http.get("/api/sessions", headers=OWNER)
    assert listed.json() == {"sessions": [ended.json()]}
    problem(await server.http.post("/api/sessions/keynote/start", headers=OWNER), 409, "session_ended")


async def test_a_session_without_an_id_gets_one(server: Server) -> None:
    created = await server.http.post("/api/sessions", json={"title": "A forum"}, headers=OWNER)
    found = await server.http.get(created.headers["location"], headers=OWNER)
    assert found.json()["title"] == "A forum"


async def test_the_same_id_twice_is_a_conflict(server: Server) -> None:
    await server.create()
    again = await server.http.post("/api/sessions", json={"id": "keynote", "title": "x"}, headers=OWNER)
    problem(again, 409, "session_exists")


async def test_what_cannot_be_read_is_refused(server: Server) -> None:
    json, form = "application/json", "application/x-www-form-urlencoded"
    for body, content_type, status, code in (
        (b'{"title": ""}', json, 400, "bad_request"),
        (b'{"title": " \\u200b"}', json, 400, "bad_request"),
        (b'{"title": "x", "id": "a b"}', json, 400, "bad_request"),
        (b'{"title": "x", "owner": "me"}', json, 400, "bad_request"),
        (b"{", json, 400, "bad_request"),
        (b"title=x", form, 415, "unsupported_media_type"),
        (b'{"title": "' + b"x" * 70_000 + b'"}', json, 413, "body_too_large"),
    ):
        headers = OWNER | {"Content-Type": content_type}
        problem(await server.http.post("/api/sessions", content=body, headers=headers), status, code)


async def test_a_body_of_unknown_length_is_bounded_too(server: Server) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    headers = OWNER | {"Content-Type": "application/json"}
    answer = await server.http.post("/api/sessions", content=endless(), headers=headers)
    problem(answer, 413, "body_too_large")


async def test_who_may_not_is_told_so(server: Server) -> None:
    await server.create()
    for role in ("viewer", "speaker", "moderator", "chair"):
        problem(await server.http.post("/api/sessions/keynote/end", headers=bearer(role)), 403, "forbidden")
    own_only = bearer("owner", "keynote")
    problem(await server.http.get("/api/sessions", headers=own_only), 403, "forbidden")
    problem(await server.http.post("/api/sessions", json={"title": "x"}, headers=own_only), 403, "forbidden")
    foreign = bearer("producer", "forum")
    problem(await server.http.get("/api/sessions/keynote", headers=foreign), 403, "forbidden")
    problem(await server.http.get("/api/sessions/absent", headers=OWNER), 404, "session_not_found")


async def test_tokens_are_asked_for_and_checked(server: Server) -> None:
    bare = await server.http.get("/api/sessions")
    problem(bare, 401, "token_missing")
    assert bare.headers["www-authenticate"] == 'Bearer realm="rostrum"'
    stale = {"Authorization": f"Bearer {token('owner', '*', lifetime=-1)}"}
    expired = await server.http.get("/api/sessions", headers=stale)
    problem(expired, 401, "token_expired")
    assert 'error="invalid_token"' in expired.headers["www-authenticate"]
    problem(
        await server.http.get("/api/sessions", headers={"Authorization": "Basic x"}), 401, "token_missing"
    )


async def test_a_minted_token_says_what_was_asked_for(server: Server) -> None:
    await server.create()
    wanted = {
        "session": "keynote",
        "role": "speaker",
        "name": "Ada Lindqvist",
        "affiliation": "Engines",
        "title": "Professor",
        "sub": "ada",
        "lifetime": 3600,
    }
    answer = await server.http.post("/api/tokens", json=wanted, headers=bearer("producer"))
    assert answer.status_code == 201
    minted = answer.json()
    claims = TOKENS.verify(minted["token"], time.time())
    assert (claims.sub, claims.role, claims.session) == ("ada", "speaker", "keynote")
    assert (claims.name, claims.affiliation, claims.title) == ("Ada Lindqvist", "Engines", "Professor")
    assert claims.publish == ("camera", "slides")
    assert claims.exp == minted["expires"] == claims.iat + 3600


async def test_a_token_names_somebody(server: Server) -> None:
    body = {"session": "*", "role": "owner", "name": " \u200b"}
    problem(await server.http.post("/api/tokens", json=body, headers=OWNER), 400, "bad_request")


async def test_who_may_mint_which_token(server: Server) -> None:
    await server.create()
    for by, wanted in itertools.product(ROLES, ROLES):
        body = {"session": "keynote", "role": wanted, "name": "Somebody"}
        own = await server.http.post("/api/tokens", json=body, headers=bearer(by))
        may = by == "owner" or (by == "producer" and wanted != "owner")
        assert own.status_code == (201 if may else 403), (by, wanted)
        foreign = await server.http.post("/api/tokens", json=body, headers=bearer(by, "forum"))
        assert foreign.status_code == 403
        everywhere = await server.http.post("/api/tokens", json=body | {"session": "*"}, headers=bearer(by))
        assert everywhere.status_code == 403


async def test_a_token_for_every_session_is_an_owners_alone(server: Server) -> None:
    body = {"session": "*", "role": "producer", "name": "Somebody"}
    problem(await server.http.post("/api/tokens", json=body, headers=OWNER), 400, "bad_request")
    answer = await server.http.post("/api/tokens", json=body | {"role": "owner"}, headers=OWNER)
    assert answer.status_code == 201
    absent = body | {"session": "absent"}
    problem(await server.http.post("/api/tokens", json=absent, headers=OWNER), 404, "session_not_found")


async def test_a_lifetime_has_bounds(server: Server) -> None:
    for lifetime in (0, 59, 86_401, "600"):
        body = {"session": "*", "role": "owner", "name": "Somebody", "lifetime": lifetime}
        problem(await server.http.post("/api/tokens", json=body, headers=OWNER), 400, "bad_request")


async def test_wrong_methods_and_addresses(server: Server) -> None:
    wrong = await server.http.delete("/api/tokens", headers=OWNER)
    problem(wrong, 405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"
    problem(await server.http.get("/api/rooms", headers=OWNER), 404, "not_found")


# -- the document ----------------------------------------------------------------------------------------


async def test_the_document_is_valid_and_has_every_route(server: Server) -> None:
    answer = await server.http.get("/api/openapi.json")
    described = answer.json()
    validate(described)
    assert described["openapi"].startswith("3.1")
    served = {
        (route.path, method)
        for route in build(replace(server.settings, redis_url="redis://127.0.0.1")).http.routes
        if isinstance(route, Route) and route.path != "/"
        for method in (route.methods or set()) - {"HEAD"}
    }
    documented = {(path, method.upper()) for path, item in described["paths"].items() for method in item}
    assert served == documented


async def test_an_outside_service_sends_captions(server: Server) -> None:
    await server.create("keynote")
    path = "/api/sessions/keynote/captions"
    line = {"language": "en", "line": "utterance-7", "text": "Good evening"}
    interpreter = bearer("interpreter", "keynote")
    sent = await server.http.post(path, json=line, headers=interpreter)
    assert (sent.status_code, sent.content) == (204, b"")
    for bad in ({"language": "not a tag"}, {"text": ""}, {"text": "x" * 301}, {"line": ""}, {"more": 1}):
        refused = await server.http.post(path, json=line | bad, headers=interpreter)
        assert refused.status_code == 400, bad
    for role in ("viewer", "speaker", "moderator"):
        refused = await server.http.post(path, json=line, headers=bearer(role, "keynote"))
        assert refused.status_code == 403, role
    await server.http.post("/api/sessions/keynote/pause", headers=OWNER)
    refused = await server.http.post(path, json=line, headers=interpreter)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_live")
