"""What many people do, in sums, as an audience may see it.

The law: sums of a question go to whoever sees the question, results of a poll to staff and, while they are
shown, to everybody; how many have voted is no secret. Who has voted for what is told to the voter alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from signaling.protocol import (
    AnyEvent,
    BallotsCast,
    Caption,
    Poll,
    PollClosed,
    PollOpened,
    PollTotal,
    QuestionApproved,
    QuestionMerged,
    QuestionUnmerged,
    Reaction,
    ReactionTotal,
    ResultsShown,
    Tick,
    VotesCast,
    VoteTotal,
    YourBallot,
    Yours,
)
from signaling.session import polls
from signaling.session.audience import HIDDEN, Audience
from signaling.session.state import State, asked_as, doubles, voters_of

NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Stirred:
    """What an event may have changed: sums of questions and of polls, and whose own votes.

    `voters` are participants, `ballots` polls' voters by their digests.
    """

    questions: Collection[str] = NONE
    polls: Collection[str] = NONE
    voters: Collection[str] = NONE
    ballots: Collection[tuple[str, str]] = frozenset[tuple[str, str]]()


def stirred(event: AnyEvent, state: State) -> Stirred:
    """Return what an event may have changed in the sums, or made visible; `state` has it."""
    match event:
        case VotesCast(votes=votes):
            return Stirred(
                questions={vote.question for vote in votes}, voters={vote.participant for vote in votes}
            )
        case QuestionMerged(question=question, into=into):
            return Stirred(questions={question, into}, voters=voters_of(state, question, doubles(state)))
        case QuestionUnmerged(question=question, into=into):
            voters = voters_of(state, question.id, doubles(state))
            return Stirred(questions={question.id, into}, voters=voters)
        case QuestionApproved(question=question) if voters_of(state, question.id, doubles(state)):
            return Stirred(questions={question.id})
        case BallotsCast(ballots=ballots):
            return Stirred(
                polls={ballot.poll for ballot in ballots},
                ballots={(ballot.poll, ballot.voter) for ballot in ballots},
            )
        case PollOpened(poll=poll) if poll.id in state.ballots:
            return Stirred(polls={poll.id})
        case PollClosed(poll=poll_id) | ResultsShown(poll=poll_id):
            return Stirred(polls={poll_id})
    return Stirred()


def totals(
    state: State,
    audience: Audience,
    *,
    questions: Collection[str] | None = None,
    polls: Collection[str] | None = None,
    reactions: Mapping[Reaction, int] | None = None,
    captions: tuple[Caption, ...] = (),
) -> Tick | None:
    """Return the sums an audience may see, of some questions and polls or of all; None if there is none."""
    tick = Tick(
        votes=_votes(state, audience, state.votes if questions is None else questions),
        polls=_results(state, audience, state.ballots if polls is None else polls),
        reactions=tuple(ReactionTotal(reaction, count) for reaction, count in (reactions or {}).items()),
        captions=captions,
    )
    return tick if tick.votes or tick.polls or tick.reactions or tick.captions else None


def yours(state: State, participant: str) -> Yours:
    """Return what one participant has voted for."""
    own = {poll: cast.get(polls.voter(poll, participant)) for poll, cast in state.ballots.items()}
    asked = (asked_as(state, question) for question, who in state.votes.items() if participant in who)
    return Yours(
        votes=tuple(dict.fromkeys(question.id for question in asked if question is not None)),
        ballots=tuple(YourBallot(poll, choices) for poll, choices in own.items() if choices),
    )


def _votes(state: State, audience: Audience, of: Collection[str]) -> tuple[VoteTotal, ...]:
    asked = (asked_as(state, question_id) for question_id in of)
    questions = {question.id: question for question in asked if question is not None}
    merged = doubles(state)
    return tuple(
        VoteTotal(question.id, len(voters_of(state, question.id, merged)))
        for question in questions.values()
        if audience == "staff" or question.state not in HIDDEN
    )


def _results(state: State, audience: Audience, of: Collection[str]) -> tuple[PollTotal, ...]:
    asked = (state.polls[poll_id] for poll_id in of if poll_id in state.polls)
    return tuple(_result(state, audience, poll) for poll in asked)


def _result(state: State, audience: Audience, poll: Poll) -> PollTotal:
    seen = audience == "staff" or poll.results
    return PollTotal(
        poll.id, len(state.ballots.get(poll.id, ())), polls.counts(state, poll) if seen else None
    )
