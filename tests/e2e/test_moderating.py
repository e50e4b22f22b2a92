"""A moderator at work without a mouse, and what viewers and the hall get of it; then by touch on a tablet."""

from __future__ import annotations

import asyncio

import pytest

from signaling.attend import Seat, command_id, seat
from signaling.protocol import (
    Ack,
    AnyCommand,
    AskQuestion,
    CastBallot,
    PostChat,
    RaiseHand,
    Refused,
    VoteQuestion,
)
from tests.e2e.keyboard import does, press, to
from tests.e2e.stage import Stage
from tests.e2e.test_long_lists import QUESTIONS, crowded
from tests.e2e.visitor import Chromium, ChromiumVisitor

pytestmark = pytest.mark.browser

OPEN = "window.rostrum?.connection.phase === 'open'"
FIRST, DOUBLE = "How late is the hall?", "By how much is the hall behind?"

# What is too small for a finger, of all that can be pressed; and what makes the page wider than it is.
SMALL = """[...document.querySelectorAll('.desk-grid :is(button, summary, select), .switch, .segment')]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44)
  .map((one) => one.outerHTML.slice(0, 90))"""
WIDE = "document.scrollingElement.scrollWidth - document.documentElement.clientWidth"


class Desk:
    """The moderator's page, and the only way a test reaches it: keys."""

    def __init__(self, page: ChromiumVisitor) -> None:
        self.page = page

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.page.keyboard.press(key)

    async def write(self, text: str, then: str = "Enter") -> None:
        """Write where the cursor is, and send it."""
        await self.page.page.keyboard.type(text)
        await self.press(then)

    async def reach(self, selector: str, key: str) -> None:
        await does(self.page, selector, key)

    async def sees(self, expression: str) -> None:
        await self.page.expect(expression)

    async def look_at(self, question: str) -> None:
        """Go through the queue until this question is the one looked at."""
        await self.press("k", "k", "k", "k")
        for _ in range(5):
            await asyncio.sleep(0.2)
            if question in await self.page.evaluate("document.querySelector('.focus-text').innerText"):
                return
            await self.press("j")
        raise AssertionError(f"no way to {question} by j")


async def done(person: Seat, command: AnyCommand) -> None:
    answer = await person.command(command)
    assert isinstance(answer, Ack), answer


@pytest.mark.timeout(180)
async def test_a_moderator_runs_a_session_by_keyboard_alone(stage: Stage, chromium: Chromium) -> None:
    session = await stage.new_session()
    page = await chromium.visit(stage.link("moderate", session, "moderator", "Mika Moderator"))
    watch = await chromium.visit(stage.link("watch", session, "viewer", "Kim Viewer"))
    hall = await chromium.visit(stage.link("hall", session, "hall", "Hall screen"))
    for one in (page, watch, hall):
        await one.expect(OPEN, 10)
    desk = Desk(page)
    async with (
        seat(stage.url, stage.token(session, "viewer", "Ann Asker")) as ann,
        seat(stage.url, stage.token(session, "viewer", "Bo Asker")) as bo,
    ):
        await questions(desk, watch, hall, ann, bo)
        await floor(desk, watch, ann)
        await poll(desk, watch, hall, bo)
        await announcement(desk, watch, hall)
        await chat(desk, watch, ann)
    mate = await chromium.visit(stage.link("moderate", session, "moderator", "Mo Mate"))
    await mate.expect(OPEN, 10)
    await backstage(desk, watch, mate)
    await keys(desk)
    async with seat(stage.url, stage.token(session, "viewer", "Ann Asker")) as ann:
        await merging_without_keys(desk, ann)


