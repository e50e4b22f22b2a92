"""SRTP and SRTCP byte for byte against libsrtp, in both directions, over rollovers and under attack."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import pylibsrtp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.transport.srtp import GcmSrtp, ReplayWindow, Srtp, SrtpError, SrtpKeys, open_srtp
from stream.wire import rtp

SSRC = 0xCAFEBABE

PROFILES = {
    "AEAD_AES_128_GCM": (16, 12, pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM),
    "AEAD_AES_256_GCM": (32, 12, pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM),
    "AES128_CM_HMAC_SHA1_80": (16, 14, pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80),
}
GCM = [name for name in PROFILES if "GCM" in name]

every_profile = pytest.mark.parametrize("profile", PROFILES)


def keys(profile: str) -> SrtpKeys:
    key, salt, _ = PROFILES[profile]
    source = random.Random(profile)
    return SrtpKeys(profile, *(source.randbytes(size) for size in (key, salt, key, salt)))


def oracle(profile: str, *, sends: bool) -> pylibsrtp.Session:
    """Return the peer's side of a context opened with `keys(profile)`."""
    ours = keys(profile)
    policy = pylibsrtp.Policy(
        key=ours.remote_key + ours.remote_salt if sends else ours.local_key + ours.local_salt,
        ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND if sends else pylibsrtp.Policy.SSRC_ANY_INBOUND,
        srtp_profile=PROFILES[profile][2],
    )
    policy.allow_repeat_tx = True
    policy.window_size = 1024
    return pylibsrtp.Session(policy)


def header(sequence: int, extension_block: bytes = b"", ssrc: int = SSRC) -> bytes:
    return rtp.pack_header(
        payload_type=96,
        sequence=sequence,
        timestamp=sequence * 3000,
        ssrc=ssrc,
        extension_block=extension_block,
    )


def plain(sequence: int, payload: bytes = b"picture", ssrc: int = SSRC) -> bytes:
    return header(sequence, ssrc=ssrc) + payload


def report(ssrc: int = SSRC, size: int = 20) -> bytes:
    return b"\x81\xc9\0\x07" + ssrc.to_bytes(4, "big") + bytes(range(size))


