"""What arrives of one RTP stream: counts, loss, jitter, and what to ask for again.

Reception statistics are RFC 3550's (section 6.4.1, appendix A), requests are RFC 4585's generic NACK.
Pure: time is given, values come back. The law: a number is asked for a bounded number of times, and
not at all once it is too old to be shown.
"""

from __future__ import annotations

from stream.wire.rtcp import ReportBlock
from stream.wire.sequence import extend

REORDER_DELAY = 0.01
"""Seconds a gap may be mere reordering before it is asked for."""

RETRY_INTERVAL = 0.06
"""Seconds from the first request for a packet to the next, at least: a short round trip and a burst."""

RETRY_MARGIN = 1.25
"""Multiple of the round trip in which a repair has come, or it or its request was lost."""

RETRY_BACKOFF = 2
"""By how much each request waits longer than the one before, while no round trip is known."""

MAX_TRIES = 8
MAX_AGE = 0.8
"""Seconds after which a missing packet would come too late to be shown."""

MAX_GAP = 300
"""A gap wider than this, in packets, is not repaired but started over with a key frame."""


class Reception:
    """The receiver's side of one RTP stream."""

    __slots__ = (
        "_base",
        "_expected_prior",
        "_received_prior",
        "_transit",
        "bytes",
        "clock_rate",
        "highest",
        "jitter",
        "last_sr",
        "last_sr_at",
        "packets",
    )

    def __init__(self, clock_rate: int) -> None:
        """`clock_rate` is the RTP clock's, Hz; jitter is kept in its units."""
        self.clock_rate = clock_rate
        self.packets = 0
        self.bytes = 0
        self.jitter = 0.0
        self.highest: int | None = None
        self.last_sr = 0
        """Middle 32 bits of the newest sender report's NTP time."""
        self.last_sr_at = 0.0
        self._base = 0
        self._transit: float | None = None
        self._expected_prior = 0
        self._received_prior = 0

    def receive(self, sequence: int, timestamp: int, size: int, now: float) -> int:
        """Count one packet and return its extended sequence number."""
        if self.highest is None:
            extended = self._base = self.highest = sequence
        else:
            extended = extend(sequence, self.highest)
            self.highest = max(self.highest, extended)
        self.packets += 1
        self.bytes += size
        transit = now * self.clock_rate - timestamp
        if self._transit is not None:
            difference = abs(extend(int(transit - self._transit), 0, 32))
            if difference < self.clock_rate:  # a restart of the timestamps is no jitter
                self.jitter += (difference - self.jitter) / 16
        self._transit = transit
        return extended

    def receive_repair(self, sequence: int) -> int:
        """Return the extended number of a packet that came by retransmission; it counts as lost still."""
        return extend(sequence, self.highest if self.highest is not None else sequence)

    @property
    def lost(self) -> int:
        """Packets expected but not received so far; negative with duplicates."""
        return 0 if self.highest is None else self.highest - self._base + 1 - self.packets

    def report(self, ssrc: int, now: float) -> ReportBlock | None:
        """Return the report block for this interval (RFC 3550, A.3); None before the first packet."""
        if self.highest is None:
            return None
        expected = self.highest - self._base + 1
        interval = expected - self._expected_prior
        missing = interval - (self.packets - self._received_prior)
        self._expected_prior, self._received_prior = expected, self.packets
        fraction = min(255, (missing << 8) // interval) if interval > 0 and missing > 0 else 0
        delay = int((now - self.last_sr_at) * 65536) if self.last_sr else 0
        return ReportBlock(
            ssrc=ssrc,
            fraction_lost=fraction,
            lost=max(-0x800000, min(0x7FFFFF, self.lost)),
            highest_sequence=self.highest & 0xFFFFFFFF,
            jitter=int(self.jitter),
            last_sr=self.last_sr,
            delay_since_last_sr=delay & 0xFFFFFFFF,
        )


class NackGenerator:
    """Which packets of one stream to ask for, and when. Numbers are extended."""

    __slots__ = ("_highest", "_missing", "given_up", "round_trip")

    def __init__(self) -> None:
        self._highest: int | None = None
        self._missing: dict[int, tuple[float, float, int, float]] = {}
        """number → (missed at, due at, tries so far, first asked at)"""
        self.given_up = 0
        """Packets never repaired."""
        self.round_trip: float | None = None
        """Seconds from first asking to having, smoothed; where repairs are known as such, of them alone.

        Else of packets asked for once alone (RFC 6298, section 3), some of which were merely late.
        """

    def receive(self, sequence: int, now: float, *, repaired: bool | None = None) -> bool:
        """Note one arrival; True where a gap is too wide to repair and a key frame is the cure.

        `repaired` tells whether it came by retransmission; None where that cannot be known.
        """
        if self._highest is None:
            self._highest = sequence
            return False
        if sequence <= self._highest:
            self._found(sequence, now, repaired)
            return False
        gap = sequence - self._highest - 1
        first, self._highest = self._highest + 1, sequence
        if gap > MAX_GAP or len(self._missing) + gap > MAX_GAP:
            self.given_up += gap + len(self._missing)
            self._missing.clear()
            return True
        for number in range(first, sequence):
            self._missing[number] = (now, now + REORDER_DELAY, 0, now)
        return False

    @property
    def waiting(self) -> bool:
        """Tell whether anything is missing."""
        return bool(self._missing)

    def _found(self, sequence: int, now: float, repaired: bool | None) -> None:
        _, _, tries, asked_at = self._missing.pop(sequence, (0.0, 0.0, 0, 0.0))
        if tries and (repaired or (repaired is None and tries == 1)):
            took = now - asked_at
            self.round_trip = (
                took if self.round_trip is None else self.round_trip + (took - self.round_trip) / 8
            )

    def due(self, now: float) -> list[int]:
        """Return the extended numbers to ask for now, and count the asking."""
        if not self._missing:
            return []
        asked: list[int] = []
        for number, (since, due, tries, asked_at) in list(self._missing.items()):
            if tries >= MAX_TRIES or now - since > MAX_AGE:
                del self._missing[number]
                self.given_up += 1
            elif now >= due:
                again = now + self._patience(tries)
                self._missing[number] = (since, again, tries + 1, asked_at if tries else now)
                asked.append(number)
        return asked

    def _patience(self, tries: int) -> float:
        """Return the seconds that a request may take before the next one, with `tries` before it."""
        if self.round_trip is None:
            return RETRY_INTERVAL * float(RETRY_BACKOFF**tries)
        return max(RETRY_INTERVAL, RETRY_MARGIN * self.round_trip)
