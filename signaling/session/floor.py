"""The floor: from a raised hand to a microphone on air.

    raise, add ─▶ waiting ──call─▶ called ──speak─▶ speaking ──done, lower─▶ out
                   ▲  │ └──────skip───┘ │
                   │  └──first, skip    └──lower, remove─▶ out
                   └──────┘

The law: at most one is called and at most one speaks; letting another speak ends who spoke. Whose turn it
is follows from turns.py; staff may pick another, and the pick counts for its room all the same. A closed
floor takes no new hand. Nobody has two hands up; who is put in by name is known by that name. A topic is read
by everybody at once, so it is refused for any word of the chat's lists, but to staff.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import replace

import msgspec

from signaling.protocol import (
    AddHand,
    CallHand,
    CloseFloor,
    EndTurn,
    FloorClosed,
    FloorCommand,
    FloorEvent,
    FloorOpened,
    FloorQueue,
    FloorRestored,
    Hand,
    HandCalled,
    HandDone,
    HandLowered,
    HandPutFirst,
    HandRaised,
    HandSkipped,
    HandSpeaking,
    HandState,
    LetSpeak,
    LowerHand,
    OpenFloor,
    Person,
    PutFirst,
    RaiseHand,
    RatioSet,
    RemoveHand,
    Rooms,
    SetRatio,
    SkipHand,
    Why,
)
from signaling.session import word_list
from signaling.session.decision import RULES, SESSION, STAFF, Decision, Outcome, Refusal, derived_id
from signaling.session.state import State, meet
from signaling.session.turns import at, contended, counted, following
from signaling.written import line

FLOOR = "floor"
"""The entity of who is called and who speaks, and of the turns had."""
DOOR = "floor.door"
"""The entity of whether hands are taken."""

MOST_HANDS = 500
"""Hands up at once; above, who asks is told to wait."""

ROOM = "hall/hall"
"""The publication of the room's own microphone."""

FLOOR_SOURCE = "floor"
"""The source under which a microphone on the floor publishes."""

_changed = msgspec.structs.replace


def hand_entity(person: str) -> str:
    """Name the entity of one person's hand."""
    return f"hand:{person}"


def decide(state: State, actor: Person, command: FloorCommand, *, now: int) -> Outcome:
    """Return what a command on the floor comes to."""
    match command:
        case OpenFloor() | CloseFloor():
            return _turn_door(state, actor, command, now=now)
        case SetRatio():
            return _set_ratio(state, actor, command, now=now)
        case RaiseHand(topic=topic):
            return _raise(state, actor, actor, topic, derived_id("h", actor, command), now=now)
        case AddHand():
            return _add(state, actor, command, now=now)
        case LowerHand():
            hand = hand_of(state.floor, actor.id)
            return Decision() if hand is None else _leave(hand, actor, now=now)
        case RemoveHand():
            return _remove(state, actor, command, now=now)
        case CallHand():
            return _call(state.floor, actor, command, now=now)
        case LetSpeak():
            return _let_speak(state.floor, actor, command, now=now)
        case EndTurn():
            return _end_turn(state.floor, actor, command, now=now)
        case SkipHand() | PutFirst():
            return _move(state.floor, actor, command, now=now)


def fold(state: State, event: FloorEvent) -> State:
    """Return the state after an event of the floor."""
    queue = state.floor
    match event:
        case FloorOpened():
            return replace(state, floor=_changed(queue, open=True))
        case FloorClosed():
            return replace(state, floor=_changed(queue, open=False))
        case RatioSet(ratio=ratio):
            return replace(state, floor=_changed(queue, ratio=ratio, turns=Rooms(0, 0)))
        case HandRaised(hand=hand):
            others = tuple(other for other in queue.hands if other.person.id != hand.person.id)
            return replace(meet(state, hand.person), floor=_changed(queue, hands=(*others, hand)))
        case HandPutFirst(hand=hand_id, at=at_):
            return _last(state, hand_id, lambda hand: _changed(hand, first=True, since=at_))
        case FloorRestored(queue=restored):
            for hand in restored.hands:
                state = meet(state, hand.person)
            return replace(state, floor=restored, stage_seq=event.seq)
        case _:
            return replace(_moved(state, event), stage_seq=event.seq)


def rewrite(state: State, at: int) -> tuple[FloorEvent, ...]:
    """Return the events that lead to the floor of this state."""
    return () if state.floor == FloorQueue() else (FloorRestored(at=at, by="system", queue=state.floor),)


def left(state: State, person: str, seq: int) -> State:
    """Return the state without a hand of somebody who was put out at `seq`, whatever it was at."""
    hand = hand_of(state.floor, person)
    if hand is None:
        return state
    queue = _given_back(state.floor, hand)
    hands = tuple(other for other in queue.hands if other.id != hand.id)
    return replace(state, floor=_changed(queue, hands=hands), stage_seq=seq)


