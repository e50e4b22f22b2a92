"""`rostrum bench votes`: a room that votes in one moment, and how long until everybody knows how it voted.

In each wave everybody who is there votes at once, for a question and in a poll by turns, through all
signaling processes. The law: a wave is over when everybody has been told the whole sum, in frames of their
own socket; time is counted from before the first vote was written; a run whose load was the bottleneck is
INVALID.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from signaling.bench.chat import allow_sockets
from signaling.bench.crowd import Crowd, Member, Message
from signaling.bench.workers import Workers, running
from stream.bench.commands import settled
from stream.bench.process import BenchError, Cores
from stream.bench.servers import percentile

IN_FLIGHT: Final = 100
"""Viewers that join at the same time."""

WITHIN: Final = 15.0
"""Seconds a wave may take before it counts as lost."""

APART: Final = 1.0
"""Seconds between two waves, so that each is a wave of its own to every budget."""

_FULL_SHARE: Final = 0.9
_LATE: Final = 0.1
"""Turns of the load that come later than this (p99, seconds) make its delays its own."""


@dataclass(frozen=True)
class Wanted:
    """What to measure: so many viewers, who vote so many times at once."""

    viewers: int = 2000
    waves: int = 6
    workers: int = 2


@dataclass
class Figures:
    """What was measured. Delays in ms from before the first vote of a wave was written."""

    viewers: int
    workers: int
    waves: int
    votes: int
    acknowledged: int
    refused: int
    untold: int
    """Who was not told the whole sum of a wave within WITHIN."""
    written_ms: float
    """Until the last vote of a wave was written: the load's own time, in the middle of the waves."""
    answered_p99_ms: float
    """From a vote to its acknowledgement."""
    told_p50_ms: float
    """Until everybody had been told the whole sum, in the middle of the waves."""
    told_max_ms: float
    told_by_wave_ms: list[float]
    cpu_ms_per_vote: float
    """Of signaling and Redis together, all that a vote sets off: the sum told to everybody too."""
    ticks_per_wave: float
    """Sums that one viewer was told of a wave."""
    generator: dict[str, float]
    valid: bool = True
    invalid_because: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self)


def measure(wanted: Wanted) -> Figures:
    """Start the servers, let everybody vote, and take the figures. Raises BenchError."""
    allow_sockets(wanted.viewers + 200)
    with (
        settled() as cores,
        tempfile.TemporaryDirectory(prefix="rostrum-bench-") as folder,
        running(wanted.workers, cores, Path(folder)) as workers,
        contextlib.closing(Crowd()) as crowd,
    ):
        return _Room(wanted, cores, workers, crowd).figures()


@dataclass(frozen=True)
class _Wave:
    """One wave, in seconds from its beginning; `told` is None if somebody never was."""

    written: float
    told: float | None
    untold: int
    answers: tuple[float, ...]
    refused: int
    ticks: float


