"""A publisher and a viewer as real peers, against a WHIP and WHEP server that can be killed."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from stream.clients import media_file, publish, strip, tracks, voice, whip
from stream.clients.errors import Refused, Replaced, Unreachable, UnreadableFile
from stream.clients.resource import new_http
from stream.clients.test_card import TestCard
from stream.clients.whep import Frame, view
from tests.stream.clients.answerer import TOKEN
from tests.stream.clients.readings import reading, seconds


class Server:
    """The answerer as a child process."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.stream.clients.answerer", str(self.port)]
        )
        async with httpx.AsyncClient() as http:
            for _ in range(200):
                try:
                    await http.get(f"{self.url}/count")
                    return
                except httpx.ConnectError:
                    await asyncio.sleep(0.05)
        raise AssertionError("the answerer did not start")

    async def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)
            self.process = None

    async def count(self) -> int:
        async with httpx.AsyncClient() as http:
            return int((await http.get(f"{self.url}/count")).json())


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(port)
    await server.start()
    yield server
    await server.kill()


async def until(done: Callable[[], Coroutine[Any, Any, bool]], seconds: float) -> float:
    """Wait until a condition holds; return how long it took."""
    begun = time.monotonic()
    while not await done():
        assert time.monotonic() - begun < seconds, "did not happen in time"
        await asyncio.sleep(0.05)
    return time.monotonic() - begun


async def test_a_viewer_reads_a_fresh_clock_and_hears_the_beep_with_the_flash(server: Server) -> None:
    clock = tracks.WallClock()
    seen: list[strip.Reading] = []
    loudest = 0

    def watch(frame: Frame) -> None:
        if (read := reading(frame)) is not None:
            seen.append(read)

    def listen(frame: Frame) -> None:
        nonlocal loudest
        loudest = max(loudest, int(np.abs(frame.to_ndarray()).max()))

    async with new_http(TOKEN) as http:
        card = tracks.camera(clock, TestCard.of("Ada"))
        async with whip.publication(http, f"{server.url}/whip", card) as publication:
            await publication.connected()
            async with view(http, f"{server.url}/whep", videos=1, audios=1) as watching:
                picture, sound = watching.slots
                picture.on_frame, sound.on_frame = watch, listen
                await picture.next_frame()
                await asyncio.sleep(3)
                assert seen[-1].age(int(time.time() * 1000)) < 500
                counts = await watching.counts()
    assert [one.counter for one in seen] == sorted(one.counter for one in seen)
    assert len(seen) > 60
    assert loudest > 6000
    assert counts.lost == 0
    assert counts.received > 200
    assert await server.count() == 0


async def test_synthetic_publishes_again_when_the_server_is_killed(server: Server) -> None:
    publishing = asyncio.create_task(publish.run(f"{server.url}/whip", TOKEN))

    async def published() -> bool:
        return await server.count() == 1

    await until(published, 5)
    await asyncio.sleep(1.5)
    await server.kill()
    await asyncio.sleep(1)
    await server.start()
    assert await until(published, 5) < 5
    assert not publishing.done()
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(publishing, 5)
    assert await server.count() == 0


async def test_who_is_told_that_the_relay_was_away_waits_less_for_its_reports(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whip, "SILENCE_SECONDS", 60.0)
    suspicion = whip.Suspicion()
    suspicion.arise()  # of a relay before this one: says nothing of it
    publishing = asyncio.create_task(publish.run(f"{server.url}/whip", TOKEN, suspicion=suspicion))

    async def published() -> bool:
        return await server.count() == 1

    await until(published, 5)
    await asyncio.sleep(3)
    assert await server.count() == 1
    await server.kill()
    await server.start()
    suspicion.arise()
    assert await until(published, 8) < 8
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(publishing, 5)


async def test_a_server_that_hangs_up_is_published_to_again_at_once(server: Server) -> None:
    publishing = asyncio.create_task(publish.run(f"{server.url}/whip", TOKEN))

    async def published() -> bool:
        return await server.count() == 1

    await until(published, 5)
    await asyncio.sleep(1)
    async with httpx.AsyncClient() as http:
        await http.post(f"{server.url}/hang-up")
    assert await until(published, 5) < 2
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(publishing, 5)


