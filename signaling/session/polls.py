"""Polls: asked of everybody, counted by the server, each ballot once.

    draft ──open──▶ open ──close──▶ closed        delete: a draft, or a closed one
                      ▲                │
                      └──────open──────┘

The law: a ballot counts only while its poll is open, one each, the last one said; whose it is, the log does
not name. Nobody but staff knows of a draft, and nobody else of results while they are hidden: till the
close, where that was chosen, and afterwards until a moderator shows them again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

import msgspec

from signaling.protocol import (
    Ballot,
    BallotsCast,
    CastBallot,
    ClosePoll,
    CreatePoll,
    DeletePoll,
    EditPoll,
    HidePoll,
    OpenPoll,
    Person,
    Poll,
    PollClosed,
    PollCommand,
    PollDeleted,
    PollDrafted,
    PollEvent,
    PollHidden,
    PollOpened,
    PollShown,
    PollState,
    ResultsShown,
    ShowPoll,
    ShowResults,
)
from signaling.session import screen
from signaling.session.decision import (
    POLLS,
    SCREEN,
    SESSION,
    Decision,
    Outcome,
    Refusal,
    derived_id,
    poll_entity,
)
from signaling.session.state import State
from signaling.written import line, words

MOST_POLLS = 100
"""Polls of one session."""

STEPS_OF_A_RATING = ("1", "2", "3", "4", "5")
"""The options of a rating that names none."""

Step = EditPoll | OpenPoll | ClosePoll | ShowResults | ShowPoll | HidePoll | DeletePoll

ALLOWED: Mapping[type[Step], frozenset[PollState]] = {
    EditPoll: frozenset({"draft"}),
    OpenPoll: frozenset({"draft", "closed"}),
    ClosePoll: frozenset({"open"}),
    ShowResults: frozenset({"closed"}),
    ShowPoll: frozenset({"open", "closed"}),
    HidePoll: frozenset({"draft", "open", "closed"}),
    DeletePoll: frozenset({"draft", "closed"}),
}
"""Command → the states it may be given in."""


def voter(poll: str, participant: str) -> str:
    """Return what stands for a participant in one poll's ballots."""
    return hashlib.blake2s(f"{poll}\n{participant}".encode(), digest_size=10).hexdigest()


def counts(state: State, poll: Poll) -> tuple[int, ...]:
    """Return how many ballots name each option."""
    counted = [0] * len(poll.options)
    for choices in state.ballots.get(poll.id, {}).values():
        for choice in choices:
            counted[choice] += 1
    return tuple(counted)


def decide(state: State, actor: Person, command: PollCommand, *, now: int) -> Outcome:
    """Return what a command on polls comes to."""
    match command:
        case CreatePoll():
            return create(state, actor, command, now=now, new_id=derived_id("v", actor, command))
        case CastBallot():
            return cast(state, actor, command, now=now)
        case _:
            return step(state, actor, command, now=now)


def fold(state: State, event: PollEvent) -> State:
    """Return the state after an event of the polls."""
    match event:
        case PollDrafted(poll=poll) | PollOpened(poll=poll):
            return _put(state, poll)
        case PollClosed(poll=poll_id):
            return _change(state, poll_id, state="closed", results=True)
        case ResultsShown(poll=poll_id, shown=shown):
            return _change(state, poll_id, results=shown)
        case PollShown(poll=poll_id):
            return _change(screen.cleared(state), poll_id, on_screen=True)
        case PollHidden(poll=poll_id):
            return _change(state, poll_id, on_screen=False)
        case PollDeleted(poll=poll_id):
            polls = {of: poll for of, poll in state.polls.items() if of != poll_id}
            ballots = {of: cast for of, cast in state.ballots.items() if of != poll_id}
            return replace(state, polls=MappingProxyType(polls), ballots=MappingProxyType(ballots))
        case BallotsCast(ballots=ballots):
            return _count(state, ballots)


def rewrite(state: State, at: int) -> tuple[PollEvent, ...]:
    """Return the events that lead to the polls of this state."""
    drafted = tuple(PollDrafted(at=poll.at, by="system", poll=poll) for poll in state.polls.values())
    ballots = tuple(
        Ballot(poll, who, choices) for poll, cast in state.ballots.items() for who, choices in cast.items()
    )
    return (*drafted, BallotsCast(at=at, by="system", ballots=ballots)) if ballots else drafted


# -- what is decided -----------------------------------------------------------------------------------


def create(state: State, actor: Person, command: CreatePoll, *, now: int, new_id: str) -> Outcome:
    """Draft a poll."""
    if len(state.polls) >= MOST_POLLS:
        return Refusal("too_many", f"A session has room for {MOST_POLLS} polls.")
    drafted = _drafted(command, new_id, now)
    if isinstance(drafted, Refusal):
        return drafted
    event = PollDrafted(at=now, by=actor.id, poll=drafted)
    return Decision((event,), leans_on=(SESSION,), changes=(poll_entity(new_id),))


