"""Looks at this machine and says what would keep Rostrum from working, and what to do about it.

The law: every finding is one line, its cure included; looking changes nothing that lasts. It tries
things for real (a socket, a file, a segmented datagram) instead of guessing from versions.
"""

from __future__ import annotations

import ipaddress
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import httpx

from signaling.embedded_redis import answers, binary_version, find_binary
from signaling.launch import url_of
from signaling.ports import Kind, check_free, is_loopback
from signaling.redis_client import is_cluster, masters
from signaling.settings import SignalingSettings
from signaling.supervisor import StartError
from stream import compiled
from stream.addresses import announced
from stream.settings import Environment, RelaySettings, SettingsError
from stream.transport.fanout import gso_works
from stream.transport.fanout_choice import choose_fanout
from stream.transport.native_fanout import cipher_library, native_fault
from stream.transport.native_inlet import native_inlet_fault

Level = Literal["ok", "warning", "problem"]

OLDEST_REDIS: Final = (6, 2)

FEWEST_MASTERS: Final = 3
"""Masters of a Redis Cluster of which most are left when one fails, so that they may name another."""

_SECRETS: Final = ("ROSTRUM_SECRET", "ROSTRUM_RELAY_SECRET")

_STAND_IN: Final = "0123456789abcdef0123456789abcdef"
"""Instead of a secret that is not good, so that the rest can be looked at all the same."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `says` is a sentence, with the cure where one is needed."""

    level: Level
    about: str
    says: str


async def examine(environ: Mapping[str, str]) -> AsyncIterator[Finding]:
    """Look at everything these settings lead to, one finding after the other."""
    env = dict(environ)
    for name in _SECRETS:
        found = _secret(name, environ)
        if found.level != "ok":
            env.pop(f"{name}_FILE", None)
            env[name] = _STAND_IN
        yield found
    try:
        relay, signaling = RelaySettings.from_environment(env), SignalingSettings.from_environment(env)
    except SettingsError as error:
        yield Finding("problem", "settings", str(error))
        return
    yield await _redis(signaling)
    if not signaling.redis_url:
        yield _data(signaling.data)
    async with httpx.AsyncClient(trust_env=False, timeout=1) as http:
        async for found in _ports(http, relay, signaling):
            yield found
        yield _gso()
        running = await _running(http, relay)
    yield _fanout(running, relay)
    yield _routing(running, relay)
    yield _addresses(relay, signaling)


def _secret(name: str, environ: Mapping[str, str]) -> Finding:
    try:
        Environment(environ).secret(name)
    except SettingsError as error:
        if environ.get(name) or environ.get(f"{name}_FILE"):
            return Finding("problem", "secrets", str(error))
        return Finding("warning", "secrets", f"{error} (The demo makes its own.)")
    return Finding("ok", "secrets", f"{name} is set.")


async def _redis(settings: SignalingSettings) -> Finding:
    if settings.redis_url:
        if await answers(settings.redis_url):
            if is_cluster(settings.redis_url):
                return await _cluster(settings.redis_url)
            return Finding("ok", "redis", "The Redis of ROSTRUM_REDIS_URL answers.")
        return Finding(
            "problem",
            "redis",
            "The Redis of ROSTRUM_REDIS_URL does not answer; start it, or unset this for one of our own.",
        )
    try:
        binary = find_binary()
        version = binary_version(binary)
    except (StartError, OSError) as error:
        return Finding("problem", "redis", str(error))
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS:
        return Finding("problem", "redis", f"{binary} is {version}, and 6.2 is needed; install a newer one.")
    return Finding("ok", "redis", f"{binary}, version {version}, would be run.")


async def _cluster(url: str) -> Finding:
    count, alone = await masters(url)
    found = f"The Redis Cluster of ROSTRUM_REDIS_URL answers: {count} masters serve all its slots"
    if count < FEWEST_MASTERS:
        return Finding(
            "warning", "redis", f"{found}; nobody could take over from one that fails: have {FEWEST_MASTERS}."
        )
    if alone:
        return Finding(
            "warning",
            "redis",
            f"{found}, but {alone} have no replica: when one fails, chat is paused until it is back. "
            "Give each a replica.",
        )
    return Finding("ok", "redis", f"{found}, each with a replica.")


def _data(folder: Path) -> Finding:
    nearest = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    try:
        if nearest == folder.resolve():
            with tempfile.TemporaryFile(dir=nearest):
                pass
        elif not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
            raise PermissionError
    except OSError:
        return Finding(
            "problem", "data", f"{nearest} cannot be written; set ROSTRUM_DATA to a folder that can."
        )
    return Finding("ok", "data", f"{folder.resolve()} can be written.")


