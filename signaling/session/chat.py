"""Chat: what may be said, held back, pinned and withdrawn.

Who may say something in a channel was settled before (auth.py), who reads it is in audience.py. The law: a
channel never pushes another one's messages out; the public channel alone is slow, held back or searched for
words, and never for staff (what questions.py and floor.py show everybody is searched as well); what is gone
stays gone, its pin with it; who is muted posts nowhere, and what they ask waits for a moderator; and what is
said about a note to one person stays between them and staff.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from signaling.protocol import (
    ApproveChat,
    ChatApproved,
    ChatCommand,
    ChatDeleted,
    ChatEvent,
    ChatMessage,
    ChatMute,
    ChatMuted,
    ChatPinned,
    ChatPosted,
    ChatRules,
    ChatRulesSet,
    ChatUnmuted,
    ChatUnpinned,
    DeleteChat,
    HeldFor,
    MuteChat,
    Person,
    PinChat,
    PostChat,
    SetChatRules,
    SetWords,
    UnmuteChat,
    UnpinChat,
    WithdrawChat,
    WordList,
    WordsSet,
)
from signaling.session import word_list
from signaling.session.decision import (
    RULES,
    SESSION,
    STAFF,
    Decision,
    Outcome,
    Refusal,
    derived_id,
    message_entity,
    voice_entity,
)
from signaling.session.state import State, meet
from signaling.written import words

KEPT_CHAT = 1000
"""Newest visible messages kept of each channel; a snapshot has fewer: a deletion lets an older one in."""


def decide(state: State, actor: Person, command: ChatCommand, *, now: int, known: Person | None) -> Outcome:
    """Return what a command on the chat comes to; `known` is whom it names, if they are here."""
    match command:
        case PostChat():
            new_id = derived_id("m", actor, command)
            return post(state, actor, command, now=now, new_id=new_id, known=known)
        case WithdrawChat() | DeleteChat():
            return remove(state, actor, command, now=now)
        case ApproveChat():
            return approve(state, actor, command, now=now)
        case PinChat() | UnpinChat():
            return pin(state, actor, command, now=now)
        case SetChatRules(hold=hold, slow=slow):
            rules = ChatRules(hold, slow)
            changed = rules != state.chat_rules
            return _set(ChatRulesSet(at=now, by=actor.id, rules=rules)) if changed else Decision()
        case SetWords(hold=hold_words, refuse=refuse_words):
            words = WordList(word_list.tidy(hold_words), word_list.tidy(refuse_words))
            changed = words != state.chat_words
            return _set(WordsSet(at=now, by=actor.id, words=words)) if changed else Decision()
        case MuteChat():
            return mute(state, actor, command, now=now, known=known)
        case UnmuteChat(participant=participant):
            if participant not in state.muted:
                return Decision()
            unmuted = ChatUnmuted(at=now, by=actor.id, person=participant)
            return Decision((unmuted,), leans_on=(SESSION,), changes=(voice_entity(participant),))


def fold(state: State, event: ChatEvent) -> State:
    """Return the state after an event of the chat."""
    match event:
        case ChatPosted(message=message):
            state = replace(meet(state, message.author), chat=_with(state.chat, message))
            return replace(state, posted=_posted(state, message)) if state.chat_rules.slow else state
        case ChatApproved(message=message):
            others = _without(state.chat, message.id)
            return replace(meet(state, message.author), chat=_with(others, message))
        case ChatDeleted(message=message_id):
            return replace(
                state,
                chat=_without(state.chat, message_id),
                pinned=_without(state.pinned, message_id),
                deleted=state.deleted | {message_id},
            )
        case ChatPinned(message=message):
            others = tuple(other for other in state.pinned if other.channel != message.channel)
            return replace(state, pinned=(*others, message))
        case ChatUnpinned(message=message_id):
            return replace(state, pinned=_without(state.pinned, message_id))
        case ChatRulesSet(rules=rules):
            return replace(state, chat_rules=rules, posted=state.posted if rules.slow else {})
        case WordsSet(words=words):
            return replace(state, chat_words=words)
        case ChatMuted(mute=muted, at=at):
            still = {who: other for who, other in state.muted.items() if other.until > at}
            return replace(meet(state, muted.person), muted={**still, muted.person.id: muted})
        case ChatUnmuted(person=person):
            return replace(state, muted={w: m for w, m in state.muted.items() if w != person})


def rewrite(state: State, at: int) -> tuple[ChatEvent, ...]:
    """Return the events that lead to the chat of this state."""
    system = "system"
    posted = [ChatPosted(at=m.at, by=m.author.id, message=m) for m in state.chat]
    deleted = [ChatDeleted(at=at, by=system, message=message) for message in sorted(state.deleted)]
    pinned = [ChatPinned(at=at, by=system, message=message) for message in state.pinned]
    muted = [ChatMuted(at=at, by=system, mute=mute) for mute in state.muted.values()]
    rules = [ChatRulesSet(at=at, by=system, rules=state.chat_rules)] * (state.chat_rules != ChatRules())
    words = [WordsSet(at=at, by=system, words=state.chat_words)] * (state.chat_words != WordList())
    return (*rules, *words, *posted, *deleted, *pinned, *muted)


# -- the fold ------------------------------------------------------------------------------------------


def _with(chat: tuple[ChatMessage, ...], message: ChatMessage) -> tuple[ChatMessage, ...]:
    """Return the messages with one more; its channel loses the oldest if it has too many."""
    if len(chat) >= KEPT_CHAT:
        same = [place for place, other in enumerate(chat) if other.channel == message.channel]
        if len(same) >= KEPT_CHAT:
            chat = (*chat[: same[0]], *chat[same[0] + 1 :])
    return (*chat, message)


def _without(chat: tuple[ChatMessage, ...], message_id: str) -> tuple[ChatMessage, ...]:
    return tuple(message for message in chat if message.id != message_id)


def _posted(state: State, message: ChatMessage) -> Mapping[str, int]:
    """Return when who last posted, as far as it still keeps anybody waiting."""
    if message.channel != "public" or message.author.role in STAFF:
        return state.posted
    since = message.at - state.chat_rules.slow * 1000
    return {**{who: at for who, at in state.posted.items() if at > since}, message.author.id: message.at}


# -- the decisions -------------------------------------------------------------------------------------


def post(
    state: State, actor: Person, command: PostChat, *, now: int, new_id: str, known: Person | None = None
) -> Outcome:
    """Say something; two people's messages never contend."""
    text = words(command.text)
    if not text:
        return Refusal("empty_text", "There is nothing in it.")
    if command.reply_to is not None and not _may_reply(state, actor, command):
        return _UNKNOWN
    to = _addressee(state, actor, command, known)
    if isinstance(to, Refusal):
        return to
    held: HeldFor | None = None
    entity = voice_entity(actor.id)
    leans_on: tuple[str, ...] = (SESSION,)
    changes: tuple[str, ...] = ()
    if actor.role not in STAFF:
        leans_on = (SESSION, RULES, entity)
        refused = _barred(state, actor, now)
        if refused is None and command.channel == "public":
            refused = _refused(state, actor, text, now)
            held = _held(state, text)
            changes = (entity,) if state.chat_rules.slow else ()
        if refused is not None:
            return refused
    message = ChatMessage(new_id, actor, text, now, command.channel, command.reply_to, held, to)
    return Decision((ChatPosted(at=now, by=actor.id, message=message),), leans_on=leans_on, changes=changes)


