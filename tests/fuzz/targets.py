"""The parsers under fuzz: what each is fed, and the one error it may answer with.

A parser that reads what strangers send belongs in TARGETS; the runner and the test find it there.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

from aioice import stun as aioice_stun

from signaling import frames
from signaling.errors import ClientFault
from stream.errors import OfferRefused
from stream.negotiation import negotiate_publish, negotiate_view
from stream.transport.srtp import GCM_TAG, Srtp, SrtpError, SrtpKeys, open_srtp
from stream.wire import framing, h264, red, rtcp, rtp, sdp, stun, vp8
from tests.fuzz.dtls import DatagramRefusedError, DtlsDoor, client_hello
from tests.fuzz.inlet import InletDoor
from tests.stream.offers import LOCAL, Slots

OFFERS = tuple(
    path.read_bytes() for path in sorted((Path(__file__).parents[1] / "data" / "sdp").glob("*.offer"))
)


@dataclass(frozen=True, slots=True)
class Target:
    """One parser: the sound inputs to mutate, and the declared error.

    `mend` makes an input's lengths and checksums right again, so that a mutation gets past the door.
    """

    name: str
    parse: Callable[[bytes], object]
    refuses: type[Exception]
    corpus: tuple[bytes, ...]
    mend: Callable[[bytes], bytes] = bytes
    ways: int = 4
    """How many different refusals a few seconds must meet, or the damage is too fine."""


def _stun_corpus() -> tuple[bytes, ...]:
    corpus: list[bytes] = []
    for attributes in (
        {"USERNAME": "ours:them", "PRIORITY": 1845494271, "ICE-CONTROLLING": 77, "USE-CANDIDATE": None},
        {"USERNAME": "ours:them", "PRIORITY": 1, "ICE-CONTROLLED": 2**63, "SOFTWARE": "x" * 40},
    ):
        message = aioice_stun.Message(
            aioice_stun.Method.BINDING, aioice_stun.Class.REQUEST, bytes(12), attributes
        )
        corpus.append(bytes(message))
        message.add_message_integrity(b"password")
        corpus.append(bytes(message))
    return tuple(corpus)


def _parse_stun(data: bytes) -> object:
    stun.is_stun(data)
    return stun.verify(stun.parse_request(data), data, b"password")


def _mend_stun(data: bytes) -> bytes:
    """Set the length, and the FINGERPRINT if one is at the end (RFC 8489, sections 5 and 14.7)."""
    data = data[: len(data) & ~3]
    if len(data) < 20:
        return data
    data = data[:2] + struct.pack("!HI", (len(data) - 20) & 0xFFFF, stun.MAGIC_COOKIE) + data[8:]
    if data[-8:-4] == b"\x80\x28\x00\x04":
        data = data[:-4] + struct.pack("!I", crc32(data[:-8]) ^ 0x5354554E)
    return data


def _rtcp_corpus() -> tuple[bytes, ...]:
    block = rtcp.ReportBlock(7, 3, -2, 70_000, 9, 10, 11)
    arrivals = [(index * (1 + index % 3), 1_000 * index - 300 * (index % 5)) for index in range(90)]
    single = [
        rtcp.pack_sender_report(1, 2**63, 3, 4, 5, [block]),
        rtcp.pack_receiver_report(1, [block] * 3),
        rtcp.pack_sdes_cname(1, "stage"),
        rtcp.pack_bye([1, 2]),
        rtcp.pack_nack(1, 2, [65534, 65535, 0, 4, 100]),
        rtcp.pack_pli(1, 2),
        rtcp.pack_fir(1, [(2, 3)]),
        rtcp.pack_remb(1, 2_500_000, [2, 3]),
        *rtcp.pack_transport_feedback(1, 2, 3, arrivals),
    ]
    return (*single, b"".join(single))


def _parse_rtcp(data: bytes) -> object:
    rtcp.is_rtcp(data)
    return rtcp.parse(data)


def _mend_rtcp(data: bytes) -> bytes:
    """Make it one packet of version 2 (RFC 3550, section 6.4.1)."""
    data = data[: len(data) & ~3]
    if len(data) < 4:
        return data
    return bytes((data[0] & 0x3F | 0x80, data[1])) + struct.pack("!H", len(data) // 4 - 1) + data[4:]


def _rtp_corpus() -> tuple[bytes, ...]:
    elements = {1: b"0", 3: b"\x12\x34\x56", 4: b"\0\x07"}
    vp8_key = b"\x90\xe0\x81\x02\x03\x20\x50\x01\x00\x9d\x01\x2a" + bytes(40)
    stap_a = b"\x78\x00\x04\x67\x42\xe0\x1f\x00\x02\x68\xce"
    packet = rtp.RtpPacket(96, 65_535, 2**32 - 1, 7, marker=True, payload=vp8_key, extensions=elements)
    return (
        rtp.pack(packet),
        rtp.pack(packet, padding=200),
        rtp.pack(replace(packet, extensions={1: bytes(40), 200: b""}, payload=stap_a)),
        rtp.pack(replace(packet, extensions={}, payload=b"\x7c\x85" + bytes(30))),
        rtp.pack(replace(packet, extensions={}, payload=b"\xef\0\x3c\x04\xef\0\x1e\x05\x6f" + bytes(40))),
    )


def _parse_rtp(data: bytes) -> object:
    """Read a packet, and its payload as each codec does, and write it again."""
    packet = rtp.parse(data)
    vp8.shift(packet.payload, 3, 1)
    vp8.starts_key_frame(packet.payload)
    h264.starts_key_frame(packet.payload)
    redundant = red.parse(packet.payload, 111)
    if redundant is not None:
        assert red.parse(red.retyped(packet.payload, redundant, 63), 63) == redundant
        assert packet.payload[redundant.primary_at :], "there is a primary"
    return rtp.pack(packet)


_KEY, _SALT = bytes(range(16)), bytes(range(12))


def _srtp() -> Srtp:
    """Return a context that has seen nothing yet, so that no input is a replay of another."""
    return open_srtp(SrtpKeys("AEAD_AES_128_GCM", _KEY, _SALT, _KEY, _SALT))


def _protect(data: bytes) -> bytes:
    """Protect what is well-formed enough for it."""
    if len(data) < 12:
        return data
    if rtcp.is_rtcp(data):
        return _srtp().protect_rtcp(data)
    try:
        length = rtp.header_length(data)
    except rtp.RtpError:
        return data
    ssrc, sequence = int.from_bytes(data[8:12], "big"), int.from_bytes(data[2:4], "big")
    return _srtp().protect(data[:length], data[length:], ssrc, sequence)


def _srtp_corpus() -> tuple[bytes, ...]:
    return tuple(_protect(data) for data in (*_rtp_corpus(), *_rtcp_corpus()))


def _mend_srtp(data: bytes) -> bytes:
    """Give a datagram a tag that fits, as a peer that holds the keys could: encrypting twice decrypts."""
    tail = GCM_TAG + 4 if rtcp.is_rtcp(data) else GCM_TAG
    return _protect(_protect(data[:-tail])[:-tail])


def _parse_srtp(data: bytes) -> object:
    """Open and read a datagram of the RTP range as a connected transport does (RFC 7983)."""
    try:
        if rtcp.is_rtcp(data):
            return rtcp.parse(_srtp().unprotect_rtcp(data))
        length = rtp.header_length(data)
        packet = rtp.parse_header(data, length)
        packet.payload = rtp.strip_padding(data[0], _srtp().unprotect(data, length))
    except (rtcp.RtcpError, SrtpError) as error:
        raise rtp.RtpError(error.reason) from None
    return packet


def _framing_corpus() -> tuple[bytes, ...]:
    whole = [framing.frame(data) for data in (*_stun_corpus(), *_rtp_corpus(), b"")]
    return (*whole, b"".join(whole))


def _parse_framing(data: bytes) -> object:
    """Read a stream as it might come, in two pieces: what is kept in between is bounded."""
    deframer, cut = framing.Deframer(), len(data) // 3
    found = deframer.feed(data[:cut]) + deframer.feed(data[cut:])
    assert deframer.waiting < framing.MAX_FRAME + 2
    assert sum(map(len, found)) + 2 * len(found) + deframer.waiting == len(data)
    return found


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _mend_text(data: bytes) -> bytes:
    """Keep what may stand in SDP without further ado: printable ASCII and line ends."""
    return data.translate(None, delete=bytes({*range(256)} - {*range(32, 127), 10, 13}))


def _negotiate(data: bytes) -> object:
    """Answer as a publisher's or a viewer's, and read the answer back: it must be SDP."""
    text = _text(data)
    if data.count(b"recvonly") > data.count(b"sendonly"):
        return sdp.parse(negotiate_view(text, LOCAL, Slots()).answer)
    return sdp.parse(negotiate_publish(text, LOCAL).answer)


FRAMES = (
    b'{"type":"hello","protocol":1,"token":"a.b.c","resume":{"epoch":1,"seq":2}}',
    b'{"type":"ping","sent":12.5}',
    b'{"type":"chat.post","id":"c-1","text":"Good morning \xe6\x97\xa9\xe4\xb8\x8a\xe5\xa5\xbd"}',
    b'{"type":"question.ask","id":"q-1","text":"Why \\ud83d\\ude00?"}',
    b'{"type":"question.show","id":"q:2","question":"7"}',
    b'{"type":"stage.bring_on","id":"s","participant":"ada"}',
)


def _parse_frame(data: bytes) -> object:
    """Read a WebSocket text frame; what is not UTF-8 does not come this far (RFC 6455, section 8.1)."""
    return frames.parse(data.decode("utf-8", "replace"))


_dtls = DtlsDoor()
_inlet = InletDoor(SrtpKeys("AEAD_AES_128_GCM", _KEY, _SALT, _KEY, _SALT))


def _dtls_corpus() -> tuple[bytes, ...]:
    hello = client_hello()
    return (hello, hello + hello, b"\x17\xfe\xfd\x00\x01" + bytes(6) + b"\x00\x10" + bytes(16))


def _mend_dtls(data: bytes) -> bytes:
    """Make it one handshake record of the length it has (RFC 6347, section 4.1)."""
    if not 25 <= len(data) <= 1500:
        return data
    return b"\x16\xfe\xff" + data[3:11] + (len(data) - 13).to_bytes(2, "big") + data[13:]


TARGETS = (
    Target("stun", _parse_stun, stun.StunError, _stun_corpus(), _mend_stun),
    Target("rtcp", _parse_rtcp, rtcp.RtcpError, _rtcp_corpus(), _mend_rtcp),
    Target("rtp", _parse_rtp, rtp.RtpError, _rtp_corpus()),
    Target("srtp", _parse_srtp, rtp.RtpError, _srtp_corpus(), _mend_srtp),
    Target("inlet", _inlet.receive, rtp.RtpError, _srtp_corpus(), _mend_srtp),
    Target("framing", _parse_framing, framing.FramingError, _framing_corpus(), ways=1),
    Target("sdp", lambda data: sdp.parse(_text(data)), sdp.SdpError, OFFERS, _mend_text),
    Target("offer", _negotiate, OfferRefused, OFFERS, _mend_text),
    Target("frame", _parse_frame, ClientFault, FRAMES, ways=2),
    Target("dtls", _dtls.receive, DatagramRefusedError, _dtls_corpus(), _mend_dtls, ways=2),
)
