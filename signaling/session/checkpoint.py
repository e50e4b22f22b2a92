"""A session's state kept at its place in the log, so that who begins to follow reads only what came after.

The law: a checkpoint is a short cut and never the truth. It is taken only by the very code that wrote it
(SHAPE is made of the sources that fold), and only if the log still has the entry it was made at; in any
other case the log is read from its start, which is whole: nothing is ever cut off it, what lies before a
checkpoint is only packed. So a new field of the state, or another way to fold, needs nothing done here.
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import msgspec

from signaling.protocol import AnyEvent
from signaling.session.state import State

EVERY: Final = 250
"""Events between two checkpoints."""

TAIL: Final = 250
"""Events after it before a checkpoint is kept: who starts from it can tell what those missed who resume."""

_FOLDERS: Final = (Path(__file__).parent, Path(__file__).parents[1] / "protocol")
_SOURCES: Final = sorted(source for folder in _FOLDERS for source in folder.rglob("*.py"))

SHAPE: Final = hashlib.blake2s(b"\n".join(source.read_bytes() for source in _SOURCES)).hexdigest()[:16]
"""Names the code that folds, and so what the state means."""


class Checkpoint(msgspec.Struct, frozen=True):
    """The state after an entry of the log, and that entry: its event and the command it came from."""

    state: State
    event: AnyEvent
    command: str


def pack(checkpoint: Checkpoint) -> str:
    """Return a checkpoint as text."""
    return msgspec.json.encode(checkpoint, enc_hook=_plain).decode()


def unpack(text: str) -> Checkpoint | None:
    """Return the checkpoint, or None if the text is none."""
    try:
        found = _decode(text)
    except msgspec.DecodeError:
        return None
    return msgspec.structs.replace(found, state=_frozen(found.state))


_decode = msgspec.json.Decoder(Checkpoint).decode


def _plain(value: object) -> object:
    if isinstance(value, MappingProxyType):
        return dict(value)
    raise NotImplementedError(type(value).__name__)


def _frozen(value: Any) -> Any:
    """Make mappings unchangeable again, those of parts of the state included."""
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(one) for key, one in value.items()})
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return dataclasses.replace(value, **{name: _frozen(getattr(value, name)) for name in names})
    return value
