"""The derived protocol files are current, and say what the structs say."""

from __future__ import annotations

import json
import typing

import jsonschema
import msgspec
import pytest

from signaling import protocol, schema


@pytest.mark.parametrize("path", schema.documents(), ids=lambda path: path.name)
def test_committed_file_is_current(path: typing.Any) -> None:
    assert path.read_text() == schema.documents()[path], "run python -m signaling.schema"


def test_schema_accepts_what_the_server_sends_and_refuses_what_it_would_not_take() -> None:
    validator = jsonschema.Draft202012Validator(schema.json_schema())
    question = protocol.Question("q1", protocol.Person("p1", "Ada", "viewer"), "Why?", 1, "pending")
    events = protocol.Events(1, 7, (protocol.QuestionAsked(seq=7, at=1, by="p1", question=question),))
    validator.validate(json.loads(msgspec.json.encode(events)))
    validator.validate({"type": "chat.post", "id": "c1", "text": "hello"})
    assert not validator.is_valid({"type": "chat.post", "id": "c1", "text": ""})
    assert not validator.is_valid({"type": "chat.shout", "id": "c1", "text": "hello"})


def test_every_message_of_both_directions_is_in_every_document() -> None:
    channel = schema.asyncapi()["channels"]["session"]["messages"]
    declarations = schema.typescript()
    for union in (protocol.AnyClientMessage, protocol.AnyServerMessage):
        for message in typing.get_args(union):
            tag = message.__struct_config__.tag
            assert tag in channel
            assert f'type: "{tag}";' in declarations


def test_optional_fields_follow_the_writer() -> None:
    declarations = schema.typescript()
    assert "resume?: Resume | null;" in declarations  # a client may leave it out
    assert "snapshot: Snapshot | null;" in declarations  # the server always writes it
    assert "affiliation?: string;" in declarations  # the server leaves it out when empty
