"""The floor with a real relay: a viewer is called, speaks from where they are, and everybody hears them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import av
import httpx
import msgspec
import numpy as np
import pytest
from aiortc import MediaStreamTrack

from signaling.attend import Seat, command_id, seat
from signaling.live import person_of
from signaling.protocol import (
    Ack,
    AddHand,
    AnyCommand,
    CallHand,
    EndTurn,
    FloorNow,
    LetSpeak,
    OpenFloor,
    RaiseHand,
    Refused,
)
from stream.clients import errors, tracks, whep, whip
from stream.clients.resource import new_http
from tests.signaling.conftest import RedisServer
from tests.signaling.relay_process import RelayProcess
from tests.signaling.server import Server, bearer, running, token
from tests.signaling.test_live import MOD, Reader, claims, done, new_id, worker

LOUD = 300
"""Peak of a frame's samples above which somebody is heard; the voice peaks near 6,000."""


class Ear:
    """What one viewer hears of a feed: when it was last loud."""

    def __init__(self, view: whep.View) -> None:
        self.loud_at = 0.0
        for slot in view.audios:
            slot.on_frame = self._hear

    def _hear(self, frame: whep.Frame) -> None:
        assert isinstance(frame, av.AudioFrame)
        if np.abs(frame.to_ndarray()).max() > LOUD:
            self.loud_at = time.monotonic()

    def hears(self, within: float = 0.3) -> bool:
        return time.monotonic() - self.loud_at < within


