"""Several processes' metrics as one text, each sample labelled by the process it is of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

RECEIVED: Final = ("rostrum_relay_received_",)
"""How metrics begin that only the first process can tell: a worker has its copies from there."""


def merged(texts: Mapping[int, bytes]) -> bytes:
    """Merge Prometheus texts by process number; the first process is 0."""
    families: dict[str, Metric] = {}
    for number, text in texts.items():
        for family in text_string_to_metric_families(text.decode()):
            if number and family.name.startswith(RECEIVED):
                continue
            merged_family = families.setdefault(
                family.name, Metric(family.name, family.documentation, family.type)
            )
            for sample in family.samples:
                labels = {"worker": str(number), **sample.labels}
                merged_family.add_sample(sample.name, labels, sample.value)
    registry = CollectorRegistry()
    registry.register(_Given(families.values()))
    return generate_latest(registry)


class _Given(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> list[Metric]:
        return self._families
