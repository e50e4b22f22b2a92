"""Every page in every state, one after the other: what the accessibility test and the contact sheet look at.

Owns how a state is brought about, always by what brings it about in a talk: commands, a speaker that
publishes, a line that is cut, a camera that is refused. It judges nothing.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from signaling.attend import command_id, seat
from signaling.protocol import (
    Ack,
    AddHand,
    AnyCommand,
    ApproveQuestion,
    AskQuestion,
    CallHand,
    CastBallot,
    CloseFloor,
    ClosePoll,
    CreatePoll,
    DeletePoll,
    EndTurn,
    HideDeclaration,
    HidePoll,
    LetSpeak,
    LiftSlate,
    Mute,
    OpenDeclaration,
    OpenFloor,
    OpenPoll,
    PauseClock,
    PinAnnouncement,
    PostChat,
    PresentDeclaration,
    RemoveHand,
    Role,
    SendCaption,
    SetChatRules,
    SetClock,
    ShowDeclaration,
    ShowPoll,
    ShowQuestion,
    ShowSlate,
    SignDeclaration,
    StandBy,
    StartClock,
    Unmute,
    UnpinAnnouncement,
)
from tests.e2e.stage import Stage
from tests.e2e.visitor import PAINTED_CAMERA, Chromium, ChromiumVisitor

PAGES: dict[str, Role] = {
    "watch": "viewer",
    "speak": "speaker",
    "moderate": "moderator",
    "direct": "producer",
    "hall": "hall",
    "av": "hall",
}
"""The pages of a session, and who opens each."""

PARTS = ("doors", *PAGES)
"""What the scenes are told in: what needs no session, then page by page."""

OPEN = "window.rostrum?.connection.phase === 'open'"

TITLE = "Two rooms, one conversation: what a hybrid talk needs"

CHAT = (
    ("Kim Viewer", "Good evening from Lisbon"),
    ("欧阳明慧", "请问两个会场之间的延迟大概是多少？"),
    ("Dr. Maximiliana Wolfeschlegelsteinhausenbergerdorff-Rosenzweig", "https://example.org/" + "long/" * 20),
    ("Sam 👩‍👩‍👧‍👦", "👏👏👏 wonderful"),
)
QUESTIONS = (
    ("Kim Viewer", "How do you keep two rooms in one conversation?"),
    ("欧阳明慧", "远程讲者如何感受到会场的气氛？"),
    ("Lou Viewer", "What would you do first in a hall of 200 people with one microphone?"),
)

DENIED = """navigator.mediaDevices.getUserMedia = () =>
  Promise.reject(new DOMException('Permission denied', 'NotAllowedError'));"""
MISSING = """navigator.mediaDevices.getUserMedia = () =>
  Promise.reject(new DOMException('Requested device not found', 'NotFoundError'));"""


ORGANISATIONS = (
    "Institute for Remote Presence",
    "清华大学",
    "Universidad Nacional Autónoma de México",
    "جامعة القاهرة",
    *(f"University of the {n}th district" for n in range(5, 23)),
)
"""The 22 that sign a declaration."""

EVENT = "conf"


@dataclass(frozen=True)
class Scene:
    """One page in one state. `media`: whether pictures move in it."""

    name: str
    visitor: ChromiumVisitor
    media: bool = False


async def scenes(stage: Stage, chromium: Chromium, part: str) -> AsyncIterator[Scene]:
    """Bring about one scene of a part after the other; each holds until the next one is asked for."""
    if part == "doors":
        async for scene in _alone(stage, chromium):
            yield scene
        return
    for story in (_opened, _refused, _session):
        async for scene in story(stage, chromium, part):
            if part_of(scene) == part:
                yield scene


async def first_scenes(stage: Stage, chromium: Chromium) -> AsyncIterator[Scene]:
    """Bring about what costs little: the pages without a session, and each as its people open it."""
    async for scene in _alone(stage, chromium):
        yield scene
    for part in PAGES:
        for story in (_opened, _refused):
            async for scene in story(stage, chromium, part):
                yield scene


def part_of(scene: Scene) -> str:
    """Return the page that a scene shows."""
    page = scene.name.partition("-")[0]
    return "watch" if page == "companion" else page


async def _opened(stage: Stage, chromium: Chromium, part: str) -> AsyncIterator[Scene]:
    """Yield a page as it is before anything happens in its session."""
    visitor = await visit(chromium, stage.link(part, await stage.new_session(TITLE), PAGES[part]))
    await visitor.expect(OPEN)
    yield Scene(f"{part}-opened", visitor)
    await visitor.page.context.close()


async def _refused(stage: Stage, chromium: Chromium, part: str) -> AsyncIterator[Scene]:
    """Yield a desk for one whom it is not for, and a session that there is not."""
    if part in ("moderate", "speak"):
        visitor = await visit(chromium, stage.link(part, await stage.new_session(TITLE), "viewer"))
        await visitor.expect(OPEN, 10)
    elif part == "watch":
        visitor = await visit(chromium, stage.link("watch", "no-such-session", "viewer"))
        await visitor.expect("window.rostrum?.connection.phase === 'closed'", 10)
    else:
        return
    yield Scene(f"{part}-refused", visitor)
    await visitor.page.context.close()


async def _alone(stage: Stage, chromium: Chromium) -> AsyncIterator[Scene]:
    """Yield what needs no session: the entrance, the style page, links that lead nowhere."""
    for name, path in (("entrance", "/"), ("style", "/style/"), ("no-invitation", "/watch/")):
        visitor = await visit(chromium, f"{stage.url}{path}")
        await visitor.expect("document.querySelector('#page').childElementCount > 0")
        yield Scene(name, visitor)
        await visitor.page.context.close()
    await publish_programme(stage)
    visitor = await visit(chromium, f"{stage.url}/?event={EVENT}")
    # What is live, what is next, and at least one of the day, which may end soon.
    await visitor.expect("document.querySelectorAll('.entry').length > 2")
    yield Scene("entrance-programme", visitor)
    await visitor.page.context.close()
    async for scene in _doors(stage, chromium):
        yield scene


async def _doors(stage: Stage, chromium: Chromium) -> AsyncIterator[Scene]:
    """Yield what an invitation leads through: a name, a choice of sessions, a link that is not whole."""
    session = await stage.new_session(TITLE)
    for name, fields in (("door-name", {"session": session}), ("door-sessions", {"event": EVENT})):
        code = await invite(stage, role="viewer", seats=9, **fields)
        visitor = await visit(chromium, f"{stage.url}/enter/#invitation={code}")
        await visitor.expect("document.querySelector('.door-form') !== null")
        await visitor.page.locator(".segment input").last.check(force=True)
        yield Scene(name, visitor)
        await visitor.page.context.close()
    visitor = await visit(chromium, f"{stage.url}/enter/#invitation=abcdefghijklmnopqrstuvwxyz")
    await visitor.expect("document.querySelector('main a') !== null")
    yield Scene("door-refused", visitor)
    await visitor.page.context.close()


async def _session(stage: Stage, chromium: Chromium, part: str) -> AsyncIterator[Scene]:
    """Yield the pages of one session through its whole life; what only another part shows is left out."""
    session = f"scenes-{secrets.token_hex(4)}"
    async with stage.http() as http:
        await http.post("/api/sessions", json={"id": session, "title": TITLE})
    watch = await visit(
        chromium, stage.link("watch", session, "viewer", "Kim Viewer", affiliation=ORGANISATIONS[0])
    )
    hall = await visit(chromium, stage.link("hall", session, "hall", "Hall screen"))
    moderate = await visit(chromium, stage.link("moderate", session, "moderator", "Mika Moderator"))
    direct = await visit(chromium, stage.link("direct", session, "producer", "Dana Director"))
    speak = await visit(chromium, stage.link("speak", session, "speaker", "Noor Speaker"))
    for page in (watch, hall, moderate, direct, speak):
        await page.expect(OPEN, 10)
    yield Scene("watch-planned", watch)
    yield Scene("hall-planned", hall)
    yield Scene("moderate-empty", moderate)
    yield Scene("direct-empty", direct)
    visitor = await visit(chromium, stage.link("direct", session, "viewer"))
    await visitor.expect(OPEN, 10)
    yield Scene("direct-refused", visitor)
    await visitor.page.context.close()
    await speak.expect("!document.querySelector('.setup-go button').disabled", 10)
    yield Scene("speak-green-room", speak)
    for name, script in (("denied", DENIED), ("missing", MISSING)):
        refused = await visit(chromium, stage.link("speak", session, "speaker", "Ida"), scripts=[script])
        await refused.expect("document.querySelector('.trouble') !== null", 10)
        yield Scene(f"speak-{name}", refused)
        await refused.page.context.close()

    async with stage.http() as http:
        await http.post(f"/api/sessions/{session}/doors")
    await watch.expect("rostrum.state().session.status === 'doors'")
    yield Scene("watch-doors", watch)
    await hall.expect("document.querySelector('.door-code')?.naturalWidth > 0")
    yield Scene("hall-doors", hall)
    async with stage.http() as http:
        await http.post(f"/api/sessions/{session}/start")
    await watch.expect("rostrum.state().session.status === 'live'")
    yield Scene("watch-waiting", watch)
    await speak.click(".setup-go button:enabled")
    await speak.expect("document.querySelector('.air') !== null")
    yield Scene("speak-backstage", speak, media=True)

    await talk(stage, session)
    async with stage.speaker(session, frame_rate=10):
        for page in (watch, hall, moderate, direct):
            await page.playing(within=90)
        await watch.expect("document.querySelector('.picture').dataset.layout === 'slides'", 10)
        yield Scene("watch-live-chat", watch, media=True)
        await watch.click("#tab-ask")
        yield Scene("watch-live-questions", watch, media=True)
        yield Scene("hall-live", hall, media=True)
        yield Scene("moderate-live", moderate, media=True)
        if part == "moderate":
            async for scene in _moderating(stage, session, moderate):
                yield scene
        yield Scene("direct-live", direct, media=True)
        if part == "direct":
            async for scene in _directing(stage, session, direct):
                yield scene
        await watch.click("#tab-chat")
        for layout in ("side", "stacked"):
            await watch.click(".drop > button")
            await watch.click(f".segment:has(input[value={layout}])")
            await watch.page.keyboard.press("Escape")
            yield Scene(f"watch-{layout}", watch, media=True)
        await caption(stage, session)
        await watch.click(".player button[aria-pressed=false]")
        await watch.expect("document.querySelector('.captions p') !== null")
        yield Scene("watch-captions", watch, media=True)
        await watch.click(".player button[aria-pressed=true]")
        await watch.click(".drop > button")
        await watch.click(".segment:has(input[value=large])")
        yield Scene("watch-view", watch, media=True)
        await watch.page.check(".switch input")
        await watch.expect("document.querySelector('.slate:not(.late)') !== null")
        yield Scene("watch-sound-only", watch)
        await watch.page.uncheck(".switch input")
        await watch.page.keyboard.press("Escape")
        link = stage.link("watch", session, "viewer", "Pat").replace("#", "?companion#")
        phone = await visit(chromium, link)
        await phone.expect(OPEN, 10)
        yield Scene("companion", phone)
        await phone.page.context.close()
        await watch.playing()
        await moderate.click("[data-state=approved] [data-action=show]")
        await hall.expect("document.querySelector('.question-text') !== null")
        yield Scene("watch-question", watch, media=True)
        yield Scene("hall-question", hall, media=True)
        if part == "watch":
            async for scene in _with_the_floor(stage, session, watch):
                yield scene
        if part in ("hall", "av"):
            async for scene in _hall(stage, chromium, session, hall):
                yield scene
        if part == "av":
            return
        if part in ("direct", "hall", "watch"):
            async for scene in _declaring(stage, session, direct, hall, watch):
                yield scene
        await show(stage, session, str(await watch.evaluate("rostrum.state().questions[0].id")))
        await moderate.page.keyboard.press("?")
        yield Scene("moderate-keys", moderate, media=True)
        await moderate.page.keyboard.press("Escape")
        if part != "moderate":
            async for scene in _speaking(stage, session, speak):
                yield scene
        if part in ("watch", "hall"):
            async with cut_off(watch, hall):
                yield Scene("watch-reconnecting", watch, media=True)
                yield Scene("hall-reconnecting", hall, media=True)
            await watch.expect(OPEN, 15)
        await direct.type(".break-length input", "10")
        await direct.click("[data-life=pause]")
        await watch.expect("rostrum.state().session.status === 'paused'")
        await watch.expect("document.querySelector('.slate:not(.late)') !== null", 15)
        yield Scene("watch-paused", watch)
        yield Scene("speak-paused", speak, media=True)
        yield Scene("hall-paused", hall)
        yield Scene("direct-paused", direct)
    async with stage.http() as http:
        await http.post(f"/api/sessions/{session}/end")
    await watch.expect("rostrum.state().session.status === 'ended'")
    yield Scene("watch-ended", watch)
    yield Scene("hall-ended", hall)
    yield Scene("moderate-ended", moderate)
    yield Scene("direct-ended", direct)
    yield Scene("speak-ended", speak)


async def _speaking(stage: Stage, session: str, speak: ChromiumVisitor) -> AsyncIterator[Scene]:
    """Yield the speaker's way to the stage, and what may happen there."""
    speaker = str((await speak.state())["you"]["id"])
    note = "Slower, please: the interpreters cannot follow"
    async with seat(stage.url, stage.token(session, "producer", "Dana Director")) as desk:
        noted = PostChat(command_id(), note, "backstage", to=speaker)
        assert isinstance(await desk.command(noted), Ack)
        await speak.expect("document.querySelector('.noted') !== null")
        yield Scene("speak-note", speak, media=True)
        await speak.click("[data-action=seen]")
        assert isinstance(await desk.command(StandBy(command_id(), speaker)), Ack)
    await speak.expect("document.querySelector('.tally').dataset.air === 'standby'")
    yield Scene("speak-standby", speak, media=True)
    await stage.bring_on(session, speaker)
    await speak.expect("document.querySelector('.air').dataset.air === 'on'")
    yield Scene("speak-on-air", speak, media=True)
    await speak.click(".controls .button")
    yield Scene("speak-muted", speak, media=True)
    await speak.page.locator(".controls .button").last.click()
    yield Scene("speak-leave-asked", speak, media=True)
    await speak.page.keyboard.press("Escape")
    await speak.click(".controls .button")
    says = "document.querySelector('.tally').dataset.says === '{}'"
    async with seat(stage.url, stage.token(session, "producer", "Dana Director")) as desk:
        for command, undo, said in (
            (Mute(command_id(), speaker), Unmute(command_id(), speaker), "muted"),
            (ShowSlate(command_id(), "Lunch"), LiftSlate(command_id()), "slate"),
        ):
            assert isinstance(await desk.command(command), Ack), command
            await speak.expect(says.format(said))
            yield Scene(f"speak-{said}-by-desk", speak, media=True)
            assert isinstance(await desk.command(undo), Ack), undo
            await speak.expect(says.format("onAir"))
    async with cut_off(speak):
        yield Scene("speak-reconnecting", speak, media=True)
    await speak.expect(OPEN, 15)


