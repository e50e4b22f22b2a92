"""Tokens and rights: the whole matrix of role × action × own or foreign session, and hostile tokens."""

from __future__ import annotations

import base64
import json

import jwt
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.auth import (
    ACTIONS,
    BY_CALL,
    COMMANDS,
    EVERY_SESSION,
    PARTICULAR,
    RIGHTS,
    ROLES,
    Claims,
    Tokens,
    allowed,
    authorize,
    renewed,
)
from signaling.errors import AuthError, Forbidden
from signaling.protocol import Role
from stream.plan import SOURCES

SECRET = "0123456789abcdef0123456789abcdef"
NOW = 1_800_000_000.0
TOKENS = Tokens(SECRET)

# The rights written down a second time, by hand and from the roles' side, as what is meant.
EVERYBODY = {"session.join", "session.read", "programme.read", "whep:stage"}
FLOOR = {"floor.raise", "floor.lower", "whip:floor", "whep:floor"}
AUDIENCE = (
    EVERYBODY
    | FLOOR
    | {"declaration.sign", "poll.vote", "reaction.send"}
    | {"chat.post", "chat.withdraw", "question.ask", "question.vote", "question.withdraw"}
)
HALLS_FLOOR = {"floor.add", "floor.remove"}
GIVING_FLOOR = HALLS_FLOOR | {
    f"floor.{step}" for step in ("open", "close", "ratio", "call", "speak", "done", "skip", "first")
}
MODERATION = GIVING_FLOOR | {
    "chat.post:backstage",
    "chat.post:hall",
    "chat.post:moderators",
    "chat.delete",
    *(f"chat.{act}" for act in ("approve", "mute", "unmute", "pin", "unpin", "rules", "words")),
    "person.eject",
    "person.readmit",
    "presence.people",
    "question.approve",
    "question.show",
    "question.hide",
    "question.answered",
    "question.dismiss",
    "question.shortlist",
    "question.answering",
    "question.merge",
    "question.edit",
    "question.note",
    "questions.moderation",
    "announcement.pin",
    "announcement.unpin",
    *(f"declaration.{step}" for step in ("present", "open", "strike", "close", "show", "hide")),
    *(f"poll.{step}" for step in ("create", "edit", "open", "close", "results", "show", "hide", "delete")),
}
BACKSTAGE = {"chat.post:backstage"}
TALKBACK = {"whip:camera", "whep:return", "whep:solo"}
ON_STAGE = TALKBACK | {"whip:slides", "cue.arrive", "cue.acknowledge", "preflight.start"}
CREW = TALKBACK | {"backstage.enter", "backstage.leave"}
CLOCK = {f"clock.{step}" for step in ("set", "start", "pause", "add", "bell")}
CUES = {f"cue.{step}" for step in ("invite", "bind", "check", "backstage", "standby", "clear", "order")}
CUTS = {
    f"stage.{cut}"
    for cut in (
        "bring_on",
        "take_off",
        "hand_over",
        "mute",
        "unmute",
        "show_slides",
        "hide_slides",
        "slate",
        "lift_slate",
    )
}
STAGE = CUES | CUTS | CLOCK | {"line.read"}
BREAKS = {"session.doors", "session.pause", "session.resume"}
RUNNING = {
    "backstage.set_return",
    "audit.read",
    "caption.send",
    "session.start",
    "session.end",
    "session.reopen",
    "session.replay",
    "session.withdraw_replay",
    "door.show",
    "session.describe",
    "session.export",
    "whip:hall",
}
HANDING_OUT = {f"token.mint:{role}" for role in ROLES} - {"token.mint:owner"}
INVITING = {"invitation.bar", "invitation.list", "invitation.revoke"} | {
    f"invitation.create:{role}" for role in ROLES if role != "owner"
}
MEANT: dict[Role, set[str]] = {
    "viewer": AUDIENCE,
    "hall": EVERYBODY | HALLS_FLOOR | {"chat.post:hall", "whip:hall", "door.show"},
    "speaker": AUDIENCE | BACKSTAGE | ON_STAGE,
    "interpreter": AUDIENCE | BACKSTAGE | CREW | {"caption.send"},
    "moderator": AUDIENCE | MODERATION | CREW,
    "chair": AUDIENCE | MODERATION | CREW | ON_STAGE | STAGE | BREAKS,
    "producer": AUDIENCE | MODERATION | CREW | ON_STAGE | STAGE | BREAKS | RUNNING | HANDING_OUT | INVITING,
    "owner": set(ACTIONS),
}


def claims(role: Role = "viewer", session: str = "keynote", publish: tuple[str, ...] = SOURCES) -> Claims:
    return Claims(
        sub="p-1", session=session, role=role, name="Ada", publish=publish, iat=int(NOW), exp=int(NOW) + 600
    )


def may(actor: Claims, action: str, session: str) -> bool:
    try:
        authorize(actor, action, session)
    except Forbidden as error:
        assert error.code == "forbidden"
        return False
    return True


# -- rights -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", [*ACTIONS, "session.delete", "whip:screen", "whep:backstage", ""])
def test_every_role_and_action_in_own_and_foreign_sessions(role: Role, action: str) -> None:
    meant = action in MEANT[role]
    assert may(claims(role), action, "keynote") is meant
    assert not may(claims(role), action, "another")
    assert not may(claims(role), action, EVERY_SESSION)
    everywhere = claims(role, session=EVERY_SESSION)
    assert may(everywhere, action, "keynote") is (meant and role == "owner")
    assert may(everywhere, action, EVERY_SESSION) is (meant and role == "owner")


