"""Broken inputs from sound ones: a seeded source of the damage that parsers meet."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final, TypeAlias

Mutation: TypeAlias = Callable[[Random, bytearray, bytes], None]

_INTERESTING: Final = (0x00, 0x01, 0x7F, 0x80, 0xFF)
_MAX_SIZE: Final = 70_000
"""A little beyond the largest offer allowed, bytes."""


def mutate(random: Random, data: bytes, other: bytes) -> bytes:
    """Damage `data` one to six times, sometimes with pieces of `other`."""
    damaged = bytearray(data)
    for _ in range(random.randint(1, 6)):
        random.choice(_MUTATIONS)(random, damaged, other)
    return bytes(damaged[:_MAX_SIZE])


def _place(random: Random, data: bytes | bytearray) -> tuple[int, int]:
    start = random.randint(0, len(data))
    return start, min(len(data), start + random.choice((1, 2, 4, 8, 40)))


def _flip_bit(random: Random, data: bytearray, other: bytes) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _set_byte(random: Random, data: bytearray, other: bytes) -> None:
    if data:
        data[random.randrange(len(data))] = random.choice((*_INTERESTING, random.randrange(256)))


def _cut_end(random: Random, data: bytearray, other: bytes) -> None:
    del data[random.randint(0, len(data)) :]


def _delete(random: Random, data: bytearray, other: bytes) -> None:
    start, end = _place(random, data)
    del data[start:end]


def _repeat(random: Random, data: bytearray, other: bytes) -> None:
    start, end = _place(random, data)
    data[start:start] = data[start:end] * random.choice((1, 1, 2, 40))


def _insert(random: Random, data: bytearray, other: bytes) -> None:
    start, end = _place(random, data)
    data[start:start] = random.randbytes(end - start)


def _splice(random: Random, data: bytearray, other: bytes) -> None:
    start, end = _place(random, other)
    at = random.randint(0, len(data))
    data[at : at + random.choice((0, end - start))] = other[start:end]


def _shuffle_lines(random: Random, data: bytearray, other: bytes) -> None:
    """Delete, repeat or move a line, or take one from `other`: of text only."""
    lines: list[bytes | bytearray] = [*data.split(b"\n")]
    if len(lines) < 3:
        return
    line = bytes(lines.pop(random.randrange(len(lines))))
    line = random.choice((line, random.choice(other.split(b"\n"))))
    for _ in range(random.choice((0, 1, 1, 2, 40))):
        lines.insert(random.randint(0, len(lines)), line)
    data[:] = b"\n".join(lines)


_MUTATIONS: Final[tuple[Mutation, ...]] = (
    _flip_bit,
    _set_byte,
    _cut_end,
    _delete,
    _repeat,
    _insert,
    _splice,
    _shuffle_lines,
    _shuffle_lines,
)