async def _with_the_floor(stage: Stage, session: str, watch: ChromiumVisitor) -> AsyncIterator[Scene]:
    """Yield a viewer's way to the floor: a hand that is up, called, and on air."""
    async with seat(stage.url, stage.token(session, "moderator", "Mo")) as desk:

        async def give(command: AnyCommand) -> None:
            assert isinstance(await desk.command(command), Ack), command

        await give(OpenFloor(command_id()))
        await watch.click(".floor button")
        await watch.expect("rostrum.state().floor.line.length === 1")
        yield Scene("watch-hand-up", watch, media=True)
        hand = str(await watch.evaluate("rostrum.state().floor.line[0].id"))
        await give(CallHand(command_id(), hand))
        await watch.expect("document.querySelector('.floor').dataset.hand === 'called'")
        yield Scene("watch-called", watch, media=True)
        await give(LetSpeak(command_id(), hand))
        await watch.expect("document.querySelector('.floor').dataset.hand === 'speaking'")
        yield Scene("watch-on-air", watch, media=True)
        await give(EndTurn(command_id(), hand))
        await give(CloseFloor(command_id()))
    await watch.playing()


async def _directing(stage: Stage, session: str, direct: ChromiumVisitor) -> AsyncIterator[Scene]:
    """Yield the producer's desk at work: what opens on it, a key that has armed a cut, alarms, a slate."""
    for opener, name, part in (
        (".desk-head .slight", "keys", "dialog .keys"),
        (".service-foot > button", "returns", "dialog .matrix"),
        (".slates .drop > button", "slates", ".slates .drop-body"),
    ):
        await direct.click(opener)
        await direct.expect(f"document.querySelector('{part}') !== null")
        yield Scene(f"direct-{name}", direct, media=True)
        await direct.page.keyboard.press("Escape")
    await direct.page.keyboard.press("t")
    yield Scene("direct-armed", direct, media=True)
    await direct.page.keyboard.press("i")
    await direct.expect("document.querySelector('.intercom[data-talking]') !== null")
    yield Scene("direct-talking", direct, media=True)
    await direct.page.keyboard.press("i")
    await direct.page.uncheck(".intercom .switch input")
    async with seat(stage.url, stage.token(session, "producer")) as desk:
        speaker = str((await direct.state())["stage"][0]["id"])
        for command in (
            SetClock(command_id(), speaker, 0),
            StartClock(command_id(), speaker),
            ShowSlate(command_id(), "Lunch break"),
        ):
            assert isinstance(await desk.command(command), Ack), command
        await direct.expect("document.querySelector('.alarm[data-alarm=over]') !== null")
        yield Scene("direct-alarm", direct)
        for end in (PauseClock(command_id(), speaker), LiftSlate(command_id())):
            assert isinstance(await desk.command(end), Ack), end
    async with seat(stage.url, stage.token(session, "hall", "AV desk")) as room:
        said = PostChat(command_id(), "The microphone in row 4 is dead. May we use the one in row 2?", "hall")
        assert isinstance(await room.command(said), Ack)
    await direct.expect("document.querySelector('.alarm[data-alarm=room]') !== null")
    await direct.page.check(".backstage input[value=hall]", force=True)
    yield Scene("direct-av-desk", direct, media=True)
    await direct.click("[data-act=seen]")
    await direct.page.check(".backstage input[value=backstage]", force=True)
    await direct.playing()
    async with seat(stage.url, stage.token(session, "speaker", "欧阳明慧", "second")):
        await stage.bring_on(session, "second")
        await direct.expect("document.querySelectorAll('.member').length === 2")
        yield Scene("direct-two-on-stage", direct, media=True)
        await stage.take_off(session, "second")
    async with cut_off(direct):
        yield Scene("direct-reconnecting", direct, media=True)
    await direct.expect(OPEN, 15)
    await direct.playing()


