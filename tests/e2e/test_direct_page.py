"""A show as its producer runs it: two speakers from backstage to the stage and off it, without a mouse.

Every cut is by the page's own buttons and keys, to which Tab leads, and the focus is never lost nor hidden;
looked at is what hall, audience and speakers then have before them. Two desks cut at once, a speaker drops, a
declaration is signed, and a break has its length.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.e2e.keyboard import does, press, to
from tests.e2e.stage import Stage
from tests.e2e.visitor import PAINTED_CAMERA, Chromium, ChromiumVisitor

pytestmark = pytest.mark.browser

WITHIN = 20.0
"""Seconds that anything may take on a busy machine."""

SHOWN = "document.querySelector('[data-slot=main]').dataset.shown"


class Show:
    """A session with its producer, two speakers, the hall's screen and a viewer."""

    def __init__(self, stage: Stage, chromium: Chromium, session: str) -> None:
        self.stage, self.chromium, self.session = stage, chromium, session

    async def open(self, page: str, role: str, name: str, sub: str) -> ChromiumVisitor:
        link = self.stage.link(page, self.session, role, name, sub, "Yale University")  # type: ignore[arg-type]
        scripts = [PAINTED_CAMERA] if page == "speak" else []
        visitor = await self.chromium.visit(link, scripts=scripts)
        await visitor.expect("window.rostrum?.connection.phase === 'open'", WITHIN)
        if page == "speak":
            for place in (".setup .choice select", ".step > .button:enabled"):
                await to(visitor, place)
            await does(visitor, ".setup-go button:enabled")
        return visitor

    async def open_the_house(self) -> None:
        self.desk, self.hall, self.watch = await asyncio.gather(
            self.open("direct", "producer", "Dana Director", "dana"),
            self.open("hall", "hall", "Hall screen", "screen"),
            self.open("watch", "viewer", "Kim Viewer", "kim"),
        )

    async def begin(self) -> None:
        await self.open_the_house()
        self.ada = await self.open("speak", "speaker", "Ada Lindqvist", "ada")
        self.noor = await self.open("speak", "speaker", "Noor Haddad", "noor")

    async def does(self, selector: str, *keys: str) -> None:
        await does(self.desk, selector, *keys)

    async def writes(self, selector: str, text: str, then: str = "Enter") -> None:
        await to(self.desk, selector)
        await press(self.desk, "Control+a")
        await self.desk.page.keyboard.type(text)
        await press(self.desk, then)

    async def sees(self, what: str) -> None:
        await self.desk.expect(f"!!document.querySelector({what!r})", WITHIN)

    async def twice(self, key: str) -> None:
        """Strike a key that cuts, when the desk has seen what the audience has: a cut names what it saw."""
        seen = await self.watch.evaluate("rostrum.state().seq")
        await self.desk.expect(f"rostrum.state().seq >= {seen}")
        await self.desk.page.keyboard.press(key)
        await self.desk.page.keyboard.press(key)
        await self.desk.expect("!document.querySelector('.cut[data-armed]')")

    async def everybody_sees(self, text: str) -> None:
        for page in (self.watch, self.hall):
            await page.expect_text(text, ".slate-title", WITHIN)

    async def everybody_sees_the_stage(self) -> None:
        for page in (self.watch, self.hall):
            await page.expect(f"{SHOWN} === 'live'", WITHIN)


@pytest.fixture
async def show(stage: Stage, chromium: Chromium) -> AsyncIterator[Show]:
    show = Show(stage, chromium, await stage.new_session())
    await show.begin()
    yield show


