"""What a session is now: values that never mutate. How events change them is in fold.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

from signaling.protocol import (
    Air,
    Announcement,
    ChatMessage,
    ChatMute,
    ChatRules,
    Clock,
    Cue,
    Declaration,
    FloorQueue,
    Moderation,
    Person,
    Poll,
    Preflight,
    Question,
    QuestionState,
    Return,
    Session,
    WordList,
)

Kept = TypeVar("Kept")

ON_SCREEN: frozenset[QuestionState] = frozenset({"on_screen", "answering"})
"""The states of a question that the hall's screen shows; at most one is in them."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who is no longer welcome. `generations`: the least a token of this person must have, where above 0.

    `barred` are people put out until they are let in again; `invitations` those that are void here.
    """

    generations: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    barred: frozenset[str] = frozenset()
    invitations: frozenset[str] = frozenset()

    def generation(self, participant: str) -> int:
        """Return the least generation that this person's tokens must have."""
        return self.generations.get(participant, 0)


@dataclass(frozen=True, slots=True)
class State:
    """One session at position `seq`. `stage`: the main picture first. `questions`: in order of asking.

    `votes` holds for each question whose votes were given for it, `voters_of` for all that is asked with it;
    `moderation` is for questions to come;
    `ballots` holds for each poll what its voters chose, by what stands for them (polls.py);
    `deleted` holds the ids of withdrawn messages, for history read later; `posted` when who last posted,
    while slow mode is on; `people` everybody the log has named; `stage_seq` is the position of the last
    event that touched what a relay is told. `cues` are those that the log has named; `order` the order of
    speaking, where one was set; `clocks` and `preflights` are by cue; `crew` who talks backstage beside
    speakers; `matrix` what was changed of it, by role and cue.
    """

    session: Session
    seq: int = 0
    stage: tuple[Person, ...] = ()
    stage_seq: int = 0
    air: Air = field(default_factory=Air)
    cues: Mapping[str, Cue] = field(default_factory=lambda: MappingProxyType({}))
    order: tuple[str, ...] = ()
    clocks: Mapping[str, Clock] = field(default_factory=lambda: MappingProxyType({}))
    crew: Mapping[str, Person] = field(default_factory=lambda: MappingProxyType({}))
    matrix: Mapping[str, Return] = field(default_factory=lambda: MappingProxyType({}))
    preflights: Mapping[str, Preflight] = field(default_factory=lambda: MappingProxyType({}))
    questions: Mapping[str, Question] = field(default_factory=lambda: MappingProxyType({}))
    votes: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    moderation: Moderation = "pre"
    polls: Mapping[str, Poll] = field(default_factory=lambda: MappingProxyType({}))
    ballots: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=lambda: MappingProxyType({}))
    announcement: Announcement | None = None
    declaration: Declaration | None = None
    chat: tuple[ChatMessage, ...] = ()
    pinned: tuple[ChatMessage, ...] = ()
    chat_rules: ChatRules = field(default_factory=ChatRules)
    chat_words: WordList = field(default_factory=WordList)
    posted: Mapping[str, int] = field(default_factory=dict)
    muted: Mapping[str, ChatMute] = field(default_factory=dict)
    deleted: frozenset[str] = frozenset()
    people: Mapping[str, Person] = field(default_factory=lambda: MappingProxyType({}))
    access: Access = Access()
    floor: FloorQueue = field(default_factory=FloorQueue)

    def mute_of(self, participant: str, now: int) -> ChatMute | None:
        """Return what keeps this person from posting at a time, if anything does."""
        muted = self.muted.get(participant)
        return muted if muted is not None and muted.until > now else None

    @property
    def on_screen(self) -> Question | None:
        """The one question on the hall's screen."""
        return next((q for q in self.questions.values() if q.state in ON_SCREEN), None)

    @property
    def poll_on_screen(self) -> Poll | None:
        """The one poll on the hall's screen."""
        return next((poll for poll in self.polls.values() if poll.on_screen), None)


def empty(session_id: str) -> State:
    """Return the state before the first event."""
    return State(Session(session_id, "", "planned", 0))


def meet(state: State, person: Person) -> State:
    """Return the state that knows a person the log has named."""
    if state.people.get(person.id) == person:
        return state
    return replace(state, people=MappingProxyType({**state.people, person.id: person}))


def asked_as(state: State, question_id: str) -> Question | None:
    """Return a question, or the one it is asked with since it was merged."""
    question = state.questions.get(question_id)
    while question is not None and question.merged_into is not None:
        question = state.questions.get(question.merged_into)
    return question


def doubles(state: State) -> Mapping[str, Sequence[str]]:
    """Return, by question, which were merged into it; whoever needs many asks once."""
    found: dict[str, list[str]] = {}
    for question in state.questions.values():
        if question.merged_into is not None:
            found.setdefault(question.merged_into, []).append(question.id)
    return found


def together(question_id: str, merged: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return a question, and all that is asked with it; `merged` is what `doubles` gave."""
    asked = [question_id]
    for one in asked:
        asked += merged.get(one, ())
    return tuple(asked)


def voters_of(state: State, question_id: str, merged: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return who is for a question or for what is asked with it, each once."""
    own = state.votes.get(question_id, frozenset())
    if question_id not in merged:
        return own
    return own.union(*(state.votes.get(one, ()) for one in together(question_id, merged)))


def but(known: Mapping[str, Kept], gone: str) -> Mapping[str, Kept]:
    """Return what is known by id, without one of them."""
    return MappingProxyType({one: kept for one, kept in known.items() if one != gone})
