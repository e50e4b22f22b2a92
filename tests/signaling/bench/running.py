"""The benches as people run them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.signaling.processes import without_rostrum


def bench(what: str, *options: str) -> dict[str, Any]:
    """Measure, and return the figures; a busy machine may spoil them (exit code 1), no more."""
    done = subprocess.run(
        [sys.executable, "-m", "signaling", "bench", what, "--json", *options],
        env=without_rostrum(),
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
