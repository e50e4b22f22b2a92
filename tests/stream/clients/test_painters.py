"""The card, the slides and the voice: functions of the time, in step, and cheap."""

from __future__ import annotations

import time

import numpy as np

from stream.clients import slides, strip, test_card, voice
from stream.clients.strip import Reading

SECOND = 1_790_000_123_000


def panel(ms: int) -> float:
    """Return the mean luma of the card's panel, its border left out."""
    left, top, width, height = test_card.FLASH_BOX
    luma = test_card.TestCard.of("Ada").paint(ms, 0, 0.0).luma
    return float(luma[top + 4 : top + height - 4, left + 4 : left + width - 4].mean())


def test_the_card_tells_the_time_to_people_and_machines() -> None:
    card = test_card.TestCard.of("Ada", "Analytical Society")
    assert test_card.clock_text(SECOND + 7) == "14:15:23.007"
    assert strip.read(card.paint(SECOND + 7, 42, 0.5).luma) == Reading((SECOND + 7) % 2**32, 42)
    assert not np.array_equal(card.paint(SECOND, 1, 0.5).array, card.paint(SECOND + 1, 1, 0.5).array)


def test_the_same_time_gives_the_same_picture() -> None:
    card = test_card.TestCard.of("Ada")
    assert np.array_equal(card.paint(SECOND, 1, 0.5).array, card.paint(SECOND, 1, 0.5).array)


def test_the_panel_is_white_for_the_first_tenth_of_each_second() -> None:
    assert panel(SECOND) > 220
    assert panel(SECOND + 99) > 220
    assert panel(SECOND + 100) < 60
    assert panel(SECOND + 999) < 60


def test_the_ring_follows_the_voice() -> None:
    card = test_card.TestCard.of("Ada")
    quiet, loud = card.paint(SECOND, 1, 0.0), card.paint(SECOND, 1, 1.0)
    assert not np.array_equal(quiet.array, loud.array)
    assert np.array_equal(loud.array, card.paint(SECOND, 1, 7.0).array)


def test_painting_costs_less_than_four_milliseconds() -> None:
    card = test_card.TestCard.of("Ada")
    begun = time.process_time()
    for number in range(100):
        card.paint(SECOND + number, number, 0.5).frame()
    assert (time.process_time() - begun) / 100 < 0.004


def test_slides_turn_every_eight_seconds() -> None:
    deck = slides.Slides.of()
    start = SECOND // slides.PAGE_MS * slides.PAGE_MS
    first, same, second = (deck.paint(start + ms, 0).luma[: slides.HEIGHT - 60] for ms in (0, 7999, 8000))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, second)
    assert strip.read(deck.paint(start, 5).luma) == Reading(start % 2**32, 5)


def beep(sound: voice.Samples) -> float:
    """Return how much of a sound lies at the beep's pitch, as an amplitude from 0 to 1."""
    turns = np.exp(-2j * np.pi * voice.BEEP_HZ * np.arange(sound.size) / voice.SAMPLE_RATE)
    return float(abs(np.mean(sound / 32768 * turns)) * 2)


def test_the_beep_sounds_in_the_first_tenth_of_each_second() -> None:
    start = SECOND // 1000 * voice.SAMPLE_RATE
    frames = [beep(voice.samples(start + number * 960, 960)) for number in range(100)]
    assert [number for number, strength in enumerate(frames) if strength > 0.2] == [*range(5), *range(50, 55)]


def test_the_voice_murmurs_in_syllables_and_is_silent_around_the_beep() -> None:
    start = SECOND // 10_000 * 10 * voice.SAMPLE_RATE
    loop = voice.samples(start, 10 * voice.SAMPLE_RATE).astype(float)
    assert np.abs(loop[-1440:]).max() < 3
    assert np.abs(loop[4848 : 4848 + 1200]).max() < 3
    levels = [voice.level(start + number * 480) for number in range(1000)]
    assert min(levels) < 0.05
    assert max(levels) == 1.0


def test_samples_are_a_function_of_their_number() -> None:
    start = SECOND // 1000 * voice.SAMPLE_RATE
    whole = voice.samples(start, 1920)
    parts = np.concatenate((voice.samples(start, 700), voice.samples(start + 700, 1220)))
    assert whole.dtype == np.int16
    assert np.array_equal(whole, parts)
