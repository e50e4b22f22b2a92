"""One session's log as this worker has it: read, followed, healed, and kept short for those who come later.

The law: state changes only by entries that came from Redis, this worker's own included. A log that turns out
to have lost its end gets back what is remembered here, under a new epoch, with the receipts of what it did.
It knows no reader and no command: what is built on it is told each fact, and when all that was heard is in.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from signaling.audit import kept
from signaling.errors import LogUnavailable, RateLimited, SessionNotFound
from signaling.listing import listed
from signaling.log import GONE, NO_COMMAND, CommandKey, Entry, Position, SessionLog
from signaling.protocol import AccessEvent, AnyEvent, LifecycleEvent, Resume, Session, SessionDescribed
from signaling.session import audience as views
from signaling.session.audience import Fact
from signaling.session.checkpoint import EVERY, SHAPE, TAIL, Checkpoint, pack, unpack
from signaling.session.erase import erased
from signaling.session.fold import apply, rewrite
from signaling.session.state import State, empty

HISTORY = 2000
"""Newest events remembered: who missed more gets a snapshot instead."""

ATTEMPTS = 50
"""Tries at what others may overtake, before it is refused as `busy`."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Remembered:
    entry: Entry
    fact: Fact


class Replica:
    """A session's newest state here, where in its log that is, and what led to it lately.

    What follows it overrides `_told`, `_anew`, `_changed` and `_question`; none of them may block.
    """

    def __init__(self, session_id: str, log: SessionLog, clock: Callable[[], float]) -> None:
        self.id = session_id
        self.gone = False
        """Whether the session has been deleted."""
        self._log = log
        self._clock = clock
        self._epoch = 0
        self._state = empty(session_id)
        self._history: deque[_Remembered] = deque(maxlen=HISTORY)
        self._last: Entry | None = None
        self._together: deque[tuple[AnyEvent, tuple[CommandKey, ...]]] = deque(maxlen=HISTORY)
        """The newest events that this worker wrote for several commands together, and for which."""
        self._unconfirmed: dict[CommandKey, int] = {}
        """Commands that were done, whose receipts may be lost with the end of a log."""
        self._passed: deque[tuple[Entry, State]] = deque(maxlen=3)
        """States that become checkpoints once TAIL events have followed."""
        self._catching_up = asyncio.Lock()
        self._listed: Session | None = None
        """What lists say of it, as far as known here."""

    def _told(self, fact: Fact) -> None:
        """Hear of a fact, as it is applied."""

    def _anew(self) -> None:
        """Hear that the log was read anew, and the past is no longer what it was."""

    def _changed(self) -> None:
        """Hear that all that came together is in the state."""

    def _question(self) -> None:
        """Hear that it may have changed who is welcome, or whether there is a session at all."""

    @property
    def state(self) -> State:
        """The session as this worker knows it."""
        return self._state

    @property
    def position(self) -> Position:
        """Where in the log this worker is."""
        return (self._epoch, self._state.seq)

    @property
    def _unsettled(self) -> bool:
        """Whether something of the log is under way: then it must not be let go."""
        return bool(self._unconfirmed or self._catching_up.locked())

    def _since(self, resume: Resume) -> list[Fact] | None:
        """Return what has happened since a place, oldest first; None if that is not remembered."""
        oldest = self._history[0].entry.seq if self._history else self._state.seq + 1
        if resume.epoch != self._epoch or not oldest - 1 <= resume.seq <= self._state.seq:
            return None
        newest = itertools.islice(reversed(self._history), self._state.seq - resume.seq)
        return [remembered.fact for remembered in newest][::-1]

    def _wrote_together(self, event: AnyEvent, commands: Sequence[CommandKey]) -> None:
        """Remember for which commands an event was written here: the log names one at most."""
        self._together.append((event, tuple(commands)))

    async def load(self, remembered: Position = (0, 0)) -> None:
        """Read the session from its last checkpoint, else from the start of its log.

        A log that ends before a place that is `remembered` has lost its end, and begins a new epoch.
        Raises SessionNotFound, LogUnavailable.
        """
        async with self._catching_up:
            await self._reload()
            if self.position < remembered:
                end, self._epoch = self.position, max(self._epoch, remembered[0])
                await self._heal(end)

    def hear(self, entries: tuple[Entry, ...]) -> bool:
        """Apply entries that follow on; returns False if some are missing before them, or anything else."""
        before, questioned = self._state.seq, False
        follows = bool(entries)
        for entry in entries:
            if entry.epoch != self._epoch or entry.seq > self._state.seq + 1:
                follows = False
                break
            if entry.seq == self._state.seq + 1:
                self._told(self._fold(entry))
                questioned |= isinstance(entry.event, AccessEvent | SessionDescribed)
        if self._state.seq > before:
            self._changed()  # once for all: what was decided together is one change to a relay
        if questioned:
            self._question()
        return follows

    async def catch_up(self, *, verify: bool = False) -> None:
        """Read what was missed; heal the log if it has lost its end. `verify`: though nothing is new."""
        async with self._catching_up:
            # Noted first: pub/sub may take us past the answer while we wait for it.
            known, last = self.position, self._last
            assert last is not None, "a session is loaded before it is followed"
            (head,) = await self._log.heads([self.id])
            if head == GONE:
                self.forget()
                raise SessionNotFound
            if head == known and not verify:
                return
            if head is None or head < known:
                await self._heal(head)
            elif head[0] > self._epoch:
                await self._reload()
            else:
                entries = await self._log.read(self.id, after=(last.epoch, last.seq))
                new = tuple(entry for entry in entries if entry.seq > self._state.seq)
                if not entries or entries[0] != last:
                    await self._heal(head)
                elif new and not self.hear(new):
                    await self._reload()

    def forget(self) -> None:
        """Send everybody away: the session has been deleted; idempotent."""
        if not self.gone:
            self.gone = True
            self._question()

    async def events(self) -> tuple[AnyEvent, ...]:
        """Return all that has happened, from the start of the log; raises LogUnavailable."""
        return tuple(entry.event for entry in await self._log.read(self.id))

    async def erase(self, participant: str) -> None:
        """Take a person's name out of the log, which gets a new epoch, so that nobody goes on with the old.

        Raises SessionNotFound, LogUnavailable, RateLimited (`busy`).
        """
        for _ in range(ATTEMPTS):
            await self.catch_up()
            at = self.position
            entries = await self._log.read(self.id)
            if (entries[-1].epoch, entries[-1].seq) != at:
                continue
            epoch = max(int(self._clock() * 1000), at[0] + 1)
            without = [replace(entry, event=erased(entry.event, participant)) for entry in entries]
            if await self._log.rewrite(self.id, at, epoch, without):
                await self.catch_up()
                return
        raise RateLimited("busy", "Too much happens here at once. Try again.", retry_after=0.5)

    async def _heal(self, head: Position | None) -> None:
        """Begin a new epoch after `head`, with what is remembered beyond it, and take it from there."""
        end = head[1] if head else 0
        now = int(self._clock() * 1000)
        epoch = max(now, self._epoch + 1, head[0] + 1 if head else 0)
        lost = tuple(r.entry for r in self._history if r.entry.seq > end)
        if not lost or lost[0].seq != end + 1:
            lost = ()
            if head is None:
                events = enumerate(rewrite(self._state, now), start=1)
                lost = tuple(Entry(epoch, seq, event, NO_COMMAND) for seq, event in events)
        audit = [kept(entry.event, self._state.people.get(entry.event.by)) for entry in lost]
        if await self._log.begin(self.id, head, epoch, lost, audit):
            _log.warning("the log of session %s had lost its end; %d events written back", self.id, len(lost))
        await self._reload()

    async def _reload(self) -> None:
        ((head, about),) = await self._log.outlines([self.id])
        start, entries = await self._from_checkpoint()
        if not entries:
            start, entries = empty(self.id), await self._log.read(self.id)
        if head is None or head == GONE or not entries:
            raise SessionNotFound
        known = self._epoch
        if known and entries[-1].epoch != known:
            # It had lost its end: an entry that is there again names one command, not those gathered in it.
            there = {entry.seq: entry.event for entry in entries}
            for event, keys in self._together:
                if there.get(event.seq) == event:
                    self._unconfirmed |= dict.fromkeys(keys, event.seq)
        self._epoch = max(head[0], entries[-1].epoch)
        self._state = start
        self._history.clear()
        self._passed.clear()
        for entry in entries:
            if entry.seq > start.seq:
                self._fold(entry)
        self._listed = listed(about)
        self._last = entries[-1]
        if known:
            self._anew()
        self._changed()
        self._question()

    async def _from_checkpoint(self) -> tuple[State, tuple[Entry, ...]]:
        """Return a state to start from, and the entries from its own on; none, if it is not of this log."""
        kept = await self._log.checkpoint(self.id, SHAPE)
        found = unpack(kept[1]) if kept else None
        if kept is None or found is None:
            return empty(self.id), ()
        entries = await self._log.read(self.id, after=kept[0])
        if not entries or entries[0] != Entry(*kept[0], found.event, CommandKey(found.command)):
            return empty(self.id), ()
        return found.state, entries

    async def keep(self) -> None:
        """Keep a checkpoint if one is due, pack what lies before it, and write back lost receipts.

        And mend what lists say, where a log was lost or begun by who wrote nothing for them.
        Raises LogUnavailable.
        """
        await self._confirm()
        session = self._state.session
        about = msgspec.json.encode(session)
        if self._listed != session and await self._log.describe(self.id, self.position, about):
            self._listed = session
        due = None
        while self._passed and self._passed[0][0].seq + TAIL <= self._state.seq:
            due = self._passed.popleft()
        if due is not None:
            entry, state = due
            body = pack(Checkpoint(state, entry.event, entry.command))
            place = (entry.epoch, entry.seq)
            if await self._log.keep(self.id, self._epoch, SHAPE, place, body):
                await self._log.pack(self.id, self._epoch, place)

    async def _confirm(self) -> None:
        """Write back the receipts of what was done, so that who gives it again has it done once."""
        if self._unconfirmed:
            done, self._unconfirmed = self._unconfirmed, {}
            try:
                await self._log.confirm(self.id, done)
            except LogUnavailable:
                self._unconfirmed = done | self._unconfirmed
                raise

    def _fold(self, entry: Entry) -> Fact:
        fact = views.fact(self._state, entry.event)
        self._state = apply(self._state, entry.event)
        if isinstance(entry.event, LifecycleEvent):
            self._listed = self._state.session  # whoever has written it has seen to that
        self._history.append(_Remembered(entry, fact))
        self._last = entry
        if entry.seq % EVERY == 0:
            self._passed.append((entry, self._state))
        return fact
