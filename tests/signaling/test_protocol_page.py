"""docs/protocol.md names every message, and every code the WebSocket can tell and no other."""

from __future__ import annotations

import re
import typing

from signaling import protocol
from signaling.schema import ROOT

SOURCES = (
    "session/*.py",
    "live_session.py",
    "replica.py",
    "frames.py",
    "connection.py",
    "auth.py",
    "admission.py",
    "errors.py",
)
RAISED = re.compile(
    r"(?:AuthError|Forbidden|BadRequest|TooLarge|RateLimited|TooSlow|Refusal|Refused|SignalingError|__init__)"
    r'\([^"()]*"([a-z]+(?:_[a-z]+)*)"'
)
PAGE = (ROOT / "docs/protocol.md").read_text()


def raised() -> set[str]:
    return {
        code
        for pattern in SOURCES
        for path in (ROOT / "signaling").glob(pattern)
        for code in RAISED.findall(path.read_text())
    }


def test_every_code_is_explained() -> None:
    assert len(raised()) > 20
    assert {code for code in raised() if f"`{code}`" not in PAGE} == set()


def test_every_message_is_on_the_page() -> None:
    unions = (protocol.AnyCommand, protocol.AnyEvent, protocol.AnyServerMessage)
    tags = {message.__struct_config__.tag for union in unions for message in typing.get_args(union)}
    assert {tag for tag in tags if f"`{tag}`" not in PAGE} == set()


def test_no_code_is_explained_that_does_not_exist() -> None:
    rows = [line for line in PAGE.splitlines() if re.match(r"\| (?:\d{4} \| )?`", line)]
    tags = {
        t.__struct_config__.tag for u in (protocol.AnyEvent, protocol.AnyCommand) for t in typing.get_args(u)
    }
    explained = {
        code for row in rows for code in re.findall(r"`([a-z]+(?:_[a-z]+)+)`", row.rsplit("|", 2)[0])
    }
    states = {"on_screen", "log_unavailable", "retry_after", "fewer_turns"}
    assert explained - raised() - tags - states == set()
