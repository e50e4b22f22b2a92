"""From a client's frame to a message, or to the reason why it is none: pure.

The law: a frame is judged by size and depth before it is parsed, and nothing in it is trusted beyond
what protocol/'s types say. A command that is wrong but has an id is answered, not punished.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import msgspec

from signaling.errors import BadRequest, TooLarge
from signaling.protocol import (
    MAX_DEPTH,
    MAX_FRAME_BYTES,
    AnyClientMessage,
    AnyCommand,
    Hello,
    Id,
    Ping,
    RefreshToken,
    Refused,
)

Message = Hello | Ping | RefreshToken | AnyCommand | Refused
"""What a frame comes to; Refused is an answer to send, not something that was said."""

_decode: Callable[[str], Message] = msgspec.json.Decoder(AnyClientMessage).decode
_BRACKETS = re.compile(r'(?s)"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|([\[{])|([\]}])')
"""A string, a bracket that opens, or one that closes; never backtracks, so 16 KiB take linear time."""


class _Envelope(msgspec.Struct):
    """What makes a frame a command: enough to answer it."""

    id: Id
    type: str


def parse(text: str) -> Message:
    """Return the message in a frame, or the refusal to send for a command that is not well formed.

    Raises TooLarge (`too_large`) and BadRequest (`too_deep`, `bad_message`).
    """
    if len(text) > MAX_FRAME_BYTES or len(text.encode()) > MAX_FRAME_BYTES:
        raise TooLarge("too_large", f"A frame may have {MAX_FRAME_BYTES} bytes.")
    if deeper_than(text, MAX_DEPTH):
        raise BadRequest("too_deep", f"A message may be nested {MAX_DEPTH} deep.")
    try:
        return _decode(text)
    except msgspec.DecodeError as error:
        try:
            # The library's own parser reads more, such as half of an emoji that a form has cut in two.
            envelope = msgspec.convert(json.loads(text), _Envelope)
        except ValueError:
            raise BadRequest("bad_message", f"This is not a message of the protocol: {error}.") from error
        return Refused(envelope.id, "invalid", f"The command is not well formed: {error}.")


def deeper_than(text: str, depth: int) -> bool:
    """Say whether a JSON text nests arrays and objects deeper than `depth`, without parsing it."""
    if text.count("[") + text.count("{") <= depth:
        return False
    level = 0
    for match in _BRACKETS.finditer(text):
        if match[1]:
            level += 1
            if level > depth:
                return True
        elif match[2]:
            level -= 1
    return False
