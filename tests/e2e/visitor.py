"""One page as somebody has it open in Chromium or Firefox, and what a test asks of it.

Both browsers are driven through the same few verbs; what the page knows is read from `window.rostrum`
(web/README.md), what it shows from its pixels.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import shutil
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, cast

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    Response,
    Route,
)

from tests.e2e.stage import until

HERE = Path(__file__).parent
ARTIFACTS = HERE.parents[1] / "artifacts"
CLOCK_READER = (HERE / "clock_reader.js").read_text(encoding="utf-8")
PAINTED_CAMERA = (HERE / "painted_camera.js").read_text(encoding="utf-8")
LIP_SYNC = (HERE / "lip_sync.js").read_text(encoding="utf-8")

LARGE_CAMERA = f"globalThis.paintedSize = [960, 540];\n{PAINTED_CAMERA}"
"""The painted camera, large enough for browsers to send it in three sizes."""

PATIENCE = 15.0
"""Seconds that a page may take for what has no figure of its own, on a machine that does other things too."""

BETWEEN_PAGES = re.compile("Execution context was destroyed|rostrum is not defined")
"""What Chromium says while one page goes and the next is not yet there."""

STORY = """({
  page: location.pathname, came: document.documentElement.dataset.page, ready: document.readyState,
  line: window.rostrum?.connection ?? null, media: window.rostrum?.media() ?? null,
  reads: (document.body?.innerText ?? '').slice(0, 400),
})"""
"""What is asked of a page whose test waits in vain."""

TROUBLES = 30
"""As many of a page's troubles are told, the newest."""

MAIN = "document.querySelector('[data-slot=main] video')"
SLIDES = "document.querySelector('[data-slot=slides] video')"


COVERED = """((selector) => [...document.querySelectorAll(selector)].flatMap((one) => {
  const { left, right, top, bottom, width, height } = one.getBoundingClientRect();
  const what = `${one.outerHTML.slice(0, 90)} at ${[left, top, right, bottom].map(Math.round)}`;
  if (!width) return [];
  if (Math.min(left, top, innerWidth - right, innerHeight - bottom) < -1) return [`out of sight: ${what}`];
  const at = document.elementFromPoint(left + width / 2, top + height / 2);
  return one.contains(at) ? [] : [`covered: ${what} by ${at?.outerHTML.slice(0, 90)}`];
}))"""
"""Which of what a selector finds cannot be seen whole, or not be reached by a finger, and why."""


