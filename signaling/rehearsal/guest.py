"""One synthetic person: a real WebSocket, what they have heard on it, and what was acknowledged to them.

The law: a command goes again, under its id, until it is answered, whatever breaks meanwhile; a connection
that ends is taken up where it was (`resume`); what was heard is counted by the event's number, so that a
line lost or told twice shows.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

import websockets

from signaling.attend import GoodbyeError, Seat, seat
from signaling.protocol import (
    Ack,
    Air,
    AnyCommand,
    AnyEvent,
    AnyServerMessage,
    ChatPosted,
    Clock,
    ClockChanged,
    Cue,
    CueChanged,
    CueDropped,
    DeclarationSigned,
    Events,
    Floor,
    FloorNow,
    MediaState,
    Notice,
    Person,
    PollDrafted,
    PreflightChanged,
    Presence,
    QuestionApproved,
    QuestionAsked,
    QuestionUnmerged,
    Refused,
    Resume,
    SessionEnded,
    SessionStarted,
    SignatureStruck,
    Snapshot,
    StageEvent,
    Status,
    Tick,
    Timetable,
    Token,
    Welcome,
)

WITHIN: Final = 60.0
"""Seconds that what one waits to hear may take."""

ANSWER_WITHIN: Final = 180.0
"""Seconds that an answer may take: an operator's restart of Redis is in it."""

REFRESH_EVERY: Final = 240.0
"""Seconds between two refreshes of the token: less than half its life."""

_WORTH_WAITING: Final = frozenset({"log_unavailable", "busy", "rate_limited"})


class UnexpectedError(Exception):
    """The day did not go as it should; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A command that was acknowledged, and the position of its last event."""

    command: AnyCommand
    seq: int


