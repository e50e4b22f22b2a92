"""The outbox: order, a hard bound, and one resynchronisation for everything dropped."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.outbox import MAX_BYTES, RESYNC, Outbox


async def test_frames_come_in_order() -> None:
    outbox = Outbox()
    for i in range(100):
        outbox.put(str(i))
    assert [await outbox.take() for _ in range(100)] == [str(i) for i in range(100)]
    assert outbox.waiting == 0


async def test_too_much_is_dropped_whole_and_told_until_reopened() -> None:
    outbox = Outbox(max_bytes=10)
    outbox.put("12345")
    outbox.put("67890")
    outbox.put("x")
    outbox.put("y")
    assert outbox.waiting == 0
    assert await outbox.take() is RESYNC
    outbox.put("still lost")
    outbox.reopen()
    outbox.put("after")
    assert await outbox.take() == "after"


async def test_who_waits_is_woken() -> None:
    outbox = Outbox()
    taking = asyncio.create_task(outbox.take())
    await asyncio.sleep(0)
    outbox.put("x")
    assert await asyncio.wait_for(taking, 1) == "x"
    losing = asyncio.create_task(outbox.take())
    await asyncio.sleep(0)
    outbox.lose()
    assert await asyncio.wait_for(losing, 1) is RESYNC


@given(st.lists(st.text(max_size=50_000), max_size=30))
def test_never_more_than_its_bound_waits(frames: list[str]) -> None:
    outbox = Outbox()
    for frame in frames:
        outbox.put(frame)
        assert 0 <= outbox.waiting <= MAX_BYTES


@pytest.mark.parametrize("frame", ["plain", "你好", "🎤" * 100])
async def test_bytes_are_counted_as_written(frame: str) -> None:
    outbox = Outbox()
    outbox.put(frame)
    assert outbox.waiting == len(frame.encode())
    await outbox.take()
    assert outbox.waiting == 0
