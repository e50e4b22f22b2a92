"""A speaker whose camera comes in three layers: `python -m tests.e2e.layered_speaker WHIP_URL TOKEN`.

A real WHIP publisher, cheap enough to run beside browsers: VP8 encoded as it is sent, with the clock and the
counter of `stream/clients/strip.py` in each picture, key frames when asked for, retransmissions when asked
for. Prints a JSON line when it is connected, and each second what it was asked for since the last one, and
the bit/s sent: `{"pli": {"q": …, "h": …, "f": …}, "resent": …, "rate": …}`. The law: each layer is as wide as
it says, all the time.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.video.frame import PictureType

from stream.agreement import EXTENSION_URIS, Extension
from stream.bench import feed
from stream.bench.ends import ABS_SEND_TIME_ID, AUDIO_LEVEL_ID, MID_ID, offer, read
from stream.bench.light_peer import CONSENT_INTERVAL, LightPeer
from stream.clients import strip, voice
from stream.clients.resource import new_http, post_offer
from stream.transport.rtc_adapter import make_certificate
from stream.wire import rtcp, rtp

RID_ID: Final = 7
FRAME_RATE: Final = 30
AUDIO_RATE: Final = 50
AUDIO_BITRATE: Final = 32_000

LAYERS: Final = (("q", 160, 90, 110_000), ("h", 320, 180, 400_000), ("f", 640, 360, 1_200_000))
"""RID, width, height and bit/s: 0.22, 0.55 and 1.4 Mbit/s on the wire with sound."""

_RING: Final = 512
_NOISE: Final = 4
"""Different pictures of noise; they give the encoder something to do."""

_VOICE: Final = bytes((0x80 | 30,))


@dataclass
class Line:
    """One outgoing stream."""

    mid: str
    rid: str
    payload_type: int
    clock_rate: int
    ssrc: int = field(default_factory=lambda: secrets.randbits(32) or 1)
    index: int = field(default_factory=lambda: secrets.randbits(14))
    first_timestamp: int = field(default_factory=lambda: secrets.randbits(32))
    packets: int = 0
    octets: int = 0
    sent: deque[tuple[int, bytes]] = field(default_factory=lambda: deque(maxlen=_RING))

    def timestamp(self, unix: float) -> int:
        """Return the stream's timestamp of a moment."""
        return (self.first_timestamp + round(unix * self.clock_rate)) & 0xFFFFFFFF


