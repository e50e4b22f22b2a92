"""A real coturn with the configuration that ships, on an address of a test's own."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

CONFIGURATION = Path(__file__).parents[2] / "docs" / "deploy" / "turnserver.conf"


class Turn:
    """A running turnserver."""

    def __init__(self, log: Path, port: int) -> None:
        self._log = log
        self.port = port

    def log(self) -> str:
        """Return what it has said so far."""
        return self._log.read_text(errors="replace")


@contextlib.contextmanager
def turn(folder: Path, host: str, port: int, secret: str, *options: str) -> Iterator[Turn]:
    """Run coturn for a block; `options` come on top of the configuration that ships."""
    executable = shutil.which("turnserver")
    assert executable, "turnserver is missing: install coturn"
    path = folder / "turnserver.log"
    command = [
        *(executable, "-c", str(CONFIGURATION), f"--static-auth-secret={secret}", "--realm=rostrum.test"),
        *(
            f"--listening-ip={host}",
            f"--relay-ip={host}",
            f"--listening-port={port}",
            "--no-tls",
            "--no-dtls",
        ),
        *("--log-file=stdout", "--verbose", f"--pidfile={folder / 'turnserver.pid'}", *options),
    ]
    with path.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    one = Turn(path, port)
    try:
        deadline = time.monotonic() + 10
        while "TCP listener opened" not in one.log() and "listener opened on" not in one.log():
            assert process.poll() is None and time.monotonic() < deadline, one.log()
            time.sleep(0.05)
        yield one
    finally:
        process.terminate()
        process.wait(10)
