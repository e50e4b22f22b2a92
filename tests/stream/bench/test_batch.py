"""Sockets read in batches give what was sent, whose it is, and when it came."""

from __future__ import annotations

import socket
import time

import pytest

from stream.bench.batch import ROWS, Arena, open_viewer_socket


def stamped(viewer: socket.socket) -> None:
    """Wait until the kernel stamps what arrives, which it begins soon after a socket first wants it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(500):
            sender.sendto(b"?", viewer.getsockname())
            time.sleep(0.01)
            read = time.time_ns()
            fetched, _ = Arena().fetch([(0, viewer.fileno())])
            if fetched.stamps[-1] < read:
                return
    raise AssertionError("arrivals are not stamped")


def test_datagrams_come_in_order_with_owner_length_and_time() -> None:
    with (
        open_viewer_socket("127.0.0.1") as one,
        open_viewer_socket("127.0.0.1") as two,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        stamped(one)
        before = time.time_ns()
        for number in range(100):
            sender.sendto(bytes([number]) * (number + 1), one.getsockname())
        sender.sendto(b"other", two.getsockname())
        after = time.time_ns()
        fetched, done = Arena().fetch([(7, one.fileno()), (8, two.fileno())])
        assert done == 2
        assert fetched.owners.tolist() == [7] * 100 + [8]
        assert fetched.lengths.tolist() == [*range(1, 101), 5]
        assert [int(row[0]) for row in fetched.rows[:100]] == list(range(100))
        assert fetched.rows[100, :5].tobytes() == b"other"
        assert all(before <= stamp <= after for stamp in fetched.stamps)
        assert (fetched.stamps[1:] >= fetched.stamps[:-1]).all()


def test_a_full_arena_is_gone_on_with() -> None:
    arena = Arena()
    with (
        open_viewer_socket("127.0.0.1") as one,
        open_viewer_socket("127.0.0.1") as two,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        for number in range(ROWS + 10):
            sender.sendto(number.to_bytes(2, "big"), one.getsockname())
        sender.sendto(b"xy", two.getsockname())
        sockets = [(0, one.fileno()), (1, two.fileno())]
        first, done = arena.fetch(sockets)
        assert (len(first.owners), done) == (ROWS, 0)
        rest, done = arena.fetch(sockets[done:])
        assert rest.owners.tolist() == [0] * 10 + [1]
        assert done == 2


def test_our_own_fault_is_raised() -> None:
    gone = open_viewer_socket("127.0.0.1")
    number = gone.fileno()
    gone.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        Arena().fetch([(0, number)])
