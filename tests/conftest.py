"""What all tests share: patience with hypothesis."""

from __future__ import annotations

from hypothesis import settings

# Examples are not timed: these tests run beside others that keep every core busy.
settings.register_profile("rostrum", deadline=None)
settings.load_profile("rostrum")
