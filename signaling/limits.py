"""How much may be said: token buckets by person, address, session and process, pure.

The law: the person comes first, whatever tabs or addresses they use, since a hall shares one address; who
is told to wait there takes nothing from what they share with others. What a crowd says together is bounded
by the address, the session and the process, far above what a hall says. Moderators' steps have a budget of
their own and share none, so that no chat can starve them. Time is an argument, in seconds. The budgets are
per worker.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

MOST_BUCKETS = 20_000
"""Buckets kept; the longest unused goes first, and would be full again by then."""


@dataclass(frozen=True, slots=True)
class Budget:
    """`burst` at once, `rate` a second on average."""

    rate: float
    burst: float


BUDGETS = {
    "chat.post": Budget(rate=1.0, burst=5),
    "chat.withdraw": Budget(rate=0.5, burst=5),
    "question.ask": Budget(rate=0.1, burst=3),
    "floor.lower": Budget(rate=0.2, burst=5),
    "floor.raise": Budget(rate=0.2, burst=5),
    "question.vote": Budget(rate=2.0, burst=20),
    "poll.vote": Budget(rate=1.0, burst=10),
    "reaction.send": Budget(rate=3.0, burst=10),
    "caption.send": Budget(rate=10.0, burst=40),
    "declaration.sign": Budget(rate=0.2, burst=5),
    "question.withdraw": Budget(rate=0.2, burst=5),
    "token.refresh": Budget(rate=0.1, burst=5),
    "desk": Budget(rate=20.0, burst=40),
    "address": Budget(rate=100.0, burst=300),
    "session": Budget(rate=200.0, burst=600),
    "process": Budget(rate=400.0, burst=1200),
}
"""By kind of command, for each person; `desk` is everything else: the steps of moderators and producers.

`address`, `session` and `process` are for all together who say something from one, in one.
"""

SPOKEN = frozenset(
    {"chat.post", "chat.withdraw", "floor.lower", "floor.raise", "question.ask", "question.withdraw"}
)
"""The kinds that everybody hears of one by one, and that therefore are bounded for all together too."""

CROWDED = 1.0
"""Seconds that somebody waits at least where all together say too much, lest they all come back at once."""

FRAMES = Budget(rate=50.0, burst=100)
"""Frames of one connection; beyond, it is read more slowly instead of being refused."""


@dataclass(slots=True)
class Bucket:
    """A token bucket; `take` returns 0 and takes one, or returns the seconds until one is there."""

    budget: Budget
    tokens: float
    at: float

    @classmethod
    def full(cls, budget: Budget, now: float) -> Bucket:
        """Return a bucket nobody has taken from."""
        return cls(budget, budget.burst, now)

    def take(self, now: float) -> float:
        """Take one token at `now` if there is one."""
        wait = self.wait(now)
        if not wait:
            self.tokens -= 1.0
        return wait

    def wait(self, now: float) -> float:
        """Return the seconds until a token is there."""
        grown = self.tokens + max(0.0, now - self.at) * self.budget.rate
        self.tokens, self.at = min(self.budget.burst, grown), now
        return 0.0 if self.tokens >= 1.0 else (1.0 - self.tokens) / self.budget.rate


class Limits:
    """All buckets in this worker, a bounded number of them."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[tuple[str, ...], Bucket] = OrderedDict()

    def take(
        self, session: str, participant: str, kind: str, now: float, *, address: str = "", staff: bool = False
    ) -> float:
        """Return 0 if one more of this kind may go now, else the seconds to wait.

        Without `address`, none is counted; `staff` share no budget with the crowd.
        """
        kind = kind if kind in BUDGETS else "desk"
        own = self._bucket(kind, now, session, participant)
        wait = own.wait(now)
        if wait:
            return wait
        shared: list[Bucket] = []
        if kind in SPOKEN and not staff:
            shared = [self._bucket("session", now, session), self._bucket("process", now)]
            if address:
                shared.append(self._bucket("address", now, address))
        longest = max((bucket.wait(now) for bucket in shared), default=0.0)
        if longest:
            return max(CROWDED, longest)
        for bucket in (own, *shared):
            bucket.take(now)
        return 0.0

    def _bucket(self, kind: str, now: float, *whose: str) -> Bucket:
        key = (kind, *whose)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket.full(BUDGETS[kind], now)
            if len(self._buckets) > MOST_BUCKETS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        return bucket
