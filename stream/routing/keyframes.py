"""How often a publisher is asked for a key frame: often enough for a joiner, never a storm.

However many viewers ask, and of however many layers, a publisher hears at most two picture loss
indications a second (faults.md, row 20). What came of asking is remembered, for there are encoders that hear
none. Pure: time is given, the answer is whom to ask for now.
"""

from __future__ import annotations

MINIMUM_INTERVAL = 0.5
"""Seconds between two requests to one publisher."""


ANSWER_TIME = 1.0
"""Seconds within which an encoder that hears requests has answered one, over any network one can talk on."""


class KeyframeThrottle:
    """The requests of one video producer, by the SSRC of the encoding that is wanted."""

    __slots__ = ("_answers", "_asked_at", "_unanswered", "_wanted")

    def __init__(self) -> None:
        self._wanted: dict[int, float] = {}
        """Of each encoding that is wanted, when it was last asked for."""

        self._unanswered: dict[int, float] = {}
        """Of each encoding that was asked for in vain so far, since when."""

        self._answers: dict[int, bool] = {}
        """Of each encoding that was ever asked for, whether the last key frame was an answer."""

        self._asked_at = float("-inf")

    def want(self, ssrc: int) -> None:
        """Note that somebody needs a key frame of this encoding."""
        self._wanted.setdefault(ssrc, float("-inf"))

    def arrived(self, ssrc: int, now: float) -> None:
        """Note that a key frame came: nobody waits for it any more."""
        self._wanted.pop(ssrc, None)
        since = self._unanswered.pop(ssrc, None)
        if since is not None:
            self._answers[ssrc] = now - since <= ANSWER_TIME

    def ended(self, ssrc: int) -> None:
        """Note that the encoding is no more."""
        for noted in (self._wanted, self._unanswered, self._answers):
            noted.pop(ssrc, None)

    def due(self, now: float) -> int | None:
        """Return the encoding to ask for now, the longest waiting; it is counted as asked for."""
        if not self._wanted or now - self._asked_at < MINIMUM_INTERVAL:
            return None
        ssrc = min(self._wanted, key=lambda one: self._wanted[one])
        self._wanted[ssrc] = self._asked_at = now
        self._unanswered.setdefault(ssrc, now)
        return ssrc

    def answers(self, ssrc: int, now: float) -> bool | None:
        """Tell whether the encoder gives key frames when asked; None where it has not been asked yet."""
        if now - self._unanswered.get(ssrc, now) > ANSWER_TIME:
            return False
        return self._answers.get(ssrc)
