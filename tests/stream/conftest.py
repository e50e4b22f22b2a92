"""What all tests of the media plane share."""

from __future__ import annotations

from hypothesis import settings

# Examples are not timed: these tests run beside others that keep every core busy.
settings.register_profile("stream", deadline=None)
settings.load_profile("stream")
