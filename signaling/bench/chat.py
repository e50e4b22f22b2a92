"""`rostrum bench chat`: what a chat message costs on its way to everybody.

Members of the audience post in turn, everybody hears; then all is silent for the weighing, and then a
hundred post at once while a moderator goes on working. The law: a delivery is one message at one
viewer, counted there; the processor's time is that of all server processes, Redis included, from the
first message to the last delivery; a run whose load was the bottleneck is INVALID.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from dataclasses import dataclass
from typing import Final

from signaling.bench import bare
from signaling.bench.crowd import Member
from signaling.bench.scene import Scene, Verdict, scene
from stream.bench.servers import percentile

GRACE: Final = 3.0
"""Seconds a message may take to reach everybody, before it counts as lost."""

SETTLE: Final = 4.0
"""Seconds of silence after everybody has joined: presence has been told, and memory is weighed."""

LENGTH: Final = 200
"""Bytes of a message's text."""

BURST: Final = 100
"""Messages that come at once, after the window."""

BARE: Final = 3.0
"""Seconds that bare writes are timed, at most as long as people talk."""


@dataclass(frozen=True)
class Wanted:
    """What to measure. `rate` is messages a second by all together."""

    viewers: int = 2000
    rate: float = 5.0
    seconds: float = 20.0
    workers: int = 2


@dataclass(kw_only=True)
class Figures(Verdict):
    """What was measured. Delays in ms, memory in bytes."""

    viewers: int
    workers: int
    rate: float
    seconds: float
    messages: int
    deliveries: int
    lost: int
    doubled: int
    cpu_us_per_delivery: float
    """Of signaling and Redis together."""
    redis_us_per_delivery: float
    write_us: float
    """What a bare write of such a frame costs here, as often (bare.py)."""
    times_write: float
    """What all deliveries cost, by what their bare writes would have."""
    cpu_share: float
    """Of the servers' core, or cores, in the window."""
    messages_per_frame: float
    latency_p50_ms: float
    latency_p99_ms: float
    memory_per_connection: float
    joins_per_second: float
    burst: dict[str, float]


def measure(wanted: Wanted) -> Figures:
    """Start the servers, load them, and take the figures. Raises BenchError."""
    with scene(wanted.workers, 2 * wanted.viewers + 200) as where:
        return _Talk(wanted, where).figures()