def refused(action: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(SrtpError) as caught:
        action(*arguments)
    return caught.value.reason


def opened(srtp: Srtp, wire: bytes) -> bytes:
    return srtp.unprotect(wire, rtp.header_length(wire))


@every_profile
def test_libsrtp_opens_what_is_protected(profile: str) -> None:
    peer, ours = oracle(profile, sends=False), open_srtp(keys(profile))
    block = rtp.pack_extensions({1: b"0", 3: b"abc"})
    for sequence in range(10, 60):
        head, payload = header(sequence, block), bytes((sequence,)) * (sequence * 7)
        assert peer.unprotect(ours.protect(head, payload, SSRC, sequence)) == head + payload


@every_profile
def test_opens_what_libsrtp_protects(profile: str) -> None:
    peer, ours = oracle(profile, sends=True), open_srtp(keys(profile))
    for sequence in range(10, 60):
        payload = bytes((sequence,)) * (sequence * 7)
        assert opened(ours, peer.protect(plain(sequence, payload))) == payload


@every_profile
def test_the_bytes_are_libsrtps_own(profile: str) -> None:
    ours = keys(profile)
    mirrored = SrtpKeys(profile, ours.remote_key, ours.remote_salt, ours.local_key, ours.local_salt)
    peer, same = oracle(profile, sends=True), open_srtp(mirrored)
    for sequence in (1, 2, 500, 30_000):
        assert same.protect(header(sequence), b"abc", SSRC, sequence) == peer.protect(plain(sequence, b"abc"))
    for size in (0, 20, 200):
        assert same.protect_rtcp(report(size=size)) == peer.protect_rtcp(report(size=size))


@every_profile
def test_goes_on_over_a_rollover(profile: str) -> None:
    """70,000 packets each way, so that the sequence number wraps (RFC 3711, section 3.3.1)."""
    there, back, ours = oracle(profile, sends=False), oracle(profile, sends=True), open_srtp(keys(profile))
    for index in range(70_000):
        protected = ours.protect(header(index), b"x", SSRC, index)
        assert there.unprotect(protected)[12:] == b"x"
        wire = back.protect(plain(index & 0xFFFF, b"y"))
        assert ours.unprotect(wire, 12) == b"y"


@every_profile
@given(st.permutations(range(0xFFFF - 20, 0xFFFF + 20)))
def test_any_order_around_a_wrap_is_opened(profile: str, order: list[int]) -> None:
    peer, ours = oracle(profile, sends=True), open_srtp(keys(profile))
    before = 0xFFFF - 21
    opened(ours, peer.protect(plain(before)))
    wires = {index: peer.protect(plain(index & 0xFFFF, b"%d" % index)) for index in sorted(order)}
    for index in order:
        assert opened(ours, wires[index]) == b"%d" % index


@every_profile
@given(st.integers(0, 0xFFFF))
def test_the_first_packet_may_be_any(profile: str, sequence: int) -> None:
    peer, ours = oracle(profile, sends=True), open_srtp(keys(profile))
    assert opened(ours, peer.protect(plain(sequence))) == b"picture"


@every_profile
def test_a_replay_is_refused(profile: str) -> None:
    peer, ours = oracle(profile, sends=True), open_srtp(keys(profile))
    wires = [peer.protect(plain(sequence)) for sequence in range(100)]
    reports = [peer.protect_rtcp(report()) for _ in range(10)]
    for wire in wires:
        opened(ours, wire)
    for wire in reports:
        ours.unprotect_rtcp(wire)
    for wire in wires:
        assert refused(opened, ours, wire) in ("replayed", "unauthentic")
    for wire in reports:
        assert refused(ours.unprotect_rtcp, wire) in ("replayed", "unauthentic")


@every_profile
def test_what_is_older_than_the_window_is_refused(profile: str) -> None:
    peer, ours = oracle(profile, sends=True), open_srtp(keys(profile))
    old = peer.protect(plain(1))
    opened(ours, peer.protect(plain(2000)))
    refused(opened, ours, old)


@every_profile
@given(st.data())
def test_tampering_is_refused_and_harms_nothing(profile: str, data: st.DataObject) -> None:
    peer, ours = oracle(profile, sends=True), open_srtp(keys(profile))
    wire, protected_report = peer.protect(plain(7)), peer.protect_rtcp(report())
    for whole, action in ((wire, partial(opened, ours)), (protected_report, ours.unprotect_rtcp)):
        damaged = bytearray(whole)
        place = data.draw(st.integers(1, len(whole) - 1))
        damaged[place] ^= data.draw(st.integers(1, 255))
        refused(action, bytes(damaged))
    assert opened(ours, wire) == b"picture"
    assert ours.unprotect_rtcp(protected_report) == report()


@every_profile
@given(st.binary(max_size=60))
def test_strangers_bytes_raise_nothing_else(profile: str, data: bytes) -> None:
    ours = open_srtp(keys(profile))
    for junk in (b"\x80" + data, b"\x80\x60" + data):
        refused(ours.unprotect, junk.ljust(12, b"\0"), 12)
        refused(ours.unprotect_rtcp, junk)


@every_profile
def test_reports_go_both_ways(profile: str) -> None:
    there, back, ours = oracle(profile, sends=False), oracle(profile, sends=True), open_srtp(keys(profile))
    for size in range(0, 800, 20):
        assert there.unprotect_rtcp(ours.protect_rtcp(report(size=size % 256))) == report(size=size % 256)
        assert ours.unprotect_rtcp(back.protect_rtcp(report(size=size % 256))) == report(size=size % 256)


def test_what_libsrtp_would_choke_on_is_refused_by_name() -> None:
    ours = open_srtp(keys("AES128_CM_HMAC_SHA1_80"))
    assert len(ours.protect(header(1), bytes(1344), SSRC, 1)) == 1356 + 10
    assert refused(ours.protect, header(2), bytes(1345), SSRC, 2) == "long"
    assert len(ours.protect_rtcp(report(size=0) + bytes(1344))) == 1352 + 14
    for size in (1345, 1348, 1352, 3000):
        assert refused(ours.protect_rtcp, report(size=0) + bytes(size)) == "long"


@every_profile
def test_one_peer_may_not_fill_our_memory_with_streams(profile: str) -> None:
    peer, ours = oracle(profile, sends=True), open_srtp(keys(profile))
    for ssrc in range(64):
        opened(ours, peer.protect(plain(1, ssrc=ssrc)))
        ours.unprotect_rtcp(peer.protect_rtcp(report(ssrc)))
    assert refused(opened, ours, peer.protect(plain(1, ssrc=64))) == "too_many_streams"
    assert refused(ours.unprotect_rtcp, peer.protect_rtcp(report(64))) == "too_many_streams"
    assert opened(ours, peer.protect(plain(2, ssrc=63))) == b"picture"


@pytest.mark.parametrize("profile", GCM)
def test_unencrypted_reports_are_refused(profile: str) -> None:
    wire = bytearray(oracle(profile, sends=True).protect_rtcp(report()))
    wire[-4] &= 0x7F
    assert refused(open_srtp(keys(profile)).unprotect_rtcp, bytes(wire)) == "unencrypted"


def test_an_unknown_profile_is_refused() -> None:
    assert refused(open_srtp, SrtpKeys("NULL", b"", b"", b"", b"")) == "profile"


def test_the_fanout_finds_what_it_needs() -> None:
    ours = open_srtp(keys("AEAD_AES_128_GCM"))
    assert isinstance(ours, GcmSrtp)
    nonce = (ours.salt ^ (SSRC << 48 | 5)).to_bytes(12, "big")
    assert header(5) + ours.encrypt(nonce, b"abc", header(5)) == ours.protect(header(5), b"abc", SSRC, 5)


@given(st.lists(st.integers(0, 3000), max_size=300))
def test_the_window_lets_each_index_in_once(indices: list[int]) -> None:
    window, seen, newest = ReplayWindow(0), {0}, 0
    window.mark(0)
    for index in indices:
        fresh = index > newest or (newest - index < 1024 and index not in seen)
        assert window.fresh(index) == fresh
        if fresh:
            window.mark(index)
            seen.add(index)
            newest = max(newest, index)
