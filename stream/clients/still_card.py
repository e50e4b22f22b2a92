"""Draws the still picture that relays show in a slate's place: `python -m stream.clients.still_card FILE`.

A sign that needs no language: somebody has paused the stage, nothing is broken. The words of a slate are
shown by pages, which know them.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from PIL import Image, ImageDraw

from stream.clients.picture import ACCENT, GREY, INK, PAPER

WIDTH: Final = 640
HEIGHT: Final = 360

_FINE: Final = 2
"""Drawn so many times larger, and made smaller, so that edges are smooth."""


def draw() -> Image.Image:
    """Return the picture."""
    image = Image.new("RGB", (WIDTH * _FINE, HEIGHT * _FINE), INK)
    pen = ImageDraw.Draw(image)
    x, y = WIDTH, HEIGHT - 20
    pen.ellipse((x - 90, y - 90, x + 90, y + 90), outline=ACCENT, width=8)
    for left in (x - 36, x + 16):
        pen.rounded_rectangle((left, y - 40, left + 20, y + 40), radius=6, fill=PAPER)
    pen.line((x - 260, y + 190, x + 260, y + 190), fill=GREY, width=4)
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def encode(image: Image.Image) -> bytes:
    """Return a picture as one VP8 key frame."""
    frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24").reformat(format="yuv420p")
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = image.width, image.height, "yuv420p"
    encoder.time_base, encoder.bit_rate = Fraction(1, 1), 400_000
    encoder.options = {"crf": "10", "deadline": "best"}
    (packet,) = [*encoder.encode(frame), *encoder.encode(None)]
    return bytes(packet)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(encode(draw()))
