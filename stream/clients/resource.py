"""One WHIP or WHEP resource as HTTP sees it: made by POST, ended by DELETE, waited for in between.

Owns the requests of RFC 9725 (section 4.2) and draft-ietf-wish-whep (section 4.2) that clients of both
kinds have in common, and how long to wait before trying again. The law: whatever a server does, a
caller meets a `ClientError`. It must not know of media.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

import httpx

from stream.clients.errors import Refused, Unreachable

TIMEOUT: Final = httpx.Timeout(5.0)
"""An answer takes milliseconds; a server that needs seconds is as good as gone."""

DELETE_SECONDS: Final = 1.0
"""Nobody waits long for a good-bye: what is not deleted ends by consent (RFC 7675)."""

_BASE_SECONDS: Final = 0.25
_CAP_SECONDS: Final = 2.0
_MAX_WAIT_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Resource:
    """What a 201 gave: where the resource is, its ETag if any, and the SDP answer."""

    url: str
    etag: str | None
    answer: str


def new_http(token: str) -> httpx.AsyncClient:
    """Make a client that shows `token` with each request."""
    return httpx.AsyncClient(timeout=TIMEOUT, headers={"Authorization": f"Bearer {token}"})


async def post_offer(http: httpx.AsyncClient, url: str, offer: str) -> Resource:
    """POST an SDP offer; raises Refused or Unreachable."""
    try:
        response = await http.post(url, content=offer, headers={"Content-Type": "application/sdp"})
    except httpx.HTTPError as error:
        raise Unreachable(f"{url} does not answer ({type(error).__name__}).") from error
    if response.status_code != httpx.codes.CREATED:
        raise _refusal(response)
    location = response.headers.get("Location")
    if not location:
        raise Unreachable(f"{url} answered without the resource's Location.")
    return Resource(str(response.url.join(location)), response.headers.get("ETag"), response.text)


async def delete(http: httpx.AsyncClient, resource: Resource) -> int | None:
    """End a resource. Returns the HTTP status, or None where nobody answered: both are an end."""
    try:
        return (await http.delete(resource.url, timeout=DELETE_SECONDS)).status_code
    except httpx.HTTPError:
        return None


def pause(attempt: int, retry_after: float | None, chance: random.Random) -> float:
    """Return how many seconds to wait before try number `attempt` (from 0).

    Half of a growing delay is fixed and half is drawn, so that those who lost one relay together do
    not come back together. A server's Retry-After is kept, and stretched by up to a fifth.
    """
    if retry_after is not None:
        return min(retry_after, _MAX_WAIT_SECONDS) * chance.uniform(1.0, 1.2)
    return min(_CAP_SECONDS, _BASE_SECONDS * 2.0**attempt) * chance.uniform(0.5, 1.0)


def _refusal(response: httpx.Response) -> Refused:
    """Read an error answer: a problem document (RFC 9457) where there is one, else its status."""
    code, detail = f"http_{response.status_code}", response.reason_phrase or "The server refused."
    if response.headers.get("Content-Type", "").startswith("application/problem+json"):
        try:
            problem = response.json()
        except ValueError:
            problem = None
        if isinstance(problem, dict):
            code, detail = str(problem.get("code", code)), str(problem.get("detail", detail))
    return Refused(response.status_code, code, detail, _seconds(response.headers.get("Retry-After")))


def _seconds(value: str | None) -> float | None:
    """Read a Retry-After in seconds (RFC 9110, section 10.2.3); a date is passed over."""
    if value is None or not (value.isascii() and value.isdigit()):
        return None
    return float(value)