class Guest:
    """Somebody in one session. Use as `async with`; inside, they are there."""

    def __init__(self, server: str, token: str, language: str = "") -> None:
        self._server = server
        self._token = token
        self._language = language
        self._seat: Seat | None = None
        self._resume: Resume | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._comes = asyncio.Event()
        self._comes.set()
        self._stirred = asyncio.Event()
        self._waiting: dict[str, tuple[AnyCommand, asyncio.Future[Ack | Refused]]] = {}
        self.acknowledged: list[Acknowledged] = []
        self.told: Counter[int] = Counter()
        """By number: how often an event has come."""
        self.lines: Counter[str] = Counter()
        """By the message's id: how often a line of the public chat has come."""
        self.welcomes = 0
        self.put_out = ""
        """The code of the good-bye that was final."""
        self.questions: dict[str, str] = {}
        """Text → id, of those that may be seen."""
        self.polls: dict[str, str] = {}
        self.cues: dict[str, Cue] = {}
        self.clocks: dict[str, Clock] = {}
        self.grades: dict[str, str] = {}
        """By speaker: what their pre-flight came to, empty while it goes on."""
        self.notices: list[str] = []
        self.signed: set[str] = set()
        """The organisations that have signed the declaration."""
        self.reactions = 0
        self.air = Air()
        self.status = ""
        self.person = Person("", "", "viewer")
        self.can: frozenset[str] = frozenset()
        self.presence: Presence | None = None
        self.media: MediaState | None = None
        self.floor: Floor | None = None
        self.timetable: Timetable | None = None

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._attend()), asyncio.create_task(self._refresh())]
        await self.until(lambda: self.welcomes > 0 or bool(self.put_out), "is let in")
        if self.put_out:
            raise UnexpectedError(f"Somebody is not let in ({self.put_out}).")
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def id(self) -> str:
        """The participant's id."""
        return self.person.id

    # -- saying -----------------------------------------------------------------------------------------

    async def give(self, command: AnyCommand) -> Ack:
        """Give a command until it is acknowledged; raises UnexpectedError where it is refused."""
        said = await self._answer(command)
        if isinstance(said, Refused):
            raise UnexpectedError(f"{_what(command)} by {self.person.role} was refused: {said.code}.")
        self.acknowledged.append(Acknowledged(command, said.seq))
        return said

    async def refused(self, command: AnyCommand) -> str:
        """Give a command that is to be refused, and return the code; empty if it was not."""
        said = await self._answer(command)
        return said.code if isinstance(said, Refused) else ""

    async def _answer(self, command: AnyCommand) -> Ack | Refused:
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                while True:
                    answer: asyncio.Future[Ack | Refused] = asyncio.get_running_loop().create_future()
                    self._waiting[command.id] = (command, answer)
                    await self._send(command)
                    said = await answer
                    if not isinstance(said, Refused) or said.code not in _WORTH_WAITING:
                        return said
                    await asyncio.sleep(said.retry_after or 0.2)
        except TimeoutError:
            raise UnexpectedError(f"{_what(command)} had no answer in {ANSWER_WITHIN:.0f} s.") from None
        finally:
            self._waiting.pop(command.id, None)

    async def _send(self, command: AnyCommand) -> None:
        if self._seat is not None:
            # A connection that breaks now sends it again when it is back.
            with contextlib.suppress(websockets.WebSocketException, OSError):
                await self._seat.send(command)

    # -- hearing ----------------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], bool], what: str, within: float = WITHIN) -> float:
        """Wait until something heard makes it so, and return the seconds; raises UnexpectedError."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(within):
                while not condition():
                    self._stirred.clear()
                    await self._stirred.wait()
        except TimeoutError:
            raise UnexpectedError(f"It was not so within {within:.0f} s: {what}.") from None
        return loop.time() - began

    async def hears(self, line: str) -> None:
        """Wait until a line of the public chat has come, by its message's id."""
        await self.until(lambda: line in self.lines, "a line of the chat is heard")

    async def until_status(self, status: Status) -> None:
        """Wait until the session is known to be there."""
        await self.until(lambda: self.status == status, f"the session is {status}")

    async def until_published(
        self, participant: str, source: str, *, on: bool = True, within: float = WITHIN
    ) -> float:
        """Wait until somebody publishes something, or no longer, and return the seconds."""
        what = f"{source} is published" if on else f"{source} is published no more"
        return await self.until(lambda: self.publishes(participant, source) == on, what, within)

    def publishes(self, participant: str, source: str) -> bool:
        """Say whether somebody publishes something, as far as told."""
        return self.media is not None and any(
            (one.participant, one.source, one.live) == (participant, source, True)
            for one in self.media.publications
        )

    async def leave(self) -> None:
        """Be cut off: the socket is gone without a word, and nobody comes back until `back`."""
        self._comes.clear()
        if self._seat is not None:
            self._seat.abort()

    def back(self) -> None:
        """Come back."""
        self._comes.set()

    async def _attend(self) -> None:
        while True:
            try:
                async with seat(self._server, self._token, self._resume, self._language) as taken:
                    self._take(taken.welcome)
                    self._seat = taken
                    for command, _ in tuple(self._waiting.values()):
                        await taken.send(command)
                    while True:
                        self._take(await taken.hear())
            except GoodbyeError as goodbye:
                if goodbye.final:
                    self.put_out = goodbye.code
                    self._stirred.set()
                    return
            except (OSError, websockets.WebSocketException):
                pass
            finally:
                self._seat = None
            await self._comes.wait()
            await asyncio.sleep(0.1)

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_EVERY)
            if self._seat is not None:
                with contextlib.suppress(websockets.WebSocketException, OSError):
                    await self._seat.refresh()

    def _take(self, message: AnyServerMessage) -> None:
        match message:
            case Ack() | Refused():
                waiting = self._waiting.get(message.id)
                if waiting is not None and not waiting[1].done():
                    waiting[1].set_result(message)
            case Welcome():
                self.welcomes += 1
                self.person, self.can = message.you, frozenset(message.can)
                self._resume = Resume(message.epoch, message.seq)
                if message.snapshot is not None:
                    self._begin(message.snapshot)
            case Events():
                self._resume = Resume(message.epoch, message.seq)
                for event in message.events:
                    self.told[event.seq] += 1
                    self._note(event)
            case Presence():
                self.presence = message
            case MediaState():
                self.media = message
            case FloorNow():
                self.floor = message.floor
            case Timetable():
                self.timetable = message
            case Token():
                self._token = message.token
            case Notice():
                self.notices.append(message.code)
            case Tick():
                self.reactions += sum(total.count for total in message.reactions)
            case _:
                pass
        self._stirred.set()

    def _begin(self, snapshot: Snapshot) -> None:
        self.air, self.floor, self.status = snapshot.air, snapshot.floor, snapshot.session.status
        self.questions = {question.text: question.id for question in snapshot.questions}
        self.polls = {poll.text: poll.id for poll in snapshot.polls}
        self.cues = {cue.id: cue for cue in snapshot.cues}
        self.clocks = {clock.speaker: clock for clock in snapshot.clocks}
        declared = snapshot.declaration
        self.signed = {one.organisation for one in declared.signatures} if declared else set()
        for message in snapshot.chat:
            if message.channel == "public":
                self.lines[message.id] = max(1, self.lines[message.id])

    def _note(self, event: AnyEvent) -> None:
        match event:
            case ChatPosted(message=message) if message.channel == "public":
                self.lines[message.id] += 1
            case (
                QuestionAsked(question=question)
                | QuestionApproved(question=question)
                | QuestionUnmerged(question=question)
            ):
                self.questions[question.text] = question.id
            case PollDrafted(poll=poll):
                self.polls[poll.text] = poll.id
            case CueChanged(cue=cue):
                self.cues[cue.id] = cue
            case CueDropped(cue=cue_id):
                self.cues.pop(cue_id, None)
            case ClockChanged(clock=clock):
                self.clocks[clock.speaker] = clock
            case PreflightChanged(preflight=preflight):
                self.grades[preflight.speaker] = preflight.grade or ""
            case DeclarationSigned(signature=signature):
                self.signed.add(signature.organisation)
            case SignatureStruck(organisation=organisation):
                self.signed.discard(organisation)
            case SessionStarted():
                self.status = "live"
            case SessionEnded():
                self.status = "ended"
            case _ if isinstance(event, StageEvent):
                self.air = Air(version=event.seq)
            case _:
                pass


def _what(command: AnyCommand) -> str:
    return str(command.__struct_config__.tag)
