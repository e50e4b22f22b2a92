"""`rostrum bench connect` as people run it (faults.md, rows 13 and 14), and a small one for every day."""

from __future__ import annotations

import json

import pytest

from tests.signaling.bench.running import bench


def test_a_small_crowd_comes_and_comes_back_where_it_was() -> None:
    found = bench("connect", "--viewers", "60", "--seconds", "1")
    assert (found["welcomed"], found["returned"], found["resumed"]) == (60, 30, 30)
    assert found["history_reads"] == 0, "the other process knows it all"
    assert 0 < found["join_p50_ms"] <= found["join_p99_ms"] < 2000
    assert 0 < found["back_p50_ms"] <= found["back_p99_ms"] < 10_000
    assert found["valid"] is not bool(found["invalid_because"])


@pytest.mark.benchmark
def test_five_thousand_come_back_when_all_processes_have_died() -> None:
    found = bench("connect", "--viewers", "5000", "--seconds", "10", "--everybody")
    print(json.dumps(found, indent=2))
    assert (found["welcomed"], found["returned"]) == (5000, 5000)
    assert found["history_reads"] <= 4, (
        "once a worker: a checkpoint's tail, and a look for what came meanwhile"
    )
    # One core starts two processes and then takes 5,000 in: on a busy machine it may be 13 s.
    assert found["back_p99_ms"] <= 10_000


@pytest.mark.benchmark
def test_five_thousand_in_ten_seconds_and_half_of_them_again() -> None:
    found = bench("connect", "--viewers", "5000", "--seconds", "10")
    print(json.dumps(found, indent=2))
    assert (found["welcomed"], found["returned"], found["history_reads"]) == (5000, 2500, 0)
    assert found["join_p99_ms"] <= 2000
    assert found["memory_per_connection"] <= 50 * 1024
    assert found["back_p99_ms"] <= 10_000
