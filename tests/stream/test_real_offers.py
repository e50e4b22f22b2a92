"""Every offer of a real client gets the right answer, and what is left of a mangled one a reason."""

from __future__ import annotations

from typing import Any

import pytest
from aiortc.sdp import MediaDescription
from aiortc.sdp import SessionDescription as OracleDescription
from hypothesis import given
from hypothesis import strategies as st

from stream.errors import OfferRefused
from stream.negotiation import AgreedMedia, Agreement, negotiate_publish, negotiate_view
from stream.wire import sdp
from tests.stream.offers import LOCAL, PUBLISHERS, VIEWERS, Slots, lines_of, real


def agree(name: str) -> Agreement:
    if name.startswith("whip"):
        return negotiate_publish(real(name), LOCAL)
    return negotiate_view(real(name), LOCAL, Slots())


@pytest.mark.parametrize("name", PUBLISHERS + VIEWERS)
def test_the_answer_to_a_real_offer(name: str) -> None:
    """Whoever offers, the answer holds the relay's transport once a line, and aiortc can read it."""
    agreement = agree(name)
    offered, answered = sdp.parse(real(name)), sdp.parse(agreement.answer)
    head = lines_of(agreement.answer)[0]
    assert "a=ice-lite" in head
    assert agreement.remote_ufrag == offered.media[0].ice_ufrag
    assert agreement.remote_pwd == offered.media[0].ice_pwd
    assert agreement.fingerprints == offered.media[0].fingerprints
    assert answered.bundle == offered.bundle == tuple(line.mid for line in agreement.media)
    for ask, reply, line in zip(offered.media, answered.media, agreement.media, strict=True):
        assert (reply.kind, reply.mid, reply.protocol) == (ask.kind, ask.mid, ask.protocol)
        assert reply.port == 7000
        assert (reply.ice_ufrag, reply.ice_pwd) == (LOCAL.ufrag, LOCAL.pwd)
        assert reply.fingerprints == (("sha-256", LOCAL.fingerprint),)
        assert reply.setup == ("passive" if agreement.dtls_role == "server" else "active")
        assert reply.direction == line.direction == ("recvonly" if name.startswith("whip") else "sendonly")
        assert reply.rtcp_mux
        assert (reply.rtcp_rsize, reply.extmap_allow_mixed) == (ask.rtcp_rsize, ask.extmap_allow_mixed)
        assert reply.candidates == 2
        assert set(reply.formats) <= set(ask.formats)
        assert reply.extensions.items() <= ask.extensions.items()
        assert {one.payload_type: one.name for one in reply.codecs}.items() <= {
            one.payload_type: one.name for one in ask.codecs
        }.items()
        for codec in reply.codecs:
            (asked,) = (one for one in ask.codecs if one.payload_type == codec.payload_type)
            assert codec.feedback <= asked.feedback
            assert not codec.feedback >= {"transport-cc", "goog-remb"}
    for other in OracleDescription.parse(agreement.answer).media:
        assert_oracle_agrees(other)


def assert_oracle_agrees(other: MediaDescription) -> None:
    assert other.ice is not None
    assert other.ice.iceLite
    assert other.ice_candidates_complete
    assert [(one.ip, one.port, one.type, one.protocol) for one in other.ice_candidates] == [
        ("127.0.0.1", 7000, "host", "udp"),
        ("::1", 7000, "host", "udp"),
    ]
    assert other.dtls is not None
    assert [one.value for one in other.dtls.fingerprints] == [LOCAL.fingerprint]


@pytest.mark.parametrize(
    ("name", "codec", "numbers", "fmtp"),
    [
        ("whip-chromium-vp8", "VP8", (96, 97), ""),
        ("whip-chromium-vp8-simulcast", "VP8", (96, 97), ""),
        ("whip-eyevinn-chromium", "VP8", (96, 97), ""),
        ("whip-roamhq", "VP8", (96, 97), ""),
        ("whip-firefox", "VP8", (120, 124), ""),
        (
            "whip-chromium-h264",
            "H264",
            (108, 109),
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        ),
        (
            "whip-ffmpeg9",
            "H264",
            (106, 105),
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
        ),
        (
            "whip-pyav18",
            "H264",
            (106, 105),
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001e",
        ),
    ],
)
def test_a_real_publisher_sends_one_codec(name: str, codec: str, numbers: tuple[int, int], fmtp: str) -> None:
    video = by_kind(agree(name))["video"]
    (chosen,) = video.codecs
    assert (chosen.name, chosen.payload_type, chosen.rtx_payload_type, chosen.fmtp) == (
        codec,
        *numbers,
        fmtp,
    )
    is_ffmpeg = name in ("whip-ffmpeg9", "whip-pyav18")
    assert chosen.nack
    assert (chosen.pli, chosen.fir, chosen.transport_cc) == (not is_ffmpeg,) * 3
    assert not chosen.remb
    assert video.slot is None


@pytest.mark.parametrize(
    ("name", "ssrcs"),
    [
        ("whip-chromium-vp8", (100301416, 1565867607)),
        ("whip-firefox", (3424434807, 487770688)),
        ("whip-ffmpeg9", (1790080083, 1790080084)),
        ("whip-chromium-vp8-simulcast", (None, None)),
    ],
)
def test_a_real_publishers_sources(name: str, ssrcs: tuple[int | None, int | None]) -> None:
    video = by_kind(agree(name))["video"]
    assert (video.ssrc, video.rtx_ssrc) == ssrcs


