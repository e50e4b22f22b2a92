"""The life of a session: planned ─start─▶ live ─end─▶ ended. There is no way back."""

from __future__ import annotations

from signaling.protocol import EndSession, Person, SessionEnded, SessionStarted, StartSession
from signaling.session.decision import SESSION, Decision, Outcome
from signaling.session.state import State


def start(state: State, actor: Person, command: StartSession, *, now: int) -> Outcome:
    """Open the session to its audience; one that is live stays live."""
    if state.session.status == "live":
        return Decision()
    return Decision((SessionStarted(at=now, by=actor.id),), changes=(SESSION,))


def end(state: State, actor: Person, command: EndSession, *, now: int) -> Outcome:
    """End the session, whether it was opened or not."""
    return Decision((SessionEnded(at=now, by=actor.id),), changes=(SESSION,))
