"""The commands of `rostrum session`: sessions of a running server, over REST."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from signaling.asking import CommandError, Server, Shown, ask, ask_raw

sessions = typer.Typer(no_args_is_help=True, help="Create, list, run and end sessions on a running server.")

SessionId = Annotated[str, typer.Argument(help="The session's id.")]


@sessions.command("create")
def create_session(
    title: Annotated[str, typer.Argument(help="What it is called.")],
    id: Annotated[str, typer.Option(help="Its id, for links; by default a random one.")] = "",  # noqa: A002
    start: Annotated[bool, typer.Option("--start", help="Open it to its audience at once.")] = False,
    server: Server = "",
    token: Shown = "",
) -> None:
    """Create a session, and print its id.

    Example: rostrum session create "Opening keynote" --id keynote --start
    """
    body = {"title": title} | ({"id": id} if id else {})
    created = str(ask("POST", "/api/sessions", server, token, body)["id"])
    if start:
        ask("POST", f"/api/sessions/{created}/start", server, token)
    typer.echo(created)


@sessions.command("list")
def list_sessions(server: Server = "", token: Shown = "") -> None:
    """List all sessions: id, status, title, and who speaks where the programme says so."""
    for session in ask("GET", "/api/sessions", server, token)["sessions"]:
        line = f"{session['id']}\t{session['status']}\t{session['title']}"
        speakers = ", ".join(
            f"{who['name']} ({who['affiliation']})" if who.get("affiliation") else str(who["name"])
            for who in (session.get("programme") or {}).get("speakers", ())
        )
        typer.echo(f"{line}\t{speakers}" if speakers else line)


@sessions.command("doors")
def open_doors(id: SessionId, server: Server = "", token: Shown = "") -> None:  # noqa: A002
    """Say that a session is about to begin.

    Example: rostrum session doors keynote
    """
    ask("POST", f"/api/sessions/{id}/doors", server, token)


@sessions.command("start")
def start_session(id: SessionId, server: Server = "", token: Shown = "") -> None:  # noqa: A002
    """Open a session to its audience.

    Example: rostrum session start keynote
    """
    ask("POST", f"/api/sessions/{id}/start", server, token)


@sessions.command("pause")
def pause_session(
    id: SessionId,  # noqa: A002
    minutes: Annotated[
        int, typer.Option(help="How long it is to last: screens count down.", min=0, max=999)
    ] = 0,
    server: Server = "",
    token: Shown = "",
) -> None:
    """Pause a session: the audience sees that there is a break.

    Example: rostrum session pause keynote --minutes 15
    """
    ask("POST", f"/api/sessions/{id}/pause" + (f"?minutes={minutes}" if minutes else ""), server, token)


@sessions.command("resume")
def resume_session(id: SessionId, server: Server = "", token: Shown = "") -> None:  # noqa: A002
    """Go on after a pause.

    Example: rostrum session resume keynote
    """
    ask("POST", f"/api/sessions/{id}/resume", server, token)


@sessions.command("end")
def end_session(id: SessionId, server: Server = "", token: Shown = "") -> None:  # noqa: A002
    """End a session.

    Example: rostrum session end keynote
    """
    ask("POST", f"/api/sessions/{id}/end", server, token)


@sessions.command("reopen")
def reopen_session(id: SessionId, server: Server = "", token: Shown = "") -> None:  # noqa: A002
    """Take back an end made by mistake: the session is paused then.

    Example: rostrum session reopen keynote
    """
    ask("POST", f"/api/sessions/{id}/reopen", server, token)


@sessions.command("replay")
def offer_replay(
    id: SessionId,  # noqa: A002
    recording: Annotated[
        str, typer.Argument(help="Where the recording is: https://…, or a path on the server's host.")
    ] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Offer it no more.")] = False,
    server: Server = "",
    token: Shown = "",
) -> None:
    """Say where an ended session can be seen again.

    Example: rostrum session replay keynote https://example.org/keynote.mp4
    """
    if bool(recording) == withdraw:
        raise CommandError("Say where the recording is, or --withdraw.")
    path = f"/api/sessions/{id}/replay"
    if withdraw:
        ask("DELETE", path, server, token)
    else:
        ask("POST", path, server, token, {"recording": recording})


class ExportFormat(StrEnum):
    """How an export is written."""

    ZIP = "zip"
    JSON = "json"


@sessions.command("export")
def export_session(
    id: SessionId,  # noqa: A002
    format: Annotated[  # noqa: A002
        ExportFormat, typer.Option(help="CSV files in a zip, or one JSON document.")
    ] = ExportFormat.ZIP,
    output: Annotated[Path | None, typer.Option(help="A file; by default the session's id.")] = None,
    server: Server = "",
    token: Shown = "",
) -> None:
    """Write down what became of a session: questions, chat, polls, floor, attendance, audit.

    Example: rostrum session export keynote --output keynote.zip
    """
    data = ask_raw("GET", f"/api/sessions/{quote(id, safe='')}/export.{format.value}", server, token)
    file = output or Path(f"{id}.{format.value}")
    try:
        file.write_bytes(data)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}.") from None
    typer.echo(str(file))


@sessions.command("delete")
def delete_session(id: SessionId, server: Server = "", token: Shown = "") -> None:  # noqa: A002
    """Delete a session that is not running, and all that is kept of it. Export it first.

    Example: rostrum session delete rehearsal
    """
    ask_raw("DELETE", f"/api/sessions/{quote(id, safe='')}", server, token)


@sessions.command("erase")
def erase_person(
    id: SessionId,  # noqa: A002
    participant: Annotated[str, typer.Argument(help="The participant's id, as an export has it.")],
    server: Server = "",
    token: Shown = "",
) -> None:
    """Take a person's name, affiliation and title out of all that is kept of a session.

    Example: rostrum session erase keynote viewer-3f9c1d20aa17
    """
    path = f"/api/sessions/{quote(id, safe='')}/people/{quote(participant, safe='')}"
    ask_raw("DELETE", path, server, token)
