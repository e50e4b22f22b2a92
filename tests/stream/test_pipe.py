"""The pipe between a relay's processes: its bytes, its two lanes, and a publication on both sides of it."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream import pipe, pipe_end
from stream.agreement import AgreedCodec, AgreedMedia, Extension
from stream.mirror import Mirror, MirroredPublisher
from stream.pipe_end import PipeEnd, socket_pair
from stream.plan import Answer, Feed, StagePlan, ViewRequest
from stream.routing.keyframes import MINIMUM_INTERVAL
from stream.routing.publication import Publication
from stream.wire import rtcp
from stream.wire.rtp import RtpPacket
from tests.signaling.processes import until

VP8 = AgreedCodec("VP8", 96, 97, 90_000, True, True, True, True, False, "")
VIDEO = AgreedMedia(
    mid="0",
    index=0,
    kind="video",
    direction="recvonly",
    slot=None,
    codecs=(VP8,),
    extensions={
        Extension.MID: 1,
        Extension.RID: 2,
        Extension.REPAIRED_RID: 3,
        Extension.TRANSPORT_CC: 4,
        Extension.ABS_SEND_TIME: 5,
    },
    ssrc=None,
    rtx_ssrc=None,
    rids=("q", "f"),
)
KEY = b"\x10\x00\x00\x00\x9d\x01\x2a\x40\x01\xf0\x00" + bytes(20)
"""The first packet of a VP8 key frame (RFC 7741, section 4.3), of 320 x 240."""

packets = st.builds(
    RtpPacket,
    st.integers(0, 127),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.booleans(),
    st.binary(max_size=1400),
    st.dictionaries(st.integers(1, 14), st.binary(max_size=255), max_size=5),
)
reports = st.builds(
    rtcp.SenderReport,
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF_FFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.just(()),
)


class TestBytes:
    @given(st.lists(st.tuples(st.integers(0, 0xFFFFFFFF), packets | reports), max_size=60))
    def test_media_comes_out_as_it_went_in(
        self, sent: list[tuple[int, RtpPacket | rtcp.SenderReport]]
    ) -> None:
        records = [
            pipe.pack_report(number, one)
            if isinstance(one, rtcp.SenderReport)
            else pipe.pack_rtp(number, one, frozenset())
            for number, one in sent
        ]
        frames = list(pipe.media_frames(records))
        assert sum(count for _, count in frames) == len(sent)
        assert all(len(frame) <= pipe.MAX_FRAME and frame[:1] == pipe.MEDIA for frame, _ in frames)
        assert [tuple(one) for frame, _ in frames for one in pipe.unpack_media(frame[1:])] == sent

    @given(packets, st.frozensets(st.integers(1, 14)))
    def test_extensions_may_be_left_out(self, packet: RtpPacket, left_out: frozenset[int]) -> None:
        ((_, found),) = pipe.unpack_media(pipe.pack_rtp(7, packet, left_out))
        assert isinstance(found, RtpPacket)
        assert found.extensions == {k: v for k, v in packet.extensions.items() if k not in left_out}
        assert found.payload == packet.payload

    @given(st.binary(max_size=200))
    def test_what_is_no_media_is_a_pipe_error(self, data: bytes) -> None:
        try:
            list(pipe.unpack_media(data))
        except pipe.PipeError:
            pass

    @pytest.mark.parametrize(
        "message",
        [
            pipe.Published(1, "s", "t", "sp", "camera", (VIDEO,), {5: {1: b"0", 2: b"f"}}),
            pipe.Left(1),
            pipe.Planned("s", StagePlan(1, 2, {"stage": Feed(main=("sp/camera",))})),
            pipe.SessionEnded("s"),
            pipe.ParticipantClosed("s", "p"),
            pipe.Drain(),
            pipe.Ask(1, pipe.View("s", ViewRequest("p", "stage", "v=0", True))),
            pipe.Ask(2, pipe.Patch("1.t", None, "a=ice-ufrag:x")),
            pipe.Ask(3, pipe.Close("1.t")),
            pipe.Ask(4, pipe.TellStats()),
            pipe.Ask(5, pipe.TellMetrics()),
        ],
    )
    def test_what_is_told_is_understood(self, message: pipe.Down) -> None:
        assert pipe.unpack_down(pipe.pack(message)) == message

    @pytest.mark.parametrize(
        "message",
        [
            pipe.Ready(),
            pipe.Failed("No."),
            pipe.KeyFrameWanted(3, 0xFFFFFFFF),
            pipe.Report({"s": 3}, 4),
            pipe.Reply(1, pipe.Given(Answer("1.t", "e", "v=0")), 2),
            pipe.Reply(1, pipe.Restarted("e", "a=x"), 2),
            pipe.Reply(1, pipe.Text(b"{}"), 2),
            pipe.Reply(1, pipe.Refused("relay_full", "Full.", 503, 5), 2),
            pipe.Reply(1, pipe.Nothing(), 2),
        ],
    )
    def test_what_is_said_back_is_understood(self, message: pipe.Up) -> None:
        assert pipe.unpack_up(pipe.pack(message)) == message

    @given(st.binary(max_size=40))
    def test_what_is_no_message_is_a_pipe_error(self, data: bytes) -> None:
        for unpack in (pipe.unpack_down, pipe.unpack_up):
            try:
                unpack(data)
            except pipe.PipeError:
                pass

    @pytest.mark.parametrize("size", [0, 1, pipe.MAX_FRAME - 1, pipe.MAX_FRAME, 3 * pipe.MAX_FRAME])
    def test_long_messages_go_in_frames(self, size: int) -> None:
        message = bytes(size)
        frames = list(pipe.control_frames(message))
        assert all(len(frame) <= pipe.MAX_FRAME for frame in frames)
        assert [frame[:1] for frame in frames] == [pipe.MORE] * (len(frames) - 1) + [pipe.LAST]
        assert b"".join(frame[1:] for frame in frames) == message


class End:
    """A pipe's end, and what came out of it."""

    def __init__(self, sock: socket.socket) -> None:
        self.counters: Counter[str] = Counter()
        self.heard: list[bytes] = []
        self.ends = 0
        self.pipe = PipeEnd(sock, self.counters, self.heard.extend, self.heard.append, self._end)

    def _end(self) -> None:
        self.ends += 1


