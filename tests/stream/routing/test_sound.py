"""Sound on its way: redundancy for those who take it, and a line that goes from voice to voice."""

from __future__ import annotations

from dataclasses import replace

from stream.agreement import AgreedMedia
from stream.plan import Feed
from stream.routing.router import Router
from stream.routing.segment import SOUND_CLOCK, SOUND_STEP
from stream.transport.fanout import PlainPacket
from stream.wire import red, rtp
from stream.wire.rtp import RtpPacket
from tests.stream.routing.stage_hands import (
    AUDIO_IN,
    Peer,
    Speaker,
    codec,
    everyone,
    line_out,
    plan,
    taken,
)
from tests.stream.wire.test_red import payload

RED = 63


def with_red(line: AgreedMedia, payload_type: int = 111) -> AgreedMedia:
    """Return a line that takes Opus under a payload type, and with redundancy."""
    return replace(line, codecs=(replace(codec("opus"), payload_type=payload_type, red_payload_type=RED),))


def redundant(speaker: Speaker, now: bytes, *before: bytes) -> RtpPacket:
    """Return a speaker's next packet, which carries those before it again."""
    return replace(speaker.sound(), payload_type=RED, payload=payload(now, *before))


def body(packet: PlainPacket) -> tuple[int, bytes]:
    """Return payload type and payload."""
    read = rtp.parse(packet.header + packet.payload)
    return read.payload_type, read.payload


class Voices:
    """Speakers without pictures, and viewers with one audio line."""

    def __init__(self, *speakers: Speaker) -> None:
        self.router: Router[Peer] = Router("s")
        self.now = 100.0
        for speaker in speakers:
            self.router.publish(speaker.peer, speaker.publication, self.now)
        names = [speaker.publication.key for speaker in speakers]
        self.router.set_plan(plan(1, Feed(audio=everyone(*names).audio)), self.now)

    def say(self, *packets: tuple[Speaker, RtpPacket], after: float = 0.02) -> dict[str, list[PlainPacket]]:
        """Let time pass, and these packets come; return what each viewer got."""
        self.now += after
        for speaker, packet in packets:
            self.router.receive_rtp(speaker.peer.id, packet, self.now)
        bursts = self.router.flush(self.now)
        self.router.tick(self.now, self.now)
        return {viewer: taken(bursts, peer) for viewer, peer in self._peers.items()}

    _peers: dict[str, Peer]

    def join(self, **lines: AgreedMedia) -> None:
        """Let viewers in, each with a line."""
        self._peers = {name: Peer(name) for name in lines}
        for name, line in lines.items():
            self.router.view("stage", self._peers[name], name, [line], self.now)


def test_redundancy_goes_to_those_who_take_it_and_is_taken_off_for_the_rest() -> None:
    speaker = Speaker("sp", video=None, audio=with_red(AUDIO_IN))
    voices = Voices(speaker)
    line = line_out("audio")
    voices.join(both=with_red(line), other=with_red(line, 109), plain=line)
    for _ in range(10):
        voices.say((speaker, redundant(speaker, b"two", b"one")))
    got = voices.say((speaker, redundant(speaker, b"three", b"two")))
    assert [body(packet) for packet in got["both"]] == [(RED, payload(b"three", b"two"))]
    assert [body(packet) for packet in got["other"]] == [(RED, payload(b"three", b"two", block_type=109))]
    assert [body(packet) for packet in got["plain"]] == [(111, b"three")]
    # A publisher may go from one to the other at any packet.
    got = voices.say((speaker, speaker.sound()))
    assert [body(packet)[0] for packet in got["both"] + got["plain"]] == [111, 111]


def test_broken_redundancy_is_counted_and_goes_nowhere() -> None:
    speaker = Speaker("sp", video=None, audio=with_red(AUDIO_IN))
    voices = Voices(speaker)
    voices.join(plain=line_out("audio"))
    for _ in range(10):
        voices.say((speaker, redundant(speaker, b"now")))
    broken = replace(redundant(speaker, b"now", b"before"), payload=b"\xef\x00")
    assert voices.say((speaker, broken)) == {"plain": []}
    assert speaker.publication.counters["malformed_red"] == 1
    assert red.parse(broken.payload, 111) is None


def test_a_change_of_voice_leaves_no_trace_in_the_numbers_of_a_line() -> None:
    """Numbers go on by one and time by whole packets, though the voices are not in step."""
    one, two = Speaker("one", video=None), Speaker("two", video=None, audio=replace(AUDIO_IN, ssrc=3000))
    two.sound_sequence = 40_000
    voices = Voices(one, two)
    voices.join(viewer=line_out("audio"))
    heard: list[tuple[float, PlainPacket]] = []
    for turn in range(400):
        loud, quiet = (one, two) if turn % 200 < 100 else (two, one)
        for speaker, level in sorted(((loud, 20), (quiet, 80)), key=lambda pair: pair[0].name):
            got = voices.say((speaker, speaker.sound(level)), after=0.007 if speaker is one else 0.013)
            heard += [(voices.now, packet) for packet in got["viewer"]]
    slot = voices.router.feeds["stage"].slots["audio"]
    assert slot.switches >= 3
    assert len(heard) > 380
    stamps = [int.from_bytes(packet.header[4:8], "big") for _, packet in heard]
    for place, (at, packet) in enumerate(heard):
        assert packet.srtp_index == heard[0][1].srtp_index + place
        passed = (stamps[place] - stamps[0]) & 0xFFFFFFFF
        assert passed % SOUND_STEP == 0 and (not place or stamps[place] != stamps[place - 1])
        assert abs(passed - (at - heard[0][0]) * SOUND_CLOCK) <= 2 * SOUND_STEP


def test_a_voice_that_pauses_keeps_its_numbers_and_its_time() -> None:
    """Opus' DTX sends an octet each 0.4 s: nothing is missed or asked for, the pause is in the timestamps."""
    speaker = Speaker("sp", video=None)
    voices = Voices(speaker)
    voices.join(viewer=line_out("audio"))
    came: list[RtpPacket] = []
    heard: list[PlainPacket] = []
    passed = 0
    for number in range(120):
        silent = 50 <= number < 60
        passed += 19 * SOUND_STEP if silent else 0
        packet = speaker.sound(127 if silent else 30)
        packet.timestamp = (packet.timestamp + passed) & 0xFFFFFFFF
        packet.payload = b"\x78" if silent else packet.payload
        came.append(packet)
        heard += voices.say((speaker, packet), after=0.4 if silent else 0.02)["viewer"]
    came = came[-len(heard) :]
    assert len(heard) > 110
    assert [packet.srtp_index - heard[0].srtp_index for packet in heard] == list(range(len(heard)))
    times = [int.from_bytes(packet.header[4:8], "big") for packet in heard]
    assert {(ours - theirs.timestamp) & 0xFFFFFFFF for ours, theirs in zip(times, came, strict=True)} == {
        (times[0] - came[0].timestamp) & 0xFFFFFFFF
    }
    assert [body(packet)[1] for packet in heard] == [packet.payload for packet in came]
    assert voices.router.feeds["stage"].slots["audio"].switches == 1
    assert not speaker.publication.counters["nacked"]
