"""Pre-flight: what samples come to, how that is graded, and what becomes of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from signaling.protocol import (
    ArriveBackstage,
    CheckSpeaker,
    Cue,
    InviteSpeaker,
    Measured,
    Person,
    Preflight,
    PreflightChanged,
    StartPreflight,
)
from signaling.session import cues, preflight
from signaling.session.audience import snapshot, visible
from signaling.session.decide import decide
from signaling.session.decision import Decision
from signaling.session.preflight import Conclusion, grade, summary
from stream.plan import PublisherStats

from .session_events import MODERATOR, PRODUCER, Fold

ADAM, EVE = Person("adam", "Adam", "speaker"), Person("eve", "Eve", "speaker")
GOOD = Measured(2_000_000, 0.002, 40, 5, 25, True, 1280, 720)


def sample(at: float, megabits: float, **more: Any) -> PublisherStats:
    """Return a sample of a publisher that has sent so much so far, in packets of 1,000 bytes."""
    received = int(megabits * 1_000_000 / 8)
    full = {
        "lost": 0,
        "jitter": 0.005,
        "round_trip": 0.04,
        "level": 30.0,
        "video": True,
        "width": 1280,
        "height": 720,
    } | more
    return PublisherStats(at, received, received // 1000, **full)


def cue(fold: Fold, speaker: str) -> Cue:
    found = cues.find(fold.state, speaker)
    assert found is not None
    return found


def concluded(fold: Fold, measured: Measured, speaker: str = "adam") -> Preflight:
    running = fold.state.preflights[speaker]
    outcome = decide(
        fold.state, PRODUCER, Conclusion("c", speaker, running.started, measured), now=running.until
    )
    assert isinstance(outcome, Decision)
    fold.put(outcome.events)
    return fold.state.preflights[speaker]


# -- what was measured ---------------------------------------------------------------------------------


def test_the_uplink_is_what_arrives_once_it_has_found_its_rate() -> None:
    slow_start = [sample(second, rate) for second, rate in enumerate((0, 0.2, 0.6, 1.5, 3.5, 5.5, 7.5, 9.5))]
    measured = summary(slow_start)
    assert measured.uplink == pytest.approx(2_000_000, rel=0.01)
    assert (measured.width, measured.height, measured.jitter, measured.round_trip) == (1280, 720, 5, 40)


def test_loss_is_a_share_of_what_was_sent_and_the_level_is_the_loudest() -> None:
    measured = summary(
        [sample(0, 0, level=127.0), sample(1, 0.76, lost=5, level=31.4), sample(2, 1.52, lost=10)]
    )
    assert measured.loss == pytest.approx(10 / 200)
    assert measured.level == 30


def test_a_publisher_that_comes_back_counts_from_nothing_again() -> None:
    measured = summary([sample(0, 10), sample(1, 12), sample(2, 1), sample(3, 3), sample(4, 5)])
    assert measured.uplink == pytest.approx(2_000_000, rel=0.01)
    assert measured.loss == 0


def test_of_nothing_nothing_is_known() -> None:
    assert summary([]) == Measured()
    assert summary([sample(0, 1)]).uplink is None
    assert grade(Measured())[0] == "red"


# -- grades --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "graded", "codes"),
    [
        ({}, "green", []),
        ({"uplink": 900_000}, "amber", ["uplink_low"]),
        ({"uplink": 300_000}, "red", ["uplink_low"]),
        ({"uplink": None}, "red", ["nothing_received"]),
        ({"loss": 0.02}, "amber", ["loss_high"]),
        ({"loss": 0.2}, "red", ["loss_high"]),
        ({"round_trip": 400}, "amber", ["round_trip_long"]),
        ({"round_trip": 700}, "red", ["round_trip_long"]),
        ({"round_trip": None}, "amber", ["round_trip_unmeasured"]),
        ({"jitter": 60}, "amber", ["jitter_high"]),
        ({"jitter": 150}, "red", ["jitter_high"]),
        ({"level": 60}, "amber", ["microphone_quiet"]),
        ({"level": 127}, "red", ["microphone_silent"]),
        ({"level": 1}, "amber", ["microphone_loud"]),
        ({"level": None}, "amber", ["microphone_unmeasured"]),
        ({"width": 640, "height": 480}, "amber", ["picture_small"]),
        ({"width": 320, "height": 180}, "red", ["picture_small"]),
        ({"width": 720, "height": 1280}, "green", []),
        ({"width": None, "height": None}, "amber", ["picture_unmeasured"]),
        ({"video": False}, "red", ["picture_missing"]),
        ({"video": False, "uplink": 40_000}, "red", ["picture_missing"]),
        ({"loss": 0.02, "level": 127}, "red", ["loss_high", "microphone_silent"]),
    ],
)
def test_the_grade_is_the_worst_finding_and_each_says_why(
    change: dict[str, int], graded: str, codes: list[str]
) -> None:
    worst, findings = grade(msgspec.structs.replace(GOOD, **change))
    assert (worst, [finding.code for finding in findings]) == (graded, codes)
    assert all(finding.text.endswith(".") for finding in findings)


# -- what becomes of it --------------------------------------------------------------------------------


def test_a_good_one_checks_the_speaker_and_a_bad_one_does_not() -> None:
    fold = Fold()
    fold.do(ADAM, StartPreflight("p1", 5))
    assert cue(fold, "adam").state == "invited"
    assert concluded(fold, msgspec.structs.replace(GOOD, uplink=1000)).grade == "red"
    assert cue(fold, "adam").state == "invited"
    fold.do(ADAM, StartPreflight("p2", 5))
    done = concluded(fold, GOOD)
    assert (done.grade, done.measured, cue(fold, "adam").state) == ("green", GOOD, "checked")
    fold.do(ADAM, ArriveBackstage("a1"))
    fold.do(ADAM, StartPreflight("p3", 5))
    concluded(fold, GOOD)
    assert cue(fold, "adam").state == "backstage"
    assert fold.refused(PRODUCER, CheckSpeaker("c1", "adam")) == "wrong_state"


def test_one_that_runs_goes_on_and_one_that_nobody_concluded_gives_way() -> None:
    fold = Fold()
    fold.do(ADAM, StartPreflight("p1", 5))
    running = fold.state.preflights["adam"]
    assert fold.do(ADAM, StartPreflight("p2", 5)) == ()
    outcome = decide(fold.state, ADAM, StartPreflight("p3", 5), now=running.until + preflight.GRACE)
    assert isinstance(outcome, Decision) and outcome.events


def test_what_is_concluded_twice_or_too_late_is_written_once() -> None:
    fold = Fold()
    fold.do(ADAM, StartPreflight("p1", 5))
    first = concluded(fold, GOOD)
    late = Conclusion("c2", "adam", first.started, Measured())
    assert decide(fold.state, PRODUCER, late, now=10**6) == Decision()
    older = Conclusion("c3", "adam", first.started - 1, Measured())
    assert decide(fold.state, PRODUCER, older, now=10**6) == Decision()


def test_a_speaker_measures_themselves_and_the_desk_anybody() -> None:
    fold = Fold()
    fold.do(PRODUCER, InviteSpeaker("i1", "eve"), EVE)
    assert fold.refused(ADAM, StartPreflight("p1", 5, "eve")) == "forbidden"
    assert fold.refused(PRODUCER, StartPreflight("p2", 5, "nobody")) == "unknown_speaker"
    fold.do(PRODUCER, StartPreflight("p3", 5, "eve"))
    fold.do(EVE, StartPreflight("p4", 5, "eve"))


def test_it_is_for_staff_and_the_speaker() -> None:
    fold = Fold()
    fold.do(ADAM, StartPreflight("p1", 5))
    concluded(fold, GOOD)

    def knows(audience: str, who: str) -> tuple[bool, bool]:
        told = visible(fold.facts, fold.state, audience, who)  # type: ignore[arg-type]
        kept = snapshot(fold.state, audience, who).preflights  # type: ignore[arg-type]
        return any(isinstance(event, PreflightChanged) for event in told), bool(kept)

    assert knows("staff", MODERATOR.id) == knows("speakers", "adam") == (True, True)
    assert knows("speakers", "eve") == knows("public", "v-1") == (False, False)
