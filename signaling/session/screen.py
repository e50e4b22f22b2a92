"""The hall's screen: one thing is on it, or nothing.

The law: whatever goes on screen, what was there leaves in the same event. A question goes back to the
shortlist, or among the answered if it was being answered.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import msgspec

from signaling.session.decision import question_entity
from signaling.session.state import State


def occupants(state: State) -> tuple[str, ...]:
    """Name the entities of what is on screen now."""
    question = state.on_screen
    return () if question is None else (question_entity(question.id),)


def cleared(state: State) -> State:
    """Return the state with nothing on screen."""
    question = state.on_screen
    if question is None:
        return state
    to = "answered" if question.state == "answering" else "shortlisted"
    left = msgspec.structs.replace(question, state=to)
    return replace(state, questions=MappingProxyType({**state.questions, question.id: left}))
