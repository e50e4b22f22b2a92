"""`rostrum bench relay` as people run it: a process, a relay, a publisher and viewers."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.signaling.bench.running import bench
from tests.signaling.processes import without_rostrum


def is_whole(found: dict[str, Any], viewers: int, seconds: float) -> None:
    """Everything that was published arrived, was what was published, and was accounted for."""
    sent = found["feed"]["video_packets"] + found["feed"]["audio_packets"]
    assert found["loss"] == 0
    assert found["deliveries"] == sent * viewers
    assert found["unrecognised_viewers"] == 0
    assert seconds * 0.9 * 50 < found["feed"]["audio_packets"]
    assert 1.5e6 < found["feed"]["bitrate"] < 2.5e6
    assert found["cpu_us_per_delivery"] > 0
    assert 0 < found["added_latency_p50_ms"] <= found["added_latency_p99_ms"]
    assert found["inspected"]["verified"] >= sent
    assert found["inspected"]["pictures"] >= seconds * 25
    assert not {"differing", "undecodable"} & found["inspected"].keys()
    assert found["generator"]["sent_reports"] >= viewers
    assert found["about"]["fanout"]
    assert found["valid"] is not bool(found["invalid_because"])


def test_a_few_viewers_get_everything() -> None:
    is_whole(bench("relay", "--viewers", "3", "--seconds", "2"), viewers=3, seconds=2)


def test_people_come_and_go_while_others_watch_a_paced_publisher() -> None:
    options = ("--joins", "--join-rate", "5", "--pacing", "browser", "--fanout", "plain")
    found = bench("relay", "--viewers", "3", "--seconds", "2", *options)
    is_whole(found, viewers=3, seconds=2)
    assert found["about"]["fanout"] == "plain"
    assert found["joining"]["failed"] == 0
    assert found["joining"]["joins_per_second"] >= 2.5


def test_a_setting_that_does_not_exist_is_one_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "signaling", "bench", "relay", "--viewers", "1", "--fanout", "carrier-pigeon"],
        env=without_rostrum(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "ROSTRUM_FANOUT" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.benchmark
def test_twenty_viewers() -> None:
    found = bench("relay", "--viewers", "20", "--seconds", "5", "--decrypt", "2")
    print(json.dumps(found, indent=2))
    is_whole(found, viewers=20, seconds=5)
    assert found["joins_per_second"] > 1
    assert found["memory_per_viewer"] < 1024 * 1024
