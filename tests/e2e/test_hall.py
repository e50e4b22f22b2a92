"""The hall's screen and its AV desk: what the last row reads, what the room sends, and that it has no echo.

One hall through one talk, in its order: doors, talk, question, poll, floor, slate, break.
"""

from __future__ import annotations

import asyncio
import io
import re
import time
from typing import Final

import av
import numpy
import pytest
import segno

from signaling.attend import Seat, command_id, seat
from signaling.protocol import (
    Ack,
    AddHand,
    AnyCommand,
    ApproveQuestion,
    AskQuestion,
    Billed,
    Billing,
    CallHand,
    CreatePoll,
    DescribeSession,
    EndTurn,
    HideDeclaration,
    HidePoll,
    LetSpeak,
    LiftSlate,
    OpenDeclaration,
    OpenFloor,
    OpenPoll,
    PauseSession,
    PinAnnouncement,
    PostChat,
    PresentDeclaration,
    ResumeSession,
    SendCaption,
    ShowDeclaration,
    ShowPoll,
    ShowQuestion,
    ShowSlate,
    SignDeclaration,
    UnpinAnnouncement,
)
from tests.e2e.keyboard import does, press, to
from tests.e2e.scenes import OPEN, invite
from tests.e2e.stage import Stage
from tests.e2e.visitor import PAINTED_CAMERA, Chromium, ChromiumVisitor

pytestmark = pytest.mark.browser

LOCK: Final = """navigator.wakeLock.request = async (kind) => {
  globalThis.locked = kind;
  return { released: false, release: async () => {} };
};"""

SOUNDING: Final = """const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () {
  globalThis.played = this.srcObject;
  return play.call(this);
};
const choose = HTMLMediaElement.prototype.setSinkId;
globalThis.outputs = new Set();
HTMLMediaElement.prototype.setSinkId = function (id) {
  outputs.add(id);
  return choose.call(this, id);
};"""

SIDES: Final = """new Promise(async (done) => {
  while (!played) await new Promise(requestAnimationFrame);
  const context = new AudioContext();
  const sides = new ChannelSplitterNode(context, { numberOfOutputs: 2 });
  context.createMediaStreamSource(played).connect(sides);
  const meters = [0, 1].map((side) => {
    const meter = new AnalyserNode(context);
    sides.connect(meter, side);
    return meter;
  });
  const peak = (meter) => {
    const samples = new Float32Array(meter.fftSize);
    meter.getFloatTimeDomainData(samples);
    return Math.max(...samples.map(Math.abs));
  };
  setTimeout(() => done(meters.map(peak)), 400);
})"""

SHARES: Final = """[...document.querySelectorAll(`.hall .name, .question-text, .question-by, .badge,
  .poll-text, .poll-option, .poll-how, .board-head, .board-foot, .roll-name, .declaration-read,
  .door-how, .news-text, .slate-title, .slate-text, .countdown-time`)]
  .filter((one) => one.offsetParent && one.textContent.trim())
  .map((one) => [`${one.className} ${one.closest('[data-fit=small], [data-fit=least]') ? 'long' : ''}`,
    parseFloat(getComputedStyle(one).fontSize) / Math.min(innerHeight, 1.25 * innerWidth)])"""

DRAWN: Final = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

OUTSIDE: Final = """Promise.allSettled(document.getAnimations().map((one) => one.finished)).then(() =>
  [...document.querySelectorAll('.hall p, .hall li, .door-code')].filter((one) => {
    const box = one.getBoundingClientRect();
    if (!one.offsetParent || !box.width || one.matches('.line')) return false;
    return box.top < -1 || box.left < -1 || box.bottom > innerHeight + 1 || box.right > innerWidth + 1;
  }).map((one) => one.className + ': ' + one.textContent))"""

TOO_HIGH: Final = """[...document.querySelectorAll('.board > *')]
  .map((one) => one.scrollHeight - one.parentElement.clientHeight).filter((more) => more > 1)"""
