"""A real Chromium takes our answers to its own offers, and does what they say."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from stream.negotiation import negotiate_publish, negotiate_view
from tests.stream.offers import LOCAL, Slots

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

OFFER = """async ({lines, encodings, codec, bundlePolicy}) => {
    const stream = await navigator.mediaDevices.getUserMedia({audio: true, video: true});
    const pc = window.pc = new RTCPeerConnection({bundlePolicy});
    window.tracks = [];
    pc.ontrack = (event) => tracks.push([event.transceiver.mid, event.streams[0].id, event.track.kind]);
    for (const [kind, direction] of lines) {
        if (kind === "application") {
            pc.createDataChannel("x");
            await pc.setLocalDescription();  // claims the first line
            continue;
        }
        const source = direction === "recvonly"
            ? kind : stream.getTracks().find((track) => track.kind === kind);
        const options = {direction};
        if (kind === "video" && encodings) options.sendEncodings = encodings;
        const transceiver = pc.addTransceiver(source, options);
        if (kind === "video" && codec) {
            const codecs = RTCRtpReceiver.getCapabilities("video").codecs;
            transceiver.setCodecPreferences(
                codecs.filter((one) => [codec, "video/rtx"].includes(one.mimeType)));
        }
    }
    await pc.setLocalDescription();
    return pc.localDescription.sdp;
}"""

ANSWER = """async (sdp) => {
    await pc.setRemoteDescription({type: "answer", sdp});
    return {
        state: pc.signalingState,
        tracks,
        lines: pc.getTransceivers().map((one) => ({
            mid: one.mid,
            direction: one.currentDirection,
            active: one.sender.getParameters().encodings.filter((layer) => layer.active)
                .map((layer) => layer.rid ?? ""),
            codecs: (one.currentDirection === "sendonly" ? one.sender : one.receiver)
                .getParameters().codecs.map((codec) => codec.mimeType),
            extensions: (one.currentDirection === "sendonly" ? one.sender : one.receiver)
                .getParameters().headerExtensions.length,
        })),
    };
}"""

LAYERS = [
    {"rid": "q", "scaleResolutionDownBy": 4},
    {"rid": "h", "scaleResolutionDownBy": 2},
    {"rid": "f", "scaleResolutionDownBy": 1},
]


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--no-sandbox"],
        )
        page = browser.new_page()
        # getUserMedia wants a secure origin, and localhost is one: the page itself is empty.
        page.route("**/*", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
        page.goto("http://localhost/")
        yield page
        browser.close()


def offer(page: Page, lines: list[tuple[str, str]], **options: Any) -> str:
    defaults = {"encodings": None, "codec": None, "bundlePolicy": "max-bundle"}
    text: str = page.evaluate(OFFER, defaults | options | {"lines": lines})
    return text


def answer(page: Page, text: str) -> dict[str, Any]:
    outcome: dict[str, Any] = page.evaluate(ANSWER, text)
    page.evaluate("() => pc.close()")
    return outcome


PUBLISHED = [("audio", "sendonly"), ("video", "sendonly")]


@pytest.mark.parametrize("codec", ["VP8", "H264"])
def test_a_publisher_sends_the_one_codec(browser_page: Page, codec: str) -> None:
    agreement = negotiate_publish(offer(browser_page, PUBLISHED, codec=f"video/{codec}"), LOCAL)
    outcome = answer(browser_page, agreement.answer)
    assert outcome["state"] == "stable"
    audio, video = outcome["lines"]
    assert audio["direction"] == video["direction"] == "sendonly"
    assert audio["codecs"] == ["audio/red", "audio/opus"], "redundant sound where it is offered"
    assert video["codecs"] == [f"video/{codec}", "video/rtx"]
    assert [line["extensions"] for line in (audio, video)] == [
        len(line.extensions) for line in agreement.media
    ]


def test_a_simulcast_publisher_keeps_all_its_layers(browser_page: Page) -> None:
    agreement = negotiate_publish(offer(browser_page, PUBLISHED, encodings=LAYERS), LOCAL)
    assert agreement.media[1].rids == ("q", "h", "f")
    assert answer(browser_page, agreement.answer)["lines"][1]["active"] == ["q", "h", "f"]


def test_a_publisher_with_a_data_channel_first(browser_page: Page) -> None:
    """The first line of the bundle is rejected: the next one carries the transport.

    Chromium takes that from nobody under max-bundle, where only the first line has a transport.
    """
    text = offer(browser_page, [("application", ""), *PUBLISHED], bundlePolicy="balanced")
    assert text.index("m=application") < text.index("m=audio")
    outcome = answer(browser_page, negotiate_publish(text, LOCAL).answer)
    assert outcome["state"] == "stable"
    assert [line["direction"] for line in outcome["lines"]] == ["sendonly", "sendonly"]


def test_our_page_gets_its_five_slots(browser_page: Page) -> None:
    lines = [("video", "recvonly")] * 2 + [("audio", "recvonly")] * 3
    agreement = negotiate_view(offer(browser_page, lines), LOCAL, Slots())
    outcome = answer(browser_page, agreement.answer)
    assert [line["direction"] for line in outcome["lines"]] == ["recvonly"] * 5
    assert outcome["lines"][0]["codecs"][:2] == ["video/VP8", "video/rtx"]
    assert "video/H264" in outcome["lines"][0]["codecs"]
    streams = ["stage", "slides", "stage", "audio1", "audio2"]
    assert outcome["tracks"] == [
        [line.mid, stream, line.kind] for line, stream in zip(agreement.media, streams, strict=True)
    ]


def test_lines_beyond_the_slots_are_inactive(browser_page: Page) -> None:
    lines = [("video", "recvonly")] * 3 + [("audio", "recvonly")] * 4
    agreement = negotiate_view(offer(browser_page, lines), LOCAL, Slots())
    directions = [line["direction"] for line in answer(browser_page, agreement.answer)["lines"]]
    assert directions == ["recvonly", "recvonly", "inactive"] + ["recvonly"] * 3 + ["inactive"]