async def _declaring(
    stage: Stage, session: str, direct: ChromiumVisitor, hall: ChromiumVisitor, watch: ChromiumVisitor
) -> AsyncIterator[Scene]:
    """Yield a declaration that is written, read out and signed."""
    await direct.click("[data-action=declaration]")
    await direct.expect("document.querySelector('.declaration-form') !== null")
    yield Scene("direct-declaration", direct, media=True)
    text = "We open both rooms to all who want to learn, and keep what is said in them. " * 8
    title = "Joint declaration on open conference rooms"
    async with seat(stage.url, stage.token(session, "moderator", "Mo")) as mo:
        for command in (
            PresentDeclaration(command_id(), title, text, ORGANISATIONS, open=False),
            ShowDeclaration(command_id()),
        ):
            assert isinstance(await mo.command(command), Ack), command
        await hall.expect("document.querySelector('.declaration-read') !== null")
        yield Scene("hall-declaration-read", hall)
        assert isinstance(await mo.command(OpenDeclaration(command_id())), Ack)
    for n, organisation in enumerate(ORGANISATIONS[1:7]):
        token = stage.token(session, "viewer", f"Rector {n}", f"rector-{n}", affiliation=organisation)
        async with seat(stage.url, token) as rector:
            assert isinstance(await rector.command(SignDeclaration(command_id())), Ack)
    await direct.expect("document.querySelectorAll('dialog .signatory[data-signed]').length === 6")
    yield Scene("direct-signing", direct, media=True)
    await direct.page.keyboard.press("Escape")
    await watch.expect("document.querySelector('[data-sign=asked]') !== null")
    await watch.click("#tab-declaration")
    yield Scene("watch-declaration", watch, media=True)
    await watch.click("#tab-chat")
    await hall.expect("document.querySelectorAll('.roll-row[data-signed]').length === 6")
    yield Scene("hall-declaration", hall)
    async with seat(stage.url, stage.token(session, "moderator", "Mo")) as mo:
        assert isinstance(await mo.command(HideDeclaration(command_id())), Ack)