class Visitor(ABC):
    """Somebody in front of a page."""

    @abstractmethod
    async def evaluate(self, expression: str) -> Any:
        """Return what a JavaScript expression gives, promises awaited."""

    @abstractmethod
    async def click(self, selector: str) -> None:
        """Click the first element that a CSS selector finds."""

    @abstractmethod
    async def type(self, selector: str, text: str) -> None:
        """Write into a field."""

    @abstractmethod
    async def go(self, url: str) -> None:
        """Go to another address."""

    @abstractmethod
    async def reload(self) -> None:
        """Load the page anew."""

    @abstractmethod
    async def screenshot(self, path: Path) -> None:
        """Write what is to be seen as PNG."""

    async def until(self, condition: Callable[[], Awaitable[bool]], within: float, what: str) -> float:
        """Wait until a condition holds, and return the seconds it took; if in vain, tell the page's story."""
        try:
            return await until(condition, within, what)
        except AssertionError as error:
            error.add_note(await self.story())
            raise

    async def story(self) -> str:
        """Tell what may explain why a page is not where it should be."""
        try:
            return str(await asyncio.wait_for(self.evaluate(STORY), 5))
        except Exception as error:  # noqa: BLE001 - it comes on top of another failure
            return f"the page says nothing: {error!r}"

    async def media(self) -> dict[str, Any]:
        """Return `window.rostrum.media()`."""
        return cast(dict[str, Any], await self.evaluate("window.rostrum?.media() ?? null") or {})

    async def state(self) -> dict[str, Any]:
        """Return `window.rostrum.state()`."""
        return cast(dict[str, Any], await self.evaluate("window.rostrum?.state() ?? null") or {})

    async def frames(self, slot: str = "main") -> int:
        """Return how many frames a slot has shown."""
        media = await self.media()
        return int(media["slots"][slot]["frames"]) if media else 0

    async def sound(self) -> int:
        """Return how many bytes of sound came."""
        return int((await self.media()).get("audio", 0))

    async def playing(self, within: float = 2 * PATIENCE, slot: str = "main") -> float:
        """Wait until pictures move and sound comes; return how many seconds it took."""
        first_frames, first_sound = await self.frames(slot), await self.sound()

        async def more() -> bool:
            return await self.frames(slot) >= first_frames + 3 and await self.sound() > first_sound

        return await self.until(more, within, f"{slot} moves and sounds")

    async def watch(self, seconds: float, video: str = MAIN) -> dict[str, Any]:
        """Read the clock in the picture for so long; see `clockReader.watch`."""
        return cast(dict[str, Any], await self.evaluate(f"clockReader.watch({video}, {seconds * 1000})"))

    async def clock_age(self, video: str = MAIN) -> float:
        """Return the median age in ms of the clock in the picture, over two seconds."""
        seen = await self.watch(2.0, video)
        ages = sorted(seen["ages"])
        assert len(ages) >= 5, f"the clock cannot be read: {seen}, {await self.media()}"
        return float(ages[len(ages) // 2])

    async def expect(self, expression: str, within: float = PATIENCE) -> float:
        """Wait until an expression is true; return how many seconds it took."""

        async def holds() -> bool:
            try:
                return bool(await self.evaluate(expression))
            except Error as error:
                if BETWEEN_PAGES.search(error.message):
                    return False
                raise

        return await self.until(holds, within, expression)

    async def expect_text(self, text: str, selector: str = "body", within: float = PATIENCE) -> float:
        """Wait until a text is to be seen."""
        found = (
            f"(document.querySelector({json.dumps(selector)})?.innerText ?? '').includes({json.dumps(text)})"
        )
        return await self.expect(found, within)


class ChromiumVisitor(Visitor):
    """A page of a Chromium driven by Playwright."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self._troubles: deque[str] = deque(maxlen=TROUBLES)
        self._asked: set[Request] = set()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._asks)
        page.on("requestfinished", lambda request: self._asked.discard(request))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        page.on("console", self._said)

    def _asks(self, request: Request) -> None:
        # Of what the document before it had asked for, nothing more is said.
        if request.is_navigation_request():
            self._asked.clear()
        self._asked.add(request)

    def _failed(self, request: Request) -> None:
        self._asked.discard(request)
        self._troubles.append(f"{request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._troubles.append(f"{response.url}: {response.status}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._troubles.append(message.text)

    async def story(self) -> str:
        waits = sorted(request.url for request in self._asked)
        return f"{await super().story()}\nwaits for: {waits}\ntroubles: {[*self._troubles, *self.errors]}"

    async def evaluate(self, expression: str) -> Any:
        return await self.page.evaluate(expression)

    async def click(self, selector: str) -> None:
        await self.page.click(selector, timeout=1000 * PATIENCE)

    async def type(self, selector: str, text: str) -> None:
        await self.page.fill(selector, text, timeout=1000 * PATIENCE)

    async def go(self, url: str) -> None:
        await self.page.goto(url)

    async def reload(self) -> None:
        await self.page.reload()

    async def screenshot(self, path: Path) -> None:
        await self.page.screenshot(path=path)

    async def sees(self, selector: str, width: int, height: int) -> None:
        """See that all that a selector finds, something, is in sight and free in a window of this size."""
        await self.page.set_viewport_size({"width": width, "height": height})
        faults = f"{COVERED}({json.dumps(selector)})"
        await self.expect(f"document.querySelector({json.dumps(selector)}) !== null")
        try:
            await self.expect(f"{faults}.length === 0", 3)
        except AssertionError as error:
            error.add_note(f"{width} x {height}: {await self.evaluate(faults)}")
            raise


class Chromium:
    """A Chromium; every visitor is a context of their own, as on a machine of their own."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.visitors: list[ChromiumVisitor] = []
        self.on_visit: Callable[[ChromiumVisitor], None] = lambda visitor: None
        self.answers: dict[str, Callable[[Route], Awaitable[None]]] = {}
        """What answers in the server's place, by the address asked for."""

    @staticmethod
    def executable() -> str:
        """Return where Debian's Chromium is."""
        found = shutil.which("chromium")
        assert found, "chromium is not installed"
        return found

    async def context(self, scripts: Sequence[str] = (), **options: Any) -> BrowserContext:
        """Return a fresh context with scripts that run before each page's own."""
        options.setdefault("viewport", {"width": 1280, "height": 800})
        # The page's own policy allows no foreign script; what tests inject is foreign.
        options.setdefault("bypass_csp", True)
        context = await self.browser.new_context(permissions=["camera", "microphone"], **options)
        for script in (CLOCK_READER, *scripts):
            await context.add_init_script(script)
        for address, answer in self.answers.items():
            await context.route(address, answer)
        return context

    async def visit(self, url: str, *, scripts: Sequence[str] = (), **options: Any) -> ChromiumVisitor:
        """Open a page."""
        context = await self.context(scripts, **options)
        visitor = ChromiumVisitor(await context.new_page())
        self.visitors.append(visitor)
        self.on_visit(visitor)
        await visitor.page.goto(url)
        return visitor

    def errors(self) -> list[str]:
        """Return what pages threw and did not catch."""
        return [error for visitor in self.visitors for error in visitor.errors]


class FirefoxVisitor(Visitor):
    """A page of a Firefox driven by firefox.mjs."""

    def __init__(self, ask: Callable[..., Awaitable[Any]], number: int) -> None:
        self._ask = ask
        self._number = number

    async def evaluate(self, expression: str) -> Any:
        return await self._ask("evaluate", page=self._number, expression=expression)

    async def click(self, selector: str) -> None:
        await self._ask("click", page=self._number, selector=selector)

    async def type(self, selector: str, text: str) -> None:
        await self._ask("type", page=self._number, selector=selector, text=text)

    async def go(self, url: str) -> None:
        await self._ask("go", page=self._number, url=url)

    async def reload(self) -> None:
        await self._ask("reload", page=self._number)

    async def screenshot(self, path: Path) -> None:
        await self._ask("screenshot", page=self._number, path=str(path))


class Firefox:
    """A Firefox ESR over WebDriver BiDi; commands go one at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._turn = asyncio.Lock()

    @classmethod
    async def launch(cls) -> Firefox:
        """Start the browser."""
        firefox, node = shutil.which("firefox-esr"), shutil.which("node")
        assert firefox, "firefox-esr is not installed"
        assert node, "node is not installed"
        process = await asyncio.create_subprocess_exec(
            node,
            str(HERE / "firefox.mjs"),
            firefox,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )
        browser = cls(process)
        await asyncio.wait_for(browser._answer(0), 60)
        return browser

    async def visit(
        self, url: str, *, scripts: Sequence[str] = (), viewport: dict[str, int] | None = None
    ) -> FirefoxVisitor:
        """Open a page; `viewport` is its `width` and `height` in pixels."""
        number = await self._ask("open", url=url, scripts=[CLOCK_READER, *scripts], viewport=viewport)
        return FirefoxVisitor(self._ask, number)

    async def errors(self) -> list[str]:
        """Return what pages threw and did not catch."""
        return cast(list[str], await self._ask("errors"))

    async def close(self) -> None:
        """End the browser."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 15)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _ask(self, command: str, **parameters: Any) -> Any:
        assert self._process.stdin is not None
        async with self._turn:
            number = next(self._numbers)
            line = json.dumps({"id": number, "do": command, **parameters})
            self._process.stdin.write(line.encode() + b"\n")
            return await asyncio.wait_for(self._answer(number), 60)

    async def _answer(self, number: int) -> Any:
        assert self._process.stdout is not None
        while True:
            line = await self._process.stdout.readline()
            assert line, "firefox.mjs has ended"
            answer = json.loads(line)
            if answer["id"] == number:
                assert "error" not in answer, answer["error"]
                return answer["value"]
