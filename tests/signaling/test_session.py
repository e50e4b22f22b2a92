"""The session's core: chat, stage, life, who sees what, and the fold itself."""

from __future__ import annotations

import contextlib
import dataclasses

import msgspec
import pytest

from signaling.director import plan
from signaling.protocol import (
    OVER,
    AnyCommand,
    ApproveQuestion,
    AskQuestion,
    BeginAnswer,
    Billed,
    Billing,
    BringOn,
    BroughtOn,
    CallHand,
    ChatPosted,
    CreatePoll,
    DeleteChat,
    DescribeSession,
    DismissQuestion,
    EndSession,
    EnterBackstage,
    HideSlides,
    Media,
    MediaState,
    Mute,
    OfferReplay,
    OpenDoors,
    OpenFloor,
    OpenPoll,
    OrderSpeakers,
    PauseSession,
    PostChat,
    PresentDeclaration,
    QuestionAsked,
    QuestionDismissed,
    RaiseHand,
    ReopenSession,
    ReplayOffered,
    ReplayWithdrawn,
    ResumeSession,
    Return,
    Session,
    SessionEnded,
    SessionPaused,
    SessionReopened,
    SessionResumed,
    SessionStarted,
    SetClock,
    SetReturn,
    ShowQuestion,
    ShowSlate,
    StartPreflight,
    StartSession,
    Status,
    TakeOff,
    WithdrawReplay,
)
from signaling.protocol.lifecycle import LATEST
from signaling.session.audience import audience_of, media, visible
from signaling.session.checkpoint import Checkpoint, pack, unpack
from signaling.session.fold import apply, rewrite
from signaling.session.state import State, empty

from .session_events import ADA, MODERATOR, PRODUCER, SPEAKER, Fold


def say(fold: Fold, text: str) -> str:
    (event,) = fold.do(ADA, PostChat(fold.new_id(), text))
    assert isinstance(event, ChatPosted)
    return event.message.id


def ask(fold: Fold, text: str = "Why?") -> str:
    (event,) = fold.do(ADA, AskQuestion(fold.new_id(), text))
    assert isinstance(event, QuestionAsked)
    return event.question.id


# -- stage ---------------------------------------------------------------------------------------------


def test_last_brought_on_is_the_main_picture_and_nobody_is_on_stage_twice() -> None:
    fold = Fold()
    fold.do(PRODUCER, BringOn("b1", "sp-1"), SPEAKER)
    fold.do(PRODUCER, BringOn("b2", "ada"), ADA)
    assert fold.state.stage == (ADA, SPEAKER)
    fold.do(PRODUCER, BringOn("b3", "sp-1"), SPEAKER)
    assert fold.state.stage == (SPEAKER, ADA)
    assert fold.do(PRODUCER, BringOn("b4", "sp-1"), SPEAKER) == ()
    fold.do(PRODUCER, TakeOff("t1", "sp-1"))
    assert [person.id for person in fold.state.stage] == ["ada"]
    assert fold.do(PRODUCER, TakeOff("t2", "sp-1")) == ()


def test_who_was_named_before_may_be_brought_on_though_away_and_a_stranger_may_not() -> None:
    fold = Fold()
    say(fold, "hello")
    *_, event = fold.do(PRODUCER, BringOn("b1", "ada"))
    assert isinstance(event, BroughtOn) and event.person == ADA
    assert fold.refused(PRODUCER, BringOn("b2", "nobody")) == "unknown_participant"


def test_the_plan_names_publications_on_stage_while_live_and_the_room_for_speakers() -> None:
    fold = Fold()
    fold.do(PRODUCER, BringOn("b1", "ada"), ADA)
    fold.do(PRODUCER, BringOn("b2", "sp-1"), SPEAKER)
    planned = plan(fold.state, 7)
    assert planned.feeds["stage"].main == ()
    assert planned.feeds["return"].main == ("hall/hall",)
    fold.do(PRODUCER, StartSession("s1"))
    say(fold, "chat does not touch the plan")
    live = plan(fold.state, 7)
    assert live.feeds["stage"].main == ("sp-1/camera", "ada/camera")
    assert live.feeds["stage"].slides == ("sp-1/slides", "ada/slides")
    assert live.feeds["stage"].audio == ("sp-1/camera", "ada/camera")
    assert live.version == (7, 6) > planned.version
    fold.do(PRODUCER, EndSession("e1"))
    ended = plan(fold.state, 7)
    assert all(feed.main == () for feed in ended.feeds.values())
    assert ended.version > live.version


