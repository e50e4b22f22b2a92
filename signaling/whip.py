"""The media doors: WHIP in (RFC 9725) and WHEP out (draft-ietf-wish-whep), authenticated and passed on.

Owns the HTTP of both protocols. The law: SDP is neither read nor changed here; a transport belongs to
the participant that opened it, which its address proves, so that any worker can serve it; and who
publishes is who the token says. What an offer may contain is the relay's to judge.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from signaling import doors
from signaling.auth import Claims, Tokens, authorize
from signaling.director import HALL, return_name, solo_name
from signaling.errors import AuthError, BadRequest, ClientFault, Conflict, Forbidden, SignalingError
from signaling.live import LiveSession, LiveSessions, person_of
from signaling.openapi import Operation
from signaling.protocol import OVER
from signaling.publishers import Publishers
from signaling.relays import Relays, Reply, Transport
from signaling.session.floor import FLOOR_SOURCE, microphones
from stream.plan import SOURCES, Answer, PublishRequest, Source, ViewRequest

SDP: Final = "application/sdp"
FRAGMENT: Final = "application/trickle-ice-sdpfrag"
FEEDS: Final = ("stage", "floor", "return", "solo:<participant>")

SOLO: Final = "solo:"
"""Begins the name of one person's own picture and sound, for those backstage."""

TURN_LIFETIME: Final = 12 * 3600
"""Seconds that TURN credentials hold: a day at a conference, for an allocation is refreshed with them."""

MOST_OPENED: Final = 20_000
"""Transports remembered with the token that opened them; the oldest goes first."""

CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Location, Link, ETag, Retry-After, Accept-Post, Accept-Patch",
}
"""Any page may publish or play with a token: there is no cookie to abuse."""

_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "POST, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Max-Age": "86400",
}


class TransportNotFound(ClientFault):
    """No such transport, or not this participant's: the two are not told apart."""

    status = 404

    def __init__(self) -> None:
        super().__init__("transport_not_found", "There is no such transport of yours.")


class NoSuchMedia(ClientFault):
    """A source or a feed that no session has."""

    status = 404

    def __init__(self, kind: str, known: tuple[str, ...]) -> None:
        super().__init__(f"{kind}_not_found", f"There is no such {kind}; there are {', '.join(known)}.")


@dataclass(frozen=True)
class IceServers:
    """What peers are told of STUN and TURN servers; the TURN server shares `turn_secret`."""

    stun: tuple[str, ...] = ()
    turn: tuple[str, ...] = ()
    turn_secret: str = ""

    def links(self, participant: str, now: float) -> list[str]:
        """Return Link values (RFC 9725, section 4.6) with time-limited TURN credentials.

        `now` is in seconds since 1970. User name and password are as coturn's `use-auth-secret` makes
        them: `expiry:participant`, and its HMAC-SHA1 in base64.
        """
        links = [f'<{url}>; rel="ice-server"' for url in self.stun]
        if self.turn:
            user = f"{int(now) + TURN_LIFETIME}:{participant}"
            mac = hmac.digest(self.turn_secret.encode(), user.encode(), hashlib.sha1)
            password = base64.b64encode(mac).decode()
            links += [
                f'<{url}>; rel="ice-server"; username="{user}"; credential="{password}"; '
                'credential-type="password"'
                for url in self.turn
            ]
        return links


class TransportNames:
    """Names transports in addresses so that the name itself proves whose they are."""

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"transport names", hashlib.sha256)

    def name(self, door: str, participant: str, transport: str) -> str:
        """Return the name of a participant's transport behind a door (`whip/<session>/<source>`)."""
        mac = hmac.digest(self._key, f"{door} {participant} {transport}".encode(), hashlib.sha256)
        return f"{transport}.{base64.urlsafe_b64encode(mac[:18]).decode()}"

    def transport(self, door: str, participant: str, name: str) -> Transport:
        """Return the relay's id of a transport; raises TransportNotFound unless the name is theirs."""
        transport = name.rpartition(".")[0]
        expected = self.name(door, participant, transport)
        if not hmac.compare_digest(expected.encode(), name.encode()):
            raise TransportNotFound
        return Transport(transport)


