"""Who is speaking: loudness of each producer, and who holds the viewers' audio lines.

Levels come from the header extension of RFC 6464 (0 loudest to 127 silence, -dBov). Pure. The law: a
voice keeps its line until another has been clearly louder for a while, so that a cough takes nobody's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SILENCE = 127.0
_ATTACK = 0.3
_RELEASE = 0.02
"""Shares of a new level (one each 20 ms) in the running one: quick to hear, slow to forget."""

MARGIN = 8.0
"""How much louder, in dB, a challenger must be."""


class Loudness:
    """The running level of one voice, -dBov: lower is louder."""

    __slots__ = ("level",)

    def __init__(self) -> None:
        self.level = SILENCE

    def hear(self, value: bytes) -> None:
        """Take one audio-level extension value: a voice-activity bit and seven bits of -dBov."""
        if value:
            level = float(value[0] & 0x7F)
            share = _ATTACK if level < self.level else _RELEASE
            self.level += (level - self.level) * share


def assign(
    lines: Sequence[str | None], candidates: Sequence[str], loudness: Mapping[str, float]
) -> list[str | None]:
    """Return who holds each audio line next, as keys.

    `candidates` in the plan's order. Who has a line keeps it, in place, unless gone or, where there are
    more voices than lines, out-spoken by `MARGIN`; free lines go to the loudest of the rest.
    """
    held = [key if key in candidates else None for key in lines]
    waiting = [key for key in candidates if key not in held]
    waiting.sort(key=lambda key: loudness.get(key, SILENCE))
    for place, key in enumerate(held):
        if key is None and waiting:
            held[place] = waiting.pop(0)
    if waiting:
        quietest = max(range(len(held)), key=lambda place: loudness.get(held[place] or "", SILENCE))
        incumbent = loudness.get(held[quietest] or "", SILENCE)
        if loudness.get(waiting[0], SILENCE) + MARGIN < incumbent:
            held[quietest] = waiting[0]
    return held
