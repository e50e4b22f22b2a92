"""Short ways to people, commands and folds, for tests of the session's core."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from signaling.protocol import AnyCommand, AnyEvent, Person, Session, SessionCreated
from signaling.session.audience import Fact, fact
from signaling.session.decide import decide
from signaling.session.decision import Decision, Refusal
from signaling.session.fold import apply
from signaling.session.state import State, empty

ADA = Person("ada", "Ada", "viewer")
BOB = Person("bob", "Bob", "viewer", place="hall")
MODERATOR = Person("mod", "Mo", "moderator")
PRODUCER = Person("pro", "Pru", "producer")
SPEAKER = Person("sp-1", "Grace", "speaker", affiliation="Yale", title="Rear Admiral")


class Fold:
    """A session that is its own log: gives commands, keeps the facts."""

    def __init__(self) -> None:
        self.state: State = empty("s1")
        self.facts: list[Fact] = []
        self.put([SessionCreated(at=0, by="system", session=Session("s1", "A talk", "planned", 0))])
        self._next = 0

    def put(self, events: Iterable[AnyEvent]) -> None:
        for event in events:
            numbered = msgspec.structs.replace(event, seq=self.state.seq + 1)
            self.facts.append(fact(self.state, numbered))
            self.state = apply(self.state, numbered)

    def try_(self, actor: Person, command: AnyCommand, known: Person | None = None) -> Decision | Refusal:
        outcome = decide(self.state, actor, command, now=self.state.seq, known=known)
        if isinstance(outcome, Decision):
            self.put(outcome.events)
        return outcome

    def do(self, actor: Person, command: AnyCommand, known: Person | None = None) -> tuple[AnyEvent, ...]:
        outcome = self.try_(actor, command, known)
        assert isinstance(outcome, Decision), outcome
        return outcome.events

    def refused(self, actor: Person, command: AnyCommand, known: Person | None = None) -> str:
        before = self.state
        outcome = self.try_(actor, command, known)
        assert isinstance(outcome, Refusal), outcome
        assert self.state == before
        return outcome.code

    def new_id(self) -> str:
        self._next += 1
        return f"c{self._next}"
