"""The day from the import of its programme to the last book, on a server that runs.

The law: what goes wrong in one session is a line of the account, and the day goes on; what the rehearsal
has made on the server is deleted afterwards, unless it is to be looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import httpx

from signaling.rehearsal.account import Account, Check
from signaling.rehearsal.acts import ACTS, Act, Fault, Report
from signaling.rehearsal.books import balance, peak
from signaling.rehearsal.day import PARTS, Part, table
from signaling.rehearsal.guest import UnexpectedError
from signaling.rehearsal.house import House, code_of
from signaling.rehearsal.sitting import Pace, Sitting
from stream.clients.errors import ClientError

BESIDE: Final = {"report": "symposium"}
"""What is held at the same time as what, in another room."""

KEPT_ALIVE: Final = 1.0
"""Seconds that a connection is used again: servers close theirs after some, at the moment one asks."""

SEATS: Final = 10_000


@dataclass(frozen=True)
class Plan:
    """How the day is rehearsed. `redis` kills Redis, where that may be; `keep` leaves all on the server."""

    pace: Pace = field(default_factory=Pace)
    preflight: int = 10
    redis: Fault | None = None
    keep: bool = False
    tell: Callable[[Check], None] = field(default=lambda check: None)


async def rehearse(server: str, owner: str, plan: Plan) -> Account:
    """Hold the day at a server with an owner's token for all sessions; returns what was seen.

    Raises UnexpectedError where it cannot even begin.
    """
    account = Account(plan.tell)
    limits = httpx.Limits(max_connections=16, keepalive_expiry=KEPT_ALIVE)
    async with httpx.AsyncClient(base_url=server, trust_env=False, timeout=20, limits=limits) as http:
        house = House(http, server, owner, f"rehearsal-{secrets.token_hex(4)}")
        try:
            await _hold(house, account, plan)
        finally:
            if not plan.keep:
                with contextlib.suppress(UnexpectedError):
                    await house.close()
    return account


async def _hold(house: House, account: Account, plan: Plan) -> None:
    made = await house.open(table(datetime.now(UTC)))
    account.equal("programme", "sessions from the imported file", len(PARTS), made)
    codes = {
        "producer": await house.invite("producer", seats=SEATS, name="Producer", place="hall"),
        "moderator": await house.invite("moderator", seats=SEATS, name="Moderator", place="hall"),
        "hall": await house.invite("hall", seats=SEATS, name="The hall"),
        "online": await house.invite("viewer", seats=SEATS, naming="required"),
        # The code at the door: a phone is in the hall, without an account.
        "phone": await house.invite("viewer", seats=SEATS, naming="optional", place="hall"),
    }
    acts: dict[str, Act] = {**ACTS, "report": Report(plan.redis, plan.preflight)}

    async def held(part: Part) -> None:
        sitting = Sitting(house, account, part, plan.pace)
        try:
            async with sitting.held(codes):
                if part.invited:
                    await _keep_out(sitting, codes)
                await acts[part.key](sitting)
                await peak(sitting)
            await balance(sitting)
        except (UnexpectedError, ClientError) as error:
            account.failed(part.key, "the session is held to its end", str(error))

    parts = {part.key: part for part in PARTS}
    for key in (key for key in parts if key not in BESIDE.values()):
        await asyncio.gather(*(held(parts[one]) for one in (key, BESIDE.get(key)) if one))


async def _keep_out(s: Sitting, codes: dict[str, str]) -> None:
    """Nobody comes into a session by invitation who has none to it, and nobody hears of it."""
    house, key = s.house, s.part.key
    listed = await house.done("GET", f"/api/events/{house.event}/programme", token="")
    named = {one["name"] for one in listed["people"]} & {who.name for who in s.part.speakers}
    told = [one["id"] for one in listed["items"] if one["id"] == s.id] + sorted(named)
    s.account.equal(key, "what the public programme says of it", [], told)
    elsewhere = house.ids[next(part.key for part in PARTS if not part.invited)]
    stranger = (await house.admit(codes["online"], elsewhere, "Somebody")).token
    used = await house.invite("viewer", session=s.id, name="Invited once")
    await house.admit(used, s.id)
    tried = {
        "by the code of the event": await house.exchange(codes["online"], s.id, "Somebody"),
        "by the code at the door": await house.exchange(codes["phone"], s.id),
        "by a code that is none": await house.exchange(secrets.token_urlsafe(20), s.id),
        "by a code that is used up": await house.exchange(used, s.id),
        "with a token of another session": await house.ask("GET", f"/api/sessions/{s.id}", token=stranger),
        "by its picture": await house.ask(
            "POST",
            f"/whep/{s.id}/stage",
            token=stranger,
            content=b"v=0\r\n",
            headers={"Content-Type": "application/sdp"},
        ),
        "without anything": await house.ask("GET", f"/api/sessions/{s.id}", token=""),
    }
    wanted = (
        *("invitation_needed", "invitation_needed", "invitation_not_found", "invitation_used_up"),
        *("forbidden", "forbidden", "token_missing"),
    )
    for (how, answer), code in zip(tried.items(), wanted, strict=True):
        s.account.equal(key, f"the uninvited, {how}", code, code_of(answer))
