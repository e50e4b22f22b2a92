"""Chat: what is said in a channel, and taken back."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signaling.protocol.base import Command, Event, Id, Person

ChatText = Annotated[str, Meta(min_length=1, max_length=1000)]


Channel = Literal["public", "backstage", "moderators"]
"""Who reads along: everybody; speakers, interpreters and staff; staff alone."""

CHANNELS: tuple[Channel, ...] = ("public", "backstage", "moderators")


class ChatMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of chat. `id` is the server's; without `channel` it is public."""

    id: str
    author: Person
    text: str
    at: int
    channel: Channel = "public"


class PostChat(Command, frozen=True, tag="chat.post"):
    """Say something, to everybody or in a channel of one's own role."""

    text: ChatText
    channel: Channel = "public"


class DeleteChat(Command, frozen=True, tag="chat.delete"):
    """Take a message away from everybody (moderators)."""

    message: Id


class ChatPosted(Event, frozen=True, tag="chat.posted"):
    message: ChatMessage


class ChatDeleted(Event, frozen=True, tag="chat.deleted"):
    message: str


ChatCommand = PostChat | DeleteChat
ChatEvent = ChatPosted | ChatDeleted
