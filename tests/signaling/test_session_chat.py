"""Chat in the session's core: channels, what is withdrawn, what a snapshot holds."""

from __future__ import annotations

import msgspec
import pytest

from signaling.auth import Claims, action_of, authorize
from signaling.errors import Forbidden
from signaling.protocol import (
    CHANNELS,
    ApproveChat,
    Channel,
    ChatPosted,
    DeleteChat,
    MuteChat,
    Person,
    PinChat,
    PostChat,
    Role,
    SetChatRules,
    SetWords,
    UnmuteChat,
    UnpinChat,
    WithdrawChat,
    WordList,
)
from signaling.session.audience import AUDIENCES, SNAPSHOT_CHAT, Audience, audience_of, snapshot, visible
from signaling.session.chat import KEPT_CHAT
from signaling.session.decide import decide
from signaling.session.decision import Decision, Refusal
from signaling.session.fold import apply, rewrite
from signaling.session.state import empty

from .session_events import ADA, BOB, MODERATOR, PRODUCER, SPEAKER, Fold


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
    "public": {"public", "hall", "speakers", "staff"},
    "backstage": {"speakers", "staff"},
    "hall": {"hall", "staff"},
    "moderators": {"staff"},
}


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("audience", AUDIENCES)
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
@pytest.mark.parametrize("channel", ["backstage", "hall", "moderators"])
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


# -- held back, pinned, taken back ---------------------------------------------------------------------


def seen(fold: Fold, audience: Audience, who: str) -> list[tuple[str, str | None]]:
    """Return the texts somebody sees in a snapshot, and what they wait for."""
    return [(m.text, m.held) for m in snapshot(fold.state, audience, who).chat]


def told(fold: Fold, audience: Audience, who: str, since: int) -> list[str]:
    events = visible(fold.facts[since:], fold.state, audience, who)
    return [str(event.__struct_config__.tag) for event in events]


def test_a_held_message_is_seen_by_its_author_and_staff_until_it_is_approved() -> None:
    fold = Fold()
    fold.do(MODERATOR, SetChatRules("r", hold=True))
    before = len(fold.facts)
    held = say(fold, "wait for it")
    say(fold, "staff need not wait", who=MODERATOR)
    first = ("staff need not wait", None)
    assert seen(fold, "public", "bob") == [first]
    for audience, who in (("public", "ada"), ("staff", "mod")):
        assert seen(fold, audience, who) == [("wait for it", "approval"), first]  # type: ignore[arg-type]
    assert told(fold, "public", "bob", before) == ["chat.posted"]
    assert told(fold, "public", "ada", before) == ["chat.posted"] * 2
    fold.do(MODERATOR, ApproveChat("a", held))
    assert fold.do(MODERATOR, ApproveChat("a2", held)) == ()
    assert seen(fold, "public", "bob") == [first, ("wait for it", None)]
    assert told(fold, "public", "bob", before) == ["chat.posted", "chat.approved"]


def test_what_was_held_and_not_approved_is_told_to_its_author_alone_with_the_reason() -> None:
    fold = Fold()
    fold.do(MODERATOR, SetChatRules("r", hold=True))
    held = say(fold, "unseemly")
    before = len(fold.facts)
    fold.do(MODERATOR, DeleteChat("d", held, "Not about the talk."))
    assert told(fold, "public", "bob", before) == []
    assert told(fold, "public", "ada", before) == told(fold, "staff", "mod", before) == ["chat.deleted"]
    assert b"unseemly" not in msgspec.json.encode(visible(fold.facts, fold.state, "public", "bob"))


@pytest.mark.parametrize(
    ("audience", "who", "reads"),
    [("public", "bob", b""), ("public", "ada", b"Rude."), ("staff", "mod", b"Rude.")],
)
def test_why_a_message_was_deleted_is_for_its_author_and_staff(
    audience: Audience, who: str, reads: bytes
) -> None:
    fold = Fold()
    fold.do(MODERATOR, DeleteChat("d", say(fold, "x"), " Rude. "))
    events = msgspec.json.encode(visible(fold.facts, fold.state, audience, who))
    assert (b"Rude." in events) is (reads == b"Rude.")
    assert b"chat.deleted" in events


