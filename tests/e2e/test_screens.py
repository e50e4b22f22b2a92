"""The contact sheet: every scene at three sizes, in each language and mirrored, for people to look at."""

from __future__ import annotations

import asyncio
import html
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.mirrored import LISTED, TAG, give
from tests.e2e.scenes import Scene, scenes, speak_language
from tests.e2e.stage import Stage
from tests.e2e.visitor import ARTIFACTS, Chromium

pytestmark = [pytest.mark.screens, pytest.mark.browser]

FOLDER: Final = ARTIFACTS / "screens"

SIZES: Final = {"desktop": (1280, 800), "tablet": (1024, 768), "phone": (375, 812)}

LANGUAGES: Final = ("en", "zh", TAG)

SETTLED: Final = 0.4
"""Seconds a page has to lay itself out anew, and to end what moves."""


@pytest.mark.timeout(900)
async def test_draw_every_page_in_every_state(stage: Stage, chromium: Chromium) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    drawn: list[str] = []
    chromium.answers[LISTED] = give
    async for scene in scenes(stage, chromium):
        for size in SIZES:
            await draw(scene, size)
        drawn.append(scene.name)
    await sheet(chromium, drawn)
    assert len(drawn) > 20


async def draw(scene: Scene, size: str) -> None:
    """Draw a scene at one size in each language."""
    page = scene.visitor.page
    width, height = SIZES[size]
    await page.set_viewport_size({"width": width, "height": height})
    for language in LANGUAGES:
        await speak_language(scene.visitor, language)
        await asyncio.sleep(SETTLED)
        picture = await page.screenshot(path=path(scene.name, size, language))
        assert len(picture) > 2_000, f"{scene.name} at {size} is empty"
    await speak_language(scene.visitor, "en")
    await page.set_viewport_size({"width": 1280, "height": 800})


def path(scene: str, size: str, language: str) -> Path:
    """Name a picture's file."""
    return FOLDER / f"{scene}.{size}.{language}.png"


async def sheet(chromium: Chromium, names: list[str]) -> None:
    """Put all pictures on one sheet, a line a scene."""
    figures = "".join(
        f"<h2>{html.escape(name)}</h2><div>"
        + "".join(
            f'<img class="{size}" src="{path(name, size, language).as_uri()}">'
            for size in SIZES
            for language in LANGUAGES
        )
        + "</div>"
        for name in names
    )
    style = """body { margin: 16px; font: 14px system-ui; background: #888 }
        h2 { font-size: 14px; margin: 12px 0 4px }
        div { display: flex; gap: 8px; align-items: flex-start } img { height: 240px; width: auto }"""
    source = FOLDER / "sheet.html"
    source.write_text(
        f'<!doctype html><meta charset="utf-8"><style>{style}</style>{figures}', encoding="utf-8"
    )
    context = await chromium.context(viewport={"width": 1840, "height": 1000})
    page = await context.new_page()
    await page.goto(source.as_uri())
    await page.screenshot(path=FOLDER / "sheet.png", full_page=True)
    await context.close()
