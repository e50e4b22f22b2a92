"""From an offer to an agreement: which lines, codecs, extensions and feedback the relay takes.

Pure policy over `stream.wire.sdp`: a publisher sends one codec a line, a viewer is given every codec a
slot may change to. The law: every active audio and video line is served, or the offer is refused with a
code, a sentence that says what to offer instead, and 400 (not SDP) or 422 (RFC 9725, sections 4.2 and
4.4.3). It must not know who asks, nor whether anything is live.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, Literal, Protocol, TypeAlias, TypeVar

from stream.agreement import (
    EXTENSION_URIS,
    AgreedCodec,
    AgreedMedia,
    Agreement,
    DtlsRole,
    Extension,
    LocalTransport,
    PublishAgreement,
    ViewAgreement,
)
from stream.answer import write_answer
from stream.codec_choice import agree_codecs
from stream.errors import OfferRefused
from stream.wire import sdp
from stream.wire.sdp import Media, SdpError, SessionDescription

__all__ = [
    "AgreedCodec",
    "AgreedMedia",
    "Agreement",
    "Extension",
    "LocalTransport",
    "PublishAgreement",
    "SlotTable",
    "ViewAgreement",
    "choose_rids",
    "negotiate_publish",
    "negotiate_view",
]

PUBLISH_FEEDBACK: Final = frozenset({"nack", "nack pli", "ccm fir", "transport-cc"})
"""Not goog-remb: transport-cc brings a publisher to full size three times sooner."""

VIEW_FEEDBACK: Final = frozenset({"nack", "nack pli", "ccm fir", "transport-cc", "goog-remb"})
"""Of the last two, a line gets the first it can have: with both, a browser would speak neither."""

PUBLISH_EXTENSIONS: Final = frozenset(
    {
        Extension.MID,
        Extension.RID,
        Extension.REPAIRED_RID,
        Extension.ABS_SEND_TIME,
        Extension.TRANSPORT_CC,
        Extension.AUDIO_LEVEL,
    }
)
VIEW_EXTENSIONS: Final = frozenset(
    {
        Extension.MID,
        Extension.ABS_SEND_TIME,
        Extension.TRANSPORT_CC,
        Extension.AUDIO_LEVEL,
        Extension.PLAYOUT_DELAY,
    }
)

VIDEO_SLOTS: Final = ("main", "slides")
AUDIO_SLOTS: Final = ("audio0", "audio1", "audio2")
ONE_VOICE_SLOT: Final = "audio"
"""What a viewer with a single audio line hears: the dominant voice."""

_PROTOCOLS: Final = frozenset({"UDP/TLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVPF"})
"""All mean RTP over DTLS-SRTP to a WebRTC endpoint (RFC 9429, section 5.1.2)."""

_FINGERPRINT_ALGORITHMS: Final = frozenset({"sha-256", "sha-384", "sha-512"})
_MAX_EXTENSION_ID: Final = 14
"""Beyond it every packet needs the longer two-byte form (RFC 8285, section 4.3)."""

MAX_LAYERS: Final = 4
"""Most simulcast layers taken of a picture: one more than browsers send."""

Ours: TypeAlias = Literal["recvonly", "sendonly", "inactive"]


class SlotTable(Protocol):
    """The SSRCs one viewer's slots are sent under."""

    def ssrc(self, slot: str) -> tuple[int, int]:
        """Return the slot's primary and RTX SSRC."""


def negotiate_publish(offer: str, local: LocalTransport) -> PublishAgreement:
    """Answer a WHIP offer (RFC 9725, section 4.2): at most one audio and one video line, one codec each.

    Raises OfferRefused.
    """
    description = _read(offer)

    def agree(index: int, media: Media) -> AgreedMedia | None:
        direction = _our_direction(media, "recvonly")
        codecs = agree_codecs(media, PUBLISH_FEEDBACK)[:1]
        if not codecs:
            if direction == "inactive":
                return None
            raise _no_common_codec(media)
        rids = choose_rids(media)
        ssrc, rtx_ssrc = (None, None) if rids else _announced_ssrcs(media)
        return AgreedMedia(
            mid=media.mid,
            index=index,
            kind=_kind(media),
            direction=direction,
            slot=None,
            codecs=codecs,
            extensions=_agree_extensions(media, PUBLISH_EXTENSIONS),
            ssrc=ssrc,
            rtx_ssrc=rtx_ssrc if codecs[0].rtx_payload_type is not None else None,
            rids=rids,
            repairs=_announced_repairs(media) if rids else (),
        )

    agreed = _agree_lines(description, agree)
    kinds = Counter(line.kind for line in agreed if line and line.direction != "inactive")
    if any(count > 1 for count in kinds.values()):
        raise OfferRefused(
            "too_many_lines",
            "A publication carries one audio and one video line at most (RFC 9725, section 4.4.2); "
            "publish a second picture as a source of its own.",
        )
    return _conclude(PublishAgreement, description, agreed, local)