async def questions(desk: Desk, watch: ChromiumVisitor, hall: ChromiumVisitor, ann: Seat, bo: Seat) -> None:
    """Approve two questions, merge them, edit and note the one that stays, and put it on screen."""
    await done(ann, AskQuestion(command_id(), FIRST))
    await desk.sees("rostrum.state().questions.length === 1")
    await done(bo, AskQuestion(command_id(), DOUBLE, anonymous=True))
    await desk.sees("rostrum.state().questions.length === 2")
    await desk.page.expect_text("anonymous to the audience", ".queue .scroll")
    await desk.press("a", "a")
    await watch.expect("rostrum.state().questions.length === 2")
    first, double = [q["id"] for q in (await desk.page.state())["questions"]]
    await done(ann, VoteQuestion(command_id(), double))
    await done(bo, VoteQuestion(command_id(), first))
    await watch.expect(f"rostrum.state().votes['{double}'] === 1 && rostrum.state().votes['{first}'] === 1")
    await desk.look_at(DOUBLE)
    await desk.press("m")
    await desk.page.expect_text(FIRST, ".merging .focus-text")
    await desk.press("Enter")
    await watch.expect(f"rostrum.state().votes['{first}'] === 2")
    await desk.page.expect_text("2 votes", ".focus")
    await desk.page.expect_text(DOUBLE, ".focus [data-double]")

    await desk.press("e")
    await desk.page.expect("document.activeElement.matches('.inline textarea')")
    await desk.press("Control+a")
    await desk.write("How late is the hall, in frames?")
    await watch.expect("rostrum.state().questions[0].text === 'How late is the hall, in frames?'")
    await desk.page.expect_text(FIRST, ".focus [data-original]")
    await desk.press("n")
    await desk.page.expect("document.activeElement.matches('.inline textarea')")
    await desk.write("Ada knows this one")
    await desk.page.expect_text("Ada knows this one", ".focus [data-note]")
    kept = (await watch.state())["questions"][0]
    assert (kept.get("original"), kept.get("notes", [])) == (None, [])

    await desk.press("l")
    await watch.expect(f"rostrum.state().questions.find((q) => q.id === '{first}').state === 'shortlisted'")
    await desk.press("s")
    await hall.expect("rostrum.state().questions.some((q) => q.state === 'on_screen')")
    await desk.page.expect_text("How late is the hall, in frames?", ".sees .over-text")
    await desk.press("b")
    await watch.expect(f"rostrum.state().questions.find((q) => q.id === '{first}').state === 'answering'")
    await desk.press("c")
    await desk.page.expect("document.activeElement.matches('.inline textarea')")
    await desk.write("What does the front row hear?")
    await desk.sees("rostrum.state().questions.some((q) => q.source === 'hall' && q.state === 'pending')")
    assert len((await watch.state())["questions"]) == 2


async def floor(desk: Desk, watch: ChromiumVisitor, ann: Seat) -> None:
    """Open the floor, put somebody of the hall in line, call, let speak, and end it."""
    await desk.press("1")
    await desk.reach(".floor-rules .switch input", "Space")
    await watch.expect("rostrum.state().floor.open")
    await done(ann, RaiseHand(command_id(), "On frames"))
    await desk.page.expect_text("Nobody else waits.", "[data-why=only]")
    await desk.reach(".add-hand summary", "Enter")
    await desk.reach(".add-hand input", "Control+a")
    await desk.write("Maria Hall")
    await watch.expect("rostrum.state().floor.waiting.hall === 1")
    await desk.page.page.locator("[data-ratio]").select_option("2:1")
    await watch.expect("rostrum.state().floor.ratio.hall === 2")
    await desk.page.expect_text("The hall’s turn", "[data-why=ratio]")
    await desk.press("Escape", "g")
    await watch.expect("rostrum.state().floor.called?.person.name === 'Maria Hall'")
    await desk.sees("document.querySelector('[data-turn=called]') !== null")
    await desk.press("t")
    await watch.expect("rostrum.state().floor.speaking?.person.name === 'Maria Hall'")
    await desk.page.expect_text("On air", "[data-turn=speaking]")
    await desk.press("x")
    await watch.expect("rostrum.state().floor.speaking === null && rostrum.state().floor.line.length === 1")


