"""The ring: what is in it, for how long, and what is refused."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stream.routing.packet_ring import FULL, PacketRing, StoredPacket

CAPACITY = 16


def packet(sequence: int, *, key: bool = False) -> StoredPacket:
    return StoredPacket(sequence, 3000 * sequence, True, "VP8", bytes(1 + sequence % 7), key)


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), max_size=150))
def test_holds_the_newest_of_each_number_as_long_as_it_can(arrivals: list[tuple[int, bool]]) -> None:
    ring, model = PacketRing(CAPACITY), dict[int, StoredPacket]()
    for sequence, key in arrivals:
        head = max(model, default=-1)
        one = packet(sequence, key=key)
        fresh = sequence > head - CAPACITY and sequence not in model
        assert ring.put(one) == fresh
        if fresh:
            model[sequence] = one
        head = max(model, default=-1)
        assert ring.head == head
        kept = {s: p for s, p in model.items() if s > head - CAPACITY}
        for number in range(-5, 105):
            if number > head - CAPACITY:
                assert ring.get(number) is ring.find(number, 0) is kept.get(number)
                assert ring.after(number) is kept.get(min((s for s in kept if s > number), default=-1))
            elif (found := ring.get(number)) is not None:
                assert found is model[number]
        assert ring.since(0) == [kept[s] for s in sorted(kept)]
        keys = [s for s, p in kept.items() if p.key_frame]
        assert ring.key_frame == max(keys, default=None)
        octets = ring.octets_since(ring.key_frame or 0)
        assert ring.near(CAPACITY, octets) == bool(keys) and not ring.near(CAPACITY, octets - 1)


def test_finds_packets_by_their_number_in_a_substream() -> None:
    ring = PacketRing(CAPACITY)
    for sequence in range(40):
        one = packet(sequence)
        one.temporal = sequence % 2
        one.dropped = (sequence // 2, 0, 0)
        ring.put(one)
    for number in range(12, 20):
        found = ring.find(number, 0)
        assert found is not None and found.sequence == 2 * number
        assert ring.find(2 * number, FULL) is found
    assert ring.find(3, 0) is None, "the ring has gone around"
    assert ring.find(20, 0) is None


def test_grows_without_losing_anything() -> None:
    ring = PacketRing(CAPACITY)
    for sequence in range(CAPACITY):
        one = packet(sequence, key=sequence == 1)
        one.temporal = sequence % 2
        one.dropped = (sequence // 2, 0, 0)
        ring.put(one)
    assert not ring.outgrown_by(CAPACITY) and ring.outgrown_by(CAPACITY + 1)
    ring.grow(24)
    for sequence in range(CAPACITY, 25):
        ring.put(packet(sequence))
    assert ring.key_frame == 1 and [one.sequence for one in ring.since(0)] == list(range(1, 25))
    found = ring.find(5, 0)
    assert found is not None and found.sequence == 10
    ring.grow(24)
    ring.put(packet(25))
    assert ring.key_frame is None, "no more than it may hold"
