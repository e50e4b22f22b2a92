"""What all tests share: patience with hypothesis, the same examples each time, and the sources of routing.

`HYPOTHESIS=explore` looks for others, as `make bench` does: what is found then is a defect to be mended, and
fails no run of a change which has nothing to do with it.
"""

from __future__ import annotations

import importlib
import os

from hypothesis import settings

from stream import compiled

# Examples are not timed: these tests run beside others that keep every core busy.
settings.register_profile("rostrum", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS", "rostrum"))

# Here the sources run, which tests look into and patch; the processes that tests start run what is compiled.
# ROSTRUM_ROUTING=compiled has it run here too: see tests/stream/test_compiled.py.
given = os.environ.get(compiled.SETTING)
os.environ[compiled.SETTING] = given or "python"
for name in ("stream.routing", "stream.wire"):
    importlib.import_module(name)
if given is None:
    del os.environ[compiled.SETTING]
