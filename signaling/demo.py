"""The whole thing in one go: everything started, a talk in progress, and the links to see it.

Owns the demo's programme. The law: it leaves nothing behind, no process and no file, and takes nothing
from the real installation, neither its data nor its secrets.
"""

from __future__ import annotations

import asyncio
import io
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import httpx
import segno
import websockets

from signaling.attend import GoodbyeError, command_id, seat
from signaling.auth import EVERY_SESSION, Tokens
from signaling.launch import publisher, stack
from signaling.minting import NewToken, claims_for
from signaling.ports import is_loopback, lan_address
from signaling.protocol import Ack, BringOn, MediaState, Role
from signaling.session.cues import UNKNOWN
from signaling.settings import SignalingSettings
from signaling.supervisor import StartError

SESSION: Final = "keynote"
TITLE: Final = "Two rooms, one conversation: what a hybrid talk needs"
SPEAKER: Final = "speaker-demo"

LINKS_LAST: Final = 12 * 3600
"""Seconds the demo's links hold: a day at a conference."""

PATIENCE: Final = 10.0
"""Seconds until it is said what a talk in progress still lacks."""

_TRY_AGAIN: Final = 0.5

_SECRETS: Final = ("ROSTRUM_SECRET", "ROSTRUM_RELAY_SECRET", "ROSTRUM_REDIS_URL", "ROSTRUM_TURN_SECRET")


@dataclass(frozen=True)
class Link:
    """One page and who opens it."""

    page: str
    role: Role
    name: str
    says: str


LINKS: Final = (
    Link("watch", "viewer", "Kim Viewer", "see and hear the talk, chat, ask a question"),
    Link("speak", "speaker", "Noor Speaker", "publish your own camera, screen and voice"),
    Link("moderate", "moderator", "Mika Moderator", "choose the questions, look after the chat"),
    Link("direct", "producer", "Dana Director", "decide who is on stage"),
    Link("hall", "hall", "Hall screen", "the screen of the room, full size"),
    Link("av", "hall", "AV desk", "the room's camera, microphone and loudspeakers"),
)


def environment(environ: Mapping[str, str], data: str, host: str, port: int | None) -> dict[str, str]:
    """Return the settings of the demo: the given ones, but for secrets, Redis and data of its own.

    Media is not bound to a loopback `host`: Firefox never dials loopback, and would have no picture.
    """
    dropped = {name + suffix for name in _SECRETS for suffix in ("", "_FILE")} | {"ROSTRUM_RELAY_URL"}
    env = {name: value for name, value in environ.items() if name not in dropped}
    env |= {
        "ROSTRUM_SECRET": secrets.token_hex(32),
        "ROSTRUM_RELAY_SECRET": secrets.token_hex(32),
        "ROSTRUM_DATA": data,
        "ROSTRUM_HTTP_HOST": host,
    }
    env.pop("ROSTRUM_TURN_URLS", None)
    if port is not None:
        env["ROSTRUM_HTTP_PORT"] = str(port)
    env.setdefault("ROSTRUM_LOG_LEVEL", "warning")
    return env


async def run(host: str, port: int | None) -> None:
    """Run the demo until cancelled; raises SettingsError, StartError with one sentence."""
    began = time.monotonic()
    _print("Starting Redis, a relay, signaling and a synthetic speaker …")
    with tempfile.TemporaryDirectory(prefix="rostrum-demo-") as data:
        env = environment(os.environ, data, host, port)
        settings = SignalingSettings.from_environment(env)
        async with stack(env, _say) as running:
            await create_session(running.url, settings)
            token = _token(settings, "speaker", "Prof. Ada Lindqvist", SPEAKER)
            await running.children.start(publisher(running.url, token, SESSION, env))
            links = _links(settings, running.url)
            late: list[str] = []

            def say_late(missing: str) -> None:
                late.append(missing)
                _print(_not_ready(missing, time.monotonic() - began) + links)

            await bring_on(running.url, _token(settings, "producer", "Demo", "demo"), say_late)
            _print(_ready(time.monotonic() - began) + ("" if late else links))
            await asyncio.Event().wait()


async def create_session(url: str, settings: SignalingSettings) -> None:
    """Create the demo's session, and start it. Raises StartError."""
    claims = claims_for(NewToken(EVERY_SESSION, "owner", "Demo", lifetime=60), time.time())
    shown = {"Authorization": f"Bearer {Tokens(settings.secret).mint(claims)}"}
    async with httpx.AsyncClient(base_url=url, headers=shown, trust_env=False) as http:
        for path, body in (
            ("/api/sessions", {"id": SESSION, "title": TITLE}),
            (f"/api/sessions/{SESSION}/start", None),
        ):
            await _post(http, path, body)


