"""The demo and `rostrum serve` as commands: everything comes up, what dies comes back, nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
import pytest

from signaling.attend import attend, seat
from signaling.demo import LINKS, SESSION, SPEAKER, bring_on, create_session, environment
from signaling.protocol import BroughtOn, MediaState
from signaling.redis_client import TIMEOUT
from tests.signaling.conftest import RedisServer
from tests.signaling.processes import alive, children, until
from tests.signaling.relay_process import RelayProcess
from tests.signaling.server import OWNER, running, token
from tests.signaling.test_cli import settings

READY_WITHIN = 10.0
"""Seconds the demo may take on an idle machine."""

BUSY = 4.5
"""How many times that the tests allow on a busy one, as stages of browsers do: 13 s were seen at a load
of 20."""


SPARED = ("stream.relay", "-m signaling signaling")
"""Command lines of the parts of which a spare stands by, some seconds after the start."""


@dataclass
class Command:
    """A running `rostrum …`, what it has said so far, and how to talk to it."""

    process: asyncio.subprocess.Process
    url: str
    said: list[str] = field(default_factory=list)

    async def until_said(self, pattern: str, within: float) -> re.Match[str]:
        found: list[re.Match[str]] = []

        def said() -> bool:
            found.extend(match for line in self.said if (match := re.search(pattern, line)))
            return bool(found) or self.process.returncode is not None

        try:
            await until(said, within)
        except AssertionError as late:
            late.add_note("\n".join(self.said))
            raise
        assert found, "\n".join(self.said)
        return found[0]

    def child(self, marker: str) -> int:
        """Return the process id of the child whose command line has this in it; 0 if there is none."""
        return next((pid for pid in children(self.process.pid) if marker in command_line(pid)), 0)

    def assert_runs(self, *markers: str) -> list[int]:
        """Hold it to these parts and no other, of which relay and signaling may have a spare each."""
        pids = children(self.process.pid)
        found = Counter(
            next((m for m in markers if m in command_line(pid)), command_line(pid)) for pid in pids
        )
        assert set(found) == set(markers)
        assert all(number <= 1 + (marker in SPARED) for marker, number in found.items()), found
        return pids


def command_line(pid: int) -> str:
    """Return a process's command line; "" of one that is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    except OSError:
        return ""


@contextlib.asynccontextmanager
async def command(*argv: str, env: dict[str, str]) -> AsyncIterator[Command]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "signaling", *argv),
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    running = Command(process, f"http://127.0.0.1:{env['ROSTRUM_HTTP_PORT']}")

    async def read() -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            running.said.append(line.decode().rstrip())

    reading = asyncio.create_task(read())
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


async def media(url: str, token: str, within: float) -> MediaState:
    """Return what the token's bearer hears of the media, once somebody is live."""
    async with asyncio.timeout(within), seat(url, token) as taken:
        while not (taken.media and any(p.live and p.video for p in taken.media.publications)):
            await taken.hear()
        return taken.media


def test_the_demo_takes_no_secret_and_no_data_of_the_real_thing() -> None:
    given = {
        "ROSTRUM_SECRET": "real",
        "ROSTRUM_RELAY_SECRET_FILE": "/real",
        "ROSTRUM_REDIS_URL": "redis://real",
        "ROSTRUM_RELAY_URL": "http://real",
        "ROSTRUM_DATA": "/real",
        "ROSTRUM_METRICS_PORT": "9999",
    }
    env = environment(given, "/fresh", "0.0.0.0", 8090)
    assert not any("real" in value for value in env.values())
    assert env["ROSTRUM_DATA"] == "/fresh"
    assert (env["ROSTRUM_HTTP_PORT"], env["ROSTRUM_METRICS_PORT"]) == ("8090", "9999")
    assert "ROSTRUM_MEDIA_HOST" not in env
    assert env["ROSTRUM_SECRET"] != environment(given, "/fresh", "0.0.0.0", 8090)["ROSTRUM_SECRET"]
    assert "ROSTRUM_MEDIA_HOST" not in environment({}, "/fresh", "127.0.0.1", None)


async def test_it_is_ready_with_nothing_less_than_a_speaker_on_stage_and_their_picture(
    tmp_path: Path,
) -> None:
    missing: list[str] = []
    async with RelayProcess() as relay, running(tmp_path, relay.url) as server, asyncio.TaskGroup() as tasks:
        await server.until_ready()
        await server.create(SESSION)
        url = str(server.http.base_url).rstrip("/")
        desk = token("producer", SESSION)
        without_speaker = tasks.create_task(bring_on(url, desk, missing.append, patience=0.3))
        await until(lambda: len(missing) == 1)
        assert missing == ["The synthetic speaker has not come yet."]
        present = tasks.create_task(attend(url, token("speaker", SESSION, sub=SPEAKER)))
        async with seat(url, token("viewer", SESSION)) as viewer:
            while not any(isinstance(e, BroughtOn) for e in getattr(await viewer.hear(), "events", ())):
                pass
        without_picture = tasks.create_task(bring_on(url, desk, missing.append, patience=1.0))
        await until(lambda: len(missing) == 2)
        assert missing[1] == "The synthetic speaker is on stage, but their picture has not come yet."
        assert not without_speaker.done() and not without_picture.done()
        for task in (without_speaker, without_picture, present):
            task.cancel()


