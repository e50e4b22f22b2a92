"""The relay's settings, read once from the environment.

Owns the reading of `ROSTRUM_…` variables (the control plane reads its own with the same `Environment`).
The law: a wrong or missing value stops the process with one sentence that names the variable; nothing
falls back silently. It must not know what the values are used for.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeVar, get_args

from stream import compiled

Fanout = Literal["auto", "native", "gso", "plain"]
Routing = Literal["auto", "compiled", "python"]
Switch = Literal["on", "off"]
LogLevel = Literal["debug", "info", "warning", "error"]

MIN_SECRET_CHARS: Final = 32
"""HS256 wants a key of at least the hash's 32 bytes (RFC 7518, section 3.2)."""

MAX_WORKERS: Final = 64

_EVERY_ADDRESS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 (compared with, not bound to)

_Choice = TypeVar("_Choice", bound=str)


class SettingsError(ValueError):
    """A setting is missing or wrong; the message is one sentence that names the variable."""


@dataclass(frozen=True)
class Environment:
    """Typed reading of environment variables; every method raises SettingsError with one sentence."""

    values: Mapping[str, str]

    def text(self, name: str, default: str = "") -> str:
        """Return the value, or the default where the variable is unset or empty."""
        return self.values.get(name, "").strip() or default

    def listed(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a comma list without its blanks."""
        parts = (part.strip() for part in self.text(name).split(","))
        return tuple(part for part in parts if part) or default

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`."""
        text = self.text(name, str(default))
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise SettingsError(f"{name} must be a whole number from {low} to {high}, not {text!r}.")
        return int(text)

    def port(self, name: str, default: int) -> int:
        """Return a port number."""
        return self.whole(name, default, 1, 65535)

    def choice(self, name: str, default: _Choice, options: tuple[_Choice, ...]) -> _Choice:
        """Return one of the options."""
        text = self.text(name, default)
        for option in options:
            if text == option:
                return option
        raise SettingsError(f"{name} must be one of {', '.join(options)}, not {text!r}.")

    def addresses(self, name: str) -> tuple[str, ...]:
        """Return a comma list of IP addresses."""
        found = self.listed(name)
        for text in found:
            try:
                ipaddress.ip_address(text)
            except ValueError:
                raise SettingsError(f"{name} must list IP addresses, and {text!r} is none.") from None
        return found

    def secret_text(self, name: str) -> str:
        """Return a value from `NAME`, or from the file named by `NAME_FILE`; empty where neither is set."""
        direct, file = self.text(name), self.text(f"{name}_FILE")
        if not file:
            return direct
        if direct:
            raise SettingsError(f"Set either {name} or {name}_FILE, not both.")
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise SettingsError(f"{name}_FILE names {file}, which cannot be read ({reason}).") from None

    def secret(self, name: str, *, required: bool = True) -> str:
        """Return a secret from `NAME` or `NAME_FILE`; refuse a default or a weak one."""
        secret = self.secret_text(name)
        if not secret and not required:
            return ""
        if not secret:
            raise SettingsError(f"{name} is not set; make one with `openssl rand -hex 32`.")
        if len(secret) < MIN_SECRET_CHARS or len(set(secret)) < 8 or "change" in secret.lower():
            raise SettingsError(
                f"{name} is a default or too weak (at least {MIN_SECRET_CHARS} characters are needed); "
                "make one with `openssl rand -hex 32`."
            )
        return secret


@dataclass(frozen=True)
class RelaySettings:
    """What a relay needs to know. An empty `announce` means the machine's own addresses."""

    secret: str = field(repr=False)
    http_host: str = "127.0.0.1"
    http_port: int = 7001
    media_host: str = "0.0.0.0"  # noqa: S104 (media comes from anywhere; every packet is authenticated)
    media_port: int = 7000
    media_tcp: Switch = "on"
    announce: tuple[str, ...] = ()
    max_transports: int = 1000
    fanout: Fanout = "auto"
    routing: Routing = "auto"
    """Which modules route: see `stream/compiled.py`, which has read it before this could."""
    log_level: LogLevel = "info"
    workers: int = 1
    """Processes that share the viewers; the second has the media port after the first's, and so on."""
    pin: Switch = "off"

    @property
    def media_ports(self) -> range:
        """The media ports of all processes."""
        return range(self.media_port, self.media_port + self.workers)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> RelaySettings:
        """Read the settings; raises SettingsError with one sentence that names the variable."""
        env = Environment(environ)
        found = cls(
            secret=env.secret("ROSTRUM_RELAY_SECRET"),
            http_host=env.text("ROSTRUM_RELAY_HTTP_HOST", cls.http_host),
            http_port=env.port("ROSTRUM_RELAY_HTTP_PORT", cls.http_port),
            media_host=env.text("ROSTRUM_MEDIA_HOST", cls.media_host),
            media_port=env.port("ROSTRUM_MEDIA_PORT", cls.media_port),
            media_tcp=env.choice("ROSTRUM_MEDIA_TCP", cls.media_tcp, get_args(Switch)),
            announce=env.addresses("ROSTRUM_ANNOUNCE"),
            max_transports=env.whole("ROSTRUM_MAX_TRANSPORTS", cls.max_transports, 1, 100_000),
            fanout=env.choice("ROSTRUM_FANOUT", cls.fanout, get_args(Fanout)),
            routing=env.choice(compiled.SETTING, cls.routing, get_args(Routing)),
            log_level=env.choice("ROSTRUM_LOG_LEVEL", cls.log_level, get_args(LogLevel)),
            workers=_workers(env, cls.workers),
            pin=env.choice("ROSTRUM_RELAY_PIN", cls.pin, get_args(Switch)),
        )
        if found.media_ports[-1] > 65535:
            raise SettingsError(
                f"ROSTRUM_MEDIA_PORT must leave room for {found.workers} ports (ROSTRUM_RELAY_WORKERS), "
                f"and {found.media_port} does not."
            )
        if found._meets_itself():
            raise SettingsError(
                f"ROSTRUM_RELAY_HTTP_PORT is {found.http_port}, which media by TCP takes as well: it has "
                f"{found.media_ports[0]} to {found.media_ports[-1]} (ROSTRUM_MEDIA_PORT and "
                "ROSTRUM_RELAY_WORKERS), so set it to another."
            )
        return found

    def _meets_itself(self) -> bool:
        """Tell whether the inner listener and media by TCP want one port of one address."""
        hosts = {self.http_host, self.media_host}
        beside = len(hosts) == 2 and not hosts & _EVERY_ADDRESS
        return self.media_tcp == "on" and not beside and self.http_port in self.media_ports


def _workers(env: Environment, default: int) -> int:
    """Read how many processes share the viewers; `auto`: one for each core but one, which others need."""
    if env.text("ROSTRUM_RELAY_WORKERS") == "auto":
        return min(MAX_WORKERS, max(1, len(os.sched_getaffinity(0)) - 1))
    return env.whole("ROSTRUM_RELAY_WORKERS", default, 1, MAX_WORKERS)
