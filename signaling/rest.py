"""The REST doors: sessions and tokens.

Owns the resources under `/api`. The law: what a request may do is its token's matter (signaling/auth.py),
and a session changes only by the same commands as over the WebSocket.
"""

from __future__ import annotations

import re
import secrets
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from signaling import doors
from signaling.audit import AuditPage
from signaling.auth import EVERY_SESSION, Tokens, authorize
from signaling.errors import BadRequest, Conflict, Forbidden, LogUnavailable, RateLimited, SignalingError
from signaling.live import AUDIT_PAGE, AUDIT_START, LiveSessions, person_of
from signaling.minting import NewToken, claims_for
from signaling.openapi import Operation
from signaling.protocol import (
    CaptionLanguage,
    CaptionText,
    EndSession,
    Id,
    OfferReplay,
    OpenDoors,
    PauseSession,
    Recording,
    Refused,
    ReopenSession,
    ResumeSession,
    SendCaption,
    Session,
    StartSession,
    WithdrawReplay,
)
from signaling.session.lifecycle import Step
from signaling.written import line

MOST_ENTRIES: Final = 1000
"""Entries of the audit in a page at most."""


class NewSession(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a session is to be called. Without `id` it gets one."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    id: Id | None = None

    def __post_init__(self) -> None:
        if not line(self.title):
            raise ValueError("The title is empty")


class NewReplay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a session can be seen again: an https address, or a path on this host."""

    recording: Recording


class NewCaption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of captions; the same `line` again is the same line, grown or corrected."""

    language: CaptionLanguage
    line: Id
    text: CaptionText


class SessionList(msgspec.Struct, frozen=True):
    """All sessions, oldest first."""

    sessions: tuple[Session, ...]


class MintedToken(msgspec.Struct, frozen=True):
    """A token, and when it expires (seconds since 1970)."""

    token: str
    sub: str
    expires: int


class RestDoors:
    """The resources under `/api`, as routes."""

    def __init__(self, tokens: Tokens, live: LiveSessions) -> None:
        self._tokens = tokens
        self._live = live

    def routes(self, described: dict[str, Any]) -> list[Route]:
        """Return the routes, and one that gives out the OpenAPI document of all doors."""

        async def openapi(request: Request) -> Response:
            del request
            return doors.json_response(described)

        handlers: dict[str, doors.Handler] = {
            "listSessions": self._list,
            "createSession": self._create,
            "readSession": self._read,
            "readAudit": self._audit,
            **{name: self._step(step) for name, (_, step, _) in STEPS.items()},
            "pauseSession": self._pause,
            "offerReplay": self._replay,
            "withdrawReplay": self._step(WithdrawReplay),
            "sendCaption": self._caption,
            "mintToken": self._mint,
            "describe": openapi,
        }
        by_path: dict[str, dict[str, doors.Handler]] = {}
        for operation in OPERATIONS:
            by_path.setdefault(operation.path, {})[operation.method] = handlers[operation.name]
        return [doors.route(path, methods) for path, methods in by_path.items()]

    async def _list(self, request: Request) -> Response:
        authorize(await doors.actor(request, self._tokens), "session.list", EVERY_SESSION)
        return doors.json_response(SessionList(await self._live.list()))

    async def _create(self, request: Request) -> Response:
        actor = await doors.actor(request, self._tokens)
        # Judged before the body is read; an id in it cannot widen what the token may reach.
        authorize(actor, "session.create", EVERY_SESSION)
        wanted = await doors.json_body(request, NewSession)
        live = await self._live.create(line(wanted.title), wanted.id)
        return doors.json_response(live.state.session, 201, {"Location": f"/api/sessions/{live.id}"})

    async def _read(self, request: Request) -> Response:
        session = request.path_params["session"]
        authorize(await doors.actor(request, self._tokens), "session.read", session)
        return doors.json_response((await self._live.get(session)).state.session)

    async def _audit(self, request: Request) -> Response:
        session = request.path_params["session"]
        authorize(await doors.actor(request, self._tokens), "audit.read", session)
        await self._live.get(session)
        after, count = _page(request)
        return doors.json_response(await self._live.audit(session, after, count))

    def _step(self, step: type[Step]) -> doors.Handler:
        async def handle(request: Request) -> Response:
            return await self._command(request, step(secrets.token_hex(16)))

        return handle

    async def _pause(self, request: Request) -> Response:
        minutes = request.query_params.get("minutes")
        if minutes is not None and not re.fullmatch(r"[1-9]\d{0,2}", minutes, re.ASCII):
            raise BadRequest("bad_request", "`minutes` must be a number from 1 to 999.")
        until = None if minutes is None else int(self._live.clock() * 1000) + int(minutes) * 60_000
        return await self._command(request, PauseSession(secrets.token_hex(16), until))

    async def _replay(self, request: Request) -> Response:
        authorize(await doors.actor(request, self._tokens), "session.replay", request.path_params["session"])
        wanted = await doors.json_body(request, NewReplay)
        return await self._command(request, OfferReplay(secrets.token_hex(16), wanted.recording))

    async def _caption(self, request: Request) -> Response:
        authorize(await doors.actor(request, self._tokens), "caption.send", request.path_params["session"])
        said = await doors.json_body(request, NewCaption)
        command = SendCaption(secrets.token_hex(16), said.language, said.line, said.text)
        await self._command(request, command)
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    async def _command(self, request: Request, command: Step | OfferReplay | SendCaption) -> Response:
        session = request.path_params["session"]
        actor = await doors.actor(request, self._tokens)
        authorize(actor, str(command.__struct_config__.tag), session)
        live = await self._live.get(session)
        outcome = await live.command(actor, command)
        if isinstance(outcome, Refused):
            raise _error_of(outcome)
        if not isinstance(command, SendCaption):
            await self._live.acted(session, person_of(actor))
        return doors.json_response(live.state.session)

    async def _mint(self, request: Request) -> Response:
        actor = await doors.actor(request, self._tokens)
        wanted = await doors.json_body(request, NewToken)
        authorize(actor, f"token.mint:{wanted.role}", wanted.session)
        session = None
        if wanted.session == EVERY_SESSION:
            if wanted.role != "owner":
                raise BadRequest("bad_request", "Only an owner's token may reach every session.")
        else:
            session = await self._live.get(wanted.session)
        claims = claims_for(wanted, self._live.clock())
        if session is not None:
            gen = session.state.access.generation(claims.sub)
            claims = msgspec.structs.replace(claims, gen=gen)
        return doors.json_response(MintedToken(self._tokens.mint(claims), claims.sub, claims.exp), 201)


def _page(request: Request) -> tuple[str, int]:
    """Return after which entry a page is to begin, and how many it may have; raises BadRequest."""
    after = request.query_params.get("after", AUDIT_START)
    count = request.query_params.get("limit", str(AUDIT_PAGE))
    if after != AUDIT_START and not re.fullmatch(r"\d{1,18}-\d{1,18}", after, re.ASCII):
        raise BadRequest("bad_request", "`after` must be the id of an entry.")
    if not re.fullmatch(r"\d{1,4}", count, re.ASCII) or not 1 <= int(count) <= MOST_ENTRIES:
        raise BadRequest("bad_request", f"`limit` must be a number from 1 to {MOST_ENTRIES}.")
    return after, int(count)


def _error_of(refused: Refused) -> SignalingError:
    """Return the error that a refusal over the WebSocket is over HTTP."""
    match refused.code:
        case "forbidden":
            return Forbidden(refused.code, refused.reason)
        case "log_unavailable":
            return LogUnavailable(refused.reason)
        case "rate_limited" | "busy":
            return RateLimited(refused.code, refused.reason, retry_after=refused.retry_after)
        case _:
            return Conflict(refused.code, refused.reason)


STEPS: Final[dict[str, tuple[str, type[Step], str]]] = {
    "openDoors": ("doors", OpenDoors, "Say that a session is about to begin."),
    "startSession": ("start", StartSession, "Open a session to its audience; one that is live stays live."),
    "pauseSession": ("pause", PauseSession, "Pause a session: no picture, chat and questions stay open."),
    "resumeSession": ("resume", ResumeSession, "Go on after a pause."),
    "endSession": ("end", EndSession, "End a session."),
    "reopenSession": ("reopen", ReopenSession, "Take back an end made by mistake."),
}
"""Operation → the last part of its path, the command that it gives, and what it does."""

_READ_ERRORS: Final = (401, 403, 404, 503)
_BODY_ERRORS: Final = (400, 401, 403, 413, 415, 503)

OPERATIONS: Final = (
    Operation(
        "GET",
        "/api/sessions",
        "listSessions",
        "List all sessions (owner of all).",
        gives=SessionList,
        refuses=(401, 403),
    ),
    Operation(
        "POST",
        "/api/sessions",
        "createSession",
        "Create a session, planned and not yet live (owner of all).",
        status=201,
        takes=NewSession,
        gives=Session,
        refuses=(*_BODY_ERRORS, 409),
        headers={"Location": "The session's address."},
    ),
    Operation(
        "GET",
        "/api/sessions/{session}",
        "readSession",
        "Read one session.",
        gives=Session,
        refuses=_READ_ERRORS,
    ),
    Operation(
        "GET",
        "/api/sessions/{session}/audit",
        "readAudit",
        "Read who did what to which, and why: the acts of staff, oldest first (producer, owner).",
        gives=AuditPage,
        refuses=(400, *_READ_ERRORS),
        query={"after": "The id of the last entry had.", "limit": "Entries in a page, 100 unless said."},
    ),
    *(
        Operation(
            "POST",
            f"/api/sessions/{{session}}/{verb}",
            name,
            summary,
            gives=Session,
            refuses=(*_READ_ERRORS, 409, 429) if step is not PauseSession else (400, *_READ_ERRORS, 409, 429),
            query={"minutes": "How long the break is to last, for screens to count."}
            if step is PauseSession
            else {},
        )
        for name, (verb, step, summary) in STEPS.items()
    ),
    Operation(
        "POST",
        "/api/sessions/{session}/replay",
        "offerReplay",
        "Say where an ended session can be seen again (producer).",
        takes=NewReplay,
        gives=Session,
        refuses=(*_BODY_ERRORS, 404, 409, 429),
    ),
    Operation(
        "DELETE",
        "/api/sessions/{session}/replay",
        "withdrawReplay",
        "Offer the recording no more: the session is ended, as before (producer).",
        gives=Session,
        refuses=(*_READ_ERRORS, 409, 429),
    ),
    Operation(
        "POST",
        "/api/sessions/{session}/captions",
        "sendCaption",
        "Say what is being said, in words: told to all readers, and not kept (interpreter, producer).",
        status=204,
        takes=NewCaption,
        refuses=(*_BODY_ERRORS, 404, 409, 429),
    ),
    Operation(
        "POST",
        "/api/tokens",
        "mintToken",
        "Mint a token: an owner for anybody, a producer for anybody but owners of its own session.",
        status=201,
        takes=NewToken,
        gives=MintedToken,
        refuses=(*_BODY_ERRORS, 404),
        tag="tokens",
    ),
    Operation(
        "GET",
        "/api/openapi.json",
        "describe",
        "Read this document.",
        gives="application/json",
        secured=False,
        tag="service",
    ),
)
