"""What arrives of one publisher at one moment: the sample that a pre-flight is made of.

Reads the engine, changes nothing; see `stream.plan.PublisherStats` for what it means.
"""

from __future__ import annotations

import time
from typing import Any

from stream.agreement import Extension
from stream.engine import Engine
from stream.errors import RelayError
from stream.plan import PublisherStats
from stream.routing.producer import Producer
from stream.routing.publication import Publication
from stream.routing.router import Router


def sample(engine: Engine, session: str, key: str) -> PublisherStats:
    """Return what arrives of one publication (`participant/source`). Raises RelayError."""
    router = engine.routers.get(session)
    publication = router.publications.get(key) if router is not None else None
    if router is None or publication is None:
        raise RelayError("unknown_publication", "Nobody publishes this.", 404)
    received = [track.reception for track in publication.tracks]
    sizes = [track.size for track in publication.tracks if track.size is not None]
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(None, None))
    voice, picture = publication.producer("audio"), publication.producer("video")
    now = time.monotonic()
    return PublisherStats(
        at=now,
        bytes=sum(one.bytes for one in received),
        packets=sum(one.packets for one in received),
        lost=sum(max(0, one.lost) for one in received),
        jitter=max((one.jitter / one.clock_rate for one in received), default=None),
        round_trip=_round_trip(engine, router, publication),
        level=voice.loudness.level if voice is not None and _tells_level(voice) else None,
        video=picture is not None and picture.live(now),
        width=width,
        height=height,
    )


def _round_trip(engine: Engine, router: Router[Any], publication: Publication) -> float | None:
    """Return the shortest way to a publisher and back: by what they watch here, else by their handshake.

    A publisher's reports carry none: they send, and it is the receiver of media that measures.
    """
    watched = [
        consumer.round_trip
        for feed in router.feeds.values()
        for viewer in feed.viewers.values()
        if viewer.participant == publication.participant
        for consumer in viewer.consumers.values()
        if consumer.round_trip is not None
    ]
    peer = engine.peers.get(publication.peer)
    return min(watched, default=peer.transport.round_trip if peer is not None else None)


def _tells_level(voice: Producer) -> bool:
    return Extension.AUDIO_LEVEL in voice.media.extensions
