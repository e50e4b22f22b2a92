"""A real relay process and real aiortc peers, driven through the relay's HTTP face.

Pictures are small and rough so that many peers fit beside each other on a busy machine. A viewer notes
every RTP packet it decrypted, under its original number where it came by retransmission.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Literal

import httpx
import numpy as np
from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.rtp import RtpPacket
from av import VideoFrame

from tests.signaling.processes import free_port, without_rostrum

SECRET = "0123456789abcdefghijklmnopqrstuvwxyz"

STILL_ASKED_FOR = 128
"""aiortc repeats its requests as long as a packet is among the newest so many."""


class Relay:
    """`python -m stream.relay` on loopback, with ports of its own."""

    def __init__(self, **settings: str) -> None:
        self.http_port = free_port()
        self.media_port = free_port(socket.SOCK_DGRAM)
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.settings = settings
        self.process: subprocess.Popen[str] | None = None

    @property
    def media(self) -> tuple[str, int]:
        """Where its media port is."""
        return "127.0.0.1", self.media_port

    def spawn(self) -> subprocess.Popen[str]:
        """Start the process without waiting for it to be ready."""
        settings = {
            "ROSTRUM_RELAY_SECRET": SECRET,
            "ROSTRUM_RELAY_HTTP_PORT": str(self.http_port),
            "ROSTRUM_MEDIA_HOST": "127.0.0.1",
            "ROSTRUM_MEDIA_PORT": str(self.media_port),
            "ROSTRUM_LOG_LEVEL": "warning",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stream.relay"],
            env=without_rostrum(**settings | self.settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self.process

    def start(self) -> None:
        """Start it and return once it answers."""
        process = self.spawn()
        with httpx.Client(trust_env=False) as http:
            for _ in range(400):
                assert process.poll() is None, f"the relay ended: {self.said()}"
                with contextlib.suppress(httpx.HTTPError):
                    if http.get(f"{self.url}/healthz").status_code == 200:
                        return
                time.sleep(0.05)
        raise AssertionError("the relay is not ready")

    def said(self) -> str:
        """Return all that the ended process has written."""
        assert self.process is not None
        return self.process.communicate(timeout=10)[0]

    def stop(self) -> tuple[int, str]:
        """Tell it to stop, wait for it, and return its exit code and what it wrote."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15), self.said()


@contextmanager
def relay(**settings: str) -> Iterator[Relay]:
    """Run a relay for a block; it must not have logged a defect, and must end well."""
    one = Relay(**settings)
    one.start()
    try:
        yield one
    finally:
        code, said = one.stop()
    assert code == 0, said
    assert "Traceback" not in said, said