@pytest.fixture
async def ends() -> AsyncIterator[tuple[End, End]]:
    one, other = (End(sock) for sock in socket_pair())
    yield one, other
    one.pipe.close()
    other.pipe.close()


class TestLanes:
    async def test_both_lanes_keep_one_order(self, ends: tuple[End, End]) -> None:
        one, other = ends
        for end in ends:
            end.pipe.start()
        long = b"c" * 100_000
        one.pipe.send_control(b"first")
        one.pipe.send_media([(pipe.MEDIA + b"second", 1)])
        one.pipe.send_control(long)
        one.pipe.send_media([(pipe.MEDIA + b"last", 1)])
        await until(lambda: len(other.heard) == 4)
        assert other.heard == [b"first", b"second", long, b"last"]
        assert not one.counters and not other.counters

    async def test_a_reader_that_sleeps_costs_media_and_no_control(self, ends: tuple[End, End]) -> None:
        """Nothing waits: what finds no room is counted packet by packet, what must be said comes later."""
        one, other = ends
        one.pipe.start()
        frame = pipe.MEDIA + bytes(10_000)
        for _ in range(1000):
            one.pipe.send_media([(frame, 8)])
        dropped = one.counters["pipe_full"]
        assert 0 < dropped < 8000 and dropped % 8 == 0
        assert (8000 - dropped) // 8 * 10_000 < 2 * pipe_end.BUFFER, "the pipe is bounded"
        for number in range(100):
            one.pipe.send_control(str(number).encode())
        one.pipe.send_media([(frame, 8)])
        assert one.counters["pipe_full"] == dropped + 8, "media does not overtake"
        other.pipe.start()
        await until(lambda: other.heard[-1:] == [b"99"])
        said = [one for one in other.heard if len(one) < 10]
        assert said == [str(number).encode() for number in range(100)]
        one.pipe.send_media([(pipe.MEDIA + b"again", 1)])
        await until(lambda: other.heard[-1] == b"again")

    async def test_who_never_reads_is_given_up(
        self, ends: tuple[End, End], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pipe_end, "MAX_WAITING", 100_000)
        one, _ = ends
        one.pipe.start()
        for _ in range(1000):
            one.pipe.send_control(bytes(10_000))
        assert one.pipe.closed and one.ends == 1
        assert one.counters["pipe_given_up"] == 1

    async def test_the_end_of_one_is_the_end_of_the_other(self, ends: tuple[End, End]) -> None:
        one, other = ends
        for end in ends:
            end.pipe.start()
        one.pipe.close()
        one.pipe.close()
        await until(lambda: other.pipe.closed)
        assert (one.ends, other.ends) == (1, 1)
        other.pipe.send_control(b"nobody hears this")
        other.pipe.send_media([(b"M", 3)])
        assert other.counters["pipe_full"] == 3

    async def test_what_cannot_be_read_ends_the_pipe(self, caplog: pytest.LogCaptureFixture) -> None:
        one, other = socket_pair()

        def fail(data: bytes) -> None:
            raise pipe.PipeError("no")

        counters: Counter[str] = Counter()
        end = PipeEnd(other, counters, lambda frames: None, fail, lambda: None)
        end.start()
        with one:
            one.send(pipe.LAST + b"?")
            await until(lambda: end.closed)
        assert counters["pipe_defect"] == 1 and "cannot be read" in caplog.text


