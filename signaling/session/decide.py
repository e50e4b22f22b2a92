"""From a command to its events, or to a refusal.

The law: pure. Who may give a command was settled before (auth.py); here it is asked only whether it
makes sense now. The same command on the same state gives the same outcome, ids included.
"""

from __future__ import annotations

from signaling.protocol import (
    OVER,
    AccessCommand,
    AnnouncementCommand,
    AnyCommand,
    BackstageCommand,
    CaptionCommand,
    ChatCommand,
    ClockCommand,
    CueCommand,
    DeclarationCommand,
    EndSession,
    FloorCommand,
    LifecycleCommand,
    OfferReplay,
    Person,
    PollCommand,
    QuestionCommand,
    ReactionCommand,
    ReopenSession,
    StageCommand,
    StartPreflight,
    WithdrawReplay,
)
from signaling.session import (
    access,
    announcements,
    backstage,
    captions,
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
from signaling.session.decision import Decision, Outcome, Refusal
from signaling.session.preflight import Conclusion
from signaling.session.state import State

AFTERWARDS = EndSession | ReopenSession | OfferReplay | WithdrawReplay
"""The commands on a session that make sense when it is over."""


def decide(
    state: State,
    actor: Person,
    command: AnyCommand | Conclusion,
    *,
    now: int,
    known: Person | None = None,
) -> Outcome:
    """Return what the command comes to; `now` in ms since 1970, `known` whom the command names."""
    if isinstance(command, AccessCommand):
        return access.decide(state, actor, command, now=now, known=known)
    if state.session.status in OVER and not isinstance(command, AFTERWARDS):
        return Refusal("session_ended", "The session has ended; nothing changes in it any more.")
    if isinstance(command, LifecycleCommand):
        return lifecycle.decide(state, actor, command, now=now)
    if isinstance(command, ChatCommand):
        return chat.decide(state, actor, command, now=now, known=known)
    if isinstance(command, FloorCommand):
        return floor.decide(state, actor, command, now=now)
    if isinstance(command, QuestionCommand):
        return questions.decide(state, actor, command, now=now)
    if isinstance(command, PollCommand):
        return polls.decide(state, actor, command, now=now)
    if isinstance(command, AnnouncementCommand):
        return announcements.decide(state, actor, command, now=now)
    if isinstance(command, DeclarationCommand):
        return declarations.decide(state, actor, command, now=now)
    if isinstance(command, ReactionCommand):
        return Decision()  # told, and nothing of it is kept
    if isinstance(command, CaptionCommand):
        return captions.decide(state, command)
    if isinstance(command, CueCommand):
        return cues.decide(state, actor, command, now=now, known=known)
    if isinstance(command, BackstageCommand):
        return backstage.decide(state, actor, command, now=now)
    if isinstance(command, ClockCommand):
        return clock.decide(state, actor, command, now=now)
    if isinstance(command, StartPreflight):
        return preflight.decide(state, actor, command, now=now)
    if isinstance(command, Conclusion):
        return preflight.conclude(state, actor, command, now=now)
    assert isinstance(command, StageCommand)
    return stage.decide(state, actor, command, now=now, known=known)
