"""The relay as a process: how it starts and ends, what its HTTP face answers, and who comes and goes."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import statistics
from collections.abc import AsyncIterator
from typing import Literal

import httpx
import msgspec
import pytest

from stream.plan import PublisherStats
from tests.stream import peers
from tests.stream.peers import SECRET, Relay, Talk, until


@pytest.fixture
async def talk(relay: Relay) -> AsyncIterator[Talk]:
    async with peers.talk(relay) as one:
        yield one


class TestLifecycle:
    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("ROSTRUM_RELAY_SECRET", ""),
            ("ROSTRUM_RELAY_SECRET", "changeme"),
            ("ROSTRUM_MEDIA_PORT", "seventy"),
            ("ROSTRUM_ANNOUNCE", "example.org"),
            ("ROSTRUM_FANOUT", "quick"),
        ],
    )
    def test_a_wrong_setting_ends_it_with_one_sentence(self, setting: str, value: str) -> None:
        one = Relay(**{setting: value})
        assert one.spawn().wait(20) == 2
        (sentence,) = one.said().splitlines()
        assert setting in sentence and sentence.endswith((".", "`."))

    @pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
    def test_a_taken_port_ends_it_with_one_sentence(self, kind: socket.SocketKind) -> None:
        one = Relay()
        port = one.media_port if kind == socket.SOCK_DGRAM else one.http_port
        with socket.socket(socket.AF_INET, kind) as taken:
            taken.bind(("127.0.0.1", port))
            if kind == socket.SOCK_STREAM:
                taken.listen()
            assert one.spawn().wait(20) == 1
        (sentence,) = one.said().splitlines()
        assert str(port) in sentence and "in use" in sentence

    async def test_sigterm_says_goodbye_and_ends_well(self) -> None:
        one = Relay()
        await asyncio.to_thread(one.start)
        async with peers.talk(one) as talk:
            await talk.plan("sp/camera")
            async with talk.publisher() as speaker, talk.viewer() as viewer:
                await until(lambda: viewer.seen.frames["video"] > 3, 10)
                async with talk.http.stream("GET", "/watch") as watching:
                    await anext(watching.aiter_lines())
                    code, said = await asyncio.to_thread(one.stop)
                await until(lambda: not viewer.connected and not speaker.connected, 2)
        assert (code, said) == (0, "")

    async def test_draining_says_so_and_takes_nobody(self) -> None:
        """Between SIGTERM and the end, signaling must hear that peers are to go elsewhere."""
        one = Relay()
        await asyncio.to_thread(one.start)
        async with peers.talk(one) as talk, talk.http.stream("GET", "/watch") as watching:
            lines = watching.aiter_lines()
            assert not json.loads(await anext(lines))["draining"]
            stopping = asyncio.create_task(asyncio.to_thread(one.stop))
            last = [json.loads(line) async for line in lines][-1]
            assert last["draining"]
            assert (await stopping)[0] == 0


class TestFace:
    @pytest.mark.parametrize("token", [None, "Bearer wrong", f"Basic {SECRET}", SECRET])
    async def test_strangers_are_refused(self, relay: Relay, token: str | None) -> None:
        headers = {"Authorization": token} if token else {}
        async with httpx.AsyncClient(base_url=relay.url, headers=headers, trust_env=False) as http:
            for method, path in (
                ("GET", "/stats"),
                ("GET", "/watch"),
                ("PUT", "/sessions/s/plan"),
                ("DELETE", "/sessions/s"),
                ("POST", "/sessions/s/publications"),
                ("GET", "/sessions/s/publications/p/camera"),
                ("POST", "/sessions/s/views"),
                ("DELETE", "/sessions/s/participants/p"),
                ("PATCH", "/transports/t"),
                ("DELETE", "/transports/t"),
            ):
                answer = await http.request(method, path)
                assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
                assert answer.headers["content-type"] == "application/problem+json"
            assert (await http.get("/healthz")).text == "ok"
            assert "rostrum_relay_transports" in (await http.get("/metrics")).text

    async def test_an_older_plan_is_stale(self, talk: Talk) -> None:
        path = f"/sessions/{talk.session}/plan"
        newer = await talk.http.put(
            path, json={"epoch": 2, "seq": 5, "feeds": {"stage": {"main": ["a/camera"]}}}
        )
        assert newer.status_code == 200 and newer.json()["feeds"]["stage"]["main"] == ["a/camera"]
        for epoch, seq in ((2, 4), (1, 99)):
            older = await talk.http.put(path, json={"epoch": epoch, "seq": seq, "feeds": {}})
            assert (older.status_code, older.json()["code"]) == (409, "stale_plan")
        assert (await talk.http.put(path, json={"epoch": 3, "seq": 1, "feeds": {}})).status_code == 200

    @pytest.mark.parametrize("body", ["", "{", "[]", '{"participant": 1}', '{"epoch": "x"}', "\udcff"])
    async def test_malformed_bodies_are_refused(self, talk: Talk, body: str) -> None:
        data = body.encode("utf-8", "surrogateescape")
        for method, path in (("PUT", "plan"), ("POST", "publications"), ("POST", "views")):
            answer = await talk.http.request(method, f"/sessions/{talk.session}/{path}", content=data)
            assert (answer.status_code, answer.json()["code"]) == (400, "malformed")

    async def test_a_body_too_large_is_refused(self, talk: Talk) -> None:
        answer = await talk.post("views", participant="v", feed="stage", offer="x" * 90_000)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    async def test_an_offer_that_is_none_is_refused(self, talk: Talk) -> None:
        offered = {"participant": "v", "offer": "hello"}
        answer = await talk.post("publications", **offered, source="camera")
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_sdp")
        answer = await talk.post("views", **offered, feed="stage", wait=True)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_sdp")
        assert (await talk.stats())["transports"] == 0

    async def test_nothing_live_asks_to_come_again(self, talk: Talk) -> None:
        answer = await talk.post("views", participant="v", feed="stage", offer="v=0")
        assert (answer.status_code, answer.json()["code"]) == (409, "nothing_live")
        assert int(answer.headers["retry-after"]) > 0

    async def test_unknown_transports_are_unknown(self, talk: Talk) -> None:
        for method in ("PATCH", "DELETE"):
            answer = await talk.http.request(method, "/transports/nobodys")
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_transport")

    async def test_a_full_relay_asks_to_come_again(self) -> None:
        with peers.relay(ROSTRUM_MAX_TRANSPORTS="1") as small:
            async with peers.talk(small) as talk, talk.viewer():
                answer = await talk.post("views", participant="v", feed="stage", offer="v=0", wait=True)
                assert (answer.status_code, answer.json()["code"]) == (503, "relay_full")
                assert int(answer.headers["retry-after"]) > 0

    async def test_sessions_nobody_planned_are_forgotten(self, talk: Talk) -> None:
        for number in range(5):
            path = f"/sessions/{talk.session}-{number}/views"
            await talk.http.post(path, json={"participant": "v", "feed": "stage", "offer": "v=0"})

        async def forgotten() -> bool:
            return not any(name.startswith(talk.session) for name in (await talk.stats())["sessions"])

        await until(forgotten, 5)

    async def test_watching_tells_changes_at_once(self, talk: Talk) -> None:
        async with talk.http.stream("GET", "/watch") as watching:
            lines = watching.aiter_lines()
            first = json.loads(await anext(lines))
            await talk.plan("sp/camera")
            async with talk.publisher():
                async with asyncio.timeout(5):
                    while True:
                        state = json.loads(await anext(lines))
                        mine = [p for p in state["publications"] if p["session"] == talk.session]
                        if mine and mine[0]["live"]:
                            break
            assert state["boot"] == first["boot"]
            assert state["plans"][talk.session] == [1, 1]
            assert (mine[0]["participant"], mine[0]["audio"], mine[0]["video"]) == ("sp", True, True)


class TestResources:
    async def test_trickled_candidates_are_taken_and_etags_checked(self, talk: Talk) -> None:
        async with talk.viewer() as viewer:
            path = f"/transports/{viewer.transport}"
            fragment = "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
            for match, status in ((f'"{viewer.etag}"', 204), (None, 428), ('"old"', 412), ('"*"', 200)):
                headers = {"If-Match": match} if match else {}
                answer = await talk.http.patch(path, content=fragment, headers=headers)
                assert answer.status_code == status
            assert answer.headers["etag"] != f'"{viewer.etag}"'
            answer = await talk.http.patch(path, content="", headers={"If-Match": '"*"'})
            assert (answer.status_code, answer.json()["code"]) == (400, "malformed_fragment")

    async def test_an_ice_restart_goes_on_under_new_credentials(self, talk: Talk) -> None:
        await talk.plan("sp/camera")
        async with talk.publisher(), talk.viewer() as viewer:
            await until(lambda: viewer.seen.frames["video"] > 3, 10)
            answer = await talk.http.patch(
                f"/transports/{viewer.transport}",
                content="a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n",
                headers={"If-Match": '"*"'},
            )
            assert answer.headers["content-type"] == "application/trickle-ice-sdpfrag"
            (ufrag,) = re.findall(r"a=ice-ufrag:(\S+)", answer.text)
            (password,) = re.findall(r"a=ice-pwd:(\S+)", answer.text)
            assert f"a=ice-ufrag:{ufrag}" not in viewer.answer
            before = viewer.seen.packets
            await until(lambda: viewer.seen.packets > before + 30, 5)

            (ice,) = {r.transport.transport for r in viewer.connection.getReceivers()}
            ice._connection.remote_username, ice._connection.remote_password = ufrag, password
            (pair,) = ice._connection._nominated.values()
            request = ice._connection.build_request(pair, nominate=True)
            await pair.protocol.request(
                request, pair.remote_addr, integrity_key=password.encode(), retransmissions=2
            )
            before = viewer.seen.packets
            await until(lambda: viewer.seen.packets > before + 30, 5)

    async def test_delete_ends_it_once(self, talk: Talk) -> None:
        async with talk.viewer() as viewer:
            await until(lambda: viewer.connected, 10)
            path = f"/transports/{viewer.transport}"
            assert (await talk.http.delete(path)).status_code == 200
            await until(lambda: not viewer.connected, 2)
            assert (await talk.http.delete(path)).status_code == 404

    async def test_who_is_ejected_is_off_within_a_second(self, talk: Talk) -> None:
        """faults.md, row 23."""
        await talk.plan("sp/camera")
        async with talk.publisher(), talk.viewer("out") as out, talk.viewer("stays") as stays:
            await until(lambda: min(out.seen.frames["video"], stays.seen.frames["video"]) > 3, 10)
            path = f"/sessions/{talk.session}/participants/out"
            assert (await talk.http.delete(path)).status_code == 204
            assert await until(lambda: not out.connected, 2) <= 1.0
            after, other = out.seen.packets, stays.seen.packets
            await until(lambda: stays.seen.packets > other + 30, 5)
            assert out.seen.packets == after

    async def test_the_end_of_a_session_is_everybodys(self, talk: Talk) -> None:
        await talk.plan("sp/camera")
        async with talk.publisher() as speaker, talk.viewer() as viewer:
            await until(lambda: viewer.connected, 10)
            assert (await talk.http.delete(f"/sessions/{talk.session}")).status_code == 204
            await until(lambda: not viewer.connected and not speaker.connected, 2)
            stats = await talk.stats()
            assert talk.session not in stats["sessions"] and stats["transports"] == 0


class TestMedia:
    async def test_joiners_see_a_picture_promptly(self, talk: Talk) -> None:
        """faults.md, row 21: first decoded frame p95 ≤ 1 s, wherever between key frames one joins."""
        await talk.plan("sp/camera")
        first: list[float] = []
        async with talk.publisher(), talk.viewer("early") as early:
            await until(lambda: early.seen.frames["video"] > 3, 10)
            for number in range(20):
                async with talk.viewer(f"late-{number}", wait=False) as late:
                    await until(lambda late=late: "video" in late.seen.first, 10, 0.01)
                    first.append(late.seen.first["video"])
                await asyncio.sleep(0.05 * (number % 5))
            assert early.seen.missing("video", repaired=False)[0] == 0
        assert statistics.quantiles(first, n=20)[-1] <= 1.0, sorted(first)

    async def test_what_arrives_of_one_publisher_can_be_sampled(self, talk: Talk) -> None:
        await talk.plan("sp/camera")
        path = f"/sessions/{talk.session}/publications/sp/camera"
        absent = await talk.http.get(path)
        assert (absent.status_code, absent.json()["code"]) == (404, "unknown_publication")
        async with talk.publisher(), talk.viewer() as viewer:
            await until(lambda: viewer.seen.frames["video"] > 3, 10)

            async def sample() -> PublisherStats:
                answer = await talk.http.get(path)
                return msgspec.json.decode(answer.content, type=PublisherStats)

            first = await sample()
            await asyncio.sleep(0.5)
            then = await sample()
        assert (then.video, then.width, then.height) == (True, 256, 144)
        assert then.at - first.at >= 0.5 and then.bytes > first.bytes and then.packets > first.packets
        assert then.lost == 0 and then.jitter is not None and then.jitter < 0.5
        assert then.round_trip is not None and 0 < then.round_trip < 1

    @pytest.mark.parametrize(("setup", "answered"), [("active", "passive"), ("passive", "active")])
    async def test_either_side_may_open_dtls(
        self, talk: Talk, setup: Literal["active", "passive"], answered: str
    ) -> None:
        await talk.plan("sp/camera")
        async with talk.publisher(), talk.viewer(setup=setup) as viewer:
            assert f"a=setup:{answered}" in viewer.answer
            await until(lambda: viewer.seen.frames["video"] > 3, 10)

    async def test_the_newest_publisher_wins_and_viewers_see_the_picture_go_on(self, talk: Talk) -> None:
        """faults.md, row 24."""
        await talk.plan("sp/camera")
        async with talk.publisher() as former, talk.viewer() as viewer:
            await until(lambda: viewer.seen.frames["video"] > 10, 10)
            async with talk.publisher() as newest:
                assert await until(lambda: not former.connected, 3) <= 1.0
                assert newest.connected
                before = viewer.seen.frames["video"]
                await until(lambda: viewer.seen.frames["video"] > before + 20, 5)
                assert viewer.connected
                states = (await talk.stats())["sessions"][talk.session]
                assert list(states["publications"]) == ["sp/camera"]
                assert len(viewer.seen.received) == 2, "one stream a slot, whoever fills it"
            assert viewer.seen.missing("video")[0] == 0

    async def test_a_publisher_that_comes_back_takes_its_place(self, talk: Talk) -> None:
        await talk.plan("sp/camera")
        async with talk.viewer() as viewer:
            for turn in range(2):
                async with talk.publisher():
                    before = viewer.seen.frames["video"]
                    await until(lambda before=before: viewer.seen.frames["video"] > before + 15, 10)
                answer = await talk.post("views", participant="x", feed="stage", offer="v=0")
                assert answer.json()["code"] == "nothing_live", turn
            assert viewer.connected

    async def test_the_older_of_two_offers_does_not_win_by_being_slow(self, talk: Talk) -> None:
        slow = peers.Peer(peers.new_peer())
        slow.connection.addTrack(peers.Noise())
        await slow.connection.setLocalDescription(await slow.connection.createOffer())
        answer = await talk.post(
            "publications", participant="sp", source="camera", offer=slow.connection.localDescription.sdp
        )
        async with talk.publisher() as quick:
            await slow.accept(answer.json())
            await until(lambda: slow.connection.connectionState in ("connected", "closed"), 10)
            await until(lambda: not slow.connected, 5)
            assert quick.connected
            assert (await talk.counters())["outrun"] == 1
        await slow.close()
