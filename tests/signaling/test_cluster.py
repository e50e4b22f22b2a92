"""A Redis Cluster of Debian's real processes: three masters, a fail-over, and a slot that moves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from signaling.doctor import examine
from signaling.embedded_redis import answers
from signaling.invitation import NewInvitation, made, new_code
from signaling.invitation_store import InvitationStore
from signaling.live import LiveSession, person_of
from signaling.log import SessionLog, connect
from signaling.programme.model import Programme
from signaling.programme_store import ProgrammeStore
from signaling.protocol import (
    Ack,
    ApproveQuestion,
    AskQuestion,
    ChatPosted,
    PostChat,
    Refused,
    VoteQuestion,
)
from signaling.redis_client import Cluster, RedisUrlError, cluster, masters

from .processes import RedisProcesses, free_port
from .test_live import claims, done, generous, new_id, until, worker

__all__ = ["generous"]

SLOTS = 16384


class Servers(RedisProcesses):
    """Three masters with a third of the slots each, and a replica of the one that has `session`."""

    def __init__(self, folder: Path, session: str) -> None:
        super().__init__(folder)
        self.slot = key_slot(f"{{{session}}}".encode())
        self.masters = [free_port() for _ in range(3)]
        self.replica = free_port()
        self._bus: dict[int, int] = {}

    @property
    def url(self) -> str:
        """One node that never was, and two of the three: the rest is found."""
        return f"redis+cluster://127.0.0.1:{free_port()},127.0.0.1:{self.masters[0]},127.0.0.1:{self.other}"

    @property
    def owner(self) -> int:
        """The master that the session is on at first."""
        return self.masters[self.slot * 3 // SLOTS]

    @property
    def other(self) -> int:
        """A master that the session is not on."""
        return next(port for port in self.masters[::-1] if port != self.owner)

    async def start(self) -> None:
        for port in (*self.masters, self.replica):
            self._run(port)
        bounds = [-(-SLOTS * i // 3) for i in range(4)]
        for i, port in enumerate(self.masters):
            await self.ask(port, "CLUSTER", "SET-CONFIG-EPOCH", i + 1)
            await self.ask(port, "CLUSTER", "ADDSLOTSRANGE", bounds[i], bounds[i + 1] - 1)
        for port in (*self.masters[1:], self.replica):
            args = ("MEET", "127.0.0.1", self.masters[0], self._bus[self.masters[0]])
            await self.ask(port, "CLUSTER", *args)
        await self.until_ok(self.replica, known=4)
        await self.ask(self.replica, "CLUSTER", "REPLICATE", await self.id_of(self.owner))
        for port in self.masters:
            await self.until_ok(port, known=4)
        async with asyncio.timeout(15):
            while (await self.ask(self.replica, "INFO"))["master_link_status"] != "up":
                await asyncio.sleep(0.05)

    def _run(self, port: int) -> None:
        self._bus[port] = free_port()
        options = ("--cluster-enabled", "yes", "--cluster-port", str(self._bus[port]))
        self.run(port, *options, "--cluster-node-timeout", "1000")

    async def ask(self, port: int, *command: str | int) -> Any:
        """Give one server a command, as soon as it answers."""
        async with asyncio.timeout(15):
            while True:
                client: Any = Redis(port=port, decode_responses=True, socket_timeout=2)
                try:
                    return await client.execute_command(*[str(part) for part in command])
                except (OSError, RedisError) as error:
                    if not isinstance(error, OSError | ConnectionError) and "Connection" not in repr(error):
                        raise
                    await asyncio.sleep(0.02)
                finally:
                    await client.aclose()

    async def id_of(self, port: int) -> str:
        return str(await self.ask(port, "CLUSTER", "MYID"))

    async def move_slot(self, source: int, target: int) -> int:
        """Move the session's slot, key by key, while it is in use; returns how many keys that were."""
        ids = {port: await self.id_of(port) for port in (source, target)}
        await self.ask(target, "CLUSTER", "SETSLOT", self.slot, "IMPORTING", ids[source])
        await self.ask(source, "CLUSTER", "SETSLOT", self.slot, "MIGRATING", ids[target])
        moved = 0
        while keys := await self.ask(source, "CLUSTER", "GETKEYSINSLOT", self.slot, 20):
            await self.ask(source, "MIGRATE", "127.0.0.1", target, "", 0, 5000, "KEYS", *keys)
            moved += len(keys)
        for port in (target, source):
            await self.ask(port, "CLUSTER", "SETSLOT", self.slot, "NODE", ids[target])
        return moved

    async def until_ok(self, port: int, known: int) -> None:
        async with asyncio.timeout(20):
            while True:
                info = await self.ask(port, "CLUSTER", "INFO")
                if "cluster_state:ok" in str(info) and f"cluster_known_nodes:{known}" in str(info):
                    return
                await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    servers = Servers(tmp_path_factory.mktemp("cluster"), "s1")
    try:
        asyncio.run(servers.start())
        yield servers
    finally:
        servers.close()