def test_every_command_of_the_protocol_is_somebodys_right() -> None:
    assert frozenset().union(*RIGHTS.values()) >= COMMANDS


@pytest.mark.parametrize("source", sorted(set(SOURCES) - BY_CALL))
def test_publishing_needs_the_source_in_the_token_too(source: str) -> None:
    assert may(claims("producer", publish=(source,)), f"whip:{source}", "keynote")
    others = tuple(other for other in SOURCES if other != source)
    assert not may(claims("producer", publish=others), f"whip:{source}", "keynote")
    assert not may(claims("viewer", publish=(source,)), f"whip:{source}", "keynote")


def test_the_floor_needs_no_word_in_the_token_and_is_promised_to_nobody() -> None:
    assert may(claims("viewer", publish=()), "whip:floor", "keynote")
    assert not may(claims("hall"), "whip:floor", "keynote")
    assert "whip:floor" not in allowed(claims("viewer"))


@pytest.mark.parametrize("role", ROLES)
def test_allowed_is_what_authorize_lets_through(role: Role) -> None:
    actor = claims(role, publish=("camera",))
    offered = [*COMMANDS, *PARTICULAR, *(f"whip:{source}" for source in set(SOURCES) - BY_CALL)]
    assert allowed(actor) == tuple(sorted(a for a in offered if may(actor, a, "keynote")))


def test_a_speaker_is_told_the_sources_of_its_token() -> None:
    assert {a for a in allowed(claims("speaker")) if a.startswith("whip:")} == {"whip:camera", "whip:slides"}
    assert "whip:slides" not in allowed(claims("speaker", publish=("camera",)))


# -- tokens -------------------------------------------------------------------------------------------


def refused(token: str, now: float = NOW) -> str:
    with pytest.raises(AuthError) as caught:
        TOKENS.verify(token, now)
    return caught.value.code


def test_a_token_says_what_was_minted() -> None:
    full = msgspec.structs.replace(
        claims("speaker"), affiliation="Analytical Engines", title="Professor", place="hall", gen=3
    )
    assert TOKENS.verify(TOKENS.mint(full), NOW) == full


def test_a_token_lives_until_its_expiry() -> None:
    token = TOKENS.mint(claims())
    assert TOKENS.verify(token, NOW + 599.9)
    assert refused(token, NOW + 600) == "token_expired"


def test_a_clock_that_is_behind_does_not_matter() -> None:
    assert TOKENS.verify(TOKENS.mint(claims()), NOW - 300)


def test_missing_and_too_long_tokens() -> None:
    assert refused("") == "token_missing"
    assert refused("x" * 4097) == "token_too_long"
    with pytest.raises(AuthError) as caught:
        TOKENS.mint(msgspec.structs.replace(claims(), publish=("x" * 4000,)))
    assert caught.value.code == "token_too_long"


def test_foreign_and_unsigned_tokens_are_invalid() -> None:
    payload = msgspec.to_builtins(claims("owner"))
    foreign = jwt.encode(payload, "f" * 32, algorithm="HS256")
    other_hash = jwt.encode(payload, SECRET * 2, algorithm="HS512")
    unsigned = jwt.encode(payload, "", algorithm="none")
    header, body, signature = TOKENS.mint(claims("viewer")).split(".")
    raised = json.loads(base64.urlsafe_b64decode(body + "=="))
    raised["role"] = "owner"
    forged = base64.urlsafe_b64encode(json.dumps(raised).encode()).decode().rstrip("=")
    for token in (foreign, other_hash, unsigned, f"{header}.{forged}.{signature}", f"{header}.{body}."):
        assert refused(token) == "token_invalid"


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "admin"},
        {"sub": ""},
        {"sub": "a b"},
        {"sub": "a\n"},
        {"session": "*\n"},
        {"session": "**"},
        {"session": ""},
        {"exp": "soon"},
        {"exp": None},
        {"name": ""},
        {"place": "moon"},
        {"publish": "camera"},
    ],
)
def test_well_signed_nonsense_is_invalid(wrong: dict[str, object]) -> None:
    payload = msgspec.to_builtins(claims()) | wrong
    assert refused(jwt.encode(payload, SECRET, algorithm="HS256")) == "token_invalid"


@pytest.mark.parametrize("claim", ["sub", "session", "role", "name", "exp"])
def test_no_claim_may_be_missing(claim: str) -> None:
    payload = msgspec.to_builtins(claims())
    del payload[claim]
    assert refused(jwt.encode(payload, SECRET, algorithm="HS256")) == "token_invalid"


@given(st.text(max_size=5000))
def test_any_text_is_refused_and_nothing_else_is_raised(text: str) -> None:
    refused(text)


@given(st.dictionaries(st.text(max_size=8), st.integers() | st.text() | st.none(), max_size=8))
def test_any_signed_payload_is_refused_and_nothing_else_is_raised(payload: dict[str, object]) -> None:
    try:
        token = jwt.encode(payload, SECRET, algorithm="HS256")
    except TypeError:  # PyJWT itself refuses to write such claims
        return
    refused(token)


def test_renewing_keeps_the_rights_and_never_shortens() -> None:
    old = claims("speaker")
    fresh = renewed(old, NOW + 500)
    assert fresh == msgspec.structs.replace(old, iat=int(NOW) + 500, exp=int(NOW) + 1100)
    long_lived = msgspec.structs.replace(old, exp=int(NOW) + 43_200)
    assert renewed(long_lived, NOW + 500).exp == long_lived.exp
