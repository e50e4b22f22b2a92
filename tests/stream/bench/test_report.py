"""The table goes where the document has a place for it, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stream.bench.process import BenchError
from stream.bench.report import BEGIN, END, peers_table, to_json, write_into

ONE = {
    "viewers": 300,
    "valid": False,
    "cpu_us_per_delivery": 2.5,
    "cpu_share": 0.2,
    "loss": 0.015,
    "added_latency_p50_ms": 0.4,
    "added_latency_p99_ms": 3.0,
    "memory_per_viewer": 51200,
    "joins_per_second": 140.2,
    "times_cheaper_than_janus": 4.0,
}
COMPARISON = {
    "machine": "2-core Something",
    "rounds": 2,
    "seconds": 10.0,
    "results": [{"viewers": 300, "servers": {"rostrum gso": ONE}, "failed": ["janus: gone"]}],
}


def test_loss_and_distrust_stand_beside_cost() -> None:
    row, failed = peers_table(COMPARISON).splitlines()[-2:]
    assert failed == "| 300 | janus | could not carry them | | | | | | |"
    assert row == "| 300 | rostrum gso (invalid) | 2.50 | 20% | 1.50% | 0.4 / 3.0 | 50 KiB | 140 | 4.00 × |"


def test_what_could_not_be_measured_is_null() -> None:
    assert json.loads(to_json({"a": [float("nan"), 1.5]})) == {"a": [None, 1.5]}


def test_the_marked_table_is_written_anew(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(f"before\n\n{BEGIN}\nold\\1\n{END}\n\nafter\n")
    write_into(document, "new \\g<0>")
    assert document.read_text() == f"before\n\n{BEGIN}\nnew \\g<0>\n{END}\n\nafter\n"


def test_a_document_without_a_place_is_left_alone(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text("nothing here\n")
    with pytest.raises(BenchError, match="no place"):
        write_into(document, "table")
    assert document.read_text() == "nothing here\n"