def remove(state: State, actor: Person, command: WithdrawChat | DeleteChat, *, now: int) -> Outcome:
    """Take a message away; one that is gone already stays so."""
    if command.message in state.deleted:
        return Decision()
    message = _find(state, command.message)
    if message is None:
        return _UNKNOWN
    reason = ""
    if isinstance(command, DeleteChat):
        reason = command.reason.strip()
    elif message.author.id != actor.id:
        return Refusal("forbidden", "Only who has said it may take it back.")
    event = ChatDeleted(at=now, by=actor.id, message=message.id, author=message.author.id, reason=reason)
    return _change(event, message)


def approve(state: State, actor: Person, command: ApproveChat, *, now: int) -> Outcome:
    """Let everybody see what was held back."""
    message = _find(state, command.message)
    if message is None:
        return _UNKNOWN
    if message.held is None:
        return Decision()
    shown = msgspec.structs.replace(message, held=None)
    return _change(ChatApproved(at=now, by=actor.id, message=shown), message)


def pin(state: State, actor: Person, command: PinChat | UnpinChat, *, now: int) -> Outcome:
    """Keep a message in sight, or no longer."""
    pinned = any(message.id == command.message for message in state.pinned)
    if isinstance(command, UnpinChat):
        if not pinned:
            known = command.message in state.deleted or _find(state, command.message) is not None
            return Decision() if known else _UNKNOWN
        event = ChatUnpinned(at=now, by=actor.id, message=command.message)
        return Decision((event,), leans_on=(SESSION,), changes=(message_entity(command.message),))
    if pinned:
        return Decision()
    message = _find(state, command.message)
    if message is None:
        return _UNKNOWN
    if message.held is not None:
        return Refusal("wrong_state", "The message waits to be approved.")
    if message.to is not None:
        return Refusal("wrong_state", "A note to one person is kept in sight of nobody else.")
    return _change(ChatPinned(at=now, by=actor.id, message=message), message)


