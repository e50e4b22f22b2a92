"""What the publisher sends: a few seconds of real VP8 and Opus, encoded once, cut into RTP payloads.

The law: the first picture of a round is a key frame and the only one, so a round may be begun again at
any time and still decodes. It must not know of sequence numbers or sockets.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

import av
import numpy as np

from stream.clients import voice

Kind = Literal["video", "audio"]

FRAME_RATE: Final = 30
AUDIO_RATE: Final = 50
VIDEO_CLOCK: Final = 90_000
AUDIO_CLOCK: Final = 48_000

WIDTH: Final = 640
HEIGHT: Final = 360
AUDIO_BITRATE: Final = 48_000
"""120 bytes in 20 ms."""

MAX_PAYLOAD: Final = 1160
"""Longest RTP payload, bytes; browsers stay near 1,200 with header and extensions."""

ROUND_SECONDS: Final = 2
_DESCRIPTOR: Final = 4
"""Bytes of the VP8 payload descriptor with a 15-bit picture id (RFC 7741, section 4.2)."""


@dataclass(frozen=True)
class Feed:
    """One round: pictures as lists of VP8 fragments without descriptors, and Opus packets."""

    pictures: tuple[tuple[bytes, ...], ...]
    sounds: tuple[bytes, ...]

    @property
    def bitrate(self) -> float:
        """Bit/s of the pictures' payload."""
        return sum(len(part) for picture in self.pictures for part in picture) * 8 / ROUND_SECONDS


def encode(bitrate: int) -> Feed:
    """Encode a round of `bitrate` bit/s of video; takes about a second."""
    return Feed(_pictures(bitrate), _sounds())


def descriptor(picture_id: int, *, first: bool) -> bytes:
    """Return a VP8 payload descriptor: X, then I, then 15 bits of picture id; S on a frame's first."""
    return bytes((0x90 if first else 0x80, 0x80, 0x80 | picture_id >> 8 & 0x7F, picture_id & 0xFF))


def _pictures(bitrate: int) -> tuple[tuple[bytes, ...], ...]:
    codec = av.CodecContext.create("libvpx", "w")
    assert isinstance(codec, av.VideoCodecContext), "libvpx encodes video"
    codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, FRAME_RATE), Fraction(FRAME_RATE)
    codec.bit_rate = bitrate
    codec.options = {
        "deadline": "realtime",
        "cpu-used": "8",
        "lag-in-frames": "0",
        "g": "9999",
        "minrate": str(bitrate),
        "maxrate": str(bitrate),
        "bufsize": str(bitrate // 4),
        "undershoot-pct": "5",
    }
    random = np.random.default_rng(1)
    ground = random.integers(40, 216, (HEIGHT // 8, WIDTH // 8 * 2), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    made: list[bytes] = []
    for number in range(FRAME_RATE * ROUND_SECONDS):
        picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, dtype=np.uint8)
        grain = random.integers(0, 32, (HEIGHT, WIDTH), dtype=np.uint8)
        picture[:HEIGHT] = ground[:, number * 4 : number * 4 + WIDTH] + grain
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = number, codec.time_base
        made += [bytes(packet) for packet in codec.encode(frame)]
    made += [bytes(packet) for packet in codec.encode(None)]
    return tuple(_fragments(data) for data in made)


def _fragments(data: bytes) -> tuple[bytes, ...]:
    """Cut a frame into nearly equal parts, as browsers do."""
    count = -(-len(data) // (MAX_PAYLOAD - _DESCRIPTOR))
    size = -(-len(data) // count)
    return tuple(data[start : start + size] for start in range(0, len(data), size))


def _sounds() -> tuple[bytes, ...]:
    codec = av.CodecContext.create("libopus", "w")
    assert isinstance(codec, av.AudioCodecContext), "libopus encodes audio"
    codec.sample_rate, codec.format, codec.layout = AUDIO_CLOCK, "s16", "mono"
    codec.bit_rate = AUDIO_BITRATE
    codec.options = {"vbr": "off", "frame_duration": "20"}
    size = AUDIO_CLOCK // AUDIO_RATE
    made: list[bytes] = []
    for number in range(AUDIO_RATE * ROUND_SECONDS):
        samples = voice.samples(number * size, size).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = AUDIO_CLOCK, number * size, Fraction(1, AUDIO_CLOCK)
        made += [bytes(packet) for packet in codec.encode(frame)]
    return tuple(made)
