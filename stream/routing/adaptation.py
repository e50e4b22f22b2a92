"""From what a viewer's network takes to what it is sent: the rungs there are, and which of them is right.

Joins the estimate (bandwidth.py) and the choice (layers.py) to the slots a viewer watches. The law: sound is
never chosen away; as long as nothing is known of a network, it is taken to carry the best. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stream.routing.bandwidth import CEILING, START
from stream.routing.consumer import Consumer
from stream.routing.group import FIRST_PACE, Viewer
from stream.routing.layers import Rung
from stream.routing.packet_ring import FULL
from stream.routing.producer import Producer
from stream.routing.slot import Slot

ADAPT_INTERVAL = 0.1
"""Seconds between two looks at a viewer's network."""

MEASURE_INTERVAL = 0.5
"""Seconds for which the bitrates of layers stand: all viewers choose by the same list meanwhile."""


def rungs(producer: Producer, now: float) -> list[Rung]:
    """Return the ways to show a producer's picture, by rising bitrate: its layers, each by its limits."""
    found: list[Rung] = []
    for layer, track in enumerate(producer.tracks):
        if track not in producer.active:
            continue
        for limit in (*range(track.top_temporal), FULL):
            rung = Rung(layer, limit, track.bitrate(limit, now))
            if not found or rung.bitrate >= found[-1].bitrate:
                found.append(rung)
    return found


class Ladders:
    """The rungs of a feed's pictures, measured now and then and shared by all its viewers."""

    def __init__(self, slots: Mapping[str, Slot]) -> None:
        self._slots = slots
        self._made: dict[tuple[str, ...], tuple[list[Rung], ...]] = {}
        self._due = 0.0

    def of(self, names: tuple[str, ...], now: float) -> Sequence[Sequence[Rung]]:
        """Return the rungs of each slot named, none for ""; the same object until they are measured anew."""
        if now >= self._due:
            self._due = now + MEASURE_INTERVAL
            self._made.clear()
        made = self._made.get(names)
        if made is None:
            made = self._made[names] = tuple(self._rungs(name, now) for name in names)
        return made

    def _rungs(self, name: str, now: float) -> list[Rung]:
        producer = self._slots[name].wanted if name else None
        return rungs(producer, now) if producer is not None else []

    def forget(self) -> None:
        """Measure anew when next asked: other layers are there, or another producer."""
        self._due = 0.0


def adapt(viewer: Viewer[Any], ladders: Ladders, now: float) -> list[tuple[Consumer, Rung | None]]:
    """Let a viewer's estimate move on; return what each of its pictures should be, None for a still."""
    bandwidth = viewer.bandwidth
    octets = viewer.octets
    waiting = viewer.peer.backlog
    if waiting is not None:
        bandwidth.backlog(waiting, octets, now)
    bandwidth.tick(now, octets)
    pictures: list[Consumer] = []
    sound = 0.0
    for consumer in viewer.consumers.values():
        if consumer.slot.kind == "video":
            pictures.append(consumer)
        elif consumer.state == "live" and consumer.segment is not None:
            sound += consumer.segment.track.bitrate(FULL, now)
    known = bandwidth.estimate != START
    choice = ladders.of(tuple(one.slot.name if one.playable else "" for one in pictures), now)
    chosen = viewer.ladder.choose(
        bandwidth.estimate if known else CEILING,
        sound,
        choice,
        now,
        bandwidth.congested,
        bandwidth.proven(now),
    )
    viewer.pace.allot(bandwidth.estimate if known else FIRST_PACE, bandwidth.rate, now)
    return [(consumer, rung) for consumer, of, rung in zip(pictures, choice, chosen, strict=True) if of]
