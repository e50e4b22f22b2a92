"""Everything that can go wrong in the control plane, and how each door says so.

    SignalingError
    ├── ClientFault              they broke a rule; the sentence is for them
    │   ├── AuthError            401  4401   no token, a bad one, an old one
    │   ├── Forbidden            403  4403   a good token, but not for this
    │   ├── NotFound             404  4404
    │   │   └── SessionNotFound
    │   ├── Conflict             409  4409   what they assume is no longer so
    │   ├── BadRequest           400  4400   not what the protocol or the schema says
    │   ├── TooLarge             413  1009
    │   ├── RateLimited          429  4429   carries `retry_after`
    │   └── TooSlow              408  4408   said or read nothing for too long
    └── ServiceFault             we cannot serve; trying again helps
        ├── LogUnavailable       503  4503   Redis is away
        └── RelayUnavailable     503  4503   no relay answers

The law: `code` is stable and for programs, `detail` is one sentence for people, and neither carries a
name, a text, an address or a token. Any other exception is a defect of ours: it is logged, and the
outside learns `internal` only. This module must not know a web framework.
"""

from __future__ import annotations

from typing import ClassVar

from stream.plan import Problem


class SignalingError(Exception):
    """The base of all errors of this package. `retry_after` is in seconds."""

    status: ClassVar[int] = 500
    """The HTTP status that tells it (RFC 9110, section 15)."""
    close_code: ClassVar[int] = 1011
    """The WebSocket close code that tells it (RFC 6455, section 7.4; 4000 and up are ours)."""

    def __init__(self, code: str, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.retry_after = retry_after


class ClientFault(SignalingError):  # noqa: N818 - a fault is one of two kinds of error
    """They broke a rule."""

    status = 400
    close_code = 4400


class AuthError(ClientFault):
    """The token is missing, not ours, or no longer valid."""

    status = 401
    close_code = 4401


class Forbidden(ClientFault):
    """The token does not give this right."""

    status = 403
    close_code = 4403


class NotFound(ClientFault):
    """Nothing has this id, or nothing that the asker may know of."""

    status = 404
    close_code = 4404


class SessionNotFound(NotFound):
    """No session has this id."""

    def __init__(self) -> None:
        super().__init__("session_not_found", "There is no such session.")


class Conflict(ClientFault):
    """The request does not fit the present state."""

    status = 409
    close_code = 4409


class BadRequest(ClientFault):
    """The message is not what the protocol says."""


class TooLarge(ClientFault):
    """The message is longer than is read."""

    status = 413
    close_code = 1009


class RateLimited(ClientFault):
    """Too much, too soon; the same may go after `retry_after` seconds."""

    status = 429
    close_code = 4429


class TooSlow(ClientFault):
    """The peer took too long to speak, or to read."""

    status = 408
    close_code = 4408


class ServiceFault(SignalingError):  # noqa: N818 - the other kind
    """We cannot serve now; `retry_after` says when to try again."""

    status = 503
    close_code = 4503


class LogUnavailable(ServiceFault):
    """Redis cannot be reached; whether the command was done is not known, its id makes a retry safe."""

    def __init__(self, detail: str = "The session's log cannot be reached. Try again in a moment.") -> None:
        super().__init__("log_unavailable", detail, retry_after=1.0)


class RelayUnavailable(ServiceFault):
    """No relay answers."""


INTERNAL = SignalingError("internal", "Something went wrong on our side.")
"""What the outside is told of a defect."""


def public(error: BaseException) -> SignalingError:
    """Return the error as the outside may see it: itself if it is ours to tell, else `internal`."""
    return error if isinstance(error, SignalingError) else INTERNAL


def problem(error: BaseException) -> Problem:
    """Return the problem document of an error (RFC 9457); its `status` is the HTTP status."""
    told = public(error)
    return Problem(
        type=f"urn:rostrum:problem:{told.code}",
        title=type(told).__name__,
        status=told.status,
        detail=told.detail,
        code=told.code,
    )
