"""Compiles the hot modules of routing by mypyc, where build.py calls it.

The law: what is put in place is whole, and says which sources it was made from (`stream/compiled.py`);
without mypyc or a C compiler nothing is put there. Each module is an extension of a few lines, and all of
them share a library with what was compiled.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any, Final

STREAM: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = STREAM / "native" / "compiled"
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


def digests() -> dict[str, str]:
    """Return the sources with what tells each from another, as `stream/compiled.py` does."""
    return {name: hashlib.sha256((STREAM / name).read_bytes()).hexdigest() for name in HOT}


def up_to_date() -> bool:
    """Tell whether what is in place was made from these sources, for this Python."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    try:
        made = json.loads((FOLDER / "manifest.json").read_bytes())
        there = (FOLDER / f"{made['library']}{suffix}").exists()
    except (OSError, ValueError, KeyError):
        return False
    return there and bool(made == {**made, "suffix": suffix, "sources": digests()})


def compile_all() -> None:
    """Compile, and put all of it in place. Raises RuntimeError with one sentence where that cannot be."""
    try:
        from mypyc.build import mypycify
    except ImportError:
        raise RuntimeError("mypyc is not installed") from None
    compiler = shlex.split(os.environ.get("CC", "cc"))
    if shutil.which(compiler[0]) is None:
        raise RuntimeError(f"there is no C compiler ({compiler[0]})")
    os.chdir(STREAM.parent)  # modules are called by their paths
    suffix, sources = sysconfig.get_config_var("EXT_SUFFIX"), digests()
    with tempfile.TemporaryDirectory(dir=STREAM / "native") as folder:
        work = Path(folder)
        written = work / "c"
        extensions: list[Any] = mypycify(
            ["--config-file=", "--ignore-missing-imports", *(f"stream/{name}" for name in HOT)],
            target_dir=str(written),
            multi_file=True,
        )
        made = work / "compiled"
        for extension in extensions:
            target = made / Path(*extension.name.removeprefix("stream.").split("."))
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(compiler, extension, target.with_name(target.name + suffix), work)
        library = next(one.name for one in extensions if "." not in one.name)
        manifest = {"suffix": suffix, "library": library, "sources": sources}
        (made / "manifest.json").write_text(json.dumps(manifest, indent=1))
        # Processes that have loaded the former ones keep them; who starts between the two runs the sources.
        shutil.rmtree(FOLDER, ignore_errors=True)
        made.replace(FOLDER)


def _link(compiler: list[str], extension: Any, target: Path, work: Path) -> None:
    includes = {sysconfig.get_path("include"), sysconfig.get_path("platinclude"), *extension.include_dirs}
    flags = [*compiler, *FLAGS, *(f"-I{folder}" for folder in sorted(includes))]

    def compiled(source: str) -> str:
        made = work / "o" / (hashlib.sha256(source.encode()).hexdigest() + ".o")
        made.parent.mkdir(exist_ok=True)
        _run([*flags, "-c", source, "-o", str(made)])
        return str(made)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compiled, extension.sources))
    _run([*compiler, "-shared", *objects, "-o", str(target)])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if "error" in line] or ["no reason given"]
        raise RuntimeError(f"the C compiler failed: {errors[0].strip()}")


def main() -> int:
    """Compile where that is needed; return the exit status."""
    if up_to_date():
        return 0
    try:
        compile_all()
    except RuntimeError as error:
        sys.stderr.write(f"Routing was not compiled: {error}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
