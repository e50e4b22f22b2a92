"""The REST doors of invitations: made, listed and withdrawn by who may; looked at and exchanged by guests.

Owns the resources under `/api/invitations`. The law: a code comes in a body, never in an address, and is
told once; who invites may invite to what is in reach of the own token only, an event being in reach of an
owner of all; and a guest's token says what the invitation says, nothing that the guest says but a name.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from typing import Final

import segno
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from signaling import doors, invitation
from signaling.auth import EVERY_SESSION, Tokens, authorize
from signaling.errors import BadRequest, Conflict, LogUnavailable, NotFound
from signaling.invitation import Invitation, NewInvitation
from signaling.invitation_operations import (
    OPERATIONS,
    Admission,
    Door,
    Exchange,
    InvitationList,
    MadeInvitation,
    Shown,
)
from signaling.invitation_store import InvitationStore, Seat
from signaling.live import LiveSession, LiveSessions, person_of
from signaling.ports import is_loopback
from signaling.programmes import Programmes
from signaling.protocol import OVER, Billed, Person, Session, Timetable
from signaling.relays import Relays

__all__ = ["OPERATIONS", "InvitationDoors"]

MOST_TURNS: Final = 100
"""Times that a session's door in the hall can be given another code, by withdrawing the one there is."""


class InvitationDoors:
    """The resources under `/api/invitations`, as routes. `public_url`: what links begin with.

    `secret` is what the codes of halls' doors are worked out from; `lan_url` what their links begin with
    where neither a `public_url` is set nor the page was asked for by a name that phones could use.
    """

    def __init__(
        self,
        tokens: Tokens,
        live: LiveSessions,
        programmes: Programmes,
        store: InvitationStore,
        relays: Relays,
        secret: str,
        public_url: str = "",
        lan_url: str = "",
    ) -> None:
        self._tokens = tokens
        self._live = live
        self._programmes = programmes
        self._store = store
        self._relays = relays
        self._public_url = public_url
        self._lan_url = lan_url
        self._door_key = hmac.digest(secret.encode(), b"hall doors", hashlib.sha256)
        self._clock = live.clock

    def routes(self) -> list[Route]:
        """Return the routes."""
        handlers: dict[str, doors.Handler] = {
            "createInvitation": self._create,
            "listInvitations": self._list,
            "revokeInvitation": self._revoke,
            "showDoor": self._door,
            "lookAtInvitation": self._look,
            "exchangeInvitation": self._exchange,
        }
        by_path: dict[str, dict[str, doors.Handler]] = {}
        for operation in OPERATIONS:
            by_path.setdefault(operation.path, {})[operation.method] = handlers[operation.name]
        return [doors.route(path, methods) for path, methods in by_path.items()]

    # -- who invites ------------------------------------------------------------------------------------

    async def _create(self, request: Request) -> Response:
        actor = await doors.actor(request, self._tokens)
        wanted = await doors.json_body(request, NewInvitation)
        reach = EVERY_SESSION if wanted.session is None else wanted.session
        authorize(actor, f"invitation.create:{wanted.role}", reach)
        code = invitation.new_code()
        made = invitation.made(wanted, code, by=actor.sub, now=self._now_ms())
        billed = await self._check_bound(made)
        made = invitation.made(wanted, code, by=actor.sub, now=made.created, billed=billed)
        await self._store.add(made)
        link = f"{self._public_url or str(request.base_url).rstrip('/')}/enter/#invitation={code}"
        qr = segno.make(link, error="m", micro=False).svg_data_uri(border=4)
        return doors.json_response(MadeInvitation(made, code, link, qr), 201)

    async def _door(self, request: Request) -> Response:
        session = request.path_params["session"]
        actor = await doors.actor(request, self._tokens)
        authorize(actor, "door.show", session)
        live = await self._live.get(session)
        live.admit(actor)
        about = live.state.session
        if about.status in OVER:
            raise Conflict("session_ended", "This session has ended.")
        if about.programme is not None and about.programme.visibility == "invitation":
            # A photograph of the screen would let anybody in.
            raise Conflict("invitation_needed", "This session is by invitation only: its door shows no code.")
        code = await self._door_code(session)
        link = f"{self._home(request)}/enter/#invitation={code}"
        qr = segno.make(link, error="m", micro=False).svg_data_uri(border=4, omitsize=True)
        return doors.json_response(Door(link, qr))

    async def _door_code(self, session: str) -> str:
        """Return the code of the door as it is now; withdrawn, it has become another."""
        for turn in range(MOST_TURNS):
            code = invitation.door_code(self._door_key, session, turn)
            found = await self._store.read(invitation.id_of(code))
            if found is None:
                await self._store.add(invitation.door(session, code, now=self._now_ms()))
                return code
            if found.revoked is None:
                return code
        raise Conflict("door_closed", "The code of this door has been withdrawn too often.")

    def _home(self, request: Request) -> str:
        """Return what a link for a phone begins with."""
        asked = str(request.base_url).rstrip("/")
        local = is_loopback(request.base_url.hostname or "")
        return self._public_url or (self._lan_url if local else "") or asked

    async def _check_bound(self, made: Invitation) -> Billed | None:
        """Return who it is for; raises NotFound unless they, and what it invites to, are there."""
        if made.session is not None:
            sessions = [(await self._live.get(made.session)).state.session]
        else:
            sessions = list(self._sessions(made))
        programmes = [session.programme for session in sessions if session.programme is not None]
        named = {one.id: one for said in programmes for one in (*said.speakers, *said.chairs)}
        if made.billed and made.billed not in named:
            raise NotFound("person_not_found", "The programme names nobody of this id there.")
        return named.get(made.billed)

    async def _list(self, request: Request) -> Response:
        actor = await doors.actor(request, self._tokens)
        session, event = (request.query_params.get(name) for name in ("session", "event"))
        if (session is None) is (event is None):
            raise BadRequest("bad_request", "Say whose invitations: of one session, or of one event.")
        authorize(actor, "invitation.list", EVERY_SESSION if session is None else session)
        if session is not None:
            await self._live.get(session)
        else:
            self._programmes.get(event or "")
        return doors.json_response(InvitationList(await self._store.list(session, event)))

    async def _revoke(self, request: Request) -> Response:
        actor = await doors.actor(request, self._tokens)
        found = await self._store.read(request.path_params["invitation"])
        # What is out of reach is not told from what is not there.
        missing = NotFound("invitation_not_found", "There is no such invitation.")
        if found is None:
            authorize(actor, "invitation.revoke", actor.session)
            raise missing
        reach = EVERY_SESSION if found.session is None else found.session
        authorize(actor, "invitation.revoke", reach)
        # First it lets nobody in, then who is in is put out; asked again, both are done again.
        await self._store.revoke(found.id, self._now_ms())
        await self._put_out(found, person_of(actor))
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    async def _put_out(self, found: Invitation, by: Person) -> None:
        """End the seats of an invitation in every session where there may be any."""
        seated = await self._store.seated(found.id) if found.publish else ()
        if found.session is not None:
            sessions = [found.session]
        else:
            known = await self._live.list()
            sessions = [one.id for one in known if one.programme and one.programme.event == found.event]
        for session in sessions:
            await (await self._live.get(session)).bar(by, found.id, seated)
            await self._live.acted(session, by)
            # Each worker ends what it has opened; this is for encoders whose worker is gone.
            for participant in seated:
                self._relays.eject(session, participant)

    # -- who is invited ---------------------------------------------------------------------------------

    async def _look(self, request: Request) -> Response:
        shown = await doors.json_body(request, Shown)
        seat = await self._store.look(shown.code, shown.client or "")
        invited = _granted(seat)
        sessions = await self._bound(invited)
        told = invitation.offer(
            invited,
            sessions,
            self._expected(sessions),
            seated=seat.held,
            billed=self._billed(invited, sessions),
        )
        return doors.json_response(told)

    async def _exchange(self, request: Request) -> Response:
        wanted = await doors.json_body(request, Exchange)
        # What the token would say is settled first, so that a mistake takes no seat.
        invited = _granted(await self._store.look(wanted.code, wanted.client))
        live = await self._chosen(invited, wanted.session)
        gen = live.state.access.generation(invitation.participant(invited, wanted.client))
        session = live.state.session
        claims = invitation.claims(
            invited,
            session,
            wanted.client,
            name=wanted.name,
            gen=gen,
            now=self._clock(),
            billed=self._billed(invited, (session,)),
        )
        live.admit(claims)
        _granted(await self._store.take(wanted.code, wanted.client))
        return doors.json_response(
            Admission(
                self._tokens.mint(claims),
                claims.exp,
                claims.sub,
                claims.name,
                claims.role,
                claims.session,
                invitation.PAGES.get(claims.role, "watch"),
            )
        )

    async def _chosen(self, invited: Invitation, wanted: str | None) -> LiveSession:
        if wanted is not None or invited.session is not None:
            return await self._live.get(wanted or invited.session or "")
        opened = [session for session in self._sessions(invited) if invitation.opens(invited, session)]
        if len(opened) != 1:
            raise Conflict("session_needed", "This invitation opens several sessions; say which.")
        return await self._live.get(opened[0].id)

    async def _bound(self, invited: Invitation) -> tuple[Session, ...]:
        if invited.session is not None:
            return ((await self._live.get(invited.session)).state.session,)
        return self._sessions(invited)

    def _billed(self, invited: Invitation, sessions: tuple[Session, ...]) -> Billed | None:
        """Return what the event's programme says of who it is for, wherever it names them."""
        events = {session.programme.event for session in sessions if session.programme}
        for event in sorted(events | ({invited.event} if invited.event else set())) if invited.billed else ():
            with contextlib.suppress(NotFound, LogUnavailable):
                for one in self._programmes.get(event).people:
                    if one.id == invited.billed:
                        return Billed(one.id, one.name, one.affiliation, one.title)
        return None

    def _expected(self, sessions: tuple[Session, ...]) -> dict[str, Timetable]:
        """Return when sessions are expected, by id; nothing of those whose programme is not there."""
        found: dict[str, Timetable] = {}
        for event in {session.programme.event for session in sessions if session.programme}:
            with contextlib.suppress(NotFound, LogUnavailable):
                found |= self._programmes.expected(self._programmes.get(event))
        return found

    def _sessions(self, invited: Invitation) -> tuple[Session, ...]:
        programme = self._programmes.get(invited.event or "")
        found = self._programmes.sessions(programme)
        return tuple(found[item.id] for item in programme.items if item.id in found and not item.withdrawn)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def _granted(seat: Seat) -> Invitation:
    """Return the invitation of a seat that is given; raises the error that says why it is not."""
    if seat.outcome != "seated":
        raise invitation.refusal(seat.outcome)
    assert seat.invitation is not None
    return seat.invitation