async def _moderating(stage: Stage, session: str, moderate: ChromiumVisitor) -> AsyncIterator[Scene]:
    """Yield the moderator's desk at work; what was begun on it is ended again."""
    keys = moderate.page.keyboard
    for key, name, part in (
        ("m", "merge", ".merging"),
        ("e", "edit", ".inline"),
        ("c", "pass-on", ".inline"),
    ):
        await keys.press(key)
        await moderate.expect(f"document.querySelector('{part}') !== null")
        yield Scene(f"moderate-{name}", moderate, media=True)
        await keys.press("Escape")
    async with seat(stage.url, stage.token(session, "moderator", "Mo")) as desk:

        async def do(*commands: AnyCommand) -> None:
            for command in commands:
                assert isinstance(await desk.command(command), Ack), command

        await do(
            OpenFloor(command_id()),
            AddHand(command_id(), "Maria Hall", "University of Porto", topic="On latency"),
            AddHand(command_id(), "欧阳明慧", "清华大学"),
            AddHand(command_id(), "Dr. Maximiliana Wolfeschlegelsteinhausenbergerdorff-Rosenzweig"),
        )
        await moderate.expect("rostrum.state().floor.line.length === 3")
        await moderate.click("#tab-floor")
        for key, stands in (("g", "called"), ("t", "speaking"), ("g", "called")):
            await keys.press(key)
            await moderate.expect(f"document.querySelector('[data-turn={stands}]') !== null")
        yield Scene("moderate-floor", moderate, media=True)
        await do(CloseFloor(command_id()))
        hands = "(({ speaking, called, line }) => [speaking, called, ...line].map(({ id }) => id))"
        for hand in await moderate.evaluate(f"{hands}(rostrum.state().floor)"):
            await do(RemoveHand(command_id(), hand))

        await do(SetChatRules(command_id(), hold=True, slow=15))
        async with seat(stage.url, stage.token(session, "viewer", "Kim Viewer")) as person:
            assert isinstance(await person.command(PostChat(command_id(), "Is this for everybody?")), Ack)
        await moderate.click("#tab-chat")
        await moderate.expect("document.querySelector('.held-line') !== null")
        yield Scene("moderate-held", moderate, media=True)
        await moderate.click("[data-action=rules]")
        yield Scene("moderate-rules", moderate, media=True)
        await moderate.click("[data-action=rules]")
        await keys.press("r")
        await moderate.expect("document.querySelector('.held-line') === null")
        await do(SetChatRules(command_id()))
        await moderate.page.check(".chat-bar input[value=backstage]", force=True)
        await moderate.page.check(".intercom .switch input")
        yield Scene("moderate-backstage", moderate, media=True)
        await moderate.page.uncheck(".intercom .switch input")

        await do(
            CreatePoll(command_id(), "Where are you now?", "single", ("In the hall", "At home, 在家")),
            PinAnnouncement(command_id(), "Coffee is served in the foyer until 15:30", "hall"),
        )
        await moderate.expect("rostrum.state().polls.length === 1")
        poll = str(await moderate.evaluate("rostrum.state().polls[0].id"))
        await do(OpenPoll(command_id(), poll), ShowPoll(command_id(), poll))
        await do(CastBallot(command_id(), poll, (1,)))
        await moderate.click("#tab-polls")
        await moderate.expect("rostrum.state().polls[0].on_screen")
        yield Scene("moderate-polls", moderate, media=True)
        await moderate.click("[data-action=new-poll]")
        yield Scene("moderate-new-poll", moderate, media=True)
        await moderate.page.keyboard.press("Escape")
        await moderate.click("#tab-notices")
        yield Scene("moderate-notices", moderate, media=True)
        await do(ClosePoll(command_id(), poll), DeletePoll(command_id(), poll))
        await do(UnpinAnnouncement(command_id()))
    await moderate.click("#tab-people")
    await moderate.page.locator("[data-action=put-out]").last.click()
    yield Scene("moderate-put-out", moderate, media=True)
    await keys.press("Escape")
    await moderate.click("#tab-chat")
    async with cut_off(moderate):
        yield Scene("moderate-reconnecting", moderate, media=True)
    await moderate.expect(OPEN, 15)


