"""A publication on both sides of a pipe: told in the process that receives it, taken in a viewer worker.

`Mirror` hears of all that publishers do and says it to every pipe; `MirroredPublisher` stands for such a
publisher in a worker's router. The law: a worker routes a copy of each packet exactly as if it had received
it, retransmissions included, and asks upstream for nothing but key frames. Whom a packet goes to, neither
knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from stream.agreement import AgreedMedia, Extension
from stream.pipe import Left, Published, media_frames, pack, pack_report, pack_rtp
from stream.pipe_end import PipeEnd
from stream.routing.publication import Publication
from stream.wire import rtcp
from stream.wire.rtp import RtpPacket

_NAMING: Final = (Extension.MID, Extension.RID, Extension.REPAIRED_RID)
"""What tells whose a stream is."""

_LEFT_OUT: Final = (Extension.TRANSPORT_CC, Extension.ABS_SEND_TIME)
"""What concerns the way to the first process alone."""

_MOST_STREAMS: Final = 64
"""Streams of a publisher whose names are kept; a transport takes no more."""


def _ids(media: Sequence[AgreedMedia], extensions: Iterable[Extension]) -> frozenset[int]:
    wanted = tuple(extensions)
    return frozenset(number for line in media for name, number in line.extensions.items() if name in wanted)


@dataclass
class _Mirrored:
    """A publisher as the pipes know it."""

    number: int
    told: Published
    naming: frozenset[int]
    left_out: frozenset[int]
    met: dict[int, dict[int, bytes]] = field(default_factory=dict)
    """By SSRC, the extensions that named the stream."""


class Mirror:
    """Says what publishers do to every pipe that is attached."""

    def __init__(self) -> None:
        self._pipes: list[PipeEnd] = []
        self._publishers: dict[str, _Mirrored] = {}
        self._by_number: dict[int, str] = {}
        self._number = 0
        self._records: list[bytes] = []

    def attach(self, pipe: PipeEnd) -> None:
        """Tell a pipe who publishes, and from now on all they do."""
        self.flush()
        for mirrored in self._publishers.values():
            pipe.send_control(pack(self._introduce(mirrored)))
        self._pipes.append(pipe)

    def detach(self, pipe: PipeEnd) -> None:
        """Say nothing more to a pipe."""
        if pipe in self._pipes:
            self._pipes.remove(pipe)

    def peer_of(self, number: int) -> str | None:
        """Return the transport id of a publisher by its number on the pipes."""
        return self._by_number.get(number)

    def _introduce(self, mirrored: _Mirrored) -> Published:
        told = mirrored.told
        return Published(
            told.publisher,
            told.session,
            told.peer,
            told.participant,
            told.source,
            told.media,
            {ssrc: dict(names) for ssrc, names in mirrored.met.items()},
        )

    # -- what the engine says --------------------------------------------------------------------------

    def published(self, session: str, publication: Publication, media: Sequence[AgreedMedia]) -> None:
        """Take note of a publisher that has connected."""
        self._number += 1
        told = Published(
            self._number,
            session,
            publication.peer,
            publication.participant,
            publication.source,
            tuple(media),
            {},
        )
        mirrored = _Mirrored(self._number, told, _ids(media, _NAMING), _ids(media, _LEFT_OUT))
        self._publishers[publication.peer] = mirrored
        self._by_number[self._number] = publication.peer
        self._say(pack(told))

    def left(self, peer_id: str) -> None:
        """Take note that a peer is gone; those that never published are nothing to the pipes."""
        mirrored = self._publishers.pop(peer_id, None)
        if mirrored is not None:
            del self._by_number[mirrored.number]
            self._say(pack(Left(mirrored.number)))

    def rtp(self, peer_id: str, packet: RtpPacket) -> None:
        """Take a packet as it came, before routing has touched it."""
        mirrored = self._publishers.get(peer_id)
        if mirrored is None:
            return
        for identifier in mirrored.naming:
            if identifier in packet.extensions and (
                packet.ssrc in mirrored.met or len(mirrored.met) < _MOST_STREAMS
            ):
                mirrored.met.setdefault(packet.ssrc, {})[identifier] = packet.extensions[identifier]
        if self._pipes:
            self._records.append(pack_rtp(mirrored.number, packet, mirrored.left_out))

    def rtcp(self, peer_id: str, packets: Sequence[rtcp.Packet]) -> None:
        """Take a publisher's sender reports."""
        mirrored = self._publishers.get(peer_id)
        if mirrored is not None and self._pipes:
            self._records += [
                pack_report(mirrored.number, packet)
                for packet in packets
                if isinstance(packet, rtcp.SenderReport)
            ]

    def flush(self) -> None:
        """Send what has come since the last time, the same bytes to every pipe."""
        if self._records:
            records, self._records = self._records, []
            frames = list(media_frames(records))
            for pipe in list(self._pipes):
                pipe.send_media(frames)

    def _say(self, message: bytes) -> None:
        self.flush()
        for pipe in list(self._pipes):
            pipe.send_control(message)


class MirroredPublisher:
    """What a worker's router takes for a publisher: of all it is asked for, key frames go upstream."""

    def __init__(self, told: Published, want_key_frame: Callable[[int], None]) -> None:
        """`want_key_frame` is told the SSRC of the stream."""
        self.id = told.peer
        self.session = told.session
        self.publication = Publication(told.participant, told.source, told.peer, told.media)
        self._want_key_frame = want_key_frame
        self._unseen: dict[int, Mapping[int, bytes]] = dict(told.met)

    def named(self, packet: RtpPacket) -> RtpPacket:
        """Return a packet as the first of its stream would have been: saying whose it is."""
        names = self._unseen.pop(packet.ssrc, None) if self._unseen else None
        if names is not None:
            packet.extensions = {**names, **packet.extensions}
        return packet

    def send_rtcp(self, data: bytes) -> None:
        """Pass on which key frames are wanted. Losses are asked for where the publisher is received."""
        for packet in rtcp.parse(data):
            if isinstance(packet, rtcp.PictureLossIndication):
                self._want_key_frame(packet.media_ssrc)
