"""Compiles the hot modules of routing by mypyc, as build.py has it done: `python -m` and its name.

The law: what is put in place is whole, and says which sources it was made from (`stream/compiled.py`);
without mypyc or a C compiler nothing is put there. Each module is an extension of a few lines, and all of
them share a library with what was compiled.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any, Final

from stream import compiled
from stream.native.build import c_compiler, c_includes, exit_status, run_compiler

STREAM: Final = Path(__file__).resolve().parent.parent
HOT: Final = (
    *(
        f"routing/{name}.py"
        for name in (
            *("adaptation", "arrivals", "bandwidth", "consumer", "delays", "feed", "freezes", "group"),
            *("keyframes", "layers", "pacing", "packet_ring", "probing", "producer", "publication", "rates"),
            *("reception", "reported", "resends", "router", "segment", "sender_clock", "shape", "slot"),
            *("speakers", "stage", "track"),
        )
    ),
    *(f"wire/{name}.py" for name in ("red", "rtcp", "rtp", "sequence", "transport_cc", "vp8")),
)
"""What runs for each packet or each report; a value that these share with others stays the same class."""

FLAGS: Final = ("-O2", "-g0", "-fPIC", "-fwrapv", "-DNDEBUG", "-w")


def up_to_date() -> bool:
    """Tell whether what is in place can be used, and is all of this."""
    return compiled.fault() is None and json.loads(compiled.MANIFEST.read_bytes())["sources"].keys() == {*HOT}


def compile_all() -> None:
    """Compile, and put all of it in place. Raises RuntimeError with one sentence where that cannot be."""
    try:
        from mypyc.build import mypycify
    except ImportError:
        raise RuntimeError("mypyc is not installed") from None
    compiler = c_compiler()
    os.chdir(STREAM.parent)  # modules are called by their paths
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    sources = {name: compiled.digest(STREAM / name) for name in HOT}
    with tempfile.TemporaryDirectory(dir=STREAM / "native") as folder:
        work = Path(folder)
        written = work / "c"
        extensions: list[Any] = mypycify(
            ["--config-file=", "--ignore-missing-imports", *(f"stream/{name}" for name in HOT)],
            target_dir=str(written),
            multi_file=True,
        )
        made = work / compiled.FOLDER.name
        for extension in extensions:
            target = made / Path(*extension.name.removeprefix("stream.").split("."))
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(compiler, extension, target.with_name(target.name + suffix), work)
        library = next(one.name for one in extensions if "." not in one.name)
        manifest = {"suffix": suffix, "library": library, "sources": sources}
        (made / compiled.MANIFEST.name).write_text(json.dumps(manifest, indent=1))
        # Processes that have loaded the former ones keep them; who starts between the two runs the sources.
        shutil.rmtree(compiled.FOLDER, ignore_errors=True)
        made.replace(compiled.FOLDER)


def _link(compiler: list[str], extension: Any, target: Path, work: Path) -> None:
    flags = [*compiler, *FLAGS, *c_includes(*extension.include_dirs)]

    def object_of(source: str) -> str:
        made = work / "o" / (hashlib.sha256(source.encode()).hexdigest() + ".o")
        made.parent.mkdir(exist_ok=True)
        run_compiler([*flags, "-c", source, "-o", str(made)])
        return str(made)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(object_of, extension.sources))
    run_compiler([*compiler, "-shared", *objects, "-o", str(target)])


def main() -> int:
    """Compile where that is needed; return the exit status."""
    return 0 if up_to_date() else exit_status(compile_all, "Routing was not compiled")


if __name__ == "__main__":
    sys.exit(main())
