"""The strip survives what codecs and scalers do, and is never misread."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stream.clients import strip
from stream.clients.strip import Reading
from stream.clients.test_card import TestCard
from tests.stream.clients.readings import reading

MS = 1_790_000_123_456


def grey(width: int = 640, height: int = 360) -> strip.Pixels:
    return np.full((height, width), 90, dtype=np.uint8)


@given(ms=st.integers(0, 2**45), counter=st.integers(0, 2**20))
def test_a_strip_reads_back_as_it_was_painted(ms: int, counter: int) -> None:
    luma = grey(320, 180)
    strip.paint(luma, strip.encode(ms, counter))
    assert strip.read(luma) == Reading(ms % 2**32, counter % 2**16)


def test_a_colour_picture_reads_as_well_as_its_luma() -> None:
    luma = grey()
    strip.paint(luma, strip.encode(MS, 7))
    assert strip.read(np.stack([luma] * 3, axis=-1)) == Reading(MS % 2**32, 7)


@pytest.mark.parametrize("size", [(1280, 720), (320, 180), (426, 240), (160, 90)])
def test_a_scaled_picture_reads(size: tuple[int, int]) -> None:
    luma = grey()
    strip.paint(luma, strip.encode(MS, 7))
    scaled = np.asarray(Image.fromarray(luma).resize(size, Image.Resampling.BILINEAR))
    assert strip.read(scaled) == Reading(MS % 2**32, 7)


@given(block=st.integers(0, strip.ROWS * strip.COLUMNS - 1), ms=st.integers(0, 2**32 - 1))
def test_one_wrong_block_is_noticed(block: int, ms: int) -> None:
    blocks = strip.encode(ms, 1)
    blocks.reshape(-1)[block] ^= True
    luma = grey(320, 180)
    strip.paint(luma, blocks)
    assert strip.read(luma) is None


def test_pictures_without_a_strip_read_as_none() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (360, 640), dtype=np.uint8)
    assert strip.read(grey()) is None
    assert strip.read(noise) is None
    assert strip.read(np.zeros((1, 1), dtype=np.uint8)) is None


def test_a_mirrored_or_turned_picture_reads_as_none() -> None:
    luma = grey()
    strip.paint(luma, strip.encode(MS, 7))
    assert strip.read(luma[:, ::-1]) is None
    assert strip.read(luma[::-1, ::-1]) is None


def test_the_strip_survives_vp8_at_a_low_bitrate() -> None:
    card = TestCard.of("Ada")
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.bit_rate = 640, 360, "yuv420p", 250_000
    encoder.time_base, encoder.framerate = Fraction(1, 30), Fraction(30)
    encoder.options = {"deadline": "realtime", "cpu-used": "-6", "lag-in-frames": "0"}
    decoder = av.CodecContext.create("libvpx", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    read: list[Reading | None] = []
    for number in range(60):
        frame = card.paint(MS + number * 33, number, 0.5).frame()
        frame.pts = number
        for packet in encoder.encode(frame):
            read.extend(reading(decoded) for decoded in decoder.decode(packet))
    assert read == [Reading((MS + number * 33) % 2**32, number) for number in range(60)]


def test_age_is_right_across_the_wrap() -> None:
    painted = 5 * 2**32 - 100
    reading = strip.Reading(painted % 2**32, 0)
    assert reading.age(painted + 250) == 250
    assert reading.age(painted - 30) == -30
