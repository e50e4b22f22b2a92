"""The floor in the session's core: every step, who may, and the fair order held to by a machine."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from signaling.director import plan
from signaling.protocol import (
    AddHand,
    AnyCommand,
    CallHand,
    CloseFloor,
    EjectPerson,
    EndSession,
    EndTurn,
    FloorQueue,
    Hand,
    HandCalled,
    HandRaised,
    LetSpeak,
    LowerHand,
    Media,
    MediaState,
    OpenFloor,
    PauseSession,
    Person,
    PutFirst,
    RaiseHand,
    RemoveHand,
    ReopenSession,
    ResumeSession,
    Rooms,
    SetRatio,
    SetWords,
    ShowSlate,
    SkipHand,
    StartSession,
    Why,
)
from signaling.session.audience import media, snapshot, visible
from signaling.session.floor import MOST_HANDS, guest, microphones, voice
from signaling.session.fold import apply, rewrite
from signaling.session.state import empty
from signaling.session.turns import at, following

from .session_events import ADA, BOB, MODERATOR, PRODUCER, SPEAKER, Fold

HELPER = Person("desk", "Desk", "hall", place="hall")
CAROL = Person("carol", "Carol", "viewer")


def opened(*raising: Person) -> Fold:
    """Return a live session with an open floor and these hands up, in order."""
    fold = Fold()
    fold.do(PRODUCER, StartSession("start"))
    fold.do(MODERATOR, OpenFloor("open"))
    for person in raising:
        raised(fold, person)
    return fold


def raised(fold: Fold, person: Person, topic: str = "") -> str:
    (event,) = fold.do(person, RaiseHand(fold.new_id(), topic))
    assert isinstance(event, HandRaised)
    return event.hand.id


def give(fold: Fold, command: type[Any], *fields: str, who: Person = MODERATOR) -> tuple[object, ...]:
    return fold.do(who, command(fold.new_id(), *fields))


def no(fold: Fold, command: type[Any], *fields: str, who: Person = MODERATOR) -> str:
    return fold.refused(who, command(fold.new_id(), *fields))


def hand_of(fold: Fold, person: Person) -> Hand:
    return next(hand for hand in fold.state.floor.hands if hand.person == person)


# -- hands ---------------------------------------------------------------------------------------------


def test_a_closed_floor_takes_no_hands_and_keeps_those_that_are_up() -> None:
    fold = Fold()
    assert no(fold, RaiseHand, who=ADA) == "floor_closed"
    assert no(fold, AddHand, "Ada", who=HELPER) == "floor_closed"
    give(fold, OpenFloor)
    assert give(fold, OpenFloor) == ()
    raised(fold, ADA, " Engines ")
    give(fold, CloseFloor)
    assert no(fold, RaiseHand, who=BOB) == "floor_closed"
    assert [hand.topic for hand in fold.state.floor.hands] == ["Engines"]
    give(fold, CallHand)


def test_nobody_has_two_hands_up_and_a_lowered_one_waits_anew() -> None:
    fold = opened(ADA, CAROL)
    assert give(fold, RaiseHand, who=ADA) == ()
    give(fold, LowerHand, who=ADA)
    assert give(fold, LowerHand, who=ADA) == ()
    raised(fold, ADA)
    assert [hand.person for hand in fold.state.floor.hands] == [CAROL, ADA]


def test_a_helper_puts_in_people_of_the_hall_by_name_and_takes_only_them_out() -> None:
    fold = opened(ADA)
    (event,) = give(fold, AddHand, " 王伟 ", "清华大学", who=HELPER)
    assert isinstance(event, HandRaised)
    assert (event.by, event.hand.person.name, event.hand.person.place) == ("desk", "王伟", "hall")
    assert no(fold, AddHand, "王伟", "清华大学", who=HELPER) == "hand_up_already"
    give(fold, AddHand, "王伟", "北京大学", who=HELPER)
    assert no(fold, AddHand, " ", who=HELPER) == "empty_text"
    assert no(fold, RemoveHand, hand_of(fold, ADA).id, who=HELPER) == "forbidden"
    give(fold, RemoveHand, event.hand.id, who=HELPER)
    assert no(fold, RemoveHand, event.hand.id, who=HELPER) == "unknown_hand"
    give(fold, RemoveHand, hand_of(fold, ADA).id)
    assert [hand.person.affiliation for hand in fold.state.floor.hands] == ["北京大学"]


def test_who_is_put_in_by_the_same_name_again_is_known_to_have_spoken() -> None:
    fold = opened()
    (event,) = give(fold, AddHand, "Grace Hopper", "Yale")
    assert isinstance(event, HandRaised)
    give(fold, CallHand)
    give(fold, LetSpeak, event.hand.id)
    give(fold, EndTurn, event.hand.id)
    give(fold, AddHand, "ＧＲＡＣＥ hopper", "yale")
    ada = raised(fold, ADA)
    upcoming = following(fold.state.floor)
    assert upcoming is not None and (upcoming[0].id, upcoming[1].code) == (ada, "fewer_turns")


def test_a_topic_with_a_word_that_is_looked_for_is_not_taken_but_of_staff() -> None:
    fold = opened()
    fold.do(MODERATOR, SetWords("w1", hold=("dash",), refuse=("darn",)))
    for topic in ("Darn engines", "dash!"):
        assert no(fold, RaiseHand, topic, who=ADA) == "words_refused"
        assert no(fold, AddHand, "Grace", "Yale", "", topic, who=HELPER) == "words_refused"
    raised(fold, ADA, "Engines")
    raised(fold, MODERATOR, "Darn engines")


def test_the_number_of_hands_is_bounded() -> None:
    fold = opened(*(Person(f"p{i}", "P", "viewer") for i in range(MOST_HANDS)))
    assert no(fold, RaiseHand, who=ADA) == "floor_full"


# -- turns ---------------------------------------------------------------------------------------------


def test_from_a_raised_hand_to_a_voice_on_air_and_out() -> None:
    fold = opened(ADA)
    hand = hand_of(fold, ADA).id
    assert no(fold, LetSpeak, hand) == "wrong_state"
    assert no(fold, EndTurn, hand) == "wrong_state"
    assert microphones(fold.state) == ()
    (called,) = give(fold, CallHand)
    assert isinstance(called, HandCalled) and called.why.code == "only"
    assert (microphones(fold.state), voice(fold.state)) == (("ada/floor",), None)
    assert give(fold, CallHand, hand) == ()
    give(fold, LetSpeak, hand)
    assert give(fold, LetSpeak, hand) == ()
    assert (microphones(fold.state), voice(fold.state)) == (("ada/floor",), "ada/floor")
    for command in (SkipHand, PutFirst, CallHand):
        assert no(fold, command, hand) == "wrong_state"
    give(fold, EndTurn, hand)
    assert (microphones(fold.state), voice(fold.state), fold.state.floor.hands) == ((), None, ())
    for gone in (EndTurn, LetSpeak, SkipHand, PutFirst, CallHand):
        assert no(fold, gone, hand) == "unknown_hand"


def test_who_speaks_may_end_it_and_letting_another_speak_ends_it_too() -> None:
    fold = opened(ADA, CAROL)
    for person in (ADA, CAROL):
        give(fold, CallHand)
        give(fold, LetSpeak, hand_of(fold, person).id)
    assert [hand.person for hand in fold.state.floor.hands] == [CAROL]
    (done,) = give(fold, LowerHand, who=CAROL)
    assert done.__struct_config__.tag == "floor.done"  # type: ignore[attr-defined]
    assert fold.state.floor.spoken == {"ada": 1, "carol": 1}


def test_two_are_never_called_and_who_is_passed_over_waits_on() -> None:
    fold = opened(ADA, CAROL)
    give(fold, CallHand)
    assert no(fold, CallHand) == "floor_taken"
    assert no(fold, CallHand, hand_of(fold, CAROL).id) == "floor_taken"
    give(fold, SkipHand, hand_of(fold, ADA).id)
    (called,) = give(fold, CallHand)
    assert isinstance(called, HandCalled) and called.hand == hand_of(fold, CAROL).id
    give(fold, LowerHand, who=CAROL)
    give(fold, CallHand)
    assert at(fold.state.floor, "called") is not None
    give(fold, LowerHand, who=ADA)
    assert no(fold, CallHand) == "nobody_waits"


def test_staff_may_let_somebody_go_first_or_pick_them() -> None:
    fold = opened(ADA, CAROL, SPEAKER)
    give(fold, PutFirst, hand_of(fold, SPEAKER).id)
    assert give(fold, PutFirst, hand_of(fold, SPEAKER).id) == ()
    (called,) = give(fold, CallHand)
    assert isinstance(called, HandCalled)
    assert (called.hand, called.why.code) == (hand_of(fold, SPEAKER).id, "first")
    give(fold, SkipHand, called.hand)
    (called,) = give(fold, CallHand, hand_of(fold, CAROL).id)
    assert isinstance(called, HandCalled) and called.why.code == "picked"


def test_a_turn_counts_for_a_room_only_while_the_other_waits_and_is_given_back_if_it_came_to_nothing() -> (
    None
):
    fold = opened(ADA, BOB, CAROL)
    turns = []
    for _ in range(3):
        give(fold, CallHand)
        turns.append(fold.state.floor.turns)
        called = at(fold.state.floor, "called")
        assert called is not None
        give(fold, LetSpeak, called.id)
    assert turns == [Rooms(0, 1), Rooms(1, 1), Rooms(1, 1)]
    fold = opened(ADA, BOB)
    give(fold, CallHand)
    assert fold.state.floor.turns == Rooms(0, 1)
    give(fold, SkipHand, hand_of(fold, ADA).id)
    assert fold.state.floor.turns == Rooms(0, 0)
    give(fold, CallHand)
    give(fold, LowerHand, who=BOB)
    assert fold.state.floor.turns == Rooms(0, 0)


def test_a_new_ratio_counts_anew_and_one_room_must_have_a_share() -> None:
    fold = opened(ADA, BOB)
    give(fold, CallHand)
    fold.do(MODERATOR, SetRatio("r1", 3, 1))
    assert (fold.state.floor.ratio, fold.state.floor.turns) == (Rooms(3, 1), Rooms(0, 0))
    assert fold.do(MODERATOR, SetRatio("r2", 3, 1)) == ()
    assert fold.refused(MODERATOR, SetRatio("r3", 0, 0)) == "bad_ratio"


# -- what follows from it ------------------------------------------------------------------------------


def test_the_voice_is_in_every_feed_but_its_own_and_its_publication_is_admitted_only_meanwhile() -> None:
    fold = opened(ADA)
    hand = hand_of(fold, ADA).id
    give(fold, CallHand)
    called = plan(fold.state, 7)
    assert (called.floor, called.feeds["stage"].audio) == (("ada/floor",), ())
    give(fold, LetSpeak, hand)
    on_air = plan(fold.state, 7)
    assert on_air.version > called.version
    for name in ("stage", "room", "return"):
        assert on_air.feeds[name].audio[0] == "ada/floor"
    assert on_air.feeds["floor"].audio == ()
    fold.do(PRODUCER, PauseSession("p"))
    assert plan(fold.state, 7).feeds["stage"].audio == ()
    assert plan(fold.state, 7).floor == ("ada/floor",)
    fold.do(PRODUCER, ResumeSession("r"))
    fold.do(PRODUCER, ShowSlate("s", "A moment"))
    assert all(
        "ada/floor" not in plan(fold.state, 7).feeds[name].audio for name in ("stage", "room", "return")
    )
    fold.do(PRODUCER, EndSession("e"))
    assert plan(fold.state, 7).floor == ()


def test_who_has_the_floor_at_the_end_has_had_it_and_is_not_live_again_where_the_end_was_a_mistake() -> None:
    fold = opened(ADA, CAROL, BOB)
    give(fold, CallHand)
    give(fold, LetSpeak, hand_of(fold, ADA).id)
    give(fold, CallHand)
    told = fold.do(PRODUCER, EndSession("e"))
    tags = [event.__struct_config__.tag for event in told]
    assert tags == ["floor.closed", "floor.done", "floor.lowered", "session.ended"]
    fold.do(PRODUCER, ReopenSession("o"))
    fold.do(PRODUCER, ResumeSession("r"))
    assert plan(fold.state, 7).feeds["stage"].audio == plan(fold.state, 7).floor == ()
    assert [hand.person for hand in fold.state.floor.hands] == [CAROL], "who waits waits on"
    assert no(fold, RaiseHand, who=SPEAKER) == "floor_closed"
    give(fold, OpenFloor)
    raised(fold, SPEAKER)


def test_who_speaks_in_the_hall_is_heard_by_the_rooms_microphone_and_not_by_the_room() -> None:
    fold = opened(BOB)
    give(fold, CallHand)
    give(fold, LetSpeak, hand_of(fold, BOB).id)
    made = plan(fold.state, 7)
    assert made.floor == ()
    assert made.feeds["stage"].audio == ("hall/hall",)
    assert made.feeds["room"].audio == ()
    assert made.feeds["return"].audio == ("hall/hall",)


def test_the_public_knows_of_the_speaking_microphone_and_of_no_other() -> None:
    fold = opened(ADA, CAROL)
    give(fold, CallHand)
    give(fold, LetSpeak, hand_of(fold, ADA).id)
    give(fold, CallHand)
    full = MediaState(
        True,
        tuple(Media(who, "floor", audio=True, video=False, live=True) for who in ("ada", "carol")),
    )
    assert [one.participant for one in media(full, fold.state, "public").publications] == ["ada"]
    assert media(full, fold.state, "staff") == full


def test_everybody_sees_the_floor_and_its_facts() -> None:
    fold = opened(ADA, BOB)
    give(fold, CallHand)
    told = snapshot(fold.state, "public", "somebody").floor
    assert told == snapshot(fold.state, "staff", "mod").floor
    assert (told.called and told.called.person, [hand.person for hand in told.line]) == (ADA, [BOB])
    tags = [event.__struct_config__.tag for event in visible(fold.facts, fold.state, "public", "x")]
    assert tags[-4:] == ["floor.opened", "floor.raised", "floor.raised", "floor.called"]


def test_who_is_put_out_leaves_the_floor_too() -> None:
    fold = opened(ADA, BOB)
    give(fold, CallHand)
    assert fold.state.floor.turns == Rooms(0, 1)
    fold.do(MODERATOR, EjectPerson("e1", "ada"), ADA)
    assert [hand.person for hand in fold.state.floor.hands] == [BOB]
    assert (fold.state.floor.turns, plan(fold.state, 7).floor) == (Rooms(0, 0), ())
    assert fold.state.stage_seq == fold.state.seq


def test_a_rewritten_log_leads_to_the_same_floor() -> None:
    fold = opened(ADA, BOB, CAROL)
    give(fold, CallHand)
    state = empty("s1")
    for seq, event in enumerate(rewrite(fold.state, 99), start=1):
        state = apply(state, msgspec.structs.replace(event, seq=seq))
    assert state.floor == fold.state.floor
    assert msgspec.json.decode(msgspec.json.encode(state.floor), type=FloorQueue) == state.floor
    assert state.people == fold.state.people


def test_a_fact_about_a_hand_that_is_gone_changes_nothing() -> None:
    fold = opened(ADA)
    hand = hand_of(fold, ADA).id
    give(fold, LowerHand, who=ADA)
    before = fold.state.floor
    fold.put([HandCalled(at=1, by="mod", hand=hand, why=Why("only"), counted=True)])
    assert fold.state.floor == before


# -- the machine ---------------------------------------------------------------------------------------


class FloorMachine(RuleBasedStateMachine):
    """Hands go up and down, staff call, skip, let first and end; the order stays fair throughout.

    The model is kept apart from the code: who waits since when, who has spoken how often, and how many
    turns each room had while the other could have gone.
    """

    people = tuple(
        Person(f"{place}{i}", f"P{i}", "viewer", place=place)
        for place in ("hall", "online")
        for i in range(4)
    )

    def __init__(self) -> None:
        super().__init__()
        self.fold = Fold()
        self.spoken: dict[str, int] = {}
        self.waits: dict[str, int] = {}
        self.let_first: list[str] = []
        self.called: str | None = None
        self.speaking: str | None = None
        self.had = {"hall": 0, "online": 0}
        self.spent: str | None = None
        self.clock = 0
        self.ratio = Rooms(1, 1)

    @initialize(hall=st.integers(1, 4), online=st.integers(1, 4))
    def open(self, hall: int, online: int) -> None:
        self.fold.do(PRODUCER, StartSession("start"))
        self.fold.do(MODERATOR, OpenFloor("open"))
        self.ratio = Rooms(hall, online)
        self.fold.do(MODERATOR, SetRatio("ratio", hall, online))

    def give(self, who: Person, command: AnyCommand) -> None:
        self.clock += 1
        self.fold.do(who, command)

    def hand(self, person: str) -> str:
        return next(hand.id for hand in self.fold.state.floor.hands if hand.person.id == person)

    def place(self, person: str) -> str:
        return person[:-1]

    @rule(person=st.sampled_from(people))
    def raise_hand(self, person: Person) -> None:
        self.give(person, RaiseHand(self.fold.new_id()))
        if person.id not in {*self.waits, self.called, self.speaking}:
            self.waits[person.id] = self.clock

    @rule(person=st.sampled_from(people))
    def lower(self, person: Person) -> None:
        self.give(person, LowerHand(self.fold.new_id()))
        if person.id == self.speaking:
            self.speaking = None
        elif person.id == self.called:
            self.give_back()
        else:
            self.waits.pop(person.id, None)
            self.let_first = [one for one in self.let_first if one != person.id]

    def give_back(self) -> None:
        self.called = None
        if self.spent:
            self.had[self.spent] -= 1
        self.spent = None

    @precondition(lambda self: self.waits and self.called is None)
    @rule()
    def call_next(self) -> None:
        """The fair choice, worked out anew from the model."""
        if self.let_first:
            allowed = {self.let_first[0]}
        else:
            fewest = min(self.spoken.get(person, 0) for person in self.waits)
            equals = [person for person in self.waits if self.spoken.get(person, 0) == fewest]
            rooms = {self.place(person) for person in equals}
            if len(rooms) == 2:
                loads = {
                    room: (self.had[room] + 1) / getattr(self.ratio, room) for room in ("hall", "online")
                }
                least = min(loads.values())
                rooms = {room for room, load in loads.items() if load <= least + 1e-9}
            allowed = {min((p for p in equals if self.place(p) in rooms), key=lambda p: self.waits[p])}
        self.call(self.fold.new_id(), None)
        assert self.called in allowed, (self.called, allowed)

    @precondition(lambda self: self.waits and self.called is None)
    @rule(data=st.data())
    def pick(self, data: st.DataObject) -> None:
        person = data.draw(st.sampled_from(sorted(self.waits)))
        self.call(self.fold.new_id(), self.hand(person))
        assert self.called == person

    def call(self, command_id: str, hand: str | None) -> None:
        ordinary = [person for person in self.waits if person not in self.let_first]
        fewest = min((self.spoken.get(person, 0) for person in ordinary), default=0)
        equals = [person for person in ordinary if self.spoken.get(person, 0) == fewest]
        self.give(MODERATOR, CallHand(command_id, hand))
        called = at(self.fold.state.floor, "called")
        assert called is not None
        self.called = called.person.id
        self.spent = None
        if self.called not in self.let_first and any(
            self.place(other) != self.place(self.called) for other in equals
        ):
            self.spent = self.place(self.called)
            self.had[self.spent] += 1
        self.let_first = [one for one in self.let_first if one != self.called]
        del self.waits[self.called]

    @precondition(lambda self: self.called)
    @rule()
    def let_speak(self) -> None:
        assert self.called is not None
        self.give(MODERATOR, LetSpeak(self.fold.new_id(), self.hand(self.called)))
        self.spoken[self.called] = self.spoken.get(self.called, 0) + 1
        self.speaking, self.called, self.spent = self.called, None, None

    @precondition(lambda self: self.called)
    @rule()
    def skip(self) -> None:
        called = self.called
        assert called is not None
        self.give(MODERATOR, SkipHand(self.fold.new_id(), self.hand(called)))
        self.give_back()
        self.waits[called] = self.clock

    @rule()
    def end_and_take_it_back(self) -> None:
        self.give(PRODUCER, EndSession(self.fold.new_id()))
        self.give(PRODUCER, ReopenSession(self.fold.new_id()))
        assert not self.fold.state.floor.open
        self.give(MODERATOR, OpenFloor(self.fold.new_id()))
        self.speaking = None
        if self.called:
            self.give_back()

    @precondition(lambda self: self.speaking)
    @rule()
    def end_turn(self) -> None:
        assert self.speaking is not None
        self.give(MODERATOR, EndTurn(self.fold.new_id(), self.hand(self.speaking)))
        self.speaking = None

    @precondition(lambda self: self.waits)
    @rule(data=st.data())
    def put_first(self, data: st.DataObject) -> None:
        person = data.draw(st.sampled_from(sorted(self.waits)))
        self.give(MODERATOR, PutFirst(self.fold.new_id(), self.hand(person)))
        if person not in self.let_first:
            self.let_first.append(person)

    @invariant()
    def at_most_one_is_called_and_one_speaks(self) -> None:
        states = [hand.state for hand in self.fold.state.floor.hands]
        assert states.count("called") == (self.called is not None)
        assert states.count("speaking") == (self.speaking is not None)
        assert {h.person.id for h in self.fold.state.floor.hands if h.state == "waiting"} == set(self.waits)

    @invariant()
    def only_those_called_or_speaking_have_a_microphone(self) -> None:
        expected = {f"{p}/floor" for p in (self.called, self.speaking) if p and self.place(p) == "online"}
        assert set(microphones(self.fold.state)) == expected
        assert set(plan(self.fold.state, 1).floor) == expected

    @invariant()
    def turns_and_speakers_are_counted_exactly(self) -> None:
        floor = self.fold.state.floor
        assert (floor.turns.hall, floor.turns.online) == (self.had["hall"], self.had["online"])
        assert floor.spoken == self.spoken


def test_the_order_stays_fair_whatever_happens() -> None:
    run_state_machine_as_test(FloorMachine, settings=settings(max_examples=40, stateful_step_count=30))


@pytest.mark.parametrize(("hall", "online"), [(1, 1), (2, 1), (1, 3), (0, 1), (5, 2)])
def test_the_ratio_holds_over_the_session_within_one_turn(hall: int, online: int) -> None:
    """Both rooms always have somebody new: after each turn both are within one turn of their share."""
    fold = opened()
    fold.do(MODERATOR, SetRatio("r", hall, online))
    had = {"hall": 0, "online": 0}
    for i in range(42):
        give(fold, AddHand, f"Hall {i}")
        raised(fold, Person(f"o{i}", "O", "viewer"))
        give(fold, CallHand)
        called = at(fold.state.floor, "called")
        assert called is not None
        had[called.person.place] += 1
        give(fold, LetSpeak, called.id)
        share = sum(had.values()) * hall / (hall + online)
        assert abs(had["hall"] - share) <= 1


def test_guests_are_told_apart_by_name_and_affiliation() -> None:
    assert guest("Ada", "", "").id == guest("ADA", "", "Prof.").id != guest("Ada", "Yale", "").id
