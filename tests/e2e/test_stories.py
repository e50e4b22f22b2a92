"""The six stories of a talk, on the real pages: in two browsers, at three sizes, in two languages.

What is pressed is pressed on the pages; what is looked at is what the others then have before them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from signaling.protocol import Role
from tests.e2e.stage import Stage
from tests.e2e.visitor import ARTIFACTS, PAINTED_CAMERA, Chromium, Firefox, Visitor

pytestmark = pytest.mark.browser

WITHIN = 20.0
"""Seconds that anything may take on a busy machine."""

SIZES = {"desktop": (1280, 800), "tablet": (1024, 768), "phone": (375, 812)}

SAID = {
    "en": {
        "lunch": "Lunch break",
        "gone": "The speaker’s connection is lost. Yours is fine.",
        "question": "How do you keep two rooms in one conversation?",
        "poll": "Where are you now?",
        "options": "In the hall\nAt home",
    },
    "zh": {
        "lunch": "午间休息",
        "gone": "讲者的网络断开了，您这边正常。",
        "question": "如何让两个会场融为一场对话？",
        "poll": "您现在在哪里？",
        "options": "在会场\n在线上",
    },
}

OPEN = "window.rostrum?.connection.phase === 'open'"
SHOWN = "document.querySelector('[data-slot=main]').dataset.shown"
WIDE = "document.scrollingElement.scrollWidth - document.documentElement.clientWidth"

Visit = Callable[..., Awaitable[Visitor]]


@dataclass
class Talk:
    """One talk and everybody in it, each in front of a page of one size, in one language."""

    stage: Stage
    visit: Visit
    session: str
    size: str
    language: str

    @property
    def said(self) -> dict[str, str]:
        """What is said in this language."""
        return SAID[self.language]

    def link(self, page: str, role: Role, name: str, sub: str, place: Any = "online") -> str:
        """Return somebody's link; in the hall's seats, to the page without a picture."""
        token = self.stage.token(self.session, role, name, sub, place)
        companion = "&companion" if place == "hall" else ""
        return f"{self.stage.url}/{page}/?lang={self.language}{companion}#token={token}"

    async def open(self, page: str, role: Role, name: str, sub: str, place: Any = "online") -> Visitor:
        """Put somebody in front of their page, and wait until it is connected."""
        # A projector has one size, and a phone that joins by QR another.
        size = "tablet" if page == "hall" and self.size == "phone" else self.size
        width, height = SIZES["phone" if place == "hall" else size]
        scripts = [PAINTED_CAMERA] if page == "speak" else []
        visitor = await self.visit(
            self.link(page, role, name, sub, place),
            scripts=scripts,
            viewport={"width": width, "height": height},
        )
        await visitor.expect(OPEN, WITHIN)
        return visitor

    async def everybody_comes(self) -> None:
        """Open the page of each; the moderator's and the hall's go on without a click."""
        self.hall = await self.open("hall", "hall", "Hall screen", "screen")
        self.watch = await self.open("watch", "viewer", "Kim 欧阳", "kim")
        self.phone = await self.open("watch", "viewer", "Lou Seat", "lou", place="hall")
        self.moderate = await self.open("moderate", "moderator", "Mika Moderator", "mika")
        self.direct = await self.open("direct", "producer", "Dana Director", "dana")
        self.speak = await self.open("speak", "speaker", "Ada Lindqvist", "ada")


async def press(visitor: Visitor, selector: str) -> None:
    """Press what is there as soon as it can be pressed."""
    await visitor.expect(
        f"(({{ disabled }}) => !disabled)(document.querySelector({selector!r}) ?? {{ disabled: true }})",
        WITHIN,
    )
    await visitor.click(selector)


async def sees(visitor: Visitor, selector: str, text: str = "") -> None:
    """Wait until something stands on a page, with a text in it."""
    if text:
        await visitor.expect_text(text, selector, WITHIN)
    else:
        await visitor.expect(f"!!document.querySelector({selector!r})", WITHIN)


async def tab(visitor: Visitor, name: str) -> None:
    """Go to a panel of the moderator's, where the page is too small to have it beside the queue."""
    if await visitor.evaluate(f"document.querySelector('#tab-{name}')?.checkVisibility() ?? false"):
        await visitor.click(f"#tab-{name}")


async def the_speaker_goes_on_air(talk: Talk) -> None:
    """Through the green room to stand-by, which they answer, and on air: seen online and in the hall."""
    await press(talk.speak, ".setup-go button:enabled")
    await press(talk.direct, ".row[data-participant=ada][data-cue=backstage] .pick")
    await press(talk.direct, ".details [data-step=standby]")
    await press(talk.speak, ".tally-ready")
    await sees(talk.direct, ".row[data-participant=ada] .cue[data-ready]")
    await press(talk.direct, "[data-cut=take]")
    await sees(talk.speak, ".air[data-air=on]")
    for page in (talk.watch, talk.hall):
        await page.playing(WITHIN)
    # In the hall's seats, phones read and write, and take no picture from those who need one.
    asked = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/whep/')).length"
    assert await talk.phone.evaluate(asked) == 0 < await talk.watch.evaluate(asked)


async def a_question_goes_from_a_seat_to_the_screen(talk: Talk) -> None:
    """Asked on a phone in the hall, taken by the moderator, read by everybody, the speaker too."""
    asked = talk.said["question"]
    await press(talk.phone, "#tab-ask")
    await talk.phone.type(".questions .compose textarea", asked)
    await press(talk.phone, ".questions .compose button[type=submit]")
    await tab(talk.moderate, "questions")
    await sees(talk.moderate, ".focus-text", asked)
    await sees(talk.moderate, ".focus .where[data-place=hall]")
    await press(talk.moderate, ".focus [data-action=approve]")
    await press(talk.moderate, ".focus [data-action=show]")
    await sees(talk.hall, ".question-text", asked)
    for page in (talk.watch, talk.phone, talk.speak):
        await page.expect("rostrum.state().questions.some((q) => q.state === 'on_screen')", WITHIN)
    await press(talk.moderate, ".focus [data-action=answer]")
    await talk.hall.expect("!document.querySelector('.question-text')", WITHIN)


