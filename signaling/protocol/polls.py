"""Polls: values, commands and facts."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signaling.protocol.base import Command, Event, Id

PollKind = Literal["single", "multiple", "rating"]


PollState = Literal["draft", "open", "closed"]


PollText = Annotated[str, Meta(min_length=1, max_length=300)]


PollOption = Annotated[str, Meta(min_length=1, max_length=100)]


PollOptions = Annotated[tuple[PollOption, ...], Meta(max_length=12)]


Choices = Annotated[tuple[Annotated[int, Meta(ge=0, le=11)], ...], Meta(max_length=12)]
"""Numbers of options, from 0; none takes a ballot back."""


class Poll(msgspec.Struct, frozen=True):
    """One poll and where it stands. A rating's options are its steps, the lowest first.

    `hidden`: the audience sees no results while it is open. `results`: whether it sees them now.
    """

    id: str
    text: str
    kind: PollKind
    options: tuple[str, ...]
    state: PollState
    hidden: bool
    results: bool
    on_screen: bool
    at: int


class Ballot(msgspec.Struct, frozen=True):
    """What one voter last said. `voter` is a digest of who and of the poll: the log names nobody."""

    poll: str
    voter: str
    choices: tuple[int, ...]


class CreatePoll(Command, frozen=True, tag="poll.create"):
    """Draft a poll, which staff alone see. A rating without options has the steps 1 to 5 (moderators)."""

    text: PollText
    kind: PollKind
    options: PollOptions = ()
    hidden: bool = False


class EditPoll(Command, frozen=True, tag="poll.edit"):
    """Draft a poll anew, before it was ever open (moderators)."""

    poll: Id
    text: PollText
    kind: PollKind
    options: PollOptions = ()
    hidden: bool = False


class OpenPoll(Command, frozen=True, tag="poll.open"):
    """Let everybody vote; also once more, after it was closed (moderators)."""

    poll: Id


class ClosePoll(Command, frozen=True, tag="poll.close"):
    """End the voting; results that were hidden till then are seen (moderators)."""

    poll: Id


class ShowResults(Command, frozen=True, tag="poll.results"):
    """Show a closed poll's results to the audience, or (`shown` false) hide them (moderators)."""

    poll: Id
    shown: bool = True


class ShowPoll(Command, frozen=True, tag="poll.show"):
    """Put an open or closed poll on the hall's screen, in the place of what is there (moderators)."""

    poll: Id


class HidePoll(Command, frozen=True, tag="poll.hide"):
    """Take a poll off the screen (moderators)."""

    poll: Id


class DeletePoll(Command, frozen=True, tag="poll.delete"):
    """Take a poll that is not open away, with its ballots (moderators)."""

    poll: Id


class CastBallot(Command, frozen=True, tag="poll.vote"):
    """Vote, or vote otherwise, while the poll is open; without choices, no longer."""

    poll: Id
    choices: Choices


class PollDrafted(Event, frozen=True, tag="poll.drafted"):
    """New, or drafted anew; seen by staff alone."""

    poll: Poll


class PollOpened(Event, frozen=True, tag="poll.opened"):
    """Carries the poll whole: the audience meets it here for the first time."""

    poll: Poll


class PollClosed(Event, frozen=True, tag="poll.closed"):
    poll: str


class ResultsShown(Event, frozen=True, tag="poll.results"):
    """Whether the audience sees the results now; if so, they come as a tick."""

    poll: str
    shown: bool


class PollShown(Event, frozen=True, tag="poll.shown"):
    """Now on screen, alone: a question there before left it as by `question.shown`."""

    poll: str


class PollHidden(Event, frozen=True, tag="poll.hidden"):
    poll: str


class PollDeleted(Event, frozen=True, tag="poll.deleted"):
    poll: str


class BallotsCast(Event, frozen=True, tag="poll.ballots"):
    """What several people said within a moment, in order. Nobody is sent it: results come as ticks."""

    ballots: tuple[Ballot, ...]


PollCommand = (
    CreatePoll | EditPoll | OpenPoll | ClosePoll | ShowResults | ShowPoll | HidePoll | DeletePoll | CastBallot
)
PollEvent = (
    PollDrafted | PollOpened | PollClosed | ResultsShown | PollShown | PollHidden | PollDeleted | BallotsCast
)
