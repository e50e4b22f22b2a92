"""Another language is one catalogue more: it is offered and spoken, and mirrors a page where it runs so."""

from __future__ import annotations

from typing import Final

import pytest

from signaling.attend import command_id, seat
from signaling.protocol import Ack, PresentDeclaration
from tests.e2e.mirrored import LISTED, TAG, give
from tests.e2e.scenes import PAGES, speak_language
from tests.e2e.stage import Stage
from tests.e2e.visitor import Chromium

pytestmark = pytest.mark.browser

SIZES: Final = ((1280, 800), (375, 812))

OVERFLOW = """[...document.querySelectorAll('#page *')]
  .filter((at) => {
    const { left, right, width } = at.getBoundingClientRect();
    return width > 1 && (left < -1 || right > innerWidth + 1) && getComputedStyle(at).position !== 'fixed'
      && at.checkVisibility() && !at.closest('.scroll, .rows, [aria-hidden=true], .sr-only');
  })
  .map((at) => `${at.tagName} ${at.className}`).slice(0, 5)"""


async def test_a_catalogue_that_is_added_is_spoken_by_every_page_and_mirrors_it(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session("两个会场，一场对话")
    chromium.answers[LISTED] = give
    visitor = await chromium.visit(f"{stage.url}/")
    faults: dict[str, object] = {}
    links = {name: stage.link(name, session, role) for name, role in PAGES.items()}
    for name, link in {"entrance": f"{stage.url}/", "style": f"{stage.url}/style/", **links}.items():
        await visitor.page.goto(
            link.replace(f"/{name}/#", f"/{name}/?lang={TAG}#") if "#" in link else f"{link}?lang={TAG}"
        )
        await visitor.expect("document.querySelector('#page').childElementCount > 0", 10)
        await visitor.expect(
            f"document.documentElement.lang === '{TAG}' && document.documentElement.dir === 'rtl'"
        )
        if name in links:
            await visitor.expect("window.rostrum?.connection.phase === 'open'", 10)
        assert await visitor.evaluate("/[ا-ي]{3}/.test(document.body.innerText)"), name
        for width, height in SIZES:
            await visitor.page.set_viewport_size({"width": width, "height": height})
            beyond = await visitor.evaluate(OVERFLOW)
            if beyond:
                faults[f"{name} at {width}"] = beyond
    assert faults == {}
    await visitor.page.goto(links["watch"])
    # A title in another script runs as its own does, and begins at the edge where the page does.
    begins = "getComputedStyle(document.querySelector('.watch-head h1')).textAlign"
    await visitor.expect(f"{begins} === 'right'")
    # It is among the choices, by its own name, and another one is there again at once.
    offered = await visitor.page.locator(".watch-head select option").all_inner_texts()
    assert "العربية" in offered and "English" in offered
    await visitor.page.select_option(".watch-head select", "en")
    await visitor.expect("document.documentElement.dir === 'ltr'")


BEGINS: Final = """(selector) => {
  const words = document.createRange();
  words.selectNodeContents(document.querySelector(selector));
  return Math.round(words.getBoundingClientRect().left);
}"""
"""Where the words of something begin that is read from left to right."""


async def test_a_text_in_another_script_begins_below_its_title_and_a_long_line_of_it_is_cut_at_its_end(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session("Two rooms, one conversation: what a hybrid talk needs of both")
    chromium.answers[LISTED] = give
    async with seat(stage.url, stage.token(session, "moderator")) as desk:
        text = "We open both rooms to all who want to learn. " * 9
        declared = PresentDeclaration(
            command_id(), "On open rooms", text, ("University of Porto",), open=False
        )
        assert isinstance(await desk.command(declared), Ack)
    watch = await chromium.visit(stage.link("watch", session, "viewer"))
    await watch.expect("window.rostrum?.connection.phase === 'open'", 10)
    await speak_language(watch, TAG)
    await watch.click("#tab-declaration")
    await watch.expect("document.querySelector('.declaration-text') !== null")
    title, words = [await watch.page.evaluate(BEGINS, f".declaration-{part}") for part in ("title", "text")]
    assert title == words

    direct = await chromium.visit(stage.link("direct", session, "producer"))
    await direct.expect("window.rostrum?.connection.phase === 'open'", 10)
    await speak_language(direct, TAG)
    head = "(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)(document.querySelector('h1'))"
    await direct.page.set_viewport_size({"width": 900, "height": 800})
    await direct.expect(head)
    # An ellipsis stands where the line ends: at the side to which its own script runs.
    await direct.expect("getComputedStyle(document.querySelector('h1')).direction === 'ltr'")
    await direct.page.set_viewport_size({"width": 375, "height": 812})
    await direct.expect(f"!{head}")