async def poll(desk: Desk, watch: ChromiumVisitor, hall: ChromiumVisitor, bo: Seat) -> None:
    """Draft a poll with hidden results, open and show it, close it, hide its results and reveal them."""
    await desk.press("3")
    await desk.reach("[data-action=new-poll]", "Enter")
    await desk.reach(".poll-form [name=text]", "Control+a")
    await desk.write("Where are you now?", then="Tab")
    await desk.reach(".poll-form [name=options]", "Control+a")
    await desk.write("In the hall", then="Enter")
    await desk.write("At home", then="Tab")
    await desk.press("Space")
    await desk.reach(".poll-form [type=submit]", "Enter")
    await desk.sees("rostrum.state().polls[0]?.hidden")
    assert (await watch.state())["polls"] == []
    await desk.reach("[data-act='poll.open']", "Enter")
    await watch.expect("rostrum.state().polls[0]?.options.length === 2")
    mine = (await desk.page.state())["polls"][0]["id"]
    await to(watch, "#tab-chat")
    await press(watch, "ArrowRight", "ArrowRight")
    await does(watch, ".poll .option input", "ArrowDown")
    chosen = "!!document.querySelector('.poll :is(:checked, :disabled)')"
    assert not await watch.evaluate(chosen), "who only looks through the options votes for none"
    await press(watch, "Space")
    await done(bo, CastBallot(command_id(), mine, (1,)))
    await watch.expect(f"rostrum.state().results['{mine}']?.voters === 2")
    assert (await watch.state())["results"][mine].get("counts") is None
    await desk.page.expect_text("2 · 100 %", "[data-poll] .bar:nth-child(2)")
    await desk.reach("[data-act='poll.show']", "Enter")
    await hall.expect("rostrum.state().polls[0].on_screen && !rostrum.state().polls[0].results")
    await desk.page.expect_text("Where are you now?", ".sees .over-text")
    assert await desk.page.evaluate("document.querySelector('.over .bar-line') === null")
    await desk.reach("[data-act='poll.close']", "Enter")
    await watch.expect(f"rostrum.state().results['{mine}']?.counts?.[1] === 2")
    await desk.reach("[data-act='poll.results']", "Enter")
    await hall.expect("!rostrum.state().polls[0].results")
    await desk.reach("[data-act='poll.results']", "Enter")
    await hall.expect("rostrum.state().polls[0].results")
    await desk.reach("[data-act='poll.hide']", "Enter")
    await hall.expect("!rostrum.state().polls[0].on_screen")


async def announcement(desk: Desk, watch: ChromiumVisitor, hall: ChromiumVisitor) -> None:
    """Pin an announcement on all screens, and lift it."""
    await desk.press("4")
    await desk.reach("[name=notice]", "Control+a")
    await desk.write("Coffee until 15:30")
    for page in (watch, hall):
        await page.expect("rostrum.state().announcement?.text === 'Coffee until 15:30'")
    await desk.page.expect_text("Coffee until 15:30", ".sees .over-pinned")
    await desk.reach("[data-act='announcement.unpin']", "Enter")
    await hall.expect("rostrum.state().announcement === null")


async def chat(desk: Desk, watch: ChromiumVisitor, ann: Seat) -> None:
    """Hold messages, let one through, take one away, and slow people down."""
    await desk.press("Escape", "2")
    await desk.reach("[data-action=rules]", "Enter")
    await desk.reach(".rules .switch input", "Space")
    await watch.expect("rostrum.state().chatRules.hold")
    await done(ann, PostChat(command_id(), "Let this through"))
    await done(ann, PostChat(command_id(), "Not this"))
    await desk.page.expect_text("Let this through", ".held-lines")
    assert (await watch.state())["chat"] == []
    await desk.press("y")
    await watch.expect("rostrum.state().chat.at(-1)?.text === 'Let this through'")
    await desk.page.expect_text("Not this", ".held-lines")
    await desk.press("r")
    await desk.sees("document.querySelector('.held-lines') === null")
    await desk.reach(".rules .segment input[value='0']", "ArrowRight")
    await watch.expect("rostrum.state().chatRules.slow === 5")
    await done(ann, PostChat(command_id(), "Once"))
    answer = await ann.command(PostChat(command_id(), "And again"))
    assert isinstance(answer, Refused)
    assert answer.code == "slow_mode"
    assert [line["text"] for line in (await watch.state())["chat"]] == ["Let this through"]


