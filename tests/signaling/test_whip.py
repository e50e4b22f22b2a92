"""WHIP and WHEP over real HTTP: the doors, a real Redis and a real relay behind them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from signaling.protocol import Role
from signaling.whip import IceServers, TransportNames, TransportNotFound
from tests.signaling.relay_process import SECRET as RELAY_SECRET
from tests.signaling.relay_process import RelayProcess
from tests.signaling.server import OWNER, Server, bearer, running, token

OFFERS = Path(__file__).parents[1] / "data" / "sdp"
PUBLISH = (OFFERS / "whip-chromium-vp8.offer").read_text(encoding="utf-8")
VIEW = (OFFERS / "whep-firefox.offer").read_text(encoding="utf-8")
SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}
CANDIDATE = (
    "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
)


@pytest.fixture
async def relay() -> AsyncIterator[RelayProcess]:
    async with RelayProcess() as relay:
        yield relay


@pytest.fixture
async def server(tmp_path: Path, relay: RelayProcess) -> AsyncIterator[Server]:
    changes: dict[str, Any] = {
        "stun_urls": ("stun:stun.example:3478",),
        "turn_urls": ("turn:turn.example:3478?transport=udp",),
        "turn_secret": "turn-turn-turn-turn-turn-turn-turn",
    }
    async with running(tmp_path, relay.url, **changes) as server:
        await server.until_ready()
        await server.create()
        yield server


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code
    assert answer.headers["access-control-allow-origin"] == "*"


async def publish(server: Server, source: str = "camera", **headers: str) -> httpx.Response:
    shown = bearer("speaker", sub="sp-1") | SDP | headers
    return await server.http.post(f"/whip/keynote/{source}", content=PUBLISH, headers=shown)


async def view(server: Server, path: str = "/whep/keynote?wait=1", **headers: str) -> httpx.Response:
    return await server.http.post(path, content=VIEW, headers=bearer("viewer", sub="v-1") | SDP | headers)


async def transports_without(relay: RelayProcess, participant: str) -> int:
    """Have the relay put a participant out, and return how many transports are left."""
    known = {"Authorization": f"Bearer {RELAY_SECRET}"}
    async with httpx.AsyncClient(base_url=relay.url, headers=known, trust_env=False) as http:
        await http.delete(f"/sessions/keynote/participants/{participant}")
        return int((await http.get("/stats")).json()["transports"])


# -- opening ------------------------------------------------------------------------------------------


async def test_a_publisher_is_answered_as_rfc_9725_says(server: Server) -> None:
    answer = await publish(server)
    assert answer.status_code == 201, answer.text
    assert answer.headers["content-type"] == "application/sdp"
    assert re.fullmatch(r"/whip/keynote/camera/[\w.-]+", answer.headers["location"])
    assert re.fullmatch(r'"[^"]+"', answer.headers["etag"])
    assert answer.headers["accept-patch"] == "application/trickle-ice-sdpfrag"
    assert answer.headers["cache-control"] == "no-store"
    assert "a=ice-lite" in answer.text
    exposed = {name.strip() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert exposed >= {"Location", "Link", "ETag", "Retry-After"}


async def test_a_viewer_is_answered_at_both_addresses_of_the_stage(server: Server) -> None:
    for path in ("/whep/keynote?wait=1", "/whep/keynote/stage?wait=1"):
        answer = await view(server, path)
        assert answer.status_code == 201, answer.text
        assert answer.headers["location"].startswith("/whep/keynote/stage/")


async def test_without_wait_an_empty_stage_says_when_to_try_again(server: Server) -> None:
    answer = await view(server, "/whep/keynote")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0


async def test_who_publishes_is_who_the_token_says_and_the_room_is_one(
    server: Server, relay: RelayProcess
) -> None:
    assert (await publish(server)).status_code == 201
    desk = bearer("hall", sub="desk-7") | SDP
    assert (await server.http.post("/whip/keynote/hall", content=PUBLISH, headers=desk)).status_code == 201
    left = [await transports_without(relay, participant) for participant in ("desk-7", "hall", "sp-1")]
    assert left == [1, 1, 0], "the room's media went with the desk that had opened it"


async def test_ice_servers_come_with_credentials_for_a_while(server: Server) -> None:
    answer = await publish(server)
    stun, turn = answer.headers.get_list("link")
    assert stun == '<stun:stun.example:3478>; rel="ice-server"'
    found = re.fullmatch(
        r'<turn:turn\.example:3478\?transport=udp>; rel="ice-server"; username="(\d+):sp-1"; '
        r'credential="([^"]+)"; credential-type="password"',
        turn,
    )
    assert found
    assert 3600 < int(found[1]) - time.time() < 24 * 3600
    mac = hmac.new(b"turn-turn-turn-turn-turn-turn-turn", f"{found[1]}:sp-1".encode(), hashlib.sha1)
    assert found[2] == base64.b64encode(mac.digest()).decode()


# -- refusing -----------------------------------------------------------------------------------------


async def test_tokens_and_rights(server: Server) -> None:
    bare = await server.http.post("/whip/keynote/camera", content=PUBLISH, headers=SDP)
    refused(bare, 401, "token_missing")
    assert bare.headers["www-authenticate"].startswith("Bearer")
    refused(await publish(server, Authorization="Bearer nonsense"), 401, "token_invalid")
    old = token("speaker", lifetime=-1)
    refused(await publish(server, Authorization=f"Bearer {old}"), 401, "token_expired")
    refused(await publish(server, **bearer("viewer")), 403, "forbidden")
    refused(await publish(server, **bearer("speaker", "forum")), 403, "forbidden")
    refused(await publish(server, "hall"), 403, "forbidden")
    only_slides = token("speaker", publish=("slides",))
    refused(await publish(server, Authorization=f"Bearer {only_slides}"), 403, "forbidden")
    refused(await view(server, "/whep/keynote/return"), 403, "forbidden")


async def test_those_backstage_may_see_one_another_and_the_audience_may_not(server: Server) -> None:
    for role in ("speaker", "interpreter", "moderator", "chair", "producer"):
        shown = bearer(role, sub="b-1") | SDP
        for feed in ("solo:sp-1", "return"):
            answer = await server.http.post(f"/whep/keynote/{feed}?wait=1", content=VIEW, headers=shown)
            assert answer.status_code == 201, answer.text
            assert answer.headers["location"].startswith(f"/whep/keynote/{feed}/")
    refused(await view(server, "/whep/keynote/solo:sp-1"), 403, "forbidden")
    refused(await view(server, "/whep/keynote/solo:"), 404, "feed_not_found")


async def test_a_desk_asks_what_arrives_of_somebody_and_an_audience_does_not(server: Server) -> None:
    path = "/api/sessions/keynote/lines/sp-1"
    asked: tuple[Role, ...] = ("producer", "chair", "viewer", "moderator")
    answers = [await server.http.get(path, headers=bearer(role)) for role in asked]
    assert [answer.status_code for answer in answers] == [404, 404, 403, 403]
    foreign = await server.http.get(path, headers=bearer("producer", "forum"))
    assert (foreign.status_code, foreign.json()["code"]) == (403, "forbidden")


async def test_what_is_not_there(server: Server) -> None:
    refused(await publish(server, "screen"), 404, "source_not_found")
    refused(await view(server, "/whep/keynote/backstage"), 404, "feed_not_found")
    for path in ("/whip/absent/camera", "/whep/absent"):
        answer = await server.http.post(path, content=VIEW, headers=OWNER | SDP)
        refused(answer, 404, "session_not_found")


async def test_an_ended_session_takes_nobody(server: Server) -> None:
    await server.http.post("/api/sessions/keynote/end", headers=OWNER)
    refused(await publish(server), 409, "session_ended")
    refused(await view(server), 409, "session_ended")


async def test_bodies_that_are_not_offers(server: Server) -> None:
    wrong_kind = await publish(server, **{"Content-Type": "application/json"})
    refused(wrong_kind, 415, "unsupported_media_type")
    assert wrong_kind.headers["accept-post"] == "application/sdp"
    shown = bearer("speaker") | SDP
    long = await server.http.post("/whip/keynote/camera", content=b"v" * 65_537, headers=shown)
    refused(long, 413, "body_too_large")
    binary = await server.http.post("/whip/keynote/camera", content=b"\xff\xfe", headers=shown)
    refused(binary, 400, "malformed_offer")


async def test_the_relays_own_refusals_pass_unchanged(server: Server) -> None:
    offer = (OFFERS / "whip-chromium-vp9.offer").read_text(encoding="utf-8")
    shown = bearer("speaker") | SDP
    answer = await server.http.post("/whip/keynote/camera", content=offer, headers=shown)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 422


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
async def test_methods_that_the_protocols_keep_for_later(server: Server, method: str) -> None:
    location = (await view(server)).headers["location"]
    for path, allowed in (
        ("/whip/keynote/camera", {"POST", "OPTIONS"}),
        ("/whep/keynote", {"POST", "OPTIONS"}),
        (location, {"PATCH", "DELETE", "OPTIONS"}),
    ):
        answer = await server.http.request(method, path, headers=bearer("viewer", sub="v-1"))
        assert answer.status_code == 405
        assert {name.strip() for name in answer.headers["allow"].split(",")} == allowed


@pytest.mark.fault
async def test_a_relay_that_is_away_means_try_again(server: Server, relay: RelayProcess) -> None:
    location = (await publish(server)).headers["location"]
    await relay.kill()
    shown = bearer("speaker", sub="sp-1")
    for answer in (await publish(server), await server.http.delete(location, headers=shown)):
        refused(answer, 503, "relay_unavailable")
        assert answer.headers["retry-after"] == "1"
    assert (await server.http.get("/readyz")).json() == {"ready": False, "redis": True, "relay": False}
    await relay.start()
    await server.until_ready(within=2)
    assert (await publish(server)).status_code == 201
    gone = await server.http.delete(location, headers=shown)
    assert gone.status_code == 404


# -- transports ---------------------------------------------------------------------------------------


async def test_trickle_restart_and_end(server: Server) -> None:
    opened = await publish(server)
    location, etag = opened.headers["location"], opened.headers["etag"]
    shown = bearer("speaker", sub="sp-1")
    trickled = await server.http.patch(
        location, content=CANDIDATE, headers=shown | FRAGMENT | {"If-Match": etag}
    )
    assert trickled.status_code == 204
    for match, status in ((None, 428), ('"old"', 412)):
        headers = shown | FRAGMENT | ({"If-Match": match} if match else {})
        assert (await server.http.patch(location, content=CANDIDATE, headers=headers)).status_code == status
    restarted = await server.http.patch(
        location, content=CANDIDATE, headers=shown | FRAGMENT | {"If-Match": "*"}
    )
    assert restarted.status_code == 200
    assert restarted.headers["content-type"] == "application/trickle-ice-sdpfrag"
    assert "a=ice-ufrag:" in restarted.text
    assert restarted.headers["etag"] not in ("", etag)
    assert (await server.http.delete(location, headers=shown)).status_code == 200
    assert (await server.http.delete(location, headers=shown)).status_code == 404


async def test_a_transport_is_its_participants_alone(server: Server) -> None:
    location = (await publish(server)).headers["location"]
    others = (
        bearer("speaker", sub="sp-2"),
        bearer("producer"),
        OWNER,
    )
    for shown in others:
        refused(await server.http.delete(location, headers=shown), 404, "transport_not_found")
        patched = await server.http.patch(location, content=CANDIDATE, headers=shown | FRAGMENT)
        refused(patched, 404, "transport_not_found")
    refused(await server.http.delete(location), 401, "token_missing")
    shown = bearer("speaker", sub="sp-1")
    moved = location.replace("/camera/", "/slides/")
    refused(await server.http.delete(moved, headers=shown), 404, "transport_not_found")
    bent = location[:-1] + ("A" if location[-1] != "A" else "B")
    refused(await server.http.delete(bent, headers=shown), 404, "transport_not_found")
    wrong_kind = await server.http.patch(location, content=CANDIDATE, headers=shown | SDP)
    refused(wrong_kind, 415, "unsupported_media_type")
    assert wrong_kind.headers["accept-patch"] == "application/trickle-ice-sdpfrag"
    assert (await server.http.delete(location, headers=shown)).status_code == 200


def test_any_worker_with_the_secret_knows_a_name_and_nobody_else_can_make_one() -> None:
    name = TransportNames("a" * 32).name("whip/keynote/camera", "sp-1", "t-1")
    assert TransportNames("a" * 32).transport("whip/keynote/camera", "sp-1", name) == "t-1"
    for names, door, participant, tried in (
        (TransportNames("b" * 32), "whip/keynote/camera", "sp-1", name),
        (TransportNames("a" * 32), "whip/forum/camera", "sp-1", name),
        (TransportNames("a" * 32), "whip/keynote/camera", "sp-2", name),
        (TransportNames("a" * 32), "whip/keynote/camera", "sp-1", "t-1"),
        (TransportNames("a" * 32), "whip/keynote/camera", "sp-1", "t-1.é"),
        (TransportNames("a" * 32), "whip/keynote/camera", "sp-1", ""),
    ):
        with pytest.raises(TransportNotFound):
            names.transport(door, participant, tried)


# -- asking beforehand --------------------------------------------------------------------------------


async def test_a_page_of_another_origin_may_ask_and_then_use(server: Server) -> None:
    asked = {
        "Origin": "https://player.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    for path in ("/whip/keynote/camera", "/whep/keynote", "/whep/keynote/stage/t-1"):
        answer = await server.http.options(path, headers=asked)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "*"
        assert {"POST", "PATCH", "DELETE"} <= set(
            answer.headers["access-control-allow-methods"].replace(" ", "").split(",")
        )
        allowed = answer.headers["access-control-allow-headers"].lower()
        assert all(name in allowed for name in ("authorization", "content-type", "if-match"))
        assert "link" not in answer.headers


async def test_options_tells_what_is_accepted_and_to_whom_which_servers_serve(server: Server) -> None:
    answer = await server.http.options("/whip/keynote/camera")
    assert answer.headers["accept-post"] == "application/sdp"
    assert "link" not in answer.headers
    known = await server.http.options("/whip/keynote/camera", headers=bearer("speaker"))
    assert len(known.headers.get_list("link")) == 2
    transport = await server.http.options("/whip/keynote/camera/t-1")
    assert transport.headers["accept-patch"] == "application/trickle-ice-sdpfrag"


def test_without_servers_there_are_no_links() -> None:
    assert IceServers().links("sp-1", time.time()) == []
