"""The hall's screen: one thing is on it, or nothing.

The law: a question, a poll or the declaration is on it, and what was there leaves in the same event. A
question goes back to the shortlist, or among the answered if it was being answered.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import msgspec

from signaling.session.decision import DECLARATION, poll_entity, question_entity
from signaling.session.state import State


def occupants(state: State) -> tuple[str, ...]:
    """Name the entities of what is on screen now."""
    question, poll = state.on_screen, state.poll_on_screen
    questions = () if question is None else (question_entity(question.id),)
    polls = () if poll is None else (poll_entity(poll.id),)
    declared = state.declaration is not None and state.declaration.on_screen
    return (*questions, *polls, *((DECLARATION,) if declared else ()))


def cleared(state: State) -> State:
    """Return the state with nothing on screen."""
    question, poll = state.on_screen, state.poll_on_screen
    if question is not None:
        to = "answered" if question.state == "answering" else "shortlisted"
        left = msgspec.structs.replace(question, state=to)
        state = replace(state, questions=MappingProxyType({**state.questions, question.id: left}))
    if poll is not None:
        off = msgspec.structs.replace(poll, on_screen=False)
        state = replace(state, polls=MappingProxyType({**state.polls, poll.id: off}))
    if state.declaration is not None and state.declaration.on_screen:
        state = replace(state, declaration=msgspec.structs.replace(state.declaration, on_screen=False))
    return state
