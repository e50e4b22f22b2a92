"""RTCP there and back, against aiortc's parser where that one is right, and against malformed bytes."""

from __future__ import annotations

import struct

import aiortc.rtp as oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.wire import rtcp
from stream.wire.rtcp import (
    FullIntraRequest,
    Goodbye,
    Nack,
    Packet,
    PictureLossIndication,
    ReceiverReport,
    Remb,
    ReportBlock,
    RtcpError,
    SenderReport,
    SourceDescription,
)

u16 = st.integers(0, 0xFFFF)
u32 = st.integers(0, 0xFFFFFFFF)
u64 = st.integers(0, 0xFFFFFFFFFFFFFFFF)
blocks = st.builds(
    ReportBlock, u32, st.integers(0, 255), st.integers(-(2**23), 2**23 - 1), u32, u32, u32, u32
)
block_lists = st.lists(blocks, max_size=4).map(tuple)
names = st.text(max_size=60).filter(lambda name: len(name.encode()) <= 255 and "\0" not in name)


def only(data: bytes) -> Packet:
    (packet,) = rtcp.parse(data)
    return packet


def reason(data: bytes) -> str:
    with pytest.raises(RtcpError) as caught:
        rtcp.parse(data)
    return caught.value.reason


def raw(kind: int, count: int, body: bytes, first: int = 0x80) -> bytes:
    return struct.pack("!BBH", first | count, kind, len(body) // 4) + body


@given(u32, u64, u32, u32, u32, block_lists)
def test_sender_report(
    ssrc: int, ntp: int, timestamp: int, packets: int, octets: int, reports: tuple[ReportBlock, ...]
) -> None:
    data = rtcp.pack_sender_report(ssrc, ntp, timestamp, packets, octets, reports)
    assert only(data) == SenderReport(ssrc, ntp, timestamp, packets, octets, reports)
    (theirs,) = oracle.RtcpPacket.parse(data)
    assert isinstance(theirs, oracle.RtcpSrPacket)
    info = theirs.sender_info
    assert (theirs.ssrc, info.ntp_timestamp, info.rtp_timestamp) == (ssrc, ntp, timestamp)
    assert (info.packet_count, info.octet_count) == (packets, octets)
    assert [as_block(report) for report in theirs.reports] == list(reports)


@given(u32, block_lists)
def test_receiver_report(ssrc: int, reports: tuple[ReportBlock, ...]) -> None:
    data = rtcp.pack_receiver_report(ssrc, reports)
    assert only(data) == ReceiverReport(ssrc, reports)
    (theirs,) = oracle.RtcpPacket.parse(data)
    assert isinstance(theirs, oracle.RtcpRrPacket)
    assert theirs.ssrc == ssrc
    assert [as_block(report) for report in theirs.reports] == list(reports)


def as_block(info: oracle.RtcpReceiverInfo) -> ReportBlock:
    return ReportBlock(
        info.ssrc,
        info.fraction_lost,
        info.packets_lost,
        info.highest_sequence,
        info.jitter,
        info.lsr,
        info.dlsr,
    )


def test_more_reports_than_a_packet_holds_go_on_in_the_next() -> None:
    reports = [ReportBlock(ssrc, 0, 0, 0, 0, 0, 0) for ssrc in range(70)]
    packets = rtcp.parse(rtcp.pack_sender_report(1, 2, 3, 4, 5, reports))
    assert [type(packet) for packet in packets] == [SenderReport, ReceiverReport, ReceiverReport]
    found = [
        block
        for packet in packets
        if isinstance(packet, SenderReport | ReceiverReport)
        for block in packet.reports
    ]
    assert found == reports


@pytest.mark.parametrize(("lost", "said"), [(2**30, 2**23 - 1), (-(2**30), -(2**23))])
def test_a_total_loss_beyond_24_bits_stays_at_the_limit(lost: int, said: int) -> None:
    packet = only(rtcp.pack_receiver_report(1, [ReportBlock(2, 0, lost, 0, 0, 0, 0)]))
    assert isinstance(packet, ReceiverReport)
    assert packet.reports[0].lost == said


def test_counts_wrap() -> None:
    packet = only(rtcp.pack_sender_report(1, 2**64 + 2, 2**32 + 3, 2**32 + 4, 2**32 + 5))
    assert packet == SenderReport(1, 2, 3, 4, 5, ())


@given(u32, names)
def test_source_description(ssrc: int, name: str) -> None:
    data = rtcp.pack_sdes_cname(ssrc, name)
    assert len(data) % 4 == 0
    assert only(data) == SourceDescription(((ssrc, name),))
    (theirs,) = oracle.RtcpPacket.parse(data)
    assert isinstance(theirs, oracle.RtcpSdesPacket)
    (chunk,) = theirs.chunks
    assert chunk.ssrc == ssrc
    assert (1, name.encode()) in chunk.items


@given(u32, st.lists(st.tuples(st.integers(2, 8), st.binary(max_size=9))))
def test_a_name_among_other_items(ssrc: int, others: list[tuple[int, bytes]]) -> None:
    source = oracle.RtcpSourceInfo(ssrc=ssrc, items=[*others, (1, b"name"), *others])
    assert only(bytes(oracle.RtcpSdesPacket(chunks=[source]))) == SourceDescription(((ssrc, "name"),))


@given(st.lists(st.tuples(u32, names), max_size=6).map(tuple))
def test_several_sources_in_one_description(sources: tuple[tuple[int, str], ...]) -> None:
    """Each chunk ends on a whole word (RFC 3550, section 6.5), where aiortc aligns only the last."""
    chunks = b"".join(rtcp.pack_sdes_cname(ssrc, name)[4:] for ssrc, name in sources)
    assert only(raw(202, len(sources), chunks)) == SourceDescription(sources)


def test_a_source_without_a_name_has_an_empty_one() -> None:
    assert only(raw(202, 1, struct.pack("!I", 7) + bytes(4))) == SourceDescription(((7, ""),))


@given(st.lists(u32, max_size=31))
def test_goodbye(ssrcs: list[int]) -> None:
    data = rtcp.pack_bye(ssrcs)
    assert only(data) == Goodbye(tuple(ssrcs))
    (theirs,) = oracle.RtcpPacket.parse(data)
    assert isinstance(theirs, oracle.RtcpByePacket)
    assert theirs.sources == ssrcs


def test_a_goodbye_may_give_a_reason() -> None:
    assert only(raw(203, 1, struct.pack("!I", 9) + b"\x03bye")) == Goodbye((9,))


@given(u32, u32, st.integers(0, 0xFFFF), st.sets(st.integers(0, 300), max_size=60))
def test_nack(sender: int, media: int, first: int, offsets: set[int]) -> None:
    """Ascending numbers come back as they were, over the wrap too; aiortc reads the same, unwrapped."""
    sequences = tuple((first + offset) & 0xFFFF for offset in sorted(offsets))
    data = rtcp.pack_nack(sender, media, sequences)
    assert only(data) == Nack(sender, media, sequences)
    (theirs,) = oracle.RtcpPacket.parse(data)
    assert isinstance(theirs, oracle.RtcpRtpfbPacket)
    assert (theirs.fmt, theirs.ssrc, theirs.media_ssrc) == (1, sender, media)
    assert tuple(number & 0xFFFF for number in theirs.lost) == sequences


@given(st.lists(u16, max_size=40))
def test_nack_in_any_order_asks_for_the_same(sequences: list[int]) -> None:
    packet = only(rtcp.pack_nack(1, 2, sequences))
    assert isinstance(packet, Nack)
    assert set(packet.sequences) == set(sequences)


def test_nack_pairs_are_dense() -> None:
    """65530 and the 16 after it share one word: 12 bytes of head, 4 of numbers."""
    assert len(rtcp.pack_nack(1, 2, [(65530 + step) & 0xFFFF for step in range(17)])) == 16


@given(u32, u32)
def test_picture_loss(sender: int, media: int) -> None:
    data = rtcp.pack_pli(sender, media)
    assert only(data) == PictureLossIndication(sender, media)
    (theirs,) = oracle.RtcpPacket.parse(data)
    assert isinstance(theirs, oracle.RtcpPsfbPacket)
    assert (theirs.fmt, theirs.ssrc, theirs.media_ssrc) == (1, sender, media)


@given(u32, st.lists(st.tuples(u32, st.integers(0, 255)), max_size=5))
def test_full_intra_request(sender: int, targets: list[tuple[int, int]]) -> None:
    assert only(rtcp.pack_fir(sender, targets)) == FullIntraRequest(sender, 0, tuple(targets))


@given(u32, st.integers(0, 2**50), st.lists(u32, max_size=5))
def test_estimated_bitrate(sender: int, bitrate: int, ssrcs: list[int]) -> None:
    packet = only(rtcp.pack_remb(sender, bitrate, ssrcs))
    assert isinstance(packet, Remb)
    assert (packet.sender_ssrc, packet.ssrcs) == (sender, tuple(ssrcs))
    assert bitrate * (1 - 2**-17) <= packet.bitrate <= bitrate
    (theirs,) = oracle.RtcpPacket.parse(rtcp.pack_remb(sender, bitrate, ssrcs))
    assert isinstance(theirs, oracle.RtcpPsfbPacket)
    assert oracle.unpack_remb_fci(theirs.fci) == (packet.bitrate, ssrcs)


def test_compound_keeps_the_order_and_skips_the_unknown() -> None:
    """A Chromium report: RR, extended report (RFC 3611), SDES; then feedback of a format not known."""
    data = (
        rtcp.pack_receiver_report(1)
        + raw(207, 0, struct.pack("!IBBHQ", 1, 4, 0, 2, 12))
        + raw(205, 9, bytes(12))
        + raw(206, 15, bytes(8) + b"ABCD")
        + rtcp.pack_sdes_cname(1, "a")
    )
    assert rtcp.parse(data) == [ReceiverReport(1, ()), SourceDescription(((1, "a"),))]


def test_padding_is_taken_off() -> None:
    body = struct.pack("!III", 7, 8, 0x000A_0000) + b"\0\0\0\x04"
    assert only(raw(205, 1, body, first=0xA0)) == Nack(7, 8, (10,))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "empty"),
        (b"\x80\xc9\x00", "truncated_header"),
        (rtcp.pack_pli(1, 2) + b"\x80", "truncated_header"),
        (raw(201, 0, bytes(4), first=0x40), "bad_version"),
        (rtcp.pack_pli(1, 2)[:-1], "truncated_packet"),
        (raw(222, 0, bytes(400))[:100], "truncated_packet"),
        (raw(201, 0, bytes(3) + b"\x09", first=0xA0), "bad_padding"),
        (raw(201, 0, bytes(4), first=0xA0), "bad_padding"),
        (raw(201, 0, b""), "truncated_body"),
        (raw(201, 1, bytes(20)), "truncated_body"),
        (raw(200, 0, bytes(20)), "truncated_body"),
        (raw(202, 1, bytes(4)), "truncated_body"),
        (raw(202, 1, bytes(4) + b"\x01\xff" + bytes(6)), "truncated_body"),
        (raw(203, 2, bytes(4)), "truncated_body"),
        (raw(205, 1, bytes(4)), "truncated_body"),
        (raw(205, 1, bytes(11) + b"\x02", first=0xA0), "bad_nack"),
        (raw(206, 4, bytes(12)), "bad_fir"),
        (raw(206, 15, bytes(8) + b"REMB" + b"\x02\0\0\0" + bytes(4)), "truncated_body"),
        (raw(205, 15, bytes(12)), "bad_transport_feedback"),
    ],
)
def test_malformed_packets_are_named(data: bytes, expected: str) -> None:
    assert reason(data) == expected


