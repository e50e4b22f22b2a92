"""What all HTTP doors share: who asks, how much is read, and how a refusal looks.

The law: every refusal is a problem document (RFC 9457) with a stable code; a body is never read beyond
its bound; and an answer that a token opened is never stored by anybody. It decides no rights.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from signaling.auth import Claims, Tokens
from signaling.errors import AuthError, BadRequest, ClientFault, TooLarge, problem, public
from stream.plan import Problem

MAX_BODY: Final = 64 * 1024
"""Bytes of an SDP offer or a JSON body that are read at most."""

Value = TypeVar("Value")
Handler = Callable[[Request], Awaitable[Response]]


class UnsupportedMedia(ClientFault):
    """The body is of a kind that this door does not read; `accepted` is the kind that it does."""

    status = 415

    def __init__(self, accepted: str) -> None:
        super().__init__("unsupported_media_type", f"The body must be {accepted}.")
        self.accepted = accepted


async def actor(request: Request, tokens: Tokens) -> Claims:
    """Return who asks, by the bearer token (RFC 6750, section 2.1); raises what Tokens.bearer does."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme and scheme.lower() != "bearer":
        raise AuthError("token_missing", "The Authorization header must carry a Bearer token.")
    return await tokens.bearer(token.strip())


async def anybody(request: Request, tokens: Tokens) -> Claims | None:
    """Return who asks, None if they do not say; raises what `actor` does if what they say is not good."""
    return await actor(request, tokens) if "authorization" in request.headers else None


async def body(request: Request, media_type: str | tuple[str, ...], limit: int = MAX_BODY) -> bytes:
    """Return a body of one of these media types; raises UnsupportedMedia, TooLarge."""
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    accepted = (media_type,) if isinstance(media_type, str) else media_type
    if said not in accepted:
        raise UnsupportedMedia(", ".join(accepted))
    too_large = TooLarge("body_too_large", f"The body is longer than {limit} bytes.")
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > limit:
        raise too_large
    parts = bytearray()
    async for chunk in request.stream():
        parts += chunk
        if len(parts) > limit:
            raise too_large
    return bytes(parts)


async def json_body(request: Request, kind: type[Value]) -> Value:
    """Return a JSON body as a value; raises BadRequest with the place of the fault."""
    raw = await body(request, "application/json")
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        raise BadRequest("bad_request", f"The body is not as described: {error}.") from error


def route(path: str, handlers: Mapping[str, Handler]) -> Route:
    """Return the route of a path by its methods; others are refused with 405 and `Allow`."""

    async def serve(request: Request) -> Response:
        # The router lets HEAD pass where GET is.
        return await handlers["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, serve, methods=list(handlers))


def json_response(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a value as JSON."""
    return Response(
        msgspec.json.encode(value),
        status,
        {"Cache-Control": "no-store"} | (headers or {}),
        media_type="application/json",
    )


def problem_response(error: BaseException) -> Response:
    """Return a refusal as `application/problem+json`, with the headers that its status asks for."""
    told = public(error)
    headers = {"Cache-Control": "no-store"}
    if told.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(told.retry_after))
    if isinstance(told, AuthError):
        # RFC 6750, section 3: no error code where no token was sent.
        known = (
            ""
            if told.code == "token_missing"
            else f', error="invalid_token", error_description="{told.detail}"'
        )
        headers["WWW-Authenticate"] = f'Bearer realm="rostrum"{known}'
    if isinstance(told, UnsupportedMedia):
        kind = "Accept-Patch" if "sdpfrag" in told.accepted else "Accept-Post"
        headers[kind] = told.accepted
    return _as_problem(problem(error), headers)


async def on_error(request: Request, error: Exception) -> Response:
    """Answer an exception that left a door; a defect of ours is not told (the server logs it)."""
    del request
    return problem_response(error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the router itself refuses: no such path, no such method (RFC 9110, section 15.5)."""
    del request
    assert isinstance(error, HTTPException)
    code, detail = _ROUTER.get(error.status_code, ("http_error", error.detail))
    document = Problem(f"urn:rostrum:problem:{code}", error.detail, error.status_code, detail, code)
    return _as_problem(document, dict(error.headers or {}))


_ROUTER: Final = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not serve that method."),
}


def _as_problem(document: Problem, headers: dict[str, str]) -> Response:
    return Response(
        msgspec.json.encode(document), document.status, headers, media_type="application/problem+json"
    )
