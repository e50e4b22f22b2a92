"""The commands of `rostrum invite`: invitations of a running server, over REST."""

from __future__ import annotations

import csv
import io
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from signaling.asking import CommandError, Server, Shown, ask, ask_raw

invite = typer.Typer(
    no_args_is_help=True, help="Invite people by link and QR code, and withdraw invitations."
)

COLUMNS = ("role", "name", "affiliation", "title", "seats", "billed", "note")
"""Columns of a list of guests; all may be missing, and others are kept as they are."""

Session = Annotated[str, typer.Option(help="The session's id.")]
Event = Annotated[str, typer.Option(help="Or an event's: the guest chooses among its sessions.")]
Expires = Annotated[
    str, typer.Option(help="Until when a new device may use it: 2026-11-30T18:00+08:00; by default for ever.")
]
Place = Annotated[str, typer.Option(help="online or hall; hall for a code that hangs at the hall's door.")]


@invite.command("create")
def create(
    role: Annotated[
        str, typer.Option(help="viewer, hall, speaker, interpreter, moderator, chair, producer.")
    ] = "viewer",
    session: Session = "",
    event: Event = "",
    name: Annotated[str, typer.Option(help="The guest's name; by default the guest says it.")] = "",
    ask_name: Annotated[bool, typer.Option("--ask-name", help="The guest must say a name.")] = False,
    affiliation: Annotated[str, typer.Option(help="Where the guest comes from.")] = "",
    title: Annotated[str, typer.Option(help="What the guest is.")] = "",
    billed: Annotated[
        str, typer.Option(help="The guest's id in the programme, for a speaker or chair.")
    ] = "",
    place: Place = "online",
    publish: Annotated[
        list[str] | None, typer.Option(help="A source the guest may send: camera, slides, hall. Repeatable.")
    ] = None,
    seats: Annotated[
        int | None,
        typer.Option(
            help="How many devices may use the link: one, or with --billed five.", show_default=False
        ),
    ] = None,
    expires: Expires = "",
    note: Annotated[str, typer.Option(help="A word for yourself, seen in the list.")] = "",
    qr: Annotated[bool, typer.Option("--qr", help="Show the link as a QR code as well.")] = False,
    qr_file: Annotated[
        Path | None, typer.Option(help="Write the QR code to this file: .svg or .png.")
    ] = None,
    server: Server = "",
    token: Shown = "",
) -> None:
    """Make an invitation, and print its link. It is told this once only.

    Example: rostrum invite create --session keynote --role speaker --name "Ada Lindqvist" --qr

    For the hall's door: rostrum invite create --session keynote --place hall --seats 500 --qr-file door.svg
    """
    wanted = {
        "role": role,
        "name": name,
        "affiliation": affiliation,
        "title": title,
        "place": place,
        "note": note,
        **({"seats": seats} if seats is not None else {}),
        **_to_what(session, event),
        **({"naming": "required"} if ask_name else {}),
        **({"billed": billed} if billed else {}),
        **({"publish": publish} if publish else {}),
        **_until(expires),
    }
    made = ask("POST", "/api/invitations", server, token, wanted)
    typer.echo(made["link"])
    if qr:
        typer.echo(_drawn(made["link"]))
    if qr_file is not None:
        _write_qr(made["link"], qr_file)


@invite.command("batch")
def batch(
    file: Annotated[
        Path, typer.Argument(help="A CSV file with a line for each invitation.", exists=True, dir_okay=False)
    ],
    session: Session = "",
    event: Event = "",
    role: Annotated[str, typer.Option(help="The role of lines that name none.")] = "viewer",
    expires: Expires = "",
    place: Place = "online",
    output: Annotated[Path | None, typer.Option(help="A file; by default the standard output.")] = None,
    qr_folder: Annotated[
        Path | None, typer.Option(help="Write a QR code of each link there, as SVG.")
    ] = None,
    server: Server = "",
    token: Shown = "",
) -> None:
    """Make an invitation for each line of a table, and print the table with their links.

    Columns, in any order, all of which may be missing: role, name, affiliation (or institution), title,
    seats, billed, note. Without a name the guest says one. The whole table is read before anything is made.

    Example: rostrum invite batch institutions.csv --session symposium --output links.csv --qr-folder qr
    """
    header, rows = _table(file)
    bound = {"place": place, **_to_what(session, event), **_until(expires)}
    wanted = [_line(row, number, role, bound) for number, row in rows]
    written = io.StringIO()
    table = csv.DictWriter(written, [*header, "invitation", "link"], lineterminator="\n")
    table.writeheader()
    try:
        for number, ((_, row), body) in enumerate(zip(rows, wanted, strict=True), start=1):
            made = ask("POST", "/api/invitations", server, token, body)
            table.writerow({**row, "invitation": made["invitation"]["id"], "link": made["link"]})
            if qr_folder is not None:
                label = re.sub(r"[^\w-]+", "-", row.get("name") or row.get("affiliation") or "").strip("-")
                _write_qr(made["link"], qr_folder / f"{number:03d}{'-' if label else ''}{label}.svg")
    finally:
        # Whatever happens: links that were made are told, for nobody can ask for them again.
        _give(written.getvalue(), output)


