"""What keeping a child takes: to know that it hangs, when to start it again, and that it dies with us.

Used by whoever runs children: the supervisor its services, a relay its viewer workers; and by a child that
is to stand by as a spare. Linux only. It must not know what a child does.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HUNG_AFTER: Final = 1.5
"""Seconds after which a child that neither answers nor runs counts as hung."""

DEAF_AFTER: Final = 30.0
"""Seconds after which one that runs but does not answer does too."""

_SPARE: Final = "_ROSTRUM_SPARE"
_PR_SET_PDEATHSIG: Final = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Pulse:
    """Tells a child that hangs from one that is only slow: pure. Times in seconds, `now` at the start.

    A process that hangs (stopped, deadlocked) is not even scheduled; one on a busy machine runs, or
    waits to run, and is given far longer. A long start (a Redis that reads its log) is no hanging
    either: all begins with the first answer.
    """

    moved: float
    begun: bool = False
    well: float = 0.0
    scheduled: str = ""

    def hangs(self, now: float, *, answered: bool, scheduled: str) -> bool:
        """Take one look. `scheduled` changes as long as the process is; empty if that is not known."""
        if answered:
            self.begun, self.well = True, now
        if answered or not scheduled or scheduled != self.scheduled:
            self.moved = now
        self.scheduled = scheduled
        return self.begun and (now - self.moved >= HUNG_AFTER or now - self.well >= DEAF_AFTER)


def restart_delay(failures: int) -> float:
    """Return the seconds to wait before the restart after so many failures in a row (from 1): 0.1 to 5."""
    return float(min(5.0, 0.1 * 2 ** min(failures - 1, 10)))


def as_spare(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child that shall only get ready, and wait for its turn."""
    return {**env, _SPARE: "1"}


def wait_for_turn() -> None:
    """Return at once; in a spare, once its parent has written a line to it. One without a parent ends.

    To be called when all is imported, which is most of what a start takes, and before anything is opened.
    """
    if os.environ.pop(_SPARE, None) and not sys.stdin.buffer.readline():
        sys.exit(0)


def scheduled(pid: int) -> str:
    """Return how long a process has run and has waited to run (proc(5), schedstat); empty if not known."""
    try:
        return Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii")
    except OSError:
        return ""


def die_with(parent: int) -> Callable[[], None]:
    """Return what a child runs before exec: the kernel shall kill it when its parent dies (prctl(2))."""

    def in_child() -> None:
        if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0 or os.getppid() != parent:
            os._exit(1)

    return in_child
