"""What one peer and the relay have agreed on: the values an offer and its answer come down to.

Transports, routing and the answer's text all read these and none of them reads SDP. Nothing is decided
here: `stream.negotiation` decides, `stream.answer` writes it down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeAlias

CodecName: TypeAlias = Literal["VP8", "H264", "opus", "VP9", "AV1"]
DtlsRole: TypeAlias = Literal["server", "client"]


class Extension(StrEnum):
    """RTP header extensions the relay reads or writes, by short name."""

    MID = "mid"
    RID = "rid"
    REPAIRED_RID = "repaired_rid"
    ABS_SEND_TIME = "abs_send_time"
    TRANSPORT_CC = "transport_cc"
    AUDIO_LEVEL = "audio_level"
    PLAYOUT_DELAY = "playout_delay"


EXTENSION_URIS: Final[Mapping[Extension, str]] = {
    Extension.MID: "urn:ietf:params:rtp-hdrext:sdes:mid",  # RFC 9143
    Extension.RID: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",  # RFC 8852
    Extension.REPAIRED_RID: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",  # RFC 8852
    Extension.ABS_SEND_TIME: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    Extension.TRANSPORT_CC: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    Extension.AUDIO_LEVEL: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",  # RFC 6464
    Extension.PLAYOUT_DELAY: "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
}


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """Our end of a transport: ICE credentials, certificate, and addresses best first.

    `fingerprint` is SHA-256 in hex with colons; `candidates` are IP literals with the UDP port,
    `tcp_candidates` such with a port that listens (RFC 6544).
    """

    ufrag: str
    pwd: str
    fingerprint: str
    candidates: tuple[tuple[str, int], ...]
    tcp_candidates: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class AgreedCodec:
    """One codec under the payload type the offer gave it, and the feedback both sides speak about it.

    `fmtp` is what the answer says, "" for nothing. `red_payload_type` is that of its redundant form
    (RFC 2198), of sound alone.
    """

    name: CodecName
    payload_type: int
    rtx_payload_type: int | None
    clock_rate: int
    nack: bool
    pli: bool
    fir: bool
    transport_cc: bool
    remb: bool
    fmtp: str
    red_payload_type: int | None = None

    def carried_by(self, payload_type: int) -> bool:
        """Tell whether packets of this payload type are of the codec, redundant or not."""
        return payload_type in (self.payload_type, self.red_payload_type)


@dataclass(frozen=True, slots=True)
class AgreedMedia:
    """One m-line that carries media; `index` is its place in the offer, `direction` is ours.

    Of a publisher, `ssrc` and `rtx_ssrc` are what it announced, if it did, and `slot` is None. Of a
    viewer, they are the slot's. `codecs` are best first; ids of `extensions` are 1 to 14. With `rids`, in
    the offer's order, a publisher's packets say by extension which layer they are of; `repairs` are pairs
    of an RTX SSRC and the SSRC it repairs, where the offer names them.
    """

    mid: str
    index: int
    kind: Literal["audio", "video"]
    direction: Literal["recvonly", "sendonly", "inactive"]
    slot: str | None
    codecs: tuple[AgreedCodec, ...]
    extensions: Mapping[Extension, int]
    ssrc: int | None
    rtx_ssrc: int | None
    rids: tuple[str, ...]
    repairs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Agreement:
    """The answer's text and all it means: the peer's ICE credentials, certificates and DTLS role.

    `fingerprints` are (algorithm in lower case, value in upper case); the peer's certificate must match
    one. `dtls_role` is ours. `media` are the lines that carry media, in the offer's order.
    """

    answer: str
    remote_ufrag: str
    remote_pwd: str
    fingerprints: tuple[tuple[str, str], ...]
    dtls_role: DtlsRole
    media: tuple[AgreedMedia, ...]


@dataclass(frozen=True, slots=True)
class PublishAgreement(Agreement):
    """What a publisher will send: one codec a line."""


@dataclass(frozen=True, slots=True)
class ViewAgreement(Agreement):
    """What a viewer will be sent: every codec a slot may change to, one SSRC a slot."""
