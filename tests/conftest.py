"""What all tests share: patience with hypothesis, and the same examples each time.

`HYPOTHESIS=explore` looks for others, as `make bench` does: what is found then is a defect to be mended, and
fails no run of a change which has nothing to do with it.
"""

from __future__ import annotations

import os

from hypothesis import settings

# Examples are not timed: these tests run beside others that keep every core busy.
settings.register_profile("rostrum", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS", "rostrum"))
