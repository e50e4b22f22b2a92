"""The last step, and the hot one: protect a burst for each of its recipients and send it.

One small interface; this is its plain-Python implementation. What it rests on was measured: one system
call per packet is the cost, so packets of one burst to one peer leave as one UDP GSO send (Linux
`UDP_SEGMENT`), equal segments with a shorter last one. The law: recipients of one call get the same
plaintext, but for the numbers that each one's `Numbering` moves on; nothing is held back for a bigger
burst; what the kernel, or a peer's connection, will not take is counted and dropped.
"""

from __future__ import annotations

import errno
import select
import socket
import struct
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from stream.transport.srtp import GCM_TAG, GcmSrtp, Srtp, SrtpError
from stream.wire import rtp, vp8

Address = tuple[str, int]

Ancillary = tuple[int, int, bytes]
"""A control message of sendmsg(2): level, type, data."""


class Stream(Protocol):
    """A TCP connection that carries a peer's datagrams, framed as RFC 4571 says."""

    def send(self, datagram: bytes) -> bool:
        """Frame and queue one datagram; False: dropped, because too much is waiting."""

    @property
    def backlog(self) -> int:
        """Octets that wait to be sent."""


class Path(NamedTuple):
    """Where a peer is, and which of our addresses it talks to.

    A port bound to all addresses must answer from the one that was asked, or the peer's connectivity
    check fails (RFC 8445, section 7.2.5.2.1). `source` is the control message that says so; none is
    needed where the port is bound to one address. With a `stream`, that connection is used and no port.
    """

    address: Address
    source: tuple[Ancillary, ...] = ()
    stream: Stream | None = None


UDP_SEGMENT = 103
"""Socket option of udp(7): the segment size of a generic segmentation offload send."""

_SOL_UDP = 17
MAX_SEGMENTS = 20
"""Packets in one GSO send; the kernel allows 64, browsers were seen to take 20."""

MAX_RUN_BYTES = 65_000
"""Bytes in one GSO send; an IPv4 datagram ends at 65,507."""

MAX_WIRE = 65_507
"""Bytes of the longest protected packet that UDP can carry at all."""

_SEGMENT_SIZE = struct.Struct("=H")
_NO_SEGMENTS = (errno.EINVAL, errno.EMSGSIZE, errno.EIO)
"""What the kernel says where a route's MTU is less than a segment, or its device cannot checksum one."""

_WAIT_WRITABLE = 0.002
"""Seconds to wait, once, for a full socket buffer."""


class Numbering(NamedTuple):
    """What is added to a packet's numbers for one recipient: modulo their width, and it may be negative."""

    index: int = 0  # type: ignore[assignment]  # the field is called that; nobody searches a numbering
    """To the 48-bit SRTP index, whose low 16 bits are the RTP sequence number."""

    timestamp: int = 0
    """To the RTP timestamp, modulo 2^32."""

    picture_id: int = 0
    """To VP8's picture id, modulo 2^15 or 2^7: as wide as it is in the payload."""

    tl0: int = 0
    """To VP8's TL0PICIDX, modulo 2^8."""


class PlainPacket(NamedTuple):
    """One RTP packet to protect. `payload` includes padding; `srtp_index` has 48 bits."""

    header: bytes
    payload: bytes
    ssrc: int
    srtp_index: int
    lane: int = 0
    """Which of a recipient's numberings applies."""

    picture_id_at: int = -1
    """Where in the payload VP8's picture id starts; -1: there is none."""

    tl0_at: int = -1
    """Where in the payload VP8's TL0PICIDX is; -1: there is none."""


class Recipient(Protocol):
    """A peer that is ready for media."""

    @property
    def srtp(self) -> Srtp:
        """Its cryptographic context."""

    @property
    def path(self) -> Path:
        """Where its valid connectivity check came from."""


class Fanout(Protocol):
    """What a relay needs of any implementation, plain or native."""

    name: str

    def deliver(
        self,
        packets: Sequence[PlainPacket],
        recipients: Sequence[Recipient],
        numberings: Sequence[Sequence[Numbering]] | None = None,
    ) -> None:
        """Protect the packets for each recipient, and send them in order.

        `numberings[i][packet.lane]` applies to `recipients[i]`; without any, packets go as they are. What is
        said of the same tuples of recipients and of numberings may be remembered until `forget`.
        Raises ValueError, before anything is sent, where these do not fit one another.
        """

    def send(self, data: bytes, path: Path) -> None:
        """Send one datagram as it is."""

    def forget(self) -> None:
        """Forget what is known of recipients: one of them has another path now, or other keys, or is gone."""


