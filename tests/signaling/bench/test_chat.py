"""`rostrum bench chat` as people run it, and its figures where nobody disturbs."""

from __future__ import annotations

import json
from statistics import median

import pytest

from tests.signaling.bench.running import bench

BARE_WRITE = 9.0
"""µs that a bare write takes where the figures below are meant; where it takes longer, they grow with it."""


def test_a_small_room_hears_everything_once() -> None:
    found = bench("chat", "--viewers", "30", "--rate", "10", "--seconds", "1")
    assert (found["messages"], found["deliveries"]) == (10, 300)
    assert (found["lost"], found["doubled"]) == (0, 0)
    assert (found["burst"]["messages"], found["burst"]["lost"]) == (30, 0)
    assert found["burst"]["moderator_commands"] >= 5
    assert found["generator"]["lost_connections"] == found["generator"]["unsent"] == 0
    assert 0 < found["latency_p50_ms"] <= found["latency_p99_ms"]
    assert found["cpu_us_per_delivery"] > found["redis_us_per_delivery"] >= 0
    assert 0 < found["write_us"] < found["cpu_us_per_delivery"], "nothing is delivered without a write"
    assert found["valid"] is not bool(found["invalid_because"])


@pytest.mark.benchmark
@pytest.mark.parametrize(("rate", "most"), [(5, 12.0), (50, 4.0)])
@pytest.mark.timeout(240)
def test_two_thousand_viewers(rate: int, most: float) -> None:
    """Of the cost the median of three runs counts: the same write costs a third more from one to the next."""
    costs = []
    for _ in range(3):
        found = bench("chat", "--viewers", "2000", "--rate", str(rate), "--seconds", "8")
        print(json.dumps(found, indent=2))
        assert (found["lost"], found["doubled"], found["burst"]["lost"]) == (0, 0, 0)
        assert found["latency_p99_ms"] <= 200
        assert found["memory_per_connection"] <= 30 * 1024
        assert found["burst"]["moderator_max_ms"] <= 200
        costs.append(found["cpu_us_per_delivery"] / max(1.0, found["write_us"] / BARE_WRITE))
    assert median(costs) <= most