# -- life ----------------------------------------------------------------------------------------------


def test_a_session_starts_once_and_ends_once_and_then_nothing_changes() -> None:
    fold = Fold()
    question = ask(fold)
    fold.do(PRODUCER, StartSession("s1"))
    assert fold.do(PRODUCER, StartSession("s2")) == ()
    fold.do(PRODUCER, EndSession("e1"))
    assert fold.state.session.status == "ended"
    assert fold.do(PRODUCER, EndSession("e2")) == ()
    commands: list[AnyCommand] = [
        StartSession("x1"),
        PostChat("x2", "hello"),
        AskQuestion("x3", "Why?"),
        ApproveQuestion("x4", question),
        BringOn("x5", "ada"),
        TakeOff("x6", "ada"),
        DeleteChat("x7", "m1"),
        OpenDoors("x8"),
        PauseSession("x9"),
        ResumeSession("x10"),
        DescribeSession("x11", "Another title"),
    ]
    for command in commands:
        assert fold.refused(PRODUCER, command, ADA) == "session_ended"


@pytest.mark.parametrize("answering", [True, False])
def test_nothing_is_left_open_by_the_end_and_a_reopen_opens_none_of_it(answering: bool) -> None:
    fold = Fold()
    fold.do(PRODUCER, StartSession("s1"))
    question = ask(fold)
    fold.do(MODERATOR, ApproveQuestion("a1", question))
    fold.do(MODERATOR, ShowQuestion("a2", question))
    if answering:
        fold.do(MODERATOR, BeginAnswer("a3", question))
    for number in range(3):
        fold.do(MODERATOR, CreatePoll(f"p{number}", "Tea?", "single", ("yes", "no"), hidden=True))
    hidden, another, draft = fold.state.polls
    for poll in (hidden, another):
        fold.do(MODERATOR, OpenPoll(f"o{poll}", poll))
    fold.do(MODERATOR, PresentDeclaration("d1", "Joint declaration", "We agree.", ("Yale",)))
    fold.do(MODERATOR, OpenFloor("f1"))
    fold.do(ADA, RaiseHand("f2"))
    fold.do(MODERATOR, CallHand("f3"))
    fold.do(PRODUCER, EndSession("e1"))
    at_the_end = fold.state
    fold.do(PRODUCER, ReopenSession("r1"))
    fold.do(PRODUCER, ResumeSession("r2"))
    for state in (at_the_end, fold.state):
        polls = [(poll.state, poll.results) for poll in state.polls.values()]
        assert polls == [("closed", True), ("closed", True), ("draft", False)]
        assert state.questions[question].state == ("answered" if answering else "shortlisted")
        assert state.declaration is not None and not state.declaration.open
        assert not state.floor.open and not state.floor.hands
    fold.do(MODERATOR, OpenPoll("o9", hidden))
    assert fold.state.polls[hidden].state == "open" and fold.state.polls[draft].state == "draft"


RECORDING = "https://example.org/keynote.mp4"

LIFE: dict[Status, dict[type[AnyCommand], Status]] = {
    "planned": {OpenDoors: "doors", StartSession: "live", EndSession: "ended"},
    "doors": {OpenDoors: "doors", StartSession: "live", EndSession: "ended"},
    "live": {StartSession: "live", PauseSession: "paused", ResumeSession: "live", EndSession: "ended"},
    "paused": {PauseSession: "paused", ResumeSession: "live", EndSession: "ended", ReopenSession: "paused"},
    "ended": {EndSession: "ended", ReopenSession: "paused", WithdrawReplay: "ended"},
    "replay": {EndSession: "replay", ReopenSession: "paused", WithdrawReplay: "ended"},
}
WAYS: dict[Status, list[AnyCommand]] = {
    "planned": [],
    "doors": [OpenDoors("w1")],
    "live": [StartSession("w1")],
    "paused": [StartSession("w1"), PauseSession("w2")],
    "ended": [StartSession("w1"), EndSession("w2")],
    "replay": [StartSession("w1"), EndSession("w2"), OfferReplay("w3", RECORDING)],
}


