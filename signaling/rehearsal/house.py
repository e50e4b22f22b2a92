"""The server as its organiser and its guests meet it over REST: the programme, the ways in, the books.

The law: everybody comes by an invitation, exchanged as a page does it; the organiser's token is used for
nothing that a guest or somebody of the crew could do. What Redis is away for is asked again.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import Any, Final

import httpx

from signaling.rehearsal.guest import UnexpectedError

PATIENCE: Final = 120.0
"""Seconds to ask again while the server says that it cannot at the moment."""


@dataclass(frozen=True)
class Admission:
    """A way in that was taken."""

    token: str
    sub: str


class House:
    """One server, and the event that is rehearsed on it."""

    def __init__(self, http: httpx.AsyncClient, server: str, owner: str, event: str) -> None:
        self.http = http
        self._owner = owner
        self.server = server
        self.event = event
        self.ids: dict[str, str] = {}
        """A part's key → its session's id."""
        self.people: dict[str, str] = {}
        """A name of the programme → the id that it has there."""

    async def ask(
        self, method: str, path: str, *, token: str | None = None, **request: Any
    ) -> httpx.Response:
        """Ask as the organiser, as the bearer of `token`, or as nobody (an empty one)."""
        shown = self._owner if token is None else token
        headers = dict(request.pop("headers", {})) | ({"Authorization": f"Bearer {shown}"} if shown else {})
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            try:
                answer = await self.http.request(method, path, headers=headers, **request)
            except httpx.HTTPError as error:
                raise UnexpectedError(f"{method} {path} had no answer ({type(error).__name__}).") from None
            if answer.status_code not in (429, 503) or asyncio.get_running_loop().time() > deadline:
                return answer
            await asyncio.sleep(0.2)

    async def done(self, method: str, path: str, **request: Any) -> Any:
        """Ask for what must succeed, and return its JSON; raises UnexpectedError."""
        answer = await self.ask(method, path, **request)
        if answer.is_error:
            raise UnexpectedError(f"{method} {path} was refused: {_code(answer)}.")
        return answer.json() if answer.content else None

    async def open(self, programme: bytes) -> int:
        """Import the day's file, publish it, and make its sessions; returns how many there are."""
        path = f"/api/events/{self.event}"
        content = {"content": programme, "headers": {"Content-Type": "text/csv"}}
        said = await self.done("POST", f"{path}/import?format=csv", **content)
        if said["warnings"]:
            raise UnexpectedError(f"The importer has left something out: {said['warnings'][0]}")
        again = await self.done("POST", f"{path}/import?format=csv", **content)
        if again["changes"]:
            raise UnexpectedError("The same file a second time has changed something.")
        details = {"title": "Rehearsal of the day", "zone": "UTC", "published": True}
        await self.done("PUT", path, json=details)
        made = await self.done("POST", f"{path}/sessions", json={})
        self.ids = {one["id"].partition(".")[2]: one["id"] for one in made["sessions"]}
        read = await self.done("GET", f"{path}/programme")
        self.people = {one["name"]: one["id"] for one in read["people"]}
        return len(made["sessions"])

    async def close(self) -> None:
        """Delete the sessions and the event."""
        for session in self.ids.values():
            answer = await self.ask("GET", f"/api/sessions/{session}")
            if answer.is_success and answer.json()["status"] in ("doors", "live", "paused"):
                await self.ask("POST", f"/api/sessions/{session}/end")
            await self.ask("DELETE", f"/api/sessions/{session}")
        await self.ask("DELETE", f"/api/events/{self.event}")

    async def invite(self, role: str, *, session: str | None = None, **wanted: Any) -> str:
        """Make an invitation to one session, or to the event, and return its code."""
        reach = {"event": self.event} if session is None else {"session": session}
        made = await self.done("POST", "/api/invitations", json={"role": role, **reach, **wanted})
        return str(made["code"])

    async def admit(self, code: str, session: str, name: str = "") -> Admission:
        """Exchange a code as a browser of its own; raises UnexpectedError."""
        answer = await self.exchange(code, session, name)
        if answer.is_error:
            raise UnexpectedError(f"An invitation to {session} was refused: {_code(answer)}.")
        said = answer.json()
        return Admission(said["token"], said["sub"])

    async def exchange(self, code: str, session: str, name: str = "") -> httpx.Response:
        """Exchange a code, whatever comes of it."""
        body = {"code": code, "client": secrets.token_urlsafe(24), "session": session, "name": name}
        return await self.ask("POST", "/api/invitations/exchange", token="", json=body)

    async def export(self, session: str) -> dict[str, Any]:
        """Return a session's export."""
        said: dict[str, Any] = await self.done("GET", f"/api/sessions/{session}/export.json")
        return said

    async def audit(self, session: str) -> list[dict[str, Any]]:
        """Return a session's whole audit, page by page."""
        entries: list[dict[str, Any]] = []
        after = ""
        while True:
            page = await self.done("GET", f"/api/sessions/{session}/audit?limit=500{after}")
            entries += page["entries"]
            if page["next"] is None:
                return entries
            after = f"&after={page['next']}"


def code_of(answer: httpx.Response) -> str:
    """Return the stable code of a refusal, or that there was none."""
    return _code(answer) if answer.is_error else "let in"


def _code(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"
