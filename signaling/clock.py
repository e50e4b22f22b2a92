"""The time that all workers share: Redis's own, as near as this worker can tell.

The law: order never comes from a clock (a session's events have numbers), but whether a token still holds
does, and what a message says of when; so that no worker's own clock, minutes off or set meanwhile, makes
them disagree. Before Redis was asked, and while it is away, the last known difference stands.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

TRUSTED: Final = 0.5
"""Seconds a question for the time may take: an answer that was longer under way says too little."""

STEP: Final = 0.05
"""Seconds that are not worth setting the clock for: half a round trip is not known better."""


class SharedClock:
    """Seconds since 1970 by Redis's clock; calling it reads it. `local` is this worker's own clock."""

    def __init__(self, local: Callable[[], float] = time.time) -> None:
        self._local = local
        self._ahead = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self._local() + self._ahead

    def asked(self) -> float:
        """Return the local time, to be given to `learn` with the answer."""
        return self._local()

    def learn(self, theirs: float, asked: float) -> None:
        """Set the clock by an answer that has just come to a question `asked` at this local time."""
        heard = self._local()
        if not 0 <= heard - asked <= TRUSTED:
            return
        ahead = theirs - (asked + heard) / 2
        if abs(ahead - self._ahead) > STEP:
            self._ahead = ahead
