"""Who is put out is out: sockets and media, on every worker, within a second (faults.md, row 23)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from signaling.attend import GoodbyeError, Seat, command_id, seat
from signaling.invitation import new_code
from signaling.log import SessionLog
from signaling.protocol import Ack, EjectPerson, PersonEjected, PostChat, ReadmitPerson, Refused
from tests.signaling.relay_process import SECRET as RELAY_SECRET
from tests.signaling.relay_process import RelayProcess
from tests.signaling.server import OWNER, Server, bearer, running, token
from tests.signaling.test_whip import PUBLISH, SDP, VIEW

from .conftest import RedisServer
from .test_invitation_doors import exchange, invite
from .test_live import MOD, claims, generous, worker
from .test_programme_doors import ids, import_
from .test_rest import problem

__all__ = ["generous"]

WITHIN = 1.0
"""Seconds for socket and media (row 23)."""


@pytest.fixture
async def relay() -> AsyncIterator[RelayProcess]:
    async with RelayProcess() as relay:
        yield relay


@pytest.fixture
async def workers(
    tmp_path: Path, relay: RelayProcess, redis_server: RedisServer
) -> AsyncIterator[tuple[Server, Server]]:
    """Run two workers on one Redis and one relay, with a live session."""
    async with contextlib.AsyncExitStack() as stack:
        one, two = [
            await stack.enter_async_context(running(tmp_path / name, relay.url, redis_url=redis_server.url))
            for name in ("one", "two")
        ]
        for server in (one, two):
            await server.until_ready()
        await one.create()
        async with asyncio.timeout(5):
            while (await two.http.get("/api/sessions/keynote", headers=OWNER)).status_code != 200:
                await asyncio.sleep(0.02)
        yield one, two


def base(server: Server) -> str:
    return str(server.http.base_url).rstrip("/")


async def transports(relay: RelayProcess) -> int:
    known = {"Authorization": f"Bearer {RELAY_SECRET}"}
    async with httpx.AsyncClient(base_url=relay.url, headers=known, trust_env=False) as http:
        return int((await http.get("/stats")).json()["transports"])


async def no_media_of(relay: RelayProcess, left: int, began: float) -> float:
    """Wait until so many transports are left, and return the seconds it took."""
    while await transports(relay) != left:
        assert time.monotonic() - began < 5, "media goes on"
        await asyncio.sleep(0.01)
    return time.monotonic() - began


async def goodbye(taken: Seat, began: float) -> tuple[str, float]:
    with pytest.raises(GoodbyeError) as caught:
        async with asyncio.timeout(5):
            while True:
                await taken.hear()
    return caught.value.code, time.monotonic() - began


async def publish(server: Server, shown: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {shown}"} | SDP
    return await server.http.post("/whip/keynote/camera", content=PUBLISH, headers=headers)


async def watch(server: Server, shown: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {shown}"} | SDP
    return await server.http.post("/whep/keynote?wait=1", content=VIEW, headers=headers)


@pytest.mark.fault
async def test_who_is_ejected_loses_socket_and_media_on_every_worker(
    workers: tuple[Server, Server], relay: RelayProcess
) -> None:
    one, two = workers
    shown = token("speaker", sub="sp-1")
    async with (
        seat(base(one), token("moderator", sub="mod")) as desk,
        seat(base(one), shown) as here,
        seat(base(two), shown) as there,
        seat(base(two), token("viewer", sub="bob")) as bystander,
    ):
        assert (await publish(one, shown)).status_code == 201
        location = (await watch(two, shown)).headers["location"]
        assert (await watch(two, token("viewer", sub="bob"))).status_code == 201
        assert await transports(relay) == 3
        began = time.monotonic()
        assert isinstance(await desk.command(EjectPerson(command_id(), "sp-1", reason="test")), Ack)
        ended = await asyncio.gather(goodbye(here, began), goodbye(there, began))
        media = await no_media_of(relay, 1, began)
        print(
            f"row 23, ejected: sockets off {max(t for _, t in ended) * 1000:.0f} ms, media {media * 1000:.0f}"
        )
        assert {code for code, _ in ended} == {"ejected"}
        assert max(media, *(took for _, took in ended)) <= WITHIN
        for server in workers:
            problem(await publish(server, shown), 403, "ejected")
            problem(await watch(server, shown), 403, "ejected")
            headers = {"Authorization": f"Bearer {shown}"}
            problem(await server.http.get("/api/sessions/keynote", headers=headers), 403, "ejected")
            problem(await server.http.delete(location, headers=headers), 403, "ejected")
            with pytest.raises(GoodbyeError) as caught:
                async with seat(base(server), shown):
                    pass
            assert caught.value.code == "ejected" and caught.value.final
        assert isinstance(await bystander.command(PostChat(command_id(), "still here")), Ack)
        assert isinstance(await desk.command(ReadmitPerson(command_id(), "sp-1")), Ack)
        problem(await publish(two, shown), 401, "token_revoked")
        body = {"session": "keynote", "role": "speaker", "name": "Grace", "sub": "sp-1"}
        minted = await two.http.post("/api/tokens", json=body, headers=bearer("producer"))
        assert (await publish(one, minted.json()["token"])).status_code == 201


@pytest.mark.fault
async def test_the_halls_media_end_with_whose_they_are_though_their_worker_is_gone(
    workers: tuple[Server, Server], relay: RelayProcess, redis_server: RedisServer, tmp_path: Path
) -> None:
    """The room is published as `hall`, by whoever sits at the desk: it is the desk that is put out."""
    one, two = workers
    desk = token("hall", sub="desk")
    headers = {"Authorization": f"Bearer {desk}"} | SDP
    async with running(tmp_path / "three", relay.url, redis_url=redis_server.url) as three:
        await three.until_ready()
        async with asyncio.timeout(5):
            while (
                await three.http.post("/whip/keynote/hall", content=PUBLISH, headers=headers)
            ).status_code != 201:
                await asyncio.sleep(0.05)
    async with (
        seat(base(one), token("moderator", sub="mod")) as moderator,
        seat(base(two), desk) as there,
    ):
        assert await transports(relay) == 1, "it outlives the worker that opened it"
        began = time.monotonic()
        assert isinstance(await moderator.command(EjectPerson(command_id(), "desk")), Ack)
        assert (await goodbye(there, began))[0] == "ejected"
        assert await no_media_of(relay, 0, began) <= WITHIN


@pytest.mark.fault
async def test_a_withdrawn_invitation_puts_out_who_came_by_it(
    workers: tuple[Server, Server], relay: RelayProcess
) -> None:
    one, two = workers
    made = await invite(one, role="speaker", seats=2, affiliation="Yale")
    mine, theirs = new_code(), new_code()
    first = (await exchange(one, made["code"], mine)).json()
    second = (await exchange(two, made["code"], theirs)).json()
    async with (
        seat(base(one), first["token"]) as here,
        seat(base(two), second["token"]) as there,
        seat(base(one), token("viewer", sub="bob")) as bystander,
    ):
        assert (await publish(one, second["token"])).status_code == 201
        assert (await watch(two, first["token"])).status_code == 201
        assert (await watch(two, token("viewer", sub="bob"))).status_code == 201
        began = time.monotonic()
        path = f"/api/invitations/{made['invitation']['id']}"
        assert (await two.http.delete(path, headers=bearer("producer"))).status_code == 204
        ended = await asyncio.gather(goodbye(here, began), goodbye(there, began))
        media = await no_media_of(relay, 1, began)
        print(
            f"row 23, withdrawn: sockets {max(t for _, t in ended) * 1000:.0f} ms, media {media * 1000:.0f}"
        )
        assert {code for code, _ in ended} == {"invitation_revoked"}
        assert max(media, *(took for _, took in ended)) <= WITHIN
        for server, client in ((one, mine), (two, theirs)):
            problem(await exchange(server, made["code"], client), 403, "invitation_revoked")
            problem(await publish(server, second["token"]), 403, "invitation_revoked")
        assert isinstance(await bystander.command(PostChat(command_id(), "still here")), Ack)


@pytest.mark.fault
async def test_who_is_ejected_while_the_relay_is_stuck_is_out_when_it_is_back(
    workers: tuple[Server, Server], relay: RelayProcess
) -> None:
    import signal

    one, _ = workers
    shown = token("speaker", sub="sp-1")
    assert (await publish(one, shown)).status_code == 201
    relay.signal(signal.SIGSTOP)
    try:
        async with seat(base(one), token("moderator", sub="mod")) as desk:
            assert isinstance(await desk.command(EjectPerson(command_id(), "sp-1")), Ack)
            await asyncio.sleep(0.3)
    finally:
        relay.signal(signal.SIGCONT)
    # A publisher who never finished its handshake would be dropped by the relay only after much longer.
    assert await no_media_of(relay, 0, time.monotonic()) <= 3.0


async def test_no_last_word_of_who_was_put_out_is_ever_in_the_log(
    redis_server: RedisServer, log: SessionLog
) -> None:
    async with worker(redis_server.url) as one, worker(redis_server.url) as two:
        here = await one.create("A talk", "s1")
        there = await two.get("s1")
        for turn in range(20):
            ada = claims(f"ada-{turn}")
            said = [there.command(ada, PostChat(f"c{n}", "last word")) for n in range(3)]
            ejected, *_ = await asyncio.gather(here.command(MOD, EjectPerson(f"e{turn}", ada.sub)), *said)
            assert isinstance(ejected, Ack)
            late = await there.command(ada, PostChat("late", "and another"))
            assert isinstance(late, Refused) and late.code == "ejected"
        out: set[str] = set()
        for entry in await log.read("s1"):
            assert entry.event.by not in out
            if isinstance(entry.event, PersonEjected):
                out.add(entry.event.person)
        assert len(out) == 20


async def test_a_session_that_closes_its_doors_to_all_but_its_own_guests_keeps_them(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        await import_(server)
        opened = await server.http.post("/api/events/conf/sessions", json={}, headers=OWNER)
        public = (await ids(server))[0]
        assert public == opened.json()["sessions"][0]["id"]
        wide = await invite(server, session=None, event="conf", seats=9)
        own = await invite(server, session=public)
        passing = (await exchange(server, wide["code"], session=public)).json()["token"]
        guest = (await exchange(server, own["code"])).json()["token"]
        async with seat(base(server), passing) as outside, seat(base(server), guest) as inside:
            programme = (await server.http.get(f"/api/sessions/{public}", headers=OWNER)).json()["programme"]
            item = (await server.http.get("/api/events/conf/programme", headers=OWNER)).json()["items"][0]
            keep = ("title", "start", "end", "zone")
            changed = {key: item[key] for key in keep} | {"visibility": "invitation"}
            put = await server.http.put(f"/api/events/conf/items/{public}", json=changed, headers=OWNER)
            assert put.status_code == 200, put.text
            assert programme.get("visibility", "public") == "public"
            code, took = await goodbye(outside, time.monotonic())
            assert code == "invitation_needed" and took < 2
            assert isinstance(await inside.command(PostChat(command_id(), "a guest")), Ack)
