"""The books of a session, held against what was acknowledged to those who were there.

The law: what is compared is what people were told (acknowledgements, events on their own sockets) with what
the server gives out afterwards (the export, the audit); a line in neither, or twice, is an error.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any, Final

from signaling.protocol import (
    AskQuestion,
    CastBallot,
    PostChat,
    RaiseHand,
    React,
    SignDeclaration,
    StartPreflight,
    VoteQuestion,
)
from signaling.rehearsal.guest import Guest
from signaling.rehearsal.sitting import Sitting
from signaling.session.decision import STAFF

SETTLED: Final = 15.0
"""Seconds until who was there is written down for certain: presence is counted every few."""

_NO_ACT: Final = (
    AskQuestion,
    CastBallot,
    PostChat,
    RaiseHand,
    React,
    SignDeclaration,
    StartPreflight,
    VoteQuestion,
)
"""What people do with what is their own: in no audit."""


async def peak(s: Sitting) -> None:
    """Hold the session until all who are there have been counted while it is live."""
    present = {guest.id for guest in s.people}
    wanted = {"peak": len(present), "people": len(present)}
    deadline = asyncio.get_running_loop().time() + SETTLED
    while True:
        row = (await s.house.export(s.id))["session"][0]
        seen = {name: row[name] for name in wanted}
        if seen == wanted or asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.2)
    s.account.equal(s.part.key, "people, and their peak", wanted, seen)


async def balance(s: Sitting) -> None:
    """Hold a session's books against what was acknowledged, when it has ended."""
    export, audit = await s.house.export(s.id), await s.house.audit(s.id)
    _lines(s, export)
    _heard(s)
    _questions(s, export)
    _polls(s, export)
    _signatures(s, export)
    _attendance(s, export)
    _stage(s)
    _floor(s, export)
    _audit(s, export, audit)


def _said(s: Sitting) -> Counter[tuple[str, str]]:
    """Return channel and text of every line that was acknowledged."""
    return Counter(
        (done.command.channel, done.command.text)
        for guest in s.everybody
        for done in guest.acknowledged
        if isinstance(done.command, PostChat)
    )


def _lines(s: Sitting, export: dict[str, Any]) -> None:
    said = _said(s)
    kept = Counter((row["channel"], row["text"]) for row in export["chat"])
    wanted = said - Counter(key for key in said if key[1] in s.expected.deleted)
    s.account.equal(
        s.part.key,
        "lines acknowledged, and in the export",
        {"lines": wanted.total(), "lost": 0, "doubled": 0, "never acknowledged": 0},
        {
            "lines": kept.total(),
            "lost": (wanted - kept).total(),
            "doubled": sum(times - 1 for times in kept.values()),
            "never acknowledged": (kept - wanted).total(),
        },
    )


def _heard(s: Sitting) -> None:
    """Each of the audience has heard each public line once, whatever broke meanwhile."""
    lines = sum(times for (channel, _), times in _said(s).items() if channel == "public")
    missed = sum(lines - len(guest.lines) for guest in s.audience)
    again = sum(times - 1 for guest in s.everybody for times in guest.told.values())
    s.account.equal(
        s.part.key,
        "lines heard by the audience",
        {"each hears": lines, "missed": 0, "events told twice": 0},
        {"each hears": max(map(len, (g.lines for g in s.audience)), default=0), "missed": missed}
        | {"events told twice": again},
    )


def _questions(s: Sitting, export: dict[str, Any]) -> None:
    if not s.expected.questions:
        return
    # What was taken back is told without its words.
    states = {row["text"]: row["state"] for row in export["questions"] if row["state"] != "withdrawn"}
    wanted_states = {text: state for text, state in s.expected.questions.items() if state != "withdrawn"}
    s.account.equal(
        s.part.key,
        "questions by state",
        dict(sorted(Counter(s.expected.questions.values()).items())),
        dict(sorted(Counter(row["state"] for row in export["questions"]).items())),
    )
    s.account.equal(s.part.key, "each question where it was left", wanted_states, states)
    counted = [row for row in export["questions"] if row["state"] not in ("merged", "withdrawn")]
    votes = {row["text"]: row["votes"] for row in counted}
    wanted = {text: s.expected.votes[text] for text in votes}
    s.account.equal(s.part.key, "votes for questions", wanted, votes)