class Line:
    """A mirror with one pipe, and the publisher as the far end has it."""

    def __init__(self) -> None:
        self.mirror = Mirror()
        self.wishes: list[int] = []
        self.publisher: MirroredPublisher | None = None
        self._ends: list[socket.socket] = []
        self.ends = self.attach()

    def attach(self) -> End:
        near, far = (End(sock) for sock in socket_pair())
        self.mirror.attach(near.pipe)
        self._near, self._far = near, far
        return far

    def arrived(self) -> Iterator[pipe.Down | pipe.Mirrored]:
        """Read what the newest pipe has brought so far."""
        self.mirror.flush()
        self._far.heard.clear()
        while True:
            try:
                frame = self._far.pipe._socket.recv(pipe.MAX_FRAME)
            except BlockingIOError:
                return
            if frame[:1] == pipe.MEDIA:
                yield from pipe.unpack_media(frame[1:])
            else:
                yield pipe.unpack_down(frame[1:])

    def close(self) -> None:
        self._near.pipe.close()
        self._far.pipe.close()


@pytest.fixture
def line() -> Iterator[Line]:
    one = Line()
    yield one
    one.close()


REPAIRS = 7


def packet(ssrc: int, sequence: int, payload: bytes = KEY, **named: bytes) -> RtpPacket:
    ids = {"mid": 1, "rid": 2, "repaired": 3, "cc": 4, "time": 5}
    extensions = {ids[name]: value for name, value in named.items()}
    return RtpPacket(97 if ssrc == REPAIRS else 96, sequence, 1000, ssrc, True, payload, extensions)


