"""Two commands decided on one state: both are written only if one after the other comes to the same.

Every pair of commands that may be given in a full session, decided as two workers decide at once. The log
takes the second unless it leans on what the first has changed (log.py); so where it takes both, what the
second decided must be what it would decide after the first. What is not so is a line in `MAY_DIFFER`.
"""

from __future__ import annotations

import itertools
import typing
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest

from signaling.protocol import AnyCommand, Billed, Billing, Person, Return
from signaling.session.decide import decide
from signaling.session.decision import Decision, person_entity
from signaling.session.fold import apply
from signaling.session.state import State

from .session_events import ADA, BOB, MODERATOR, PRODUCER, SPEAKER, Fold

CHAIR = Person("chair-1", "Cher", "chair")
EVE = Person("eve", "Eve", "speaker")
KIM = Person("kim", "Kim", "speaker")
ZED = Person("zed", "Zed", "speaker")
YALE = Person("yale", "Yale", "viewer", affiliation="Yale")
CAROL = Person("carol", "Carol", "viewer")
PEOPLE: Final = {
    who.id: who for who in (ADA, BOB, MODERATOR, PRODUCER, SPEAKER, CHAIR, EVE, KIM, ZED, YALE, CAROL)
}
BILLING: Final = Billing("conf", 0, 3_600_000, "UTC", speakers=(Billed("kim", "Kim"), Billed("p2", "Eve")))
NOW: Final = 60_000
"""When all is decided, ms since 1970."""

ALONE: Final = {
    *("session.doors", "session.start", "session.reopen", "session.replay", "session.withdraw_replay"),
    *("caption.send", "reaction.send"),
    "declaration.hide",
}
"""Commands before a session and after it, those of which nothing is written, and one for which there is no
room on the screen here."""

VOTES: Final = ("question.vote",)
MAY_DIFFER: Final = {
    # Said of a message or a question in the moment in which it goes: it was still there for who said it.
    *itertools.product(("chat.delete", "chat.withdraw"), ("chat.post",)),
    *itertools.product(("question.answered", "question.dismiss", "question.withdraw"), VOTES),
}
"""The first and the second, where both are written all the same, and why."""


def say(tag: str, **fields: Any) -> AnyCommand:
    said: AnyCommand = msgspec.convert({"type": tag, "id": f"c{next(_numbers)}", **fields}, AnyCommand)
    return said


_numbers = itertools.count()


class Full(Fold):
    """A session in which there is some of everything; who is next is somebody, so that they can go on."""

    def __init__(self) -> None:
        super().__init__()
        self.give(PRODUCER, "session.describe", title="A forum", programme=msgspec.to_builtins(BILLING))
        self.give(PRODUCER, "session.start")
        self.questions = [self.asked(ADA, "approve"), self.asked(BOB, "approve", "shortlist")]
        self.questions += [
            self.asked(ADA, "approve", "show"),
            self.asked(BOB),
            self.asked(ADA, "approve", "answered"),
        ]
        self.questions += [self.asked(BOB, "dismiss"), self.asked(ADA, "approve")]
        self.give(MODERATOR, "question.merge", question=self.questions[6], into=self.questions[0])
        self.give(CAROL, "question.vote", question=self.questions[0])
        self.give(ADA, "chat.post", text="one")
        self.give(MODERATOR, "chat.post", text="backstage", channel="backstage")
        self.give(MODERATOR, "chat.rules", hold=True)
        self.give(BOB, "chat.post", text="held")
        self.give(MODERATOR, "chat.rules", slow=10)
        self.messages = [message.id for message in self.state.chat]
        self.give(MODERATOR, "chat.pin", message=self.messages[0])
        self.give(MODERATOR, "floor.open")
        for who in (ADA, BOB, CAROL, YALE):
            self.give(who, "floor.raise")
        self.give(MODERATOR, "floor.call")
        self.give(MODERATOR, "floor.speak", hand=self.state.floor.hands[0].id)
        self.give(MODERATOR, "floor.call")
        self.hands = [hand.id for hand in self.state.floor.hands]
        self.polls = []
        for number, steps in enumerate(((), ("open",), ("open", "show"), ("open", "close"))):
            self.give(
                MODERATOR, "poll.create", text=f"p{number}", kind="single", options=["a", "b"], hidden=True
            )
            self.polls.append([*self.state.polls][-1])
            for step in steps:
                self.give(MODERATOR, f"poll.{step}", poll=self.polls[-1])
        self.give(CAROL, "poll.vote", poll=self.polls[1], choices=[0])
        self.give(MODERATOR, "announcement.pin", text="Lunch")
        self.give(MODERATOR, "declaration.present", title="D", text="We", organisations=["Yale", "MIT"])
        self.give(PRODUCER, "stage.bring_on", participant=SPEAKER.id)
        self.give(EVE, "cue.arrive")
        self.give(KIM, "cue.arrive")
        self.give(PRODUCER, "cue.standby", speaker="kim")
        for speaker in (SPEAKER.id, "eve"):
            self.give(PRODUCER, "clock.set", speaker=speaker, allotted=1000)
            self.give(PRODUCER, "clock.start", speaker=speaker)
        self.give(EVE, "preflight.start")
        self.give(MODERATOR, "backstage.enter")
        self.give(MODERATOR, "chat.mute", participant="carol", seconds=3600)

    def give(self, actor: Person, tag: str, **fields: Any) -> None:
        command = say(tag, **fields)
        self.do(actor, command, PEOPLE.get(getattr(command, "participant", "")))

    def asked(self, author: Person, *steps: str) -> str:
        self.give(author, "question.ask", text="Why?")
        question = [*self.state.questions][-1]
        for step in steps:
            self.give(MODERATOR, f"question.{step}", question=question)
        return question


