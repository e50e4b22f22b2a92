"""A relay's processes as one: who gets which viewer, and what all of them say together.

The first process receives every publisher and serves viewers too; the others only serve viewers. With one
process, everything here comes down to its engine. The law: a viewer goes where there is least to do; a
worker that is lost costs its own viewers their connection and nobody else anything. It must not know HTTP.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Any, Final

import msgspec

from stream import pipe
from stream.engine import Engine
from stream.errors import RelayError
from stream.metrics_text import merged
from stream.mirror import Mirror
from stream.pipe_end import PipeEnd
from stream.plan import Answer, RelayState, StagePlan, ViewRequest
from stream.settings import RelaySettings
from stream.stats import prometheus, snapshot
from stream.trickle import Restart, patch
from stream.worker_process import WorkerLost, WorkerProcess

log = logging.getLogger("rostrum.relay")

PUBLISHER_WEIGHT: Final = 8
"""What receiving one publisher costs the first process, in viewers: opening, parsing and passing on some
270 packets a second, of which a viewer's share of a burst costs a fraction each."""


class Workers:
    """The engine of this process and the workers beside it."""

    def __init__(self, engine: Engine, settings: RelaySettings) -> None:
        self.engine = engine
        self._mirror = Mirror()
        cores = sorted(os.sched_getaffinity(0)) if settings.pin == "on" else []
        self.core = cores[0] if cores else None
        """What this process itself is to be kept on."""
        self._processes = [
            WorkerProcess(
                number,
                cores[number % len(cores)] if cores else None,
                engine.counters,
                self._introduce,
                self._mirror.detach,
                self._wanted,
            )
            for number in range(1, settings.workers)
        ]
        if self._processes:
            engine.observer = self._mirror

    async def start(self) -> None:
        """Start all workers; raises WorkerError where one cannot be, and none is left."""
        results = await asyncio.gather(
            *(process.start() for process in self._processes), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                await self.stop()
                raise result

    async def stop(self) -> None:
        """End all workers; their viewers hear a goodbye."""
        await asyncio.gather(*(process.stop() for process in self._processes))

    def _introduce(self, end: PipeEnd) -> None:
        """Tell a worker all that stands."""
        for session, router in self.engine.routers.items():
            if not router.unplanned:
                end.send_control(pipe.pack(pipe.Planned(session, router.plan)))
        self._mirror.attach(end)

    def _wanted(self, wish: pipe.KeyFrameWanted) -> None:
        """Pass a wish for a key frame on; how often the publisher hears it is decided here, for all."""
        peer_id = self._mirror.peer_of(wish.publisher)
        peer = self.engine.peers.get(peer_id) if peer_id is not None else None
        router = self.engine.routers.get(peer.session) if peer is not None else None
        for publication in router.publications.values() if router is not None else ():
            if publication.peer == peer_id:
                publication.want_key_frame(wish.ssrc)

    def _say(self, message: pipe.Down) -> None:
        for process in self._processes:
            process.say(message)

    # -- viewers ---------------------------------------------------------------------------------------

    async def view(self, session: str, request: ViewRequest) -> Answer:
        """Answer a WHEP offer, by whoever has least to do. Raises OfferRefused and RelayError."""
        process = self._idlest()
        if process is None or self.engine.draining:
            return self.engine.view(session, request)
        self.engine.require_stage(session, request)
        waiting = msgspec.structs.replace(request, wait=True)  # what is on stage is known here first
        try:
            outcome = await process.ask(pipe.View(session, waiting))
        except WorkerLost:
            return self.engine.view(session, request)
        assert isinstance(outcome, pipe.Given), "an offer is answered or refused"
        return outcome.answer

    def _idlest(self) -> WorkerProcess | None:
        """Return the worker to give a viewer to, or None where that is this process."""
        well = [process for process in self._processes if process.well()]
        idlest = min(well, key=lambda process: process.load, default=None)
        publishers = sum(len(router.publications) for router in self.engine.routers.values())
        own = len(self.engine.peers) + publishers * PUBLISHER_WEIGHT
        return idlest if idlest is not None and idlest.load < own else None

    def _of(self, transport_id: str) -> WorkerProcess | None:
        """Return the worker a transport is at, or None where it is here. Raises RelayError."""
        number, dot, _ = transport_id.partition(".")
        if not dot:
            return None
        for process in self._processes:
            if str(process.number) == number:
                return process
        raise RelayError("unknown_transport", "This connection does not exist any more.", 404)

    async def patch(self, transport_id: str, match: str | None, fragment: str) -> Restart | None:
        """Take trickled candidates, or restart ICE; see `stream.trickle`. Raises RelayError."""
        process = self._of(transport_id)
        if process is None:
            return patch(self.engine, transport_id, match, fragment)
        outcome = await process.ask(pipe.Patch(transport_id, match, fragment))
        return Restart(outcome.etag, outcome.fragment) if isinstance(outcome, pipe.Restarted) else None

    async def close_transport(self, transport_id: str) -> None:
        """End one transport. Raises RelayError."""
        process = self._of(transport_id)
        if process is None:
            self.engine.close_transport(transport_id)
        else:
            await process.ask(pipe.Close(transport_id))

    # -- everybody -------------------------------------------------------------------------------------

    def close_participant(self, session: str, participant: str) -> None:
        """End everything of one person in a session."""
        self.engine.close_participant(session, participant)
        self._say(pipe.ParticipantClosed(session, participant))

    def set_plan(self, session: str, plan: StagePlan) -> StagePlan:
        """Put a plan in force everywhere. Raises RelayError (`stale_plan`)."""
        stands = self.engine.set_plan(session, plan)
        self._say(pipe.Planned(session, stands))
        return stands

    def end_session(self, session: str) -> None:
        """Close every transport of a session and forget it."""
        self.engine.end_session(session)
        self._say(pipe.SessionEnded(session))

    @property
    def deserted(self) -> bool:
        """Tell whether nobody is here, so that what is said changes only where the engine stirs."""
        return not self.engine.peers and not any(process.load for process in self._processes)

    # -- what is said of all ---------------------------------------------------------------------------

    def state(self) -> RelayState:
        """Return what signaling is told: of publishers and plans, this process's; of viewers, all."""
        state = self.engine.state()
        viewers = dict(state.viewers)
        for process in self._processes:
            for session, count in process.viewers.items():
                if session in viewers:
                    viewers[session] += count
        return msgspec.structs.replace(state, viewers=viewers)

    async def stats(self) -> bytes:
        """Return everything countable, as JSON: this process's, and under `workers` that of the others."""
        own: dict[str, Any] = await snapshot(self.engine)
        if self._processes:
            texts = await self._texts(pipe.TellStats())
            own["workers"] = {
                str(number): msgspec.Raw(text) if text is not None else None for number, text in texts.items()
            }
        return msgspec.json.encode(own)

    async def metrics(self, *, each: bool = False) -> bytes:
        """Return all metrics in Prometheus' text format; with several processes, labelled `worker`.

        `each`: of every viewer under its own id, not in sum.
        """
        own = await prometheus(self.engine, each=each)
        if not self._processes:
            return own
        texts = await self._texts(pipe.TellMetrics(each))
        return merged({0: own} | {number: text for number, text in texts.items() if text is not None})

    async def _texts(self, question: pipe.Question) -> dict[int, bytes | None]:
        """Ask every worker; None of those that do not answer."""

        async def one(process: WorkerProcess) -> bytes | None:
            try:
                outcome = await process.ask(question)
            except RelayError:
                return None
            return outcome.data if isinstance(outcome, pipe.Text) else None

        told = await asyncio.gather(*(one(process) for process in self._processes))
        return {process.number: text for process, text in zip(self._processes, told, strict=True)}
