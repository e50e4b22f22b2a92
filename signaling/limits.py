"""How much one person may say: token buckets by identity and kind of command, pure.

The law: the identity is (session, participant), whatever tabs or addresses it uses, since a hall shares
one address; moderators' steps have a budget of their own, so that chat cannot starve them. Time is an
argument, in seconds. The budgets are per worker.
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
    "question.ask": Budget(rate=0.1, burst=3),
    "question.vote": Budget(rate=2.0, burst=20),
    "poll.vote": Budget(rate=1.0, burst=10),
    "reaction.send": Budget(rate=3.0, burst=10),
    "question.withdraw": Budget(rate=0.2, burst=5),
    "token.refresh": Budget(rate=0.1, burst=5),
    "desk": Budget(rate=20.0, burst=40),
}
"""By kind of command; `desk` is everything else: the steps of moderators and producers."""

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
        grown = self.tokens + max(0.0, now - self.at) * self.budget.rate
        self.tokens, self.at = min(self.budget.burst, grown), now
        if self.tokens >= 1.0:
            self.tokens -= 1.0
            return 0.0
        return (1.0 - self.tokens) / self.budget.rate


class Limits:
    """All identities' buckets in this worker, a bounded number of them."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[tuple[str, str, str], Bucket] = OrderedDict()

    def take(self, session: str, participant: str, kind: str, now: float) -> float:
        """Return 0 if one more of this kind may go now, else the seconds to wait."""
        kind = kind if kind in BUDGETS else "desk"
        key = (session, participant, kind)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket.full(BUDGETS[kind], now)
            if len(self._buckets) > MOST_BUCKETS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        return bucket.take(now)
