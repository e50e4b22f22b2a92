"""A session as tables, for reports and archives: JSON, or CSV files in a zip. Pure.

A subject adds its table to `SECTIONS`, and nowhere else. The law: an export says what the log says; what
was withdrawn is not in it as text, but that it was, who did it and when is in the audit. A cell that a
spreadsheet would take for a formula is written so that it does not.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from signaling.attendance import Attendance
from signaling.audit import AuditEntry
from signaling.protocol import AnyEvent, ChatApproved, ChatDeleted, ChatPosted, Person, QuestionAsked
from signaling.session.polls import counts
from signaling.session.state import State, doubles, voters_of
from signaling.spreadsheet import harmless
from signaling.written import same

Cell = str | int | float | bool | None
Row = Mapping[str, Cell]


class Moment(int):
    """A time, ms since 1970; in CSV it is written as UTC (ISO 8601)."""


@dataclass(frozen=True, slots=True)
class Material:
    """All that is known of a session: what it is, all that happened, who was there, and the audit."""

    state: State
    events: tuple[AnyEvent, ...]
    attendance: Attendance
    audit: tuple[AuditEntry, ...] = ()

    def name(self, participant: str) -> str:
        """Return the name of a participant, if it is known."""
        person = self.state.people.get(participant)
        if person is not None:
            return person.name
        for who in self.attendance.attendees:
            if who.here.person.id == participant:
                return who.here.person.name
        return ""


@dataclass(frozen=True, slots=True)
class Section:
    """One table of an export."""

    name: str
    columns: tuple[str, ...]
    rows: Callable[[Material], Iterable[Row]]


PERSON: Final = ("id", "name", "role", "affiliation", "title", "place")


def whole(material: Material) -> dict[str, Any]:
    """Return the export as one value for JSON: each section's rows, by its name."""
    return {section.name: [_plain(row) for row in section.rows(material)] for section in SECTIONS}


def tables(material: Material) -> bytes:
    """Return the export as a zip with a CSV file for each section."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for section in SECTIONS:
            archive.writestr(f"{section.name}.csv", _csv(section, material))
    return packed.getvalue()


def _plain(row: Row) -> dict[str, Cell]:
    return {column: int(value) if isinstance(value, Moment) else value for column, value in row.items()}


def _csv(section: Section, material: Material) -> bytes:
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(section.columns)
    for row in section.rows(material):
        table.writerow([_cell(row.get(column)) for column in section.columns])
    # With a mark, spreadsheets read it as UTF-8.
    return b"\xef\xbb\xbf" + written.getvalue().encode()


def _cell(value: Cell) -> str:
    match value:
        case None:
            return ""
        case Moment():
            return datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds")
        case bool():
            return "yes" if value else "no"
        case str():
            return harmless(value)
        case _:
            return str(value)


# -- the sections -----------------------------------------------------------------------------------------


def _session(material: Material) -> Iterator[Row]:
    session, attendance = material.state.session, material.attendance
    programme = session.programme
    yield {
        "id": session.id,
        "title": session.title,
        "status": session.status,
        "created": Moment(session.created),
        "started": _moment(session.started),
        "ended": _moment(session.ended),
        "recording": session.recording,
        "planned_start": _moment(programme.start if programme else None),
        "planned_end": _moment(programme.end if programme else None),
        "room": programme.room if programme else "",
        "people": len(_people(material)),
        "peak": attendance.peak,
        "peak_at": _moment(attendance.peak_at),
        "peak_online": attendance.peak_online,
        "peak_hall": attendance.peak_hall,
        "average": round(attendance.average, 1),
        "live_seconds": round(attendance.live),
    }


def _questions(material: Material) -> Iterator[Row]:
    merged = doubles(material.state)
    for question in material.state.questions.values():
        taken_back = question.state == "withdrawn"
        yield {
            "question": question.id,
            "at": Moment(question.at),
            "state": question.state,
            "text": "" if taken_back else question.text,
            "original": None if taken_back else question.original,
            "votes": len(voters_of(material.state, question.id, merged)),
            "source": question.source,
            "to": question.to.name if question.to else "",
            "anonymous": question.anonymous,
            "merged_into": question.merged_into,
            "notes": "\n".join(note.text for note in question.notes),
            **_person(question.author),
        }


def _chat(material: Material) -> Iterator[Row]:
    withdrawn = {event.message for event in material.events if isinstance(event, ChatDeleted)}
    approved = {event.message.id for event in material.events if isinstance(event, ChatApproved)}
    for event in material.events:
        if isinstance(event, ChatPosted) and event.message.id not in withdrawn:
            message = event.message
            yield {
                "message": message.id,
                "at": Moment(message.at),
                "channel": getattr(message, "channel", "public"),
                "to": message.to.name if message.to else None,
                "reply_to": message.reply_to,
                "held": None if message.id in approved else message.held,
                "text": message.text,
                **_person(message.author),
            }


def _polls(material: Material) -> Iterator[Row]:
    """Return a row for each option of each poll that was ever open; who voted for what is in no log."""
    for poll in material.state.polls.values():
        if poll.state == "draft":
            continue
        voters = len(material.state.ballots.get(poll.id, {}))
        for option, votes in zip(poll.options, counts(material.state, poll), strict=True):
            yield {
                "poll": poll.id,
                "at": Moment(poll.at),
                "kind": poll.kind,
                "state": poll.state,
                "text": poll.text,
                "option": option,
                "votes": votes,
                "voters": voters,
            }


def _signatures(material: Material) -> Iterator[Row]:
    """Return a row for each organisation that is to sign, in the declaration's order."""
    declaration = material.state.declaration
    if declaration is not None:
        signed = {one.organisation: one for one in declaration.signatures}
        for organisation in declaration.organisations:
            signature = signed.get(organisation)
            yield {
                "declaration": declaration.title,
                "organisation": organisation,
                "signed": signature is not None,
                "at": Moment(signature.at) if signature else None,
                **(_person(signature.person) if signature else {}),
            }


