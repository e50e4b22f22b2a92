"""Everything on one machine: which processes, with which settings, in which order.

The law: settings and ports are checked before anything starts, so that a mistake is one sentence and
not a child's log; what others need is started first. How children are kept alive is the supervisor's.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from signaling.embedded_redis import EmbeddedRedis
from signaling.ports import check_free
from signaling.settings import SignalingSettings
from signaling.supervisor import ChildSpec, Probe, Say, StartError, Supervisor
from stream.settings import RelaySettings

READY_WITHIN: Final = 15.0
"""Seconds until signaling must have reached Redis and the relay."""

_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 (compared, not bound)


@dataclass(frozen=True)
class Stack:
    """What runs: the children, and where signaling serves from this machine's point of view."""

    children: Supervisor
    url: str


def url_of(host: str, port: int) -> str:
    """Return the URL by which this machine reaches a listener of its own."""
    host = _ANYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.asynccontextmanager
async def stack(environ: Mapping[str, str], say: Say) -> AsyncIterator[Stack]:
    """Run Redis (unless one is given), a relay and signaling; raises SettingsError, StartError."""
    relay = RelaySettings.from_environment(environ)
    signaling = SignalingSettings.from_environment(environ)
    check_ports(relay, signaling)
    url = url_of(signaling.http_host, signaling.http_port)
    relay_url = url_of(relay.http_host, relay.http_port)
    env = {**environ, "ROSTRUM_RELAY_URL": environ.get("ROSTRUM_RELAY_URL", "") or relay_url}
    with contextlib.ExitStack() as held:
        async with Supervisor(say) as children:
            if not signaling.redis_url:
                redis = held.enter_context(contextlib.closing(EmbeddedRedis(signaling.data)))
                await children.start(redis.spec())
                env["ROSTRUM_REDIS_URL"] = redis.url
            await _start_together(
                children,
                _python("relay", "stream.relay", env=env, probe=_healthy(relay.http_host, relay.http_port)),
                _python(
                    "signaling",
                    "signaling",
                    "signaling",
                    env=env,
                    probe=_healthy(signaling.http_host, signaling.http_port),
                ),
            )
            await _until_ready(url)
            yield Stack(children, url)


def check_ports(relay: RelaySettings, signaling: SignalingSettings) -> None:
    """Raise StartError for the first port that cannot be had."""
    check_free("TCP", signaling.http_host, signaling.http_port, "ROSTRUM_HTTP_PORT")
    check_free("TCP", signaling.metrics_host, signaling.metrics_port, "ROSTRUM_METRICS_PORT")
    check_relay_ports(relay)


def check_relay_ports(relay: RelaySettings) -> None:
    """Raise StartError for the first of the relay's ports that cannot be had."""
    check_free("TCP", relay.http_host, relay.http_port, "ROSTRUM_RELAY_HTTP_PORT")
    for port in relay.media_ports:
        check_free("UDP", relay.media_host, port, "ROSTRUM_MEDIA_PORT")
        if relay.media_tcp == "on":
            check_free("TCP", relay.media_host, port, "ROSTRUM_MEDIA_PORT")


def publisher(server: str, token: str, session: str, environ: Mapping[str, str]) -> ChildSpec:
    """Return the child that publishes the synthetic speaker."""
    env = {**environ, "ROSTRUM_TOKEN": token}
    return _python(
        "speaker",
        "signaling",
        "publish",
        "--synthetic",
        "--server",
        server,
        "--session",
        session,
        env=env,
    )


def _python(
    name: str, module: str, *argv: str, env: Mapping[str, str], probe: Probe | None = None
) -> ChildSpec:
    """Return a child of ours; one that can be asked whether it is well has a spare."""
    return ChildSpec(name, (sys.executable, "-m", module, *argv), env, probe, spare=probe is not None)


def _healthy(host: str, port: int) -> Probe:
    """Return a probe of `GET /healthz`: by hand, for an HTTP client would cost more than what it asks."""
    host = _ANYWHERE.get(host, host)

    async def probe() -> bool:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
            return b" 200 " in await reader.readline()
        finally:
            writer.close()

    return probe


async def _start_together(children: Supervisor, *specs: ChildSpec) -> None:
    try:
        async with asyncio.TaskGroup() as starting:
            for spec in specs:
                starting.create_task(children.start(spec))
    except* StartError as errors:
        raise errors.exceptions[0] from None


async def _until_ready(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
        try:
            async with asyncio.timeout(READY_WITHIN):
                while True:
                    with contextlib.suppress(httpx.HTTPError):
                        answer = await http.get(f"{url}/readyz")
                        if answer.status_code == 200:
                            return
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise StartError(
                f"signaling did not reach Redis and a relay within {READY_WITHIN:.0f} s; see {url}/readyz."
            ) from None
