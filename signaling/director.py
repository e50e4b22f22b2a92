"""From who is on stage to what the relay shall do: pure.

The law: a plan is a function of the log alone, so that its version is the log's position and any worker
makes the same plan. It names publications whether or not they are there; the relay fills what it has.
"""

from __future__ import annotations

from signaling.session.state import State
from stream.plan import Feed, StagePlan

SLATE = "slate/slate"
"""The publication shown in place of the stage; where there is none, the audience's stream pauses."""

HALL = "hall"
"""The participant id under which the room itself publishes (`hall/hall`): a session has one room."""


def plan(state: State, epoch: int) -> StagePlan:
    """Return the stage plan of a state. The audience has a picture only while the session is live."""
    status = state.session.status
    return StagePlan(
        epoch=epoch,
        seq=state.stage_seq,
        feeds={
            "stage": _stage(state) if status == "live" else Feed(),
            "return": _return() if status != "ended" else Feed(),
        },
    )


def _stage(state: State) -> Feed:
    air = state.air
    if air.slate is not None:
        return Feed(main=(SLATE,))
    return Feed(
        main=tuple(f"{person.id}/camera" for person in state.stage),
        slides=tuple(f"{person.id}/slides" for person in state.stage if air.slides),
        audio=tuple(f"{person.id}/camera" for person in state.stage if person.id not in air.muted),
    )


def _return() -> Feed:
    """Nobody on stage is in it: who hears themselves late cannot speak."""
    room = (f"{HALL}/hall",)
    return Feed(main=room, audio=room)