@pytest.mark.parametrize("status", LIFE)
@pytest.mark.parametrize(
    "step",
    [OpenDoors, StartSession, PauseSession, ResumeSession, EndSession, ReopenSession, WithdrawReplay],
)
def test_every_step_from_every_state(status: Status, step: type[OpenDoors]) -> None:
    fold = Fold()
    for command in WAYS[status]:
        fold.do(PRODUCER, command)
    assert fold.state.session.status == status
    to = LIFE[status].get(step)
    if to is None:
        code = "session_ended" if status in OVER else "wrong_state"
        assert fold.refused(PRODUCER, step("x")) == code
    else:
        assert len(fold.do(PRODUCER, step("x"))) == (to != status)
        assert fold.state.session.status == to


def test_the_life_keeps_its_times() -> None:
    fold = Fold()
    fold.put([SessionStarted(at=5, by="pro"), SessionPaused(at=7, by="pro")])
    assert (fold.state.session.started, fold.state.session.paused) == (5, 7)
    fold.put([SessionResumed(at=9, by="pro")])
    assert (fold.state.session.started, fold.state.session.paused) == (5, None)
    fold.put([SessionPaused(at=11, by="pro"), SessionEnded(at=13, by="pro")])
    assert (fold.state.session.ended, fold.state.session.paused) == (13, None)
    fold.put([SessionReopened(at=15, by="pro")])
    session = fold.state.session
    assert (session.status, session.started, session.ended, session.paused) == ("paused", 5, None, 15)


def test_what_is_over_can_be_seen_again_and_is_over_all_the_same() -> None:
    fold = Fold()
    assert fold.refused(PRODUCER, OfferReplay("x1", RECORDING)) == "wrong_state"
    fold.put([SessionStarted(at=5, by="pro"), SessionEnded(at=13, by="pro")])
    (offered,) = fold.do(PRODUCER, OfferReplay("o1", RECORDING))
    assert isinstance(offered, ReplayOffered) and offered.recording == RECORDING
    session = fold.state.session
    assert (session.status, session.ended, session.recording) == ("replay", 13, RECORDING)
    assert fold.do(PRODUCER, OfferReplay("o2", RECORDING)) == ()
    fold.do(PRODUCER, OfferReplay("o3", "/recordings/keynote.mp4"))
    assert fold.state.session.recording == "/recordings/keynote.mp4"
    assert fold.refused(ADA, PostChat("x2", "hello")) == "session_ended"
    assert all(feed.main == () for feed in plan(fold.state, 7).feeds.values())
    (rewritten, *_) = rewrite(fold.state, 99)
    assert apply(empty("s1"), rewritten).session == fold.state.session
    (withdrawn,) = fold.do(PRODUCER, WithdrawReplay("w1"))
    assert isinstance(withdrawn, ReplayWithdrawn)
    session = fold.state.session
    assert (session.status, session.ended, session.recording) == ("ended", 13, None)
    fold.put([ReplayOffered(at=20, by="pro", recording=RECORDING), SessionReopened(at=21, by="pro")])
    session = fold.state.session
    assert (session.status, session.ended, session.recording) == ("paused", None, None)


@pytest.mark.parametrize(
    "recording",
    [
        *("javascript:alert(1)", "http://example.org/a.mp4", "//example.org/a.mp4", "/\\example.org/a.mp4"),
        *("https://", "https:///a", "", "/", "a.mp4", "/a b.mp4", "/a\n", 'https://example.org/"><script>'),
    ],
)
def test_a_recording_is_at_an_https_address_or_on_this_host(recording: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"type": "session.replay", "id": "1", "recording": recording}, OfferReplay)


@pytest.mark.parametrize(
    "recording", [RECORDING, "/recordings/主旨报告.mp4", "https://例え.jp/a?t=1&k=x%20y#t=30"]
)
def test_recordings_that_are_taken(recording: str) -> None:
    found = msgspec.convert({"type": "session.replay", "id": "1", "recording": recording}, OfferReplay)
    assert found.recording == recording


