"""Keeps child processes alive, and ends them all: Redis, a relay, a signaling worker, a publisher.

Owns starting, watching, restarting and stopping. The law: a child that dies or hangs after it was once
ready is started again, quickly at first; one that never became ready ends the whole start with its own
last words; and no child outlives the supervisor, however that ends. It must not know what a child does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Final

from stream.child_process import Pulse, as_spare, die_with, restart_delay, scheduled

READY_WITHIN: Final = 30.0
"""Seconds a child may take to become ready for the first time."""

PROBE_EVERY: Final = 0.5
STARTING_PROBE_EVERY: Final = 0.05
PROBE_WITHIN: Final = 5.0
"""Seconds a probe may take: on a busy machine both sides wait for a processor."""

LOOK_EVERY: Final = 0.25
"""Seconds between two looks at a child that has not answered yet."""

STOP_WITHIN: Final = 5.0
"""Seconds a child may take to end after SIGTERM, before SIGKILL."""

STEADY_AFTER: Final = 10.0
"""Seconds of life after which a child's earlier failures are forgotten."""

SPARE_AFTER: Final = 5.0
"""Seconds of answers after which a child's spare is made ready, so that no start waits for it."""

MAX_LINE: Final = 64 * 1024

Probe = Callable[[], Awaitable[bool]]
Say = Callable[[str, str], None]
"""Told (child's name, one line) of all that children and supervisor say."""


class StartError(Exception):
    """Something cannot be started; the message is one sentence, with a way out where there is one."""


@dataclass(frozen=True)
class ChildSpec:
    """What to run, and how to ask it whether it is well. A child without a probe is ready at once.

    With `spare`, a second process stands by once the first has been well for some time: all imported, nothing
    opened (`stream.child_process.wait_for_turn`). It takes over when the first ends.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    probe: Probe | None = None
    keep_fds: tuple[int, ...] = ()
    spare: bool = False


class Supervisor:
    """Runs children from `start` until the `async with` block ends; stops them in reverse order."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._children: list[_Child] = []

    async def __aenter__(self) -> Supervisor:
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._children:
            await self._children.pop().stop()

    async def start(self, spec: ChildSpec) -> None:
        """Start a child and return when it is ready; raises StartError if it never is."""
        child = _Child(spec, self._say)
        self._children.append(child)
        await child.start()

    def pids(self) -> dict[str, int]:
        """Return the process ids of the children that run now, by name."""
        return {child.spec.name: child.pid for child in self._children if child.pid}


