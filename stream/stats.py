"""What the relay counts, as JSON for people and as Prometheus text for machines.

Reads the engine, changes nothing. No names, texts or addresses: participants appear by id only. The law: who
asks costs the viewers nothing, so what many viewers have to tell is gathered some at a time, between packets.
"""

from __future__ import annotations

import asyncio
import math
import resource
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from stream import compiled
from stream.engine import Engine
from stream.routing.feed import FeedRouter
from stream.routing.group import Viewer
from stream.routing.packet_ring import FULL
from stream.routing.producer import Producer
from stream.routing.publication import Publication
from stream.routing.router import Router
from stream.routing.track import Track

AT_A_TIME: Final = 16
"""Viewers looked at in a row: some 0.3 ms."""

Told = dict[str, Any]


async def snapshot(engine: Engine) -> Told:
    """Return everything countable. Times in seconds, sizes in bytes, rates in bit/s, levels in -dBov."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    sessions = {session: await _session(router) for session, router in list(engine.routers.items())}
    return {
        "boot": engine.boot,
        "fanout": engine.fanout_name,
        "routing": compiled.name(),
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "transports": len(engine.peers),
        "counters": dict(engine.counters),
        "sessions": sessions,
    }


async def _session(router: Router[Any]) -> Told:
    now = time.monotonic()
    publications = {key: _publication(publication, now) for key, publication in router.publications.items()}
    return {
        "plan": router.plan.version,
        "publications": publications,
        "feeds": {name: await _feed(feed) for name, feed in list(router.feeds.items())},
    }


async def _feed(feed: FeedRouter[Any]) -> Told:
    slots = {
        slot.name: {
            "source": slot.source.key if slot.source else None,
            "wanted": slot.wanted.key if slot.wanted else None,
            "switches": slot.switches,
        }
        for slot in feed.slots.values()
    }
    viewers: Told = {}
    networks: Told = {}
    departed = {name: dict(counts) for name, counts in feed.departed.items()}  # who goes from now on is below
    for count, (peer_id, viewer) in enumerate(list(feed.viewers.items()), 1):
        now = time.monotonic()
        viewers[peer_id] = {name: _consumer(viewer, name, now) for name in viewer.consumers}
        networks[peer_id] = _network(viewer)
        if not count % AT_A_TIME:
            await asyncio.sleep(0)
    return {"slots": slots, "viewers": viewers, "networks": networks, "departed": departed}


def _publication(publication: Publication, now: float) -> Told:
    return {
        "counters": dict(publication.counters),
        "tracks": {producer.kind: _producer(producer, now) for producer in publication.producers},
    }


def _producer(producer: Producer, now: float) -> Told:
    return {
        "codec": producer.codec.name,
        "live": producer.live(now),
        "level": producer.loudness.level,
        "freezes": producer.freezes.count,
        "frozen_seconds": producer.freezes.seconds,
        "layers": [_track(producer, track, now) for track in producer.tracks],
    }


def _track(producer: Producer, track: Track, now: float) -> Told:
    """Return one encoding's figures; of a picture in layers there are several, from low to high."""
    reception = track.reception
    return {
        "rid": track.rid,
        "active": track in producer.active,
        "size": track.size,
        "temporal_layers": track.top_temporal + 1,
        "bitrate": track.bitrate(FULL, now),
        "packets": reception.packets,
        "bytes": reception.bytes,
        "resent": track.resent,
        "resent_bytes": track.resent_bytes,
        "lost": reception.lost,
        "jitter": reception.jitter / track.codec.clock_rate,
        "round_trip": track.nacks.round_trip,
        "nacks": track.nacks_sent,
        "nacked": track.nacked,
        "never_repaired": track.nacks.given_up,
        "pli": track.asked_for_key_frames,
        "key_frames": track.key_frames_seen,
    }


