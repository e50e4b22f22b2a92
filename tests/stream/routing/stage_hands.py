"""What the tests of routing build with: publishers, viewers and their packets, without a network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from stream.agreement import AgreedCodec, AgreedMedia, CodecName, Extension
from stream.plan import Feed, Source, StagePlan
from stream.routing.group import Burst
from stream.routing.producer import Producer
from stream.routing.publication import Publication
from stream.routing.sender_clock import SenderClock
from stream.routing.shape import numbered
from stream.routing.track import Track
from stream.transport.fanout import PlainPacket
from stream.wire import rtp
from stream.wire.rtp import RtpPacket

PAYLOAD_TYPES: dict[CodecName, int] = {"VP8": 96, "H264": 98, "opus": 111}


def codec(name: CodecName, *, rtx: bool = True) -> AgreedCodec:
    payload_type = PAYLOAD_TYPES[name]
    video = name != "opus"
    return AgreedCodec(
        name=name,
        payload_type=payload_type,
        rtx_payload_type=payload_type + 1 if rtx and video else None,
        clock_rate=90_000 if video else 48_000,
        nack=video,
        pli=video,
        fir=video,
        transport_cc=False,
        remb=False,
        fmtp="",
    )


VIDEO_IN = AgreedMedia(
    mid="0",
    index=0,
    kind="video",
    direction="recvonly",
    slot=None,
    codecs=(codec("VP8"),),
    extensions={Extension.MID: 1, Extension.TRANSPORT_CC: 3},
    ssrc=1000,
    rtx_ssrc=1001,
    rids=(),
)
LAYERS_IN = replace(
    VIDEO_IN,
    extensions={Extension.MID: 1, Extension.TRANSPORT_CC: 3, Extension.RID: 6, Extension.REPAIRED_RID: 7},
    ssrc=None,
    rtx_ssrc=None,
    rids=("q", "h", "f"),
)
H264_IN = replace(VIDEO_IN, codecs=(codec("H264"),))
AUDIO_IN = replace(
    VIDEO_IN,
    mid="1",
    index=1,
    kind="audio",
    codecs=(codec("opus"),),
    extensions={Extension.MID: 1, Extension.AUDIO_LEVEL: 2, Extension.TRANSPORT_CC: 3},
    ssrc=2000,
    rtx_ssrc=None,
)


def line_out(
    slot: str, *names: CodecName, rtx: bool = True, extensions: dict[Extension, int] | None = None
) -> AgreedMedia:
    """Return a viewer's line for a slot; of a video slot, with VP8 and H264 unless told otherwise."""
    video = slot in ("main", "slides")
    return AgreedMedia(
        mid=slot[:16],
        index=0,
        kind="video" if video else "audio",
        direction="sendonly",
        slot=slot,
        codecs=tuple(codec(name, rtx=rtx) for name in names or (("VP8", "H264") if video else ("opus",))),
        extensions={Extension.MID: 4, Extension.ABS_SEND_TIME: 5} if extensions is None else extensions,
        ssrc=None,
        rtx_ssrc=None,
        rids=(),
    )


def vp8(
    picture_id: int,
    *,
    key: bool,
    tl0: int | None = 0,
    first: bool = True,
    size: int = 20,
    temporal: int | None = None,
    sync: bool = False,
    picture: tuple[int, int] | None = None,
) -> bytes:
    """Return a VP8 payload: descriptor with 15-bit picture id, and the start or the rest of a frame.

    `picture` is the width and height that a key frame tells.
    """
    flags = 0x80 | (0x40 if tl0 is not None else 0) | (0x20 if temporal is not None else 0)
    descriptor = bytes((0x90 if first else 0x80, flags))
    descriptor += (0x8000 | picture_id & 0x7FFF).to_bytes(2, "big")
    if tl0 is not None:
        descriptor += bytes((tl0 & 0xFF,))
    if temporal is not None:
        descriptor += bytes((temporal << 6 | (0x20 if sync else 0),))
    head = bytes((0x10 if key else 0x11,))
    if picture is not None and key and first:
        head += b"\0\0\x9d\x01\x2a" + picture[0].to_bytes(2, "little") + picture[1].to_bytes(2, "little")
    return descriptor + head + bytes(size)


class Marks:
    """A counter of marked packets."""

    number = 0
    marked_at = float("-inf")

    def next_number(self, now: float) -> int:
        self.number, self.marked_at = self.number + 1, now
        return self.number


def media(sequence: int, timestamp: int, *, key: bool = False, **changes: object) -> RtpPacket:
    """Return a packet of a picture; each is a frame of its own, unless `changes` say otherwise."""
    packet = RtpPacket(96, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, 1000, True, vp8(sequence, key=key))
    return replace(packet, **changes)  # type: ignore[arg-type]


def video_producer(key: str = "sp/camera", line: AgreedMedia = VIDEO_IN) -> Producer:
    return Producer(key, line, SenderClock())


def audio_producer(key: str = "sp/camera") -> Producer:
    return Producer(key, AUDIO_IN, SenderClock())


def begun(producer: Producer, ssrc: int = 1000, rid: str = "") -> Track:
    """Return a track of a producer that begins now."""
    producer.begin(ssrc, rid)
    track = producer.track(rid)
    assert track is not None
    return track


def plan(seq: int, stage: Feed, epoch: int = 1) -> StagePlan:
    return StagePlan(epoch=epoch, seq=seq, feeds={"stage": stage})


def everyone(*keys: str) -> Feed:
    """Return a feed in which these publications may fill `main` and speak."""
    return Feed(main=keys, audio=keys)


@dataclass(frozen=True)
class Peer:
    """A transport, as far as routing knows it."""

    id: str
    backlog: int | None = None