"""By how many pixels what is asked stands out of its place, into an announcement perhaps."""

TORN: Final = """[...document.querySelectorAll('.roll-name')].filter((one) =>
  one.scrollHeight > one.clientHeight + 2 || one.offsetHeight > one.parentElement.clientHeight + 1)
  .map((one) => one.textContent)"""
"""The names of organisations whose lines stand out of their row, or are half seen."""

CUT: Final = (
    """[...document.querySelectorAll('.roll-name')].filter((one) => one.scrollWidth > one.clientWidth)"""
)
"""Those that end in dots."""

COLLIDE: Final = """Promise.allSettled(document.getAnimations().map((one) => one.finished)).then(() => {
  const read = (one) => {
    const letters = document.createRange();
    letters.selectNodeContents(one);
    const [a, b] = [letters, one].map((part) => part.getBoundingClientRect());
    return { left: a.left, right: a.right, top: a.top, bottom: Math.min(a.bottom, b.bottom) };
  };
  const seen = [...document.querySelectorAll(`.question-text, .question-foot, .poll-text, .poll-option,
    .poll-how, .door-code, .door-how, .news-text, .captions, .badge-card, .slot`)]
    .filter((one) => one.checkVisibility({ opacityProperty: true }) && one.offsetHeight)
    .filter((one) => one.dataset.shown !== 'none')
    .map((one) => [one.className, one.matches('p') ? read(one) : one.getBoundingClientRect()]);
  return seen.flatMap(([name, a], i) => seen.slice(i + 1).filter(([, b]) =>
    a.top < b.bottom - 1 && b.top < a.bottom - 1 && a.left < b.right - 1 && b.left < a.right - 1)
    .map(([other]) => `${name} on ${other}`));
})"""
"""What lies over something else."""

HIDDEN: Final = """[...document.querySelectorAll('.question-text, .news-text, .poll-text, .poll-name')]
  .filter((one) => one.checkVisibility() && one.scrollHeight > one.clientHeight + 0.2 *
    parseFloat(getComputedStyle(one).fontSize)).map((one) => one.textContent)"""
"""Texts of which not all is to be seen."""

SHAPES: Final = ((1280, 720), (720, 1280), (1024, 768))
"""Screens of a hall: wide, upright, and a projector's."""

LEAST: Final = {"name": 0.0499, "question-text": 0.06, "poll-text": 0.0599, "board-head": 0.0599}
"""Shares of the screen's height (upright, of that of 4:5) that names and what is asked have; all else 4 %."""


async def test_a_hall_through_a_talk(stage: Stage, chromium: Chromium) -> None:
    session = await planned(stage)
    hall = await chromium.visit(
        stage.link("hall", session, "hall").replace("#", "?kiosk#"), scripts=[LOCK], locale="en-GB"
    )
    await hall.expect(OPEN, 10)
    await the_room_waits(stage, chromium, session, hall)
    async with stage.http() as http:
        assert not (await http.post(f"/api/sessions/{session}/start")).is_error
    desk_page, speaker = await the_desk_sends_the_room(stage, chromium, session)
    async with (
        seat(stage.url, stage.token(session, "moderator")) as moderator,
        seat(stage.url, stage.token(session, "producer")) as producer,
    ):
        await hall.playing()
        await hall.expect_text("Prof. Ada Lindqvist", ".name")
        await hall.expect_text("Institute for Remote Presence", ".badge-card")
        await the_desk_and_the_producer_write(stage, session, hall, desk_page, producer)
        await the_room_is_asked(stage, session, hall, moderator)
        await the_floor_is_heard_without_an_echo(stage, chromium, session, moderator, (hall, desk_page))
        await done(producer, ShowSlate(command_id(), "We go on at once"))
        await hall.expect_text("We go on at once", ".slate-title", 10)
        await hall.expect("document.querySelector('.badge-card') === null")
        await done(producer, LiftSlate(command_id()))
        await done(producer, PauseSession(command_id(), int(time.time() * 1000) + 300_000))
        await hall.expect("/^[45]:\\d\\d$/.test(document.querySelector('.countdown-time')?.textContent)")
        assert await hall.evaluate("document.querySelector('.countdown').dataset.until") == "resume"
        await done(producer, ResumeSession(command_id()))
        await hall.expect("document.querySelector('.countdown') === null")
    assert await hall.evaluate("[performance.getEntriesByType('navigation').length, globalThis.locked]") == [
        1,
        "screen",
    ]
    assert await speaker.evaluate("document.querySelector('.air') !== null")


