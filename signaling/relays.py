"""The relays as signaling sees them: each one watched, told its plans, and asked for transports.

Owns the only client of the relays' HTTP face. The law: a plan is told until the relay says that it
stands, and a relay that has restarted (a new `boot`) is told everything again at once. It decides
nothing: plans come from the sessions, and what relays say of media goes to them unchanged.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NewType, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from signaling.errors import RelayUnavailable
from signaling.protocol import Media, MediaState
from stream.plan import (
    Answer,
    Publication,
    PublisherStats,
    PublishRequest,
    RelayState,
    Source,
    StagePlan,
    ViewRequest,
)

HUNG_AFTER: Final = 2.0
"""Seconds without a line of `/watch` after which a relay counts as down; a line comes each second."""

ANSWER_WITHIN: Final = 5.0
"""Seconds a relay may take to answer a request."""

RETRY_TELLING: Final = 0.2

MOST_ENDING: Final = 20_000
"""Transports and people whose media is still to be ended while a relay is away; the oldest goes first."""

T = TypeVar("T")

Transport = NewType("Transport", str)
"""A relay's own, unguessable id of a transport."""

PlansNow = Callable[[], Mapping[str, StagePlan | None]]
"""Returns the plan of every session as it is now; None for one that has ended, to be closed."""

OnMedia = Callable[[str, MediaState], Awaitable[None]]
"""Told what is published in a session, at every change."""


@dataclass(frozen=True)
class Reply:
    """A relay's answer that is not ours to judge: passed through as it is."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def choose(session: str, urls: Iterable[str]) -> str:
    """Return the relay of a session by rendezvous hashing: the same for every worker, and steady."""
    return max(urls, key=lambda url: hashlib.sha256(f"{url} {session}".encode()).digest())


def reconnect_delay(failures: int, chance: float) -> float:
    """Return the seconds before the next try: 0.1–0.3 at first, later up to 2; `chance` in 0–1.

    Quick for 25 tries, about 5 s, for that is how long a supervised relay may take to be back.
    """
    slower = float(2 ** min(max(failures - 25, 0), 3))
    return min(2.0, (0.1 + 0.2 * chance) * slower)


class Relays:
    """All relays. Use as `async with`; inside, each is watched and told by tasks of its own."""

    def __init__(self, urls: tuple[str, ...], secret: str, plans: PlansNow, on_media: OnMedia) -> None:
        self._relays = {url: _Relay(url, secret, partial(self._plans_of, url), on_media) for url in urls}
        self._plans = plans
        self._owned: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Relays:
        for relay in self._relays.values():
            self._owned.append(asyncio.create_task(relay.watch(), name=f"watch {relay.url}"))
            self._owned.append(asyncio.create_task(relay.tell(), name=f"tell {relay.url}"))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._owned:
            task.cancel()
        await asyncio.gather(*self._owned, return_exceptions=True)
        self._owned.clear()
        for relay in self._relays.values():
            await relay.client.aclose()

    def up(self) -> dict[str, bool]:
        """Return, by URL, which relays can be reached."""
        return {url: relay.state is not None for url, relay in self._relays.items()}

    def media(self, session: str) -> MediaState:
        """Return what is published in a session as last seen; from now on, changes of it are told."""
        return self._of(session).media(session)

    def publishing(self) -> set[str]:
        """Return the sessions in which somebody publishes."""
        return {one.session for relay in self._relays.values() for one in relay.publications}

    def serving(self) -> set[str]:
        """Return the sessions that relays have a plan of."""
        return {session for relay in self._relays.values() for session in relay.told}

    def plans_changed(self) -> None:
        """Have the relays told; returns at once."""
        for relay in self._relays.values():
            relay.wake.set()

    async def publish(self, session: str, request: PublishRequest) -> Answer | Reply:
        """Open a publisher's transport; raises RelayUnavailable."""
        return await self._of(session).open(session, "publications", request)

    async def view(self, session: str, request: ViewRequest) -> Answer | Reply:
        """Open a viewer's transport; raises RelayUnavailable."""
        return await self._of(session).open(session, "views", request)

    async def patch(self, session: str, transport: Transport, etag: str | None, fragment: bytes) -> Reply:
        """Pass on a trickle or an ICE restart; raises RelayUnavailable."""
        headers = {"Content-Type": "application/trickle-ice-sdpfrag"}
        if etag is not None:
            headers["If-Match"] = etag
        return await self._of(session).pass_on("PATCH", f"/transports/{quote(transport)}", fragment, headers)

    async def close_transport(self, session: str, transport: Transport) -> Reply:
        """Close a transport; raises RelayUnavailable."""
        return await self._of(session).pass_on("DELETE", f"/transports/{quote(transport)}")

    async def publisher_stats(self, session: str, participant: str, source: Source) -> PublisherStats | None:
        """Return what arrives of one publication; None where there is none; raises RelayUnavailable."""
        path = f"/sessions/{quote(session)}/publications/{quote(participant)}/{source}"
        reply = await self._of(session).pass_on("GET", path)
        if reply.status != 200:
            return None
        return _read(reply, PublisherStats)

    def eject(self, session: str, participant: str) -> None:
        """End all media of a participant, as soon as the relay can be reached; returns at once."""
        self._of(session).end(
            f"/sessions/{quote(session, safe='')}/participants/{quote(participant, safe='')}"
        )

    def end(self, session: str, transport: Transport) -> None:
        """Close a transport, as soon as the relay can be reached; returns at once."""
        self._of(session).end(f"/transports/{quote(transport, safe='')}")

    def _of(self, session: str) -> _Relay:
        return self._relays[choose(session, self._relays)]

    def _plans_of(self, url: str) -> dict[str, StagePlan | None]:
        return {
            session: plan for session, plan in self._plans().items() if choose(session, self._relays) == url
        }


