"""Pre-flights under way: samples what the relay sees of a speaker, and has it written when the time is up.

The law: every worker measures every pre-flight it hears of, and the first to be done is written, so that no
worker's end loses one; a relay that is away for a moment costs samples, not the pre-flight.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Final

from signaling.errors import SignalingError
from signaling.live import LiveSessions
from signaling.protocol import Preflight
from signaling.relays import Relays
from signaling.session import cues
from signaling.session.preflight import Conclusion, running, summary
from signaling.session.state import State
from stream.plan import PublisherStats, Source

SAMPLE: Final = 1.0
"""Seconds between two samples; a short pre-flight is sampled ten times."""

SOURCE: Final[Source] = "camera"
"""What is measured: the camera, and the microphone that comes with it."""

_log = logging.getLogger(__name__)

_Key = tuple[str, str, int]
"""Session, speaker, and when it began."""


class Preflights:
    """The pre-flights of this worker. Use as `async with`: what still runs at the end is given up."""

    def __init__(self, live: LiveSessions, relays: Relays) -> None:
        self._live = live
        self._relays = relays
        self._clock = live.clock
        self._tasks: dict[_Key, asyncio.Task[None]] = {}
        live.on_preflights(self._begin)

    async def __aenter__(self) -> Preflights:
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, session: str, state: State) -> None:
        """Measure what has been begun; called at every change, so what is known already goes on."""
        for one in running(state, int(self._clock() * 1000)):
            key = (session, one.speaker, one.started)
            cue = cues.find(state, one.speaker)
            if key in self._tasks or cue is None or cue.person is None:
                continue
            task = asyncio.create_task(self._measure(session, one, cue.person.id), name="preflight")
            self._tasks[key] = task
            task.add_done_callback(partial(self._ended, key))

    def _ended(self, key: _Key, task: asyncio.Task[None]) -> None:
        del self._tasks[key]
        if not task.cancelled() and task.exception() is not None:
            _log.error("a pre-flight failed", exc_info=task.exception())

    async def _measure(self, session: str, preflight: Preflight, participant: str) -> None:
        samples: list[PublisherStats] = []
        pause = min(SAMPLE, (preflight.until - preflight.started) / 10_000)
        while (left := preflight.until / 1000 - self._clock()) > 0:
            try:
                sample = await self._relays.publisher_stats(session, participant, SOURCE)
            except SignalingError:
                sample = None  # the relay is away; it may be back before the time is up
            if sample is not None:
                samples.append(sample)
            await asyncio.sleep(min(pause, max(0.0, left)))
        name = f"preflight:{preflight.speaker}:{preflight.started}"
        conclusion = Conclusion(name, preflight.speaker, preflight.started, summary(samples))
        try:
            await (await self._live.get(session)).conclude(conclusion)
        except SignalingError as error:
            _log.warning("a pre-flight could not be written: %s", error.code)