def test_one_takes_back_ones_own_messages_and_no_others() -> None:
    fold = Fold()
    mine = say(fold, "mine")
    assert fold.refused(BOB, WithdrawChat("w1", mine)) == "forbidden"
    fold.do(ADA, WithdrawChat("w2", mine))
    assert fold.do(ADA, WithdrawChat("w3", mine)) == ()
    assert seen(fold, "public", "ada") == []


def test_a_reply_is_to_what_its_channel_has() -> None:
    fold = Fold()
    backstage = say(fold, "x", "backstage", SPEAKER)
    public = say(fold, "y")
    (event,) = fold.do(BOB, PostChat("r1", "z", reply_to=public))
    assert isinstance(event, ChatPosted) and event.message.reply_to == public
    assert fold.refused(BOB, PostChat("r2", "z", reply_to=backstage)) == "unknown_message"
    assert fold.refused(BOB, PostChat("r3", "z", reply_to="m-none")) == "unknown_message"
    fold.do(MODERATOR, SetChatRules("h", hold=True))
    held = say(fold, "held")
    assert fold.refused(BOB, PostChat("r4", "z", reply_to=held)) == "unknown_message"


EVE = Person("eve", "Eve", "speaker")


def test_a_note_to_one_speaker_is_read_by_them_and_staff_and_so_is_what_is_answered() -> None:
    fold = Fold()
    (posted,) = fold.do(PRODUCER, PostChat("n1", "Slower, please", "backstage", to="sp-1"), SPEAKER)
    assert isinstance(posted, ChatPosted) and posted.message.to == SPEAKER
    note = posted.message.id
    (answered,) = fold.do(SPEAKER, PostChat("n2", "Gladly", "backstage", reply_to=note))
    assert isinstance(answered, ChatPosted) and answered.message.to == PRODUCER
    (again,) = fold.do(MODERATOR, PostChat("n3", "Thank you", "backstage", reply_to=answered.message.id))
    assert isinstance(again, ChatPosted) and again.message.to == SPEAKER
    assert fold.refused(EVE, PostChat("n4", "What?", "backstage", reply_to=note)) == "unknown_message"
    fold.do(MODERATOR, DeleteChat("n5", note, "by mistake"))
    readers: dict[str, Audience] = {"sp-1": "speakers", "mod": "staff", "eve": "speakers", "ada": "public"}
    for who, audience in readers.items():
        reads = who in ("sp-1", "mod")
        seen = snapshot(fold.state, audience, who)
        assert [line.text for line in seen.chat] == (["Gladly", "Thank you"] if reads else [])
        told = msgspec.json.encode(visible(fold.facts, fold.state, audience, who))
        assert [text in told for text in (b"Slower", b"Gladly", b"chat.deleted")] == [False, reads, reads]


def test_only_staff_note_something_down_for_one_person_and_only_for_those_backstage() -> None:
    fold = Fold()
    assert fold.refused(EVE, PostChat("n1", "Hello", "backstage", to="sp-1"), SPEAKER) == "forbidden"
    assert fold.refused(PRODUCER, PostChat("n2", "Hello", to="sp-1"), SPEAKER) == "invalid"
    assert (
        fold.refused(PRODUCER, PostChat("n3", "Hello", "backstage", to="ada"), ADA) == "unknown_participant"
    )
    assert fold.refused(PRODUCER, PostChat("n4", "Hello", "backstage", to="nobody")) == "unknown_participant"
    (posted,) = fold.do(PRODUCER, PostChat("n5", "Hello", "backstage", to="sp-1"), SPEAKER)
    assert isinstance(posted, ChatPosted)
    assert fold.refused(PRODUCER, PinChat("p1", posted.message.id)) == "wrong_state"


