"""What every page owes everybody, in every state: names, contrast, roles; its own policy; nothing foreign.

axe-core looks at each scene, and at each page in Chinese too; at what asks something before the whole page,
also on a phone. What it finds serious or critical is a fault. Every run looks at the pages as they are
opened, `make screens` at every state of each, by light and in the dark: that takes minutes a page.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest
from playwright.async_api import ViewportSize

from tests.e2e.keyboard import round_of
from tests.e2e.scenes import PARTS, Scene, first_scenes, scenes, speak_language
from tests.e2e.stage import Stage
from tests.e2e.visitor import HERE, Chromium, ChromiumVisitor

pytestmark = pytest.mark.browser

AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"

ALL = "{ resultTypes: ['violations'] }"

IN_THE_DARK = "{ resultTypes: ['violations'], runOnly: ['color-contrast'] }"
"""What the dark changes: colours."""

RUN = """Promise.allSettled(document.getAnimations()
  .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity).map((one) => one.finished))
  .then(() => axe.run(document, { resultTypes: ['violations'] })).then(({ violations }) => violations
  .filter(({ impact }) => impact === 'serious' || impact === 'critical')
  .map(({ id, nodes }) => `${id}: ` + nodes.map(({ html, failureSummary }) =>
    `${html.slice(0, 200)} ${(failureSummary ?? '').replace(/\\s+/g, ' ').slice(0, 250)}`)))"""

DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 800}
PHONE: Final[ViewportSize] = {"width": 375, "height": 812}


class Conduct:
    """What a page asks of the network, and what its policy has to forbid it."""

    def __init__(self, visitor: ChromiumVisitor, home: str) -> None:
        self.foreign: list[str] = []
        self.forbidden: list[str] = []
        own = (home, home.replace("http", "ws"), "data:", "blob:", "about:")
        page = visitor.page
        page.on("request", lambda r: None if r.url.startswith(own) else self.foreign.append(r.url))
        page.on("console", lambda m: self.forbidden.append(m.text) if "Content Security" in m.text else None)


@pytest.mark.timeout(300)
async def test_no_page_has_a_serious_fault_as_it_opens(stage: Stage, chromium: Chromium) -> None:
    await examine(stage, chromium, first_scenes(stage, chromium))


@pytest.mark.screens
@pytest.mark.timeout(480)
@pytest.mark.parametrize("part", PARTS)
async def test_no_state_has_a_serious_fault(stage: Stage, chromium: Chromium, part: str) -> None:
    await examine(stage, chromium, scenes(stage, chromium, part), dark=True)


async def examine(stage: Stage, chromium: Chromium, states: AsyncIterator[Scene], dark: bool = False) -> None:
    """Look at one scene after the other, go once around each by Tab, and then say all that was found."""
    axe = AXE.read_text(encoding="utf-8")
    faults: dict[str, list[str]] = {}
    conduct: list[Conduct] = []
    seen: set[str] = set()
    chromium.on_visit = lambda visitor: conduct.append(Conduct(visitor, stage.url))
    async for scene in states:
        languages = ["en"] if scene.visitor.page.url in seen else ["en", "zh"]
        seen.add(scene.visitor.page.url)
        for language in languages:
            await speak_language(scene.visitor, language)
            if await scene.visitor.evaluate("typeof axe === 'undefined'"):
                await scene.visitor.evaluate(axe)
            found = await scene.visitor.evaluate(RUN)
            if found:
                faults[f"{scene.name}, {language}"] = found
        if len(languages) > 1:
            await speak_language(scene.visitor, "en")
            # The style page is a sheet of samples; each is gone to on the page that it is for.
            if scene.name != "style" and (found := await round_of(scene.visitor)):
                faults[f"{scene.name}, by Tab"] = found
        if await scene.visitor.evaluate("document.querySelector('dialog[open]') !== null"):
            await scene.visitor.page.set_viewport_size(PHONE)
            if found := await scene.visitor.evaluate(RUN):
                faults[f"{scene.name}, on a phone"] = found
            await scene.visitor.page.set_viewport_size(DESKTOP)
        if dark:
            await scene.visitor.page.emulate_media(color_scheme="dark")
            if found := await scene.visitor.evaluate(RUN.replace(ALL, IN_THE_DARK)):
                faults[f"{scene.name}, in the dark"] = found
            await scene.visitor.page.emulate_media(color_scheme="light")
    assert faults == {}
    assert len(conduct) > 5
    assert [address for page in conduct for address in page.foreign] == []
    assert [text for page in conduct for text in page.forbidden] == []
