"""People on all pages of one session: a question's way to the hall, chat and presence that agree."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e.stage import Stage, until
from tests.e2e.visitor import Chromium, ChromiumVisitor

pytestmark = pytest.mark.browser

QUESTION = "How do you keep two rooms in one conversation?"
TEXTAREA = ".compose textarea"
SEND = ".compose button[type=submit]"


def record_frames(visitor: ChromiumVisitor) -> list[str]:
    """Collect every WebSocket frame a page receives from its next load on."""
    frames: list[str] = []
    visitor.page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: frames.append(str(frame))))
    return frames


async def test_a_question_goes_from_a_viewer_by_a_moderator_to_the_hall(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    asker = await chromium.visit(stage.link("watch", session, "viewer", "Kim Viewer"))
    other = await chromium.visit(stage.link("watch", session, "viewer", "Lou Viewer"))
    told = record_frames(other)
    await other.reload()
    desk = await chromium.visit(stage.link("moderate", session, "moderator", "Mika Moderator"))
    direct = await chromium.visit(stage.link("direct", session, "producer", "Dana Director"))
    hall = await chromium.visit(stage.link("hall", session, "hall", "Hall screen"))
    booth = await chromium.visit(stage.link("speak", session, "speaker", "Noor Speaker"))
    pages: list[ChromiumVisitor] = [asker, other, desk, direct, hall, booth]
    await asyncio.gather(*(page.expect("window.rostrum?.connection.phase === 'open'", 10) for page in pages))
    await booth.click(".setup-go button:enabled")

    await asker.click("#tab-ask")
    await asker.type(f".questions {TEXTAREA}", QUESTION)
    await asker.click(f".questions {SEND}")
    await asker.expect_text("Waiting for a moderator")
    await desk.expect_text(QUESTION, "[data-state=pending]")
    # Whoever posts after the question was asked has been sent everything before it.
    await asker.click("#tab-chat")
    await asker.type(f".chat {TEXTAREA}", "Good evening from Lisbon")
    await asker.click(f".chat {SEND}")
    await other.expect_text("Good evening from Lisbon", ".chat")
    assert not any(QUESTION in frame for frame in told)

    await desk.click("[data-state=pending] [data-action=approve]")
    await other.click("#tab-ask")
    await other.expect_text(QUESTION, ".questions")
    assert not await hall.evaluate("document.body.innerText.includes('two rooms in one')")
    await desk.click("[data-state=approved] [data-action=show]")
    await hall.expect_text(QUESTION, ".question-text")
    await booth.expect_text(QUESTION, ".question-large")
    await other.expect_text(QUESTION, ".on-screen")

    for page in pages:
        await page.expect("rostrum.state().chat.map(({ text }) => text).includes('Good evening from Lisbon')")
    await agree(pages, "rostrum.state().chat")
    await agree(pages, "(({ online, hall }) => ({ online, hall }))(rostrum.state().presence)")
    presence = (await asker.state())["presence"]
    assert (presence["online"], presence["hall"]) == (len(pages) - 1, 0), "the hall's screen is nobody"

    await desk.click("[data-state=on_screen] [data-action=answer]")
    await hall.expect("document.querySelector('.question-text') === null")


async def test_a_dismissed_question_is_seen_by_its_author_and_moderators_alone(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    asker = await chromium.visit(stage.link("watch", session, "viewer", "Kim Viewer"))
    other = await chromium.visit(stage.link("watch", session, "viewer", "Lou Viewer"))
    told = record_frames(other)
    await other.reload()
    desk = await chromium.visit(stage.link("moderate", session, "moderator", "Mika Moderator"))
    await asker.click("#tab-ask")
    await asker.type(f".questions {TEXTAREA}", QUESTION)
    await asker.click(f".questions {SEND}")
    await desk.click("[data-state=pending] [data-action=dismiss]")
    await asker.expect_text("Put aside")
    await asker.click("#tab-chat")
    await asker.type(f".chat {TEXTAREA}", "Never mind")
    await asker.click(f".chat {SEND}")
    await other.expect_text("Never mind", ".chat")
    assert not any(QUESTION in frame for frame in told)


async def test_a_moderator_takes_a_message_away_from_everybody(stage: Stage, chromium: Chromium) -> None:
    session = await stage.new_session()
    viewer = await chromium.visit(stage.link("watch", session, "viewer", "Kim Viewer"))
    desk = await chromium.visit(stage.link("moderate", session, "moderator", "Mika Moderator"))
    await viewer.type(f".chat {TEXTAREA}", "Buy my book")
    await viewer.click(f".chat {SEND}")
    await desk.expect_text("Buy my book", ".chat")
    await desk.click(".chat-line button")
    await viewer.expect("!document.querySelector('.chat').innerText.includes('Buy my book')")


async def agree(pages: list[ChromiumVisitor], expression: str) -> None:
    """Wait until an expression has the same value on all pages; presence is told once a second."""
    values: list[object] = []

    async def same() -> bool:
        values[:] = [await page.evaluate(expression) for page in pages]
        return all(value == values[0] for value in values)

    await until(same, 5.0, f"{expression} is the same everywhere: {values}")
