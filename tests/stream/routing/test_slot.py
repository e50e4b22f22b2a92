"""A slot's stream is unbroken, whoever fills it: numbers, timestamps, VP8 counters, padding."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from stream.routing.packet_ring import SlotPacket
from stream.routing.producer import Producer
from stream.routing.sender_clock import ClockPoint
from stream.routing.slot import Slot
from stream.wire import vp8
from stream.wire.sequence import extend
from tests.stream.routing.stage_hands import audio_producer, media, video_producer
from tests.stream.routing.stage_hands import vp8 as vp8_payload


class SlotMachine(RuleBasedStateMachine):
    """Producers that come, go, lose, repeat and overtake; all that leaves the slot is checked."""

    def __init__(self) -> None:
        super().__init__()
        self.slot = Slot("main", "video")
        self.now = 1000.0
        self.sent: dict[int, SlotPacket] = {}
        self.order: list[int] = []
        self.next: dict[int, int] = {}
        self.stamps: dict[int, int] = {}
        self.producers: list[Producer] = []
        self.held: list[tuple[int, int, int, bool]] = []

    @initialize(
        starts=st.lists(st.integers(0, 0xFFFF), min_size=3, max_size=3), stamp=st.integers(0, 0xFFFFFFFF)
    )
    def begin(self, starts: list[int], stamp: int) -> None:
        self.producers = [video_producer(f"sp-{place}/camera") for place in range(3)]
        self.next = dict(enumerate(starts))
        self.stamps = dict.fromkeys(range(3), stamp)

    @rule(place=st.none() | st.integers(0, 2))
    def want(self, place: int | None) -> None:
        producer = None if place is None else self.producers[place]
        source = self.slot.source
        self.slot.want(producer)
        assert self.slot.source is (source if producer is not None else None)

    @rule(
        place=st.integers(0, 2),
        key=st.booleans(),
        elapsed=st.floats(0, 2),
        fate=st.sampled_from(["sent", "sent", "twice", "held", "lost"]),
    )
    def frame(self, place: int, key: bool, elapsed: float, fate: str) -> None:
        """Let a producer send a frame of one packet; the network may keep, lose or repeat it."""
        self.now += elapsed
        self.next[place] += 1
        self.stamps[place] = (self.stamps[place] + int(elapsed * 90_000)) & 0xFFFFFFFF
        one = (place, self.next[place], self.stamps[place], key)
        if fate == "held":
            self.held.append(one)
        for _ in range({"sent": 1, "twice": 2}.get(fate, 0)):
            self.arrive(*one)

    @rule()
    def overtaken(self) -> None:
        while self.held:
            self.arrive(*self.held.pop())

    def arrive(self, place: int, sequence: int, timestamp: int, key: bool) -> None:
        producer, before = self.producers[place], self.slot.source
        head, last_timestamp, last_at = self.slot.ring.head, self.slot._last_timestamp, self.slot._last_at
        self.slot.take(producer, media(sequence, timestamp, key=key), self.now)
        burst = self.slot.close_burst(self.now)
        assert len(burst) <= 1
        if self.slot.source is not before:
            assert key and producer is self.slot.wanted, "a picture changes on a key frame, to who is wanted"
            assert burst[0].sequence == max(head + 1, 1), "the numbering goes on by one"
            if head >= 0:
                moved = extend(burst[0].timestamp - last_timestamp, 0, 32)
                assert moved == pytest.approx(max(0.001, self.now - last_at) * 90_000, abs=1)
        for packet in burst:
            assert packet.sequence not in self.sent, "a number is used once"
            assert producer is self.slot.source
            self.sent[packet.sequence] = packet
            self.order.append(packet.sequence)

    @invariant()
    def every_key_frame_is_stored(self) -> None:
        key = self.slot.ring.key_frame
        if key is not None:
            assert (packet := self.slot.ring.get(key)) is not None and packet.key_frame
        assert not self.slot.burst


SlotMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestSlotMachine = SlotMachine.TestCase


def feed(slot: Slot, producer: Producer, first: int, count: int, *, now: float = 0.0) -> list[SlotPacket]:
    """Let a producer send frames at 30/s, the first of them a key frame."""
    for place in range(count):
        at = now + place / 30
        slot.take(producer, media(first + place, 3000 * (first + place), key=not place), at)
    return slot.close_burst(now)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 12)), min_size=1, max_size=12), st.data())
def test_numbers_are_gapless_over_any_switches(turns: list[tuple[int, int]], data: st.DataObject) -> None:
    """Whoever fills the slot, and wherever their own numbering stands, the outgoing one goes on by one."""
    slot, now, out = Slot("main", "video"), 5.0, list[SlotPacket]()
    producers = [video_producer(f"{place}") for place in range(3)]
    starts = data.draw(st.lists(st.integers(0, 10**6), min_size=3, max_size=3))
    for place, count in turns:
        slot.want(producers[place])
        out += feed(slot, producers[place], starts[place], count, now=now)
        starts[place] += count
        now += count / 30

    assert [packet.sequence for packet in out] == list(range(1, len(out) + 1))
    steps = [extend(b.timestamp - a.timestamp, 0, 32) for a, b in pairwise(out)]
    assert all(90 <= step <= 6001 for step in steps)
    ids = [vp8.parse(packet.payload).picture_id or 0 for packet in out]  # type: ignore[union-attr]
    assert all((b - a) & 0x7FFF == 1 for a, b in pairwise(ids))


def test_the_old_picture_goes_on_until_the_new_one_has_a_key_frame() -> None:
    slot, old, new = Slot("main", "video"), video_producer("a"), video_producer("b")
    slot.want(old)
    feed(slot, old, 0, 3)
    slot.want(new)

    slot.take(new, media(50, 0), 1.0)
    slot.take(old, media(3, 9000), 1.0)
    assert slot.source is old
    slot.take(new, media(51, 3000, key=True), 1.1)
    slot.take(old, media(4, 12_000), 1.1)
    slot.take(new, media(50, 0), 1.2)

    assert [packet.sequence for packet in slot.close_burst(1.2)] == [4, 5]
    assert (slot.switches, slot.dropped_before_switch) == (2, 1)


def test_a_wanted_picture_asks_for_its_key_frame() -> None:
    slot, producer = Slot("main", "video"), video_producer()
    slot.want(producer)
    assert producer.keyframes.due(0.0)


def test_sound_changes_at_once() -> None:
    slot, one, two = Slot("audio", "audio"), audio_producer("a"), audio_producer("b")
    for producer in (one, two):
        slot.want(producer)
        slot.take(producer, media(9, 960, codec="opus", payload=b"x"), 1.0)
    assert slot.source is two
    assert [packet.sequence for packet in slot.close_burst(1.0)] == [1, 2]


def test_nobody_wanted_pauses_and_the_numbering_goes_on_after_it() -> None:
    slot, producer = Slot("main", "video"), video_producer()
    slot.want(producer)
    feed(slot, producer, 0, 3)
    slot.want(None)
    slot.take(producer, media(3, 9000, key=True), 1.0)
    assert slot.burst == []
    slot.want(producer)
    (packet,) = feed(slot, producer, 9, 1, now=2.0)
    assert packet.sequence == 4


@pytest.mark.parametrize("wide", [True, False])
def test_vp8_counters_go_on_by_one_over_a_switch(wide: bool) -> None:
    def payload(picture_id: int, tl0: int, *, key: bool) -> bytes:
        if wide:
            return vp8_payload(picture_id, key=key, tl0=tl0)
        return bytes((0x90, 0xC0, picture_id & 0x7F, tl0, 0x10 if key else 0x11, 0))

    slot, old, new = Slot("main", "video"), video_producer("a"), video_producer("b")
    last = 0x7FFE if wide else 126
    slot.want(old)
    for place in range(3):
        slot.take(
            old, replace(media(place, 0, key=not place), payload=payload(last + place, 254, key=not place)), 0
        )
    slot.want(new)
    for place in range(3):
        slot.take(
            new, replace(media(place, 0, key=not place), payload=payload(40 + place, 9, key=not place)), 1
        )

    found = [vp8.parse(packet.payload) for packet in slot.close_burst(1)]
    width = 0x8000 if wide else 0x80
    assert [d.picture_id for d in found if d] == [(last + place) % width for place in range(6)]
    assert [d.tl0_picture_index for d in found if d] == [254, 254, 254, 255, 255, 255]


def test_another_codec_keeps_the_counters_for_its_return() -> None:
    slot, vp8_one, h264_one = Slot("main", "video"), video_producer("a"), video_producer("b")
    slot.want(vp8_one)
    slot.take(vp8_one, media(10, 0, key=True), 0)
    slot.want(h264_one)
    slot.take(h264_one, media(10, 0, key=True, codec="H264", payload=b"\x65\x01"), 1)
    slot.want(vp8_one)
    slot.take(vp8_one, media(90, 0, key=True), 2)
    burst = slot.close_burst(2)
    assert burst[1].payload == b"\x65\x01"
    descriptor = vp8.parse(burst[2].payload)
    assert descriptor is not None and descriptor.picture_id == 11


@given(st.lists(st.integers(1, 1200), min_size=1, max_size=60))
def test_padding_equalises_a_burst_and_fits_its_byte(sizes: list[int]) -> None:
    slot, producer = Slot("main", "video"), video_producer()
    slot.want(producer)
    for place, size in enumerate(sizes):
        slot.take(producer, media(place, 0, key=not place, payload=bytes(size), codec="H264"), 0.0)
    burst = slot.close_burst(0.0)

    assert [len(packet.payload) for packet in burst] == sizes
    for start in range(0, len(burst), 20):
        run = burst[start : start + 20]
        longest = max(len(packet.payload) for packet in run)
        for packet in run[:-1]:
            assert 0 <= packet.padding <= 255
            missing = longest - len(packet.payload)
            assert packet.padding == (missing if missing <= 255 else 0)
        assert run[-1].padding == 0


def test_a_burst_is_stamped_once_and_then_stands() -> None:
    slot, producer = Slot("main", "video"), video_producer()
    slot.want(producer)
    slot.take(producer, media(1, 0, key=True), 3.5)
    assert not slot.burst[0].closed
    (packet,) = slot.close_burst(3.5)
    assert packet.closed
    assert packet.abs_send_time == (int(3.5 * 2**18) & 0xFFFFFF).to_bytes(3, "big")
    assert slot.close_burst(4.0) == []


def test_the_clock_of_the_stream_follows_its_source() -> None:
    slot, producer = Slot("main", "video"), video_producer()
    assert slot.timestamp_at(0.0) is None
    slot.want(producer)
    slot.take(producer, media(1, 5000, key=True), 0.0)
    assert slot.timestamp_at(0.0) is None
    producer.clock_point = ClockPoint(100.0, 5000, 90_000)
    (packet,) = slot.close_burst(0.0)
    assert slot.timestamp_at(100.0) == packet.timestamp
    assert slot.timestamp_at(101.0) == (packet.timestamp + 90_000) & 0xFFFFFFFF
