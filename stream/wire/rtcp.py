"""RTCP packets as values: what they are, from bytes and back.

Reports, source descriptions and goodbyes (RFC 3550, section 6), feedback (RFC 4585, section 6; RFC 5104,
section 4.3.1), receiver-estimated bitrate (draft-alvestrand-rmcat-remb-03) and transport-wide feedback
(`stream.wire.transport_cc`). Compound and reduced-size (RFC 5506) alike. The law: `parse` gives the
packets it knows, skips the ones it does not, and raises RtcpError, nothing else, for malformed bytes.
It must not know SRTCP, clocks, or whose SSRC is whose.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

from stream.wire import transport_cc

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
SOURCE_DESCRIPTION: Final = 202
GOODBYE: Final = 203
TRANSPORT_LAYER_FEEDBACK: Final = 205
PAYLOAD_SPECIFIC_FEEDBACK: Final = 206

_FORMAT_NACK: Final = 1
_FORMAT_TRANSPORT_CC: Final = 15
_FORMAT_PLI: Final = 1
_FORMAT_FIR: Final = 4
_FORMAT_APPLICATION: Final = 15

_SDES_CNAME: Final = 1
_MAX_COUNT: Final = 31
"""Reports or sources in one packet: the count field has five bits."""

_REMB_MAGIC: Final = b"REMB"
_NTP_UNIX_OFFSET: Final = 2_208_988_800
"""Seconds from 1900, where NTP begins, to 1970."""

_U32: Final = 0xFFFFFFFF
_U64: Final = 0xFFFFFFFFFFFFFFFF

_header = struct.Struct("!BBH")
_u32 = struct.Struct("!I")
_two = struct.Struct("!II")
_sender_info = struct.Struct("!IQIII")
_report = struct.Struct("!IIIIII")
_nack = struct.Struct("!HH")
_fir = struct.Struct("!IBxxx")


class RtcpError(ValueError):
    """A datagram that is not well-formed RTCP. `reason` is a short name to count by."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ReportBlock(NamedTuple):
    """How one source is received (RFC 3550, section 6.4.1).

    `fraction_lost` is in 1/256 since the last report, `lost` a signed total, `highest_sequence` extended
    by its cycles, `jitter` in timestamp units, `last_sr` a compact NTP time, `delay_since_last_sr` in
    1/65536 s.
    """

    ssrc: int
    fraction_lost: int
    lost: int
    highest_sequence: int
    jitter: int
    last_sr: int
    delay_since_last_sr: int


class SenderReport(NamedTuple):
    """What a source has sent, and one instant on two clocks (RFC 3550, section 6.4.1). `ntp` has 64 bits."""

    ssrc: int
    ntp: int
    rtp_timestamp: int
    packets: int
    octets: int
    reports: tuple[ReportBlock, ...]


class ReceiverReport(NamedTuple):
    """What a receiver has got (RFC 3550, section 6.4.2)."""

    ssrc: int
    reports: tuple[ReportBlock, ...]


class SourceDescription(NamedTuple):
    """Pairs of SSRC and canonical name, "" where none is said (RFC 3550, section 6.5)."""

    chunks: tuple[tuple[int, str], ...]


class Goodbye(NamedTuple):
    """Sources that leave (RFC 3550, section 6.6)."""

    ssrcs: tuple[int, ...]


class Nack(NamedTuple):
    """Sequence numbers asked for again (RFC 4585, section 6.2.1)."""

    sender_ssrc: int
    media_ssrc: int
    sequences: tuple[int, ...]


class PictureLossIndication(NamedTuple):
    """A key frame is wanted (RFC 4585, section 6.3.1)."""

    sender_ssrc: int
    media_ssrc: int


class FullIntraRequest(NamedTuple):
    """Keyframes wanted: pairs of SSRC and command number, repeats of which count once (RFC 5104, 4.3.1)."""

    sender_ssrc: int
    media_ssrc: int
    targets: tuple[tuple[int, int], ...]