class Noise(VideoStreamTrack):
    """A rough picture that moves, 160 x 90 blocks of grey: a few packets a frame, 30 a second."""

    async def recv(self) -> VideoFrame:
        """Return the next picture in its time."""
        pts, time_base = await self.next_timestamp()
        picture = np.random.default_rng().integers(0, 255, (18, 32, 3), dtype=np.uint8)
        frame = VideoFrame.from_ndarray(picture.repeat(8, 0).repeat(8, 1), format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


def new_peer() -> RTCPeerConnection:
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


def sockets(peer: RTCPeerConnection) -> list[asyncio.DatagramTransport]:
    """Return the UDP sockets that a connected peer's media goes through, under aioice's hood."""
    transports = {sender.transport.transport for sender in peer.getSenders()}
    transports |= {receiver.transport.transport for receiver in peer.getReceivers()}
    return [pair.protocol.transport for t in transports for pair in t._connection._nominated.values()]


class Seen:
    """What a viewer got: frames by kind with the first one's time, and RTP packets by stream."""

    def __init__(self) -> None:
        self.asked_at = time.monotonic()
        self.frames: dict[str, int] = defaultdict(int)
        self.first: dict[str, float] = {}
        self.received: dict[int, set[int]] = defaultdict(set)
        self.repaired: dict[int, set[int]] = defaultdict(set)
        self.kinds: dict[int, str] = {}

    @property
    def packets(self) -> int:
        """All packets so far, repaired ones too."""
        return sum(map(len, self.received.values())) + sum(map(len, self.repaired.values()))

    def missing(self, kind: str, *, repaired: bool = True, newest: int = 0) -> tuple[int, int]:
        """Return how many packets of a kind never came, and how many should have.

        So many of the `newest` are left out: what lacks there may still be asked for.
        """
        lost = expected = 0
        for ssrc, numbers in self.received.items():
            if self.kinds[ssrc] != kind or not numbers:
                continue
            have = numbers | self.repaired[ssrc] if repaired else numbers
            whole = range(min(numbers), max(numbers) - newest)
            expected += len(whole)
            lost += len(set(whole) - have)
        return lost, expected


class Peer:
    """One aiortc peer connection and its resource at the relay."""

    def __init__(self, connection: RTCPeerConnection) -> None:
        self.connection = connection
        self.seen = Seen()
        self.transport = ""
        self.etag = ""
        self.answer = ""
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """Tell whether ICE and DTLS are up."""
        return str(self.connection.connectionState) == "connected"

    def watch(self, kind: str) -> None:
        """Add a line to watch, drain its track, and note every packet it gets."""
        receiver = self.connection.addTransceiver(kind, direction="recvonly").receiver
        handle, seen = receiver._handle_rtp_packet, self.seen

        async def note(packet: RtpPacket, arrival_time_ms: int) -> None:
            if f"a=rtpmap:{packet.payload_type} rtx/" in self.answer:
                original = next((ssrc for ssrc, name in seen.kinds.items() if name == kind), None)
                if original is not None and len(packet.payload) > 2:
                    seen.repaired[original].add(int.from_bytes(packet.payload[:2], "big"))
            else:
                seen.kinds[packet.ssrc] = kind
                seen.received[packet.ssrc].add(packet.sequence_number)
            await handle(packet, arrival_time_ms)

        receiver._handle_rtp_packet = note  # type: ignore[method-assign]

    def drain(self, track: MediaStreamTrack) -> None:
        """Take a track's frames until it ends."""
        self._tasks.add(asyncio.create_task(self._drain(track)))

    async def _drain(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                await track.recv()
                self.seen.frames[track.kind] += 1
                self.seen.first.setdefault(track.kind, time.monotonic() - self.seen.asked_at)

    async def accept(self, answer: dict[str, Any], at: tuple[str, int] | None = None) -> None:
        """Take the relay's answer; `at` sends media there instead of to the relay."""
        self.transport, self.etag, self.answer = answer["transport"], answer["etag"], answer["answer"]
        text = self.answer
        if at is not None:
            port = text.split("a=candidate:", 1)[1].split(" ")[5]
            text = text.replace(f"127.0.0.1 {port} typ", f"127.0.0.1 {at[1]} typ")
        await self.connection.setRemoteDescription(RTCSessionDescription(text, "answer"))

    async def close(self) -> None:
        """End it, with a goodbye."""
        await self.connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Talk:
    """One session on a relay, over HTTP."""

    def __init__(self, relay: Relay, session: str, http: httpx.AsyncClient) -> None:
        self.relay = relay
        self.session = session
        self.http = http
        self._seq = 0

    async def plan(self, *keys: str) -> None:
        """Put these publications on stage."""
        self._seq += 1
        body = {"epoch": 1, "seq": self._seq, "feeds": {"stage": {"main": keys, "audio": keys}}}
        (await self.http.put(f"/sessions/{self.session}/plan", json=body)).raise_for_status()

    async def stats(self) -> dict[str, Any]:
        """Return what the relay counts."""
        found: dict[str, Any] = (await self.http.get("/stats")).json()
        return found

    async def counters(self) -> dict[str, int]:
        """Return what the relay counts by name; 0 for what never was."""
        return defaultdict(int, (await self.stats())["counters"])

    async def post(self, what: Literal["publications", "views"], **body: object) -> httpx.Response:
        """Ask for a transport."""
        return await self.http.post(f"/sessions/{self.session}/{what}", json=body)

    @asynccontextmanager
    async def publisher(
        self, name: str = "sp", *, at: tuple[str, int] | None = None, audio: bool = True
    ) -> AsyncIterator[Peer]:
        """Publish noise and silence as `name`'s camera, and be connected."""
        peer = Peer(new_peer())
        peer.connection.addTrack(Noise())
        if audio:
            peer.connection.addTrack(AudioStreamTrack())
        try:
            await peer.connection.setLocalDescription(await peer.connection.createOffer())
            offer = peer.connection.localDescription.sdp
            answer = await self.post("publications", participant=name, source="camera", offer=offer)
            assert answer.status_code == 201, answer.text
            await peer.accept(answer.json(), at)
            await until(lambda: peer.connected, 10)
            yield peer
        finally:
            await peer.close()

    @asynccontextmanager
    async def viewer(
        self,
        name: str = "viewer",
        *,
        at: tuple[str, int] | None = None,
        wait: bool = True,
        setup: Literal["actpass", "active", "passive"] = "actpass",
    ) -> AsyncIterator[Peer]:
        """Watch the stage; the block begins when the answer was taken. `setup` is the DTLS role offered."""
        peer = Peer(new_peer())
        try:
            peer.connection.on("track", peer.drain)
            for kind in ("video", "audio"):
                peer.watch(kind)
            await peer.connection.setLocalDescription(await peer.connection.createOffer())
            peer.seen.asked_at = time.monotonic()
            offer = peer.connection.localDescription.sdp.replace("a=setup:actpass", f"a=setup:{setup}")
            answer = await self.post("views", participant=name, feed="stage", offer=offer, wait=wait)
            assert answer.status_code == 201, answer.text
            await peer.accept(answer.json(), at)
            yield peer
        finally:
            await peer.close()


@asynccontextmanager
async def talk(relay: Relay, session: str | None = None) -> AsyncIterator[Talk]:
    """Hold a session on a relay; everything of it is ended afterwards."""
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with httpx.AsyncClient(base_url=relay.url, headers=headers, trust_env=False, timeout=10) as http:
        one = Talk(relay, session or os.urandom(4).hex(), http)
        try:
            yield one
        finally:
            with contextlib.suppress(httpx.HTTPError):  # some tests end the relay
                await http.delete(f"/sessions/{one.session}")


async def until(condition: Any, seconds: float, step: float = 0.02) -> float:
    """Wait until a condition (a function, maybe a coroutine's) holds; return how long it took, seconds."""
    began = time.monotonic()
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return time.monotonic() - began
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        await asyncio.sleep(step)