class Layer:
    """One size of the picture, and its encoder."""

    def __init__(self, line: Line, width: int, height: int, bitrate: int) -> None:
        self.line = line
        self.picture_id = secrets.randbits(14)
        self.key_frame_wanted = True
        self.key_frame_at = 0.0
        codec = av.CodecContext.create("libvpx", "w")
        assert isinstance(codec, av.VideoCodecContext), "libvpx encodes video"
        codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
        codec.time_base, codec.framerate = Fraction(1, FRAME_RATE), Fraction(FRAME_RATE)
        codec.bit_rate, codec.thread_count = bitrate, 1
        codec.options = {
            "deadline": "realtime",
            "cpu-used": "16",
            "lag-in-frames": "0",
            "g": "9999",
            "minrate": str(bitrate),
            "maxrate": str(bitrate),
            "bufsize": str(bitrate // 2),
            "undershoot-pct": "5",
            "static-thresh": "200",
        }
        self._codec = codec
        random = np.random.default_rng(1)
        ground = random.integers(40, 216, (height // 8 + 1, width // 8 + 1), dtype=np.uint8)
        self._picture = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
        self._picture[:height] = ground.repeat(8, 0).repeat(8, 1)[:height, :width]
        # Only a part moves, and wildly: as many bits as wanted, for a tenth of the processor's time.
        self._noise = random.integers(0, 192, (_NOISE, height // 8, width), dtype=np.uint8)
        self._height = height

    def encode(self, ms: int, counter: int, now: float) -> bytes:
        """Return the picture of a moment."""
        self._picture[: self._height // 8] = self._noise[counter % _NOISE]
        strip.paint(self._picture[: self._height], strip.encode(ms, counter))
        frame = av.VideoFrame.from_ndarray(self._picture, format="yuv420p")
        frame.pts, frame.time_base = counter, Fraction(1, FRAME_RATE)
        if self.key_frame_wanted and now - self.key_frame_at > 0.3:  # as browsers hold it
            self.key_frame_wanted, self.key_frame_at = False, now
            frame.pict_type = PictureType.I
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))


def layered_offer(peer: LightPeer, ssrc: int) -> str:
    """Write an offer of sound and of a picture in layers."""
    layers = [
        f"a=extmap:{RID_ID} {EXTENSION_URIS[Extension.RID]}",
        *(f"a=rid:{rid} send" for rid, *_ in LAYERS),
        f"a=simulcast:send {';'.join(rid for rid, *_ in LAYERS)}",
    ]
    return offer(peer.local, "sendonly", [ssrc]) + "\r\n".join(layers) + "\r\n"


def opus() -> list[bytes]:
    """Return ten seconds of a voice, encoded."""
    codec = av.CodecContext.create("libopus", "w")
    assert isinstance(codec, av.AudioCodecContext), "libopus encodes audio"
    codec.sample_rate, codec.format, codec.layout = voice.SAMPLE_RATE, "s16", "mono"
    codec.bit_rate = AUDIO_BITRATE
    codec.options = {"frame_duration": "20", "application": "voip", "fec": "1", "packet_loss": "10"}
    size = voice.SAMPLE_RATE // AUDIO_RATE
    made: list[bytes] = []
    for number in range(10 * AUDIO_RATE):
        samples = voice.samples(number * size, size).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = voice.SAMPLE_RATE, number * size, Fraction(1, 48_000)
        made += [bytes(packet) for packet in codec.encode(frame)]
    return made


class Speaker:
    """Sends through a connected peer until cancelled."""

    def __init__(self, peer: LightPeer, sound: Line, layers: list[Layer]) -> None:
        self.peer = peer
        self.asked: Counter[str] = Counter()
        self.resent = 0
        self._sound = sound
        self._layers = layers
        self._lines = [sound, *(layer.line for layer in layers)]

    async def run(self) -> None:
        """Send."""
        asyncio.get_running_loop().add_reader(self.peer.socket, self._readable)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pictures())
            tasks.create_task(self._sounds())
            tasks.create_task(self._company())

    async def _pictures(self) -> None:
        start, number = time.monotonic(), 0
        while True:
            await asyncio.sleep(max(0.0, start + number / FRAME_RATE - time.monotonic()))
            unix, now = time.time(), time.monotonic()
            for layer in self._layers:
                data = layer.encode(int(unix * 1000), number, now)
                layer.picture_id = (layer.picture_id + 1) & 0x7FFF
                count = -(-len(data) // feed.MAX_PAYLOAD)
                size = -(-len(data) // count)
                stamp = layer.line.timestamp(unix)
                for at in range(0, len(data), size):
                    payload = feed.descriptor(layer.picture_id, first=at == 0) + data[at : at + size]
                    self._send(layer.line, stamp, payload, marker=at + size >= len(data))
            number += 1

    async def _sounds(self) -> None:
        packets, start, number = opus(), time.monotonic(), 0
        begun = time.time()
        while True:
            await asyncio.sleep(max(0.0, start + number / AUDIO_RATE - time.monotonic()))
            stamp = self._sound.timestamp(begun + number / AUDIO_RATE)
            self._send(self._sound, stamp, packets[number % len(packets)], marker=number == 0)
            number += 1

    def _send(self, line: Line, timestamp: int, payload: bytes, *, marker: bool) -> None:
        extensions = {ABS_SEND_TIME_ID: rtp.abs_send_time(time.time()), MID_ID: line.mid.encode()}
        if line.rid:
            extensions[RID_ID] = line.rid.encode()
        else:
            extensions[AUDIO_LEVEL_ID] = _VOICE
        header = rtp.pack_header(
            payload_type=line.payload_type,
            sequence=line.index,
            timestamp=timestamp,
            ssrc=line.ssrc,
            marker=marker,
            extension_block=rtp.pack_extensions(extensions),
        )
        assert self.peer.srtp is not None, "the peer is connected first"
        data = self.peer.srtp.protect(header, payload, line.ssrc, line.index)
        line.sent.append((line.index & 0xFFFF, data))
        line.index += 1
        line.packets += 1
        line.octets += len(payload)
        self.peer.send(data)

    async def _company(self) -> None:
        """Renew consent, report, and say what was asked for."""
        check_due, before, said_at = 0.0, 0, time.monotonic()
        while True:
            await asyncio.sleep(1.0)
            now, unix = time.monotonic(), time.time()
            if now >= check_due:
                check_due = now + CONSENT_INTERVAL
                self.peer.check()
            for line in self._lines:
                report = rtcp.pack_sender_report(
                    line.ssrc, rtcp.ntp_from_unix(unix), line.timestamp(unix), line.packets, line.octets
                )
                self.peer.send_rtcp(report + rtcp.pack_sdes_cname(line.ssrc, "speaker"))
            sent = sum(line.octets for line in self._lines)
            said = {"pli": self.asked, "resent": self.resent, "rate": (sent - before) * 8 / (now - said_at)}
            print(json.dumps(said), flush=True)
            self.asked, self.resent = Counter(), 0
            before, said_at = sent, now

    def _readable(self) -> None:
        for _ in range(64):
            try:
                data = self.peer.socket.recv(2048)
            except (BlockingIOError, ConnectionRefusedError):
                return
            for packet in self.peer.receive(data):
                match packet:
                    case rtcp.PictureLossIndication(media_ssrc=ssrc):
                        for layer in self._layers:
                            if layer.line.ssrc == ssrc:
                                layer.key_frame_wanted = True
                                self.asked[layer.line.rid] += 1
                    case rtcp.Nack(media_ssrc=ssrc, sequences=sequences):
                        for line in self._lines:
                            for number, sent in line.sent if line.ssrc == ssrc else ():
                                if number in sequences:
                                    self.resent += 1
                                    self.peer.send(sent)
                    case _:
                        pass


async def main(url: str, token: str) -> None:
    """Publish until killed."""
    peer = LightPeer(make_certificate(), "127.0.0.1")
    sound = Line("0", "", 0, voice.SAMPLE_RATE)
    async with new_http(token) as http:
        resource = await post_offer(http, url, layered_offer(peer, sound.ssrc))
    remote = read(resource.answer)
    sound.payload_type = remote.audio_type
    layers = [
        Layer(Line("1", rid, remote.video_type, feed.VIDEO_CLOCK), width, height, bitrate)
        for rid, width, height, bitrate in LAYERS
    ]
    await peer.connect(remote, until_media=False)
    print(json.dumps({"connected": True}), flush=True)
    await Speaker(peer, sound, layers).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
