"""A seeded minute of fuzzing; `python -m tests.fuzz.run` does the long runs, and grows the corpus."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fuzz import corpus
from tests.fuzz.run import Outcome, feed, fuzz, main
from tests.fuzz.targets import TARGETS, Target


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_only_the_declared_error_comes_out(target: Target) -> None:
    outcome = fuzz(target, seed=2, seconds=60 / len(TARGETS))
    assert outcome.escapes == []
    assert outcome.read > 0, "no damaged input was sound enough to be read: the damage is too coarse"
    assert len(outcome.refused) >= target.ways, "few ways to be refused were tried: the damage is too fine"


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_the_corpus_is_sound(target: Target) -> None:
    outcome = Outcome()
    for data in target.corpus:
        feed(target, data, outcome)
    assert outcome.escapes == []
    assert set(outcome.refused) <= {"no_common_codec"}  # one offer is VP9 only


def test_the_same_seed_makes_the_same_inputs() -> None:
    (target,) = (target for target in TARGETS if target.name == "rtcp")
    first, again = fuzz(target, seed=5, inputs=500), fuzz(target, seed=5, inputs=500)
    assert first == again
    assert first != fuzz(target, seed=6, inputs=500)


def test_an_escape_is_caught() -> None:
    fragile = Target("fragile", lambda data: data[5], ValueError, (bytes(8),))
    outcome = fuzz(fragile, seed=1, inputs=1_000)
    assert outcome.escapes
    data, what = outcome.escapes[0]
    assert len(data) < 6
    assert "IndexError" in what


def test_the_command_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--inputs", "50", "--target", "stun"]) == 0
    assert capsys.readouterr().out.startswith("stun: 50 inputs, ")


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_what_once_led_somewhere_new_is_harmless(target: Target) -> None:
    kept = corpus.load(target.name)
    assert kept, f"run `python -m tests.fuzz.run --grow --seconds 60 --target {target.name}`"
    outcome = Outcome()
    for data in kept:
        feed(target, data, outcome)
    assert outcome.escapes == []


def test_an_input_that_reaches_new_lines_is_kept(tmp_path: Path) -> None:
    (target,) = (target for target in TARGETS if target.name == "rtcp")
    found: set[bytes] = set()
    outcome = fuzz(replace(target, corpus=target.corpus[:1], name="new"), 1, inputs=2_000, found=found)
    assert 0 < len(found) < outcome.inputs / 10
    corpus.save("new", found, tmp_path)
    assert set(corpus.load("new", tmp_path)) == found
    corpus.save("new", {b"\x80"}, tmp_path)
    assert set(corpus.load("new", tmp_path)) == found | {b"\x80"}