@dataclass(slots=True)
class UdpSender:
    """The sending half of the one port. `counters` says what did not go out, and why."""

    sock: socket.socket
    counters: Counter[str]
    segmented: bool

    def send(self, data: bytes, path: Path) -> None:
        """Send one datagram."""
        self._send((data,), path.source, path.address)

    def send_run(self, wires: Sequence[bytes], path: Path) -> None:
        """Send datagrams of one length, but for a shorter last one, as one GSO send."""
        if len(wires) == 1 or not self.segmented:
            for wire in wires:
                self._send((wire,), path.source, path.address)
            return
        segment = (_SOL_UDP, UDP_SEGMENT, _SEGMENT_SIZE.pack(len(wires[0])))
        if not self._send(wires, (segment, *path.source), path.address):
            for wire in wires:
                self._send((wire,), path.source, path.address)

    def _send(self, wires: Sequence[bytes], ancillary: tuple[Ancillary, ...], address: Address) -> bool:
        """Send and count; False where this route takes the datagrams, but not in segments."""
        packets = len(wires)
        for last in (False, True):
            try:
                self.sock.sendmsg(wires, ancillary, 0, address)
            except BlockingIOError:
                if last:
                    self.counters["send_buffer_full"] += packets
                else:
                    select.select([], [self.sock], [], _WAIT_WRITABLE)
            except OSError as error:
                if packets > 1 and error.errno in _NO_SEGMENTS:
                    self.counters["segments_refused"] += 1
                    return False
                self.counters["send_" + errno.errorcode.get(error.errno or 0, "error").lower()] += packets
                return True
            else:
                self.counters["datagrams_out"] += packets
                return True
        return True


