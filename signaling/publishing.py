"""A speaker without a browser: publishes by WHIP, and is present like any other participant.

What is published is stream/clients' matter; here it is joined with a seat in the session, so that the
speaker is seen among those present and can be brought on stage.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote

import jwt

from signaling.attend import GoodbyeError, attend
from signaling.supervisor import StartError
from stream.clients import publish
from stream.clients.errors import ClientError
from stream.clients.whip import Suspicion


async def run(server: str, session: str, token: str, file: Path | None, frame_rate: int) -> None:
    """Publish a file, or a synthetic speaker of so many pictures a second, until SIGTERM or SIGINT.

    Raises StartError with one sentence when the server says no for good.
    """
    try:
        # Whether the token is good is the server's to say; here it only tells what to put on the card.
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise StartError("The token is none: pass --token, or set ROSTRUM_TOKEN.") from None
    door = f"{server}/whip/{quote(session)}"
    with_slides = file is None and "slides" in claims.get("publish", ())
    try:
        async with asyncio.TaskGroup() as tasks:
            suspicion = Suspicion()
            present = tasks.create_task(attend(server, token, suspicion.arise))
            await publish.run(
                f"{door}/camera",
                token,
                file=file,
                slides_url=f"{door}/slides" if with_slides else None,
                name=str(claims.get("name", "")),
                affiliation=str(claims.get("affiliation", "")),
                frame_rate=frame_rate,
                suspicion=suspicion,
            )
            present.cancel()
    except* (ClientError, GoodbyeError) as errors:
        raise StartError(str(_first(errors))) from None


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
