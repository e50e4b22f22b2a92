"""A process's memory: what is free is given back, what stays for good is not looked through again.

The C library keeps what it frees for later; after many at once have joined, and let go of what only joining
needs, that is most of what a relay holds. It must not know who joined.
"""

from __future__ import annotations

import ctypes
import gc


def set_aside() -> None:
    """Take all that is there, modules above all, out of garbage collection: 40 ms of a full one."""
    gc.collect()
    gc.freeze()


def give_back() -> bool:
    """Return free pages to the system (glibc's malloc_trim); False where the C library cannot.

    Takes some 0.1 ms for each MiB that is given back.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return False
    return bool(trim(0))
