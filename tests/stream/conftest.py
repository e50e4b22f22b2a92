"""What all tests of the media plane share: one relay process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stream import peers


@pytest.fixture(scope="module")
def relay() -> Iterator[peers.Relay]:
    """A relay process that the tests of a module share, each in a session of its own."""
    with peers.relay() as one:
        yield one
