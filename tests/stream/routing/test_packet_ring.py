"""The ring: what is in it, for how long, and what is refused."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stream.routing.packet_ring import PacketRing, SlotPacket

CAPACITY = 16


def packet(sequence: int, *, key: bool = False) -> SlotPacket:
    return SlotPacket(sequence, 3000 * sequence, True, "VP8", b"", key)


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), max_size=150))
def test_holds_the_newest_of_each_number_as_long_as_it_can(arrivals: list[tuple[int, bool]]) -> None:
    ring, model = PacketRing(CAPACITY), dict[int, SlotPacket]()
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
                assert ring.get(number) is kept.get(number)
            elif (found := ring.get(number)) is not None:
                assert found is model[number]
        keys = [s for s, p in kept.items() if p.key_frame]
        assert ring.key_frame == max(keys, default=None)


def test_an_empty_ring_has_nothing() -> None:
    ring = PacketRing(CAPACITY)
    assert (ring.head, ring.key_frame) == (-1, None)
    assert all(ring.get(number) is None for number in range(-20, 20))
