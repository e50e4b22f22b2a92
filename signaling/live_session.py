"""One live session in this worker: command → decide → append → apply → fan out.

The law: a command changes nothing here; it is decided on the state of the replica (replica.py), appended, and
comes back through the log as everybody's. A decision that was overtaken is taken again on newer state. Where
the log turns out to be another than it was, every reader gets a fresh snapshot.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce

import msgspec
from prometheus_client import Counter

from signaling.admission import admit, entities
from signaling.audit import kept
from signaling.auth import Claims, action_of, authorize
from signaling.director import plan
from signaling.errors import LogUnavailable, RateLimited, SessionNotFound, SignalingError
from signaling.fanout import Fanout, Subscription
from signaling.gathering import GATHERED, Gathering, Given
from signaling.limits import Limits
from signaling.log import NO_COMMAND, CommandKey, Position, SessionLog, command_key
from signaling.moments import Moments, decode
from signaling.outbox import Outbox
from signaling.presence import Presence
from signaling.protocol import (
    Ack,
    AnyCommand,
    AnyEvent,
    BarInvitation,
    Billing,
    BindSpeaker,
    BringOn,
    DescribeSession,
    EjectPerson,
    InviteSpeaker,
    LetSpeak,
    LifecycleEvent,
    MediaState,
    MuteChat,
    Person,
    PersonEjected,
    PostChat,
    React,
    Refused,
    Resume,
    SendCaption,
    Snapshot,
    StageCommand,
    Yours,
)
from signaling.replica import ATTEMPTS, Replica
from signaling.session import access, captions, floor, sums
from signaling.session import audience as views
from signaling.session.audience import Fact
from signaling.session.decide import decide
from signaling.session.decision import PROGRAMME, SESSION, STAFF, Decision, Refusal
from signaling.session.fold import apply
from signaling.session.gathered import gathered
from signaling.session.preflight import Conclusion
from signaling.session.state import State
from stream.plan import StagePlan

AT_ONCE = 16
"""Commands of the audience that are carried out at the same time, by half of the connections to Redis; others
wait, and staff does not."""

REACH = 0.25
"""Seconds to wait for an own event to come back by pub/sub before the log is read."""

SYSTEM = Person("system", "Rostrum", "owner")
"""Who does what nobody commanded."""

COMMANDS = Counter("rostrum_commands", "Commands, by what became of them.", ["type", "outcome"])


class LiveSession(Replica):
    """One session: its state here, its readers, and the way to change it."""

    def __init__(
        self, session_id: str, log: SessionLog, presence: Presence, limits: Limits, clock: Callable[[], float]
    ) -> None:
        super().__init__(session_id, log, clock)
        self._presence = presence
        self._limits = limits
        self._contended = asyncio.Lock()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._awaited: list[tuple[int, asyncio.Future[None]]] = []
        self._gathering = Gathering(self._write_together)
        self._guests: set[Callable[[], None]] = set()
        self._moments = Moments(lambda text: log.tell(session_id, text))
        self._plan = plan(self._state, 0)
        self.fanout = Fanout(lambda: (self._epoch, self._state))
        self.on_plan: Callable[[str, StagePlan], None] = lambda session, plan: None
        self.on_access: Callable[[str], None] = lambda session: None
        """Told when it may have changed who is welcome here."""
        self.on_ejected: Callable[[str, str], None] = lambda session, participant: None
        """Told whom a command given here has put out."""
        self._preflights = self._state.preflights
        self.on_preflights: Callable[[str, State], None] = lambda session, state: None
        """Called when a pre-flight has begun or ended."""
        self.on_trouble: Callable[[], None] = lambda: None
        """Called when the log could not be reached."""
        self.paused = False
        """Whether commands are refused at once, because Redis is known to be away."""
        self.needed_at = 0.0
        """When somebody last asked for it, by the loop's clock."""
        self._under_way = 0

    @property
    def plan(self) -> StagePlan:
        """What the relay shall do for this session."""
        return self._plan

    @property
    def busy(self) -> bool:
        """Whether somebody is here, or something is under way: then it must not be let go."""
        there = len(self.fanout) or self._guests or self._under_way or self._awaited
        return bool(there or self._unsettled)

    # -- readers ----------------------------------------------------------------------------------------

    def subscribe(self, person: Person, outbox: Outbox) -> Subscription:
        """Send this person's view of all that happens from `position` on to an outbox."""
        return self.fanout.subscribe(person, outbox)

    def snapshot(self, reader: Subscription) -> Snapshot:
        """Return the session as a reader may see it."""
        return views.snapshot(self._state, reader.audience, reader.person.id)

    def yours(self, reader: Subscription) -> Yours:
        """Return what a reader has voted for."""
        return sums.yours(self._state, reader.person.id)

    def since(self, reader: Subscription, resume: Resume) -> tuple[AnyEvent, ...] | None:
        """Return what a reader missed, as it may be seen now; None if only a snapshot can tell."""
        missed = self._since(resume)
        if missed is None:
            return None
        return views.visible(missed, self._state, reader.audience, reader.person.id)

    def set_media(self, media: MediaState) -> None:
        """Tell the readers what the relay sees of this session's publications."""
        self.fanout.media(media)

    def attend(self, question: Callable[[], None]) -> None:
        """Have a guest asked whenever it may have changed who is welcome; until `depart`."""
        self._guests.add(question)

    def depart(self, question: Callable[[], None]) -> None:
        """Ask this guest no more; idempotent."""
        self._guests.discard(question)

    def admit(self, claims: Claims) -> None:
        """Raise AuthError or Forbidden unless who has this token is welcome here, now.

        Raises SessionNotFound if the session has been deleted.
        """
        if self.gone:
            raise SessionNotFound
        admit(self._state, claims, self._clock())

    # -- commands ---------------------------------------------------------------------------------------

    async def command(self, actor: Claims, command: AnyCommand, address: str = "") -> Ack | Refused:
        """Carry out a command: Ack means that it is durable, and part of `state` here.

        `address` is where it came from, if that is known.
        """
        kind = str(command.__struct_config__.tag)
        try:
            authorize(actor, action_of(command), self.id)
            self.admit(actor)
            if self.paused:
                raise LogUnavailable
            wait = self._limits.take(
                self.id, actor.sub, kind, self._clock(), address=address, staff=actor.role in STAFF
            )
            if wait:
                raise RateLimited("rate_limited", "That was a little fast. Wait a moment.", retry_after=wait)
            outcome = await self._carry_out(person_of(actor), command, actor)
        except SignalingError as error:
            if isinstance(error, LogUnavailable):
                self.on_trouble()
            COMMANDS.labels(kind, error.code).inc()
            return Refused(command.id, error.code, error.detail, error.retry_after)
        if isinstance(outcome, Refusal):
            COMMANDS.labels(kind, outcome.code).inc()
            return Refused(command.id, outcome.code, outcome.reason, outcome.retry_after, outcome.now)
        COMMANDS.labels(kind, "done").inc()
        return Ack(command.id, outcome)

    async def describe(self, title: str, programme: Billing) -> None:
        """Say what the programme says of this session now, by nobody's command; an ended one stays as it was.

        Raises LogUnavailable, RateLimited (`busy`).
        """
        command = DescribeSession(secrets.token_hex(8), title, programme)
        await self._carry_out(SYSTEM, command)

    async def bar(self, by: Person, invitation: str, seated: Sequence[str] = ()) -> None:
        """Let nobody be here by an invitation any more; of who had a seat of it, nobody stays on stage.

        Raises LogUnavailable, RateLimited (`busy`).
        """
        await self._carry_out(by, BarInvitation(secrets.token_hex(8), invitation))
        for participant in seated:
            if access.is_busy(self._state, participant):
                await self._carry_out(by, EjectPerson(secrets.token_hex(8), participant, bar=False))

    async def conclude(self, conclusion: Conclusion) -> None:
        """Write what a pre-flight came to, by nobody's command.

        Raises LogUnavailable, RateLimited (`busy`).
        """
        await self._carry_out(SYSTEM, conclusion)

    async def _carry_out(
        self, actor: Person, command: AnyCommand | Conclusion, shown: Claims | None = None
    ) -> int | Refusal:
        self._under_way += 1
        try:
            return await self._done(actor, command, shown)
        finally:
            self._under_way -= 1

    async def _done(
        self, actor: Person, command: AnyCommand | Conclusion, shown: Claims | None
    ) -> int | Refusal:
        if isinstance(command, React | SendCaption):
            return self._say(actor, command)
        if isinstance(command, GATHERED):
            given = Given(actor, command, command_key(actor.id, command.id), shown)
            return await self._gathering.add(given)
        if shown is None or shown.role in STAFF:
            return await self._settled(actor, command, shown)
        # What a crowd says at once stands in nobody's way who keeps order, and waits here, not for Redis.
        async with self._room:
            if self.paused:  # found to be away meanwhile
                raise LogUnavailable
            return await self._settled(actor, command, shown)

    async def _settled(
        self, actor: Person, command: AnyCommand | Conclusion, shown: Claims | None
    ) -> int | Refusal:
        known = None
        if isinstance(command, BringOn | InviteSpeaker | BindSpeaker | EjectPerson | MuteChat):
            known = await self._presence.find(self.id, command.participant)
        elif isinstance(command, PostChat) and command.to is not None:
            known = await self._presence.find(self.id, command.to)
        if isinstance(command, StageCommand) and (command.seen or 0) > self._state.seq:
            await self.catch_up()  # whoever gives it has it from a worker that is ahead of this one
        if isinstance(command, LetSpeak) and await self._is_away(command):
            # What was done before stays done, though they have gone since.
            done = await self._log.receipt(self.id, command_key(actor.id, command.id))
            return floor.AWAY if done is None else done
        outcome = await self._attempt(actor, command, known, shown)
        if outcome is not None:
            return outcome
        # Overtaken: those who contend here take turns, so that somebody gets through at every turn.
        async with self._contended:
            for _ in range(ATTEMPTS):
                await self.catch_up()
                outcome = await self._attempt(actor, command, known, shown)
                if outcome is not None:
                    return outcome
        raise RateLimited("busy", "Too many want to change this at once. Try again.", retry_after=0.5)

    async def _is_away(self, command: LetSpeak) -> bool:
        """Say whether who is called would speak over a connection that they have not."""
        person = floor.called(self._state.floor, command.hand)
        return person is not None and not await self._presence.is_here(self.id, person.id)

    def _say(self, actor: Person, command: React | SendCaption) -> int | Refusal:
        """Tell what matters at this moment, and write nothing."""
        now = int(self._clock() * 1000)
        outcome = decide(self._state, actor, command, now=now)
        if isinstance(outcome, Refusal):
            return outcome
        if isinstance(command, React):
            self._moments.react(command.reaction)
        else:
            self._moments.caption(captions.caption(command, now=now))
        return self._state.seq

    async def _write_together(self, given: Sequence[Given]) -> None:
        """Append commands that contend with nothing, and settle each: done before, refused, or done now."""
        await self._confirm()
        receipts = await self._log.receipts(self.id, [one.key for one in given])
        for one, seq in zip(given, receipts, strict=True):
            if seq is not None:
                one.settle(seq)
        for _ in range(ATTEMPTS):
            at, now = self.position, int(self._clock() * 1000)
            decided: list[tuple[Given, Decision]] = []
            welcome: dict[str, None] = {}
            for one in given:
                if one.answer.done():
                    continue
                try:
                    welcome |= dict.fromkeys(self._welcome(one.shown))
                except SignalingError as error:
                    one.settle(error)
                    continue
                outcome = decide(self._state, one.actor, one.command, now=now)
                if isinstance(outcome, Refusal):
                    one.settle(outcome)
                else:
                    decided.append((one, outcome))
            if not decided:
                return
            together = gathered([decision for _, decision in decided], now=now)
            together = replace(together, leans_on=(*together.leans_on, *welcome))
            keys = [one.key for one, _ in decided]
            seq = await self._append(at, together, NO_COMMAND, keys)
            if seq is not None:
                for one, _ in decided:
                    one.settle(seq)
                return
            await self.catch_up()
        raise RateLimited("busy", "Too many want to change this at once. Try again.", retry_after=0.5)

    async def _attempt(
        self,
        actor: Person,
        command: AnyCommand | Conclusion,
        known: Person | None,
        shown: Claims | None,
    ) -> int | Refusal | None:
        """Decide on the state as it is here and append; None if that state was not the newest."""
        welcome = self._welcome(shown)
        at, now = self.position, int(self._clock() * 1000)
        decided = decide(self._state, actor, command, now=now, known=known)
        key = command_key(actor.id, command.id)
        if isinstance(decided, Refusal):
            # What was done before stays done, though it would make no sense a second time.
            done = await self._log.receipt(self.id, key)
            return decided if done is None else done
        if not decided.events:
            return at[1]
        decided = replace(decided, leans_on=(*decided.leans_on, *welcome))
        return await self._append(at, decided, key, actor=actor)

    def _welcome(self, shown: Claims | None) -> tuple[str, ...]:
        """Name what a decision leans on so that who has been put out has no last word.

        Raises AuthError or Forbidden if they are not, on this very state.
        """
        if shown is None:
            return ()
        self.admit(shown)
        return entities(shown)

    async def _append(
        self,
        at: Position,
        decided: Decision,
        key: CommandKey,
        together: Sequence[CommandKey] = (),
        actor: Person | None = None,
    ) -> int | None:
        about = b""
        if any(isinstance(event, LifecycleEvent) for event in decided.events):
            # What lists say of it is all of this at once, so it must be all as it is here.
            decided = replace(decided, leans_on=(*decided.leans_on, SESSION, PROGRAMME))
            about = msgspec.json.encode(reduce(apply, decided.events, self._state).session)
        appended = await self._log.append(
            self.id,
            at,
            decided.events,
            leans_on=decided.leans_on,
            changes=decided.changes,
            command=key,
            gathered=together,
            audit=[] if actor is None else [kept(event, actor) for event in decided.events],
            about=about,
        )
        if appended.outcome != "done":
            return None
        if together:
            event = msgspec.structs.replace(decided.events[-1], seq=appended.seq)
            self._wrote_together(event, together)
        for event in decided.events:
            if isinstance(event, PersonEjected):
                self.on_ejected(self.id, event.person)
        await self._reach(appended.seq)
        return appended.seq

    async def _reach(self, seq: int) -> None:
        """Wait until the state here includes `seq`, so that who was told so finds it so."""
        if self._state.seq >= seq:
            return
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited.append((seq, reached))
        try:
            async with asyncio.timeout(REACH):
                await reached
        except TimeoutError:
            try:
                await self.catch_up()
            except LogUnavailable:
                self.on_trouble()  # It is durable all the same.
        finally:
            self._awaited.remove((seq, reached))

    def forget(self) -> None:
        """Send everybody away, and write nothing of who was here; idempotent."""
        self._presence.forget(self.id)
        super().forget()

    async def close(self) -> None:
        """Give up what has not been written yet."""
        await self._gathering.close()
        await self._moments.close()

    # -- what happens --------------------------------------------------------------------------------------

    def told(self, text: str) -> None:
        """Take in what a worker said of this moment, and of nothing that lasts."""
        moment = decode(text)
        self.fanout.tell(moment.reactions, moment.captions)

    def _told(self, fact: Fact) -> None:
        self.fanout.fact(fact)

    def _anew(self) -> None:
        self.fanout.resynchronise()

    def _question(self) -> None:
        """Have everybody who is here asked whether they still may."""
        self.on_access(self.id)
        for question in tuple(self._guests):
            question()

    def _changed(self) -> None:
        """Tell those who wait for a position, and whoever makes the plan so."""
        for seq, reached in self._awaited:
            if seq <= self._state.seq and not reached.done():
                reached.set_result(None)
        if self._plan.version != (self._epoch, self._state.stage_seq):
            self._plan = plan(self._state, self._epoch)
            self.on_plan(self.id, self._plan)
        if self._state.preflights is not self._preflights:
            self._preflights = self._state.preflights
            self.on_preflights(self.id, self._state)


def person_of(claims: Claims) -> Person:
    """Return who the bearer of a token is, as others may see it; a hall's screen sits in the hall."""
    return Person(
        id=claims.sub,
        name=claims.name,
        role=claims.role,
        affiliation=claims.affiliation,
        title=claims.title,
        place="hall" if claims.role == "hall" else claims.place,
        billed=claims.billed,
    )
