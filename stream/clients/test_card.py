"""The synthetic speaker's camera: a calm picture which shows what time it is.

Owns the look of the card: name, wall clock, frame counter, a bead on a line, a speaker whose ring
follows the voice, a panel that is white for the first 100 ms of each second, and the strip that
machines read. The law: a picture is a function of its arguments, and painting one is copying what was
drawn before. It must not know of clocks, tracks or sound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

from stream.clients import strip
from stream.clients.picture import ACCENT, GREY, INK, PAPER, Colour, Digits, Picture, font

WIDTH: Final = 640
HEIGHT: Final = 360
FRAME_RATE: Final = 30

FLASH_MS: Final = 100
"""How long the panel is white and the beep sounds, from each whole second on."""

FLASH_BOX: Final = (536, 24, 88, 88)
"""Where the panel is: left, top, width, height in pixels."""

_PORTRAIT: Final = (32, 56, 192)
_CLOCK: Final = (256, 134)
_COUNTER: Final = (326, 196)
_LINE: Final = (40, 600, 288)
_BEAD: Final = 12
_BEAD_PERIOD_MS: Final = 4000
_LEVELS: Final = 9
_BACKDROP: Final[Colour] = (32, 37, 45)


@dataclass(frozen=True)
class TestCard:
    """A painter for one speaker; make one with `TestCard.of(name, affiliation)`."""

    __test__ = False  # not a test, whatever pytest thinks of its name

    ground: Picture
    portraits: tuple[Picture, ...]
    bead: Picture
    flash: Picture
    clock: Digits
    count: Digits

    @classmethod
    def of(cls, name: str, affiliation: str = "") -> TestCard:
        """Draw everything that does not change."""
        return cls(
            ground=_ground(name, affiliation),
            portraits=tuple(_portrait(level / (_LEVELS - 1)) for level in range(_LEVELS)),
            bead=_bead(),
            flash=Picture.of(Image.new("RGB", FLASH_BOX[2:], (255, 255, 255))),
            clock=Digits.of(48, PAPER, INK),
            count=Digits.of(20, GREY, INK),
        )

    def paint(self, ms: int, counter: int, level: float) -> Picture:
        """Paint the picture of `ms` (since 1970, UTC); `level` is the voice's loudness from 0 to 1."""
        picture = self.ground.copy()
        left, top, _ = _PORTRAIT
        picture.paste(self.portraits[round(min(1.0, max(0.0, level)) * (_LEVELS - 1))], left, top)
        self.clock.write(picture, *_CLOCK, clock_text(ms))
        self.count.write(picture, *_COUNTER, f"{counter:06d}")
        picture.paste(self.bead, _bead_left(ms), _LINE[2] - _BEAD // 2)
        if ms % 1000 < FLASH_MS:
            picture.paste(self.flash, *FLASH_BOX[:2])
        strip.paint(picture.luma, strip.encode(ms, counter))
        return picture


def clock_text(ms: int) -> str:
    """Return the time of day, UTC, as HH:MM:SS.mmm."""
    seconds, thousandths = divmod(ms, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours % 24:02d}:{minute:02d}:{second:02d}.{thousandths:03d}"


def _bead_left(ms: int) -> int:
    """Return where the bead is: to and fro, slow at the ends, at an even pixel."""
    start, end, _ = _LINE
    way = 0.5 - 0.5 * math.cos(2 * math.pi * (ms % _BEAD_PERIOD_MS) / _BEAD_PERIOD_MS)
    return round((start + way * (end - _BEAD - start)) / 2) * 2


def _ground(name: str, affiliation: str) -> Picture:
    image = Image.new("RGB", (WIDTH, HEIGHT), INK)
    draw = ImageDraw.Draw(image)
    draw.text((256, 84), name, PAPER, font(26), anchor="ls")
    draw.text((256, 110), affiliation, GREY, font(15), anchor="ls")
    draw.text((262 + Digits.of(48, PAPER, INK).width(clock_text(0)), 168), "UTC", GREY, font(15), anchor="ls")
    draw.text((256, 211), "frame", GREY, font(20), anchor="ls")
    left, top, width, height = FLASH_BOX
    draw.rectangle((left, top, left + width - 1, top + height - 1), outline=_BACKDROP, width=2)
    start, end, middle = _LINE
    draw.rectangle((start, middle - 1, end - 1, middle), fill=_BACKDROP)
    # The strip has no colour: where it will be painted, the chroma planes stay neutral.
    draw.rectangle((0, HEIGHT - strip.ROWS * WIDTH // strip.COLUMNS, WIDTH, HEIGHT), fill=(0, 0, 0))
    return Picture.of(image)


def _portrait(level: float) -> Picture:
    """Draw head and shoulders in a disc; the ring around it grows with the voice's level."""
    size, scale = _PORTRAIT[2], 4
    side = size * scale
    centre = side / 2

    def disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, fill: Colour) -> None:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)

    body = Image.new("RGB", (side, side), _BACKDROP)
    draw = ImageDraw.Draw(body)
    disc(draw, centre, side * 0.84, side * 0.27, GREY)
    disc(draw, centre, side * 0.42, side * 0.19, _BACKDROP)
    disc(draw, centre, side * 0.41, side * 0.165, GREY)

    image = Image.new("RGB", (side, side), INK)
    disc(ImageDraw.Draw(image), centre, centre, side * (0.42 + 0.07 * level), ACCENT)
    disc(ImageDraw.Draw(image), centre, centre, side * 0.42, INK)
    mask = Image.new("L", (side, side), 0)
    ImageDraw.Draw(mask).ellipse((side * 0.1, side * 0.1, side * 0.9, side * 0.9), fill=255)
    image.paste(body, mask=mask)
    return Picture.of(image.resize((size, size), Image.Resampling.LANCZOS))


def _bead() -> Picture:
    image = Image.new("RGB", (_BEAD * 4, _BEAD * 4), INK)
    ImageDraw.Draw(image).ellipse((0, 0, _BEAD * 4 - 1, _BEAD * 4 - 1), fill=ACCENT)
    return Picture.of(image.resize((_BEAD, _BEAD), Image.Resampling.LANCZOS))