def commands(full: Full) -> Iterator[tuple[Person, AnyCommand]]:
    """Yield who may say what in a full session."""
    for question in full.questions:
        for step in ("approve", "shortlist", "show", "hide", "answering", "answered", "dismiss"):
            yield MODERATOR, say(f"question.{step}", question=question)
        yield full.state.questions[question].author, say("question.withdraw", question=question)
        yield MODERATOR, say("question.edit", question=question, text="Otherwise?")
        yield MODERATOR, say("question.note", question=question, text="a note")
        yield YALE, say("question.vote", question=question)
        for into in full.questions[:2]:
            yield MODERATOR, say("question.merge", question=question, into=into)
    yield CAROL, say("question.ask", text="Muted?")
    yield BOB, say("question.ask", text="How?", to=SPEAKER.id)
    yield MODERATOR, say("questions.moderation", mode="post")
    for message in full.messages:
        for step in ("delete", "approve", "pin", "unpin"):
            yield MODERATOR, say(f"chat.{step}", message=message)
        yield MODERATOR, say("chat.post", text="reply", reply_to=message)
    yield ADA, say("chat.withdraw", message=full.messages[0])
    yield YALE, say("chat.post", text="a first word")
    yield YALE, say("chat.post", text="another")
    yield SPEAKER, say("chat.post", text="to those backstage", channel="backstage")
    yield MODERATOR, say("chat.rules", hold=True, slow=0)
    yield MODERATOR, say("chat.words", refuse=["word"])
    yield MODERATOR, say("chat.mute", participant="yale", seconds=60)
    yield MODERATOR, say("chat.unmute", participant="carol")
    for tag in ("floor.open", "floor.close", "floor.call"):
        yield MODERATOR, say(tag)
    yield MODERATOR, say("floor.ratio", hall=3, online=1)
    yield EVE, say("floor.raise")
    for who in (ADA, BOB, CAROL):
        yield who, say("floor.lower")
    yield MODERATOR, say("floor.add", name="Zoe")
    for hand in full.hands:
        for step in ("remove", "call", "speak", "done", "skip", "first"):
            yield MODERATOR, say(f"floor.{step}", hand=hand)
    for poll in full.polls:
        for step in ("open", "close", "show", "hide", "delete"):
            yield MODERATOR, say(f"poll.{step}", poll=poll)
        yield MODERATOR, say("poll.results", poll=poll, shown=False)
        yield MODERATOR, say("poll.edit", poll=poll, text="Else?", kind="single", options=["x", "y"])
        yield YALE, say("poll.vote", poll=poll, choices=[1])
    yield MODERATOR, say("poll.create", text="New?", kind="rating")
    yield MODERATOR, say("announcement.pin", text="Dinner")
    yield MODERATOR, say("announcement.unpin")
    yield YALE, say("declaration.sign")
    yield MODERATOR, say("declaration.strike", organisation="Yale")
    yield MODERATOR, say("declaration.present", title="E", text="They", organisations=["MIT"])
    for tag in ("open", "close", "show", "hide"):
        yield MODERATOR, say(f"declaration.{tag}")
    for speaker in (SPEAKER, EVE, KIM, ZED):
        for tag in (
            "stage.bring_on",
            "stage.take_off",
            "stage.mute",
            "stage.unmute",
            "cue.invite",
            "person.eject",
        ):
            yield PRODUCER, say(tag, participant=speaker.id)
        for tag in ("check", "backstage", "standby", "clear"):
            yield PRODUCER, say(f"cue.{tag}", speaker=speaker.id)
        yield PRODUCER, say("stage.hand_over", to=speaker.id)
        yield PRODUCER, say("clock.set", speaker=speaker.id, allotted=5000)
        for tag in ("start", "pause", "bell"):
            yield CHAIR, say(f"clock.{tag}", speaker=speaker.id)
        yield CHAIR, say("clock.add", speaker=speaker.id, added=500)
        yield PRODUCER, say("preflight.start", speaker=speaker.id)
        yield speaker, say("cue.arrive")
        yield speaker, say("cue.acknowledge")
    yield PRODUCER, say("cue.bind", speaker="p2", participant="eve")
    yield PRODUCER, say("cue.order", speakers=["eve", "kim"])
    for tag in ("hand_over", "show_slides", "hide_slides", "slate", "lift_slate"):
        yield PRODUCER, say(f"stage.{tag}")
    yield MODERATOR, say("backstage.enter")
    yield MODERATOR, say("backstage.leave")
    yield CHAIR, say("backstage.enter")
    yield PRODUCER, say("backstage.set_return", place=msgspec.to_builtins(Return("chair", "none", "off")))
    yield MODERATOR, say("person.eject", participant="yale")
    yield MODERATOR, say("person.eject", participant="ada", bar=False)
    yield MODERATOR, say("person.readmit", participant="bob")
    yield PRODUCER, say("invitation.bar", invitation="i-1")
    for tag in ("doors", "start", "pause", "resume", "end", "reopen"):
        yield PRODUCER, say(f"session.{tag}")
    yield PRODUCER, say("session.describe", title="Another")


