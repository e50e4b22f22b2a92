"""Which layer a budget buys: by hand, by property, and without flapping."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from stream.routing.layers import ENTRY, HOLD, RISE, ROOM, SLACK, Choice, Ladder, Rung, allocate

LOW, MID, HIGH = Rung(0, 2, 150e3), Rung(1, 2, 500e3), Rung(2, 2, 1500e3)
MAIN = (LOW, MID, HIGH)
SLIDES = (Rung(0, 2, 100e3), Rung(1, 2, 400e3))
AUDIO = 48e3


def taken(chosen: list[Rung | None]) -> float:
    return sum(rung.bitrate for rung in chosen if rung is not None)


def layers(chosen: list[Rung | None]) -> list[int | None]:
    return [None if rung is None else rung.layer for rung in chosen]


class TestAllocate:
    def test_the_lowest_of_each_then_main(self) -> None:
        nothing = [None, None]
        for budget, expected in (
            (150e3 * ENTRY, [0, None]),
            (250e3 * ENTRY, [0, 0]),
            (600e3 * ROOM, [1, 0]),
            (900e3 * ROOM, [1, 1]),
            (1600e3 * ROOM, [2, 0]),
            (1900e3 * ROOM, [2, 1]),
        ):
            assert layers(allocate(budget + 1, (MAIN, SLIDES), nothing)) == expected
            assert layers(allocate(budget - 1, (MAIN, SLIDES), nothing)) != expected

    def test_up_needs_room_and_what_is_there_has_slack(self) -> None:
        assert allocate(1500e3 * ROOM - 1, (MAIN,), [(1, 2)]) == [MID]
        assert allocate(1500e3 * ROOM + 1, (MAIN,), [(1, 2)]) == [HIGH]
        assert allocate(1500e3 * SLACK + 1, (MAIN,), [(2, 2)]) == [HIGH]
        assert allocate(1500e3 * SLACK - 1, (MAIN,), [(2, 2)]) == [MID]

    def test_temporal_layers_go_first(self) -> None:
        rungs = (Rung(0, 2, 150e3), Rung(1, 0, 250e3), Rung(1, 1, 350e3), Rung(1, 2, 500e3))
        at = [allocate(budget, (rungs,), [(1, 2)])[0] for budget in (480e3, 470e3, 330e3, 230e3)]
        assert at == [rungs[3], rungs[2], rungs[1], rungs[0]]

    def test_a_slot_without_a_producer(self) -> None:
        assert allocate(1e6, ((), SLIDES), [(1, 2), None]) == [None, SLIDES[1]]

    def test_a_layer_that_is_gone(self) -> None:
        assert allocate(520e3, (MAIN[:2],), [(2, 2)]) == [MID]

    def test_another_slot_comes_before_a_better_picture(self) -> None:
        main, slides = (Rung(0, 0, 1e3), Rung(0, 1, 461_657)), (Rung(0, 0, 4_375_238),)
        assert allocate(2_297_525, (main, slides), [(0, 1), None]) == [main[1], None]
        assert allocate(4_595_050, (main, slides), [(0, 1), None]) == [main[0], slides[0]]

    @given(
        st.floats(0, 1e7),
        st.lists(st.lists(st.floats(1e3, 5e6), max_size=6).map(sorted), min_size=1, max_size=3),
        st.data(),
    )
    def test_it_fits_and_stays_where_nothing_changes(
        self, budget: float, rates: list[list[float]], data: st.DataObject
    ) -> None:
        slots = [[Rung(n // 3, n % 3, rate) for n, rate in enumerate(ladder)] for ladder in rates]
        rung = st.one_of(st.none(), st.tuples(st.integers(0, 2), st.integers(0, 2)))
        current: list[Choice | None] = [data.draw(rung) for _ in slots]
        chosen = allocate(budget, slots, current)
        assert taken(chosen) <= budget / SLACK + 1e-6
        after: list[Choice | None] = [
            None if rung is None else (rung.layer, rung.temporal) for rung in chosen
        ]
        again = allocate(budget, slots, after)
        more = allocate(budget * 2, slots, after)
        assert taken(again) >= taken(chosen) - 1e-6 or again[0] != chosen[0]
        # More room first shows more slots, the important ones first; the same slots are shown no worse.
        shown, shown_with_more = ([rung is not None for rung in rungs] for rungs in (chosen, more))
        assert shown_with_more >= shown
        if shown_with_more == shown and chosen[0] is not None:
            assert more[0] is not None
            assert more[0].bitrate >= chosen[0].bitrate


class TestLadder:
    def test_the_best_first(self) -> None:
        ladder = Ladder()
        assert ladder.choose(3e6, AUDIO, [MAIN], 0.0) == [HIGH]
        assert ladder.wanted == 0.0
        assert ladder.switches == 0

    def test_down_at_once_up_after_a_second(self) -> None:
        ladder = Ladder()
        ladder.choose(3e6, AUDIO, [MAIN], 0.0)
        assert ladder.choose(700e3, AUDIO, [MAIN], 1.0) == [MID]
        assert ladder.wanted == AUDIO + 1500e3
        assert ladder.choose(3e6, AUDIO, [MAIN], 1.1) == [MID]
        assert ladder.choose(3e6, AUDIO, [MAIN], 1.0 + RISE) == [MID]
        assert ladder.choose(3e6, AUDIO, [MAIN], 1.1 + RISE) == [HIGH]
        assert ladder.switches == 2

    def test_up_at_once_where_a_probe_proved_it(self) -> None:
        ladder = Ladder()
        ladder.choose(3e6, AUDIO, [MAIN], 0.0)
        ladder.choose(700e3, AUDIO, [MAIN], 1.0)
        assert ladder.choose(3e6, AUDIO, [MAIN], 1.1, proven=True) == [HIGH]

    def test_a_dip_makes_an_upgrade_wait_anew(self) -> None:
        ladder = Ladder()
        ladder.choose(700e3, AUDIO, [MAIN], 0.0)
        for now in (0.1, 0.9):
            assert ladder.choose(3e6, AUDIO, [MAIN], now) == [MID]
        assert ladder.choose(700e3, AUDIO, [MAIN], 1.0) == [MID]
        assert ladder.choose(3e6, AUDIO, [MAIN], 1.2) == [MID]

    def test_no_picture_while_congested_and_one_as_soon_as_not(self) -> None:
        ladder = Ladder()
        ladder.choose(3e6, AUDIO, [MAIN, SLIDES], 0.0)
        assert ladder.choose(270e3, AUDIO, [MAIN, SLIDES], 1.0, congested=True) == [None, None]
        assert ladder.wanted == 0.0
        assert ladder.choose(270e3, AUDIO, [MAIN, SLIDES], 1.1) == [LOW, None]

    def test_the_lowest_is_kept_for_a_moment(self) -> None:
        ladder = Ladder()
        ladder.choose(250e3, AUDIO, [MAIN], 0.0)
        assert ladder.choose(150e3, AUDIO, [MAIN], 1.0) == [LOW]
        assert ladder.choose(150e3, AUDIO, [MAIN], 0.9 + HOLD) == [LOW]
        assert ladder.choose(150e3, AUDIO, [MAIN], 1.1 + HOLD) == [None]
        assert ladder.wanted == AUDIO + LOW.bitrate

    def test_the_next_step_is_a_whole_layer(self) -> None:
        rungs = (Rung(0, 0, 80e3), Rung(0, 2, 150e3), Rung(1, 0, 250e3), Rung(1, 2, 500e3))
        ladder = Ladder()
        ladder.choose(210e3, AUDIO, [rungs], 0.0)
        assert ladder.wanted == AUDIO + 500e3

    def test_sound_comes_off_first(self) -> None:
        assert Ladder().choose(AUDIO + 149e3, 3 * AUDIO, [MAIN], 0.0) == [None]

    def test_the_same_question_has_the_same_answer(self) -> None:
        ladder, slots = Ladder(), [MAIN]
        first = ladder.choose(700e3, AUDIO, slots, 0.0)
        assert ladder.choose(700e3, AUDIO, slots, 0.1) is first

    def test_an_estimate_that_wavers_by_a_tenth_changes_nothing(self) -> None:
        """And neither do bitrates that do: an encoder's are never still."""
        one = random.Random(4)
        for budget in range(300, 3000, 50):
            ladder = Ladder()
            for turn in range(300):
                wavering = [Rung(r.layer, r.temporal, r.bitrate * one.uniform(0.96, 1.04)) for r in MAIN]
                ladder.choose(budget * 1e3 * one.uniform(0.96, 1.04), AUDIO, [wavering], turn / 10)
            assert ladder.switches <= 2
