"""A slot's name, its SSRCs, and who fills it."""

from __future__ import annotations

from stream.routing.slot import Slot
from tests.stream.routing.stage_hands import begun, video_producer


def test_a_wanted_producer_fills_the_slot_once_it_has_something_to_begin_with() -> None:
    slot, producer = Slot("main", "video"), video_producer()
    slot.want(producer)
    assert (slot.wanted, slot.source, slot.switches) == (producer, None, 0)
    slot.filled()
    slot.filled()
    assert (slot.source, slot.switches) == (producer, 1)


def test_nobody_wanted_empties_it() -> None:
    slot, producer = Slot("main", "video"), video_producer()
    slot.want(producer)
    slot.filled()
    slot.want(None)
    assert (slot.wanted, slot.source) == (None, None)


def test_what_can_be_followed_is_looked_at_anew_once_for_each_change() -> None:
    slot, producer = Slot("main", "video"), video_producer()
    assert not slot.moved_on()
    slot.want(producer)
    assert slot.moved_on() and not slot.moved_on()
    begun(producer)
    assert slot.moved_on() and not slot.moved_on()
    slot.want(None)
    assert slot.moved_on() and not slot.moved_on()


def test_no_two_slots_share_an_ssrc() -> None:
    slots = [Slot("main", "video") for _ in range(20)]
    assert len({ssrc for slot in slots for ssrc in (slot.ssrc, slot.rtx_ssrc)}) == 40
