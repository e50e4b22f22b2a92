"""What one WHIP resource publishes: its lines, and what its publisher must be told about them.

Packets go in and into their tracks; feedback comes out as RTCP bytes when asked for. The law: only
negotiated streams are taken (by SSRC, MID, RID or payload type, RFC 8843, section 9.2, and RFC 8853,
section 5.5), and the first sight of a stream is remembered, because browsers stop sending MID and RID
after some dozen packets. What a retransmission repairs is known the same way, and nothing begins with one.
"""

from __future__ import annotations

import secrets
from collections import Counter, deque
from collections.abc import Sequence
from typing import NamedTuple

from stream.agreement import AgreedMedia, Extension
from stream.plan import Source
from stream.routing.arrivals import INTERVAL as FEEDBACK_INTERVAL
from stream.routing.arrivals import ArrivalRecorder
from stream.routing.producer import Producer
from stream.routing.sender_clock import ClockPoint, SenderClock
from stream.routing.track import Track
from stream.wire import red, rtcp
from stream.wire.rtp import RtpPacket

REPORT_INTERVAL = 1.0
"""Seconds between two receiver reports."""

_MAX_STREAMS = 16
"""SSRCs remembered; a negotiated publication has at most ten."""

_RETIRED = 16
"""SSRCs remembered whose stream began anew under another one: what still comes of them is late."""

_OSN = 2
"""Bytes of the original sequence number in front of an RTX payload (RFC 4588, section 4)."""


class _Stream(NamedTuple):
    """Whose an SSRC is. Of a repair, or before the first packet, there is no track."""

    producer: Producer
    rid: str
    repair: bool
    track: Track | None = None


