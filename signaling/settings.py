"""The control plane's settings, read once from the environment.

The law is the relay's (stream/settings.py): a wrong or missing value stops the process with one sentence
that names the variable. It must not know what the values are used for; docs/operations.md has the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

from signaling import redis_client
from signaling.redis_client import CLUSTER, CLUSTER_TLS, SENTINEL, RedisUrlError
from stream.settings import Environment, LogLevel, SettingsError


@dataclass(frozen=True)
class SignalingSettings:
    """What a signaling process needs to know.

    Without `redis_url` a Redis of our own runs in the `data` folder. Empty `origins` means that a page
    may connect from the host it came from, only. `trusted_proxies` are the addresses whose
    `X-Forwarded-…` headers are believed; by default nobody's are.
    """

    secret: str = field(repr=False)
    relay_secret: str = field(repr=False)
    redis_url: str = field(default="", repr=False)
    data: Path = Path("data")
    http_host: str = "0.0.0.0"  # noqa: S104 (the audience comes from anywhere)
    http_port: int = 8080
    public_url: str = ""
    origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    relay_urls: tuple[str, ...] = ("http://127.0.0.1:7001",)
    audit_days: int = 365
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 9100
    stun_urls: tuple[str, ...] = ()
    turn_urls: tuple[str, ...] = ()
    turn_secret: str = field(default="", repr=False)
    retention_days: int = 0
    log_level: LogLevel = "info"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> SignalingSettings:
        """Read the settings; raises SettingsError with one sentence that names the variable."""
        env = Environment(environ)
        settings = cls(
            secret=env.secret("ROSTRUM_SECRET"),
            relay_secret=env.secret("ROSTRUM_RELAY_SECRET"),
            redis_url=env.secret_text("ROSTRUM_REDIS_URL"),
            data=Path(env.text("ROSTRUM_DATA", str(cls.data))),
            http_host=env.text("ROSTRUM_HTTP_HOST", cls.http_host),
            http_port=env.port("ROSTRUM_HTTP_PORT", cls.http_port),
            public_url=env.text("ROSTRUM_PUBLIC_URL").rstrip("/"),
            origins=tuple(origin.rstrip("/") for origin in env.listed("ROSTRUM_ORIGINS")),
            trusted_proxies=env.addresses("ROSTRUM_TRUSTED_PROXIES"),
            relay_urls=tuple(url.rstrip("/") for url in env.listed("ROSTRUM_RELAY_URL", cls.relay_urls)),
            audit_days=env.whole("ROSTRUM_AUDIT_DAYS", cls.audit_days, 1, 3650),
            metrics_host=env.text("ROSTRUM_METRICS_HOST", cls.metrics_host),
            metrics_port=env.port("ROSTRUM_METRICS_PORT", cls.metrics_port),
            stun_urls=env.listed("ROSTRUM_STUN_URLS"),
            turn_urls=env.listed("ROSTRUM_TURN_URLS"),
            turn_secret=env.secret("ROSTRUM_TURN_SECRET", required=False),
            retention_days=env.whole("ROSTRUM_RETENTION_DAYS", cls.retention_days, 0, 36_500),
            log_level=env.choice("ROSTRUM_LOG_LEVEL", cls.log_level, get_args(LogLevel)),
        )
        _check(settings)
        return settings


def _check(settings: SignalingSettings) -> None:
    redis = ("redis", "rediss", "unix", SENTINEL, CLUSTER, CLUSTER_TLS)
    web = ("http", "https")
    _check_urls("ROSTRUM_REDIS_URL", (settings.redis_url,) if settings.redis_url else (), redis)
    try:
        redis_client.check(settings.redis_url)
    except RedisUrlError as error:
        raise SettingsError(f"ROSTRUM_REDIS_URL is not right: {error}.") from None
    _check_urls("ROSTRUM_PUBLIC_URL", (settings.public_url,) if settings.public_url else (), web)
    _check_urls("ROSTRUM_ORIGINS", settings.origins, web)
    _check_urls("ROSTRUM_RELAY_URL", settings.relay_urls, web)
    _check_urls("ROSTRUM_STUN_URLS", settings.stun_urls, ("stun", "stuns"))
    _check_urls("ROSTRUM_TURN_URLS", settings.turn_urls, ("turn", "turns"))
    if settings.turn_urls and not settings.turn_secret:
        raise SettingsError("ROSTRUM_TURN_URLS needs ROSTRUM_TURN_SECRET, which the TURN server shares.")


def _check_urls(name: str, urls: tuple[str, ...], schemes: tuple[str, ...]) -> None:
    for url in urls:
        # A Link header (RFC 8288) has no way to escape these.
        if urlsplit(url).scheme not in schemes or not url.split(":", 1)[1] or set(url) & set('<>"; '):
            # A Redis URL may hold a password: it is not repeated.
            shown = "this value" if name == "ROSTRUM_REDIS_URL" else repr(url)
            kinds = " or ".join(f"{scheme}:" for scheme in schemes)
            raise SettingsError(f"{name} must be a URL that starts with {kinds}, not {shown}.")
