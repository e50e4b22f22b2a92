"""Figures of the control plane as a table for a terminal; machines get JSON (stream/bench/report.py)."""

from __future__ import annotations

from signaling.bench import chat, connect, votes


def chat_table(figures: chat.Figures) -> str:
    """Return one measurement as lines of name and value."""
    burst = figures.burst
    rows = [
        ("viewers", f"{figures.viewers} on {figures.workers} signaling processes"),
        ("deliveries", f"{figures.deliveries} of {figures.messages} messages in {figures.seconds:.1f} s"),
        ("lost", f"{figures.lost}, doubled {figures.doubled}"),
        (
            "server CPU",
            f"{figures.cpu_us_per_delivery:.2f} µs a delivery, {figures.redis_us_per_delivery:.2f} of it "
            f"Redis; {figures.cpu_share:.0%} of a core",
        ),
        ("batches", f"{figures.messages_per_frame:.1f} messages a frame"),
        (
            "bare write",
            f"{figures.write_us:.2f} µs a frame; all of it costs {figures.times_write:.2f} times that",
        ),
        ("latency", f"p50 {figures.latency_p50_ms:.0f} ms, p99 {figures.latency_p99_ms:.0f} ms"),
        ("memory", f"{figures.memory_per_connection / 1024:.1f} KiB an idle connection"),
        ("joins", f"{figures.joins_per_second:.0f}/s"),
        (
            "burst",
            f"{burst['messages']:.0f} at once: all heard in {burst['latency_p99_ms']:.0f} ms (p99), "
            f"{burst['lost']:.0f} lost; a moderator waits {burst['moderator_max_ms']:.0f} ms at most",
        ),
        ("load", f"{figures.generator['cpu_share']:.0%} of a core"),
        *(("INVALID", reason) for reason in figures.invalid_because),
    ]
    return "\n".join(f"{name:<12} {value}" for name, value in rows)


def votes_table(figures: votes.Figures) -> str:
    """Return one measurement as lines of name and value."""
    rows = [
        ("viewers", f"{figures.viewers} on {figures.workers} signaling processes, {figures.waves} waves"),
        ("votes", f"{figures.acknowledged} of {figures.votes} acknowledged, {figures.refused} refused"),
        (
            "told",
            f"everybody, p50 {figures.told_p50_ms:.0f} ms, at most {figures.told_max_ms:.0f} ms after the "
            f"first vote; {figures.untold} never; {figures.ticks_per_wave:.1f} sums a wave",
        ),
        ("written", f"all of a wave within {figures.written_ms:.0f} ms (the load's own time)"),
        ("answered", f"p99 {figures.answered_p99_ms:.0f} ms"),
        ("server CPU", f"{figures.cpu_ms_per_vote:.2f} ms a vote"),
        ("load", f"{figures.generator['cpu_share']:.0%} of a core"),
        *(("INVALID", reason) for reason in figures.invalid_because),
    ]
    return "\n".join(f"{name:<12} {value}" for name, value in rows)


def connect_table(figures: connect.Figures) -> str:
    """Return one measurement as lines of name and value."""
    rows = [
        ("viewers", f"{figures.welcomed} of {figures.viewers} within {figures.seconds:.0f} s"),
        ("join", f"p50 {figures.join_p50_ms:.0f} ms, p99 {figures.join_p99_ms:.0f} ms"),
        ("server CPU", f"{figures.cpu_ms_per_join:.2f} ms a join"),
        ("memory", f"{figures.memory_per_connection / 1024:.1f} KiB a connection"),
        ("returned", f"{figures.returned} whose process died, {figures.resumed} by resume"),
        ("back", f"p50 {figures.back_p50_ms:.0f} ms, p99 {figures.back_p99_ms:.0f} ms"),
        ("history", f"read {figures.history_reads} times meanwhile"),
        ("load", f"{figures.generator['cpu_share']:.0%} of a core"),
        *(("INVALID", reason) for reason in figures.invalid_because),
    ]
    return "\n".join(f"{name:<12} {value}" for name, value in rows)
