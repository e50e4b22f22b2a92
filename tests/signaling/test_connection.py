"""The WebSocket over a real socket, a real uvicorn and a real Redis, byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from signaling import connection, fanout, outbox
from signaling.auth import Claims, Tokens
from signaling.limits import BUDGETS, Budget
from signaling.live import LiveSession, LiveSessions
from signaling.log import SessionLog
from signaling.log import connect as connect_redis
from signaling.outbox import RESYNCS
from signaling.presence import Presence
from signaling.protocol import MAX_FRAME_BYTES, PostChat, Refused, Role
from signaling.websocket_protocol import WebSocketProtocol

from .conftest import RedisServer

SECRET = "0123456789abcdef0123456789abcdef"
TOKENS = Tokens(SECRET)
Message = dict[str, Any]


class Door:
    """A server with one session and its WebSocket door."""

    def __init__(self, port: int, server: uvicorn.Server, live: LiveSessions, session: LiveSession) -> None:
        self.port = port
        self.server = server
        self.live = live
        self.session = session

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"


@contextlib.asynccontextmanager
async def door(redis_url: str) -> AsyncIterator[Door]:
    """Run a worker with the real door in front of it."""
    redis = connect_redis(redis_url)
    async with LiveSessions(SessionLog(redis), Presence(redis, tick=0.05)) as live:

        async def serve(websocket: WebSocket) -> None:
            await connection.serve(websocket, live=live, tokens=TOKENS, origins={"https://stage.example"})

        listener = socket.create_server(("127.0.0.1", 0))
        # Accepted sockets inherit it: what the kernel holds for a slow reader is no test of what we hold.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
        config = uvicorn.Config(
            Starlette(routes=[WebSocketRoute("/ws", serve)]),
            ws=WebSocketProtocol,
            ws_max_size=4 * MAX_FRAME_BYTES,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
        )
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext  # type: ignore[assignment, method-assign]
        serving = asyncio.create_task(server.serve([listener]))
        try:
            session = await live.create("A talk", "s1") if not live.count() else await live.get("s1")
            yield Door(listener.getsockname()[1], server, live, session)
        finally:
            server.should_exit = True
            await serving
            listener.close()
    await redis.aclose()


@pytest.fixture
async def open_door(redis_server: RedisServer) -> AsyncIterator[Door]:
    async with door(redis_server.url) as opened:
        yield opened


def token(sub: str = "ada", role: Role = "viewer", *, lifetime: float = 600, **claims: Any) -> str:
    now = int(time.time())
    exp = int(time.time() + lifetime)
    fields = {"session": "s1"} | claims
    return TOKENS.mint(Claims(sub=sub, role=role, name=sub.title(), iat=now, exp=exp, **fields))


class Client:
    """A page's side of the connection: keeps every byte that came."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.raw: list[str] = []
        self._ids = iter(range(1, 10**6))

    async def send(self, message: Message) -> None:
        await self.socket.send(json.dumps(message))

    async def next(self, kind: str, within: float = 5.0) -> Message:
        """Return the next message of a kind, keeping the others."""
        async with asyncio.timeout(within):
            while True:
                text = await self.socket.recv()
                assert isinstance(text, str)
                self.raw.append(text)
                message: Message = json.loads(text)
                if message["type"] == kind:
                    return message

    async def command(self, kind: str, **fields: str) -> Message:
        """Give a command, and return its ack or refusal."""
        command_id = fields.pop("id", f"c{next(self._ids)}")
        await self.send({"type": kind, "id": command_id, **fields})
        async with asyncio.timeout(5):
            while True:
                text = await self.socket.recv()
                assert isinstance(text, str)
                self.raw.append(text)
                message: Message = json.loads(text)
                if message.get("id") == command_id and message["type"] in ("ack", "refused"):
                    return message

    async def drain(self, quiet: float = 0.2) -> None:
        """Read until nothing comes for a while."""
        with contextlib.suppress(TimeoutError):
            while True:
                async with asyncio.timeout(quiet):
                    text = await self.socket.recv()
                    assert isinstance(text, str)
                    self.raw.append(text)

    async def catch_up(self, seq: int, within: float = 5.0) -> None:
        """Read until the event with this number has come."""
        async with asyncio.timeout(within):
            while (await self.next("events"))["events"][-1]["seq"] < seq:
                pass

    async def closing(self, within: float = 5.0) -> tuple[Message, int]:
        """Return the `bye` and the close code."""
        bye = await self.next("bye", within)
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(within):
                await self.socket.recv()
        assert self.socket.close_code is not None
        return bye, self.socket.close_code


