"""The contact sheet: every scene at each size, in each language, mirrored and dark, for people to look at.

Each part of the pages is drawn by a test of its own, so that one can be drawn anew; the sheet shows all that
have been.
"""

from __future__ import annotations

import asyncio
import html
import os
import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.mirrored import LISTED, TAG, give
from tests.e2e.scenes import PARTS, Scene, part_of, scenes, speak_language
from tests.e2e.stage import Stage
from tests.e2e.visitor import ARTIFACTS, Chromium

pytestmark = [pytest.mark.screens, pytest.mark.browser]

FOLDER: Final = ARTIFACTS / "screens"

USUAL: Final = {"desktop": (1280, 800), "tablet": (1024, 768), "phone": (375, 812)}

SIZES: Final = {
    asked: (int(asked.partition("x")[0]), int(asked.partition("x")[2]))
    for asked in os.environ.get("ROSTRUM_SCREENS", "").split(",")
    if asked
} or USUAL
"""Those asked for, such as `768x1024,320x568`, or the usual three."""

UPRIGHT: Final = (810, 1440)
"""A display in the hall that stands upright; nobody has the hall's screen on a phone."""

LANGUAGES: Final = ("en", "zh", TAG)

STYLE: Final = """<!doctype html><meta charset="utf-8"><style>
body { margin: 16px; font: 14px system-ui; background: #888 }
h2 { font-size: 14px; margin: 12px 0 4px }
div { display: flex; gap: 8px; align-items: flex-start } img { height: 240px; width: auto }
</style>"""

SETTLED: Final = 0.4
"""Seconds a page has to lay itself out anew, and to end what moves."""


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", PARTS)
async def test_draw_every_page_in_every_state(stage: Stage, chromium: Chromium, part: str) -> None:
    shutil.rmtree(FOLDER / part, ignore_errors=True)
    drawn = 0
    chromium.answers[LISTED] = give
    async for scene in scenes(stage, chromium, part):
        await draw(scene, FOLDER / part / f"{drawn:02}-{scene.name}")
        drawn += 1
    await sheet(chromium, part)
    assert drawn > 3


async def draw(scene: Scene, folder: Path) -> None:
    """Draw a scene at each size in each language, and at the usual ones at a desk in the dark."""
    page = scene.visitor.page
    sizes = {**SIZES, "phone": UPRIGHT} if part_of(scene) == "hall" and SIZES is USUAL else SIZES
    for size, (width, height) in sizes.items():
        await page.set_viewport_size({"width": width, "height": height})
        for language in LANGUAGES:
            await speak_language(scene.visitor, language)
            await take(scene, folder / f"{size}.{language}.png")
    await speak_language(scene.visitor, "en")
    # What is done on a page next is done at a desk.
    width, height = USUAL["desktop"]
    await page.set_viewport_size({"width": width, "height": height})
    if SIZES is not USUAL:
        return
    await page.emulate_media(color_scheme="dark")
    await take(scene, folder / "desktop.dark.png")
    await page.emulate_media(color_scheme="light")


async def take(scene: Scene, path: Path) -> None:
    """Draw a page as it now is."""
    await asyncio.sleep(SETTLED)
    picture = await scene.visitor.page.screenshot(path=path, timeout=90_000)
    assert len(picture) > 2_000, f"{scene.name} is empty: {path.name}"


async def sheet(chromium: Chromium, part: str) -> None:
    """Put a part's pictures on one sheet, a line a scene, and all there are on another."""
    whole = "".join(lines(one) for one in PARTS)
    (FOLDER / "sheet.html").write_text(STYLE + whole, encoding="utf-8")
    source = FOLDER / part / "sheet.html"
    source.write_text(STYLE + lines(part), encoding="utf-8")
    context = await chromium.context(viewport={"width": 2400, "height": 1000})
    page = await context.new_page()
    await page.goto(source.as_uri())
    await page.screenshot(path=FOLDER / f"{part}.png", full_page=True)
    await context.close()


def lines(part: str) -> str:
    """Return a part's lines of a sheet."""
    return "".join(
        f"<h2>{html.escape(scene.name[3:])}</h2><div>"
        + "".join(
            f'<img src="{picture.as_uri()}">'
            for size in SIZES
            for picture in sorted(scene.glob(f"{size}.*.png"))
        )
        + "</div>"
        for scene in sorted(path for path in (FOLDER / part).glob("*") if path.is_dir())
    )
