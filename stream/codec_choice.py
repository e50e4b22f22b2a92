"""Which of the codecs a line offers the relay takes, and what it answers about each.

Packets are forwarded, never transcoded, so a codec is taken only if every browser can play it: VP8, H264
baseline, Opus. Payload types and parameters stay the offer's own.
"""

from __future__ import annotations

from typing import Final

from stream.agreement import AgreedCodec, CodecName
from stream.wire.sdp import Codec, Media

VIDEO_CODECS: Final[tuple[CodecName, ...]] = ("VP8", "H264")
"""Best first: VP8 is what every viewer can play."""

AUDIO_CODECS: Final[tuple[CodecName, ...]] = ("opus",)

_RTCP_PAYLOAD_TYPES: Final = range(64, 96)
"""Taken for RTCP when muxed, so of no use to a codec (RFC 5761, section 4)."""

_BASELINE: Final = 0x42
"""profile_idc of H264 baseline, constrained or not (RFC 6184, section 8.1)."""

_CONSTRAINT_SET_1: Final = 0x40
"""Beside profile_idc 0x42: constrained baseline (RFC 6184, section 8.1)."""

_H264_SYMMETRIC: Final = frozenset({"level-asymmetry-allowed", "packetization-mode", "profile-level-id"})


def agree_codecs(media: Media, feedback: frozenset[str]) -> tuple[AgreedCodec, ...]:
    """Find the codecs we know among those offered, ours best first, each once.

    `feedback` is what we would speak about them: of it, what the offer has too is agreed.
    """
    agreed: list[AgreedCodec] = []
    for name in AUDIO_CODECS if media.kind == "audio" else VIDEO_CODECS:
        served = [codec for codec in media.codecs if _serves(codec, name)]
        if served:
            agreed.append(_agree_codec(media, name, min(served, key=_preference), feedback))
    return tuple(agreed)


def _serves(codec: Codec, name: CodecName) -> bool:
    if codec.name.lower() != name.lower() or codec.payload_type in _RTCP_PAYLOAD_TYPES:
        return False
    if name == "opus":
        return codec.clock_rate == 48_000 and codec.channels == 2
    if name == "H264":
        # Baseline, constrained or not; other profiles do not play everywhere (RFC 7742, section 6.2).
        mode, profile = codec.parameters.get("packetization-mode"), _profile(codec)
        return codec.clock_rate == 90_000 and mode == "1" and profile >> 8 == _BASELINE
    return codec.clock_rate == 90_000


def _profile(codec: Codec) -> int:
    """Return profile_idc and constraint flags; unsaid means baseline (RFC 6184, section 8.1)."""
    try:
        return int(codec.parameters.get("profile-level-id", "42000a"), 16) >> 8
    except ValueError:
        return 0


def _preference(codec: Codec) -> int:
    """Rank constrained baseline before plain baseline: it is the one every browser decodes."""
    return 1 if codec.name.lower() == "h264" and not _profile(codec) & _CONSTRAINT_SET_1 else 0


def _agree_codec(media: Media, name: CodecName, codec: Codec, feedback: frozenset[str]) -> AgreedCodec:
    apt = str(codec.payload_type)
    rtx = [
        one.payload_type
        for one in media.codecs
        if one.name.lower() == "rtx" and one.parameters.get("apt") == apt
    ]
    common = codec.feedback & feedback
    return AgreedCodec(
        name=name,
        payload_type=codec.payload_type,
        rtx_payload_type=rtx[0] if rtx and rtx[0] not in _RTCP_PAYLOAD_TYPES else None,
        clock_rate=codec.clock_rate,
        nack="nack" in common,
        pli="nack pli" in common,
        fir="ccm fir" in common,
        transport_cc="transport-cc" in common,
        remb="goog-remb" in common,
        fmtp=_answered_fmtp(name, codec),
        red_payload_type=_redundant(media, codec) if name == "opus" else None,
    )


def _redundant(media: Media, codec: Codec) -> int | None:
    """Return the payload type under which the offer takes a codec with redundancy (RFC 2198, section 5)."""
    for one in media.codecs:
        blocks = set(one.fmtp.split("/"))
        if (
            one.name.lower() == "red"
            and (one.clock_rate, one.channels) == (codec.clock_rate, codec.channels)
            and blocks == {str(codec.payload_type)}
            and one.payload_type not in _RTCP_PAYLOAD_TYPES
        ):
            return one.payload_type
    return None


def _answered_fmtp(name: CodecName, codec: Codec) -> str:
    """Echo what H264 needs symmetric (RFC 6184, section 8.2.2) and Opus' wishes, always with FEC."""
    if name == "H264":
        parameters = {key: value for key, value in codec.parameters.items() if key in _H264_SYMMETRIC}
    elif name == "opus":
        parameters = {**codec.parameters, "useinbandfec": "1"}
    else:
        return ""
    return ";".join(f"{key}={value}" for key, value in parameters.items())