def test_a_break_says_until_when_and_may_say_so_anew() -> None:
    fold = Fold()
    fold.do(PRODUCER, StartSession("s"))
    assert len(fold.do(PRODUCER, PauseSession("p1", 900_000))) == 1
    since = fold.state.session.paused
    assert (fold.state.session.status, fold.state.session.resumes) == ("paused", 900_000)
    assert fold.do(PRODUCER, PauseSession("p2", 900_000)) == () == fold.do(PRODUCER, PauseSession("p3"))
    assert len(fold.do(PRODUCER, PauseSession("p4", 1_200_000))) == 1
    assert (fold.state.session.paused, fold.state.session.resumes) == (since, 1_200_000)
    fold.do(PRODUCER, ResumeSession("r"))
    assert (fold.state.session.paused, fold.state.session.resumes) == (None, None)
    fold.do(PRODUCER, PauseSession("p5", 1_500_000))
    fold.do(PRODUCER, EndSession("e"))
    assert fold.state.session.resumes is None


def test_a_break_ends_at_a_moment_that_a_page_can_show() -> None:
    for until, taken in ((LATEST, True), (LATEST + 1, False), (-1, False)):
        with contextlib.nullcontext() if taken else pytest.raises(msgspec.ValidationError):
            msgspec.convert({"type": "session.pause", "id": "p", "until": until}, PauseSession)


def test_what_ended_before_it_began_is_planned_again() -> None:
    fold = Fold()
    fold.do(PRODUCER, EndSession("e1"))
    fold.do(PRODUCER, ReopenSession("r1"))
    assert fold.state.session == Session("s1", "A talk", "planned", 0)


def test_the_audience_has_a_picture_only_while_live_and_speakers_hear_the_room_throughout() -> None:
    fold = Fold()
    fold.do(PRODUCER, BringOn("b1", "sp-1"), SPEAKER)
    seen = []
    for command in (OpenDoors("1"), StartSession("2"), PauseSession("3"), ResumeSession("4")):
        fold.do(PRODUCER, command)
        made = plan(fold.state, 7)
        seen.append((made.feeds["stage"].main, made.version))
        assert made.feeds["return"].main == ("hall/hall",)
    assert [main for main, _ in seen] == [(), ("sp-1/camera",), (), ("sp-1/camera",)]
    assert len({version for _, version in seen}) == 4


def test_a_session_is_called_and_billed_anew_and_twice_the_same_is_once() -> None:
    fold = Fold()
    billing = Billing("conf", 0, 3_600_000, "Asia/Shanghai", speakers=(Billed("p1", "王伟", "清华大学"),))
    assert len(fold.do(PRODUCER, DescribeSession("d1", " On engines ", billing))) == 1
    assert fold.do(PRODUCER, DescribeSession("d2", "On engines", billing)) == ()
    assert (fold.state.session.title, fold.state.session.programme) == ("On engines", billing)
    assert fold.refused(PRODUCER, DescribeSession("d3", " ")) == "empty_text"
    (rewritten, *_) = rewrite(fold.state, 9)
    assert apply(empty("s1"), rewritten).session == fold.state.session


# -- who sees what -------------------------------------------------------------------------------------


def test_a_pending_question_is_for_staff_and_its_author() -> None:
    fold = Fold()
    ask(fold, "secret until approved")
    seen_by = {
        (audience, who): b"secret" in msgspec.json.encode(visible(fold.facts, fold.state, audience, who))
        for audience in ("public", "speakers", "staff")
        for who in ("ada", "bob")
    }
    assert seen_by == {
        ("public", "ada"): True,
        ("public", "bob"): False,
        ("speakers", "ada"): True,
        ("speakers", "bob"): False,
        ("staff", "ada"): True,
        ("staff", "bob"): True,
    }


def test_dismissing_a_pending_question_is_told_only_to_those_who_knew_of_it() -> None:
    fold = Fold()
    fold.do(MODERATOR, DismissQuestion("d1", ask(fold)))

    def hears(audience: str, who: str) -> bool:
        events = visible(fold.facts, fold.state, audience, who)  # type: ignore[arg-type]
        return any(isinstance(event, QuestionDismissed) for event in events)

    assert hears("staff", "mod") and hears("public", "ada") and not hears("public", "bob")


