"""A talk from end to end: someone speaks in a browser, others see and hear it in well under a second."""

from __future__ import annotations

import pytest

from tests.e2e.stage import Stage
from tests.e2e.visitor import PAINTED_CAMERA, SLIDES, Chromium, Firefox

pytestmark = [pytest.mark.browser, pytest.mark.alone]

MAX_AGE_MS = 500


async def test_a_synthetic_speaker_is_seen_fresh_and_heard_by_chromium_firefox_and_hall(
    stage: Stage, chromium: Chromium, firefox: Firefox
) -> None:
    session = await stage.new_session()
    async with stage.speaker(session):
        pages = {
            "chromium": await chromium.visit(stage.link("watch", session, "viewer")),
            "firefox": await firefox.visit(stage.link("watch", session, "viewer")),
            "hall": await chromium.visit(stage.link("hall", session, "hall")),
        }
        ages = {}
        for name, page in pages.items():
            await page.playing()
            ages[name] = await page.clock_age()
            ages[f"{name} slides"] = await page.clock_age(video=SLIDES)
        print(f"age of the clock in the picture, ms: {ages}")
        assert max(ages.values()) < MAX_AGE_MS


async def test_a_speaker_in_chromium_is_seen_fresh_and_heard_by_chromium_firefox_and_hall(
    stage: Stage, chromium: Chromium, firefox: Firefox
) -> None:
    session = await stage.new_session()
    speaker = await chromium.visit(
        stage.link("speak", session, "speaker", sub="speaker-1"), scripts=[PAINTED_CAMERA]
    )
    await speaker.click(".setup-go button:enabled")
    await stage.bring_on(session, "speaker-1")
    await speaker.expect("document.querySelector('.air')?.dataset.air === 'on'")
    pages = {
        "chromium": await chromium.visit(stage.link("watch", session, "viewer")),
        "firefox": await firefox.visit(stage.link("watch", session, "viewer")),
        "hall": await chromium.visit(stage.link("hall", session, "hall")),
    }
    ages = {}
    for name, page in pages.items():
        await page.playing()
        ages[name] = await page.clock_age()
    print(f"age of the clock in the picture, ms: {ages}")
    assert max(ages.values()) < MAX_AGE_MS


async def test_a_fake_camera_plays_with_sound(stage: Stage, chromium: Chromium) -> None:
    session = await stage.new_session()
    speaker = await chromium.visit(stage.link("speak", session, "speaker", sub="speaker-1"))
    await speaker.click(".setup-go button:enabled")
    await stage.bring_on(session, "speaker-1")
    viewer = await chromium.visit(stage.link("watch", session, "viewer"))
    await viewer.playing()
    await viewer.expect("rostrum.media().slots.main.width >= 320")


async def test_who_joins_before_the_speaker_sees_the_picture_when_it_comes(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    viewer = await chromium.visit(stage.link("watch", session, "viewer"))
    await viewer.expect("rostrum.media().peer === 'connected'")
    assert await viewer.frames() == 0
    async with stage.speaker(session):
        await viewer.playing()
        await stage.take_off(session, "speaker-1")
        await viewer.expect("document.querySelector('[data-slot=main]').dataset.shown === 'none'", 8)
