"""What many people do at once, told to the room in sums.

The law: a reader gets at most one tick in PACE seconds, whatever the crowd does, and the newest sums; all of
an audience get the very same string. Who has voted is told to nobody but the voter, on all their pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from signaling.protocol import ServerMessage
from signaling.session import audience as views
from signaling.session.audience import Audience, Fact
from signaling.session.state import State

PACE = 0.25
"""Seconds between two ticks."""

JOIN = 0.02
"""Seconds that the first change waits for company."""


class Ticks:
    """One session's sums in this worker.

    `before` is called before a tick, so that facts are told first; `tell` sends a message to an audience,
    `confide` one made for each of some participants.
    """

    def __init__(
        self,
        now: Callable[[], State],
        before: Callable[[], None],
        tell: Callable[[Audience, ServerMessage], None],
        confide: Callable[[Collection[str], Callable[[str], ServerMessage]], None],
    ) -> None:
        self._now = now
        self._before = before
        self._tell = tell
        self._confide = confide
        self._questions: set[str] = set()
        self._voters: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._told = 0.0

    def fact(self, fact: Fact) -> None:
        """Note what a fact changes in the sums, and whose own votes."""
        self._questions.update(views.stirred(fact.event, self._now()))
        self._voters.update(views.voters(fact.event))
        if self._questions:
            self._soon()

    def forget(self) -> None:
        """Drop what waits: a snapshot comes that says it all."""
        self._questions.clear()
        self._voters.clear()

    def _soon(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(JOIN, self._told + PACE - loop.time()), self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._told = asyncio.get_running_loop().time()
        self._before()
        state = self._now()
        questions, self._questions = self._questions, set()
        voters, self._voters = self._voters, set()
        for audience in views.AUDIENCES:
            sums = views.totals(state, audience, questions)
            if sums.votes:
                self._tell(audience, sums)
        if voters:
            self._confide(voters, lambda participant: views.yours(state, participant))
