"""Which fan-out a setting leads to, here and where something is missing."""

from __future__ import annotations

import socket
from collections import Counter

import pytest

from stream.transport import fanout_choice
from stream.transport.fanout import gso_works
from stream.transport.fanout_choice import choose_fanout, make_fanout
from stream.transport.native_fanout import cipher_library, native_fault


def test_this_machine_has_the_native_one() -> None:
    """`make test` builds it."""
    assert native_fault() is None
    assert choose_fanout("auto") == choose_fanout("native") == "native"
    assert cipher_library().startswith(("IPsec_MB", "OpenSSL"))


def test_the_setting_chooses() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert make_fanout("auto", sock, Counter()).name == "native"
        assert make_fanout("plain", sock, Counter()).name == "plain"
        if gso_works():
            assert make_fanout("gso", sock, Counter()).name == "gso"


def test_what_is_missing_is_done_without_unless_it_is_insisted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout_choice, "native_fault", lambda: "it was not built")
    monkeypatch.setattr(fanout_choice, "gso_works", lambda: True)
    assert choose_fanout("auto") == "gso"
    with pytest.raises(OSError, match="native fan-out cannot be used: it was not built"):
        choose_fanout("native")

    monkeypatch.setattr(fanout_choice, "gso_works", lambda: False)
    assert choose_fanout("auto") == "plain"
    with pytest.raises(OSError, match="does not segment UDP"):
        choose_fanout("gso")