async def the_room_votes(talk: Talk) -> None:
    """A poll is made and opened, both rooms vote, and the hall reads how it stands."""
    await press(talk.moderate, "#tab-polls")
    await press(talk.moderate, "[data-action=new-poll]")
    await talk.moderate.type(".poll-form [name=text]", talk.said["poll"])
    await talk.moderate.type(".poll-form [name=options]", talk.said["options"])
    await press(talk.moderate, ".poll-form [type=submit]")
    await press(talk.moderate, "[data-act='poll.open']")
    await press(talk.moderate, "[data-act='poll.show']")
    for page, option in ((talk.watch, 2), (talk.phone, 1)):
        await press(page, "#tab-polls")
        await press(page, f".poll .option:nth-of-type({option})")
        await sees(page, ".poll .option[data-mine]")
    await talk.hall.expect("Object.values(rostrum.state().results)[0]?.voters === 2", WITHIN)
    await sees(talk.hall, "body", talk.said["poll"])
    await press(talk.moderate, "[data-act='poll.close']")
    await press(talk.moderate, "[data-act='poll.hide']")


async def a_hand_goes_up_and_is_heard(talk: Talk) -> None:
    """A viewer raises a hand, is called, speaks without joining anew, and sits down."""
    await press(talk.moderate, "#tab-floor")
    await press(talk.moderate, ".floor-rules .switch")
    await press(talk.watch, ".floor button")
    await sees(talk.watch, ".floor[data-hand=waiting]")
    await press(talk.moderate, "[data-turn=next] [data-act='floor.call']")
    await sees(talk.watch, ".floor[data-hand=called]")
    await press(talk.moderate, "[data-turn=called] .primary")
    await sees(talk.watch, ".floor[data-hand=speaking]")
    await talk.stage.media(
        talk.session, lambda media: any(p.source == "floor" and p.live for p in media.publications), WITHIN
    )
    heard = await talk.hall.sound()
    await talk.hall.expect(f"rostrum.media().audio > {heard}", WITHIN)
    await talk.watch.playing(WITHIN)
    await press(talk.moderate, "[data-turn=speaking] .primary")
    await sees(talk.watch, ".floor[data-hand=down]")


async def the_speaker_drops_and_comes_back(talk: Talk) -> None:
    """Nothing of the speaker comes any more: said so, apart from one's own network; then they are back."""
    await talk.speak.go("about:blank")
    await sees(talk.watch, "body", talk.said["gone"])
    await sees(talk.direct, "[data-of=ada]")
    await talk.speak.go(talk.link("speak", "speaker", "Ada Lindqvist", "ada"))
    for page in (talk.watch, talk.hall):
        await page.playing(WITHIN)
    await sees(talk.speak, ".air[data-air=on]")


async def the_producer_cuts_to_a_slate(talk: Talk) -> None:
    """A slate stands before both rooms, and goes."""
    await press(talk.direct, ".slates .drop > button")
    await press(talk.direct, "[data-slate=lunch]")
    for page in (talk.watch, talk.hall):
        await sees(page, ".slate-title", talk.said["lunch"])
    await press(talk.direct, "[data-cut=slate]")
    for page in (talk.watch, talk.hall):
        await page.expect(f"{SHOWN} === 'live'", WITHIN)


STORIES = (
    the_speaker_goes_on_air,
    a_question_goes_from_a_seat_to_the_screen,
    the_room_votes,
    a_hand_goes_up_and_is_heard,
    the_speaker_drops_and_comes_back,
    the_producer_cuts_to_a_slate,
)


async def walk(talk: Talk, name: str) -> None:
    """Walk all stories; nothing may be wider than its window. Keep a picture of every page at the end."""
    folder = ARTIFACTS / "stories"
    folder.mkdir(parents=True, exist_ok=True)
    await talk.everybody_comes()
    pages = {page: getattr(talk, page) for page in ("hall", "watch", "phone", "moderate", "direct", "speak")}
    try:
        for story in STORIES:
            await story(talk)
            for page, visitor in pages.items():
                assert await visitor.evaluate(WIDE) <= 0, (story.__name__, page)
    finally:
        for page, visitor in pages.items():
            await visitor.screenshot(folder / f"{name}.{page}.png")


EVERY_WALK = [(size, language) for size in SIZES for language in SAID]


def walks(*first: tuple[str, str]) -> list[Any]:
    """Return every size in every language; those not named are `make bench`'s.

    Between them, the two browsers walk each size and each language in every run.
    """
    rest = [pytest.param(*walk, marks=pytest.mark.benchmark) for walk in EVERY_WALK if walk not in first]
    return [*first, *rest]


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("size", "language"), walks(("desktop", "zh"), ("phone", "en")))
async def test_the_six_stories_in_chromium(
    stage: Stage, chromium: Chromium, size: str, language: str
) -> None:
    talk = Talk(stage, chromium.visit, await stage.new_session(), size, language)
    await walk(talk, f"chromium.{size}.{language}")


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("size", "language"), walks(("tablet", "en")))
async def test_the_six_stories_in_firefox(stage: Stage, firefox: Firefox, size: str, language: str) -> None:
    talk = Talk(stage, firefox.visit, await stage.new_session(), size, language)
    await walk(talk, f"firefox.{size}.{language}")
