"""Access as values: generations that only rise, ranks, and what a token is worth after."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.admission import admit, entities
from signaling.auth import ROLES, Claims
from signaling.errors import AuthError, Forbidden, SignalingError
from signaling.protocol import (
    AnyCommand,
    ArriveBackstage,
    BarInvitation,
    Billed,
    Billing,
    BindSpeaker,
    BringOn,
    CheckSpeaker,
    ClearSpeaker,
    DescribeSession,
    EjectPerson,
    EndSession,
    EnterBackstage,
    HandOver,
    InviteSpeaker,
    Mute,
    Person,
    PersonEjected,
    ReadmitPerson,
    ReopenSession,
    Role,
    SendBackstage,
    SetClock,
    StandBy,
    StartClock,
    Visibility,
)
from signaling.session.access import RANKS
from signaling.session.audience import snapshot, visible
from signaling.session.cues import next_speaker
from signaling.session.decide import decide
from signaling.session.decision import Decision, person_entity
from signaling.session.fold import apply, rewrite
from signaling.session.state import State, empty

from .session_events import ADA, BOB, MODERATOR, PRODUCER, SPEAKER, Fold

NOW = 1000.0


def claims(role: Role = "viewer", **more: object) -> Claims:
    said = {"sub": "ada", "session": "s1", "name": "Ada", "iat": 0, "exp": 2000, "role": role} | more
    return msgspec.convert(said, Claims)


def why_not(state: State, shown: Claims) -> str:
    try:
        admit(state, shown, NOW)
    except SignalingError as error:
        return error.code
    return ""


def test_who_is_ejected_is_out_until_readmitted_and_old_tokens_never_come_back() -> None:
    fold = Fold()
    old = claims()
    assert why_not(fold.state, old) == ""
    fold.do(MODERATOR, EjectPerson("c1", "ada", reason=" flooding "))
    assert fold.facts[-1].event.reason == "flooding"  # type: ignore[union-attr]
    assert why_not(fold.state, old) == "ejected"
    assert why_not(fold.state, claims(gen=1)) == "ejected"
    assert fold.do(MODERATOR, EjectPerson("c2", "ada")) == (), "out is out"
    fold.do(MODERATOR, ReadmitPerson("c3", "ada"))
    assert why_not(fold.state, old) == "token_revoked"
    assert why_not(fold.state, claims(gen=1)) == ""
    assert why_not(fold.state, claims(sub="bob")) == ""
    assert fold.do(MODERATOR, ReadmitPerson("c4", "ada")) == ()


def test_without_a_bar_only_the_tokens_end() -> None:
    fold = Fold()
    fold.do(MODERATOR, EjectPerson("c1", "ada", bar=False))
    assert why_not(fold.state, claims()) == "token_revoked"
    assert why_not(fold.state, claims(gen=1)) == ""
    fold.do(MODERATOR, EjectPerson("c2", "ada", bar=False))
    assert why_not(fold.state, claims(gen=1)) == "token_revoked"


@pytest.mark.parametrize("actor", ["moderator", "chair", "producer", "owner"])
@pytest.mark.parametrize("target", ROLES)
def test_nobody_ejects_who_stands_above_or_beside_them(actor: Role, target: Role) -> None:
    fold = Fold()
    by, who = Person("x", "X", actor), Person("y", "Y", target)
    if RANKS.get(target, 0) < RANKS[actor]:
        assert fold.do(by, EjectPerson("c1", "y"), known=who)
    else:
        assert fold.refused(by, EjectPerson("c1", "y"), known=who) == "outranked"
    assert fold.refused(by, EjectPerson("c2", "x")) == "outranked"


@pytest.mark.parametrize("bar", [True, False])
def test_who_is_put_out_is_neither_on_stage_nor_backstage_nor_does_their_time_run(bar: bool) -> None:
    fold = Fold()
    fold.do(SPEAKER, EnterBackstage("e1"))
    fold.do(PRODUCER, BringOn("b1", SPEAKER.id), known=SPEAKER)
    fold.do(PRODUCER, Mute("m1", SPEAKER.id))
    fold.do(PRODUCER, SetClock("c1", SPEAKER.id, 1000))
    fold.do(PRODUCER, StartClock("c2", SPEAKER.id))
    fold.do(MODERATOR, EjectPerson("x1", SPEAKER.id, bar=bar))
    state = fold.state
    assert (state.stage, state.air.muted, dict(state.crew)) == ((), (), {})
    assert (state.cues[SPEAKER.id].state, state.clocks[SPEAKER.id].started) == ("cleared", None)
    assert isinstance(fold.facts[-1].event, PersonEjected), "what the command was for is its last event"


def test_of_those_who_wait_backstage_only_who_is_barred_is_not_next() -> None:
    fold = Fold()
    fold.do(SPEAKER, ArriveBackstage("a1"))
    fold.do(MODERATOR, EjectPerson("x1", SPEAKER.id, bar=False))
    assert next_speaker(fold.state) == fold.state.cues[SPEAKER.id]
    fold.do(MODERATOR, EjectPerson("x2", SPEAKER.id))
    assert next_speaker(fold.state) is None


def test_nobody_who_is_barred_is_led_to_the_stage_until_they_are_let_in_again() -> None:
    fold = Fold()
    fold.do(SPEAKER, ArriveBackstage("a1"))
    fold.do(PRODUCER, BringOn("b1", BOB.id), known=BOB)
    fold.do(
        PRODUCER, DescribeSession("p1", "A talk", Billing("c", 0, 1, "UTC", speakers=(Billed("p1", "G"),)))
    )
    fold.do(MODERATOR, EjectPerson("x1", SPEAKER.id))
    who = SPEAKER.id
    ways: tuple[AnyCommand, ...] = (
        *(BringOn("w1", who), HandOver("w2", to=who), InviteSpeaker("w3", who), BindSpeaker("w4", "p1", who)),
        *(SendBackstage("w5", who),),
    )
    for way in ways:
        assert fold.refused(PRODUCER, way, known=SPEAKER) == "person_ejected"
    fold.do(MODERATOR, ReadmitPerson("r1", who))
    for way in (InviteSpeaker("i1", who), CheckSpeaker("i2", who), HandOver("i3", to=who)):
        decided = decide(fold.state, PRODUCER, way, now=1, known=SPEAKER)
        assert isinstance(decided, Decision) and person_entity(who) in decided.leans_on
        fold.put(decided.events)
    assert fold.state.stage == (SPEAKER,)


def test_who_is_put_out_after_the_end_is_not_next_when_the_end_is_taken_back() -> None:
    fold = Fold()
    fold.do(SPEAKER, ArriveBackstage("a1"))
    fold.do(PRODUCER, EndSession("e1"))
    fold.do(MODERATOR, EjectPerson("x1", SPEAKER.id))
    fold.do(PRODUCER, ReopenSession("r1"))
    assert next_speaker(fold.state) is None
    for way in (StandBy("w1", SPEAKER.id), HandOver("w2", to=SPEAKER.id), BringOn("w3", SPEAKER.id)):
        assert fold.refused(PRODUCER, way) == "person_ejected"
    fold.do(PRODUCER, ClearSpeaker("c1", SPEAKER.id))


def test_access_changes_in_an_ended_session_too() -> None:
    fold = Fold()
    fold.do(PRODUCER, BringOn("b1", SPEAKER.id), known=SPEAKER)
    fold.do(PRODUCER, EndSession("c1"))
    assert fold.do(MODERATOR, EjectPerson("c2", "ada"))
    assert len(fold.do(MODERATOR, EjectPerson("c4", SPEAKER.id))) == 1, "nothing else changes any more"
    assert fold.do(PRODUCER, BarInvitation("c3", "i-1"))
    assert why_not(fold.state, claims()) == "ejected"


def test_who_came_by_a_barred_invitation_is_out() -> None:
    fold = Fold()
    fold.do(PRODUCER, BarInvitation("c1", "i-1"))
    assert fold.do(PRODUCER, BarInvitation("c2", "i-1")) == ()
    assert why_not(fold.state, claims(invitation="i-1")) == "invitation_revoked"
    assert why_not(fold.state, claims(invitation="i-2")) == ""


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("visibility", ["public", "invitation"])
def test_an_events_link_is_no_invitation_to_what_is_by_invitation(role: Role, visibility: Visibility) -> None:
    fold = Fold()
    billing = Billing("conf", 0, 1, "UTC", visibility=visibility)
    fold.do(PRODUCER, DescribeSession("c1", "A talk", billing))
    shut = visibility == "invitation" and role in ("viewer", "speaker")
    assert why_not(fold.state, claims(role, event="conf", invitation="i-1")) == (
        "invitation_needed" if shut else ""
    )
    assert why_not(fold.state, claims(role, invitation="i-1")) == ""


def test_time_is_asked_at_every_step() -> None:
    with pytest.raises(AuthError, match="expired"):
        admit(empty("s1"), claims(exp=1000), NOW)
    admit(empty("s1"), claims("owner", session="*"), NOW)
    with pytest.raises(Forbidden):
        admit(
            apply(empty("s1"), PersonEjected(seq=1, at=0, by="x", person="ada", generation=1, barred=True)),
            claims(),
            NOW,
        )


def test_a_decision_leans_on_who_took_it_being_welcome() -> None:
    assert entities(claims()) == ("person:ada",)
    assert entities(claims(invitation="i-1")) == ("person:ada", "invitation:i-1")


def test_only_staff_hears_of_it() -> None:
    fold = Fold()
    fold.do(MODERATOR, EjectPerson("c1", "ada"))
    fold.do(MODERATOR, ReadmitPerson("c2", "ada"))
    fold.do(PRODUCER, BarInvitation("c3", "i-1"))
    for audience, person, count in (("public", ADA, 0), ("speakers", SPEAKER, 0), ("staff", MODERATOR, 3)):
        seen = visible(fold.facts[1:], fold.state, audience, person.id)  # type: ignore[arg-type]
        assert len(seen) == count
    assert visible(fold.facts[1:], fold.state, "public", BOB.id) == ()


def test_staff_sees_who_is_out_by_name_and_nobody_else_does() -> None:
    fold = Fold()
    fold.do(MODERATOR, EjectPerson("c1", "ada"), known=ADA)
    fold.do(MODERATOR, EjectPerson("c2", "nobody-knows"))
    fold.do(MODERATOR, EjectPerson("c3", "bob", bar=False), known=BOB)
    again = empty("s1")
    for seq, event in enumerate(rewrite(fold.state, 0), start=1):
        again = apply(again, msgspec.structs.replace(event, seq=seq))
    for state in (fold.state, again):
        told = snapshot(state, "staff", MODERATOR.id).barred
        assert told == (ADA, Person("nobody-knows", "nobody-knows", "viewer"))
        assert snapshot(state, "speakers", SPEAKER.id).barred == ()
        assert snapshot(state, "public", BOB.id).barred == ()


STEPS = st.sampled_from(
    [
        *(EjectPerson("c", who, bar=bar) for who in ("ada", "bob") for bar in (True, False)),
        *(ReadmitPerson("c", who) for who in ("ada", "bob")),
        *(BarInvitation("c", one) for one in ("i-1", "i-2")),
    ]
)


@given(st.lists(STEPS, max_size=30))
def test_generations_only_rise_and_a_log_written_anew_says_the_same(steps: list[EjectPerson]) -> None:
    fold = Fold()
    for command in steps:
        before = fold.state.access
        fold.do(PRODUCER, command)
        after = fold.state.access
        assert all(after.generation(who) >= before.generation(who) for who in ("ada", "bob"))
        assert after.invitations >= before.invitations
    again = empty("s1")
    for seq, event in enumerate(rewrite(fold.state, 0), start=1):
        again = apply(again, msgspec.structs.replace(event, seq=seq))
    assert again.access == fold.state.access