@pytest.mark.parametrize(
    ("name", "opus", "fmtp"),
    [
        ("whip-chromium-vp8", 111, "minptime=10;useinbandfec=1"),
        ("whip-firefox", 109, "maxplaybackrate=48000;stereo=1;useinbandfec=1"),
        ("whip-ffmpeg9", 111, "useinbandfec=1"),
        ("whep-werift", 96, "useinbandfec=1"),
    ],
)
def test_opus_is_asked_for_error_correction(name: str, opus: int, fmtp: str) -> None:
    (codec,) = by_kind(agree(name))["audio"].codecs
    assert (codec.name, codec.payload_type, codec.rtx_payload_type, codec.fmtp) == ("opus", opus, None, fmtp)


def by_kind(agreement: Agreement) -> dict[str, AgreedMedia]:
    return {line.kind: line for line in agreement.media}


@pytest.mark.parametrize(
    ("name", "codecs"),
    [
        ("whep-eyevinn-chromium", [("VP8", 96, 97), ("H264", 108, 109)]),
        ("whep-firefox", [("VP8", 120, 124)]),
        ("whep-roamhq", [("VP8", 96, 97)]),
        ("whep-werift", [("VP8", 97, None)]),
    ],
)
def test_a_real_viewer_gets_every_codec_and_two_slots(
    name: str, codecs: list[tuple[str, int, int | None]]
) -> None:
    agreement = agree(name)
    lines = by_kind(agreement)
    video, audio = lines["video"], lines["audio"]
    assert [(one.name, one.payload_type, one.rtx_payload_type) for one in video.codecs] == codecs
    assert (video.slot, audio.slot) == ("main", "audio")
    with_rtx = codecs[0][2] is not None
    assert (video.ssrc, video.rtx_ssrc) == (1000, 2000 if with_rtx else None)
    assert (audio.ssrc, audio.rtx_ssrc) == (1002, None)
    _, *sections = lines_of(agreement.answer)
    assert "a=msid:stage main" in sections[video.index]
    assert "a=ssrc:1000 cname:stage" in sections[video.index]
    assert ("a=ssrc-group:FID 1000 2000" in sections[video.index]) is with_rtx
    assert ("a=ssrc:2000 cname:stage" in sections[video.index]) is with_rtx
    assert "a=msid:stage audio" in sections[audio.index]
    marked = name != "whep-werift"
    assert {(one.transport_cc, one.remb) for one in video.codecs} == {(marked, not marked)}
    assert ("transport_cc" in video.extensions) is marked


def test_the_extensions_of_a_publisher_and_a_viewer() -> None:
    publisher, viewer = by_kind(agree("whip-chromium-vp8")), by_kind(agree("whep-eyevinn-chromium"))
    both: dict[str, int] = {"mid": 9, "abs_send_time": 2}
    assert publisher["video"].extensions == both | {"rid": 10, "repaired_rid": 11, "transport_cc": 4}
    assert publisher["audio"].extensions == both | {"audio_level": 14, "transport_cc": 4}
    assert viewer["video"].extensions == both | {"playout_delay": 5, "transport_cc": 4}
    assert viewer["audio"].extensions == both | {"audio_level": 14, "transport_cc": 4}


def test_ffmpeg_waits_for_us_to_open_dtls() -> None:
    assert agree("whip-ffmpeg9").dtls_role == "client"
    assert agree("whip-chromium-vp8").dtls_role == "server"  # it offers active
    assert agree("whip-firefox").dtls_role == "server"  # it offers actpass


def test_a_simulcast_publisher_is_asked_for_all_its_layers() -> None:
    agreement = agree("whip-chromium-vp8-simulcast")
    video = by_kind(agreement)["video"]
    assert video.rids == ("q", "h", "f")
    section_lines = lines_of(agreement.answer)[1 + video.index]
    assert [line for line in section_lines if line.startswith("a=rid:")] == [
        f"a=rid:{rid} recv" for rid in video.rids
    ]
    assert "a=simulcast:recv q;h;f" in section_lines


def test_a_vp9_only_publisher_is_told_what_to_offer() -> None:
    with pytest.raises(OfferRefused) as caught:
        negotiate_publish(real("whip-chromium-vp9"), LOCAL)
    assert (caught.value.code, caught.value.status) == ("no_common_codec", 422)
    assert "VP9" in caught.value.detail
    assert "VP8" in caught.value.detail
    assert "H264" in caught.value.detail
    assert "rtx" not in caught.value.detail


@given(st.data())
def test_no_mangled_offer_gets_past(data: st.DataObject) -> None:
    """Whatever a line becomes: a refusal, or an answer with as many lines that can be read again."""
    name = data.draw(st.sampled_from(PUBLISHERS + VIEWERS))
    lines = real(name).split("\r\n")
    others: list[Any] = [st.just(""), st.sampled_from(lines), st.text(max_size=20)]
    for _ in range(data.draw(st.integers(1, 5))):
        lines[data.draw(st.integers(1, len(lines) - 1))] = data.draw(st.one_of(others))
    text = "\r\n".join(lines)
    try:
        if name.startswith("whip"):
            agreement: Agreement = negotiate_publish(text, LOCAL)
        else:
            agreement = negotiate_view(text, LOCAL, Slots())
    except OfferRefused as refused:
        assert 400 <= refused.status < 500
        return
    answered = sdp.parse(agreement.answer)
    assert len(answered.media) == len(sdp.parse(text).media)
    assert agreement.media