class Remb(NamedTuple):
    """The receiver's estimate of what may be sent, bit/s (draft-alvestrand-rmcat-remb-03, section 2.2)."""

    sender_ssrc: int
    bitrate: int
    ssrcs: tuple[int, ...]


class TransportFeedback(NamedTuple):
    """When packets of a whole transport arrived: the values of `transport_cc.unpack`."""

    sender_ssrc: int
    media_ssrc: int
    base_sequence: int
    reference_time: int
    feedback_count: int
    arrivals: tuple[tuple[int, int], ...]


Packet: TypeAlias = (
    SenderReport
    | ReceiverReport
    | SourceDescription
    | Goodbye
    | Nack
    | PictureLossIndication
    | FullIntraRequest
    | Remb
    | TransportFeedback
)


def is_rtcp(data: bytes) -> bool:
    """Say whether a datagram in the RTP range is RTCP: packet types 192 to 223 (RFC 5761, section 4)."""
    return len(data) >= 4 and 192 <= data[1] <= 223


def parse(data: bytes) -> list[Packet]:
    """Read a compound or reduced-size packet, skipping types and formats not known here.

    Raises RtcpError if any part, known or not, does not fit its own length field.
    """
    if not data:
        raise RtcpError("empty")
    packets: list[Packet] = []
    offset, size = 0, len(data)
    while offset < size:
        if size - offset < 4:
            raise RtcpError("truncated_header")
        first, kind, words = _header.unpack_from(data, offset)
        if first >> 6 != 2:
            raise RtcpError("bad_version")
        start, offset = offset + 4, offset + 4 * (words + 1)
        if offset > size:
            raise RtcpError("truncated_packet")
        end = offset
        if first & 0x20:
            padding = data[end - 1]
            if not 0 < padding <= end - start:
                raise RtcpError("bad_padding")
            end -= padding
        read = _READERS.get(kind)
        if read is None:
            continue
        try:
            packet = read(first & 0x1F, data[start:end])
        except (struct.error, IndexError):
            raise RtcpError("truncated_body") from None
        if packet is not None:
            packets.append(packet)
    return packets


def _read_reports(count: int, body: bytes, offset: int) -> tuple[ReportBlock, ...]:
    reports: list[ReportBlock] = []
    for _ in range(count):
        ssrc, loss, highest, jitter, last_sr, delay = _report.unpack_from(body, offset)
        offset += _report.size
        lost = loss & 0xFFFFFF
        if lost & 0x800000:
            lost -= 1 << 24
        reports.append(ReportBlock(ssrc, loss >> 24, lost, highest, jitter, last_sr, delay))
    return tuple(reports)


def _read_sender_report(count: int, body: bytes) -> SenderReport:
    ssrc, ntp, rtp_timestamp, packets, octets = _sender_info.unpack_from(body)
    return SenderReport(ssrc, ntp, rtp_timestamp, packets, octets, _read_reports(count, body, 24))


def _read_receiver_report(count: int, body: bytes) -> ReceiverReport:
    return ReceiverReport(_u32.unpack_from(body)[0], _read_reports(count, body, 4))


def _read_source_description(count: int, body: bytes) -> SourceDescription:
    chunks: list[tuple[int, str]] = []
    offset = 0
    for _ in range(count):
        ssrc = _u32.unpack_from(body, offset)[0]
        offset += 4
        name = ""
        while body[offset]:
            kind, value = body[offset], offset + 2
            offset = value + body[offset + 1]
            if offset > len(body):
                raise RtcpError("truncated_body")
            if kind == _SDES_CNAME:
                name = body[value:offset].decode("utf-8", "replace")
        offset = (offset + 4) & ~3  # the items end with one to four zero bytes, on a whole word
        chunks.append((ssrc, name))
    return SourceDescription(tuple(chunks))


def _read_goodbye(count: int, body: bytes) -> Goodbye:
    return Goodbye(tuple(_u32.unpack_from(body, 4 * index)[0] for index in range(count)))


