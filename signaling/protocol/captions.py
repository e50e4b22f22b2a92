"""Captions: what is being said, in words, by language. Never facts: they are told, and soon forgotten."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from signaling.protocol.base import Command, Id

CaptionLanguage = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=35,
        pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*(?!\n)$",
        examples=["en"],
    ),
]
"""A BCP 47 tag."""

CaptionText = Annotated[str, Meta(min_length=1, max_length=300)]


class Caption(msgspec.Struct, frozen=True):
    """One line of captions in one language. The same `line` again is the same line, grown or corrected."""

    language: str
    line: str
    text: str
    at: int


class SendCaption(Command, frozen=True, tag="caption.send"):
    """Say what is being said, or say a line again as it has grown (interpreters, producers)."""

    language: CaptionLanguage
    line: Id
    text: CaptionText


CaptionCommand = SendCaption
