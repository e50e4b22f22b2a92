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
from stream.routing.consumer import Consumer
from stream.routing.publication import Publication


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
                                "dropped_before_switch": slot.dropped_before_switch,
                                "head": slot.ring.head,
                            }
                            for slot in feed.slots.values()
                        },
                        "viewers": {
                            peer_id: {
                                name: _consumer(consumer) for name, consumer in viewer.consumers.items()
                            }
                            for peer_id, viewer in feed.viewers.items()
                        },
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
                "packets": producer.reception.packets,
                "bytes": producer.reception.bytes,
                "lost": producer.reception.lost,
                "jitter": producer.reception.jitter / producer.codec.clock_rate,
                "never_repaired": producer.nacks.given_up,
                "key_frames": producer.key_frames_seen,
                "level": producer.loudness.level,
            }
            for producer in publication.producers
        },
    }


def _consumer(consumer: Consumer) -> dict[str, Any]:
    return {
        "state": consumer.state,
        "packets": consumer.packets,
        "bytes": consumer.octets,
        "lost": consumer.lost,
        "fraction_lost": consumer.fraction_lost,
        "round_trip": consumer.round_trip,
        "resent": consumer.resent,
        "refused_resends": consumer.refused_resends,
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
                    bytes_in.add_metric(labels, producer.reception.bytes)
                    lost.add_metric(labels, producer.reception.lost)
        return [events, transports, viewers, bytes_in, lost]


def prometheus(engine: Engine) -> bytes:
    """Return the metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_EngineCollector(engine))
    return generate_latest(registry)
