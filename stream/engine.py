"""The relay's heart: the port, the transports and the routers, joined.

What arrives on the port is drained, routed, and flushed in one go; a short tick does what time asks for.
The law: packets, transports and plans live here and nowhere else; a fault of one peer ends that peer.
It knows nothing of HTTP: `stream/http.py` is its face.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from stream.agreement import AgreedMedia, Agreement, LocalTransport
from stream.errors import RelayError
from stream.heap import give_back
from stream.negotiation import negotiate_publish, negotiate_view
from stream.plan import Answer, PublishRequest, RelayState, StagePlan, ViewRequest
from stream.routing.group import Burst
from stream.routing.publication import Publication
from stream.routing.router import Router
from stream.settings import RelaySettings
from stream.transport.fanout import Fanout, Path
from stream.transport.fanout_choice import make_fanout, make_inlet
from stream.transport.rtc_adapter import make_certificate
from stream.transport.tcp_mux import TcpMux, open_listener
from stream.transport.transport import PeerTransport
from stream.transport.udp_mux import Received, UdpMux, open_socket
from stream.wire import rtcp
from stream.wire.rtp import RtpPacket

log = logging.getLogger("rostrum.relay")

TICK = 0.01
"""Seconds between two ticks: NACKs, starts, reports. A calm session has its turn at every other one, and
there is no other while all are calm. With nobody here at all there is one at each SWEEP."""

SWEEP = 0.5
"""Seconds between two looks for dead peers, and for those that have settled."""

GIVE_BACK = 16
"""Viewers that have settled before memory is given back, once no more do."""

REPLACED_KEPT = 256
"""How many replaced publishers are remembered, so that they learn why they were closed."""

RETRY_AFTER = 2
"""Seconds after which a refused player may ask again."""


@dataclass(slots=True)
class _Peer:
    """A transport and what it is for. `participant` is who has opened it, whoever it is published as."""

    transport: PeerTransport
    session: str
    participant: str
    etag: str
    connected: Callable[[float], None]
    """What to do once its keys are there."""

    views: bool = False


class Observer(Protocol):
    """Who hears of all that publishers here do: the viewer workers, by `stream/mirror.py`."""

    def published(self, session: str, publication: Publication, media: Sequence[AgreedMedia]) -> None:
        """Hear that a publisher has connected."""

    def left(self, peer_id: str) -> None:
        """Hear that a peer is gone, publisher or not."""

    def rtp(self, peer_id: str, packet: RtpPacket) -> None:
        """Hear of a packet before it is routed."""

    def rtcp(self, peer_id: str, packets: Sequence[rtcp.Packet]) -> None:
        """Hear what a peer reports."""

    def flush(self) -> None:
        """Pass on what came since the last time."""


class Engine:
    """One relay process's media."""

    def __init__(self, settings: RelaySettings, announce: Sequence[str], prefix: str = "") -> None:
        """Bind the port. Raises OSError.

        `announce` are the addresses to put into answers; `prefix` begins every transport's id.
        """
        self.observer: Observer | None = None
        self._prefix = prefix
        self.boot = secrets.token_hex(8)
        self.counters: Counter[str] = Counter()
        self.draining = False
        self.routers: dict[str, Router[PeerTransport]] = {}
        self.peers: dict[str, _Peer] = {}
        self._max_transports = settings.max_transports
        self._socket = open_socket(settings.media_host, settings.media_port)
        self._candidates = tuple((address, settings.media_port) for address in announce)
        self._with_tcp = settings.media_tcp == "on"
        self._fanout: Fanout = make_fanout(settings.fanout, self._socket, self.counters)
        self._inlet = make_inlet(self._fanout.name, self._socket)
        self._mux = UdpMux(self._socket, self.counters, self._inlet)
        self._tcp = self._listen(settings) if self._with_tcp else None
        self._certificate = make_certificate()
        self._closing: set[asyncio.Task[None]] = set()
        self._replaced: deque[str] = deque(maxlen=REPLACED_KEPT)
        self.stirring = asyncio.Event()
        """Set, and another put in its place, when a peer is let in, a plan comes, or we drain: for who sleeps
        while nobody is here."""
        self._log_due = 0.0
        self._ticks = 0
        self._departures = 0
        """Peers that have gone, so that a burst need not ask each recipient whether it has."""
        self._settled = 0
        """Viewers that have settled, and let go of memory, since some was given back."""

    def _listen(self, settings: RelaySettings) -> TcpMux:
        try:
            listener = open_listener(settings.media_host, settings.media_port)
        except OSError:
            self._socket.close()
            raise
        return TcpMux(listener, self._mux, self.counters, self._route, 2 * settings.max_transports)

    @property
    def fanout_name(self) -> str:
        """Which fan-out is in use."""
        return self._fanout.name

    async def run(self) -> None:
        """Move packets until cancelled; then say goodbye to every peer."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._socket, self._pump)
        if self._tcp is not None:
            self._tcp.start()
        sweep_due = 0.0
        try:
            while True:
                await self._rest()
                now = time.monotonic()
                self._tick(now)
                if now >= sweep_due:
                    sweep_due = now + SWEEP
                    with self.contained("dead peers could not be swept out"):
                        self._sweep(now)
        finally:
            loop.remove_reader(self._socket)
            for peer in list(self.peers.values()):
                peer.transport.close()
            if self._closing:
                await asyncio.wait(self._closing, timeout=2)
            if self._tcp is not None:
                self._tcp.close()
            self._socket.close()

    async def _rest(self) -> None:
        """Wait until it is time for a turn; with nobody here, until somebody is let in."""
        calm = all(router.calm for router in self.routers.values())
        self._ticks = 0 if calm else self._ticks + 1
        if self.peers:
            await asyncio.sleep(2 * TICK if calm else TICK)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SWEEP):
                await self.stirring.wait()

    def _stir(self) -> None:
        stirring, self.stirring = self.stirring, asyncio.Event()
        stirring.set()

    def drain(self) -> None:
        """Take no more peers from now on."""
        self.draining = True
        self._stir()

    # -- packets -----------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Drain the port, then flush what came: a burst is what has arrived, never waited for."""
        now = time.monotonic()
        self._route(self._mux.drain(now), now)

    def _route(self, arrived: Iterable[Received], now: float) -> None:
        """Take what peers sent, by datagram or by connection: media first, flushed before reports."""
        observer = self.observer
        touched: dict[str, Router[PeerTransport]] = {}
        reports: list[Received] = []
        for received in arrived:
            transport, packet, _ = received
            if packet is None:
                reports.append(received)
                continue
            router = self._router_of(transport)
            if router is None:
                continue
            try:
                if observer is not None:
                    observer.rtp(transport.id, packet)
                router.receive_rtp(transport.id, packet, now)
            except Exception:  # noqa: BLE001  a defect of ours must cost one peer, not the port
                self._end(transport)
            touched[router.session] = router
        if observer is not None:
            observer.flush()  # first, so that other processes work while this one sends
        if touched:
            self.flush(touched.values(), now)
        if reports:
            self._hear(reports, now)

    def _hear(self, reports: Sequence[Received], now: float) -> None:
        """Take what peers report, and send what that asks for."""
        observer, unix = self.observer, time.time()
        for transport, _, packets in reports:
            router = self._router_of(transport)
            if router is None:
                continue
            try:
                if observer is not None:
                    observer.rtcp(transport.id, packets)
                bursts = router.receive_rtcp(transport.id, packets, now, unix)
                if bursts:
                    self._deliver(bursts)
            except Exception:  # noqa: BLE001  as above
                self._end(transport)
        if observer is not None:
            observer.flush()

    def _router_of(self, transport: PeerTransport) -> Router[PeerTransport] | None:
        peer = self.peers.get(transport.id)
        return self.routers.get(peer.session) if peer is not None else None

    def _end(self, transport: PeerTransport) -> None:
        """Close a peer whose packet met a defect of ours; to be called where it is handled."""
        self.counters["internal_error"] += 1
        log.exception("a packet could not be routed; its peer is closed")
        transport.close()

    def flush(self, routers: Iterable[Router[PeerTransport]], now: float) -> None:
        """Send what has come for these sessions since the last time."""
        for router in routers:
            with self.contained("a burst could not be made"):
                self._deliver(router.flush(now))

    @contextlib.contextmanager
    def contained(self, sentence: str) -> Iterator[None]:
        """Let a defect of ours end here: counted, and logged at most once a second."""
        try:
            yield
        except Exception:
            self.counters["internal_error"] += 1
            if time.monotonic() >= self._log_due:
                self._log_due = time.monotonic() + 1.0
                log.exception(sentence)

    def _deliver(self, bursts: Sequence[Burst[PeerTransport]]) -> None:
        """Send bursts that a router has just made: who is gone by then is in none of them."""
        before = self._departures
        for packets, recipients, numberings in bursts:
            if self._departures == before:
                self._fanout.deliver(packets, recipients, numberings)
                continue
            there = [place for place, peer in enumerate(recipients) if peer.state == "connected"]
            if there:
                self._fanout.deliver(
                    packets,
                    [recipients[place] for place in there],
                    None if numberings is None else [numberings[place] for place in there],
                )

    def _send(self, data: bytes, path: Path) -> None:
        self._fanout.send(data, path)

    def _tick(self, now: float) -> None:
        unix = time.time()
        for router in list(self.routers.values()):
            if self._ticks & 1 and router.calm:
                continue
            with self.contained("a session's turn failed; the others go on"):
                self._deliver(router.flush(now))
                self._deliver(router.extras(now))
                for transport, message in router.tick(now, unix):
                    transport.send_rtcp(message)

    def _sweep(self, now: float) -> None:
        """Close the peers that are gone, and forget sessions that nobody planned and nobody is in."""
        if self._tcp is not None:
            self._tcp.sweep(now)
        settled = 0
        for peer in list(self.peers.values()):
            if peer.transport.expired(now):
                self.counters["expired"] += 1
                peer.transport.close()
            elif peer.views:
                settled += peer.transport.settle(now)
        self._settled += settled
        if self._settled >= GIVE_BACK and not settled:
            self._settled = 0
            give_back()
        in_use = {peer.session for peer in self.peers.values()}
        for session, router in list(self.routers.items()):
            if router.unplanned and session not in in_use and not router.publications:
                del self.routers[session]

    # -- peers -------------------------------------------------------------------------------------

    def publish(self, session: str, request: PublishRequest) -> Answer:
        """Answer a WHIP offer. Raises OfferRefused and RelayError (`relay_full`, `draining`)."""
        transport = self._new_transport()
        agreement = negotiate_publish(request.offer, self._local(transport))
        publication = Publication(request.participant, request.source, transport.id, agreement.media)

        def connected(now: float) -> None:
            router = self.router(session)
            if not router.admits(publication):
                self.counters["not_admitted"] += 1
                transport.close()
                return
            present = router.publications.get(publication.key)
            if present is not None and self._offered_after(present.peer, transport):
                self.counters["outrun"] += 1  # the newer of two offers was the quicker to connect
                self._replaced.append(transport.id)
                transport.close()
                return
            replaced = router.publish(transport, publication, now)
            if self.observer is not None:
                self.observer.published(session, publication, agreement.media)
            if replaced is not None and replaced in self.peers:
                self.counters["replaced"] += 1
                self._replaced.append(replaced)
                self.peers[replaced].transport.close()

        opener = request.opened_by or request.participant
        return self._admit(transport, session, opener, connected, agreement)

    def view(self, session: str, request: ViewRequest) -> Answer:
        """Answer a WHEP offer. Raises OfferRefused and RelayError (`nothing_live`, `relay_full`, …)."""
        transport = self._new_transport()
        self.require_stage(session, request)
        router = self.router(session)
        agreement = negotiate_view(request.offer, self._local(transport), router.feed(request.feed))
        router.expect(request.feed, time.monotonic())

        def connected(now: float) -> None:
            self.router(session).view(request.feed, transport, request.participant, agreement.media, now)

        return self._admit(transport, session, request.participant, connected, agreement, views=True)

    def require_stage(self, session: str, request: ViewRequest) -> None:
        """Raise RelayError (`nothing_live`) where a viewer would not wait for an empty stage."""
        if not request.wait and not self.router(session).on_stage(request.feed, time.monotonic()):
            raise RelayError(
                "nothing_live", "Nobody is on stage yet; ask again shortly.", 409, retry_after=RETRY_AFTER
            )

    def _offered_after(self, transport_id: str, transport: PeerTransport) -> bool:
        present = self.peers.get(transport_id)
        return present is not None and present.transport.created > transport.created

    def _new_transport(self) -> PeerTransport:
        if self.draining:
            raise RelayError("draining", "This relay is about to stop; ask again.", 503, retry_after=1)
        if len(self.peers) >= self._max_transports:
            raise RelayError("relay_full", "This relay is full; ask again later.", 503, retry_after=5)
        return PeerTransport(
            self._prefix + secrets.token_urlsafe(16),
            self._certificate,
            self._send,
            self.counters,
            time.monotonic(),
            self._inlet.make_opener,
            self._fanout.forget,
        )

    def _local(self, transport: PeerTransport) -> LocalTransport:
        return LocalTransport(
            ufrag=transport.ufrag,
            pwd=transport.password,
            fingerprint=self._certificate.fingerprint,
            candidates=self._candidates,
            tcp_candidates=self._candidates if self._with_tcp else (),
        )

    def _admit(
        self,
        transport: PeerTransport,
        session: str,
        participant: str,
        connected: Callable[[float], None],
        agreement: Agreement,
        *,
        views: bool = False,
    ) -> Answer:
        """Let the peer's checks in, and say what was agreed."""
        peer = _Peer(transport, session, participant, secrets.token_hex(8), connected, views)
        self.peers[transport.id] = peer
        self._stir()
        self._mux.add(transport)
        transport.start(agreement.dtls_role, agreement.fingerprints, self._state_changed)
        return Answer(transport.id, peer.etag, agreement.answer)

    def _state_changed(self, transport: PeerTransport) -> None:
        """Hear from a transport that it is connected, or closed."""
        peer = self.peers.get(transport.id)
        if peer is None:
            return
        now = time.monotonic()
        if transport.state == "connected":
            self.counters["connected"] += 1
            with self.contained("a peer could not be let in"):
                peer.connected(now)
                self._route([Received(transport, packet, []) for packet in transport.early(now)], now)
                return
            transport.close()
        else:
            del self.peers[transport.id]
            self._departures += 1
            self._fanout.forget()
            self._mux.remove(transport)
            router = self.routers.get(peer.session)
            if router is not None:
                router.leave(transport.id, now)
            if self.observer is not None:
                self.observer.left(transport.id)
            task = asyncio.create_task(self._finish(transport), name=f"close {transport.id}")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _finish(self, transport: PeerTransport) -> None:
        with contextlib.suppress(ConnectionError):
            await transport.aclose()

    def peer(self, transport_id: str) -> _Peer:
        """Return a peer. Raises RelayError (`replaced`, `unknown_transport`)."""
        peer = self.peers.get(transport_id)
        if peer is None and transport_id in self._replaced:
            raise RelayError("replaced", "A newer publisher of the same name has taken this place.", 410)
        if peer is None:
            raise RelayError("unknown_transport", "This connection does not exist any more.", 404)
        return peer

    def close_transport(self, transport_id: str) -> None:
        """End one transport. Raises RelayError (`replaced`, `unknown_transport`)."""
        self.peer(transport_id).transport.close()

    def close_participant(self, session: str, participant: str) -> None:
        """End everything of one person in a session: ejected, or left."""
        for peer in list(self.peers.values()):
            if peer.session == session and peer.participant == participant:
                peer.transport.close()

    def restart_ice(self, transport_id: str) -> tuple[str, LocalTransport]:
        """Give a transport new ICE credentials; return its new ETag and our end. Raises RelayError."""
        peer = self.peer(transport_id)
        self._mux.restart(peer.transport)
        peer.etag = secrets.token_hex(8)
        return peer.etag, self._local(peer.transport)

    # -- sessions ----------------------------------------------------------------------------------

    def router(self, session: str) -> Router[PeerTransport]:
        """Return a session's router, made when first asked for."""
        if session not in self.routers:
            self.routers[session] = Router(session)
        return self.routers[session]

    def set_plan(self, session: str, plan: StagePlan) -> StagePlan:
        """Put a plan in force. Raises RelayError (`stale_plan`) where a newer one is."""
        router = self.router(session)
        if not router.set_plan(plan, time.monotonic()):
            raise RelayError("stale_plan", f"A newer plan is in force: {router.plan.version}.", 409)
        self._stir()
        for publication in list(router.publications.values()):
            if not router.admits(publication) and publication.peer in self.peers:
                self.counters["not_admitted"] += 1
                self.peers[publication.peer].transport.close()
        return router.plan

    def end_session(self, session: str) -> None:
        """Close every transport of a session and forget it."""
        for peer in list(self.peers.values()):
            if peer.session == session:
                peer.transport.close()
        self.routers.pop(session, None)
        self._stir()

    def state(self) -> RelayState:
        """Return what signaling is told."""
        now = time.monotonic()
        return RelayState(
            boot=self.boot,
            plans={session: router.plan.version for session, router in self.routers.items()},
            publications=tuple(
                publication
                for router in self.routers.values()
                for publication in router.publication_states(now)
            ),
            viewers={
                session: sum(len(feed.viewers) for feed in router.feeds.values())
                for session, router in self.routers.items()
            },
            draining=self.draining,
        )