async def _hall(
    stage: Stage, chromium: Chromium, session: str, hall: ChromiumVisitor
) -> AsyncIterator[Scene]:
    """Yield what the hall reads beside a question, and its AV desk."""
    desk = await visit(
        chromium, stage.link("av", session, "hall", "AV desk", "av-1"), scripts=[PAINTED_CAMERA]
    )
    await desk.expect("!document.querySelector('[data-action=send]').disabled", 10)
    yield Scene("av-off", desk, media=True)
    async with seat(stage.url, stage.token(session, "moderator", "Mo")) as mo:

        async def give(command: AnyCommand) -> None:
            assert isinstance(await mo.command(command), Ack)

        options = (
            "In one hall",
            "Online",
            "两个会场，加上线上",
            "I would rather read it afterwards, in my own time",
        )
        await give(
            CreatePoll(command_id(), "Where should the next conversation take place?", "single", options)
        )
        async with seat(stage.url, stage.token(session, "moderator", "Mo")) as again:
            polls = again.welcome.snapshot.polls if again.welcome.snapshot else ()
        poll = polls[-1].id
        await give(OpenPoll(command_id(), poll))
        await give(ShowPoll(command_id(), poll))
        await give(CastBallot(command_id(), poll, (2,)))
        await give(PinAnnouncement(command_id(), "Lunch is served on the second floor at 12:30.", "hall"))
        await hall.expect("document.querySelector('.poll-option[data-most]') !== null")
        yield Scene("hall-poll", hall, media=True)
        await give(HidePoll(command_id(), poll))
        await give(UnpinAnnouncement(command_id()))
        many = tuple(f"Part {n}: what remote speakers see of a hall" for n in range(1, 13))
        await give(CreatePoll(command_id(), "Which parts should be next?", "multiple", many))
        async with seat(stage.url, stage.token(session, "moderator", "Mo")) as again:
            twelve = again.welcome.snapshot.polls[-1].id if again.welcome.snapshot else ""
        await give(OpenPoll(command_id(), twelve))
        await give(ShowPoll(command_id(), twelve))
        await hall.expect("document.querySelectorAll('.poll-option').length === 12")
        yield Scene("hall-poll-many", hall, media=True)
        await give(ClosePoll(command_id(), twelve))
        await give(DeletePoll(command_id(), twelve))
        await give(PostChat(command_id(), "Lights down in the hall, please: the film is next", "hall"))
        await desk.expect("document.querySelector('.noted') !== null")
        yield Scene("av-noted", desk, media=True)
        await desk.click("[data-action=seen]")
        await desk.click("[data-action=send]")
        await desk.expect("document.querySelector('.av-tally').dataset.reach === 'some'", 10)
        await give(OpenFloor(command_id()))
        await hall.expect("document.querySelector('.door[data-size=small]') !== null")
        yield Scene("hall-hands", hall, media=True)
        await give(AddHand(command_id(), "欧阳明慧", "清华大学"))
        await desk.expect("rostrum.state().floor.line.length === 1")
        hand = str(await desk.evaluate("rostrum.state().floor.line[0].id"))
        await give(CallHand(command_id(), hand))
        await give(LetSpeak(command_id(), hand))
        await hall.expect("document.querySelector('.floor-card') !== null")
        yield Scene("hall-floor", hall, media=True)
        await desk.expect("document.querySelector('.av-tally').dataset.reach === 'everybody'")
        yield Scene("av-on-air", desk, media=True)
        await give(EndTurn(command_id(), hand))
        await give(CloseFloor(command_id()))
        await give(ClosePoll(command_id(), poll))
        await give(DeletePoll(command_id(), poll))
    await desk.page.context.close()
    refused = await visit(chromium, stage.link("av", session, "hall", "AV desk", "av-2"), scripts=[DENIED])
    await refused.expect("document.querySelector('.trouble') !== null", 10)
    yield Scene("av-denied", refused)
    await refused.page.context.close()


