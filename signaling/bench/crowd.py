"""Many WebSockets on few cycles: sockets read in turns, frames recognised by their bytes.

A WebSocket client object each would cost several times what the server spends, and be the bottleneck of
what is measured. The law: bytes come from real connections (RFC 6455, handshake and masking included), and
every frame of every member is taken apart and accounted for. Nobody waits on a socket to be woken: sockets
are read in turns of TURN, so a measured delay is up to one turn too long, never too short.
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from stream.bench.process import BenchError

TURN: Final = 0.01
"""Seconds between two turns."""

_READ: Final = 1 << 16
_HELLO: Final = {"type": "hello", "protocol": 1}
_TEXT: Final = 1
_PING: Final = 9
_PONG: Final = 10

_HANDSHAKE: Final = (
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 "
    "Safari/537.36\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n"
    "Cache-Control: no-cache\r\n"
    "Origin: http://127.0.0.1:{port}\r\nPragma: no-cache\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
)
"""As long as a browser's, for a server keeps headers."""

Message = dict[str, Any]


@dataclass(eq=False, slots=True)
class Member:
    """One connection. `told` are the ids of the shared frames it got, in order (see Crowd.frames)."""

    number: int
    sock: socket.socket
    token: str
    resume: tuple[int, int] | None
    began: float
    rest: bytes = b""
    upgraded: bool = False
    welcome_at: float = 0.0
    welcome: Message | None = None
    told: list[int] = field(default_factory=list)
    answers: dict[str, tuple[float, Message]] = field(default_factory=dict)
    closed_at: float = 0.0

    @property
    def welcomed(self) -> bool:
        """Whether it has been let in."""
        return self.welcome_at > 0


@dataclass(frozen=True, slots=True)
class SharedFrame:
    """One distinct frame that many get: of events, or of sums.

    `said` are the messages in it by id and text, `new` the questions and polls in it by id, `sums` how many
    have voted, by what for; `size` is how many bytes it has.
    """

    said: tuple[tuple[str, str], ...] = ()
    new: tuple[str, ...] = ()
    sums: tuple[tuple[str, int], ...] = ()
    size: int = 0