def _consumer(viewer: Viewer[Any], name: str, now: float) -> Told:
    consumer = viewer.consumers[name]
    segment = consumer.segment
    producer = consumer.slot.wanted
    return {
        "state": consumer.state,
        "layer": producer.tracks.index(segment.track)
        if segment is not None and producer is not None and segment.track in producer.tracks
        else None,
        "rid": segment.track.rid if segment is not None else None,
        "temporal": segment.limit if segment is not None else None,
        "size": segment.track.size if segment is not None else None,
        "bitrate": segment.track.bitrate(segment.limit, now) if segment is not None else 0.0,
        "fraction_lost": consumer.fraction_lost,
        "round_trip": consumer.round_trip,
        **viewer.counted(name),
    }


def _network(viewer: Viewer[Any]) -> Told:
    """Return what a viewer's network is thought to take."""
    bandwidth = viewer.bandwidth
    return {
        "octets": viewer.octets,
        "rate": bandwidth.rate,
        "estimate": bandwidth.estimate,
        "queue": bandwidth.queue,
        "congested": bandwidth.congested,
        "stops": bandwidth.stops,
        "probes": bandwidth.probes,
        "probes_failed": bandwidth.probes_failed,
    }


# -- Prometheus ------------------------------------------------------------------------------------------

QUANTILES: Final = (0.5, 0.95, 1.0)
"""Which viewers stand for all of a slot where a sum says nothing: the middle one, all but few, the worst."""

_RECEIVED_GAUGES: Final = {
    "bitrate": "Bit/s of late, on the wire.",
    "jitter": "Seconds of jitter between arrivals.",
    "round_trip": "Seconds from asking for a lost packet to having it.",
    "lost": "Packets that did not come by themselves.",
}
_RECEIVED_COUNTERS: Final = {
    "packets": "Packets received.",
    "bytes": "Media payload received.",
    "resent": "Packets that came again, asked for or to probe.",
    "resent_bytes": "Payload of those, bytes.",
    "nacks": "Requests to send packets again.",
    "nacked": "Packets asked for again.",
    "never_repaired": "Packets that never came.",
    "pli": "Key frames asked for.",
    "key_frames": "Key frames that came.",
}
_SENT_COUNTERS: Final = {
    "packets": "Packets sent.",
    "bytes": "Media payload sent.",
    "lost": "Packets that did not reach the viewer by themselves, by its reports.",
    "nacks": "Requests to send packets again.",
    "nacked": "Packets asked for again.",
    "resent": "Packets sent again.",
    "refused_resends": "Packets asked for again and not sent.",
    "pli": "Key frames asked for.",
    "switches": "Changes of layer or of temporal limit.",
    "freezes": "Freezes, as webrtc-stats has them, of frames as they are thought to be drawn.",
    "frozen_seconds": "Seconds frozen.",
}
_SENT_GAUGES: Final = {
    "bitrate": "Bit/s of late, on the wire.",
    "fraction_lost": "Part of the packets lost, by the newest report.",
    "round_trip": "Seconds there and back.",
    "height": "Height of the picture, pixels, where its codec tells.",
}


async def prometheus(engine: Engine, *, each: bool = False) -> bytes:
    """Return the metrics in Prometheus' text format.

    Publishers are told layer by layer; viewers in sum for each slot of a feed, with those who have left,
    so that no counter falls; or `each` under its own id.
    """
    told = await snapshot(engine)
    registry = CollectorRegistry()
    registry.register(_Told([*_relay(told), *_received(told), *_sent(told, each)]))
    return generate_latest(registry)


class _Told(Collector):
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Sequence[Metric]:
        return self._metrics


def _relay(told: Told) -> Iterator[Metric]:
    events = CounterMetricFamily(
        "rostrum_relay_events", "What happened to datagrams and peers, by name.", labels=["name"]
    )
    for name, count in sorted(told["counters"].items()):
        events.add_metric([name], count)
    yield events
    yield GaugeMetricFamily("rostrum_relay_transports", "Peers, connected or connecting.", told["transports"])


