"""Backstage: who is there, what each person is sent back, and that it changes under them."""

from __future__ import annotations

import msgspec
import pytest

from signaling.director import plan
from signaling.protocol import (
    ArriveBackstage,
    BringOn,
    EndSession,
    EnterBackstage,
    LeaveBackstage,
    Person,
    Return,
    SendBackstage,
    SetReturn,
    StandBy,
    StartSession,
    TakeOff,
)
from signaling.session.audience import snapshot, visible
from signaling.session.backstage import CUES, MOST_TALKING, ROLES, looking_in, matrix, talking
from signaling.session.cues import MOST_CUES
from stream.http import MAX_PLAN
from stream.plan import Feed

from .session_events import MODERATOR, PRODUCER, Fold

ADAM, EVE = Person("adam", "Adam", "speaker"), Person("eve", "Eve", "speaker")
INTERPRETER = Person("int-1", "Ines", "interpreter")


def fed(fold: Fold, person: Person) -> Feed:
    """Return what a person is sent back: by the name that the door gives, as the relay narrows it."""
    return plan(fold.state, 7).feed(f"return/{person.role}/{person.id}")


def backstage(fold: Fold, *people: Person) -> None:
    for person in people:
        command = (
            ArriveBackstage(fold.new_id()) if person.role == "speaker" else EnterBackstage(fold.new_id())
        )
        fold.do(person, command)


def on_air(fold: Fold, person: Person) -> None:
    fold.do(PRODUCER, BringOn(fold.new_id(), person.id), person)


def test_those_backstage_see_and_hear_each_other_and_nobody_themselves() -> None:
    fold = Fold()
    backstage(fold, ADAM, EVE, PRODUCER, MODERATOR, INTERPRETER)
    everybody = {f"{one}/camera" for one in ("adam", "eve", "pro", "mod", "int-1")}
    for person in (ADAM, EVE, PRODUCER, MODERATOR, INTERPRETER):
        assert set(fed(fold, person).audio) == everybody - {f"{person.id}/camera"}
        solo = plan(fold.state, 7).feed(f"solo/{person.id}")
        assert (solo.main, solo.audio) == ((f"{person.id}/camera",), (f"{person.id}/camera",))
    room = plan(fold.state, 7).feed("solo/hall")
    assert (room.main, room.audio) == (("hall/hall",), ("hall/hall",))
    assert fed(fold, PRODUCER).main == ("adam/camera", "eve/camera", "mod/camera", "int-1/camera")
    fold.do(MODERATOR, LeaveBackstage("l1"))
    assert "mod/camera" not in fed(fold, EVE).audio
    assert fold.do(MODERATOR, LeaveBackstage("l2")) == ()
    assert fold.do(PRODUCER, EnterBackstage("e2")) == ()


def test_who_waits_gets_the_programme_and_who_is_on_air_the_hall_and_who_else_is_on() -> None:
    fold = Fold()
    fold.do(PRODUCER, StartSession("s1"))
    backstage(fold, ADAM, EVE, PRODUCER)
    on_air(fold, ADAM)
    waiting, on = fed(fold, EVE), fed(fold, ADAM)
    assert waiting.main == ("adam/camera",)
    assert waiting.slides == ("adam/slides",)
    assert set(waiting.audio) == {"pro/camera", "adam/camera"}
    assert (on.main, on.slides, on.audio) == (("hall/hall",), (), ("hall/hall",))
    on_air(fold, EVE)
    on = fed(fold, ADAM)
    assert (on.main, on.slides, on.audio) == (("hall/hall",), ("eve/slides",), ("hall/hall", "eve/camera"))
    assert [person.id for person in talking(fold.state)] == ["pro"], "backstage is not heard on air"
    fold.do(PRODUCER, TakeOff("t1", "adam"))
    assert fed(fold, ADAM).main == ("eve/camera",)
    assert fed(fold, ADAM).audio == ("eve/camera",), "who is done talks with nobody backstage"
    fold.do(PRODUCER, SendBackstage("s2", "adam"))
    assert set(fed(fold, ADAM).audio) == {"pro/camera", "eve/camera"}


def test_of_the_crew_too_who_is_on_air_is_not_heard_backstage() -> None:
    fold = Fold()
    fold.do(PRODUCER, StartSession("s1"))
    backstage(fold, EVE, MODERATOR, PRODUCER)
    on_air(fold, MODERATOR)
    assert [person.id for person in talking(fold.state)] == ["eve", "pro"]
    assert "mod/camera" not in fed(fold, PRODUCER).audio
    fold.do(PRODUCER, TakeOff("t1", "mod"))
    assert "mod/camera" in fed(fold, PRODUCER).audio, "and is again when they are off"


