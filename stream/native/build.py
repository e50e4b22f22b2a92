"""Compiles the native fan-out: as a build hook of the package, and by `python stream/native/build.py`.

The law: a package can always be built. Without a C compiler, Python's headers or OpenSSL's, the hook says
so in one line and leaves the extension out; run as a command, the same is an error. IPsec_MB's header is
used where it is there (see gcm.c). The hook has routing compiled as well (compile_routing.py), by the same
rule, but not for an editable package, whose sources are there to be changed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path(__file__).resolve().parent
SOURCES = ("gcm.c", "outlet.c", "opener.c", "reports.c", "inlet.c", "fanout.c")
FLAGS = (
    "-std=c11",
    "-O2",
    "-g",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
    "-fstack-protector-strong",
    "-D_FORTIFY_SOURCE=2",
    "-Wall",
    "-Wextra",
)
LIBRARIES = ("-lcrypto", "-ldl")


def extension() -> Path:
    """Return the file that this Python would load."""
    return FOLDER / f"_fanout{sysconfig.get_config_var('EXT_SUFFIX')}"


def c_compiler() -> list[str]:
    """Return the command of the C compiler. Raises RuntimeError where there is none."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    if shutil.which(compiler[0]) is None:
        raise RuntimeError(f"there is no C compiler ({compiler[0]})")
    return compiler


def c_includes(*others: str) -> list[str]:
    """Return the compiler's options for Python's headers, and those of other folders."""
    folders = {sysconfig.get_path("include"), sysconfig.get_path("platinclude"), *others}
    return [f"-I{folder}" for folder in sorted(folders)]


def run_compiler(command: Sequence[str]) -> None:
    """Run it. Raises RuntimeError with its first error."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if "error" in line] or ["no reason given"]
        raise RuntimeError(f"the C compiler failed: {errors[0].strip()}")


def compile_extension() -> None:
    """Compile. Raises RuntimeError with one sentence where that cannot be."""
    compiler, includes = c_compiler(), c_includes()
    sources = [str(FOLDER / name) for name in SOURCES]
    extra = shlex.split(os.environ.get("CFLAGS", ""))
    # Made beside and moved into place: a process that has loaded the former file keeps it whole.
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        made = Path(folder) / extension().name
        run_compiler([*compiler, *FLAGS, *extra, *includes, *sources, "-o", str(made), *LIBRARIES])
        made.replace(extension())


class NativeFanoutHook(BuildHookInterface[Any]):
    """What hatchling calls before it packs a wheel, an editable one included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Put the extension into the wheel, and make the wheel this platform's; or say why not."""
        if self.target_name != "wheel":
            return
        try:
            compile_extension()
        except RuntimeError as error:
            self.app.display_warning(f"No native fan-out, plain Python will do: {error}.")
            return
        build_data["artifacts"].append(f"/stream/native/{extension().name}")
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        if version == "editable":
            return
        done = subprocess.run(
            [sys.executable, "-m", "stream.native.compile_routing"],
            cwd=FOLDER.parent.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            reason = done.stderr.strip().rpartition("\n")[2]
            self.app.display_warning(f"{reason} Plain Python will do.")
            return
        build_data["artifacts"].append("/stream/native/compiled/**")


def main() -> int:
    """Compile if the sources are newer than the extension; return the exit status."""
    sources = [*FOLDER.glob("*.[ch]"), Path(__file__)]
    newest = max(path.stat().st_mtime for path in sources)
    if extension().exists() and extension().stat().st_mtime >= newest:
        return 0
    return exit_status(compile_extension, "The native fan-out was not built")


def exit_status(make: Callable[[], None], otherwise: str) -> int:
    """Have something made; return what a command ends with, and say why where it was not."""
    try:
        make()
    except RuntimeError as error:
        sys.stderr.write(f"{otherwise}: {error}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
