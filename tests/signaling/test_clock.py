"""One time for all workers: their own clocks five minutes off change nothing (faults.md, row 26)."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from signaling.clock import STEP, TRUSTED, SharedClock
from signaling.live import LiveSessions
from signaling.log import SessionLog, connect
from signaling.presence import Presence
from signaling.protocol import Ack, PostChat, Resume
from tests.signaling.server import TOKENS

from .conftest import RedisServer
from .test_live import ADA, MOD, Reader, generous, until

__all__ = ["generous"]

FIVE_MINUTES = 300.0


@given(off=st.floats(-1e4, 1e4), there=st.floats(0, TRUSTED / 2), back=st.floats(0, TRUSTED / 2 - 0.001))
def test_a_clock_is_right_to_half_a_round_trip(off: float, there: float, back: float) -> None:
    now = 1e9
    clock = SharedClock(lambda: now + off)
    asked = clock.asked()
    now += there
    theirs = now
    now += back
    clock.learn(theirs, asked)
    assert abs(clock() - now) <= STEP + (there + back) / 2 + 1e-3


def test_an_answer_that_took_long_or_no_time_at_all_says_nothing() -> None:
    now = 1000.0
    clock = SharedClock(lambda: now)
    clock.learn(5000.0, now - 2 * TRUSTED)
    clock.learn(5000.0, now + 1)  # the local clock was set back while the question was under way
    assert clock() == 1000.0


async def test_workers_ten_minutes_apart_agree_on_order_time_and_tokens(redis_server: RedisServer) -> None:
    async with AsyncExitStack() as stack:
        workers = []
        for off in (FIVE_MINUTES, -FIVE_MINUTES):
            client = connect(redis_server.url)
            stack.push_async_callback(client.aclose)
            live = LiveSessions(SessionLog(client), Presence(client, tick=0.05), clock=_off(off))
            workers.append(await stack.enter_async_context(live))
        fast, slow = workers
        await fast.create("A talk", "s1")
        sessions = [await one.get("s1") for one in (fast, slow)]
        readers = [Reader(session, ADA) for session in sessions]
        said = []
        for n in range(20):
            outcome = await sessions[n % 2].command(MOD, PostChat(f"c{n}", f"{n}"))
            assert isinstance(outcome, Ack)
            said.append(outcome.seq)
        assert said == sorted(said)
        await until(lambda: sessions[0].position == sessions[1].position)
        for session, reader in zip(sessions, readers, strict=True):
            assert [message.text for message in session.state.chat] == [str(n) for n in range(20)]
            seen = [event.seq for frame in await reader.events() for event in frame.events]
            assert seen == said
        times = [message.at for message in sessions[0].state.chat]
        assert max(abs(at / 1000 - time.time()) for at in times) < 30
        spread = max(a - b for a, b in pairwise(times))
        print(f"row 26: 20 messages by workers 600 s apart, order intact, times back by {max(0, spread)} ms")
        assert spread < 200
        epoch, seq = sessions[0].position
        assert sessions[1].since(readers[1].place, Resume(epoch, seq - 5)) is not None
        token = TOKENS.mint(msgspec.structs.replace(ADA, exp=int(slow.clock()) + 600))
        assert TOKENS.verify(token, fast.clock()).exp > time.time() + 590
        assert abs(fast.clock() - slow.clock()) < 0.2


def _off(by: float) -> Callable[[], float]:
    return lambda: time.time() + by
