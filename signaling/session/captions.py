"""Captions: lines of the moment, the newest of each language.

The law: captions are told only while the session is live, so that nothing from before, from a pause or from
after is heard by the audience in words; no more than KEPT lines of a language are known, of MOST_LANGUAGES;
and none is ever written down: what is said on stage is not in the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from signaling.protocol import Caption, SendCaption
from signaling.session.decision import Decision, Outcome, Refusal
from signaling.session.state import State
from signaling.written import line

KEPT = 2
"""Lines of one language that a reader is shown at once, and a joiner is told."""

MOST_LANGUAGES = 16
"""Languages that are known at once; the one longest not heard is forgotten first."""

Kept = Mapping[str, tuple[Caption, ...]]
"""Language → its newest lines, oldest first."""


def decide(state: State, command: SendCaption) -> Outcome:
    """Return what a line comes to: it is told, and nothing of it is kept."""
    if state.session.status != "live":
        return Refusal("not_live", "Captions are taken while the session is live.")
    if not line(command.text):
        return Refusal("empty_text", "There is nothing in it.")
    return Decision()


def caption(command: SendCaption, *, now: int) -> Caption:
    """Return the line as readers get it; `now` in ms since 1970."""
    return Caption(command.language, command.line, line(command.text), now)


def taken_in(kept: Kept, lines: Iterable[Caption]) -> Kept:
    """Return the lines known after these: a line said again stands where it stood."""
    known = dict(kept)
    for said in lines:
        same = known.pop(said.language, ())
        if any(other.line == said.line for other in same):
            same = tuple(said if other.line == said.line else other for other in same)
        else:
            same = (*same, said)[-KEPT:]
        known[said.language] = same
        if len(known) > MOST_LANGUAGES:
            del known[next(iter(known))]
    return known
