"""Compiled routing: it is used where it was made from these sources, and does what they do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stream import compiled
from tests.signaling.processes import without_rostrum
from tests.stream import peers

ROOT = Path(__file__).resolve().parents[2]
PATCHED = "test_where_a_network_is_idle or test_who_lacks_nothing_is_looked_at_less_often"
"""Tests that count calls by putting others in their place, which compiled code does not see."""


@pytest.fixture
def manifest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A manifest that says what the real one does, to be changed."""
    copy = tmp_path / "manifest.json"
    copy.write_bytes(compiled.MANIFEST.read_bytes())
    monkeypatch.setattr(compiled, "MANIFEST", copy)
    compiled.fault.cache_clear()
    yield copy
    compiled.fault.cache_clear()


def other_source(made: dict[str, Any]) -> None:
    made["sources"]["routing/feed.py"] = "0" * 64


def source_gone(made: dict[str, Any]) -> None:
    made["sources"]["routing/gone.py"] = "0" * 64


def other_python(made: dict[str, Any]) -> None:
    made["suffix"] = ".cpython-310-x86_64-linux-gnu.so"


def no_library(made: dict[str, Any]) -> None:
    made["library"] = "none"


def no_sources(made: dict[str, Any]) -> None:
    del made["sources"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (other_source, "stream/routing/feed.py has changed since"),
        (source_gone, "it was not compiled"),
        (other_python, "it was compiled for another Python"),
        (no_library, "it cannot be loaded"),
        (no_sources, "it cannot be loaded ('sources')"),
    ],
)
def test_what_was_made_from_something_else_is_passed_over(
    manifest: Path, change: Callable[[dict[str, Any]], None], reason: str
) -> None:
    assert compiled.fault() is None
    compiled.fault.cache_clear()
    made = json.loads(manifest.read_bytes())
    change(made)
    manifest.write_text(json.dumps(made))
    found = compiled.fault()
    assert found is not None and found.startswith(reason)
    places = ["here"]
    compiled.prefer("stream.routing", places)
    assert places == ["here"], "the sources run"


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_broken_manifest_is_passed_over(manifest: Path, text: str) -> None:
    manifest.write_text(text)
    assert str(compiled.fault()).startswith("it cannot be loaded")
    manifest.unlink()
    compiled.fault.cache_clear()
    assert compiled.fault() == "it was not compiled"


@pytest.mark.parametrize(("setting", "name"), [("", "compiled"), ("auto", "compiled"), ("python", "python")])
async def test_a_relay_says_what_routes(setting: str, name: str) -> None:
    with peers.relay(ROSTRUM_ROUTING=setting) as one:
        async with peers.talk(one) as talk:
            assert (await talk.stats())["routing"] == name


def test_a_relay_that_insists_and_cannot_says_why() -> None:
    program = (
        "import stream.compiled as c, pathlib, sys; c.MANIFEST = pathlib.Path('/nowhere');"
        "from stream.relay import main; sys.exit(main())"
    )
    env = without_rostrum(ROSTRUM_ROUTING="compiled", ROSTRUM_RELAY_SECRET=peers.SECRET)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr == "ROSTRUM_ROUTING=compiled, but that cannot be: it was not compiled.\n"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_it_does_what_the_sources_do() -> None:
    """Every test of routing and of the wire's formats passes on it, but for those that patch the sources."""
    plainly = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", f"not ({PATCHED})"),
            *("tests/stream/routing", "tests/stream/wire"),
        ],
        cwd=ROOT,
        env=plainly | {compiled.SETTING: "compiled"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout
