"""Announcements: one text of staff's, pinned on all screens until it is taken down."""

from __future__ import annotations

from dataclasses import replace

from signaling.protocol import (
    Announcement,
    AnnouncementCommand,
    AnnouncementEvent,
    AnnouncementPinned,
    AnnouncementUnpinned,
    Person,
    PinAnnouncement,
    UnpinAnnouncement,
)
from signaling.session.decision import ANNOUNCEMENT, SESSION, Decision, Outcome, Refusal, derived_id
from signaling.session.state import State
from signaling.written import words


def decide(state: State, actor: Person, command: AnnouncementCommand, *, now: int) -> Outcome:
    """Return what a command on announcements comes to."""
    match command:
        case PinAnnouncement():
            return pin(state, actor, command, now=now, new_id=derived_id("a", actor, command))
        case UnpinAnnouncement():
            return unpin(state, actor, now=now)


def fold(state: State, event: AnnouncementEvent) -> State:
    """Return the state after an event of the announcements."""
    match event:
        case AnnouncementPinned(announcement=announcement):
            return replace(state, announcement=announcement)
        case AnnouncementUnpinned():
            return replace(state, announcement=None)


def rewrite(state: State, at: int) -> tuple[AnnouncementEvent, ...]:
    """Return the events that lead to what is pinned in this state."""
    pinned = state.announcement
    return () if pinned is None else (AnnouncementPinned(at=at, by=pinned.author.id, announcement=pinned),)


def pin(state: State, actor: Person, command: PinAnnouncement, *, now: int, new_id: str) -> Outcome:
    """Pin a text, in the place of the one there."""
    text, pinned = words(command.text), state.announcement
    if not text:
        return Refusal("empty_text", "There is nothing in it.")
    if pinned is not None and (pinned.text, pinned.place) == (text, command.place):
        return Decision()
    announcement = Announcement(new_id, text, command.place, actor, now)
    event = AnnouncementPinned(at=now, by=actor.id, announcement=announcement)
    return Decision((event,), leans_on=(SESSION,), changes=(ANNOUNCEMENT,))


def unpin(state: State, actor: Person, *, now: int) -> Outcome:
    """Take down what is pinned."""
    if state.announcement is None:
        return Decision()
    event = AnnouncementUnpinned(at=now, by=actor.id)
    return Decision((event,), leans_on=(SESSION,), changes=(ANNOUNCEMENT,))
