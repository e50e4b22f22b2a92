"""What the relay counts, as JSON for people and as Prometheus text for machines.

Reads the engine, changes nothing. No names, texts or addresses: participants appear by id only.
"""

from __future__ import annotations

import resource
import time
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from stream.engine import Engine
from stream.routing.group import Viewer
from stream.routing.packet_ring import FULL
from stream.routing.producer import Producer
from stream.routing.publication import Publication
from stream.routing.track import Track


def snapshot(engine: Engine) -> dict[str, Any]:
    """Return everything countable. Times in seconds, sizes in bytes, levels in -dBov."""
    now = time.monotonic()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "boot": engine.boot,
        "fanout": engine.fanout_name,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "transports": len(engine.peers),
        "counters": dict(engine.counters),
        "sessions": {
            session: {
                "plan": router.plan.version,
                "publications": {
                    key: _publication(publication, now) for key, publication in router.publications.items()
                },
                "feeds": {
                    name: {
                        "slots": {
                            slot.name: {
                                "source": slot.source.key if slot.source else None,
                                "wanted": slot.wanted.key if slot.wanted else None,
                                "switches": slot.switches,
                            }
                            for slot in feed.slots.values()
                        },
                        "viewers": {
                            peer_id: _viewer(viewer, now) for peer_id, viewer in feed.viewers.items()
                        },
                        "networks": {peer_id: _network(viewer) for peer_id, viewer in feed.viewers.items()},
                    }
                    for name, feed in router.feeds.items()
                },
            }
            for session, router in engine.routers.items()
        },
    }


def _publication(publication: Publication, now: float) -> dict[str, Any]:
    return {
        "counters": dict(publication.counters),
        "tracks": {
            producer.kind: {
                "codec": producer.codec.name,
                "live": producer.live(now),
                "level": producer.loudness.level,
                "layers": [_track(producer, track, now) for track in producer.tracks],
            }
            for producer in publication.producers
        },
    }


def _track(producer: Producer, track: Track, now: float) -> dict[str, Any]:
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
        "lost": reception.lost,
        "jitter": reception.jitter / track.codec.clock_rate,
        "nacked": track.nacked,
        "never_repaired": track.nacks.given_up,
        "pli": track.asked_for_key_frames,
        "key_frames": track.key_frames_seen,
    }


def _viewer(viewer: Viewer[Any], now: float) -> dict[str, Any]:
    return {name: _consumer(viewer, name, now) for name in viewer.consumers}


def _consumer(viewer: Viewer[Any], name: str, now: float) -> dict[str, Any]:
    consumer = viewer.consumers[name]
    segment = consumer.segment
    producer = consumer.slot.wanted
    packets, octets = viewer.sent(name)
    return {
        "state": consumer.state,
        "layer": producer.tracks.index(segment.track)
        if segment is not None and producer is not None and segment.track in producer.tracks
        else None,
        "rid": segment.track.rid if segment is not None else None,
        "temporal": segment.limit if segment is not None else None,
        "bitrate": segment.track.bitrate(segment.limit, now) if segment is not None else 0.0,
        "switches": consumer.switches,
        "packets": packets,
        "bytes": octets,
        "lost": consumer.lost,
        "fraction_lost": consumer.fraction_lost,
        "round_trip": consumer.round_trip,
        "resent": consumer.resends.granted,
        "refused_resends": consumer.resends.refused,
    }


def _network(viewer: Viewer[Any]) -> dict[str, Any]:
    """Return what a viewer's network is thought to take."""
    bandwidth = viewer.bandwidth
    return {
        "octets": viewer.octets,
        "estimate": bandwidth.estimate,
        "queue": bandwidth.queue,
        "congested": bandwidth.congested,
        "stops": bandwidth.stops,
        "probes": bandwidth.probes,
        "probes_failed": bandwidth.probes_failed,
    }


class _EngineCollector(Collector):
    """Asks the engine at each scrape."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> list[Metric]:
        """Return the metrics of this moment."""
        engine = self._engine
        events = CounterMetricFamily(
            "rostrum_relay_events", "What happened to datagrams and peers, by name.", labels=["name"]
        )
        for name, count in sorted(engine.counters.items()):
            events.add_metric([name], count)
        transports = GaugeMetricFamily("rostrum_relay_transports", "Peers, connected or connecting.")
        transports.add_metric([], len(engine.peers))
        viewers = GaugeMetricFamily("rostrum_relay_viewers", "Viewers by session.", labels=["session"])
        bytes_in = CounterMetricFamily(
            "rostrum_relay_received_bytes", "Media payload received.", labels=["session", "source", "kind"]
        )
        lost = GaugeMetricFamily(
            "rostrum_relay_received_lost", "Packets a publisher lost.", labels=["session", "source", "kind"]
        )
        for session, router in engine.routers.items():
            viewers.add_metric([session], sum(len(feed.viewers) for feed in router.feeds.values()))
            for key, publication in router.publications.items():
                for producer in publication.producers:
                    labels = [session, key, producer.kind]
                    received = [track.reception for track in producer.tracks]
                    bytes_in.add_metric(labels, sum(one.bytes for one in received))
                    lost.add_metric(labels, sum(one.lost for one in received))
        return [events, transports, viewers, bytes_in, lost]


def prometheus(engine: Engine) -> bytes:
    """Return the metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_EngineCollector(engine))
    return generate_latest(registry)
