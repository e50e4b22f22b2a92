"""Chat: what may be said and withdrawn."""

from __future__ import annotations

from signaling.protocol import ChatDeleted, ChatMessage, ChatPosted, DeleteChat, Person, PostChat
from signaling.session.decision import SESSION, Decision, Outcome, Refusal, message_entity
from signaling.session.state import State


def post(state: State, actor: Person, command: PostChat, *, now: int, new_id: str) -> Outcome:
    """Say something; two messages never contend, so only the session's status matters."""
    text = command.text.strip()
    if not text:
        return Refusal("empty_text", "There is nothing in it.")
    message = ChatMessage(new_id, actor, text, now)
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
