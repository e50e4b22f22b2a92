"""What can go wrong for a peer that publishes or watches, in words for the person who started it."""

from __future__ import annotations

from typing import Final

# Later the same request may be served: nothing live yet (WHEP draft, 4.2), too early, too many, busy.
_WORTH_WAITING: Final = frozenset({408, 409, 425, 429})


class ClientError(Exception):
    """A peer could not do what it was asked to.

    ClientError
     ├── Unreachable     no answer over HTTP, or no media over UDP
     ├── Refused         the server's answer is an error
     ├── Replaced        a newer publisher of the same name has taken the place
     └── UnreadableFile  the media file cannot be played

    `code` is stable; the message is one sentence.
    """

    code = "client_error"
    final = True
    """Whether trying again would be pointless."""
    retry_after: float | None = None
    """How many seconds the server asked to wait before the next try."""


class Unreachable(ClientError):  # noqa: N818  the field says so
    """Nobody answers, or what came was no answer."""

    code = "unreachable"
    final = False


class Refused(ClientError):  # noqa: N818
    """The server answers with an error status; `code` is its problem document's, if it sent one."""

    def __init__(self, status: int, code: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(f"{detail} (HTTP {status})")
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.final = status < 500 and status not in _WORTH_WAITING and retry_after is None


class Replaced(ClientError):  # noqa: N818
    """Somebody publishes under this name since: newest wins, so the older one keeps away."""

    code = "replaced"


class UnreadableFile(ClientError):  # noqa: N818
    """A media file is missing, broken, or holds neither sound nor picture."""

    code = "unreadable_file"
