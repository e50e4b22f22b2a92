"""The sessions of this worker, kept in step with Redis.

Owns two tasks. One hears pub/sub (the fast path). The other looks once a second where the logs end that are
held here: so it finds gaps, lost ends, new sessions, and whether Redis is there at all. The law: while Redis
is away, what is known stays readable and commands are refused with a reason; when it is back, everybody is
caught up before anybody is told so. A log is read when somebody first needs it, once, however many come at
that moment, and let go when nobody has needed it for KEEP. Every worker holds the sessions that are open
(doors, live, paused), with nobody there too: their plans are told to relays, and who comes while Redis is
away gets in. Of all others it knows what lists say (listing.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection
from typing import Self

import msgspec
from prometheus_client import Counter, Gauge

from signaling.audit import AuditEntry, AuditPage
from signaling.auth import EVERY_SESSION, Claims
from signaling.clock import SharedClock
from signaling.errors import Conflict, LogUnavailable, SessionNotFound
from signaling.limits import Limits
from signaling.listing import Listing
from signaling.live_session import LiveSession, person_of
from signaling.log import NO_COMMAND, Entry, SessionLog
from signaling.presence import Presence, Roster
from signaling.protocol import Billing, Notice, Person, Session, SessionCreated, Status
from signaling.session.state import State
from stream.plan import StagePlan

LOOK = 1.0
"""Seconds between two looks at the logs' ends, unless something calls for one at once."""

LOOK_AWAY = 0.2
"""The same while Redis is away."""

OPEN: frozenset[Status] = frozenset({"doors", "live", "paused"})
"""The states in which every worker holds a session."""

KEEP = 600.0
"""Seconds that a session is held after somebody needed it: longer than a page takes to come back."""

MOST_IDLE = 64
"""Most sessions that are held for nobody; beyond, those needed longest ago go first."""

SETTLE = 10.0
"""Seconds that a session is held for nobody at least: whoever has asked for it is about to use it."""

AUDIT_START = "-"
"""The place before the audit's first entry."""

AUDIT_PAGE = 100
"""Entries of the audit in a page, unless asked otherwise."""

__all__ = ["LiveSession", "LiveSessions", "person_of"]

AVAILABLE = Gauge("rostrum_log_available", "1 while this worker reaches Redis.")
READS = Counter("rostrum_sessions_read", "Sessions whose log was read because somebody needed them.")
LET_GO = Counter("rostrum_sessions_let_go", "Sessions let go because nobody needed them any more.")

_log = logging.getLogger(__name__)

PlanCallback = Callable[[str, StagePlan], None]
AccessCallback = Callable[[LiveSession], None]
EjectedCallback = Callable[[str, str], None]
PreflightsCallback = Callable[[str, State], None]
LoadedCallback = Callable[[LiveSession], None]
Held = Callable[[], Collection[str]]
"""Returns the ids of sessions that are to be held, whoever else needs them."""


