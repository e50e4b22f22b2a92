"""From who is on stage to what the relay shall do: pure.

The law: a plan is a function of the log alone, so that its version is the log's position and any worker
makes the same plan. It names publications whether or not they are there; the relay fills what it has.
What somebody backstage is sent back is a feed of their own, `return/<role>/<participant>`, so that it can
change under them; who has none of their own gets that of their role, and else the common one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from signaling.protocol import Person, ReturnFeed
from signaling.session import backstage
from signaling.session.state import State
from stream.plan import STILL, Feed, StagePlan

MOST_NAMED: Final = 8
"""Publications named in a line of one person's feed: one picture is seen, three voices are heard."""

SLATE = ("slate/camera", STILL)
"""Shown in the stage's place: what is published as the participant `slate`, else the relay's own still."""

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
            "return": _hall() if status != "ended" else Feed(),
            **(_backstage(state) if status != "ended" else {}),
        },
    )


def return_name(role: str, participant: str) -> str:
    """Return the name of what one person is sent back."""
    return f"return/{role}/{participant}"


def solo_name(participant: str) -> str:
    """Return the name of one person's own picture and sound, as those backstage see it."""
    return f"solo/{participant}"


def _stage(state: State) -> Feed:
    air = state.air
    if air.slate is not None:
        return Feed(main=SLATE)
    return Feed(
        main=tuple(f"{person.id}/camera" for person in state.stage),
        slides=tuple(f"{person.id}/slides" for person in state.stage if air.slides),
        audio=tuple(f"{person.id}/camera" for person in state.stage if person.id not in air.muted),
    )


def _hall() -> Feed:
    """Nobody on stage is in it: who hears themselves late cannot speak."""
    room = (f"{HALL}/hall",)
    return Feed(main=room, audio=room)


def _backstage(state: State) -> dict[str, Feed]:
    """Return what each role, and each person the log knows as a speaker or backstage, is sent back."""
    talking = backstage.talking(state)
    feeds = {
        f"return/{role}": _returned(state, backstage.return_feed(state, role, "none"), "", talking)
        for role in backstage.ROLES
    }
    cues = {cue.person.id: cue.state for cue in state.cues.values() if cue.person is not None}
    speakers = [cue.person for cue in state.cues.values() if cue.person is not None]
    for person in (*state.crew.values(), *state.stage, *speakers):
        kind = backstage.return_feed(state, person.role, cues.get(person.id, "none"))
        feeds[return_name(person.role, person.id)] = _returned(state, kind, person.id, talking)
        camera = (f"{person.id}/camera",)
        feeds[solo_name(person.id)] = Feed(main=camera, slides=(f"{person.id}/slides",), audio=camera)
    return feeds


def _returned(state: State, kind: ReturnFeed, to: str, talking: tuple[Person, ...]) -> Feed:
    """Return one kind of feed for one person, without their own voice; `to` is nobody for a whole role."""
    programme = _stage(state) if state.session.status == "live" else Feed()
    heard = _cameras(talking, to) if any(person.id == to for person in talking) else ()
    match kind:
        case "programme":
            picture = programme
            voices = (*heard, *programme.audio)
        case "hall":
            picture = Feed(main=_hall().main, slides=programme.slides)
            voices = (*_hall().audio, *programme.audio)
        case "backstage":
            picture = Feed(main=_cameras(talking, to), slides=programme.main)
            voices = _cameras(talking, to)
        case "off":
            return Feed()
    return Feed(
        main=picture.main[:MOST_NAMED],
        slides=tuple(key for key in picture.slides if key != f"{to}/slides")[:MOST_NAMED],
        audio=tuple(dict.fromkeys(key for key in voices if key != f"{to}/camera"))[:MOST_NAMED],
    )


def _cameras(people: Iterable[Person], but: str) -> tuple[str, ...]:
    return tuple(f"{person.id}/camera" for person in people if person.id != but)
