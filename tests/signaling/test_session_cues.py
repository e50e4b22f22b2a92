"""Cues and cuts: every road through the table, by a state machine that knows only the rules."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from signaling.director import plan
from signaling.protocol import (
    AcknowledgeStandby,
    ArriveBackstage,
    Billed,
    Billing,
    BindSpeaker,
    BringOn,
    CheckSpeaker,
    ClearSpeaker,
    Cue,
    CueState,
    DescribeSession,
    HandOver,
    HideSlides,
    InviteSpeaker,
    LiftSlate,
    Mute,
    OrderSpeakers,
    Person,
    SendBackstage,
    SetClock,
    ShowSlate,
    ShowSlides,
    StandBy,
    StartClock,
    StartPreflight,
    StartSession,
    TakeOff,
    Unmute,
)
from signaling.session.audience import snapshot, visible
from signaling.session.cues import find, next_speaker, running_order
from signaling.session.decision import Decision, Refusal

from .session_events import ADA, PRODUCER, SPEAKER, Fold

ADAM, EVE, KIM = (Person(one, one.title(), "speaker") for one in ("adam", "eve", "kim"))
CHAIR = Person("chair-1", "Cher", "chair")
CAST = {person.id: person for person in (ADAM, EVE, KIM)}
BILLING = Billing(
    "conf",
    0,
    3_600_000,
    "Asia/Shanghai",
    speakers=(Billed("adam", "Adam"), Billed("p2", "Eve"), Billed("kim", "Kim")),
)

ByDesk: TypeAlias = CheckSpeaker | SendBackstage | StandBy | ClearSpeaker
LEGAL: dict[type[ByDesk], dict[CueState, CueState]] = {
    CheckSpeaker: {"invited": "checked"},
    SendBackstage: dict.fromkeys(("invited", "checked", "standby", "cleared"), "backstage"),
    StandBy: dict.fromkeys(("checked", "backstage"), "standby"),
    ClearSpeaker: dict.fromkeys(("invited", "checked", "backstage", "standby"), "cleared"),
}


def cue(fold: Fold, speaker: str) -> Cue:
    found = find(fold.state, speaker)
    assert found is not None
    return found


def states(fold: Fold) -> dict[str, CueState]:
    return {one.id: one.state for one in running_order(fold.state)}


class Cues(RuleBasedStateMachine):
    """Compares the session with a dictionary of cues and a list of who is on stage."""

    def __init__(self) -> None:
        super().__init__()
        self.fold = Fold()
        self.model: dict[str, CueState] = {}
        self.stage: list[str] = []
        self.ready: set[str] = set()
        self.version = 0

    @initialize()
    def invite_all(self) -> None:
        for person in CAST.values():
            self.fold.do(PRODUCER, InviteSpeaker(self.fold.new_id(), person.id), person)
            self.model[person.id] = "invited"

    @rule(
        who=st.sampled_from(sorted(CAST)), step=st.sampled_from(sorted(LEGAL, key=lambda one: one.__name__))
    )
    def step_by_the_desk(self, who: str, step: type[ByDesk]) -> None:
        now = self.model[who]
        outcome = self.fold.try_(PRODUCER, step(self.fold.new_id(), who))
        self._stepped(who, now, LEGAL[step].get(now), outcome, frozenset(LEGAL[step].values()))

    @rule(who=st.sampled_from(sorted(CAST)))
    def arrive(self, who: str) -> None:
        now = self.model[who]
        to: CueState | None = "backstage" if now in ("invited", "checked") else None
        outcome = self.fold.try_(CAST[who], ArriveBackstage(self.fold.new_id()))
        self._stepped(who, now, to, outcome, frozenset({"backstage"}))

    @rule(who=st.sampled_from(sorted(CAST)))
    def invite_again(self, who: str) -> None:
        self.fold.do(PRODUCER, InviteSpeaker(self.fold.new_id(), who), CAST[who])
        if self.model[who] == "cleared":
            self.model[who] = "invited"

    def _stepped(
        self, who: str, now: CueState, to: CueState | None, outcome: object, ends: frozenset[CueState]
    ) -> None:
        if to is None:
            assert outcome == Decision() if now in ends else isinstance(outcome, Refusal)
            return
        assert isinstance(outcome, Decision) and outcome.events
        self.model[who] = to
        self.ready.discard(who)

    @rule(who=st.sampled_from(sorted(CAST)))
    def acknowledge(self, who: str) -> None:
        outcome = self.fold.try_(CAST[who], AcknowledgeStandby(self.fold.new_id()))
        assert isinstance(outcome, Decision) == (self.model[who] == "standby")
        if self.model[who] == "standby":
            self.ready.add(who)

    @rule(who=st.sampled_from(sorted(CAST)), late=st.booleans())
    def bring_on(self, who: str, late: bool) -> None:
        seen = self.version - 1 if late and self.version else self.version
        outcome = self.fold.try_(PRODUCER, BringOn(self.fold.new_id(), who, seen), CAST[who])
        if self.stage[:1] == [who]:
            assert outcome == Decision(), "who is there already is no cut, and none too late"
        elif seen != self.version:
            self._told(outcome)
        else:
            self._on(who)

    @rule(who=st.sampled_from(sorted(CAST)), late=st.booleans())
    def take_off(self, who: str, late: bool) -> None:
        seen = self.version - 1 if late and self.version else self.version
        outcome = self.fold.try_(PRODUCER, TakeOff(self.fold.new_id(), who, seen))
        if who not in self.stage:
            assert outcome == Decision()
        elif seen != self.version:
            self._told(outcome)
        else:
            self._off(who)

    @rule()
    def hand_over(self) -> None:
        upcoming = [one for one in CAST if self.model[one] not in ("on_air", "cleared")]
        outcome = self.fold.try_(PRODUCER, HandOver(self.fold.new_id(), seen=self.version))
        if not upcoming:
            assert isinstance(outcome, Refusal) and outcome.code == "nobody_next"
            return
        former = self.stage[:1]
        self._on(upcoming[0])
        for who in former:
            self._off(who)

    def _on(self, who: str) -> None:
        self.stage = [who, *(one for one in self.stage if one != who)]
        self.model[who] = "on_air"
        self.ready.discard(who)
        self.version = self.fold.state.seq

    def _off(self, who: str) -> None:
        self.stage.remove(who)
        self.model[who] = "cleared"
        self.version = self.fold.state.seq

    def _told(self, outcome: object) -> None:
        assert isinstance(outcome, Refusal) and outcome.code == "stage_changed" and outcome.now is not None
        assert [person.id for person in outcome.now.people] == self.stage
        assert outcome.now.air.version == self.version

    @invariant()
    def the_two_agree(self) -> None:
        state = self.fold.state
        assert {one.id: one.state for one in state.cues.values()} == self.model
        assert [person.id for person in state.stage] == self.stage
        assert {one.id for one in state.cues.values() if one.acknowledged is not None} == self.ready
        assert state.air.version == self.version

    @invariant()
    def on_stage_is_on_air_and_nobody_else(self) -> None:
        on_air = {one.id for one in self.fold.state.cues.values() if one.state == "on_air"}
        assert on_air == {person.id for person in self.fold.state.stage}

    @invariant()
    def each_step_says_who_and_when(self) -> None:
        for one in self.fold.state.cues.values():
            assert (one.steps[-1].state, one.steps[-1].at, one.steps[-1].by) == (one.state, one.at, one.by)

    @invariant()
    def the_public_sees_no_cue(self) -> None:
        state = self.fold.state
        told = [snapshot(state, "public", "v"), visible(self.fold.facts, state, "public", "v")]
        assert b'"cue' not in msgspec.json.encode(told).replace(b'"cues":[]', b"")


TestCues = Cues.TestCase


def test_the_programme_says_who_speaks_and_in_which_order_until_somebody_says_otherwise() -> None:
    fold = Fold()
    fold.do(PRODUCER, DescribeSession("d1", "A forum", BILLING))
    assert states(fold) == dict.fromkeys(("adam", "p2", "kim"), "invited")
    fold.do(PRODUCER, InviteSpeaker("i1", "sp-1"), SPEAKER)
    assert [one.id for one in running_order(fold.state)] == ["adam", "p2", "kim", "sp-1"]
    fold.do(PRODUCER, OrderSpeakers("o1", ("sp-1", "kim", "kim")))
    assert [one.id for one in running_order(fold.state)] == ["sp-1", "kim", "adam", "p2"]
    assert fold.refused(PRODUCER, OrderSpeakers("o2", ("nobody",))) == "unknown_speaker"
    shorter = msgspec.structs.replace(BILLING, speakers=BILLING.speakers[:1])
    fold.do(PRODUCER, DescribeSession("d2", "A forum", shorter))
    assert [one.id for one in running_order(fold.state)] == ["sp-1", "adam"]


def test_who_bears_a_billed_id_is_that_speaker_and_others_are_bound() -> None:
    fold = Fold()
    fold.do(PRODUCER, DescribeSession("d1", "A forum", BILLING))
    fold.do(ADAM, ArriveBackstage("a1"))
    assert cue(fold, "adam").person == ADAM
    assert fold.refused(PRODUCER, StandBy("s1", "p2")) == "wrong_state"
    assert fold.refused(PRODUCER, SendBackstage("s2", "p2")) == "unbound_speaker"
    fold.do(EVE, ArriveBackstage("a2"))
    assert states(fold) == {"adam": "backstage", "p2": "invited", "kim": "invited", "eve": "backstage"}
    fold.do(PRODUCER, BindSpeaker("b1", "p2", "eve"))
    assert states(fold) == {"adam": "backstage", "p2": "backstage", "kim": "invited"}
    assert cue(fold, "eve").id == "p2"
    assert fold.do(PRODUCER, BindSpeaker("b2", "p2", "eve")) == ()
    assert fold.refused(PRODUCER, BindSpeaker("b3", "p2", "adam")) == "already_bound"
    assert fold.refused(PRODUCER, BindSpeaker("b4", "nobody", "eve")) == "unknown_speaker"
    assert fold.refused(PRODUCER, BindSpeaker("b5", "kim", "stranger")) == "unknown_participant"


def test_who_is_found_to_be_a_billed_speaker_keeps_time_preflight_and_place() -> None:
    fold = Fold()
    fold.do(PRODUCER, DescribeSession("d1", "A forum", BILLING))
    fold.do(EVE, StartPreflight("p1"))
    fold.do(PRODUCER, BringOn("b1", "eve"), EVE)
    fold.do(PRODUCER, OrderSpeakers("o1", ("kim", "eve", "adam")))
    fold.do(PRODUCER, SetClock("c1", "p2", 1000))
    fold.do(PRODUCER, SetClock("c2", "eve", 60_000))
    fold.do(PRODUCER, StartClock("c3", "eve"))
    running, measured = fold.state.clocks["eve"], fold.state.preflights["eve"]
    fold.do(PRODUCER, BindSpeaker("b2", "p2", "eve"))
    assert fold.state.clocks == {"p2": msgspec.structs.replace(running, speaker="p2")}
    assert fold.state.preflights == {"p2": msgspec.structs.replace(measured, speaker="p2")}
    assert fold.state.order == ("kim", "p2", "adam")
    fold.do(PRODUCER, TakeOff("t1", "eve"))
    assert fold.state.clocks["p2"].started is None, "it stands when they go off"


def test_time_given_to_the_billed_speaker_stands_unless_the_other_has_used_theirs() -> None:
    fold = Fold()
    fold.do(PRODUCER, DescribeSession("d1", "A forum", BILLING))
    fold.do(EVE, ArriveBackstage("a1"))
    fold.do(PRODUCER, SetClock("c1", "p2", 1000))
    fold.do(PRODUCER, SetClock("c2", "eve", 60_000))
    fold.do(PRODUCER, BindSpeaker("b1", "p2", "eve"))
    assert {one.speaker: one.allotted for one in fold.state.clocks.values()} == {"p2": 1000}


def test_an_invitation_says_which_speaker_somebody_is_and_the_newest_device_is_meant() -> None:
    fold = Fold()
    fold.do(PRODUCER, DescribeSession("d1", "A forum", BILLING))
    laptop, phone = (Person(one, "Eve", "speaker", billed="p2") for one in ("seat-1", "seat-2"))
    fold.do(laptop, ArriveBackstage("a1"))
    assert (cue(fold, "seat-1").id, states(fold)["p2"]) == ("p2", "backstage")
    fold.do(PRODUCER, InviteSpeaker("i1", "seat-2"), phone)
    assert cue(fold, "p2").person == laptop, "on the list already"
    fold.do(PRODUCER, SendBackstage("s1", "p2"))
    fold.do(PRODUCER, BringOn("b1", "seat-2"), phone)
    assert (cue(fold, "p2").person, cue(fold, "p2").state) == (phone, "on_air")
    fold.do(PRODUCER, BringOn("b2", "seat-1"), laptop)
    assert (cue(fold, "p2").person, cue(fold, "seat-1").id) == (phone, "seat-1")
    stranger = Person("seat-3", "Kim", "speaker", billed="of another session")
    fold.do(stranger, ArriveBackstage("a2"))
    assert cue(fold, "seat-3").id == "seat-3"


def test_next_is_the_first_who_has_not_been_on_and_a_hand_over_is_one_cut() -> None:
    fold = Fold()
    fold.do(PRODUCER, DescribeSession("d1", "A forum", BILLING))
    for number, person in enumerate((ADAM, KIM)):
        fold.do(person, ArriveBackstage(f"a{number}"))
    fold.do(CHAIR, HandOver("h1"))
    assert (fold.state.stage, cue(fold, "adam").state) == ((ADAM,), "on_air")
    following = next_speaker(fold.state)
    assert following is not None and following.id == "p2"
    assert fold.refused(CHAIR, HandOver("h2")) == "unbound_speaker"
    before = fold.state.air.version
    events = fold.do(CHAIR, HandOver("h3", "kim", before))
    assert (fold.state.stage, cue(fold, "adam").state, cue(fold, "kim").state) == (
        (KIM,),
        "cleared",
        "on_air",
    )
    assert [event.__struct_config__.tag for event in events] == [
        "cue.changed",
        "stage.brought_on",
        "cue.changed",
        "stage.taken_off",
    ]
    assert fold.refused(CHAIR, HandOver("h4", seen=before)) == "stage_changed"
    assert fold.refused(CHAIR, HandOver("h5", "nobody")) == "unknown_speaker"


def test_the_speaker_says_ready_once_and_it_lasts_for_this_standby() -> None:
    fold = Fold()
    fold.do(ADAM, ArriveBackstage("a1"))
    assert fold.refused(ADAM, AcknowledgeStandby("k1")) == "wrong_state"
    fold.do(PRODUCER, StandBy("s1", "adam"))
    fold.do(ADAM, AcknowledgeStandby("k2"))
    assert cue(fold, "adam").acknowledged is not None
    assert fold.do(ADAM, AcknowledgeStandby("k3")) == ()
    fold.do(PRODUCER, SendBackstage("s2", "adam"))
    assert cue(fold, "adam").acknowledged is None
    assert fold.refused(EVE, AcknowledgeStandby("k4")) == "unknown_speaker"


def test_what_goes_out_is_what_is_not_muted_hidden_or_behind_a_slate() -> None:
    fold = Fold()
    fold.do(PRODUCER, StartSession("s1"))
    for number, person in enumerate((ADAM, EVE)):
        fold.do(PRODUCER, BringOn(f"b{number}", person.id), person)
    fold.do(PRODUCER, Mute("m1", "adam"))
    fold.do(PRODUCER, HideSlides("l1"))
    stage = plan(fold.state, 7).feeds["stage"]
    assert (stage.main, stage.slides, stage.audio) == (("eve/camera", "adam/camera"), (), ("eve/camera",))
    fold.do(PRODUCER, ShowSlate("t1", " Back at three "))
    assert fold.state.air.slate == "Back at three"
    slated = plan(fold.state, 7).feeds["stage"]
    assert (slated.main, slated.audio, slated.slides) == (("slate/camera", "slate/slate"), (), ())
    fold.do(PRODUCER, LiftSlate("t2"))
    assert plan(fold.state, 7).feeds["stage"] == stage
    fold.do(PRODUCER, ShowSlides("l2"))
    fold.do(PRODUCER, Unmute("m2", "adam"))
    whole = plan(fold.state, 7).feeds["stage"]
    assert (whole.slides, whole.audio) == (("eve/slides", "adam/slides"), ("eve/camera", "adam/camera"))
    fold.do(PRODUCER, Mute("m3", "adam"))
    fold.do(PRODUCER, TakeOff("o1", "adam"))
    assert fold.state.air.muted == (), "who comes back is heard"
    assert fold.refused(PRODUCER, Mute("m4", "adam")) == "not_on_stage"


@pytest.mark.parametrize(
    "again", [HideSlides("c"), ShowSlate("c", "Soon"), Mute("c", "adam"), BringOn("c", "adam")]
)
def test_what_is_so_already_is_no_cut_however_late(again: HideSlides | ShowSlate | Mute | BringOn) -> None:
    fold = Fold()
    fold.do(PRODUCER, BringOn("b1", "adam"), ADAM)
    fold.do(PRODUCER, HideSlides("l1"))
    fold.do(PRODUCER, ShowSlate("t1", "Soon"))
    fold.do(PRODUCER, Mute("m1", "adam"))
    assert fold.do(PRODUCER, msgspec.structs.replace(again, seen=0), ADAM) == ()
    fold.do(PRODUCER, TakeOff("o1", "adam"))
    assert fold.refused(PRODUCER, Unmute("u1", "adam", seen=0)) == "stage_changed"


def test_who_is_on_stage_without_a_programme_has_a_cue_too() -> None:
    fold = Fold()
    fold.do(PRODUCER, BringOn("b1", "ada"), ADA)
    assert cue(fold, "ada").state == "on_air"
    fold.do(PRODUCER, TakeOff("t1", "ada"))
    assert [step.state for step in cue(fold, "ada").steps] == ["on_air", "cleared"]
    assert all(step.by == "pro" for step in cue(fold, "ada").steps)
