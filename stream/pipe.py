"""What the processes of one relay say to each other: a publication's packets down, wishes and figures up.

The relay's first process receives every publisher; each of its viewer workers is told of the plans and the
publications, and gets a copy of every packet as it was decrypted. Pure: bytes to values and back. Two lanes:
**media** (RTP packets and sender reports, many to a message, may be dropped) and **control** (values of this
module, never dropped). The law: both ends are of one version, for one starts the other; bytes that do not
fit are a defect, and end the pipe. It must not know what a socket is.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

import msgspec

from stream.agreement import AgreedMedia
from stream.plan import Answer, Source, StagePlan, ViewRequest
from stream.wire.rtcp import SenderReport
from stream.wire.rtp import RtpPacket


class PipeError(ValueError):
    """These bytes are nothing the other end says."""


# -- media -------------------------------------------------------------------------------------------

_RTP: Final = 0
_REPORT: Final = 1

_record = struct.Struct("!BI")
_rtp = struct.Struct("!BHIIHH")
_report = struct.Struct("!IQIII")


class Mirrored(NamedTuple):
    """One thing a publisher sent. `publisher` is its number on this pipe."""

    publisher: int
    packet: RtpPacket | SenderReport


def pack_rtp(publisher: int, packet: RtpPacket, left_out: frozenset[int]) -> bytes:
    """Write one RTP packet, without the header extensions of these ids."""
    extensions = b"".join(
        bytes((identifier, len(value))) + value
        for identifier, value in packet.extensions.items()
        if identifier not in left_out
    )
    return (
        _record.pack(_RTP, publisher)
        + _rtp.pack(
            packet.payload_type | packet.marker << 7,
            packet.sequence,
            packet.timestamp,
            packet.ssrc,
            len(extensions),
            len(packet.payload),
        )
        + extensions
        + packet.payload
    )


def pack_report(publisher: int, report: SenderReport) -> bytes:
    """Write one sender report, without its report blocks."""
    return _record.pack(_REPORT, publisher) + _report.pack(*report[:5])


def unpack_media(data: bytes) -> Iterator[Mirrored]:
    """Read the records of a media message. Raises PipeError."""
    position = 0
    try:
        while position < len(data):
            kind, publisher = _record.unpack_from(data, position)
            position += _record.size
            if kind == _RTP:
                packet, position = _unpack_rtp(data, position)
                yield Mirrored(publisher, packet)
            elif kind == _REPORT:
                ssrc, ntp, timestamp, packets, octets = _report.unpack_from(data, position)
                yield Mirrored(publisher, SenderReport(ssrc, ntp, timestamp, packets, octets, ()))
                position += _report.size
            else:
                raise PipeError(f"a record of kind {kind}")
    except (struct.error, IndexError) as error:
        raise PipeError(f"a record that is cut short ({error})") from None


def _unpack_rtp(data: bytes, position: int) -> tuple[RtpPacket, int]:
    second, sequence, timestamp, ssrc, extended, size = _rtp.unpack_from(data, position)
    position += _rtp.size
    if len(data) < position + extended + size:
        raise PipeError("a packet that is cut short")
    packet = RtpPacket(second & 0x7F, sequence, timestamp, ssrc, bool(second & 0x80))
    end = position + extended
    while position < end:
        identifier, length = data[position], data[position + 1]
        position += 2
        packet.extensions[identifier] = data[position : position + length]
        position += length
    if position != end:
        raise PipeError("extensions longer than they say")
    packet.payload = data[position : position + size]
    return packet, position + size


# -- control, down -----------------------------------------------------------------------------------


class _Message(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """A message is its name and its fields, in this order."""


class Published(_Message, frozen=True):
    """A publisher has connected; its packets follow under `publisher`.

    `met` are the streams met so far with the header extensions that told whose they are: a browser says
    so in its first packets only, which a worker that came later has not seen.
    """

    publisher: int
    session: str
    peer: str
    participant: str
    source: Source
    media: tuple[AgreedMedia, ...]
    met: Mapping[int, Mapping[int, bytes]]


class Left(_Message, frozen=True):
    """A publisher is gone."""

    publisher: int


class Planned(_Message, frozen=True):
    """A plan is in force."""

    session: str
    plan: StagePlan


class SessionEnded(_Message, frozen=True):
    """A session is over, for all who are in it."""

    session: str


class ParticipantClosed(_Message, frozen=True):
    """Somebody was ejected, or left: everything of theirs ends."""

    session: str
    participant: str


class Drain(_Message, frozen=True):
    """Say goodbye to the viewers, and end."""


class View(_Message, frozen=True):
    """Answer a WHEP offer; the reply is an Answer."""

    session: str
    request: ViewRequest


class Patch(_Message, frozen=True):
    """Trickle, or restart ICE, as HTTP asked for it; the reply is a Restarted, or nothing."""

    transport: str
    match: str | None
    fragment: str


class Close(_Message, frozen=True):
    """End a transport; the reply says nothing."""

    transport: str


class TellStats(_Message, frozen=True):
    """Reply with the process's snapshot as JSON."""


