"""What a viewer finds at the picture and beside it: captions, replies, the pinned line, why one waits."""

from __future__ import annotations

import asyncio
import json
from typing import Final

import httpx
import pytest
from playwright.async_api import Request, Route

from signaling.attend import Seat, command_id, seat
from signaling.protocol import (
    Ack,
    AnyCommand,
    ApproveQuestion,
    HideQuestion,
    MuteChat,
    OpenDeclaration,
    PinChat,
    PostChat,
    PresentDeclaration,
    SetChatRules,
    ShowQuestion,
)
from tests.e2e.keyboard import does, press
from tests.e2e.stage import Stage
from tests.e2e.visitor import Chromium, ChromiumVisitor

pytestmark = pytest.mark.browser

TEXTAREA = ".chat textarea"
SEND = ".chat .compose button[type=submit]"

WELCOMED = """
{
  const Socket = globalThis.WebSocket;
  globalThis.WebSocket = class extends Socket {
    constructor(...parameters) {
      super(...parameters);
      this.addEventListener('message', () => (globalThis.welcomed = true));
    }
  };
}
"""
"""Tells when the server has said something on the line."""

LOUDNESS: Final = """{
  const { get, set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'volume');
  Object.defineProperty(HTMLMediaElement.prototype, 'volume', {
    get,
    set(value) { globalThis.loud = value; set.call(this, value); },
  });
}"""
"""Tells how loud what plays is made from now on."""

OVER: Final = """(() => {
  const rows = [...document.querySelectorAll('.watch-head > *, .watch-stage > :not(.watch-head)')];
  const boxes = rows.map((row) => [row.className || row.tagName, row.getBoundingClientRect()]);
  return boxes.flatMap(([name, box], i) => boxes.slice(i + 1)
    .filter(([, next]) => next.height && box.bottom > next.top + 1 && box.right > next.left + 1)
    .map(([under]) => `${name} over ${under}`));
})()"""
"""What stands over something else of the picture's column, which is read downwards, its head across."""

SMALL_PHONES: Final = ((375, 667), (320, 568))

BAR_IN_SIGHT: Final = """(() => {
  const [stage, bar, field] = ['.watch-stage', '.player', '.compose textarea'].map((one) =>
    document.querySelector(one).getBoundingClientRect());
  return bar.bottom <= stage.bottom + 1 && field.top >= stage.bottom && field.bottom <= innerHeight;
})()"""
"""The sound and the field to write in are there without scrolling."""


READ_WHOLE: Final = """(() => {
  const [stage, asked, list] = ['.watch-stage', '.on-screen', '.questions .scroll'].map((one) =>
    document.querySelector(one)?.getBoundingClientRect());
  const lines = list && list.height / parseFloat(getComputedStyle(document.body).lineHeight);
  return !!asked && asked.top >= stage.top && asked.bottom <= stage.bottom && lines >= 4;
})()"""
"""The question on screen is there without scrolling, and four lines of the list beside the field."""


async def done(at: Seat, command: AnyCommand) -> None:
    """Give a command that is carried out."""
    outcome = await at.command(command)
    assert isinstance(outcome, Ack), outcome