async def test_a_publisher_that_was_replaced_keeps_away(server: Server) -> None:
    publishing = asyncio.create_task(publish.run(f"{server.url}/whip", TOKEN))

    async def published() -> bool:
        return await server.count() == 1

    await until(published, 5)
    await asyncio.sleep(1)
    async with httpx.AsyncClient() as http:
        await http.post(f"{server.url}/hang-up?replaced")
    with pytest.raises(Replaced, match="Somebody else publishes"):
        await asyncio.wait_for(publishing, 5)
    assert await server.count() == 0


async def test_camera_and_slides_are_published_together(server: Server) -> None:
    url = f"{server.url}/whip"
    publishing = asyncio.create_task(publish.run(url, TOKEN, slides_url=url + "?slides"))

    async def both() -> bool:
        return await server.count() == 2

    await until(both, 5)
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing
    assert await server.count() == 0


async def test_a_wrong_token_ends_it_with_the_servers_reason(server: Server) -> None:
    with pytest.raises(Refused, match="The token is not valid") as caught:
        await publish.run(f"{server.url}/whip", "wrong")
    assert caught.value.code == "bad_token"


async def test_watching_an_empty_stage_is_refused_for_now(server: Server) -> None:
    async with new_http(TOKEN) as http:
        with pytest.raises(Refused) as caught:
            async with view(http, f"{server.url}/whep"):
                pass
    assert (caught.value.status, caught.value.retry_after, caught.value.final) == (409, 1.0, False)
    assert await server.count() == 0


async def test_an_answer_that_is_no_sdp_is_an_error_of_ours_to_name(server: Server) -> None:
    def nonsense(request: httpx.Request) -> httpx.Response:
        return httpx.Response(201, text="v=0\r\nm=nonsense\r\n", headers={"Location": "/t1"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(nonsense)) as http:
        with pytest.raises(Unreachable, match="no SDP"):
            async with whip.publication(http, f"{server.url}/whip", [tracks.VoiceTrack(tracks.WallClock())]):
                pass


@pytest.fixture(scope="session")
def short_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a second of card and voice as a media file."""
    path = tmp_path_factory.mktemp("film") / "short.mkv"
    card = TestCard.of("Ada")
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libvpx", rate=30)
        pictures.width, pictures.height, pictures.pix_fmt = 640, 360, "yuv420p"
        sounds = container.add_stream("libopus", rate=48000)
        for number in range(30):
            container.mux(pictures.encode(card.paint(number * 33, number, 0.5).frame()))
            sound = voice.samples(number * 1600, 1600).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(sound, format="s16", layout="mono")
            frame.sample_rate, frame.pts = 48000, number * 1600
            container.mux(sounds.encode(frame))
        container.mux(pictures.encode(None))
        container.mux(sounds.encode(None))
    return path


async def test_a_file_is_repeated_at_its_own_pace_with_sound_and_picture_together(short_film: Path) -> None:
    picture, sound = media_file.open_tracks(short_film, tracks.WallClock())
    begun = time.monotonic()
    frames = [await picture.recv() for _ in range(75)]
    heard = [await sound.recv() for _ in range(125)]
    assert 2.2 < time.monotonic() - begun < 3.2
    for track in (frames, heard):
        assert all(seconds(a) < seconds(b) for a, b in itertools.pairwise(track))
    counters = [read.counter for frame in frames if (read := reading(frame))]
    assert counters[:60] == [*range(30), *range(30)]
    assert abs(seconds(frames[60]) - 2.0) < 0.1


async def test_a_file_is_published(server: Server, short_film: Path) -> None:
    publishing = asyncio.create_task(publish.run(f"{server.url}/whip", TOKEN, file=short_film))
    async with new_http(TOKEN) as http:
        await until(lambda: _watchable(http, server.url), 5)
        async with view(http, f"{server.url}/whep", videos=1, audios=1) as watching:
            for slot in watching.slots:
                await asyncio.wait_for(slot.next_frame(), 5)
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing


async def _watchable(http: httpx.AsyncClient, url: str) -> bool:
    try:
        async with view(http, f"{url}/whep", videos=1, audios=1):
            return True
    except Refused:
        return False


@pytest.mark.parametrize("content", [None, b"not a film"])
async def test_a_file_that_cannot_be_played_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "film.mkv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=r"film\.mkv cannot be played"):
        await publish.run("http://127.0.0.1:9/whip", TOKEN, file=path)
