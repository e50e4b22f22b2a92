"""One session on this relay: publications in, feeds out, as the stage plan in force says.

Packets and feedback go in with `now`; bursts and RTCP come out as values. No socket, clock or await in
here. The law: the plan with the greater version stands; a publication that comes back under its key
takes its place; the newest of two wins, once it is connected and not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol

from stream.agreement import AgreedMedia
from stream.plan import STILL, StagePlan
from stream.plan import Publication as PublicationState
from stream.routing.feed import FeedRouter
from stream.routing.group import Burst, PeerT
from stream.routing.publication import Publication
from stream.routing.stage import resolve
from stream.routing.still import Still
from stream.routing.track import Track
from stream.wire import rtcp
from stream.wire.rtp import RtpPacket

EMPTY_PLAN = StagePlan(epoch=0, seq=0, feeds={})

_RESOLVE_INTERVAL = 0.1
"""Seconds between two looks at who is live and who is loud."""


class Publisher(Protocol):
    """A publisher's transport, or what stands for one, as far as routing knows it."""

    @property
    def id(self) -> str:
        """Its transport id."""

    def send_rtcp(self, data: bytes) -> None:
        """Tell it something."""


class Router(Generic[PeerT]):
    """Who gets which packet, in one session."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.plan = EMPTY_PLAN
        self.publications: dict[str, Publication] = {}
        self.feeds: dict[str, FeedRouter[PeerT]] = {}
        self._by_peer: dict[str, Publication] = {}
        self._publishers: dict[str, PeerT | Publisher] = {}
        self._feed_of: dict[str, FeedRouter[PeerT]] = {}
        self._open: dict[Track, None] = {}
        """The tracks of which something came since the last flush, in that order."""

        self._still: Still | None = None
        """The relay's own picture, while the plan names it."""

        self._number = 0
        self.marked_at = float("-inf")
        self._resolve_due = 0.0

    # -- what signaling says ---------------------------------------------------------------------

    def set_plan(self, plan: StagePlan, now: float) -> bool:
        """Put a plan in force; False where a newer one already is."""
        if plan.version < self.plan.version:
            return False
        self.plan = plan
        for name in plan.feeds:
            if "/" not in name:  # one person's is made when they come
                self.feed(name)
        self._show_still(now)
        self._resolve(now)
        return True

    def admits(self, publication: Publication) -> bool:
        """Tell whether a publication may be here: one of the floor only while the plan names it."""
        return publication.source != "floor" or publication.key in self.plan.floor

    def _show_still(self, now: float) -> None:
        """Let the relay's own picture come, go, or be sent again."""
        still = self._still
        if not any(STILL in feed.main for feed in self.plan.feeds.values()):
            if still is not None:
                self._still = None
                self.leave(still.id, now)
            return
        if still is None:
            still = self._still = Still(self.session)
            self.publish(still, still.publication, now)
        for packet in still.due(now):
            self.receive_rtp(still.id, packet, now)

    def feed(self, name: str) -> FeedRouter[PeerT]:
        """Return a feed, made when first asked for."""
        if name not in self.feeds:
            self.feeds[name] = FeedRouter(name)
        return self.feeds[name]

    # -- who comes and goes ------------------------------------------------------------------------

    def publish(self, peer: PeerT | Publisher, publication: Publication, now: float) -> str | None:
        """Take a connected publisher in; return the transport id it replaces, if any."""
        former = self.publications.get(publication.key)
        self.publications[publication.key] = publication
        self._by_peer[peer.id] = publication
        self._publishers[peer.id] = peer
        if former is not None:
            former.close()
        self._resolve(now)
        return former.peer if former is not None else None

    def leave(self, peer_id: str, now: float) -> None:
        """Forget a publisher or a viewer."""
        publication = self._by_peer.pop(peer_id, None)
        self._publishers.pop(peer_id, None)
        if publication is not None:
            publication.close()
            if self.publications.get(publication.key) is publication:
                del self.publications[publication.key]
            self._resolve(now)
        feed = self._feed_of.pop(peer_id, None)
        if feed is not None:
            feed.remove(peer_id)

    def view(
        self, feed: str, peer: PeerT, participant: str, media: Sequence[AgreedMedia], now: float
    ) -> None:
        """Take a connected viewer in."""
        router = self.feed(feed)
        self._fill(router, now)
        router.add(peer, participant, media, now)
        self._feed_of[peer.id] = router

    def expect(self, feed: str, now: float) -> None:
        """Make ready for a viewer who has been answered and is about to connect."""
        router = self.feed(feed)
        self._fill(router, now)
        router.expect(now)

    @property
    def unplanned(self) -> bool:
        """Tell whether no plan was ever put in force here."""
        return self.plan is EMPTY_PLAN

    def on_stage(self, feed: str, now: float) -> bool:
        """Tell whether anything of the feed is live."""
        planned = self.plan.feed(feed)
        return any(
            producer.live(now)
            for key in (*planned.main, *planned.slides, *planned.audio)
            if key in self.publications
            for producer in self.publications[key].producers
        )

    # -- packets -----------------------------------------------------------------------------------

    def receive_rtp(self, peer_id: str, packet: RtpPacket, now: float) -> None:
        """Take one packet of a publisher into the track it is of."""
        publication = self._by_peer.get(peer_id)
        track = publication.receive(packet, now) if publication is not None else None
        if track is not None and track.burst:
            self._open[track] = None

    def receive_rtcp(
        self, peer_id: str, packets: Sequence[rtcp.Packet], now: float, unix: float
    ) -> list[Burst[PeerT]]:
        """Take a peer's RTCP; return what is to be sent again. `unix`: the wall clock, seconds."""
        feed = self._feed_of.get(peer_id)
        if feed is not None:
            return feed.receive_rtcp(peer_id, packets, now, unix)
        publication = self._by_peer.get(peer_id)
        if publication is not None:
            publication.receive_rtcp(packets, now, unix)
        return []

    def flush(self, now: float) -> list[Burst[PeerT]]:
        """Return the bursts due now, live viewers first, then those who are starting."""
        opened, self._open = self._open, {}
        closed = {track: track.close_burst(now, self) for track in opened}
        out: list[Burst[PeerT]] = []
        in_use = self._in_use()
        for feed in in_use:
            out += feed.flush(closed, now)
        for feed in in_use:
            out += feed.advance(now)
        return out

    @property
    def calm(self) -> bool:
        """Tell whether the next turn may be a little later: nobody waits for one, and nothing is missing."""
        return all(feed.calm for feed in self.feeds.values()) and not any(
            track.nacks.waiting for publication in self.publications.values() for track in publication.tracks
        )

    def extras(self, now: float) -> list[Burst[PeerT]]:
        """Return what viewers are sent beside their live streams now: repairs and probes, at their pace."""
        return [burst for feed in self.feeds.values() for burst in feed.extras(self, now)]

    def tick(self, now: float, unix: float) -> list[tuple[PeerT | Publisher, bytes]]:
        """Return the RTCP due now: feedback to publishers, sender reports to viewers."""
        if self._still is not None:
            self._show_still(now)
        if now >= self._resolve_due:
            self._resolve(now)
        out: list[tuple[PeerT | Publisher, bytes]] = []
        for peer_id, publication in self._by_peer.items():
            out += [(self._publishers[peer_id], message) for message in publication.feedback(now)]
        for feed in self.feeds.values():
            out += feed.tick(now, unix)
        return out

    def next_number(self, now: float) -> int:
        """Return the next transport-wide sequence number: one counter for all viewers here."""
        self.marked_at = now
        self._number += 1
        return self._number

    def publication_states(self, now: float) -> list[PublicationState]:
        """Return what signaling is told of the publishers here."""
        return [
            PublicationState(
                session=self.session,
                participant=publication.participant,
                source=publication.source,
                audio=publication.producer("audio") is not None,
                video=(video := publication.producer("video")) is not None,
                live=any(producer.live(now) for producer in publication.producers),
                picture=video is not None and video.live(now),
            )
            for publication in self.publications.values()
            if publication.key != STILL
        ]

    # -- who fills what ------------------------------------------------------------------------------

    def _resolve(self, now: float) -> None:
        self._resolve_due = now + _RESOLVE_INTERVAL
        for publication in self.publications.values():
            for producer in publication.producers:
                producer.refresh()
        for feed in self._in_use():
            self._fill(feed, now)

    def _fill(self, feed: FeedRouter[PeerT], now: float) -> None:
        holders = {slot.name: slot.wanted.key if slot.wanted else None for slot in feed.slots.values()}
        chosen = resolve(self.plan.feed(feed.name), self.publications, holders, now)
        for slot_name, key in chosen.items():
            slot = feed.slots[slot_name]
            filler = self.publications.get(key) if key is not None else None
            slot.want(filler.producer(slot.kind) if filler is not None else None)

    def _in_use(self) -> list[FeedRouter[PeerT]]:
        """Return the feeds that cost anything: those of one person only while they are watched."""
        return [feed for name, feed in self.feeds.items() if feed.viewers or "/" not in name]
