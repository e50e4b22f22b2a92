"""Sessions are forgotten when their time is over, if the settings say so.

The law: only what has ended is forgotten, so many days after its end by the shared clock; whichever worker
comes first does it, and it does not matter if two do.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Final, Self

from signaling.errors import SignalingError
from signaling.live import LiveSessions
from signaling.protocol import OVER, Session

EVERY: Final = 3600.0
"""Seconds between two looks."""

DAY: Final = 24 * 3600 * 1000
"""A day in ms."""

_log = logging.getLogger(__name__)


def due(session: Session, days: int, now: int) -> bool:
    """Say whether a session is to be forgotten at `now` (ms since 1970); 0 days: never."""
    return bool(days) and session.status in OVER and (session.ended or now) + days * DAY <= now


class Retention:
    """Forgets what is due. Use as `async with`, inside that of the live sessions."""

    def __init__(self, live: LiveSessions, days: int) -> None:
        self._live = live
        self._days = days
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._days:
            self._task = asyncio.create_task(self._run(), name="retention")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def round(self) -> int:
        """Forget what is due now; returns how many sessions that were."""
        forgotten = 0
        for session in await self._live.list():
            if due(session, self._days, int(self._live.clock() * 1000)):
                with contextlib.suppress(SignalingError):
                    await self._live.delete(session.id)
                    forgotten += 1
                    _log.info("session %s has been forgotten %d days after its end", session.id, self._days)
        return forgotten

    async def _run(self) -> None:
        while True:
            await self.round()
            await asyncio.sleep(EVERY)
