"""Hands that stay on the keyboard: to a place by Tab, and the focus, which is to be seen wherever it is.

A long way is shortened to its last stroke; `round_of` sees that every place of a page is reached.
"""

from __future__ import annotations

import json
from typing import Final

from tests.e2e.visitor import ChromiumVisitor

BESIDE: Final = 6
"""Strokes of Tab beyond a page's places: the browser's own, and what scrolls, is one too."""

PLACES: Final = """(() => {
  const from = document.querySelector('dialog[open]') ?? document;
  const group = (one) => [...from.querySelectorAll(`[type=radio][name="${one.name}"]`)];
  const chosen = (one) => group(one).find(({ checked }) => checked) ?? group(one)[0];
  const stops = (one) => one.tabIndex >= 0 && !one.matches(':disabled') && one.checkVisibility()
    && (one.type !== 'radio' || chosen(one) === one);
  return [...from.querySelectorAll('a, button, input, select, textarea, summary, [tabindex]')].filter(stops);
})()"""
"""The places where Tab stops, in their order."""

NEXT_TO: Final = """((selector) => {
  if (document.activeElement?.matches(selector)) return 'there';
  const places = PLACES;
  const to = places.findIndex((one) => one.matches(selector));
  if (to < 0 || places.length < 2) return '';
  places[to ? to - 1 : 1].focus();
  return to ? 'Tab' : 'Shift+Tab';
})""".replace("PLACES", PLACES)
"""Goes to the place beside one, and says which stroke is left; nothing while there is no such place."""

FAULT: Final = """(() => {
  const at = document.activeElement;
  if (!at || at === document.body) return 'the focus is lost';
  const shown = at.closest('.segment') ? at.nextElementSibling : at;
  const { left, top, width, height } = shown.getBoundingClientRect();
  const what = `${at.outerHTML.slice(0, 120)} at ${[left, top, width, height].map(Math.round)}`;
  if (getComputedStyle(shown).outlineStyle === 'none') return `it does not show: ${what}`;
  const there = document.elementFromPoint(left + width / 2, top + Math.min(height, innerHeight - top) / 2);
  if (there && [shown, at].some((one) => one.contains(there) || there.contains(one))) return '';
  return `it is hidden: ${what}, by ${there?.outerHTML.slice(0, 120)}`;
})()"""
"""What is wrong with where the focus is: nowhere, not marked, outside of the window, or behind something."""

ROUND: Final = """globalThis.visited = new Map();
addEventListener('focusin', ({ target }) => visited.set(target, FAULT));
PLACES.length""".replace("FAULT", FAULT).replace("PLACES", PLACES)
"""Notes from now on where the focus comes, and what is wrong there; how many places there are."""

MISSED: Final = """[...[...visited.values()].filter((fault) => fault),
  ...PLACES.filter((one) => !visited.has(one)).map((one) => `no way to ${one.outerHTML.slice(0, 120)}`)
]""".replace("PLACES", PLACES)


async def to(visitor: ChromiumVisitor, selector: str) -> None:
    """Go to a place by Tab as soon as Tab leads there, and see that the focus is seen.

    What comes or goes on the page between two strokes may put another place before it: then again.
    """
    way, stroke = f"{NEXT_TO}({json.dumps(selector)})", ""

    async def there() -> bool:
        nonlocal stroke
        stroke = await visitor.evaluate(way)
        if stroke not in ("", "there"):
            await visitor.page.keyboard.press(stroke)
        return stroke != "" and bool(
            await visitor.evaluate(f"document.activeElement.matches({json.dumps(selector)})")
        )

    await visitor.until(there, 20, f"Tab leads to {selector}")
    await seen(visitor, f"{stroke} to {selector}")


async def press(visitor: ChromiumVisitor, *keys: str) -> None:
    """Press keys one after the other."""
    for key in keys:
        await visitor.page.keyboard.press(key)


async def seen(visitor: ChromiumVisitor, after: str) -> None:
    """Wait until the focus is somewhere where it can be seen."""
    try:
        await visitor.expect(f"{FAULT} === ''")
    except AssertionError as error:
        raise AssertionError(f"after {after}: {await visitor.evaluate(FAULT)}") from error


async def does(visitor: ChromiumVisitor, selector: str, *keys: str) -> None:
    """Go to a place, press keys there (Enter, if none), and see that the focus is not lost by it."""
    await to(visitor, selector)
    await press(visitor, *(keys or ("Enter",)))
    await seen(visitor, f"{keys or 'Enter'} at {selector}")


async def round_of(visitor: ChromiumVisitor) -> list[str]:
    """Go once around a page by Tab; return what is not reached by it, and where the focus is not seen."""
    for _ in range(int(await visitor.evaluate(ROUND)) + BESIDE):
        await visitor.page.keyboard.press("Tab")
    missed: list[str] = await visitor.evaluate(MISSED)
    return missed