def _attendance(material: Material) -> Iterator[Row]:
    for who in material.attendance.attendees:
        yield {
            **_person(who.here.person),
            "language": who.here.language,
            "arrived": Moment(who.arrived),
            "departed": _moment(who.departed),
        }


def _people(material: Material) -> list[Person]:
    """Return who was there, in order of arrival; a hall's screens and desks are nobody."""
    people = (who.here.person for who in material.attendance.attendees)
    return [person for person in people if person.role != "hall"]


def _institutions(material: Material) -> Iterator[Row]:
    """Return how many came from where; an institution is named as whoever came first from it names it."""
    named: dict[str, str] = {}
    counted: dict[str, dict[str, int]] = {}
    for person in _people(material):
        key = same(person.affiliation)
        named.setdefault(key, person.affiliation.strip())
        row = counted.setdefault(key, {"people": 0, "online": 0, "hall": 0})
        row["people"] += 1
        row[person.place] += 1
    for key, row in sorted(counted.items(), key=lambda item: (-item[1]["people"], named[item[0]])):
        yield {"affiliation": named[key], **row}


def _floor(material: Material) -> Iterator[Row]:
    return _told(material, lambda tag: tag.startswith("floor."))


def _audit(material: Material) -> Iterator[Row]:
    """Return all that was done to others or to the session: who, what, which, why."""
    asked = _asked(material)
    for entry in material.audit:
        yield {
            "seq": entry.seq,
            "at": Moment(entry.at),
            "by": entry.by,
            "by_name": entry.name or material.name(entry.by),
            "role": entry.role,
            "what": entry.action,
            "which": entry.which,
            "whose": entry.whose,
            "details": msgspec.json.encode(entry.details).decode() if entry.details else "",
            "why": entry.why,
            "text": asked.get(entry.which, ""),
        }


def _asked(material: Material) -> dict[str, str]:
    """Return the questions that were asked and not taken back, by id, as they were worded then."""
    taken_back = {one.id for one in material.state.questions.values() if one.state == "withdrawn"}
    return {
        event.question.id: event.question.text
        for event in material.events
        if isinstance(event, QuestionAsked) and event.question.id not in taken_back
    }


def _told(material: Material, wanted: Callable[[str], bool]) -> Iterator[Row]:
    for event in material.events:
        tag = str(event.__struct_config__.tag)
        if wanted(tag):
            fields = msgspec.to_builtins(event)
            which = {key: value for key, value in fields.items() if key not in ("type", "seq", "at", "by")}
            yield {
                "seq": event.seq,
                "at": Moment(event.at),
                "by": event.by,
                "by_name": material.name(event.by),
                "what": tag,
                "which": msgspec.json.encode(which).decode(),
            }


def _person(person: Person) -> Row:
    return {column: getattr(person, column) for column in PERSON}


def _moment(at: int | None) -> Moment | None:
    return None if at is None else Moment(at)


SECTIONS: Final = (
    Section(
        "session",
        (
            *("id", "title", "status", "created", "started", "ended", "recording", "planned_start"),
            *("planned_end", "room"),
            *("people", "peak", "peak_at", "peak_online", "peak_hall", "average", "live_seconds"),
        ),
        _session,
    ),
    Section(
        "questions",
        (
            *("question", "at", "state", "text", "original", "votes", "source", "to", "anonymous"),
            *("merged_into", "notes", *PERSON),
        ),
        _questions,
    ),
    Section("chat", ("message", "at", "channel", "to", "reply_to", "held", "text", *PERSON), _chat),
    Section("polls", ("poll", "at", "kind", "state", "text", "option", "votes", "voters"), _polls),
    Section("signatures", ("declaration", "organisation", "signed", "at", *PERSON), _signatures),
    Section("attendance", (*PERSON, "language", "arrived", "departed"), _attendance),
    Section("institutions", ("affiliation", "people", "online", "hall"), _institutions),
    Section("floor", ("seq", "at", "by", "by_name", "what", "which"), _floor),
    Section(
        "audit",
        (
            *("seq", "at", "by", "by_name", "role", "what", "which", "whose", "details", "why"),
            "text",
        ),
        _audit,
    ),
)
