"""What is agreed with whom, one rule at a time; and each refusal's code, status and sentence."""

from __future__ import annotations

import pytest

from stream.errors import OfferRefused, RelayError
from stream.negotiation import (
    Agreement,
    Extension,
    LocalTransport,
    choose_rids,
    negotiate_publish,
    negotiate_view,
)
from stream.wire import sdp
from stream.wire.sdp import Media
from tests.stream.offers import (
    LOCAL,
    OPUS,
    SLOTS,
    TRANSPORT,
    VP8,
    VP9,
    Slots,
    h264,
    lines_of,
    offer,
    section,
)


def publish(*sections: list[str], bundle: str | None = None) -> Agreement:
    return negotiate_publish(offer(*sections, bundle=bundle), LOCAL)


def view(*sections: list[str], bundle: str | None = None) -> Agreement:
    return negotiate_view(offer(*sections, bundle=bundle), LOCAL, Slots())


def refusal(*sections: list[str], bundle: str | None = None, viewing: bool = False) -> OfferRefused:
    with pytest.raises(OfferRefused) as caught:
        (view if viewing else publish)(*sections, bundle=bundle)
    assert caught.value.detail.endswith(".")
    return caught.value


AUDIO = section("audio", 0, "sendonly", *OPUS)
VIDEO = section("video", 1, "sendonly", *VP8)
DATA_CHANNEL = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:d", *TRANSPORT, "a=sctp-port:5000"]


# Publishing.


def test_a_publisher_that_prefers_h264_is_asked_for_vp8() -> None:
    (line,) = publish(section("video", 0, "sendonly", *h264(102), *VP8)).media
    assert [codec.name for codec in line.codecs] == ["VP8"]


@pytest.mark.parametrize(
    ("codecs", "chosen"),
    [
        (h264(102, "42001f") + h264(104, "42e01f"), 104),
        (h264(102, "42001f") + h264(104, "4d001f"), 102),
        (h264(102, "64001f") + h264(104, "42c01f", mode=0) + h264(106, "42C028"), 106),
        (("a=rtpmap:102 h264/90000", "a=fmtp:102 packetization-mode=1"), 102),
    ],
)
def test_of_h264_the_constrained_baseline_is_best(codecs: tuple[str, ...], chosen: int) -> None:
    (line,) = publish(section("video", 0, "sendonly", *codecs)).media
    (codec,) = line.codecs
    assert (codec.name, codec.payload_type) == ("H264", chosen)
    assert "sprop" not in codec.fmtp


@pytest.mark.parametrize(
    ("kind", "codecs"),
    [
        ("video", VP9),
        ("video", h264(102, mode=0)),
        ("video", h264(102, "640c1f")),
        ("video", h264(102, "what")),
        ("video", ("a=rtpmap:102 H264/90000",)),
        ("video", ("a=rtpmap:96 VP8/48000",)),
        ("video", ("a=rtpmap:72 VP8/90000",)),  # would be taken for RTCP
        ("audio", ("a=rtpmap:0 PCMU/8000",)),
        ("audio", ("a=rtpmap:111 opus/48000",)),
        ("audio", ()),
    ],
)
@pytest.mark.parametrize("viewing", [False, True])
def test_no_common_codec(kind: str, codecs: tuple[str, ...], viewing: bool) -> None:
    direction = "recvonly" if viewing else "sendonly"
    refused = refusal(section(kind, 0, direction, *codecs), viewing=viewing)
    assert (refused.code, refused.status) == ("no_common_codec", 422)


def test_a_publisher_is_not_taken_by_half() -> None:
    """RFC 9725, section 4.4.3: sound without its picture would mislead."""
    assert refusal(AUDIO, section("video", 1, "sendonly", *VP9)).code == "no_common_codec"


def test_sendrecv_is_taken_for_the_half_we_do() -> None:
    assert publish(section("video", 0, "sendrecv", *VP8)).media[0].direction == "recvonly"
    assert view(section("video", 0, "sendrecv", *VP8)).media[0].direction == "sendonly"


def test_the_wrong_door() -> None:
    refused = refusal(AUDIO, section("video", 1, "recvonly", *VP8))
    assert (refused.code, refused.status) == ("wrong_direction", 422)
    assert "sendonly" in refused.detail
    refused = refusal(AUDIO, viewing=True)
    assert refused.code == "wrong_direction"
    assert "recvonly" in refused.detail


