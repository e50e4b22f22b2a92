"""Watching and telling relays: a real relay process, killed, stopped and started again."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter

import httpx
import msgspec
import pytest

from signaling.errors import RelayUnavailable
from signaling.protocol import MediaState
from signaling.relays import Relays, Reply, choose, reconnect_delay
from stream.plan import Feed, StagePlan, ViewRequest
from tests.signaling.processes import free_port, until
from tests.signaling.relay_process import SECRET, RelayProcess

UP = MediaState(relay=True, publications=())
DOWN = MediaState(relay=False, publications=())


def plan(seq: int, *, epoch: int = 1) -> StagePlan:
    return StagePlan(epoch, seq, {"stage": Feed(main=("sp-1/camera",))})


class Sessions:
    """The plans of a worker's sessions, and what it was told of their media."""

    def __init__(self, *sessions: str) -> None:
        self.plans: dict[str, StagePlan | None] = {session: plan(1) for session in sessions}
        self.heard: list[tuple[str, MediaState]] = []

    def relays(self, *urls: str, secret: str = SECRET) -> Relays:
        return Relays(urls, secret, lambda: self.plans, self._hear)

    async def _hear(self, session: str, media: MediaState) -> None:
        self.heard.append((session, media))


async def plans_in_force(relay: RelayProcess) -> dict[str, list[int]]:
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("GET", f"{relay.url}/watch", headers=headers) as answer,
    ):
        async for line in answer.aiter_lines():
            return dict(msgspec.json.decode(line)["plans"])
    return {}


async def until_in_force(relay: RelayProcess, plans: dict[str, list[int]], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while await plans_in_force(relay) != plans:
            await asyncio.sleep(0.02)


# -- which relay, and when again ------------------------------------------------------------------------


def test_sessions_are_spread_and_stay_where_they_are() -> None:
    urls = [f"http://relay-{number}:7001" for number in range(4)]
    before = {f"s-{number}": choose(f"s-{number}", urls) for number in range(1000)}
    assert min(Counter(before.values()).values()) > 150
    assert before == {session: choose(session, reversed(urls)) for session in before}
    moved = [s for s, url in before.items() if choose(s, urls[:3]) != url]
    assert all(before[session] == urls[3] for session in moved)


def test_reconnecting_is_quick_at_first_and_spread_by_chance() -> None:
    for failures in range(1, 26):
        assert reconnect_delay(failures, 0.0) == pytest.approx(0.1)
        assert reconnect_delay(failures, 1.0) == pytest.approx(0.3)
    assert reconnect_delay(10_000, 0.0) == pytest.approx(0.8)
    assert reconnect_delay(10_000, 1.0) == pytest.approx(2.0)


# -- telling ------------------------------------------------------------------------------------------


async def test_plans_and_their_changes_are_told() -> None:
    sessions = Sessions("keynote", "forum")
    async with RelayProcess() as relay, sessions.relays(relay.url) as relays:
        await until_in_force(relay, {"keynote": [1, 1], "forum": [1, 1]})
        assert sorted(sessions.heard) == sorted([("keynote", UP), ("forum", UP)])
        sessions.plans["keynote"] = plan(7)
        relays.plans_changed()
        await until_in_force(relay, {"keynote": [1, 7], "forum": [1, 1]}, within=0.5)
        assert relays.up() == {relay.url: True}


@pytest.mark.fault
async def test_a_killed_relay_is_told_everything_again_when_it_is_back() -> None:
    sessions = Sessions("keynote", "forum")
    async with RelayProcess() as relay, sessions.relays(relay.url) as relays:
        await until_in_force(relay, {"keynote": [1, 1], "forum": [1, 1]})
        await relay.kill()
        await until(lambda: ("keynote", DOWN) in sessions.heard, within=1)
        with pytest.raises(RelayUnavailable) as caught:
            await relays.view("keynote", ViewRequest("v-1", "stage", "v=0", wait=True))
        assert caught.value.retry_after == 1.0
        await relay.start()
        await until_in_force(relay, {"keynote": [1, 1], "forum": [1, 1]}, within=1)
        await until(lambda: sessions.heard[-1][1] == UP)


@pytest.mark.fault
async def test_a_hung_relay_is_noticed_within_two_seconds() -> None:
    sessions = Sessions("keynote")
    async with RelayProcess() as relay, sessions.relays(relay.url) as relays:
        await until(lambda: ("keynote", UP) in sessions.heard)
        relay.signal(signal.SIGSTOP)
        assert await until(lambda: ("keynote", DOWN) in sessions.heard, within=5) < 2.3
        began = asyncio.get_running_loop().time()
        with pytest.raises(RelayUnavailable):
            await relays.view("keynote", ViewRequest("v-1", "stage", "v=0", wait=True))
        assert asyncio.get_running_loop().time() - began < 0.1
        relay.signal(signal.SIGCONT)
        await until(lambda: sessions.heard[-1] == ("keynote", UP))


async def test_a_plan_older_than_the_relays_is_let_be() -> None:
    ahead, behind = Sessions("keynote"), Sessions("keynote")
    ahead.plans["keynote"] = plan(9)
    async with RelayProcess() as relay, ahead.relays(relay.url):
        await until_in_force(relay, {"keynote": [1, 9]})
        async with behind.relays(relay.url) as relays:
            await until(lambda: relays.up()[relay.url])
            relays.plans_changed()
            await asyncio.sleep(0.3)
            reply = await relays.view("keynote", ViewRequest("v-1", "stage", "no offer", wait=True))
            assert isinstance(reply, Reply)
        assert await plans_in_force(relay) == {"keynote": [1, 9]}


async def test_a_door_does_not_open_before_the_plan_is_told() -> None:
    sessions = Sessions()
    async with RelayProcess() as relay, sessions.relays(relay.url) as relays:
        await until(lambda: relays.up()[relay.url])
        sessions.plans["keynote"] = plan(3)  # nobody has said plans_changed()
        reply = await relays.view("keynote", ViewRequest("v-1", "stage", "no offer", wait=True))
        assert await plans_in_force(relay) == {"keynote": [1, 3]}
        assert isinstance(reply, Reply)
        assert reply.status == 400
        assert reply.headers["content-type"] == "application/problem+json"


async def test_an_ended_session_is_closed_on_the_relay_also_by_a_worker_that_comes_later() -> None:
    sessions = Sessions("keynote", "forum")
    async with RelayProcess() as relay:
        async with sessions.relays(relay.url) as relays:
            await until_in_force(relay, {"keynote": [1, 1], "forum": [1, 1]})
            sessions.plans["keynote"] = None
            relays.plans_changed()
            await until_in_force(relay, {"forum": [1, 1]})
        sessions.plans["forum"] = None
        async with sessions.relays(relay.url):
            await until_in_force(relay, {})


async def test_no_relay_and_a_wrong_secret_are_both_unavailable() -> None:
    sessions = Sessions("keynote")
    async with (
        RelayProcess() as relay,
        sessions.relays(f"http://127.0.0.1:{free_port()}") as absent,
        sessions.relays(relay.url, secret="0" * 32) as stranger,
    ):
        await asyncio.sleep(0.5)
        for relays in (absent, stranger):
            assert list(relays.up().values()) == [False]
            with pytest.raises(RelayUnavailable):
                await relays.view("keynote", ViewRequest("v-1", "stage", "v=0", wait=True))