def runs(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Cut packet sizes (bytes) into runs [start, stop) that one GSO send can carry.

    All packets of a run have one size; only its last may be smaller.
    """
    found: list[tuple[int, int]] = []
    start = 0
    while start < len(sizes):
        size, stop, total = sizes[start], start + 1, sizes[start]
        while stop < len(sizes) and stop - start < MAX_SEGMENTS and sizes[stop] <= size:
            if total + sizes[stop] > MAX_RUN_BYTES:
                break
            total += sizes[stop]
            stop += 1
            if sizes[stop - 1] < size:
                break
        found.append((start, stop))
        start = stop
    return found


class Numbered(NamedTuple):
    """One packet as a recipient will see it, in the clear. `number` is SSRC and index, 32 and 48 bits."""

    number: int
    header: bytes
    payload: bytes


_INDEX_MASK = (1 << 48) - 1
_UNCHANGED = Numbering()


def renumber(packets: Sequence[PlainPacket], numberings: Sequence[Numbering] | None) -> list[Numbered]:
    """Apply one recipient's numberings to packets. Raises ValueError where they do not fit the packets."""
    return [
        _renumber(packet, _UNCHANGED if numberings is None else _numbering(numberings, packet.lane))
        for packet in packets
    ]


def _numbering(numberings: Sequence[Numbering], lane: int) -> Numbering:
    if not 0 <= lane < len(numberings):
        raise ValueError(f"a packet has lane {lane}, its recipient {len(numberings)} numberings")
    return numberings[lane]


def _renumber(packet: PlainPacket, numbering: Numbering) -> Numbered:
    header, payload, ssrc, index, _, picture_id_at, tl0_at = packet
    if numbering == _UNCHANGED:
        return Numbered(ssrc << 48 | index, header, payload)
    index = (index + numbering.index) & _INDEX_MASK
    header = rtp.renumber(header, index & 0xFFFF, numbering.timestamp)
    payload = vp8.shift_at(payload, picture_id_at, numbering.picture_id, tl0_at, numbering.tl0)
    return Numbered(ssrc << 48 | index, header, payload)


class _Quick(NamedTuple):
    """Who is served by AES-GCM and UDP: keys and place, as they were read, and which of the numberings."""

    salt: int
    encrypt: Callable[[bytes, bytes, bytes], bytes]
    path: Path
    numbers: int


class _Audience(NamedTuple):
    """Recipients and their numberings, read: `numbers` are the different ones among these."""

    recipients: Sequence[Recipient]
    numberings: Sequence[Sequence[Numbering]] | None
    numbers: list[tuple[Numbering, ...] | None]
    quick: list[_Quick]
    slow: list[tuple[Srtp, Path, int]]


_KEPT = 8
"""Audiences remembered: the groups of a session or two, and who starts."""


class PlainFanout:
    """The fan-out in Python: the fallback, and the oracle of any other."""

    def __init__(self, sender: UdpSender) -> None:
        self._sender = sender
        self._counters = sender.counters
        self._kept: deque[_Audience] = deque(maxlen=_KEPT)
        self.name = "gso" if sender.segmented else "plain"

    def send(self, data: bytes, path: Path) -> None:
        """See `Fanout.send`."""
        if path.stream is None:
            self._sender.send(data, path)
        elif path.stream.send(data):
            self._counters["datagrams_out"] += 1
        else:
            self._counters["stream_full"] += 1

    def forget(self) -> None:
        """See `Fanout.forget`."""
        self._kept.clear()

    def deliver(
        self,
        packets: Sequence[PlainPacket],
        recipients: Sequence[Recipient],
        numberings: Sequence[Sequence[Numbering]] | None = None,
    ) -> None:
        """See `Fanout.deliver`. Recipients whose numberings are equal share the renumbered packets."""
        audience = self._audience(recipients, numberings)
        clear = [renumber(packets, numbers) for numbers in audience.numbers]
        sizes = [len(p.header) + len(p.payload) + GCM_TAG for p in packets]
        if sizes and max(sizes) > MAX_WIRE:
            raise ValueError(f"a packet of {max(sizes)} bytes fits no datagram")
        spans = runs(sizes)
        send_run = self._sender.send_run
        for salt, encrypt, path, numbers in audience.quick:
            wires = [
                header + encrypt((salt ^ number).to_bytes(12, "big"), payload, header)
                for number, header, payload in clear[numbers]
            ]
            for start, stop in spans:
                send_run(wires[start:stop], path)
        for srtp, path, numbers in audience.slow:
            self.deliver_slowly(clear[numbers], srtp, path)
        self._counters["deliveries"] += len(packets) * len(recipients)

    def _audience(
        self, recipients: Sequence[Recipient], numberings: Sequence[Sequence[Numbering]] | None
    ) -> _Audience:
        """Read recipients and numberings, or remember what was read of these tuples."""
        for kept in self._kept:
            if kept.recipients is recipients and kept.numberings is numberings:
                return kept
        if numberings is not None and len(numberings) != len(recipients):
            raise ValueError(f"{len(numberings)} numberings for {len(recipients)} recipients")
        places: dict[tuple[Numbering, ...] | None, int] = {}
        read = _Audience(recipients, numberings, [], [], [])
        for place, recipient in enumerate(recipients):
            key = None if numberings is None else tuple(numberings[place])
            number = places.setdefault(key, len(places))
            srtp, path = recipient.srtp, recipient.path
            if type(srtp) is GcmSrtp and path.stream is None:
                read.quick.append(_Quick(srtp.salt, srtp.encrypt, path, number))
            else:
                read.slow.append((srtp, path, number))
        read.numbers.extend(places)
        if type(recipients) is tuple and (numberings is None or _fixed(numberings)):
            self._kept.append(read)
        return read

    def deliver_slowly(self, packets: Sequence[Numbered], srtp: Srtp, path: Path) -> None:
        """Protect and send one by one: for ciphers other than AES-GCM, and for connections."""
        for number, header, payload in packets:
            try:
                self.send(srtp.protect(header, payload, number >> 48, number & _INDEX_MASK), path)
            except SrtpError as error:
                self._counters[f"protect_{error.reason}"] += 1


def _fixed(numberings: Sequence[Sequence[Numbering]]) -> bool:
    """Tell whether these cannot change."""
    return type(numberings) is tuple and all(type(row) is tuple for row in numberings)


def gso_works() -> bool:
    """Try a segmented send on loopback and tell whether its pieces arrive as datagrams of their own."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(0.2)
        ancillary = [(_SOL_UDP, UDP_SEGMENT, _SEGMENT_SIZE.pack(4))]
        try:
            sender.sendmsg([b"abcd", b"efgh", b"ij"], ancillary, 0, receiver.getsockname())
            return [receiver.recv(64) for _ in range(3)] == [b"abcd", b"efgh", b"ij"]
        except OSError:
            return False