@pytest.mark.timeout(240)
async def test_a_producer_runs_a_show(show: Show) -> None:
    desk, ada, noor = show.desk, show.ada, show.noor
    for who in ("ada", "noor"):
        await show.sees(f".row[data-participant={who}][data-cue=backstage]")
    await show.does(".row[data-participant=noor] [data-step=measure]")
    await show.sees(".row[data-participant=noor] .light[data-light=running]")

    await the_keys_are_shown_and_can_be_turned_off(show)

    # Stand by, answered; the preview with picture and level; a note that the speaker reads.
    await show.does(".row[data-participant=ada] .pick")
    await show.does(".details [data-step=standby]")
    await does(ada, ".tally-ready")
    await show.sees(".row[data-participant=ada] .cue[data-ready]")
    await desk.expect("rostrum.media().preview.slots.main.frames > 5", WITHIN)
    await desk.expect("Number(document.querySelector('.listen .level').ariaValueNow) > 0", WITHIN)
    await show.writes(".details .one-line input", "two minutes yet")
    await ada.expect_text("two minutes yet", ".noted-text", WITHIN)
    await does(ada, "[data-action=seen]")
    await ada.expect("!document.querySelector('.noted')", WITHIN)
    await desk.expect_text("Seen", ".backstage .chat", WITHIN)
    await those_backstage_are_talked_with(show)
    await ada.expect("!!document.querySelector('[data-return=programme]')", WITHIN)

    # Take: letters written are no keys; then one stroke of the key only arms it.
    await to(desk, ".details .one-line input")
    await press(desk, "t")
    assert await desk.evaluate("document.querySelector('.details .one-line input').value") == "t"
    await press(desk, "Escape")
    await press(desk, "t")
    await show.sees(".cut[data-cut=take][data-armed]")
    assert await desk.evaluate("rostrum.state().stage.length") == 0
    await press(desk, "t")
    await ada.expect("document.querySelector('.air').dataset.air === 'on'", WITHIN)
    await ada.expect("!!document.querySelector('[data-return=hall]')", WITHIN)
    await show.sees(".programme[data-air=on] .member[data-participant=ada]")
    await show.everybody_sees_the_stage()
    await show.sees(".programme .line-words")
    await desk.expect("document.querySelectorAll('[data-health][data-good]').length === 5", WITHIN)

    # The clock, over its time, on both pages.
    await show.writes(".row[data-participant=ada] .allotted input", "0.02", then="Tab")
    await show.does("[data-clock=start]")
    await show.sees(".countdown[data-time=over]")
    await show.sees("[data-alarm=over]")
    await ada.expect("document.querySelector('.clock-run').dataset.time === 'over'", WITHIN)
    await show.does("[data-alarm=over] [data-act=minute]")
    await desk.expect("!document.querySelector('[data-alarm=over]')", WITHIN)
    await press(desk, "b")
    await ada.expect("document.querySelector('.bell') !== null", WITHIN)
    await press(desk, "c")
    await show.sees("[data-clock=start]")

    # Mute and slides by keys, the slate by its button.
    await show.twice("m")
    await show.watch.expect("(rostrum.state().air.muted ?? []).includes('ada')", WITHIN)
    await show.twice("m")
    await show.watch.expect("!(rostrum.state().air.muted ?? []).includes('ada')", WITHIN)
    await show.twice("h")
    await show.watch.expect("rostrum.state().air.slides === false", WITHIN)
    await show.does(".slates .drop > button")
    await show.does("[data-slate=lunch]")
    await show.everybody_sees("Lunch break")
    await show.does("[data-cut=slate]")
    await show.everybody_sees_the_stage()

    # Hand over to who is next, and in the preview by itself.
    await desk.expect_text("Noor Haddad", ".preview-bus .bus-who")
    await show.does("[data-cut=handover]")
    await noor.expect("document.querySelector('.air').dataset.air === 'on'", WITHIN)
    await ada.expect("document.querySelector('.air').dataset.air === 'off'", WITHIN)
    await show.sees(".row[data-participant=ada][data-cue=cleared]")
    await show.everybody_sees_the_stage()
    graded = ".row[data-participant=noor] .light:is([data-light=green], [data-light=amber], [data-light=red])"
    await desk.expect(f"!!document.querySelector({graded!r})", 25)

    # Two desks cut at once: one cut is made, and the other desk is told what stands.
    other = await show.open("direct", "producer", "Olu Producer", "olu")
    await other.expect("document.querySelectorAll('.member').length === 1", WITHIN)
    await asyncio.sleep(0.5)  # longer than what is new to a desk counts as unseen
    before = await desk.evaluate("rostrum.state().air.version")
    await asyncio.gather(
        desk.evaluate("document.querySelector('[data-cut=slides]').click()"),
        other.evaluate("document.querySelector('[data-cut=mute]').click()"),
    )
    told = "(document.querySelector('.alarm.said')?.innerText ?? '').includes('Noor Haddad')"
    async with asyncio.timeout(WITHIN):
        while (losers := [await page.evaluate(told) for page in (desk, other)]) == [False] * 2:
            await asyncio.sleep(0.05)
    assert losers.count(True) == 1
    await desk.expect(f"rostrum.state().air.version > {before}", WITHIN)
    air = await desk.evaluate("rostrum.state().air")
    assert ("noor" in air.get("muted", [])) == losers[0]
    await other.page.context.close()

    # The speaker on air drops: told, and the slate is a click away; back, and it goes by itself.
    link = show.stage.link("speak", show.session, "speaker", "Noor Haddad", "noor")
    await noor.page.goto("about:blank")
    await show.sees("[data-alarm=left][data-of=noor]")
    await show.does("[data-alarm=left] [data-act=slate]")
    await show.everybody_sees("We will be right back")
    await show.sees(".row[data-participant=noor][data-cue=on_air] .cue:not([data-air])")
    await noor.page.goto(link)
    await desk.expect("!document.querySelector('[data-of=noor]')", WITHIN)
    await desk.expect_text("Noor Haddad is back", ".alarm.back", WITHIN)
    await show.does("[data-cut=slate]")
    await show.everybody_sees_the_stage()
    assert await noor.evaluate("document.querySelector('.air').dataset.air") == "on"

    # Off the stage, and back by the rows' own steps.
    await show.twice("x")
    await show.sees(".row[data-participant=noor][data-cue=cleared]")
    await noor.expect("document.querySelector('.air').dataset.air === 'off'", WITHIN)
    await show.does(".row[data-participant=noor] [data-step=backstage]")
    await show.does(".row[data-participant=noor] [data-step=standby]")
    await show.sees(".row[data-participant=noor][data-cue=standby]")
    await show.does("[data-cut=take]")
    await noor.expect("document.querySelector('.air').dataset.air === 'on'", WITHIN)
    await the_speaker_needs_no_mouse_either(noor)

    # After the end nobody is on air any more, on no page, though the log still has them on stage.
    await does(desk, "[data-life=end]", "Enter")
    await desk.expect("!!document.querySelector('dialog[open]')", WITHIN)
    await press(desk, "Escape")
    await desk.expect("document.activeElement.dataset.life === 'end'", WITHIN)
    await does(desk, "[data-life=end]")
    await does(desk, "dialog .button.serious")
    await show.sees(".programme[data-air=off]")
    await show.sees(".row[data-participant=noor][data-cue=cleared] .cue[data-cue=cleared]")
    assert await desk.evaluate("document.querySelectorAll('.member').length") == 0
    assert await desk.evaluate("document.querySelectorAll('.preview-bus .cut').length") == 0
    await desk.expect_text("Picture here: none.", "[data-health=picture][data-good]", WITHIN)
    await noor.expect("!document.querySelector('.air[data-air=on]')", WITHIN)
    for page in (show.watch, show.hall):
        await page.expect_text("has ended", ".slate", WITHIN)


