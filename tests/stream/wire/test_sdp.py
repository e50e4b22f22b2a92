"""Session descriptions of real clients, of aiortc, and of nobody in their right mind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription as OracleDescription
from hypothesis import given
from hypothesis import strategies as st

from stream.wire import sdp
from stream.wire.sdp import Media, SdpError, SessionDescription

OFFERS = sorted((Path(__file__).parents[2] / "data" / "sdp").glob("*.offer"))
FINGERPRINT = ":".join(["0A"] * 32)

HEAD = ("v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0")
VIDEO = "m=video 9 UDP/TLS/RTP/SAVPF 96"


def read(*lines: str, end: str = "\r\n") -> SessionDescription:
    return sdp.parse(end.join((*HEAD, *lines)) + end)


def media(*lines: str) -> Media:
    (section,) = read(VIDEO, *lines).media
    return section


def reason(*lines: str) -> str:
    with pytest.raises(SdpError) as caught:
        read(*lines)
    return caught.value.reason


@pytest.mark.parametrize("path", OFFERS, ids=lambda path: path.stem)
def test_reads_real_offers_as_aiortc_does(path: Path) -> None:
    text = path.read_bytes().decode()
    ours, theirs = sdp.parse(text), OracleDescription.parse(text)
    assert list(ours.bundle) == [str(mid) for group in theirs.group for mid in group.items]
    for mine, other in zip(ours.media, theirs.media, strict=True):
        assert (mine.kind, mine.port, mine.protocol) == (other.kind, other.port, other.profile)
        assert (mine.mid, mine.direction, mine.rtcp_mux) == (
            other.rtp.muxId,
            other.direction or "sendrecv",
            other.rtcp_mux,
        )
        assert list(mine.formats) == [str(number) for number in other.fmt]
        assert other.ice is not None
        assert other.ice.usernameFragment == mine.ice_ufrag
        assert other.ice.password == mine.ice_pwd
        assert other.dtls is not None
        assert [(one.algorithm, one.value) for one in other.dtls.fingerprints] == list(mine.fingerprints)
        assert {one.payloadType: one.clockRate for one in other.rtp.codecs} == {
            one.payload_type: one.clock_rate for one in mine.codecs
        }
        assert {one.payloadType: {str(fb.type) for fb in one.rtcpFeedback} for one in other.rtp.codecs} == {
            one.payload_type: {name.split(" ")[0] for name in one.feedback} for one in mine.codecs
        }
        assert list(mine.ssrcs) == [one.ssrc for one in other.ssrc]
        assert list(mine.ssrc_groups) == [(one.semantic, tuple(one.items)) for one in other.ssrc_group]
        assert len(other.ice_candidates) == mine.candidates


def test_a_simulcast_offer_names_its_layers() -> None:
    (path,) = (path for path in OFFERS if path.stem == "whip-chromium-vp8-simulcast")
    video, audio = sdp.parse(path.read_text()).media
    assert video.rids_send == video.simulcast_send == ("q", "h", "f")
    assert audio.rids_send == audio.simulcast_send == ()


def test_a_codec_has_its_parameters_and_feedback() -> None:
    section = media(
        "a=rtpmap:96 H264/90000",
        "a=fmtp:96 Profile-Level-Id=42e01f; packetization-mode=1;alone",
        "a=rtcp-fb:96 nack pli",
        "a=rtcp-fb:* nack",
        "a=rtcp-fb:97 transport-cc",
    )
    (codec,) = section.codecs
    assert (codec.payload_type, codec.name, codec.clock_rate, codec.channels) == (96, "H264", 90_000, 1)
    assert codec.parameters == {"profile-level-id": "42e01f", "packetization-mode": "1", "alone": ""}
    assert codec.fmtp == "Profile-Level-Id=42e01f; packetization-mode=1;alone"
    assert codec.feedback == {"nack", "nack pli"}


def test_codecs_keep_the_order_of_the_line_not_of_the_maps() -> None:
    (section,) = read(
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 0 9", "a=rtpmap:9 G722/8000", "a=rtpmap:111 opus/48000/2"
    ).media
    assert [codec.name for codec in section.codecs] == ["opus", "G722"]
    assert section.codecs[0].channels == 2
    assert section.formats == ("111", "0", "9")


def test_what_the_session_says_holds_for_each_line_until_it_says_otherwise() -> None:
    other = FINGERPRINT.replace("0A", "0B")
    first, second = read(
        f"a=fingerprint:SHA-256 {FINGERPRINT.lower()}",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:" + "p" * 22,
        "a=setup:actpass",
        "a=recvonly",
        "a=extmap:1 urn:one",
        "a=extmap-allow-mixed",
        VIDEO,
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        f"a=fingerprint:sha-256 {other}",
        "a=setup:active",
        "a=ice-ufrag:efgh",
        "a=sendonly",
        "a=extmap:2 urn:two",
    ).media
    assert first.fingerprints == (("sha-256", FINGERPRINT),)
    assert (first.ice_ufrag, first.setup, first.direction) == ("abcd", "actpass", "recvonly")
    assert first.extensions == {1: "urn:one"}
    assert second.fingerprints == (("sha-256", other),)
    assert (second.ice_ufrag, second.setup, second.direction) == ("efgh", "active", "sendonly")
    assert second.ice_pwd == first.ice_pwd
    assert second.extensions == {1: "urn:one", 2: "urn:two"}
    assert first.extmap_allow_mixed
    assert second.extmap_allow_mixed


def test_extensions_lose_their_direction_and_attributes() -> None:
    section = media("a=extmap:9/sendonly urn:mid", "a=extmap:200 urn:far extra", "a=extmap:4096 urn:later")
    assert section.extensions == {9: "urn:mid", 200: "urn:far"}


def test_rids_and_their_order() -> None:
    section = media(
        "a=rid:lo send max-width=320",
        "a=rid:hi send",
        "a=rid:x recv",
        "a=simulcast:recv x send hi,alt;~lo",
    )
    assert section.rids_send == ("lo", "hi")
    assert section.simulcast_send == ("hi", "lo")


def test_sources_groups_and_flags() -> None:
    section = media(
        "a=ssrc-group:FID 11 12",
        "a=ssrc:11 cname:x",
        "a=ssrc:11 msid:- y",
        "a=ssrc:12 cname:x",
        "a=msid:- y",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=bundle-only",
        "a=candidate:1 1 udp 1 192.0.2.1 9 typ host",
    )
    assert section.ssrcs == (11, 12)
    assert section.ssrc_groups == (("FID", (11, 12)),)
    assert section.msid == "- y"
    assert section.rtcp_mux
    assert section.rtcp_rsize
    assert section.bundle_only
    assert section.candidates == 1


def test_silence_means_the_defaults() -> None:
    section = media()
    assert section == Media(
        kind="video", port=9, protocol="UDP/TLS/RTP/SAVPF", formats=("96",), direction="sendrecv"
    )


def test_bundle_is_the_first_of_its_kind_each_mid_once() -> None:
    assert read("a=group:LS 7", "a=group:BUNDLE 0 1 0", "a=group:BUNDLE 2").bundle == ("0", "1")
    assert read("a=group:LS 7").bundle == ()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_either_line_end_will_do(end: str) -> None:
    assert read(VIDEO, "a=mid:v", end=end).media[0].mid == "v"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["hello"], "bad_line"),
        (["=x"], "bad_line"),
        (["A=mid:0"], "bad_line"),
        ([VIDEO, "a=mid:0\rx"], "bad_line"),
        (["s=a\0b"], "control_character"),
        (["s=\ud800"], "not_text"),
        (["m=video 9 UDP/TLS/RTP/SAVPF"], "bad_media_line"),
        (["m=video"], "bad_media_line"),
        (["m=video    "], "bad_media_line"),
        (["m=video 9   "], "bad_media_line"),
        (["m=  9 UDP/TLS/RTP/SAVPF 96"], "bad_media_line"),
        (["m=(video) 9 UDP/TLS/RTP/SAVPF 96"], "bad_media_line"),
        (["m=video 65536 UDP/TLS/RTP/SAVPF 96"], "bad_number"),
        (["m=video -1 UDP/TLS/RTP/SAVPF 96"], "bad_number"),
        (["m=video ٩ UDP/TLS/RTP/SAVPF 96"], "bad_number"),
        (["m=video 1_0 UDP/TLS/RTP/SAVPF 96"], "bad_number"),
        (["m=video 9 UDP/TLS/RTP/SAVPF 128", "a=rtpmap:128 VP8/90000"], "bad_number"),
        ([VIDEO, "a=rtpmap:96 VP8"], "bad_number"),
        ([VIDEO, "a=rtpmap:96 VP8/99999999999"], "bad_number"),
        ([VIDEO, "a=rtpmap:96 /90000"], "bad_rtpmap"),
        ([VIDEO, "a=mid:" + "x" * 17], "bad_mid"),
        ([VIDEO, "a=mid:a b"], "bad_mid"),
        ([VIDEO, "a=mid:0", VIDEO, "a=mid:0"], "duplicate_mid"),
        ([VIDEO, "a=sendonly", "a=recvonly"], "bad_direction"),
        ([VIDEO, "a=ice-ufrag:abc"], "bad_ice_credentials"),
        ([VIDEO, "a=ice-pwd:" + "p" * 21], "bad_ice_credentials"),
        ([VIDEO, "a=ice-ufrag:abc:d"], "bad_ice_credentials"),
        ([VIDEO, "a=ice-ufrag:" + "a" * 257], "bad_ice_credentials"),
        ([VIDEO, "a=fingerprint:sha-256 0A:0B"], "bad_fingerprint"),
        ([VIDEO, "a=fingerprint:sha-256"], "bad_fingerprint"),
        ([VIDEO, "a=setup:maybe"], "bad_setup"),
        ([VIDEO, "a=extmap:x urn:x"], "bad_number"),
        ([VIDEO, "a=extmap:1 urn:x", "a=extmap:1 urn:y"], "duplicate_extension"),
        ([VIDEO, "a=rid:a.b send"], "bad_rid"),
        ([VIDEO, *(f"a=rid:{index} send" for index in range(17))], "too_many_rids"),
        ([VIDEO, "a=simulcast:send a;;b"], "bad_simulcast"),
        ([VIDEO, "a=ssrc:x cname:y"], "bad_number"),
        ([VIDEO, "a=ssrc-group:FID 1 4294967296"], "bad_number"),
        ([VIDEO] * 33, "too_many_lines"),
        ([VIDEO, *["a=candidate:x"] * 101, VIDEO, *["a=candidate:x"] * 100], "too_many_candidates"),
        (["s=" + "é" * 33_000], "too_long"),
    ],
)
def test_malformed_descriptions_are_named(lines: list[str], expected: str) -> None:
    assert reason(*lines) == expected


@pytest.mark.parametrize("text", ["", "hello", "m=video 9 x 96\r\n", "v=1\r\n", " v=0\r\n"])
def test_what_does_not_begin_with_its_version_is_not_sdp(text: str) -> None:
    with pytest.raises(SdpError) as caught:
        sdp.parse(text)
    assert caught.value.reason == "no_version"


def test_the_bounds_themselves_are_fine() -> None:
    assert len(read(*[VIDEO] * 32).media) == 32
    assert media(*["a=candidate:x"] * 200).candidates == 200


@given(st.text(max_size=200))
def test_strangers_get_an_sdp_error_or_a_description(text: str) -> None:
    for attempt in (text, "v=0\r\n" + text):
        try:
            sdp.parse(attempt)
        except SdpError as refused:
            assert refused.reason


@given(st.data())
def test_no_mangled_offer_gets_past(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from(OFFERS)).read_text().split("\n")
    edits: list[Callable[[str], str]] = [
        lambda line: "",
        lambda line: line * 2,
        lambda line: line[: len(line) // 2],
        lambda line: line.replace(":", " "),
        lambda line: line + data.draw(st.text(max_size=5)),
    ]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at] = data.draw(st.sampled_from(edits))(lines[at])
    try:
        sdp.parse("\n".join(lines))
    except SdpError as refused:
        assert refused.reason