@contextlib.asynccontextmanager
async def join(
    door: Door, sub: str = "ada", role: Role = "viewer", **hello: Any
) -> AsyncIterator[tuple[Client, Message]]:
    """Connect, say hello, and yield the client and its welcome."""
    async with connect(door.url) as socket:
        client = Client(socket)
        await client.send({"type": "hello", "token": hello.pop("token", token(sub, role)), **hello})
        yield client, await client.next("welcome")


# -- hello ---------------------------------------------------------------------------------------------


async def test_a_welcome_says_who_you_are_what_you_may_and_what_is(open_door: Door) -> None:
    async with join(open_door, "grace", "speaker", token=token("grace", "speaker", publish=("camera",))) as (
        _,
        welcome,
    ):
        assert welcome["you"] == {"id": "grace", "name": "Grace", "role": "speaker"}
        assert {"chat.post:backstage", "cue.arrive", "question.ask", "whip:camera"} <= set(welcome["can"])
        assert not {"stage.bring_on", "chat.post:moderators", "whip:slides"} & set(welcome["can"])
        assert welcome["snapshot"]["session"]["title"] == "A talk"
        assert (welcome["epoch"], welcome["seq"]) == open_door.session.position
        assert abs(welcome["time"] - time.time() * 1000) < 2000
        assert abs(welcome["token_expires"] - time.time() * 1000 - 600_000) < 3000


async def test_only_viewers_say_where_they_sit(open_door: Door) -> None:
    async with join(open_door, "ada", place="hall") as (_, welcome):
        assert welcome["you"]["place"] == "hall"
    async with join(open_door, "mod", "moderator", place="hall") as (_, welcome):
        assert "place" not in welcome["you"]


