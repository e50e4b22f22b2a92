"""What readers set in their system or browser holds on the pages: colours, large letters, low windows."""

from __future__ import annotations

from typing import Final

import pytest

from signaling.attend import seat
from tests.e2e.scenes import OPEN, speak_language, talk
from tests.e2e.stage import Stage
from tests.e2e.visitor import Chromium, ChromiumVisitor

pytestmark = pytest.mark.browser

LOOKS: Final = """([chosen, other]) => {
  const look = (selector) => {
    const [, element, pseudo] = /^(.*?)(::\\w+)?$/.exec(selector);
    const { backgroundColor, borderBottomColor, color } =
      getComputedStyle(document.querySelector(element), pseudo);
    const ground = /^rgba.*, 0\\)$/.test(backgroundColor) ? 'rgb(255, 255, 255)' : backgroundColor;
    return [ground, borderBottomColor, color].join();
  };
  return look(chosen) !== look(other);
}"""
"""Whether two things, or what is drawn before or after them, look different."""

TOLD_APART: Final = {
    "moderate": (
        (".view[aria-pressed=true]", ".view[aria-pressed=false]"),
        (".segment input:checked + span", ".segment input:not(:checked) + span"),
        (".tabs [aria-selected=true]", ".tabs [aria-selected=false]"),
        (".queue .switch input:checked", ".desk-grid"),
        (".queue .switch input:checked::before", ".queue .switch input:checked"),
    ),
    "direct": (
        (".segment input:checked + span", ".segment input:not(:checked) + span"),
        (".switch input::before", ".switch input"),
        (".health [data-good]::before", ".health"),
        (".hall-look[aria-pressed=true]", ".details-acts .button, .service .button"),
        (".level::before", ".level"),
    ),
    "watch": (
        (".tabs [aria-selected=true]", ".tabs [aria-selected=false]"),
        (".tabs .dot", ".tabs [aria-selected=false]"),
        (".live::before", ".live"),
    ),
    "speak": (
        (".segment input:checked + span", ".segment input:not(:checked) + span"),
        (".level::before", ".level"),
        (".air[data-air=on] .tally", ".air"),
    ),
}


async def test_the_system_s_own_colours_leave_nothing_untold(stage: Stage, chromium: Chromium) -> None:
    session = await stage.new_session()

    async def opened(page: str, role: str) -> ChromiumVisitor:
        visitor = await chromium.visit(stage.link(page, session, role, sub=role))  # type: ignore[arg-type]
        await visitor.expect(OPEN, 10)
        await visitor.page.emulate_media(forced_colors="active")
        return visitor

    pages = {"watch": await opened("watch", "viewer"), "moderate": await opened("moderate", "moderator")}
    await talk(stage, session)
    pages["direct"] = await opened("direct", "producer")
    await pages["direct"].click(".hall-look")
    pages["speak"] = await opened("speak", "speaker")
    await pages["speak"].click(".setup-go button:enabled")
    await pages["speak"].expect("document.querySelector('.air') !== null")
    await stage.bring_on(session, "speaker")
    await pages["speak"].expect("document.querySelector('.air').dataset.air === 'on'")
    await pages["watch"].expect("document.querySelector('.tabs .dot') !== null")
    untold = [
        f"{name}: {chosen} looks as {other}"
        for name, pairs in TOLD_APART.items()
        for chosen, other in pairs
        if not await pages[name].page.evaluate(LOOKS, [chosen, other])
    ]
    assert untold == []
    # On air is red with these, too, and stands on a ground that it was chosen for.
    air = "getComputedStyle(document.querySelector('.tally')).backgroundColor"
    assert await pages["speak"].evaluate(air) == "rgb(210, 31, 31)"


