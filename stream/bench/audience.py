"""The viewers of a measurement: hundreds of connected light peers, read and answered in turn.

What a viewer's browser would send, these send: receiver reports each second, transport-wide feedback
where the relay marks packets (else REMB, where it is wanted), NACKs for real gaps, consent checks. What
they got is held as arrays over (viewer, index of the publisher's packet). The law: a delivery is a packet
that came and was told to be one certain packet of the publisher, once. It must not know the server's kind.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from stream.bench.batch import Arena, Fetched
from stream.bench.feed import Kind
from stream.bench.inspection import Inspector
from stream.bench.light_peer import CONSENT_INTERVAL, LightPeer
from stream.bench.matching import frames, match
from stream.bench.sent_log import MOST_PACKETS, Mark, SentLog
from stream.wire import rtcp
from stream.wire.sequence import extend

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

TURN: Final = 0.02
"""Seconds between two rounds of all sockets."""

_FEEDBACK_TURNS: Final = 5
_REMB_TURNS: Final = 10
_REPORT_TURNS: Final = 50
_CHECK_TURNS: Final = round(CONSENT_INTERVAL / TURN)

_BIN_NS: Final = 10_000
_BINS: Final = 100_001
"""Delays are counted in bins of 10 µs up to one second; the last bin holds what is longer."""

_GAP_AFTER_NS: Final = 150_000_000
_GAP_UNTIL_NS: Final = 450_000_000
"""A packet this long overdue is asked for again, at each feedback until the second."""

_NACKS_AT_ONCE: Final = 50
_RECENT_FRAMES: Final = 400
_HELD: Final = 160
"""Headers kept for a viewer that is not recognised yet."""

_REMB_BITRATE: Final = 5_000_000


class Track:
    """One kind of all viewers' packets."""

    def __init__(self, log: SentLog, viewers: int) -> None:
        self.log = log
        self.shift: Ints = np.full(viewers, -1, dtype=np.int64)
        """Added to the index of a publisher's packet to get a viewer's sequence number; -1: not known."""
        self.timestamp_shift: Ints = np.zeros(viewers, dtype=np.int64)
        self.since: Ints = np.full(viewers, MOST_PACKETS, dtype=np.int64)
        """From which index on a viewer's packets are looked for: it was recognised then."""
        self.newest: Ints = np.full(viewers, -1, dtype=np.int64)
        """Index of the newest packet that has come."""
        self.seen: Flags = np.zeros((viewers, MOST_PACKETS), dtype=np.bool_)
        self.ssrc: Ints = np.zeros(viewers, dtype=np.int64)
        self.highest: Ints = np.full(viewers, -1, dtype=np.int64)
        self.received: Ints = np.zeros(viewers, dtype=np.int64)
        self.reported: list[tuple[int, int]] = [(-1, 0)] * viewers
        """Highest number and packets received, as of the last report."""
        self.base: Ints = np.full(viewers, -1, dtype=np.int64)
        self.held: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.delays: Ints = np.zeros(_BINS, dtype=np.int64)
        self.window = (0, 0)

    def gaps(self, now_ns: int) -> list[tuple[int, int]]:
        """Return (viewer, index) of each packet that is overdue while a newer one has come.

        What comes late with all that follows it is no gap: no viewer could know that it was sent.
        """
        sent = self.log.departures[: self.log.count]
        first = int(np.searchsorted(sent, now_ns - _GAP_UNTIL_NS))
        last = int(np.searchsorted(sent, now_ns - _GAP_AFTER_NS))
        indices = np.arange(first, last)
        due = (indices >= self.since[:, None]) & (indices < self.newest[:, None])
        missing = np.argwhere(~self.seen[:, first:last] & due)
        return [(int(owner), first + int(place)) for owner, place in missing]