def test_history_withholds_the_text_of_a_question_dismissed_after_approval() -> None:
    fold = Fold()
    question = ask(fold, "regretted words")
    fold.do(MODERATOR, ApproveQuestion("a1", question))
    assert b"regretted" in msgspec.json.encode(visible(fold.facts, fold.state, "public", "bob"))
    fold.do(MODERATOR, DismissQuestion("d1", question))
    told = visible(fold.facts, fold.state, "public", "bob")
    assert b"regretted" not in msgspec.json.encode(told)
    assert any(isinstance(event, QuestionDismissed) for event in told)
    assert b"regretted" in msgspec.json.encode(visible(fold.facts, fold.state, "public", "ada"))


def test_the_public_knows_only_publications_of_those_on_stage() -> None:
    fold = Fold()
    fold.do(PRODUCER, BringOn("b1", "sp-1"), SPEAKER)
    full = MediaState(
        True,
        (
            Media("sp-1", "camera", audio=True, video=True, live=True),
            Media("sp-2", "camera", audio=True, video=True, live=True),
        ),
    )
    assert [p.participant for p in media(full, fold.state, "public").publications] == ["sp-1"]
    assert media(full, fold.state, "speakers") == full
    assert media(full, fold.state, "staff") == full


def test_the_hall_knows_beside_these_what_it_sends_itself_and_to_whom() -> None:
    fold = Fold()
    fold.do(PRODUCER, BringOn("b1", "sp-1"), SPEAKER)
    own = Media("hall", "hall", audio=True, video=True, live=True)
    full = MediaState(True, (Media("sp-2", "camera", audio=True, video=True, live=True), own))
    told = media(full, fold.state, "hall")
    assert told.publications == (own,)
    assert told.hall_to == fold.state.stage != ()
    assert media(full, fold.state, "public") == MediaState(True, ())
    assert media(full, fold.state, "speakers").hall_to == media(full, fold.state, "staff").hall_to == ()


@pytest.mark.parametrize(
    ("role", "audience"),
    [
        ("viewer", "public"),
        ("hall", "hall"),
        ("interpreter", "speakers"),
        ("speaker", "speakers"),
        ("moderator", "staff"),
        ("chair", "staff"),
        ("producer", "staff"),
        ("owner", "staff"),
    ],
)
def test_audiences(role: str, audience: str) -> None:
    assert audience_of(role) == audience  # type: ignore[arg-type]


# -- the fold ------------------------------------------------------------------------------------------


def test_a_rewritten_log_leads_to_the_same_session() -> None:
    fold = Fold()
    fold.do(PRODUCER, StartSession("s1"))
    doomed = say(fold, "withdrawn")
    say(fold, "kept")
    fold.do(MODERATOR, DeleteChat("d1", doomed))
    fold.do(MODERATOR, ApproveQuestion("a1", ask(fold)))
    ask(fold)
    fold.do(PRODUCER, BringOn("b1", "ada"), ADA)
    fold.do(PRODUCER, BringOn("b2", "sp-1"), SPEAKER)
    fold.do(PRODUCER, Mute("b3", "ada"))
    fold.do(PRODUCER, HideSlides("b4"))
    fold.do(PRODUCER, ShowSlate("b5", "Back soon"))
    fold.do(PRODUCER, OrderSpeakers("b6", ("sp-1", "ada")))
    fold.do(PRODUCER, SetClock("b7", "ada", 60_000))
    fold.do(PRODUCER, EnterBackstage("b8"))
    fold.do(PRODUCER, SetReturn("b9", Return("speaker", "on_air", "programme")))
    fold.do(SPEAKER, StartPreflight("b10"))
    state: State = empty("s1")
    for seq, event in enumerate(rewrite(fold.state, 99), start=1):
        state = apply(state, msgspec.structs.replace(event, seq=seq))
    assert _but_for_positions(state) == _but_for_positions(fold.state)
    kept = unpack(pack(Checkpoint(fold.state, fold.facts[-1].event, "")))
    assert kept is not None and kept.state == fold.state


def _but_for_positions(state: State) -> State:
    air = msgspec.structs.replace(state.air, version=0)
    return dataclasses.replace(state, seq=0, stage_seq=0, air=air)
