"""The law of SRTP, over everything routing may do: an index stands for one plaintext, for ever.

AES-GCM falls apart where a key, SSRC and index protect two different plaintexts (RFC 7714, section 8.4).
A machine of publishers and viewers does what it likes: loses, repeats and overtakes packets, changes the
plan, the layers and their temporal limits, starts publishers over, joins, leaves, loses pictures and asks
for anything again, in the middle of bursts too.
"""

from __future__ import annotations

from typing import Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from stream.agreement import Extension
from stream.plan import Feed
from stream.routing.consumer import BEST_LAYER
from stream.routing.group import Burst
from stream.routing.packet_ring import FULL
from stream.routing.router import Router
from stream.transport.fanout import PlainPacket
from stream.wire import rtcp
from stream.wire.rtp import RtpPacket
from tests.stream.routing.stage_hands import (
    H264_IN,
    LayeredSpeaker,
    Peer,
    Speaker,
    everyone,
    line_out,
    plan,
    taken,
)

KEYS = ("vp8-1/camera", "vp8-2/camera", "h264/camera", "layers/camera")

MARKED = {Extension.MID: 4, Extension.ABS_SEND_TIME: 5, Extension.TRANSPORT_CC: 6}

VIEWERS = {
    "everything": line_out("main", extensions=MARKED),
    "without-rtx": line_out("main", rtx=False, extensions=MARKED),
    "vp8-only": line_out("main", "VP8"),
    "vp8-only-without-rtx": line_out("main", "VP8", rtx=False),
    "h264-only": line_out("main", "H264", rtx=False),
}


