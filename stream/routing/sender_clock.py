"""One publisher's wall clock, as the relay sees it: what keeps lips and voice together.

A sender report ties a track's RTP clock to its publisher's NTP clock (RFC 3550, section 6.4.1). Viewers
get reports of the relay's own; both tracks of a publication go through the *same* offset between the
two wall clocks, so an error in it moves sound and picture alike. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

NTP_UNIX_OFFSET = 2_208_988_800
"""Seconds from 1900 to 1970 (RFC 5905)."""


@dataclass(frozen=True, slots=True)
class ClockPoint:
    """One sender report: the track's RTP timestamp at a moment of the publisher's clock, Unix seconds."""

    at: float
    timestamp: int
    clock_rate: int


class SenderClock:
    """The offset of one publisher's wall clock, from the reports of all its tracks."""

    __slots__ = ("_offset",)

    def __init__(self) -> None:
        self._offset: float | None = None

    def observe(self, ntp: int, arrived: float) -> float:
        """Note a report's 64-bit NTP time and its arrival (Unix seconds); return its Unix time.

        The smallest delay seen is nearest the truth, so the offset only ever falls: a late report
        does not move it. A publisher's clock stepped by over a second starts it anew.
        """
        at = (ntp >> 32) - NTP_UNIX_OFFSET + (ntp & 0xFFFFFFFF) / 2**32
        offset = arrived - at
        if self._offset is None or offset < self._offset or offset - self._offset > 1.0:
            self._offset = offset
        return at

    def timestamp_at(self, point: ClockPoint, moment: float) -> int:
        """Return the track's RTP timestamp (32 bits) at `moment` of the relay's clock, Unix seconds."""
        offset = self._offset or 0.0
        elapsed = moment - offset - point.at
        return (point.timestamp + round(elapsed * point.clock_rate)) & 0xFFFFFFFF
