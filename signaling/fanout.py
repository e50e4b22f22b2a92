"""From one session's facts to its readers' outboxes: batched, redacted, encoded once an audience.

The law: events that arrive within BATCH seconds share a frame, later ones too where telling takes long
(REST), and all of an audience get the very same bytes; only the author of a question that others may not
see gets a frame of their own, and who has just come. Ephemeral state (presence, media, timetable) is kept
only in its newest form. It must not know Redis or sockets.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from prometheus_client import Counter

from signaling.broadcast import Broadcast
from signaling.outbox import Outbox
from signaling.presence import Roster
from signaling.protocol import (
    Caption,
    Events,
    FloorNow,
    FloorQueue,
    MediaState,
    Notice,
    Person,
    Presence,
    Reaction,
    ServerMessage,
    Timetable,
)
from signaling.session import audience as views
from signaling.session import captions, floor, sums, turns
from signaling.session.audience import Audience, Fact, audience_of
from signaling.session.state import State
from signaling.ticks import Ticks
from signaling.websocket_protocol import text_frame

BATCH = 0.02
"""Seconds that events wait for company: a write costs the same for one as for many."""

SMALL_ROOM = 30
"""People up to which everybody is told everybody's name."""

REST = 6.0
"""After telling everybody, wait so many times as long as that took: commands are not kept waiting by it."""

MOST_REST = 0.1
"""Most seconds to wait so."""

FRAMES = Counter("rostrum_frames_fanned_out", "Frames put into outboxes by the fan-out.", ["audience"])


def encode(message: ServerMessage) -> bytes:
    """Return a message as a frame, ready to be written."""
    return text_frame(msgspec.json.encode(message))


@dataclass(eq=False, frozen=True, slots=True)
class Subscription:
    """One connection's place among a session's readers."""

    person: Person
    audience: Audience
    outbox: Outbox


