"""A place on stage: a name, the SSRCs it goes out under, and whose producer fills it.

The law: a picture changes on a key frame only; the old one goes on, for each viewer, until the new one's
has come in the layer that this viewer gets. How a viewer's stream goes on unbroken is consumer.py's.
"""

from __future__ import annotations

import secrets

from stream.routing.producer import Producer
from stream.routing.track import Kind
from stream.wire import rtcp

CLOCK_RATE: dict[Kind, int] = {"video": 90_000, "audio": 48_000}
"""RTP clock of the codecs carried, Hz (RFC 7741, 6184: 90 kHz; RFC 7587: 48 kHz)."""


class Slot:
    """One slot of one feed."""

    def __init__(self, name: str, kind: Kind) -> None:
        self.name = name
        self.kind: Kind = kind
        self.clock_rate = CLOCK_RATE[kind]
        self.ssrc = secrets.randbelow(0xFFFFFFFE) + 1
        self.rtx_ssrc = secrets.randbelow(0xFFFFFFFE) + 1
        self.cname = rtcp.pack_sdes_cname(self.ssrc, "stage")
        """What goes behind each of its sender reports."""

        self.source: Producer | None = None
        """Who fills it: the last one wanted of whom something could be begun with."""

        self.wanted: Producer | None = None
        """Who should fill it."""

        self.switches = 0
        self.followed: tuple[Producer | None, int] = (None, 0)
        """Whom consumers aim at, in which version."""

    def want(self, producer: Producer | None) -> None:
        """Name who should fill the slot. None: nobody; the stream pauses, its last picture stands."""
        if producer is self.wanted:
            return
        self.wanted = producer
        if producer is None:
            self.source = None

    def filled(self) -> None:
        """Note that who is wanted has sent something to begin with."""
        if self.source is not self.wanted:
            self.source = self.wanted
            self.switches += 1

    def moved_on(self) -> bool:
        """Tell, once, whether consumers have to look anew at what they aim at."""
        stamp = (self.wanted, self.wanted.version if self.wanted is not None else 0)
        if stamp == self.followed:
            return False
        self.followed = stamp
        return True
