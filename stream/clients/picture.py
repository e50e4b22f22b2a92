"""Pictures as planes of luma and chroma, the way a video encoder wants them.

A `Picture` is one array in the layout of PyAV's yuv420p; what is static is drawn once with Pillow and
kept, what moves is written into the planes. The law: nothing here draws text or shapes per frame. It
must not know what a picture shows, nor when.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Final, cast

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from stream.clients.strip import Pixels

Colour = tuple[int, int, int]

INK: Final[Colour] = (18, 21, 26)
GREY: Final[Colour] = (138, 146, 158)
PAPER: Final[Colour] = (238, 240, 243)
ACCENT: Final[Colour] = (94, 160, 214)

CLOCK_GLYPHS: Final = "0123456789:."


@dataclass(frozen=True)
class Picture:
    """One picture in yuv420p: `array` has the shape (height * 3 // 2, width). Sides must be even."""

    array: Pixels

    @classmethod
    def of(cls, image: Image.Image) -> Picture:
        """Convert a Pillow picture."""
        frame = av.VideoFrame.from_ndarray(np.asarray(image.convert("RGB")), format="rgb24")
        return cls(cast(Pixels, frame.reformat(format="yuv420p").to_ndarray()))

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.array.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.array.shape[0]) * 2 // 3

    @property
    def luma(self) -> Pixels:
        """The Y plane, shape (height, width); writing to it changes the picture."""
        return self.array[: self.height]

    @property
    def chroma(self) -> tuple[Pixels, Pixels]:
        """The U and V planes, each of half the size; writing to them changes the picture."""
        planes = self.array[self.height :].reshape(2, self.height // 2, self.width // 2)
        return planes[0], planes[1]

    def copy(self) -> Picture:
        """Return a picture of its own."""
        return Picture(self.array.copy())

    def paste(self, other: Picture, left: int, top: int) -> None:
        """Copy another picture into this one; `left` and `top` must be even."""
        self.luma[top : top + other.height, left : left + other.width] = other.luma
        for mine, theirs in zip(self.chroma, other.chroma, strict=True):
            rows, columns = theirs.shape
            mine[top // 2 : top // 2 + rows, left // 2 : left // 2 + columns] = theirs

    def frame(self) -> av.VideoFrame:
        """Return the picture as a frame for an encoder, which gets a copy."""
        return av.VideoFrame.from_ndarray(self.array, format="yuv420p")


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return Pillow's own scalable font; `size` in pixels."""
    return cast(ImageFont.FreeTypeFont, ImageFont.load_default(size))


@dataclass(frozen=True)
class Digits:
    """Clock digits drawn beforehand, all of one width: writing a time is copying."""

    glyphs: dict[str, Picture]

    @classmethod
    def of(cls, size: int, colour: Colour, ground: Colour) -> Digits:
        """Draw every glyph of a clock at `size` pixels."""
        face = font(size)
        width = _even(max(face.getlength(digit) for digit in "0123456789"))
        height = _even(-face.getbbox("0", anchor="ms")[1] + 2)
        glyphs = {}
        for glyph in CLOCK_GLYPHS:
            cell = width if glyph.isdigit() else _even(width / 2)
            image = Image.new("RGB", (cell, height), ground)
            ImageDraw.Draw(image).text((cell / 2, height - 1), glyph, colour, face, anchor="ms")
            glyphs[glyph] = Picture.of(image)
        return cls(glyphs)

    def write(self, picture: Picture, left: int, top: int, text: str) -> None:
        """Write `text` with its upper left corner at an even place."""
        for character in text:
            glyph = self.glyphs[character]
            picture.paste(glyph, left, top)
            left += glyph.width

    def width(self, text: str) -> int:
        """Return how many pixels `text` takes."""
        return sum(self.glyphs[character].width for character in text)


def _even(length: float) -> int:
    """Round up to whole chroma samples."""
    return 2 * math.ceil(length / 2)
