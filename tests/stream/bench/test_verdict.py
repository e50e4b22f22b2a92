"""Whose figures they are: a run in which the load or something else decided says so."""

from __future__ import annotations

import os
import time
from dataclasses import fields
from typing import Any

import pytest

from stream.bench.process import Cores, busy_seconds
from stream.bench.run import Figures, judge

APART = Cores(frozenset({1}), frozenset({0}))
CALM = {"lateness_p99_ms": 2.0, "cpu_share": 0.5, "dropped": 0.0, "others_share": 0.01}


def figures(**changes: float) -> Figures:
    """Figures of which only what a verdict rests on is filled in."""
    told = CALM | changes
    empty: dict[str, Any] = {field.name: 0 for field in fields(Figures)}
    feed = {"lateness_p99_ms": told.pop("lateness_p99_ms")}
    return Figures(
        **empty | {"feed": feed, "generator": told, "inspected": {}, "valid": True, "invalid_because": []}
    )


def test_a_calm_run_is_the_servers() -> None:
    calm = figures()
    judge(calm, APART)
    assert calm.valid and not calm.invalid_because


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"lateness_p99_ms": 20.1}, "the publisher could not keep its time"),
        ({"others_share": 0.06}, "something else had 6% of the server's core"),
        ({"cpu_share": 0.95}, "the load generator was saturated"),
        ({"dropped": 1.0}, "1 datagrams found no room at the viewers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_was_not_the_servers_is_named(changes: dict[str, float], because: str) -> None:
    spoilt = figures(**changes)
    judge(spoilt, APART)
    assert (spoilt.valid, spoilt.invalid_because) == (False, [because])


def test_a_core_is_busy_with_whomever() -> None:
    everywhere = os.sched_getaffinity(0)
    core = max(everywhere)
    os.sched_setaffinity(0, {core})
    try:
        before, until = busy_seconds({core}), time.process_time() + 0.2
        while time.process_time() < until:
            pass
        assert busy_seconds({core}) - before >= 0.15
    finally:
        os.sched_setaffinity(0, everywhere)
