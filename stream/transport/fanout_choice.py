"""Which fan-out this machine runs, and which inlet: the native ones where they work, else the plain ones.

The law: `auto` always finds one; a setting that insists fails with one sentence that says why.
"""

from __future__ import annotations

import socket
from collections import Counter
from typing import Literal

from stream.settings import Fanout as Setting
from stream.transport.fanout import Fanout, PlainFanout, UdpSender, gso_works
from stream.transport.inlet import Inlet, PlainInlet
from stream.transport.native_fanout import NativeFanout, native_fault
from stream.transport.native_inlet import NativeInlet, native_inlet_fault

FanoutName = Literal["native", "gso", "plain"]


def choose_fanout(setting: Setting) -> FanoutName:
    """Return which fan-out this machine runs under the setting `ROSTRUM_FANOUT`.

    Raises OSError where one is demanded that does not work here.
    """
    if setting == "plain":
        return "plain"
    if setting in ("auto", "native"):
        fault = native_fault()
        if fault is None:
            return "native"
        if setting == "native":
            raise OSError(f"ROSTRUM_FANOUT=native, but the native fan-out cannot be used: {fault}.")
    if gso_works():
        return "gso"
    if setting == "gso":
        raise OSError("ROSTRUM_FANOUT=gso, but this kernel does not segment UDP (Linux 4.18 or newer does).")
    return "plain"


def make_fanout(setting: Setting, sock: socket.socket, counters: Counter[str]) -> Fanout:
    """Return the fan-out for a bound, non-blocking UDP socket. Raises OSError, see `choose_fanout`."""
    chosen = choose_fanout(setting)
    if chosen == "native":
        return NativeFanout(UdpSender(sock, counters, segmented=gso_works()))
    return PlainFanout(UdpSender(sock, counters, segmented=chosen == "gso"))


def make_inlet(fanout: str, sock: socket.socket) -> Inlet:
    """Return the inlet for a bound, non-blocking UDP socket: native where the fan-out is, and it works."""
    if fanout == "native" and native_inlet_fault() is None:
        return NativeInlet(sock)
    return PlainInlet(sock)