async def test_a_screen_that_nobody_touches_goes_on_to_the_rooms_next_session(
    stage: Stage, chromium: Chromium
) -> None:
    event = f"day-{command_id()[:8]}"
    at = [time.strftime("%Y-%m-%d %H:%M+00:00", time.gmtime(time.time() + m * 60)) for m in (-30, 30, 90)]
    lines = ["id;title;start;duration;room;zone"]
    rooms = (("first", "Main hall"), ("second", "Main hall"), ("beside", "Room 2"))
    lines += [f"{key};The {key};{at[n]};45;{room};UTC" for n, (key, room) in enumerate(rooms)]
    async with stage.http() as http:
        await http.put(f"/api/events/{event}", json={"title": "A day", "published": True})
        imported = await http.post(
            f"/api/events/{event}/import", content="\n".join(lines), headers={"Content-Type": "text/csv"}
        )
        assert not imported.is_error, imported.text
        await http.post(f"/api/events/{event}/sessions", json={})
        items = (await http.get(f"/api/events/{event}/programme")).json()["items"]
        first, second, beside = (
            next(item["id"] for item in items if item["title"] == f"The {key}") for key, _ in rooms
        )
        await http.post(f"/api/sessions/{first}/start")
        code = await invite(stage, role="hall", event=event)
        hall = await chromium.visit(f"{stage.url}/enter/?kiosk#invitation={code}", locale="en-GB")
        await hall.page.get_by_text("The first").last.click()
        await hall.page.click("button[type=submit]")
        await hall.page.wait_for_url("**/hall/?kiosk", timeout=15_000)
        await hall.expect("window.rostrum?.state().session?.status === 'live'")
        # What begins elsewhere, and what is about to begin here while this one is on, moves nothing.
        for other in (second, beside):
            await http.post(f"/api/sessions/{other}/doors")
        await http.post(f"/api/sessions/{first}/pause")
        await hall.expect("rostrum.state().session.status === 'paused'")
        assert await hall.evaluate("rostrum.state().session.id") == first
        await http.post(f"/api/sessions/{first}/end")
        await hall.expect(f"window.rostrum?.state().session?.id === {second!r}", 30)
        await hall.expect_text("The second", ".slate-title")
        assert hall.page.url.endswith("/hall/?kiosk")
        await hall.expect("document.querySelector('.door-code')?.naturalWidth > 0")


async def test_what_is_long_is_read_in_parts_and_nothing_covers_it(stage: Stage, chromium: Chromium) -> None:
    """The longest question and poll there may be, with company, on each shape, without a word missing."""
    session = await stage.new_session()
    hall = await chromium.visit(
        stage.link("hall", session, "hall").replace("#", "?captions#"), locale="en-GB"
    )
    async with (
        stage.speaker(session, frame_rate=5),
        seat(stage.url, stage.token(session, "moderator")) as desk,
    ):
        await hall.expect("document.querySelector('[data-slot=main]')?.dataset.shown === 'live'", 30)
        await long_questions(stage, session, hall, desk)
        await long_polls(stage, session, hall, desk)
        await long_names(hall, desk)


