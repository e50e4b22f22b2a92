"""Who may see what. Redaction happens here and only here, before anything is encoded.

There are three audiences: `public` (viewers, halls), `speakers` (with interpreters; who also see who is
here, who publishes, how each speaker stands, and the backstage channel), and `staff` (who see everything).
Beside these, everybody has a private view of the own questions. The law: what an audience may not see now is
in none of its frames, old history included.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec

from signaling.protocol import (
    CHANNELS,
    AnyEvent,
    Channel,
    ChatDeleted,
    ChatMessage,
    ChatPosted,
    CueEvent,
    MediaState,
    QuestionApproved,
    QuestionAsked,
    QuestionDismissed,
    Role,
    Snapshot,
)
from signaling.session import cues
from signaling.session.state import State

Audience = Literal["public", "speakers", "staff"]
AUDIENCES: tuple[Audience, ...] = ("public", "speakers", "staff")

SNAPSHOT_CHAT = 200
"""Messages in a snapshot."""

_AUDIENCES: dict[Role, Audience] = {
    "moderator": "staff",
    "chair": "staff",
    "producer": "staff",
    "owner": "staff",
    "speaker": "speakers",
    "interpreter": "speakers",
}


_STAFF: frozenset[Audience] = frozenset({"staff"})
_BACKSTAGE: frozenset[Audience] = frozenset({"speakers", "staff"})

_READERS: dict[Channel, frozenset[Audience]] = {
    "public": frozenset(AUDIENCES),
    "backstage": _BACKSTAGE,
    "moderators": _STAFF,
}
"""Channel → who reads it."""


def audience_of(role: Role) -> Audience:
    """Return the audience a role belongs to."""
    return _AUDIENCES.get(role, "public")


@dataclass(frozen=True, slots=True)
class Fact:
    """An event with what was true of it when it happened: which audiences see it, and who else.

    `confidant` is the one reader who sees it whatever audience they are in.
    """

    event: AnyEvent
    confidant: str | None = None
    audiences: frozenset[Audience] = frozenset(AUDIENCES)


def fact(before: State, event: AnyEvent) -> Fact:
    """Return the event as a fact; `before` is the state it was applied to."""
    match event:
        case ChatPosted(message=message):
            return Fact(event, audiences=_READERS[message.channel])
        case ChatDeleted(message=message_id):
            deleted = next((m for m in before.chat if m.id == message_id), None)
            return Fact(event, audiences=_READERS[deleted.channel if deleted else "public"])
        case QuestionAsked(question=question):
            return Fact(event, question.author.id, _STAFF)
        case QuestionDismissed(question=question_id):
            dismissed = before.questions.get(question_id)
            if dismissed is not None and dismissed.state == "pending":
                return Fact(event, dismissed.author.id, _STAFF)
    if isinstance(event, CueEvent):
        return Fact(event, audiences=_BACKSTAGE)
    return Fact(event)


def visible(
    facts: Iterable[Fact], state: State, audience: Audience, participant: str
) -> tuple[AnyEvent, ...]:
    """Return the events one participant may see, by what is known now (`state`), not only then."""
    return tuple(fact.event for fact in facts if _may_see(fact, state, audience, participant))


def snapshot(state: State, audience: Audience, participant: str) -> Snapshot:
    """Return the session as one participant may see it."""
    hidden = () if audience == "staff" else ("pending", "dismissed")
    return Snapshot(
        session=state.session,
        stage=state.stage,
        questions=tuple(
            question
            for question in state.questions.values()
            if question.state not in hidden or question.author.id == participant
        ),
        chat=_newest(state.chat, audience),
        air=state.air,
        cues=() if audience == "public" else cues.running_order(state),
        order=() if audience == "public" else state.order,
    )


def _newest(chat: tuple[ChatMessage, ...], audience: Audience) -> tuple[ChatMessage, ...]:
    """Return the newest messages of each channel that the audience reads, in the order they were said."""
    left = {channel: SNAPSHOT_CHAT for channel in CHANNELS if audience in _READERS[channel]}
    newest = []
    for message in reversed(chat):
        if left.get(message.channel):
            left[message.channel] -= 1
            newest.append(message)
    return tuple(reversed(newest))


def media(full: MediaState, state: State, audience: Audience) -> MediaState:
    """Return the publications an audience may know of; the public, of those on stage."""
    if audience != "public":
        return full
    on_stage = {person.id for person in state.stage}
    seen = tuple(publication for publication in full.publications if publication.participant in on_stage)
    return msgspec.structs.replace(full, publications=seen)


def _may_see(fact: Fact, state: State, audience: Audience, participant: str) -> bool:
    match fact.event:
        case ChatPosted(message=message) if message.id in state.deleted:
            return False
        case QuestionApproved(question=question) if audience != "staff":
            now = state.questions.get(question.id, question)
            if now.state == "dismissed" and now.author.id != participant:
                return False
    return audience in fact.audiences or fact.confidant == participant
