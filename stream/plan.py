"""What a relay is told, and what it tells: the values on its HTTP face.

Signaling says *what should be*, whole and versioned; the relay makes it so and forgets nothing until
told otherwise. A plan names publications, not packets: a publication that is not there yet, or comes
back after a crash, takes its place by itself. This module must not know of users, chat or Redis.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Source = Literal["camera", "slides", "hall", "floor"]
"""What a publisher's WHIP resource carries: its camera and microphone, its screen, the room, or the
microphone (perhaps a picture too) of somebody in the audience who has been given the floor."""

SOURCES: tuple[Source, ...] = ("camera", "slides", "hall", "floor")


STILL = "slate/slate"
"""The publication that every relay has of its own: a still picture, shown in the stage's place."""


class Feed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may fill the slots of one feed, as publication keys (`participant/source`), best first.

    The first key of `main` and of `slides` that is live with video fills that slot; of `audio`, the
    first three live with audio are mixed by the viewer, and a one-line viewer hears the dominant one.
    """

    main: tuple[str, ...] = ()
    slides: tuple[str, ...] = ()
    audio: tuple[str, ...] = ()


class StagePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """All feeds of one session. Of two plans the greater `(epoch, seq)` stands, whoever brings it.

    `feeds["stage"]` is what the audience gets, `feeds["room"]` the same without the room's own sound,
    `feeds["floor"]` the same without the voice that has the floor, `feeds["return"]` what a speaker gets
    back. A name with slashes narrows: who watches `return/speaker/ada` gets that feed, or `return/speaker`,
    or `return`. `floor` names the publications of the source `floor` that may be; any other of that source is
    ended.
    """

    epoch: int
    seq: int
    feeds: dict[str, Feed]
    floor: tuple[str, ...] = ()

    @property
    def version(self) -> tuple[int, int]:
        """The plan's place in time: the log's epoch (ms since 1970) and sequence number."""
        return (self.epoch, self.seq)

    def feed(self, name: str) -> Feed:
        """Return the feed of a name, or the nearest that it narrows."""
        while name not in self.feeds and "/" in name:
            name = name.rpartition("/")[0]
        return self.feeds.get(name, Feed())


class PublishRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A WHIP offer (RFC 9725, section 4.2) already authenticated by signaling.

    `opened_by` is who sends it, where that is another than whom it is published as: the room is published by
    whoever sits at its desk, and ends with them.
    """

    participant: str
    source: Source
    offer: str
    opened_by: str = ""


class ViewRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A WHEP offer (draft-ietf-wish-whep, section 4.2) already authenticated by signaling.

    With `wait`, an empty feed is joined at once and fills later; without, it is refused with 409.
    """

    participant: str
    feed: str
    offer: str
    wait: bool = False


class Answer(msgspec.Struct, frozen=True):
    """A transport that now exists: its unguessable id, the ETag of its ICE session, the SDP answer."""

    transport: str
    etag: str
    answer: str


class Publication(msgspec.Struct, frozen=True):
    """One publisher's tracks as the relay sees them.

    `live`: packets arrived in the last 2 s; `picture`: packets of a picture did.
    """

    session: str
    participant: str
    source: Source
    audio: bool
    video: bool
    live: bool
    picture: bool = False


class PublisherStats(msgspec.Struct, frozen=True):
    """One publication at one moment, of the relay's clock (`at`, seconds): what a pre-flight samples.

    `bytes`, `packets` and `lost` count all its tracks so far, what came by resending as lost. `jitter` is
    the worst track's, `round_trip` the way to the publisher and back, both in seconds; `level` the running
    loudness in dB below full scale (RFC 6464); `video` whether a picture arrives now, the size of which only
    VP8 tells. Null is what cannot be told.
    """

    at: float
    bytes: int
    packets: int
    lost: int
    jitter: float | None = None
    round_trip: float | None = None
    level: float | None = None
    video: bool = False
    width: int | None = None
    height: int | None = None


class RelayState(msgspec.Struct, frozen=True):
    """One line of `GET /watch`: at once, at every change, and once a second as a heartbeat.

    A new `boot` means the relay has restarted and must be told every plan again. `plans` maps a
    session to the version in force.
    """

    boot: str
    plans: dict[str, tuple[int, int]]
    publications: tuple[Publication, ...]
    viewers: dict[str, int]
    draining: bool = False


class Problem(msgspec.Struct, frozen=True):
    """An error as `application/problem+json` (RFC 9457), with a stable `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