def test_the_producer_changes_a_place_of_the_matrix_for_whoever_stands_there() -> None:
    fold = Fold()
    fold.do(PRODUCER, StartSession("s1"))
    backstage(fold, ADAM, EVE, PRODUCER)
    fold.do(PRODUCER, StandBy("s2", "eve"))
    fold.do(PRODUCER, SetReturn("m1", Return("speaker", "standby", "hall")))
    assert (fed(fold, EVE).main, fed(fold, ADAM).main) == (("hall/hall",), ())
    fold.do(PRODUCER, SetReturn("m2", Return("speaker", "standby", "off")))
    assert fed(fold, EVE) == Feed()
    fold.do(PRODUCER, SetReturn("m3", Return("moderator", "none", "programme")))
    on_air(fold, ADAM)
    assert fed(fold, MODERATOR).main == ("adam/camera",)
    assert fold.do(PRODUCER, SetReturn("m4", Return("moderator", "none", "programme"))) == ()
    assert fold.refused(PRODUCER, SetReturn("m5", Return("viewer", "none", "programme"))) == "invalid"
    places = {(one.role, one.cue): one.feed for one in matrix(fold.state)}
    assert set(places) == {(role, cue) for role in ROLES for cue in CUES}
    assert (places["speaker", "standby"], places["speaker", "on_air"]) == ("off", "hall")


def test_who_is_not_known_yet_gets_what_their_role_gets() -> None:
    fold = Fold()
    assert fed(fold, ADAM).main == ("hall/hall",)
    assert fed(fold, INTERPRETER).main == ()
    fold.do(PRODUCER, StartSession("s1"))
    on_air(fold, ADAM)
    assert fed(fold, INTERPRETER).main == ("adam/camera",)
    assert plan(fold.state, 7).feed("return/viewer/v-1").main == ("hall/hall",), "no door leads there"


def test_nothing_is_sent_after_the_end() -> None:
    fold = Fold()
    backstage(fold, ADAM, PRODUCER)
    fold.do(PRODUCER, EndSession("e1"))
    assert all(feed == Feed() for feed in plan(fold.state, 7).feeds.values())


def test_the_hall_is_sent_to_whom_the_matrix_sends_it() -> None:
    fold = Fold()
    fold.do(PRODUCER, StartSession("s1"))
    assert looking_in(fold.state) == ()
    backstage(fold, ADAM, PRODUCER)
    assert looking_in(fold.state) == (), "who waits has the programme, the crew each other"
    on_air(fold, ADAM)
    assert [person.id for person in looking_in(fold.state)] == [ADAM.id]
    fold.do(PRODUCER, SetReturn("m1", Return("producer", "none", "hall")))
    assert [person.id for person in looking_in(fold.state)] == [ADAM.id, PRODUCER.id]
    for person in looking_in(fold.state):
        assert "hall/hall" in fed(fold, person).main
    fold.do(PRODUCER, EndSession("e1"))
    assert looking_in(fold.state) == ()


@pytest.mark.parametrize("audience", ["public", "hall", "speakers", "staff"])
def test_the_public_knows_nothing_of_backstage(audience: str) -> None:
    fold = Fold()
    backstage(fold, PRODUCER)
    fold.do(PRODUCER, SetReturn("m1", Return("speaker", "standby", "hall")))
    told = [
        snapshot(fold.state, audience, "x"),  # type: ignore[arg-type]
        visible(fold.facts, fold.state, audience, "x"),  # type: ignore[arg-type]
    ]
    raw = msgspec.json.encode(told)
    assert (b"Pru" in raw, b"standby" in raw) == ((audience in ("speakers", "staff"),) * 2)


def test_the_plan_of_a_crowded_backstage_is_one_that_a_relay_takes() -> None:
    fold = Fold()
    fold.do(PRODUCER, StartSession("s1"))
    long = "x" * 60
    for number in range(MOST_CUES):
        backstage(fold, Person(f"{long}{number}", "Somebody", "speaker"))
    for number in range(MOST_TALKING):
        backstage(fold, Person(f"{long}m{number}", "Somebody", "moderator"))
    assert fold.refused(PRODUCER, EnterBackstage("e1")) == "too_many"
    assert fold.refused(ADAM, ArriveBackstage("a1")) == "too_many"
    assert len(msgspec.json.encode(plan(fold.state, 7))) < MAX_PLAN
