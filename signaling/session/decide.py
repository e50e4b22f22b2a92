"""From a command to its events, or to a refusal.

The law: pure. Who may give a command was settled before (auth.py); here it is asked only whether it
makes sense now. The same command on the same state gives the same outcome, ids included.
"""

from __future__ import annotations

from signaling.protocol import (
    AccessCommand,
    AnyCommand,
    ChatCommand,
    CueCommand,
    EndSession,
    LifecycleCommand,
    Person,
    QuestionCommand,
    ReopenSession,
    StageCommand,
)
from signaling.session import access, chat, cues, lifecycle, questions, stage
from signaling.session.decision import Outcome, Refusal
from signaling.session.state import State


def decide(
    state: State, actor: Person, command: AnyCommand, *, now: int, known: Person | None = None
) -> Outcome:
    """Return what the command comes to; `now` in ms since 1970, `known` whom the command names."""
    if isinstance(command, AccessCommand):
        return access.decide(state, actor, command, now=now, known=known)
    if state.session.status == "ended" and not isinstance(command, EndSession | ReopenSession):
        return Refusal("session_ended", "The session has ended; nothing changes in it any more.")
    if isinstance(command, LifecycleCommand):
        return lifecycle.decide(state, actor, command, now=now)
    if isinstance(command, ChatCommand):
        return chat.decide(state, actor, command, now=now)
    if isinstance(command, QuestionCommand):
        return questions.decide(state, actor, command, now=now)
    if isinstance(command, CueCommand):
        return cues.decide(state, actor, command, now=now, known=known)
    assert isinstance(command, StageCommand)
    return stage.decide(state, actor, command, now=now, known=known)
