"""Which packet a viewer's packet is: told rightly, or not at all; nobody is accused by a mistake in it."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator, Sequence

import pytest

from stream.bench import feed
from stream.bench.audience import Audience
from stream.bench.ends import AUDIO_TYPE, RTX_TYPE, VIDEO_TYPE, RemoteEnd
from stream.bench.inspection import SURE_AFTER, Inspector
from stream.bench.light_peer import LightPeer
from stream.bench.matching import IN_A_ROW, Stamp
from stream.bench.sent_log import SentLog
from stream.transport.rtc_adapter import make_certificate
from stream.wire import rtp
from tests.stream.bench.test_inspection import ends

SSRC = 5
LONG = 20
"""Packets of a key frame."""


class Hall:
    """A publisher's log, a server that sends of it what it is told to, and one viewer that looks inside."""

    def __init__(self) -> None:
        self.log = SentLog(feed.VIDEO_CLOCK)
        self.peer = LightPeer(make_certificate(), "127.0.0.1")
        self.peer.remote = RemoteEnd(
            "u", "p", (), ("127.0.0.1", 9), "client", VIDEO_TYPE, RTX_TYPE, AUDIO_TYPE, 0, False
        )
        self._server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._srtp, receiver = ends()
        self._number = 65_500  # so that it wraps soon
        self._dice = random.Random(3)
        self.inspector = Inspector(receiver, {"video": self.log.payloads}, decodes=False)
        self.audience = Audience(1, {"video": self.log, "audio": SentLog(feed.AUDIO_CLOCK)})
        self.audience.admit(self.peer, self.inspector)
        self.shift = 0
        """What the server adds to an index of the publisher's, beside 65,500."""

    def close(self) -> None:
        self._server.close()
        self.peer.socket.close()

    def frame(self, packets: int = 7) -> list[int]:
        """Publish a frame; return the indices of its packets."""
        log, number = self.log, len(self.log.frames)
        stamp = number * 3000 + self._dice.randrange(90)
        log.frames.append(Stamp(stamp, log.count, packets))
        indices = list(range(log.count, log.count + packets))
        for index in indices:
            part = self._dice.randbytes(40)
            log.payloads.append(feed.descriptor(number, first=index == indices[0]) + part)
            log.timestamps[index] = stamp
            log.count += 1
        return indices

    def send(self, indices: Sequence[int], *, instead: dict[int, bytes] | None = None) -> None:
        """Send packets to the viewer, and let it read them all at once."""
        for index in indices:
            extended = self._number + self.shift + index
            header = rtp.pack_header(
                payload_type=VIDEO_TYPE,
                sequence=extended,
                timestamp=int(self.log.timestamps[index]) + 77,
                ssrc=SSRC,
                marker=False,
            )
            payload = (instead or {}).get(index, self.log.payloads[index])
            data = self._srtp.protect(header, payload, SSRC, extended)
            self._server.sendto(data, self.peer.local.address)
        self.audience.sweep()

    def watch(self, frames: int) -> None:
        """Publish frames and send them."""
        for _ in range(frames):
            self.send(self.frame())

    def count(self, name: str) -> int:
        """Return what the inspector counted under a name."""
        return self.inspector.counters.get(name, 0)


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    hall.watch(IN_A_ROW + 2)
    assert hall.audience.tracks["video"].shift[0] >= 0, "the viewer is recognised"
    hall.watch(2)
    assert hall.count("verified") > 0
    yield hall
    assert hall.peer.socket.fileno() >= 0
    hall.close()


def is_recognised_again(hall: Hall) -> None:
    """The viewer goes on, is recognised, and nothing is held against the server."""
    verified = hall.count("verified")
    hall.watch(IN_A_ROW + SURE_AFTER + 6)
    assert hall.count("verified") > verified
    assert hall.count("differing") == hall.count("unsettled") == 0


@pytest.mark.parametrize("passed_over", [1, 3, LONG - 1])
def test_a_start_that_passes_over_packets_is_lost_track_of_and_not_accused(
    hall: Hall, passed_over: int
) -> None:
    """As a start does when a newer key frame has come: numbers go on by one, timestamps stay as they are."""
    hall.frame(passed_over)
    hall.shift -= passed_over
    hall.send(hall.frame(LONG))
    assert (hall.audience.counters["lost_track"], hall.count("differing")) == (1, 0)
    is_recognised_again(hall)
    assert hall.audience.counters["lost_track"] == 1


@pytest.mark.parametrize("together", [True, False])
def test_a_start_whose_first_packets_are_lost_is_a_mistake_of_ours(hall: Hall, *, together: bool) -> None:
    hall.frame(3)
    hall.shift -= 3
    rest = hall.frame(LONG)[3:]  # all of them have the timestamp that they are looked for with
    following = hall.frame()
    if together:
        hall.send(rest + following)
    else:
        hall.send(rest)
        assert hall.count("unsettled") == LONG - 3
        hall.send(following)
    assert hall.audience.counters["lost_track"] == 1
    assert (hall.count("mistaken"), hall.count("differing")) == (LONG - 3, 0)
    is_recognised_again(hall)


def test_a_server_that_swaps_packets_is_accused(hall: Hall) -> None:
    first, *_, last = indices = hall.frame()
    swapped = {first: hall.log.payloads[last], last: hall.log.payloads[first]}
    hall.send(indices, instead=swapped)
    assert (hall.count("unsettled"), hall.count("differing")) == (2, 0)
    hall.watch(SURE_AFTER)
    assert (hall.count("unsettled"), hall.count("differing")) == (0, 2)
    assert hall.audience.counters["lost_track"] == 0


def test_a_server_that_repeats_an_old_packet_for_ever_is_accused(hall: Hall) -> None:
    old = hall.log.payloads[0]
    for _ in range(SURE_AFTER + 1):
        indices = hall.frame()
        hall.send(indices, instead=dict.fromkeys(indices, old))
    assert hall.count("differing") >= 7


def test_what_nobody_published_is_accused_whatever_is_lost_track_of(hall: Hall) -> None:
    indices = hall.frame()
    hall.send(indices, instead={indices[2]: b"\x10something else"})
    assert hall.count("differing") == 1
    hall.frame(3)
    hall.shift -= 3
    hall.send(hall.frame(LONG))
    assert hall.audience.counters["lost_track"] == 1
    assert hall.count("differing") == 1


def test_who_is_recognised_within_a_batch_is_not_lost_again_by_it(hall: Hall) -> None:
    hall.frame(3)
    hall.shift -= 3
    batch = hall.frame(LONG)
    for _ in range(IN_A_ROW + 4):
        batch += hall.frame()
    hall.send(batch)
    assert hall.audience.counters["lost_track"] == 1
    hall.watch(2)
    assert hall.audience.counters["lost_track"] == 1
