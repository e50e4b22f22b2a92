"""Two windows of one speaker, and one whose line only looks dead: who leaves the stage, and who stays."""

from __future__ import annotations

import pytest

from tests.e2e.stage import Stage
from tests.e2e.visitor import PAINTED_CAMERA, Chromium, ChromiumVisitor

pytestmark = pytest.mark.browser

BLIND = """
{
  globalThis.blind = false;
  globalThis.asked = 0;
  const { get } = Object.getOwnPropertyDescriptor(RTCPeerConnection.prototype, 'connectionState');
  Object.defineProperty(RTCPeerConnection.prototype, 'connectionState', {
    get() { return globalThis.blind ? 'failed' : get.call(this); },
  });
  const { fetch } = globalThis;
  globalThis.fetch = (url, init) => {
    if (init?.method === 'POST' && String(url).includes('/whip/')) globalThis.asked++;
    const restart = init?.headers?.['If-Match'] === '"*"';
    return globalThis.blind && restart ? Promise.reject(new TypeError('too slow')) : fetch(url, init);
  };
}
"""
"""A page that can be made to believe its connection failed, and that counts its offers to publish."""

ON_AIR = "document.querySelector('.air')?.dataset.air === 'on'"


async def enter(stage: Stage, chromium: Chromium, session: str) -> ChromiumVisitor:
    """Open a window of the same speaker, and go backstage."""
    link = stage.link("speak", session, "speaker", "Noor Haddad", "noor")
    window = await chromium.visit(link, scripts=[PAINTED_CAMERA, BLIND])
    await window.page.click(".setup-go button:enabled", timeout=20_000)
    return window


@pytest.mark.timeout(150)
async def test_only_who_is_replaced_leaves_the_stage(stage: Stage, chromium: Chromium) -> None:
    session = await stage.new_session()
    speaker = await enter(stage, chromium, session)
    await stage.bring_on(session, "noor")
    await speaker.expect(ON_AIR, 20)
    viewer = await chromium.visit(stage.link("watch", session, "viewer"))
    await viewer.playing(20)

    # All of the speaker's arrives, but the page believes its line dead: it builds another, and stays.
    before = await speaker.evaluate("asked")
    await speaker.evaluate("void (blind = true)")
    await speaker.expect(f"asked > {before}", 30)
    await speaker.evaluate("void (blind = false)")
    await speaker.expect(f"{ON_AIR} && rostrum.media().publications.camera.phase === 'connected'", 20)
    await viewer.playing(20)

    # Another window of the same speaker takes the place: the older one is told, and goes.
    newer = await enter(stage, chromium, session)
    await newer.expect(ON_AIR, 20)
    await speaker.expect("document.querySelector('.air') === null", 30)
    await speaker.expect_text("another", "[role=alert]")
    await newer.expect(ON_AIR)
    await viewer.playing(20)
