"""The control plane's settings: defaults, secrets, and one sentence for each wrong value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from signaling.settings import SignalingSettings
from stream.settings import SettingsError

SECRET = "0123456789abcdef0123456789abcdef"
RELAY_SECRET = "fedcba9876543210fedcba9876543210"
LEAST = {"ROSTRUM_SECRET": SECRET, "ROSTRUM_RELAY_SECRET": RELAY_SECRET}


def test_defaults_need_only_the_two_secrets() -> None:
    settings = SignalingSettings.from_environment(LEAST)
    assert settings == SignalingSettings(secret=SECRET, relay_secret=RELAY_SECRET)
    assert settings.redis_url == ""
    assert (settings.http_port, settings.metrics_host, settings.metrics_port) == (8080, "127.0.0.1", 9100)


def test_everything_can_be_set() -> None:
    settings = SignalingSettings.from_environment(
        LEAST
        | {
            "ROSTRUM_REDIS_URL": "redis://db:6379/0",
            "ROSTRUM_DATA": "/srv/rostrum",
            "ROSTRUM_HTTP_HOST": "::1",
            "ROSTRUM_HTTP_PORT": "9000",
            "ROSTRUM_PUBLIC_URL": "https://talk.example/",
            "ROSTRUM_ORIGINS": "https://talk.example/, https://other.example",
            "ROSTRUM_TRUSTED_PROXIES": "10.0.0.1",
            "ROSTRUM_RELAY_URL": "http://relay-1:7001/,http://relay-2:7001",
            "ROSTRUM_METRICS_PORT": "9101",
            "ROSTRUM_STUN_URLS": "stun:stun.example:3478",
            "ROSTRUM_TURN_URLS": "turn:turn.example:3478?transport=udp",
            "ROSTRUM_TURN_SECRET": SECRET,
            "ROSTRUM_LOG_LEVEL": "warning",
        }
    )
    assert settings.data == Path("/srv/rostrum")
    assert settings.public_url == "https://talk.example"
    assert settings.origins == ("https://talk.example", "https://other.example")
    assert settings.relay_urls == ("http://relay-1:7001", "http://relay-2:7001")
    assert settings.trusted_proxies == ("10.0.0.1",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROSTRUM_SECRET", ""),
        ("ROSTRUM_SECRET", "change-me"),
        ("ROSTRUM_RELAY_SECRET", ""),
        ("ROSTRUM_REDIS_URL", "db:6379"),
        ("ROSTRUM_REDIS_URL", "redis+sentinel://db:26379"),
        ("ROSTRUM_REDIS_URL", "redis+cluster://db:6379/1"),
        ("ROSTRUM_HTTP_PORT", "http"),
        ("ROSTRUM_METRICS_PORT", "0"),
        ("ROSTRUM_PUBLIC_URL", "talk.example"),
        ("ROSTRUM_ORIGINS", "*"),
        ("ROSTRUM_TRUSTED_PROXIES", "proxy"),
        ("ROSTRUM_RELAY_URL", "127.0.0.1:7001"),
        ("ROSTRUM_STUN_URLS", "stun.example"),
        ("ROSTRUM_STUN_URLS", "stun:"),
        ("ROSTRUM_TURN_URLS", 'turn:a>;rel="x"'),
        ("ROSTRUM_TURN_URLS", "turn:turn.example"),
        ("ROSTRUM_TURN_SECRET", "weak"),
        ("ROSTRUM_LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_one_sentence_with_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        SignalingSettings.from_environment(LEAST | {name: value})
    assert name in str(caught.value)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_no_secret_shows_in_a_repr_or_an_error() -> None:
    settings = SignalingSettings.from_environment(LEAST | {"ROSTRUM_REDIS_URL": "redis://:hunter2@db/0"})
    assert not any(secret in repr(settings) for secret in (SECRET, RELAY_SECRET, "hunter2"))
    with pytest.raises(SettingsError) as caught:
        SignalingSettings.from_environment(LEAST | {"ROSTRUM_REDIS_URL": "tcp://:hunter2@db/0"})
    assert "hunter2" not in str(caught.value)


def test_a_redis_url_with_a_password_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "redis-url"
    file.write_text("redis://:hunter2@db/0\n", encoding="utf-8")
    settings = SignalingSettings.from_environment(LEAST | {"ROSTRUM_REDIS_URL_FILE": str(file)})
    assert settings.redis_url == "redis://:hunter2@db/0"


def test_the_table_of_settings_has_every_variable_and_no_other() -> None:
    root = Path(__file__).parents[2]
    sources = [*root.glob("signaling/**/*.py"), *root.glob("stream/**/*.py")]
    read = {
        name for file in sources for name in re.findall(r'"(ROSTRUM_\w+)"', file.read_text(encoding="utf-8"))
    }
    table = (root / "docs" / "operations.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(ROSTRUM_\w+)`", table, re.MULTILINE)) == read
