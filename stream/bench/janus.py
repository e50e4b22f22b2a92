"""Janus, as Debian packages it, tuned for this: the peer that our relay is compared with.

VideoRoom with one publisher; one event loop, no admin API, hardly anything logged, ICE-lite on one
address of this machine, JSON API over one WebSocket. The law: nothing it would do for a
viewer by default is switched off.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import socket
import time
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from stream.bench.ends import LocalEnd, RemoteEnd, answer, offer, read
from stream.bench.process import BenchError, Cores, Measured, free_port
from stream.bench.servers import START_TIMEOUT

_ROOM: Final = 1234
_KEEP_ALIVE: Final = 20.0
_ANSWER_TIMEOUT: Final = 20.0

_LIBRARIES: Final = Path("/usr/lib")

_GENERAL: Final = """
general: {{
    configs_folder = "{folder}"
    plugins_folder = "{libraries}/plugins"
    transports_folder = "{libraries}/transports"
    events_folder = "{libraries}/events"
    loggers_folder = "{libraries}/loggers"
    interface = "127.0.0.1"
    debug_level = 2
    event_loops = 1
}}
nat: {{
    ice_lite = true
    ice_enforce_list = "{host}"
}}
plugins: {{ disable = "{other_plugins}" }}
transports: {{ disable = "{other_transports}" }}
"""
_WEBSOCKETS: Final = """
general: {{ json = "plain", ws = true, ws_port = {port}, ws_ip = "127.0.0.1", wss = false }}
admin: {{ admin_ws = false, admin_wss = false }}
"""
_VIDEOROOM: Final = """
room-{room}: {{ publishers = 2, bitrate = 0, videocodec = "vp8", audiocodec = "opus" }}
"""


def find_janus() -> tuple[Path, Path]:
    """Return its program and its folder of plugins. Raises BenchError where it is not installed."""
    program = shutil.which("janus")
    libraries = next(_LIBRARIES.glob("*/janus/plugins"), None)
    if program is None or libraries is None:
        raise BenchError("Janus is missing; install Debian's package janus")
    return Path(program), libraries.parent


def own_host() -> str:
    """Return an address of this machine that is not 127.0.0.1, which Janus's ICE library passes over.

    What is sent to it stays on the loopback interface all the same. Raises BenchError.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it only asks the routing table
        except OSError:
            raise BenchError("Janus needs an IPv4 address besides 127.0.0.1, and none is routed") from None
        host = str(probe.getsockname()[0])
    if host.startswith("127."):
        raise BenchError("Janus needs an IPv4 address besides 127.0.0.1, and this machine has none")
    return host


