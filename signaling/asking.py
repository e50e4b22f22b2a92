"""What the commands share that ask a running server over REST.

The law is the command line's (signaling/cli.py): whatever goes wrong is one sentence, a CommandError.
"""

from __future__ import annotations

import os
import time
from typing import Annotated, Any

import typer

from stream.settings import Environment

Server = Annotated[
    str, typer.Option(help="The server's address; by default ROSTRUM_PUBLIC_URL, else this machine's.")
]
Shown = Annotated[
    str,
    typer.Option(
        "--token", envvar="ROSTRUM_TOKEN", help="A token; by default one is minted with ROSTRUM_SECRET."
    ),
]


class CommandError(Exception):
    """A command cannot be carried out; the message is one sentence."""


def minted(wanted: dict[str, Any]) -> str:
    """Mint a token here, with the secret of the environment."""
    import msgspec

    from signaling.auth import EVERY_SESSION, Tokens
    from signaling.minting import NewToken, claims_for

    tokens = Tokens(Environment(os.environ).secret("ROSTRUM_SECRET"))
    try:
        asked = msgspec.convert(wanted, NewToken)
    except msgspec.ValidationError as error:
        raise CommandError(f"No such token can be made: {error}.") from None
    if asked.session == EVERY_SESSION and asked.role != "owner":
        raise CommandError("Only an owner's token may reach every session.")
    return tokens.mint(claims_for(asked, time.time()))


def address_of(given: str) -> str:
    """Return the server's address: the one given, the public one, or this machine's."""
    from signaling.launch import url_of

    env = Environment(os.environ)
    here = url_of(env.text("ROSTRUM_HTTP_HOST", "127.0.0.1"), env.port("ROSTRUM_HTTP_PORT", 8080))
    return (given or env.text("ROSTRUM_PUBLIC_URL", here)).rstrip("/")


def ask(method: str, path: str, server: str, token: str, body: object = None) -> dict[str, Any]:
    """Ask a running server for JSON; its refusal becomes the command's sentence."""
    import json

    content = None if body is None else json.dumps(body).encode()
    raw = ask_raw(method, path, server, token, content, "application/json")
    try:
        said: dict[str, Any] = json.loads(raw)
    except ValueError:
        raise CommandError(f"What answers at {address_of(server)} is no Rostrum.") from None
    return said


def ask_raw(
    method: str, path: str, server: str, token: str, body: bytes | None = None, media_type: str = ""
) -> bytes:
    """Ask a running server for anything, with the same refusals."""
    import httpx

    address = address_of(server)
    shown = token or minted({"role": "owner", "session": "*", "name": "rostrum", "lifetime": 60})
    headers = {"Authorization": f"Bearer {shown}"} | (
        {"Content-Type": media_type} if body is not None else {}
    )
    try:
        answer = httpx.request(
            method, f"{address}{path}", content=body, headers=headers, timeout=60, trust_env=False
        )
    except (httpx.HTTPError, httpx.InvalidURL):
        raise CommandError(f"No server answers at {address}; start one, or pass --server.") from None
    if answer.is_error:
        try:
            said = answer.json()
        except ValueError:
            raise CommandError(f"What answers at {address} is no Rostrum.") from None
        raise CommandError(f"{said.get('detail', 'The server refuses.')} (HTTP {answer.status_code})")
    return answer.content