class Turned(Full):
    """The same after a while: what was off is on, who was on is off."""

    def __init__(self) -> None:
        super().__init__()
        self.give(PRODUCER, "session.pause")
        self.give(MODERATOR, "chat.rules")
        self.give(MODERATOR, "question.show", question=self.questions[0])
        self.give(MODERATOR, "floor.skip", hand=self.hands[1])
        self.give(MODERATOR, "floor.close")
        self.give(YALE, "declaration.sign")
        self.give(MODERATOR, "declaration.close")
        self.give(PRODUCER, "stage.mute", participant=SPEAKER.id)
        self.give(PRODUCER, "stage.hide_slides")
        self.give(PRODUCER, "stage.slate", text="A break")
        self.give(PRODUCER, "cue.clear", speaker="kim")
        self.give(PRODUCER, "cue.invite", participant="zed")
        self.give(CHAIR, "clock.pause", speaker="eve")
        self.give(CHAIR, "clock.set", speaker="p2", allotted=9000)
        self.give(PRODUCER, "cue.bind", speaker="p2", participant="eve")
        self.give(MODERATOR, "person.eject", participant="bob")


def outcome(state: State, actor: Person, command: AnyCommand) -> Decision | None:
    known = PEOPLE.get(getattr(command, "participant", ""))
    found = decide(state, actor, command, now=NOW, known=known)
    return found if isinstance(found, Decision) and found.events else None


def after(state: State, decided: Decision) -> State:
    for event in decided.events:
        state = apply(state, msgspec.structs.replace(event, seq=state.seq + 1))
    return state


def possible(full: Full) -> list[tuple[str, Person, AnyCommand, Decision]]:
    """Return what would be done in a session, of all that may be said."""
    found = ((who, command, outcome(full.state, who, command)) for who, command in commands(full))
    return [(tag_of(type(command)), who, command, done) for who, command, done in found if done is not None]


def tag_of(kind: type[AnyCommand]) -> str:
    return str(kind.__struct_config__.tag)


def test_every_command_is_tried() -> None:
    tried = {tag for full in (Full(), Turned()) for tag, *_ in possible(full)}
    assert {tag_of(kind) for kind in typing.get_args(AnyCommand)} - tried == ALONE


@pytest.mark.parametrize("kind", [Full, Turned])
def test_what_two_decide_at_once_is_what_one_after_the_other_would(kind: type[Full]) -> None:
    full = kind()
    made = possible(full)
    differ = set()
    for first, _, _, done in made:
        then = after(full.state, done)
        changed = frozenset(done.changes)
        for second, who, command, decided in made:
            if changed.isdisjoint((*decided.leans_on, *decided.changes, person_entity(who.id))):
                anew = outcome(then, who, command)
                if anew is None or after(then, anew) != after(then, decided):
                    differ.add((first, second))
    assert differ <= MAY_DIFFER, sorted(differ - MAY_DIFFER)