@pytest.mark.fault
async def test_the_demo_waits_for_a_redis_that_answers_late(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    async with running(tmp_path, redis_url=redis_server.url) as server, asyncio.TaskGroup() as tasks:
        redis_server.freeze()
        creating = tasks.create_task(create_session(str(server.http.base_url), server.settings))
        await asyncio.sleep(TIMEOUT + 1.0)
        assert not creating.done(), "it was refused once, and asks again"
        redis_server.thaw()
        await creating
        shown = await server.http.get(f"/api/sessions/{SESSION}", headers=OWNER)
        assert shown.json()["status"] == "live"


@pytest.mark.slow
async def test_the_demo_comes_up_with_a_talk_and_ctrl_c_ends_everything() -> None:
    began = time.monotonic()
    before = set(Path(tempfile.gettempdir()).glob("rostrum-demo-*"))
    async with command("demo", env=settings(ROSTRUM_DATA="/nonexistent")) as demo:
        took = await demo.until_said(r"^Ready after ([\d.]+) s", within=BUSY * READY_WITHIN)
        assert float(took[1]) <= time.monotonic() - began
        assert (await demo.until_said("Ctrl-C ends", 2)).string.endswith("everything.")
        tokens: dict[str, str] = {}
        for link in LINKS:
            found = await demo.until_said(rf"^  ({re.escape(demo.url)}/{link.page}/)#token=(\S+)$", 1)
            tokens[link.page] = found[2]
            async with httpx.AsyncClient(trust_env=False) as http:
                assert (await http.get(found[1])).status_code == 200
        async with seat(demo.url, tokens["watch"]) as viewer:
            snapshot = viewer.welcome.snapshot
            assert snapshot is not None
            assert (snapshot.session.id, snapshot.session.status) == (SESSION, "live")
            assert [person.id for person in snapshot.stage] == [SPEAKER]
            assert snapshot.stage[0].name == "Prof. Ada Lindqvist"
            assert snapshot.stage[0].title
            assert snapshot.stage[0].affiliation
        live = await media(demo.url, tokens["watch"], within=10)
        assert {p.source for p in live.publications if p.participant == SPEAKER} >= {"camera"}
        assert any("make demo HOST=0.0.0.0" in line for line in demo.said)
        processes = demo.assert_runs("redis-server", *SPARED, "-m signaling publish")
        demo.process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(demo.process.wait(), 20) == 0
        assert not any(alive(pid) for pid in processes)
    assert set(Path(tempfile.gettempdir()).glob("rostrum-demo-*")) <= before


@pytest.mark.slow
async def test_on_all_addresses_a_phone_gets_a_link_and_a_qr_code() -> None:
    env = settings()
    del env["ROSTRUM_MEDIA_HOST"]
    async with command("demo", "--host", "0.0.0.0", env=env) as demo:
        await demo.until_said("Ctrl-C ends", within=BUSY * READY_WITHIN)
        port = env["ROSTRUM_HTTP_PORT"]
        phone = await demo.until_said(rf"^  http://[\d.]+:{port}/watch/#token=(\S+)$", 1)
        links = [line for line in demo.said if "/watch/#token=" in line]
        assert len(links) == 2
        assert phone
        assert sum("█" in line or "▀" in line or "▄" in line for line in demo.said) > 20
        demo.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(demo.process.wait(), 20) == 0


@pytest.mark.slow
@pytest.mark.fault
async def test_serve_starts_again_what_is_killed_and_keeps_what_was_said(tmp_path: Path) -> None:
    env = settings(ROSTRUM_DATA=str(tmp_path), ROSTRUM_LOG_LEVEL="warning")
    async with (
        command("serve", env=env) as served,
        httpx.AsyncClient(base_url=served.url, trust_env=False) as http,
    ):
        await served.until_said("serving at", within=BUSY * READY_WITHIN)
        from tests.signaling.server import OWNER

        created = await http.post("/api/sessions", json={"id": "keynote", "title": "A"}, headers=OWNER)
        assert created.status_code == 201
        for marker in ("redis-server", *SPARED):
            first = served.child(marker)
            assert first, marker
            os.kill(first, signal.SIGKILL)
            await until(lambda f=first, m=marker: served.child(m) not in (0, f), within=2)  # type: ignore[misc]
            async with asyncio.timeout(BUSY * READY_WITHIN):
                while not await _ready(http):
                    await asyncio.sleep(0.05)
            found = await http.get("/api/sessions/keynote", headers=OWNER)
            assert found.json() == created.json()
        everybody = served.assert_runs("redis-server", *SPARED)
        # Killed itself, it leaves nobody behind who would hold a port or the data.
        served.process.kill()
        await until(lambda: not any(alive(pid) for pid in everybody))


async def _ready(http: httpx.AsyncClient) -> bool:
    try:
        return bool(msgspec.json.decode((await http.get("/readyz", timeout=2)).content)["ready"])
    except httpx.HTTPError:
        return False