async def _ports(
    http: httpx.AsyncClient, relay: RelaySettings, signaling: SignalingSettings
) -> AsyncIterator[Finding]:
    """Look at each port: free, or taken by a Rostrum that answers."""
    relay_health = f"{url_of(relay.http_host, relay.http_port)}/healthz"
    listeners: list[tuple[Kind, str, int, str, str]] = [
        (
            "TCP",
            signaling.http_host,
            signaling.http_port,
            "ROSTRUM_HTTP_PORT",
            f"{url_of(signaling.http_host, signaling.http_port)}/healthz",
        ),
        (
            "TCP",
            signaling.metrics_host,
            signaling.metrics_port,
            "ROSTRUM_METRICS_PORT",
            f"{url_of(signaling.metrics_host, signaling.metrics_port)}/metrics",
        ),
        ("TCP", relay.http_host, relay.http_port, "ROSTRUM_RELAY_HTTP_PORT", relay_health),
    ]
    # Media cannot be asked who is there: where the relay answers, its media ports are its own.
    for port in relay.media_ports:
        listeners.append(("UDP", relay.media_host, port, "ROSTRUM_MEDIA_PORT", relay_health))
        if relay.media_tcp == "on":
            listeners.append(("TCP", relay.media_host, port, "ROSTRUM_MEDIA_PORT", relay_health))
    for kind, host, port, setting, ours in listeners:
        try:
            check_free(kind, host, port, setting)
        except StartError as error:
            if await _answers_us(http, ours):
                yield Finding(
                    "ok", "ports", f"{kind} port {port} is in use by a Rostrum that runs ({setting})."
                )
            else:
                yield Finding("problem", "ports", str(error))
        else:
            yield Finding("ok", "ports", f"{kind} port {port} on {host} is free ({setting}).")


async def _answers_us(http: httpx.AsyncClient, url: str) -> bool:
    try:
        answer = await http.get(url)
    except httpx.HTTPError:
        return False
    says = answer.text.strip()
    return answer.status_code == 200 and (says in ("ok", "draining") or "rostrum_" in says)


def _gso() -> Finding:
    if gso_works():
        return Finding("ok", "udp gso", "The kernel cuts one send into datagrams (UDP_SEGMENT).")
    return Finding(
        "warning",
        "udp gso",
        "The kernel does not segment UDP, so a relay serves about half as many viewers; "
        "Linux 4.18 or newer does.",
    )


async def _running(http: httpx.AsyncClient, relay: RelaySettings) -> dict[str, Any] | None:
    """Return what the relay that runs here says of itself; None where none answers."""
    url = url_of(relay.http_host, relay.http_port)
    try:
        answer = await http.get(f"{url}/stats", headers={"Authorization": f"Bearer {relay.secret}"})
        answer.raise_for_status()
    except httpx.HTTPError:
        return None
    found: dict[str, Any] = answer.json()
    return found


def _routing(running: dict[str, Any] | None, relay: RelaySettings) -> Finding:
    """Say whether routing is compiled, and why not where it is not."""
    name = running["routing"] if running else "python" if compiled.fault() else "compiled"
    if name == "compiled":
        return Finding("ok", "routing", "It is compiled.")
    if relay.routing == "python":
        return Finding("ok", "routing", "It is plain Python, as ROSTRUM_ROUTING says.")
    reason = compiled.fault() or "the relay was started before it was there"
    return Finding(
        "problem" if relay.routing == "compiled" else "ok",
        "routing",
        f"It is plain Python, which serves an eighth fewer viewers: {reason}. docs/operations.md says more.",
    )


def _fanout(running: dict[str, Any] | None, relay: RelaySettings) -> Finding:
    if running:
        url = url_of(relay.http_host, relay.http_port)
        return _fanout_found(f"The relay at {url} uses", running["fanout"], relay)
    try:
        return _fanout_found("A relay would use", choose_fanout(relay.fanout), relay)
    except OSError as error:
        return Finding("problem", "fan-out", f"{error} Set ROSTRUM_FANOUT=auto.")


def _fanout_found(whose: str, name: str, relay: RelaySettings) -> Finding:
    """Say which fan-out it is, what encrypts in the native one, and why it is not the native one."""
    fault = native_fault()
    if name == "native" and (unread := native_inlet_fault()) is not None:
        return Finding(
            "warning",
            "fan-out",
            f"{whose} native, but what viewers report is read in plain Python: {unread}. "
            "Install Rostrum again.",
        )
    if name == "native":
        return Finding("ok", "fan-out", f"{whose} native, over {cipher_library() or 'a library of its own'}.")
    if fault is None or relay.fanout != "auto":
        return Finding("ok", "fan-out", f"{whose} {name}.")
    return Finding(
        "warning",
        "fan-out",
        f"{whose} {name}, which serves about half as many viewers: the native one cannot be used, {fault}. "
        "Install what docs/operations.md names for it, and Rostrum again.",
    )


def _addresses(relay: RelaySettings, signaling: SignalingSettings) -> Finding:
    addresses = announced(relay)
    told = ", ".join(addresses)
    loopback_only = all(is_loopback(address) for address in addresses)
    if loopback_only and not is_loopback(signaling.http_host):
        return Finding(
            "warning",
            "addresses",
            f"Peers are told {told}, so only this machine gets media; set ROSTRUM_ANNOUNCE to its address.",
        )
    if all(ipaddress.ip_address(address).is_private for address in addresses):
        return Finding(
            "ok",
            "addresses",
            f"Peers are told {told}; behind NAT, set ROSTRUM_ANNOUNCE to the public address.",
        )
    return Finding("ok", "addresses", f"Peers are told {told}.")
