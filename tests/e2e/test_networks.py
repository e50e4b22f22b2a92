"""People who change networks, or whose network lets no UDP through, and do nothing about it."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Literal

import pytest

from tests.e2e.far import KEEP_PEERS, Far, far
from tests.e2e.visitor import PAINTED_CAMERA, Visitor

pytestmark = [
    pytest.mark.browser,
    pytest.mark.fault,
    pytest.mark.timeout(240),
]

IN_THE_BENCH = partial(pytest.param, marks=pytest.mark.benchmark)
"""Tried by `make bench`: in every run somebody else, or a harder end, stands for it."""

Cut = Literal["unplugged", "swallowed", "swallowed with HTTP", "roamed"]
"""How a network ends: its link goes down while another is up; it swallows everything; the same, and it
is the one that HTTP takes; it goes down and the other one comes up at that moment."""

MOVED_MS = 3000
"""Longest time without a picture when a network ends (faults.md, row 11)."""

BY_THE_BROWSER_MS = 5500
"""The same where HTTP is cut off too: nothing can be asked for, and Chromium's own ICE needs some 3.6 s."""

STEADY_GAP_MS = 1000
"""Longest time without a new frame that counts as `the picture goes on`, on a machine that is busy."""

FIRST_FRAME_S = 5.0
"""Longest time to a picture where no UDP gets through (faults.md, row 12)."""


async def speaking(far: Far, session: str) -> Visitor:
    """Let somebody speak from there."""
    link = far.stage.link("speak", session, "speaker", sub="speaker-1")
    speaker = await far.there.visit(link, scripts=[PAINTED_CAMERA, KEEP_PEERS])
    await speaker.click(".setup-go button:enabled")
    await far.stage.bring_on(session, "speaker-1")
    return speaker


async def cut(far: Far, how: Cut, watcher: Visitor) -> float:
    """End the network that media takes, and return the longest gap in the watcher's picture, ms."""
    way = await asyncio.to_thread(far.net.busiest)
    if how == "swallowed with HTTP":
        far.net.prefer(way)
    await asyncio.sleep(1)
    watching = asyncio.create_task(watcher.watch(12.0))
    await asyncio.sleep(2)
    if how.startswith("swallowed"):
        far.net.swallow(way)
    else:
        far.net.unplug(way)
    if how == "roamed":
        far.net.plug("mobile")
    gap = float((await watching)["gap"])
    print(f"{how} ({way}): longest gap {gap:.0f} ms; {await far.stage.counters()}")
    return gap


@pytest.mark.parametrize(
    "how", [*map(IN_THE_BENCH, ("unplugged", "swallowed")), "swallowed with HTTP", "roamed"]
)
async def test_a_speaker_changes_networks(tmp_path: Path, how: Cut) -> None:
    async with far(tmp_path) as place:
        if how == "roamed":
            place.net.unplug("mobile")
        session = await place.stage.new_session()
        speaker = await speaking(place, session)
        viewer = await place.here.visit(place.stage.link("watch", session, "viewer"))
        await viewer.playing()
        gap = await cut(place, how, viewer)
        assert gap < (BY_THE_BROWSER_MS if how == "swallowed with HTTP" else MOVED_MS)
        await viewer.playing()
        await speaker.expect("document.querySelector('.air')?.dataset.air === 'on'")


@pytest.mark.parametrize("how", ["unplugged", IN_THE_BENCH("swallowed"), IN_THE_BENCH("roamed")])
async def test_a_viewer_changes_networks(tmp_path: Path, how: Cut) -> None:
    async with far(tmp_path) as place:
        if how == "roamed":
            place.net.unplug("mobile")
        session = await place.stage.new_session()
        async with place.stage.speaker(session):
            link = place.stage.link("watch", session, "viewer")
            viewer = await place.there.visit(link, scripts=[KEEP_PEERS])
            await viewer.playing()
            gap = await cut(place, how, viewer)
            assert gap < BY_THE_BROWSER_MS
            await viewer.playing()


async def test_where_no_udp_gets_through_tcp_brings_a_picture_both_ways(tmp_path: Path) -> None:
    async with far(tmp_path) as place:
        place.net.swallow_udp()
        session = await place.stage.new_session()
        speaker = await speaking(place, session)
        link = place.stage.link("watch", session, "viewer")
        near = await place.here.visit(link)
        published = await near.playing()
        viewer = await place.there.visit(link, scripts=[KEEP_PEERS])
        played = await viewer.playing()
        counters = await place.stage.counters()
        print(f"no UDP: published {published:.1f} s, played {played:.1f} s after the visit; {counters}")
        assert played < FIRST_FRAME_S
        for page in (speaker, viewer):
            assert (await page.evaluate("usedAddress()"))["protocol"] == "tcp"
        assert (await viewer.watch(4.0))["gap"] < 1500, "and it goes on"
        assert counters.get("tcp_media_dropped", 0) == 0


RESTART = """
(async () => {
  const { fragmentOf, restarted } = await import('/shared/media/ice.js');
  const [peer] = peers.filter((one) => one.getSenders().some((sender) => sender.track));
  const { url, authorization } = globalThis.posted;
  const ufrags = () => [peer.currentLocalDescription, peer.currentRemoteDescription].map(
    ({ sdp }) => /a=ice-ufrag:(.*)/.exec(sdp)[1]);
  const before = ufrags();
  const answer = peer.currentRemoteDescription.sdp;
  peer.restartIce();
  await peer.setLocalDescription();
  const response = await fetch(url, {
    method: 'PATCH',
    headers: {
      'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '"*"', Authorization: authorization },
    body: fragmentOf(peer.localDescription.sdp),
  });
  const sdp = restarted(answer, await response.text());
  await peer.setRemoteDescription({ type: 'answer', sdp });
  return { status: response.status, etag: response.headers.get('ETag'), before, after: ufrags() };
})()
"""

NOTE_POSTS = """
if (self === top) {
  const fetch = globalThis.fetch;
  globalThis.fetch = async (url, options) => {
    const response = await fetch(url, options);
    if (response.status === 201 && String(url).includes('/whip/'))
      globalThis.posted = {
        url: new URL(response.headers.get('Location'), response.url).href,
        authorization: options.headers.Authorization,
      };
    return response;
  };
}
"""


@pytest.mark.alone
async def test_a_browser_restarts_ice_by_patch_without_a_gap(tmp_path: Path) -> None:
    async with far(tmp_path) as place:
        session = await place.stage.new_session()
        link = place.stage.link("speak", session, "speaker", sub="speaker-1")
        speaker = await place.there.visit(link, scripts=[PAINTED_CAMERA, KEEP_PEERS, NOTE_POSTS])
        await speaker.click(".setup-go button:enabled")
        await place.stage.bring_on(session, "speaker-1")
        viewer = await place.here.visit(place.stage.link("watch", session, "viewer"))
        await viewer.playing()
        watching = asyncio.create_task(viewer.watch(10.0))
        await asyncio.sleep(1)
        done = await speaker.evaluate(RESTART)
        gap = (await watching)["gap"]
        print(f"ICE restarted by PATCH: longest gap {gap:.0f} ms; {json.dumps(done)}")
        assert done["status"] == 200 and done["etag"]
        assert not set(done["before"]) & set(done["after"])
        assert gap < STEADY_GAP_MS
        # The new generation carries it: what was sent under the former credentials is over by now.
        assert (
            await speaker.evaluate("peers.filter((one) => one.connectionState === 'connected').length") >= 1
        )
        assert (await place.stage.counters()).get("stun_unauthentic", 0) == 0
