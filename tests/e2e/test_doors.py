"""Ways in and ways around: an invitation to its page, and the main paths by keyboard alone."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.e2e.keyboard import does, press, to
from tests.e2e.scenes import EVENT, OPEN, PAGES, invite, publish_programme, talk
from tests.e2e.stage import Stage
from tests.e2e.visitor import Chromium, ChromiumVisitor

pytestmark = pytest.mark.browser


async def test_an_invitation_leads_by_a_name_to_its_page_and_again_when_the_token_has_ended(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    code = await invite(stage, session=session, role="viewer", seats=2)
    guest = await chromium.visit(f"{stage.url}/enter/#invitation={code}")
    await guest.type(".field", "Kim 欧阳")
    assert code not in await guest.evaluate("location.href")
    await guest.click("button[type=submit]")
    await guest.page.wait_for_url("**/watch/", timeout=10_000)
    await guest.expect(OPEN, 10)
    you = (await guest.state())["you"]
    assert you["name"] == "Kim 欧阳"
    assert await guest.evaluate("location.pathname + location.hash") == "/watch/"
    # A token that is no longer good is exchanged for another, and the seat is the same.
    await guest.evaluate("sessionStorage.setItem('rostrum.token.watch', 'a.b.c')")
    await guest.reload()
    await guest.expect(OPEN, 10)
    assert (await guest.state())["you"]["id"] == you["id"]


ROW = (
    "[...document.querySelectorAll('.row[data-state={}]')]"
    ".some((row) => row.innerText.includes('without a mouse'))"
)


async def test_who_is_known_by_the_invitation_goes_straight_to_their_page(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    code = await invite(stage, session=session, role="speaker", name="Noor Speaker")
    speaker = await chromium.visit(f"{stage.url}/enter/#invitation={code}")
    await speaker.page.wait_for_url("**/speak/", timeout=10_000)
    await speaker.expect(OPEN, 10)
    taken = await chromium.visit(f"{stage.url}/enter/#invitation={code}")
    await taken.expect_text("another device", "h1")


ASKED = """globalThis.asked = 0;
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (wanted) => {
  asked += 1;
  return ask(wanted);
};"""
"""Counts how often a page asks for a camera or a microphone."""


DENIED_ONCE = """{
  const ask = navigator.mediaDevices.getUserMedia;
  let denied = true;
  navigator.mediaDevices.getUserMedia = (wanted) => {
    if (!wanted.video || !denied) return ask(wanted);
    denied = false;
    return Promise.reject(new DOMException('Permission denied', 'NotAllowedError'));
  };
}"""


async def test_who_is_turned_away_is_asked_for_no_camera(stage: Stage, chromium: Chromium) -> None:
    session = await stage.new_session()
    for page in ("speak", "av"):
        foreign = await chromium.visit(stage.link(page, "no-such-session", PAGES[page]), scripts=[ASKED])
        await foreign.expect("window.rostrum?.connection.phase === 'closed'")
        assert await foreign.evaluate("asked") == 0, page
        await foreign.page.context.close()
        good = await chromium.visit(stage.link(page, session, PAGES[page]), scripts=[ASKED])
        await good.expect("asked === 2")
        await good.page.context.close()
    # Who has said no is told how to say yes in this browser, and has a button to be asked again.
    link = stage.link("speak", session, "speaker")
    refused = await chromium.visit(link, scripts=[ASKED, DENIED_ONCE], locale="en-GB")
    await refused.expect_text("to the left of the address", ".trouble")
    await does(refused, ".step:first-of-type .trouble button")
    await refused.expect("document.querySelector('.step').dataset.step === 'ready'")


async def test_a_link_to_the_hall_leads_to_its_screen_or_its_desk_and_as_a_kiosk_straight_to_the_screen(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    code = await invite(stage, session=session, role="hall", seats=3)
    guest = await chromium.visit(f"{stage.url}/enter/#invitation={code}")
    await guest.click(".door-form button:not([type=submit])")
    await guest.page.wait_for_url("**/av/", timeout=10_000)
    await guest.expect(OPEN, 10)
    # From the desk, the screen opens beside it with the same rights, and is silent if the sound is here.
    await guest.page.check("[aria-labelledby=av-sound] .switch input")
    async with guest.page.expect_popup() as opened:
        await guest.click("[data-action=screen]")
    screen = ChromiumVisitor(await opened.value)
    await screen.expect(OPEN, 10)
    assert await screen.evaluate("location.pathname + location.search") == "/hall/?kiosk&silent"
    assert await screen.evaluate("rostrum.state().you.id") == await guest.evaluate("rostrum.state().you.id")
    kiosk = await chromium.visit(f"{stage.url}/enter/?kiosk#invitation={code}")
    await kiosk.page.wait_for_url("**/hall/?kiosk", timeout=10_000)
    await kiosk.expect(OPEN, 10)
    await kiosk.expect("document.querySelector('.hall[data-kiosk]') !== null")


async def test_the_main_paths_are_walked_by_keyboard(stage: Stage, chromium: Chromium) -> None:
    session = await stage.new_session()
    await talk(stage, session)
    viewer = await chromium.visit(stage.link("watch", session, "viewer", "Kim Viewer"))
    desk = await chromium.visit(stage.link("moderate", session, "moderator", "Mika Moderator"))
    speaker = await chromium.visit(stage.link("speak", session, "speaker", "Noor Speaker"))
    hall = await chromium.visit(stage.link("hall", session, "hall"))
    for page in (viewer, desk, speaker, hall):
        await page.expect(OPEN, 10)

    # The viewer: to the questions, votes for one, and asks one.
    await to(viewer, "#tab-chat")
    await press(viewer, "ArrowRight")
    await viewer.expect("document.activeElement.id === 'tab-ask'")
    await to(viewer, ".vote")
    await press(viewer, "Enter")
    await viewer.expect("document.querySelector('.vote[aria-pressed=true]') !== null")
    await to(viewer, ".questions textarea")
    await viewer.page.keyboard.type("Can one do all this without a mouse?")
    await press(viewer, "Enter")
    await viewer.expect_text("Waiting for a moderator", ".questions")

    await does(viewer, ".reactions button")
    await viewer.expect("rostrum.state().reactions.count > 0")

    # The moderator: the newest is approved and goes to the screen.
    await desk.expect(ROW.format("pending"))
    await choose(desk, "without a mouse")
    await press(desk, "a")
    await desk.expect(ROW.format("approved"))
    await choose(desk, "without a mouse")
    await press(desk, "s")
    await hall.expect_text("without a mouse", ".question-text")

    # The speaker: backstage, muted, and away again, asked by name of the buttons.
    await speaker.expect("!document.querySelector('.setup-go button').disabled", 10)
    await to(speaker, ".setup-go button")
    await press(speaker, "Enter")
    await speaker.expect("document.querySelector('.air') !== null")
    await to(speaker, ".controls .button")
    await press(speaker, "Space")
    await speaker.expect_text("Nobody hears you", ".sending")


async def test_the_door_the_entrance_the_halls_desk_and_a_phones_layouts_are_reached_by_keyboard(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    code = await invite(stage, session=session, role="viewer")
    guest = await chromium.visit(f"{stage.url}/enter/#invitation={code}")
    await to(guest, ".door-form input.field")
    await guest.page.keyboard.type("Kim Viewer")
    await press(guest, "Enter")
    await guest.page.wait_for_url("**/watch/", timeout=15_000)
    await guest.expect(f"{OPEN} && document.querySelector('.drop > button') !== null")
    await guest.page.set_viewport_size({"width": 375, "height": 812})
    await to(guest, ".drop > button")
    await press(guest, "Enter")
    await to(guest, ".drop-body .switch input")
    await press(guest, "Space")
    await guest.expect("document.querySelector('.drop-body .switch input').checked")
    await press(guest, "Escape")
    await guest.expect("document.querySelector('.drop-body') === null")
    assert await guest.evaluate("document.activeElement.matches('.drop > button')")

    room = await chromium.visit(stage.link("av", session, "hall"))
    await room.expect("document.querySelector('[data-action=send]')?.disabled === false")
    await to(room, "[data-action=send]")
    await press(room, "Enter")
    await room.expect("document.querySelector('.av-tally').dataset.reach !== 'off'")
    await the_programme_is_read_by_keyboard(stage, guest)


LOCAL = """[...document.querySelectorAll('.entry-time time')].filter((one) => {
  const hour = new Date(one.dateTime).getHours();
  return ![hour, hour % 12 || 12].some((h) => new RegExp(`(^|\\D)0?${h}:`).test(one.textContent));
}).map((one) => `${one.dateTime} is told as ${one.textContent}`)"""
"""Which times are not told as this browser's clock has them."""