async def long_questions(stage: Stage, session: str, hall: ChromiumVisitor, moderator: Seat) -> None:
    """By a long name, then with an announcement, then with captions."""
    text = "How do you keep two rooms in one conversation, when one of them is many kitchens? " * 7
    name = "Prof. Dr. Maximiliana Wolfeschlegelsteinhausenbergerdorff-Rosenzweig"
    aff = "Institute for Remote Presence and Hybrid Conversation"
    async with seat(stage.url, stage.token(session, "viewer", name, affiliation=aff)) as asker:
        for asked in ("两个会场怎样才能是同一场对话？" * 10, text.strip()):
            await done(asker, AskQuestion(command_id(), asked))
            question = await newest(stage, session, "questions")
            await done(moderator, ApproveQuestion(command_id(), question))
            await done(moderator, ShowQuestion(command_id(), question))
            await hall.expect_text(asked[:10], ".question-text")
            await uncut(hall)
    await hall.expect("document.querySelector('.question .part') !== null")
    news = "Lunch is on the second floor at 12:30; please leave by the doors at the back of the hall. " * 3
    await done(moderator, PinAnnouncement(command_id(), news, "hall"))
    await hall.expect("document.querySelector('.news-text') !== null")
    await uncut(hall)
    async with seat(stage.url, stage.token(session, "interpreter")) as booth:
        for line in ("one", "two"):
            spoken = "and what is said in this room is heard by everybody who is far away, all day long"
            await done(booth, SendCaption(command_id(), "en", line, spoken))
    await hall.expect("document.querySelector('.captions p') !== null")
    await uncut(hall)
    await done(moderator, UnpinAnnouncement(command_id()))


async def long_polls(stage: Stage, session: str, hall: ChromiumVisitor, moderator: Seat) -> None:
    """The text is set smaller, and the options are turned like pages, none of them cut."""
    text = "Where should the next conversation between two rooms take place, and for whom? " * 4
    for number in (4, 12):
        options = tuple(f"{n} I would rather have both rooms see each other, " * 2 for n in range(number))
        options = tuple(option[:100].strip() for option in options)
        await done(moderator, CreatePoll(command_id(), text[:300].strip(), "single", options))
        poll = await newest(stage, session, "polls")
        await done(moderator, OpenPoll(command_id(), poll))
        await done(moderator, ShowPoll(command_id(), poll))
        await hall.expect(f"document.querySelectorAll('.poll-option').length === {number}")
        await uncut(hall)
        assert await hall.evaluate("document.querySelector('.poll-option:not([hidden])') !== null")
    await hall.expect("document.querySelector('.poll-how .part') !== null")


async def long_names(hall: ChromiumVisitor, moderator: Seat) -> None:
    """Where many of the names that sign are long, fewer of them are seen at once, and none is cut."""
    names = tuple(f"Universidad Nacional Autónoma de México, {n}" for n in range(22))
    title = "Joint declaration on the conversation between rooms, wherever they are, and whoever is in them"
    await done(moderator, PresentDeclaration(command_id(), title, "We open.", names, open=True))
    await done(moderator, ShowDeclaration(command_id()))
    await hall.expect_text(names[0], ".roll-name")
    for width, height in SHAPES:
        await hall.page.set_viewport_size({"width": width, "height": height})
        await hall.evaluate(DRAWN)
        await hall.expect(f"!{CUT}.length && !{TORN}.length && !{TOO_HIGH}.length", 5)


async def planned(stage: Stage) -> str:
    """Plan a session that begins in five minutes, with a speaker in the programme."""
    session = f"hall-{command_id()[:8]}"
    start = int(time.time() * 1000) + 300_000
    ada = Billed("p-ada", "Prof. Ada Lindqvist", "Institute for Remote Presence", "Keynote speaker")
    billing = Billing("conf-hall", start, start + 3_600_000, "UTC", room="Main hall", speakers=(ada,))
    async with stage.http() as http:
        await http.post("/api/sessions", json={"id": session, "title": "Two rooms"})
    async with seat(stage.url, stage.token(session, "producer")) as desk:
        await done(desk, DescribeSession(command_id(), "Two rooms, one conversation", billing))
    return session


