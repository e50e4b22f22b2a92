"""The first thing a newcomer does: `rostrum demo`, and a link opened in whichever browser there is."""

from __future__ import annotations

import re

import pytest

from tests.e2e.visitor import Chromium, Firefox, Visitor
from tests.signaling.test_cli import settings
from tests.signaling.test_demo import command

pytestmark = [pytest.mark.browser, pytest.mark.slow]

READY_SECONDS = 30.0
"""Three times what an idle machine may take."""


async def test_the_watch_link_plays_in_chromium_and_firefox(chromium: Chromium, firefox: Firefox) -> None:
    env = settings()
    del env["ROSTRUM_MEDIA_HOST"]  # as for somebody who has set nothing
    async with command("demo", env=env) as demo:
        took = await demo.until_said(r"^Ready after ([\d.]+) s", READY_SECONDS)
        link = await demo.until_said(rf"^  ({re.escape(demo.url)}/watch/#token=\S+)$", 1)
        print(took[0])
        pages: list[Visitor] = [await chromium.visit(link[1]), await firefox.visit(link[1])]
        for page in pages:
            await page.playing()
