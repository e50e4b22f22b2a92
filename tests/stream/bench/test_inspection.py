"""A viewer that looks inside sees what is wrong, and decodes what is right."""

from __future__ import annotations

import pytest

from stream.bench.feed import FRAME_RATE, ROUND_SECONDS, Feed, descriptor, encode
from stream.bench.inspection import Inspector
from stream.bench.sent_log import SentLog
from stream.transport.srtp import GcmSrtp, Srtp, SrtpKeys
from stream.wire import rtp


def ends() -> tuple[Srtp, Srtp]:
    one, two = (bytes([number] * 16) for number in (1, 2))
    salt = bytes(12)
    return (
        GcmSrtp(SrtpKeys("AEAD_AES_128_GCM", one, salt, two, salt)),
        GcmSrtp(SrtpKeys("AEAD_AES_128_GCM", two, salt, one, salt)),
    )


@pytest.fixture(scope="module")
def feed() -> Feed:
    return encode(500_000)


def protected(srtp: Srtp, payload: bytes, sequence: int, *, marker: bool = False) -> bytes:
    header = rtp.pack_header(payload_type=96, sequence=sequence, timestamp=0, ssrc=5, marker=marker)
    return srtp.protect(header, payload, 5, sequence)


def test_a_round_is_one_key_frame_and_decodes(feed: Feed) -> None:
    assert len(feed.pictures) == FRAME_RATE * ROUND_SECONDS
    assert [picture[0][0] & 1 for picture in feed.pictures] == [0] + [1] * (len(feed.pictures) - 1)
    sender, receiver = ends()
    inspector = Inspector(receiver, {"video": SentLog(90_000).payloads}, decodes=True)
    sequence = 0
    for number, picture in enumerate(feed.pictures):
        for index, part in enumerate(picture):
            payload = descriptor(number, first=index == 0) + part
            last = index == len(picture) - 1
            moved = descriptor(number + 900, first=index == 0) + part
            inspector.take("video", protected(sender, moved, sequence, marker=last), payload)
            sequence += 1
    assert inspector.counters == {"verified": sequence, "pictures": len(feed.pictures)}


def test_another_payload_is_noticed() -> None:
    sender, receiver = ends()
    published = SentLog(48_000).payloads
    published.append(b"that")
    inspector = Inspector(receiver, {"audio": published}, decodes=False)
    inspector.take("audio", protected(sender, b"this", 1), b"that")
    inspector.take("audio", protected(sender, b"this", 2), b"this")
    inspector.take("audio", protected(sender, b"this", 2), b"this")
    inspector.take("audio", protected(receiver, b"this", 3), b"this")
    assert inspector.counters == {
        "differing": 1,
        "verified": 1,
        "unreadable_replayed": 1,
        "unreadable_unauthentic": 1,
    }


def test_a_start_that_leaves_a_frame_for_a_newer_key_frame_decodes(feed: Feed) -> None:
    """As the relay's does: the numbers go on by one, the frame before it has no end."""
    sender, receiver = ends()
    inspector = Inspector(receiver, {"video": SentLog(90_000).payloads}, decodes=True)
    key = feed.pictures[0]
    parts = [*key, key[0][:5], *key]
    for sequence, part in enumerate(parts):
        first = sequence in (0, len(key), len(parts) - len(key))
        payload = descriptor(1, first=first) + part
        last = sequence in (len(key) - 1, len(parts) - 1)
        inspector.take("video", protected(sender, payload, sequence, marker=last), None)
    assert inspector.counters == {"pictures": 2}
