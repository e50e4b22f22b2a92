"""Chat: what may be said and withdrawn.

Who may say something in a channel was settled before (auth.py), who reads it is in audience.py. The
law: a channel never pushes another one's messages out.
"""

from __future__ import annotations

from dataclasses import replace

from signaling.protocol import (
    ChatCommand,
    ChatDeleted,
    ChatEvent,
    ChatMessage,
    ChatPosted,
    DeleteChat,
    Person,
    PostChat,
)
from signaling.session.decision import SESSION, Decision, Outcome, Refusal, derived_id, message_entity
from signaling.session.state import State, meet

KEPT_CHAT = 1000
"""Newest visible messages kept of each channel; a snapshot has fewer: a deletion lets an older one in."""


def decide(state: State, actor: Person, command: ChatCommand, *, now: int) -> Outcome:
    """Return what a command on the chat comes to."""
    match command:
        case PostChat():
            return post(state, actor, command, now=now, new_id=derived_id("m", actor, command))
        case DeleteChat():
            return delete(state, actor, command, now=now)


def fold(state: State, event: ChatEvent) -> State:
    """Return the state after an event of the chat."""
    match event:
        case ChatPosted(message=message):
            return replace(meet(state, message.author), chat=_with(state.chat, message))
        case ChatDeleted(message=message_id):
            kept = tuple(message for message in state.chat if message.id != message_id)
            return replace(state, chat=kept, deleted=state.deleted | {message_id})


def rewrite(state: State, at: int) -> tuple[ChatEvent, ...]:
    """Return the events that lead to the chat of this state."""
    posted = [ChatPosted(at=m.at, by=m.author.id, message=m) for m in state.chat]
    deleted = [ChatDeleted(at=at, by="system", message=message) for message in sorted(state.deleted)]
    return (*posted, *deleted)


def _with(chat: tuple[ChatMessage, ...], message: ChatMessage) -> tuple[ChatMessage, ...]:
    """Return the messages with one more; its channel loses the oldest if it has too many."""
    if len(chat) >= KEPT_CHAT:
        same = [place for place, other in enumerate(chat) if other.channel == message.channel]
        if len(same) >= KEPT_CHAT:
            chat = (*chat[: same[0]], *chat[same[0] + 1 :])
    return (*chat, message)


def post(state: State, actor: Person, command: PostChat, *, now: int, new_id: str) -> Outcome:
    """Say something; two messages never contend, so only the session's status matters."""
    text = command.text.strip()
    if not text:
        return Refusal("empty_text", "There is nothing in it.")
    message = ChatMessage(new_id, actor, text, now, command.channel)
    return Decision((ChatPosted(at=now, by=actor.id, message=message),), leans_on=(SESSION,))


def delete(state: State, actor: Person, command: DeleteChat, *, now: int) -> Outcome:
    """Withdraw a message; one that is withdrawn already stays so."""
    if command.message in state.deleted:
        return Decision()
    if all(message.id != command.message for message in state.chat):
        return Refusal("unknown_message", "There is no such message any more.")
    return Decision(
        (ChatDeleted(at=now, by=actor.id, message=command.message),),
        leans_on=(SESSION,),
        changes=(message_entity(command.message),),
    )