class Talk:
    """Two workers, people at both who go on talking, and what they were told is written."""

    def __init__(self, *places: LiveSession) -> None:
        self._places = places
        self._going = True
        self.acknowledged: list[str] = []
        self.refused = 0
        self._people = [asyncio.create_task(self._talk(place, i)) for i, place in enumerate(places * 3)]

    async def _talk(self, place: LiveSession, number: int) -> None:
        said = 0
        while self._going:
            said += 1
            post = PostChat(new_id(), f"{number}: {said}")
            while not isinstance(answer := await place.command(claims(f"p{number}"), post), Ack):
                assert isinstance(answer, Refused) and answer.code == "log_unavailable", answer
                self.refused += 1
                await asyncio.sleep(0.05)
            self.acknowledged.append(post.text)
            await asyncio.sleep(0.01)

    async def more(self, messages: int) -> None:
        """Wait until so many more have been acknowledged."""
        enough = len(self.acknowledged) + messages
        await until(lambda: len(self.acknowledged) >= enough, within=20)

    async def end(self) -> None:
        """Stop, and find in the log what was acknowledged, each once and in order, and at both workers."""
        self._going = False
        await asyncio.gather(*self._people)
        first = self._places[0]
        await until(lambda: len({place.position for place in self._places}) == 1)
        events = await first.events()
        posted = [event.message.text for event in events if isinstance(event, ChatPosted)]
        assert sorted(text for text in posted if text in self.acknowledged) == sorted(self.acknowledged)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert all(place.state == first.state for place in self._places)


