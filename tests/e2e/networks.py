"""Somebody on two networks at once: a network namespace with two ways to this machine.

A router stands between, in a namespace of its own: `here` - router - `wifi` and `mobile` - `there`. What
the router swallows is silent: nobody's link goes down, nobody gets an ICMP message. Each address of
`there` leaves by its own link, as on phones, Windows and macOS. Needs root and `ip`; what is missing is
said by name.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

Way = Literal["wifi", "mobile"]

_NUMBERS: Final[dict[Way, int]] = {"wifi": 1, "mobile": 2}


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"


@dataclass
class Networks:
    """The two namespaces; made by `networks()`."""

    tag: str = field(default_factory=lambda: secrets.token_hex(2))
    net: str = field(default_factory=lambda: f"10.{64 + secrets.randbelow(128)}")

    @property
    def here(self) -> str:
        """Return this machine's address as seen from `there`."""
        return f"{self.net}.0.1"

    def address(self, way: Way) -> str:
        """Return the address that `there` has on a network."""
        return f"{self.net}.{_NUMBERS[way]}.2"

    @property
    def there(self) -> str:
        """Name of the namespace that is on both networks."""
        return f"rt-{self.tag}-there"

    @property
    def _router(self) -> str:
        return f"rt-{self.tag}-router"

    @property
    def _uplink(self) -> str:
        return f"rt{self.tag}up"

    def _there(self, *arguments: str) -> None:
        _run("ip", "-n", self.there, *arguments)

    def _at_router(self, *arguments: str) -> None:
        _run("ip", "-n", self._router, *arguments)

    def make(self) -> None:
        """Set everything up."""
        for name in (self.there, self._router):
            _run("ip", "netns", "add", name)
            _run("ip", "-n", name, "link", "set", "lo", "up")
        # Chromium gives up all requests that wait for a connection when this machine gets or loses an address
        # (ERR_NETWORK_CHANGED), those of tests beside us too. So it gets none: a route makes `here` its own.
        _run("ip", "link", "add", self._uplink, "type", "veth", "peer", "name", "hub", "netns", self._router)
        _run("ip", "link", "set", self._uplink, "addrgenmode", "none")
        _run("ip", "link", "set", self._uplink, "up")
        _run("ip", "route", "add", "local", self.here, "dev", "lo")
        gateway = ("via", f"{self.net}.0.2", "dev", self._uplink, "onlink", "src", self.here)
        _run("ip", "route", "add", f"{self.net}.0.0/16", *gateway)
        self._at_router("address", "add", f"{self.net}.0.2/24", "dev", "hub")
        self._at_router("link", "set", "hub", "up")
        # What comes with the other network's address is dropped, as providers do (RFC 2827): an address whose
        # link is down would else go on sending by the link that is up.
        for setting in ("ip_forward=1", "conf.all.rp_filter=1", "conf.default.rp_filter=1"):
            _run("ip", "netns", "exec", self._router, "sysctl", "-qw", f"net.ipv4.{setting}")
        for way, number in _NUMBERS.items():
            net = f"{self.net}.{number}"
            self._at_router("link", "add", way, "type", "veth", "peer", "name", way, "netns", self.there)
            self._at_router("address", "add", f"{net}.1/24", "dev", way)
            self._at_router("link", "set", way, "up")
            self.plug(way)

    def plug(self, way: Way) -> None:
        """Bring a link up, with its address and routes."""
        number = _NUMBERS[way]
        self._there("address", "add", f"{self.address(way)}/24", "dev", way)
        self._there("link", "set", way, "up")
        gateway = ("default", "via", f"{self.net}.{number}.1", "dev", way)
        self._there("route", "add", *gateway, "metric", str(100 * number))
        self._there("route", "replace", *gateway, "table", str(100 + number))
        self._there("rule", "add", "from", self.address(way), "table", str(100 + number))

    def remove(self) -> None:
        """Take everything away again, whatever of it there is."""
        for name in (self.there, self._router):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        for what in (("link", "del", self._uplink), ("route", "del", "local", self.here, "dev", "lo")):
            subprocess.run(["ip", *what], capture_output=True, check=False)

    def busiest(self) -> Way:
        """Return the network that carries most just now."""

        def carried() -> dict[Way, int]:
            command = ["ip", "-n", self._router, "-j", "-s", "link"]
            links = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
            moved = {
                one["ifname"]: one["stats64"]["rx"]["bytes"] + one["stats64"]["tx"]["bytes"] for one in links
            }
            return {way: moved[way] for way in _NUMBERS}

        before = carried()
        time.sleep(0.5)
        return max(_NUMBERS, key=lambda way: carried()[way] - before[way])

    def unplug(self, way: Way) -> None:
        """Take a link and its address away, as a system does that has lost a network: programs are told."""
        self._there("rule", "del", "from", self.address(way))
        self._there("address", "flush", "dev", way)
        self._there("link", "set", way, "down")

    def prefer(self, way: Way) -> None:
        """Let what is bound to no address, HTTP above all, leave by this network."""
        gateway = ("default", "via", f"{self.net}.{_NUMBERS[way]}.1", "dev", way)
        self._there("route", "add", *gateway, "metric", "10")

    def swallow(self, way: Way) -> None:
        """Let everything on a link vanish, both ways; nobody is told."""
        self._at_router("rule", "add", "iif", way, "blackhole")
        self._at_router("rule", "add", "to", f"{self.address(way)}/32", "blackhole")

    def swallow_udp(self) -> None:
        """Let all UDP vanish, as strict firewalls do."""
        self._at_router("rule", "add", "ipproto", "udp", "blackhole")

    def command(self, *command: str) -> list[str]:
        """Return a command line that runs a command `there`."""
        return ["ip", "netns", "exec", self.there, *command]

    def wrapper(self, folder: Path, executable: str) -> str:
        """Write a program that runs another one `there`, for what takes the name of one file."""
        path = folder / f"{Path(executable).name}-there"
        path.write_text(f'#!/bin/sh\nexec ip netns exec {self.there} {executable} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
        return str(path)


@contextlib.contextmanager
def networks() -> Iterator[Networks]:
    """Give two networks for a block."""
    assert os.geteuid() == 0, "network namespaces need root"
    assert shutil.which("ip"), "`ip` is missing: install iproute2"
    made = Networks()
    try:
        made.make()
        yield made
    finally:
        made.remove()
