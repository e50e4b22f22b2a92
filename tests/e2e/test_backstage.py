"""Backstage with real media: a pre-flight, what is sent back as cues change, and a speaker who drops."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from signaling.attend import Seat, command_id, seat
from signaling.protocol import (
    Ack,
    AnyCommand,
    ArriveBackstage,
    BringOn,
    CueChanged,
    Events,
    LiftSlate,
    Preflight,
    PreflightChanged,
    Refused,
    ShowSlate,
    StartPreflight,
)
from stream.clients import tracks, whip
from stream.clients.picture import Picture
from stream.clients.resource import new_http
from stream.clients.test_card import TestCard
from stream.clients.whep import Frame, view
from tests.e2e.stage import Stage
from tests.stream.clients.readings import reading

HALL = 30_000
"""Added to the frame counters of the hall's camera, so that its frames are told from a speaker's."""


def card(counter: int) -> tuple[tracks.PaintedTrack, tracks.VoiceTrack]:
    """Return a camera whose frame counter begins at a number."""
    clock, painted = tracks.WallClock(), TestCard.of("Card")

    def paint(ms: int, number: int) -> Picture:
        return painted.paint(ms, counter + number, 0.5)

    return tracks.PaintedTrack(clock, 15, paint), tracks.VoiceTrack(clock)


@contextlib.asynccontextmanager
async def publishing(
    stage: Stage, session: str, token: str, source: str, counter: int
) -> AsyncIterator[None]:
    """Publish a card for as long as this lasts."""
    url = f"{stage.url}/whip/{session}/{source}"
    async with new_http(token) as http, whip.publication(http, url, card(counter)) as publication:
        await publication.connected()
        yield


async def done(desk: Seat, command: AnyCommand) -> None:
    outcome = await desk.command(command)
    assert isinstance(outcome, Ack), outcome


async def test_a_preflight_measures_what_arrives_and_the_speaker_is_told(stage: Stage) -> None:
    session = await stage.new_session()
    token = stage.token(session, "speaker", "Eve", "eve")
    async with contextlib.AsyncExitStack() as stack:
        speaker = await stack.enter_async_context(seat(stage.url, token))
        await stack.enter_async_context(publishing(stage, session, token, "camera", 0))
        await done(speaker, StartPreflight(command_id(), 4))
        result: Preflight | None = None
        checked = False
        async with asyncio.timeout(8):
            while result is None or not checked:
                message = await speaker.hear()
                for event in message.events if isinstance(message, Events) else ():
                    if isinstance(event, PreflightChanged) and event.preflight.grade is not None:
                        result = event.preflight
                        checked = checked or event.preflight.grade == "red"
                    checked = checked or (isinstance(event, CueChanged) and event.cue.state == "checked")
        assert result.measured is not None
        measured, codes = result.measured, {finding.code for finding in result.findings}
        print(f"pre-flight: {result.grade} {sorted(codes)} {measured}")
        assert measured.uplink is not None and 20_000 < measured.uplink < 5_000_000
        assert measured.loss is not None and measured.loss < 0.05
        assert measured.round_trip is not None and measured.round_trip < 1000
        assert measured.jitter is not None
        assert (measured.width, measured.height) == (1280, 720) or "picture_small" in codes
        assert measured.level is not None or "microphone_unmeasured" in codes
        async with new_http(stage.token(session, "producer")) as desk_http:
            line = (await desk_http.get(f"{stage.url}/api/sessions/{session}/lines/eve")).json()
        assert line["video"] and line["packets"] > 100 and line["round_trip"] < 1
        # Whoever joins later finds it kept with the speaker, and nobody else does.
        async with seat(stage.url, stage.token(session, "producer")) as desk:
            assert desk.welcome.snapshot is not None
            assert desk.welcome.snapshot.preflights == (result,)
        async with seat(stage.url, stage.token(session, "viewer")) as viewer:
            assert viewer.welcome.snapshot is not None and viewer.welcome.snapshot.preflights == ()


async def test_a_waiting_speaker_sees_the_programme_and_on_air_the_hall_on_one_connection(
    stage: Stage,
) -> None:
    session = await stage.new_session()
    eve = stage.token(session, "speaker", "Eve", "eve")
    async with contextlib.AsyncExitStack() as stack:
        desk = await stack.enter_async_context(seat(stage.url, stage.token(session, "producer")))
        waiting = await stack.enter_async_context(seat(stage.url, eve))
        adam = stage.token(session, "speaker", "Adam", "adam")
        await stack.enter_async_context(seat(stage.url, adam))
        await stack.enter_async_context(publishing(stage, session, adam, "camera", 0))
        hall = stage.token(session, "hall", "Hall", "hall-1")
        await stack.enter_async_context(publishing(stage, session, hall, "hall", HALL))
        await done(waiting, ArriveBackstage(command_id()))
        async with asyncio.timeout(5):
            while isinstance(await desk.command(BringOn(command_id(), "adam")), Refused):
                await asyncio.sleep(0.1)
        seen: list[tuple[float, int]] = []

        def note(frame: Frame) -> None:
            if (read := reading(frame)) is not None:
                seen.append((time.monotonic(), read.counter))

        http = await stack.enter_async_context(new_http(eve))
        watching = await stack.enter_async_context(
            view(http, f"{stage.url}/whep/{session}/return?wait=1", videos=1, audios=1)
        )
        watching.slots[0].on_frame = note
        await asyncio.wait_for(watching.slots[0].next_frame(), 5)
        await asyncio.sleep(0.5)
        assert seen and all(counter < HALL for _, counter in seen), "the programme while waiting"
        cut = time.monotonic()
        await done(desk, BringOn(command_id(), "eve"))
        async with asyncio.timeout(5):
            while seen[-1][1] < HALL:
                await asyncio.sleep(0.02)
        print(f"the hall on the return feed {seen[-1][0] - cut:.2f} s after the cut")
        assert seen[-1][0] - cut < 3
        assert watching.state == "connected"


async def test_a_slate_is_a_picture_for_any_player_and_the_stage_comes_back_on_the_same_stream(
    stage: Stage,
) -> None:
    session = await stage.new_session()
    token = stage.token(session, "speaker", "Eve", "eve")
    async with contextlib.AsyncExitStack() as stack:
        desk = await stack.enter_async_context(seat(stage.url, stage.token(session, "producer")))
        await stack.enter_async_context(seat(stage.url, token))
        await stack.enter_async_context(publishing(stage, session, token, "camera", 0))
        async with asyncio.timeout(5):
            while isinstance(await desk.command(BringOn(command_id(), "eve")), Refused):
                await asyncio.sleep(0.1)
        http = await stack.enter_async_context(new_http(stage.token(session, "viewer")))
        watching = await stack.enter_async_context(
            view(http, f"{stage.url}/whep/{session}/stage?wait=1", videos=1, audios=1)
        )
        slot = watching.slots[0]

        async def until(machine_readable: bool) -> float:
            begun = time.monotonic()
            async with asyncio.timeout(5):
                while (reading(await slot.next_frame()) is not None) != machine_readable:
                    pass
            return time.monotonic() - begun

        await until(machine_readable=True)
        await done(desk, ShowSlate(command_id(), "Back soon"))
        gone = await until(machine_readable=False)
        await done(desk, LiftSlate(command_id()))
        back = await until(machine_readable=True)
        print(f"slate after {gone:.2f} s, stage again after {back:.2f} s")
        assert max(gone, back) < 2
        assert watching.state == "connected"


async def test_who_drops_on_air_stays_on_air_and_is_seen_again_without_a_word(stage: Stage) -> None:
    session = await stage.new_session()
    token = stage.token(session, "speaker", "Eve", "eve")
    async with contextlib.AsyncExitStack() as stack:
        desk = await stack.enter_async_context(seat(stage.url, stage.token(session, "producer")))
        viewer = await stack.enter_async_context(new_http(stage.token(session, "viewer")))
        async with seat(stage.url, token), publishing(stage, session, token, "camera", 0):
            async with asyncio.timeout(5):
                while isinstance(await desk.command(BringOn(command_id(), "eve")), Refused):
                    await asyncio.sleep(0.1)
            watching = await stack.enter_async_context(
                view(viewer, f"{stage.url}/whep/{session}/stage?wait=1", videos=1, audios=1)
            )
            await asyncio.wait_for(watching.slots[0].next_frame(), 5)
        await stage.media(session, lambda media: not media.publications)
        async with seat(stage.url, stage.token(session, "producer")) as other:
            snapshot = other.welcome.snapshot
            assert snapshot is not None
            assert [person.id for person in snapshot.stage] == ["eve"]
            assert [(cue.id, cue.state) for cue in snapshot.cues] == [("eve", "on_air")]
        async with publishing(stage, session, token, "camera", HALL):
            await asyncio.wait_for(watching.slots[0].next_frame(), 5)
        assert watching.state == "connected"
