"""Pre-flight: when one may begin, what its samples come to, and how that is graded. Pure.

The law: the grade is the worst of its findings, and every finding says why; what could not be measured
is a finding too. A good one takes a speaker who is only invited to checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from types import MappingProxyType
from typing import Final

import msgspec

from signaling.protocol import (
    AnyEvent,
    CueChanged,
    Finding,
    Grade,
    Measured,
    Person,
    Preflight,
    PreflightChanged,
    StartPreflight,
)
from signaling.session import cues
from signaling.session.decision import SESSION, Decision, Outcome, Refusal, cue_entity, preflight_entity
from signaling.session.state import State
from stream.plan import PublisherStats

DESK: Final = frozenset({"chair", "producer", "owner"})
"""Who may measure others."""

GRACE: Final = 10_000
"""Ms after its end in which a pre-flight may still be concluded; then all who measured are gone."""

UPLINK: Final = (1_000_000, 400_000)
"""Bit/s below which it is amber, and red: a talking head takes 1 to 2 Mbit/s in 720p, 0.4 in 360p."""

LOSS: Final = (0.01, 0.05)
"""Shares of packets above which it is amber, and red: of 1 % resending hides all; 5 % shows wherever the
way is long (faults.md, row 7)."""

ROUND_TRIP: Final = (300, 600)
"""Ms: a conversation bears 150 one way unnoticed, and 300 hardly (ITU-T G.114)."""

JITTER: Final = (30, 100)
"""Ms: a browser's buffer takes up 30 without a word; at 100 it adds more delay than the way itself."""

QUIET: Final = (50, 90)
"""dB below full scale of the loudest moment: speech peaks at 10 to 40; a microphone that is off at 90."""

LOUD: Final = 3
"""dB below full scale: louder than that is clipped."""

PICTURE: Final = (720, 360)
"""Pixels of the shorter side: a hall's screen shows 720 well, and less than 360 as a blur."""

