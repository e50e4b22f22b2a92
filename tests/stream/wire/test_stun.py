"""STUN against aioice's, which writes requests and reads our answers, and against what strangers send."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from zlib import crc32

import pytest
from aioice import stun as oracle
from hypothesis import given
from hypothesis import strategies as st

from stream.wire.stun import StunError, error, is_stun, parse_request, success, verify

PASSWORD = b"9fa7163db3e6796bd619bd"
TRANSACTION = bytes(range(12))

transactions = st.binary(min_size=12, max_size=12)
passwords = st.binary(min_size=22, max_size=64)
ufrags = st.text("abcdefXYZ0123456789+/", min_size=4, max_size=32)
addresses = st.tuples(st.ip_addresses().map(str), st.integers(0, 0xFFFF)).filter(
    # An IPv4 address in IPv6 clothes has a test of its own.
    lambda address: getattr(ip_address(address[0]), "ipv4_mapped", None) is None
)


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) & 3)


def message(*attributes: bytes, kind: int = 0x0001, cookie: int = 0x2112A442) -> bytes:
    body = b"".join(attributes)
    return struct.pack("!HHI12s", kind, len(body), cookie, TRANSACTION) + body


USERNAME = attribute(0x0006, b"ours:them")


def oracle_request() -> bytes:
    attributes = {"USERNAME": "ours:them", "PRIORITY": 1845494271, "ICE-CONTROLLING": 77}
    request = oracle.Message(oracle.Method.BINDING, oracle.Class.REQUEST, TRANSACTION, attributes)
    request.add_message_integrity(PASSWORD)
    return bytes(request)


def reason(data: bytes) -> str:
    with pytest.raises(StunError) as caught:
        parse_request(data)
    return caught.value.reason


@given(transactions, ufrags, ufrags, passwords, st.booleans(), st.booleans(), st.integers(0, 2**64 - 1))
def test_reads_what_aioice_writes(
    transaction: bytes,
    ours: str,
    theirs: str,
    password: bytes,
    nominates: bool,
    controlling: bool,
    tie_breaker: int,
) -> None:
    written = oracle.Message(
        oracle.Method.BINDING,
        oracle.Class.REQUEST,
        transaction,
        {
            "USERNAME": f"{ours}:{theirs}",
            "PRIORITY": 1845494271,
            "ICE-CONTROLLING" if controlling else "ICE-CONTROLLED": tie_breaker,
        }
        | ({"USE-CANDIDATE": None} if nominates else {}),
    )
    written.add_message_integrity(password)
    data = bytes(written)
    assert is_stun(data)
    request = parse_request(data)
    assert request.transaction_id == transaction
    assert request.username == f"{ours}:{theirs}"
    assert request.use_candidate is nominates
    assert request.controlling is controlling
    assert request.tie_breaker == tie_breaker
    assert request.priority == 1845494271
    assert verify(request, data, password)
    assert not verify(request, data, password + b"?")


@given(transactions, addresses, passwords)
def test_aioice_reads_our_success(transaction: bytes, address: tuple[str, int], password: bytes) -> None:
    answer = oracle.parse_message(success(transaction, address, password))
    assert answer.message_class is oracle.Class.RESPONSE
    assert answer.transaction_id == transaction
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == address
    assert "FINGERPRINT" in answer.attributes  # its value is checked by parse_message
    assert answer.check_message_integrity(password)


@pytest.mark.parametrize(
    ("seen", "said"),
    [("::ffff:192.0.2.7", "192.0.2.7"), ("fe80::1%eth0", "fe80::1"), ("2001:db8::1", "2001:db8::1")],
)
def test_success_undresses_socket_addresses(seen: str, said: str) -> None:
    answer = oracle.parse_message(success(TRANSACTION, (seen, 5000), PASSWORD))
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == (said, 5000)


@given(st.integers(300, 699), st.text(max_size=40))
def test_aioice_reads_our_error(code: int, phrase: str) -> None:
    answer = oracle.parse_message(error(TRANSACTION, code, phrase, PASSWORD))
    assert answer.message_class is oracle.Class.ERROR
    assert answer.attributes["ERROR-CODE"] == (code, phrase)
    assert answer.check_message_integrity(PASSWORD)


def test_reads_the_sample_request_of_rfc_5769() -> None:
    """RFC 5769, section 2.1: written by neither of us, with a space-padded user name and SOFTWARE."""
    data = bytes.fromhex(
        "000100582112a442b7e7a701bc34d686fa87dfae"
        "802200105354554e207465737420636c69656e74"
        "002400046e0001ff80290008932ff9b151263b36"
        "000600096576746a3a68367659202020"
        "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
        "80280004e57a3bcf"
    )
    request = parse_request(data)
    assert request.username == "evtj:h6vY"
    assert request.priority == 0x6E0001FF
    assert not request.controlling
    assert request.tie_breaker == 0x932FF9B151263B36
    assert verify(request, data, b"VOkJxbRl1RmTxUk/WvJxBt")


def test_no_role_is_taken_as_controlling() -> None:
    assert parse_request(message(USERNAME)).controlling


def test_missing_integrity_is_not_believed() -> None:
    data = message(USERNAME)
    assert not verify(parse_request(data), data, PASSWORD)


@given(st.data())
def test_a_changed_byte_is_noticed(data: st.DataObject) -> None:
    """The integrity covers all before it; the fingerprint behind it (the last 8 bytes) is optional."""
    sound = oracle_request()
    at = data.draw(st.integers(0, len(sound) - 9))
    flip = data.draw(st.integers(1, 255))
    changed = sound[:at] + bytes((sound[at] ^ flip,)) + sound[at + 1 :]
    try:
        request = parse_request(changed)
    except StunError:
        return
    assert not verify(request, changed, PASSWORD)


def test_what_follows_the_integrity_is_ignored() -> None:
    """RFC 8489, section 14.5: USE-CANDIDATE behind MESSAGE-INTEGRITY could be anybody's."""
    request = parse_request(message(USERNAME, attribute(0x0008, bytes(20)), attribute(0x0025, b"")))
    assert not request.use_candidate


