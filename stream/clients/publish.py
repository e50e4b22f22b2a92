"""A speaker without a browser: `rostrum publish`.

Owns what is published and the coming back: whatever goes away, relay or server, the same thing is
published again until it is told to stop or the server says no for good. It must not know of SDP.
"""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from aiortc import MediaStreamTrack

from stream.clients import media_file, tracks, whip
from stream.clients.errors import ClientError
from stream.clients.resource import new_http, pause
from stream.clients.slides import Slides
from stream.clients.test_card import FRAME_RATE, TestCard

OpenTracks = Callable[[], Sequence[MediaStreamTrack]]
"""Makes fresh tracks: those of a lost connection are spent."""

STEADY_SECONDS: Final = 10.0
"""A publication that lived so long ends a row of failures."""

log = logging.getLogger(__name__)


async def run(
    url: str,
    token: str,
    *,
    file: Path | None = None,
    slides_url: str | None = None,
    name: str = "Synthetic speaker",
    affiliation: str = "Rostrum test card",
    frame_rate: int = FRAME_RATE,
    suspicion: whip.Suspicion | None = None,
) -> None:
    """Publish until SIGTERM or SIGINT; raises ClientError when the server refuses for good.

    Args:
        url: the WHIP endpoint of the camera.
        token: shown as a Bearer token.
        file: a media file to repeat instead of the test card.
        slides_url: the WHIP endpoint of the slides, if they are wanted.
        name: who the test card says is speaking.
        affiliation: the line below the name.
        frame_rate: pictures of the test card a second.
        suspicion: that the relay was away, by whoever knows it sooner.
    """
    logging.getLogger("aioice").setLevel(logging.WARNING)  # each candidate pair is news to nobody
    clock = tracks.WallClock()
    if file is not None:
        path = file
        media_file.open_tracks(path, clock)  # a file that cannot be played is said at once
        sources: dict[str, OpenTracks] = {url: lambda: media_file.open_tracks(path, tracks.WallClock())}
    else:
        card = TestCard.of(name, affiliation)
        sources = {url: lambda: tracks.camera(clock, card, frame_rate)}
    if slides_url is not None:
        deck = Slides.of()
        sources[slides_url] = lambda: tracks.screen(clock, deck)

    stop = asyncio.Event()
    with _on_signals(stop.set):
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(keep_publishing(url, token, open_, suspicion))
                    for url, open_ in sources.items()
                ]
                await stop.wait()
                for task in tasks:
                    task.cancel()
        except* ClientError as errors:
            raise errors.exceptions[0] from None


async def keep_publishing(
    url: str, token: str, open_tracks: OpenTracks, suspicion: whip.Suspicion | None = None
) -> None:
    """Publish at one WHIP endpoint, again and again; raises a ClientError that is final."""
    chance = random.Random()  # noqa: S311  spreads retries, guards nothing
    failures = 0
    async with new_http(token) as http:
        while True:
            begun, wait = time.monotonic(), None
            try:
                async with whip.publication(http, url, open_tracks()) as publication:
                    await publication.connected()
                    log.info("publishing at %s", url)
                    await publication.gone(suspicion)
                log.info("the relay of %s is gone; publishing again", url)
            except ClientError as error:
                if error.final:
                    raise
                wait = error.retry_after
                log.info("%s", error)
            failures = 0 if time.monotonic() - begun > STEADY_SECONDS else failures + 1
            await asyncio.sleep(pause(failures, wait, chance))


@contextmanager
def _on_signals(call: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, call)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