def away(queue: FloorQueue, here: Collection[str]) -> tuple[str, ...]:
    """Return whose hand is up though they are not here; who speaks in the hall needs no connection."""
    online = (hand.person for hand in queue.hands if hand.person.place == "online")
    return tuple(person.id for person in online if person.id not in here)


def called(queue: FloorQueue, hand_id: str) -> Person | None:
    """Return who is called by this hand and would speak over their own connection."""
    hand = _find(queue, hand_id)
    return hand.person if hand and hand.state == "called" and hand.person.place == "online" else None


def voice(state: State) -> str | None:
    """Return the publication key of the voice that has the floor: a person's own, or the room's."""
    hand = at(state.floor, "speaking")
    if hand is None:
        return None
    return ROOM if hand.person.place == "hall" else f"{hand.person.id}/{FLOOR_SOURCE}"


def microphones(state: State) -> tuple[str, ...]:
    """Return the publication keys of those who may publish to the floor now: called, or speaking."""
    return tuple(
        f"{hand.person.id}/{FLOOR_SOURCE}"
        for hand in state.floor.hands
        if hand.state != "waiting" and hand.person.place == "online"
    )


# -- the fold ------------------------------------------------------------------------------------------

_Moved = HandLowered | HandCalled | HandSpeaking | HandDone | HandSkipped


def _moved(state: State, event: _Moved) -> State:
    queue = state.floor
    hand = _find(queue, event.hand)
    if hand is None:
        return state
    match event:
        case HandCalled(counted=counts):
            turns = counted(queue.turns, hand, 1) if counts else queue.turns
            called = _changed(hand, state="called", counted=counts, first=False)
            return replace(state, floor=_changed(_with(queue, called), turns=turns))
        case HandSpeaking():
            spoken = {**queue.spoken, hand.person.id: queue.spoken.get(hand.person.id, 0) + 1}
            speaking = _changed(hand, state="speaking")
            return replace(state, floor=_changed(_with(queue, speaking), spoken=spoken))
        case HandSkipped(at=at_):
            state = replace(state, floor=_given_back(queue, hand))
            waits = {"state": "waiting", "since": at_, "first": False, "counted": False}
            return _last(state, hand.id, lambda skipped: _changed(skipped, **waits))
        case _:
            return left(state, hand.person.id, state.stage_seq)


def _given_back(queue: FloorQueue, hand: Hand) -> FloorQueue:
    """Return the queue with the turn back that a call used up, if it came to nothing."""
    if hand.state == "called" and hand.counted:
        return _changed(queue, turns=counted(queue.turns, hand, -1))
    return queue


def _with(queue: FloorQueue, changed: Hand) -> FloorQueue:
    return _changed(queue, hands=tuple(changed if hand.id == changed.id else hand for hand in queue.hands))


def _last(state: State, hand_id: str, change: Callable[[Hand], Hand]) -> State:
    """Return the state with a hand changed, and after all others of the same moment."""
    hand = _find(state.floor, hand_id)
    if hand is None:
        return state
    others = tuple(other for other in state.floor.hands if other.id != hand_id)
    return replace(state, floor=_changed(state.floor, hands=(*others, change(hand))))


def _find(queue: FloorQueue, hand_id: str) -> Hand | None:
    return next((hand for hand in queue.hands if hand.id == hand_id), None)


def hand_of(queue: FloorQueue, person: str) -> Hand | None:
    """Return the hand of somebody, whatever it is at."""
    return next((hand for hand in queue.hands if hand.person.id == person), None)


# -- the decisions -------------------------------------------------------------------------------------


def _turn_door(state: State, actor: Person, command: OpenFloor | CloseFloor, *, now: int) -> Outcome:
    opens = isinstance(command, OpenFloor)
    if state.floor.open == opens:
        return Decision()
    event = FloorOpened(at=now, by=actor.id) if opens else FloorClosed(at=now, by=actor.id)
    return Decision((event,), leans_on=(SESSION,), changes=(DOOR,))


def _set_ratio(state: State, actor: Person, command: SetRatio, *, now: int) -> Outcome:
    ratio = Rooms(command.hall, command.online)
    if ratio == Rooms(0, 0):
        return Refusal("bad_ratio", "One of the rooms must have a share.")
    if ratio == state.floor.ratio:
        return Decision()
    return Decision((RatioSet(at=now, by=actor.id, ratio=ratio),), leans_on=(SESSION,), changes=(FLOOR,))


def _raise(state: State, actor: Person, person: Person, topic: str, new_id: str, *, now: int) -> Outcome:
    if hand_of(state.floor, person.id) is not None:
        return Decision()
    if not state.floor.open:
        return Refusal("floor_closed", "No hands are taken at the moment.")
    if len(state.floor.hands) >= MOST_HANDS:
        return Refusal("floor_full", "Too many hands are up. Try again later.")
    if actor.role not in STAFF and word_list.in_any(topic, state.chat_words):
        return Refusal("words_refused", "There is a word in it that is not taken here.")
    hand = Hand(new_id, person, at=now, since=now, topic=line(topic))
    event = HandRaised(at=now, by=actor.id, hand=hand)
    return Decision((event,), leans_on=(SESSION, DOOR, RULES), changes=(hand_entity(person.id),))


