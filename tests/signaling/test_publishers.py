"""An encoder is present while the relay has its publication; on a real Redis."""

from __future__ import annotations

from signaling.protocol import Media, MediaState, Person
from signaling.publishers import Publishers

from .conftest import RedisServer
from .test_presence import until, worker

ENCODER = Person("encoder-1", "Studio A", "speaker", affiliation="Institute")


def sees(*participants: str, relay: bool = True) -> MediaState:
    return MediaState(
        relay=relay, publications=tuple(Media(name, "camera", True, True, True) for name in participants)
    )


async def test_an_encoder_is_here_while_the_relay_has_its_publication(redis_server: RedisServer) -> None:
    async with worker(redis_server.url) as (presence, _):
        publishers = Publishers(presence)
        publishers.admitted("keynote", "camera", ENCODER)
        assert await presence.find("keynote", "encoder-1") is None, "an offer alone is nobody"
        publishers.seen("keynote", sees("encoder-1"))
        assert await presence.find("keynote", "encoder-1") == ENCODER, "found before the room has heard"
        await until(lambda: presence.roster("keynote").people == (ENCODER,))
        publishers.seen("keynote", sees(relay=False))
        publishers.seen("other", sees())
        assert presence.roster("keynote").people == (ENCODER,), "a lost relay says nothing of people"
        publishers.seen("keynote", sees())
        await until(lambda: presence.roster("keynote").people == ())


async def test_a_publication_of_another_door_is_left_to_it(redis_server: RedisServer) -> None:
    async with worker(redis_server.url) as (presence, _):
        publishers = Publishers(presence)
        publishers.admitted("keynote", "camera", ENCODER)
        publishers.seen("keynote", sees("somebody-else"))
        publishers.seen("elsewhere", sees("encoder-1"))
        assert presence.roster("keynote").people == presence.roster("elsewhere").people == ()
        assert await presence.find("elsewhere", "encoder-1") is None
