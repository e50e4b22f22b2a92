"""The two answers a command can get, and the names of what it touches.

A decision is taken on one worker's state, which may be behind the log by a moment. So it says what it
leans on; the log accepts it only if none of that has changed since the state's position.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from signaling.protocol import AnyCommand, AnyEvent, Person, Role, StageNow

SESSION = "session"
"""The entity of the session's status."""
PROGRAMME = "programme"
"""The entity of the session's title, and of what the programme says of it."""
STAGE = "stage"
"""The entity of who is on stage, and of what goes out."""
ORDER = "order"
"""The entity of the order of speaking."""
SCREEN = "screen"
"""The entity of what is on the hall's screen."""
ANNOUNCEMENT = "announcement"
"""The entity of what is pinned on all screens."""
POLLS = "polls"
"""The entity of which polls are open."""
DECLARATION = "declaration"
"""The entity of what is put before organisations to be signed."""
MODERATION = "moderation"
"""The entity of whether questions wait for a moderator."""

RULES = "chat.rules"
"""The entity of the chat's rules and of its words."""

STAFF: frozenset[Role] = frozenset({"moderator", "chair", "producer", "owner"})
"""The roles that keep order, and that rules for the audience do not bind."""


def person_entity(participant: str) -> str:
    """Name the entity of one person's access."""
    return f"person:{participant}"


def question_entity(question_id: str) -> str:
    """Name the entity of one question."""
    return f"question:{question_id}"


def poll_entity(poll_id: str) -> str:
    """Name the entity of one poll."""
    return f"poll:{poll_id}"


def message_entity(message_id: str) -> str:
    """Name the entity of one chat message."""
    return f"message:{message_id}"


def voice_entity(person: str) -> str:
    """Name the entity of whether one person may post, and when they last did where that matters."""
    return f"chat:{person}"


def cue_entity(cue_id: str) -> str:
    """Name the entity of one speaker's cue."""
    return f"cue:{cue_id}"


def clock_entity(cue_id: str) -> str:
    """Name the entity of one speaker's clock."""
    return f"clock:{cue_id}"


def preflight_entity(cue_id: str) -> str:
    """Name the entity of one speaker's pre-flight."""
    return f"preflight:{cue_id}"


def backstage_entity(what: str) -> str:
    """Name the entity of a person backstage, or of a place of the matrix."""
    return f"backstage:{what}"


@dataclass(frozen=True, slots=True)
class Decision:
    """The events to append, in order; none: what was asked for is so already.

    `leans_on` are the entities that must be as the state showed them, `changes` those (leant on as
    well) whose version the events raise.
    """

    events: tuple[AnyEvent, ...] = ()
    leans_on: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing happens: a stable code (docs/protocol.md) and a sentence.

    `retry_after`: the seconds after which the same may go. `now`: what is, where the command was for a stage
    that is no more.
    """

    code: str
    reason: str
    retry_after: float | None = None
    now: StageNow | None = None


Outcome = Decision | Refusal


def derived_id(prefix: str, actor: Person, command: AnyCommand) -> str:
    """Return the id of what a command makes: the same again for the same command of the same actor."""
    digest = hashlib.blake2s(f"{actor.id}\n{command.id}".encode(), digest_size=10)
    return f"{prefix}{digest.hexdigest()}"
