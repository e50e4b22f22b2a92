"""One language more, written from right to left: what a page says in it, and how it stands, mirrored.

The words are the English ones in Arabic letters, one for one: nobody reads them, but they are as long, run
the other way, and are a catalogue as any other, added where catalogues are listed.
"""

from __future__ import annotations

from playwright.async_api import Route

TAG = "ar"

LISTED = "**/shared/words/{spoken,catalogues}.js"
"""The files of the pages in which another language is named: as every page speaks it, and whole."""

MIRRORED = """
const LETTERS = 'ابجدهوزحطيكلمنسعفصقرشتثخذض';
const written = (text) =>
  text.replace(/\\{\\w+\\}|[a-z]/gi, (found) =>
    found.length > 1 ? found : LETTERS[found.toLowerCase().charCodeAt(0) - 97]);
const mirrored = (part) =>
  typeof part === 'string'
    ? written(part)
    : Object.fromEntries(Object.entries(part).map(([key, value]) => [key, mirrored(value)]));

const ar = { ...mirrored(en), self: { name: 'العربية', direction: 'rtl' } };
"""


async def give(route: Route) -> None:
    """Answer with a list of languages that has one more."""
    listed, folder = ("spoken", "./everyone") if "spoken" in route.request.url else ("catalogues", ".")
    imports = "".join(f"import {{ {tag} }} from '{folder}/{tag}.js';\n" for tag in ("en", "zh"))
    body = f"{imports}{MIRRORED}export const {listed} = {{ en, zh, ar }};\n"
    await route.fulfill(body=body, content_type="text/javascript; charset=utf-8")
