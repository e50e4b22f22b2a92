"""Announcements: what staff pin on all screens."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from signaling.protocol.base import Command, Event, Person, Place

AnnouncementText = Annotated[str, Meta(min_length=1, max_length=300)]


class Announcement(msgspec.Struct, frozen=True):
    """What is pinned now. `place`: only for those who sit there; none: for everybody."""

    id: str
    text: str
    place: Place | None
    author: Person
    at: int


class PinAnnouncement(Command, frozen=True, tag="announcement.pin"):
    """Pin a text on all screens, in the place of the one there (moderators)."""

    text: AnnouncementText
    place: Place | None = None


class UnpinAnnouncement(Command, frozen=True, tag="announcement.unpin"):
    """Take down what is pinned (moderators)."""


class AnnouncementPinned(Event, frozen=True, tag="announcement.pinned"):
    """Pinned now, alone."""

    announcement: Announcement


class AnnouncementUnpinned(Event, frozen=True, tag="announcement.unpinned"):
    """Nothing is pinned now."""


AnnouncementCommand = PinAnnouncement | UnpinAnnouncement
AnnouncementEvent = AnnouncementPinned | AnnouncementUnpinned
