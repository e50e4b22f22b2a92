"""What readers set in their system or browser holds on the pages: the system's own colours."""

from __future__ import annotations

from typing import Final

import pytest

from tests.e2e.scenes import OPEN, talk
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