def _polls(s: Sitting, export: dict[str, Any]) -> None:
    for text, counts in s.expected.polls.items():
        rows = [row for row in export["polls"] if row["text"] == text]
        seen = {number: row["votes"] for number, row in enumerate(rows) if row["votes"]}
        wanted = {number: counts[number] for number in sorted(counts)}
        voters = rows[0]["voters"] if rows else 0
        s.account.equal(s.part.key, f"ballots: {text}", (s.expected.voters[text], wanted), (voters, seen))


def _signatures(s: Sitting, export: dict[str, Any]) -> None:
    if s.expected.signed:
        rows = export["signatures"]
        s.account.equal(
            s.part.key,
            "organisations that have signed, by whom they sent",
            {"signed": len(s.expected.signed), "as given": True},
            {
                "signed": sum(row["signed"] for row in rows),
                "as given": {row["organisation"]: row["id"] for row in rows} == s.expected.signed,
            },
        )


def _attendance(s: Sitting, export: dict[str, Any]) -> None:
    came = {guest.id: guest.person for guest in s.people}
    wanted = Counter(person.affiliation for person in came.values())
    seen = {row["affiliation"]: row["people"] for row in export["institutions"]}
    s.account.equal(
        s.part.key,
        "attendance by institution",
        {"institutions": len([name for name in wanted if name]), "people": wanted.total(), "as came": True},
        {
            "institutions": len([name for name in seen if name]),
            "people": sum(seen.values()),
            "as came": seen == dict(wanted),
        },
    )


def _stage(s: Sitting) -> None:
    producer = s.producer
    speakers = {s.house.people[who.name] for who in s.part.speakers}
    cleared = {cue for cue, known in producer.cues.items() if known.state == "cleared"}
    s.account.equal(
        s.part.key,
        "speakers, and those cleared",
        {"speakers": len(speakers), "cleared": len(producer.cues)},
        {"speakers": len(speakers & producer.cues.keys()), "cleared": len(cleared)},
    )
    clocks = producer.clocks.values()
    s.account.equal(
        s.part.key,
        "clocks: given, used, and running on",
        (s.expected.timed, s.expected.timed, 0),
        (
            len(clocks),
            sum(clock.spent > 0 for clock in clocks),
            sum(clock.started is not None for clock in clocks),
        ),
    )


def _floor(s: Sitting, export: dict[str, Any]) -> None:
    if s.expected.turns:
        done = sum(row["what"] == "floor.done" for row in export["floor"])
        s.account.equal(s.part.key, "turns on the floor", s.expected.turns, done)


def _audit(s: Sitting, export: dict[str, Any], audit: list[dict[str, Any]]) -> None:
    """Each act of who keeps order has its entry, and no entry is there twice, or anybody else's."""
    staff = [guest for guest in s.everybody if _keeps_order(guest)]
    acts = {
        (guest.id, done.seq)
        for guest in staff
        for done in guest.acknowledged
        if not isinstance(done.command, _NO_ACT)
    }
    entries = {(entry["by"], entry["seq"]) for entry in audit}
    places = Counter(entry["seq"] for entry in audit)
    known = {guest.id for guest in staff} | {"system"}
    s.account.equal(
        s.part.key,
        "acts of the crew, each in the audit",
        {"acts": len(acts), "missing": 0, "doubled": 0, "by others": 0},
        {
            "acts": len(acts & entries),
            "missing": len(acts - entries),
            "doubled": sum(times - 1 for times in places.values()),
            "by others": sum(entry["by"] not in known for entry in audit),
        },
    )
    exported = [json.loads(json.dumps(row["seq"])) for row in export["audit"]]
    s.account.equal(s.part.key, "entries of the audit, and in the export", len(audit), len(exported))


def _keeps_order(guest: Guest) -> bool:
    return guest.person.role in STAFF or guest.person.role == "hall"