class Law(RuleBasedStateMachine):
    """One session, four publishers, one of them in layers, and viewers of every kind."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.router: Router[Peer] = Router("s")
        self.speakers: list[Speaker | LayeredSpeaker] = [
            Speaker("vp8-1"),
            Speaker("vp8-2"),
            Speaker("h264", video=H264_IN),
            LayeredSpeaker("layers"),
        ]
        self.sent: dict[str, dict[tuple[int, int], PlainPacket]] = {}
        self.newest: dict[tuple[str, int], int] = {}
        self.lost: list[tuple[str, RtpPacket]] = []
        self.plans = 0
        self.joined = 0

    @initialize(starts=st.lists(st.integers(30_000, 0xFFFF), min_size=4, max_size=4))
    def begin(self, starts: list[int]) -> None:
        for speaker, start in zip(self.speakers, starts, strict=True):
            if isinstance(speaker, Speaker):
                speaker.sequence = start
            else:
                for layer in speaker.layers:
                    layer.sequence = (start + layer.ssrc * 999) & 0xFFFF
            self.router.publish(speaker.peer, speaker.publication, self.now)
        self.change_plan(0)
        self.frames(0, 3, True, "flush", 9)
        for kind in ("vp8-only-without-rtx", "everything"):
            self.join(kind)
        self.flush()

    def check(self, bursts: list[Burst[Peer]]) -> None:
        for peer in {peer.id: peer for burst in bursts for peer in burst.recipients}.values():
            for packet in taken(bursts, peer):
                known = self.sent[peer.id].setdefault((packet.ssrc, packet.srtp_index), packet)
                assert known == packet, f"{peer.id}: two plaintexts under index {packet.srtp_index}"
                newest = self.newest.get((peer.id, packet.ssrc), packet.srtp_index)
                assert packet.srtp_index - newest < 0x8000, "the rollover count would be lost"
                self.newest[peer.id, packet.ssrc] = max(newest, packet.srtp_index)

    @rule(number=st.integers(0, 3))
    def change_plan(self, number: int) -> None:
        self.plans += 1
        assert self.router.set_plan(plan(self.plans, everyone(KEYS[number])), self.now)

    @rule()
    def clear_the_stage(self) -> None:
        self.plans += 1
        self.router.set_plan(plan(self.plans, Feed()), self.now)

    @rule(
        number=st.integers(0, 3),
        count=st.integers(1, 30),
        key=st.booleans(),
        then=st.sampled_from(["flush", "ask", "nothing"]),
        loss=st.integers(1, 12),
    )
    def frames(
        self, number: int, count: int, key: bool, then: Literal["flush", "ask", "nothing"], loss: int
    ) -> None:
        """Let a publisher send; each `loss`th packet gets lost, and may come later."""
        speaker = self.speakers[number]
        for place in range(count):
            self.now += 1 / 30
            begins = key and not place
            if isinstance(speaker, Speaker):
                packets = speaker.frame(key=begins)
            else:
                packets = speaker.frame(key="qhf" if begins else "")
            for packet in packets:
                if packet.sequence % (loss + 2) == 0 and not begins:
                    self.lost.append((speaker.peer.id, packet))
                else:
                    self.router.receive_rtp(speaker.peer.id, packet, self.now)
            if then == "ask":
                self.ask_again(2, 5)
            if then == "flush" or place % 9 == 8:
                self.flush()
        del self.lost[:-50]

    @rule(
        layer=st.sampled_from([None, 0, 1, 2, BEST_LAYER]),
        limit=st.integers(0, FULL),
        every=st.integers(1, 3),
        count=st.integers(1, 12),
        key=st.sampled_from(["", "q", "h", "f", "qhf"]),
    )
    def change_layers(self, layer: int | None, limit: int, every: int, count: int, key: str) -> None:
        """Give some viewers another layer, and let the layered publisher go on."""
        feed = self.router.feeds["stage"]
        for viewer in list(feed.viewers.values())[::every]:
            feed.aim(viewer, viewer.consumers["main"], layer, limit, self.now)
        speaker = self.speakers[3]
        assert isinstance(speaker, LayeredSpeaker)
        for place in range(count):
            self.now += 1 / 30
            for packet in speaker.frame(key=key if not place else ""):
                self.router.receive_rtp(speaker.peer.id, packet, self.now)
            self.flush()

    @rule(number=st.integers(0, 1))
    def start_over(self, number: int) -> None:
        """A publisher goes on under another SSRC and with other numbers."""
        speaker = self.speakers[number]
        assert isinstance(speaker, Speaker) and speaker.ssrc is not None
        speaker.ssrc += 10
        speaker.sequence = (speaker.sequence + 40_000) & 0xFFFF
        speaker.timestamp = 5
        self.frames(number, 2, True, "flush", 9)

    @rule(number=st.integers(0, 2), jump=st.sampled_from([100, 20_000]))
    def long_silence(self, number: int, jump: int) -> None:
        """A publisher goes on under far numbers: the outgoing ones wrap, given time."""
        speaker = self.speakers[number]
        assert isinstance(speaker, Speaker)
        speaker.sequence += jump
        self.frames(number, 2, False, "flush", 9)

    @rule(most=st.integers(1, 20), flushed=st.booleans())
    def repairs(self, most: int, flushed: bool) -> None:
        for peer_id, packet in reversed(self.lost[-most:]):
            self.router.receive_rtp(peer_id, packet, self.now)
            if flushed:
                self.flush()
        del self.lost[-most:]

    @rule()
    def flush(self) -> None:
        self.check(self.router.flush(self.now))

    @rule(elapsed=st.floats(0, 3))
    def tick(self, elapsed: float) -> None:
        self.now += elapsed
        self.flush()
        self.router.tick(self.now, self.now)

    @rule(kind=st.sampled_from(sorted(VIEWERS)))
    def join(self, kind: str) -> None:
        self.joined += 1
        peer = Peer(f"{kind}-{self.joined}")
        self.sent[peer.id] = {}
        self.router.view("stage", peer, kind, [VIEWERS[kind]], self.now)

    @rule(place=st.integers(0, 100))
    def leave(self, place: int) -> None:
        if self.viewers and len(self.viewers) > 3:
            self.router.leave(self.viewers[place % len(self.viewers)], self.now)

    @property
    def viewers(self) -> list[str]:
        return sorted(self.router.feeds["stage"].viewers)

    @rule(number=st.integers(0, 3), how=st.sampled_from(["pli", "fir"]), count=st.integers(1, 20))
    def picture_lost(self, number: int, how: Literal["pli", "fir"], count: int) -> None:
        """Let all viewers lose their picture while a late part of the one before is still on its way."""
        self.frames(number, count, True, "flush", 12)
        ssrc = self.router.feeds["stage"].slots["main"].ssrc
        self.hear(
            rtcp.PictureLossIndication(1, ssrc) if how == "pli" else rtcp.FullIntraRequest(1, 0, ((ssrc, 1),))
        )

    @rule(back=st.integers(-20, 200), count=st.integers(1, 100))
    def ask_again(self, back: int, count: int) -> None:
        """Let all viewers ask for numbers around the newest, those of the future too."""
        slot = self.router.feeds["stage"].slots["main"]
        for peer_id in self.viewers:
            newest = self.newest.get((peer_id, slot.ssrc), 0)
            numbers = tuple((newest - back + step) & 0xFFFF for step in range(count))
            self.hear(rtcp.Nack(1, slot.ssrc, numbers), peer_id)

    def hear(self, feedback: rtcp.Packet, *peers: str) -> None:
        for peer_id in peers or self.viewers:
            self.check(self.router.receive_rtcp(peer_id, [feedback], self.now, self.now))


Law.TestCase.settings = settings(max_examples=120, stateful_step_count=40)
TestLaw = Law.TestCase
