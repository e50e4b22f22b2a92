"""The synthetic speaker's tracks: what the painters and the voice make, at the pace of a clock.

Owns pacing and timestamps. The law: pictures lie on multiples of their interval since 1970 and sound on
multiples of 20 ms, so that flash and beep are in step; who comes late skips ahead and never hurries
after. It must not know what is painted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Final

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from stream.clients import slides, test_card, voice
from stream.clients.picture import Picture

VIDEO_TIME_BASE: Final = Fraction(1, 90_000)
AUDIO_TIME_BASE: Final = Fraction(1, voice.SAMPLE_RATE)
FRAME_SAMPLES: Final = voice.SAMPLE_RATE // 50

Paint = Callable[[int, int], Picture]
"""Paints the picture of a time (ms since 1970) and a frame counter."""


class WallClock:
    """Seconds since 1970 as they were at the start, going on evenly whatever is set meanwhile."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return self._offset + time.monotonic()

    async def next_tick(self, last: int, rate: int) -> int:
        """Wait for the next multiple of 1/rate s after tick `last` and return its number.

        Ticks that have passed by more than one interval are skipped.
        """
        due = max(last + 1, int(self.now() * rate))
        await asyncio.sleep(max(0.0, due / rate - self.now()))
        return due


class PaintedTrack(MediaStreamTrack):
    """A video track of painted pictures at `rate` per second."""

    kind = "video"

    def __init__(self, clock: WallClock, rate: int, paint: Paint) -> None:
        super().__init__()
        self._clock = clock
        self._rate = rate
        self._paint = paint
        self._counter = 0
        self._start = clock.now()
        self._tick = int(self._start * rate)

    async def recv(self) -> av.VideoFrame:
        """Return the next picture when its time has come; raises MediaStreamError once stopped."""
        if self.readyState != "live":
            raise MediaStreamError
        self._tick = await self._clock.next_tick(self._tick, self._rate)
        now = max(self._clock.now(), self._tick / self._rate)
        frame = self._paint(int(now * 1000), self._counter).frame()
        self._counter += 1
        frame.pts = round((now - self._start) / VIDEO_TIME_BASE)
        frame.time_base = VIDEO_TIME_BASE
        return frame


class VoiceTrack(MediaStreamTrack):
    """An audio track of the voice, mono, in frames of 20 ms."""

    kind = "audio"

    def __init__(self, clock: WallClock) -> None:
        super().__init__()
        self._clock = clock
        self._rate = voice.SAMPLE_RATE // FRAME_SAMPLES
        self._first = self._tick = int(clock.now() * self._rate)

    async def recv(self) -> av.AudioFrame:
        """Return the next 20 ms as they begin; raises MediaStreamError once stopped."""
        if self.readyState != "live":
            raise MediaStreamError
        self._tick = await self._clock.next_tick(self._tick, self._rate)
        sound = voice.samples(self._tick * FRAME_SAMPLES, FRAME_SAMPLES)
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = voice.SAMPLE_RATE
        frame.pts = (self._tick - self._first) * FRAME_SAMPLES
        frame.time_base = AUDIO_TIME_BASE
        return frame


def camera(
    clock: WallClock, card: test_card.TestCard, frame_rate: int = test_card.FRAME_RATE
) -> tuple[MediaStreamTrack, ...]:
    """Return the synthetic speaker's camera, so many pictures a second, and microphone."""

    def paint(ms: int, counter: int) -> Picture:
        return card.paint(ms, counter, voice.level(ms * voice.SAMPLE_RATE // 1000))

    return PaintedTrack(clock, frame_rate, paint), VoiceTrack(clock)


def screen(clock: WallClock, deck: slides.Slides) -> tuple[MediaStreamTrack, ...]:
    """Return the synthetic speaker's slides."""
    return (PaintedTrack(clock, slides.FRAME_RATE, deck.paint),)
