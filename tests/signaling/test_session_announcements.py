"""Announcements: one is pinned, replaced, taken down, and in every snapshot."""

from __future__ import annotations

import msgspec

from signaling.protocol import AnnouncementPinned, PinAnnouncement, UnpinAnnouncement
from signaling.session.audience import AUDIENCES, snapshot, visible
from signaling.session.fold import apply, rewrite
from signaling.session.state import empty

from .session_events import MODERATOR, Fold


def test_one_is_pinned_and_the_next_takes_its_place() -> None:
    fold = Fold()
    fold.do(MODERATOR, PinAnnouncement("p1", " Lunch is served. "))
    first = fold.state.announcement
    assert first is not None and (first.text, first.place, first.author) == (
        "Lunch is served.",
        None,
        MODERATOR,
    )
    assert fold.do(MODERATOR, PinAnnouncement("p2", "Lunch is served.")) == ()
    (event,) = fold.do(MODERATOR, PinAnnouncement("p3", "Lunch is served.", "hall"))
    assert isinstance(event, AnnouncementPinned) and event.announcement.id != first.id
    for audience in AUDIENCES:
        assert snapshot(fold.state, audience, "bob").announcement == event.announcement
        assert len(visible(fold.facts, fold.state, audience, "bob")) == len(fold.facts)
    fold.do(MODERATOR, UnpinAnnouncement("u1"))
    assert fold.state.announcement is None
    assert fold.do(MODERATOR, UnpinAnnouncement("u2")) == ()


def test_an_empty_one_is_refused() -> None:
    assert Fold().refused(MODERATOR, PinAnnouncement("p1", " \n")) == "empty_text"


def test_it_is_there_after_the_log_was_written_anew() -> None:
    fold = Fold()
    fold.do(MODERATOR, PinAnnouncement("p1", "Lunch is served.", "online"))
    state = empty("s1")
    for seq, event in enumerate(rewrite(fold.state, 99), start=1):
        state = apply(state, msgspec.structs.replace(event, seq=seq))
    assert state.announcement == fold.state.announcement
