"""A session is the fold of its events; each subject folds its own.

The law: `apply(state, event)` is the only way state changes, it is total (whatever is in the log can be
applied), and it never mutates. What may happen at all is decided elsewhere, before the log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

from signaling.protocol import (
    AccessEvent,
    AnnouncementEvent,
    AnyEvent,
    BackstageEvent,
    ChatEvent,
    ClockEvent,
    CueEvent,
    DeclarationEvent,
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
    declarations,
    floor,
    lifecycle,
    polls,
    preflight,
    questions,
    stage,
)
from signaling.session.state import State

_SUBJECTS: tuple[tuple[Any, Callable[[State, Any], State]], ...] = (
    (LifecycleEvent, lifecycle.fold),
    (ChatEvent, chat.fold),
    (AccessEvent, access.fold),
    (FloorEvent, floor.fold),
    (QuestionEvent, questions.fold),
    (PollEvent, polls.fold),
    (AnnouncementEvent, announcements.fold),
    (DeclarationEvent, declarations.fold),
    (CueEvent, cues.fold),
    (BackstageEvent, backstage.fold),
    (ClockEvent, clock.fold),
    (PreflightEvent, preflight.fold),
    (StageEvent, stage.fold),
)

_FOLDS = {kind: fold for union, fold in _SUBJECTS for kind in get_args(union) or (union,)}
"""Who folds an event: a log is read event by event, and there are a dozen subjects to ask."""


def apply(state: State, event: AnyEvent) -> State:
    """Return the state after the event."""
    return replace(_FOLDS[type(event)](state, event), seq=event.seq)


def rewrite(state: State, at: int) -> tuple[AnyEvent, ...]:
    """Return events that lead from nothing to what matters of this state: a log lost whole starts anew."""
    return (
        *lifecycle.rewrite(state, at),
        *questions.rewrite(state, at),
        *polls.rewrite(state, at),
        *announcements.rewrite(state, at),
        *declarations.rewrite(state, at),
        *chat.rewrite(state, at),
        *cues.rewrite(state, at),
        *floor.rewrite(state, at),
        *backstage.rewrite(state, at),
        *clock.rewrite(state, at),
        *preflight.rewrite(state, at),
        *stage.rewrite(state, at),
        *access.rewrite(state, at),
    )
