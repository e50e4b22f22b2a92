"""The text of an answer: what was agreed, as SDP (RFC 9429, section 5.3.1; RFC 9725, section 4.4).

Every accepted section repeats the transport (ICE-lite, one DTLS certificate, the announced addresses),
as real clients expect, and keeps the offer's payload types, extension ids and spellings. The law: as many
m-lines as the offer has, in its order. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from zlib import crc32

from stream.agreement import EXTENSION_URIS, AgreedCodec, AgreedMedia, DtlsRole, LocalTransport
from stream.wire.sdp import Media

STREAM_ID: Final = "stage"
"""The MediaStream of the main picture and the voice that goes with it, and the CNAME of every slot."""

_TOGETHER: Final = frozenset({"main", "audio", "audio0"})
"""Slots of that stream. Browsers keep one picture and one sound of a stream in step and ignore the rest,
whichever they come upon first: so the others are streams of their own (RFC 8830)."""

_UDP_HOST_PRIORITY: Final = 126 << 24 | 0xFF
"""Type preference of a host candidate, and component 1 (RFC 8445, section 5.1.2.1)."""

_TCP_HOST_PRIORITY: Final = 99 << 24 | 0xFF
"""The same of TCP: below any UDP candidate, relayed ones aside, for it is the last resort of a firewalled
peer. RFC 6544, section 4.2, asks no more than that UDP be preferred."""

_TCP_PASSIVE: Final = 4 << 13
"""Direction preference of a passive host candidate, in the upper bits of the local one (the same)."""

_FEEDBACK: Final = (
    ("nack", "nack"),
    ("pli", "nack pli"),
    ("fir", "ccm fir"),
    ("transport_cc", "transport-cc"),
    ("remb", "goog-remb"),
)


def write_answer(
    offered: Sequence[Media],
    agreed: Sequence[AgreedMedia | None],
    bundle: Sequence[str],
    local: LocalTransport,
    dtls_role: DtlsRole,
) -> str:
    """Write the answer to `offered`; a line with nothing `agreed` is rejected with port 0."""
    lines = [
        "v=0",
        # The session id need only differ between sessions (RFC 8866, section 5.2), as ufrags do.
        f"o=- {crc32(local.ufrag.encode())} 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=ice-lite",
    ]
    if bundle:
        lines.append(f"a=group:BUNDLE {' '.join(bundle)}")
    lines.append("a=msid-semantic:WMS *")
    for media, line in zip(offered, agreed, strict=True):
        lines += _rejected(media) if line is None else _accepted(media, line, local, dtls_role)
    return "\r\n".join(lines) + "\r\n"


def _rejected(media: Media) -> Iterator[str]:
    yield f"m={media.kind} 0 {media.protocol} {' '.join(media.formats)}"
    yield "c=IN IP4 0.0.0.0"
    if media.mid:
        yield f"a=mid:{media.mid}"
    yield "a=inactive"


def _accepted(media: Media, agreed: AgreedMedia, local: LocalTransport, role: DtlsRole) -> Iterator[str]:
    payload_types = [str(number) for number in _payload_types(agreed.codecs)]
    host, port = local.candidates[0] if local.candidates else ("0.0.0.0", 9)  # noqa: S104  RFC 9429, 5.2.1
    yield f"m={media.kind} {port} {media.protocol} {' '.join(payload_types)}"
    yield f"c=IN {'IP6' if ':' in host else 'IP4'} {host}"
    if agreed.mid:
        yield f"a=mid:{agreed.mid}"
    yield f"a=ice-ufrag:{local.ufrag}"
    yield f"a=ice-pwd:{local.pwd}"
    yield "a=ice-options:trickle"
    yield f"a=fingerprint:sha-256 {local.fingerprint}"
    yield f"a=setup:{'passive' if role == 'server' else 'active'}"
    yield f"a={agreed.direction}"
    yield "a=rtcp-mux"
    yield "a=rtcp-mux-only"  # RFC 9725, section 4.4.1
    if media.rtcp_rsize:
        yield "a=rtcp-rsize"
    if media.extmap_allow_mixed:
        yield "a=extmap-allow-mixed"
    for extension, number in agreed.extensions.items():
        yield f"a=extmap:{number} {EXTENSION_URIS[extension]}"
    for codec in agreed.codecs:
        yield from _codec(media, codec)
    for rid in agreed.rids:
        yield f"a=rid:{rid} recv"
    if agreed.rids:
        yield f"a=simulcast:recv {';'.join(agreed.rids)}"
    if agreed.slot is not None:
        yield from _source(agreed)
    yield from _candidates(local)


def write_restart(local: LocalTransport) -> str:
    """Write the answer to an ICE restart by PATCH: our new credentials, as a trickle-ice-sdpfrag.

    RFC 8840 (section 9) and RFC 9725 (section 4.3.3).
    """
    lines = ["a=ice-lite", f"a=ice-ufrag:{local.ufrag}", f"a=ice-pwd:{local.pwd}", *_candidates(local)]
    return "\r\n".join(lines) + "\r\n"


def _candidates(local: LocalTransport) -> Iterator[str]:
    for index, (address, number) in enumerate(local.candidates):
        priority = _UDP_HOST_PRIORITY | (0xFFFF - index) << 8
        yield f"a=candidate:{index + 1} 1 udp {priority} {address} {number} typ host"
    for index, (address, number) in enumerate(local.tcp_candidates):
        priority = _TCP_HOST_PRIORITY | (_TCP_PASSIVE | 0x1FFF - index) << 8
        foundation = len(local.candidates) + index + 1
        yield f"a=candidate:{foundation} 1 tcp {priority} {address} {number} typ host tcptype passive"
    yield "a=end-of-candidates"


def _payload_types(codecs: Sequence[AgreedCodec]) -> Iterator[int]:
    for codec in codecs:
        if codec.red_payload_type is not None:
            yield codec.red_payload_type  # first: browsers send what is preferred
        yield codec.payload_type
        if codec.rtx_payload_type is not None:
            yield codec.rtx_payload_type


def _codec(media: Media, codec: AgreedCodec) -> Iterator[str]:
    """Write a codec, its redundant form and its retransmissions, spelt as the offer spells them."""
    number, rtx, red = codec.payload_type, codec.rtx_payload_type, codec.red_payload_type
    offered = {one.payload_type: one for one in media.codecs}
    channels = f"/{offered[number].channels}" if offered[number].channels > 1 else ""
    yield f"a=rtpmap:{number} {offered[number].name}/{codec.clock_rate}{channels}"
    for name, text in _FEEDBACK:
        if getattr(codec, name):
            yield f"a=rtcp-fb:{number} {text}"
    if codec.fmtp:
        yield f"a=fmtp:{number} {codec.fmtp}"
    if red is not None:
        yield f"a=rtpmap:{red} {offered[red].name}/{codec.clock_rate}{channels}"
        yield f"a=fmtp:{red} {offered[red].fmtp}"
    if rtx is not None:
        yield f"a=rtpmap:{rtx} {offered[rtx].name}/{codec.clock_rate}"
        yield f"a=fmtp:{rtx} apt={number}"


def _source(agreed: AgreedMedia) -> Iterator[str]:
    """Announce a slot's sources: a viewer routes packets by SSRC until it has seen a MID."""
    yield f"a=msid:{STREAM_ID if agreed.slot in _TOGETHER else agreed.slot} {agreed.slot}"
    if agreed.rtx_ssrc is not None:
        yield f"a=ssrc-group:FID {agreed.ssrc} {agreed.rtx_ssrc}"
    yield f"a=ssrc:{agreed.ssrc} cname:{STREAM_ID}"
    if agreed.rtx_ssrc is not None:
        yield f"a=ssrc:{agreed.rtx_ssrc} cname:{STREAM_ID}"
