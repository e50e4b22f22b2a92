"""`rostrum bench votes` as people run it, and its figures where nobody disturbs."""

from __future__ import annotations

import json

import pytest

from tests.signaling.bench.running import bench


def test_a_small_room_votes_at_once_and_everybody_is_told_the_whole_sum() -> None:
    found = bench("votes", "--viewers", "60", "--waves", "2")
    assert (found["votes"], found["acknowledged"], found["refused"], found["untold"]) == (120, 120, 0, 0)
    assert len(found["told_by_wave_ms"]) == 2
    assert 0 < found["written_ms"] < found["told_p50_ms"] <= found["told_max_ms"]
    assert found["ticks_per_wave"] >= 1
    assert found["generator"]["lost_connections"] == found["generator"]["unsent"] == 0
    assert found["valid"] is not bool(found["invalid_because"])


@pytest.mark.benchmark
def test_two_thousand_vote_in_one_moment() -> None:
    found = bench("votes", "--viewers", "2000")
    print(json.dumps(found, indent=2))
    assert (found["acknowledged"], found["refused"], found["untold"]) == (12_000, 0, 0)
    assert found["told_p50_ms"] <= 1000, "is the machine quiet?"
    assert found["told_max_ms"] <= 2000
