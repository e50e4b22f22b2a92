"""One session end to end, without a network: plans, publishers that come back, groups of viewers."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Literal

import pytest

from stream.plan import Feed, StagePlan
from stream.routing.feed import EARLY_REPORTS
from stream.routing.group import Burst
from stream.routing.router import Publisher, Router
from stream.routing.track import Track
from stream.transport.fanout import PlainPacket
from stream.wire import rtcp
from stream.wire.sequence import extend
from tests.stream.routing.stage_hands import (
    AUDIO_IN,
    H264_IN,
    VIDEO_IN,
    Peer,
    Speaker,
    clear,
    everyone,
    line_out,
    plan,
    taken,
)

STAGE = [line_out("main"), line_out("slides"), line_out("audio0"), line_out("audio1"), line_out("audio2")]


class Session:
    """A router, its time, and all that was sent."""

    def __init__(self, *speakers: Speaker, stage: Feed | None = None) -> None:
        self.router: Router[Peer] = Router("s")
        self.now = 100.0
        self.bursts: list[Burst[Peer]] = []
        self.reports: list[tuple[Peer | Publisher, bytes]] = []
        self.speakers = speakers
        for speaker in speakers:
            self.publish(speaker)
        names = [speaker.publication.key for speaker in speakers]
        self.router.set_plan(plan(1, stage or everyone(*names)), self.now)
        if speakers:
            self.play(4, key=True)

    def publish(self, speaker: Speaker) -> str | None:
        return self.router.publish(speaker.peer, speaker.publication, self.now)

    def play(self, frames: int, *speakers: Speaker, key: bool = False) -> list[Burst[Peer]]:
        """Let speakers (all, unless named) send frames with sound, the first a key frame on demand."""
        new: list[Burst[Peer]] = []
        for place in range(frames):
            self.now += 1 / 30
            for speaker in speakers or self.speakers:
                packets = speaker.frame(key=key and not place) if speaker.video else []
                for packet in [*packets, *([speaker.sound()] if speaker.audio else [])]:
                    self.router.receive_rtp(speaker.peer.id, packet, self.now)
            new += self.router.flush(self.now)
            self.reports += self.router.tick(self.now, self.now)
        self.bursts += new
        return new

    def join(self, name: str = "viewer", lines: list[object] | None = None) -> Peer:
        peer = Peer(name)
        self.router.view("stage", peer, name, lines or STAGE, self.now)  # type: ignore[arg-type]
        return peer

    def hear(self, peer: Peer, *packets: rtcp.Packet) -> list[Burst[Peer]]:
        return self.router.receive_rtcp(peer.id, packets, self.now, self.now)

    def plis(self, speaker: Speaker) -> int:
        return speaker.publication.counters["pli"]

    def tracks(self, speaker: Speaker) -> tuple[Track, ...]:
        producer = speaker.publication.producer("video")
        assert producer is not None
        return producer.tracks

    @property
    def main(self) -> int:
        return self.router.feeds["stage"].slots["main"].ssrc


def video(session: Session, packets: list[PlainPacket]) -> list[PlainPacket]:
    return [packet for packet in packets if packet.ssrc == session.main]


def unbroken(packets: list[PlainPacket]) -> bool:
    indices = [packet.srtp_index for packet in packets]
    stamps = [clear(packet).timestamp for packet in packets]
    return indices == list(range(indices[0], indices[0] + len(indices))) and all(
        extend(b - a, 0, 32) >= 0 for a, b in pairwise(stamps)
    )


class TestPlans:
    def test_the_greater_version_stands(self) -> None:
        router: Router[Peer] = Router("s")
        assert router.unplanned
        assert router.set_plan(plan(5, everyone("a")), 0.0)
        assert not router.set_plan(plan(4, Feed()), 0.0)
        assert router.set_plan(plan(5, everyone("b")), 0.0), "the same again is no error"
        assert not router.set_plan(plan(9, Feed(), epoch=0), 0.0)
        assert router.set_plan(plan(1, Feed(), epoch=2), 0.0)
        assert router.plan.version == (2, 1)
        assert not router.unplanned

    def test_a_plan_may_name_who_is_not_there_yet(self) -> None:
        speaker = Speaker("late")
        session = Session(stage=everyone("late/camera"))
        viewer = session.join()
        session.publish(speaker)
        bursts = session.play(5, speaker, key=True)
        assert len(video(session, taken(bursts, viewer))) == 10

    def test_the_stage_is_live_while_somebody_planned_sends(self) -> None:
        session = Session(Speaker("a"))
        assert session.router.on_stage("stage", session.now)
        assert not session.router.on_stage("stage", session.now + 3)
        assert not session.router.on_stage("return", session.now)

    def test_who_is_not_in_the_plan_is_not_seen(self) -> None:
        session = Session(Speaker("a"), stage=everyone("b/camera"))
        viewer = session.join()
        assert taken(session.play(5, key=True), viewer) == []

    def test_a_change_of_speaker_breaks_nothing(self) -> None:
        one, two = Speaker("one"), Speaker("two", sequence=60_000, timestamp=5, picture_id=999)
        session = Session(one, two)
        viewer = session.join()
        session.play(10, key=True)
        session.router.set_plan(plan(2, everyone("two/camera")), session.now)
        session.play(10)
        session.play(10, key=True)
        assert session.router.feeds["stage"].slots["main"].switches == 2
        assert unbroken(video(session, taken(session.bursts, viewer)))


class TestPublishers:
    def test_the_newest_of_two_wins_and_viewers_do_nothing(self) -> None:
        former, newest = Speaker("sp", peer_id="p-1"), Speaker("sp", peer_id="p-2", sequence=7)
        session = Session(former)
        viewer = session.join()
        session.play(10, former)
        assert session.publish(newest) == "p-1"
        session.router.leave("p-1", session.now)
        session.play(10, newest, key=True)
        assert session.router.publications["sp/camera"] is newest.publication
        packets = video(session, taken(session.bursts, viewer))
        assert unbroken(packets) and len(packets) == 4 * 2 + 20 + 20

    def test_one_that_comes_back_takes_its_place(self) -> None:
        session = Session(Speaker("sp"))
        viewer = session.join()
        session.play(5)
        session.router.leave("from-sp", session.now)
        session.router.tick(session.now, session.now)
        assert session.router.publications == {}
        assert session.router.feeds["stage"].slots["main"].wanted is None
        session.now += 20
        again = Speaker("sp", peer_id="again", sequence=3, timestamp=1)
        session.publish(again)
        session.play(5, again, key=True)
        packets = video(session, taken(session.bursts, viewer))
        assert unbroken(packets) and len(packets) == 4 * 2 + 10 + 10

    def test_its_feedback_goes_to_itself(self) -> None:
        session = Session(Speaker("a"), Speaker("b"))
        peers = {peer.id for peer, _ in session.router.tick(session.now + 1, session.now)}
        assert peers == {"from-a", "from-b"}

    def test_states_are_told(self) -> None:
        session = Session(Speaker("a", audio=None), Speaker("b", video=None))
        told = {one.participant: one for one in session.router.publication_states(session.now)}
        assert (told["a"].video, told["a"].audio, told["a"].live, told["a"].picture) == (
            True,
            False,
            True,
            True,
        )
        assert (told["b"].video, told["b"].audio, told["b"].live, told["b"].picture) == (
            False,
            True,
            True,
            False,
        )
        late = session.router.publication_states(session.now + 5)[0]
        assert not late.live and not late.picture

    def test_who_is_heard_and_not_seen_is_told_as_such(self) -> None:
        speaker = Speaker("a")
        session = Session(speaker)
        session.now += 3
        session.router.receive_rtp(speaker.peer.id, speaker.sound(), session.now)
        (told,) = session.router.publication_states(session.now)
        assert (told.live, told.video, told.picture) == (True, True, False)

    def test_packets_of_nobody_are_nothing(self) -> None:
        session = Session(Speaker("a"))
        viewer = session.join()
        packet = Speaker("x").frame()[0]
        session.router.receive_rtp("nobody", packet, session.now)
        session.router.receive_rtp(viewer.id, packet, session.now)
        assert session.router.receive_rtcp("nobody", [rtcp.Goodbye((1,))], session.now, 0.0) == []
        session.router.leave("nobody", session.now)


class TestGroups:
    def test_equal_viewers_share_one_burst(self) -> None:
        session = Session(Speaker("sp"))
        viewers = [session.join(f"v{number}") for number in range(50)]
        session.play(1)
        (burst,) = session.play(1)
        assert list(burst.recipients) == viewers
        assert len(burst.packets) == 2 + 1

    def test_one_that_leaves_and_one_that_joins_in_between_trouble_nobody(self) -> None:
        session = Session(Speaker("sp"))
        stays, leaves = session.join("stays"), session.join("leaves")
        session.play(5)
        session.router.leave(leaves.id, session.now)
        session.play(5)
        joins = session.join("joins")
        session.play(5)
        (burst,) = session.play(1)
        assert list(burst.recipients) == [stays, joins]
        for viewer in (stays, leaves, joins):
            assert unbroken(video(session, taken(session.bursts, viewer)))
        assert len(video(session, taken(session.bursts, leaves))) == 8 + 10
        starts = [video(session, taken(session.bursts, v))[0].srtp_index for v in (stays, joins)]
        assert starts[0] == starts[1], "both from the key frame"

    def test_different_codecs_make_groups_of_their_own(self) -> None:
        session = Session(Speaker("sp"))
        session.join("a")
        session.join("b", [line_out("main", rtx=False)])
        session.play(1)
        assert len(session.play(1)) == 2

    def test_nothing_is_left_of_who_left(self) -> None:
        session = Session(Speaker("sp"))
        for number in range(20):
            viewer = session.join(f"v{number}")
            session.play(2)
            if number % 2:
                session.hear(viewer, rtcp.PictureLossIndication(1, session.main))
            session.router.leave(viewer.id, session.now)
        feed = session.router.feeds["stage"]
        assert not feed.viewers and not feed._groups
        assert not any(feed._unsettled.values())
        assert not session.router._feed_of

    def test_a_straggler_goes_to_each_as_its_start_wants_it(self) -> None:
        """A packet overtaken by a join is part of that viewer's hurried start, and of others' live stream."""
        speaker = Speaker("sp")
        session = Session(speaker)
        old = session.join("old")
        session.play(3)
        held = speaker.frame()
        session.play(1)
        new = session.join("new")
        session.play(1)
        for packet in held:
            session.router.receive_rtp(speaker.peer.id, packet, session.now)
        late = session.router.flush(session.now)
        (old_stamp,) = {clear(p).timestamp for p in taken(late, old)}
        (new_stamp,) = {clear(p).timestamp for p in taken(late, new)}
        seen = [clear(p) for p in video(session, taken(session.bursts, new))]
        place = next(n for n, p in enumerate(seen) if p.sequence > clear(taken(late, new)[0]).sequence)
        assert extend(seen[place].timestamp - new_stamp, 0, 32) > 0
        assert extend(new_stamp - seen[place - 1].timestamp, 0, 32) > 0
        assert new_stamp != old_stamp


class TestCodecs:
    def test_a_viewer_without_the_codec_gets_nothing_and_troubles_nobody(self) -> None:
        session = Session(Speaker("sp", video=H264_IN))
        poor, rich = session.join("poor", [line_out("main", "VP8")]), session.join("rich")
        session.play(10, key=True)
        assert taken(session.bursts, poor) == []
        assert session.hear(poor, rtcp.Nack(1, session.main, (1, 2, 3))) == []
        assert video(session, taken(session.bursts, rich))
        assert session.plis(session.speakers[0]) <= 1, "it could not play a key frame either"

    @pytest.mark.parametrize("away", [10, 33_000])
    def test_it_goes_on_where_it_stopped(self, away: int) -> None:
        """Two minutes of a codec it cannot play must not cost a viewer its rollover count."""
        speaker, hardware = Speaker("vp8"), Speaker("h264", video=H264_IN)
        session = Session(speaker, hardware)
        viewer = session.join("viewer", [line_out("main", "VP8")])
        session.play(5, speaker)
        session.router.set_plan(plan(2, everyone("h264/camera")), session.now)
        session.play(2, hardware, key=True)
        for _ in range(away // 30_000 + 1):
            hardware.sequence += min(away, 30_000)
            session.play(2, hardware)
        assert (track := session.tracks(hardware)[0]).ring.head - 0x10000 > away, track
        session.router.set_plan(plan(3, everyone("vp8/camera")), session.now)
        session.play(5, speaker, key=True)

        packets = video(session, taken(session.bursts, viewer))
        assert len(packets) == 8 + 10 + 10
        assert unbroken(packets)


class TestAudience:
    def test_500_viewers_that_ask_for_key_frames_are_heard_twice_a_second(self) -> None:
        """faults.md, row 20."""
        session = Session(Speaker("sp"))
        viewers = [session.join(f"v{number}", [line_out("main")]) for number in range(500)]
        session.play(1)
        asked: list[float] = []
        while session.now < 105:
            session.now += 0.01
            how: Literal["pli", "fir"] = "pli" if len(asked) % 2 else "fir"
            for viewer in viewers[:: 1 if session.now % 1 < 0.02 else 50]:
                session.hear(
                    viewer,
                    rtcp.PictureLossIndication(1, session.main)
                    if how == "pli"
                    else rtcp.FullIntraRequest(1, 0, ((session.main, 1),)),
                )
            before = session.plis(session.speakers[0])
            session.router.tick(session.now, session.now)
            asked += [session.now] * (session.plis(session.speakers[0]) - before)
        assert len(asked) >= 8
        assert all(b - a >= 0.5 for a, b in pairwise(asked))

    def test_a_joiner_between_key_frames_sees_the_picture_at_once(self) -> None:
        session = Session(Speaker("sp"))
        session.play(30)
        viewer = session.join()
        start = video(session, taken(session.play(2), viewer))
        assert len(start) == 2 * (4 + 30 + 2)
        assert clear(start[0]).payload[5] & 1 == 0, "a key frame"

    def test_a_long_start_is_spread_over_ticks(self) -> None:
        session = Session(Speaker("sp", per_frame=4, size=1150))
        session.play(8)
        viewer = session.join("v", [line_out("main")])
        bursts: list[int] = []
        while sum(bursts) < 48:
            bursts.append(len(taken(session.router.flush(session.now), viewer)))
            session.now += 0.01
        assert bursts[0] == 13, "what the bucket of a network not met before holds"
        assert all(3 <= count <= 4 for count in bursts[1:-1]), "then its pace, 3 Mbit/s and a tenth"
        assert len(bursts) <= 12
        assert not taken(session.router.flush(session.now), viewer)

    def test_one_who_is_expected_finds_a_fresh_key_frame(self) -> None:
        """Three round trips of a handshake later; nobody is asked while the stored one is near enough."""
        session = Session(Speaker("sp"))
        session.router.expect("stage", session.now)
        session.play(2)
        assert session.plis(session.speakers[0]) == 0
        session.play(100)
        session.router.expect("stage", session.now)
        session.play(4)
        assert session.plis(session.speakers[0]) == 1
        session.play(3, key=True)
        viewer = session.join("v", [line_out("main")])
        assert video(session, taken(session.play(1), viewer))
        assert session.plis(session.speakers[0]) == 1

    def test_one_far_behind_wants_a_key_frame(self) -> None:
        session = Session(Speaker("sp"))
        session.play(100)
        session.join("v", [line_out("main")])
        session.play(2)
        assert session.plis(session.speakers[0]) == 1

    def test_reports_come_each_second_and_speak_of_each_slot(self) -> None:
        speaker = Speaker("sp")
        session = Session(speaker)
        ntp = rtcp.ntp_from_unix(session.now)
        for ssrc in (1000, 2000):
            report = rtcp.SenderReport(ssrc, ntp, 5, 1, 1, ())
            session.router.receive_rtcp(speaker.peer.id, [report], session.now, session.now)
        viewer = session.join()
        session.play(90)
        sent = [rtcp.parse(message) for peer, message in session.reports if peer == viewer]
        assert len(sent) == EARLY_REPORTS + 2
        slots = session.router.feeds["stage"].slots
        reported = {p.ssrc for p in sent[1] if isinstance(p, rtcp.SenderReport)}
        assert reported == {slots["main"].ssrc, slots["audio0"].ssrc}, "in step within 0.2 s"

    def test_a_feed_of_its_own_has_its_own_streams(self) -> None:
        session = Session(Speaker("sp"))
        assert session.router.feed("return").ssrc("main") != session.router.feed("stage").ssrc("main")
        viewer = Peer("hall")
        session.router.view("return", viewer, "hall", STAGE, session.now)
        assert taken(session.play(3, key=True), viewer) == []

    def test_a_feed_of_ones_own_is_the_common_one_until_the_plan_has_it_and_changes_on_the_same_streams(
        self,
    ) -> None:
        adam, eve = Speaker("adam"), Speaker("eve")
        eve.video, eve.audio = replace(VIDEO_IN, ssrc=1500), replace(AUDIO_IN, ssrc=2500)
        eve.__post_init__()
        eve.ssrc = 1500
        session = Session(adam, eve)
        common, own = Feed(main=("adam/camera",)), Feed(main=("eve/camera",))
        session.router.set_plan(StagePlan(1, 2, {"return": common}), session.now)
        viewer = Peer("v")
        session.router.view("return/speaker/v", viewer, "v", [line_out("main")], session.now)
        feed = session.router.feeds["return/speaker/v"]
        session.play(3, key=True)
        assert taken(session.play(2), viewer)
        assert feed.slots["main"].source is adam.publication.producer("video")
        session.router.set_plan(StagePlan(1, 3, {"return": common, "return/speaker/v": own}), session.now)
        session.play(3, key=True)
        assert feed.slots["main"].source is eve.publication.producer("video")
        assert {packet.ssrc for packet in map(clear, taken(session.play(2), viewer))} == {
            feed.slots["main"].ssrc
        }

    def test_a_feed_of_ones_own_costs_nothing_while_nobody_watches_it(self) -> None:
        session = Session(Speaker("sp"), stage=everyone("sp/camera"))
        feeds = {"stage": everyone("sp/camera"), "solo/sp": everyone("sp/camera")}
        session.router.set_plan(StagePlan(1, 2, feeds), session.now)
        assert "solo/sp" not in session.router.feeds
        viewer = Peer("v")
        session.router.view("solo/sp", viewer, "v", [line_out("main")], session.now)
        session.play(3, key=True)
        solo = session.router.feeds["solo/sp"]
        assert (solo.slots["main"].switches, bool(taken(session.play(2), viewer))) == (1, True)
        session.router.leave("v", session.now)
        session.router.set_plan(StagePlan(1, 3, {"stage": everyone("sp/camera")}), session.now)
        session.play(30)
        assert solo.slots["main"].wanted is not None, "it is not looked at any more"

    def test_lines_without_a_slot_get_nothing(self) -> None:
        session = Session(Speaker("sp"))
        viewer = session.join("v", [replace(line_out("main"), slot=None), line_out("audio0")])
        session.play(3)
        audio = session.router.feeds["stage"].slots["audio0"].ssrc
        assert {p.ssrc for p in taken(session.bursts, viewer)} == {audio}
