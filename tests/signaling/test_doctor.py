"""The doctor on this very machine, with things put wrong for it to find."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from signaling.doctor import Finding, examine
from stream import compiled
from tests.signaling.processes import free_port
from tests.signaling.relay_process import SECRET as RELAY_SECRET
from tests.signaling.relay_process import RelayProcess
from tests.signaling.server import running
from tests.signaling.test_cli import settings, taken


async def findings(env: dict[str, str]) -> list[Finding]:
    return [finding async for finding in examine(env)]


def about(found: list[Finding], what: str) -> list[Finding]:
    return [finding for finding in found if finding.about == what]


async def test_a_machine_that_is_well(tmp_path: Path) -> None:
    found = await findings(settings(ROSTRUM_DATA=str(tmp_path / "data")))
    assert {finding.level for finding in found} <= {"ok", "warning"}
    assert {finding.about for finding in found} >= {
        "redis",
        "data",
        "ports",
        "udp gso",
        "fan-out",
        "routing",
        "addresses",
    }
    assert len(about(found, "ports")) == 5
    assert all(finding.says.endswith(".") for finding in found)
    (redis,) = about(found, "redis")
    assert "version " in redis.says
    assert not (tmp_path / "data").exists()


async def test_missing_secrets_are_a_warning_and_weak_ones_a_problem(tmp_path: Path) -> None:
    env = settings(ROSTRUM_DATA=str(tmp_path), ROSTRUM_SECRET="", ROSTRUM_RELAY_SECRET="changeme")
    first, second = about(await findings(env), "secrets")
    assert (first.level, second.level) == ("warning", "problem")
    assert "ROSTRUM_SECRET is not set" in first.says
    assert "ROSTRUM_RELAY_SECRET" in second.says


async def test_a_wrong_setting_is_a_problem(tmp_path: Path) -> None:
    found = await findings(settings(ROSTRUM_DATA=str(tmp_path), ROSTRUM_FANOUT="fast"))
    assert [finding.level for finding in about(found, "settings")] == ["problem"]


async def test_a_strangers_port_is_a_problem_and_our_own_is_fine(tmp_path: Path) -> None:
    async with RelayProcess() as relay, running(tmp_path, relay.url) as server:
        with taken(socket.SOCK_STREAM) as port:
            env = settings(
                ROSTRUM_DATA=str(tmp_path),
                ROSTRUM_HTTP_PORT=str(server.settings.http_port),
                ROSTRUM_METRICS_PORT=port,
                ROSTRUM_RELAY_HTTP_PORT=str(relay.http_port),
                ROSTRUM_MEDIA_PORT=str(relay.media_port),
                ROSTRUM_RELAY_SECRET=RELAY_SECRET,
            )
            found = await findings(env)
    public, metrics, face, media, media_tcp = about(found, "ports")
    assert [f.level for f in (public, metrics, face, media, media_tcp)] == ["ok", "problem", *3 * ["ok"]]
    assert media_tcp.says.startswith(f"TCP port {relay.media_port} is in use by a Rostrum")
    assert "ROSTRUM_METRICS_PORT" in metrics.says
    assert "in use by a Rostrum" in public.says
    (fanout,) = about(found, "fan-out")
    assert fanout.says.startswith(f"The relay at {relay.url} uses ")
    (routing,) = about(found, "routing")
    assert (routing.level, routing.says) == ("ok", "It is compiled.")


@pytest.mark.parametrize(
    ("setting", "level", "says"),
    [
        ("auto", "ok", "It is plain Python, which serves an eighth fewer viewers: it was not compiled."),
        (
            "compiled",
            "problem",
            "It is plain Python, which serves an eighth fewer viewers: it was not compiled.",
        ),
        ("python", "ok", "It is plain Python, as ROSTRUM_ROUTING says."),
    ],
)
async def test_routing_that_is_not_compiled_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, level: str, says: str
) -> None:
    monkeypatch.setattr(compiled, "fault", lambda: "it was not compiled")
    env = settings(
        ROSTRUM_DATA=str(tmp_path), ROSTRUM_ROUTING=setting, ROSTRUM_RELAY_HTTP_PORT=str(free_port())
    )
    (routing,) = about(await findings(env), "routing")
    assert (routing.level, routing.says.removesuffix(" docs/operations.md says more.")) == (level, says)


async def test_a_redis_that_does_not_answer_is_a_problem(tmp_path: Path) -> None:
    url = f"redis://:hunter2@127.0.0.1:{free_port()}"
    (redis,) = about(await findings(settings(ROSTRUM_DATA=str(tmp_path), ROSTRUM_REDIS_URL=url)), "redis")
    assert redis.level == "problem"
    assert "hunter2" not in redis.says


async def test_an_unwritable_data_folder_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    (data,) = about(await findings(settings(ROSTRUM_DATA=str(tmp_path / "file" / "data"))), "data")
    assert data.level == "problem"
    assert "ROSTRUM_DATA" in data.says


async def test_media_for_this_machine_alone_is_a_warning(tmp_path: Path) -> None:
    env = settings(ROSTRUM_DATA=str(tmp_path), ROSTRUM_HTTP_HOST="0.0.0.0", ROSTRUM_ANNOUNCE="127.0.0.1")
    (addresses,) = about(await findings(env), "addresses")
    assert addresses.level == "warning"
    assert "ROSTRUM_ANNOUNCE" in addresses.says


def test_the_command_ends_with_1_only_where_there_is_a_problem(tmp_path: Path) -> None:
    for changes, code in (({}, 0), ({"ROSTRUM_LOG_LEVEL": "loud"}, 1)):
        done = subprocess.run(
            [sys.executable, "-m", "signaling", "doctor"],
            env=settings(ROSTRUM_DATA=str(tmp_path), **changes),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
