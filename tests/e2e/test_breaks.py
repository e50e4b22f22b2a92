"""A break as people see it: words instead of the picture, and the picture again, with nobody's help."""

from __future__ import annotations

import pytest

from tests.e2e.stage import Stage
from tests.e2e.visitor import Chromium

pytestmark = pytest.mark.browser


async def test_a_pause_and_an_end_by_mistake_pass_and_the_picture_comes_back(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    viewer = await chromium.visit(stage.link("watch", session, "viewer"))
    desk = await chromium.visit(stage.link("direct", session, "producer"))
    async with stage.speaker(session, frame_rate=10):
        await viewer.playing()
        await desk.click("button[title*='there is a break']")
        await viewer.expect_text("A short break", ".slate", within=8)
        await desk.click("button[title*='sees the stage again']")
        await viewer.playing(within=8)
        await desk.click("[data-life=end]")
        await desk.click("dialog .serious")
        await viewer.expect_text("The session has ended", within=8)
        await viewer.expect("document.querySelector('.name-line') === null")
        await desk.click("button[title*='is paused then']")
        await viewer.expect_text("A short break", ".slate", within=8)
        await desk.click("button[title*='sees the stage again']")
        await viewer.playing(within=15)


async def test_open_doors_say_that_it_starts_soon(stage: Stage, chromium: Chromium) -> None:
    session = "doors"
    async with stage.http() as http:
        await http.post("/api/sessions", json={"id": session, "title": "Doors"})
        viewer = await chromium.visit(stage.link("watch", session, "viewer"))
        await viewer.expect_text("Not open yet", ".slate")
        await http.post(f"/api/sessions/{session}/doors")
        await viewer.expect_text("Starts soon", ".slate")
        await http.post(f"/api/sessions/{session}/start")
        await viewer.expect_text("One moment, please", ".slate")
