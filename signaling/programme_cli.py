"""The commands of `rostrum programme`: an event's programme on a running server, over REST."""

from __future__ import annotations

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from signaling.asking import CommandError, Server, Shown, ask, ask_raw

programme = typer.Typer(no_args_is_help=True, help="Import, show and export the programme of an event.")


class FileFormat(StrEnum):
    """A format that is read."""

    AUTO = "auto"
    PRETALX = "pretalx"
    FRAB = "frab"
    ICALENDAR = "icalendar"
    CSV = "csv"


class OutputFormat(StrEnum):
    """A format that is written."""

    ICS = "ics"
    CSV = "csv"
    JSON = "json"


EventName = Annotated[str, typer.Argument(help="The event's id.")]

_PATHS = {OutputFormat.ICS: "calendar.ics", OutputFormat.CSV: "programme.csv", OutputFormat.JSON: "programme"}


@programme.command("import")
def import_programme(
    file: Annotated[Path, typer.Argument(help="The schedule.", exists=True, dir_okay=False)],
    event: Annotated[str, typer.Option(help="The event's id; by default the file's acronym.")] = "",
    format: Annotated[FileFormat, typer.Option(help="What the file is.")] = FileFormat.AUTO,  # noqa: A002
    zone: Annotated[
        str, typer.Option(help="The IANA time zone of times that name none; by default the event's.")
    ] = "",
    source: Annotated[
        str, typer.Option(help="Whose sessions these are; an import withdraws only its own source's.")
    ] = "",
    publish: Annotated[bool, typer.Option("--publish", help="Let anybody read what is public.")] = False,
    sessions: Annotated[bool, typer.Option("--sessions", help="Make live sessions of all.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would change.")] = False,
    server: Server = "",
    token: Shown = "",
) -> None:
    """Import a schedule into an event, and print what changed: a pretalx or frab export, iCalendar, CSV.

    Again with a newer file: what changed is updated, what is gone is withdrawn, and what has begun or
    has ended keeps its time and room.

    Example: rostrum programme import schedule.json --event conf --dry-run
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    name = event or _acronym(data, format)
    asked = {"format": format.value, "zone": zone, "source": source, "dry_run": "1" if dry_run else ""}
    query = urlencode({key: value for key, value in asked.items() if value})
    path = f"/api/events/{quote(name, safe='')}"
    said = _imported(
        ask_raw("POST", f"{path}/import?{query}", server, token, data, "application/octet-stream")
    )
    for warning in said["warnings"]:
        sys.stderr.write(f"{warning}\n")
    for change in said["changes"]:
        more = " ".join(
            part for part in (", ".join(change.get("fields", ())), change.get("reason", "")) if part
        )
        typer.echo(
            "\t".join(part for part in (change["what"], change["item"], change["title"], more) if part)
        )
    if not said["changes"]:
        typer.echo("Nothing changes." if dry_run else "Nothing changed.")
    info = said["event"]
    if publish and not dry_run and not info["published"]:
        ask("PUT", path, server, token, {"title": info["title"], "zone": info["zone"], "published": True})
    if sessions and not dry_run:
        ask("POST", f"{path}/sessions", server, token, {})


@programme.command("show")
def show_programme(event: EventName, server: Server = "", token: Shown = "") -> None:
    """Print a programme: id, day and time in each session's zone, room, status, drift, title, people.

    Example: rostrum programme show conf
    """
    said = ask("GET", f"/api/events/{quote(event, safe='')}/programme", server, token)
    rooms = {room["id"]: room["name"] for room in said["rooms"]}
    people = {person["id"]: person["name"] for person in said["people"]}
    for item in said["items"]:
        names = [people[one] for one in (*item.get("chairs", ()), *item.get("speakers", ()))]
        typer.echo(
            "\t".join(
                (
                    item["id"],
                    _when(item),
                    rooms.get(item.get("room", ""), ""),
                    "withdrawn" if item.get("withdrawn") else item.get("status") or "",
                    _late(item),
                    item["title"],
                    ", ".join(names),
                )
            ).rstrip("\t")
        )


@programme.command("export")
def export_programme(
    event: EventName,
    format: Annotated[OutputFormat, typer.Option(help="What to write.")] = OutputFormat.ICS,  # noqa: A002
    person: Annotated[str, typer.Option(help="Only this person's sessions (ics), by id.")] = "",
    output: Annotated[Path | None, typer.Option(help="A file; by default the standard output.")] = None,
    server: Server = "",
    token: Shown = "",
) -> None:
    """Write a programme as a calendar, a table or JSON.

    Example: rostrum programme export conf --format csv --output programme.csv
    """
    if person and format is not OutputFormat.ICS:
        raise CommandError("A person's sessions are written as a calendar: --format ics.")
    path = f"people/{quote(person, safe='')}/calendar.ics" if person else _PATHS[format]
    data = ask_raw("GET", f"/api/events/{quote(event, safe='')}/{path}", server, token)
    if output is None:
        sys.stdout.buffer.write(data)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}.") from None


def _acronym(data: bytes, said: FileFormat) -> str:
    """Return what the file itself would call its event."""
    import re

    from signaling.errors import SignalingError
    from signaling.programme.formats import Format, read, recognised

    known: Format = recognised(data) if said is FileFormat.AUTO else said.value  # type: ignore[assignment]
    try:
        acronym = read(data, known).acronym
    except SignalingError as error:
        raise CommandError(error.detail) from None
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", acronym).strip("-").lower()
    if not name:
        raise CommandError("The file does not name its event; pass --event with an id for it.")
    return name


def _imported(raw: bytes) -> dict[str, Any]:
    import json

    try:
        said: dict[str, Any] = json.loads(raw)
    except ValueError:
        raise CommandError("What answers there is no Rostrum.") from None
    return said


def _when(item: dict[str, Any]) -> str:
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(item["zone"])
    start, end = (datetime.fromtimestamp(item[name] / 1000, zone) for name in ("start", "end"))
    return f"{start:%Y-%m-%d %H:%M}–{end:%H:%M} {item['zone']}"


def _late(item: dict[str, Any]) -> str:
    late = (item.get("expected") or {}).get("late", 0) // 60_000
    return f"{late:+d} min" if late else ""