class Audience:
    """All viewers of one run: let in once they are connected, and read only here from then on."""

    def __init__(self, capacity: int, logs: Mapping[Kind, SentLog]) -> None:
        self.peers: list[LightPeer] = []
        self.inspected: dict[int, Inspector] = {}
        """Viewers whose payloads are decrypted and compared, by their place in `peers`."""
        self.counters: Counter[str] = Counter()
        self.largest_gap_ns: Ints = np.zeros(capacity, dtype=np.int64)
        """Longest time between two packets of a viewer within the window."""
        self.turn_lags: list[float] = []
        self.still = asyncio.Lock()
        """While somebody holds it nothing is read: what comes meanwhile is read after what they then say."""
        self.tracks: dict[Kind, Track] = {kind: Track(log, capacity) for kind, log in logs.items()}
        self._capacity = capacity
        self._arena = Arena()
        self._sockets: list[tuple[int, int]] = []
        self._last_ns: Ints = np.zeros(capacity, dtype=np.int64)
        self._window_ns = (0, 0)
        self._arrivals: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._newest_transport = [0] * capacity
        self._feedback_count = [0] * capacity
        self._sender_reports: dict[tuple[int, int], tuple[int, float]] = {}
        self._video_type = self._audio_type = self._rtx_type = -1
        self._transport_cc = 0
        self._remb = False

    def admit(self, peer: LightPeer, inspector: Inspector | None = None) -> None:
        """Take over a connected viewer. All of one server's are told the same payload types and ids."""
        remote = peer.remote
        assert remote is not None, "viewers are connected before they are let in"
        self._video_type, self._audio_type = remote.video_type, remote.audio_type
        self._rtx_type, self._transport_cc = remote.rtx_type, remote.transport_cc
        self._remb = remote.remb and not remote.transport_cc
        owner = len(self.peers)
        self.peers.append(peer)
        self._sockets.append((owner, peer.socket.fileno()))
        if inspector is not None:
            self.inspected[owner] = inspector

    # -- the window --------------------------------------------------------------------------------

    def begin(self, mark: Mark) -> None:
        """Count from here on."""
        self._window_ns = (mark.unix_ns, 1 << 62)
        for kind, track in self.tracks.items():
            track.window = (mark.counts[kind], MOST_PACKETS)

    def end(self, mark: Mark) -> None:
        """Count until here; what was sent before is still waited for."""
        self._window_ns = (self._window_ns[0], mark.unix_ns)
        for kind, track in self.tracks.items():
            track.window = (track.window[0], mark.counts[kind])

    @property
    def recognised(self) -> int:
        """How many viewers' pictures and sounds are told apart by now."""
        known = np.ones(self._capacity, dtype=np.bool_)
        for track in self.tracks.values():
            known &= track.shift >= 0
        return int(known.sum())

    def deliveries(self, kind: Kind) -> Ints:
        """How many of the window's packets each viewer has got."""
        track = self.tracks[kind]
        counts: Ints = track.seen[:, slice(*track.window)].sum(axis=1)
        return counts

    def delay(self, share: float) -> float:
        """The delay that this share of the window's deliveries did not exceed, seconds."""
        total = np.cumsum(sum(track.delays for track in self.tracks.values()))
        if not total[-1]:
            return float("nan")
        return float(np.searchsorted(total, share * total[-1]) + 1) * _BIN_NS / 1e9

    # -- the turns ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Read and answer until cancelled."""
        turn = 0
        while True:
            async with self.still:
                before = time.monotonic()
                self.sweep()
                self._answer(turn)
                now = time.monotonic()
            turn += 1
            self.turn_lags.append(now - before)
            await asyncio.sleep(max(0.0005, TURN - (now - before)))

    def sweep(self) -> None:
        """Read every socket until it is empty."""
        todo = self._sockets
        while todo:
            fetched, done = self._arena.fetch(todo)
            if len(fetched.owners):
                self._take(fetched)
            todo = todo[done:]

    def _take(self, fetched: Fetched) -> None:
        rows = fetched.rows
        second = rows[:, 1]
        is_rtp = (rows[:, 0] >> 6 == 2) & ((second < 192) | (second > 223)) & (fetched.lengths >= 12)
        for row in np.flatnonzero(~is_rtp):
            self._control(int(fetched.owners[row]), rows[row, : fetched.lengths[row]].tobytes())
        payload_types = second & 0x7F
        for kind, number in (("video", self._video_type), ("audio", self._audio_type)):
            chosen = np.flatnonzero(is_rtp & (payload_types == number))
            if chosen.size:
                self._media(kind, fetched, chosen)  # type: ignore[arg-type]
        if self._rtx_type >= 0:
            self.counters["retransmissions"] += int((is_rtp & (payload_types == self._rtx_type)).sum())
        media = np.flatnonzero(is_rtp)
        if media.size:
            self._gaps(fetched.owners[media], fetched.stamps[media])
            if self._transport_cc:
                self._note_marked(fetched, media)

    def _media(self, kind: Kind, fetched: Fetched, chosen: Ints) -> None:
        track = self.tracks[kind]
        head = fetched.rows[chosen, 2:12].astype(np.int64)
        owners, stamps = fetched.owners[chosen], fetched.stamps[chosen]
        sequences = head[:, 0] << 8 | head[:, 1]
        timestamps = head[:, 2] << 24 | head[:, 3] << 16 | head[:, 4] << 8 | head[:, 5]
        self._count_received(track, owners, sequences, head)
        window = (stamps >= self._window_ns[0]) & (stamps < self._window_ns[1])
        self.counters["in_window"] += int(window.sum())
        index = (sequences - track.shift[owners]) & 0xFFFF
        known = track.shift[owners] >= 0
        index[~known | (index >= track.log.count)] = 0
        wanted = (track.log.timestamps[index] + track.timestamp_shift[owners]) & 0xFFFFFFFF
        right = known & (wanted == timestamps)
        lost_at = self._lose_track(track, owners, known & ~right)
        right &= np.arange(owners.size) < lost_at[owners]
        for row in np.flatnonzero(~right):
            self._recognise(track, int(owners[row]), int(sequences[row]), int(timestamps[row]))
        places = (owners[right], index[right])
        fresh = ~track.seen[places]
        self.counters["duplicates"] += int(fresh.size - fresh.sum())
        track.seen[places] = True
        np.maximum.at(track.newest, *places)
        counted = fresh & (places[1] >= track.window[0]) & (places[1] < track.window[1])
        delays = (stamps[right] - track.log.departures[places[1]])[counted] // _BIN_NS
        track.delays += np.bincount(np.clip(delays, 0, _BINS - 1), minlength=_BINS)
        for row in np.flatnonzero(np.isin(owners, list(self.inspected))) if self.inspected else ():
            inspector = self.inspected[int(owners[row])]
            if row == lost_at[owners[row]]:
                inspector.lose_track(kind)
            payload = track.log.payloads[int(index[row])] if right[row] else None
            data = fetched.rows[chosen[row], : fetched.lengths[chosen[row]]].tobytes()
            inspector.take(kind, data, payload)

    def _count_received(self, track: Track, owners: Ints, sequences: Ints, head: Ints) -> None:
        """Keep what reports need: how many came, and the highest number with its rounds."""
        track.received += np.bincount(owners, minlength=self._capacity)
        last = np.flatnonzero(np.append(owners[1:] != owners[:-1], True))
        who, number = owners[last], sequences[last]
        track.ssrc[who] = head[last, 6] << 24 | head[last, 7] << 16 | head[last, 8] << 8 | head[last, 9]
        former = track.highest[who]
        step = (number - former + 0x8000 & 0xFFFF) - 0x8000
        track.highest[who] = np.where(former < 0, number, np.maximum(former, former + step))
        new = former < 0
        first = np.flatnonzero(np.append(True, owners[1:] != owners[:-1]))
        track.base[who[new]] = sequences[first[new]]

    def _lose_track(self, track: Track, owners: Ints, wrong: Flags) -> Ints:
        """Forget whose packets went on otherwise than they should; return, by owner, from which row on.

        What comes behind such a row is not told apart by what held before it: a stream that goes on from
        another place has frames of many packets under one timestamp, so some of them would seem right.
        """
        rows = np.flatnonzero(wrong)
        lost_at: Ints = np.full(self._capacity, owners.size, dtype=np.int64)
        np.minimum.at(lost_at, owners[rows], rows)
        lost = np.unique(owners[rows])
        track.shift[lost], track.since[lost] = -1, MOST_PACKETS
        self.counters["lost_track"] += lost.size
        return lost_at

    def _recognise(self, track: Track, owner: int, sequence: int, timestamp: int) -> None:
        """Find out which packet of the publisher this is, from this header and those before it."""
        if track.shift[owner] >= 0:
            return  # recognised by an earlier row of the same batch: this one stays unknown
        held = track.held[owner]
        held.append((sequence, timestamp))
        del held[:-_HELD]
        if len(held) > 1 and held[-2][1] == timestamp:
            return  # in the middle of a frame there is nothing new to compare
        found = match(track.log.frames.newest(_RECENT_FRAMES), frames(held))
        if found is not None:
            track.shift[owner], track.timestamp_shift[owner] = found
            track.since[owner] = track.log.count
            held.clear()

    def _gaps(self, owners: Ints, stamps: Ints) -> None:
        """Note how long each viewer waited for its next packet."""
        former = np.empty_like(stamps)
        former[1:] = stamps[:-1]
        first = np.append(True, owners[1:] != owners[:-1])
        former[first] = self._last_ns[owners[first]]
        inside = (former >= self._window_ns[0]) & (stamps < self._window_ns[1]) & (self._window_ns[0] > 0)
        np.maximum.at(self.largest_gap_ns, owners[inside], (stamps - former)[inside])
        last = np.append(owners[1:] != owners[:-1], True)
        self._last_ns[owners[last]] = stamps[last]

    def _note_marked(self, fetched: Fetched, media: Ints) -> None:
        """Find the transport-wide number in one-byte extensions (RFC 8285), a step of all rows at once."""
        todo = media[(fetched.rows[media, 0] & 0x1F) == 0x10]
        ends = 16 + 4 * (fetched.rows[todo, 14].astype(np.int64) << 8 | fetched.rows[todo, 15])
        at = np.full(todo.size, 16, dtype=np.int64)
        while todo.size:
            left = at + 2 < np.minimum(ends, fetched.lengths[todo])
            todo, ends, at = todo[left], ends[left], at[left]
            heads = fetched.rows[todo, at].astype(np.int64)
            hit = heads >> 4 == self._transport_cc
            for row, place in zip(todo[hit], at[hit], strict=True):
                owner = int(fetched.owners[row])
                number = int(fetched.rows[row, place + 1]) << 8 | int(fetched.rows[row, place + 2])
                number = extend(number, self._newest_transport[owner])
                self._newest_transport[owner] = max(number, self._newest_transport[owner])
                self._arrivals[owner].append((number, int(fetched.stamps[row]) // 1000))
            at = np.where(heads == 0, at + 1, at + 2 + (heads & 15))[~hit]
            todo, ends = todo[~hit], ends[~hit]

    def _control(self, owner: int, data: bytes) -> None:
        for packet in self.peers[owner].receive(data):
            if isinstance(packet, rtcp.SenderReport):
                compact = rtcp.compact_ntp(packet.ntp)
                self._sender_reports[owner, packet.ssrc] = (compact, time.monotonic())
                self.counters["sender_reports"] += 1

    # -- what viewers say --------------------------------------------------------------------------

    def _answer(self, turn: int) -> None:
        """Send what is due; viewers take turns, so that they do not all speak at once."""
        count = len(self.peers)
        for owner in range(turn % _REPORT_TURNS, count, _REPORT_TURNS):
            self._report(owner)
        for owner in range(turn % _CHECK_TURNS, count, _CHECK_TURNS):
            self.peers[owner].check()
        if self._remb:
            for owner in range(turn % _REMB_TURNS, count, _REMB_TURNS):
                media = int(self.tracks["video"].ssrc[owner])
                self.peers[owner].send_rtcp(rtcp.pack_remb(owner + 1, _REMB_BITRATE, [media]))
                self.counters["sent_remb"] += 1
        for owner in range(turn % _FEEDBACK_TURNS, count, _FEEDBACK_TURNS):
            arrivals = self._arrivals.pop(owner, None)
            if arrivals:
                self._feed_back(owner, arrivals)
        if turn % _FEEDBACK_TURNS == 0:
            self._ask_again()

    def _report(self, owner: int) -> None:
        blocks = []
        for track in self.tracks.values():
            highest, received = int(track.highest[owner]), int(track.received[owner])
            if highest < 0:
                continue
            former_highest, former_received = track.reported[owner]
            base = int(track.base[owner])
            expected = highest - (former_highest if former_highest >= 0 else base - 1)
            lost = max(0, expected - (received - former_received))
            track.reported[owner] = (highest, received)
            ssrc = int(track.ssrc[owner])
            last_sr, heard = self._sender_reports.get((owner, ssrc), (0, 0.0))
            blocks.append(
                rtcp.ReportBlock(
                    ssrc=ssrc,
                    fraction_lost=min(255, lost * 256 // max(1, expected)),
                    lost=max(0, highest - base + 1 - received),
                    highest_sequence=highest,
                    jitter=0,
                    last_sr=last_sr,
                    delay_since_last_sr=round((time.monotonic() - heard) * 65536) if last_sr else 0,
                )
            )
        if blocks:
            self.peers[owner].send_rtcp(rtcp.pack_receiver_report(owner + 1, blocks))
            self.counters["sent_reports"] += 1

    def _feed_back(self, owner: int, arrivals: list[tuple[int, int]]) -> None:
        arrivals.sort()
        messages = rtcp.pack_transport_feedback(
            owner + 1, int(self.tracks["video"].ssrc[owner]), self._feedback_count[owner], arrivals
        )
        self._feedback_count[owner] += len(messages)
        for message in messages:
            self.peers[owner].send_rtcp(message)
            self.counters["sent_transport_feedback"] += 1

    def _ask_again(self) -> None:
        """Ask for what is overdue, of viewers that are recognised."""
        now = time.time_ns()
        for track in self.tracks.values():
            asked: dict[int, list[int]] = defaultdict(list)
            for owner, index in track.gaps(now):
                if len(asked[owner]) < _NACKS_AT_ONCE:
                    asked[owner].append(index)
            for owner, indices in asked.items():
                numbers = [(index + int(track.shift[owner])) & 0xFFFF for index in indices]
                self.peers[owner].send_rtcp(rtcp.pack_nack(owner + 1, int(track.ssrc[owner]), numbers))
                self.counters["sent_nacks"] += 1
