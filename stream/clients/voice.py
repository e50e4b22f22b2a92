"""The synthetic speaker's voice: a soft murmur in syllables, and a beep at each whole second.

Samples are numbered from 1970 at 48 kHz, so that the beep and the test card's flash come from one
clock. The law: a sample is a function of its number; the ten seconds that repeat are made once. It
must not know of tracks or of the time now.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
Signal = npt.NDArray[np.float64]

SAMPLE_RATE: Final = 48_000
BEEP_HZ: Final = 1000
BEEP_SECONDS: Final = 0.1

_LOOP_SECONDS: Final = 10
_LOOP: Final = _LOOP_SECONDS * SAMPLE_RATE
_HOP: Final = SAMPLE_RATE // 100
_BEEP_PEAK: Final = 0.3
_MURMUR_PEAK: Final = 0.2
_HUSH_SECONDS: Final = 0.06
"""The murmur keeps silent this long before and after a beep, which then stands out to a detector."""

# First three formants in Hz of five vowels, as a man speaks them (Peterson and Barney, 1952).
_VOWELS: Final = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))
_BANDWIDTHS: Final = (90.0, 110.0, 170.0)
_GAINS: Final = (1.0, 0.5, 0.25)


def samples(start: int, count: int) -> Samples:
    """Return `count` samples, mono, from sample number `start` (seconds since 1970 times 48,000) on."""
    return _loop()[(start + np.arange(count)) % _LOOP]


def level(sample: int) -> float:
    """Return how loud the murmur is at a sample, from 0 to 1, smoothed as a meter would."""
    return float(_levels()[sample % _LOOP // _HOP])


@cache
def _loop() -> Samples:
    mixed = _murmur() + _beeps()
    return (mixed * np.iinfo(np.int16).max).astype(np.int16)


@cache
def _levels() -> Signal:
    loudness = np.abs(_murmur()).reshape(-1, _HOP).mean(axis=1)
    smooth = np.convolve(np.tile(loudness, 2), np.ones(8) / 8, mode="same")[: loudness.size]
    return smooth / float(smooth.max())


def _beeps() -> Signal:
    """One beep at the start of each second, its ends rounded over a millisecond against clicks."""
    time = np.arange(round(BEEP_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    edge = np.clip(np.minimum(time, BEEP_SECONDS - time) / 0.001, 0, 1)
    second = np.zeros(SAMPLE_RATE)
    second[: time.size] = _BEEP_PEAK * edge * np.sin(2 * np.pi * BEEP_HZ * time)
    return np.tile(second, _LOOP_SECONDS)


@cache
def _murmur() -> Signal:
    """Harmonics of a voice near 110 Hz, weighted by the formants of one vowel for each syllable."""
    random = np.random.default_rng(1876)
    time = np.arange(_LOOP) / SAMPLE_RATE
    pitch = 110 + 9 * np.sin(2 * np.pi * 0.3 * time) + 5 * np.sin(2 * np.pi * 1.3 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    voice = np.zeros(_LOOP)
    start = round(0.1 * SAMPLE_RATE)
    while start < _LOOP - SAMPLE_RATE:
        for _ in range(random.integers(4, 9)):
            length = round(random.uniform(0.15, 0.26) * SAMPLE_RATE)
            syllable = slice(start, min(start + length, _LOOP))
            vowel = _VOWELS[random.integers(len(_VOWELS))]
            envelope = np.sin(np.linspace(0, np.pi, syllable.stop - start)) ** 0.7
            voice[syllable] += random.uniform(0.6, 1) * envelope * _vowel(phase[syllable], vowel)
            start = syllable.stop
        start += round(random.uniform(0.25, 0.5) * SAMPLE_RATE)
    from_beep = np.abs((time + 0.5) % 1 - 0.5 - BEEP_SECONDS / 2) - BEEP_SECONDS / 2
    voice *= np.clip((from_beep - _HUSH_SECONDS / 2) / (_HUSH_SECONDS / 2), 0, 1)
    return voice * (_MURMUR_PEAK / float(np.abs(voice).max()))


def _vowel(phase: Signal, formants: tuple[int, int, int]) -> Signal:
    """Sum the harmonics up to 3.3 kHz under the formants' resonance curves; `phase` is the pitch's."""
    sound = np.zeros(phase.size)
    for harmonic in range(1, 31):
        hertz = 110.0 * harmonic
        weight = sum(
            gain / (1 + ((hertz - formant) / width) ** 2)
            for gain, formant, width in zip(_GAINS, formants, _BANDWIDTHS, strict=True)
        )
        sound += weight * np.sin(harmonic * phase)
    return sound