def step(state: State, actor: Person, command: Step, *, now: int) -> Outcome:
    """Draft a poll anew, or move it on."""
    poll = state.polls.get(command.poll)
    if poll is None:
        return _UNKNOWN
    if _is_so(poll, command):
        return Decision()
    if poll.state not in ALLOWED[type(command)]:
        return _wrong_state(poll)
    event = _event(command, poll, now=now, by=actor.id)
    if isinstance(event, Refusal):
        return event
    touched = [poll_entity(poll.id)]
    if isinstance(command, OpenPoll):
        touched.append(POLLS)  # the session does not end without it
    if isinstance(command, ShowPoll):
        touched += [SCREEN, *screen.occupants(state)]
    elif poll.on_screen and isinstance(command, HidePoll | DeletePoll):
        touched.append(SCREEN)
    return Decision((event,), leans_on=(SESSION,), changes=tuple(touched))


def cast(state: State, actor: Person, command: CastBallot, *, now: int) -> Outcome:
    """Vote, or vote otherwise; ballots contend with nothing but their poll's close."""
    poll = state.polls.get(command.poll)
    if poll is None or poll.state == "draft":
        return _UNKNOWN
    if poll.state != "open":
        return _wrong_state(poll)
    choices = tuple(sorted(set(command.choices)))
    if any(choice >= len(poll.options) for choice in choices):
        return Refusal("invalid", "There is no such option.")
    if len(choices) > 1 and poll.kind != "multiple":
        return Refusal("invalid", "Only one may be chosen.")
    ballot = Ballot(poll.id, voter(poll.id, actor.id), choices)
    return Decision(
        (BallotsCast(at=now, by="system", ballots=(ballot,)),), leans_on=(SESSION, poll_entity(poll.id))
    )


_UNKNOWN = Refusal("unknown_poll", "There is no such poll.")


def _wrong_state(poll: Poll) -> Refusal:
    words: Mapping[PollState, str] = {"draft": "not open yet", "open": "open", "closed": "closed"}
    return Refusal("wrong_state", f"The poll is {words[poll.state]}.")


def _drafted(command: CreatePoll | EditPoll, poll_id: str, now: int) -> Poll | Refusal:
    text, options = words(command.text), tuple(map(line, command.options))
    if not text or not all(options):
        return Refusal("empty_text", "There is nothing in it.")
    if not options and command.kind == "rating":
        options = STEPS_OF_A_RATING
    if len(options) < 2 or len(set(options)) < len(options):
        return Refusal("invalid", "A poll needs two options, and no two the same.")
    return Poll(
        poll_id,
        text,
        command.kind,
        options,
        "draft",
        hidden=command.hidden,
        results=False,
        on_screen=False,
        at=now,
    )


def _is_so(poll: Poll, command: Step) -> bool:
    """Say whether what is asked for is so already."""
    match command:
        case OpenPoll():
            return poll.state == "open"
        case ClosePoll():
            return poll.state == "closed"
        case ShowResults(shown=shown):
            return poll.state == "closed" and poll.results == shown
        case ShowPoll():
            return poll.on_screen
        case HidePoll():
            return not poll.on_screen
        case _:
            return False


def _event(command: Step, poll: Poll, *, now: int, by: str) -> PollEvent | Refusal:
    match command:
        case EditPoll():
            drafted = _drafted(command, poll.id, poll.at)
            return drafted if isinstance(drafted, Refusal) else PollDrafted(at=now, by=by, poll=drafted)
        case OpenPoll():
            opened = msgspec.structs.replace(poll, state="open", results=not poll.hidden)
            return PollOpened(at=now, by=by, poll=opened)
        case ClosePoll():
            return PollClosed(at=now, by=by, poll=poll.id)
        case ShowResults(shown=shown):
            return ResultsShown(at=now, by=by, poll=poll.id, shown=shown)
        case ShowPoll():
            return PollShown(at=now, by=by, poll=poll.id)
        case HidePoll():
            return PollHidden(at=now, by=by, poll=poll.id)
        case DeletePoll():
            return PollDeleted(at=now, by=by, poll=poll.id)


# -- what is folded ------------------------------------------------------------------------------------


def _put(state: State, poll: Poll) -> State:
    return replace(state, polls=MappingProxyType({**state.polls, poll.id: poll}))


def _change(before: State, poll_id: str, **changes: object) -> State:
    poll = before.polls.get(poll_id)
    return before if poll is None else _put(before, msgspec.structs.replace(poll, **changes))


def _count(state: State, ballots: Iterable[Ballot]) -> State:
    changed: dict[str, dict[str, tuple[int, ...]]] = {}
    for ballot in ballots:
        if ballot.poll not in state.polls:
            continue
        if ballot.poll not in changed:  # a wave is one poll's: all that was cast is copied once
            changed[ballot.poll] = dict(state.ballots.get(ballot.poll, {}))
        cast = changed[ballot.poll]
        if ballot.choices:
            cast[ballot.voter] = ballot.choices
        else:
            cast.pop(ballot.voter, None)
    counted = {of: cast for of, cast in state.ballots.items() if of not in changed}
    counted |= {of: MappingProxyType(cast) for of, cast in changed.items() if cast}
    return replace(state, ballots=MappingProxyType(counted))