class Publication:
    """The lines of one publisher's transport."""

    def __init__(
        self, participant: str, source: Source, peer: str, media: Sequence[AgreedMedia], key: str = ""
    ) -> None:
        """`peer` is the transport's id; `media` what the answer agreed to receive.

        `key` is what plans call it, where that is not `participant/source`.
        """
        self.participant = participant
        self.source: Source = source
        self.key = key or f"{participant}/{source}"
        self.peer = peer
        self.ssrc = secrets.randbelow(0xFFFFFFFE) + 1
        """Our own, in the feedback we send."""
        self.clock = SenderClock()
        self.producers = [Producer(self.key, one, self.clock) for one in media if one.codecs]
        self.counters: Counter[str] = Counter()
        self._streams: dict[int, _Stream] = {}
        self._retired: deque[int] = deque(maxlen=_RETIRED)
        self._arrivals = ArrivalRecorder()
        self._report_due = 0.0
        self._feedback_due = 0.0
        for producer in self.producers:
            if producer.media.ssrc is not None:
                self._streams[producer.media.ssrc] = _Stream(producer, "", False)
            if producer.media.rtx_ssrc is not None:
                self._streams[producer.media.rtx_ssrc] = _Stream(producer, "", True)

    @property
    def tracks(self) -> list[Track]:
        """All encodings met so far."""
        return [track for producer in self.producers for track in producer.tracks]

    def producer(self, kind: str) -> Producer | None:
        """Return the line of that kind, if there is one."""
        return next((producer for producer in self.producers if producer.kind == kind), None)

    def receive(self, packet: RtpPacket, now: float) -> Track | None:
        """Take one packet; return the track it joined, None where it is probing, or of no agreed stream."""
        stream = self._streams.get(packet.ssrc) or self._meet(packet)
        if stream is None:
            return None
        producer = stream.producer
        identifier = producer.media.extensions.get(Extension.TRANSPORT_CC)
        if identifier is not None and identifier in packet.extensions:
            self._arrivals.record(packet.extensions[identifier], now)
        track = stream.track
        if stream.repair:
            track = producer.track(stream.rid)
            if track is not None:
                track.resent += 1
                track.resent_bytes += len(packet.payload)
            if len(packet.payload) <= _OSN or track is None:
                self.counters["probing"] += 1
                return None
            packet.sequence = int.from_bytes(packet.payload[:_OSN], "big")
            packet.payload = packet.payload[_OSN:]
            self.counters["repaired"] += 1
        elif not producer.codec.carried_by(packet.payload_type):
            self.counters["unnegotiated"] += 1
            return None
        elif packet.payload_type == producer.codec.red_payload_type and not red.parse(
            packet.payload, producer.codec.payload_type
        ):
            self.counters["malformed_red"] += 1
            return None
        elif track is None:
            track = self._begin(packet.ssrc, producer, stream.rid)
        producer.receive(track, packet, now, repaired=stream.repair)
        return track

    def _meet(self, packet: RtpPacket) -> _Stream | None:
        """Find out whose stream a new SSRC is, and remember it; of what is not taken, count why."""
        if packet.ssrc in self._retired:
            self.counters["retired"] += 1
            return None
        for producer in self.producers:
            extensions = producer.media.extensions
            mid = _text(packet, extensions.get(Extension.MID))
            if mid is not None and mid != producer.media.mid:
                continue
            if producer.codec.carried_by(packet.payload_type):
                repair, rid = False, _text(packet, extensions.get(Extension.RID))
            elif packet.payload_type == producer.codec.rtx_payload_type:
                repair, rid = True, _text(packet, extensions.get(Extension.REPAIRED_RID))
                rid = rid if rid is not None else self._announced_repair(producer, packet.ssrc)
            else:
                continue
            if not producer.media.rids:
                rid = ""
            elif rid not in producer.media.rids:
                continue
            self._forget(producer, rid, repair=repair)
            if len(self._streams) >= _MAX_STREAMS:
                break
            stream = self._streams[packet.ssrc] = _Stream(producer, rid, repair)
            return stream
        self.counters["unnegotiated"] += 1
        return None

    def _announced_repair(self, producer: Producer, ssrc: int) -> str | None:
        """Return the layer that an SSRC repairs, by what the offer grouped (RFC 5576, section 4.2)."""
        primary = dict(producer.media.repairs).get(ssrc)
        stream = self._streams.get(primary) if primary is not None else None
        return stream.rid if stream is not None and stream.producer is producer else None

    def _begin(self, ssrc: int, producer: Producer, rid: str) -> Track:
        """Begin a track with its first packet, in place of the one that went under another SSRC."""
        former = producer.begin(ssrc, rid)
        if former is not None:
            self.counters["restarted"] += 1
            self._streams.pop(former.ssrc, None)
            self._retired.append(former.ssrc)
            self._forget(producer, rid, repair=True)  # it repairs packets that are nobody's any more
        track = producer.track(rid)
        assert track is not None, "it has just begun"
        self._streams[ssrc] = _Stream(producer, rid, False, track)
        return track

    def _forget(self, producer: Producer, rid: str, *, repair: bool) -> None:
        """Forget what a new SSRC stands for: a former repair, or an announced stream that never came."""
        for ssrc, stream in list(self._streams.items()):
            if stream[:3] == (producer, rid, repair) and stream.track is None:
                del self._streams[ssrc]
                if repair:
                    self._retired.append(ssrc)

    def receive_rtcp(self, packets: Sequence[rtcp.Packet], now: float, unix: float) -> None:
        """Take the publisher's reports. `unix` is the relay's wall clock, seconds."""
        for packet in packets:
            if isinstance(packet, rtcp.SenderReport):
                stream = self._streams.get(packet.ssrc)
                track = stream.track if stream is not None else None
                if track is None:
                    continue
                at = self.clock.observe(packet.ntp, unix)
                track.clock_point = ClockPoint(at, packet.rtp_timestamp, track.codec.clock_rate)
                track.reception.last_sr = rtcp.compact_ntp(packet.ntp)
                track.reception.last_sr_at = now

    def feedback(self, now: float) -> list[bytes]:
        """Return the compound RTCP packets due to the publisher now."""
        out: list[bytes] = []
        for producer in self.producers:
            for track in producer.tracks if producer.codec.nack else ():
                missing = track.nacks.due(now)
                if missing:
                    track.nacks_sent += 1
                    track.nacked += len(missing)
                    self.counters["nacked"] += len(missing)
                    out.append(rtcp.pack_nack(self.ssrc, track.ssrc, missing))
            asked = producer.ask_for_key_frame(now) if producer.kind == "video" else None
            if asked is not None:
                self.counters["pli"] += 1
                out.append(rtcp.pack_pli(self.ssrc, asked.ssrc))
        if now >= self._feedback_due:
            self._feedback_due = now + FEEDBACK_INTERVAL
            out += self._arrivals.feedback(self.ssrc, self._any_ssrc())
        if now >= self._report_due:
            self._report_due = now + REPORT_INTERVAL
            reports = [
                report
                for track in self.tracks
                if (report := track.reception.report(track.ssrc, now)) is not None
            ]
            out.append(
                rtcp.pack_receiver_report(self.ssrc, reports) + rtcp.pack_sdes_cname(self.ssrc, "stage")
            )
        return out

    def want_key_frame(self, ssrc: int) -> None:
        """Note that somebody elsewhere waits for a key frame of one of our tracks."""
        for producer in self.producers:
            if producer.kind == "video" and any(track.ssrc == ssrc for track in producer.tracks):
                producer.keyframes.want(ssrc)

    def _any_ssrc(self) -> int:
        return next((track.ssrc for track in self.tracks), 0)

    def close(self) -> None:
        """Mark every line as gone."""
        for producer in self.producers:
            producer.closed = True


def _text(packet: RtpPacket, identifier: int | None) -> str | None:
    """Return the value of a header extension that is text; None where there is none."""
    value = packet.extensions.get(identifier) if identifier is not None else None
    return value.decode("ascii", "replace") if value is not None else None