def negotiate_view(offer: str, local: LocalTransport, slots: SlotTable) -> ViewAgreement:
    """Answer a WHEP offer: its lines, in order, are bound to slots; those beyond are answered inactive.

    Raises OfferRefused.
    """
    description = _read(offer)
    voices = sum(
        1
        for media in description.media
        if _usable(media) and media.kind == "audio" and media.direction != "inactive"
    )
    free = {
        "video": list(VIDEO_SLOTS),
        "audio": [ONE_VOICE_SLOT] if voices == 1 else list(AUDIO_SLOTS),
    }

    def agree(index: int, media: Media) -> AgreedMedia | None:
        direction = _our_direction(media, "sendonly")
        if not free[media.kind]:
            direction = "inactive"
        codecs = agree_codecs(media, _view_feedback(media))
        if not codecs:
            if direction == "inactive":
                return None
            raise _no_common_codec(media)
        slot = ssrc = rtx_ssrc = None
        if direction == "sendonly":
            slot = free[media.kind].pop(0)
            ssrc, rtx_ssrc = slots.ssrc(slot)
        return AgreedMedia(
            mid=media.mid,
            index=index,
            kind=_kind(media),
            direction=direction,
            slot=slot,
            codecs=codecs,
            extensions=_view_extensions(media, codecs),
            ssrc=ssrc,
            rtx_ssrc=rtx_ssrc if any(codec.rtx_payload_type is not None for codec in codecs) else None,
            rids=(),
        )

    return _conclude(ViewAgreement, description, _agree_lines(description, agree), local)


def choose_rids(media: Media) -> tuple[str, ...]:
    """Choose the simulcast layers to receive: all that are offered, in the offer's order, up to MAX_LAYERS.

    None where packets would not say which layer they are of: then one stream is taken as it comes.
    """
    if EXTENSION_URIS[Extension.RID] not in _usable_ids(media):
        return ()
    rids = [rid for rid in media.simulcast_send or media.rids_send if rid in media.rids_send]
    return tuple(rids[:MAX_LAYERS])


def _view_feedback(media: Media) -> frozenset[str]:
    """Return what is spoken about a viewer's line: transport-cc where packets can be marked, else REMB."""
    marked = EXTENSION_URIS[Extension.TRANSPORT_CC] in _usable_ids(media)
    if marked and any("transport-cc" in codec.feedback for codec in media.codecs):
        return VIEW_FEEDBACK - {"goog-remb"}
    return VIEW_FEEDBACK - {"transport-cc"}


def _view_extensions(media: Media, codecs: Sequence[AgreedCodec]) -> dict[Extension, int]:
    """Return what a viewer's packets carry: transport-wide numbers only where they are answered."""
    answered = any(codec.transport_cc for codec in codecs)
    return _agree_extensions(media, VIEW_EXTENSIONS - (set() if answered else {Extension.TRANSPORT_CC}))


def _read(offer: str) -> SessionDescription:
    try:
        return sdp.parse(offer)
    except SdpError as error:
        if error.reason == "too_many_lines":
            raise OfferRefused(
                "too_many_lines", f"The offer has more than {sdp.MAX_MEDIA} media lines."
            ) from None
        raise OfferRefused(
            "malformed_sdp", f"The offer is not SDP as a WebRTC endpoint writes it ({error.reason}).", 400
        ) from None


def _agree_lines(
    description: SessionDescription, agree: Callable[[int, Media], AgreedMedia | None]
) -> list[AgreedMedia | None]:
    """Agree line by line; data channels, unknown protocols and switched-off lines are rejected."""
    agreed = [
        agree(index, media) if _usable(media) else None for index, media in enumerate(description.media)
    ]
    if not any(line and line.direction != "inactive" for line in agreed):
        raise OfferRefused(
            "no_media", "The offer has no active audio or video line over UDP/TLS/RTP/SAVPF; offer one."
        )
    return agreed


def _usable(media: Media) -> bool:
    return (
        media.kind in ("audio", "video")
        and media.protocol in _PROTOCOLS
        and (media.port != 0 or media.bundle_only)
    )


def _kind(media: Media) -> Literal["audio", "video"]:
    return "audio" if media.kind == "audio" else "video"


