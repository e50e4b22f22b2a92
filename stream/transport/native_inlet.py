"""The inlet in C, as Python sees it: the same rules as the plain one, one call a batch.

Owns the bridge to `stream/native/inlet.c` and the proof that it works on this machine. The law: what it
opens and reads is what Python would; what it does not know it hands on as it came. Importing this module
never fails.
"""

from __future__ import annotations

import functools
import socket
from typing import TYPE_CHECKING

from stream.transport.fanout import Address
from stream.transport.inlet import Arrival, Place
from stream.transport.srtp import GcmSrtp, MakeOpener, SrtpKeys
from stream.wire import rtcp, rtp

_not_loaded = ""
if TYPE_CHECKING:
    from stream.native import _fanout
else:
    try:
        from stream.native import _fanout
    except ImportError as error:
        _fanout, _not_loaded = None, str(error)


class NativeInlet:
    """See `stream.transport.inlet.Inlet`. To be made where `native_inlet_fault` returns None."""

    name = "native"

    def __init__(self, sock: socket.socket) -> None:
        self.make_opener: MakeOpener = _fanout.Opener
        self._number = sock.fileno()
        self._native = _fanout.Inlet(
            sock.family, rtp.RtpPacket, rtcp.ReportBlock, rtcp.ReceiverReport, rtcp.TransportFeedback
        )

    def bind(self, address: Address, place: Place) -> None:
        """See `Inlet.bind`."""
        self._native.bind(*address, place)

    def unbind(self, address: Address) -> None:
        """See `Inlet.unbind`."""
        self._native.unbind(*address)

    def receive(self) -> list[Arrival]:
        """See `Inlet.receive`."""
        return self._native.receive(self._number)

    def read(self, data: bytes) -> list[rtcp.Packet] | str | None:
        """Read a compound as `rtcp.parse` does: packets, or the reason for refusal; None: not for here."""
        return self._native.read(data)


@functools.cache
def native_inlet_fault() -> str | None:
    """Try the native inlet: open and read what Python has written. Return why it cannot be used, or None."""
    if _fanout is None:
        return f"it was not built, or cannot be loaded ({_not_loaded})"
    if not hasattr(_fanout, "Inlet"):
        return "it was built from older sources"
    try:
        return _try_opening() or _try_reading()
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        return f"its trial failed ({error})"


def _try_opening() -> str | None:
    for profile, size in (("AEAD_AES_128_GCM", 16), ("AEAD_AES_256_GCM", 32)):
        key, salt = bytes(range(size)), bytes(range(12))
        srtp = GcmSrtp(SrtpKeys(profile, key, salt, key, salt), _fanout.Opener)
        header, payload = b"\x80\x60\0\7" + bytes(8), bytes(range(250)) * 4
        report = rtcp.pack_receiver_report(1)
        for wire, opened in (
            (srtp.protect(header, payload, 0, 7), payload),
            (srtp.protect_rtcp(report), report),
        ):
            spoilt = wire[:-5] + bytes((wire[-5] ^ 1,)) + wire[-4:]
            for data, expected in ((spoilt, "unauthentic"), (wire, opened), (wire, "replayed")):
                found = srtp.opener.open_rtcp(data) if opened is report else srtp.opener.open(data, 12)
                if found != expected:
                    return "it does not open packets as it should"
    return None


def _try_reading() -> str | None:
    block = rtcp.ReportBlock(7, 3, -2, 70_000, 9, 10, 11)
    arrivals = [(1, 64_000), (2, 65_000), (5, 64_250), (9, 400_000)]
    compound = rtcp.pack_receiver_report(1, [block]) + b"".join(
        rtcp.pack_transport_feedback(1, 2, 3, arrivals)
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        if NativeInlet(sock).read(compound) != rtcp.parse(compound):
            return "it does not read reports as it should"
    return None
