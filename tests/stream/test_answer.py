"""The transport's lines of an answer, and of the answer to an ICE restart."""

from __future__ import annotations

from dataclasses import replace

from stream.answer import write_restart
from stream.negotiation import negotiate_publish
from tests.stream.offers import LOCAL, OPUS, lines_of, offer, section

LISTENING = replace(LOCAL, tcp_candidates=LOCAL.candidates)
AUDIO = section("audio", 0, "sendonly", *OPUS)

TCP = [
    "a=candidate:3 1 tcp 1671430143 127.0.0.1 7000 typ host tcptype passive",
    "a=candidate:4 1 tcp 1671429887 ::1 7000 typ host tcptype passive",
]
"""RFC 6544, section 4.2: 2**24 * 99 + 2**8 * (2**13 * 4 + preference) + 255."""


def test_a_port_that_listens_is_offered_below_every_udp_candidate() -> None:
    lines = lines_of(negotiate_publish(offer(AUDIO), LISTENING).answer)[1]
    assert [line for line in lines if " tcp " in line] == TCP
    ranked = [int(line.split()[3]) for line in lines if line.startswith("a=candidate")]
    assert ranked == sorted(ranked, reverse=True)
    assert lines[-1] == "a=end-of-candidates"


def test_a_port_that_does_not_listen_is_not() -> None:
    assert "tcptype" not in negotiate_publish(offer(AUDIO), LOCAL).answer


def test_the_answer_to_a_restart_has_credentials_and_candidates() -> None:
    lines = write_restart(LISTENING).removesuffix("\r\n").split("\r\n")
    assert lines[:3] == ["a=ice-lite", "a=ice-ufrag:relayufrag", "a=ice-pwd:relaypasswordrelaypassword"]
    assert lines[5:-1] == TCP
    assert lines[-1] == "a=end-of-candidates"
