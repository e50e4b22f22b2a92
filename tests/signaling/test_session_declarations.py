"""The joint declaration: who may sign, once each, and what becomes of the text."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from signaling import export
from signaling.attendance import Attendance
from signaling.live import LiveSessions
from signaling.log import SessionLog
from signaling.protocol import (
    Ack,
    CloseDeclaration,
    CreatePoll,
    Declaration,
    EndSession,
    HideDeclaration,
    OpenDeclaration,
    OpenPoll,
    Person,
    PollDrafted,
    PresentDeclaration,
    Refused,
    ShowDeclaration,
    ShowPoll,
    SignDeclaration,
    StrikeSignature,
)
from signaling.session.audience import AUDIENCES, snapshot
from signaling.session.erase import ERASED, erased
from signaling.session.fold import apply, rewrite
from signaling.session.state import empty

from .conftest import RedisServer
from .session_events import MODERATOR, PRODUCER, Fold
from .test_live import MOD, claims, generous, live, new_id, session, until, worker

__all__ = ["generous", "live", "session"]

YALE = Person("y", "Yan", "viewer", "Yale University")
PEKING = Person("p", "王伟", "speaker", "北京大学")
NOBODY = Person("n", "Nia", "viewer")
NAMES = ("Yale University", "北京大学", "École normale")


def presented(fold: Fold, *names: str) -> Declaration:
    fold.do(MODERATOR, PresentDeclaration(fold.new_id(), "Joint declaration", "We agree.", names or NAMES))
    assert fold.state.declaration is not None
    return fold.state.declaration


def signed(fold: Fold) -> list[str]:
    assert fold.state.declaration is not None
    return [one.organisation for one in fold.state.declaration.signatures]


def test_each_organisation_signs_once_by_whom_it_has_sent() -> None:
    fold = Fold()
    assert fold.refused(YALE, SignDeclaration("x0")) == "no_declaration"
    presented(fold)
    assert len(fold.do(YALE, SignDeclaration("s1"))) == 1
    assert fold.do(YALE, SignDeclaration("s2")) == ()
    second = msgspec.structs.replace(YALE, id="y2", affiliation=" yale  UNIVERSITY ")
    assert fold.refused(second, SignDeclaration("s3")) == "signed_already"
    assert fold.refused(NOBODY, SignDeclaration("s4")) == "not_a_signatory"
    elsewhere = msgspec.structs.replace(YALE, id="h", affiliation="Harvard")
    assert fold.refused(elsewhere, SignDeclaration("s5")) == "not_a_signatory"
    fold.do(PEKING, SignDeclaration("s6"))
    assert signed(fold) == ["Yale University", "北京大学"]


def test_a_text_that_is_signed_stays_and_one_that_is_not_may_change() -> None:
    fold = Fold()
    first = presented(fold, " Yale  University ", "yale university", "北京大学")
    assert first.organisations == ("Yale University", "北京大学")
    again = PresentDeclaration("p2", first.title, first.text, first.organisations)
    assert fold.do(MODERATOR, again) == ()
    assert presented(fold).id != first.id
    fold.do(YALE, SignDeclaration("s1"))
    other = PresentDeclaration("p3", "Joint declaration", "We do not agree.", NAMES)
    assert fold.refused(MODERATOR, other) == "signed_already"
    assert fold.refused(MODERATOR, PresentDeclaration("p4", " ", "x", NAMES)) == "empty_text"
    assert fold.refused(MODERATOR, PresentDeclaration("p5", "x", "x", (" ",))) == "empty_text"


def test_a_signature_is_struck_given_again_and_none_is_taken_when_it_is_closed() -> None:
    fold = Fold()
    assert fold.refused(MODERATOR, CloseDeclaration("x1")) == "no_declaration"
    assert fold.refused(MODERATOR, StrikeSignature("x2", "Yale University")) == "no_declaration"
    presented(fold)
    fold.do(YALE, SignDeclaration("s1"))
    (struck,) = fold.do(MODERATOR, StrikeSignature("k1", "YALE university", "By mistake."))
    assert msgspec.to_builtins(struck)["reason"] == "By mistake."
    assert signed(fold) == [] and fold.do(MODERATOR, StrikeSignature("k2", "Yale University")) == ()
    assert fold.refused(MODERATOR, StrikeSignature("k3", "Harvard")) == "not_a_signatory"
    fold.do(YALE, SignDeclaration("s2"))
    assert len(fold.do(MODERATOR, CloseDeclaration("c1"))) == 1
    assert fold.do(MODERATOR, CloseDeclaration("c2")) == ()
    assert fold.refused(PEKING, SignDeclaration("s3")) == "declaration_closed"
    assert signed(fold) == ["Yale University"]
    fold.do(PRODUCER, EndSession("e1"))
    assert fold.refused(PEKING, SignDeclaration("s4")) == "session_ended"


def test_it_is_read_out_before_it_is_signed_and_may_be_opened_again() -> None:
    fold = Fold()
    assert fold.refused(MODERATOR, OpenDeclaration("o1")) == "no_declaration"
    fold.do(MODERATOR, PresentDeclaration("p1", "Joint declaration", "We agree.", NAMES, open=False))
    assert fold.refused(YALE, SignDeclaration("s1")) == "declaration_closed"
    assert len(fold.do(MODERATOR, OpenDeclaration("o2"))) == 1
    assert fold.do(MODERATOR, OpenDeclaration("o3")) == ()
    fold.do(YALE, SignDeclaration("s2"))
    fold.do(MODERATOR, CloseDeclaration("c1"))
    fold.do(MODERATOR, OpenDeclaration("o4"))
    fold.do(PEKING, SignDeclaration("s3"))
    assert signed(fold) == ["Yale University", "北京大学"]


def test_on_the_halls_screen_it_takes_the_place_of_a_poll_and_gives_it_to_one() -> None:
    fold = Fold()
    assert fold.refused(MODERATOR, ShowDeclaration("x1")) == "no_declaration"
    presented(fold)
    (drafted,) = fold.do(MODERATOR, CreatePoll("v1", "Which?", "single", ("A", "B")))
    assert isinstance(drafted, PollDrafted)
    poll = drafted.poll.id
    fold.do(MODERATOR, OpenPoll("v2", poll))

    def shown() -> tuple[bool, bool]:
        assert fold.state.declaration is not None
        return fold.state.polls[poll].on_screen, fold.state.declaration.on_screen

    fold.do(MODERATOR, ShowPoll("v3", poll))
    fold.do(MODERATOR, ShowDeclaration("x2"))
    assert shown() == (False, True) and fold.do(MODERATOR, ShowDeclaration("x3")) == ()
    presented(fold, "Yale University")
    assert shown() == (False, True), "another wording stays where the first one was"
    fold.do(MODERATOR, ShowPoll("v4", poll))
    assert shown() == (True, False) and fold.do(MODERATOR, HideDeclaration("x4")) == ()
    fold.do(MODERATOR, ShowDeclaration("x5"))
    fold.do(MODERATOR, HideDeclaration("x6"))
    assert shown() == (False, False)


def test_everybody_sees_it_a_lost_log_has_it_again_and_a_name_can_be_taken_out() -> None:
    fold = Fold()
    presented(fold)
    fold.do(YALE, SignDeclaration("s1"))
    for audience in AUDIENCES:
        assert snapshot(fold.state, audience, "x").declaration == fold.state.declaration
    again = empty("s1")
    for seq, event in enumerate(rewrite(fold.state, 99), start=1):
        again = apply(again, msgspec.structs.replace(event, seq=seq))
    assert again.declaration == fold.state.declaration
    assert again.people[YALE.id] == YALE
    event = fold.facts[-1].event
    assert ERASED in str(erased(event, YALE.id)) and YALE.name not in str(erased(event, YALE.id))


def test_the_export_has_a_row_for_each_organisation() -> None:
    fold = Fold()
    material = export.Material(fold.state, (), Attendance())
    assert export.whole(material)["signatures"] == []
    presented(fold)
    fold.do(YALE, SignDeclaration("s1"))
    rows = export.whole(export.Material(fold.state, (), Attendance()))["signatures"]
    assert [(row["organisation"], row["signed"], row.get("name")) for row in rows] == [
        ("Yale University", True, "Yan"),
        ("北京大学", False, None),
        ("École normale", False, None),
    ]


class Signing(RuleBasedStateMachine):
    """Whatever people do, an organisation has one signature, of somebody it has sent."""

    def __init__(self) -> None:
        super().__init__()
        self.fold = Fold()
        self.numbers: Iterator[int] = iter(range(10_000))
        presented(self.fold)

    @rule(organisation=st.sampled_from((*NAMES, "Harvard", "")), number=st.integers(0, 2))
    def sign(self, organisation: str, number: int) -> None:
        person = Person(f"{organisation}-{number}", "X", "viewer", organisation)
        self.fold.try_(person, SignDeclaration(f"s{next(self.numbers)}"))

    @rule(organisation=st.sampled_from(NAMES))
    def strike(self, organisation: str) -> None:
        self.fold.try_(MODERATOR, StrikeSignature(f"k{next(self.numbers)}", organisation))

    @rule()
    def close(self) -> None:
        self.fold.try_(MODERATOR, CloseDeclaration(f"c{next(self.numbers)}"))

    @rule()
    def open(self) -> None:
        self.fold.try_(MODERATOR, OpenDeclaration(f"o{next(self.numbers)}"))

    @invariant()
    def one_signature_each(self) -> None:
        assert self.fold.state.declaration is not None
        signatures = self.fold.state.declaration.signatures
        assert len({one.organisation for one in signatures}) == len(signatures)
        assert all(one.person.affiliation == one.organisation for one in signatures)


TestSigning = Signing.TestCase


async def test_two_who_sign_for_one_organisation_at_two_workers_are_one_signature(
    redis_server: RedisServer, log: SessionLog, live: LiveSessions
) -> None:
    here = await live.create("A talk", "s1")
    async with worker(redis_server.url) as other:
        there = await other.get("s1")
        names = tuple(f"Organisation {n}" for n in range(22))
        said = await here.command(MOD, PresentDeclaration(new_id(), "Joint", "We agree.", names))
        assert isinstance(said, Ack)
        await until(lambda: there.state.declaration is not None)
        answers = await asyncio.gather(
            *(
                place.command(
                    msgspec.structs.replace(claims(f"{name}-{n}".replace(" ", "-")), affiliation=name),
                    SignDeclaration(new_id()),
                )
                for name in names
                for n, place in enumerate((here, there))
            )
        )
        refused = [answer.code for answer in answers if isinstance(answer, Refused)]
        assert refused == ["signed_already"] * 22
        entries = await log.read("s1")
        assert sum(entry.event.__struct_config__.tag == "declaration.signed" for entry in entries) == 22
