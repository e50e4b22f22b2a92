"""Frames: judged before parsed; whatever comes in, only the named errors come out."""

from __future__ import annotations

import json
import time
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.errors import BadRequest, TooLarge
from signaling.frames import deeper_than, parse
from signaling.protocol import MAX_DEPTH, MAX_FRAME_BYTES, PostChat, Refused

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


@given(JSON, st.integers(0, 6))
def test_depth_is_that_of_the_parsed_value(value: object, limit: int) -> None:
    assert deeper_than(json.dumps(value), limit) == (depth(value) > limit)
    assert deeper_than(json.dumps(value, ensure_ascii=False), limit) == (depth(value) > limit)


@given(st.text() | JSON.map(json.dumps) | st.text(alphabet='{}[]":,\\ \n09truefalsn'))
def test_any_text_is_a_message_a_refusal_or_a_named_error(text: str) -> None:
    try:
        parse(text)
    except (BadRequest, TooLarge) as error:
        assert error.code in ("bad_message", "too_deep", "too_large")


@pytest.mark.parametrize(
    "text", ['"' + '\\"' * 8000, '\\"' * 8000, "[" * 16_000, '{"' * 8000, '"[' * 8000 + "\\"]
)
def test_hostile_texts_take_linear_time(text: str) -> None:
    began = time.perf_counter()
    deeper_than(text, MAX_DEPTH)
    assert time.perf_counter() - began < 0.1


def test_a_command_with_an_id_is_answered() -> None:
    refused = parse('{"type":"chat.post","id":"c1","text":""}')
    assert isinstance(refused, Refused) and (refused.id, refused.code) == ("c1", "invalid")
    assert parse('{"type":"chat.post","id":"c1","text":"x"}') == PostChat("c1", "x")


def test_size_is_counted_in_bytes() -> None:
    fits = json.dumps({"type": "chat.post", "id": "c1", "text": "x", "pad": ""})
    with pytest.raises(TooLarge):
        parse(fits.replace('"pad": ""', f'"pad": "{"é" * (MAX_FRAME_BYTES // 2)}"'))


def test_half_an_emoji_does_not_get_in_but_is_answered() -> None:
    outcome = parse('{"type":"chat.post","id":"c1","text":"\\ud800"}')
    assert isinstance(outcome, Refused) and outcome.code == "invalid"


def test_every_command_has_an_id_to_answer_to() -> None:
    from signaling.protocol import AnyCommand

    for command in typing.get_args(AnyCommand):
        tag = command.__struct_config__.tag
        assert isinstance(parse(json.dumps({"type": tag, "id": "c1", "nonsense": 1})), Refused)
