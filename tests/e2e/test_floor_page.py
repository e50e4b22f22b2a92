"""A hand raised on a phone becomes a voice in the talk, without joining anew and without a mouse."""

from __future__ import annotations

from typing import Final

import pytest

from signaling.attend import command_id, seat
from signaling.protocol import Ack, CallHand, LetSpeak, OpenFloor
from tests.e2e.keyboard import does, to
from tests.e2e.scenes import DENIED
from tests.e2e.stage import Stage
from tests.e2e.visitor import Chromium

pytestmark = pytest.mark.browser

SIZES: Final = ((375, 667), (320, 568), (667, 375), (320, 256), (768, 1024))
"""Phones, upright and lying, a window at 400 per cent, a tablet."""

UPRIGHT: Final = ((375, 667), (320, 568), (375, 812))


async def test_a_viewer_raises_a_hand_is_called_is_heard_and_sits_down_again(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    async with (
        stage.speaker(session, frame_rate=10),
        seat(stage.url, stage.token(session, "moderator")) as desk,
    ):
        asker = await chromium.visit(stage.link("watch", session, "viewer", "Kim Viewer"))
        await asker.page.set_viewport_size({"width": 375, "height": 812})
        other = await chromium.visit(stage.link("watch", session, "viewer", "Lou Viewer"))
        for page in (asker, other):
            await page.playing()
        assert isinstance(await desk.command(OpenFloor(command_id())), Ack)
        for size in UPRIGHT:
            await asker.sees(".floor button, .reactions > button", *size)
        await does(asker, ".floor button")
        await asker.expect("document.querySelector('.floor').dataset.hand === 'waiting'")
        hand = await asker.evaluate("rostrum.state().floor.line[0].id")
        await other.expect("rostrum.state().floor.line.length === 1")
        assert isinstance(await desk.command(CallHand(command_id(), hand)), Ack)
        await asker.expect("document.querySelector('.floor').dataset.hand === 'called'")
        for size in SIZES:
            await asker.sees(".floor-text, .floor button", *size)
        await stage.media(
            session, lambda media: any(p.source == "floor" and p.live for p in media.publications)
        )
        await to(asker, ".floor button")  # that takes it down
        assert isinstance(await desk.command(LetSpeak(command_id(), hand)), Ack)
        await asker.expect("document.querySelector('.floor').dataset.hand === 'speaking'")
        await asker.expect(
            "document.activeElement.matches('.floor button')"
        )  # who is heard is where they were
        for size in SIZES:
            await asker.sees(".floor-text, .floor button", *size)
        # A window of twice the letters is one of half the size.
        await asker.evaluate("document.documentElement.style.fontSize = '32px'")
        for size in ((375, 667), (1280, 800)):
            await asker.sees(".floor-text, .floor button", *size)
        await asker.evaluate("document.documentElement.style.fontSize = ''")
        # They go on seeing the stage, and hear it without themselves.
        await asker.playing()
        await other.playing()
        await does(asker, ".floor button")
        await asker.expect("document.querySelector('.floor').dataset.hand === 'down'")
        await stage.media(session, lambda media: all(p.source != "floor" for p in media.publications))
        await asker.playing()


async def test_who_is_refused_the_microphone_is_told_the_way_out_and_who_sits_in_the_hall_needs_none(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    link = stage.link("watch", session, "viewer", "Kim Viewer")
    asker = await chromium.visit(link, scripts=[DENIED])
    there = await chromium.visit(
        stage.link("watch", session, "viewer", "Lou Viewer").replace("#", "?companion#"), scripts=[DENIED]
    )
    async with seat(stage.url, stage.token(session, "moderator")) as desk:
        assert isinstance(await desk.command(OpenFloor(command_id())), Ack)
        await asker.click(".floor button")
        await asker.expect_text("to the left of the address", ".floor .trouble")
        for size in SIZES:
            await asker.sees(".floor .trouble, .floor .trouble button", *size)
        await asker.evaluate("delete navigator.mediaDevices.getUserMedia")
        await asker.click(".floor .trouble button")
        await asker.expect("document.querySelector('.floor').dataset.hand === 'waiting'")

        await there.sees(".floor button", 375, 667)
        await there.click(".floor button")
        await there.expect_text("go to the hall’s microphone", ".floor[data-hand=waiting]")
        hand = await there.evaluate("rostrum.state().floor.line.at(-1)")
        assert hand["person"]["place"] == "hall"
        assert isinstance(await desk.command(CallHand(command_id(), hand["id"])), Ack)
        await there.expect_text("Go to the hall’s microphone", ".floor[data-hand=called]")
        assert isinstance(await desk.command(LetSpeak(command_id(), hand["id"])), Ack)
        await there.expect_text("ON AIR", ".floor[data-hand=speaking]")
        await there.sees(".floor-text, .floor button", 375, 667)
        await there.click(".floor button")
        await there.expect("document.querySelector('.floor').dataset.hand === 'down'")