def test_one_message_is_pinned_in_each_channel_and_a_pin_goes_with_its_message() -> None:
    fold = Fold()
    first, second = say(fold, "first"), say(fold, "second")
    backstage = say(fold, "behind", "backstage", SPEAKER)
    for message in (first, second, backstage):
        fold.do(MODERATOR, PinChat(fold.new_id(), message))
    assert fold.do(MODERATOR, PinChat("again", second)) == ()
    assert [m.text for m in snapshot(fold.state, "public", "x").pinned] == ["second"]
    assert [m.text for m in snapshot(fold.state, "speakers", "x").pinned] == ["second", "behind"]
    fold.do(MODERATOR, UnpinChat("u1", backstage))
    assert fold.do(MODERATOR, UnpinChat("u2", backstage)) == ()
    fold.do(MODERATOR, DeleteChat("d", second))
    assert fold.state.pinned == ()
    assert fold.refused(MODERATOR, PinChat("p", "m-none")) == "unknown_message"
    assert b"second" not in msgspec.json.encode(visible(fold.facts, fold.state, "staff", "mod"))


def test_a_pinned_message_outlives_the_newest() -> None:
    fold = Fold()
    old = say(fold, "old")
    fold.do(MODERATOR, PinChat("p", old))
    for _ in range(KEPT_CHAT):
        say(fold, "x")
    assert all(m.id != old for m in fold.state.chat)
    assert [m.id for m in fold.state.pinned] == [old]
    fold.do(MODERATOR, DeleteChat("d", old))
    assert fold.state.pinned == ()


# -- rules, words, mutes -------------------------------------------------------------------------------


def said_at(fold: Fold, now: int, who: Person = ADA, channel: Channel = "public") -> str | float:
    """Post at a time; return `done`, or the code or the wait of the refusal."""
    outcome = decide(fold.state, who, PostChat(fold.new_id(), "x", channel), now=now)
    if isinstance(outcome, Refusal):
        return outcome.code if outcome.retry_after is None else outcome.retry_after
    fold.put(outcome.events)
    return "done"


def test_slow_mode_counts_for_each_person_in_the_public_channel_and_not_for_staff() -> None:
    fold = Fold()
    fold.do(MODERATOR, SetChatRules("r", slow=5))
    assert [said_at(fold, at) for at in (10_000, 12_000, 14_999, 15_000)] == ["done", 3.0, 0.001, "done"]
    assert [said_at(fold, 15_001, who) for who in (BOB, MODERATOR, MODERATOR)] == ["done"] * 3
    assert [said_at(fold, 15_002, SPEAKER, "backstage") for _ in range(2)] == ["done"] * 2
    assert set(fold.state.posted) == {"ada", "bob"}
    assert said_at(fold, 90_000, SPEAKER) == "done"
    assert set(fold.state.posted) == {"sp-1"}, "who need not wait is not remembered"
    fold.do(MODERATOR, SetChatRules("r2"))
    assert [said_at(fold, 90_001, SPEAKER) for _ in range(2)] == ["done"] * 2
    assert fold.state.posted == {}


def test_slow_mode_holds_against_two_tabs_at_once_because_the_decision_leans_on_the_person() -> None:
    fold = Fold()
    fold.do(MODERATOR, SetChatRules("r", slow=5))
    outcome = decide(fold.state, ADA, PostChat("c", "x"), now=10_000)
    assert isinstance(outcome, Decision)
    assert outcome.changes == ("chat:ada",)


def test_words_hold_a_message_or_have_it_refused_and_bind_no_staff() -> None:
    fold = Fold()
    fold.do(MODERATOR, SetWords("w", hold=("Casino", "casino"), refuse=("垃圾",)))
    assert fold.do(MODERATOR, SetWords("w2", hold=("ｃａｓｉｎｏ",), refuse=("垃圾",))) == ()
    assert fold.refused(ADA, PostChat("c1", "都是垃圾话")) == "words_refused"
    say(fold, "the casino")
    say(fold, "casinos", who=BOB)
    say(fold, "casino 垃圾", who=MODERATOR)
    say(fold, "casino", "backstage", SPEAKER)
    assert [m.held for m in fold.state.chat] == ["words", None, None, None]


