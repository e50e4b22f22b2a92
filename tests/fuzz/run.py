"""Feed damaged inputs to the parsers of `tests.fuzz.targets`: only their declared error may come out.

    python -m tests.fuzz.run --seconds 60 --seed 1            # shared by all parsers
    python -m tests.fuzz.run --inputs 1000000 --target rtcp   # as many inputs to one parser
    python -m tests.fuzz.run --seconds 600 --grow             # slower; keeps what reaches new lines

The same seed makes the same inputs. An escape is printed with its input in hex, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from random import Random

from tests.fuzz import corpus
from tests.fuzz.mutation import mutate
from tests.fuzz.targets import TARGETS, Target

SLOW_SECONDS = 2.0
"""A parser that takes longer for one input is as good as hung. Generous, since CI machines pause."""


@dataclass
class Outcome:
    """What became of the inputs: how many were read, refused by which reason, or escaped."""

    read: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    escapes: list[tuple[bytes, str]] = field(default_factory=list)

    @property
    def inputs(self) -> int:
        return self.read + self.refused.total() + len(self.escapes)


def fuzz(
    target: Target,
    seed: int,
    *,
    inputs: int | None = None,
    seconds: float | None = None,
    found: set[bytes] | None = None,
) -> Outcome:
    """Feed `target` until `inputs` or `seconds` are used up, or ten inputs have escaped.

    With `found`, every input is traced, and those that take a step no other has taken are put there and
    mutated further.
    """
    random = Random(f"{target.name}/{seed}")
    outcome = Outcome()
    deadline = time.monotonic() + seconds if seconds is not None else float("inf")
    sound = [*target.corpus, *corpus.load(target.name)]
    taken: set[corpus.Arc] = set()
    if found is not None:
        for data in sound:
            taken |= corpus.trace(partial(feed, target, data, Outcome()))
    while len(outcome.escapes) < 10 and time.monotonic() < deadline:
        if inputs is not None and outcome.inputs >= inputs:
            break
        data = mutate(random, random.choice(sound), random.choice(sound))
        if random.random() < 0.5:
            data = target.mend(data)
        if found is None:
            feed(target, data, outcome)
            continue
        steps = corpus.trace(partial(feed, target, data, outcome))
        if len(data) <= corpus.MOST_BYTES and not steps <= taken:
            taken |= steps
            found.add(data)
            sound.append(data)
    return outcome


def feed(target: Target, data: bytes, outcome: Outcome) -> None:
    """Feed one input and note what came out."""
    started = time.monotonic()
    try:
        target.parse(data)
    except target.refuses as error:
        reason = getattr(error, "reason", None) or getattr(error, "code", None)
        outcome.refused[str(reason)] += 1
    except Exception as error:  # noqa: BLE001  whatever else comes out is what is looked for
        outcome.escapes.append((data, repr(error)))
    else:
        outcome.read += 1
    took = time.monotonic() - started
    if took > SLOW_SECONDS:
        outcome.escapes.append((data, f"took {took:.1f} s"))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run", description="Fuzz the relay's parsers.")
    parser.add_argument("--seconds", type=float, help="time for all parsers together")
    parser.add_argument("--inputs", type=int, help="most inputs for each parser")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=[target.name for target in TARGETS], help="only this parser")
    parser.add_argument("--grow", action="store_true", help="keep the inputs that reach new lines")
    options = parser.parse_args(arguments)
    if options.seconds is None and options.inputs is None:
        parser.error("give --seconds, --inputs or both")
    targets = [target for target in TARGETS if options.target in (None, target.name)]
    share = options.seconds / len(targets) if options.seconds is not None else None
    escaped = False
    for target in targets:
        found: set[bytes] | None = set() if options.grow else None
        outcome = fuzz(target, options.seed, inputs=options.inputs, seconds=share, found=found)
        if found:
            corpus.save(target.name, found)
            print(f"{target.name}: {len(found)} inputs reached new lines")
        reasons = ", ".join(f"{name} {count}" for name, count in outcome.refused.most_common())
        print(f"{target.name}: {outcome.inputs} inputs, {outcome.read} read; refused: {reasons or 'none'}")
        for data, what in outcome.escapes:
            print(f"  ESCAPED {what}: {data.hex()}")
        escaped = escaped or bool(outcome.escapes)
    return 1 if escaped else 0


if __name__ == "__main__":
    sys.exit(main())
