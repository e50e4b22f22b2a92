"""A media file as endless tracks.

aiortc's MediaPlayer starts its timestamps anew at each repetition and then plays as fast as it can, so
this decodes by itself: on demand, one frame at a time, each track from a container of its own. The law:
sound and picture share one start and one length of a round, and stay together however often they repeat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from stream.clients.errors import UnreadableFile
from stream.clients.tracks import AUDIO_TIME_BASE, FRAME_SAMPLES, VIDEO_TIME_BASE, WallClock

MAX_HEIGHT: Final = 720
"""Larger pictures are scaled down: aiortc encodes VP8 on one core, at 1.5 Mbit/s at most."""

Timed = tuple[Fraction, av.VideoFrame | av.AudioFrame]
"""When a frame is due, in seconds from the file's first start, and the frame."""


class FileTrack(MediaStreamTrack):
    """One of a file's tracks, paced by its timestamps."""

    def __init__(self, kind: str, clock: WallClock, start: float, frames: Iterator[Timed]) -> None:
        super().__init__()
        self.kind = kind
        self._clock = clock
        self._start = start
        self._frames = frames

    async def recv(self) -> av.VideoFrame | av.AudioFrame:
        """Return the next frame when it is due; raises MediaStreamError once stopped."""
        if self.readyState != "live":
            raise MediaStreamError
        due, frame = await asyncio.to_thread(next, self._frames)
        await asyncio.sleep(max(0.0, self._start + float(due) - self._clock.now()))
        return frame


def open_tracks(path: Path, clock: WallClock) -> tuple[MediaStreamTrack, ...]:
    """Return the file's first video and first audio track, looped; raises UnreadableFile."""
    try:
        with av.open(str(path)) as container:
            length = Fraction(container.duration or 0, av.time_base)
            has_video, has_audio = bool(container.streams.video), bool(container.streams.audio)
    except (av.FFmpegError, OSError) as error:
        raise UnreadableFile(f"{path} cannot be played ({error.strerror or error}).") from error
    if not length or not (has_video or has_audio):
        raise UnreadableFile(f"{path} holds neither sound nor picture of known length.")
    start = clock.now()
    tracks: list[MediaStreamTrack] = []
    if has_video:
        tracks.append(FileTrack("video", clock, start, _pictures(path, length)))
    if has_audio:
        tracks.append(FileTrack("audio", clock, start, _sounds(path, length)))
    return tuple(tracks)


def _pictures(path: Path, length: Fraction) -> Iterator[Timed]:
    """Decode the video, round after round."""
    with av.open(str(path)) as container:
        begin = Fraction(0)
        while True:
            first: Fraction | None = None
            for frame in container.decode(video=0):
                if frame.pts is None or frame.time_base is None:
                    continue
                at = frame.pts * frame.time_base
                first = at if first is None else first
                due = begin + at - first
                picture = frame.reformat(*_size(frame.width, frame.height), format="yuv420p")
                picture.pts, picture.time_base = round(due / VIDEO_TIME_BASE), VIDEO_TIME_BASE
                yield due, picture
            begin += length
            container.seek(0)


def _sounds(path: Path, length: Fraction) -> Iterator[Timed]:
    """Decode the audio into frames of 20 ms, round after round."""
    with av.open(str(path)) as container:
        begin = Fraction(0)
        while True:
            resampler = av.AudioResampler("s16", "stereo", int(1 / AUDIO_TIME_BASE), FRAME_SAMPLES)
            position = round(begin / AUDIO_TIME_BASE)
            for decoded in container.decode(audio=0):
                for frame in resampler.resample(decoded):
                    frame.pts, frame.time_base = position, AUDIO_TIME_BASE
                    yield position * AUDIO_TIME_BASE, frame
                    position += FRAME_SAMPLES
            begin += length
            container.seek(0)


def _size(width: int, height: int) -> tuple[int, int]:
    """Return the size to send: even, and no higher than MAX_HEIGHT."""
    scale = min(1.0, MAX_HEIGHT / height)
    return round(width * scale / 2) * 2, round(height * scale / 2) * 2
