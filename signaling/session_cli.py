"""The commands of `rostrum session`: sessions of a running server, over REST."""

from __future__ import annotations

from typing import Annotated

import typer

from signaling.asking import Server, Shown, ask

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
def pause_session(id: SessionId, server: Server = "", token: Shown = "") -> None:  # noqa: A002
    """Pause a session: the audience sees that there is a break.

    Example: rostrum session pause keynote
    """
    ask("POST", f"/api/sessions/{id}/pause", server, token)


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
