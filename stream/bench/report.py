"""Figures as text: a table for a terminal, and the one in docs/performance.md.

The law: loss stands beside cost, and figures that are not to be trusted say so where they stand.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, Final

from stream.bench.process import BenchError
from stream.bench.run import Figures

BEGIN: Final = "<!-- begin: rostrum bench peers -->"
END: Final = "<!-- end: rostrum bench peers -->"


def relay_table(figures: Figures) -> str:
    """Return one measurement as lines of name and value."""
    rows: list[tuple[str, str]] = [
        ("fan-out", str(figures.about["fanout"])),
        ("routing", str(figures.about["routing"])),
        (
            "viewers",
            f"{figures.viewers} ({figures.inspected.get('verified', 0)} packets decrypted and right)",
        ),
        ("deliveries", f"{figures.deliveries} in {figures.seconds:.1f} s"),
        (
            "relay CPU",
            f"{figures.cpu_us_per_delivery:.2f} µs a delivery, {figures.cpu_share:.0%} of its core",
        ),
        ("loss", f"{figures.loss:.4%} ({figures.retransmissions} retransmissions)"),
        ("latency", f"p50 {figures.added_latency_p50_ms:.2f} ms, p99 {figures.added_latency_p99_ms:.2f} ms"),
        ("longest gap", f"{figures.largest_gap_ms:.0f} ms ({figures.feed['largest_gap_ms']:.0f} ms sent)"),
        ("memory", f"{figures.memory_per_viewer / 1024:.0f} KiB a viewer"),
        ("joins", f"{figures.joins_per_second:.0f}/s, all at once"),
        ("pictures", f"{figures.inspected.get('pictures', 0)} decoded"),
        (
            "publisher",
            f"a process of its own, {figures.publisher}; "
            f"frames {figures.feed['lateness_p99_ms']:.1f} ms late (p99)",
        ),
        ("load", f"{figures.generator['cpu_share']:.0%} of a core"),
    ]
    if figures.joining:
        joining = figures.joining
        rows.append(
            (
                "newcomers",
                f"{joining['joins_per_second']:.0f}/s while the others watch, first packet p99 "
                f"{joining['first_packet_p99_ms']:.0f} ms, {joining['failed']:.0f} failed",
            )
        )
    if figures.generator["lost_track"]:
        rows.append(
            (
                "lost track",
                f"{figures.generator['lost_track']:.0f} times, of streams that went on from another place "
                f"({figures.inspected.get('mistaken', 0)} packets taken for others): loss is at most as said",
            )
        )
    rows += [("INVALID", reason) for reason in figures.invalid_because]
    return "\n".join(f"{name:<12} {value}" for name, value in rows)


def to_json(figures: Any) -> str:
    """Return figures as JSON; what was not measurable (no delivery, no delay) is null."""
    return json.dumps(_finite(figures), indent=1)


def _finite(value: Any) -> Any:
    match value:
        case dict():
            return {key: _finite(one) for key, one in value.items()}
        case list():
            return [_finite(one) for one in value]
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def peers_table(comparison: dict[str, Any]) -> str:
    """Return a comparison as a Markdown table."""
    lines = [
        f"{comparison['machine']}; medians of {comparison['rounds']} × {comparison['seconds']:.0f} s.",
        "",
        "| viewers | server | µs a delivery | core used | loss | latency p50 / p99, ms | memory a viewer "
        "| joins/s | Janus costs |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for result in comparison["results"]:
        for label, one in result["servers"].items():
            lines.append(
                f"| {one['viewers']} | {label}{'' if one['valid'] else ' (invalid)'} "
                f"| {one['cpu_us_per_delivery']:.2f} | {one['cpu_share']:.0%} | {one['loss']:.2%} "
                f"| {one['added_latency_p50_ms']:.1f} / {one['added_latency_p99_ms']:.1f} "
                f"| {one['memory_per_viewer'] / 1024:.0f} KiB | {one['joins_per_second']:.0f} "
                f"| {one['times_cheaper_than_janus']:.2f} × |"
            )
        lines += [
            f"| {result['viewers']} | {failure.partition(':')[0]} | could not carry them | | | | | | |"
            for failure in result["failed"]
        ]
    return "\n".join(lines)


def write_into(document: Path, table: str) -> None:
    """Put the table between the marks of a document. Raises BenchError where there are none."""
    try:
        text = document.read_text(encoding="utf-8")
    except OSError as error:
        raise BenchError(f"{document} cannot be read ({error.strerror}).") from None
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not pattern.search(text):
        raise BenchError(f"{document} has no place marked {BEGIN} … {END}.")
    document.write_text(pattern.sub(lambda found: f"{BEGIN}\n{table}\n{END}", text), encoding="utf-8")
