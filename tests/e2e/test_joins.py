"""A joiner has a picture at once, whenever they come."""

from __future__ import annotations

import math

import pytest

from tests.e2e.stage import Stage
from tests.e2e.visitor import Chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.alone]

JOINS = 20
MAX_P95_MS = 1000

FIRST_FRAME = """
{
  const Peer = globalThis.RTCPeerConnection;
  let offered = null;
  globalThis.RTCPeerConnection = class extends Peer {
    constructor(...parameters) {
      super(...parameters);
      offered ??= performance.now();
    }
  };
  globalThis.firstFrame = new Promise((done) => {
    const look = () => {
      const video = document.querySelector('[data-slot=main] video');
      if (!video) return void setTimeout(look, 1);
      video.requestVideoFrameCallback((now) => done({ afterOffer: now - offered, afterOpening: now }));
    };
    look();
  });
}
"""
"""Tells when the first frame is shown: ms after the connection was begun, and after the page was opened."""


def percentile(values: list[float], share: float) -> float:
    """Return the smallest value that this share of all does not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


@pytest.mark.timeout(240)
async def test_the_first_frame_comes_within_a_second(stage: Stage, chromium: Chromium) -> None:
    session = await stage.new_session()
    after_offer, after_opening = [], []
    async with stage.speaker(session):
        for _ in range(JOINS):
            viewer = await chromium.visit(stage.link("watch", session, "viewer"), scripts=[FIRST_FRAME])
            seen = await viewer.evaluate("firstFrame")
            after_offer.append(float(seen["afterOffer"]))
            after_opening.append(float(seen["afterOpening"]))
            await viewer.page.context.close()
    for name, values in (("offer", after_offer), ("opening the page", after_opening)):
        shown = (
            f"p50 {percentile(values, 0.5):.0f}, p95 {percentile(values, 0.95):.0f}, max {max(values):.0f}"
        )
        print(f"first frame after {name}, ms: {shown}")
    assert percentile(after_offer, 0.95) <= MAX_P95_MS
