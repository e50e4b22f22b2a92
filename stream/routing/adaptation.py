"""From what a viewer's network takes to what it is sent: the rungs there are, and which of them is right.

Joins the estimate (bandwidth.py) and the choice (layers.py) to the slots a viewer watches. The law: sound is
never chosen away; as long as nothing is known of a network, it is taken to carry the best. Pure.
"""

from __future__ import annotations

from typing import Any

from stream.routing.bandwidth import CEILING, START
from stream.routing.consumer import Consumer
from stream.routing.group import Viewer
from stream.routing.layers import Rung
from stream.routing.packet_ring import FULL
from stream.routing.producer import Producer

ADAPT_INTERVAL = 0.1
"""Seconds between two looks at a viewer's network."""


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


def adapt(viewer: Viewer[Any], now: float) -> list[tuple[Consumer, Rung | None]]:
    """Let a viewer's estimate move on; return what each of its pictures should be, None for a still."""
    bandwidth = viewer.bandwidth
    bandwidth.tick(now, viewer.octets)
    pictures: list[Consumer] = []
    ladders: list[list[Rung]] = []
    sound = 0.0
    for consumer in viewer.consumers.values():
        if consumer.slot.kind == "video":
            producer = consumer.slot.wanted
            pictures.append(consumer)
            ladders.append(rungs(producer, now) if producer is not None and consumer.playable else [])
        elif consumer.state == "live" and consumer.segment is not None:
            sound += consumer.segment.track.bitrate(FULL, now)
    known = bandwidth.estimate != START
    chosen = viewer.ladder.choose(
        bandwidth.estimate if known else CEILING,
        sound,
        ladders,
        now,
        bandwidth.congested,
        bandwidth.proven(now),
    )
    return [
        (consumer, rung) for consumer, ladder, rung in zip(pictures, ladders, chosen, strict=True) if ladder
    ]