def _read_transport_layer_feedback(form: int, body: bytes) -> Nack | TransportFeedback | None:
    sender_ssrc, media_ssrc = _two.unpack_from(body)
    if form == _FORMAT_NACK:
        if len(body) % 4:
            raise RtcpError("bad_nack")
        sequences: list[int] = []
        for first, following in _nack.iter_unpack(body[8:]):
            sequences.append(first)
            for step in range(1, 17):
                if not following:
                    break
                if following & 1:
                    sequences.append((first + step) & 0xFFFF)
                following >>= 1
        return Nack(sender_ssrc, media_ssrc, tuple(sequences))
    if form == _FORMAT_TRANSPORT_CC:
        try:
            return TransportFeedback(sender_ssrc, media_ssrc, *transport_cc.unpack(body[8:]))
        except ValueError:
            raise RtcpError("bad_transport_feedback") from None
    return None


def _read_payload_specific_feedback(
    form: int, body: bytes
) -> PictureLossIndication | FullIntraRequest | Remb | None:
    sender_ssrc, media_ssrc = _two.unpack_from(body)
    if form == _FORMAT_PLI:
        return PictureLossIndication(sender_ssrc, media_ssrc)
    if form == _FORMAT_FIR:
        if len(body) % 8:
            raise RtcpError("bad_fir")
        return FullIntraRequest(sender_ssrc, media_ssrc, tuple(_fir.iter_unpack(body[8:])))
    if form == _FORMAT_APPLICATION and body[8:12] == _REMB_MAGIC:
        word = _u32.unpack_from(body, 12)[0]
        bitrate = (word & 0x3FFFF) << (word >> 18 & 0x3F)
        ssrcs = tuple(_u32.unpack_from(body, 16 + 4 * index)[0] for index in range(word >> 24))
        return Remb(sender_ssrc, bitrate, ssrcs)
    return None


_READERS: Final[dict[int, Callable[[int, bytes], Packet | None]]] = {
    SENDER_REPORT: _read_sender_report,
    RECEIVER_REPORT: _read_receiver_report,
    SOURCE_DESCRIPTION: _read_source_description,
    GOODBYE: _read_goodbye,
    TRANSPORT_LAYER_FEEDBACK: _read_transport_layer_feedback,
    PAYLOAD_SPECIFIC_FEEDBACK: _read_payload_specific_feedback,
}


def pack_sender_report(
    ssrc: int, ntp: int, rtp_timestamp: int, packets: int, octets: int, reports: Sequence[ReportBlock] = ()
) -> bytes:
    """Write a sender report (RFC 3550, section 6.4.1).

    Counts wrap; more than 31 reports go on in receiver reports behind it.
    """
    info = _sender_info.pack(ssrc, ntp & _U64, rtp_timestamp & _U32, packets & _U32, octets & _U32)
    if not reports:
        return _packed(SENDER_REPORT, 0, info)
    here, rest = reports[:_MAX_COUNT], reports[_MAX_COUNT:]
    packet = _packed(SENDER_REPORT, len(here), info + _packed_reports(here))
    return packet + pack_receiver_report(ssrc, rest) if rest else packet


def pack_receiver_report(ssrc: int, reports: Sequence[ReportBlock] = ()) -> bytes:
    """Write a receiver report, or several if there are more than 31 reports (RFC 3550, section 6.4.2)."""
    here, rest = reports[:_MAX_COUNT], reports[_MAX_COUNT:]
    packet = _packed(RECEIVER_REPORT, len(here), _u32.pack(ssrc) + _packed_reports(here))
    return packet + pack_receiver_report(ssrc, rest) if rest else packet


def pack_sdes_cname(ssrc: int, cname: str) -> bytes:
    """Write a source description with a canonical name of at most 255 bytes (RFC 3550, section 6.5.1)."""
    name = cname.encode()
    chunk = _u32.pack(ssrc) + bytes((_SDES_CNAME, len(name))) + name
    return _packed(SOURCE_DESCRIPTION, 1, chunk + bytes(4 - len(chunk) % 4))


def pack_bye(ssrcs: Sequence[int]) -> bytes:
    """Write a goodbye of at most 31 sources (RFC 3550, section 6.6)."""
    return _packed(GOODBYE, len(ssrcs), b"".join(map(_u32.pack, ssrcs)))