async def the_room_waits(stage: Stage, chromium: Chromium, session: str, hall: ChromiumVisitor) -> None:
    """Before the start: the countdown, and a code that brings a phone into the hall."""
    await hall.expect("/^[45]:\\d\\d$/.test(document.querySelector('.countdown-time')?.textContent)")
    await hall.expect("document.querySelector('.door-code')?.naturalWidth > 0")
    async with stage.http() as http:
        shown = {"Authorization": f"Bearer {stage.token(session, 'hall')}"}
        link = (await http.post(f"/api/sessions/{session}/door", headers=shown)).json()["link"]
    assert await modules(hall) == [
        [int(module) for module in row] for row in segno.make(link, error="m", micro=False).matrix
    ]
    phone = await chromium.visit(link)
    await phone.type(".field", "Kim in row 12")
    await phone.click("button[type=submit]")
    await phone.page.wait_for_url("**/watch/", timeout=10_000)
    await phone.expect("window.rostrum?.state().you?.place === 'hall'", 10)
    await phone.page.context.close()
    await legible(hall)


async def modules(hall: ChromiumVisitor) -> list[list[int]]:
    """Read the code off a photograph of the screen: 1 is dark; the quiet zone of four must be light."""
    picture = await hall.page.locator(".door-code").screenshot(type="png")
    with av.open(io.BytesIO(picture), mode="r") as container:
        grey = next(container.decode(video=0)).to_ndarray(format="gray")
    link = await hall.evaluate("decodeURIComponent(document.querySelector('.door-code').src)")
    size = int(re.search(r'viewBox=["\'](?:0 0 )(\d+)', link)[1])  # type: ignore[index]
    step = grey.shape[0] / size
    at = [int((i + 0.5) * step) for i in range(size)]
    dark = (grey[numpy.ix_(at, at)] < 128).astype(int)
    assert dark[:4].sum() == dark[-4:].sum() == dark[:, :4].sum() == dark[:, -4:].sum() == 0
    return [[int(module) for module in row] for row in dark[4:-4, 4:-4]]


async def the_desk_sends_the_room(
    stage: Stage, chromium: Chromium, session: str
) -> tuple[ChromiumVisitor, ChromiumVisitor]:
    """The desk publishes the hall; the speaker's page gets it, and the desk is told of whom."""
    desk = await chromium.visit(
        stage.link("av", session, "hall", "AV desk", "av-1"),
        scripts=[PAINTED_CAMERA, SOUNDING],
        locale="en-GB",
    )
    await desk.click("[data-action=send]:enabled")
    await desk.expect("document.querySelector('.av-tally').dataset.reach === 'nobody'", 10)
    speaker = await chromium.visit(
        stage.link("speak", session, "speaker", "Prof. Ada Lindqvist", "ada"), scripts=[PAINTED_CAMERA]
    )
    await speaker.click(".setup-go button:enabled")
    await stage.bring_on(session, "ada")
    await speaker.playing()  # what moves on this page is the hall
    await desk.expect_text("Seen and heard by Prof. Ada Lindqvist", ".av-tally")
    # Where it comes out: an output of this machine, and a tone on one side of it.
    await does(desk, "[aria-labelledby=av-sound] .switch input", "Space")
    outputs = await desk.evaluate(
        "[...document.querySelectorAll('[aria-labelledby=av-sound] option')].map((o) => o.value)"
    )
    assert len(outputs) > 1, "Chromium's fake devices have outputs"
    await does(desk, "[aria-labelledby=av-sound] select", "ArrowDown")
    await desk.expect(f"outputs.has({outputs[1]!r})")
    for side, louder in (("left", 0), ("right", 1)):
        peaks = [0.0, 0.0]
        async with asyncio.timeout(20):
            while max(peaks) < 0.1:  # a tone is short, and a busy browser late
                await to(desk, f"[data-tone={side}]:enabled")
                await desk.evaluate("played = null")  # what is heard is this tone, not what was played before
                await press(desk, "Enter")
                peaks = await desk.evaluate(SIDES)
        assert peaks[louder] > 0.1 > 10 * peaks[1 - louder], (side, peaks)
    # A desk that is loaded anew goes on sending without a hand.
    await desk.reload()
    await desk.expect("document.querySelector('.av-tally')?.dataset.reach === 'some'", 10)
    await speaker.playing()
    return desk, speaker