def test_a_publication_has_one_line_of_a_kind() -> None:
    refused = refusal(VIDEO, section("video", 2, "sendonly", *VP8))
    assert (refused.code, refused.status) == ("too_many_lines", 422)


def test_feedback_not_offered_is_not_answered() -> None:
    (line,) = publish(section("video", 0, "sendonly", *VP8)).media
    (codec,) = line.codecs
    assert not (codec.nack or codec.pli or codec.fir or codec.transport_cc or codec.remb)


def test_an_announced_rtx_source_needs_an_agreed_rtx_format() -> None:
    lines = section(
        "video", 0, "sendonly", VP8[0], "a=ssrc-group:FID 11 12", "a=ssrc:11 cname:x", "a=ssrc:12 cname:x"
    )
    (line,) = publish(lines).media
    assert (line.ssrc, line.rtx_ssrc) == (11, None)


RID_ID = {4: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"}


@pytest.mark.parametrize(
    ("order", "chosen"),
    [
        (("q", "h", "f"), ("q", "h", "f")),
        (("f", "h", "q"), ("f", "h", "q")),
        (("only",), ("only",)),
        (("1", "2", "3", "4", "5"), ("1", "2", "3", "4")),
        ((), ()),
    ],
)
def test_layers_are_taken_in_the_offers_order(order: tuple[str, ...], chosen: tuple[str, ...]) -> None:
    media = Media(
        "video", 9, "x", ("96",), rids_send=tuple(sorted(order)), simulcast_send=order, extensions=RID_ID
    )
    assert choose_rids(media) == chosen


def test_a_layer_that_was_not_declared_is_not_taken() -> None:
    media = Media(
        "video",
        9,
        "x",
        ("96",),
        rids_send=("q", "h"),
        simulcast_send=("q", "h", "f"),
        extensions=RID_ID,
    )
    assert choose_rids(media) == ("q", "h")


def test_layers_that_packets_cannot_name_are_not_taken() -> None:
    media = Media("video", 9, "x", ("96",), rids_send=("q", "h"), simulcast_send=("q", "h"))
    assert choose_rids(media) == ()


def test_what_repairs_which_layer_is_taken_from_the_offer() -> None:
    lines = section(
        "video",
        0,
        "sendonly",
        *VP8,
        f"a=extmap:4 {RID_ID[4]}",
        "a=rid:q send",
        "a=rid:f send",
        "a=simulcast:send q;f",
        "a=ssrc-group:FID 11 12",
        "a=ssrc-group:FID 21 22",
    )
    (line,) = publish(lines).media
    assert (line.ssrc, line.rtx_ssrc, line.rids) == (None, None, ("q", "f"))
    assert line.repairs == ((12, 11), (22, 21))


@pytest.mark.parametrize("number", [15, 200])
def test_extension_ids_beyond_the_one_byte_form_are_left_out(number: int) -> None:
    lines = section("audio", 0, "sendonly", *OPUS, f"a=extmap:{number} urn:ietf:params:rtp-hdrext:sdes:mid")
    assert publish(lines).media[0].extensions == {}


# Viewing.


def recv(kind: str, mid: int) -> list[str]:
    codecs = VP8 if kind == "video" else OPUS
    return section(kind, mid, "recvonly", *codecs, f"a=extmap:3 {MID_URI}")


MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"


def test_our_own_page_gets_five_slots() -> None:
    kinds = ["video"] * 2 + ["audio"] * 3
    agreement = view(*(recv(kind, mid) for mid, kind in enumerate(kinds)))
    slots = ["main", "slides", "audio0", "audio1", "audio2"]
    assert [line.slot for line in agreement.media] == slots
    assert [line.ssrc for line in agreement.media] == [1000 + SLOTS.index(slot) for slot in slots]
    assert [line.index for line in agreement.media] == [0, 1, 2, 3, 4]
    assert all(line.extensions == {Extension.MID: 3} for line in agreement.media)
    streams = [line.split()[0] for line in agreement.answer.splitlines() if line.startswith("a=msid:")]
    # Browsers keep one picture and one sound of a stream in step: those two, and no others.
    assert streams == ["a=msid:stage", "a=msid:slides", "a=msid:stage", "a=msid:audio1", "a=msid:audio2"]


@pytest.mark.parametrize(("voices", "slots"), [(1, ["audio"]), (2, ["audio0", "audio1"])])
def test_voices(voices: int, slots: list[str]) -> None:
    agreement = view(*(recv("audio", mid) for mid in range(voices)))
    assert [line.slot for line in agreement.media] == slots


def test_lines_beyond_the_slots_are_answered_inactive() -> None:
    kinds = ["video"] * 3 + ["audio"] * 4
    agreement = view(*(recv(kind, mid) for mid, kind in enumerate(kinds)))
    assert [line.index for line in agreement.media] == [0, 1, 3, 4, 5]
    answered = sdp.parse(agreement.answer)
    assert [media.direction for media in answered.media] == [
        "sendonly",
        "sendonly",
        "inactive",
        "sendonly",
        "sendonly",
        "sendonly",
        "inactive",
    ]
    assert answered.media[2].port == 7000
    assert answered.media[2].ssrcs == ()
    assert answered.bundle == tuple("0123456")


def test_an_inactive_line_takes_no_slot() -> None:
    agreement = view(section("video", 0, "inactive", *VP8), recv("video", 1), recv("audio", 2))
    assert [(line.mid, line.slot) for line in agreement.media] == [("1", "main"), ("2", "audio")]
    assert sdp.parse(agreement.answer).media[0].direction == "inactive"


def test_an_inactive_line_may_lack_a_codec() -> None:
    agreement = view(section("video", 0, "inactive", *VP9), recv("audio", 1))
    assert [media.port for media in sdp.parse(agreement.answer).media] == [0, 7000]


def test_an_inactive_audio_line_is_no_voice() -> None:
    agreement = view(section("audio", 0, "inactive", *OPUS), recv("audio", 1))
    assert [line.slot for line in agreement.media] == ["audio"]


def test_a_viewer_of_h264_only() -> None:
    (line,) = view(section("video", 0, "recvonly", *h264(102))).media
    assert [codec.name for codec in line.codecs] == ["H264"]


# The transport.


@pytest.mark.parametrize("first", [True, False])
def test_a_data_channel_is_rejected_and_leaves_the_bundle(first: bool) -> None:
    """Also if it comes first: then the next line speaks for the transport (RFC 9143, section 7.3.1)."""
    other = [line.replace("a=ice-ufrag:them", "a=ice-ufrag:data") for line in DATA_CHANNEL]
    sections = [other, AUDIO, VIDEO] if first else [AUDIO, VIDEO, other]
    agreement = publish(*sections)
    assert agreement.remote_ufrag == "them"
    answered = sdp.parse(agreement.answer)
    assert answered.bundle == ("0", "1")
    assert [media.port for media in answered.media] == ([0, 7000, 7000] if first else [7000, 7000, 0])
    (rejected,) = (media for media in answered.media if media.kind == "application")
    assert (rejected.mid, rejected.protocol, rejected.formats) == (
        "d",
        "UDP/DTLS/SCTP",
        ("webrtc-datachannel",),
    )
    assert rejected.ice_ufrag == ""


def test_a_line_switched_off_stays_off() -> None:
    off = [line.replace("m=video 9", "m=video 0") for line in VIDEO]
    answered = sdp.parse(publish(AUDIO, off).answer)
    assert [media.port for media in answered.media] == [7000, 0]
    bundle_only = sdp.parse(publish(AUDIO, [*off, "a=bundle-only"]).answer)
    assert [media.port for media in bundle_only.media] == [7000, 7000]


def test_the_first_line_of_the_bundle_speaks_for_the_transport() -> None:
    other = [line.replace("a=ice-ufrag:them", "a=ice-ufrag:vvvv") for line in VIDEO]
    assert publish(AUDIO, other, bundle="1 0").remote_ufrag == "vvvv"


def test_one_line_needs_neither_bundle_nor_mid() -> None:
    alone = section("video", 0, "sendonly", *VP8, without="a=mid")
    agreement = publish(alone)
    assert agreement.media[0].mid == ""
    assert "BUNDLE" not in agreement.answer
    assert "a=mid" not in agreement.answer


@pytest.mark.parametrize(
    ("setup", "role", "answered"),
    [
        ("a=setup:actpass", "server", "passive"),
        ("a=setup:active", "server", "passive"),
        ("a=setup:passive", "client", "active"),
        ("", "server", "passive"),
    ],
)
def test_dtls_roles(setup: str, role: str, answered: str) -> None:
    lines = [line.replace("a=setup:actpass", setup) for line in AUDIO]
    agreement = publish([line for line in lines if line])
    assert agreement.dtls_role == role
    assert f"a=setup:{answered}" in agreement.answer


def test_fingerprints_of_unknown_kinds_are_left_out() -> None:
    agreement = publish([*AUDIO, "a=fingerprint:sha-1 " + ":".join(["0C"] * 20)])
    assert agreement.fingerprints == (("sha-256", ":".join(["0A"] * 32)),)


HOLDCONN = [line.replace("actpass", "holdconn") for line in AUDIO]


@pytest.mark.parametrize(
    ("sections", "bundle", "code", "status"),
    [
        ([["a=x", "nonsense"]], None, "malformed_sdp", 400),
        ([section("audio", mid, "sendonly", *OPUS) for mid in range(33)], None, "too_many_lines", 422),
        ([], None, "no_media", 422),
        ([DATA_CHANNEL], None, "no_media", 422),
        ([section("audio", 0, "inactive", *OPUS)], None, "no_media", 422),
        ([["m=audio 9 RTP/AVP 111", *AUDIO[1:]]], None, "no_media", 422),
        ([["m=text 9 UDP/TLS/RTP/SAVPF 111", *AUDIO[1:]]], None, "no_media", 422),
        ([AUDIO, VIDEO], "", "not_bundled", 422),
        ([AUDIO, VIDEO], "0", "not_bundled", 422),
        ([section("audio", 0, "sendonly", *OPUS, without="mux")], None, "rtcp_mux_required", 422),
        ([section("audio", 0, "sendonly", *OPUS, without="ufrag")], None, "no_ice_credentials", 422),
        ([section("audio", 0, "sendonly", *OPUS, without="pwd")], None, "no_ice_credentials", 422),
        ([section("audio", 0, "sendonly", *OPUS, without="print")], None, "no_dtls_fingerprint", 422),
        ([HOLDCONN], None, "unsupported_setup", 422),
    ],
)
def test_refusals(sections: list[list[str]], bundle: str | None, code: str, status: int) -> None:
    refused = refusal(*sections, bundle=bundle)
    assert isinstance(refused, RelayError)
    assert (refused.code, refused.status, refused.retry_after) == (code, status, None)


def test_a_malformed_offer_is_told_where() -> None:
    assert "bad_line" in refusal(["nonsense"]).detail


@pytest.mark.parametrize(
    ("candidates", "place"),
    [
        ((), ("m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0")),
        ((("192.0.2.1", 7001),), ("m=audio 7001 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 192.0.2.1")),
        ((("fd00::2", 7001),), ("m=audio 7001 UDP/TLS/RTP/SAVPF 111", "c=IN IP6 fd00::2")),
    ],
)
def test_the_first_address_is_the_default_one(
    candidates: tuple[tuple[str, int], ...], place: tuple[str, str]
) -> None:
    local = LocalTransport(LOCAL.ufrag, LOCAL.pwd, LOCAL.fingerprint, candidates)
    answer = negotiate_publish(offer(AUDIO), local).answer
    assert tuple(lines_of(answer)[1][:2]) == place


def test_addresses_are_ranked_as_given() -> None:
    """RFC 8445, section 5.1.2.1: 2**24 * 126 + 2**8 * preference + 255."""
    candidates = [line for line in lines_of(publish(AUDIO).answer)[1] if line.startswith("a=candidate")]
    assert candidates == [
        "a=candidate:1 1 udp 2130706431 127.0.0.1 7000 typ host",
        "a=candidate:2 1 udp 2130706175 ::1 7000 typ host",
    ]


# Redundant sound.

RED = (*OPUS, "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111")


def test_redundant_sound_is_agreed_with_both_and_preferred() -> None:
    for agreed in (
        publish(section("audio", 0, "sendonly", *RED)),
        view(section("audio", 0, "recvonly", *RED)),
    ):
        (line,) = agreed.media
        assert [(codec.name, codec.payload_type, codec.red_payload_type) for codec in line.codecs] == [
            ("opus", 111, 63)
        ]
        _, answered = lines_of(agreed.answer)
        assert answered[0].endswith(" 63 111")
        assert {"a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111"} <= set(answered)


@pytest.mark.parametrize(
    "lines",
    [
        ("a=rtpmap:63 red/48000/2", "a=fmtp:63 0/0"),
        ("a=rtpmap:63 red/48000/2",),
        ("a=rtpmap:63 red/8000", "a=fmtp:63 111/111"),
        ("a=rtpmap:72 red/48000/2", "a=fmtp:72 111/111"),
    ],
)
def test_redundancy_of_something_else_is_passed_over(lines: tuple[str, ...]) -> None:
    (line,) = publish(section("audio", 0, "sendonly", *OPUS, *lines)).media
    assert line.codecs[0].red_payload_type is None
