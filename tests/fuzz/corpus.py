"""The corpus that grows: inputs that once led a parser where no other had, kept beside this file.

One file a parser, one input a line in base64, in the order of its text. They are mutated like the sound
inputs, so that a run begins where the runs before it ended. What reaches new lines is told by a trace.
"""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "corpus"

MOST_BYTES: Final = 4_096
"""Longer inputs are not kept: they are offers with something repeated."""

MOST_INPUTS: Final = 400
"""Inputs kept for one parser."""

_SOURCES: Final = (f"{Path(__file__).parents[2]}/stream/", f"{Path(__file__).parents[2]}/signaling/")

Arc = tuple[str, int, int]
"""A step from line to line: file, line before (0 at a call), line after."""


def load(name: str, folder: Path = FOLDER) -> tuple[bytes, ...]:
    """Return the inputs kept for a parser."""
    path = folder / f"{name}.txt"
    return tuple(b64decode(line) for line in path.read_text().splitlines()) if path.exists() else ()


def save(name: str, inputs: set[bytes], folder: Path = FOLDER) -> None:
    """Keep inputs for a parser, beside those that are kept already; the shortest where there are too many."""
    kept = sorted({*load(name, folder), *inputs}, key=lambda data: (len(data), data))[:MOST_INPUTS]
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.txt").write_text("".join(f"{b64encode(data).decode()}\n" for data in kept))


def trace(call: Callable[[], None]) -> set[Arc]:
    """Run something and return the steps it took through our own sources."""
    arcs: set[Arc] = set()

    def enter(frame: FrameType, event: str, argument: object) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(_SOURCES):
            return None
        before = 0

        def step(frame: FrameType, event: str, argument: object) -> Any:
            nonlocal before
            if event == "line":
                arcs.add((name, before, frame.f_lineno))
                before = frame.f_lineno
            return step

        return step

    former = sys.gettrace()
    sys.settrace(enter)
    try:
        call()
    finally:
        sys.settrace(former)
    return arcs
