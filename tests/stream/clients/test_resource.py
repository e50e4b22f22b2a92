"""HTTP as clients meet it: what a server answers becomes one of few errors, and when to come again."""

from __future__ import annotations

import random

import httpx
import pytest

from stream.clients.errors import Refused, Unreachable
from stream.clients.resource import Resource, delete, pause, post_offer

URL = "https://stage.example/whip/talk/camera"


def client(answer: httpx.Response | Exception) -> httpx.AsyncClient:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return httpx.AsyncClient(transport=httpx.MockTransport(handle))


async def test_a_created_resource_is_resolved_against_its_endpoint() -> None:
    created = httpx.Response(201, text="v=0", headers={"Location": "/whip/talk/camera/t1", "ETag": '"a"'})
    async with client(created) as http:
        resource = await post_offer(http, URL, "v=0")
    assert resource == Resource("https://stage.example/whip/talk/camera/t1", '"a"', "v=0")


async def test_a_problem_document_becomes_a_refusal_with_its_code() -> None:
    problem = httpx.Response(
        422,
        content=b'{"code": "no_common_codec", "detail": "Only VP9 is offered."}',
        headers={"Content-Type": "application/problem+json"},
    )
    async with client(problem) as http:
        with pytest.raises(Refused, match=r"Only VP9 is offered\. \(HTTP 422\)") as caught:
            await post_offer(http, URL, "v=0")
    assert (caught.value.code, caught.value.final) == ("no_common_codec", True)


@pytest.mark.parametrize(
    ("status", "retry_after", "final", "seconds"),
    [
        (401, None, True, None),
        (409, None, False, None),
        (429, "3", False, 3.0),
        (503, "2", False, 2.0),
        (500, None, False, None),
        (503, "Wed, 21 Oct 2026 07:28:00 GMT", False, None),
    ],
)
async def test_what_may_be_tried_again(
    status: int, retry_after: str | None, final: bool, seconds: float | None
) -> None:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    async with client(httpx.Response(status, headers=headers)) as http:
        with pytest.raises(Refused) as caught:
            await post_offer(http, URL, "v=0")
    assert (caught.value.final, caught.value.retry_after) == (final, seconds)


@pytest.mark.parametrize("answer", [httpx.ConnectError("no"), httpx.Response(201, text="v=0")])
async def test_no_answer_and_no_location_are_worth_another_try(answer: httpx.Response | Exception) -> None:
    async with client(answer) as http:
        with pytest.raises(Unreachable) as caught:
            await post_offer(http, URL, "v=0")
    assert not caught.value.final


async def test_ending_what_has_ended_is_no_error() -> None:
    resource = Resource(URL + "/t1", None, "v=0")
    async with client(httpx.ConnectError("no")) as http:
        assert await delete(http, resource) is None
    async with client(httpx.Response(404)) as http:
        assert await delete(http, resource) == 404


def test_pauses_grow_to_a_cap_and_differ() -> None:
    chance = random.Random(1)
    pauses = [pause(attempt, None, chance) for attempt in range(10)]
    assert 0.125 <= pauses[0] <= 0.25
    assert all(1.0 <= late <= 2.0 for late in pauses[3:])
    assert len(set(pauses)) == len(pauses)


def test_a_pause_keeps_what_the_server_asked_for() -> None:
    chance = random.Random(1)
    assert all(5.0 <= pause(0, 5.0, chance) <= 6.0 for _ in range(50))
    assert pause(0, 1e9, chance) <= 72.0
