"""The speaker of a measurement: sends the feed in its time, and writes down when each packet left.

A real publisher to the relay: sender reports, key frames when asked for, retransmissions when asked for,
the header extensions a browser sends. The law: what is measured later rests on `SentLog` alone, and a
packet's time of departure is taken just before its system call.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from stream.bench import feed as feeds
from stream.bench.ends import ABS_SEND_TIME_ID, AUDIO_LEVEL_ID, TRANSPORT_CC_ID
from stream.bench.feed import Feed, Kind
from stream.bench.light_peer import CONSENT_INTERVAL, LightPeer
from stream.bench.matching import Stamp
from stream.bench.sent_log import Clocks, Mark, SentLog
from stream.wire import rtcp, rtp

Pacing = Literal["burst", "browser"]
"""A frame's packets at once, as an encoder in hardware or FFmpeg sends them, or a few every 5 ms."""

_PACER_STEP: Final = 0.005
_PACER_PACKETS: Final = 3
"""Chromium's pacer works in steps of 5 ms at 2.5 times the rate: about three packets of 2 Mbit/s each."""

_QUIET: Final = 0.004
"""Seconds without a packet before a mark, so that what was sent before has also arrived."""

_KEY_FRAME_INTERVAL: Final = 0.3
"""Least seconds between two key frames on request, as encoders hold it."""

_RING: Final = 512
"""Packets kept for retransmission."""

_AUDIO_LEVEL: Final = bytes((0x80 | 30,))
"""Voice at -30 dBov (RFC 6464)."""


class _Line:
    """One outgoing stream."""

    def __init__(self, log: SentLog, jitter: int) -> None:
        self.log = log
        self.payload_type = 0
        self.ssrc = secrets.randbits(32) or 1
        self.jitter = jitter
        self.first_sequence = secrets.randbits(15)
        self.first_timestamp = secrets.randbits(32)
        self.octets = 0
        self.packets: dict[int, bytes] = {}


