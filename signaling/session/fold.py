"""A session is the fold of its events; each subject folds its own.

The law: `apply(state, event)` is the only way state changes, it is total (whatever is in the log can be
applied), and it never mutates. What may happen at all is decided elsewhere, before the log.
"""

from __future__ import annotations

from dataclasses import replace

from signaling.protocol import (
    AccessEvent,
    AnnouncementEvent,
    AnyEvent,
    BackstageEvent,
    ChatEvent,
    ClockEvent,
    CueEvent,
    FloorEvent,
    LifecycleEvent,
    PollEvent,
    PreflightEvent,
    QuestionEvent,
    StageEvent,
)
from signaling.session import (
    access,
    announcements,
    backstage,
    chat,
    clock,
    cues,
    floor,
    lifecycle,
    polls,
    preflight,
    questions,
    stage,
)
from signaling.session.state import State


def apply(state: State, event: AnyEvent) -> State:
    """Return the state after the event."""
    return replace(_fold(state, event), seq=event.seq)


def _fold(state: State, event: AnyEvent) -> State:
    if isinstance(event, LifecycleEvent):
        return lifecycle.fold(state, event)
    if isinstance(event, ChatEvent):
        return chat.fold(state, event)
    if isinstance(event, AccessEvent):
        return access.fold(state, event)
    if isinstance(event, FloorEvent):
        return floor.fold(state, event)
    if isinstance(event, QuestionEvent):
        return questions.fold(state, event)
    if isinstance(event, PollEvent):
        return polls.fold(state, event)
    if isinstance(event, AnnouncementEvent):
        return announcements.fold(state, event)
    if isinstance(event, CueEvent):
        return cues.fold(state, event)
    if isinstance(event, BackstageEvent):
        return backstage.fold(state, event)
    if isinstance(event, ClockEvent):
        return clock.fold(state, event)
    if isinstance(event, PreflightEvent):
        return preflight.fold(state, event)
    assert isinstance(event, StageEvent)
    return stage.fold(state, event)


def rewrite(state: State, at: int) -> tuple[AnyEvent, ...]:
    """Return events that lead from nothing to what matters of this state: a log lost whole starts anew."""
    return (
        *lifecycle.rewrite(state, at),
        *questions.rewrite(state, at),
        *polls.rewrite(state, at),
        *announcements.rewrite(state, at),
        *chat.rewrite(state, at),
        *cues.rewrite(state, at),
        *floor.rewrite(state, at),
        *backstage.rewrite(state, at),
        *clock.rewrite(state, at),
        *preflight.rewrite(state, at),
        *stage.rewrite(state, at),
        *access.rewrite(state, at),
    )
