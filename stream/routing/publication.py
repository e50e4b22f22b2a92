"""What one WHIP resource publishes: its tracks, and what its publisher must be told about them.

Packets go in, and (producer, packet) comes out; feedback comes out as RTCP bytes when asked for. The
law: only negotiated streams are taken (by SSRC, MID or payload type, RFC 8843, section 9.2), and the
first sight of a stream is remembered, because browsers stop sending MID after a while.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from stream.agreement import AgreedMedia, Extension
from stream.plan import Source
from stream.routing.arrivals import INTERVAL as FEEDBACK_INTERVAL
from stream.routing.arrivals import ArrivalRecorder
from stream.routing.producer import MediaPacket, Producer
from stream.routing.sender_clock import ClockPoint, SenderClock
from stream.wire import rtcp
from stream.wire.rtp import RtpPacket

REPORT_INTERVAL = 1.0
"""Seconds between two receiver reports."""

_MAX_STREAMS = 16
"""SSRCs remembered; a negotiated publication has at most four."""

_OSN = 2
"""Bytes of the original sequence number in front of an RTX payload (RFC 4588, section 4)."""


class _Stream(NamedTuple):
    producer: Producer
    repair: bool


class Publication:
    """The tracks of one publisher's transport."""

    def __init__(self, participant: str, source: Source, peer: str, media: Sequence[AgreedMedia]) -> None:
        """`peer` is the transport's id; `media` what the answer agreed to receive."""
        self.participant = participant
        self.source: Source = source
        self.key = f"{participant}/{source}"
        self.peer = peer
        self.ssrc = secrets.randbelow(0xFFFFFFFE) + 1
        """Our own, in the feedback we send."""
        self.clock = SenderClock()
        self.producers = [Producer(self.key, one, self.clock) for one in media if one.codecs]
        self.counters: Counter[str] = Counter()
        self._streams: dict[int, _Stream] = {}
        self._by_mid = {producer.media.mid: producer for producer in self.producers}
        self._arrivals = ArrivalRecorder()
        self._report_due = 0.0
        self._feedback_due = 0.0
        for producer in self.producers:
            if producer.media.ssrc is not None:
                self._streams[producer.media.ssrc] = _Stream(producer, False)
            if producer.media.rtx_ssrc is not None:
                self._streams[producer.media.rtx_ssrc] = _Stream(producer, True)

    def producer(self, kind: str) -> Producer | None:
        """Return the track of that kind, if there is one."""
        return next((producer for producer in self.producers if producer.kind == kind), None)

    def receive(self, packet: RtpPacket, now: float) -> tuple[Producer, MediaPacket] | None:
        """Take one packet; None where it is probing, or of no negotiated stream."""
        stream = self._streams.get(packet.ssrc) or self._meet(packet)
        if stream is None:
            self.counters["unnegotiated"] += 1
            return None
        producer = stream.producer
        identifier = producer.media.extensions.get(Extension.TRANSPORT_CC)
        if identifier is not None and identifier in packet.extensions:
            self._arrivals.record(packet.extensions[identifier], now)
        if stream.repair:
            if len(packet.payload) <= _OSN or producer.ssrc is None:
                self.counters["probing"] += 1
                return None
            packet.sequence = int.from_bytes(packet.payload[:_OSN], "big")
            packet.payload = packet.payload[_OSN:]
            self.counters["repaired"] += 1
        else:
            if packet.payload_type != producer.codec.payload_type:
                self.counters["unnegotiated"] += 1
                return None
            producer.ssrc = packet.ssrc
        return producer, producer.receive(packet, now, repaired=stream.repair)

    def _meet(self, packet: RtpPacket) -> _Stream | None:
        """Find out whose stream a new SSRC is, and remember it."""
        if len(self._streams) >= _MAX_STREAMS:
            return None
        for producer in self.producers:
            identifier = producer.media.extensions.get(Extension.MID)
            mid = packet.extensions.get(identifier) if identifier is not None else None
            if mid is not None and mid != producer.media.mid.encode():
                continue
            if packet.payload_type == producer.codec.payload_type:
                stream = _Stream(producer, False)
            elif packet.payload_type == producer.codec.rtx_payload_type:
                stream = _Stream(producer, True)
            else:
                continue
            self._streams[packet.ssrc] = stream
            return stream
        return None

    def receive_rtcp(self, packets: Sequence[rtcp.Packet], now: float, unix: float) -> None:
        """Take the publisher's reports. `unix` is the relay's wall clock, seconds."""
        for packet in packets:
            if isinstance(packet, rtcp.SenderReport):
                stream = self._streams.get(packet.ssrc)
                if stream is None or stream.repair:
                    continue
                producer = stream.producer
                at = self.clock.observe(packet.ntp, unix)
                producer.clock_point = ClockPoint(at, packet.rtp_timestamp, producer.codec.clock_rate)
                producer.reception.last_sr = rtcp.compact_ntp(packet.ntp)
                producer.reception.last_sr_at = now

    def feedback(self, now: float) -> list[bytes]:
        """Return the compound RTCP packets due to the publisher now."""
        out: list[bytes] = []
        for producer in self.producers:
            if producer.ssrc is None:
                continue
            missing = producer.nacks.due(now) if producer.codec.nack else []
            if missing:
                self.counters["nacked"] += len(missing)
                out.append(rtcp.pack_nack(self.ssrc, producer.ssrc, missing))
            if producer.kind == "video" and producer.keyframes.due(now):
                self.counters["pli"] += 1
                out.append(rtcp.pack_pli(self.ssrc, producer.ssrc))
        if now >= self._feedback_due:
            self._feedback_due = now + FEEDBACK_INTERVAL
            out += self._arrivals.feedback(self.ssrc, self._any_ssrc())
        if now >= self._report_due:
            self._report_due = now + REPORT_INTERVAL
            reports = [
                report
                for producer in self.producers
                if producer.ssrc is not None
                and (report := producer.reception.report(producer.ssrc, now)) is not None
            ]
            out.append(
                rtcp.pack_receiver_report(self.ssrc, reports) + rtcp.pack_sdes_cname(self.ssrc, "stage")
            )
        return out

    def _any_ssrc(self) -> int:
        return next((producer.ssrc for producer in self.producers if producer.ssrc is not None), 0)

    def close(self) -> None:
        """Mark every track as gone."""
        for producer in self.producers:
            producer.closed = True