@given(st.binary(max_size=200))
def test_strangers_get_an_rtcp_error_or_packets(data: bytes) -> None:
    try:
        rtcp.parse(data)
    except RtcpError as refused:
        assert refused.reason


@given(st.integers(0, 127), st.booleans())
def test_told_from_rtp_by_the_second_byte(payload_type: int, marker: bool) -> None:
    """RFC 5761, section 4: payload types 64 to 95 with the marker bit look like RTCP."""
    data = bytes((0x80, marker << 7 | payload_type)) + bytes(10)
    assert rtcp.is_rtcp(data) is (marker and 64 <= payload_type <= 95)


def test_too_short_is_not_rtcp() -> None:
    assert not rtcp.is_rtcp(b"\x80\xc9\x00")


def test_ntp() -> None:
    """1970 is 2,208,988,800 s after 1900; half a second is half of 2**32."""
    assert rtcp.ntp_from_unix(0.5) == 2_208_988_800 << 32 | 1 << 31
    assert rtcp.compact_ntp(0x0123_4567_89AB_CDEF) == 0x4567_89AB


@given(st.floats(0, 2_085_978_495))  # the era ends in February 2036
def test_ntp_is_good_to_a_microsecond(seconds: float) -> None:
    assert rtcp.ntp_from_unix(seconds) / 2**32 - 2_208_988_800 == pytest.approx(seconds, abs=1e-6)
