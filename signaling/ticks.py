"""What many people do at once, told to the room in sums, and what is said as captions.

The law: a reader gets at most one tick in PACE seconds, whatever the crowd does, and the newest sums; all of
an audience get the very same string. Who has voted is told to nobody but the voter, on all their pages.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from signaling.protocol import Caption, Reaction, ServerMessage
from signaling.session import polls, sums
from signaling.session.audience import AUDIENCES, Audience, Fact
from signaling.session.state import State

PACE = 0.25
"""Seconds between two ticks."""

JOIN = 0.02
"""Seconds that the first change waits for company."""

WAVE = 50
"""Votes in one event from which on it begins a wave: others follow, from here and from other workers."""

WAVE_JOIN = 0.1
"""Seconds that a wave's beginning waits for its rest, which else waits for the next tick, PACE later."""


class Ticks:
    """One session's sums in this worker.

    `before` is called before a tick, so that facts are told first; `tell` sends a message to an audience,
    `confide` one of their own to each participant for whom `wanted` says so.
    """

    def __init__(
        self,
        now: Callable[[], State],
        before: Callable[[], None],
        tell: Callable[[Audience, ServerMessage], None],
        confide: Callable[[Callable[[str], bool], Callable[[str], ServerMessage]], None],
    ) -> None:
        self._now = now
        self._before = before
        self._tell = tell
        self._confide = confide
        self._questions: set[str] = set()
        self._polls: set[str] = set()
        self._voters: set[str] = set()
        self._ballots: dict[str, set[str]] = {}
        self._reactions: Counter[Reaction] = Counter()
        self._captions: dict[tuple[str, str], Caption] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._told = 0.0

    def fact(self, fact: Fact) -> None:
        """Note what a fact changes in the sums, and whose own votes."""
        stirred = sums.stirred(fact.event, self._now())
        self._questions.update(stirred.questions)
        self._polls.update(stirred.polls)
        self._voters.update(stirred.voters)
        for poll, voter in stirred.ballots:
            self._ballots.setdefault(poll, set()).add(voter)
        if self._questions or self._polls:
            self._soon(WAVE_JOIN if len(stirred.voters) + len(stirred.ballots) >= WAVE else JOIN)

    def tell(self, reactions: Mapping[Reaction, int], captions: Sequence[Caption]) -> None:
        """Note reactions and lines of captions, of this worker's people and of the others'."""
        self._reactions.update(reactions)
        self._captions.update({(line.language, line.line): line for line in captions})
        self._soon()

    def forget(self) -> None:
        """Drop what waits: a snapshot comes that says it all."""
        for waiting in (self._questions, self._polls, self._voters, self._ballots):
            waiting.clear()

    def _soon(self, join: float = JOIN) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(join, self._told + PACE - loop.time()), self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._told = asyncio.get_running_loop().time()
        self._before()
        state = self._now()
        for audience in AUDIENCES:
            tick = sums.totals(
                state,
                audience,
                questions=self._questions,
                polls=self._polls,
                reactions=self._reactions,
                captions=tuple(self._captions.values()),
            )
            if tick is not None:
                self._tell(audience, tick)
        voters, ballots = self._voters.copy(), self._ballots.copy()
        if voters or ballots:
            self._confide(
                lambda who: (
                    who in voters or any(polls.voter(of, who) in cast for of, cast in ballots.items())
                ),
                lambda who: sums.yours(state, who),
            )
        self._reactions.clear()
        self._captions.clear()
        self.forget()
