"""Which layer of each picture one viewer gets, by what its network takes.

Sound comes first and is not chosen here: it is taken off the budget. Then every slot, in its order (main
before slides), gets its lowest rung, and what is left raises them, main first. The laws: what is chosen fits
the budget; down is at once, up is late and only with room to spare, so that the choice does not flap; where
the path is congested there is no picture. Pure; it must not know tracks, key frames or where the budget
comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

ROOM: Final = 1.15
"""An upgrade needs a budget this many times what it takes in all."""

SLACK: Final = 0.95
"""What is shown stays while the budget is at least this part of what it takes."""

ENTRY: Final = 1.05
"""The same as ROOM for the lowest rung of a slot that shows nothing: a small picture is better than none."""

RISE: Final = 1.0
"""Seconds for which an upgrade must have been possible, unless a probe has just shown that it is."""

HOLD: Final = 1.0
"""Seconds for which the lowest rung of the first slot is kept where it does not fit, before a still."""


class Rung(NamedTuple):
    """One way to show a slot: a layer, the highest temporal layer kept, and bit/s as measured now."""

    layer: int
    temporal: int
    bitrate: float


Choice = tuple[int, int]
"""What identifies a rung from one moment to the next: layer and temporal limit."""


def allocate(
    budget: float, slots: Sequence[Sequence[Rung]], current: Sequence[Choice | None]
) -> list[Rung | None]:
    """Share `budget` bit/s out to slots, in order of importance; None for a slot whose lowest does not fit.

    Each slot lists its rungs by rising bitrate; `current` is what it shows, at the same place. Steps above
    that need ROOM, what is there already is kept with SLACK.
    """
    chosen: list[int] = []
    standing = [_place(rungs, now) for rungs, now in zip(slots, current, strict=True)]
    used = 0.0
    for rungs, place in zip(slots, standing, strict=True):
        if rungs and _fits(used + rungs[0].bitrate, budget, 0, place):
            used += rungs[0].bitrate
            chosen.append(0)
        else:
            chosen.append(-1)
    for index, rungs in enumerate(slots):
        if chosen[index] < 0:
            continue
        rest = used - rungs[0].bitrate
        for step in range(len(rungs) - 1, 0, -1):
            if _fits(rest + rungs[step].bitrate, budget, step, standing[index]):
                chosen[index] = step
                used = rest + rungs[step].bitrate
                break
    return [rungs[step] if step >= 0 else None for rungs, step in zip(slots, chosen, strict=True)]


def _fits(needed: float, budget: float, step: int, standing: int) -> bool:
    if step <= standing:
        return budget >= SLACK * needed
    return budget >= (ENTRY if step == 0 else ROOM) * needed


def _place(rungs: Sequence[Rung], current: Choice | None) -> int:
    """Return where on its ladder a slot stands: -1 without a picture, the next lower if its rung is gone."""
    if current is None:
        return -1
    return max((i for i, rung in enumerate(rungs) if rung[:2] <= current), default=-1)


class Ladder:
    """The layer choice of one viewer over time."""

    __slots__ = (
        "_asked",
        "_chosen",
        "_could_rise_at",
        "_current",
        "_short_since",
        "_slots",
        "switches",
        "wanted",
    )

    def __init__(self) -> None:
        self._current: list[Choice | None] = []
        self._could_rise_at: float | None = None
        self._short_since: float | None = None
        self._slots: Sequence[Sequence[Rung]] | None = None
        self._asked = (0.0, 0.0, False)
        self._chosen: list[Rung | None] = []
        self.switches = 0
        """How often a slot's rung changed, the first choice not counted."""
        self.wanted = 0.0
        """Bit/s in all that the next step up takes, sound included; 0 where there is none."""

    def choose(
        self,
        budget: float,
        audio: float,
        slots: Sequence[Sequence[Rung]],
        now: float,
        congested: bool = False,
        proven: bool = False,
    ) -> list[Rung | None]:
        """Return the rung of each slot, None for sound and a still.

        `budget` is the estimate, `audio` what sound takes of it, bit/s; `congested` stops the picture at
        once; `proven` says that a probe has just shown the budget, so that an upgrade need not wait.
        Give the same `slots` object while nothing was measured anew: then there is often nothing to do.
        """
        asked = (budget, audio, congested)
        if slots is self._slots and asked == self._asked and self._could_rise_at is self._short_since is None:
            return self._chosen
        self._slots, self._asked = slots, asked
        fresh = len(self._current) != len(slots)
        if fresh:
            self._current = [None] * len(slots)
        current = self._current
        if congested:
            chosen: list[Rung | None] = [None] * len(slots)
            self._could_rise_at = self._short_since = None
        elif fresh:
            # The start assumption is no measurement: no room to spare is asked of it.
            everything = [(rungs[-1].layer, rungs[-1].temporal) if rungs else None for rungs in slots]
            chosen = allocate(budget - audio, slots, everything)
        else:
            chosen = allocate(budget - audio, slots, current)
            chosen = self._steady(chosen, slots, now, proven)
        choices = [None if rung is None else (rung.layer, rung.temporal) for rung in chosen]
        if choices != current:
            if not fresh:
                self.switches += sum(new != old for new, old in zip(choices, current, strict=True))
            self._current = choices
        self.wanted = 0.0 if congested else audio + _next_step(slots, choices)
        if self.wanted <= audio:
            self.wanted = 0.0
        self._chosen = chosen
        return chosen

    def _steady(
        self, chosen: list[Rung | None], slots: Sequence[Sequence[Rung]], now: float, proven: bool
    ) -> list[Rung | None]:
        """Let an upgrade wait until it has been possible for RISE, and the last rung go only after HOLD."""
        standing = [_place(rungs, was) for rungs, was in zip(slots, self._current, strict=True)]
        places = [
            -1 if rung is None else rungs.index(rung) for rung, rungs in zip(chosen, slots, strict=True)
        ]
        if any(place < stood for place, stood in zip(places, standing, strict=True)):
            self._could_rise_at = None
            if standing[0] >= 0 and places[0] < 0:
                if self._short_since is None:
                    self._short_since = now
                if now - self._short_since < HOLD:
                    chosen[0] = slots[0][0]
            return chosen
        self._short_since = None
        if places == standing:
            self._could_rise_at = None
            return chosen
        if self._could_rise_at is None:
            self._could_rise_at = now
        nothing = all(place < 0 for place in standing)
        if proven or nothing or now - self._could_rise_at >= RISE:
            self._could_rise_at = None
            return chosen
        return [rungs[place] if place >= 0 else None for rungs, place in zip(slots, standing, strict=True)]


def _next_step(slots: Sequence[Sequence[Rung]], choices: Sequence[Choice | None]) -> float:
    """Return what all slots take with the most important possible step up made; 0 if all are at the top.

    A step leads to the whole of a layer: its temporal layers may come one by one, but are worth one probe.
    """
    places = [_place(rungs, choice) for rungs, choice in zip(slots, choices, strict=True)]
    used = sum(rungs[place].bitrate for rungs, place in zip(slots, places, strict=True) if place >= 0)
    for rungs, place in zip(slots, places, strict=True):
        if rungs and place < 0:  # a slot without a picture comes before a better picture elsewhere
            return used + rungs[0].bitrate
    for rungs, place in zip(slots, places, strict=True):
        if 0 <= place < len(rungs) - 1:
            layer = rungs[place + 1].layer
            whole = max(rung.bitrate for rung in rungs if rung.layer == layer)
            return used + whole - rungs[place].bitrate
    return 0.0
