"""The outbox: order, a hard bound, one fresh start for everything dropped, and an end to patience."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling import outbox as module
from signaling.outbox import MAX_BYTES, RESYNCS, Outbox
from signaling.websocket_protocol import UNDER_WAY, text_frame

from .tape import Tape, texts


def filled(tape: Tape, max_bytes: int = MAX_BYTES) -> Outbox:
    return Outbox(tape, lambda: b"<welcome>", lambda: None, max_bytes)


async def test_an_open_wire_gets_the_very_bytes_at_once() -> None:
    tape = Tape()
    outbox = filled(tape)
    frame = b"x" * 1000
    outbox.put(frame)
    assert tape.writes[0] is frame
    assert outbox.waiting == 0


async def test_a_full_wire_gets_everything_in_order_once_it_has_room() -> None:
    tape = Tape()
    outbox = filled(tape)
    tape.take(False)
    for i in range(100):
        outbox.put(b"%d " % i)
    assert tape.writes == [] and outbox.waiting == 290
    tape.take(True)
    assert b"".join(tape.writes) == b"".join(b"%d " % i for i in range(100))
    assert outbox.waiting == 0
    outbox.put(b"after")
    assert tape.writes[-1] == b"after"


async def test_a_wire_that_fills_again_meanwhile_leaves_the_rest_waiting() -> None:
    tape = Tape()
    outbox = filled(tape)
    tape.take(False)
    for i in range(10):
        outbox.put(b"%d" % i)
    tape.room = 3
    tape.take(True)
    outbox.put(b"x")
    assert tape.writes == [b"0", b"1", b"2"]
    assert outbox.waiting == 8
    tape.room = 100
    tape.take(True)
    assert b"".join(tape.writes) == b"0123456789x"


async def test_too_much_is_dropped_whole_and_the_reader_starts_over_once_there_is_room() -> None:
    tape = Tape()
    outbox = filled(tape, max_bytes=10)
    resyncs = RESYNCS._value.get()
    tape.take(False)
    for frame in (b"12345", b"67890", b"x", b"y"):
        outbox.put(frame)
    assert outbox.waiting == 0
    outbox.put(b"lost too: the welcome will tell")
    tape.take(True)
    outbox.put(b"after")
    assert tape.writes == [b"<welcome>", b"after"]
    assert RESYNCS._value.get() == resyncs + 1


async def test_a_loss_with_room_starts_over_at_once() -> None:
    tape = Tape()
    outbox = filled(tape)
    outbox.lose()
    outbox.put(b"after")
    assert tape.writes == [b"<welcome>", b"after"]


async def test_who_takes_nothing_for_long_is_given_up_and_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "STALLED", 0.1)
    given_up: list[str] = []
    stuck, slow, left = Tape(), Tape(), Tape()
    kept = [
        Outbox(tape, lambda: b"", lambda name=name: given_up.append(name))  # type: ignore[misc]
        for name, tape in (("stuck", stuck), ("slow", slow), ("left", left))
    ]
    for tape in (stuck, slow, left):
        tape.take(False)
    kept[2].close()
    kept[2].close()
    for _ in range(4):
        await asyncio.sleep(0.05)
        slow.take(True)
        slow.take(False)
    assert given_up == ["stuck"]


@given(st.lists(st.binary(max_size=50_000), max_size=30), st.lists(st.booleans(), min_size=30, max_size=30))
def test_never_more_than_its_bound_waits(frames: list[bytes], rooms: list[bool]) -> None:
    async def run() -> None:
        tape = Tape()
        outbox = filled(tape)
        for frame, taking in zip(frames, rooms, strict=False):
            tape.take(taking)
            outbox.put(frame)
            assert 0 <= outbox.waiting <= MAX_BYTES
        outbox.close()

    asyncio.run(run())


def test_a_reader_that_never_reads_costs_256_kib_at_most() -> None:
    assert MAX_BYTES + UNDER_WAY <= 256 * 1024


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 300_000])
def test_a_frame_says_its_length_as_the_rfc_has_it(length: int) -> None:
    assert texts(text_frame(b"x" * length) + text_frame("你好🎤".encode())) == ["x" * length, "你好🎤"]