async def the_keys_are_shown_and_can_be_turned_off(show: Show) -> None:
    """The list has every key; while they are off, none of them acts, and the list is a button away."""
    desk, shown = show.desk, "document.querySelector('.preview-bus .bus-who').innerText"
    await press(desk, "?")
    await desk.expect("document.activeElement.closest('dialog') !== null")
    keys = await desk.evaluate("[...document.querySelectorAll('dialog kbd')].map((key) => key.innerText)")
    assert {*"tnsmhxjkycabi?", "Esc"} == {*keys}
    await does(desk, "dialog .switch input", "Space")
    await press(desk, "Escape")
    first = await desk.evaluate(shown)
    await press(desk, "j", "t", "?")
    assert await desk.evaluate(f"[{shown}, !!document.querySelector('[data-armed], dialog')]") == [
        first,
        False,
    ]
    await does(desk, ".desk-head button:has(kbd)")
    await does(desk, "dialog .switch input", "Space")
    await press(desk, "Escape", "j")
    await desk.expect(f"{shown} !== {first!r}")
    await press(desk, "k")
    await desk.expect(f"{shown} === {first!r}")


async def the_speaker_needs_no_mouse_either(speaker: ChromiumVisitor) -> None:
    """Muted and heard again, and asked before one leaves; each time the hand is where it was."""
    await does(speaker, ".controls .button", "Space")
    await speaker.expect_text("Nobody hears you", ".sending")
    await press(speaker, "Space")
    await speaker.expect("!document.querySelector('.sending').innerText.includes('Nobody hears you')")
    await does(speaker, ".controls > .button:last-of-type", "Enter")
    await speaker.expect("!!document.querySelector('dialog[open]')")
    await press(speaker, "Escape")
    await speaker.expect("document.querySelector('dialog') === null")
    assert await speaker.evaluate("document.activeElement.matches('.controls > .button')")
    assert await speaker.evaluate("document.querySelector('.air').dataset.air") == "on"


async def those_backstage_are_talked_with(show: Show) -> None:
    """The desk hears them and is heard; it writes to all of them, or to one, whom alone it reaches."""
    desk, ada, noor = show.desk, show.ada, show.noor
    await press(desk, "Escape")  # out of the field: keys are keys again
    await press(desk, "i")
    await desk.expect("rostrum.media().ear.audio > 0", WITHIN)
    arrives = "p.participant === 'dana' && p.live && p.audio"
    await ada.expect(f"rostrum.state().media.publications.some((p) => {arrives})", WITHIN)
    await noor.expect("rostrum.state().crew.some(({ id }) => id === 'dana')", WITHIN)
    assert await desk.evaluate("document.querySelector('.row[data-participant=dana]') === null")
    await press(desk, "i")
    await noor.expect("rostrum.state().crew.length === 0", WITHIN)
    await does(desk, ".backstage .intercom .switch input", "Space")
    await does(desk, ".for-whom select", "N")
    await show.writes(".backstage textarea", "slower, please")
    await noor.expect_text("slower, please", ".noted-text", WITHIN)
    await does(desk, ".for-whom select", "Home")
    await show.writes(".backstage textarea", "we begin")
    await ada.expect_text("we begin", ".side-chat", WITHIN)
    assert "slower" not in await ada.evaluate("document.querySelector('.air').innerText")
    await does(noor, "[data-action=seen]")


