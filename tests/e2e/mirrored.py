"""One language more, written from right to left: what a page says in it, and how it stands, mirrored.

The words are the English ones in Arabic letters, one for one: nobody reads them, but they are as long, run
the other way, and are a catalogue as any other, added where catalogues are listed.
"""

from __future__ import annotations

from playwright.async_api import Route

TAG = "ar"

LISTED = "**/shared/words/catalogues.js"
"""The one file of the pages in which another language is named."""

CATALOGUES = """
import { en } from './en.js';
import { zh } from './zh.js';

const LETTERS = 'ابجدهوزحطيكلمنسعفصقرشتثخذض';
const written = (text) =>
  text.replace(/\\{\\w+\\}|[a-z]/gi, (found) =>
    found.length > 1 ? found : LETTERS[found.toLowerCase().charCodeAt(0) - 97]);
const mirrored = (part) =>
  typeof part === 'string'
    ? written(part)
    : Object.fromEntries(Object.entries(part).map(([key, value]) => [key, mirrored(value)]));

export const catalogues = { en, zh, ar: { ...mirrored(en), self: { name: 'العربية', direction: 'rtl' } } };
"""


async def give(route: Route) -> None:
    """Answer with the list of catalogues that has one more."""
    await route.fulfill(body=CATALOGUES, content_type="text/javascript; charset=utf-8")
