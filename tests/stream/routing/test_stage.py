"""The plan made concrete: who fills which slot."""

from __future__ import annotations

from stream.plan import Feed
from stream.routing.publication import Publication
from stream.routing.stage import SLOT_NAMES, resolve
from tests.stream.routing.stage_hands import AUDIO_IN, VIDEO_IN, everyone

NOBODY = dict.fromkeys(SLOT_NAMES)


def publications(**last_packet_at: float) -> dict[str, Publication]:
    """Return publications by name, each with a picture and a voice that last came at a time."""
    found: dict[str, Publication] = {}
    for name, at in last_packet_at.items():
        one = found[name] = Publication(name, "camera", name, [VIDEO_IN, AUDIO_IN])
        for producer in one.producers:
            producer.last_packet_at = at
    return found


def test_an_empty_plan_fills_nothing() -> None:
    assert resolve(Feed(), publications(a=10.0), NOBODY, 10.0) == NOBODY


def test_the_first_live_one_fills_the_slot() -> None:
    present = publications(a=1.0, b=9.5, c=9.5)
    assert resolve(everyone("x", "a", "b", "c"), present, NOBODY, 10.0)["main"] == "b"


def test_a_dead_one_stays_where_nobody_else_could_be_seen() -> None:
    assert resolve(everyone("a"), publications(a=1.0), NOBODY, 10.0)["main"] == "a"


def test_a_closed_one_is_gone() -> None:
    present = publications(a=10.0)
    present["a"].close()
    assert resolve(everyone("a"), present, NOBODY, 10.0) == NOBODY


def test_a_picture_without_sound_fills_only_main() -> None:
    present = {"a": Publication("a", "slides", "a", [VIDEO_IN])}
    present["a"].producers[0].last_packet_at = 10.0
    chosen = resolve(Feed(main=("a",), slides=("a",), audio=("a",)), present, NOBODY, 10.0)
    assert chosen == NOBODY | {"main": "a", "slides": "a"}


def test_three_voices_have_lines_and_one_is_dominant() -> None:
    present = publications(a=10.0, b=10.0, c=10.0, d=10.0)
    for name, level in {"a": 60.0, "b": 20.0, "c": 40.0, "d": 30.0}.items():
        producer = present[name].producer("audio")
        assert producer is not None
        producer.loudness.level = level
    chosen = resolve(everyone("a", "b", "c", "d"), present, NOBODY, 10.0)
    assert (chosen["audio0"], chosen["audio1"], chosen["audio2"]) == ("b", "d", "c")
    assert chosen["audio"] == "b"
    held = NOBODY | {"audio": "a", "audio1": "c"}
    chosen = resolve(everyone("a", "b", "c", "d"), present, held, 10.0)
    assert (chosen["audio0"], chosen["audio1"], chosen["audio2"]) == ("b", "c", "d")
    assert chosen["audio"] == "b", "out-spoken by 40 dB"


def test_a_voice_named_twice_is_heard_once() -> None:
    chosen = resolve(Feed(audio=("a", "a", "a")), publications(a=10.0), NOBODY, 10.0)
    assert [chosen[line] for line in ("audio0", "audio1", "audio2")] == ["a", None, None]


def test_a_voice_that_fell_silent_for_good_frees_its_line() -> None:
    chosen = resolve(everyone("a", "b"), publications(a=1.0, b=10.0), NOBODY | {"audio0": "a"}, 10.0)
    assert chosen["audio0"] == "b"


def test_the_main_speakers_voice_is_on_the_line_that_keeps_in_step_with_the_picture() -> None:
    present = publications(a=10.0, b=10.0)
    held = NOBODY | {"audio0": "a", "audio1": "b"}
    chosen = resolve(Feed(main=("b", "a"), audio=("b", "a")), present, held, 10.0)
    assert chosen["main"] == "b"
    assert (chosen["audio0"], chosen["audio1"], chosen["audio2"]) == ("b", "a", None)