@pytest.mark.parametrize(
    ("first", "code", "close"),
    [
        (lambda: {"type": "hello", "token": "nonsense"}, "token_invalid", 4401),
        (lambda: {"type": "hello", "token": ""}, "token_missing", 4401),
        (lambda: {"type": "hello", "token": token(lifetime=-10)}, "token_expired", 4401),
        (lambda: {"type": "hello", "token": token(session="s9")}, "session_not_found", 4404),
        (lambda: {"type": "hello", "token": token(role="owner", session="*")}, "session_unnamed", 4403),
        (lambda: {"type": "hello", "token": token(), "protocol": 99}, "protocol_unsupported", 4400),
        (lambda: {"type": "ping", "sent": 1}, "hello_expected", 4400),
        (lambda: {"type": "hello", "token": token(), "admin": True}, "bad_message", 4400),
        (list, "bad_message", 4400),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_bad_first_frame_is_closed_with_its_reason(
    open_door: Door, first: Callable[[], object], code: str, close: int
) -> None:
    async with connect(open_door.url) as socket:
        await socket.send(json.dumps(first()))  # minted now: tokens grow old while other tests run
        bye, close_code = await Client(socket).closing()
        assert (bye["code"], close_code) == (code, close)


async def test_silence_is_closed(open_door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HELLO_WITHIN", 0.2)
    async with connect(open_door.url) as socket:
        bye, close_code = await Client(socket).closing()
        assert (bye["code"], close_code) == ("hello_late", 4408)


async def test_strange_origins_are_turned_away_before_anything_else(open_door: Door) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(open_door.url, origin="https://evil.example"):  # type: ignore[arg-type]
            raise AssertionError("connected")
    assert refused.value.response.status_code == 403
    for origin in ("https://stage.example", f"http://127.0.0.1:{open_door.port}"):
        async with connect(open_door.url, origin=origin) as socket:  # type: ignore[arg-type]
            client = Client(socket)
            await client.send({"type": "hello", "token": token()})
            await client.next("welcome")


# -- frames --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "code", "close"),
    [
        (json.dumps({"type": "chat.post", "id": "c1", "text": "x" * MAX_FRAME_BYTES}), "too_large", 1009),
        ("[" * 9 + "]" * 9, "too_deep", 4400),
        ('{"a":' * 4000 + "1" + "}" * 4000, "too_large", 1009),
        ("[" * 8000, "too_deep", 4400),
        ("{", "bad_message", 4400),
        ('{"type":"chat.post"}', "bad_message", 4400),
        (b"binary", "text_expected", 4400),
    ],
    ids=["large", "deep", "deep and large", "unclosed", "cut", "no id", "binary"],
)
async def test_a_bad_frame_is_closed_with_its_reason(
    open_door: Door, frame: str | bytes, code: str, close: int
) -> None:
    async with join(open_door) as (client, _):
        await client.socket.send(frame)
        bye, close_code = await client.closing()
        assert (bye["code"], close_code) == (code, close)


async def test_a_command_that_is_not_well_formed_is_refused_and_the_connection_stays(open_door: Door) -> None:
    async with join(open_door) as (client, _):
        for fields in ({"text": ""}, {"text": "x" * 1001}, {"words": "x"}):
            assert (await client.command("chat.post", **fields))["code"] == "invalid"
        assert (await client.command("chat.shout", text="x"))["code"] == "invalid"
        assert (await client.command("chat.post", text="fine"))["type"] == "ack"


async def test_ping_is_answered_with_the_clock(open_door: Door) -> None:
    async with join(open_door) as (client, _):
        await client.send({"type": "ping", "sent": 123.5})
        pong = await client.next("pong")
        assert pong["sent"] == 123.5 and abs(pong["time"] - time.time() * 1000) < 2000


# -- the conversation ----------------------------------------------------------------------------------


async def test_a_pending_question_never_reaches_another_viewers_socket(open_door: Door) -> None:
    async with (
        join(open_door, "ada") as (author, _),
        join(open_door, "bob") as (stranger, _),
        join(open_door, "mod", "moderator") as (moderator, _),
    ):
        assert (await author.command("question.ask", text="unapproved words"))["type"] == "ack"
        asked = (await moderator.next("events"))["events"][0]
        assert asked["type"] == "question.asked"
        await author.drain()
        await stranger.drain()
        assert any("unapproved words" in frame for frame in author.raw)
        assert not any("unapproved words" in frame for frame in stranger.raw)
        async with join(open_door, "eve") as (latecomer, _):
            await latecomer.drain()
            assert not any("unapproved words" in frame for frame in latecomer.raw)
        await moderator.command("question.approve", question=asked["question"]["id"])
        approved = (await stranger.next("events"))["events"][0]
        assert approved["question"]["text"] == "unapproved words"


async def test_a_resume_gets_exactly_what_was_missed_without_what_was_withdrawn(open_door: Door) -> None:
    async with join(open_door, "bob") as (reader, welcome), join(open_door, "mod", "moderator") as (mod, _):
        await mod.command("chat.post", text="heard")
        heard = await reader.next("events")
        place = {"epoch": heard["epoch"], "seq": heard["seq"]}
        await reader.socket.close()
        await mod.command("chat.post", text="withdrawn words")
        await mod.command("chat.post", text="missed")
        doomed = open_door.session.state.chat[-2]
        await mod.command("chat.delete", message=doomed.id)
        async with join(open_door, "bob", resume=place) as (again, resumed):
            assert resumed["snapshot"] is None
            assert resumed["seq"] == place["seq"], "what was missed comes in the next frame"
            missed = await again.next("events")
            assert [event["type"] for event in missed["events"]] == ["chat.posted", "chat.deleted"]
            assert missed["events"][0]["message"]["text"] == "missed"
            assert missed["seq"] == open_door.session.state.seq
            assert not any("withdrawn" in frame for frame in again.raw)
        async with join(open_door, "bob", resume={"epoch": 1, "seq": 1}) as (_, fresh):
            assert [m["text"] for m in fresh["snapshot"]["chat"]] == ["heard", "missed"]
        assert welcome["epoch"] == place["epoch"]


async def test_an_expired_token_resumes_nothing(open_door: Door) -> None:
    async with connect(open_door.url) as socket:
        client = Client(socket)
        epoch, seq = open_door.session.position
        hello = {"type": "hello", "token": token(lifetime=-1), "resume": {"epoch": epoch, "seq": seq}}
        await client.send(hello)
        bye, _ = await client.closing()
        assert bye["code"] == "token_expired"


async def test_presence_counts_people_and_names_them_only_to_those_who_may_see_them(
    open_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "SMALL_ROOM", -1)
    async with (
        join(open_door, "mod", "moderator") as (moderator, _),
        join(open_door, "ada") as (viewer, _),
        join(open_door, "ada") as (_, _),
        join(open_door, "bob", place="hall", language="zh-CN") as (_, _),
    ):
        while (await moderator.next("presence"))["hall"] != 1:
            pass
        seen = json.loads(next(frame for frame in reversed(moderator.raw) if '"presence"' in frame))
        assert (seen["online"], seen["hall"]) == (2, 1)
        assert [person["id"] for person in seen["people"]] == ["mod", "ada", "bob"]
        assert seen["languages"] == [
            {"of": "und", "online": 2, "hall": 0},
            {"of": "zh", "online": 0, "hall": 1},
        ]
        assert {share["of"]: share["online"] + share["hall"] for share in seen["roles"]} == {
            "viewer": 2,
            "moderator": 1,
        }
        while (await viewer.next("presence"))["hall"] != 1:
            pass
        told = [json.loads(frame) for frame in viewer.raw if '"presence"' in frame]
        assert all(one["people"] is one["roles"] is one["languages"] is None for one in told)


async def test_in_a_small_room_everybody_knows_everybody(open_door: Door) -> None:
    async with join(open_door, "ada") as (viewer, _), join(open_door, "bob", place="hall") as (_, _):
        while (told := await viewer.next("presence"))["hall"] != 1:
            pass
        assert [person["name"] for person in told["people"]] == ["Ada", "Bob"]


async def test_too_much_chat_is_refused_and_a_moderator_is_not_slowed_by_it(open_door: Door) -> None:
    async with contextlib.AsyncExitStack() as people:
        moderator, _ = await people.enter_async_context(join(open_door, "mod", "moderator"))
        names = ("ada", "bob", "carol", "dan")
        flooders = [(await people.enter_async_context(join(open_door, name)))[0] for name in names]
        going = True

        async def flood(flooder: Client) -> None:
            while going:
                await flooder.send({"type": "chat.post", "id": f"f{time.monotonic_ns()}", "text": "flood"})
                await asyncio.sleep(0.001 * len(flooders))

        flooding = [asyncio.create_task(flood(flooder)) for flooder in flooders]
        reading = [asyncio.create_task(flooder.drain(2.0)) for flooder in flooders]
        p99, started = 1.0, time.monotonic()
        for _ in range(3):  # so that what else this machine does for a moment does not decide
            waits = []
            for i in range(100):
                began = time.monotonic()
                kind = "question.ask" if i % 10 == 0 else "chat.delete"
                fields = {"text": "Why?"} if i % 10 == 0 else {"message": "m-none"}
                await moderator.command(kind, **fields)
                waits.append(time.monotonic() - began)
                await asyncio.sleep(0.02)
            p99 = sorted(waits)[98]
            print(f"a moderator's command under flood: p99 {p99 * 1000:.0f} ms")
            if p99 <= 0.2:
                break
        going = False
        await asyncio.gather(*flooding)
        for task in reading:
            task.cancel()
        took = time.monotonic() - started
        for flooder in flooders:
            flooder.socket.transport.abort()  # a goodbye would wait behind all that was sent
        assert p99 <= 0.2
        for flooder in flooders:
            refused = [json.loads(frame) for frame in flooder.raw if '"refused"' in frame]
            assert refused and all(r["code"] == "rate_limited" and r["retry_after"] > 0 for r in refused)
        assert len(open_door.session.state.chat) <= len(flooders) * (5 + took + 1)


# -- tokens --------------------------------------------------------------------------------------------


async def test_a_token_that_ends_unrefreshed_ends_the_connection(open_door: Door) -> None:
    async with join(open_door, token=token(lifetime=1.5)) as (client, _):
        bye, close_code = await client.closing()
        assert (bye["code"], close_code) == ("token_expired", 4401)


async def test_a_refreshed_token_keeps_it_and_has_the_same_rights(open_door: Door) -> None:
    async with join(open_door, token=token("ada", lifetime=2)) as (client, welcome):
        await client.send({"type": "token.refresh"})
        fresh = await client.next("token")
        assert fresh["expires"] > welcome["token_expires"] + 500_000
        claims = TOKENS.verify(fresh["token"], time.time())
        assert (claims.sub, claims.role, claims.session) == ("ada", "viewer", "s1")
        await asyncio.sleep(2.2)
        assert (await client.command("chat.post", text="still here"))["type"] == "ack"


# -- slow readers --------------------------------------------------------------------------------------


def generous(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("chat.post", "address", "session", "process"):
        monkeypatch.setitem(BUDGETS, kind, Budget(rate=1e6, burst=1e6))


def small_socket(door: Door) -> socket.socket:
    """Return a connected socket for which the kernel keeps little."""
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.connect(("127.0.0.1", door.port))
    return small


async def chatter(door: Door, messages: int, listener: Client | None = None) -> None:
    """Fill the chat at the pace of a listener: a kilobyte a message, by a person who is not held back."""
    speaker = TOKENS.verify(token("loud"), time.time())
    text = "x" * 1000

    async def say(number: str) -> None:
        command = msgspec.convert({"type": "chat.post", "id": number, "text": text}, PostChat)
        while isinstance(answer := await door.session.command(speaker, command), Refused):
            assert answer.code == "log_unavailable", answer  # a busy machine's Redis was late
            await asyncio.sleep(0.1)

    for i in range(messages // 20):
        await asyncio.gather(*(say(f"l{i}.{j}") for j in range(20)))
        if listener is not None:
            await listener.catch_up(door.session.state.seq)


async def test_a_slow_reader_is_resynchronised_and_others_do_not_notice(
    open_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    generous(monkeypatch)
    resyncs = RESYNCS._value.get()
    async with connect(open_door.url, max_queue=1, sock=small_socket(open_door)) as socket:
        slow = Client(socket)
        await slow.send({"type": "hello", "token": token("slow")})
        await slow.next("welcome")
        async with join(open_door, "eve") as (quick, _):
            await chatter(open_door, 1000, quick)
            heard = [
                event["seq"]
                for frame in quick.raw
                if '"events"' in frame
                for event in json.loads(frame)["events"]
            ]
            assert heard == sorted(set(heard)) and len(heard) == 1000
        assert RESYNCS._value.get() > resyncs
        seq = (await slow.next("welcome", within=10))["seq"]
        await slow.drain()
        last = max(json.loads(f)["seq"] for f in slow.raw if '"welcome"' in f or '"events"' in f)
        assert seq <= last == open_door.session.state.seq, "in the end it knows all there is"


async def test_a_reader_that_never_reads_is_hung_up_on(
    open_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    generous(monkeypatch)
    monkeypatch.setattr(outbox, "STALLED", 0.5)
    monkeypatch.setattr(connection, "GOODBYE", 0.2)
    async with connect(open_door.url, max_queue=1, sock=small_socket(open_door)) as socket:
        client = Client(socket)
        await client.send({"type": "hello", "token": token("deaf")})
        await client.next("welcome")
        await asyncio.sleep(0.1)
        socket.transport.pause_reading()
        await chatter(open_door, 1000)
        async with asyncio.timeout(5):
            while len(open_door.session.fanout) or open_door.server.server_state.connections:
                await asyncio.sleep(0.05)
        socket.transport.resume_reading()


# -- Redis away ----------------------------------------------------------------------------------------


@pytest.mark.fault
async def test_chat_is_paused_while_redis_is_away_and_nothing_acknowledged_is_lost(
    open_door: Door, redis_server: RedisServer
) -> None:
    async with join(open_door, "ada") as (client, _):
        assert (await client.command("chat.post", text="before"))["type"] == "ack"
        redis_server.kill()
        assert (await client.next("notice"))["code"] == "chat_paused"
        refused = await client.command("chat.post", text="during", id="same")
        assert refused["code"] == "log_unavailable" and refused["retry_after"] > 0
        async with join(open_door, "bob") as (late, welcome):
            assert [m["text"] for m in welcome["snapshot"]["chat"]] == ["before"]
            assert (await late.next("notice"))["code"] == "chat_paused"
        await redis_server.start()
        began = time.monotonic()
        assert (await client.next("notice"))["code"] == "chat_resumed"
        print(f"resumed {time.monotonic() - began:.2f} s after redis")
        assert (await client.command("chat.post", text="during", id="same"))["type"] == "ack"
        assert [m.text for m in open_door.session.state.chat] == ["before", "during"]


@pytest.mark.fault
async def test_a_client_resumes_at_another_worker(open_door: Door, redis_server: RedisServer) -> None:
    async with join(open_door, "ada") as (client, _):
        await client.command("chat.post", text="one")
        heard = await client.next("events") if not any('"events"' in f for f in client.raw) else None
        place = heard or json.loads(next(f for f in client.raw if '"events"' in f))
    await asyncio.sleep(0)
    async with door(redis_server.url) as other:
        resume = {"epoch": place["epoch"], "seq": place["seq"]}
        async with join(other, "ada", resume=resume) as (again, welcome):
            assert welcome["snapshot"] is None
            async with join(open_door, "bob") as (elsewhere, _):
                await elsewhere.command("chat.post", text="two")
            assert (await again.next("events"))["events"][0]["message"]["text"] == "two"