class MediaDoors:
    """The WHIP and WHEP endpoints and their transports, as routes."""

    def __init__(
        self,
        tokens: Tokens,
        live: LiveSessions,
        relays: Relays,
        publishers: Publishers,
        names: TransportNames,
        ice: IceServers,
    ) -> None:
        self._tokens = tokens
        self._live = live
        self._relays = relays
        self._publishers = publishers
        self._names = names
        self._ice = ice
        self._book: OrderedDict[tuple[str, Transport], Claims] = OrderedDict()

    def opened(self) -> set[str]:
        """Return the sessions of the transports that were opened here, and may have to be ended."""
        return {session for session, _ in self._book}

    def routes(self) -> list[Route]:
        """Return the routes; `/whep/{session}` is its feed `stage`."""
        endpoint, transport = ["POST", "OPTIONS"], ["PATCH", "DELETE", "OPTIONS"]
        return [
            Route("/whip/{session}/{source}", self._endpoint, methods=endpoint),
            Route("/whip/{session}/{source}/{transport}", self._transport, methods=transport),
            Route("/whep/{session}", self._endpoint, methods=endpoint),
            Route("/whep/{session}/{feed}", self._endpoint, methods=endpoint),
            Route("/whep/{session}/{feed}/{transport}", self._transport, methods=transport),
        ]

    async def _endpoint(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return await self._options(request, {"Accept-Post": SDP})
        door = _Door.of(request)
        actor = await doors.actor(request, self._tokens)
        session = await self._admit(actor, door)
        offer = _text(await doors.body(request, SDP))
        wait = request.query_params.get("wait") == "1"
        answer = await self._ask(door, actor, offer, wait)
        if isinstance(answer, Reply):
            return _passed(answer)
        try:
            # Put out while the relay was answering: nobody else knows of this transport yet.
            session.admit(actor)
        except SignalingError:
            await self._relays.close_transport(door.session, Transport(answer.transport))
            raise
        self._opened(door, actor, Transport(answer.transport))
        return self._created(door, actor, answer)

    async def _ask(self, door: _Door, actor: Claims, offer: str, wait: bool) -> Answer | Reply:
        if door.source is None:
            return await self._relays.view(
                door.session, ViewRequest(actor.sub, door.feed(actor), offer, wait)
            )
        # The room is one participant, whichever device or desk publishes it.
        publisher = HALL if door.source == "hall" else actor.sub
        opener = actor.sub if publisher != actor.sub else ""
        request = PublishRequest(publisher, door.source, offer, opener)
        answer = await self._relays.publish(door.session, request)
        if isinstance(answer, Answer) and door.source != "hall":
            self._publishers.admitted(door.session, door.source, person_of(actor))
        return answer

    def review(self, live: LiveSession) -> None:
        """End what was opened here by who is no longer welcome; nothing that others have opened since."""
        for (session, transport), shown in tuple(self._book.items()):
            if session == live.id and not _welcome(live, shown):
                del self._book[session, transport]
                self._relays.end(session, transport)

    def _opened(self, door: _Door, actor: Claims, transport: Transport) -> None:
        self._book[door.session, transport] = actor
        if len(self._book) > MOST_OPENED:
            self._book.popitem(last=False)

    async def _admit(self, actor: Claims, door: _Door) -> LiveSession:
        authorize(actor, f"{door.kind}:{door.name.partition(':')[0]}", door.session)
        session = await self._live.get(door.session)
        session.admit(actor)
        if session.state.session.status in OVER:
            raise Conflict("session_ended", "This session has ended.")
        if door.source == "floor":
            await _require_floor(session, actor)
        return session

    def _created(self, door: _Door, actor: Claims, answer: Answer) -> Response:
        name = self._names.name(str(door), actor.sub, answer.transport)
        headers = {
            "Content-Type": SDP,
            "Location": f"/{door}/{name}",
            "ETag": f'"{answer.etag}"',
            "Accept-Patch": FRAGMENT,
            "Cache-Control": "no-store",
        }
        response = Response(answer.answer, 201, headers)
        self._add_links(response, actor)
        return response

    async def _transport(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return await self._options(request, {"Accept-Patch": FRAGMENT})
        door = _Door.of(request)
        actor = await doors.actor(request, self._tokens)
        transport = self._names.transport(str(door), actor.sub, request.path_params["transport"])
        if request.method == "DELETE":
            self._book.pop((door.session, transport), None)
            return _passed(await self._relays.close_transport(door.session, transport))
        fragment = await doors.body(request, FRAGMENT)
        etag = request.headers.get("if-match")
        return _passed(await self._relays.patch(door.session, transport, etag, fragment))

    async def _options(self, request: Request, accepts: dict[str, str]) -> Response:
        """Answer a CORS preflight, or a client that asks what is accepted and which ICE servers serve."""
        response = Response(status_code=204, headers=accepts | _PREFLIGHT)
        if "authorization" in request.headers:
            self._add_links(response, await doors.actor(request, self._tokens))
        return response

    def _add_links(self, response: Response, actor: Claims) -> None:
        for link in self._ice.links(actor.sub, time.time()):
            response.headers.append("Link", link)


async def _require_floor(session: LiveSession, actor: Claims) -> None:
    """Raise Forbidden (`floor_not_given`) unless this person is called to the floor, or speaks."""
    microphone = f"{actor.sub}/{FLOOR_SOURCE}"
    if microphone not in microphones(session.state):
        await session.catch_up()  # another worker may have called them a moment ago
    if microphone not in microphones(session.state):
        raise Forbidden("floor_not_given", "The floor is not yours at the moment.")


@dataclass(frozen=True)
class _Door:
    """One endpoint: WHIP for a source of a session, or (`source` is None) WHEP for a feed of it."""

    session: str
    name: str
    source: Source | None

    @classmethod
    def of(cls, request: Request) -> _Door:
        session = request.path_params["session"]
        if "source" in request.path_params:
            wanted = request.path_params["source"]
            for source in SOURCES:
                if source == wanted:
                    return cls(session, source, source)
            raise NoSuchMedia("source", SOURCES)
        feed = request.path_params.get("feed", "stage")
        if feed not in FEEDS[:-1] and not _SOLO_NAME.fullmatch(feed):
            raise NoSuchMedia("feed", FEEDS)
        return cls(session, feed, None)

    def feed(self, actor: Claims) -> str:
        """Return the relay's name of the feed: what is sent back is each person's own."""
        if self.name == "stage" and actor.role == "hall":
            return "room"  # a hall's loudspeakers must not play what the hall's microphone hears
        if self.name == "return":
            return return_name(actor.role, actor.sub)
        return solo_name(self.name.removeprefix(SOLO)) if self.name.startswith(SOLO) else self.name

    @property
    def kind(self) -> str:
        return "whep" if self.source is None else "whip"

    def __str__(self) -> str:
        return f"{self.kind}/{self.session}/{self.name}"


_SOLO_NAME: Final = re.compile(SOLO + r"[A-Za-z0-9_.:-]{1,64}")


def _welcome(live: LiveSession, shown: Claims) -> bool:
    try:
        live.admit(shown)
    except AuthError as error:
        # A token that has only run out ends no transport: its page has a newer one.
        return error.code == "token_expired"
    except Forbidden:
        return False
    return True


def _text(sdp: bytes) -> str:
    try:
        return sdp.decode()
    except UnicodeDecodeError as error:
        raise BadRequest("malformed_offer", "The offer is not UTF-8 text.") from error


def _passed(reply: Reply) -> Response:
    headers = {"Cache-Control": "no-store"} | reply.headers
    return Response(reply.body, reply.status, headers)


_REFUSED: Final = (401, 403, 404, 503)
_CREATED: Final = {
    "Location": "The transport's address.",
    "ETag": "Its ICE session, for If-Match.",
    "Link": "STUN and TURN servers, rel=ice-server.",
}


def _operations(kind: str, path: str, name: str, what: str) -> tuple[Operation, ...]:
    resource = f"{path}/{{transport}}"
    waits = {"wait": "1: join although nothing is on stage yet."} if kind == "whep" else {}
    return (
        Operation(
            "POST",
            path,
            name,
            f"{what} an SDP offer is answered.",
            status=201,
            takes=SDP,
            gives=SDP,
            refuses=(400, *_REFUSED, 409, 413, 415, 422),
            headers=_CREATED,
            query=waits,
            tag=kind,
        ),
        Operation(
            "OPTIONS",
            path,
            f"{name}Options",
            "Ask what is accepted; with a token, which ICE servers serve.",
            status=204,
            headers={"Accept-Post": SDP, "Link": _CREATED["Link"]},
            secured=False,
            tag=kind,
        ),
        Operation(
            "PATCH",
            resource,
            f"{name}Trickle",
            "Trickle candidates (204) or restart ICE (200).",
            status=204,
            takes=FRAGMENT,
            refuses=(400, *_REFUSED, 412, 413, 415, 428),
            tag=kind,
        ),
        Operation("DELETE", resource, f"{name}End", "End the transport.", refuses=_REFUSED, tag=kind),
        Operation(
            "OPTIONS",
            resource,
            f"{name}TransportOptions",
            "Ask what is accepted.",
            status=204,
            headers={"Accept-Patch": FRAGMENT},
            secured=False,
            tag=kind,
        ),
    )


OPERATIONS: Final = (
    *_operations("whip", "/whip/{session}/{source}", "publish", "Publish (WHIP, RFC 9725):"),
    *_operations("whep", "/whep/{session}/{feed}", "view", "View a feed (WHEP):"),
    *_operations("whep", "/whep/{session}", "viewStage", "View the stage (WHEP):")[:2],
)
"""What the doors do, for the OpenAPI document."""
