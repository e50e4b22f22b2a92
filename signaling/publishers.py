"""Who publishes is here: an encoder has no page open, and can be brought on stage all the same.

Joins what the WHIP door knows (whose token it was) with what the relay sees (that media arrives). The
law: a publisher is present from when the relay has their publication until it has it no more; while the
relay is away, whoever was here stays. A worker knows those who came through its own door.
"""

from __future__ import annotations

from typing import Final

from signaling.presence import Presence
from signaling.protocol import MediaState, Person

MOST_NAMED: Final = 10_000
"""Publishers whose name is remembered; the one named longest ago is forgotten first."""

_Key = tuple[str, str, str]
"""Session, participant, source."""


class Publishers:
    """The publishers who came through this worker's door."""

    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        self._named: dict[_Key, Person] = {}
        self._here: set[_Key] = set()

    def admitted(self, session: str, source: str, person: Person) -> None:
        """Note whose offer the relay has answered."""
        key = (session, person.id, source)
        self._named.pop(key, None)
        self._named[key] = person
        if len(self._named) > MOST_NAMED:
            del self._named[next(iter(self._named))]

    def seen(self, session: str, media: MediaState) -> None:
        """Let in whom the relay has, and out whom it has no more."""
        if not media.relay:
            return
        live: set[_Key] = {(session, one.participant, one.source) for one in media.publications}
        here = {key for key in self._here if key[0] == session}
        for key in live - here:
            if key in self._named:
                self._here.add(key)
                self._presence.enter(session, _connection(key), self._named[key])
        for key in here - live:
            self._here.remove(key)
            self._presence.leave(session, _connection(key))


def _connection(key: _Key) -> str:
    return "whip/" + "/".join(key)