@dataclass
class Speaker:
    """A publisher that makes packets: 30 frames of `per_frame` packets and 50 sounds a second."""

    name: str
    source: Source = "camera"
    video: AgreedMedia | None = VIDEO_IN
    audio: AgreedMedia | None = AUDIO_IN
    peer_id: str = ""
    per_frame: int = 2
    size: int = 50
    sequence: int = 100
    sound_sequence: int = 500
    picture_id: int = 7
    timestamp: int = 0xFFFF0000
    ssrc: int | None = None
    """What the picture goes under; as the line announces it, unless told otherwise."""

    publication: Publication = field(init=False)
    peer: Peer = field(init=False)

    def __post_init__(self) -> None:
        self.ssrc = self.ssrc or (self.video.ssrc if self.video is not None else None)
        self.peer = Peer(self.peer_id or f"from-{self.name}")
        lines = [line for line in (self.video, self.audio) if line is not None]
        self.publication = Publication(self.name, self.source, self.peer.id, lines)

    def frame(self, *, key: bool = False) -> list[RtpPacket]:
        """Return the packets of the next frame."""
        assert self.video is not None and self.ssrc is not None
        self.timestamp = (self.timestamp + 3000) & 0xFFFFFFFF
        self.picture_id += 1
        found: list[RtpPacket] = []
        for place in range(self.per_frame):
            payload = vp8(
                self.picture_id, key=key, tl0=self.picture_id, first=not place, size=self.size - place
            )
            if self.video.codecs[0].name == "H264":
                payload = bytes((0x65 if key and not place else 0x41,)) + bytes(40)
            found.append(
                RtpPacket(
                    self.video.codecs[0].payload_type,
                    self.sequence & 0xFFFF,
                    self.timestamp,
                    self.ssrc,
                    place == self.per_frame - 1,
                    payload,
                )
            )
            self.sequence += 1
        return found

    def sound(self, level: int = 30) -> RtpPacket:
        """Return the next 20 ms of voice; `level` in -dBov."""
        assert self.audio is not None and self.audio.ssrc is not None
        self.sound_sequence += 1
        stamp = self.sound_sequence * 960 & 0xFFFFFFFF
        packet = RtpPacket(111, self.sound_sequence & 0xFFFF, stamp, self.audio.ssrc, payload=b"voice" * 9)
        packet.extensions = {2: bytes((0x80 | level,))}
        return packet


SIZES = {"q": (320, 180), "h": (640, 360), "f": (1280, 720)}


@dataclass
class Layer:
    """One simulcast layer of a publisher, with numbers of its own."""

    rid: str
    ssrc: int
    sequence: int
    timestamp: int
    picture_id: int
    tl0: int = 7
    frames: int = 0
    packets: int = 0

    def frame(self, *, key: bool, per_frame: int, temporal_layers: bool) -> list[RtpPacket]:
        """Return the next frame: in the pattern 0 2 1 2 of three temporal layers, if they are wanted."""
        if key:
            self.frames = 0
        temporal, sync = ((0, False), (2, True), (1, True), (2, False))[self.frames % 4]
        if not temporal_layers:
            temporal, sync = 0, False
        self.frames += 1
        self.timestamp = (self.timestamp + 3000) & 0xFFFFFFFF
        self.picture_id += 1
        self.tl0 += temporal == 0
        found: list[RtpPacket] = []
        for place in range(per_frame):
            payload = vp8(
                self.picture_id,
                key=key,
                tl0=self.tl0,
                first=not place,
                temporal=temporal if temporal_layers else None,
                sync=sync,
                picture=SIZES[self.rid],
                size=SIZES[self.rid][1] // 4,
            )
            marker = place == per_frame - 1
            packet = RtpPacket(96, self.sequence & 0xFFFF, self.timestamp, self.ssrc, marker, payload)
            if self.packets < 30:  # browsers stop saying it after a while
                packet.extensions = {1: b"0", 6: self.rid.encode()}
            self.sequence += 1
            self.packets += 1
            found.append(packet)
        return found


class LayeredSpeaker:
    """A publisher of three simulcast layers, and no sound."""

    def __init__(self, name: str, *, start: int = 100, per_frame: int = 2, temporal: bool = True) -> None:
        self.peer = Peer(f"from-{name}")
        self.publication = Publication(name, "camera", self.peer.id, [LAYERS_IN])
        self.per_frame = per_frame
        self.temporal = temporal
        self.layers = [
            Layer(rid, 3000 + place, start + 777 * place, 0xFFFF0000 + 99_999 * place, 50 * place)
            for place, rid in enumerate(("q", "h", "f"))
        ]

    @property
    def producer(self) -> Producer:
        """Its picture."""
        (producer,) = self.publication.producers
        return producer

    def frame(self, *rids: str, key: str = "") -> list[RtpPacket]:
        """Return a frame of each layer (all, unless named); of those in `key` a key frame."""
        return [
            packet
            for layer in self.layers
            if not rids or layer.rid in rids
            for packet in layer.frame(
                key=layer.rid in key, per_frame=self.per_frame, temporal_layers=self.temporal
            )
        ]


def clear(packet: PlainPacket) -> RtpPacket:
    """Return what a viewer reads after decryption."""
    return rtp.parse(packet.header + packet.payload)


def taken(bursts: Iterable[Burst[Peer]], peer: Peer) -> list[PlainPacket]:
    """Return what one peer gets of these bursts, under its own numbers."""
    found: list[PlainPacket] = []
    for packets, recipients, numberings in bursts:
        for place, recipient in enumerate(recipients):
            if recipient == peer:
                found += [
                    packet if numberings is None else numbered(packet, numberings[place][packet.lane])
                    for packet in packets
                ]
    return found
