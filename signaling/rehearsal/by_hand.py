"""A fault that an operator makes: the rehearsal says when, and goes on when it has been noticed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from signaling.rehearsal.acts import Fault
from signaling.rehearsal.guest import Guest

PATIENCE: Final = 120.0
"""Seconds that the operator has for each step."""


def restart(say: Callable[[str], None]) -> Fault:
    """Return the fault that asks for Redis to be killed and started again."""

    async def wait(producer: Guest) -> None:
        before = len(producer.notices)
        say(f"Kill Redis now, and start it again ({PATIENCE:.0f} s): docker compose kill -s KILL redis, then")
        say("docker compose up -d redis; under `rostrum serve`, killing its process is enough.")

        def heard(code: str) -> bool:
            return producer.notices[before:][-1:] == [code]

        await producer.until(lambda: bool(producer.notices[before:]), "Redis is noticed to be away", PATIENCE)
        say("It is away. Waiting for it to come back.")
        await producer.until(lambda: heard("chat_resumed"), "Redis is back", PATIENCE)
        say("It is back.")

    return wait
