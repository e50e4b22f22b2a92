"""What all tests of the media plane share: patience with hypothesis, and one relay process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.stream import peers

# Examples are not timed: these tests run beside others that keep every core busy.
settings.register_profile("stream", deadline=None)
settings.load_profile("stream")


@pytest.fixture(scope="module")
def relay() -> Iterator[peers.Relay]:
    """A relay process that the tests of a module share, each in a session of its own."""
    with peers.relay() as one:
        yield one