async def backstage(desk: Desk, watch: ChromiumVisitor, mate: ChromiumVisitor) -> None:
    """Talk to another moderator, whom the audience does not hear."""
    await mate.page.check(".chat-bar input[value=backstage]", force=True, timeout=5000)
    await mate.page.check(".intercom .switch input", timeout=5000)
    await desk.reach(".chat-bar .segment input[value=public]", "ArrowRight")
    await desk.sees("document.querySelector('.intercom') !== null")
    await desk.reach(".intercom .button", "Enter")
    await mate.expect_text("Backstage: Mika Moderator", ".intercom")
    await mate.expect("rostrum.media().ear.audio > 0", 15)
    assert (await watch.state())["media"]["publications"] == []
    await desk.press("Enter")
    await mate.expect_text("Nobody is backstage.", ".intercom")
    await mate.expect("rostrum.state().media.publications.length === 0", 10)


async def keys(desk: Desk) -> None:
    """The list of keys is there, and with it a way to turn them off."""
    await desk.press("Escape", "?")
    await desk.page.expect_text("merge: j, k choose, Enter merges", "dialog")
    await desk.reach("dialog .switch input", "Space")
    await desk.press("Escape")
    await desk.sees("document.querySelector('dialog') === null")
    await desk.press("v", "?")
    assert await desk.page.evaluate("document.querySelector('dialog') === null")
    assert await desk.page.evaluate(
        "document.querySelector('.view[aria-pressed=true]').innerText.startsWith('Queue')"
    )


async def merging_without_keys(desk: Desk, ann: Seat) -> None:
    """With single keys off, Tab leads to the question that stays, and to the button that says so."""
    for text in ("Who stays?", "Who stays here?"):
        await done(ann, AskQuestion(command_id(), text))
    await desk.page.expect_text("Who stays here?", ".queue .scroll")
    stays, goes = [q["id"] for q in (await desk.page.state())["questions"][-2:]]
    await to(desk.page, f".row[data-question='{goes}'] [data-action=approve]")
    await desk.reach(".focus [data-action=merge]", "Enter")
    await desk.page.expect_text("Who stays here?", ".merging .merging-text")
    await to(desk.page, f".row[data-question='{stays}'] [data-action=keep]")
    await desk.page.expect_text("Who stays?", ".merging .focus-text")
    await desk.reach(f".row[data-question='{stays}'] [data-action=keep]", "Enter")
    await desk.sees(f"rostrum.state().questions.find((q) => q.id === '{goes}').merged_into === '{stays}'")


@pytest.mark.timeout(120)
async def test_hundreds_of_questions_on_a_tablet_and_a_phone(stage: Stage, chromium: Chromium) -> None:
    session = await stage.new_session()
    context = await chromium.context(viewport={"width": 1024, "height": 768}, has_touch=True)
    visitor = ChromiumVisitor(await context.new_page())
    chromium.visitors.append(visitor)
    await visitor.page.route_web_socket("**/ws", crowded)
    await visitor.page.goto(stage.link("moderate", session, "moderator"))
    await visitor.expect(f"rostrum.state().questions.length === {QUESTIONS}", 20)
    await visitor.expect("document.querySelectorAll('.row').length > 3")
    assert await visitor.evaluate("document.querySelectorAll('.row').length") < 120
    # The last is far outside what is drawn; it comes into view with the key.
    await visitor.evaluate("document.querySelector('.queue .scroll').scrollTop = 1e6")
    await visitor.expect(f"document.querySelector('[data-row=q{QUESTIONS - 1}]') !== null")
    await visitor.page.keyboard.press("j")
    await visitor.expect("""(() => {
      const box = document.querySelector('.queue .scroll').getBoundingClientRect();
      const row = document.querySelector('.row[aria-current]')?.getBoundingClientRect();
      return row && row.top >= box.top - 1 && row.bottom <= box.bottom + 1;
    })()""")
    for width, height in ((1024, 768), (375, 812)):
        await visitor.page.set_viewport_size({"width": width, "height": height})
        for tab in ("floor", "chat", "polls", "notices", "people"):
            await visitor.page.tap(f"#tab-{tab}", timeout=5000)
            await visitor.expect(f"document.querySelector('#panel-{tab}') !== null")
            assert await visitor.evaluate(SMALL) == [], (width, tab)
            assert await visitor.evaluate(WIDE) <= 0, (width, tab)
    await visitor.page.tap("#tab-questions", timeout=5000)
    await visitor.expect("document.querySelector('.focus').checkVisibility()")
    assert await visitor.evaluate(SMALL) == []
    assert await visitor.evaluate(WIDE) <= 0
