"""A signaling process as a whole: its health, its metrics, its WebSocket, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import websockets
from prometheus_client.parser import text_string_to_metric_families

from signaling import worker
from signaling.attend import GoodbyeError, attend, command_id, seat
from signaling.presence import TICK
from signaling.protocol import (
    Ack,
    ChatPosted,
    Events,
    MediaState,
    PostChat,
    Presence,
    Refused,
    StartSession,
    Token,
)
from signaling.worker import PINGS_BEHIND_PROXIES, Pings, allow_sockets
from tests.signaling.processes import alive, children, until
from tests.signaling.relay_process import RelayProcess
from tests.signaling.server import bearer, running, token
from tests.signaling.test_cli import settings


async def test_readiness_says_what_is_missing(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        answer = await server.http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"ready": False, "redis": True, "relay": False}
        assert (await server.http.get("/healthz")).text == "ok\n"


def test_a_process_takes_as_many_open_files_as_it_may_have() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1024), hard))
    try:
        allow_sockets()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_metrics_have_a_listener_of_their_own(tmp_path: Path) -> None:
    async with RelayProcess() as relay, running(tmp_path, relay.url) as server:
        await server.until_ready()
        await server.create()
        await server.http.post("/whip/keynote/camera", headers=bearer("viewer"))
        await server.http.get("/nowhere/at/all")
        assert (await server.http.get("/metrics")).status_code == 404
        url = f"http://127.0.0.1:{server.settings.metrics_port}/metrics"
        async with httpx.AsyncClient(trust_env=False) as http:
            text = (await http.get(url)).text
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["rostrum_http_requests_total", ("door", "whip"), ("status", "403")] == 1
    assert samples["rostrum_http_requests_total", ("door", "pages"), ("status", "404")] >= 1
    assert samples["rostrum_http_requests_total", ("door", "api"), ("status", "201")] == 1
    assert samples["rostrum_relay_up", ("of", relay.url)] == 1
    assert samples["rostrum_sessions", ("of", "")] == 1
    assert any(name == "process_resident_memory_bytes" for name, *_ in samples)
    assert "nowhere" not in text


async def test_a_participant_without_a_browser(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        await server.create()
        base = str(server.http.base_url).rstrip("/")
        async with seat(base, token("producer")) as desk, seat(base, token("viewer")) as viewer:
            assert viewer.welcome.you.role == "viewer"
            assert isinstance(await viewer.command(PostChat(command_id(), "Hello!")), Ack)
            assert isinstance(await viewer.command(StartSession(command_id())), Refused)
            async with asyncio.timeout(10):
                while not isinstance(said := await desk.hear(), Events):
                    pass
            assert isinstance(said.events[-1], ChatPosted)
            assert said.events[-1].message.text == "Hello!"
            await desk.refresh()
            async with asyncio.timeout(10):
                while not isinstance(heard := await desk.hear(), Token):
                    pass
            assert heard.token == desk.token
        with pytest.raises(GoodbyeError) as caught:
            async with seat(base, token("viewer", "absent")):
                pass
        assert (caught.value.code, caught.value.final) == ("session_not_found", True)
        with pytest.raises(GoodbyeError):
            await attend(base, "nonsense")


async def test_who_attends_is_present_and_comes_back(tmp_path: Path) -> None:
    async with RelayProcess() as relay:
        async with running(tmp_path, relay.url) as first:
            await first.create()
            base = str(first.http.base_url).rstrip("/")
            attending = asyncio.create_task(attend(base, token("speaker", sub="sp-1")))
            producer = token("producer")
            await _until_present(base, producer, "sp-1")
        port = first.settings.http_port
        async with running(tmp_path, relay.url, http_port=port):
            await _until_present(base, producer, "sp-1")
            assert not attending.done()
            attending.cancel()
            await asyncio.gather(attending, return_exceptions=True)


async def _until_present(base: str, shown: str, participant: str) -> None:
    async with asyncio.timeout(20), seat(base, shown) as desk:
        while True:
            heard = await desk.hear()
            people = heard.people if isinstance(heard, Presence) else None
            if people and participant in {person.id for person in people}:
                return


async def test_the_relays_state_reaches_the_pages(tmp_path: Path) -> None:
    async with RelayProcess() as relay, running(tmp_path, relay.url) as server:
        await server.until_ready()
        await server.create()
        base = str(server.http.base_url).rstrip("/")
        async with asyncio.timeout(10), seat(base, token("producer")) as desk:
            while not (desk.media and desk.media.relay):
                await desk.hear()
            await relay.kill()
            while desk.media.relay:
                await desk.hear()
            assert desk.media == MediaState(relay=False, publications=())


async def test_a_page_of_another_site_gets_no_connection(tmp_path: Path) -> None:
    async with running(tmp_path, origins=("https://talk.example",)) as server:
        url = f"ws://127.0.0.1:{server.settings.http_port}/ws"
        for origin, status in (
            (f"http://127.0.0.1:{server.settings.http_port}", 101),
            ("https://talk.example", 101),
        ):
            async with websockets.connect(url, origin=websockets.Origin(origin), proxy=None) as socket:
                assert socket.response is not None
                assert socket.response.status_code == status
        with pytest.raises(websockets.InvalidStatus) as caught:
            await websockets.connect(url, origin=websockets.Origin("https://evil.example"), proxy=None)
        assert caught.value.response.status_code == 403


@pytest.mark.fault
async def test_sigterm_ends_it_within_seconds_and_its_redis_with_it(tmp_path: Path) -> None:
    env = settings(ROSTRUM_DATA=str(tmp_path))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "signaling", "signaling", env=env, stderr=asyncio.subprocess.PIPE
    )
    url = f"http://127.0.0.1:{env['ROSTRUM_HTTP_PORT']}/api/sessions"
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(300):
            try:
                await http.get(url, timeout=1)
            except httpx.HTTPError:
                await asyncio.sleep(0.1)
            else:
                break
    (redis,) = children(process.pid)
    assert b"redis-server" in Path(f"/proc/{redis}/cmdline").read_bytes()
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 20) == 0
    assert time.monotonic() - began < 10
    await until(lambda: not alive(redis))
    assert process.stderr is not None
    said = (await process.stderr.read()).decode()
    assert "Traceback" not in said
    assert "127.0.0.1" not in said


@pytest.mark.fault
async def test_killed_alone_it_leaves_no_redis_behind(tmp_path: Path) -> None:
    env = settings(ROSTRUM_DATA=str(tmp_path), ROSTRUM_LOG_LEVEL="error")
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "signaling", "signaling", env=env)
    await until(lambda: bool(children(process.pid)), within=30)
    found = children(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    await until(lambda: not any(alive(pid) for pid in found))


@contextlib.asynccontextmanager
async def proxy(port: int) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """Stand before a port as a proxy: once cut, its clients are neither heard nor told, and still there."""
    cut = asyncio.Event()
    writers: list[asyncio.StreamWriter] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            if not cut.is_set():
                writer.write(data)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        writers.extend((writer, inner_writer))
        with contextlib.suppress(OSError):
            await asyncio.gather(pass_on(reader, inner_writer), pass_on(inner_reader, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield int(server.sockets[0].getsockname()[1]), cut
        for writer in writers:
            writer.close()


@pytest.mark.fault
async def test_who_has_vanished_behind_a_proxy_is_no_longer_counted_within_15_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "PINGS_BEHIND_PROXIES", Pings(each=1.0, patience=1.0))
    async with running(tmp_path, trusted_proxies=("127.0.0.1",)) as server:
        await server.create()
        async with (
            proxy(server.settings.http_port) as (port, cut),
            seat(f"http://127.0.0.1:{server.settings.http_port}", token("moderator")) as desk,
            seat(f"http://127.0.0.1:{port}", token("viewer")) as vanished,
        ):
            counted = 0
            async with asyncio.timeout(15):
                while counted != 1:
                    heard = await desk.hear()
                    if isinstance(heard, Presence):
                        counted = heard.online
                        if counted == 2:
                            cut.set()
            vanished.abort()
            assert cut.is_set(), "two were there"
    pings = PINGS_BEHIND_PROXIES
    assert pings.each + 1 + pings.patience + TICK <= 15.0, "presence is right within 15 s of any crash"
