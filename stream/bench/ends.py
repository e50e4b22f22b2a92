"""The two ends of a transport as SDP says them: what a light peer tells, and what it is told.

Writes the offers a browser would make of such a peer (WHIP and WHEP), and the answer to a server that
offers; reads the other side's description. The law: nothing is offered that the light peer does not do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from stream.agreement import EXTENSION_URIS, Extension
from stream.wire import sdp

VIDEO_TYPE: Final = 96
RTX_TYPE: Final = 97
AUDIO_TYPE: Final = 111

ABS_SEND_TIME_ID: Final = 3
TRANSPORT_CC_ID: Final = 4
MID_ID: Final = 5
AUDIO_LEVEL_ID: Final = 6

_VIDEO_FEEDBACK: Final = ("nack", "nack pli", "ccm fir", "transport-cc", "goog-remb")

_candidate = re.compile(r"^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host", re.MULTILINE | re.IGNORECASE)


class UnusableAnswer(Exception):  # noqa: N818
    """The other side's description lacks what a peer needs; the message is one sentence."""


@dataclass(frozen=True)
class LocalEnd:
    """What a light peer says of itself."""

    ufrag: str
    pwd: str
    fingerprint: str
    address: tuple[str, int]


@dataclass(frozen=True)
class RemoteEnd:
    """What the server says: where its port is, its credentials, and how packets will look."""

    ufrag: str
    pwd: str
    fingerprints: tuple[tuple[str, str], ...]
    address: tuple[str, int]
    dtls_role: Literal["server", "client"]
    """Ours."""
    video_type: int
    rtx_type: int
    """Payload type of retransmissions, or -1."""
    audio_type: int
    transport_cc: int
    """Id of the extension where the server wants feedback, else 0."""
    remb: bool
    resource: str = ""
    """What the server calls this transport."""


def read(description: str, ours: Literal["server", "client"] | None = None, resource: str = "") -> RemoteEnd:
    """Read the other side's description. `ours` is our DTLS role where we choose. Raises UnusableAnswer."""
    try:
        parsed = sdp.parse(description)
    except sdp.SdpError as error:
        raise UnusableAnswer(f"the server's description is not SDP ({error})") from None
    lines = {media.kind: media for media in parsed.media if media.port}
    hosts = _candidate.findall(description)
    if not hosts or "video" not in lines or "audio" not in lines:
        raise UnusableAnswer("the server's description lacks a picture, a sound or a candidate")
    host, port = next((one for one in hosts if ":" not in one[0]), hosts[0])
    tagged = parsed.media[0]
    video = {codec.name.lower(): codec for codec in reversed(lines["video"].codecs)}
    sound = {codec.name.lower(): codec for codec in lines["audio"].codecs}
    if "vp8" not in video or "opus" not in sound:
        raise UnusableAnswer("the server does not take VP8 and Opus")
    wanted = video["vp8"].feedback
    uri = EXTENSION_URIS[Extension.TRANSPORT_CC]
    number = next((number for number, one in lines["video"].extensions.items() if one == uri), 0)
    return RemoteEnd(
        ufrag=tagged.ice_ufrag,
        pwd=tagged.ice_pwd,
        fingerprints=tagged.fingerprints,
        address=(host, int(port)),
        dtls_role=ours or ("server" if tagged.setup == "active" else "client"),
        video_type=video["vp8"].payload_type,
        rtx_type=video["rtx"].payload_type if "rtx" in video else -1,
        audio_type=sound["opus"].payload_type,
        transport_cc=number if "transport-cc" in wanted else 0,
        remb="goog-remb" in wanted,
        resource=resource,
    )


def offer(end: LocalEnd, direction: Literal["sendonly", "recvonly"], ssrcs: Sequence[int] = ()) -> str:
    """Write an offer of one sound and one picture, in this order; a publisher's with two SSRCs."""
    audio = [
        f"m=audio 9 UDP/TLS/RTP/SAVPF {AUDIO_TYPE}",
        *_transport(end, "0", "actpass"),
        f"a={direction}",
        f"a=extmap:{AUDIO_LEVEL_ID} {EXTENSION_URIS[Extension.AUDIO_LEVEL]}",
        *_extensions(),
        f"a=rtpmap:{AUDIO_TYPE} opus/48000/2",
        f"a=rtcp-fb:{AUDIO_TYPE} transport-cc",
        f"a=fmtp:{AUDIO_TYPE} minptime=10;useinbandfec=1",
    ]
    with_rtx = direction == "recvonly"
    video = [
        f"m=video 9 UDP/TLS/RTP/SAVPF {VIDEO_TYPE}{f' {RTX_TYPE}' if with_rtx else ''}",
        *_transport(end, "1", "actpass"),
        f"a={direction}",
        *_extensions(),
        f"a=rtpmap:{VIDEO_TYPE} VP8/90000",
        *(f"a=rtcp-fb:{VIDEO_TYPE} {feedback}" for feedback in _VIDEO_FEEDBACK),
    ]
    if with_rtx:
        video += [f"a=rtpmap:{RTX_TYPE} rtx/90000", f"a=fmtp:{RTX_TYPE} apt={VIDEO_TYPE}"]
    for lines, ssrc in zip((audio, video), ssrcs, strict=False):
        lines.append(f"a=ssrc:{ssrc} cname:feed")
    return _text(["0", "1"], audio + video)


def answer(description: str, end: LocalEnd) -> str:
    """Answer a server that offers: take VP8, its retransmissions and Opus, receive only, DTLS client."""
    parsed = sdp.parse(description)
    lines: list[str] = []
    for media in parsed.media:
        wanted = ("vp8", "rtx") if media.kind == "video" else ("opus",)
        codecs = [codec for codec in media.codecs if codec.name.lower() in wanted]
        numbers = " ".join(str(codec.payload_type) for codec in codecs)
        lines += [f"m={media.kind} 9 {media.protocol} {numbers}", *_transport(end, media.mid, "active")]
        lines.append("a=recvonly")
        lines += [f"a=extmap:{number} {uri}" for number, uri in media.extensions.items()]
        for codec in codecs:
            channels = f"/{codec.channels}" if codec.channels > 1 else ""
            lines.append(f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock_rate}{channels}")
            lines += [f"a=rtcp-fb:{codec.payload_type} {feedback}" for feedback in sorted(codec.feedback)]
            if codec.fmtp:
                lines.append(f"a=fmtp:{codec.payload_type} {codec.fmtp}")
    return _text([media.mid for media in parsed.media], lines)


def _text(mids: Sequence[str], lines: Sequence[str]) -> str:
    head = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(mids)}"]
    return "\r\n".join([*head, "a=msid-semantic:WMS *", *lines]) + "\r\n"


def _transport(end: LocalEnd, mid: str, setup: str) -> list[str]:
    host, port = end.address
    return [
        "c=IN IP4 0.0.0.0",
        f"a=mid:{mid}",
        f"a=ice-ufrag:{end.ufrag}",
        f"a=ice-pwd:{end.pwd}",
        f"a=fingerprint:sha-256 {end.fingerprint}",
        f"a=setup:{setup}",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        f"a=candidate:1 1 udp 2130706431 {host} {port} typ host",
        "a=end-of-candidates",
    ]


def _extensions() -> list[str]:
    ids = {
        Extension.ABS_SEND_TIME: ABS_SEND_TIME_ID,
        Extension.TRANSPORT_CC: TRANSPORT_CC_ID,
        Extension.MID: MID_ID,
    }
    return [f"a=extmap:{number} {EXTENSION_URIS[extension]}" for extension, number in ids.items()]
