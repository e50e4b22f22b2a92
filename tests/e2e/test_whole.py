"""A page of which something is lost on its way: it comes whole all the same, with nobody's help."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Route

from tests.e2e.scenes import PAGES
from tests.e2e.stage import Stage
from tests.e2e.visitor import PATIENCE, Chromium

pytestmark = pytest.mark.browser

WHOLE = "document.documentElement.dataset.page === 'whole'"
OPEN = f"{WHOLE} && window.rostrum?.connection.phase === 'open'"
STYLED = "getComputedStyle(document.querySelector('.hall')).display === 'grid'"
PLAYER = "document.querySelector('.player') !== null"

SAID = "This page has not come whole. It is tried again by itself."


class Losses:
    """Answers in the server's place: the first requests for a file are lost, as where the network changes."""

    def __init__(self, times: int = 1) -> None:
        self.times = times
        self.lost = 0

    async def __call__(self, route: Route) -> None:
        self.lost += 1
        if self.lost <= self.times:
            await route.abort("connectionreset")
        else:
            await route.continue_()


@pytest.mark.parametrize(
    ("page", "files", "then"),
    [
        ("hall", ("/shared/store.js",), OPEN),
        ("moderate", ("/moderate/moderate.js",), OPEN),
        ("watch", ("/watch/more.js",), f"{OPEN} && {PLAYER}"),
        ("hall", ("/hall/style.css",), f"{OPEN} && {STYLED}"),
        ("hall", ("/shared/whole.js", "/shared/store.js"), OPEN),
    ],
    ids=["module", "script", "what may be late", "style", "what would mend it"],
)
async def test_what_is_lost_once_is_there_in_the_end(
    stage: Stage, chromium: Chromium, page: str, files: tuple[str, ...], then: str
) -> None:
    losses = [Losses() for _ in files]
    for file, lost in zip(files, losses, strict=True):
        chromium.answers[f"**{file}"] = lost
    visitor = await chromium.visit(stage.link(page, await stage.new_session(), PAGES[page]))
    await visitor.expect(then)
    assert all(lost.lost > 1 for lost in losses)


async def test_a_server_that_dies_while_a_page_loads_is_waited_for_in_words(
    own_stage: Stage, chromium: Chromium
) -> None:
    link = own_stage.link("hall", await own_stage.new_session(), "hall")
    begun, killed = asyncio.Event(), asyncio.Event()

    async def dies(route: Route) -> None:
        begun.set()
        await killed.wait()
        await route.continue_()

    chromium.answers["**/shared/store.js"] = dies
    opening = asyncio.create_task(chromium.visit(link))
    async with asyncio.timeout(2 * PATIENCE):
        await begun.wait()
        [visitor] = chromium.visitors
        await visitor.expect("document.documentElement.dataset.page === 'coming'")
        own_stage.kill("signaling")
        killed.set()
        await opening
    await visitor.expect_text(SAID)
    await visitor.expect(OPEN)


async def test_a_page_of_which_nothing_comes_says_so_by_itself(stage: Stage, chromium: Chromium) -> None:
    losses = Losses(100)
    for file in ("/shared/whole.js", "/hall/hall.js"):
        chromium.answers[f"**{file}"] = losses
    visitor = await chromium.visit(stage.link("hall", await stage.new_session(), "hall"))
    shown = "getComputedStyle(document.querySelector('.late')).visibility === 'visible'"
    assert not await visitor.evaluate(shown), "said before it is known"
    late = "document.querySelector('.late').getAnimations()[0]"
    assert await visitor.evaluate(f"{late}.effect.getTiming().delay") == 12_000
    await visitor.evaluate(f"{late}.finish()")
    await visitor.expect(shown)
    assert await visitor.evaluate("document.querySelector('.late').getBoundingClientRect().height > 0")
    losses.times = 0
    await visitor.reload()
    await visitor.expect(OPEN)
    assert await visitor.evaluate("getComputedStyle(document.querySelector('.late')).display") == "none"
