"""The relay's settings: every wrong value is one sentence that names its variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream.settings import Environment, RelaySettings, SettingsError

SECRET = "0123456789abcdef0123456789abcdef"


def test_defaults_need_only_a_secret() -> None:
    settings = RelaySettings.from_environment({"ROSTRUM_RELAY_SECRET": SECRET})
    assert settings == RelaySettings(secret=SECRET)
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 7001)
    assert (settings.media_port, settings.fanout, settings.announce) == (7000, "auto", ())


def test_everything_can_be_set() -> None:
    settings = RelaySettings.from_environment(
        {
            "ROSTRUM_RELAY_SECRET": SECRET,
            "ROSTRUM_RELAY_HTTP_HOST": "10.0.0.7",
            "ROSTRUM_RELAY_HTTP_PORT": "9001",
            "ROSTRUM_MEDIA_HOST": "10.0.0.8",
            "ROSTRUM_MEDIA_PORT": "9000",
            "ROSTRUM_MEDIA_TCP": "off",
            "ROSTRUM_ANNOUNCE": "203.0.113.5, 2001:db8::5,",
            "ROSTRUM_MAX_TRANSPORTS": "12",
            "ROSTRUM_FANOUT": "plain",
            "ROSTRUM_ROUTING": "python",
            "ROSTRUM_LOG_LEVEL": "debug",
        }
    )
    assert settings == RelaySettings(
        secret=SECRET,
        http_host="10.0.0.7",
        http_port=9001,
        media_host="10.0.0.8",
        media_port=9000,
        media_tcp="off",
        announce=("203.0.113.5", "2001:db8::5"),
        max_transports=12,
        fanout="plain",
        routing="python",
        log_level="debug",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROSTRUM_RELAY_SECRET", ""),
        ("ROSTRUM_RELAY_SECRET", "too short"),
        ("ROSTRUM_RELAY_SECRET", "a" * 64),
        ("ROSTRUM_RELAY_SECRET", "change-me-change-me-change-me-0123456789"),
        ("ROSTRUM_RELAY_HTTP_PORT", "seven"),
        ("ROSTRUM_RELAY_HTTP_PORT", "0"),
        ("ROSTRUM_MEDIA_PORT", "65536"),
        ("ROSTRUM_MEDIA_PORT", "-1"),
        ("ROSTRUM_MEDIA_PORT", "٣٣"),
        ("ROSTRUM_MEDIA_TCP", "true"),
        ("ROSTRUM_ANNOUNCE", "203.0.113.5,relay.example"),
        ("ROSTRUM_MAX_TRANSPORTS", "0"),
        ("ROSTRUM_FANOUT", "fast"),
        ("ROSTRUM_ROUTING", "native"),
        ("ROSTRUM_LOG_LEVEL", "INFO"),
    ],
)
def test_a_wrong_value_is_one_sentence_with_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        RelaySettings.from_environment({"ROSTRUM_RELAY_SECRET": SECRET, name: value})
    sentence = str(caught.value)
    assert name in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_the_inner_listener_and_media_by_tcp_never_want_one_port() -> None:
    two = {"ROSTRUM_RELAY_SECRET": SECRET, "ROSTRUM_RELAY_WORKERS": "2"}
    with pytest.raises(SettingsError, match=r"ROSTRUM_RELAY_HTTP_PORT is 7001.* 7000 to 7001 "):
        RelaySettings.from_environment(two)
    apart = (
        {"ROSTRUM_RELAY_HTTP_PORT": "7002"},
        {"ROSTRUM_MEDIA_TCP": "off"},
        {"ROSTRUM_MEDIA_HOST": "10.0.0.8"},
    )
    for change in apart:
        assert list(RelaySettings.from_environment(two | change).media_ports) == [7000, 7001]


def test_the_secret_never_shows_in_a_repr() -> None:
    assert SECRET not in repr(RelaySettings(secret=SECRET))


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    assert Environment({"A_SECRET_FILE": str(file)}).secret("A_SECRET") == SECRET


def test_a_secret_given_twice_or_unreadable_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not both"):
        Environment({"A_SECRET": SECRET, "A_SECRET_FILE": "/x"}).secret("A_SECRET")
    with pytest.raises(SettingsError, match=r"A_SECRET_FILE names .*cannot be read"):
        Environment({"A_SECRET_FILE": str(tmp_path / "absent")}).secret("A_SECRET")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(SettingsError, match=r"A_SECRET_FILE names .*cannot be read"):
        Environment({"A_SECRET_FILE": str(tmp_path / "binary")}).secret("A_SECRET")


def test_an_optional_secret_may_be_absent_but_not_weak() -> None:
    assert Environment({}).secret("A_SECRET", required=False) == ""
    with pytest.raises(SettingsError):
        Environment({"A_SECRET": "weak"}).secret("A_SECRET", required=False)
