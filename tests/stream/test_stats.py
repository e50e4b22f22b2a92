"""What the relay tells of itself: publishers' layers, viewers' streams; and it agrees with what peers saw."""

from __future__ import annotations

import asyncio
import re

from stream.stats import _RECEIVED_COUNTERS, _RECEIVED_GAUGES, _SENT_COUNTERS, _SENT_GAUGES
from tests.impairment import Impairment, impaired
from tests.stream import peers
from tests.stream.peers import Relay, until

SAMPLE = re.compile(r"^(\w+)\{(.*)\} (\S+)$", re.MULTILINE)


def samples(text: str) -> dict[tuple[str, frozenset[str]], float]:
    """Return a Prometheus text's samples by name and labels."""
    return {
        (name, frozenset(labels.split(","))): float(value) for name, labels, value in SAMPLE.findall(text)
    }


async def test_what_is_told_agrees_with_what_peers_saw(relay: Relay) -> None:
    lossy = Impairment(loss=0.05, delay=0.02)
    async with peers.talk(relay) as talk, impaired(relay.media, lossy, lossy, 5) as proxy:
        await talk.plan("sp/camera")
        async with talk.publisher(at=proxy.address), talk.viewer(at=proxy.address) as viewer:
            began = asyncio.get_running_loop().time()
            await until(lambda: viewer.seen.frames["video"] > 150, 40)
            told = (await talk.stats())["sessions"][talk.session]
            async with asyncio.timeout(20):  # of some seconds nothing is lost
                while not told["feeds"]["stage"]["viewers"][viewer.transport]["main"]["fraction_lost"]:
                    await asyncio.sleep(0.3)
                    told = (await talk.stats())["sessions"][talk.session]
            watched = asyncio.get_running_loop().time() - began
            raw, expected = viewer.seen.missing("video", repaired=False)
            text = (await talk.http.get("/metrics")).text
            each = (await talk.http.get("/metrics", params={"viewers": "each"})).text
        viewers = frozenset({f'session="{talk.session}"'})
        async with asyncio.timeout(15):
            while (after := samples((await talk.http.get("/metrics")).text))[
                "rostrum_relay_viewers", viewers
            ]:
                await asyncio.sleep(0.1)
        video = told["publications"]["sp/camera"]["tracks"]["video"]
        (layer,) = video["layers"]
        consumer = told["feeds"]["stage"]["viewers"][viewer.transport]["main"]
        network = told["feeds"]["stage"]["networks"][viewer.transport]

    # The publisher's side: aiortc's noise at some frames a second, 5 % of which had to be asked for.
    assert layer["bitrate"] > 50_000
    assert layer["lost"] > 0 and layer["nacked"] >= layer["nacks"] > 0
    assert 0.03 < layer["round_trip"] < 0.3, "20 ms each way and aiortc's own pace"
    assert layer["key_frames"] >= 1

    # The viewer's side: what it missed and what we think it did.
    assert consumer["state"] == "live" and consumer["layer"] == 0
    assert 0.5 * layer["bitrate"] < consumer["bitrate"] < 2 * layer["bitrate"]
    assert 0 < consumer["fraction_lost"] < 0.3
    assert consumer["lost"] > 0
    assert 0.15 * consumer["freezes"] <= consumer["frozen_seconds"] < watched, (
        "a freeze lasts 0.15 s at least"
    )
    assert abs(consumer["packets"] - expected) <= 0.1 * expected + 30
    assert consumer["nacked"] >= consumer["resent"] >= 0.7 * raw > 0
    assert 0.03 < consumer["round_trip"] < 0.3
    assert network["estimate"] > 0 and network["octets"] > consumer["bytes"]

    # Prometheus tells the same: publishers by layer, viewers in sum or one by one.
    place = {f'session="{talk.session}"', 'source="sp/camera"', 'kind="video"', 'rid=""'}
    found = samples(text)
    for name in _RECEIVED_COUNTERS:
        assert found[f"rostrum_relay_received_{name}_total", frozenset(place)] >= layer[name]
    for name in _RECEIVED_GAUGES:
        assert found[f"rostrum_relay_received_{name}", frozenset(place)] > 0
    assert found["rostrum_relay_received_freezes_total", frozenset(place - {'rid=""'})] == video["freezes"]
    slot = {f'session="{talk.session}"', 'feed="stage"', 'slot="main"'}
    for name in _SENT_COUNTERS:
        assert found[f"rostrum_relay_sent_{name}_total", frozenset(slot)] >= consumer[name]
        assert after[f"rostrum_relay_sent_{name}_total", frozenset(slot)] >= consumer[name], "who left counts"
    for name in _SENT_GAUGES:  # of one viewer, each quantile is its own figure
        assert found[f"rostrum_relay_sent_{name}", frozenset({*slot, 'quantile="0.95"'})] > 0
    assert 0.03 < found["rostrum_relay_sent_round_trip", frozenset({*slot, 'quantile="0.95"'})] < 0.3
    assert sum(value for (name, _), value in found.items() if name == "rostrum_relay_showing") >= 1
    own = frozenset({*slot, f'viewer="{viewer.transport}"'})
    assert samples(each)["rostrum_relay_sent_resent_total", own] >= consumer["resent"]
    assert not any(name.startswith("rostrum_relay_sent_") and own <= labels for name, labels in found)