class Publisher:
    """Sends through a connected light peer until cancelled."""

    def __init__(self, peer: LightPeer, feed: Feed, pacing: Pacing, logs: Mapping[Kind, SentLog]) -> None:
        self.peer = peer
        self.counters: Counter[str] = Counter()
        self._lateness: list[float] = []
        self._feed = feed
        self._pacing = pacing
        # Irregular timestamps (at most 1 ms, 0.3 ms) are what viewers recognise the stream by.
        self._lines: dict[Kind, _Line] = {
            "video": _Line(logs["video"], 90),
            "audio": _Line(logs["audio"], 16),
        }
        self._picture = 0
        self._picture_id = secrets.randbits(15)
        self._sound = 0
        self._key_frame_at = 0.0
        self._transport_sequence = 0
        self._last_sent = 0.0
        self._waiting: list[tuple[asyncio.Future[Mark], Callable[[], Clocks]]] = []
        self._random = random.Random(7)  # noqa: S311  irregularity, no secret

    @property
    def ssrcs(self) -> tuple[int, int]:
        """The SSRCs of sound and picture, for the offer."""
        return self._lines["audio"].ssrc, self._lines["video"].ssrc

    async def mark(self, clocks: Callable[[], Clocks]) -> Mark:
        """Wait for the next quiet moment between two frames, and read the clocks in it."""
        future: asyncio.Future[Mark] = asyncio.get_running_loop().create_future()
        self._waiting.append((future, clocks))
        return await future

    async def run(self) -> None:
        """Send until cancelled. Raises ValueError where more is sent than there is room for in the log."""
        assert self.peer.remote is not None, "the publisher is connected first"
        self._lines["video"].payload_type = self.peer.remote.video_type
        self._lines["audio"].payload_type = self.peer.remote.audio_type
        loop = asyncio.get_running_loop()
        loop.add_reader(self.peer.socket, self._readable)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send_pictures())
                tasks.create_task(self._send_sounds())
                tasks.create_task(self._keep_company())
        finally:
            loop.remove_reader(self.peer.socket)

    async def _send_pictures(self) -> None:
        start = time.monotonic()
        number = 0
        while True:
            due = start + number / feeds.FRAME_RATE
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self._serve_marks()
            self._lateness.append(time.monotonic() - due)
            parts = self._feed.pictures[self._picture]
            self._picture = (self._picture + 1) % len(self._feed.pictures)
            self._picture_id = (self._picture_id + 1) & 0x7FFF
            line = self._lines["video"]
            stamp = self._timestamp(line, number * feeds.VIDEO_CLOCK // feeds.FRAME_RATE)
            first = line.log.count
            protected = []
            for index, part in enumerate(parts):
                payload = feeds.descriptor(self._picture_id, first=index == 0) + part
                protected.append(self._protect(line, stamp, payload, marker=index == len(parts) - 1))
            step = _PACER_PACKETS if self._pacing == "browser" else len(protected)
            for at in range(0, len(protected), step):
                if at:
                    await asyncio.sleep(_PACER_STEP)
                self._send(line, protected[at : at + step])
            line.log.frames.append(Stamp(stamp, first, len(parts)))
            number += 1

    async def _send_sounds(self) -> None:
        start = time.monotonic() + 0.013  # between pictures, as two capture clocks are
        number = 0
        while True:
            due = start + number / feeds.AUDIO_RATE
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            line = self._lines["audio"]
            payload = self._feed.sounds[number % len(self._feed.sounds)]
            stamp = self._timestamp(line, number * feeds.AUDIO_CLOCK // feeds.AUDIO_RATE)
            first = line.log.count
            self._send(line, [self._protect(line, stamp, payload, marker=number == 0)])
            line.log.frames.append(Stamp(stamp, first, 1))
            number += 1

    def _timestamp(self, line: _Line, even: int) -> int:
        return (line.first_timestamp + even + self._random.randrange(line.jitter)) & 0xFFFFFFFF

    def _serve_marks(self) -> None:
        if self._waiting and time.monotonic() - self._last_sent >= _QUIET:
            waiting, self._waiting = self._waiting, []
            for future, clocks in waiting:
                if not future.done():
                    read = clocks()
                    late, self._lateness = self._lateness, []
                    counts = {kind: line.log.count for kind, line in self._lines.items()}
                    times = time.time_ns(), time.monotonic()
                    future.set_result(Mark(counts, *times, late, dict(self.counters), read))

    def _protect(self, line: _Line, timestamp: int, payload: bytes, *, marker: bool) -> bytes:
        """Make the next packet of a stream; it is protected before its picture's first one leaves."""
        srtp, log = self.peer.srtp, line.log
        assert srtp is not None, "the publisher is connected first"
        index = len(log.payloads)
        self._transport_sequence = (self._transport_sequence + 1) & 0xFFFF
        extensions = {
            ABS_SEND_TIME_ID: int(time.time() * (1 << 18) % (1 << 24)).to_bytes(3, "big"),
            TRANSPORT_CC_ID: self._transport_sequence.to_bytes(2, "big"),
        }
        if line is self._lines["audio"]:
            extensions[AUDIO_LEVEL_ID] = _AUDIO_LEVEL
        sequence = line.first_sequence + index
        header = rtp.pack_header(
            payload_type=line.payload_type,
            sequence=sequence,
            timestamp=timestamp,
            ssrc=line.ssrc,
            marker=marker,
            extension_block=rtp.pack_extensions(extensions),
        )
        data = srtp.protect(header, payload, line.ssrc, sequence)
        log.timestamps[index] = timestamp
        log.payloads.append(payload)
        line.octets += len(payload)
        line.packets[sequence & 0xFFFF] = data
        line.packets.pop((sequence - _RING) & 0xFFFF, None)
        return data

    def _send(self, line: _Line, packets: Sequence[bytes]) -> None:
        """Send packets back to back, noting when each leaves."""
        log = line.log
        for data in packets:
            log.departures[log.count] = time.time_ns()
            log.count += 1
            self.peer.send(data)
        self._last_sent = time.monotonic()

    async def _keep_company(self) -> None:
        """Renew consent, and send a report of each stream every second."""
        check_due = 0.0
        while True:
            now = time.monotonic()
            if now >= check_due:
                check_due = now + CONSENT_INTERVAL
                self.peer.check()
            for line in self._lines.values():
                if line.log.count:
                    self.peer.send_rtcp(self._report(line))
            await asyncio.sleep(1.0)

    def _report(self, line: _Line) -> bytes:
        unix_ns = time.time_ns()
        last = line.log.count - 1
        since = (unix_ns - int(line.log.departures[last])) / 1e9
        timestamp = int(line.log.timestamps[last]) + round(since * line.log.clock_rate)
        report = rtcp.pack_sender_report(
            line.ssrc, rtcp.ntp_from_unix(unix_ns / 1e9), timestamp, line.log.count, line.octets
        )
        return report + rtcp.pack_sdes_cname(line.ssrc, "feed")

    def _readable(self) -> None:
        for _ in range(64):
            try:
                data = self.peer.socket.recv(2048)
            except (BlockingIOError, ConnectionRefusedError):
                return
            for packet in self.peer.receive(data):
                match packet:
                    case rtcp.PictureLossIndication() | rtcp.FullIntraRequest():
                        self._key_frame()
                    case rtcp.Nack():
                        self._resend(packet)
                    case rtcp.TransportFeedback():
                        self.counters["transport_feedback"] += 1
                    case _:
                        pass

    def _key_frame(self) -> None:
        """Begin the round again with the next picture, which is a key frame."""
        self.counters["picture_requests"] += 1
        now = time.monotonic()
        if now - self._key_frame_at >= _KEY_FRAME_INTERVAL:
            self._key_frame_at = now
            self._picture = 0

    def _resend(self, nack: rtcp.Nack) -> None:
        for line in self._lines.values():
            if line.ssrc == nack.media_ssrc:
                for sequence in nack.sequences:
                    data = line.packets.get(sequence)
                    if data is not None:
                        self.counters["resent"] += 1
                        self.peer.send(data)
