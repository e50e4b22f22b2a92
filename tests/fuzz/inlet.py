"""The native inlet's door: each datagram comes in by a socket, and must come to what Python makes of it."""

from __future__ import annotations

import socket
from typing import Any

from stream.transport.fanout import Path
from stream.transport.inlet import FAULT, MAX_DATAGRAM, RAW, UNREAD
from stream.transport.native_inlet import NativeInlet
from stream.transport.srtp import GcmSrtp, MakeOpener, Opener, PlainOpener, SrtpError, SrtpKeys
from stream.wire import rtcp, rtp

_WAIT = 5.0
"""Seconds that loopback may take for one datagram."""


class InletDoor:
    """An inlet on loopback, and a peer whose keys have seen nothing: no input is a replay of another."""

    def __init__(self, keys: SrtpKeys) -> None:
        self._keys = keys
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._peer.connect(self._socket.getsockname())
        self._socket.settimeout(_WAIT)
        self._inlet = NativeInlet(self._socket)
        owner: Any = self
        self._place = (owner, Path(self._peer.getsockname()))
        self._inlet.bind(self._peer.getsockname(), self._place)
        self.opener: Opener = PlainOpener(bytes(16), bytes(12), bytes(16), bytes(12))
        """Of the peer: the inlet asks for it at each datagram."""

    def _fresh(self, make_opener: MakeOpener) -> GcmSrtp:
        return GcmSrtp(self._keys, make_opener)

    def _expected(self, data: bytes) -> object:
        """Read a datagram in Python; a name in place of a packet where it is to be refused."""
        if not data or len(data) > MAX_DATAGRAM or not 128 <= data[0] < 192:
            return None
        srtp = self._fresh(PlainOpener)
        if rtcp.is_rtcp(data):
            try:
                return rtcp.parse(srtp.unprotect_rtcp(data))
            except (rtcp.RtcpError, SrtpError) as error:
                return f"rtcp_{error.reason}"
        try:
            length = rtp.header_length(data)
            packet = rtp.parse_header(data, length)
            packet.payload = rtp.strip_padding(data[0], srtp.unprotect(data, length))
        except (rtp.RtpError, SrtpError) as error:
            return f"rtp_{error.reason}"
        return packet

    def receive(self, data: bytes) -> object:
        """Send a datagram, take it in, and compare. Raises RtpError where both refuse it, by its name."""
        data = data[:60_000]
        self.opener = self._fresh(self._inlet.make_opener).opener
        self._peer.send(data)
        self._socket.recv(1, socket.MSG_PEEK)
        ((place, kind, value),) = self._inlet.receive()
        expected = self._expected(data)
        if expected is None:
            assert (place, kind) == (None, RAW)
            assert value[:2] == (data[: MAX_DATAGRAM + 1], self._peer.getsockname())
            raise rtp.RtpError("not_for_srtp")
        assert place == self._place
        if kind == UNREAD:
            try:
                value = rtcp.parse(value)
            except rtcp.RtcpError as error:
                kind, value = FAULT, f"rtcp_{error.reason}"
        assert value == expected, f"{value} instead of {expected}"
        if kind == FAULT:
            raise rtp.RtpError(str(value))
        return value
