"""What a viewer finds beside the picture: replies, what is pinned, and why one has to wait."""

from __future__ import annotations

import pytest

from signaling.attend import Seat, command_id, seat
from signaling.protocol import Ack, AnyCommand, MuteChat, PinChat, PostChat, SetChatRules
from tests.e2e.stage import Stage
from tests.e2e.visitor import Chromium

pytestmark = pytest.mark.browser

TEXTAREA = ".chat textarea"
SEND = ".chat .compose button[type=submit]"


async def done(at: Seat, command: AnyCommand) -> None:
    """Give a command that is carried out."""
    outcome = await at.command(command)
    assert isinstance(outcome, Ack), outcome


async def test_a_viewer_replies_reads_what_is_pinned_and_is_told_why_to_wait(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    async with seat(stage.url, stage.token(session, "moderator", "Mika Moderator")) as desk:
        await done(desk, PostChat(command_id(), "Which of the two rooms are you in?"))
        for n in range(4):
            await done(desk, PostChat(command_id(), f"Line {n} " * 125))
        viewer = await chromium.visit(stage.link("watch", session, "viewer", "Kim Viewer", sub="kim"))
        await viewer.expect("rostrum.state().chat.length === 5")
        first = await viewer.evaluate("rostrum.state().chat[0].id")

        # A reply to the oldest line, which stands far above; the quote leads to it.
        await viewer.evaluate("document.querySelector('.chat .scroll').scrollTop = 0")
        await viewer.expect(f"document.querySelector('[data-row=\"{first}\"] .reply') !== null")
        await viewer.click(f'[data-row="{first}"] .reply')
        await viewer.expect("document.activeElement.tagName === 'TEXTAREA'")
        await viewer.type(TEXTAREA, "In the small one")
        await viewer.click(SEND)
        await viewer.expect(f"rostrum.state().chat.at(-1).reply_to === '{first}'")
        await viewer.expect("document.querySelector('.reply-to') === null")
        await viewer.expect_text("Which of the two rooms", "button.quote")
        await viewer.click("button.quote")
        await viewer.expect(f"document.activeElement.dataset.row === '{first}'")
        box = "document.querySelector('.chat .scroll').getBoundingClientRect()"
        row = "document.activeElement.getBoundingClientRect()"
        assert await viewer.evaluate(f"{row}.top >= {box}.top && {row}.bottom <= {box}.bottom")

        await done(desk, PinChat(command_id(), first))
        await viewer.expect_text("Which of the two rooms", ".chat-pinned")

        # Held back: the author alone sees it, and what it waits for.
        await done(desk, SetChatRules(command_id(), hold=True, slow=30))
        await viewer.expect("rostrum.state().chatRules.hold")
        await viewer.type(TEXTAREA, "And you")
        await viewer.click(SEND)
        await viewer.expect_text("Waiting for a moderator", ".held")
        await viewer.expect_text("Slow mode", ".compose .note")
        await viewer.type(TEXTAREA, "Once more")
        assert await viewer.evaluate(f"document.querySelector('{SEND}').disabled")
        await done(desk, SetChatRules(command_id()))
        await viewer.expect(f"!document.querySelector('{SEND}').disabled")

        await done(desk, MuteChat(command_id(), "kim", 3600))
        await viewer.expect_text("muted you", ".compose .note")
        assert await viewer.evaluate(f"document.querySelector('{SEND}').disabled")
        assert await viewer.evaluate(f"document.querySelector('{TEXTAREA}').value") == "Once more"