async def the_desk_and_the_producer_write(
    stage: Stage, session: str, hall: ChromiumVisitor, desk: ChromiumVisitor, producer: Seat
) -> None:
    """What the desk writes is staff's to read; a note to it is in sight until seen, and on no screen."""
    await desk.type(".av-line textarea", "The microphone in row 4 is dead")
    await desk.page.keyboard.press("Enter")
    await desk.expect_text("row 4 is dead", ".av-line .chat-text")
    async with seat(stage.url, stage.token(session, "producer")) as told:
        assert told.welcome.snapshot is not None
        assert [(line.channel, line.text) for line in told.welcome.snapshot.chat] == [
            ("hall", "The microphone in row 4 is dead")
        ]
    await done(producer, PostChat(command_id(), "Please take the one in row 2", "hall"))
    await desk.expect_text("row 2", ".noted-text")
    await hall.expect("rostrum.state().chat.length === 2")
    assert "row 2" not in await hall.evaluate("document.body.innerText")
    await desk.click("[data-action=seen]")
    await desk.expect("document.querySelector('.noted') === null")


async def the_room_is_asked(stage: Stage, session: str, hall: ChromiumVisitor, moderator: Seat) -> None:
    """An announcement, a question and a poll, each legible on each shape, and nothing beside them."""
    await done(moderator, PinAnnouncement(command_id(), "Lunch is on the second floor", "online"))
    await done(moderator, PinAnnouncement(command_id(), "Lunch is on the first floor", "hall"))
    await hall.expect_text("first floor", ".news-text")
    await legible(hall)
    await done(moderator, UnpinAnnouncement(command_id()))
    async with seat(stage.url, stage.token(session, "viewer", "Kim Viewer")) as kim:
        asked = await done(
            kim, AskQuestion(command_id(), "How do you keep two rooms in one conversation? " * 3)
        )
    question = await newest(stage, session, "questions")
    await done(moderator, ApproveQuestion(command_id(), question))
    await hall.expect(f"rostrum.state().seq > {asked}")
    assert "conversation?" not in await hall.evaluate("document.querySelector('.hall').innerText")
    await done(moderator, ShowQuestion(command_id(), question))
    await hall.expect_text("How do you keep two rooms", ".question-text")
    await hall.expect("document.querySelector('.door').dataset.size === 'small'")
    await legible(hall)
    options = tuple(f"What remote speakers see of a hall, part {part}" for part in range(1, 10))
    await done(
        moderator,
        CreatePoll(command_id(), "Which of these should be next?", "multiple", options, hidden=True),
    )
    poll = await newest(stage, session, "polls")
    await done(moderator, OpenPoll(command_id(), poll))
    await done(moderator, ShowPoll(command_id(), poll))
    await hall.expect("document.querySelectorAll('.poll-option').length === 9")
    await hall.expect("document.querySelector('.question-text') === null")
    await hall.expect_text("shown when the poll is closed", ".poll-how")
    assert await hall.evaluate("document.querySelector('.poll-share') === null")
    await legible(hall)
    await eight_long_options_are_read_upright(stage, session, hall, moderator)
    places = ("In one hall", "Online", "两个会场，加上线上", "I would rather read it")
    await done(
        moderator,
        CreatePoll(command_id(), "Where should the next conversation take place?", "single", places),
    )
    poll = await newest(stage, session, "polls")
    await done(moderator, OpenPoll(command_id(), poll))
    await done(moderator, ShowPoll(command_id(), poll))
    await done(
        moderator, PinAnnouncement(command_id(), "Lunch is served on the second floor at 12:30", "hall")
    )
    await hall.expect("document.querySelectorAll('.poll-option').length === 4")
    await hall.expect_text("second floor", ".news-text")
    await legible(hall)
    await done(moderator, UnpinAnnouncement(command_id()))
    await done(moderator, HidePoll(command_id(), poll))
    await a_long_name_stands_whole(hall, moderator)
    await organisations_sign(stage, session, hall, moderator)


