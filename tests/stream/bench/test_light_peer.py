"""What a light peer says is what our relay's own readers understand."""

from __future__ import annotations

import pytest

from stream.bench.ends import AUDIO_TYPE, RTX_TYPE, VIDEO_TYPE, LocalEnd, UnusableAnswer, answer, offer, read
from stream.bench.light_peer import binding_request
from stream.negotiation import negotiate_publish, negotiate_view
from stream.wire import sdp, stun
from tests.stream.offers import LOCAL, Slots

END = LocalEnd("here", "p" * 24, ":".join(["0A"] * 32), ("127.0.0.1", 4000))


def test_a_check_nominates_and_verifies() -> None:
    data = binding_request("theirs:ours", "secret" * 4, 77)
    request = stun.parse_request(data)
    assert (request.username, request.use_candidate, request.controlling) == ("theirs:ours", True, True)
    assert request.tie_breaker == 77
    assert stun.verify(request, data, b"secret" * 4)
    assert not stun.verify(request, data, b"another")


def test_a_publisher_is_taken_by_our_relay() -> None:
    agreed = negotiate_publish(offer(END, "sendonly", (11, 22)), LOCAL)
    assert [(line.kind, line.ssrc) for line in agreed.media] == [("audio", 11), ("video", 22)]
    remote = read(agreed.answer, resource="here")
    assert (remote.ufrag, remote.pwd, remote.address) == (LOCAL.ufrag, LOCAL.pwd, LOCAL.candidates[0])
    assert (remote.dtls_role, remote.resource) == ("client", "here")
    assert (remote.video_type, remote.audio_type, remote.rtx_type) == (VIDEO_TYPE, AUDIO_TYPE, -1)
    assert remote.transport_cc


def test_a_viewer_is_taken_by_our_relay() -> None:
    remote = read(negotiate_view(offer(END, "recvonly"), LOCAL, Slots()).answer)
    assert (remote.video_type, remote.audio_type, remote.rtx_type) == (VIDEO_TYPE, AUDIO_TYPE, RTX_TYPE)


def test_a_server_that_offers_is_answered_line_by_line() -> None:
    offered = offer(END, "sendonly", (1, 2))
    text = answer(offered, END)
    parsed = sdp.parse(text)
    assert [(line.kind, line.mid, line.direction) for line in parsed.media] == [
        ("audio", "0", "recvonly"),
        ("video", "1", "recvonly"),
    ]
    assert [line.setup for line in parsed.media] == ["active", "active"]
    assert read(offered, ours="client").dtls_role == "client"


@pytest.mark.parametrize("text", ["", "v=0\r\ns=-\r\n", offer(END, "sendonly").replace("VP8", "VP9")])
def test_what_a_peer_cannot_use_is_said(text: str) -> None:
    with pytest.raises(UnusableAnswer):
        read(text)