class Fanout:
    """One session's readers in this worker. `now` returns the state and epoch the facts led to."""

    def __init__(self, now: Callable[[], tuple[int, State]]) -> None:
        self._now = now
        self._readers: dict[Audience, set[Subscription]] = {audience: set() for audience in views.AUDIENCES}
        self._broadcasts = {audience: Broadcast() for audience in views.AUDIENCES}
        self._facts: list[Fact] = []
        self._newcomers: dict[Subscription, int] = {}
        """Readers who know of some of what waits, and up to which position."""
        self._timer: asyncio.TimerHandle | None = None
        self._rested_at = 0.0
        self._roster = Roster()
        self._roster_due = False
        self._media = MediaState(relay=False, publications=())
        self._media_due = False
        self._media_told: dict[Audience, bytes] = {}
        self._timetable: Timetable | None = None
        self._timetable_due = False
        self._ticks = Ticks(lambda: now()[1], self.flush, self._tell, self._confide)
        self._captions: captions.Kept = {}
        self._floor: tuple[FloorQueue, bytes] | None = None
        self._floor_told: FloorQueue | None = None

    def __len__(self) -> int:
        return sum(len(readers) for readers in self._readers.values())

    def subscribe(self, person: Person, outbox: Outbox) -> Subscription:
        """Add a reader, who is told all that happens from this moment on."""
        subscription = Subscription(person, audience_of(person.role), outbox)
        self._readers[subscription.audience].add(subscription)
        self._broadcasts[subscription.audience].add(outbox)
        self.up_to_date(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Remove a reader; idempotent."""
        self._readers[subscription.audience].discard(subscription)
        self._broadcasts[subscription.audience].discard(subscription.outbox)
        self._newcomers.pop(subscription, None)

    def up_to_date(self, subscription: Subscription) -> None:
        """Note that a reader is being told by other means what is so now: what waits is not for them."""
        if self._facts:
            self._newcomers[subscription] = self._facts[-1].event.seq

    def ephemeral(self, audience: Audience) -> tuple[bytes, ...]:
        """Return the frames that tell a joiner who is here, who publishes, and when it begins."""
        _, state = self._now()
        live = state.session.status == "live"
        said = tuple(line for lines in self._captions.values() for line in lines) if live else ()
        tick = sums.totals(state, audience, captions=said)
        return (
            encode(self._presence(audience)),
            encode(views.media(self._media, state, audience)),
            self._floor_frame(state),
            *(() if self._timetable is None else (encode(self._timetable),)),
            *(() if tick is None else (encode(tick),)),
        )

    def fact(self, fact: Fact) -> None:
        """Tell a fact, soon."""
        self._facts.append(fact)
        self._ticks.fact(fact)
        self._soon()

    def tell(self, reactions: Mapping[Reaction, int], lines: Sequence[Caption]) -> None:
        """Tell reactions, in sum, and lines of captions."""
        self._captions = captions.taken_in(self._captions, lines)
        self._ticks.tell(reactions, lines)

    def presence(self, roster: Roster) -> None:
        """Tell who is here, soon, if it has changed."""
        if roster != self._roster:
            self._roster, self._roster_due = roster, True
            self._soon()

    def media(self, media: MediaState) -> None:
        """Tell who publishes, soon."""
        self._media, self._media_due = media, True
        self._soon()

    def timetable(self, timetable: Timetable) -> None:
        """Tell when the session is expected, soon, if it has changed."""
        if timetable != self._timetable:
            self._timetable, self._timetable_due = timetable, True
            self._soon()

    def notice(self, notice: Notice) -> None:
        """Tell a condition of the service, now."""
        self.flush()
        self._put_to_all(encode(notice))

    def resynchronise(self) -> None:
        """Send everybody a fresh snapshot: the past is no longer what it was."""
        self._facts.clear()
        self._ticks.forget()
        self._newcomers.clear()
        self._roster_due = self._media_due = self._timetable_due = False
        for readers in self._readers.values():
            for reader in readers:
                reader.outbox.lose()

    def flush(self) -> None:
        """Put what waits into the outboxes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        began = time.perf_counter()
        facts, self._facts = self._facts, []
        if facts:
            self._tell_facts(facts)
            self._tell_floor()
        if self._roster_due:
            self._roster_due = False
            for audience in self._watched():
                self._put(audience, encode(self._presence(audience)))
        if self._media_due or facts:
            self._tell_media()
        if self._timetable_due and self._timetable is not None:
            self._timetable_due = False
            self._put_to_all(encode(self._timetable))
        took = time.perf_counter() - began
        self._rested_at = asyncio.get_running_loop().time() + min(MOST_REST, REST * took)

    def _soon(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time() + BATCH, self._rested_at), self.flush)

    def _watched(self) -> Iterator[Audience]:
        return (audience for audience, readers in self._readers.items() if readers)

    def _tell_facts(self, facts: list[Fact]) -> None:
        epoch, state = self._now()
        newcomers, self._newcomers = self._newcomers, {}
        confidants = {fact.confidant for fact in facts if fact.confidant is not None}
        for audience in self._watched():
            shared = _events(facts, epoch, state, audience, "")
            own: dict[Outbox, bytes | None] = {}
            if newcomers or (confidants and audience != "staff"):
                for reader in self._readers[audience]:
                    if reader in newcomers:
                        news = [fact for fact in facts if fact.event.seq > newcomers[reader]]
                        own[reader.outbox] = _events(news, epoch, state, audience, reader.person.id)
                    elif audience != "staff" and reader.person.id in confidants:
                        own[reader.outbox] = _events(facts, epoch, state, audience, reader.person.id)
            for outbox, frame in own.items():
                if frame is not None:
                    outbox.put(frame)
            if shared is not None:
                self._broadcasts[audience].put(shared, but=own)
                FRAMES.labels(audience).inc(len(self._readers[audience]))

    def _presence(self, audience: Audience) -> Presence:
        """Return what an audience is told: names only where the room is small, or the role may see them."""
        roster = self._roster
        small = roster.online + roster.hall <= SMALL_ROOM
        if audience in views.OUTSIDE:
            return Presence(roster.online, roster.hall, roster.people if small else None)
        away = None
        if audience == "staff":
            # Who reads this is here: an empty roster is one that is not known yet.
            away = floor.away(self._now()[1].floor, roster.here) if roster.here else ()
        return Presence(roster.online, roster.hall, roster.people, roster.roles, roster.languages, away)

    def _tell_media(self) -> None:
        """Tell the publications where they differ for an audience; who is on stage matters to it."""
        self._media_due = False
        _, state = self._now()
        for audience in views.AUDIENCES:
            frame = encode(views.media(self._media, state, audience))
            if self._media_told.get(audience) != frame:
                self._media_told[audience] = frame
                self._put(audience, frame)

    def _tell(self, audience: Audience, message: ServerMessage) -> None:
        if self._readers[audience]:
            self._put(audience, encode(message))

    def _confide(self, wanted: Callable[[str], bool], message: Callable[[str], ServerMessage]) -> None:
        for readers in self._readers.values():
            for reader in readers:
                if wanted(reader.person.id):
                    reader.outbox.put(encode(message(reader.person.id)))

    def _tell_floor(self) -> None:
        """Tell the floor if it has changed."""
        _, state = self._now()
        if state.floor is not self._floor_told:
            self._floor_told = state.floor
            self._put_to_all(self._floor_frame(state))

    def _floor_frame(self, state: State) -> bytes:
        """Return the floor as a frame, worked out once for each change of it."""
        if self._floor is None or state.floor is not self._floor[0]:
            self._floor = (state.floor, encode(FloorNow(turns.view(state.floor))))
        return self._floor[1]

    def _put(self, audience: Audience, frame: bytes) -> None:
        self._broadcasts[audience].put(frame)
        FRAMES.labels(audience).inc(len(self._readers[audience]))

    def _put_to_all(self, frame: bytes) -> None:
        for audience in self._watched():
            self._put(audience, frame)


def _events(
    facts: list[Fact], epoch: int, state: State, audience: Audience, participant: str
) -> bytes | None:
    """Encode what one participant may see, or return None if that is nothing."""
    events = views.visible(facts, state, audience, participant)
    return encode(Events(epoch, facts[-1].event.seq, events)) if events else None