def _received(told: Told) -> Iterator[Metric]:
    """Tell what publishers send, layer by layer."""
    labels = ["session", "source", "kind", "rid"]
    layers: list[tuple[list[str], Told]] = []
    frozen = CounterMetricFamily(
        "rostrum_relay_received_freezes", _SENT_COUNTERS["freezes"], labels=labels[:3]
    )
    for session, one in told["sessions"].items():
        for key, publication in one["publications"].items():
            for kind, producer in publication["tracks"].items():
                frozen.add_metric([session, key, kind], producer["freezes"])
                layers += [([session, key, kind, layer["rid"]], layer) for layer in producer["layers"]]
    yield frozen
    yield from _families("rostrum_relay_received_", labels, _RECEIVED_COUNTERS, _RECEIVED_GAUGES, layers)


def _sent(told: Told, each: bool) -> Iterator[Metric]:
    """Tell what viewers get: in sum for each slot of a feed, or one by one."""
    labels = ["session", "feed", "slot"]
    count = GaugeMetricFamily("rostrum_relay_viewers", "Viewers by session.", labels=["session"])
    shown = GaugeMetricFamily(
        "rostrum_relay_showing", "Viewers that are sent this layer.", labels=[*labels, "rid", "temporal"]
    )
    stopped = GaugeMetricFamily(
        "rostrum_relay_congested", "Viewers whose picture waits for their network.", labels=labels[:2]
    )
    rows: list[tuple[list[str], Told]] = []
    spread: list[tuple[list[str], Told]] = []
    for session, one in told["sessions"].items():
        count.add_metric([session], sum(len(feed["viewers"]) for feed in one["feeds"].values()))
        for name, feed in one["feeds"].items():
            stopped.add_metric([session, name], sum(n["congested"] for n in feed["networks"].values()))
            of_slot: dict[str, list[tuple[str, Told]]] = {slot: [] for slot in feed["slots"]}
            for viewer, consumers in feed["viewers"].items():
                for slot, consumer in consumers.items():
                    size = consumer["size"]
                    of_slot[slot].append((viewer, {**consumer, "height": size[1] if size else None}))
            for slot, consumers in of_slot.items():
                place = [session, name, slot]
                layers = Counter((c["rid"], c["temporal"]) for _, c in consumers if c["state"] != "waiting")
                for (rid, temporal), viewers in layers.items():
                    shown.add_metric([*place, rid, "" if temporal == FULL else str(temporal)], viewers)
                if each:
                    rows += [([*place, viewer], consumer) for viewer, consumer in consumers]
                    continue
                told_of = [consumer for _, consumer in consumers]
                departed = feed["departed"][slot]
                sums = {key: departed.get(key, 0) + sum(c[key] for c in told_of) for key in _SENT_COUNTERS}
                rows.append((place, sums))
                spread += _spread(place, told_of)
    yield from (count, shown, stopped)
    prefix = "rostrum_relay_sent_"
    if each:
        yield from _families(prefix, [*labels, "viewer"], _SENT_COUNTERS, _SENT_GAUGES, rows)
    else:
        yield from _families(prefix, labels, _SENT_COUNTERS, {}, rows)
        yield from _families(prefix, [*labels, "quantile"], {}, _SENT_GAUGES, spread)


def _spread(place: list[str], consumers: Sequence[Told]) -> Iterator[tuple[list[str], Told]]:
    """Return, for each quantile of a slot's viewers, what stands there of each gauge."""
    known = {key: sorted(c[key] for c in consumers if c[key] is not None) for key in _SENT_GAUGES}
    for share in QUANTILES:
        stands = {
            key: values[math.ceil(share * len(values)) - 1] if values else None
            for key, values in known.items()
        }
        yield [*place, f"{share:g}"], stands


def _families(
    prefix: str,
    labels: list[str],
    counters: Mapping[str, str],
    gauges: Mapping[str, str],
    rows: Sequence[tuple[list[str], Told]],
) -> Iterator[Metric]:
    """Return a family for each of these figures, with a sample of each row that has it."""
    for made, names in ((CounterMetricFamily, counters), (GaugeMetricFamily, gauges)):
        for key, words in names.items():
            family = made(prefix + key, words, labels=labels)
            for values, figures in rows:
                if figures[key] is not None:
                    family.add_metric(values, figures[key])
            yield family
