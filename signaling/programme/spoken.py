"""People and things as a calendar says them in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Named(Protocol):
    """Whoever has a name, and perhaps more."""

    @property
    def name(self) -> str: ...
    @property
    def affiliation(self) -> str: ...
    @property
    def title(self) -> str: ...


def lead(chairs: Sequence[Named], speakers: Sequence[Named]) -> str:
    """Return the paragraph that names the people of a session, or nothing where there are none."""
    lines = [f"Chair: {_said(person)}" for person in chairs]
    lines += [f"Speaker: {_said(person)}" for person in speakers]
    return "\n".join(lines) + "\n\n" if lines else ""


def _said(person: Named) -> str:
    more = ", ".join(part for part in (person.title, person.affiliation) if part)
    return f"{person.name} ({more})" if more else person.name
