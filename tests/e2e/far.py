"""A Rostrum here, and browsers on networks that can be cut: what tests of changing networks start from."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from playwright.async_api import async_playwright

from tests.e2e.conftest import CHROMIUM_ARGUMENTS
from tests.e2e.networks import Networks, networks
from tests.e2e.stage import Stage
from tests.e2e.visitor import Chromium

KEEP_PEERS = """
if (self === top) {
  const Peer = globalThis.RTCPeerConnection;
  globalThis.peers = [];
  globalThis.RTCPeerConnection = class extends Peer {
    constructor(...parameters) {
      super(...parameters);
      peers.push(this);
    }
  };
  globalThis.usedAddress = async () => {
    const pairs = [];
    for (const peer of peers) {
      const report = await peer.getStats();
      report.forEach((stat) => {
        if (stat.type === 'candidate-pair' && stat.nominated)
          pairs.push([stat.bytesSent + stat.bytesReceived, report.get(stat.localCandidateId)]);
      });
    }
    const [, used] = pairs.sort(([a], [b]) => b - a)[0] ?? [];
    return used ? { address: used.address, protocol: used.protocol, type: used.candidateType } : null;
  };
}
"""
"""Keeps a page's own peer connections, and says which local candidate has carried most."""


@dataclass
class FarStage(Stage):
    """A running `rostrum serve` that is reached from another namespace."""

    host: str = "127.0.0.1"
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://{self.host}:{self.http_port}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings of its processes."""
        own = {"ROSTRUM_HTTP_HOST": "0.0.0.0", "ROSTRUM_ANNOUNCE": self.host}
        return super().environment | own | dict(self.settings)

    async def counters(self) -> dict[str, int]:
        """Return what the relay counts by name."""
        headers = {"Authorization": f"Bearer {self.relay_secret}"}
        async with httpx.AsyncClient(trust_env=False, headers=headers) as http:
            found: dict[str, int] = (await http.get(f"{self.relay_url}/stats")).json()["counters"]
            return found


@dataclass
class Far:
    """A stage, the networks that lead to it, and a browser at either end."""

    stage: FarStage
    net: Networks
    here: Chromium
    there: Chromium


@contextlib.asynccontextmanager
async def far(folder: Path, net: Networks | None = None, **settings: str) -> AsyncIterator[Far]:
    """Give all of it for a block; no page may throw what it does not catch."""
    with contextlib.ExitStack() as stack:
        net = net or stack.enter_context(networks())
        stage = FarStage(folder, host=net.here, settings=settings)
        stage.start()
        stack.callback(stage.stop)
        secure = f"--unsafely-treat-insecure-origin-as-secure={stage.url}"
        chromium = Chromium.executable()
        async with async_playwright() as playwright:
            browsers = [
                Chromium(
                    await playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_ARGUMENTS, secure])
                )
                for path in (chromium, net.wrapper(folder, chromium))
            ]
            yield Far(stage, net, *browsers)
            for one in browsers:
                await one.browser.close()
                assert one.errors() == [], json.dumps(one.errors())
