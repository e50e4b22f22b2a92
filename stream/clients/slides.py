"""The synthetic speaker's screen: a small deck whose pages turn every eight seconds.

The law: which page shows is a function of the time; a page is drawn once. The strip that machines read
runs along the lower edge, as on the camera's card. It must not know of clocks or tracks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

from stream.clients import strip
from stream.clients.picture import ACCENT, GREY, INK, PAPER, Picture, font

WIDTH: Final = 960
HEIGHT: Final = 540
FRAME_RATE: Final = 5
PAGE_MS: Final = 8000


@dataclass(frozen=True)
class Page:
    """One slide: a title and its points."""

    title: str
    points: tuple[str, str, str]


DECK: Final = (
    Page("One talk, two rooms", ("A speaker far away", "A hall full of people", "An audience online")),
    Page(
        "One direction each",
        ("Packets flow from the speaker to everybody", "Feedback flows back", "Nothing is transcoded"),
    ),
    Page(
        "Questions from both rooms",
        ("Asked in the hall or online", "Read by a moderator first", "Then on the screen, for everybody"),
    ),
    Page(
        "When something breaks",
        (
            "The picture does not depend on the chat",
            "What died is started again",
            "Everybody comes back by themselves",
        ),
    ),
)


@dataclass(frozen=True)
class Slides:
    """A painter for the deck; make one with `Slides.of()`."""

    pages: tuple[Picture, ...]

    @classmethod
    def of(cls, deck: tuple[Page, ...] = DECK) -> Slides:
        """Draw every page."""
        return cls(tuple(_draw(page, number, len(deck)) for number, page in enumerate(deck, 1)))

    def paint(self, ms: int, counter: int) -> Picture:
        """Paint the page of `ms` (since 1970) with its strip."""
        picture = self.pages[ms // PAGE_MS % len(self.pages)].copy()
        strip.paint(picture.luma, strip.encode(ms, counter))
        return picture


def _draw(page: Page, number: int, count: int) -> Picture:
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((72, 132, 132, 135), fill=ACCENT)
    draw.text((72, 112), page.title, INK, font(46), anchor="ls")
    for row, point in enumerate(page.points):
        baseline = 216 + 64 * row
        draw.ellipse((74, baseline - 14, 82, baseline - 6), fill=ACCENT)
        draw.text((104, baseline), point, INK, font(28), anchor="ls")
    draw.text((WIDTH - 72, 440), f"{number} / {count}", GREY, font(18), anchor="rs")
    draw.rectangle((0, HEIGHT - strip.ROWS * WIDTH // strip.COLUMNS, WIDTH, HEIGHT), fill=(0, 0, 0))
    return Picture.of(image)