LOST: Final = """() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  const faults = scrollWidth > clientWidth ? [`the page is ${scrollWidth - clientWidth} px too wide`] : [];
  const places = 'button, select, textarea, input, summary, h2, .focus-text, .bus-mark, .countdown';
  for (const one of document.querySelectorAll(`#page :is(${places})`)) {
    const shown = one.closest('.segment') ?? one;
    if (one.closest('.unseen') || !one.checkVisibility()) continue;
    shown.scrollIntoView({ block: 'center' });
    const { left, right, top, bottom } = shown.getBoundingClientRect();
    const middle = (Math.max(0, top) + Math.min(innerHeight, bottom)) / 2;
    const there = document.elementFromPoint((left + right) / 2, middle);
    const what = `${shown.outerHTML.slice(0, 120)} at ${[left, top, right, bottom].map(Math.round)}`;
    if (!shown.isConnected) continue;
    if (left < -1 || right > innerWidth + 1) faults.push(`outside: ${what}`);
    else if (!shown.contains(there)) faults.push(`below ${there?.outerHTML.slice(0, 60)}: ${what}`);
    else if (shown.matches('button, .bus-mark') && shown.scrollWidth > shown.clientWidth + 1)
      faults.push(`cut: ${what}`);
    else if (shown.matches('button, .bus-mark') && shown.scrollHeight > shown.clientHeight + 1)
      faults.push(`cut below: ${what}`);
  }
  return faults;
}"""
"""What of a page cannot be seen or pressed, wherever one scrolls."""

DESKTOP: Final = (1280, 800)
PHONE: Final = (375, 667)

SETTINGS: Final = (
    (32, "page", (DESKTOP, PHONE)),
    (32, "browser", (DESKTOP, PHONE)),
    # A small phone, and a desktop at 400 %.
    (16, "browser", ((320, 568), (320, 256))),
)
"""Letters of twice the size, by the page's root alone or by the browser's setting, which styles ask for."""


@pytest.mark.timeout(240)
async def test_desks_lose_nothing_to_large_letters_and_low_windows(stage: Stage, chromium: Chromium) -> None:
    session = await stage.new_session("Two rooms, one conversation: what a hybrid talk needs")
    await talk(stage, session)
    faults: dict[str, object] = {}
    async with (
        seat(stage.url, stage.token(session, "speaker", "Prof. Ada Lindqvist", "ada")),
        seat(stage.url, stage.token(session, "speaker", "Noor Haddad", "noor")),
    ):
        for who in ("ada", "noor"):
            await stage.bring_on(session, who)
        for name, role in (("moderate", "moderator"), ("direct", "producer")):
            visitor = await chromium.visit(stage.link(name, session, role), bypass_csp=False)  # type: ignore[arg-type]
            await visitor.expect(OPEN, 10)
            await visitor.expect("document.querySelectorAll('.row').length >= 2")
            for letters, where, sizes in SETTINGS:
                await enlarge(visitor, letters, where)
                for width, height in sizes:
                    await visitor.page.set_viewport_size({"width": width, "height": height})
                    for language in ("en", "zh"):
                        await speak_language(visitor, language)
                        found = await visitor.page.evaluate(LOST)
                        if found:
                            faults[f"{name}, {letters} by {where}, {width}x{height}, {language}"] = found
        assert faults == {}
        await two_on_stage_stay_in_sight(visitor)


async def enlarge(visitor: ChromiumVisitor, letters: int, where: str) -> None:
    """Set the size of letters, in pixels: of the page alone, or in the browser."""
    await visitor.page.evaluate(
        "size => { document.documentElement.style.fontSize = size; }", f"{letters}px" * (where == "page")
    )
    browser = await visitor.page.context.new_cdp_session(visitor.page)
    sizes = {"standard": letters if where == "browser" else 16}
    await browser.send("Page.setFontSizes", {"fontSizes": sizes})


async def two_on_stage_stay_in_sight(direct: ChromiumVisitor) -> None:
    """On a tablet, both can be muted and taken off at once; the empty preview asks nobody to choose."""
    await speak_language(direct, "en")
    await direct.page.set_viewport_size({"width": 1024, "height": 768})
    await direct.expect("document.querySelectorAll('.member').length === 2")
    # That neither sends anything is noted: without alarms, nothing is below the fold.
    noted = "document.querySelectorAll('.alarm .slight').forEach((one) => one.click())"
    in_sight = "(({ scrollHeight, clientHeight }) => scrollHeight <= clientHeight)"
    await direct.expect(f"({noted}, {in_sight}(document.querySelector('.programme')))")
    assert not await direct.evaluate("!!document.querySelector('.pick:enabled')")
    await direct.expect_text("There is nobody to bring on now.", ".no-picture")
