"""From what a viewer's network takes to what it is sent: the rungs there are, and which of them is right.

Joins the estimate (bandwidth.py) and the choice (layers.py) to the slots a viewer watches. The law: sound is
never chosen away; as long as nothing is known of a network, it is taken to carry the best. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from stream.routing.bandwidth import START
from stream.routing.consumer import Consumer
from stream.routing.group import Rest, Viewer, Watched
from stream.routing.layers import Rung
from stream.routing.packet_ring import FULL
from stream.routing.probing import CEILING
from stream.routing.producer import Producer
from stream.routing.slot import Slot

ADAPT_INTERVAL = 0.1
"""Seconds between two looks at a viewer's network."""

REST = 0.5
"""Seconds for which a viewer at rest, who has the best there is, is left alone: most are, at any time."""

MEASURE_INTERVAL = 0.5
"""Seconds for which the bitrates of layers stand: all viewers choose by the same list meanwhile."""

ALIKE = 0.05
SOUND_ALIKE = 10_000.0
"""Part by which a rung's bitrate may move, and bit/s by which that of sound may, and nobody chooses anew."""


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


class Offer(NamedTuple):
    """What the viewers of some slots may choose from: the rungs of each picture, and bit/s of their sound."""

    pictures: tuple[list[Rung], ...]
    sound: float

    def like(self, other: Offer) -> bool:
        """Tell whether a choice by one is as good by the other: the same rungs, at much the same rates."""
        return (
            abs(self.sound - other.sound) <= SOUND_ALIKE
            and len(self.pictures) == len(other.pictures)
            and all(map(_alike, self.pictures, other.pictures))
        )


def _alike(ours: list[Rung], theirs: list[Rung]) -> bool:
    return len(ours) == len(theirs) and all(
        a[:2] == b[:2] and abs(a.bitrate - b.bitrate) <= ALIKE * b.bitrate
        for a, b in zip(ours, theirs, strict=True)
    )


class Ladders:
    """What there is to choose from in a feed, measured now and then and shared by all its viewers."""

    def __init__(self, slots: Mapping[str, Slot]) -> None:
        self.version = 0
        """Rises with each change of what there is to choose from."""

        self._slots = slots
        self._made: dict[Watched, tuple[float, Offer]] = {}

    def of(self, watched: Watched, now: float) -> Offer:
        """Return what is in these slots; the same object until it is measured anew, and is another."""
        due, offer = self._made.get(watched, (0.0, None))
        if now >= due or offer is None:
            measured = Offer(
                tuple(self._rungs(name, now) for name in watched.pictures),
                sum(self._sound(name, now) for name in watched.sounds),
            )
            if offer is None or not measured.like(offer):
                offer = measured
                self.version += 1
            self._made[watched] = now + MEASURE_INTERVAL, offer
        return offer

    def _rungs(self, name: str, now: float) -> list[Rung]:
        producer = self._slots[name].wanted if name else None
        return rungs(producer, now) if producer is not None else []

    def _sound(self, name: str, now: float) -> float:
        producer = self._slots[name].wanted
        return producer.tracks[0].bitrate(FULL, now) if producer is not None else 0.0

    def forget(self) -> None:
        """Measure anew when next asked: other layers are there, or another producer."""
        self._made.clear()
        self.version += 1


def at_rest(viewer: Viewer[Any], ladders: Ladders, now: float) -> bool:
    """Tell whether a look at a viewer would find nothing to do: nothing has changed since one did not."""
    rest = viewer.rest
    return (
        rest is not None
        and now < rest.until
        and rest.version == ladders.version
        and rest.estimate == viewer.bandwidth.estimate
        and viewer.bandwidth.idle(now)
        and viewer.peer.backlog is None
    )


def adapt(viewer: Viewer[Any], ladders: Ladders, now: float) -> list[tuple[Consumer, Rung | None]]:
    """Let a viewer's estimate move on; return what has become of its pictures, None for a still."""
    bandwidth = viewer.bandwidth
    octets = viewer.octets
    waiting = viewer.peer.backlog
    if waiting is not None:
        bandwidth.backlog(waiting, octets, now)
    bandwidth.tick(now, octets)
    offer = ladders.of(viewer.watched, now)
    known = bandwidth.estimate != START
    chosen = viewer.ladder.choose(
        bandwidth.room if known else CEILING,
        offer.sound,
        offer.pictures,
        now,
        bandwidth.congested,
        bandwidth.proven(now),
    )
    if chosen is viewer.chosen:
        # With nothing wanted no step up is waited for, and no probe: only the network could ask for a change.
        if not viewer.ladder.wanted and not bandwidth.congested:
            viewer.rest = Rest(now + REST, ladders.version, bandwidth.estimate)
        return []
    viewer.rest = None
    viewer.chosen = chosen
    pictures = zip(viewer.pictures, offer.pictures, chosen, strict=True)
    return [(consumer, rung) for consumer, of, rung in pictures if of]
