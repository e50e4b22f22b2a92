"""One session of the day while it is held: who is there, and the steps that every session has.

The law: each step is waited for until those know of it whom it is for. What should be in the books at the
end is noted as each command is acknowledged (`Expected`): from what was said, never from what the server
keeps.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from signaling.attend import command_id
from signaling.protocol import (
    AcknowledgeStandby,
    AnyCommand,
    ApproveQuestion,
    ArriveBackstage,
    AskQuestion,
    BringOn,
    CastBallot,
    CreatePoll,
    EndSession,
    HandOver,
    InviteSpeaker,
    OpenDoors,
    OpenPoll,
    PollKind,
    PostChat,
    QuestionState,
    SetClock,
    StandBy,
    StartClock,
    StartSession,
    TakeOff,
    VoteQuestion,
)
from signaling.rehearsal.account import Account
from signaling.rehearsal.day import Part, Who
from signaling.rehearsal.guest import Guest
from signaling.rehearsal.house import Admission, House

MINUTES: Final = 60_000
_AT_ONCE: Final = 8
"""Ways in that are asked for at the same time."""

T = TypeVar("T")


@dataclass(frozen=True)
class Pace:
    """How long things last, in seconds, and how many of the audience come to each session."""

    speech: float = 0.0
    online: int = 8
    hall: int = 8


@dataclass
class Expected:
    """What the books must have, by what was acknowledged."""

    questions: dict[str, QuestionState] = field(default_factory=dict)
    votes: Counter[str] = field(default_factory=Counter)
    polls: dict[str, Counter[int]] = field(default_factory=dict)
    voters: dict[str, int] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    """Texts of lines that were taken away."""
    signed: dict[str, str] = field(default_factory=dict)
    """Organisation → who signed for it."""
    claps: int = 0
    turns: int = 0
    timed: int = 0
    """Speakers who were given time."""


class Sitting:
    """A session that is being held. The crew and the audience are there from `held` on."""

    def __init__(self, house: House, account: Account, part: Part, pace: Pace) -> None:
        self.house, self.account, self.part, self.pace = house, account, part, pace
        self.id = house.ids[part.key]
        self.expected = Expected()
        self.speakers: dict[str, Guest] = {}
        self.tokens: dict[str, Admission] = {}
        """A guest's id → their way in: media doors want the token."""
        self.online: list[Guest] = []
        self.hall: list[Guest] = []
        self.guests: list[Guest] = []
        self.everybody: list[Guest] = []
        self.stage = 0
        """The stage's version as the producer has it before them."""
        self._lines = 0

    @property
    def people(self) -> list[Guest]:
        """All but the hall's screens and desks."""
        return [guest for guest in self.everybody if guest.person.role != "hall"]

    @property
    def audience(self) -> list[Guest]:
        """All who neither work nor speak here."""
        return [*self.online, *self.hall, *self.guests]

    @asynccontextmanager
    async def held(self, codes: dict[str, str]) -> AsyncIterator[Sitting]:
        """Open the doors, let all come, and be live; `codes` are the event's invitations by what for."""
        async with AsyncExitStack() as there:
            self.producer = await self._come(there, codes["producer"])
            await self.producer.give(OpenDoors(command_id()))
            self.moderator, self.desk, self.screen = await _together(
                [self._come(there, codes[role]) for role in ("moderator", "hall", "hall")]
            )
            self.chair = await self._come(there, await self._billed("chair", self.part.chair))
            for who, guest in zip(self.part.speakers, await _together(self._speakers(there)), strict=True):
                self.speakers[who.name] = guest
            await self._let_in(there, codes)
            wanted = self._places()
            producer = self.producer
            took = await producer.until(lambda: _counted(producer) == wanted, "all are counted as here")
            self.account.equal(
                self.part.key, "here before it begins (online, hall)", wanted, _counted(producer), took
            )
            self.stage = producer.air.version
            await producer.give(StartSession(command_id()))
            await _together(guest.until_status("live") for guest in self.everybody)
            yield self
            await producer.give(EndSession(command_id()))
            await _together(guest.until_status("ended") for guest in self.everybody)

    def _places(self) -> tuple[int, int]:
        hall = sum(guest.person.place == "hall" for guest in self.people)
        return len(self.people) - hall, hall

    def _speakers(self, there: AsyncExitStack) -> Iterable[Awaitable[Guest]]:
        async def come(who: Who) -> Guest:
            return await self._come(there, await self._billed("speaker", who))

        return [come(who) for who in self.part.speakers]

    async def _let_in(self, there: AsyncExitStack, codes: dict[str, str]) -> None:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def come(code: str | None, number: int, affiliation: str = "", place: str = "online") -> Guest:
            async with gate:
                if code is None:
                    name = f"Representative {number} of {affiliation}"
                    wanted = {"session": self.id, "name": name, "affiliation": affiliation, "place": place}
                    code = await self.house.invite("viewer", **wanted)
                return await self._come(there, code, f"Guest {number}")

        if not self.part.invited:
            self.online = await _together(come(codes["online"], n) for n in range(self.pace.online))
            self.hall = await _together(come(codes["phone"], n) for n in range(self.pace.hall))
        self.guests = await _together(
            come(None, n, who, ("hall", "online")[n % 2]) for n, who in enumerate(self.part.guests)
        )

    async def _billed(self, role: str, who: Who) -> str:
        place = "online" if who.remote else "hall"
        billed = self.house.people[who.name]
        return await self.house.invite(role, session=self.id, billed=billed, place=place)

    async def _come(self, there: AsyncExitStack, code: str, name: str = "") -> Guest:
        admitted = await self.house.admit(code, self.id, name)
        language = ("en", "zh-CN")[len(self.everybody) % 2]
        guest = await there.enter_async_context(Guest(self.house.server, admitted.token, language))
        self.tokens[guest.id] = admitted
        self.everybody.append(guest)
        return guest

    # -- the stage --------------------------------------------------------------------------------------

    async def cut(self, command: AnyCommand) -> None:
        """Cut, as the producer does who sees the stage as it is (`seen`)."""
        self.stage = (await self.producer.give(command)).seq

    async def host(self) -> None:
        """Bring the chair on, who has no time to keep to."""
        await self.producer.give(InviteSpeaker(command_id(), self.chair.id))
        await self.cut(BringOn(command_id(), self.chair.id, seen=self.stage))

    async def prepare(self, who: Who, minutes: int = 5) -> str:
        """Take a speaker from the door to standby, and return the id of their cue."""
        speaker, cue = self.speakers[who.name], self.house.people[who.name]
        await speaker.give(ArriveBackstage(command_id()))
        await self.chair.give(SetClock(command_id(), cue, minutes * MINUTES))
        self.expected.timed += 1
        await self.producer.give(StandBy(command_id(), cue))
        await speaker.until(lambda: _cue(speaker, cue) == "standby", "the speaker knows of standby")
        await speaker.give(AcknowledgeStandby(command_id()))
        return cue

    async def speak(self, who: Who, *, hand_over: bool = False, lines: int = 1) -> None:
        """Let a speaker speak, beside who is on stage or in their place, while the audience talks."""
        cue = await self.prepare(who)
        speaker = self.speakers[who.name]
        if hand_over:
            await self.cut(HandOver(command_id(), cue, seen=self.stage))
        else:
            await self.cut(BringOn(command_id(), speaker.id, seen=self.stage))
        await self.chair.give(StartClock(command_id(), cue))
        await self.lasts(lines)

    async def lasts(self, lines: int = 1) -> None:
        """Let the time of a speech go by while the audience talks."""
        await asyncio.gather(asyncio.sleep(self.pace.speech), self.chatter(lines))

    async def off(self, guest: Guest) -> None:
        """Take somebody off stage."""
        await self.cut(TakeOff(command_id(), guest.id, seen=self.stage))

    # -- the audience -----------------------------------------------------------------------------------

    async def chatter(self, lines: int = 1) -> None:
        """Have each of the audience say so many lines, all at the same time."""

        async def talk(guest: Guest) -> None:
            for _ in range(lines):
                self._lines += 1
                await guest.give(PostChat(command_id(), f"Line {self._lines} in the {self.part.key} 你好"))

        await _together(talk(guest) for guest in self.audience)

    async def ask(self, who: Guest, text: str, to: str | None = None, *, approve: bool = True) -> str:
        """Have somebody ask, and unless told otherwise a moderator let it through; returns its id."""
        await who.give(AskQuestion(command_id(), text, to))
        await self.moderator.until(lambda: text in self.moderator.questions, "moderators have the question")
        question = self.moderator.questions[text]
        self.expected.questions[text] = "pending"
        if approve:
            await self.moderate(ApproveQuestion(command_id(), question), text, "approved")
        return question

    async def moderate(self, command: AnyCommand, text: str, to: QuestionState) -> None:
        """Do something with a question, which is in this state then."""
        await self.moderator.give(command)
        self.expected.questions[text] = to

    async def vote(self, text: str, voters: Sequence[Guest]) -> None:
        """Have people vote for a question, each twice, which counts once."""
        question = self.moderator.questions[text]

        async def vote(guest: Guest) -> None:
            await guest.give(VoteQuestion(command_id(), question))
            await guest.give(VoteQuestion(command_id(), question))

        await _together(vote(guest) for guest in voters)
        self.expected.votes[text] += len(voters)

    async def poll(
        self,
        text: str,
        kind: PollKind,
        options: tuple[str, ...],
        ballots: Sequence[tuple[Guest, tuple[int, ...]]],
        *,
        hidden: bool = False,
    ) -> str:
        """Open a poll and have ballots cast, the first of them changed once; returns its id."""
        await self.moderator.give(CreatePoll(command_id(), text, kind, options, hidden))
        await self.moderator.until(lambda: text in self.moderator.polls, "the poll is drafted")
        poll = self.moderator.polls[text]
        await self.moderator.give(OpenPoll(command_id(), poll))
        first = ballots[0][0]
        await first.give(CastBallot(command_id(), poll, (len(options) - 1 if options else 0,)))
        await _together(guest.give(CastBallot(command_id(), poll, choices)) for guest, choices in ballots)
        self.expected.polls[text] = Counter(choice for _, choices in ballots for choice in choices)
        self.expected.voters[text] = len(ballots)
        return poll


async def _together(work: Iterable[Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(*work))


def _counted(guest: Guest) -> tuple[int, int]:
    return (guest.presence.online, guest.presence.hall) if guest.presence is not None else (0, 0)


def _cue(guest: Guest, cue: str) -> str:
    return guest.cues[cue].state if cue in guest.cues else ""
