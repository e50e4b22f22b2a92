"""A viewer in Chromium behind a bad network, and a speaker in three layers: what tests of networks need.

The network is a seeded proxy (tests/impairment.py) that the page takes for the relay. What came of it is read
from the page's own `getStats` and frame callbacks, and from what the relay counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ParamSpec

from stream.wire import rtp
from tests.e2e.stage import Stage, until
from tests.e2e.visitor import HERE, Chromium, ChromiumVisitor
from tests.impairment import PERFECT, Impairment, UdpProxy, impaired

NETWORK_WATCH = (HERE / "network_watch.js").read_text(encoding="utf-8")

SPEAKER = "speaker-1"
WIDTHS = (160, 320, 640)
"""Of the speaker's layers."""

REPAIRED_WITHIN = 1.0
"""Seconds after which a repair is of no use to a picture that goes on."""


P = ParamSpec("P")


def tried_twice(row: Callable[P, Awaitable[None]]) -> Callable[P, Awaitable[None]]:
    """Try a row once more where it fails, and say so: processes that wait for a core are no good network."""

    @functools.wraps(row)
    async def trying(*arguments: P.args, **named: P.kwargs) -> None:
        try:
            await row(*arguments, **named)
        except AssertionError as error:
            print(f"FIRST TRY FAILED: {error}")
            await row(*arguments, **named)

    return trying


class Speaker:
    """The synthetic speaker's process; `seconds` is what it has said each second, oldest first."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.seconds: list[dict[str, Any]] = []

    async def hear(self) -> dict[str, Any]:
        """Return its next line."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 20)
        assert line, "the speaker has ended"
        said: dict[str, Any] = json.loads(line)
        return said

    async def hold_still(self, seconds: float) -> None:
        """Send nothing for so long."""
        self._process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self._process.send_signal(signal.SIGCONT)

    async def steady(self) -> None:
        """Wait until it says as much each second: a key frame is made good for by less in the next ones."""

        async def alike() -> bool:
            last = self.seconds[-3:]
            rates = [second["rate"] for second in last]
            return (
                len(last) == 3
                and not any(second["pli"] for second in last)
                and max(rates) < 1.03 * min(rates)
            )

        await until(alike, 20, "the speaker's rate is steady")

    async def listen(self) -> None:
        """Note what it says until cancelled."""
        while True:
            self.seconds.append(await self.hear())


