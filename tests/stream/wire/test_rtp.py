"""RTP against aiortc's own reader and writer, and against bytes that are no RTP."""

from __future__ import annotations

import contextlib

import pytest
from aiortc import rtp as oracle
from hypothesis import example, given
from hypothesis import strategies as st

from stream.wire import rtp
from stream.wire.rtp import RtpError, RtpPacket

one_byte = st.dictionaries(st.integers(1, 14), st.binary(min_size=1, max_size=16), max_size=6)
two_byte = st.dictionaries(st.integers(1, 255), st.binary(max_size=255), max_size=4)
extensions = one_byte | two_byte
payload_types = st.integers(0, 63) | st.integers(96, 127)
packets = st.builds(
    RtpPacket,
    payload_type=payload_types,
    sequence=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    marker=st.booleans(),
    payload=st.binary(max_size=200),
    extensions=extensions,
)


def unpacked(profile: int, value: bytes) -> dict[int, bytes]:
    return dict(oracle.unpack_header_extensions(profile, value))


@given(packets, st.integers(0, 255))
def test_what_is_packed_is_parsed(packet: RtpPacket, padding: int) -> None:
    assert rtp.parse(rtp.pack(packet, padding)) == packet


@given(packets, st.integers(0, 255))
def test_aiortc_reads_what_is_packed(packet: RtpPacket, padding: int) -> None:
    read = oracle.RtpPacket.parse(rtp.pack(packet, padding))

    assert read.payload == packet.payload
    assert read.padding_size == padding
    assert (read.payload_type, read.marker) == (packet.payload_type, int(packet.marker))
    assert (read.sequence_number, read.timestamp, read.ssrc) == (
        packet.sequence,
        packet.timestamp,
        packet.ssrc,
    )


@given(extensions.filter(bool))
def test_aiortc_reads_the_extensions_that_are_packed(values: dict[int, bytes]) -> None:
    block = rtp.pack_extensions(values)

    assert len(block) % 4 == 0
    assert unpacked(int.from_bytes(block[:2], "big"), block[4:]) == values


@given(
    packets,
    st.lists(st.integers(0, 0xFFFFFFFF), max_size=15),
    st.integers(0, 255),
    one_byte | st.dictionaries(st.integers(1, 255), st.binary(min_size=1, max_size=255), max_size=4),
)
def test_reads_what_aiortc_writes(
    packet: RtpPacket, csrc: list[int], padding: int, values: dict[int, bytes]
) -> None:
    profile, value = oracle.pack_header_extensions(list(values.items()))
    written = oracle.RtpPacket(
        packet.payload_type,
        int(packet.marker),
        packet.sequence,
        packet.timestamp,
        packet.ssrc,
        packet.payload,
    )
    written.csrc = csrc
    written.padding_size = padding
    data = written.serialize()
    if values:  # aiortc writes extensions by its own map of names only
        head = 12 + 4 * len(csrc)
        block = profile.to_bytes(2, "big") + (len(value) // 4).to_bytes(2, "big") + value
        data = bytes((data[0] | 0x10,)) + data[1:head] + block + data[head:]

    read = rtp.parse(data)

    assert read.extensions == values
    assert (read.payload, read.sequence, read.ssrc) == (packet.payload, packet.sequence, packet.ssrc)
    assert rtp.header_length(data) == len(data) - len(packet.payload) - padding


@given(st.binary(max_size=80))
@example(b"")
@example(b"\x90" + bytes(11))
@example(b"\x90" + bytes(13) + b"\xff\xff")
@example(b"\xb0" + bytes(11) + b"\xbe\xde\0\1\x1f\0\0\0" + b"\x09")
def test_whatever_comes_only_rtp_errors_do(data: bytes) -> None:
    with contextlib.suppress(RtpError):
        rtp.parse(data)
    with contextlib.suppress(RtpError):
        rtp.parse(b"\x80" + data)


@given(packets, st.integers(0, 255), st.data())
def test_a_damaged_packet_raises_nothing_else(packet: RtpPacket, padding: int, data: st.DataObject) -> None:
    whole = bytearray(rtp.pack(packet, padding))
    for place in data.draw(st.lists(st.integers(0, min(len(whole), 40) - 1), max_size=4)):
        whole[place] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with contextlib.suppress(RtpError):
        rtp.parse(cut)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "short"),
        (b"\x80" + bytes(10), "short"),
        (b"\x40" + bytes(11), "version"),
        (b"\x81" + bytes(11), "short_csrc"),
        (b"\x90" + bytes(11), "short_extension"),
        (b"\x90" + bytes(11) + b"\xbe\xde\0\2" + bytes(4), "short_extension"),
        (b"\x90" + bytes(11) + b"\xbe\xde\0\1\x1f\0\0\0", "extension_length"),
        (b"\x90" + bytes(11) + b"\x10\x00\0\1\x01\x04\0\0", "extension_length"),
        (b"\x90" + bytes(11) + b"\x10\x00\0\1\0\0\0\x01", "extension_length"),
        (b"\xa0" + bytes(11), "padding"),
        (b"\xa0" + bytes(11) + b"\0", "padding"),
        (b"\xa0" + bytes(11) + b"\1\3", "padding"),
    ],
)
def test_names_what_is_wrong(data: bytes, reason: str) -> None:
    with pytest.raises(RtpError) as caught:
        rtp.parse(data)
    assert caught.value.reason == reason


@pytest.mark.parametrize("reserved", [b"\xf0\x55", b"\x01\x55\x55"])
def test_nothing_is_read_behind_a_reserved_id(reserved: bytes) -> None:
    elements = b"\x10\x0a" + reserved + b"\x20\x0b"
    elements += bytes(-len(elements) % 4)
    data = b"\x90" + bytes(11) + b"\xbe\xde" + (len(elements) // 4).to_bytes(2, "big") + elements

    assert rtp.parse(data).extensions == {1: b"\x0a"}


def test_an_extension_of_another_profile_is_skipped() -> None:
    assert rtp.parse(b"\x90" + bytes(11) + b"\xab\xcd\0\1" + bytes(4) + b"x").payload == b"x"


def test_numbers_are_cut_to_their_fields() -> None:
    header = rtp.pack_header(payload_type=96, sequence=0x12345, timestamp=-1, ssrc=7)
    packet = rtp.parse(header)
    assert (packet.sequence, packet.timestamp) == (0x2345, 0xFFFFFFFF)