def test_optional_attributes_are_passed_over() -> None:
    network_cost = attribute(0xC057, bytes(4))
    assert parse_request(message(network_cost, USERNAME, network_cost)).username == "ours:them"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "too_short"),
        (bytes(19), "too_short"),
        (message(USERNAME, cookie=0x2112A443), "bad_cookie"),
        (message(USERNAME)[:-4], "bad_length"),
        (message(USERNAME) + bytes(4), "bad_length"),
        (struct.pack("!HHI12s", 1, 2, 0x2112A442, TRANSACTION) + bytes(2), "bad_length"),
        (message(USERNAME, kind=0x0101), "not_a_binding_request"),
        (message(USERNAME, kind=0x0011), "not_a_binding_request"),
        (message(USERNAME, kind=0x0003), "not_a_binding_request"),
        (message(), "no_username"),
        (message(struct.pack("!HH", 0x0006, 400)), "truncated_attribute"),
        (message(attribute(0x0006, b"x" * 514)), "bad_username"),
        (message(attribute(0x0006, b"\xff\xfe:a")), "bad_username"),
        (message(USERNAME, attribute(0x0008, bytes(16))), "bad_integrity_length"),
        (message(USERNAME, attribute(0x0024, bytes(8))), "bad_priority"),
        (message(USERNAME, attribute(0x802A, bytes(4))), "bad_tie_breaker"),
        (message(USERNAME, attribute(0x0014, b"realm")), "unknown_attribute"),
        (message(USERNAME, attribute(0x8028, bytes(4))), "bad_fingerprint"),
        (message(USERNAME, attribute(0x8028, bytes(8))), "bad_fingerprint"),
    ],
)
def test_malformed_requests_are_named(data: bytes, expected: str) -> None:
    assert reason(data) == expected


def test_the_fingerprint_must_come_last() -> None:
    start = struct.pack("!HHI12s", 1, 8 + len(USERNAME), 0x2112A442, TRANSACTION)
    seal = struct.pack("!HHI", 0x8028, 4, crc32(start) ^ 0x5354554E)
    assert reason(start + seal + USERNAME) == "bad_fingerprint"


@given(st.binary(max_size=200))
def test_strangers_get_a_stun_error_or_nothing(data: bytes) -> None:
    try:
        verify(parse_request(data), data, PASSWORD)
    except StunError as refused:
        assert refused.reason


@pytest.mark.parametrize(
    "data", [b"", bytes(20), b"\x16\xfe\xfd" + bytes(40), b"\x80\xc8" + bytes(26), message()[:19]]
)
def test_other_datagrams_are_not_stun(data: bytes) -> None:
    assert not is_stun(data)