class TestMirror:
    def test_a_publication_is_told_with_all_it_sends(self, line: Line) -> None:
        line.mirror.published("s", Publication("sp", "camera", "t", [VIDEO]), [VIDEO])
        line.mirror.rtp("t", packet(5, 1, mid=b"0", rid=b"f", cc=b"\0\1", time=b"\0\0\0"))
        line.mirror.rtp("somebody", packet(6, 1))
        line.mirror.rtcp("t", [rtcp.SenderReport(5, 2**63, 900, 1, 100, ()), rtcp.Goodbye((5,))])
        line.mirror.left("t")
        line.mirror.left("somebody")
        published, first, report, left = line.arrived()
        assert isinstance(published, pipe.Published) and published.media == (VIDEO,)
        assert isinstance(first, pipe.Mirrored) and isinstance(first.packet, RtpPacket)
        assert first.packet.extensions == {1: b"0", 2: b"f"}, "what measures the way here stays here"
        assert report == (1, rtcp.SenderReport(5, 2**63, 900, 1, 100, ()))
        assert left == pipe.Left(published.publisher)
        assert line.mirror.peer_of(published.publisher) is None

    def test_who_comes_later_learns_whose_the_streams_are(self, line: Line) -> None:
        """Browsers name a stream in its first packets only."""
        line.mirror.published("s", Publication("sp", "camera", "t", [VIDEO]), [VIDEO])
        for ssrc, rid in ((5, b"q"), (6, b"f")):
            line.mirror.rtp("t", packet(ssrc, 1, mid=b"0", rid=rid))
        line.mirror.rtp("t", packet(REPAIRS, 1, b"\0\1" + KEY, mid=b"0", repaired=b"f"))
        line.close()
        line.attach()
        line.mirror.rtp("t", packet(6, 2))
        line.mirror.rtp("t", packet(REPAIRS, 2, b"\0\5" + KEY))
        line.mirror.rtp("t", packet(5, 2))
        published, *rest = line.arrived()
        assert isinstance(published, pipe.Published)
        far = MirroredPublisher(published, line.wishes.append)
        for one in rest:
            assert isinstance(one, pipe.Mirrored) and isinstance(one.packet, RtpPacket)
            far.publication.receive(far.named(one.packet), 1.0)
        assert {track.rid: track.ssrc for track in far.publication.tracks} == {"q": 5, "f": 6}
        assert far.publication.counters["repaired"] == 1
        assert not far.publication.counters["unnegotiated"]

    def test_only_key_frames_are_wanted_upstream(self) -> None:
        told = pipe.Published(1, "s", "t", "sp", "camera", (VIDEO,), {})
        wishes: list[int] = []
        far = MirroredPublisher(told, wishes.append)
        for sequence in (1, 2, 6):
            far.publication.receive(packet(5, sequence, mid=b"0", rid=b"f"), 1.0)
        for message in far.publication.feedback(1.1):
            far.send_rtcp(message)
        assert far.publication.counters["nacked"] == 3 and not wishes
        far.publication.want_key_frame(5)
        for message in far.publication.feedback(1.2):
            far.send_rtcp(message)
        assert wishes == [5]

    def test_the_publisher_hears_few_wishes_whoever_has_them(self) -> None:
        """faults.md, row 20: two a second, of all workers together."""
        publication = Publication("sp", "camera", "t", [VIDEO])
        publication.receive(packet(5, 1, mid=b"0", rid=b"f"), 0.0)
        heard = 0
        for step in range(1000):
            now = step / 100
            publication.want_key_frame(5)
            publication.want_key_frame(99)
            for message in publication.feedback(now):
                asked = [one for one in rtcp.parse(message) if isinstance(one, rtcp.PictureLossIndication)]
                assert all(one.media_ssrc == 5 for one in asked)
                heard += len(asked)
        assert heard == round(10 / MINIMUM_INTERVAL)


async def test_media_frames_wake_the_reader_once(ends: tuple[End, End]) -> None:
    """A burst there is a burst here: what was sent in one go is handed over in one."""
    one, other = ends
    calls: list[int] = []
    other.pipe._on_media = lambda frames: calls.append(len(frames))
    one.pipe.send_media([(pipe.MEDIA + b"x", 1)] * 10)
    other.pipe.start()
    await asyncio.sleep(0.05)
    assert calls == [10]