class Crowd:
    """All members, and what they were told. Everything happens in `turn`."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.frames: list[SharedFrame] = []
        self.arrivals: list[Counter[int]] = []
        """By turn: how often each frame (its index in `frames`) came."""
        self.moments: list[float] = []
        """By turn: when it was read, by time.monotonic()."""
        self.heard = 0
        """Messages heard, by all members together."""
        self.counters: Counter[str] = Counter()
        self.lags: list[float] = []
        self.keep_welcomes = False
        self._known: dict[bytes, int] = {}
        self._poll = select.epoll()
        self._by_fd: dict[int, Member] = {}
        self._due = time.monotonic()

    def close(self) -> None:
        """End all connections."""
        for member in self.members:
            self._drop(member)
        self._poll.close()

    def join(self, port: int, token: str, resume: tuple[int, int] | None = None) -> Member:
        """Begin to connect a member; it is welcome some turns later. Raises BenchError."""
        began = time.monotonic()
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.connect(("127.0.0.1", port))
            sock.setblocking(False)
            sock.send(_HANDSHAKE.format(port=port).encode())
        except OSError as error:
            sock.close()
            raise BenchError(f"no connection to port {port} ({error.strerror})") from None
        member = Member(len(self.members), sock, token, resume, began)
        self.members.append(member)
        self._by_fd[sock.fileno()] = member
        self._poll.register(sock, select.EPOLLIN)
        return member

    @property
    def joining(self) -> int:
        """How many are not welcome yet."""
        return len(self.members) - self.counters["welcomes"]

    def wait(self, seconds: float) -> None:
        """Let time pass, and read what comes."""
        end = time.monotonic() + seconds
        self.run(lambda: time.monotonic() > end, seconds + 1)

    def say(self, member: Member, message: Message) -> None:
        """Send one frame; a member whose socket takes no more is a failure of the run."""
        payload = msgspec.json.encode(message)
        # Masked with zeros: as valid as any mask, and what is measured is not its unpredictability.
        length = len(payload)
        head = b"\x81" + (
            bytes([0x80 | length]) if length < 126 else bytes([0x80 | 126]) + length.to_bytes(2, "big")
        )
        try:
            member.sock.send(head + bytes(4) + payload)
        except OSError:
            self.counters["unsent"] += 1

    def leave(self, member: Member) -> None:
        """Hang up."""
        self._drop(member)

    def run(self, until: Callable[[], bool], within: float) -> bool:
        """Take turns until something is so, or time is up; return whether it is so."""
        deadline = time.monotonic() + within
        while not until():
            if time.monotonic() > deadline:
                return False
            self.turn()
        return True

    def turn(self) -> None:
        """Wait for the next turn's time, and read all that has come."""
        now = time.monotonic()
        if now < self._due:
            time.sleep(self._due - now)
            now = time.monotonic()
        self.lags.append(now - self._due)
        self._due = max(self._due + TURN, now)
        came: Counter[int] = Counter()
        for fd, _ in self._poll.poll(0, max(1, len(self._by_fd))):
            self._read(self._by_fd[fd], now, came)
        if came:
            self.arrivals.append(came)
            self.moments.append(now)
            self.heard += sum(len(self.frames[index].said) * times for index, times in came.items())

    def _read(self, member: Member, now: float, came: Counter[int]) -> None:
        try:
            data = member.sock.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lost(member, now)
            return
        if not member.rest:
            known = self._known.get(data)
            if known is not None:
                member.told.append(known)
                came[known] += 1
                return
        data = member.rest + data
        if not member.upgraded:
            head, separator, data = data.partition(b"\r\n\r\n")
            if not separator:
                member.rest = head
                return
            member.upgraded = True
            if not head.startswith(b"HTTP/1.1 101"):
                self.counters["refused"] += 1
                self._lost(member, now)
                return
            hello = _HELLO | {"token": member.token}
            if member.resume:
                hello["resume"] = {"epoch": member.resume[0], "seq": member.resume[1]}
            self.say(member, hello)
        member.rest = self._frames(member, data, now, came)

    def _frames(self, member: Member, data: bytes, now: float, came: Counter[int]) -> bytes:
        """Take whole frames from the data, and return what is left."""
        at = 0
        while len(data) - at >= 2:
            opcode, length, body = data[at] & 0x0F, data[at + 1], at + 2
            if length == 126:
                length, body = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, body = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if len(data) < body + length:
                break
            frame, payload = data[at : body + length], data[body : body + length]
            at = body + length
            if opcode == _TEXT:
                known = self._known.get(frame)
                if known is None:
                    known = self._heard(member, frame, payload, now)
                if known is not None:
                    member.told.append(known)
                    came[known] += 1
            elif opcode == _PING:
                self.counters["pings"] += 1
                with contextlib.suppress(OSError):
                    member.sock.send(bytes([0x80 | _PONG, 0x80 | length]) + bytes(4) + payload)
        return data[at:]

    def _heard(self, member: Member, frame: bytes, payload: bytes, now: float) -> int | None:
        """Deal with a frame nobody has had before; return its index if it tells events."""
        if payload.startswith(b'{"type":"presence"'):
            return None
        message: Message = msgspec.json.decode(payload)
        match message["type"]:
            case "events":
                return self._shared(frame, _told(message["events"]))
            case "tick":
                sums = [(total["question"], total["votes"]) for total in message.get("votes", ())]
                sums += [(total["poll"], total["voters"]) for total in message.get("polls", ())]
                return self._shared(frame, SharedFrame(sums=tuple(sums)))
            case "ack" | "refused":
                member.answers[message["id"]] = (now, message)
            case "welcome":
                member.welcome_at = now
                member.welcome = message if self.keep_welcomes else None
                self.counters["welcomes"] += 1
            case "bye":
                self.counters[f"bye {message['code']}"] += 1
        return None

    def _shared(self, frame: bytes, told: SharedFrame) -> int:
        self.frames.append(replace(told, size=len(frame)))
        self._known[frame] = len(self.frames) - 1
        return len(self.frames) - 1

    def _lost(self, member: Member, now: float) -> None:
        self.counters["lost connections"] += 1
        member.closed_at = now
        self._drop(member)

    def _drop(self, member: Member) -> None:
        if member.sock.fileno() >= 0:
            self._by_fd.pop(member.sock.fileno(), None)
            with contextlib.suppress(OSError):
                self._poll.unregister(member.sock)
            member.sock.close()


def _told(events: list[Message]) -> SharedFrame:
    said = tuple(
        (event["message"]["id"], event["message"]["text"])
        for event in events
        if event["type"] == "chat.posted"
    )
    new = tuple(
        event[event["type"].partition(".")[0]]["id"]
        for event in events
        if event["type"] in ("question.asked", "poll.drafted")
    )
    return SharedFrame(said, new)
