"""Every role × every action × own and foreign session, live and ended, through the real doors.

Generated: commands from the protocol's union, doors from the operations that describe them, roles from
the table of rights. What is expected is `authorize`, which test_auth.py holds to what is meant; here it is
seen that every door asks it. A command without a right, or a door without a line in `DOORS`, fails.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import types
import typing
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from signaling import archive_doors, invitation_doors, line_doors, programme_doors, rest, whip
from signaling.attend import Seat, seat
from signaling.auth import EVERY_SESSION, RIGHTS, ROLES, Claims, authorize
from signaling.errors import Forbidden
from signaling.invitation import new_code
from signaling.limits import BUDGETS, Budget
from signaling.openapi import Operation
from signaling.protocol import OVER, Ack, AnyCommand, Refused, Role
from stream.plan import SOURCES

from .server import OWNER, TOKENS, Server, bearer, running, token

OWN, FOREIGN = "keynote", "forum"

COMMANDS: Final[tuple[type[AnyCommand], ...]] = typing.get_args(AnyCommand)

IN_AN_ENDED_SESSION: Final = {
    "invitation.bar",
    "person.eject",
    "person.readmit",
    "session.end",
    "session.reopen",
    "session.replay",
    "session.withdraw_replay",
}
"""Commands that make sense once a session has ended; all others are refused with `session_ended`."""

OPEN: Final = {
    *("describe", "health", "readiness"),
    *("lookAtInvitation", "exchangeInvitation"),
    *("publishOptions", "publishTransportOptions", "viewOptions", "viewTransportOptions", "viewStageOptions"),
}
"""Operations that need no token: what they give is nobody's, or a code in the body is the key."""

MORE_WITH_A_TOKEN: Final = {
    *("listEvents", "readProgramme", "readTable", "readCalendar", "readPersonCalendar"),
    *("readItem", "readPerson", "listRooms"),
}
"""Operations that anybody may call; what they show is held by test_programme_doors.py."""

OF_A_TRANSPORT: Final = {"publishTrickle", "publishEnd", "viewTrickle", "viewEnd"}
"""Operations on a transport: for who has opened it, whatever their role; to others there is none."""

DOORS: Final[dict[str, tuple[str, str]]] = {
    "listSessions": ("session.list", EVERY_SESSION),
    "createSession": ("session.create", EVERY_SESSION),
    "readSession": ("session.read", OWN),
    **{name: (f"session.{verb}", OWN) for name, (verb, _, _) in rest.STEPS.items()},
    "offerReplay": ("session.replay", OWN),
    "withdrawReplay": ("session.withdraw_replay", OWN),
    "sendCaption": ("caption.send", OWN),
    "mintToken": ("token.mint:viewer", OWN),
    **dict.fromkeys(
        (*("putEvent", "importProgramme", "putItem", "withdrawItem", "putPerson", "putRoom"),),
        ("event.change", EVERY_SESSION),
    ),
    "deleteEvent": ("event.delete", EVERY_SESSION),
    "openSessions": ("event.sessions", EVERY_SESSION),
    "createInvitation": ("invitation.create:viewer", OWN),
    "listInvitations": ("invitation.list", OWN),
    "revokeInvitation": ("invitation.revoke", OWN),
    "showDoor": ("door.show", OWN),
    "readAudit": ("audit.read", OWN),
    "readLine": ("line.read", OWN),
    "exportSession": ("session.export", OWN),
    "exportTables": ("session.export", OWN),
    "deleteSession": ("session.delete", OWN),
    "erasePerson": ("person.erase", OWN),
    "publish": ("whip:camera", OWN),
    "view": ("whep:return", OWN),
    "viewStage": ("whep:stage", OWN),
}
"""Operation → the right that it asks for, and where."""

OPERATIONS: Final = (
    *rest.OPERATIONS,
    *programme_doors.OPERATIONS,
    *invitation_doors.OPERATIONS,
    *archive_doors.OPERATIONS,
    *line_doors.OPERATIONS,
    *whip.OPERATIONS,
)


