"""Chat: what is said to everybody, and taken back."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from signaling.protocol.base import Command, Event, Id, Person

ChatText = Annotated[str, Meta(min_length=1, max_length=1000)]


class ChatMessage(msgspec.Struct, frozen=True):
    """One line of chat. `id` is the server's."""

    id: str
    author: Person
    text: str
    at: int


class PostChat(Command, frozen=True, tag="chat.post"):
    """Say something to everybody."""

    text: ChatText


class DeleteChat(Command, frozen=True, tag="chat.delete"):
    """Take a message away from everybody (moderators)."""

    message: Id


class ChatPosted(Event, frozen=True, tag="chat.posted"):
    message: ChatMessage


class ChatDeleted(Event, frozen=True, tag="chat.deleted"):
    message: str


ChatCommand = PostChat | DeleteChat
ChatEvent = ChatPosted | ChatDeleted
