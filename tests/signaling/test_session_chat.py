"""Chat in the session's core: channels, what is withdrawn, what a snapshot holds."""

from __future__ import annotations

import msgspec
import pytest

from signaling.auth import Claims, action_of, authorize
from signaling.errors import Forbidden
from signaling.protocol import (
    CHANNELS,
    Channel,
    ChatPosted,
    DeleteChat,
    Person,
    PostChat,
    Role,
)
from signaling.session.audience import SNAPSHOT_CHAT, Audience, audience_of, snapshot, visible
from signaling.session.chat import KEPT_CHAT

from .session_events import ADA, BOB, MODERATOR, SPEAKER, Fold


def say(fold: Fold, text: str, channel: Channel = "public", who: Person = ADA) -> str:
    (event,) = fold.do(who, PostChat(fold.new_id(), text, channel))
    assert isinstance(event, ChatPosted)
    return event.message.id


def test_a_deleted_message_is_in_no_snapshot_and_no_history() -> None:
    fold = Fold()
    say(fold, "kept")
    doomed = say(fold, "withdrawn words")
    fold.do(MODERATOR, DeleteChat("d1", doomed))
    for audience in ("public", "speakers", "staff"):
        told = msgspec.json.encode(
            [
                snapshot(fold.state, audience, "ada"),
                visible(fold.facts, fold.state, audience, "ada"),
            ]
        )
        assert b"withdrawn words" not in told
        assert b"kept" in told


def test_deleting_twice_is_deleting_once_and_of_nothing_is_refused() -> None:
    fold = Fold()
    doomed = say(fold, "x")
    assert len(fold.do(MODERATOR, DeleteChat("d1", doomed))) == 1
    assert fold.do(MODERATOR, DeleteChat("d2", doomed)) == ()
    assert fold.refused(MODERATOR, DeleteChat("d3", "m-none")) == "unknown_message"


def test_a_snapshot_has_the_newest_messages_and_a_deletion_lets_an_older_one_in() -> None:
    fold = Fold()
    ids = [say(fold, f"line {i}") for i in range(SNAPSHOT_CHAT + 5)]
    assert [m.id for m in snapshot(fold.state, "public", "x").chat] == ids[5:]
    fold.do(MODERATOR, DeleteChat("d1", ids[-1]))
    assert [m.id for m in snapshot(fold.state, "public", "x").chat] == ids[4:-1]


def test_ids_are_those_of_the_command_and_its_actor() -> None:
    first, again, other = Fold(), Fold(), Fold()
    (one,) = first.do(ADA, PostChat("c1", "hello"))
    (two,) = again.do(ADA, PostChat("c1", "hello"))
    (three,) = other.do(BOB, PostChat("c1", "hello"))
    assert isinstance(one, ChatPosted) and isinstance(two, ChatPosted) and isinstance(three, ChatPosted)
    assert one.message.id == two.message.id != three.message.id


# -- channels ------------------------------------------------------------------------------------------

READS: dict[Channel, set[Audience]] = {
    "public": {"public", "speakers", "staff"},
    "backstage": {"speakers", "staff"},
    "moderators": {"staff"},
}


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("audience", ["public", "speakers", "staff"])
def test_a_channel_is_in_the_frames_of_those_who_read_it_and_no_others(
    channel: Channel, audience: Audience
) -> None:
    fold = Fold()
    said = say(fold, "for some ears", channel, MODERATOR)
    fold.do(MODERATOR, DeleteChat("d1", say(fold, "for no ears", channel, MODERATOR)))
    events = visible(fold.facts, fold.state, audience, "somebody")
    read = audience in READS[channel]
    assert (b"for some ears" in msgspec.json.encode(events)) is read
    assert (said in {message.id for message in snapshot(fold.state, audience, "somebody").chat}) is read
    assert any(event.__struct_config__.tag == "chat.deleted" for event in events) is read


@pytest.mark.parametrize("role", ["viewer", "hall", "speaker", "interpreter", "moderator", "chair"])
@pytest.mark.parametrize("channel", ["backstage", "moderators"])
def test_who_reads_a_channel_may_post_in_it_and_who_does_not_may_not(role: Role, channel: Channel) -> None:
    claims = Claims("p", "s1", role, "P", 0, 2**40)
    try:
        authorize(claims, action_of(PostChat("c", "x", channel)), "s1")
    except Forbidden:
        allowed = False
    else:
        allowed = True
    assert allowed is (audience_of(role) in READS[channel])


def test_a_channel_pushes_no_other_ones_messages_out() -> None:
    fold = Fold()
    kept = say(fold, "backstage", "backstage", SPEAKER)
    ids = [say(fold, "x") for _ in range(KEPT_CHAT + 3)]
    assert [m.id for m in fold.state.chat] == [kept, *ids[3:]]
    told = snapshot(fold.state, "staff", "mod").chat
    assert [m.id for m in told] == [kept, *ids[-SNAPSHOT_CHAT:]]
