"""Many sockets read at little cost: `recvmmsg` into one arena, with the kernel's time of arrival.

A viewer's socket is not waited for: packets gather in it and are fetched some dozens at a time. That
keeps the generator cheap, and costs the relay no wake-ups of a process that real viewers would not have
on its machine. The law: the time of a packet is the kernel's (SO_TIMESTAMPNS), so it does not matter when
it is fetched. Only 64-bit Linux. It must not know what a datagram holds.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import socket
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Bytes2D = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

RECEIVE_BUFFER: Final = 8 * 1024 * 1024
"""Asked for each viewer, bytes: some seconds of packets, so that a busy generator loses none."""

ROW: Final = 1536
"""Room for one datagram in the arena, bytes."""

ROWS: Final = 4096
"""Datagrams fetched before they are looked at."""

_BATCH: Final = 64
_CONTROL: Final = 32
"""One control message with a timespec: header 16, seconds 8, nanoseconds 8."""

_SO_RCVBUFFORCE: Final = 33
_SO_TIMESTAMPNS: Final = 35

# struct mmsghdr of a 64-bit Linux (recvmmsg(2)).
_MMSGHDR: Final = np.dtype(
    {
        "names": ["name", "namelen", "iov", "iovlen", "control", "controllen", "flags", "length"],
        "formats": ["<u8", "<u4", "<u8", "<u8", "<u8", "<u8", "<i4", "<u4"],
        "offsets": [0, 8, 16, 24, 32, 40, 48, 56],
        "itemsize": 64,
    }
)


class Fetched(NamedTuple):
    """Datagrams, one a row: whose they are, when they came (ns since 1970), how long they are."""

    rows: Bytes2D
    owners: Ints
    stamps: Ints
    lengths: Ints


def open_viewer_socket(host: str) -> socket.socket:
    """Bind a UDP socket to a free port, with a large buffer and arrival times."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER)
    if sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) < RECEIVE_BUFFER:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    sock.setblocking(False)
    sock.bind((host, 0))
    return sock


class Arena:
    """The memory that datagrams are fetched into; valid until the next `fetch`."""

    def __init__(self) -> None:
        self._rows = np.zeros((ROWS, ROW), dtype=np.uint8)
        self._controls = np.zeros((ROWS, _CONTROL // 8), dtype=np.int64)
        self._vectors = np.zeros((ROWS, 2), dtype=np.uint64)
        self._headers = np.zeros(ROWS, dtype=_MMSGHDR)
        self._owners = np.zeros(ROWS, dtype=np.int64)
        numbers = np.arange(ROWS, dtype=np.uint64)
        self._vectors[:, 0] = self._rows.ctypes.data + numbers * ROW
        self._vectors[:, 1] = ROW
        self._headers["iov"] = self._vectors.ctypes.data + numbers * 16
        self._headers["iovlen"] = 1
        self._headers["control"] = self._controls.ctypes.data + numbers * _CONTROL
        self._receive = ctypes.CDLL(None, use_errno=True).recvmmsg
        self._receive.argtypes = [
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_void_p,
        ]

    def fetch(self, sockets: Sequence[tuple[int, int]]) -> tuple[Fetched, int]:
        """Fetch what waits in sockets, given as (owner, descriptor), in turn, until the arena is full.

        Also return how many of the sockets were emptied; go on with the next one. Raises OSError.
        """
        self._headers["controllen"] = _CONTROL
        start = self._headers.ctypes.data
        used = 0
        for done, (owner, descriptor) in enumerate(sockets):
            while True:
                room = min(_BATCH, ROWS - used)
                if not room:
                    return self._fetched(used), done
                count = self._receive(descriptor, start + used * 64, room, socket.MSG_DONTWAIT, None)
                if count < 0:
                    self._check(ctypes.get_errno())
                    break
                self._owners[used : used + count] = owner
                used += count
                if count < room:
                    break
        return self._fetched(used), len(sockets)

    def _check(self, number: int) -> None:
        """Pass over an empty socket, and over a relay that is gone; raise what is our own fault."""
        if number not in (errno.EAGAIN, errno.EINTR, errno.ECONNREFUSED):
            raise OSError(number, os.strerror(number))

    def _fetched(self, used: int) -> Fetched:
        controls = self._controls[:used]
        return Fetched(
            self._rows[:used],
            self._owners[:used],
            controls[:, 2] * 1_000_000_000 + controls[:, 3],
            self._headers["length"][:used].astype(np.int64),
        )
