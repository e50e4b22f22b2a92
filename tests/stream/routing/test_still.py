"""The relay's own picture: there while a plan names it, decodable, and cheap."""

from __future__ import annotations

import av
from PIL import Image

from stream.clients.still_card import HEIGHT, WIDTH, draw, encode
from stream.plan import STILL, Feed
from stream.routing.still import INTERVAL, Still
from stream.wire import rtcp, vp8
from stream.wire.rtp import RtpPacket
from tests.stream.routing.stage_hands import Speaker, everyone, line_out, plan, taken
from tests.stream.routing.test_router import Session


def assembled(packets: list[RtpPacket]) -> bytes:
    """Return the frame that packets carry."""
    frame = b""
    for packet in packets:
        descriptor = vp8.parse(packet.payload)
        assert descriptor is not None
        frame += packet.payload[descriptor.data_at :]
    return frame


def test_it_is_a_key_frame_that_shows_what_was_drawn() -> None:
    packets = Still("s").due(0.0)
    decoder = av.CodecContext.create("vp8", "r")
    (picture,) = decoder.decode(av.Packet(assembled(packets)))
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    shown = Image.fromarray(picture.to_ndarray(format="rgb24")).resize((32, 18))
    drawn = draw().resize((32, 18))
    pairs = zip(shown.tobytes(), drawn.tobytes(), strict=True)
    assert max(abs(one - other) for one, other in pairs) < 40
    assert len(packets) <= 4 and packets[-1].marker
    assert len(encode(draw())) < 2 * sum(len(packet.payload) for packet in packets)


def test_it_is_sent_each_second_and_at_once_to_who_wants_a_picture() -> None:
    still = Still("s")
    assert still.due(10.0) and not still.due(10.0 + INTERVAL / 2) and still.due(10.0 + INTERVAL)
    still.send_rtcp(rtcp.pack_receiver_report(1, []) + rtcp.pack_sdes_cname(1, "stage"))
    assert not still.due(11.1)
    still.send_rtcp(rtcp.pack_pli(1, 2))
    assert still.due(11.2)


def test_a_slate_takes_the_stages_place_and_gives_it_back_on_the_same_stream() -> None:
    session = Session(Speaker("sp"))
    viewer = session.join("v", [line_out("main")])
    session.play(3, key=True)
    slot = session.router.feeds["stage"].slots["main"]
    stream = slot.ssrc
    session.router.set_plan(plan(2, Feed(main=("slate/camera", STILL))), session.now)
    session.play(5)
    assert slot.source is not None and slot.source.key == STILL
    before = len(session.bursts)
    session.play(60)
    sent = taken(session.bursts[before:], viewer)
    assert 2 <= len(sent) <= 10, "two seconds of a still are some packets"
    assert STILL not in {f"{one.participant}/{one.source}" for one in session.router.publication_states(0.0)}
    assert len(session.router.publication_states(session.now)) == 1
    session.router.set_plan(plan(3, everyone("sp/camera")), session.now)
    session.play(3, key=True)
    assert slot.source is session.speakers[0].publication.producer("video")
    assert slot.ssrc == stream and STILL not in session.router.publications


def test_who_publishes_a_slate_of_their_own_is_shown_before_it() -> None:
    own = Speaker("slate")
    session = Session(own)
    session.join("v", [line_out("main")])
    session.router.set_plan(plan(2, Feed(main=("slate/camera", STILL))), session.now)
    session.play(5, key=True)
    slot = session.router.feeds["stage"].slots["main"]
    assert slot.source is own.publication.producer("video")
    for _ in range(120):
        session.now += 1 / 30
        session.router.flush(session.now)
        session.router.tick(session.now, session.now)
    assert slot.source is not None and slot.source.key == STILL, "and where it ends, the still stands in"