async def the_programme_is_read_by_keyboard(stage: Stage, guest: ChromiumVisitor) -> None:
    """The event among others, its other day, and one of its sessions into one's own calendar."""
    await publish_programme(stage)
    async with stage.http() as http:
        await http.put("/api/events/another", json={"title": "Another day", "published": True})
    session = await guest.page.context.new_cdp_session(guest.page)
    await session.send("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kathmandu"})
    await guest.page.goto(f"{stage.url}/")
    await does(guest, f"[data-event={EVENT}]")
    await guest.expect("document.querySelectorAll('.day .entry').length > 0")
    # In the reader's own time, which is not the venue's.
    assert await guest.evaluate(LOCAL) == []
    await does(guest, ".day-head .segment input", "ArrowRight")
    await guest.expect_text("What we learnt", ".day")
    async with guest.page.expect_download() as saved:
        await does(guest, ".day .entry:last-of-type button")
    calendar = (await (await saved.value).path()).read_text(encoding="utf-8")
    assert "BEGIN:VEVENT" in calendar and "SUMMARY:What we learnt" in calendar
    await to(guest, "a[href$='/calendar.ics']")
    # Back is all events again, forward this one.
    await guest.page.go_back()
    await guest.expect(f"document.querySelector('[data-event={EVENT}]') !== null")
    await guest.page.go_forward()
    await guest.expect("document.querySelectorAll('.day .entry').length > 0")
    # Whoever has an invitation goes in from here.
    kept = json.dumps({"code": await invite(stage, event=EVENT, role="viewer"), "name": "Kim", "session": ""})
    await guest.evaluate(f"sessionStorage['rostrum.invitation.watch'] = {json.dumps(kept)}")
    await guest.reload()
    await to(guest, "[data-standing=live] [data-action=enter]")
    await guest.page.keyboard.press("Enter")  # another page, which begins at its top
    await guest.page.wait_for_url("**/watch/", timeout=15_000)
    await guest.expect(OPEN, 10)


async def choose(desk: ChromiumVisitor, text: str) -> None:
    """Go through the moderator's queue by its keys until a question is chosen."""
    current = f"document.querySelector('[aria-current]')?.innerText.includes({text!r}) ?? false"
    await press(desk, *"kkkkkkkk")
    for _ in range(8):
        await asyncio.sleep(0.1)
        if await desk.evaluate(current):
            return
        await press(desk, "j")
    raise AssertionError(f"no way to {text!r} by keys")