@pytest.fixture(autouse=True)
def generous(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each role try everything at once."""
    for kind in BUDGETS:
        monkeypatch.setitem(BUDGETS, kind, Budget(rate=1e6, burst=1e6))


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with running(tmp_path) as server:
        for session in (OWN, FOREIGN):
            await server.create(session)
        yield server


def may(role: Role, action: str, where: str, of: str = OWN) -> bool:
    claims = Claims("x", of, role, "X", 0, 2**40, publish=SOURCES)
    try:
        authorize(claims, action, where)
    except Forbidden:
        return False
    return True


def sample(kind: Any) -> Any:
    """Return a value of a type of the protocol, as small as it may be."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        meta = next((one for one in arguments[1:] if isinstance(one, msgspec.Meta)), msgspec.Meta())
        if meta.ge is not None:
            return int(meta.ge)
        if meta.examples:
            return meta.examples[0]
        value = sample(arguments[0])
        return (value or ("x",)) if meta.min_length and isinstance(value, tuple) else value
    if origin is typing.Literal:
        return arguments[0]
    if origin in (typing.Union, types.UnionType):
        return sample(next(one for one in arguments if one is not type(None)))
    if origin is tuple:
        return (sample(arguments[0]), sample(arguments[0]))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind(**required(kind))
    return {str: "x", int: 1, float: 1.0, bool: False}[kind]


def required(kind: type[msgspec.Struct]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return {field.name: sample(hints[field.name]) for field in msgspec.structs.fields(kind) if field.required}


def command_of(kind: type[AnyCommand]) -> AnyCommand:
    command: Any = kind(**required(kind))
    whole: AnyCommand = msgspec.structs.replace(command, id=secrets.token_hex(8))
    # What the test makes must be what a client could send.
    return msgspec.convert(msgspec.to_builtins(whole), kind)


def tag_of(kind: type[AnyCommand]) -> str:
    return str(kind.__struct_config__.tag)


# -- the WebSocket ----------------------------------------------------------------------------------------


def test_every_command_has_somebody_who_may_give_it() -> None:
    decided = frozenset().union(*RIGHTS.values())
    assert {tag_of(kind) for kind in COMMANDS} <= decided, "a command without a decision in signaling/auth.py"


async def test_every_role_gives_every_command_in_a_live_and_an_ended_session(server: Server) -> None:
    base = str(server.http.base_url).rstrip("/")
    tried = 0
    foreign = (await server.http.get(f"/api/sessions/{FOREIGN}", headers=OWNER)).json()
    for ended in (False, True):
        await in_state(server, ended=ended)
        for role in ROLES:
            async with seat(base, token(role, sub=f"{role}-x")) as taken:
                tags = {tag_of(kind) for kind in COMMANDS}
                assert tags & set(taken.welcome.can) == {tag for tag in tags if may(role, tag, OWN)}
                for kind in COMMANDS:
                    await judge(taken, role, kind, ended=ended)
                    tried += 1
                    if tag_of(kind).startswith("session.") and may(role, tag_of(kind), OWN):
                        await in_state(server, ended=ended)
    print(f"{len(ROLES)} roles × {len(COMMANDS)} commands × live and ended: {tried} through the WebSocket")
    assert (await server.http.get(f"/api/sessions/{FOREIGN}", headers=OWNER)).json() == foreign


async def in_state(server: Server, *, ended: bool) -> None:
    """Bring the session (back) to where it is tried, whatever a command has made of it."""
    path = f"/api/sessions/{OWN}"
    now = (await server.http.get(path, headers=OWNER)).json()["status"]
    if ended and now == "replay":
        await server.http.delete(f"{path}/replay", headers=OWNER)
    elif ended and now != "ended":
        await server.http.post(f"{path}/end", headers=OWNER)
    if not ended and now in OVER:
        await server.http.post(f"{path}/reopen", headers=OWNER)
        now = "paused"
    if not ended and now == "paused":
        await server.http.post(f"{path}/resume", headers=OWNER)


async def judge(taken: Seat, role: Role, kind: type[AnyCommand], *, ended: bool) -> None:
    command = command_of(kind)
    async with asyncio.timeout(5):
        said = await taken.command(command)
    code = said.code if isinstance(said, Refused) else ""
    cell = (role, tag_of(kind), "ended" if ended else "live", code)
    if not may(role, tag_of(kind), OWN):
        assert code == "forbidden", cell
    elif ended and tag_of(kind) not in IN_AN_ENDED_SESSION:
        assert code == "session_ended", cell
    else:
        assert code not in ("forbidden", "session_ended", "internal"), cell
        assert isinstance(said, Ack | Refused)


async def test_what_a_foreign_session_has_is_not_there_for_anybody(server: Server) -> None:
    """A token says its session; ids of another one name nothing in it."""
    base = str(server.http.base_url).rstrip("/")
    async with seat(base, token("moderator", FOREIGN, sub="mod")) as theirs:
        for tag, text in (("chat.post", "theirs"), ("question.ask", "Why there?")):
            kind = next(kind for kind in COMMANDS if tag_of(kind) == tag)
            said = await theirs.command(msgspec.structs.replace(command_of(kind), text=text))
            assert isinstance(said, Ack)
    async with seat(base, token("owner", FOREIGN, sub="look")) as taken:
        snapshot = taken.welcome.snapshot
        assert snapshot is not None
        before = snapshot
        named = {"message": snapshot.chat[0].id, "question": snapshot.questions[0].id}
    for role in ("moderator", "producer", "owner"):
        async with seat(base, token(role, OWN, sub=f"{role}-y")) as ours:
            for kind in COMMANDS:
                fields = {f.name for f in msgspec.structs.fields(kind)} & named.keys()
                if fields and may(role, tag_of(kind), OWN):
                    command = msgspec.structs.replace(command_of(kind), **{f: named[f] for f in fields})
                    said = await ours.command(command)
                    assert isinstance(said, Refused), (role, tag_of(kind))
                    assert said.code.startswith("unknown_") or said.code in ("wrong_state", "invalid"), said
    async with seat(base, token("owner", FOREIGN, sub="look")) as taken:
        after = taken.welcome.snapshot
        assert after is not None
        assert (after.chat, after.questions) == (before.chat, before.questions)


# -- HTTP -------------------------------------------------------------------------------------------------


def test_every_door_has_a_decision() -> None:
    names = {operation.name for operation in OPERATIONS}
    decided = OPEN | MORE_WITH_A_TOKEN | OF_A_TRANSPORT | DOORS.keys()
    assert names - decided == set(), "a door without a decision in this file"
    for operation in OPERATIONS:
        expected = operation.name not in OPEN
        if operation.name in MORE_WITH_A_TOKEN:
            assert operation.secured == "optional"
        else:
            assert operation.secured is expected, operation.name


async def ask(server: Server, operation: Operation, invitation: str, headers: dict[str, str]) -> int:
    """Ask a door with a body that it could take, and return the status."""
    values = {
        "session": OWN,
        "source": "camera",
        "feed": "return",
        "transport": "t-1.x",
        "event": "conf",
        "item": "conf.x",
        "person": "p-x",
        "room": "r-x",
        "participant": "nobody",
        "invitation": invitation,
    }
    content, media_type = b"", ""
    if isinstance(operation.takes, type):
        body = msgspec.to_builtins(sample(operation.takes))
        hints = {field.name for field in msgspec.structs.fields(operation.takes)}
        body |= {"session": OWN} if "session" in hints else {}
        body |= {"role": "viewer"} if "role" in hints else {}
        content, media_type = msgspec.json.encode(body), "application/json"
    elif operation.takes is not None:
        media_type = operation.takes if isinstance(operation.takes, str) else operation.takes[0]
        content = b"v=0\r\n"
    answer = await server.http.request(
        operation.method,
        operation.path.format(**values),
        params={"session": OWN} if operation.name == "listInvitations" else {},
        content=content,
        headers=headers | ({"Content-Type": media_type} if media_type else {}),
        timeout=20,
    )
    return answer.status_code


@pytest.mark.parametrize("ended", [False, True], ids=["live", "ended"])
async def test_every_role_at_every_door_in_its_own_a_foreign_and_every_session(
    server: Server, ended: bool
) -> None:
    made = await server.http.post("/api/invitations", json={"session": OWN, "role": "viewer"}, headers=OWNER)
    invitation = made.json()["invitation"]["id"]
    await in_state(server, ended=ended)
    tried = 0
    for operation in OPERATIONS:
        if operation.name in OPEN | MORE_WITH_A_TOKEN:
            continue
        if ended and DOORS.get(operation.name, ("", ""))[1] != OWN:
            continue  # not of this session
        tried += await judge_door(server, operation, invitation)
        if operation.name in {*rest.STEPS, "offerReplay", "withdrawReplay"}:
            await in_state(server, ended=ended)
    print(f"{tried} through HTTP, session {'ended' if ended else 'live'}")


async def judge_door(server: Server, operation: Operation, invitation: str) -> int:
    """Knock at a door as everybody, at once."""
    stranger = TOKENS.mint(Claims("x", "absent", "viewer", "X", 0, 2**40))
    shown = [{}, {"Authorization": f"Bearer {new_code()}"}, {"Authorization": "Basic x"}]
    refused = await asyncio.gather(*(ask(server, operation, invitation, headers) for headers in shown))
    assert refused == [401, 401, 401], operation.name
    foreign = {"Authorization": f"Bearer {stranger}"}
    assert await ask(server, operation, invitation, foreign) in (403, 404)
    cells = list(itertools.product(ROLES, (OWN, FOREIGN, EVERY_SESSION)))
    statuses = await asyncio.gather(
        *(ask(server, operation, invitation, bearer(role, of, sub="m-x")) for role, of in cells)
    )
    for (role, of), status in zip(cells, statuses, strict=True):
        cell = (operation.name, role, of, status)
        if operation.name in OF_A_TRANSPORT:
            assert status == 404, cell
            continue
        action, where = DOORS[operation.name]
        if may(role, action, where, of):
            assert status not in (401, 403, 500), cell
        else:
            assert status == 403, cell
    return len(cells) + len(shown) + 1
