"""From a command to its events, or to a refusal.

The law: pure. Who may give a command was settled before (auth.py); here it is asked only whether it
makes sense now. The same command on the same state gives the same outcome, ids included.
"""

from __future__ import annotations

import hashlib

from signaling.protocol import (
    AnyCommand,
    AskQuestion,
    BringOn,
    DeleteChat,
    DescribeSession,
    EndSession,
    OpenDoors,
    PauseSession,
    Person,
    PostChat,
    ReopenSession,
    ResumeSession,
    StartSession,
    TakeOff,
)
from signaling.session import chat, lifecycle, questions, stage
from signaling.session.decision import Outcome, Refusal
from signaling.session.state import State


def decide(
    state: State, actor: Person, command: AnyCommand, *, now: int, known: Person | None = None
) -> Outcome:
    """Return what the command comes to; `now` in ms since 1970, `known` whom the command names."""
    if state.session.status == "ended" and not isinstance(command, EndSession | ReopenSession):
        return Refusal("session_ended", "The session has ended; nothing changes in it any more.")
    match command:
        case PostChat():
            return chat.post(state, actor, command, now=now, new_id=derived_id("m", actor, command))
        case DeleteChat():
            return chat.delete(state, actor, command, now=now)
        case AskQuestion():
            return questions.ask(state, actor, command, now=now, new_id=derived_id("q", actor, command))
        case BringOn():
            return stage.bring_on(state, actor, command, now=now, known=known)
        case TakeOff():
            return stage.take_off(state, actor, command, now=now)
        case DescribeSession():
            return lifecycle.describe(state, actor, command, now=now)
        case OpenDoors() | StartSession() | PauseSession() | ResumeSession() | EndSession() | ReopenSession():
            return lifecycle.step(state, actor, command, now=now)
        case _:
            return questions.step(state, actor, command, now=now)


def derived_id(prefix: str, actor: Person, command: AnyCommand) -> str:
    """Return the id of what a command makes: the same again for the same command of the same actor."""
    digest = hashlib.blake2s(f"{actor.id}\n{command.id}".encode(), digest_size=10)
    return f"{prefix}{digest.hexdigest()}"