async def test_a_viewer_joins_and_begins_to_write_before_what_draws_is_there_and_reads_before_all_of_it_is(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    drawing, rest = asyncio.Event(), asyncio.Event()

    async def held(route: Route) -> None:
        await (rest if "more" in route.request.url else drawing).wait()
        await route.continue_()

    context = await chromium.context([WELCOMED])
    await context.route("**/watch/{watch,more}.js", held)
    viewer = ChromiumVisitor(await context.new_page())
    chromium.visitors.append(viewer)
    async with stage.speaker(session):
        await viewer.page.goto(stage.link("watch", session, "viewer"), wait_until="commit")
        # The line is open and the picture under way, with nothing to be seen yet.
        await viewer.expect(
            "performance.getEntriesByType('resource').some(({ name, responseStatus }) => "
            f"name.includes('/whep/{session}/stage') && responseStatus === 201)"
        )
        await viewer.expect("globalThis.welcomed === true")
        assert not await viewer.evaluate("document.querySelector('#page').childElementCount")
        await viewer.page.click("textarea")
        await viewer.page.keyboard.type("Good to be ")
        drawing.set()
        await viewer.expect(
            "globalThis.rostrum?.connection.phase === 'open' && !document.querySelector('.shell')"
        )
        await viewer.page.keyboard.type("here")
        assert (
            await viewer.evaluate("document.querySelector('#page .chat textarea').value") == "Good to be here"
        )
        await viewer.page.keyboard.press("Enter")
        await viewer.expect("rostrum.state().chat.at(-1)?.text === 'Good to be here'")
        await viewer.expect("rostrum.media().slots.main.frames > 0")
        assert not await viewer.evaluate("!!document.querySelector('.player')")
        rest.set()
        await viewer.expect("!!document.querySelector('.player input[type=range]')")


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


async def test_captions_of_an_outside_service_are_shown_where_they_are_wanted(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    viewer = await chromium.visit(stage.link("watch", session, "viewer", "Kim Viewer"))
    link = stage.link("hall", session, "hall").replace("#", "?captions=zh#")
    hall = await chromium.visit(link)
    for page in (viewer, hall):
        await page.expect("window.rostrum?.connection.phase === 'open'", 10)
    shown = {"Authorization": f"Bearer {stage.token(session, 'interpreter')}"}

    async def say(language: str, line: str, text: str) -> None:
        async with httpx.AsyncClient(base_url=stage.url, headers=shown, trust_env=False) as http:
            said = {"language": language, "line": line, "text": text}
            sent = await http.post(f"/api/sessions/{session}/captions", json=said)
            assert sent.status_code == 204, sent.text

    assert await viewer.evaluate("document.querySelector('.captions') === null")
    await say("en", "1", "Good evening from two")
    await say("zh", "1", "各位晚上好")
    await hall.expect_text("各位晚上好", ".captions")
    await viewer.click(".player button[aria-pressed=false]")
    await viewer.expect_text("Good evening from two", ".captions")
    await say("en", "1", "Good evening from two rooms")
    await viewer.expect_text("from two rooms", ".captions")
    assert await viewer.evaluate("document.querySelectorAll('.captions p').length") == 1
    # Not read out over the speaker, and yet to be gone to.
    assert await viewer.evaluate("document.querySelector('.captions').ariaLive") == "off"
    assert await viewer.evaluate("document.querySelector('.captions').tabIndex") == 0
    await viewer.click(".drop > button")
    await viewer.page.check("input[name=captions-language][value=zh]", force=True)
    await viewer.page.check("input[name=captions-size][value=large]", force=True)
    await viewer.expect_text("各位晚上好", ".captions")
    # Kept for the next time.
    await viewer.reload()
    await viewer.expect_text("各位晚上好", ".captions[data-size=large]", 10)


async def test_a_viewer_takes_the_picture_out_fills_the_screen_and_does_without_it(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    async with stage.speaker(session):
        viewer = await chromium.visit(stage.link("watch", session, "viewer", "Kim Viewer"))
        await viewer.playing()
        await viewer.click(".drop > button")
        await viewer.expect(
            "['sharp', 'good', 'soft'].includes(document.querySelector('[data-quality]').dataset.quality)"
        )
        assert len(await viewer.evaluate("document.querySelector('[data-quality]').innerText")) > 3

        # Sound alone: no picture comes any more, sound does; and the picture again.
        await viewer.page.check(".drop-body .switch input")
        await viewer.expect("document.querySelector('[data-slot=main]').dataset.shown === 'none'")
        sound = await viewer.sound()
        await viewer.expect(f"rostrum.media().audio > {sound} + 1000")  # what was on its way is there
        frames = await viewer.frames()
        await viewer.expect(f"rostrum.media().audio > {sound} + 3000")
        assert await viewer.frames() <= frames + 1
        await viewer.page.uncheck(".drop-body .switch input")
        await viewer.playing()

        # Who thinks better of it before it is answered has the picture all the same.
        await viewer.page.route("**/whep/**", answered_late)
        async with viewer.page.expect_request(is_join):
            await viewer.page.check(".drop-body .switch input")
        async with viewer.page.expect_request(is_join) as again:
            await viewer.page.uncheck(".drop-body .switch input")
        assert (await (await again.value).response()) is not None
        await viewer.playing()
        await viewer.page.unroute_all(behavior="wait")
        await viewer.page.keyboard.press("Escape")

        await nothing_lies_over_another_on_a_phone(viewer)
        await the_bar_is_in_sight_in_any_window(viewer)
        async with seat(stage.url, stage.token(session, "moderator", "Mika Moderator")) as desk:
            await what_is_asked_is_read_whole_on_a_phone(viewer, desk)

        await viewer.evaluate(LOUDNESS)
        await does(viewer, ".sound-bar input[type=range]", "Home", "ArrowUp")
        await viewer.expect("loud > 0 && loud < 0.2")
        await press(viewer, "End")
        await viewer.expect("loud === 1")

        full = ".sound-bar > button:last-child"
        await viewer.click(full)
        await viewer.expect("document.fullscreenElement?.className === 'picture'")
        await viewer.expect_text("Leave full screen", full)
        await viewer.playing()
        await viewer.click(full)
        await viewer.expect("document.fullscreenElement === null")

        if await viewer.evaluate("document.pictureInPictureEnabled"):
            small = ".sound-bar > button:nth-last-child(2)"
            await viewer.click(small)
            await viewer.expect(
                "document.pictureInPictureElement?.closest('[data-slot]').dataset.slot === 'main'"
            )
            await viewer.playing()
            await viewer.click(small)
            await viewer.expect("document.pictureInPictureElement === null")


async def test_in_a_pause_a_phone_has_the_question_and_what_is_to_be_signed_in_sight(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    link = stage.link("watch", session, "viewer", "Kim Viewer", affiliation="Institute")
    viewer = await chromium.visit(link)
    await viewer.click("#tab-ask")
    await viewer.type(".questions textarea", "How do you keep two rooms in one conversation?")
    await viewer.click(".questions button[type=submit]")
    await viewer.expect("rostrum.state().questions.length === 1")
    question = str(await viewer.evaluate("rostrum.state().questions[0].id"))
    async with seat(stage.url, stage.token(session, "moderator")) as desk:
        await done(desk, ApproveQuestion(command_id(), question))
        await done(desk, ShowQuestion(command_id(), question))
        await done(desk, PresentDeclaration(command_id(), "On open rooms", "We open them.", ("Institute",)))
        await done(desk, OpenDeclaration(command_id()))
    async with stage.http() as http:
        assert (await http.post(f"/api/sessions/{session}/pause")).status_code == 200
    await viewer.expect("rostrum.state().session.status === 'paused'")
    await viewer.sees(".on-screen, [data-action=sign], .compose textarea", 375, 667)


def is_join(request: Request) -> bool:
    """Tell whether a page asks to be sent something."""
    return request.method == "POST" and "/whep/" in request.url


async def answered_late(route: Route) -> None:
    """Keep a request back for longer than a click takes."""
    await asyncio.sleep(0.7)
    await route.continue_()


async def nothing_lies_over_another_on_a_phone(viewer: ChromiumVisitor) -> None:
    """See that the title, the pictures and what is below have each their place, in any layout."""
    desktop = viewer.page.viewport_size
    assert desktop
    await viewer.page.set_viewport_size({"width": 375, "height": 812})
    for layout in ("side", "stacked", "large"):
        await viewer.click(".drop > button")
        await viewer.click(f".segment:has(input[value={layout}])")
        await viewer.page.keyboard.press("Escape")
        await viewer.expect(
            f"document.querySelector('.picture[data-layout=slides]').dataset.arranged === '{layout}'"
        )
        assert await viewer.evaluate(OVER) == [], layout
        if layout == "stacked":
            for width, height in SMALL_PHONES:
                await viewer.page.set_viewport_size({"width": width, "height": height})
                await viewer.expect(BAR_IN_SIGHT)
            await viewer.page.set_viewport_size({"width": 375, "height": 812})
    await viewer.click(".drop > button")
    fields = "[...document.querySelectorAll('.drop-body input')].map((one) => getComputedStyle(one).display)"
    shown = await viewer.evaluate(fields)
    assert len(shown) > 3 and "none" not in shown, "a choice that the keyboard cannot reach"
    await viewer.page.keyboard.press("Escape")
    await viewer.page.set_viewport_size(desktop)


async def the_bar_is_in_sight_in_any_window(viewer: ChromiumVisitor) -> None:
    """See that each control of the bar, and each choice of its view, is there on any device."""
    desktop = viewer.page.viewport_size
    assert desktop
    for size in (
        (667, 375),
        (812, 375),
        (844, 390),
        (568, 320),
        (375, 667),
        (320, 568),
        (768, 1024),
        (820, 1180),
    ):
        await viewer.sees(".sound-bar > button, .sound-bar > input, .drop > button", *size)
        await viewer.click(".drop > button")
        box = "document.querySelector('.drop-body')"
        await viewer.expect(f"{box} !== null")
        assert await viewer.evaluate(f"{box}.getBoundingClientRect().top") >= 0, size
        await viewer.evaluate(f"{box}.scrollTop = 0")
        await viewer.sees(".drop-body .segment", *size)
        await viewer.evaluate(f"{box}.scrollTop = {box}.scrollHeight")
        await viewer.sees(".drop-body .quality", *size)
        await viewer.page.keyboard.press("Escape")
    for size in ((768, 1024), (800, 600), (1024, 768)):
        await viewer.sees(".watch-head > *", *size)
        assert await viewer.evaluate("document.querySelector('h1').getBoundingClientRect().width") > 200, size
        assert await viewer.evaluate(OVER) == [], size
    # At 400 per cent it is one page that scrolls, to a panel of some lines and the whole field.
    await viewer.page.set_viewport_size({"width": 320, "height": 256})
    await viewer.expect("document.querySelector('.chat .scroll').clientHeight > 96")
    await viewer.evaluate("document.querySelector('.panel').scrollIntoView({ block: 'end' })")
    await viewer.sees(".chat textarea, .compose [type=submit]", 320, 256)
    await viewer.page.set_viewport_size(desktop)


async def what_is_asked_is_read_whole_on_a_phone(viewer: ChromiumVisitor, desk: Seat) -> None:
    """See that a question on screen, of a line or of many, leaves the list its room, in any layout."""
    desktop = viewer.page.viewport_size
    assert desktop
    await viewer.page.set_viewport_size({"width": 375, "height": 812})
    await viewer.click("#tab-ask")
    for text in ("And the last row?", "How does the last row take part in it? " * 8):
        await viewer.type(".questions textarea", text)
        await viewer.click(".questions button[type=submit]")
        found = f"rostrum.state().questions.find(({{ text }}) => text === {json.dumps(text.strip())})?.id"
        await viewer.expect(f"{found} !== undefined")
        question = str(await viewer.evaluate(found))
        await done(desk, ApproveQuestion(command_id(), question))
        await done(desk, ShowQuestion(command_id(), question))
        await viewer.expect("document.querySelector('.on-screen') !== null")
        for layout in ("side", "large", "stacked"):
            await viewer.click(".drop > button")
            await viewer.click(f".segment:has(input[value={layout}])")
            await viewer.click("#tab-ask")
            await viewer.expect(READ_WHOLE)
        await done(desk, HideQuestion(command_id(), question))
        await viewer.expect("document.querySelector('.on-screen') === null")
    await viewer.click("#tab-chat")
    await viewer.page.set_viewport_size(desktop)
