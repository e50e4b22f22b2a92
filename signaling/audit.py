"""The audit: who of those that keep order did what, to which, and why. Pure.

An entry is made from the event that says what was done, when it is decided, and is kept in a stream of its
own beside the log (log.py), written in the same step: there is no act without its entry, and no entry
without its act. The law: entries are only ever added; they have ids and no names, so that taking a
person's name out of the log takes it out here; and no text of anybody's is in one, but the reason given.
What people do with what is their own is no act.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from signaling.protocol import AnyEvent, Cue, Person
from signaling.session.decision import STAFF

KEEPING_ORDER: Final = STAFF | {"hall"}
"""The roles whose acts are kept: a hall's desk puts people into the floor's queue."""

OWN: Final = frozenset(
    {
        "chat.posted",
        "declaration.signed",
        "floor.restored",
        "poll.ballots",
        "question.asked",
        "question.votes",
        "question.withdrawn",
        "session.created",
    }
)
"""Events that tell what somebody did for themselves, staff or not, or what was written anew."""

_WHICH: Final = (
    "message",
    "question",
    "hand",
    "poll",
    "announcement",
    "declaration",
    "organisation",
    "cue",
    "invitation",
    "speaker",
    "person",
)
"""The fields that say which thing an event is about, by their rank."""

_CHOICES: Final = frozenset({"feed", "mode", "role", "state"})
"""The fields whose words are the protocol's own, and nobody's text."""


class AuditEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One act. `action` is the event's type, `which` the id of what it was done to.

    `whose` is the participant concerned, where that is another; `name` of who acted is told with it, as far
    as the session's log or its attendance book has it, and is not kept here. `epoch` and `seq` are the
    event's place in the log, `id` the entry's own place in the audit: the one to go on after.
    """

    at: int
    by: str
    action: str
    name: str = ""
    role: str = ""
    which: str = ""
    whose: str = ""
    why: str = ""
    details: dict[str, Any] = {}
    id: str = ""
    epoch: int = 0
    seq: int = 0


class AuditPage(msgspec.Struct, frozen=True):
    """Some of the audit, oldest first. `next` is what to ask for after this page; None at the end."""

    entries: tuple[AuditEntry, ...]
    next: str | None = None


def entry_of(event: AnyEvent, actor: Person | None) -> AuditEntry | None:
    """Return the entry of an event, or None if it is no act of who keeps order.

    `actor` is who caused it, None where only the event is known.
    """
    action = str(event.__struct_config__.tag)
    if action in OWN or (actor is not None and actor.role not in KEEPING_ORDER):
        return None
    fields = _fields(event)
    whose = fields.get("author", "")
    if not isinstance(whose, str):  # of a note, who has done it: no other is concerned
        whose = ""
    elif whose == event.by:
        return None
    which = next((_id(fields[name]) for name in _WHICH if name in fields), "")
    return AuditEntry(
        at=event.at,
        by=event.by,
        action=action,
        role=actor.role if actor else "",
        which=which,
        whose=whose,
        why=str(fields.get("reason", "")),
        details={
            name: value for name, value in fields.items() if isinstance(value, bool | int) or name in _CHOICES
        },
    )


def kept(event: AnyEvent, actor: Person | None) -> bytes:
    """Return the entry of an event as it is written; nothing, if it is no act."""
    entry = entry_of(event, actor)
    return b"" if entry is None else msgspec.json.encode(entry)


def _fields(event: AnyEvent) -> dict[str, Any]:
    """Return what an event says, with what its rules and mutes say beside it, and a cue's step."""
    said: dict[str, Any] = {}
    for name in event.__struct_fields__:
        if name in ("at", "by", "seq"):
            continue
        value = getattr(event, name)
        if isinstance(value, msgspec.Struct) and name not in _WHICH:
            said |= {inner: getattr(value, inner) for inner in value.__struct_fields__}
        else:
            said[name] = value
            if isinstance(value, Cue):
                said["state"] = value.state
    return said


def _id(value: Any) -> str:
    return value if isinstance(value, str) else str(getattr(value, "id", ""))