class LiveSessions:
    """The sessions of this worker. Use as `async with`: inside, it follows Redis."""

    def __init__(
        self, log: SessionLog, presence: Presence, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.limits = Limits()
        self.presence = presence
        self._log = log
        self.clock = SharedClock(clock)
        self._sessions: dict[str, LiveSession] = {}
        self._listing = Listing(log)
        self._reading: dict[str, asyncio.Task[None]] = {}
        """By session: the one reading of its log that all wait for who need it now."""
        self._on_loaded: list[LoadedCallback] = []
        self._holding: list[Held] = []
        self._available = False
        self._look = asyncio.Event()
        self._looked = asyncio.Event()
        self._reconnected = False
        self._on_plan: list[PlanCallback] = []
        self._on_access: list[AccessCallback] = []
        self._on_ejected: list[EjectedCallback] = []
        self._on_preflights: PreflightsCallback = lambda session, state: None
        self._owned: list[asyncio.Task[None]] = []
        presence.on_change = self._presence_changed
        presence.is_live = self._is_live

    async def __aenter__(self) -> Self:
        """Start following, and return when every open session is read, or Redis was found to be away."""
        for work in (self._follow(), self._keep_up(), self.presence.run()):
            task = asyncio.create_task(work)
            task.add_done_callback(self._ended)
            self._owned.append(task)
        await self._looked.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = [*self._owned, *self._reading.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._owned.clear()
        for live in self._sessions.values():
            await live.close()
        await self.presence.close()

    @property
    def available(self) -> bool:
        """Whether Redis could be reached a moment ago."""
        return self._available

    async def get(self, session_id: str) -> LiveSession:
        """Return a session, reading its log if need be; raises SessionNotFound, LogUnavailable."""
        if session_id not in self._sessions and not self._available:
            raise LogUnavailable
        live = await self._loaded(session_id)
        live.needed_at = asyncio.get_running_loop().time()
        return live

    def known(self, session_id: str) -> LiveSession | None:
        """Return a session if this worker holds it."""
        return self._sessions.get(session_id)

    def about(self, session_id: str) -> Session | None:
        """Return what lists say of a session, held or not; None if there is none as far as known."""
        live = self._sessions.get(session_id)
        return self._listing.get(session_id) if live is None else live.state.session

    async def create(
        self,
        title: str,
        id: str | None = None,  # noqa: A002 - its name in REST
        programme: Billing | None = None,
    ) -> LiveSession:
        """Begin a session, planned and not yet live; raises Conflict, LogUnavailable."""
        session_id = id or f"s-{secrets.token_hex(4)}"
        now = int(self.clock() * 1000)
        session = Session(session_id, title, "planned", now, programme=programme)
        created = Entry(now, 1, SessionCreated(at=now, by="system", session=session), NO_COMMAND)
        about = msgspec.json.encode(session)
        if not await self._log.begin(session_id, None, now, (created,), about=about, anew=True):
            raise Conflict("session_exists", "There is a session of this id already.")
        return await self.get(session_id)

    async def delete(self, session_id: str) -> None:
        """Delete a session that is not running, and all that is kept of it.

        Raises SessionNotFound, Conflict, LogUnavailable.
        """
        live = await self.get(session_id)
        if live.state.session.status in ("doors", "live", "paused"):
            raise Conflict("session_running", "The session is running; end it first.")
        await self._log.delete(session_id)
        self._sessions.pop(session_id, None)
        self._listing.forget(session_id)
        live.forget()

    async def erase(self, session_id: str, participant: str) -> None:
        """Take a person's name out of all that is kept of a session.

        Raises SessionNotFound, LogUnavailable, RateLimited (`busy`).
        """
        live = await self.get(session_id)
        await self.presence.book.erase(session_id, participant)
        await live.erase(participant)

    async def list(self) -> tuple[Session, ...]:
        """Return all sessions there are, held or not, oldest first."""
        return tuple(sorted(self._all(), key=lambda session: (session.created, session.id)))

    def count(self) -> int:
        """Return how many sessions there are, held or not."""
        return len(self._all())

    async def acted(self, session_id: str, person: Person) -> None:
        """Keep what somebody is called who has done something here by REST, for the audit.

        What they did is done: where the log cannot be reached any more, the audit has their id alone.
        """
        with contextlib.suppress(LogUnavailable):
            await self.presence.book.acted(session_id, person)

    async def audit(self, session_id: str, after: str = AUDIT_START, count: int = AUDIT_PAGE) -> AuditPage:
        """Return a page of a session's audit, after a place in it; raises SessionNotFound, LogUnavailable."""
        people = (await self.get(session_id)).state.people
        rows = await self._log.audit(session_id, after, count)
        written = [msgspec.json.decode(row.entry, type=AuditEntry) for row in rows]
        # The log names who has said something in it; the book, who was here or came by REST alone.
        unnamed = sorted({entry.by for entry in written} - people.keys())
        names = await self.presence.book.names(session_id, unnamed)
        names |= {person.id: person.name for person in people.values()}
        entries = [
            msgspec.structs.replace(
                entry, name=names.get(entry.by, ""), id=row.id, epoch=row.position[0], seq=row.position[1]
            )
            for row, entry in zip(rows, written, strict=True)
        ]
        return AuditPage(tuple(entries), rows[-1].id if len(rows) == count else None)

    async def whole_audit(self, session_id: str) -> AsyncIterator[AuditEntry]:
        """Yield all of a session's audit, oldest first, for an export; raises LogUnavailable."""
        after: str | None = AUDIT_START
        while after is not None:
            page = await self.audit(session_id, after)
            for entry in page.entries:
                yield entry
            after = page.next

    def plans(self) -> dict[str, StagePlan]:
        """Return the stage plan of every session that is held."""
        return {session_id: live.plan for session_id, live in self._sessions.items()}

    def on_plan(self, callback: PlanCallback) -> None:
        """Have a callback told each new plan, from now on; it must not block."""
        self._on_plan.append(callback)

    def on_loaded(self, callback: LoadedCallback) -> None:
        """Have a callback told of each session that is held from now on; it must not block."""
        self._on_loaded.append(callback)

    def hold(self, wanted: Held) -> None:
        """Have these sessions held, as far as there are any: asked once a second; it must not block."""
        self._holding.append(wanted)

    def on_access(self, callback: AccessCallback) -> None:
        """Have a callback told when it may have changed who is welcome in a session, from now on."""
        self._on_access.append(callback)

    def on_ejected(self, callback: EjectedCallback) -> None:
        """Have a callback told the session and the person whom a command given here has put out."""
        self._on_ejected.append(callback)

    async def admit(self, claims: Claims) -> None:
        """Raise AuthError or Forbidden if who has this token is no longer welcome in its session.

        Raises LogUnavailable if that cannot be told; of a session that there is not, nothing is known.
        """
        if claims.session != EVERY_SESSION:
            with contextlib.suppress(SessionNotFound):
                (await self.get(claims.session)).admit(claims)

    def on_preflights(self, callback: PreflightsCallback) -> None:
        """Have a callback told, from now on, whenever a pre-flight has begun or ended; it must not block."""
        self._on_preflights = callback

    def readers(self) -> dict[str, int]:
        """Return how many connections each session has in this worker, of those that are held."""
        return {session_id: len(live.fanout) for session_id, live in self._sessions.items()}

    # -- keeping in step --------------------------------------------------------------------------------

    async def _loaded(self, session_id: str) -> LiveSession:
        while (live := self._sessions.get(session_id)) is None:
            reading = self._reading.get(session_id)
            if reading is None:
                reading = asyncio.create_task(self._read(session_id), name="read-session")
                reading.add_done_callback(lambda task: self._has_read(session_id, task))
                self._reading[session_id] = reading
            # Others may wait for the same, so nobody who leaves takes it along.
            await asyncio.shield(reading)
        return live

    async def _read(self, session_id: str) -> None:
        live = LiveSession(session_id, self._log, self.presence, self.limits, self.clock)
        live.on_plan = self._plan_changed
        live.on_access = self._access_changed
        live.on_ejected = self._ejected
        live.on_preflights = lambda session, state: self._on_preflights(session, state)
        live.on_trouble = self._look.set
        live.needed_at = asyncio.get_running_loop().time()
        await live.load(self._listing.position(session_id))
        live.paused = not self._available
        live.fanout.presence(self.presence.roster(session_id))
        self._sessions[session_id] = live
        self._listing.note(session_id, live.state.session, live.position)
        READS.inc()
        for callback in self._on_loaded:
            callback(live)
        self._look.set()  # for what was said while it was read

    def _has_read(self, session_id: str, task: asyncio.Task[None]) -> None:
        self._reading.pop(session_id, None)
        if not task.cancelled():
            task.exception()  # who waited was told

    def _all(self) -> Collection[Session]:
        found = {session.id: session for session in self._listing.all()}
        found |= {live.id: live.state.session for live in self._sessions.values()}
        return found.values()

    def _held(self) -> set[str]:
        """Return the sessions that are to be here though nobody may be in them."""
        held = {session.id for session in self._all() if session.status in OPEN}
        for wanted in self._holding:
            held |= {session_id for session_id in wanted() if self.about(session_id) is not None}
        return held

    async def _let_go(self, held: Collection[str]) -> None:
        """Let go of what nobody has needed for long, and of what was needed longest ago if that is much."""
        now = asyncio.get_running_loop().time()
        idle = [live for live in self._sessions.values() if live.id not in held and not live.busy]
        idle.sort(key=lambda live: live.needed_at)
        for place, live in enumerate(idle):
            left = live.needed_at + (SETTLE if place < len(idle) - MOST_IDLE else KEEP) - now
            if left <= 0 and not live.busy:
                self._listing.note(live.id, live.state.session, live.position)
                del self._sessions[live.id]
                LET_GO.inc()
                await live.close()

    async def _follow(self) -> None:
        while True:
            with contextlib.suppress(LogUnavailable):
                async for heard in self._log.follow(self._following):
                    live = self._sessions.get(heard.session)
                    if heard.moment is not None:
                        if live is not None:
                            live.told(heard.moment)
                    elif live is None:
                        if self._listing.heard(heard.session, heard.entries):
                            self._look.set()
                    elif not live.hear(heard.entries):
                        self._look.set()
            self._look.set()
            await asyncio.sleep(LOOK_AWAY)

    def _following(self) -> None:
        """Pub/sub is heard (again): what was said before then was missed."""
        self._reconnected = True
        self._look.set()

    async def _keep_up(self) -> None:
        while True:
            self._look.clear()
            verify, self._reconnected = self._reconnected, False
            try:
                await self._look_at_all(verify=verify)
            except LogUnavailable:
                self._reconnected = True
                self._set_available(False)
            else:
                self._set_available(True)
            self._looked.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK if self._available else LOOK_AWAY):
                    await self._look.wait()

    async def _look_at_all(self, *, verify: bool) -> None:
        asked = self.clock.asked()
        self.clock.learn(await self._log.time(), asked)
        await self._listing.look(but=self._sessions.keys(), everything=verify)
        held = self._held()
        for session_id in (held | self._listing.unread()) - self._sessions.keys():
            # Deleted a moment ago.
            with contextlib.suppress(SessionNotFound):
                await self._loaded(session_id)
        known = tuple(self._sessions.values())
        heads = await self._log.heads([live.id for live in known])
        for live, head in zip(known, heads, strict=True):
            if verify or head != live.position:
                # A log lost again while it was being healed: the next look sees it.
                with contextlib.suppress(SessionNotFound):
                    await live.catch_up(verify=verify)
                if live.gone:
                    self._sessions.pop(live.id, None)
                    self._listing.forget(live.id)
                    continue
            await live.keep()
        await self._let_go(held)

    def _set_available(self, available: bool) -> None:
        if available == self._available:
            return
        self._available = available
        AVAILABLE.set(available)
        _log.log(logging.INFO if available else logging.ERROR, "redis is %s", "here" if available else "away")
        for live in self._sessions.values():
            live.paused = not available
            live.fanout.notice(Notice("chat_resumed" if available else "chat_paused"))

    def _plan_changed(self, session_id: str, plan: StagePlan) -> None:
        for callback in self._on_plan:
            callback(session_id, plan)

    def _access_changed(self, session_id: str) -> None:
        live = self._sessions.get(session_id)
        if live is not None:
            for callback in self._on_access:
                callback(live)

    def _ejected(self, session_id: str, participant: str) -> None:
        for callback in self._on_ejected:
            callback(session_id, participant)

    def _is_live(self, session_id: str) -> bool:
        about = self.about(session_id)
        return about is not None and about.status == "live"

    def _presence_changed(self, session_id: str, roster: Roster) -> None:
        live = self._sessions.get(session_id)
        if live is not None:
            live.fanout.presence(roster)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Say it loudly when a task that should run for ever does not: that is a defect."""
        if not task.cancelled() and task.exception() is not None:
            _log.critical("following redis has failed", exc_info=task.exception())
            self._set_available(False)
            self._looked.set()