def mute(state: State, actor: Person, command: MuteChat, *, now: int, known: Person | None) -> Outcome:
    """Let somebody post nothing for a while, from now."""
    person = known or state.people.get(command.participant)
    if person is None:
        return Refusal("unknown_participant", "Nobody by this id has been here.")
    if person.role in STAFF:
        return Refusal("outranked", "Staff cannot be muted.")
    muted = ChatMute(person, now + command.seconds * 1000, command.reason.strip())
    event = ChatMuted(at=now, by=actor.id, mute=muted)
    return Decision((event,), leans_on=(SESSION,), changes=(voice_entity(person.id),))


def _barred(state: State, actor: Person, now: int) -> Refusal | None:
    muted = state.mute_of(actor.id, now)
    if muted is None:
        return None
    return Refusal("muted", "You cannot post for a while.", retry_after=(muted.until - now) / 1000)


def _refused(state: State, actor: Person, text: str, now: int) -> Refusal | None:
    """Return why the public channel does not take a text at all, if so."""
    if word_list.found(text, state.chat_words.refuse):
        return Refusal("words_refused", "There is a word in it that is not taken here.")
    last, slow = state.posted.get(actor.id), state.chat_rules.slow * 1000
    if last is not None and (wait := last + slow - now) > 0:
        return Refusal("slow_mode", "Slow mode is on. Wait a moment.", retry_after=wait / 1000)
    return None


def _held(state: State, text: str) -> HeldFor | None:
    """Return what a public message waits for, if for anything."""
    if word_list.found(text, state.chat_words.hold):
        return "words"
    return "approval" if state.chat_rules.hold else None


def _may_reply(state: State, actor: Person, command: PostChat) -> bool:
    to = _find(state, command.reply_to or "")
    if to is None or to.held is not None or to.channel != command.channel:
        return False
    return to.to is None or actor.role in STAFF or confidant(to) == actor.id


def confidant(message: ChatMessage) -> str | None:
    """Return who beside staff reads what is addressed to one person: they, or who has answered; else None."""
    if message.to is None:
        return None
    return message.to.id if message.author.role in STAFF else message.author.id


def _addressee(
    state: State, actor: Person, command: PostChat, known: Person | None
) -> Person | Refusal | None:
    """Return whom a message is for alone; an answer stays where the note was."""
    note = _find(state, command.reply_to or "")
    if note is not None and note.to is not None:
        crew, other = (note.author, note.to) if note.author.role in STAFF else (note.to, note.author)
        return crew if actor.id == other.id else other
    if command.to is None:
        return None
    if actor.role not in STAFF:
        return Refusal("forbidden", "Notes to one person are staff's.")
    if command.channel != "backstage":
        return Refusal("invalid", "Notes to one person are for those backstage.")
    person = known or state.people.get(command.to)
    if person is None or person.role in ("viewer", "hall"):
        return Refusal("unknown_participant", "Nobody by this id is backstage.")
    return person


def _find(state: State, message_id: str) -> ChatMessage | None:
    return next((m for m in (*state.chat, *state.pinned) if m.id == message_id), None)


def _change(event: ChatEvent, message: ChatMessage) -> Decision:
    return Decision((event,), leans_on=(SESSION,), changes=(message_entity(message.id),))


def _set(event: ChatEvent) -> Decision:
    return Decision((event,), leans_on=(SESSION,), changes=(RULES,))


_UNKNOWN = Refusal("unknown_message", "There is no such message any more.")