async def publish_programme(stage: Stage) -> None:
    """Have an event whose day is under way: one item over, one live and late, two to come, one cancelled."""
    now = time.time() // 60 * 60
    day = [
        ("opening", "Opening ceremony", "ceremony", -120, 60, "", "Rector Amara Okafor"),
        (
            "keynote",
            TITLE,
            "talk",
            -10,
            60,
            "Main hall",
            "Prof. Ada Lindqvist | Institute for Remote Presence",
        ),
        ("panel", "两个会场，一场对话", "forum", 50, 90, "Main hall", "欧阳明慧 | 清华大学"),
        ("poster", "Posters and coffee", "symposium", 50, 90, "Foyer", ""),
        ("workshop", "Captions that keep up", "talk", 200, 30, "Room 2", "Dr. Maximiliana Rosenzweig"),
        ("tomorrow", "What we learnt", "talk", 24 * 60, 60, "Main hall", "Sam Rivers"),
    ]
    lines = ["id;title;kind;start;duration;room;speakers;status;zone"]
    for key, title, kind, offset, minutes, room, speakers in day:
        start = time.strftime("%Y-%m-%d %H:%M+00:00", time.gmtime(now + offset * 60))
        status = "withdrawn" if key == "workshop" else ""
        lines.append(f"{key};{title};{kind};{start};{minutes};{room};{speakers};{status};Asia/Shanghai")
    async with stage.http() as http:
        put = await http.put(f"/api/events/{EVENT}", json={"title": "Hybrid 2026", "published": True})
        assert not put.is_error, put.text
        imported = await http.post(
            f"/api/events/{EVENT}/import", content="\n".join(lines), headers={"Content-Type": "text/csv"}
        )
        assert not imported.is_error, imported.text
        opened = await http.post(f"/api/events/{EVENT}/sessions", json={})
        assert not opened.is_error, opened.text
        listed = (await http.get(f"/api/events/{EVENT}/programme")).json()
        keynote = next(item["id"] for item in listed["items"] if item["title"] == TITLE)
        await http.post(f"/api/sessions/{keynote}/start")


