"""What every end-to-end test starts from: a running Rostrum, a Chromium, a Firefox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import async_playwright

from tests.e2e.stage import Stage
from tests.e2e.visitor import Chromium, Firefox

CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream=fps=15",  # whose pictures nobody times
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Give a Rostrum that tests share, each with a session of its own."""
    stage = Stage(tmp_path_factory.mktemp("stage"))
    stage.start()
    yield stage
    stage.stop()


@pytest.fixture
def own_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Give a Rostrum whose processes this test may kill."""
    stage = Stage(tmp_path_factory.mktemp("own_stage"))
    stage.start()
    yield stage
    stage.stop()


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    """Give a Chromium with a fake camera; no page may throw what it does not catch."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=Chromium.executable(), args=[*CHROMIUM_ARGUMENTS]
        )
        chromium = Chromium(browser)
        yield chromium
        await browser.close()
        assert chromium.errors() == []


@pytest.fixture
async def firefox() -> AsyncIterator[Firefox]:
    """Give a Firefox ESR; no page may throw what it does not catch."""
    firefox = await Firefox.launch()
    yield firefox
    errors = await firefox.errors()
    await firefox.close()
    assert errors == []