@invite.command("list")
def list_invitations(
    session: Session = "", event: Event = "", server: Server = "", token: Shown = ""
) -> None:
    """List invitations: id, role, seats taken and in all, state, who it is for.

    Example: rostrum invite list --session symposium
    """
    for one in ask("GET", f"/api/invitations?{urlencode(_to_what(session, event))}", server, token)[
        "invitations"
    ]:
        state = "revoked" if one.get("revoked") else "open"
        who = ", ".join(one[key] for key in ("name", "affiliation", "title", "note") if one.get(key))
        typer.echo(
            f"{one['id']}\t{one['role']}\t{one.get('taken', 0)}/{one['seats']}\t{state}\t{who}".rstrip()
        )


@invite.command("revoke")
def revoke(
    ids: Annotated[list[str], typer.Argument(help="The invitations' ids.")],
    server: Server = "",
    token: Shown = "",
) -> None:
    """Withdraw invitations: nobody comes in by them any more, and who did is put out.

    Example: rostrum invite revoke i-0f3a9c51d2e84b67
    """
    for one in ids:
        ask_raw("DELETE", f"/api/invitations/{quote(one, safe='')}", server, token)


def _to_what(session: str, event: str) -> dict[str, str]:
    if bool(session) is bool(event):
        raise CommandError("Say to what: either --session or --event.")
    return {"session": session} if session else {"event": event}


def _until(expires: str) -> dict[str, int]:
    if not expires:
        return {}
    try:
        when = datetime.fromisoformat(expires)
    except ValueError:
        raise CommandError(
            f"--expires takes a time such as 2026-11-30T18:00+08:00, not {expires!r}."
        ) from None
    return {"expires": int(when.timestamp() * 1000)}


def _table(file: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Return the columns of a list of guests and its rows, with the numbers of their lines."""
    from signaling.programme.model import BadProgramme
    from signaling.programme.table import cells

    try:
        (_, first), *lines = cells(file.read_bytes()) or [(1, [])]
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except BadProgramme as error:
        raise CommandError(f"{file} cannot be read: {error.detail}") from None
    header = [name.strip().lower() for name in first]
    header = ["affiliation" if name == "institution" else name for name in header]
    while header and not header[-1]:
        header.pop()
    if not set(header) & set(COLUMNS) or len(set(header)) < len(header):
        raise CommandError(f"The first line of {file} must name columns: {', '.join(COLUMNS)}.")
    rows = []
    for number, line in lines:
        if any(cell.strip() for cell in line[len(header) :]):
            raise CommandError(f"Line {number} of {file} has more fields than the first.")
        said = [cell.strip() for cell in line] + [""] * len(header)
        rows.append((number, dict(zip(header, said, strict=False))))
    return header, rows


def _line(row: dict[str, str], number: int, role: str, bound: dict[str, Any]) -> dict[str, Any]:
    import msgspec

    from signaling.invitation import NewInvitation

    seats = row.get("seats", "")
    wanted: dict[str, Any] = {
        "role": row.get("role") or role,
        **({"seats": int(seats) if seats.isascii() and seats.isdigit() else seats} if seats else {}),
        **bound,
        **{key: row[key] for key in ("name", "affiliation", "title", "billed", "note") if row.get(key)},
    }
    try:
        msgspec.convert(wanted, NewInvitation)
    except msgspec.ValidationError as error:
        raise CommandError(f"Line {number} is no invitation: {error}.") from None
    return wanted


def _give(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8-sig")
    except OSError as error:
        sys.stdout.write(text)
        raise CommandError(f"{output} cannot be written: {error.strerror}.") from None


def _drawn(link: str) -> str:
    import segno

    drawn = io.StringIO()
    segno.make(link, error="l", micro=False).terminal(drawn, compact=True, border=2)
    return drawn.getvalue()


def _write_qr(link: str, file: Path) -> None:
    import segno

    if file.suffix.lower() not in (".svg", ".png"):
        raise CommandError(f"A QR code is written as .svg or .png, not as {file.suffix or 'nothing'}.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        segno.make(link, error="m", micro=False).save(str(file), scale=8, border=4)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}.") from None