class _Relay:
    def __init__(self, url: str, secret: str, plans: PlansNow, on_media: OnMedia) -> None:
        self.url = url
        self.state: RelayState | None = None
        self.wake = asyncio.Event()
        self._ending: dict[str, None] = {}
        """Paths of what is to end, in order."""
        self.client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {secret}"},
            timeout=httpx.Timeout(ANSWER_WITHIN, connect=1.0),
            trust_env=False,
        )
        self._plans = plans
        self._on_media = on_media
        self.told: dict[str, tuple[int, int]] = {}
        self._media: dict[str, MediaState] = {}

    # -- watching ---------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Follow the relay's state for ever."""
        failures = 0
        silence = httpx.Timeout(HUNG_AFTER, connect=1.0)
        while True:
            with contextlib.suppress(httpx.HTTPError, msgspec.DecodeError):
                async with self.client.stream("GET", "/watch", timeout=silence) as lines:
                    lines.raise_for_status()
                    async for line in lines.aiter_lines():
                        await self._learn(msgspec.json.decode(line, type=RelayState))
                        failures = 0
            await self._lost()
            failures += 1
            await asyncio.sleep(reconnect_delay(failures, random.random()))  # noqa: S311 (jitter)

    async def _learn(self, state: RelayState) -> None:
        self.state = state
        self.told = dict(state.plans)
        if self._untold() or self._ending:
            self.wake.set()
        held = self._plans()
        # Who is not held any more is told all of it when they are again.
        self._media = {session: media for session, media in self._media.items() if session in held}
        for session in held:
            await self._say(session, _media_of(session, state))

    def media(self, session: str) -> MediaState:
        """Return what is published in a session, and take it as told."""
        down = MediaState(relay=False, publications=())
        self._media[session] = down if self.state is None else _media_of(session, self.state)
        return self._media[session]

    @property
    def publications(self) -> Collection[Publication]:
        """What is published as last seen."""
        return () if self.state is None else self.state.publications

    async def _lost(self) -> None:
        self.state = None
        self.told.clear()
        for session in self._plans():
            await self._say(session, MediaState(relay=False, publications=()))

    async def _say(self, session: str, media: MediaState) -> None:
        if self._media.get(session) != media:
            self._media[session] = media
            await self._on_media(session, media)

    def end(self, path: str) -> None:
        """Have what is at this path of the relay ended; returns at once."""
        self._ending[path] = None
        if len(self._ending) > MOST_ENDING:
            del self._ending[next(iter(self._ending))]
        self.wake.set()

    # -- telling ----------------------------------------------------------------------------------------

    async def tell(self) -> None:
        """Tell plans for ever, whenever woken, until all stand."""
        while True:
            await self.wake.wait()
            self.wake.clear()
            if self.state is None:
                continue
            try:
                # First, for somebody may be on the screen who must not be.
                for path in tuple(self._ending):
                    await self.pass_on("DELETE", path)
                    self._ending.pop(path, None)
                for session, plan in self._untold().items():
                    if plan is None:
                        await self._close(session)
                    else:
                        await self._put(session, plan)
            except RelayUnavailable:
                await asyncio.sleep(RETRY_TELLING)
                self.wake.set()

    def _untold(self) -> dict[str, StagePlan | None]:
        """Return where the relay differs: plans it has not got, and ended sessions (None) it still has."""
        return {
            session: plan
            for session, plan in self._plans().items()
            if (session in self.told if plan is None else self.told.get(session, (-1, -1)) < plan.version)
        }

    async def _put(self, session: str, plan: StagePlan) -> None:
        reply = await self.pass_on("PUT", f"/sessions/{quote(session)}/plan", msgspec.json.encode(plan))
        # 409: the relay has a newer plan, from a worker that is ahead of this one.
        if reply.status not in (200, 409):
            raise _unavailable("The relay did not take the plan.")
        self.told[session] = max(plan.version, self.told.get(session, (-1, -1)))

    async def _close(self, session: str) -> None:
        await self.pass_on("DELETE", f"/sessions/{quote(session)}")
        self.told.pop(session, None)

    # -- asking -----------------------------------------------------------------------------------------

    async def open(self, session: str, kind: str, request: PublishRequest | ViewRequest) -> Answer | Reply:
        """Open a transport on a relay that knows the session's plan."""
        plan = self._untold().get(session)
        if plan is not None:
            await self._put(session, plan)
        path = f"/sessions/{quote(session)}/{kind}"
        reply = await self.pass_on("POST", path, msgspec.json.encode(request))
        if reply.status != 201:
            return reply
        return _read(reply, Answer)

    async def pass_on(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Ask the relay; at once RelayUnavailable while it is known to be down."""
        if self.state is None:
            raise _unavailable("The relay cannot be reached just now.")
        sent = {"Content-Type": "application/json"} | dict(headers or {})
        try:
            answer = await self.client.request(method, path, content=body, headers=sent)
        except httpx.HTTPError as error:
            raise _unavailable("The relay cannot be reached just now.") from error
        kept = ("content-type", "etag", "retry-after")
        return Reply(
            answer.status_code,
            answer.content,
            {name: answer.headers[name] for name in kept if name in answer.headers},
        )


def _read(reply: Reply, kind: type[T]) -> T:
    """Return what a relay's answer holds; raises RelayUnavailable."""
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except msgspec.DecodeError as error:
        raise _unavailable("The relay's answer could not be read.") from error


def _unavailable(detail: str) -> RelayUnavailable:
    return RelayUnavailable("relay_unavailable", detail, retry_after=1.0)


def _media_of(session: str, state: RelayState) -> MediaState:
    return MediaState(
        relay=True,
        publications=tuple(
            Media(p.participant, p.source, p.audio, p.video, p.live, p.picture)
            for p in state.publications
            if p.session == session
        ),
    )