class _Child:
    def __init__(self, spec: ChildSpec, say: Say) -> None:
        self.spec = spec
        self.pid = 0
        self._say = say
        self._was_ready = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._last_line = ""
        self._spare: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.spec.name}")
        ready = asyncio.create_task(self._was_ready.wait())
        try:
            await asyncio.wait(
                {ready, self._keeper}, timeout=READY_WITHIN, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            ready.cancel()
        if self._was_ready.is_set():
            return
        if not self._keeper.done():
            raise StartError(f"{self.spec.name} was not ready within {READY_WITHIN:.0f} s.")
        self._keeper.result()
        words = self._last_line or "it said nothing."
        raise StartError(f"{self.spec.name} did not start: {words}")

    async def stop(self) -> None:
        """End the child: SIGTERM, and SIGKILL when that does not help."""
        if self._keeper is not None:
            await _cancel(self._keeper)
        if self._spare is not None:
            await _end(self._spare)

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            reason = await self._live_once()
            if not self._was_ready.is_set():
                return
            failures = 1 if loop.time() - began > STEADY_AFTER else failures + 1
            delay = restart_delay(failures)
            self._say(self.spec.name, f"{reason}; starting it again in {delay:.1f} s")
            await asyncio.sleep(delay)

    async def _live_once(self) -> str:
        """Run the process until it ends, and return how it did."""
        try:
            process = self._relieve() or await self._spawn(spare=False)
        except OSError as error:
            self._last_line = f"{self.spec.argv[0]} cannot be run ({error.strerror})."
            return self._last_line
        self.pid = process.pid
        reader = asyncio.create_task(self._read_lines(process))
        watcher = asyncio.create_task(self._watch(process))
        try:
            code = await process.wait()
            # Its last words may still be in the pipe; a grandchild may hold the pipe open for ever.
            await asyncio.wait({reader}, timeout=1)
        finally:
            await _end(process)
            await _cancel(watcher)
            await _cancel(reader)
            self.pid = 0
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"ended with code {code}"

    def _relieve(self) -> asyncio.subprocess.Process | None:
        """Let the spare begin, if there is one that lives."""
        spare, self._spare = self._spare, None
        if spare is None or spare.returncode is not None or spare.stdin is None:
            return None
        spare.stdin.write(b"\n")
        spare.stdin.close()
        return spare

    async def _spawn(self, *, spare: bool) -> asyncio.subprocess.Process:
        env = self.spec.env or os.environ
        return await asyncio.create_subprocess_exec(
            *self.spec.argv,
            env=as_spare(env) if spare else dict(env),
            stdin=asyncio.subprocess.PIPE if spare else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=MAX_LINE,
            pass_fds=self.spec.keep_fds,
            # A group of its own: Ctrl-C in a terminal reaches the supervisor alone, which ends the rest.
            start_new_session=True,
            preexec_fn=die_with(os.getpid()),
        )

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Wait for readiness, then see to a spare, and kill the child when it hangs."""
        if self.spec.probe is None:
            self._was_ready.set()
            return
        clock = asyncio.get_running_loop().time
        pulse = Pulse(clock())
        spare_due = clock() + SPARE_AFTER
        while True:
            probing = asyncio.create_task(_answers(self.spec.probe))
            try:
                while not probing.done():
                    await asyncio.wait({probing}, timeout=LOOK_EVERY)
                    answered = probing.done() and probing.result()
                    if pulse.hangs(clock(), answered=answered, scheduled=scheduled(process.pid)):
                        self._say(self.spec.name, "does not answer any more, so it is killed")
                        with contextlib.suppress(ProcessLookupError):
                            process.kill()
                        return
            finally:
                probing.cancel()
            if answered:
                self._was_ready.set()
                if self.spec.spare and clock() >= spare_due:
                    spare_due = clock() + SPARE_AFTER
                    await self._stand_by()
            await asyncio.sleep(PROBE_EVERY if pulse.begun else STARTING_PROBE_EVERY)

    async def _stand_by(self) -> None:
        """See to it that there is a spare that lives."""
        if self._spare is None or self._spare.returncode is not None:
            with contextlib.suppress(OSError):  # no memory, no processes: it does without
                self._spare = await self._spawn(spare=True)

    async def _read_lines(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                raw = await process.stdout.readline()
            except ValueError:  # longer than MAX_LINE: asyncio has dropped it
                continue
            if not raw:
                return
            line = raw.decode(errors="replace").rstrip()
            if line:
                self._last_line = line
                self._say(self.spec.name, line)


async def _answers(probe: Probe) -> bool:
    try:
        return await asyncio.wait_for(probe(), PROBE_WITHIN)
    except (TimeoutError, OSError):
        return False


async def _cancel(task: asyncio.Task[None]) -> None:
    """End a task of ours; its own error, if it had one, is raised here."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_WITHIN)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def stop_signals() -> AsyncIterator[asyncio.Event]:
    """Yield an event that SIGINT, SIGTERM or SIGHUP sets, instead of what they would do."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in caught:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in caught:
            loop.remove_signal_handler(number)


async def run_until_stopped(work: Coroutine[None, None, None]) -> None:
    """Run to the end, or until a stop signal cancels it; its own error is raised."""
    async with stop_signals() as stop:
        working = asyncio.create_task(work)
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await _cancel(working)
        stopping.cancel()