async def test_all_that_is_kept_is_kept_in_a_cluster(servers: Servers) -> None:
    assert await answers(servers.url)
    async with worker(servers.url) as live, worker(servers.url) as other:
        names = [f"talk-{number}" for number in range(6)]
        slots = {key_slot(f"{{{name}}}".encode()) * 3 // SLOTS for name in names}
        assert slots == {0, 1, 2}, "the sessions are on all three"
        for name in names:
            session = await live.create("A talk", name)
            there = await other.get(name)
            ada = msgspec.structs.replace(claims("ada"), session=name)
            mod = msgspec.structs.replace(claims("mod", "moderator"), session=name)
            live.presence.enter(name, f"c-{name}", person_of(ada), "en")
            other.presence.enter(name, f"d-{name}", person_of(mod), "en")
            await done(session, ada, AskQuestion(new_id(), "Why?"))
            await until(lambda: there.position == session.position)  # noqa: B023
            (question,) = there.state.questions
            await done(there, mod, ApproveQuestion(new_id(), question))
            await until(lambda: there.position == session.position)  # noqa: B023
            votes = [done(place, ada, VoteQuestion(new_id(), question)) for place in (session, there)]
            await asyncio.gather(*votes)
            await until(lambda: other.presence.roster(name).online == 2)  # noqa: B023
            assert [entry.action async for entry in other.whole_audit(name)] == ["question.approved"]
        await live.erase(names[0], "ada")
        await live.delete(names[1])
        await until(lambda: other.known(names[1]) is None)
        assert len((await other.presence.book.read(names[2])).attendees) == 2
    client = connect(servers.url)
    try:
        async with worker(servers.url) as late:
            assert {session.id for session in await late.list()} == {*names} - {names[1]}
            assert abs(late.clock() - time.time()) < 1
        programmes, invitations = ProgrammeStore(client), InvitationStore(client)
        for event in ("spring", "summer", "autumn"):
            programme = Programme(event, "A year")
            assert await programmes.write(event, programme, seen=0, version=1, write="w") == (True, 1)
            code = new_code()
            wanted = NewInvitation(role="viewer", event=event, name="Ada")
            await invitations.add(made(wanted, code, by="owner", now=0))
            assert (await invitations.take(code, "browser")).outcome == "seated"
        assert await programmes.versions() == {"spring": 1, "summer": 1, "autumn": 1}
        assert [one.taken for one in await invitations.list(None, "summer")] == [1]
    finally:
        await client.aclose()


async def test_the_doctor_says_which_masters_have_no_replica(servers: Servers) -> None:
    async with asyncio.timeout(30):
        while await masters(servers.url) != (3, 2):  # the replica is taken on a moment after the masters
            await asyncio.sleep(0.2)
        # Another node, which the doctor may ask, learns of it by gossip.
        says: list[tuple[str, bool]] = []
        while says != [("warning", True)]:
            found = [one async for one in examine({"ROSTRUM_REDIS_URL": servers.url}) if one.about == "redis"]
            says = [(one.level, "2 have no replica" in one.says) for one in found]


@pytest.mark.fault
async def test_a_master_that_dies_and_a_slot_that_moves_lose_nothing_acknowledged(servers: Servers) -> None:
    async with worker(servers.url) as live, worker(servers.url) as other:
        session = await live.create("A talk", "s1")
        talk = Talk(session, await other.get("s1"))
        await talk.more(30)

        epoch = session.position[0]
        servers.kill(servers.owner)
        began = time.monotonic()
        await until(lambda: not live.available and not other.available, within=10)
        await until(lambda: live.available and other.available, within=20)
        print(f"a master killed: {time.monotonic() - began:.1f} s until its replica had taken over")
        await talk.more(30)

        before, refused = len(talk.acknowledged), talk.refused
        began = time.monotonic()
        keys = await servers.move_slot(servers.replica, servers.other)
        print(
            f"a slot with {keys} keys moved in {time.monotonic() - began:.2f} s, "
            f"{len(talk.acknowledged) - before} acknowledged and {talk.refused - refused} refused meanwhile"
        )
        await talk.more(30)
        await talk.end()
        assert session.position[0] >= epoch
    log = SessionLog(connect(servers.url))
    assert (await log.heads(["s1"]))[0] is not None
    await log.aclose()
    assert await servers.ask(servers.other, "EXISTS", "rostrum:{s1}:log") == 1, "it is where it was moved to"


def test_a_url_of_a_cluster_is_taken_apart() -> None:
    assert cluster("redis+cluster://ada:p%40ss@one:1,two,[::1]:3") == Cluster(
        (("one", 1), ("two", 6379), ("::1", 3)), "ada", "p@ss"
    )
    assert cluster("rediss+cluster://:secret@one/0") == Cluster((("one", 6379),), password="secret", tls=True)


@pytest.mark.parametrize("rest", ["", ",", "one:x", "one/1", "one?db=1", "one/talk"])
def test_a_url_that_names_no_cluster_is_one_sentence_without_its_password(rest: str) -> None:
    with pytest.raises(RedisUrlError) as caught:
        cluster(f"redis+cluster://:hunter2@{rest}")
    assert "hunter2" not in str(caught.value)
