"""A person's name taken out of what was written: the events stay, who they were of is not told any more."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from signaling.protocol import AnyEvent, Person

ERASED: Final = "Erased"
"""What somebody is called whose data was erased."""


def erased(event: AnyEvent, participant: str) -> AnyEvent:
    """Return the event with this participant's name, affiliation and title taken out, wherever it is told."""
    said = msgspec.to_builtins(event)
    without = _without(said, participant)
    return event if without == said else msgspec.convert(without, AnyEvent)


def nobody(person: Person) -> Person:
    """Return somebody without a name: what is left says what they were here."""
    return msgspec.structs.replace(person, name=ERASED, affiliation="", title="")


def _without(value: Any, participant: str) -> Any:
    if isinstance(value, list | tuple):
        return [_without(one, participant) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("id") == participant and {"name", "role"} <= value.keys():
        return {key: one for key, one in value.items() if key not in ("affiliation", "title")} | {
            "name": ERASED
        }
    return {key: _without(one, participant) for key, one in value.items()}
