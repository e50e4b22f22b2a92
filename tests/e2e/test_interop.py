"""Other people's software: FFmpeg and a web client publish, a web player plays."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.server
import json
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from tests.e2e.stage import Stage
from tests.e2e.visitor import HERE, Chromium

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def foreign_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of another site, whose one page has a video and the npm clients; CORS is tried so."""
    folder = tmp_path_factory.mktemp("foreign_site")
    esbuild = HERE / "node_modules" / ".bin" / "esbuild"
    bundle = ["--bundle", "--format=iife", "--log-level=error", f"--outfile={folder / 'players.js'}"]
    subprocess.run([esbuild, "players.mjs", *bundle], cwd=HERE, check=True, timeout=60)
    page = "<!doctype html><video autoplay muted></video><script src='players.js'></script>"
    (folder / "index.html").write_text(page)
    serve = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing about it."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name upstream
        """Say nothing."""


def ffmpeg_executable() -> str:
    """Return the FFmpeg of the imageio-ffmpeg wheel: Debian's is too old for WHIP."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())  # type: ignore[no-untyped-call, attr-defined]


@contextlib.asynccontextmanager
async def ffmpeg(url: str, token: str, folder: Path, key_frame_each: int = 2) -> AsyncIterator[None]:
    """Publish H264 and Opus as the README says, with key frames so many seconds apart."""
    command = [
        *(ffmpeg_executable(), "-hide_banner", "-loglevel", "warning", "-re"),
        *("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30"),
        *("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"),
        *("-c:v", "libx264", "-profile:v", "baseline", "-preset", "ultrafast", "-tune", "zerolatency"),
        *("-pix_fmt", "yuv420p", "-bf", "0", "-b:v", "800k"),
        *("-g", str(30 * key_frame_each), "-sc_threshold", "0"),
        *("-c:a", "libopus", "-ar", "48000", "-ac", "2"),
        *("-f", "whip", "-authorization", token, url),
    ]
    with (folder / "ffmpeg.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield
        assert process.poll() is None, (folder / "ffmpeg.log").read_text()
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 10)


async def test_ffmpeg_publishes_h264_and_opus_and_a_viewer_plays_it(
    stage: Stage, chromium: Chromium, tmp_path: Path
) -> None:
    session = await stage.new_session()
    token = stage.token(session, "speaker", "Encoder", "encoder")
    async with ffmpeg(f"{stage.url}/whip/{session}/camera", token, tmp_path):
        await stage.media(session, lambda media: any(p.live for p in media.publications))
        await stage.bring_on(session, "encoder")
        viewer = await chromium.visit(stage.link("watch", session, "viewer"), scripts=[CODECS])
        await viewer.playing()
        await viewer.expect("rostrum.media().slots.main.width === 640")
        assert "video/H264" in await viewer.evaluate("receivedCodecs()")


async def test_who_joins_an_encoder_that_hears_no_request_waits_for_no_key_frame(
    stage: Stage, chromium: Chromium, tmp_path: Path
) -> None:
    session = await stage.new_session()
    token = stage.token(session, "speaker", "Encoder", "encoder")

    async def picture() -> dict[str, Any]:
        tracks = (await stage.stats(session))["publications"]["encoder/camera"]["tracks"]
        layer: dict[str, Any] = tracks["video"]["layers"][0]
        return layer

    async with ffmpeg(f"{stage.url}/whip/{session}/camera", token, tmp_path, key_frame_each=600):
        await stage.media(session, lambda media: any(p.live for p in media.publications))
        await stage.bring_on(session, "encoder")
        assert (await picture())["lost"] == 0, (
            "lost on the way in, and never to be had again: nobody can begin"
        )
        first = await chromium.visit(stage.link("watch", session, "viewer"))
        await first.playing()
        await asyncio.sleep(5)  # a hundred and fifty pictures behind the key frame
        second = await chromium.visit(stage.link("watch", session, "viewer"))
        took = await second.playing()
        print(f"who came 5 s and more after a key frame had a picture after {took:.1f} s")
        assert (await picture())["key_frames"] == 1, "else another one may have helped"
        await first.playing()


async def test_the_eyevinn_player_plays_from_another_site(
    stage: Stage, chromium: Chromium, foreign_site: str
) -> None:
    session = await stage.new_session()
    token = stage.token(session, "viewer", "Player")
    async with stage.speaker(session):
        page = await chromium.visit(foreign_site)
        load = json.dumps([f"{stage.url}/whep/{session}/stage", f"Bearer {token}"])
        await page.evaluate(f"""(async ([url, key]) => {{
          const video = document.querySelector('video');
          const player = new WebRTCPlayer({{ video, type: 'whep', iceServers: [], timeoutThreshold: 10000 }});
          await player.load(new URL(url), key);
        }})({load})""")
        await page.expect("document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames > 60")
        assert (await page.watch(2.0, "document.querySelector('video')"))["ages"]
        assert await page.evaluate("document.querySelector('video').srcObject.getAudioTracks().length > 0")


async def test_the_eyevinn_whip_client_publishes_from_another_site(
    stage: Stage, chromium: Chromium, foreign_site: str
) -> None:
    session = await stage.new_session()
    page = await chromium.visit(foreign_site)
    token = stage.token(session, "speaker", "Guest", "guest")
    options = json.dumps(
        {"endpoint": f"{stage.url}/whip/{session}/camera", "opts": {"authkey": token, "iceServers": []}}
    )
    await page.evaluate(f"""(async (options) => {{
      const client = new WHIPClient(options);
      await client.ingest(await navigator.mediaDevices.getUserMedia({{ audio: true, video: true }}));
    }})({options})""")
    await stage.media(session, lambda media: any(p.live and p.video and p.audio for p in media.publications))
    await stage.bring_on(session, "guest")
    viewer = await chromium.visit(stage.link("watch", session, "viewer"))
    await viewer.playing()


CODECS = """
{
  const Peer = globalThis.RTCPeerConnection;
  const peers = [];
  globalThis.RTCPeerConnection = class extends Peer {
    constructor(...parameters) {
      super(...parameters);
      peers.push(this);
    }
  };
  globalThis.receivedCodecs = async () => {
    const reports = await Promise.all(peers.map((peer) => peer.getStats()));
    return reports.flatMap((report) =>
      [...report.values()]
        .filter(({ type, packetsReceived }) => type === 'inbound-rtp' && packetsReceived)
        .map(({ codecId }) => report.get(codecId)?.mimeType),
    );
  };
}
"""
"""Tells which codecs a page's connections receive."""
