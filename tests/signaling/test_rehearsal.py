"""The whole day of a conference on a whole Rostrum: Redis is killed and a speaker drops out in the middle."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from signaling.auth import EVERY_SESSION, Tokens
from signaling.launch import Stack, stack
from signaling.minting import NewToken, claims_for
from signaling.rehearsal.account import Check
from signaling.rehearsal.acts import Fault
from signaling.rehearsal.guest import Guest
from signaling.rehearsal.report import line
from signaling.rehearsal.run import Plan, rehearse
from signaling.rehearsal.sitting import Pace
from tests.signaling.processes import free_port, until, without_rostrum
from tests.signaling.relay_process import SECRET as RELAY_SECRET
from tests.signaling.server import SECRET


def environment(data: Path) -> dict[str, str]:
    return without_rostrum(
        ROSTRUM_SECRET=SECRET,
        ROSTRUM_RELAY_SECRET=RELAY_SECRET,
        ROSTRUM_DATA=str(data),
        ROSTRUM_HTTP_HOST="127.0.0.1",
        ROSTRUM_HTTP_PORT=str(free_port()),
        ROSTRUM_METRICS_PORT=str(free_port()),
        ROSTRUM_RELAY_HTTP_PORT=str(free_port()),
        ROSTRUM_MEDIA_HOST="127.0.0.1",
        ROSTRUM_MEDIA_PORT=str(free_port(socket.SOCK_DGRAM)),
        ROSTRUM_LOG_LEVEL="warning",
    )


def owner() -> str:
    claims = claims_for(NewToken(EVERY_SESSION, "owner", "Rehearsal", lifetime=3600), time.time())
    return Tokens(SECRET).mint(claims)


def killing_redis(running: Stack) -> Fault:
    async def kill(producer: Guest) -> None:
        del producer
        was = running.children.pids()["redis"]
        os.kill(was, signal.SIGKILL)
        await until(lambda: running.children.pids().get("redis", was) != was)

    return kill


@pytest.mark.alone
@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_every_count_of_the_day_adds_up(tmp_path: Path) -> None:
    said: list[str] = []

    def tell(check: Check) -> None:
        print(line(check), flush=True)

    async with stack(environment(tmp_path), lambda name, text: said.append(f"{name}: {text}")) as running:
        plan = Plan(Pace(), preflight=3, redis=killing_redis(running), tell=tell)
        began = time.monotonic()
        account = await rehearse(running.url, owner(), plan)
        print(f"{len(account.checks)} lines in {time.monotonic() - began:.1f} s")
    assert account.wrong == (), "\n".join((*map(line, account.wrong), *said))
