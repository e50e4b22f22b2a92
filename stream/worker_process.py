"""One viewer worker as the relay's first process keeps it: started, asked, watched, started again, ended.

The law: nothing here waits for a worker that does not answer longer than it says; one that dies or hangs is
started again, and whoever asked it something hears at once that it is lost. No worker outlives this process.
It must not know what is said beyond questions and their outcomes.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from stream import pipe
from stream.child_process import Pulse, die_with, restart_delay, scheduled
from stream.errors import RelayError
from stream.pipe_end import PipeEnd, socket_pair

log = logging.getLogger("rostrum.relay")

READY_WITHIN: Final = 20.0
"""Seconds from the start of a worker until it has its port."""

ANSWER_WITHIN: Final = 2.5
"""Seconds a worker may take to answer; signaling waits twice as long."""

SILENT_AFTER: Final = 1.0
"""Seconds without a report after which a worker is given no new viewers; four reports come each second."""

STOP_WITHIN: Final = 3.0
"""Seconds a worker may take to say goodbye; a supervisor gives the relay five."""

STEADY_AFTER: Final = 10.0
"""Seconds of life after which earlier failures are forgotten."""

_LOOK_EVERY: Final = 0.25


class WorkerError(Exception):
    """A worker cannot be started; the message is one sentence."""


class WorkerLost(RelayError):  # noqa: N818  what HTTP says of it
    """A worker died, or did not answer in time."""

    def __init__(self) -> None:
        super().__init__(
            "worker_lost", "The process that serves this has just gone; ask again.", 503, retry_after=1
        )


class WorkerProcess:
    """A worker, whichever process it is just now."""

    def __init__(
        self,
        number: int,
        core: int | None,
        counters: Counter[str],
        on_ready: Callable[[PipeEnd], None],
        on_lost: Callable[[PipeEnd], None],
        on_wish: Callable[[pipe.KeyFrameWanted], None],
    ) -> None:
        """`core` is what it is kept on. `on_ready` and `on_lost` get the pipe, `on_wish` key frame wishes."""
        self.number = number
        self.pid = 0
        self.viewers: dict[str, int] = {}
        """How many viewers it has, by session, as it last said."""
        self._core = core
        self._counters = counters
        self._on_ready = on_ready
        self._on_lost = on_lost
        self._on_wish = on_wish
        self._pipe: PipeEnd | None = None
        self._ready = asyncio.Event()
        self._heard_at = 0.0
        self._transports = 0
        self._pending: dict[int, asyncio.Future[pipe.Outcome]] = {}
        self._numbers = itertools.count(1)
        self._failure = ""
        self._gone = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = False

    # -- what others ask of it -------------------------------------------------------------------------

    @property
    def load(self) -> int:
        """How many transports it has, or is about to have."""
        return self._transports + len(self._pending)

    def well(self) -> bool:
        """Tell whether it can be given viewers."""
        return self._ready.is_set() and time.monotonic() - self._heard_at < SILENT_AFTER

    def say(self, message: pipe.Down) -> None:
        """Tell it something; a worker that is not there learns what it must know when it is."""
        if self._pipe is not None and self._ready.is_set():
            self._pipe.send_control(pipe.pack(message))

    async def ask(self, question: pipe.Question) -> pipe.Outcome:
        """Ask it something. Raises WorkerLost, or the RelayError it refuses with."""
        if self._pipe is None or not self._ready.is_set():
            raise WorkerLost
        number = next(self._numbers)
        pending: asyncio.Future[pipe.Outcome] = asyncio.get_running_loop().create_future()
        self._pending[number] = pending
        self.say(pipe.Ask(number, question))
        try:
            outcome = await asyncio.wait_for(pending, ANSWER_WITHIN)
        except TimeoutError:
            self._counters["worker_silent"] += 1
            raise WorkerLost from None
        finally:
            self._pending.pop(number, None)
        if isinstance(outcome, pipe.Refused):
            raise RelayError(outcome.code, outcome.detail, outcome.status, outcome.retry_after)
        return outcome

    # -- its life --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start it and return when it is ready; raises WorkerError if it never is."""
        self._keeper = asyncio.create_task(self._keep(), name=f"worker {self.number}")
        ready = asyncio.create_task(self._ready.wait())
        try:
            await asyncio.wait({ready, self._keeper}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if self._keeper.done():
            self._keeper.result()
            raise WorkerError(self._failure or f"The relay's worker {self.number} cannot start; see the log.")

    async def stop(self) -> None:
        """Have it say goodbye, and end it."""
        self._stopping = True
        if self._keeper is None:
            return
        if self._pipe is not None and not self._pipe.closed:
            self._pipe.send_control(pipe.pack(pipe.Drain()))
            await asyncio.wait({self._keeper}, timeout=STOP_WITHIN)
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)

    async def _keep(self) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            was_ready, reason = await self._live_once()
            if self._stopping or (not was_ready and failures == 0):
                return
            failures = 1 if was_ready and time.monotonic() - began > STEADY_AFTER else failures + 1
            delay = restart_delay(failures)
            self._counters["worker_restarted"] += 1
            log.warning(
                "worker %d %s; its viewers come back by themselves, and it is started again in %.1f s",
                self.number,
                reason,
                delay,
            )
            await asyncio.sleep(delay)

    async def _live_once(self) -> tuple[bool, str]:
        """Run one process to its end; return whether it was ever ready, and how it ended."""
        try:
            ours, theirs = socket_pair()
        except OSError as error:
            self._failure = f"The relay's worker {self.number} cannot start: {error.strerror}."
            return False, "cannot be started"
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "stream.worker", str(theirs.fileno()), str(self.number)),
                    "-" if self._core is None else str(self._core),
                    stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    # A group of its own: Ctrl-C in a terminal reaches the first process, which ends the rest.
                    process_group=0,
                    preexec_fn=die_with(os.getpid()),
                )
            except OSError as error:
                ours.close()
                self._failure = f"The relay's worker {self.number} cannot start: {error.strerror}."
                return False, "cannot be started"
        self.pid = process.pid
        self._gone.clear()
        self._pipe = PipeEnd(ours, self._counters, lambda frames: None, self._heard, self._gone.set)
        self._pipe.start()
        try:
            hung = await self._until_gone(process)
            was_ready = self._ready.is_set()
            self._lose()
            code = await self._end(process)
        finally:
            self._lose()
            if process.returncode is None:
                process.kill()
                await process.wait()
            self.pid = 0
        if hung:
            return was_ready, "did not answer any more, and was killed"
        return (
            was_ready,
            f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}",
        )

    async def _until_gone(self, process: asyncio.subprocess.Process) -> bool:
        """Return when the process or the pipe has ended, or True when it hangs: then it is killed."""
        clock = time.monotonic
        began = clock()
        pulse = Pulse(began)
        ended = asyncio.create_task(process.wait())
        gone = asyncio.create_task(self._gone.wait())
        try:
            while not (ended.done() or gone.done()):
                await asyncio.wait({ended, gone}, timeout=_LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
                now = clock()
                answered = self._ready.is_set() and now - self._heard_at < 2 * _LOOK_EVERY
                late = not self._ready.is_set() and now - began > READY_WITHIN
                if late or pulse.hangs(now, answered=answered, scheduled=scheduled(process.pid)):
                    if process.returncode is None:
                        process.kill()
                    return True
        finally:
            ended.cancel()
            gone.cancel()
        return False

    async def _end(self, process: asyncio.subprocess.Process) -> int:
        """Wait for a process whose pipe has ended, and kill it when it does not end too."""
        try:
            return await asyncio.wait_for(process.wait(), STOP_WITHIN)
        except TimeoutError:
            process.kill()
            return await process.wait()

    def _lose(self) -> None:
        """Have nothing more to do with the process there was."""
        one, self._pipe = self._pipe, None
        self._ready.clear()
        self.viewers, self._transports = {}, 0
        if one is not None:
            self._on_lost(one)
            one.close()
        for pending in self._pending.values():
            if not pending.done():
                pending.set_exception(WorkerLost())

    def _heard(self, data: bytes) -> None:
        message = pipe.unpack_up(data)
        self._heard_at = time.monotonic()
        match message:
            case pipe.Ready():
                assert self._pipe is not None, "only a pipe brings messages"
                self._ready.set()
                self._on_ready(self._pipe)
            case pipe.Failed(sentence):
                self._failure = sentence
            case pipe.Report(viewers, transports):
                self.viewers, self._transports = dict(viewers), transports
            case pipe.KeyFrameWanted():
                self._on_wish(message)
            case pipe.Reply(number, outcome, transports):
                self._transports = transports
                pending = self._pending.get(number)
                if pending is not None and not pending.done():
                    pending.set_result(outcome)
