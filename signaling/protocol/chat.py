"""Chat: what is said in a channel, held back, pinned and taken back, and by which rules."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from signaling.protocol.base import Command, Event, Id, Line, Person

ChatText = Annotated[str, Meta(min_length=1, max_length=1000)]

Channel = Literal["public", "backstage", "hall", "moderators"]
"""Who reads along: everybody; speakers, interpreters and staff; the hall's desk and staff; staff alone."""

CHANNELS: tuple[Channel, ...] = ("public", "backstage", "hall", "moderators")

HeldFor = Literal["approval", "words"]
"""Why a message waits for staff: everybody's do now, or there is a word in it that is looked at first."""

Word = Annotated[str, Meta(min_length=1, max_length=60)]
Words = Annotated[tuple[Word, ...], Meta(max_length=300)]

MOST_SLOW = 600
"""Seconds between two messages of one person that may be asked for at most."""

MOST_MUTED = 24 * 3600
"""Seconds that somebody may be muted for at most."""


class ChatMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of chat. `id` is the server's; without `channel` it is public.

    One that is `held` only staff and its author see; one `to` somebody, they two and staff.
    """

    id: str
    author: Person
    text: str
    at: int
    channel: Channel = "public"
    reply_to: str | None = None
    held: HeldFor | None = None
    to: Person | None = None


class ChatRules(msgspec.Struct, frozen=True):
    """How the public channel is kept: `hold`, whether messages wait for approval; `slow`, seconds.

    Staff are exempt from both.
    """

    hold: bool = False
    slow: int = 0


class WordList(msgspec.Struct, frozen=True):
    """Words that hold a public message back, or have it refused. Only staff know them."""

    hold: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()


class ChatMute(msgspec.Struct, frozen=True):
    """Somebody who may not post until then, and why. Staff and they themselves know."""

    person: Person
    until: int
    reason: str


class PostChat(Command, frozen=True, tag="chat.post"):
    """Say something, to everybody or in a channel of one's own role; or reply to what was said there.

    With `to`, staff note something down for one of those backstage, and no other of them reads it; a reply to
    such a note goes back to who wrote it.
    """

    text: ChatText
    channel: Channel = "public"
    reply_to: Id | None = None
    to: Id | None = None


class WithdrawChat(Command, frozen=True, tag="chat.withdraw"):
    """Take back what one has said oneself."""

    message: Id


class DeleteChat(Command, frozen=True, tag="chat.delete"):
    """Take a message away, or refuse one that was held back; staff and its author see why (moderators)."""

    message: Id
    reason: Line = ""


class ApproveChat(Command, frozen=True, tag="chat.approve"):
    """Let everybody see a message that was held back (moderators)."""

    message: Id


class PinChat(Command, frozen=True, tag="chat.pin"):
    """Keep a message in sight, in place of any other of its channel (moderators)."""

    message: Id


class UnpinChat(Command, frozen=True, tag="chat.unpin"):
    """Keep a message in sight no longer (moderators)."""

    message: Id


class SetChatRules(Command, frozen=True, tag="chat.rules"):
    """Say how the public channel is kept (moderators)."""

    hold: bool = False
    slow: Annotated[int, Meta(ge=0, le=MOST_SLOW)] = 0


class SetWords(Command, frozen=True, tag="chat.words"):
    """Replace the lists of words that hold a public message back, or have it refused (moderators). A question
    with a word of either waits for a moderator."""

    hold: Words = ()
    refuse: Words = ()


class MuteChat(Command, frozen=True, tag="chat.mute"):
    """Let somebody post nothing for so many seconds (moderators)."""

    participant: Id
    seconds: Annotated[int, Meta(ge=1, le=MOST_MUTED)]
    reason: Line = ""


class UnmuteChat(Command, frozen=True, tag="chat.unmute"):
    """Let somebody post again (moderators)."""

    participant: Id


class ChatPosted(Event, frozen=True, tag="chat.posted"):
    """Seen by the channel's readers; if it is held back, by staff and its author."""

    message: ChatMessage


class ChatApproved(Event, frozen=True, tag="chat.approved"):
    """Carries the message whole: most meet it here for the first time. It is the newest now."""

    message: ChatMessage


class ChatDeleted(Event, frozen=True, tag="chat.deleted"):
    """Gone, by its author or by staff. `reason` is for staff and its author; others get it empty."""

    message: str
    author: str = ""
    reason: str = ""


class ChatPinned(Event, frozen=True, tag="chat.pinned"):
    """Carries the message whole: it may be older than what a reader has."""

    message: ChatMessage


class ChatUnpinned(Event, frozen=True, tag="chat.unpinned"):
    message: str


class ChatRulesSet(Event, frozen=True, tag="chat.rules_set"):
    rules: ChatRules


class WordsSet(Event, frozen=True, tag="chat.words_set"):
    """Seen by staff."""

    words: WordList


class ChatMuted(Event, frozen=True, tag="chat.muted"):
    """Seen by staff and by who is muted."""

    mute: ChatMute


class ChatUnmuted(Event, frozen=True, tag="chat.unmuted"):
    """Seen by staff and by who was muted."""

    person: str


ChatCommand = (
    PostChat
    | WithdrawChat
    | DeleteChat
    | ApproveChat
    | PinChat
    | UnpinChat
    | SetChatRules
    | SetWords
    | MuteChat
    | UnmuteChat
)
ChatEvent = (
    ChatPosted
    | ChatApproved
    | ChatDeleted
    | ChatPinned
    | ChatUnpinned
    | ChatRulesSet
    | WordsSet
    | ChatMuted
    | ChatUnmuted
)
