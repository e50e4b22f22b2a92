"""How far a day has drifted from its timetable: pure, from planned times, what happened, and now.

The law: a session keeps its length and its room. One that begins late ends late, and who follows in
that room waits; a gap takes up delay, an early end does not pull anything forward. A break is part of the
length, but nothing ends before its break does. A session whose doors are shut at its planned end is taken as
not held, and delays nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from signaling.programme.model import ProgrammeItem
from signaling.protocol import OVER, Session, Timetable

MINUTE = 60_000
"""Milliseconds; all that is told is in whole minutes, so that it seldom changes."""


def expected(
    items: Iterable[ProgrammeItem], sessions: Mapping[str, Session], now: int
) -> dict[str, Timetable]:
    """Return when each item is to begin and to end, as it looks at `now` (ms); withdrawn ones are not in it.

    `sessions` are the live sessions by id: an item without one is taken as held when it may begin.
    """
    free: dict[str, int] = {}
    found: dict[str, Timetable] = {}
    for item in sorted(items, key=lambda item: (item.start, item.id)):
        if item.withdrawn:
            continue
        start, end, over = _times(item, sessions.get(item.id), free.get(item.room, 0), now)
        if item.room and (end > item.end or start > item.start):
            free[item.room] = max(end, free.get(item.room, 0))
        session = sessions.get(item.id)
        late = end - item.end if session and session.started is not None else start - item.start
        found[item.id] = Timetable(_whole(start), _whole(end), int(late / MINUTE) * MINUTE, over)
    return found


def _times(item: ProgrammeItem, session: Session | None, free: int, now: int) -> tuple[int, int, bool]:
    """Return when it begins, when it ends, and whether it runs beyond its planned end."""
    lasts = item.end - item.start
    if session is not None and session.started is not None:
        if session.ended is not None:
            return session.started, session.ended, False
        return session.started, max(session.started + lasts, now, session.resumes or 0), now > item.end
    shut = session is not None and session.status == "planned" and now >= max(item.end, free + lasts)
    if shut or (session is not None and session.status in OVER):
        return item.start, item.end, False
    start = max(item.start, free)
    if session is not None:
        start = max(start, now)
    return start, start + lasts, False


def _whole(at: int) -> int:
    return at // MINUTE * MINUTE
