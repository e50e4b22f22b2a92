"""Reading the strip of a frame that came out of a decoder."""

from __future__ import annotations

from typing import cast

import av

from stream.clients import strip


def reading(frame: object) -> strip.Reading | None:
    """Read the strip of a decoded video frame."""
    assert isinstance(frame, av.VideoFrame)
    return strip.read(cast(strip.Pixels, frame.to_ndarray(format="gray")))


def seconds(frame: object) -> float:
    """Return a frame's presentation time in seconds."""
    assert isinstance(frame, av.VideoFrame | av.AudioFrame)
    assert frame.pts is not None
    assert frame.time_base is not None
    return float(frame.pts * frame.time_base)
