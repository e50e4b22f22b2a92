"""A viewer worker: a process of a relay that sends to viewers what another process receives.

It has an engine with a media port of its own, and a pipe to the relay's first process instead of an HTTP
face. Started by `stream/worker_process.py`, never by hand. The law: it lives as long as the pipe; whatever
it is told, it does in the order it was told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final, assert_never

import msgspec

from stream import pipe
from stream.addresses import announced
from stream.engine import Engine
from stream.errors import RelayError
from stream.heap import set_aside
from stream.mirror import MirroredPublisher
from stream.pipe_end import PipeEnd
from stream.routing.router import Router
from stream.settings import RelaySettings
from stream.stats import prometheus, snapshot
from stream.transport.transport import PeerTransport
from stream.trickle import patch
from stream.wire.rtcp import SenderReport

log = logging.getLogger("rostrum.relay")

REPORT_EVERY: Final = 0.25
"""Seconds between two reports; silence is how a worker that hangs is found out."""


class Worker:
    """One worker: what the pipe says, done to the engine."""

    def __init__(self, engine: Engine, sock: socket.socket) -> None:
        self._engine = engine
        self._publishers: dict[int, MirroredPublisher] = {}
        self._ended = asyncio.Event()
        self._telling: set[asyncio.Task[None]] = set()
        self._pipe = PipeEnd(sock, engine.counters, self._media, self._control, self._ended.set)

    async def run(self) -> None:
        """Serve until told to drain, or until the pipe ends."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._ended.set)
        media = asyncio.create_task(self._engine.run(), name="media")
        media.add_done_callback(lambda _: self._ended.set())
        self._pipe.start()
        self._say(pipe.Ready())
        while not self._ended.is_set():
            state = self._engine.state()
            self._say(pipe.Report(state.viewers, len(self._engine.peers)))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), REPORT_EVERY)
        self._engine.drain()
        for telling in self._telling:
            telling.cancel()
        media.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await media
        self._pipe.close()

    def _say(self, message: pipe.Up) -> None:
        self._pipe.send_control(pipe.pack(message))

    # -- media -----------------------------------------------------------------------------------------

    def _media(self, frames: Sequence[bytes]) -> None:
        """Route what publishers sent, then flush it: a burst there is a burst here."""
        engine = self._engine
        now, unix = time.monotonic(), time.time()
        touched: dict[str, Router[PeerTransport]] = {}
        for frame in frames:
            for number, packet in pipe.unpack_media(frame):
                publisher = self._publishers.get(number)
                router = engine.routers.get(publisher.session) if publisher is not None else None
                if publisher is None or router is None:
                    continue
                with engine.contained("a mirrored packet could not be routed"):
                    if isinstance(packet, SenderReport):
                        router.receive_rtcp(publisher.id, [packet], now, unix)
                    else:
                        router.receive_rtp(publisher.id, publisher.named(packet), now)
                        touched[router.session] = router
        engine.flush(touched.values(), now)

    # -- control ---------------------------------------------------------------------------------------

    def _control(self, data: bytes) -> None:
        engine = self._engine
        message = pipe.unpack_down(data)
        match message:
            case pipe.Published(publisher=number):
                want = partial(self._want_key_frame, number)
                publisher = self._publishers[number] = MirroredPublisher(message, want)
                engine.router(publisher.session).publish(publisher, publisher.publication, time.monotonic())
            case pipe.Left(number):
                left = self._publishers.pop(number, None)
                router = engine.routers.get(left.session) if left is not None else None
                if left is not None and router is not None:
                    router.leave(left.id, time.monotonic())
            case pipe.Planned(session, plan):
                engine.router(session).set_plan(plan, time.monotonic())
            case pipe.SessionEnded(session):
                engine.end_session(session)
            case pipe.ParticipantClosed(session, participant):
                engine.close_participant(session, participant)
            case pipe.Drain():
                self._ended.set()
            case pipe.Ask(number, pipe.TellStats() | pipe.TellMetrics() as question):
                telling = asyncio.create_task(self._tell(number, question), name=f"tell {number}")
                self._telling.add(telling)
                telling.add_done_callback(self._telling.discard)
            case pipe.Ask(number, question):
                self._reply(number, self._answered(question))
            case _:
                assert_never(message)

    def _want_key_frame(self, publisher: int, ssrc: int) -> None:
        self._say(pipe.KeyFrameWanted(publisher, ssrc))

    def _reply(self, number: int, outcome: pipe.Outcome) -> None:
        self._say(pipe.Reply(number, outcome, len(self._engine.peers)))

    def _answered(self, question: pipe.Question) -> pipe.Outcome:
        """Answer, whatever happens: nobody may wait for an answer that does not come."""
        try:
            return self._answer(question)
        except RelayError as error:
            return pipe.Refused(error.code, error.detail, error.status, error.retry_after)
        except Exception:  # a defect of ours costs one question
            log.exception("a question could not be answered")
            return self._defect()

    def _defect(self) -> pipe.Refused:
        self._engine.counters["internal_error"] += 1
        return pipe.Refused("internal_error", "The relay could not do this.", 500, None)

    async def _tell(self, number: int, question: pipe.TellStats | pipe.TellMetrics) -> None:
        """Say what is counted, some at a time, while packets go through."""
        try:
            if isinstance(question, pipe.TellStats):
                text = msgspec.json.encode(await snapshot(self._engine))
            else:
                text = await prometheus(self._engine, each=question.each)
        except Exception:  # a defect of ours costs one question
            log.exception("what is counted could not be told")
            self._reply(number, self._defect())
        else:
            self._reply(number, pipe.Text(text))

    def _answer(self, question: pipe.Question) -> pipe.Outcome:
        engine = self._engine
        match question:
            case pipe.View(session, request):
                return pipe.Given(engine.view(session, request))
            case pipe.Patch(transport, match, fragment):
                restart = patch(engine, transport, match, fragment)
                return pipe.Restarted(*restart) if restart is not None else pipe.Nothing()
            case pipe.Close(transport):
                engine.close_transport(transport)
                return pipe.Nothing()
            case _:
                raise AssertionError(f"{question} is answered elsewhere")


def pin(core: int | None) -> None:
    """Keep this process on one core; where that is not allowed, say so and go on."""
    if core is None:
        return
    try:
        os.sched_setaffinity(0, {core})
    except OSError as error:
        log.warning("this process cannot be kept on core %d (%s)", core, error.strerror)


async def serve(settings: RelaySettings, number: int, sock: socket.socket) -> bool:
    """Run until the pipe ends; False where the port is taken, which the pipe is told."""
    media_port = settings.media_ports[number]
    try:
        engine = Engine(replace(settings, media_port=media_port), announced(settings), f"{number}.")
    except OSError as error:
        sentence = (
            f"A relay's worker cannot start on media port {media_port} of {settings.media_host} "
            f"(ROSTRUM_MEDIA_PORT and ROSTRUM_RELAY_WORKERS): {error.strerror or error}."
        )
        with contextlib.suppress(OSError):
            sock.send(pipe.LAST + pipe.pack(pipe.Failed(sentence)))
        return False
    await Worker(engine, sock).run()
    return True


def main(argv: Sequence[str]) -> int:
    """Run the worker `number` on the pipe of descriptor `fd`: `fd number core`, core `-` for any."""
    fd, number, core = argv
    settings = RelaySettings.from_environment(os.environ)
    logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("aiortc").setLevel(logging.WARNING)
    pin(None if core == "-" else int(core))
    set_aside()
    sock = socket.socket(fileno=int(fd))
    sock.setblocking(False)
    return 0 if asyncio.run(serve(settings, int(number), sock)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
