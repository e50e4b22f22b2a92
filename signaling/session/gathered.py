"""Many decisions that contend with nothing, as one.

The law: what the events say stays in the order in which it was decided, so that of two votes of one person
the later counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from signaling.protocol import AnyEvent, Ballot, BallotsCast, Vote, VotesCast
from signaling.session.decision import Decision


def gathered(decisions: Iterable[Decision], *, now: int) -> Decision:
    """Return one decision with what all of them say; each changes no entity."""
    votes: list[Vote] = []
    ballots: list[Ballot] = []
    leans_on: dict[str, None] = {}
    for decision in decisions:
        assert not decision.changes
        leans_on |= dict.fromkeys(decision.leans_on)
        for event in decision.events:
            match event:
                case VotesCast():
                    votes += event.votes
                case BallotsCast():
                    ballots += event.ballots
                case _:
                    raise AssertionError(event)
    events: list[AnyEvent] = []
    if votes:
        events.append(VotesCast(at=now, by="system", votes=tuple(votes)))
    if ballots:
        events.append(BallotsCast(at=now, by="system", ballots=tuple(ballots)))
    return Decision(tuple(events), leans_on=tuple(leans_on))