class _Talk:
    """One measurement."""

    def __init__(self, wanted: Wanted, where: Scene) -> None:
        self._wanted = wanted
        self._scene = where
        self._crowd = where.crowd
        self._sent: dict[str, float] = {}
        self._posted = 0

    def figures(self) -> Figures:
        """Go through all of it."""
        crowd, workers, wanted = self._crowd, self._scene.workers, self._wanted
        empty = workers.memory()
        began = time.monotonic()
        self._scene.everybody_joins(wanted.viewers)
        joined = wanted.viewers / (time.monotonic() - began)
        desk = self._scene.desk_joins()
        crowd.wait(SETTLE)
        memory = (workers.memory() - empty) / wanted.viewers

        audience = crowd.members[: wanted.viewers]
        crowd.lags.clear()
        turns, own, cpu = len(crowd.moments), time.process_time(), workers.cpu_seconds()
        began = time.monotonic()
        self._talk(audience, began)
        seconds = time.monotonic() - began
        windowed = dict(self._sent)
        crowd.run(lambda: crowd.heard >= len(windowed) * len(crowd.members), GRACE)
        used = [after - before for before, after in zip(cpu, workers.cpu_seconds(), strict=True)]
        own, elapsed = time.process_time() - own, time.monotonic() - began
        lags = list(crowd.lags)
        delays = self._delays(turns, windowed)
        told = self._told(audience)
        deliveries = sum(min(1, n) for counts in told for n in counts.values())
        frames = [crowd.frames[i] for i in {index for member in audience for index in member.told}]
        burst = self._burst(audience, desk)
        workers.check()
        told_in = [frame for frame in frames if frame.said]
        per_frame = statistics.mean([len(frame.said) for frame in told_in] or [1])
        write = bare.measure(
            self._scene.cores,
            self._scene.folder,
            count=wanted.viewers,
            length=round(statistics.mean([frame.size for frame in told_in] or [LENGTH])),
            rate=wanted.rate / per_frame,
            seconds=min(BARE, wanted.seconds),
        )
        figures = Figures(
            viewers=wanted.viewers,
            workers=wanted.workers,
            rate=wanted.rate,
            seconds=seconds,
            messages=len(windowed),
            deliveries=deliveries,
            lost=len(windowed) * len(audience) - deliveries,
            doubled=sum(n - 1 for counts in told for n in counts.values() if n > 1),
            cpu_us_per_delivery=sum(used) * 1e6 / max(1, deliveries),
            redis_us_per_delivery=used[1] * 1e6 / max(1, deliveries),
            write_us=write,
            times_write=sum(used) * 1e6 / max(1, deliveries) * per_frame / write,
            cpu_share=sum(used) / elapsed / len(self._scene.cores.server),
            messages_per_frame=per_frame,
            latency_p50_ms=percentile(delays, 0.5) * 1000,
            latency_p99_ms=percentile(delays, 0.99) * 1000,
            memory_per_connection=memory,
            joins_per_second=joined,
            burst=burst,
            generator={
                "cpu_share": own / elapsed,
                "turn_p99_ms": percentile(lags, 0.99) * 1000,
                "lost_connections": crowd.counters["lost connections"],
                "refused": sum(
                    1 for one in audience for _, said in one.answers.values() if said["type"] == "refused"
                ),
                "unsent": crowd.counters["unsent"],
            },
        )
        unheard = figures.generator["unsent"] or figures.generator["refused"]
        figures.judge(self._scene.cores, "messages" if unheard else None)
        return figures

    # -- talking --------------------------------------------------------------------------------------

    def _post(self, member: Member) -> None:
        text = f"{self._posted:08d} ".ljust(LENGTH, "x")
        self._posted += 1
        self._sent[text] = time.monotonic()
        self._crowd.say(member, {"type": "chat.post", "id": f"b{self._posted}", "text": text})

    def _talk(self, audience: list[Member], began: float) -> None:
        """Post at the wanted rate, by one after the other: nobody says more than a person may."""
        total = max(1, round(self._wanted.seconds * self._wanted.rate))
        while self._posted < total:
            now = time.monotonic()
            while self._posted < total and now - began >= self._posted / self._wanted.rate:
                self._post(audience[self._posted % len(audience)])
            self._crowd.turn()

    def _told(self, audience: list[Member]) -> list[Counter[str]]:
        frames = self._crowd.frames
        return [
            Counter(text for index in member.told for _, text in frames[index].said) for member in audience
        ]

    def _delays(self, from_turn: int, sent: dict[str, float]) -> list[float]:
        """Return the delay of every delivery, from posting to the turn it was read in."""
        crowd = self._crowd
        delays: list[float] = []
        for moment, came in zip(crowd.moments[from_turn:], crowd.arrivals[from_turn:], strict=True):
            for index, times in came.items():
                for _, text in crowd.frames[index].said:
                    if text in sent:
                        delays += [moment - sent[text]] * times
        return delays

    # -- the burst --------------------------------------------------------------------------------------

    def _burst(self, audience: list[Member], desk: Member) -> dict[str, float]:
        """A hundred post at once; a moderator withdraws messages one after the other meanwhile."""
        crowd = self._crowd
        before = dict(self._sent)
        deletable = iter([message for frame in crowd.frames for message, _ in frame.said])
        waits: list[float] = []
        pending: tuple[str, float] | None = None
        began = time.monotonic()
        while time.monotonic() < began + 1.5:
            if len(self._sent) == len(before) and time.monotonic() > began + 0.3:
                step = max(1, len(audience) // BURST)
                for member in audience[: BURST * step : step]:
                    self._post(member)
            if pending is None and (message := next(deletable, None)) is not None:
                pending = f"d{len(waits)}", time.monotonic()
                crowd.say(desk, {"type": "chat.delete", "id": pending[0], "message": message})
            crowd.turn()
            if pending is not None and pending[0] in desk.answers:
                waits.append(desk.answers[pending[0]][0] - pending[1])
                pending = None
        burst = {text: at for text, at in self._sent.items() if text not in before}
        crowd.run(lambda: crowd.heard >= len(self._sent) * len(crowd.members), GRACE)
        delays = self._delays(0, burst)
        return {
            "messages": len(burst),
            "lost": len(burst) * len(crowd.members) - len(delays),
            "latency_p99_ms": percentile(delays, 0.99) * 1000,
            "moderator_commands": len(waits),
            "moderator_p50_ms": percentile(waits, 0.5) * 1000,
            "moderator_max_ms": max(waits, default=float("nan")) * 1000,
        }
