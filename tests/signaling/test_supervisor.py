"""The supervisor against real processes: what dies comes back, and nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from signaling import supervisor
from signaling.supervisor import ChildSpec, Probe, StartError, Supervisor
from stream.child_process import DEAF_AFTER, HUNG_AFTER, Pulse, as_spare, restart_delay
from tests.signaling.processes import alive, children, free_port, until

SLEEPER = "import time\nprint('here', flush=True)\ntime.sleep(60)"
ANSWERER = """
import http.server, sys
class Yes(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Yes).serve_forever()
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""
POLITE = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: (print("bye", flush=True), sys.exit()))
print("here", flush=True)
signal.pause()
"""


SLOW_TO_START = """
import os, socket, sys, time
from stream.child_process import wait_for_turn
time.sleep(2)
wait_for_turn()
assert "_ROSTRUM_SPARE" not in os.environ
print("begun", flush=True)
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    while True:
        there, _ = server.accept()
        with there:
            there.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n")
"""


class Said(list[tuple[str, str]]):
    """Collects what children and supervisor say."""

    def __call__(self, name: str, line: str) -> None:
        self.append((name, line))


def probe_of(port: int) -> Probe:
    async def probe() -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            return b"200" in await reader.readline()
        finally:
            writer.close()

    return probe


def python(name: str, code: str, *argv: str) -> ChildSpec:
    return ChildSpec(name, (sys.executable, "-c", code, *argv))


def test_restarts_are_quick_at_first_and_never_slower_than_five_seconds() -> None:
    assert [restart_delay(n) for n in (1, 2, 3)] == [0.1, 0.2, 0.4]
    assert restart_delay(10_000) == 5.0


@pytest.mark.fault
async def test_a_killed_child_is_back_well_within_a_second() -> None:
    said = Said()
    async with Supervisor(said) as running:
        await running.start(python("sleeper", SLEEPER))
        await until(lambda: ("sleeper", "here") in said)
        first = running.pids()["sleeper"]
        os.kill(first, signal.SIGKILL)
        took = await until(lambda: running.pids().get("sleeper", first) != first)
        assert took < 0.6
        await until(lambda: said.count(("sleeper", "here")) == 2)
    assert ("sleeper", "killed by SIGKILL; starting it again in 0.1 s") in said


def looks(*seen: tuple[float, bool, str]) -> list[bool]:
    pulse = Pulse(0.0)
    return [pulse.hangs(now, answered=answered, scheduled=trace) for now, answered, trace in seen]


def test_a_child_that_neither_answers_nor_runs_hangs() -> None:
    assert looks((0, True, "1"), (1, False, "1"), (1.4, False, "1"), (1.6, False, "1")) == [0, 0, 0, 1]


def test_a_child_that_runs_or_waits_to_run_is_slow_and_given_long() -> None:
    busy = [(float(second), False, str(second)) for second in range(1, 40)]
    assert looks((0, True, "0"), *busy).index(True) == DEAF_AFTER


def test_a_long_start_is_no_hanging_and_an_answer_forgives_all() -> None:
    assert not any(looks(*[(float(second), False, "1") for second in range(100)]))
    assert not any(looks(*[(float(second), True, "1") for second in range(100)]))


def test_where_scheduling_is_not_known_only_the_long_wait_counts() -> None:
    unknown = [(float(second), False, "") for second in range(1, 40)]
    assert looks((0, True, ""), *unknown).index(True) == DEAF_AFTER


@pytest.mark.fault
async def test_a_hung_child_is_killed_and_started_again() -> None:
    port = free_port()
    said = Said()
    async with Supervisor(said) as running:
        await running.start(
            ChildSpec("answerer", (sys.executable, "-c", ANSWERER, str(port)), probe=probe_of(port))
        )
        first = running.pids()["answerer"]
        os.kill(first, signal.SIGSTOP)
        took = await until(lambda: not alive(first))
        assert HUNG_AFTER * 0.7 < took < 2 * HUNG_AFTER + 2  # 2.3 s on an idle machine
        await until(lambda: running.pids().get("answerer", first) != first)


async def test_a_child_that_never_gets_ready_ends_the_start_with_its_last_words() -> None:
    async def never() -> bool:
        return False

    spec = ChildSpec(
        "picky", (sys.executable, "-c", "print('noise'); raise SystemExit('Port 1 is taken.')"), probe=never
    )
    async with Supervisor(Said()) as running:
        with pytest.raises(StartError, match=r"^picky did not start: Port 1 is taken\.$"):
            await running.start(spec)


async def test_a_missing_program_is_one_sentence() -> None:
    async with Supervisor(Said()) as running:
        with pytest.raises(StartError, match="/no/such/program cannot be run"):
            await running.start(ChildSpec("ghost", ("/no/such/program",)))


async def test_children_are_stopped_in_reverse_order() -> None:
    said = Said()
    async with Supervisor(said) as running:
        for name in ("first", "second"):
            await running.start(python(name, POLITE))
        await until(lambda: said.count(("first", "here")) == said.count(("second", "here")) == 1)
        pids = list(running.pids().values())
    assert not any(alive(pid) for pid in pids)
    assert [name for name, line in said if line == "bye"] == ["second", "first"]


async def test_a_child_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_WITHIN", 0.2)
    said = Said()
    async with Supervisor(said) as running:
        await running.start(python("stubborn", STUBBORN))
        await until(lambda: ("stubborn", "deaf") in said)
        pid = running.pids()["stubborn"]
    assert not alive(pid)


async def test_an_endless_line_does_not_stop_the_reading() -> None:
    said = Said()
    code = "import time\nprint('x' * 300_000)\nprint('after', flush=True)\ntime.sleep(60)"
    async with Supervisor(said) as running:
        await running.start(python("chatty", code))
        await until(lambda: ("chatty", "after") in said)


@pytest.mark.fault
async def test_a_killed_supervisor_leaves_nobody_behind(tmp_path: Path) -> None:
    code = f"""
