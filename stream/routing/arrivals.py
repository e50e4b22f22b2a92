"""When each packet of a publisher came, for transport-wide congestion control.

The publisher numbers all its packets in one sequence; every tenth of a second it is told which arrived
and when (draft-holmer-rmcat-transport-wide-cc-extensions-01). With that Chromium's full picture is
there in 0.3 s; with receiver reports alone it never comes. Pure.
"""

from __future__ import annotations

from stream.wire.rtcp import pack_transport_feedback
from stream.wire.sequence import extend

INTERVAL = 0.1
"""Seconds between two feedback messages."""

_MOST = 1000
"""Packets one message covers at the most; older ones are forgotten. 0.1 s at 2 Mbit/s is 27."""


class ArrivalRecorder:
    """The arrivals of one publisher since the last feedback."""

    __slots__ = ("_arrivals", "_count", "_highest")

    def __init__(self) -> None:
        self._arrivals: dict[int, int] = {}
        self._highest: int | None = None
        self._count = 0

    def record(self, value: bytes, now: float) -> None:
        """Note one packet's transport-wide sequence number (two bytes) and its arrival, seconds."""
        if len(value) != 2 or len(self._arrivals) >= _MOST:
            return
        number = int.from_bytes(value, "big")
        if self._highest is None:
            self._highest = number + 0x10000  # room below for what was overtaken by the first
        extended = extend(number, self._highest)
        self._highest = max(self._highest, extended)
        if extended > self._highest - _MOST:
            self._arrivals.setdefault(extended, int(now * 1_000_000))

    def feedback(self, sender_ssrc: int, media_ssrc: int) -> list[bytes]:
        """Return the feedback messages on what came since the last; none where nothing did."""
        if not self._arrivals:
            return []
        arrivals = sorted(self._arrivals.items())
        self._arrivals = {}
        messages = pack_transport_feedback(sender_ssrc, media_ssrc, self._count & 0xFF, arrivals)
        self._count += len(messages)
        return messages
