"""Invitations as values: what a link gives, and what it never gives."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.auth import RIGHTS, ROLES
from signaling.errors import Conflict, Forbidden, SignalingError
from signaling.invitation import (
    Invitation,
    NewInvitation,
    claims,
    hashed,
    id_of,
    made,
    new_code,
    offer,
    opens,
    participant,
    refusal,
)
from signaling.protocol import Billed, Billing, Role, Session, Visibility
from signaling.written import line

CODE, CLIENT = new_code(), new_code()
NOW = 1_800_000_000_000


def session(name: str = "keynote", event: str = "conf", visibility: Visibility = "public") -> Session:
    ada = Billed("p-1", "Ada Lindqvist", "Engines", "Professor")
    billing = Billing(event, NOW, NOW + 1, "UTC", speakers=(ada,), visibility=visibility)
    return Session(name, "A talk", "planned", 0, programme=billing)


def invited(**wanted: object) -> Invitation:
    body = {"role": "viewer", "session": "keynote"} | wanted
    return made(msgspec.convert(body, NewInvitation), CODE, by="pro", now=NOW)


def test_a_code_has_160_bits_and_is_not_in_what_is_kept() -> None:
    codes = {new_code() for _ in range(100)}
    assert len(codes) == 100 and {len(code) for code in codes} == {27}
    kept = msgspec.json.encode(invited()).decode()
    assert CODE not in kept and id_of(CODE) in kept and hashed(CODE)[:16] in id_of(CODE)


def test_the_same_browser_is_the_same_person_and_another_is_not() -> None:
    wide = invited(seats=5)
    assert participant(wide, CLIENT) == participant(wide, CLIENT)
    assert participant(wide, CLIENT) != participant(wide, new_code())
    other = msgspec.structs.replace(wide, id=id_of(new_code()))
    assert participant(wide, CLIENT) != participant(other, CLIENT)
    assert CLIENT not in participant(wide, CLIENT)


@given(
    role=st.sampled_from([role for role in ROLES if role != "owner"]),
    said=st.text(max_size=100),
    gen=st.integers(0, 9),
)
def test_a_token_says_what_the_invitation_says_and_of_the_guest_only_a_name(
    role: Role, said: str, gen: int
) -> None:
    invitation = invited(role=role, affiliation="Yale", title="Dr", place="hall")
    token = claims(invitation, session(), CLIENT, name=said, gen=gen, now=NOW / 1000)
    assert (token.role, token.session, token.place, token.gen) == (role, "keynote", "hall", gen)
    assert (token.affiliation, token.title, token.invitation) == ("Yale", "Dr", invitation.id)
    assert token.exp - token.iat == 600
    assert token.name == (line(said) or "Yale")
    assert {f"whip:{source}" for source in token.publish} <= RIGHTS[role]
    fixed = claims(invited(role=role, name="Grace"), session(), CLIENT, name=said, gen=gen, now=NOW / 1000)
    assert fixed.name == "Grace"


def test_who_is_billed_is_called_what_the_programme_calls_them() -> None:
    ada = invited(role="speaker", billed="p-1")
    token = claims(ada, session(), CLIENT, name="Somebody else", gen=0, now=NOW / 1000)
    assert (token.name, token.affiliation, token.title) == ("Ada Lindqvist", "Engines", "Professor")
    assert (token.billed, token.sub) == ("p-1", "p-1")
    assert offer(ada, (session(),), {}, seated=False).name == "Ada Lindqvist"


def test_who_is_billed_no_more_is_never_called_by_an_id() -> None:
    ada = Billed("p-1", "Ada Lindqvist", "Engines", "Professor")
    wanted = msgspec.convert({"role": "speaker", "event": "conf", "billed": "p-1"}, NewInvitation)
    kept = made(wanted, CODE, by="pro", now=NOW, billed=ada)
    elsewhere = Session("forum", "A talk", "planned", 0, programme=Billing("conf", NOW, NOW + 1, "UTC"))
    token = claims(kept, elsewhere, CLIENT, name="", gen=0, now=NOW / 1000)
    assert (token.name, token.affiliation, token.title) == ("Ada Lindqvist", "Engines", "Professor")
    assert offer(kept, (elsewhere,), {}, seated=False).name == "Ada Lindqvist"
    now = Billed("p-1", "Ada Lovelace", "Wheels")
    token = claims(kept, elsewhere, CLIENT, name="", gen=0, now=NOW / 1000, billed=now)
    assert (token.name, token.affiliation, token.title) == ("Ada Lovelace", "Wheels", "")
    old = made(wanted, CODE, by="pro", now=NOW)
    assert claims(old, elsewhere, CLIENT, name="", gen=0, now=NOW / 1000).name == "Guest"


def test_a_name_that_must_be_said_must_be_said() -> None:
    asked = invited(naming="required")
    with pytest.raises(Conflict, match="name"):
        claims(asked, session(), CLIENT, name=" \t", gen=0, now=NOW / 1000)
    assert claims(asked, session(), CLIENT, name=" Ada ", gen=0, now=NOW / 1000).name == "Ada"
    assert claims(invited(), session(), CLIENT, name="", gen=0, now=NOW / 1000).name == "Guest"


def test_an_invitation_opens_its_session_and_no_other() -> None:
    assert opens(invited(), session())
    assert opens(invited(), session(visibility="invitation"))
    assert not opens(invited(), session("forum"))
    with pytest.raises(Forbidden):
        claims(invited(), session("forum"), CLIENT, name="", gen=0, now=NOW / 1000)


@pytest.mark.parametrize("role", [role for role in ROLES if role != "owner"])
def test_an_events_invitation_opens_what_is_by_invitation_only_to_who_works_there(role: Role) -> None:
    everywhere = invited(role=role, session=None, event="conf")
    assert opens(everywhere, session())
    assert not opens(everywhere, session(event="other"))
    assert not opens(everywhere, Session("loose", "A talk", "live", 0))
    closed = session("symposium", visibility="invitation")
    assert opens(everywhere, closed) is (role not in ("viewer", "speaker"))
    shown = [one.id for one in offer(everywhere, (session(), closed), {}, seated=False).sessions]
    assert ("symposium" in shown) is (role not in ("viewer", "speaker"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"session": None},
        {"event": "conf"},
        {"name": "Ada", "naming": "optional"},
        {"naming": "fixed"},
        {"naming": "fixed", "name": " \u200b"},
        {"publish": ["camera"]},
        {"role": "speaker", "publish": ["hall"]},
        {"expires": NOW},
    ],
)
def test_an_invitation_that_contradicts_itself_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Conflict) as caught:
        invited(**wrong)
    assert caught.value.code == "bad_invitation"


@pytest.mark.parametrize("wrong", [{"role": "owner"}, {"seats": 0}, {"seats": 100_001}, {"admin": True}])
def test_what_is_no_invitation_cannot_be_read(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        invited(**wrong)


def test_every_refusal_has_its_own_code() -> None:
    errors: list[SignalingError] = [
        refusal("absent"),
        refusal("revoked"),
        refusal("expired"),
        refusal("used_up"),
    ]
    assert len({error.code for error in errors}) == 4