@contextlib.asynccontextmanager
async def layered_speaker(stage: Stage, session: str) -> AsyncIterator[Speaker]:
    """Put a speaker on stage whose camera comes in three layers."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.e2e.layered_speaker", f"{stage.url}/whip/{session}/camera"),
        stage.token(session, "speaker", "Prof. Ada Lindqvist", SPEAKER),
        stdout=asyncio.subprocess.PIPE,
    )
    speaker = Speaker(process)
    assert await speaker.hear() == {"connected": True}
    listening = asyncio.create_task(speaker.listen())
    try:
        await stage.bring_on(session, SPEAKER)
        yield speaker
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        process.send_signal(signal.SIGTERM)
        await process.wait()


@dataclass(frozen=True)
class Watched:
    """What a page saw in some seconds."""

    frames: list[float]
    """When frames were shown, ms; begin and end of the watch included."""
    ages: list[int]
    counters: list[int]
    unread: int
    looks: list[dict[str, Any]]

    @property
    def gap(self) -> float:
        """The longest time without a new frame, seconds."""
        return max(b - a for a, b in zip(self.frames, self.frames[1:], strict=False)) / 1000

    def grown(self, kind: str, name: str) -> float:
        """Return by how much a figure of getStats has grown."""
        looks = [look[kind][name] for look in self.looks if kind in look]
        return float(looks[-1] - looks[0])

    @property
    def concealed(self) -> float:
        """The share of the sound that was made up, silence apart."""
        made_up = self.grown("audio", "concealedSamples") - self.grown("audio", "silentConcealedSamples")
        return made_up / max(1.0, self.grown("audio", "totalSamplesReceived"))

    def story(self) -> str:
        """Return one line for a log."""
        names: tuple[str, ...] = (
            "packetsReceived",
            "packetsLost",
            "retransmittedPacketsReceived",
            "nackCount",
            "pliCount",
        )
        names += ("framesDecoded", "framesDropped", "keyFramesDecoded")
        video = ", ".join(f"{name} {self.grown('video', name):.0f}" for name in names)
        return (
            f"gap {self.gap * 1000:.0f} ms, concealed {self.concealed:.4f}, "
            f"widths {[look['video']['frameWidth'] for look in self.looks if 'video' in look]}, {video}"
        )


@dataclass
class Overheard:
    """What became of a picture's packets on the way to a viewer, frame by frame.

    SRTP leaves headers in the clear (RFC 3711, section 3.1). A repair is told from a probe, which repeats
    packets too, by its mark: probes alone carry transport-wide numbers in the repairs' stream.
    """

    ssrc: int
    rtx_ssrc: int
    marks: int
    going: bool = True
    """Whether new frames count; repairs do in any case."""
    sent: int = 0
    probes: int = 0
    lost: Counter[int] = field(default_factory=Counter)
    """By timestamp, what did not arrive of a frame."""
    repaired: Counter[int] = field(default_factory=Counter)
    """By timestamp, the repairs that arrived."""

    def hear(self, data: bytes, arrives: bool) -> None:
        """Take a datagram on its way."""
        if len(data) < 12 or data[0] >> 6 != 2 or 192 <= data[1] <= 223:
            return
        packet = rtp.parse_header(data, rtp.header_length(data))
        if packet.ssrc == self.ssrc and (self.going or packet.timestamp in self.lost):
            self.sent += 1
            self.lost[packet.timestamp] += not arrives
        elif packet.ssrc == self.rtx_ssrc:
            if self.marks in packet.extensions:
                self.probes += 1
            else:
                self.repaired[packet.timestamp] += arrives

    @property
    def missing(self) -> int:
        """How many packets never came, neither at first nor as repairs."""
        return sum(max(0, lost - self.repaired[frame]) for frame, lost in self.lost.items())

    def story(self) -> str:
        """Return one line for a log."""
        lost, repaired = self.lost.total(), self.repaired.total()
        told = f"{self.sent} sent, {lost} lost, {repaired} repairs came, {self.missing} missing for good"
        return f"{told}; {self.probes} probes"


@dataclass
class BehindProxy:
    """A page behind a network, which may be changed at any time."""

    page: ChromiumVisitor
    proxy: UdpProxy

    @contextlib.asynccontextmanager
    async def overheard(self) -> AsyncIterator[Overheard]:
        """Count the picture's packets on their way during a block, and their repairs until soon after it."""
        look = await self.look()
        heard = Overheard(look["video"]["ssrc"], look["video"]["rtxSsrc"], look["marks"])
        self.proxy.on_down = heard.hear
        yield heard
        heard.going = False
        await asyncio.sleep(REPAIRED_WITHIN)
        self.proxy.on_down = lambda data, arrives: None

    async def watch(self, seconds: float) -> Watched:
        """Look at frames and figures for so long."""
        return Watched(**await self.page.evaluate(f"networkWatch({seconds * 1000})"))

    async def look(self) -> dict[str, Any]:
        """Return what getStats says now."""
        seen: dict[str, Any] = await self.page.evaluate("networkLook()")
        return seen

    def down(self, **changes: Any) -> None:
        """Change the way to the viewer."""
        self.proxy.down.impairment = replace(self.proxy.down.impairment, **changes)


@contextlib.asynccontextmanager
async def viewer_behind(
    stage: Stage,
    chromium: Chromium,
    session: str,
    down: Impairment = PERFECT,
    up: Impairment = PERFECT,
    seed: int = 1,
    scripts: Sequence[str] = (),
) -> AsyncIterator[BehindProxy]:
    """Open the page of a viewer whose every packet goes through a network of this kind."""
    async with impaired(("127.0.0.1", stage.media_port), up, down, seed) as proxy:
        host, port = proxy.address
        way = f"globalThis.viaProxy = '{host} {port}';"
        page = await chromium.visit(
            stage.link("watch", session, "viewer"), scripts=[way, NETWORK_WATCH, *scripts]
        )
        yield BehindProxy(page, proxy)
        await page.page.context.close()


async def network(stage: Stage, session: str) -> dict[str, Any]:
    """Return what the relay thinks of its only viewer: the network, and the main picture."""
    feed = (await stage.stats(session))["feeds"]["stage"]
    (viewer,) = feed["networks"]
    return {**feed["networks"][viewer], **feed["viewers"][viewer]["main"]}