import asyncio, sys
from signaling.supervisor import ChildSpec, Supervisor
async def main():
    async with Supervisor(lambda name, line: print(line, flush=True)) as running:
        await running.start(ChildSpec("stubborn", (sys.executable, "-c", {STUBBORN!r})))
        await asyncio.sleep(60)
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "deaf"
        left = children(process.pid)
        assert len(left) == 1
        process.kill()
    await until(lambda: not any(alive(pid) for pid in left))


@pytest.mark.fault
async def test_a_spare_takes_over_from_a_killed_child_and_has_no_start_to_wait_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervisor, "SPARE_AFTER", 0.1)
    port, said = free_port(), Said()
    spec = ChildSpec(
        "slow", (sys.executable, "-c", SLOW_TO_START, str(port)), probe=probe_of(port), spare=True
    )
    async with Supervisor(said) as running:
        await running.start(spec)
        first = running.pids()["slow"]
        await until(lambda: len(children(os.getpid())) == 2)
        (second,) = set(children(os.getpid())) - {first}
        await asyncio.sleep(3)  # it is ready now, and opens nothing
        assert said.count(("slow", "begun")) == 1
        os.kill(first, signal.SIGKILL)
        took = await until(lambda: said.count(("slow", "begun")) == 2)
        assert took < 1.5, "a start takes two seconds"
        assert running.pids()["slow"] == second
        await until(lambda: len(children(os.getpid())) == 2)
        (third,) = set(children(os.getpid())) - {second}
        os.kill(third, signal.SIGKILL)
        await until(lambda: not alive(third))
        os.kill(second, signal.SIGKILL)  # a spare that is dead is no reason not to start
        await until(lambda: said.count(("slow", "begun")) == 3, 15)
    assert not children(os.getpid()), "no spare outlives the supervisor"


@pytest.mark.fault
async def test_a_spare_whose_parent_is_gone_ends() -> None:
    code = "from stream.child_process import wait_for_turn; wait_for_turn(); print('begun')"
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", code],
        env=as_spare(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"")
