"""From who is on stage to what the relay shall do: pure.

Who has the floor is heard in every feed but their own: the room's loudspeakers get the feed `room`, in
which its own microphone is not, and a viewer who speaks gets the feed `floor`. What somebody backstage is
sent back is a feed of their own, `return/<role>/<participant>`, so that it can change under them; who has
none of their own gets that of their role, and else the common one. The law: a plan is a function of the log
alone, so that its version is the log's position and any worker makes the same plan. It names publications
whether or not they are there; the relay fills what it has.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from signaling.protocol import OVER, Person, ReturnFeed
from signaling.session import backstage, floor
from signaling.session.floor import FLOOR_SOURCE, ROOM
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
    stage = _stage(state) if status == "live" else Feed()
    voice = _voice(state)
    return StagePlan(
        epoch=epoch,
        seq=state.stage_seq,
        feeds={
            "stage": _heard(stage, voice),
            "room": _heard(stage, voice if voice != ROOM else None),
            "floor": stage,
            "return": _heard(_hall(), voice) if status not in OVER else Feed(),
            **(_backstage(state) if status not in OVER else {}),
        },
        floor=floor.microphones(state) if status not in OVER else (),
    )


def return_name(role: str, participant: str) -> str:
    """Return the name of what one person is sent back."""
    return f"return/{role}/{participant}"


def solo_name(participant: str) -> str:
    """Return the name of one person's own picture and sound, as those backstage see it."""
    return f"solo/{participant}"


def _voice(state: State) -> str | None:
    """Return the voice that has the floor, while the audience hears anything."""
    heard = state.session.status == "live" and state.air.slate is None
    return floor.voice(state) if heard else None


def _heard(feed: Feed, voice: str | None) -> Feed:
    """Return the feed with the voice that has the floor, if it is not in it already."""
    if voice is None or voice in feed.audio:
        return feed
    return msgspec.structs.replace(feed, audio=(voice, *feed.audio))


def _stage(state: State) -> Feed:
    air = state.air
    if air.slate is not None:
        return Feed(main=SLATE)
    keys = [key for person in state.stage for key in (f"{person.id}/camera", f"{person.id}/{FLOOR_SOURCE}")]
    microphones = floor.microphones(state)
    return Feed(
        # Somebody of the audience who is brought on stage while they have the floor may send a picture there.
        main=tuple(key for key in keys if not key.endswith(f"/{FLOOR_SOURCE}") or key in microphones),
        slides=tuple(f"{person.id}/slides" for person in state.stage if air.slides),
        audio=tuple(f"{person.id}/camera" for person in state.stage if person.id not in air.muted),
    )


def _hall() -> Feed:
    """Nobody on stage is in it: who hears themselves late cannot speak."""
    return Feed(main=(ROOM,), audio=(ROOM,))


def _backstage(state: State) -> dict[str, Feed]:
    """Return what each role, and each person the log knows as a speaker or backstage, is sent back."""
    talking = backstage.talking(state)
    feeds = {
        f"return/{role}": _returned(state, backstage.return_feed(state, role, "none"), "", talking)
        for role in backstage.ROLES
    }
    cues = {cue.person.id: cue.state for cue in state.cues.values() if cue.person is not None}
    feeds[solo_name(HALL)] = _hall()
    speakers = [cue.person for cue in state.cues.values() if cue.person is not None]
    for person in (*state.crew.values(), *state.stage, *speakers):
        kind = backstage.return_feed(state, person.role, cues.get(person.id, "none"))
        feeds[return_name(person.role, person.id)] = _returned(state, kind, person.id, talking)
        camera = (f"{person.id}/camera",)
        feeds[solo_name(person.id)] = Feed(main=camera, slides=(f"{person.id}/slides",), audio=camera)
    return feeds


def _returned(state: State, kind: ReturnFeed, to: str, talking: tuple[Person, ...]) -> Feed:
    """Return one kind of feed for one person, without their own voice; `to` is nobody for a whole role."""
    programme = _heard(_stage(state), _voice(state)) if state.session.status == "live" else Feed()
    own = (f"{to}/camera", f"{to}/{FLOOR_SOURCE}")
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
        audio=tuple(dict.fromkeys(key for key in voices if key not in own))[:MOST_NAMED],
    )


def _cameras(people: Iterable[Person], but: str) -> tuple[str, ...]:
    return tuple(f"{person.id}/camera" for person in people if person.id != but)