def _our_direction(media: Media, ours: Literal["recvonly", "sendonly"]) -> Ours:
    """Answer the offered direction (RFC 3264, section 6.1): sendrecv gets the half we do."""
    if media.direction == "inactive":
        return "inactive"
    if media.direction == ours:
        raise OfferRefused(
            "wrong_direction",
            f"A line is offered {media.direction}, but "
            + ("WHIP publishes: offer sendonly." if ours == "recvonly" else "WHEP plays: offer recvonly."),
        )
    return ours


def _no_common_codec(media: Media) -> OfferRefused:
    names = dict.fromkeys(codec.name[:16] for codec in media.codecs if codec.name.lower() != "rtx")
    offered = ", ".join(list(names)[:8]) or "no codec"
    wanted = "Opus" if media.kind == "audio" else "VP8, or H264 baseline (42xxxx) with packetization-mode=1"
    return OfferRefused(
        "no_common_codec",
        f"The {media.kind} line offers {offered}, which is not served; offer {wanted}.",
    )


def _agree_extensions(media: Media, wanted: frozenset[Extension]) -> dict[Extension, int]:
    """Keep the offer's ids for the extensions we want."""
    ids = _usable_ids(media)
    return {
        extension: ids[uri] for extension, uri in EXTENSION_URIS.items() if extension in wanted and uri in ids
    }


def _usable_ids(media: Media) -> dict[str, int]:
    return {uri: number for number, uri in media.extensions.items() if number <= _MAX_EXTENSION_ID}


def _announced_ssrcs(media: Media) -> tuple[int | None, int | None]:
    """Return the primary and RTX SSRC a publisher names; of layers it sends, RIDs tell, not SSRCs."""
    for ssrcs in _flow_identifications(media):
        return ssrcs
    return (media.ssrcs[0], None) if media.ssrcs else (None, None)


def _announced_repairs(media: Media) -> tuple[tuple[int, int], ...]:
    """Return pairs of an RTX SSRC and the SSRC it repairs, as a publisher of layers names them."""
    return tuple((repair, primary) for primary, repair in _flow_identifications(media))[:MAX_LAYERS]


def _flow_identifications(media: Media) -> list[tuple[int, int]]:
    """Return the groups of a source and its retransmission (RFC 5576, section 4.2; RFC 4588, 8.1)."""
    return [
        (ssrcs[0], ssrcs[1])
        for semantics, ssrcs in media.ssrc_groups
        if semantics == "FID" and len(ssrcs) == 2
    ]


AgreementT = TypeVar("AgreementT", PublishAgreement, ViewAgreement)


def _conclude(
    result: type[AgreementT],
    description: SessionDescription,
    agreed: Sequence[AgreedMedia | None],
    local: LocalTransport,
) -> AgreementT:
    """Check that the accepted lines share one transport we can have, and write the answer."""
    accepted = {
        line.mid: media for media, line in zip(description.media, agreed, strict=True) if line is not None
    }
    bundle = [mid for mid in description.bundle if mid in accepted]
    lines = sum(line is not None for line in agreed)
    if lines > 1 and len(bundle) < lines:
        raise OfferRefused(
            "not_bundled",
            "Several lines share one transport here: offer a=group:BUNDLE over all of them.",
        )
    if not all(media.rtcp_mux for media in accepted.values()):
        raise OfferRefused(
            "rtcp_mux_required", "RTP and RTCP share one port here: offer a=rtcp-mux on each line."
        )
    # The first accepted line of the group speaks for the transport (RFC 9143, section 7.3.1).
    tagged = accepted[bundle[0]] if bundle else next(iter(accepted.values()))
    fingerprints = tuple(one for one in tagged.fingerprints if one[0] in _FINGERPRINT_ALGORITHMS)
    if not tagged.ice_ufrag or not tagged.ice_pwd:
        raise OfferRefused("no_ice_credentials", "The offer lacks a=ice-ufrag or a=ice-pwd.")
    if not fingerprints:
        raise OfferRefused("no_dtls_fingerprint", "The offer lacks an a=fingerprint of kind sha-256.")
    if tagged.setup == "holdconn":
        raise OfferRefused("unsupported_setup", "a=setup:holdconn opens no DTLS connection; offer actpass.")
    role: DtlsRole = "client" if tagged.setup == "passive" else "server"
    return result(
        answer=write_answer(description.media, agreed, bundle, local, role),
        remote_ufrag=tagged.ice_ufrag,
        remote_pwd=tagged.ice_pwd,
        fingerprints=fingerprints,
        dtls_role=role,
        media=tuple(line for line in agreed if line is not None and line.direction != "inactive"),
    )