def pack_nack(sender_ssrc: int, media_ssrc: int, sequences: Iterable[int]) -> bytes:
    """Ask for sequence numbers again, oldest first; up to 17 share a word (RFC 4585, section 6.2.1)."""
    body = bytearray(_two.pack(sender_ssrc, media_ssrc))
    first: int | None = None
    following = 0
    for sequence in sequences:
        step = 0 if first is None else (sequence - first) & 0xFFFF
        if first is not None and step <= 16:
            following |= 1 << step >> 1
            continue
        if first is not None:
            body += _nack.pack(first, following)
        first, following = sequence & 0xFFFF, 0
    if first is not None:
        body += _nack.pack(first, following)
    return _packed(TRANSPORT_LAYER_FEEDBACK, _FORMAT_NACK, body)


def pack_pli(sender_ssrc: int, media_ssrc: int) -> bytes:
    """Ask for a key frame (RFC 4585, section 6.3.1)."""
    return _packed(PAYLOAD_SPECIFIC_FEEDBACK, _FORMAT_PLI, _two.pack(sender_ssrc, media_ssrc))


def pack_fir(sender_ssrc: int, targets: Iterable[tuple[int, int]]) -> bytes:
    """Demand keyframes of `(ssrc, command number)`; a new demand needs the next number (RFC 5104, 4.3.1)."""
    body = _two.pack(sender_ssrc, 0) + b"".join(_fir.pack(ssrc, number & 0xFF) for ssrc, number in targets)
    return _packed(PAYLOAD_SPECIFIC_FEEDBACK, _FORMAT_FIR, body)


def pack_remb(sender_ssrc: int, bitrate: int, ssrcs: Sequence[int]) -> bytes:
    """Write an estimate in bit/s, rounded down to 18 significant bits (draft-alvestrand-rmcat-remb-03)."""
    exponent = max(0, bitrate.bit_length() - 18)
    word = len(ssrcs) << 24 | exponent << 18 | bitrate >> exponent
    body = _two.pack(sender_ssrc, 0) + _REMB_MAGIC + _u32.pack(word) + b"".join(map(_u32.pack, ssrcs))
    return _packed(PAYLOAD_SPECIFIC_FEEDBACK, _FORMAT_APPLICATION, body)


def pack_transport_feedback(
    sender_ssrc: int, media_ssrc: int, feedback_count: int, arrivals: Sequence[tuple[int, int]]
) -> list[bytes]:
    """Write feedback packets, each below 1,200 B, for `transport_cc.pack`'s arrivals; normally one.

    The feedback count of the next call is this one's plus the number of packets returned.
    """
    head = _two.pack(sender_ssrc, media_ssrc)
    return [
        _packed(TRANSPORT_LAYER_FEEDBACK, _FORMAT_TRANSPORT_CC, head + body)
        for body in transport_cc.pack(feedback_count, arrivals)
    ]


def ntp_from_unix(seconds: float) -> int:
    """Convert Unix time to a 64-bit NTP timestamp, 32 bits of seconds and 32 of fraction (RFC 3550, 4)."""
    return int((seconds + _NTP_UNIX_OFFSET) * 2**32) & _U64


def compact_ntp(ntp: int) -> int:
    """Take the middle 32 bits of an NTP timestamp, as `last_sr` carries it (RFC 3550, section 4)."""
    return ntp >> 16 & _U32


def _packed_reports(reports: Iterable[ReportBlock]) -> bytes:
    """Write report blocks; a total loss beyond 24 bits stays at the limit (RFC 3550, section 6.4.1)."""
    packed = bytearray()
    for ssrc, fraction, lost, highest, jitter, last_sr, delay in reports:
        lost = max(-0x800000, min(lost, 0x7FFFFF)) & 0xFFFFFF
        packed += _report.pack(ssrc, fraction << 24 | lost, highest & _U32, jitter, last_sr, delay & _U32)
    return bytes(packed)


def _packed(kind: int, count: int, body: bytes | bytearray) -> bytes:
    return _header.pack(0x80 | count, kind, len(body) // 4) + body
