"""What a delivery costs in each fan-out, on loopback: CPU of this process, one run, by turns."""

from __future__ import annotations

import os
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import pytest

from stream.native import _fanout
from stream.transport.fanout import Fanout, Numbering, Path, PlainFanout, PlainPacket, UdpSender, gso_works
from stream.transport.native_fanout import NativeFanout
from stream.transport.srtp import GcmSrtp, SrtpKeys
from stream.wire import rtp

RECIPIENTS, BURST, SIZE = 100, 7, 1150
ROUNDS, REPEATS = 9, 20


@dataclass
class _Recipient:
    srtp: GcmSrtp
    path: Path


def _reader() -> tuple[int, list[int]]:
    """Start a process that reads and forgets what comes on some ports; return its id and the ports."""
    socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(10)]
    for sock in socks:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        sock.bind(("127.0.0.1", 0))
    child = os.fork()
    if child == 0:
        try:
            for sock in socks:
                sock.setblocking(False)
            while os.getppid() != 1:
                for sock in socks:
                    try:
                        while sock.recv(2000):
                            pass
                    except BlockingIOError:
                        pass
                time.sleep(0.002)
        finally:
            os._exit(0)
    ports = [sock.getsockname()[1] for sock in socks]
    for sock in socks:
        sock.close()
    return child, ports


@pytest.mark.benchmark
def test_cost_of_a_delivery() -> None:
    """Bursts of 7 packets of 1,150 bytes to 100 recipients, each with numbers of its own."""
    child, ports = _reader()
    outlet = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    outlet.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
    outlet.setblocking(False)

    def fanout(kind: Callable[[UdpSender], Fanout], segmented: bool) -> Callable[[], Fanout]:
        return lambda: kind(UdpSender(outlet, Counter(), segmented))

    ways: dict[str, tuple[Fanout, str | None]] = {
        "plain": (fanout(PlainFanout, False)(), None),
        "gso": (fanout(PlainFanout, gso_works())(), None),
    }
    for library in ("openssl", *(["ipsec-mb"] if _fanout.why_no_ipsec_mb() is None else [])):
        ways[f"native, unsegmented, {library}"] = (fanout(NativeFanout, False)(), library)
        ways[f"native, {library}"] = (fanout(NativeFanout, gso_works())(), library)
    counters = {name: way._counters for name, (way, _) in ways.items()}  # type: ignore[attr-defined]
    costs: dict[str, list[float]] = {name: [] for name in ways}
    recipients = [
        _Recipient(
            GcmSrtp(SrtpKeys("AEAD_AES_128_GCM", bytes([n]) * 16, bytes(12), bytes(16), bytes(12))),
            Path(("127.0.0.1", ports[n % len(ports)])),
        )
        for n in range(RECIPIENTS)
    ]
    numberings = [(Numbering(n, n, n, n),) for n in range(RECIPIENTS)]
    burst = [
        PlainPacket(
            rtp.pack_header(payload_type=96, sequence=n, timestamp=0, ssrc=1),
            b"\x90\xe0\x80\x00\x00" + bytes(SIZE - 5),
            1,
            n,
            0,
            2,
            4,
        )
        for n in range(BURST)
    ]
    try:
        for _ in range(ROUNDS):
            for name, (way, wanted) in ways.items():
                for recipient in recipients:
                    srtp = recipient.srtp
                    srtp.sealer = wanted and _fanout.Sealer(srtp.key, srtp.salt.to_bytes(12, "big"), wanted)
                way.deliver(burst, recipients, numberings)
                spent = 0.0
                for _ in range(REPEATS):
                    before = time.process_time()
                    way.deliver(burst, recipients, numberings)
                    spent += time.process_time() - before
                    time.sleep(0.005)
                costs[name].append(spent / (REPEATS * RECIPIENTS * BURST) * 1e6)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        outlet.close()
    base = median(costs["gso"])
    print(f"\nµs of CPU per delivery, {BURST} packets of {SIZE} bytes to {RECIPIENTS} recipients:")
    for name, found in costs.items():
        share = median(found) / base
        print(f"  {name:32} {median(found):6.2f}  ({min(found):.2f} to {max(found):.2f}), {share:.0%}")
    for each in counters.values():
        assert each["datagrams_out"] == each["deliveries"] == RECIPIENTS * BURST * ROUNDS * (REPEATS + 1)
