"""How much of what a viewer lost it may have again: a budget, and no packet twice within a round trip.

Answers to NACK without a budget turn a bottleneck into a storm: browsers ask again and again. Pure.
"""

from __future__ import annotations

RESEND_INTERVAL = 0.03
"""Seconds within which a second request for the same packet is a duplicate of the first, at least."""

MOST_ASKED = 512
"""Sequence numbers looked at in one NACK; a datagram could name 6,000."""

RESEND_RATE = 200.0
RESEND_BURST = 200.0
"""Retransmissions a viewer may ask for: packets a second, and at once."""

_REMEMBERED = 512


class ResendBudget:
    """The retransmissions of one viewer's stream."""

    __slots__ = ("_allowance", "_allowance_at", "_resent_at", "granted", "refused")

    def __init__(self, now: float) -> None:
        self.granted = 0
        self.refused = 0
        self._resent_at: dict[int, float] = {}
        self._allowance = RESEND_BURST
        self._allowance_at = now

    def grant(self, index: int, round_trip: float | None, now: float, wait: float = 0.0) -> bool:
        """Tell whether the packet of an index may go out again in `wait` seconds; counted either way.

        Viewers ask again after each round trip, of what still waits for its turn, too.
        """
        self._allowance = min(RESEND_BURST, self._allowance + RESEND_RATE * (now - self._allowance_at))
        self._allowance_at = now
        since = now - self._resent_at.get(index, float("-inf"))
        if self._allowance < 1 or since < max(RESEND_INTERVAL, round_trip or 0.0):
            self.refused += 1
            return False
        self._allowance -= 1
        self._resent_at[index] = now + wait
        self.granted += 1
        if len(self._resent_at) > _REMEMBERED:
            self._resent_at = {i: at for i, at in self._resent_at.items() if now - at < 1.0}
        return True
