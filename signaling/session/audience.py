"""Who may see what. Redaction happens here and only here, before anything is encoded.

There are four audiences: `public` (viewers), `hall` (screens and AV desks; the same, what becomes of the
hall's own picture, and what its desk and staff write to each other), `speakers` (with interpreters; who also
see who is here, who publishes, how each speaker stands, and the backstage channel), and `staff` (who see
everything).
Beside these, everybody has a private view of the own questions. The law: what an audience may not see now is
in none of its frames, old history included: no question that waits or was put aside, no words that a
moderator has changed, no name of who asked without one, no note, no draft, and never who voted for what.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec

from signaling.protocol import (
    CHANNELS,
    AccessEvent,
    AnyEvent,
    BackstageEvent,
    BallotsCast,
    Channel,
    ChatApproved,
    ChatDeleted,
    ChatMessage,
    ChatMuted,
    ChatPinned,
    ChatPosted,
    ChatUnmuted,
    ChatUnpinned,
    CueEvent,
    MediaState,
    Person,
    PollDeleted,
    PollDrafted,
    PollOpened,
    PreflightEvent,
    Question,
    QuestionApproved,
    QuestionAsked,
    QuestionDismissed,
    QuestionEdited,
    QuestionMerged,
    QuestionNoted,
    QuestionState,
    QuestionUnmerged,
    QuestionWithdrawn,
    Role,
    Snapshot,
    VotesCast,
    WordsSet,
)
from signaling.session import access, backstage, chat, cues, floor, turns
from signaling.session.state import State

Audience = Literal["public", "hall", "speakers", "staff"]
AUDIENCES: tuple[Audience, ...] = ("public", "hall", "speakers", "staff")
OUTSIDE: frozenset[Audience] = frozenset({"public", "hall"})
"""The audiences that see nothing of backstage."""

SNAPSHOT_CHAT = 200
"""Messages in a snapshot."""

HIDDEN: frozenset[QuestionState] = frozenset({"pending", "dismissed", "withdrawn", "merged"})
"""The states of a question that only staff and its author see."""

_AUDIENCES: dict[Role, Audience] = {
    "moderator": "staff",
    "chair": "staff",
    "producer": "staff",
    "owner": "staff",
    "hall": "hall",
    "speaker": "speakers",
    "interpreter": "speakers",
}


_STAFF: frozenset[Audience] = frozenset({"staff"})
_BACKSTAGE: frozenset[Audience] = frozenset({"speakers", "staff"})

_READERS: dict[Channel, frozenset[Audience]] = {
    "public": frozenset(AUDIENCES),
    "backstage": _BACKSTAGE,
    "hall": frozenset({"hall", "staff"}),
    "moderators": _STAFF,
}
"""Channel → who reads it."""


def audience_of(role: Role) -> Audience:
    """Return the audience a role belongs to."""
    return _AUDIENCES.get(role, "public")


@dataclass(frozen=True, slots=True)
class Fact:
    """An event with what was true of it when it happened: which audiences see it, and who else.

    `confidant` is the one reader who sees it whatever audience they are in, and more of it: their own name.
    """

    event: AnyEvent
    confidant: str | None = None
    audiences: frozenset[Audience] = frozenset(AUDIENCES)


def fact(before: State, event: AnyEvent) -> Fact:
    """Return the event as a fact; `before` is the state it was applied to."""
    match event:
        case ChatPosted(message=message) if message.held is not None:
            return Fact(event, message.author.id, _STAFF)
        case ChatPosted(message=message) if message.to is not None:
            return Fact(event, chat.confidant(message), _STAFF)
        case ChatPosted(message=message) | ChatApproved(message=message) | ChatPinned(message=message):
            return Fact(event, audiences=_READERS[message.channel])
        case ChatDeleted(message=message_id, author=author):
            deleted = _said(before, message_id)
            if deleted is not None and deleted.to is not None:
                return Fact(event, chat.confidant(deleted), _STAFF)
            held = deleted is not None and deleted.held is not None
            return Fact(event, author or None, _STAFF if held else _readers(deleted))
        case ChatUnpinned(message=message_id):
            return Fact(event, audiences=_readers(_said(before, message_id)))
        case WordsSet():
            return Fact(event, audiences=_STAFF)
        case ChatMuted(mute=mute):
            return Fact(event, mute.person.id, _STAFF)
        case ChatUnmuted(person=person):
            return Fact(event, person, _STAFF)
        case (
            QuestionAsked(question=question)
            | QuestionApproved(question=question)
            | QuestionUnmerged(question=question)
        ):
            return _fact_of(question, event)
        case (
            QuestionDismissed(question=question_id)
            | QuestionWithdrawn(question=question_id)
            | QuestionMerged(question=question_id)
            | QuestionEdited(question=question_id)
        ):
            known = before.questions.get(question_id)
            return Fact(event) if known is None else _fact_of(known, event)
        case QuestionNoted():
            return Fact(event, audiences=_STAFF)
        case PollDrafted():
            return Fact(event, audiences=_STAFF)
        case PollDeleted(poll=poll_id):
            poll = before.polls.get(poll_id)
            return (
                Fact(event, audiences=_STAFF) if poll is not None and poll.state == "draft" else Fact(event)
            )
        case VotesCast() | BallotsCast():
            return Fact(event, audiences=frozenset())
    if isinstance(event, AccessEvent):
        return Fact(event, audiences=_STAFF)
    if isinstance(event, PreflightEvent):
        measured = cues.find(before, event.preflight.speaker)
        return Fact(event, measured.person.id if measured and measured.person else None, _STAFF)
    if isinstance(event, CueEvent | BackstageEvent):
        return Fact(event, audiences=_BACKSTAGE)
    return Fact(event)


def _said(state: State, message_id: str) -> ChatMessage | None:
    return next((m for m in (*state.chat, *state.pinned) if m.id == message_id), None)


def _readers(message: ChatMessage | None) -> frozenset[Audience]:
    return _READERS[message.channel if message else "public"]


def _fact_of(question: Question, event: AnyEvent) -> Fact:
    author = question.author.id
    if question.state in HIDDEN:
        return Fact(event, author, _STAFF)
    return Fact(event, author if question.anonymous else None)


def visible(
    facts: Iterable[Fact], state: State, audience: Audience, participant: str
) -> tuple[AnyEvent, ...]:
    """Return the events one participant may see, by what is known now (`state`), not only then."""
    seen = (fact.event for fact in facts if _may_see(fact, state, audience, participant))
    if audience == "staff":
        return tuple(seen)
    return tuple(_redacted(event, state, participant) for event in seen)


def snapshot(state: State, audience: Audience, participant: str) -> Snapshot:
    """Return the session as one participant may see it."""
    questions = tuple(state.questions.values())
    if audience != "staff":
        questions = tuple(
            _question(question, participant)
            for question in questions
            if question.state not in HIDDEN or question.author.id == participant
        )
    return Snapshot(
        session=state.session,
        stage=state.stage,
        questions=questions,
        chat=_newest(state.chat, audience, participant),
        floor=turns.view(state.floor),
        pinned=tuple(message for message in state.pinned if audience in _READERS[message.channel]),
        chat_rules=state.chat_rules,
        chat_words=state.chat_words if audience == "staff" else None,
        muted=tuple(m for m in state.muted.values() if audience == "staff" or m.person.id == participant),
        barred=access.barred(state) if audience == "staff" else (),
        air=state.air,
        cues=() if audience in OUTSIDE else cues.running_order(state),
        order=() if audience in OUTSIDE else state.order,
        moderation=state.moderation,
        clocks=tuple(state.clocks.values()),
        crew=() if audience in OUTSIDE else tuple(state.crew.values()),
        matrix=() if audience in OUTSIDE else backstage.matrix(state),
        preflights=tuple(
            one
            for one in state.preflights.values()
            if audience == "staff" or _is_speaker(state, participant, one.speaker)
        ),
        polls=tuple(p for p in state.polls.values() if audience == "staff" or p.state != "draft"),
        announcement=state.announcement,
        declaration=state.declaration,
    )


def _newest(said: tuple[ChatMessage, ...], audience: Audience, participant: str) -> tuple[ChatMessage, ...]:
    """Return the newest messages of each channel that the audience reads, in the order they were said."""
    left = {channel: SNAPSHOT_CHAT for channel in CHANNELS if audience in _READERS[channel]}
    newest = []
    for message in reversed(said):
        alone = message.author.id if message.held is not None else chat.confidant(message)
        hidden = audience != "staff" and alone not in (None, participant)
        if left.get(message.channel) and not hidden:
            left[message.channel] -= 1
            newest.append(message)
    return tuple(reversed(newest))


def media(full: MediaState, state: State, audience: Audience) -> MediaState:
    """Return the publications an audience may know of; the public, of those on stage or on the floor.

    The hall knows of its own beside these, and to whom that goes.
    """
    if audience not in OUTSIDE:
        return full
    own = floor.ROOM if audience == "hall" else ""
    on_stage = {person.id for person in state.stage}
    voice = floor.voice(state)
    seen = tuple(
        publication
        for publication in full.publications
        if publication.participant in on_stage
        or f"{publication.participant}/{publication.source}" in (voice, own)
    )
    hall_to = backstage.looking_in(state) if audience == "hall" else ()
    return msgspec.structs.replace(full, publications=seen, hall_to=hall_to)


def _is_speaker(state: State, participant: str, speaker: str) -> bool:
    cue = cues.find(state, speaker)
    return cue is not None and cue.person is not None and cue.person.id == participant


def _may_see(fact: Fact, state: State, audience: Audience, participant: str) -> bool:
    match fact.event:
        case ChatPosted(message=message) | ChatApproved(message=message) | ChatPinned(message=message) if (
            message.id in state.deleted
        ):
            return False
        case PollOpened(poll=poll) if poll.id not in state.polls:
            return False
        case QuestionAsked() | QuestionApproved() | QuestionUnmerged() | QuestionEdited() if (
            audience != "staff"
        ):
            now = state.questions.get(_about(fact.event))
            if now is not None and now.state in HIDDEN and now.author.id != participant:
                return False
    return audience in fact.audiences or fact.confidant == participant


def _about(event: QuestionAsked | QuestionApproved | QuestionUnmerged | QuestionEdited) -> str:
    return event.question if isinstance(event, QuestionEdited) else event.question.id


def _redacted(event: AnyEvent, state: State, participant: str) -> AnyEvent:
    """Return an event as others than staff may see it: in the words of now, and without hidden names."""
    match event:
        case ChatDeleted(author=author, reason=reason) if reason and author != participant:
            return msgspec.structs.replace(event, reason="")
        case (
            QuestionAsked(question=question)
            | QuestionApproved(question=question)
            | QuestionUnmerged(question=question)
        ):
            now = state.questions.get(question.id, question)
            seen = _question(msgspec.structs.replace(question, text=now.text), participant)
            by = event.by if seen.author.id or event.by != question.author.id else ""
            if isinstance(event, QuestionUnmerged) and event.into in state.questions:
                taken = state.questions[event.into]  # by its author, whose name may be hidden
                by = by if _question(taken, participant).author.id or by != taken.author.id else ""
            return msgspec.structs.replace(event, question=seen, by=by)
        case QuestionEdited(question=question_id) if question_id in state.questions:
            return msgspec.structs.replace(event, text=state.questions[question_id].text)
        case QuestionWithdrawn(question=question_id) if question_id in state.questions:
            return msgspec.structs.replace(
                event, by=_question(state.questions[question_id], participant).author.id
            )
    return event


def _question(question: Question, participant: str) -> Question:
    """Return a question as others than staff may see it; its author sees who asked it."""
    author = question.author
    if question.anonymous and author.id != participant:
        author = Person("", "", "viewer", place=question.source)
    return msgspec.structs.replace(question, author=author, original=None, notes=())