class JanusServer:
    """Debian's Janus."""

    name = "janus"

    def __init__(self, cores: Cores, folder: Path) -> None:
        program, libraries = find_janus()
        self.host = own_host()
        self._port = free_port()
        values = {
            "folder": folder,
            "host": self.host,
            "libraries": libraries,
            "port": self._port,
            "room": _ROOM,
            "other_plugins": _others(libraries / "plugins", "videoroom"),
            "other_transports": _others(libraries / "transports", "websockets"),
        }
        for name, text in (
            ("janus", _GENERAL),
            ("janus.transport.websockets", _WEBSOCKETS),
            ("janus.plugin.videoroom", _VIDEOROOM),
        ):
            (folder / f"{name}.jcfg").write_text(text.format(**values))
        self.measured = Measured(
            [str(program), "-F", str(folder), "-C", str(folder / "janus.jcfg")],
            os.environ,
            folder / "janus.log",
            cores,
        )
        self._socket: ClientConnection | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._session = 0
        self._feed = 0
        self._connected: set[int] = set()
        self._publisher = 0
        self._version = ""

    async def start(self) -> None:
        """See `Server.start`."""
        deadline = time.monotonic() + START_TIMEOUT
        while self._socket is None:
            self.measured.check()
            if time.monotonic() > deadline:
                raise BenchError(f"Janus does not answer within {START_TIMEOUT:.0f} s")
            with contextlib.suppress(OSError, WebSocketException):
                self._socket = await connect(
                    f"ws://127.0.0.1:{self._port}",
                    subprotocols=[Subprotocol("janus-protocol")],
                    ping_interval=None,
                    proxy=None,
                )
            await asyncio.sleep(0.05)
        for work in (self._listen(self._socket), self._keep_alive()):
            self._tasks.add(asyncio.create_task(work))
        info = await self._ask({"janus": "info"})
        self._version = str(info.get("version_string", ""))
        self._session = int((await self._ask({"janus": "create"}))["data"]["id"])

    async def publish(self, end: LocalEnd, ssrcs: tuple[int, int]) -> RemoteEnd:
        """See `Server.publish`."""
        self._publisher = await self._attach()
        joined = await self._message(
            self._publisher, {"request": "join", "ptype": "publisher", "room": _ROOM}
        )
        self._feed = int(joined["plugindata"]["data"]["id"])
        jsep = {"type": "offer", "sdp": offer(end, "sendonly", ssrcs), "trickle": False}
        published = await self._message(self._publisher, {"request": "publish"}, jsep)
        return read(published["jsep"]["sdp"], resource=str(self._publisher))

    async def live(self) -> None:
        """See `Server.live`."""
        deadline = time.monotonic() + START_TIMEOUT
        while self._publisher not in self._connected:
            if time.monotonic() > deadline:
                raise BenchError("Janus never saw the publisher")
            await asyncio.sleep(0.05)

    async def view(self, end: LocalEnd) -> RemoteEnd:
        """See `Server.view`."""
        handle = await self._attach()
        body = {"request": "join", "ptype": "subscriber", "room": _ROOM, "streams": [{"feed": self._feed}]}
        offered = (await self._message(handle, body))["jsep"]["sdp"]
        jsep = {"type": "answer", "sdp": answer(offered, end), "trickle": False}
        await self._message(handle, {"request": "start", "room": _ROOM}, jsep)
        return read(offered, ours="client", resource=str(handle))

    async def leave(self, remote: RemoteEnd) -> None:
        """See `Server.leave`."""
        await self._ask({"janus": "detach", "session_id": self._session, "handle_id": int(remote.resource)})

    async def describe(self) -> dict[str, Any]:
        """See `Server.describe`."""
        return {"fanout": f"Janus {self._version}, event_loops=1"}

    async def stop(self) -> None:
        """See `Server.stop`."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            with contextlib.suppress(OSError, WebSocketException):
                await self._socket.close()
        await asyncio.to_thread(self.measured.stop)

    async def _attach(self) -> int:
        body = {"janus": "attach", "session_id": self._session, "plugin": "janus.plugin.videoroom"}
        return int((await self._ask(body))["data"]["id"])

    async def _message(
        self, handle: int, body: dict[str, Any], jsep: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Tell the plugin something, and return the event it answers with."""
        message = {"janus": "message", "session_id": self._session, "handle_id": handle, "body": body}
        event = await self._ask(message | ({"jsep": jsep} if jsep else {}))
        refused = event.get("plugindata", {}).get("data", {}).get("error")
        if refused:
            raise BenchError(f"Janus refuses {body['request']}: {refused}")
        return event

    async def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        assert self._socket is not None, "start() comes first"
        transaction = str(next(self._numbers))
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[transaction] = future
        try:
            await self._socket.send(json.dumps(message | {"transaction": transaction}))
            found = await asyncio.wait_for(future, _ANSWER_TIMEOUT)
        except (TimeoutError, OSError, WebSocketException) as error:
            self.measured.check()
            raise BenchError(f"Janus does not answer {message['janus']} ({type(error).__name__})") from None
        finally:
            del self._answers[transaction]
        if found["janus"] == "error":
            raise BenchError(f"Janus refuses {message['janus']}: {found['error']['reason']}")
        return found

    async def _listen(self, socket: ClientConnection) -> None:
        with contextlib.suppress(WebSocketException):
            async for text in socket:
                said: dict[str, Any] = json.loads(text)
                if said["janus"] == "webrtcup":
                    self._connected.add(int(said["sender"]))
                future = self._answers.get(said.get("transaction", ""))
                # "ack" only says that a message waits its turn; its event comes later.
                if future is not None and said["janus"] != "ack" and not future.done():
                    future.set_result(said)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(_KEEP_ALIVE)
            await self._ask({"janus": "keepalive", "session_id": self._session})


def _others(folder: Path, kept: str) -> str:
    """List the shared objects of a folder but one kind, for a `disable` line."""
    names = {path.name.split(".so")[0] + ".so" for path in folder.glob("*.so*")}
    files = {path.name for path in folder.glob("*.so*")}
    return ",".join(sorted(one for one in names | files if kept not in one))