_RANK: Final[dict[Grade, int]] = {"green": 0, "amber": 1, "red": 2}


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What those who measured want written: the counterpart of a command that no client can give."""

    id: str
    speaker: str
    started: int
    measured: Measured


# -- what was measured ---------------------------------------------------------------------------------


def summary(samples: Sequence[PublisherStats]) -> Measured:
    """Return what the samples of one publication come to, oldest first."""
    # A publisher that came back counts from nothing again.
    steps = [(a, b) for a, b in pairwise(samples) if b.at > a.at and b.packets >= a.packets]
    rates = [8 * (b.bytes - a.bytes) / (b.at - a.at) for a, b in steps]
    lost = sum(max(0, b.lost - a.lost) for a, b in steps)
    expected = lost + sum(b.packets - a.packets for a, b in steps)
    sizes = [(one.width, one.height) for one in samples if one.width and one.height]
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(None, None))
    return Measured(
        # A browser takes some seconds to find out what its network carries.
        uplink=_whole(rates[len(rates) // 2 :]),
        loss=round(lost / expected, 4) if expected else None,
        round_trip=_whole(1000 * one.round_trip for one in samples if one.round_trip is not None),
        jitter=_whole(1000 * one.jitter for one in samples if one.jitter is not None),
        level=min((round(one.level) for one in samples if one.level is not None), default=None),
        video=bool(samples) and samples[-1].video,
        width=width,
        height=height,
    )


def _whole(values: Iterable[float]) -> int | None:
    found = list(values)
    return round(median(found)) if found else None


def grade(measured: Measured) -> tuple[Grade, tuple[Finding, ...]]:
    """Return how good it is, and why it is not better."""
    if measured.uplink is None:
        nothing = Finding("nothing_received", "red", "Nothing of this speaker arrives.")
        return "red", (nothing,)
    findings = (*_line(measured), *_sound(measured.level), *_picture(measured))
    worst: Grade = "green"
    for finding in findings:
        worst = max(worst, finding.grade, key=_RANK.__getitem__)
    return worst, findings


def _line(measured: Measured) -> tuple[Finding, ...]:
    uplink, loss, trip, jitter = measured.uplink or 0, measured.loss, measured.round_trip, measured.jitter
    slow = _beyond(-uplink, (-UPLINK[0], -UPLINK[1]), "uplink_low", f"Only {uplink // 1000} kbit/s arrive.")
    return (
        *(slow if measured.video else ()),  # of sound alone, how little comes says nothing of the line
        *_beyond(loss, LOSS, "loss_high", f"{100 * (loss or 0):.1f} % of the packets are lost."),
        *_beyond(trip, ROUND_TRIP, "round_trip_long", f"The way there and back takes {trip} ms."),
        *_beyond(jitter, JITTER, "jitter_high", f"Packets come up to {jitter} ms early or late."),
    )


def _beyond(value: float | None, limits: tuple[float, float], code: str, text: str) -> tuple[Finding, ...]:
    """Return what is wrong with a value that should stay below the limits, or could not be measured."""
    amber, red = limits
    if value is None:
        what = code.rpartition("_")[0]
        unmeasured = f"The {what.replace('_', ' ')} could not be measured."
        return (Finding(f"{what}_unmeasured", "amber", unmeasured),)
    if value > red:
        return (Finding(code, "red", text),)
    return (Finding(code, "amber", text),) if value > amber else ()


def _sound(level: int | None) -> tuple[Finding, ...]:
    if level is None:
        return (
            Finding("microphone_unmeasured", "amber", "How loud the microphone is could not be measured."),
        )
    if level > QUIET[1]:
        return (Finding("microphone_silent", "red", "The microphone is silent."),)
    if level > QUIET[0]:
        return (Finding("microphone_quiet", "amber", f"The microphone is very quiet: {-level} dB at most."),)
    if level < LOUD:
        return (Finding("microphone_loud", "amber", f"The microphone is too loud: {-level} dB."),)
    return ()


def _picture(measured: Measured) -> tuple[Finding, ...]:
    if not measured.video:
        return (Finding("picture_missing", "red", "No picture arrives."),)
    if measured.width is None or measured.height is None:
        return (Finding("picture_unmeasured", "amber", "How large the picture is could not be measured."),)
    text = f"The picture has only {measured.width} × {measured.height} pixels."
    side = min(measured.width, measured.height)
    return _beyond(-side, (-PICTURE[0], -PICTURE[1]), "picture_small", text)


# -- what may happen -----------------------------------------------------------------------------------


def decide(state: State, actor: Person, command: StartPreflight, *, now: int) -> Outcome:
    """Return what the wish to measure comes to; one that runs goes on."""
    if command.speaker is None:
        cue = cues.of_person(state, actor, now=now, by=actor.id)
    else:
        found = cues.find(state, command.speaker)
        if found is None:
            return cues.NO_SUCH_SPEAKER
        cue = found
    if cue.person is None:
        return cues.UNBOUND
    if cue.person.id != actor.id and actor.role not in DESK:
        return Refusal("forbidden", "A speaker may measure nobody else.")
    former = state.preflights.get(cue.id)
    if former is not None and former.grade is None and now < former.until + GRACE:
        return Decision()
    begun = Preflight(cue.id, now, now + 1000 * command.seconds)
    events: list[AnyEvent] = [PreflightChanged(at=now, by=actor.id, preflight=begun)]
    changes = [preflight_entity(cue.id)]
    if state.cues.get(cue.id) != cue:
        if cue.id not in state.cues:
            cue = cues.stepped(cue, "invited", now=now, by=actor.id)
        events.insert(0, CueChanged(at=now, by=actor.id, cue=cue))
        changes.append(cue_entity(cue.id))
    return Decision(tuple(events), leans_on=(SESSION,), changes=tuple(changes))


def conclude(state: State, actor: Person, conclusion: Conclusion, *, now: int) -> Outcome:
    """Write what was measured, if that pre-flight still runs; of several who measured, the first."""
    running = state.preflights.get(conclusion.speaker)
    if running is None or running.grade is not None or running.started != conclusion.started:
        return Decision()
    worst, findings = grade(conclusion.measured)
    done = msgspec.structs.replace(running, grade=worst, findings=findings, measured=conclusion.measured)
    events: list[AnyEvent] = [PreflightChanged(at=now, by=actor.id, preflight=done)]
    cue = cues.find(state, conclusion.speaker)
    if cue is not None and cue.state == "invited" and worst != "red":
        checked = cues.stepped(cue, "checked", now=now, by=actor.id)
        events.append(CueChanged(at=now, by=actor.id, cue=checked))
    changes = (preflight_entity(running.speaker), cue_entity(running.speaker))
    return Decision(tuple(events), leans_on=(SESSION,), changes=changes)


# -- what has happened ---------------------------------------------------------------------------------


def fold(state: State, event: PreflightChanged) -> State:
    """Return the state after an event of a pre-flight."""
    one = event.preflight
    return replace(state, preflights=MappingProxyType({**state.preflights, one.speaker: one}))


def rewrite(state: State, at: int) -> tuple[PreflightChanged, ...]:
    """Return the events that lead to the pre-flights of this state."""
    return tuple(PreflightChanged(at=at, by="system", preflight=one) for one in state.preflights.values())


def running(state: State, now: int) -> tuple[Preflight, ...]:
    """Return the pre-flights that are to be measured."""
    return tuple(one for one in state.preflights.values() if one.grade is None and now < one.until)
