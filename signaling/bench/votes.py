"""`rostrum bench votes`: a room that votes in one moment, and how long until everybody knows how it voted.

In each wave everybody who is there votes at once, for a question and in a poll by turns, through all
signaling processes. The law: a wave is over when everybody has been told the whole sum, in frames of their
own socket; time is counted from before the first vote was written; a run whose load was the bottleneck is
INVALID.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from signaling.bench.crowd import Member, Message
from signaling.bench.scene import Scene, Verdict, scene
from stream.bench.process import BenchError
from stream.bench.servers import percentile

WITHIN: Final = 15.0
"""Seconds a wave may take before it counts as lost."""

APART: Final = 1.0
"""Seconds between two waves, so that each is a wave of its own to every budget."""


@dataclass(frozen=True)
class Wanted:
    """What to measure: so many viewers, who vote so many times at once."""

    viewers: int = 2000
    waves: int = 6
    workers: int = 2


@dataclass(kw_only=True)
class Figures(Verdict):
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


def measure(wanted: Wanted) -> Figures:
    """Start the servers, let everybody vote, and take the figures. Raises BenchError."""
    with scene(wanted.workers, wanted.viewers + 200) as where:
        return _Room(wanted, where).figures()


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

    def __init__(self, wanted: Wanted, where: Scene) -> None:
        self._wanted = wanted
        self._scene = where
        self._crowd = where.crowd
        self._given = 0

    def figures(self) -> Figures:
        """Go through all of it."""
        crowd, workers, wanted = self._crowd, self._scene.workers, self._wanted
        self._scene.everybody_joins(wanted.viewers)
        desk = self._scene.desk_joins()
        audience = crowd.members[: wanted.viewers]
        self._ordered(desk, {"type": "questions.moderation", "mode": "post"})
        subjects = [
            self._question(desk) if number % 2 == 0 else self._poll(desk) for number in range(wanted.waves)
        ]
        crowd.wait(APART)
        crowd.lags.clear()
        waves: list[_Wave] = []
        cpu = own = elapsed = 0.0
        for subject, vote in subjects:
            began, before, mine = time.monotonic(), sum(workers.cpu_seconds()), time.process_time()
            waves.append(self._wave(audience, subject, vote))
            elapsed += time.monotonic() - began
            cpu += sum(workers.cpu_seconds()) - before
            own += time.process_time() - mine
            crowd.wait(APART)
        workers.check()
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
        figures.judge(self._scene.cores, "votes" if figures.generator["unsent"] else None)
        return figures

    # -- what they vote on ------------------------------------------------------------------------------

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
                crowd.wait(answer["retry_after"])
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