async def uncut(hall: ChromiumVisitor) -> None:
    """See that nothing is covered or cut, and all of it legible, on each shape of screen."""
    await legible(hall)
    for width, height in SHAPES:
        await hall.page.set_viewport_size({"width": width, "height": height})
        await hall.evaluate(DRAWN)
        assert await hall.evaluate(COLLIDE) == [], (width, height)
        assert await hall.evaluate(HIDDEN) == [], (width, height)


async def eight_long_options_are_read_upright(
    stage: Stage, session: str, hall: ChromiumVisitor, moderator: Seat
) -> None:
    """On a display that stands upright, an option that takes two lines has them, of up to eight."""
    options = tuple(f"What speakers who are far away see of a hall, {part}" for part in range(1, 9))
    await done(moderator, CreatePoll(command_id(), "Which of these should be next?", "single", options))
    poll = await newest(stage, session, "polls")
    await done(moderator, OpenPoll(command_id(), poll))
    await done(moderator, ShowPoll(command_id(), poll))
    await hall.expect("document.querySelectorAll('.poll-option').length === 8")
    await legible(hall)
    await hall.page.set_viewport_size({"width": 720, "height": 1280})
    names = "[...document.querySelectorAll('.poll-name')]"
    cut = f"{names}.some(({{ scrollHeight, clientHeight }}) => scrollHeight > clientHeight + 2)"
    assert not await hall.evaluate(cut)


async def organisations_sign(stage: Stage, session: str, hall: ChromiumVisitor, moderator: Seat) -> None:
    """A declaration of 22 is read out, then signed one by one, all of them in sight, on each shape."""
    organisations = tuple(f"University of {n}, 大学" for n in range(1, 23))
    text = "We open both rooms to all who want to learn, and keep what is said in them. " * 20
    await done(
        moderator,
        PresentDeclaration(command_id(), "Joint declaration on open rooms", text, organisations, open=False),
    )
    await done(moderator, ShowDeclaration(command_id()))
    await hall.expect_text("We open both rooms", ".declaration-read")
    await legible(hall)
    await done(moderator, OpenDeclaration(command_id()))
    await hall.expect("document.querySelectorAll('.roll-row').length === 22")
    for n, organisation in enumerate((organisations[8], organisations[0])):
        token = stage.token(session, "viewer", f"Rector {n}", f"rector-{n}", affiliation=organisation)
        async with seat(stage.url, token) as rector:
            await done(rector, SignDeclaration(command_id()))
        await hall.expect_text(f"Rector {n}", ".board-foot")
    rows = "[...document.querySelectorAll('.roll-row')].map((row) => row.dataset.signed !== undefined)"
    assert await hall.evaluate(rows) == [n in (0, 8) for n in range(22)]
    await legible(hall)
    await done(moderator, HideDeclaration(command_id()))


async def a_long_name_stands_whole(hall: ChromiumVisitor, moderator: Seat) -> None:
    """One that takes two lines among twenty-two is cut on no shape, and the others are still in sight."""
    districts = (f"University of the {n}th district" for n in range(3, 23))
    organisations = ("Universidad Nacional Autónoma de México", "清华大学", *districts)
    await done(
        moderator, PresentDeclaration(command_id(), "Joint declaration", "We open.", organisations, open=True)
    )
    await done(moderator, ShowDeclaration(command_id()))
    await hall.expect_text(organisations[0], ".roll-name")
    await legible(hall)
    for width, height in SHAPES:
        await hall.page.set_viewport_size({"width": width, "height": height})
        await hall.expect(f"!{CUT}.length", 2)
    await done(moderator, HideDeclaration(command_id()))