async def until(condition: Callable[[], bool], within: float = 10.0) -> float:
    """Return after how many seconds something came true."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within, "did not come true"
        await asyncio.sleep(0.01)
    return time.monotonic() - began


class Person:
    """A participant with a seat and, if they listen or speak, media."""

    def __init__(self, server: Server, taken: Seat, http: httpx.AsyncClient, stack: AsyncExitStack) -> None:
        self.base = str(server.http.base_url).rstrip("/")
        self.seat = taken
        self.http = http
        self.floor = FloorNow(taken.welcome.snapshot.floor) if taken.welcome.snapshot else None
        self._stack = stack
        self._hearing: asyncio.Task[None] | None = None

    async def do(self, command: AnyCommand) -> Ack:
        outcome = await self.seat.command(command)
        assert isinstance(outcome, Ack), outcome
        return outcome

    async def refused(self, command: AnyCommand) -> str:
        outcome = await self.seat.command(command)
        assert isinstance(outcome, Refused), outcome
        return outcome.code

    async def listen(self, feed: str = "stage") -> Ear:
        url = f"{self.base}/whep/keynote/{feed}?wait=1"
        return Ear(await self._stack.enter_async_context(whep.view(self.http, url, videos=0, audios=1)))

    @asynccontextmanager
    async def microphone(self, tracks_: Sequence[MediaStreamTrack] = ()) -> AsyncIterator[whip.Publication]:
        microphone = tracks_ or (tracks.VoiceTrack(tracks.WallClock()),)
        async with whip.publication(self.http, f"{self.base}/whip/keynote/floor", microphone) as publication:
            await publication.connected()
            yield publication


@asynccontextmanager
async def person(server: Server, sub: str, role: str = "viewer") -> AsyncIterator[Person]:
    shown = token(role, sub=sub, publish=())  # type: ignore[arg-type]
    async with AsyncExitStack() as stack:
        taken = await stack.enter_async_context(seat(str(server.http.base_url).rstrip("/"), shown))
        http = await stack.enter_async_context(new_http(shown))
        yield Person(server, taken, http, stack)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with RelayProcess() as relay, running(tmp_path, relay.url) as server:
        await server.until_ready()
        await server.create()
        yield server


async def publications(relay_watch: Seat) -> set[str]:
    while True:
        await relay_watch.hear()
        if relay_watch.media is not None:
            return {f"{one.participant}/{one.source}" for one in relay_watch.media.publications}


async def test_a_viewer_who_is_called_is_heard_by_all_but_themselves_and_ends_within_a_second(
    server: Server,
) -> None:
    async with (
        person(server, "mod", "moderator") as moderator,
        person(server, "ada") as ada,
        person(server, "bob") as bob,
        person(server, "screen", "hall") as screen,
    ):
        with pytest.raises(errors.Refused) as refused:
            async with ada.microphone():
                raise AssertionError("published")
        assert (refused.value.status, refused.value.code) == (403, "floor_not_given")
        await moderator.do(OpenFloor(command_id()))
        await ada.do(RaiseHand(command_id()))
        with pytest.raises(errors.Refused):
            async with ada.microphone():
                raise AssertionError("published while only waiting")
        await moderator.do(CallHand(command_id()))
        listens, own, room = await bob.listen(), await ada.listen("floor"), await screen.listen()
        floor = await _floor_of(moderator.seat)
        assert floor.floor.called is not None and floor.floor.called.person.id == "ada"
        hand = floor.floor.called.id
        async with ada.microphone() as publication:
            await asyncio.sleep(1.0)
            assert await publication.packets_sent() > 0 and not listens.hears(), "called is not yet on air"
            await moderator.do(LetSpeak(command_id(), hand))
            heard = await until(listens.hears, within=5)
            await until(room.hears, within=5)
            assert not own.hears()
            await moderator.do(EndTurn(command_id(), hand))
            ended = time.monotonic()
            await until(lambda: not listens.hears())
            silent = listens.loud_at - ended
            media = await publications(moderator.seat)
            while "ada/floor" in media:
                media = await publications(moderator.seat)
            gone = time.monotonic() - ended
        print(f"heard {heard:.2f} s after being let speak; silent {silent:.2f} s, gone {gone:.2f} s after")
        assert heard <= 1.0
        assert max(silent, gone) <= 1.0
        with pytest.raises(errors.Refused):
            async with ada.microphone():
                raise AssertionError("published after the turn")


async def test_many_desks_on_two_workers_that_call_at_once_call_one(redis_server: RedisServer) -> None:
    async with worker(redis_server.url) as one, worker(redis_server.url) as other:
        session = await one.create("A talk", "s1")
        await done(session, MOD, OpenFloor(new_id()))
        for i in range(4):
            await done(session, claims(f"p{i}"), RaiseHand(new_id()))
        desks = [await live.get("s1") for live in (one, other)] * 10
        outcomes = await asyncio.gather(
            *(
                desk.command(claims(f"mod{i}", "moderator"), CallHand(new_id()))
                for i, desk in enumerate(desks)
            )
        )
        refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
        assert {outcome.code for outcome in refused} == {"floor_taken"}
        assert len(refused) == len(desks) - 1
        assert [hand.state for hand in session.state.floor.hands].count("called") == 1


async def test_nobody_is_let_speak_who_has_no_connection_and_staff_are_told_whose_hand_that_is(
    redis_server: RedisServer,
) -> None:
    async with worker(redis_server.url) as one, worker(redis_server.url) as other:
        session = await one.create("A talk", "s1")
        await done(session, MOD, OpenFloor(new_id()))
        for command in (RaiseHand(new_id()), AddHand(new_id(), "Grace")):
            await done(session, claims("ada") if isinstance(command, RaiseHand) else MOD, command)
        online, hall = session.state.floor.hands
        desk, guest = Reader(session, MOD), Reader(session, claims("bob"))
        one.presence.enter("s1", "c1", person_of(MOD))
        await until(lambda: one.presence.roster("s1").online == 1)

        async def away(reader: Reader) -> object:
            told = [msgspec.json.decode(frame) for frame in await reader.frames()]
            return [frame["away"] for frame in told if frame["type"] == "presence"][-1]

        assert (await away(desk), await away(guest)) == (["ada"], None)
        await done(session, MOD, CallHand(new_id(), online.id))
        refused = await session.command(MOD, LetSpeak(new_id(), online.id))
        assert isinstance(refused, Refused) and refused.code == "hand_away"
        assert not session.state.floor.spoken, "no turn is counted"
        other.presence.enter("s1", "c2", person_of(claims("ada")))
        await until(lambda: one.presence.roster("s1").online == 2)
        assert await away(desk) == []
        speak = LetSpeak(new_id(), online.id)
        written = await done(session, MOD, speak)
        other.presence.leave("s1", "c2")
        await until(lambda: one.presence.roster("s1").online == 1)
        assert await done(session, MOD, speak) == written, "what was done stays done"
        await done(session, MOD, CallHand(new_id(), hall.id))
        await done(session, MOD, LetSpeak(new_id(), hall.id))


async def _floor_of(taken: Seat) -> FloorNow:
    while True:
        message = await taken.hear()
        if isinstance(message, FloorNow) and message.floor.called is not None:
            return message


async def test_a_hall_desk_puts_people_in_and_a_microphone_of_the_hall_needs_no_publication(
    server: Server,
) -> None:
    async with person(server, "desk", "hall") as desk, person(server, "mod", "moderator") as moderator:
        await moderator.do(OpenFloor(command_id()))
        await desk.do(AddHand(command_id(), "Grace Hopper", "Yale"))
        assert await desk.refused(CallHand(command_id())) == "forbidden"
        await moderator.do(CallHand(command_id()))
        floor = await _floor_of(desk.seat)
        assert floor.floor.called is not None
        assert (floor.floor.called.person.name, floor.floor.called.person.place) == ("Grace Hopper", "hall")
        guest = bearer("viewer", sub=floor.floor.called.person.id) | {"Content-Type": "application/sdp"}
        answer = await server.http.post("/whip/keynote/floor", content="v=0", headers=guest)
        assert (answer.status_code, answer.json()["code"]) == (403, "floor_not_given")