async def visit(chromium: Chromium, url: str, scripts: Sequence[str] = ()) -> ChromiumVisitor:
    """Open a page as its visitors do: its own policy holds, and the language is the browser's."""
    return await chromium.visit(url, scripts=scripts, bypass_csp=False, locale="en-GB")


async def speak_language(visitor: ChromiumVisitor, tag: str) -> None:
    """Have a page speak another language, as its choice of language does, and wait until it does."""
    await visitor.evaluate(
        f"import('/shared/words.js').then(({{ chooseLanguage }}) => chooseLanguage('{tag}'))"
    )
    await visitor.expect(f"document.documentElement.lang === '{tag}'")


async def invite(stage: Stage, **fields: object) -> str:
    """Make an invitation, and return its code."""
    async with stage.http() as http:
        made = await http.post("/api/invitations", json=fields)
        assert made.status_code == 201, made.text
        return str(made.json()["code"])


async def talk(stage: Stage, session: str) -> None:
    """Have people write and ask; the first two questions are chosen."""
    asked = []
    for name, text in CHAT:
        async with seat(stage.url, stage.token(session, "viewer", name)) as person:
            assert isinstance(await person.command(PostChat(command_id(), text)), Ack)
    for name, text in QUESTIONS:
        async with seat(stage.url, stage.token(session, "viewer", name)) as person:
            assert isinstance(await person.command(AskQuestion(command_id(), text)), Ack)
    async with seat(stage.url, stage.token(session, "moderator", "Mo")) as desk:
        asked = [question.id for question in desk.welcome.snapshot.questions] if desk.welcome.snapshot else []
        for question in asked[:2]:
            assert isinstance(await desk.command(ApproveQuestion(command_id(), question)), Ack)


async def caption(stage: Stage, session: str) -> None:
    """Have an interpreter say two lines, in two languages."""
    lines = (("en", "Two rooms, one conversation:"), ("en", "what the last row hears, the sofa hears too."))
    async with seat(stage.url, stage.token(session, "interpreter")) as booth:
        for line, (language, text) in enumerate((*lines, ("zh", "两个会场，一场对话。"))):
            assert isinstance(await booth.command(SendCaption(command_id(), language, f"l{line}", text)), Ack)


async def show(stage: Stage, session: str, question: str) -> None:
    """Put a question on the screen."""
    async with seat(stage.url, stage.token(session, "moderator", "Mo")) as desk:
        assert isinstance(await desk.command(ShowQuestion(command_id(), question)), Ack)


@contextlib.asynccontextmanager
async def cut_off(*visitors: ChromiumVisitor) -> AsyncIterator[None]:
    """Take the network away from pages until the block ends."""
    for visitor in visitors:
        await visitor.page.context.set_offline(True)
    try:
        for visitor in visitors:
            await visitor.expect("window.rostrum.connection.phase === 'reconnecting'", 20)
        yield
    finally:
        for visitor in visitors:
            await visitor.page.context.set_offline(False)