async def the_floor_is_heard_without_an_echo(
    stage: Stage, chromium: Chromium, session: str, moderator: Seat, room: tuple[ChromiumVisitor, ...]
) -> None:
    """With nobody on stage the floor is all there is to hear: by everybody but where it comes from."""
    await stage.take_off(session, "ada")
    asker = await chromium.visit(stage.link("watch", session, "viewer", "Kim Viewer"))
    await asker.expect(OPEN, 10)
    await done(moderator, OpenFloor(command_id()))
    await asker.click(".floor button")
    await asker.expect("document.querySelector('.floor').dataset.hand === 'waiting'")
    hand = str(await asker.evaluate("rostrum.state().floor.line[0].id"))
    await done(moderator, CallHand(command_id(), hand))
    await done(moderator, LetSpeak(command_id(), hand))
    hall, desk = room
    await hall.expect_text("Kim Viewer", ".floor-card")
    await desk.expect_text("Kim Viewer speaks from the audience online", ".av-floor")
    await heard(hearing=room, deaf=(asker,))
    await done(moderator, EndTurn(command_id(), hand))
    await hall.expect("document.querySelector('.floor-card') === null")
    await done(moderator, AddHand(command_id(), "欧阳明慧", "清华大学"))
    await desk.expect_text("欧阳明慧", ".av-hand")
    await asker.expect("rostrum.state().floor.line[0]?.person.name === '欧阳明慧'")
    there = str(await asker.evaluate("rostrum.state().floor.line[0].id"))
    await done(moderator, CallHand(command_id(), there))
    await done(moderator, LetSpeak(command_id(), there))
    await hall.expect_text("欧阳明慧", ".floor-card")
    await desk.expect("document.querySelector('.av-tally').dataset.reach === 'everybody'")
    await heard(hearing=(asker,), deaf=room)
    await done(moderator, EndTurn(command_id(), there))


async def heard(hearing: tuple[ChromiumVisitor, ...], deaf: tuple[ChromiumVisitor, ...]) -> None:
    """Wait until some hear, and see that in a second of that the others hear nothing."""
    async with asyncio.timeout(15):
        while True:
            before = [await page.sound() for page in (*hearing, *deaf)]
            await asyncio.sleep(1)
            more = [await page.sound() - was for page, was in zip((*hearing, *deaf), before, strict=True)]
            sounding, silent = more[: len(hearing)], more[len(hearing) :]
            # A second of Opus is thousands of bytes.
            if min(sounding) > 1000 and max(silent) == 0:
                return


async def legible(hall: ChromiumVisitor) -> None:
    """See that the last row can read all of it, on each shape of screen."""
    for width, height in SHAPES:
        await hall.page.set_viewport_size({"width": width, "height": height})
        await hall.evaluate(DRAWN)  # what is seen is what was drawn at this size
        shares = await hall.evaluate(SHARES)
        assert shares
        for name, share in shares:
            parts = name.split()
            least = 0.0399 if "long" in parts else max(LEAST.get(part, 0.0399) for part in parts)
            assert share >= least, (name, share, (width, height))
        assert await hall.evaluate(OUTSIDE) == [], (width, height)
        assert await hall.evaluate(TOO_HIGH) == [], (width, height)
        assert await hall.evaluate(TORN) == [], (width, height)


async def newest(stage: Stage, session: str, what: str) -> str:
    """Return the id of the newest question or poll."""
    async with seat(stage.url, stage.token(session, "moderator")) as desk:
        assert desk.welcome.snapshot is not None
        return str(getattr(desk.welcome.snapshot, what)[-1].id)


async def done(desk: Seat, command: AnyCommand) -> int:
    """Give a command that must be taken, and return its place in the log."""
    outcome = await desk.command(command)
    assert isinstance(outcome, Ack), outcome
    return outcome.seq
