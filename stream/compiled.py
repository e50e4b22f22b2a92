"""The hot modules compiled by mypyc: taken in place of their sources where they were made from just these.

Owns where they are, and whether they are used: `stream/routing` and `stream/wire` ask as they are imported.
The law: sources are what counts. Whatever was compiled from others, for another Python, or cannot be loaded,
is passed over, and the sources run. `stream/native/compile_routing.py` makes them (docs/adr/0013).
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import os
import sys
import sysconfig
from pathlib import Path
from typing import Final

SETTING: Final = "ROSTRUM_ROUTING"
"""`auto`, `compiled` or `python`: read before any setting can be, by the import of what it is about."""

_STREAM: Final = Path(__file__).resolve().parent
FOLDER: Final = _STREAM / "native" / "compiled"
MANIFEST: Final = FOLDER / "manifest.json"
"""What was compiled: its Python's suffix of extensions, the shared library, each source with its digest."""


def digest(source: Path) -> str:
    """Return what tells one source from another."""
    return hashlib.sha256(source.read_bytes()).hexdigest()


@functools.cache
def fault() -> str | None:
    """Load the library that all compiled modules share. Return why they cannot be used, or None."""
    try:
        made = json.loads(MANIFEST.read_bytes())
        if made["suffix"] != sysconfig.get_config_var("EXT_SUFFIX"):
            return "it was compiled for another Python"
        for source, made_of in made["sources"].items():
            if digest(_STREAM / source) != made_of:
                return f"stream/{source} has changed since"
        _load(made["library"], FOLDER / f"{made['library']}{made['suffix']}")
    except FileNotFoundError:
        return "it was not compiled"
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError) as error:
        return f"it cannot be loaded ({error})"
    return None


def _load(name: str, path: Path) -> None:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no extension")
    library = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(library)
    sys.modules[name] = library


def prefer(package: str, places: list[str]) -> None:
    """Let a package's modules be looked for among the compiled ones first, where they can be used."""
    if os.environ.get(SETTING, "").strip() != "python" and fault() is None:
        places.insert(0, str(FOLDER / package.rpartition(".")[2]))


def used() -> bool:
    """Tell whether this process runs them."""
    return any(str(FOLDER) in place for place in getattr(sys.modules.get("stream.routing"), "__path__", ()))


def name() -> str:
    """Return what routes in this process: `compiled` or `python`."""
    return "compiled" if used() else "python"