class _Room:
    """One measurement."""

    def __init__(self, wanted: Wanted, cores: Cores, workers: Workers, crowd: Crowd) -> None:
        self._wanted = wanted
        self._cores = cores
        self._workers = workers
        self._crowd = crowd
        self._given = 0

    def figures(self) -> Figures:
        """Go through all of it."""
        crowd, wanted = self._crowd, self._wanted
        self._everybody_joins()
        audience = crowd.members[: wanted.viewers]
        desk = crowd.members[wanted.viewers]
        self._ordered(desk, {"type": "questions.moderation", "mode": "post"})
        subjects = [
            self._question(desk) if number % 2 == 0 else self._poll(desk) for number in range(wanted.waves)
        ]
        self._pass(APART)
        crowd.lags.clear()
        waves: list[_Wave] = []
        cpu = own = elapsed = 0.0
        for subject, vote in subjects:
            began, before, mine = time.monotonic(), sum(self._workers.cpu_seconds()), time.process_time()
            waves.append(self._wave(audience, subject, vote))
            elapsed += time.monotonic() - began
            cpu += sum(self._workers.cpu_seconds()) - before
            own += time.process_time() - mine
            self._pass(APART)
        self._workers.check()
        told = [WITHIN if wave.told is None else wave.told for wave in waves]
        answers = [wait for wave in waves for wait in wave.answers]
        figures = Figures(
            viewers=wanted.viewers,
            workers=wanted.workers,
            waves=wanted.waves,
            votes=wanted.viewers * wanted.waves,
            acknowledged=len(answers),
            refused=sum(wave.refused for wave in waves),
            untold=sum(wave.untold for wave in waves),
            written_ms=percentile([wave.written for wave in waves], 0.5) * 1000,
            answered_p99_ms=percentile(answers, 0.99) * 1000,
            told_p50_ms=percentile(told, 0.5) * 1000,
            told_max_ms=max(told) * 1000,
            told_by_wave_ms=[round(seconds * 1000, 1) for seconds in told],
            cpu_ms_per_vote=cpu * 1000 / (wanted.viewers * wanted.waves),
            ticks_per_wave=sum(wave.ticks for wave in waves) / len(waves),
            generator={
                "cpu_share": own / elapsed,
                "turn_p99_ms": percentile(list(crowd.lags), 0.99) * 1000,
                "lost_connections": crowd.counters["lost connections"],
                "unsent": crowd.counters["unsent"],
            },
        )
        self._judge(figures)
        return figures

    # -- who is there, and what they vote on ------------------------------------------------------------

    def _everybody_joins(self) -> None:
        crowd, wanted = self._crowd, self._wanted
        ports = [worker.port for worker in self._workers.signaling]
        for number in range(wanted.viewers):
            crowd.run(lambda: self._joining() < IN_FLIGHT, 20)
            crowd.join(ports[number % len(ports)], self._workers.token(f"viewer-{number}"))
        crowd.join(ports[0], self._workers.token("desk", "moderator"))
        if not crowd.run(lambda: not self._joining(), 20):
            raise BenchError(f"{self._joining()} people could not join ({dict(crowd.counters)})")

    def _joining(self) -> int:
        return len(self._crowd.members) - self._crowd.counters["welcomes"]

    def _question(self, desk: Member) -> tuple[str, Message]:
        question = self._ordered(desk, {"type": "question.ask", "text": "Shall we?"})
        return question, {"type": "question.vote", "question": question}

    def _poll(self, desk: Member) -> tuple[str, Message]:
        drafted = {"type": "poll.create", "text": "Shall we?", "kind": "single", "options": ["Yes", "No"]}
        poll = self._ordered(desk, drafted)
        self._ordered(desk, {"type": "poll.open", "poll": poll})
        return poll, {"type": "poll.vote", "poll": poll, "choices": [0]}

    def _ordered(self, desk: Member, command: Message) -> str:
        """Have a moderator's command carried out; return the id of what is new by it, if anything is."""
        crowd, seen = self._crowd, len(desk.told)
        crowd.say(desk, command | {"id": (number := self._number())})
        if not crowd.run(lambda: number in desk.answers, 10):
            raise BenchError(f"a moderator's {command['type']} is not answered")
        if (answer := desk.answers[number][1])["type"] == "refused":
            if answer["code"] == "rate_limited":
                self._pass(answer["retry_after"])
                return self._ordered(desk, command)
            raise BenchError(f"a moderator's {command['type']} is refused: {answer['reason']}")
        if command["type"] not in ("question.ask", "poll.create"):
            return ""

        def new() -> list[str]:
            return [new for index in desk.told[seen:] for new in crowd.frames[index].new]

        crowd.run(lambda: bool(new()), 10)
        return new()[0]

    def _number(self) -> str:
        self._given += 1
        return f"b{self._given}"

    def _pass(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self._crowd.run(lambda: time.monotonic() > end, seconds + 1)

    # -- voting -----------------------------------------------------------------------------------------

    def _wave(self, audience: list[Member], subject: str, vote: Message) -> _Wave:
        """Let everybody vote at once, and wait until everybody knows."""
        crowd, whole = self._crowd, (subject, len(audience))
        known = [len(member.told) for member in audience]
        turn, began = len(crowd.moments), time.monotonic()
        given: list[tuple[Member, str, float]] = []
        for member in audience:
            number = self._number()
            given.append((member, number, time.monotonic()))
            crowd.say(member, vote | {"id": number})
        written = time.monotonic() - began
        told, moment = 0, None

        def over() -> bool:
            nonlocal told, moment, turn
            for came in crowd.arrivals[turn:]:
                told += sum(times for index, times in came.items() if whole in crowd.frames[index].sums)
                if moment is None and told >= len(audience):
                    moment = crowd.moments[turn] - began
                turn += 1
            return moment is not None and all(number in member.answers for member, number, _ in given)

        crowd.run(over, WITHIN)
        heard = [
            [crowd.frames[index].sums for index in member.told[before:]]
            for member, before in zip(audience, known, strict=True)
        ]
        answered = [(member.answers[number], at) for member, number, at in given if number in member.answers]
        return _Wave(
            written=written,
            told=moment,
            untold=sum(1 for sums in heard if not any(whole in totals for totals in sums)),
            answers=tuple(at - sent for (at, answer), sent in answered if answer["type"] == "ack"),
            refused=sum(1 for (_, answer), _ in answered if answer["type"] == "refused"),
            ticks=sum(len([totals for totals in sums if totals]) for sums in heard) / len(audience),
        )

    def _judge(self, figures: Figures) -> None:
        reasons = figures.invalid_because
        if self._cores.shared:
            reasons.append("servers and load share one core")
        if figures.generator["cpu_share"] > _FULL_SHARE:
            reasons.append("the load generator was saturated")
        if figures.generator["turn_p99_ms"] > _LATE * 1000:
            reasons.append("the load generator read late")
        if figures.generator["unsent"]:
            reasons.append("votes of the load were not taken")
        figures.valid = not reasons
