"""The fan-out in C, as Python sees it: the same rules as the plain one, one call a burst.

Owns the bridge to `stream/native/fanout.c` and the proof that it works on this machine. The law: what it
sends is byte for byte what `PlainFanout` would send; whom it cannot serve (other ciphers, connections,
addresses that need a resolver) the plain one serves. Importing this module never fails.
"""

from __future__ import annotations

import errno
import functools
import socket
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stream.transport.fanout import (
    Numbering,
    Path,
    PlainFanout,
    PlainPacket,
    Recipient,
    UdpSender,
    gso_works,
    renumber,
)
from stream.transport.srtp import GcmSrtp, SrtpKeys
from stream.wire import rtp

_not_loaded = ""
if TYPE_CHECKING:
    from stream.native import _fanout
else:
    try:
        from stream.native import _fanout
    except ImportError as error:
        _fanout, _not_loaded = None, str(error)


def _sealer(srtp: GcmSrtp) -> _fanout.Sealer:
    """Give a context its native half, where it has none yet."""
    made = _fanout.Sealer(srtp.key, srtp.salt.to_bytes(12, "big"))
    srtp.sealer = made
    return made


class NativeFanout:
    """See `stream.transport.fanout.Fanout`. To be made where `native_fault` returns None."""

    def __init__(self, sender: UdpSender) -> None:
        self.name = "native"
        self._socket = sender.sock
        self._counters = sender.counters
        self._plain = PlainFanout(sender)
        self._native = _fanout.Fanout(sender.sock.family, sender.segmented, GcmSrtp, _sealer)

    def send(self, data: bytes, path: Path) -> None:
        """See `Fanout.send`."""
        self._plain.send(data, path)

    def forget(self) -> None:
        """See `Fanout.forget`."""
        self._native.forget()

    def deliver(
        self,
        packets: Sequence[PlainPacket],
        recipients: Sequence[Recipient],
        numberings: Sequence[Sequence[Numbering]] | None = None,
    ) -> None:
        """See `Fanout.deliver`."""
        sent, faults, slow = self._native.deliver(self._socket.fileno(), packets, recipients, numberings)
        counters = self._counters
        if sent:
            counters["datagrams_out"] += sent
        if faults is not None:
            self._count(*faults)
        for place in slow or ():
            recipient = recipients[place]
            numbered = renumber(packets, None if numberings is None else numberings[place])
            self._plain.deliver_slowly(numbered, recipient.srtp, recipient.path)
        counters["deliveries"] += len(packets) * len(recipients)

    def _count(self, full: int, refused: int, unsealed: int, errors: dict[int, int]) -> None:
        """Count what did not go out, under the names that `UdpSender` and `PlainFanout` give it."""
        found = {"send_buffer_full": full, "segments_refused": refused, "protect_cipher": unsealed}
        for number, packets in errors.items():
            found["send_" + errno.errorcode.get(number, "error").lower()] = packets
        self._counters.update({name: count for name, count in found.items() if count})


@dataclass
class _Recipient:
    srtp: GcmSrtp
    path: Path


def cipher_library() -> str:
    """Return which library encrypts, and why it is not the faster one where that is so."""
    if _fanout is None:
        return ""
    reason = _fanout.why_no_ipsec_mb()
    return _fanout.libraries()[0] + (f"; not the faster IPsec_MB: {reason}" if reason else "")


@functools.cache
def native_fault() -> str | None:
    """Try the native fan-out: seal, renumber and send on loopback. Return why it cannot be used, or None."""
    if _fanout is None:
        return f"it was not built, or cannot be loaded ({_not_loaded})"
    try:
        return _try_sealing() or _try_sending(segmented=gso_works())
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        return f"its trial failed ({error})"


def _try_sealing() -> str | None:
    for size in (16, 32):
        key, salt, header, payload = bytes(range(size)), bytes(range(12)), b"\x80" * 12, bytes(range(250)) * 5
        ssrc, index = 0x01020304, 0x05060708090A
        nonce = (int.from_bytes(salt, "big") ^ (ssrc << 48 | index)).to_bytes(12, "big")
        expected = header + AESGCM(key).encrypt(nonce, payload, header)
        sealer = _fanout.Sealer(key, salt)
        if sealer.seal(header, payload, ssrc, index) != expected:
            return f"{sealer.library} does not encrypt as it should"
    return None


def _try_sending(*, segmented: bool) -> str | None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outlet,
    ):
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(0.2)
        srtp = GcmSrtp(SrtpKeys("AEAD_AES_128_GCM", bytes(16), bytes(12), bytes(16), bytes(12)))
        packets = [
            PlainPacket(rtp.pack_header(payload_type=96, sequence=n, timestamp=n, ssrc=1), bytes(size), 1, n)
            for n, size in enumerate((100, 100, 50))
        ]
        moved = [(Numbering(index=3, timestamp=7),)]
        fanout = NativeFanout(UdpSender(outlet, Counter(), segmented))
        fanout.deliver(packets, [_Recipient(srtp, Path(receiver.getsockname()))], moved)
        for number, header, payload in renumber(packets, moved[0]):
            expected = srtp.protect(header, payload, number >> 48, number & 0xFFFF)
            if receiver.recv(2000) != expected:
                return "what it sends does not arrive as it should"
    return None