def _add(state: State, actor: Person, command: AddHand, *, now: int) -> Outcome:
    name = line(command.name)
    if not name:
        return Refusal("empty_text", "There is nothing in it.")
    person = guest(name, line(command.affiliation), line(command.title))
    if hand_of(state.floor, person.id) is not None:
        return Refusal("hand_up_already", "Somebody of this name is in the queue; add what tells them apart.")
    return _raise(state, actor, person, command.topic, derived_id("h", actor, command), now=now)


def guest(name: str, affiliation: str, title: str) -> Person:
    """Return somebody in the hall who has no account: the same name and affiliation, the same person."""
    told = "\n".join(unicodedata.normalize("NFKC", part).casefold() for part in (name, affiliation))
    digest = hashlib.blake2s(told.encode(), digest_size=10).hexdigest()
    return Person(f"guest:{digest}", name, "viewer", affiliation, title, "hall")


def _leave(hand: Hand, actor: Person, *, now: int) -> Outcome:
    """Take a hand out of the queue, whatever it was at."""
    if hand.state == "speaking":
        return _change(HandDone(at=now, by=actor.id, hand=hand.id), hand)
    return _change(HandLowered(at=now, by=actor.id, hand=hand.id), hand)


def _remove(state: State, actor: Person, command: RemoveHand, *, now: int) -> Outcome:
    hand = _find(state.floor, command.hand)
    if hand is None:
        return _UNKNOWN
    if actor.role == "hall" and hand.person.place != "hall":
        return Refusal("forbidden", "From the hall, only hands in the hall can be taken down.")
    return _leave(hand, actor, now=now)


def _call(queue: FloorQueue, actor: Person, command: CallHand, *, now: int) -> Outcome:
    called = at(queue, "called")
    if called is not None:
        if command.hand == called.id:
            return Decision()
        return Refusal("floor_taken", "Somebody is called already: let them speak, or pass them over.")
    upcoming = following(queue)
    if command.hand is None:
        if upcoming is None:
            return Refusal("nobody_waits", "Nobody waits for the floor.")
        hand, why = upcoming
    else:
        found = _find(queue, command.hand)
        if found is None:
            return _UNKNOWN
        if found.state != "waiting":
            return _wrong(found.state)
        hand, why = found, Why("picked")
        if upcoming is not None and upcoming[0] is found:
            why = upcoming[1]
    event = HandCalled(at=now, by=actor.id, hand=hand.id, why=why, counted=contended(queue, hand))
    return _change(event, hand)


def _let_speak(queue: FloorQueue, actor: Person, command: LetSpeak, *, now: int) -> Outcome:
    hand = _find(queue, command.hand)
    if hand is None:
        return _UNKNOWN
    if hand.state == "speaking":
        return Decision()
    if hand.state != "called":
        return _wrong(hand.state)
    former = at(queue, "speaking")
    ends = () if former is None else (HandDone(at=now, by=actor.id, hand=former.id),)
    concerned = (hand,) if former is None else (hand, former)
    return Decision(
        (*ends, HandSpeaking(at=now, by=actor.id, hand=hand.id)),
        leans_on=(SESSION,),
        changes=(FLOOR, *(hand_entity(one.person.id) for one in concerned)),
    )


def _end_turn(queue: FloorQueue, actor: Person, command: EndTurn, *, now: int) -> Outcome:
    hand = _find(queue, command.hand)
    if hand is None:
        return _UNKNOWN
    if hand.state != "speaking":
        return _wrong(hand.state)
    return _change(HandDone(at=now, by=actor.id, hand=hand.id), hand)


def _move(queue: FloorQueue, actor: Person, command: SkipHand | PutFirst, *, now: int) -> Outcome:
    hand = _find(queue, command.hand)
    if hand is None:
        return _UNKNOWN
    if isinstance(command, SkipHand):
        if hand.state == "speaking":
            return _wrong(hand.state)
        return _change(HandSkipped(at=now, by=actor.id, hand=hand.id), hand)
    if hand.state != "waiting":
        return _wrong(hand.state)
    if hand.first:
        return Decision()
    return _change(HandPutFirst(at=now, by=actor.id, hand=hand.id), hand)


def _change(event: FloorEvent, hand: Hand) -> Decision:
    return Decision((event,), leans_on=(SESSION,), changes=(FLOOR, hand_entity(hand.person.id)))


AWAY = Refusal("hand_away", "They have no connection at the moment.")
"""Why nobody is put on air who cannot be heard: who is here is known outside of the log (live_session.py)."""

_UNKNOWN = Refusal("unknown_hand", "This hand is not up any more.")


def _wrong(state: HandState) -> Refusal:
    return Refusal("wrong_state", f"They are {state} at the moment.")
