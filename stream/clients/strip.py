"""A clock and a frame counter that machines read back from a picture, whatever a codec did to it.

The strip is two rows of 32 square blocks along the lower edge of a picture, each 1/32 of its width.
Bits go row by row, most significant first, white is 1:

    1 0 1 0 | 32 bits of ms since 1970 | 16 bits of counter | 8 bits of CRC | 0 1 0 1

The first and last four are finders: they give the level between black and white, and a picture
without them has no strip. The law: a wrong value is never read; a doubtful strip reads as None. It
must not know what else the picture shows. `tests/e2e/clock_reader.js` is the same reader for browsers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Blocks = npt.NDArray[np.bool_]

COLUMNS: Final = 32
ROWS: Final = 2
MS_BITS: Final = 32
COUNTER_BITS: Final = 16
FINDER: Final = (True, False, True, False)
"""Opens the strip; its inverse closes it, so that a mirrored or upside-down picture is not read."""

MIN_CONTRAST: Final = 64
"""Least distance between the finders' black and white, in steps of 8-bit luma."""


@dataclass(frozen=True)
class Reading:
    """What a strip says: milliseconds since 1970 modulo 2^32, and the frame counter modulo 2^16."""

    ms: int
    counter: int

    def age(self, now_ms: int) -> int:
        """Return how many ms lie between the painting and `now_ms`; negative if it lies ahead."""
        half = 1 << (MS_BITS - 1)
        return (now_ms - self.ms + half) % (1 << MS_BITS) - half


def encode(ms: int, counter: int) -> Blocks:
    """Return the strip as booleans of shape (2, 32)."""
    value = (ms % (1 << MS_BITS)) << COUNTER_BITS | counter % (1 << COUNTER_BITS)
    data = value.to_bytes((MS_BITS + COUNTER_BITS) // 8, "big")
    bits = np.unpackbits(np.frombuffer(data + bytes([_crc8(data)]), dtype=np.uint8)).astype(np.bool_)
    finder = np.array(FINDER)
    return np.concatenate((finder, bits, ~finder)).reshape(ROWS, COLUMNS)


def paint(luma: Pixels, blocks: Blocks) -> None:
    """Paint a strip along the lower edge of a luma plane of shape (height, width), in video levels."""
    side = luma.shape[1] // COLUMNS
    levels = np.where(blocks, 235, 16).astype(np.uint8)
    luma[-ROWS * side :, : COLUMNS * side] = levels.repeat(side, axis=0).repeat(side, axis=1)


def read(pixels: Pixels) -> Reading | None:
    """Read the strip of a picture of shape (height, width) or (height, width, 3); None if there is none."""
    height, width = pixels.shape[:2]
    side = width / COLUMNS
    if side < 4 or height < ROWS * side:
        return None
    means = np.empty((ROWS, COLUMNS))
    for row in range(ROWS):
        top = height - (ROWS - row) * side
        rows = slice(round(top + 0.25 * side), round(top + 0.75 * side))
        for column in range(COLUMNS):
            left = column * side
            means[row, column] = pixels[rows, round(left + 0.25 * side) : round(left + 0.75 * side)].mean()
    return _decode(means.reshape(-1))


def _decode(means: npt.NDArray[np.float64]) -> Reading | None:
    finder = np.array(FINDER)
    edges = np.concatenate((means[: len(FINDER)], means[-len(FINDER) :]))
    expected = np.concatenate((finder, ~finder))
    black, white = edges[~expected], edges[expected]
    if white.min() - black.max() < MIN_CONTRAST:
        return None
    bits = means[len(FINDER) : -len(FINDER)] > (white.mean() + black.mean()) / 2
    data = np.packbits(bits).tobytes()
    if _crc8(data[:-1]) != data[-1]:
        return None
    value = int.from_bytes(data[:-1], "big")
    return Reading(ms=value >> COUNTER_BITS, counter=value % (1 << COUNTER_BITS))


def _crc8(data: bytes) -> int:
    """CRC-8 with the polynomial x^8 + x^2 + x + 1 (ITU-T I.432.1, without its final XOR)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07 if crc & 0x80 else crc << 1) & 0xFF
    return crc
