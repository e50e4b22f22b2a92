"""All sessions there are, as lists, programmes and doors need them: known without reading a log.

Owns one card for each session: its `Session`, which whoever changes it writes beside the log's head, and the
newest place of its log that this worker knows.

The law: a card is taken from Redis whenever something is heard that could change it, and all of them now and
then. It is never newer than the log: a log that ends before the place on its card has lost its end, and is to
be read and given a new epoch. A log that was lost whole, and not deleted, is gone, with all that was said in
it and who was put out: a card makes no session.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice

import msgspec

from signaling.errors import LogUnavailable
from signaling.log import GONE, Entry, Outline, Position, SessionLog
from signaling.protocol import LifecycleEvent, Session

SWEEP = 15.0
"""Seconds between two looks at the cards of all sessions: for what pub/sub did not bring."""

AT_ONCE = 500
"""Cards asked for together, so that Redis is not kept from others."""

START: Position = (0, 0)
"""Before any log."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Card:
    text: str
    session: Session | None
    """None: its log was begun by who wrote no cards, and has to be read for it."""
    position: Position


class Listing:
    """The cards of this worker."""

    def __init__(self, log: SessionLog) -> None:
        self._log = log
        self._cards: dict[str, _Card] = {}
        self._stirred: set[str] = set()
        self._lost: set[str] = set()
        """Those whose log has lost its end."""
        self._due = 0.0

    def get(self, session_id: str) -> Session | None:
        """Return a session, if there is one as far as known."""
        card = self._cards.get(session_id)
        return card.session if card else None

    def all(self) -> tuple[Session, ...]:
        """Return all sessions, in no order."""
        return tuple(card.session for card in self._cards.values() if card.session is not None)

    def position(self, session_id: str) -> Position:
        """Return the newest place in a session's log that was ever known here."""
        card = self._cards.get(session_id)
        return card.position if card else START

    def unread(self) -> set[str]:
        """Return the sessions whose log has to be read, whoever needs them."""
        return self._lost | {session_id for session_id, card in self._cards.items() if card.session is None}

    def heard(self, session_id: str, entries: tuple[Entry, ...]) -> bool:
        """Note what pub/sub says of a session whose log is not read here; returns whether to look at it."""
        if entries and not any(isinstance(entry.event, LifecycleEvent) for entry in entries):
            return False
        self._stirred.add(session_id)
        return True

    def note(self, session_id: str, session: Session, position: Position) -> None:
        """Take a card from a log that was read."""
        self._lost.discard(session_id)
        self._cards[session_id] = _Card("", session, max(position, self.position(session_id)))

    def forget(self, session_id: str) -> None:
        """Drop the card of a session that there is no more; idempotent."""
        self._lost.discard(session_id)
        self._cards.pop(session_id, None)

    async def look(self, *, but: Collection[str], everything: bool = False) -> None:
        """Look at the cards that may have changed, or at all, `but` those of logs that are followed.

        Raises LogUnavailable.
        """
        now = asyncio.get_running_loop().time()
        everything = everything or now >= self._due
        wanted, self._stirred = self._stirred, set()
        try:
            if everything:
                wanted |= {*await self._log.list(), *self._cards}
            rest = iter([session_id for session_id in wanted if session_id not in but])
            while some := tuple(islice(rest, AT_ONCE)):
                for session_id, outline in zip(some, await self._log.outlines(some), strict=True):
                    if session_id not in but:  # it may have been read meanwhile
                        self._take(session_id, outline)
        except LogUnavailable:
            self._stirred |= wanted
            raise
        if everything:
            self._due = now + SWEEP

    def _take(self, session_id: str, outline: Outline) -> None:
        end, text = outline
        if end is None or end == GONE:
            # An index entry whose log was never begun does no harm.
            if end is None and session_id in self._cards:
                _log.error("the log of session %s is lost whole, and nobody here remembers it", session_id)
            self.forget(session_id)
            return
        card = self._cards.get(session_id)
        if card is not None and end < card.position:
            self._lost.add(session_id)
            end = card.position
        session = card.session if card is not None and text and card.text == text else listed(text)
        self._cards[session_id] = _Card(text, session, end)


def listed(text: str) -> Session | None:
    """Return what a card says; None for none, and for one of a version that says it otherwise."""
    with contextlib.suppress(msgspec.DecodeError):
        return msgspec.json.decode(text, type=Session)
    return None
