"""A relay of several processes: viewers on each of them, and what the loss of one costs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.signaling.bench.running import bench
from tests.signaling.processes import alive, children, free_port
from tests.stream import peers
from tests.stream.bench.test_bench import is_whole
from tests.stream.peers import Peer, Relay, Talk, until


def workers_relay(count: int, **settings: str) -> Relay:
    """Return a relay of so many processes, with media ports in a row that are free."""
    one = Relay(ROSTRUM_RELAY_WORKERS=str(count), **settings)
    while True:
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                for number in range(count):
                    probe = held.enter_context(socket.socket(socket.AF_INET, kind))
                    probe.bind(("127.0.0.1", one.media_port + number))
            return one
        one.media_port = free_port(socket.SOCK_DGRAM)


@contextlib.contextmanager
def running(count: int, **settings: str) -> Iterator[Relay]:
    one = workers_relay(count, **settings)
    one.start()
    try:
        yield one
    finally:
        one.stop()


def pids(relay: Relay) -> list[int]:
    """The workers' process ids, in the order they were started."""
    assert relay.process is not None
    return children(relay.process.pid)


def command(pid: int) -> bytes:
    """The command line of a process; empty where it has just gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def process_of(viewer: Peer) -> str:
    """The number of the process a viewer is at; "" is the first one."""
    number, dot, _ = viewer.transport.partition(".")
    return number if dot else ""


async def watches(*viewers: Peer) -> None:
    """Return once all viewers have got more of the picture."""
    before = [viewer.seen.frames["video"] for viewer in viewers]
    await until(
        lambda: all(v.seen.frames["video"] > b + 10 for v, b in zip(viewers, before, strict=True)), 15
    )


def lost_nothing(*viewers: Peer) -> bool:
    return all(viewer.seen.missing(kind)[0] == 0 for viewer in viewers for kind in ("video", "audio"))


@pytest.fixture(scope="module")
def relay() -> Iterator[Relay]:
    with running(3) as one:
        yield one


@pytest.fixture
async def talk(relay: Relay) -> AsyncIterator[Talk]:
    async with peers.talk(relay) as one:
        await one.plan("sp/camera")
        yield one


class TestSharing:
    async def test_viewers_spread_and_all_see_the_whole_picture(self, talk: Talk) -> None:
        async with talk.publisher(), talk.viewer("a") as a, talk.viewer("b") as b, talk.viewer("c") as c:
            assert {process_of(viewer) for viewer in (a, b, c)} == {"1", "2"}
            for viewer in (a, b, c):
                port = talk.relay.media_port + int(process_of(viewer))
                assert f" 127.0.0.1 {port} typ host" in viewer.answer
            await watches(a, b, c)
            await watches(a, b, c)
            assert lost_nothing(a, b, c)

            asked = (await talk.stats())["sessions"][talk.session]["publications"]["sp/camera"]["counters"]
            async with talk.viewer("late") as late:
                await until(lambda: "video" in late.seen.first, 10, 0.01)
                assert late.seen.first["video"] <= 1.0
            told = (await talk.stats())["sessions"][talk.session]["publications"]["sp/camera"]["counters"]
            assert told.get("pli", 0) == asked.get("pli", 0), "it began from the worker's own key frame"

            async with talk.http.stream("GET", "/watch") as watching:
                async for line in watching.aiter_lines():
                    if f'"{talk.session}":3' in line:
                        break
            stats = await talk.stats()
            assert set(stats["workers"]) == {"1", "2"}
            there = [stats["workers"][number]["sessions"][talk.session] for number in ("1", "2")]
            assert sum(len(one["feeds"]["stage"]["viewers"]) for one in there) == 3
            text = (await talk.http.get("/metrics")).text
            for number in "012":
                assert f'rostrum_relay_transports{{worker="{number}"}}' in text
            assert text.count("# TYPE rostrum_relay_transports ") == 1

    async def test_a_worker_s_transports_are_reached_by_their_names(self, talk: Talk) -> None:
        async with talk.publisher(), talk.viewer() as viewer:
            await until(lambda: viewer.connected, 10)
            path = f"/transports/{viewer.transport}"
            fragment = "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
            for match, status in ((f'"{viewer.etag}"', 204), (None, 428), ('"old"', 412), ('"*"', 200)):
                headers = {"If-Match": match} if match else {}
                answer = await talk.http.patch(path, content=fragment, headers=headers)
                assert answer.status_code == status
            assert answer.headers["etag"] != f'"{viewer.etag}"' and "a=ice-ufrag:" in answer.text
            assert (await talk.http.delete(path)).status_code == 200
            await until(lambda: not viewer.connected, 2)
            for gone in (path, "/transports/9.nobody", "/transports/1.nobody"):
                answer = await talk.http.delete(gone)
                assert (answer.status_code, answer.json()["code"]) == (404, "unknown_transport")

    async def test_an_offer_is_refused_as_anywhere(self, talk: Talk) -> None:
        answer = await talk.post("views", participant="v", feed="stage", offer="hello", wait=True)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_sdp")
        answer = await talk.post("views", participant="v", feed="stage", offer="hello")
        assert (answer.status_code, answer.json()["code"]) == (409, "nothing_live")

    async def test_who_is_ejected_and_what_ends_ends_everywhere(self, talk: Talk) -> None:
        async with talk.publisher() as speaker, talk.viewer("a") as a, talk.viewer("b") as b:
            await watches(a, b)
            path = f"/sessions/{talk.session}/participants/a"
            assert (await talk.http.delete(path)).status_code == 204
            assert await until(lambda: not a.connected, 2) <= 1.0
            await watches(b)
            assert (await talk.http.delete(f"/sessions/{talk.session}")).status_code == 204
            await until(lambda: not b.connected and not speaker.connected, 2)

    async def test_a_publisher_that_is_replaced_is_replaced_everywhere(self, talk: Talk) -> None:
        async with talk.publisher() as former, talk.viewer("a") as a, talk.viewer("b") as b:
            await watches(a, b)
            async with talk.publisher():
                await until(lambda: not former.connected, 3)
                await watches(a, b)
                assert a.seen.missing("video")[0] == b.seen.missing("video")[0] == 0


@pytest.mark.fault
class TestFaults:
    async def test_a_killed_worker_costs_its_own_viewers_and_is_back(self) -> None:
        with running(3) as relay:
            async with peers.talk(relay) as talk:
                await talk.plan("sp/camera")
                async with talk.publisher(), talk.viewer("a") as a, talk.viewer("b") as b:
                    await watches(a, b)
                    assert process_of(a) != process_of(b)
                    victim = pids(relay)[int(process_of(a)) - 1]
                    os.kill(victim, signal.SIGKILL)
                    await until(lambda: not alive(victim), 5)
                    assert (await talk.http.delete(f"/transports/{a.transport}")).status_code in (404, 503)

                    async def back() -> bool:
                        return None not in (await talk.stats())["workers"].values()

                    took = await until(back, 20)
                    async with talk.viewer("again") as again:
                        assert process_of(again) == process_of(a), "it has the fewest viewers"
                        await watches(b, again)
                        assert lost_nothing(b)
                    assert (await talk.counters())["worker_restarted"] == 1
                    print(f"back after {took:.2f} s")

    async def test_a_worker_that_hangs_hurts_nobody_else(self) -> None:
        """While one of two sleeps, the first process takes viewers and loses nothing; then it is replaced."""
        with running(2) as relay:
            async with peers.talk(relay) as talk:
                await talk.plan("sp/camera")
                async with talk.publisher(), talk.viewer("there") as there:
                    await watches(there)
                    assert process_of(there) == "1"
                    (victim,) = pids(relay)
                    os.kill(victim, signal.SIGSTOP)
                    async with talk.viewer("here") as here:
                        assert process_of(here) == "", "who does not answer is passed over"
                        took = await until(lambda: not alive(victim), 10)
                        await watches(here)
                        assert lost_nothing(here)
                    await until(lambda: len(pids(relay)) == 1, 20)
                    print(f"noticed after {took:.2f} s")

    async def test_sigterm_leaves_nothing_behind(self) -> None:
        relay = workers_relay(3)
        await asyncio.to_thread(relay.start)
        async with peers.talk(relay) as talk:
            await talk.plan("sp/camera")
            async with talk.publisher(), talk.viewer("a") as a, talk.viewer("b") as b:
                await watches(a, b)
                workers = pids(relay)
                assert len(workers) == 2
                code, said = await asyncio.to_thread(relay.stop)
                await until(lambda: not a.connected and not b.connected, 2)
        assert (code, said) == (0, "")
        assert not any(map(alive, workers))

    async def test_no_worker_outlives_the_first_process(self) -> None:
        relay = workers_relay(3)
        await asyncio.to_thread(relay.start)
        workers = pids(relay)
        assert relay.process is not None and len(workers) == 2
        relay.process.kill()
        relay.process.wait()
        await until(lambda: not any(map(alive, workers)), 5)
        relay.said()

    async def test_ctrl_c_in_a_terminal_ends_all_in_order(self) -> None:
        """A terminal signals the whole foreground group; the workers are not in it."""
        relay = workers_relay(2)
        await asyncio.to_thread(relay.start)
        assert relay.process is not None
        workers = pids(relay)
        assert all(os.getpgid(pid) == pid != os.getpgid(relay.process.pid) for pid in workers)
        relay.process.send_signal(signal.SIGINT)
        assert relay.process.wait(15) == 0 and relay.said() == ""
        assert not any(map(alive, workers))

    def test_a_taken_port_of_a_worker_ends_the_start_with_one_sentence(self) -> None:
        relay = workers_relay(2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", relay.media_port + 1))
            assert relay.spawn().wait(30) == 1
        (sentence,) = relay.said().splitlines()
        assert str(relay.media_port + 1) in sentence and "in use" in sentence

    def test_sigterm_while_it_starts_ends_it_well(self) -> None:
        relay = workers_relay(2)
        process = relay.spawn()
        workers: list[int] = []
        while not workers:
            assert process.poll() is None
            workers = [pid for pid in pids(relay) if b"stream.worker" in command(pid)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0 and relay.said() == ""
        assert not any(map(alive, workers))


def test_many_light_viewers_of_two_processes_get_what_was_published() -> None:
    """Every packet of every viewer is compared with what the publisher sent, at both processes."""
    found = bench("relay", "--viewers", "16", "--seconds", "2", "--workers", "2", "--decrypt", "16")
    is_whole(found, viewers=16, seconds=2)
    about = found["about"]
    assert about["transports"] > 1 and about["workers"]["1"]["transports"] > 1, "both had viewers"
    assert "pipe_full" not in about["counters"]
