"""The life of a session, and what it is called.

    planned ──doors─▶ doors ──start─▶ live ──pause──▶ paused
       └────────────start──────────────▶   ◀─resume──
    any of these ──end─▶ ended ──reopen─▶ paused, or planned
                           └──replay─▶ replay ──reopen─▶ the same

The law: nothing changes in a session that is over, ended or in replay, but that its end is taken back
(`reopen`): then it is paused, or planned again if it had never begun. So nothing is left open by the end:
clocks stand, polls are closed and their results seen, no more signatures are taken, the question that is
being answered is answered, and one that was only shown is on the shortlist, for nobody has answered it. The
floor is closed, whoever has it has had it, and who was called is no more. A `reopen` opens none of it again,
so that nobody's microphone goes live by it; staff do, one by one. A pause holds the clocks that run until the
session goes on. A replay says where the recording is; withdrawn, the session is ended as before. A step to
where the session is already is no step, but a pause may say anew until when. What the programme has withdrawn
is not begun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from signaling.protocol import (
    OVER,
    AnyEvent,
    Clock,
    ClockChanged,
    DeclarationClosed,
    DescribeSession,
    DoorsOpened,
    EndSession,
    FloorClosed,
    HandDone,
    HandLowered,
    LifecycleCommand,
    LifecycleEvent,
    OfferReplay,
    OpenDoors,
    PauseSession,
    Person,
    PollClosed,
    QuestionAnswered,
    QuestionHidden,
    ReopenSession,
    ReplayOffered,
    ReplayWithdrawn,
    ResumeSession,
    Session,
    SessionCreated,
    SessionDescribed,
    SessionEnded,
    SessionPaused,
    SessionReopened,
    SessionResumed,
    SessionStarted,
    StartSession,
    Status,
    WithdrawReplay,
)
from signaling.session import clock, floor, turns
from signaling.session.decision import (
    DECLARATION,
    POLLS,
    PROGRAMME,
    SCREEN,
    SESSION,
    Decision,
    Outcome,
    Refusal,
    clock_entity,
    poll_entity,
    question_entity,
)
from signaling.session.state import State
from signaling.written import line

Step = OpenDoors | StartSession | PauseSession | ResumeSession | EndSession | ReopenSession | WithdrawReplay
Lived = (
    DoorsOpened
    | SessionStarted
    | SessionPaused
    | SessionResumed
    | SessionEnded
    | SessionReopened
    | ReplayWithdrawn
)

STEPS: Mapping[type[Step], tuple[frozenset[Status], Status, type[Lived]]] = {
    OpenDoors: (frozenset({"planned"}), "doors", DoorsOpened),
    StartSession: (frozenset({"planned", "doors"}), "live", SessionStarted),
    PauseSession: (frozenset({"live"}), "paused", SessionPaused),
    ResumeSession: (frozenset({"paused"}), "live", SessionResumed),
    EndSession: (frozenset({"planned", "doors", "live", "paused"}), "ended", SessionEnded),
    ReopenSession: (OVER, "paused", SessionReopened),
    WithdrawReplay: (frozenset({"replay"}), "ended", ReplayWithdrawn),
}
"""Command → the states it starts from, the one it leads to, and the event that says so."""


def decide(state: State, actor: Person, command: LifecycleCommand, *, now: int) -> Outcome:
    """Return what a command on the session as a whole comes to."""
    if isinstance(command, DescribeSession):
        return describe(state, actor, command, now=now)
    if isinstance(command, OfferReplay):
        return replay(state, actor, command, now=now)
    return step(state, actor, command, now=now)


def fold(state: State, event: LifecycleEvent) -> State:
    """Return the state after an event of the session's life."""
    match event:
        case SessionCreated(session=session):
            return replace(state, session=session, stage_seq=event.seq)
        case SessionDescribed(title=title, programme=programme):
            session = msgspec.structs.replace(state.session, title=title, programme=programme)
            return replace(state, session=session)
        case _:
            return replace(state, session=_lived(state.session, event), stage_seq=event.seq)


def rewrite(state: State, at: int) -> tuple[LifecycleEvent, ...]:
    """Return the events that lead to the session of this state."""
    return (SessionCreated(at=at, by="system", session=state.session),)


def _lived(session: Session, event: Lived | ReplayOffered) -> Session:
    """Return the session after a step of its life."""
    changed = msgspec.structs.replace
    match event:
        case DoorsOpened():
            return changed(session, status="doors")
        case SessionStarted(at=at):
            return changed(session, status="live", started=at)
        case SessionPaused(at=at, until=until):
            since = at if session.paused is None else session.paused
            return changed(session, status="paused", paused=since, resumes=until)
        case SessionResumed():
            return changed(session, status="live", paused=None, resumes=None)
        case SessionEnded(at=at):
            return changed(session, status="ended", ended=at, paused=None, resumes=None)
        case SessionReopened(at=at) if session.started is not None:
            return changed(session, status="paused", ended=None, paused=at, recording=None)
        case ReplayOffered(recording=recording):
            return changed(session, status="replay", recording=recording)
        case ReplayWithdrawn():
            return changed(session, status="ended", recording=None)
        case _:
            return changed(session, status="planned", ended=None, recording=None)


