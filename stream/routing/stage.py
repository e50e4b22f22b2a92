"""The stage plan made concrete: which producer fills which slot now. Pure.

A plan lists publications by preference; this takes who is live and says who is on. The law: a live
publication never waits behind a dead one, and a dead one keeps its slot only while nobody else could
fill it (its last picture stands).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stream.plan import Feed
from stream.routing.producer import Producer
from stream.routing.publication import Publication
from stream.routing.speakers import assign

AUDIO_LINES = ("audio0", "audio1", "audio2")
"""Slots of viewers with several audio lines: up to three voices at once."""

DOMINANT_LINE = "audio"
"""Slot of viewers with one audio line: the dominant voice."""

VIDEO_SLOTS = ("main", "slides")

SLOT_NAMES = (*VIDEO_SLOTS, DOMINANT_LINE, *AUDIO_LINES)


def best(keys: Sequence[str], publications: Mapping[str, Publication], kind: str, now: float) -> str | None:
    """Return the first key that is live with a track of that kind; else the first that has one at all."""
    fallback: str | None = None
    for key in keys:
        publication = publications.get(key)
        producer = publication.producer(kind) if publication else None
        if producer is None or producer.closed:
            continue
        if producer.live(now):
            return key
        fallback = fallback or key
    return fallback


def resolve(
    feed: Feed,
    publications: Mapping[str, Publication],
    holders: Mapping[str, str | None],
    now: float,
) -> dict[str, str | None]:
    """Return the publication key that each slot should show. `holders` says who has the audio lines."""
    chosen: dict[str, str | None] = {
        "main": best(feed.main, publications, "video", now),
        "slides": best(feed.slides, publications, "video", now),
    }
    voices = [key for key in dict.fromkeys(feed.audio) if _voice(publications, key, now) is not None]
    loudness = {key: voice.loudness.level for key in voices if (voice := _voice(publications, key, now))}
    lines = assign([holders.get(name) for name in AUDIO_LINES], voices, loudness)
    if chosen["main"] is not None and chosen["main"] in lines:
        # The first line is kept in step with the main picture: its voice belongs there.
        place = lines.index(chosen["main"])
        lines[0], lines[place] = lines[place], lines[0]
    chosen.update(zip(AUDIO_LINES, lines, strict=True))
    chosen[DOMINANT_LINE] = assign([holders.get(DOMINANT_LINE)], voices, loudness)[0]
    return chosen


def _voice(publications: Mapping[str, Publication], key: str, now: float) -> Producer | None:
    publication = publications.get(key)
    producer = publication.producer("audio") if publication else None
    return producer if producer is not None and producer.live(now) else None