@pytest.mark.timeout(120)
async def test_a_declaration_is_signed_and_a_break_has_its_length(stage: Stage, chromium: Chromium) -> None:
    show = Show(stage, chromium, await stage.new_session())
    await show.open_the_house()
    await a_declaration_is_signed(show)
    await a_break_has_its_length(show)


async def a_declaration_is_signed(show: Show) -> None:
    """Written at the desk, read in the hall, signed by the one an organisation has sent, and closed."""
    desk, hall, watch = show.desk, show.hall, show.watch
    await show.does("[data-action=declaration]")
    await show.writes("dialog [name=title]", "Joint declaration", then="Tab")
    await show.writes("dialog [name=text]", "We open both rooms.", then="Tab")
    await show.writes("dialog [name=organisations]", "Yale University\n清华大学", then="Tab")
    await desk.reload()
    await show.does("[data-action=declaration]")
    assert await desk.evaluate("document.querySelector('dialog [name=text]').value") == "We open both rooms."
    await show.does("dialog [type=submit]:enabled")
    await show.does("[data-act='declaration.show']")
    await hall.expect_text("We open both rooms.", ".declaration-read", WITHIN)
    assert await watch.evaluate("document.querySelector('[data-action=sign]') === null")
    await show.does("[data-act='declaration.open']")
    await hall.expect("document.querySelectorAll('.roll-row').length === 2", WITHIN)
    # Who signs reads the whole of it first, is asked once more, and may step back.
    await does(watch, "[role=tab][aria-selected=true]", "ArrowLeft")
    await to(watch, ".declaration")
    await does(watch, "[data-action=sign]")
    await watch.expect("document.activeElement.closest('dialog') !== null", WITHIN)
    await press(watch, "Escape")
    await watch.expect("document.activeElement.dataset.action === 'sign'", WITHIN)
    await does(watch, "[data-action=sign]")
    await does(watch, "dialog .button:not(.serious)")
    await watch.expect("document.activeElement.dataset.action === 'sign'", WITHIN)
    await does(watch, "[data-action=sign]")
    await does(watch, "dialog .button.serious")
    await hall.expect("document.querySelectorAll('.roll-row[data-signed]').length === 1", WITHIN)
    await hall.expect_text("Kim Viewer", ".board-foot", WITHIN)
    await watch.expect("document.querySelector('.sign').dataset.sign === 'signed'", WITHIN)
    await show.does("[data-act='declaration.close']")
    await show.sees("[data-declaration=closed]")
    await show.does("[data-act='declaration.hide']")
    await hall.expect("document.querySelector('.declaration-board') === null", WITHIN)
    await press(desk, "Escape")
    await desk.expect("document.activeElement.dataset.action === 'declaration'", WITHIN)


async def a_break_has_its_length(show: Show) -> None:
    """Minutes before the break, other ones while it is on: hall and audience count down to one moment."""
    desk = show.desk
    shown = {show.hall: ".countdown-time", show.watch: ".slate-count"}
    await to(desk, ".break-length input")
    await desk.page.keyboard.type("10")
    shown_at = await desk.evaluate("document.querySelector('.desk-head .clock').innerText")
    await desk.expect(f"document.querySelector('.desk-head .clock').innerText !== {shown_at!r}", WITHIN)
    assert await desk.evaluate("document.querySelector('.break-length input').value") == "10", "seconds pass"
    await show.does("button[title*='there is a break']")
    for page, where in shown.items():
        await page.expect(f"/\\b(9|10):\\d\\d/.test(document.querySelector('{where}')?.innerText)", WITHIN)
    await show.writes(".break-length input", "20", then="Tab")
    for page, where in shown.items():
        await page.expect(f"/\\b(19|20):\\d\\d/.test(document.querySelector('{where}')?.innerText)", WITHIN)
    await desk.expect("/(19|20):/.test(document.querySelector('.break-left')?.innerText)", WITHIN)
    await show.does("button[title*='sees the stage again']")
    for page, where in shown.items():
        await page.expect(f"document.querySelector('{where}') === null", WITHIN)