def step(state: State, actor: Person, command: Step, *, now: int) -> Outcome:
    """Move the session along the table."""
    allowed, to, event = STEPS[type(command)]
    status = state.session.status
    if isinstance(command, PauseSession) and status in ("live", "paused"):
        if status == "paused" and command.until in (None, state.session.resumes):
            return Decision()
        paused = SessionPaused(at=now, by=actor.id, until=command.until)
        held = [clock.stopped(one, now, held=True) for one in _running(state)]
        return _with_clocks(state, paused, held)
    if status == to or (isinstance(command, EndSession) and status in OVER):
        return Decision()
    if status not in allowed:
        return Refusal("wrong_state", _WORDS[status])
    happened = event(at=now, by=actor.id)
    if isinstance(command, OpenDoors | StartSession):
        if state.session.programme is not None and state.session.programme.withdrawn:
            return Refusal("withdrawn", "The programme has withdrawn this session.")
        return Decision((happened,), leans_on=(PROGRAMME,), changes=(SESSION,))
    if isinstance(command, ResumeSession):
        freed = [clock.running(one, now) for one in state.clocks.values() if one.held]
        return _with_clocks(state, happened, freed)
    if not isinstance(command, EndSession):
        return Decision((happened,), changes=(SESSION,))
    stopped, touched = _stopped(state, happened)
    # What begins to run, or is opened, at the same moment has to end as well.
    leans_on = (floor.FLOOR, floor.DOOR, POLLS, SCREEN, DECLARATION, *map(clock_entity, state.clocks))
    return Decision((*stopped, happened), leans_on=leans_on, changes=(*touched, SESSION))


def _running(state: State) -> list[Clock]:
    return [one for one in state.clocks.values() if one.started is not None]


def _with_clocks(state: State, happened: Lived, moved: Sequence[Clock]) -> Decision:
    """Let clocks stand, or run, with a step of the session."""
    changed, touched = _changed(happened, moved)
    # What begins to run, or goes off stage, at the same moment has to be seen.
    leans_on = tuple(map(clock_entity, state.clocks))
    return Decision((*changed, happened), leans_on=leans_on, changes=(*touched, SESSION))


def _changed(step: Lived, moved: Sequence[Clock]) -> tuple[list[AnyEvent], list[str]]:
    """Return what a step does to clocks, and their entities."""
    events: list[AnyEvent] = [ClockChanged(at=step.at, by=step.by, clock=one) for one in moved]
    return events, [clock_entity(one.speaker) for one in moved]


def _stopped(state: State, ended: Lived) -> tuple[list[AnyEvent], list[str]]:
    """Return what ends with the session, and its entities: all that runs, is open, or is being answered."""
    at, by = ended.at, ended.by
    events, touched = _changed(ended, [clock.stopped(one, at) for one in _running(state)])
    for poll in state.polls.values():
        if poll.state == "open":
            events.append(PollClosed(at=at, by=by, poll=poll.id))
            touched.append(poll_entity(poll.id))
    if state.declaration is not None and state.declaration.open:
        events.append(DeclarationClosed(at=at, by=by))
        touched.append(DECLARATION)
    shown = state.on_screen
    if shown is not None:
        off = QuestionAnswered if shown.state == "answering" else QuestionHidden
        events.append(off(at=at, by=by, question=shown.id))
        touched += [SCREEN, question_entity(shown.id)]
    if state.floor.open:
        events.append(FloorClosed(at=at, by=by))
        touched.append(floor.DOOR)
    for kind, hand in (
        (HandDone, turns.at(state.floor, "speaking")),
        (HandLowered, turns.at(state.floor, "called")),
    ):
        if hand is not None:
            events.append(kind(at=at, by=by, hand=hand.id))
            touched += [floor.FLOOR, floor.hand_entity(hand.person.id)]
    return events, list(dict.fromkeys(touched))


def replay(state: State, actor: Person, command: OfferReplay, *, now: int) -> Outcome:
    """Say where the recording is."""
    session = state.session
    if session.recording == command.recording:
        return Decision()
    if session.status not in OVER:
        return Refusal("wrong_state", _WORDS[session.status])
    return Decision((ReplayOffered(at=now, by=actor.id, recording=command.recording),), changes=(SESSION,))


def describe(state: State, actor: Person, command: DescribeSession, *, now: int) -> Outcome:
    """Say anew what the session is called, and what the programme says of it."""
    title = line(command.title)
    if not title:
        return Refusal("empty_text", "There is nothing in it.")
    if (title, command.programme) == (state.session.title, state.session.programme):
        return Decision()
    event = SessionDescribed(at=now, by=actor.id, title=title, programme=command.programme)
    return Decision((event,), leans_on=(SESSION,), changes=(PROGRAMME,))


_WORDS: Mapping[Status, str] = {
    "planned": "The session has not begun.",
    "doors": "The session has not begun.",
    "live": "The session is live.",
    "paused": "The session is paused.",
    "ended": "The session has ended.",
    "replay": "The session has ended.",
}