class TellMetrics(_Message, frozen=True):
    """Reply with the process's metrics as Prometheus text; `each`: of every viewer, not in sum."""

    each: bool = False


Question: TypeAlias = View | Patch | Close | TellStats | TellMetrics


class Ask(_Message, frozen=True):
    """A question, to be replied to under its number."""

    number: int
    question: Question


Down: TypeAlias = Published | Left | Planned | SessionEnded | ParticipantClosed | Drain | Ask


# -- control, up -------------------------------------------------------------------------------------


class Ready(_Message, frozen=True):
    """The worker has its port, and can be asked."""


class Failed(_Message, frozen=True):
    """The worker cannot start; one sentence says why."""

    sentence: str


class KeyFrameWanted(_Message, frozen=True):
    """Somebody at the worker waits for a key frame of this stream."""

    publisher: int
    ssrc: int


class Report(_Message, frozen=True):
    """How many are at the worker: viewers by session. Sent all the time, for silence is a sign."""

    viewers: Mapping[str, int]
    transports: int


class Restarted(_Message, frozen=True):
    """ICE was restarted: the new ETag, and the SDP fragment with our new credentials."""

    etag: str
    fragment: str


class Text(_Message, frozen=True):
    """A long text, as bytes."""

    data: bytes


class Given(_Message, frozen=True):
    """An Answer to a View."""

    answer: Answer


class Refused(_Message, frozen=True):
    """A RelayError, to be raised where the question came from."""

    code: str
    detail: str
    status: int
    retry_after: int | None


class Nothing(_Message, frozen=True):
    """It is done; there is nothing to say."""


Outcome: TypeAlias = Given | Restarted | Text | Refused | Nothing


class Reply(_Message, frozen=True):
    """What became of a question. `transports` is how many the worker has now."""

    number: int
    outcome: Outcome
    transports: int


Up: TypeAlias = Ready | Failed | KeyFrameWanted | Report | Reply

_encoder = msgspec.msgpack.Encoder()
_down: msgspec.msgpack.Decoder[Down] = msgspec.msgpack.Decoder(Down)
_up: msgspec.msgpack.Decoder[Up] = msgspec.msgpack.Decoder(Up)


def pack(message: Down | Up) -> bytes:
    """Write a control message."""
    return _encoder.encode(message)


def unpack_down(data: bytes) -> Down:
    """Read what a worker is told. Raises PipeError."""
    try:
        return _down.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PipeError(str(error)) from None


def unpack_up(data: bytes) -> Up:
    """Read what a worker says. Raises PipeError."""
    try:
        return _up.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PipeError(str(error)) from None


# -- frames ------------------------------------------------------------------------------------------

MEDIA: Final = b"M"
LAST: Final = b"C"
MORE: Final = b"+"

MAX_FRAME: Final = 48 * 1024
"""Longest frame, bytes: one datagram of the pipe. Control messages that are longer go in several."""


def control_frames(message: bytes) -> Iterator[bytes]:
    """Cut a control message into frames."""
    while len(message) >= MAX_FRAME:
        yield MORE + message[: MAX_FRAME - 1]
        message = message[MAX_FRAME - 1 :]
    yield LAST + message


def media_frames(records: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """Put media records into frames; each comes with how many records it holds."""
    frame: list[bytes] = [MEDIA]
    size = len(MEDIA)
    for record in records:
        if size + len(record) > MAX_FRAME and len(frame) > 1:
            yield b"".join(frame), len(frame) - 1
            frame, size = [MEDIA], len(MEDIA)
        frame.append(record)
        size += len(record)
    if len(frame) > 1:
        yield b"".join(frame), len(frame) - 1