async def _post(http: httpx.AsyncClient, path: str, body: dict[str, str] | None) -> None:
    """Have something done; on a slow disk, where Redis answers late, at another try. Raises StartError."""
    until, fine = time.monotonic() + PATIENCE, {HTTPStatus.OK, HTTPStatus.CREATED}
    while (answer := await http.post(path, json=body)).status_code not in fine:
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() >= until:
            raise StartError(f"The demo's session could not be made: {answer.json()['detail']}")
        fine.add(HTTPStatus.CONFLICT)  # what was refused as unavailable may have been done all the same
        await asyncio.sleep(_TRY_AGAIN)


async def bring_on(url: str, token: str, late: Callable[[str], None], patience: float = PATIENCE) -> None:
    """Bring the speaker on, and return once they are on stage with their picture at the relay.

    If that takes longer than `patience` seconds, `late` is told once what is missing, as a sentence.
    """
    missing = "Nobody could take the producer's desk yet."
    impatient = asyncio.get_running_loop().call_later(patience, lambda: late(missing))
    try:
        while True:
            try:
                async with seat(url, token) as desk:
                    # Who is here is known within a second of their coming.
                    while not isinstance(answer := await desk.command(BringOn(command_id(), SPEAKER)), Ack):
                        missing = (
                            "The synthetic speaker has not come yet."
                            if answer.code == UNKNOWN.code
                            else f"The synthetic speaker is not on stage yet: {answer.reason}"
                        )
                        await asyncio.sleep(0.1)
                    missing = "The synthetic speaker is on stage, but their picture has not come yet."
                    while not _picture_is_live(desk.media):
                        await desk.hear()
                    return
            except (TimeoutError, OSError, GoodbyeError, websockets.WebSocketException) as error:
                missing = f"The producer's desk was lost: {error or type(error).__name__}."
            await asyncio.sleep(_TRY_AGAIN)
    finally:
        impatient.cancel()


def _picture_is_live(media: MediaState | None) -> bool:
    return media is not None and any(
        p.participant == SPEAKER and p.source == "camera" and p.video and p.live for p in media.publications
    )


def _token(settings: SignalingSettings, role: Role, name: str, sub: str) -> str:
    wanted = NewToken(SESSION, role, name, sub, lifetime=LINKS_LAST)
    if sub == SPEAKER:
        wanted = NewToken(
            SESSION, role, name, sub, "Institute for Remote Presence", "Keynote speaker", lifetime=LINKS_LAST
        )
    return Tokens(settings.secret).mint(claims_for(wanted, time.time()))


def _ready(took: float) -> str:
    return f"Ready after {took:.1f} s: “{TITLE}” is live.\n"


def _not_ready(missing: str, waited: float) -> str:
    return (
        f"Not all there after {waited:.1f} s. {missing}\n"
        "It is waited for, and `rostrum doctor` may say why. What there is can be seen meanwhile:\n"
    )


def _links(settings: SignalingSettings, url: str) -> str:
    lines = [""]
    base = settings.public_url or url
    for link in LINKS:
        token = _token(settings, link.role, link.name, f"{link.page}-demo-1")
        lines += [f"{link.page:<9} {link.says}", f"  {base}/{link.page}/#token={token}", ""]
    lines += [_phone(settings), "", "Ctrl-C ends everything."]
    return "\n".join(lines)


def _phone(settings: SignalingSettings) -> str:
    """Return a QR code of a watch link for a phone in the hall, or say why there is none."""
    if is_loopback(settings.http_host) and not settings.public_url:
        return (
            f"A phone cannot reach {settings.http_host}. For a link and a QR code that it can open: "
            "make demo HOST=0.0.0.0"
        )
    base = settings.public_url or f"http://{lan_address(settings.http_host)}:{settings.http_port}"
    claims = claims_for(
        NewToken(SESSION, "viewer", "Phone in the hall", place="hall", lifetime=LINKS_LAST), time.time()
    )
    link = f"{base}/watch/#token={Tokens(settings.secret).mint(claims)}"
    drawn = io.StringIO()
    segno.make(link, error="l").terminal(drawn, compact=True, border=2)
    return f"On a phone in the hall (same network), scan this, or open\n  {link}\n\n{drawn.getvalue()}"


def _say(name: str, line: str) -> None:
    sys.stderr.write(f"{name:<9} | {line}\n")


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
