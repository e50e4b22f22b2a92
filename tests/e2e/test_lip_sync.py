"""Sound and picture stay together: the test card's flash and the voice's beep, as a page plays them."""

from __future__ import annotations

import json
import statistics

import pytest

from stream.clients.test_card import FLASH_BOX, HEIGHT, WIDTH
from tests.e2e.stage import Stage
from tests.e2e.visitor import LIP_SYNC, MAIN, Chromium

pytestmark = [pytest.mark.browser, pytest.mark.alone]

MAX_APART_MS = 60
SECONDS = 10
TRIES = 4
"""A busy moment of the machine stretches the browser's sound buffer; the picture follows over seconds."""


def panel() -> str:
    """Return the inside of the flashing panel as fractions of the picture, as JSON."""
    left, top, width, height = FLASH_BOX
    return json.dumps(
        {
            "left": (left + width / 4) / WIDTH,
            "top": (top + height / 4) / HEIGHT,
            "width": width / 2 / WIDTH,
            "height": height / 2 / HEIGHT,
        }
    )


def pair(flashes: list[float], beeps: list[float]) -> list[float]:
    """Return by how many ms each flash comes after the beep of the same second."""
    nearest = [(min(beeps, key=lambda beep: abs(beep - flash)), flash) for flash in flashes]
    return [flash - beep for beep, flash in nearest if abs(flash - beep) < 500]


async def test_flash_and_beep_are_together(stage: Stage, chromium: Chromium) -> None:
    session = await stage.new_session()
    async with stage.speaker(session):
        viewer = await chromium.visit(stage.link("watch", session, "viewer"), scripts=[LIP_SYNC])
        await viewer.playing()
        medians = []
        for _ in range(TRIES):
            # Browsers pull sound and picture together over some seconds, once sender reports have come.
            await viewer.watch(4.0)
            seen = await viewer.evaluate(f"lipSync.measure({MAIN}, {SECONDS * 1000}, {panel()})")
            apart = pair(seen["flashes"], seen["beeps"])
            print(f"flash after beep, ms: {[round(ms) for ms in apart]}")
            assert len(apart) >= SECONDS // 2, seen
            medians.append(statistics.median(apart))
            if abs(medians[-1]) <= MAX_APART_MS:
                break
        assert abs(medians[-1]) <= MAX_APART_MS, medians