def test_only_staff_know_the_words() -> None:
    fold = Fold()
    before = len(fold.facts)
    fold.do(MODERATOR, SetWords("w", hold=("secret",)))
    fold.do(MODERATOR, SetChatRules("r", slow=3))
    assert told(fold, "public", "ada", before) == told(fold, "speakers", "x", before) == ["chat.rules_set"]
    assert told(fold, "staff", "mod", before) == ["chat.words_set", "chat.rules_set"]
    assert snapshot(fold.state, "public", "ada").chat_words is None
    assert snapshot(fold.state, "staff", "mod").chat_words == WordList(hold=("secret",))
    assert snapshot(fold.state, "public", "ada").chat_rules.slow == 3


def test_who_is_muted_posts_nowhere_until_then_and_knows_it() -> None:
    fold = Fold()
    before = len(fold.facts)
    mute = decide(fold.state, MODERATOR, MuteChat("m", "sp-1", 60, "Loud."), now=1000, known=SPEAKER)
    assert isinstance(mute, Decision)
    fold.put(mute.events)
    for channel in ("public", "backstage"):
        assert said_at(fold, 31_000, SPEAKER, channel) == 30.0
    assert said_at(fold, 31_000, ADA) == "done"
    assert told(fold, "public", "ada", before) == ["chat.posted"]
    assert told(fold, "speakers", "sp-1", before) == ["chat.muted", "chat.posted"]
    assert [m.reason for m in snapshot(fold.state, "speakers", "sp-1").muted] == ["Loud."]
    assert snapshot(fold.state, "public", "ada").muted == ()
    assert said_at(fold, 61_000, SPEAKER) == "done"


def test_a_mute_can_be_lifted_and_staff_cannot_be_muted() -> None:
    fold = Fold()
    assert fold.refused(MODERATOR, MuteChat("m0", "ada", 60)) == "unknown_participant"
    fold.do(MODERATOR, MuteChat("m1", "ada", 60), ADA)
    assert fold.refused(ADA, PostChat("c", "x")) == "muted"
    fold.do(MODERATOR, UnmuteChat("u1", "ada"))
    assert fold.do(MODERATOR, UnmuteChat("u2", "ada")) == ()
    say(fold, "free")
    assert fold.refused(MODERATOR, MuteChat("m2", "pro", 60), PRODUCER) == "outranked"


def test_only_text_is_kept_of_a_text() -> None:
    fold = Fold()
    assert fold.refused(ADA, PostChat("c1", " \x00\x1b ")) == "empty_text"
    (event,) = fold.do(ADA, PostChat("c2", "\x1b[31m**two**\nlines <b>\x07"))
    assert isinstance(event, ChatPosted) and event.message.text == "[31m**two**\nlines <b>"


def test_a_rewritten_log_leads_to_the_same_chat() -> None:
    fold = Fold()
    fold.do(MODERATOR, SetWords("w", hold=("x",)))
    say(fold, "x")
    fold.do(MODERATOR, PinChat("p", say(fold, "kept")))
    fold.do(MODERATOR, SetChatRules("r", hold=True, slow=5))
    fold.do(MODERATOR, MuteChat("m", "bob", 60, "Loud."), BOB)
    fold.do(MODERATOR, DeleteChat("d", say(fold, "gone"), "Off topic."))
    state = empty("s1")
    for seq, event in enumerate(rewrite(fold.state, 99), start=1):
        state = apply(state, msgspec.structs.replace(event, seq=seq))
    for field in ("chat", "pinned", "deleted", "chat_rules", "chat_words", "muted"):
        assert getattr(state, field) == getattr(fold.state, field), field
