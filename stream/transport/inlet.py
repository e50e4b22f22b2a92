"""The first step: take what has arrived at the port, in batches, and open what is a connected peer's.

One small interface; this is its plain-Python implementation, which leaves all the reading to who asks. The
native one (`native_inlet`) takes many datagrams in one system call, opens SRTP and SRTCP, and reads the
reports that viewers send most, so that a viewer's message costs Python next to nothing. The law: what a
datagram comes to is the same whichever takes it in; nothing is raised for what arrives.
"""

from __future__ import annotations

import socket
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from stream.transport.fanout import Address, Ancillary, Path
from stream.transport.srtp import MakeOpener, PlainOpener
from stream.transport.transport import PeerTransport

MAX_DATAGRAM: Final = 1500
"""Longest datagram taken, bytes: an Ethernet frame. SRTP packets stay under 1,300."""

BATCH: Final = 64
"""Datagrams taken in one go: what they ask for is sent before more is read, within a few milliseconds."""

ANCILLARY_ROOM: Final = socket.CMSG_SPACE(20)
"""Bytes for what the kernel says of a datagram: our address, IPv6's being the longest (in6_pktinfo)."""

RAW: Final = 0
RTP: Final = 1
RTCP: Final = 2
UNREAD: Final = 3
FAULT: Final = 4

Place: TypeAlias = tuple[PeerTransport, Path]
"""Whose address that is, and the path that it stands for."""


class Raw(NamedTuple):
    """A datagram as it came; longer by one byte than any that is taken, where it is longer."""

    data: bytes
    source: Address
    ancillary: list[Ancillary]


Arrival: TypeAlias = tuple[Place | None, int, Any]
"""Whose datagram, what it is, and what it came to: `Raw`, of nobody, where no keys are known for it; or of a
connected peer, an `RtpPacket`; the packets of an RTCP compound; a compound in the clear that is still to be
read; or the name to count it by, as it was dropped."""


class Inlet(Protocol):
    """What the port needs of any implementation, plain or native."""

    name: str
    make_opener: MakeOpener

    def bind(self, address: Address, place: Place) -> None:
        """Remember whose datagrams come from an address."""

    def unbind(self, address: Address) -> None:
        """Forget an address; one not known is none."""

    def receive(self) -> list[Arrival]:
        """Take what waits, BATCH datagrams at most. Raises OSError."""


class PlainInlet:
    """The inlet in Python: the fallback, and the oracle of any other."""

    name = "plain"
    make_opener: MakeOpener = PlainOpener

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def bind(self, address: Address, place: Place) -> None:
        """See `Inlet.bind`: who asks knows it too."""

    def unbind(self, address: Address) -> None:
        """See `Inlet.unbind`."""

    def receive(self) -> list[Arrival]:
        """See `Inlet.receive`."""
        receive = self._socket.recvmsg
        found: list[Arrival] = []
        for _ in range(BATCH):
            try:
                data, ancillary, _, source = receive(MAX_DATAGRAM + 1, ANCILLARY_ROOM)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                if not found:
                    raise
                break
            found.append((None, RAW, Raw(data, source[:2], ancillary)))
        return found
