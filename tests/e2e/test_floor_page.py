"""A hand raised on a phone becomes a voice in the talk, without joining anew and without a mouse."""

from __future__ import annotations

import pytest

from signaling.attend import command_id, seat
from signaling.protocol import Ack, CallHand, LetSpeak, OpenFloor
from tests.e2e.keyboard import does, to
from tests.e2e.stage import Stage
from tests.e2e.visitor import Chromium

pytestmark = pytest.mark.browser


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
        await does(asker, ".floor button")
        await asker.expect("document.querySelector('.floor').dataset.hand === 'waiting'")
        hand = await asker.evaluate("rostrum.state().floor.line[0].id")
        await other.expect("rostrum.state().floor.line.length === 1")
        assert isinstance(await desk.command(CallHand(command_id(), hand)), Ack)
        await asker.expect("document.querySelector('.floor').dataset.hand === 'called'")
        await stage.media(
            session, lambda media: any(p.source == "floor" and p.live for p in media.publications)
        )
        await to(asker, ".floor button")  # that takes it down
        assert isinstance(await desk.command(LetSpeak(command_id(), hand)), Ack)
        await asker.expect("document.querySelector('.floor').dataset.hand === 'speaking'")
        await asker.expect(
            "document.activeElement.matches('.floor button')"
        )  # who is heard is where they were
        # They go on seeing the stage, and hear it without themselves.
        await asker.playing()
        await other.playing()
        await does(asker, ".floor button")
        await asker.expect("document.querySelector('.floor').dataset.hand === 'down'")
        await stage.media(session, lambda media: all(p.source != "floor" for p in media.publications))
        await asker.playing()
