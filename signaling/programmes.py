"""All events' programmes in this worker, kept in step with Redis, and with the live sessions.

Owns two tasks, as live.py does for sessions: one hears pub/sub, one looks once a second at the versions
(and then tells each session's readers when it is expected). The law: a change is a pure function of the
newest programme, taken again if somebody else was faster; a programme that Redis has lost is written
back by whoever remembers it; and a live session says what its item says.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final, Self

import msgspec

from signaling.errors import Conflict, LogUnavailable, NotFound, RateLimited, SessionNotFound
from signaling.live import LOOK, LOOK_AWAY, LiveSession, LiveSessions
from signaling.programme.drift import expected
from signaling.programme.model import Programme, ProgrammeItem, billing
from signaling.programme_store import ProgrammeStore, Stored
from signaling.protocol import OVER, Session, Status, Timetable

ATTEMPTS: Final = 20
"""Times a change is made anew before it is refused as `busy`."""

AT_ONCE: Final = 16
"""Live sessions created or described at the same time."""

Make = Callable[[Programme | None], Programme | None]

_log = logging.getLogger(__name__)


class Programmes:
    """The programmes of this worker. Use as `async with`, inside that of the live sessions."""

    def __init__(
        self, store: ProgrammeStore, live: LiveSessions, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._live = live
        self._clock = clock
        self._known: dict[str, Stored] = {}
        self._changing = asyncio.Lock()
        self._look = asyncio.Event()
        self._looked = asyncio.Event()
        self._loaded = False
        self._owned: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        for work in (self._follow(), self._keep_up()):
            task = asyncio.create_task(work)
            task.add_done_callback(self._ended)
            self._owned.append(task)
        await self._looked.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._owned:
            task.cancel()
        await asyncio.gather(*self._owned, return_exceptions=True)
        self._owned.clear()

    def now(self) -> int:
        """Return the time, ms since 1970."""
        return int(self._clock() * 1000)

    def list(self) -> tuple[Programme, ...]:
        """Return all programmes, by id; raises LogUnavailable if none could be read yet."""
        if not self._loaded:
            raise LogUnavailable
        found = (stored.programme for _, stored in sorted(self._known.items()))
        return tuple(programme for programme in found if programme is not None)

    def get(self, event: str) -> Programme:
        """Return an event's programme; raises NotFound, LogUnavailable."""
        stored = self._known.get(event)
        if stored is not None and stored.programme is not None:
            return stored.programme
        if not self._loaded:
            raise LogUnavailable
        raise NotFound("event_not_found", "There is no such event.")

    def sessions(self, programme: Programme) -> dict[str, Session]:
        """Return the live sessions of a programme's items, by id."""
        found = ((item.id, self._live.about(item.id)) for item in programme.items)
        return {item: session for item, session in found if session is not None}

    def statuses(self, programme: Programme | None) -> dict[str, Status]:
        """Return what the live sessions of a programme's items are."""
        if programme is None:
            return {}
        return {item: session.status for item, session in self.sessions(programme).items()}

    def expected(self, programme: Programme) -> dict[str, Timetable]:
        """Return when each item is to begin and to end, as it looks now."""
        return expected(programme.items, self.sessions(programme), self.now())

    async def change(self, event: str, make: Make) -> Programme | None:
        """Replace a programme by what `make` returns of it (None: there is none, or it is deleted).

        `make` may be called more than once. Raises what it raises, LogUnavailable, RateLimited (`busy`).
        """
        async with self._changing:
            for _ in range(ATTEMPTS):
                before = self._known.get(event, Stored(0, None))
                made = make(before.programme)
                if made == before.programme:
                    break
                version = before.version + 1
                if made is not None:
                    made = msgspec.structs.replace(made, version=version, changed=self.now())
                if await self._written(event, made, before.version):
                    self._known[event] = Stored(version, made)
                    break
                await self._load(event)
            else:
                raise RateLimited("busy", "Too many want to change this at once. Try again.", retry_after=0.5)
        if made is not None:
            await self._describe(made)
        return made

    async def open_sessions(self, programme: Programme, items: Sequence[str] | None) -> tuple[Session, ...]:
        """Make live sessions of these items (None: of all that are not withdrawn), or update them.

        Raises NotFound, Conflict, LogUnavailable.
        """
        wanted = [item for item in programme.items if not item.withdrawn]
        if items is not None:
            named = set(items)
            if named - {item.id for item in programme.items}:
                raise NotFound("item_not_found", "There is no such item in the programme.")
            wanted = [item for item in wanted if item.id in named]
            if len(wanted) < len(named):
                raise Conflict("item_withdrawn", "The item is withdrawn.")
        gate = asyncio.Semaphore(AT_ONCE)

        async def opened(item: ProgrammeItem) -> Session:
            async with gate:
                return (await self._open(programme, item)).state.session

        return tuple(await asyncio.gather(*(opened(item) for item in wanted)))

    async def _open(self, programme: Programme, item: ProgrammeItem) -> LiveSession:
        said = billing(programme, item)
        if self._live.about(item.id) is None:
            with contextlib.suppress(Conflict):  # another worker's, a moment ago
                return await self._live.create(item.title, item.id, said)
        live = await self._live.get(item.id)
        await live.describe(item.title, said)
        return live

    async def _describe(self, programme: Programme) -> None:
        """Tell the live sessions what their items say now; those that have ended stay as they were."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def described(item: ProgrammeItem) -> None:
            async with gate:
                with contextlib.suppress(SessionNotFound):  # deleted a moment ago
                    live = await self._live.get(item.id)
                    await live.describe(item.title, billing(programme, item))

        found = ((self._live.about(item.id), item) for item in programme.items)
        stale = [
            item
            for session, item in found
            if session is not None
            and session.status not in OVER
            and (session.title, session.programme) != (item.title, billing(programme, item))
        ]
        await asyncio.gather(*(described(item) for item in stale))

    # -- keeping in step --------------------------------------------------------------------------------

    async def _written(self, event: str, programme: Programme | None, seen: int) -> bool:
        write = secrets.token_hex(8)
        try:
            done, _ = await self._store.write(event, programme, seen=seen, version=seen + 1, write=write)
        except LogUnavailable:
            # Whether it was done is not known; the same write again says.
            done, _ = await self._store.write(event, programme, seen=seen, version=seen + 1, write=write)
        return done

    async def _load(self, event: str) -> None:
        """Take what Redis has, or give back what it has lost."""
        stored = await self._store.read(event)
        known = self._known.get(event)
        if known is None or (stored is not None and stored.version >= known.version):
            if stored is not None:
                self._known[event] = stored
            return
        seen = stored.version if stored is not None else 0
        version = known.version + 1
        programme = known.programme
        if programme is not None:
            programme = msgspec.structs.replace(programme, version=version)
        done, _ = await self._store.write(
            event, programme, seen=seen, version=version, write=secrets.token_hex(8)
        )
        if done:
            _log.warning("the programme of event %s had been lost, and is written back", event)
            self._known[event] = Stored(version, programme)

    async def _follow(self) -> None:
        while True:
            with contextlib.suppress(LogUnavailable):
                async for _ in self._store.follow(self._look.set):
                    self._look.set()
            self._look.set()
            await asyncio.sleep(LOOK_AWAY)

    async def _keep_up(self) -> None:
        while True:
            self._look.clear()
            with contextlib.suppress(LogUnavailable, RateLimited):
                await self._look_at_all()
                self._loaded = True
            self._looked.set()
            self._tell_timetables()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._look.wait()

    async def _look_at_all(self) -> None:
        versions = await self._store.versions()
        for event in versions.keys() | self._known.keys():
            known = self._known.get(event)
            if known is None or known.version != versions.get(event):
                async with self._changing:
                    await self._load(event)
                stored = self._known.get(event)
                if stored is not None and stored.programme is not None:
                    await self._describe(stored.programme)

    def _tell_timetables(self) -> None:
        watched = {session for session, readers in self._live.readers().items() if readers}
        for stored in self._known.values():
            programme = stored.programme
            if programme is None or watched.isdisjoint(item.id for item in programme.items):
                continue
            for item, timetable in self.expected(programme).items():
                live = self._live.known(item)
                if live is not None and item in watched:
                    live.fanout.timetable(timetable)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Say it loudly when a task that should run for ever does not: that is a defect."""
        if not task.cancelled() and task.exception() is not None:
            _log.critical("following the programmes has failed", exc_info=task.exception())
            self._looked.set()
