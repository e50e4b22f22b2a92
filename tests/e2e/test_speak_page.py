"""Who loses the microphone, or closes the lid, on stage: nobody clicks, and they are back on air."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from signaling.attend import command_id, seat
from signaling.protocol import Ack, ApproveQuestion, AskQuestion, ShowQuestion
from tests.e2e.stage import Stage
from tests.e2e.visitor import Chromium, ChromiumVisitor

pytestmark = [pytest.mark.browser, pytest.mark.alone]

ASLEEP = 8.0
"""Seconds that the lid is closed: longer than any connection waits."""

BACK = 5.0
"""Most seconds from the lid's opening until the audience sees the speaker move again."""

DEVICES = """
{
  const { mediaDevices } = navigator;
  const ask = mediaDevices.getUserMedia.bind(mediaDevices);
  let plugged = true;
  const voices = [];
  mediaDevices.getUserMedia = async (wanted) => {
    if (wanted.audio && !plugged) throw new DOMException('Requested device not found', 'NotFoundError');
    const stream = await ask(wanted);
    voices.push(...stream.getAudioTracks());
    return stream;
  };
  globalThis.unplug = () => {
    plugged = false;
    for (const track of voices.splice(0)) {
      track.stop();
      track.dispatchEvent(new Event('ended'));
    }
    mediaDevices.dispatchEvent(new Event('devicechange'));
  };
  globalThis.plugIn = () => {
    plugged = true;
    mediaDevices.dispatchEvent(new Event('devicechange'));
  };
}
"""
"""A microphone that can be pulled out: its track ends, there is none to be had, and the browser says so."""


TAB = """
navigator.mediaDevices.getDisplayMedia = async ({ audio }) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
  const brush = canvas.getContext('2d');
  setInterval(() => {
    brush.fillStyle = `hsl(${performance.now() / 20} 60% 50%)`;
    brush.fillRect(0, 0, 640, 360);
  }, 60);
  const stream = canvas.captureStream(15);
  const sound = new AudioContext();
  const [tone, out] = [sound.createOscillator(), sound.createMediaStreamDestination()];
  tone.connect(out);
  tone.start();
  if (audio) stream.addTrack(out.stream.getAudioTracks()[0]);
  return stream;
};
globalThis.sent = [];
const replace = RTCRtpSender.prototype.replaceTrack;
RTCRtpSender.prototype.replaceTrack = function (track) {
  if (track?.kind === 'audio') globalThis.sent.push(track);
  return replace.call(this, track);
};
"""
"""A tab that is shared with its sound; what is sent of sound is kept, to be looked at."""

LOUDNESS = """(async () => {
  const context = new AudioContext();
  const look = context.createAnalyser();
  context.createMediaStreamSource(new MediaStream([sent.at(-1)])).connect(look);
  await new Promise((done) => setTimeout(done, 300));
  const wave = new Float32Array(look.fftSize);
  look.getFloatTimeDomainData(wave);
  return Math.max(...wave.map(Math.abs));
})()"""


async def renderers(chromium: Chromium) -> dict[int, float]:
    """Return the processes that draw pages, and how much they have worked."""
    cdp = await chromium.browser.new_browser_cdp_session()
    found = await cdp.send("SystemInfo.getProcessInfo")
    await cdp.detach()
    return {one["id"]: one["cpuTime"] for one in found["processInfo"] if one["type"] == "renderer"}


async def on_stage(stage: Stage, chromium: Chromium, session: str) -> tuple[ChromiumVisitor, int]:
    """Put a speaker on stage whose devices can be pulled out; return them, and the process of their page."""
    before = await renderers(chromium)
    link = stage.link("speak", session, "speaker", sub="speaker-1")
    speaker = await chromium.visit(link, scripts=[DEVICES, TAB])
    await speaker.click(".setup-go button:enabled")
    await stage.bring_on(session, "speaker-1")
    await speaker.expect("document.querySelector('.air')?.dataset.air === 'on'")
    # Chromium keeps one in reserve, which does nothing.
    worked = {process: time for process, time in (await renderers(chromium)).items() if process not in before}
    return speaker, max(worked, key=lambda process: worked[process])


@pytest.mark.timeout(180)
async def test_who_loses_a_microphone_or_closes_the_lid_is_back_on_air_without_a_click(
    stage: Stage, chromium: Chromium
) -> None:
    session = await stage.new_session()
    viewer = await chromium.visit(stage.link("watch", session, "viewer"))
    speaker, process = await on_stage(stage, chromium, session)
    await viewer.playing()
    await speaker.expect_text("The hall", "[data-return=hall] figcaption")

    # What is asked, and what comes next, is read from two metres: a twentieth of the picture's height.
    async with (
        seat(stage.url, stage.token(session, "viewer", "Kim Viewer")) as kim,
        seat(stage.url, stage.token(session, "moderator")) as desk,
    ):
        for text in ("How do you keep two rooms together?", "And three?"):
            assert isinstance(await kim.command(AskQuestion(command_id(), text)), Ack)
        await speaker.expect("rostrum.connection.phase === 'open'")
        async with seat(stage.url, stage.token(session, "moderator")) as look:
            assert look.welcome.snapshot is not None
            first, second = (question.id for question in look.welcome.snapshot.questions)
        for step in (ApproveQuestion(command_id(), first), ApproveQuestion(command_id(), second)):
            assert isinstance(await desk.command(step), Ack)
        assert isinstance(await desk.command(ShowQuestion(command_id(), first)), Ack)
    await speaker.expect_text("How do you keep", ".question-large")
    await speaker.expect_text("And three?", ".next-text")
    size = "parseFloat(getComputedStyle(document.querySelector('{}')).fontSize) / innerHeight"
    assert await speaker.evaluate(size.format(".question-large")) >= 0.05
    assert await speaker.evaluate(size.format(".next-text")) >= 0.035

    # A tab is shared with its sound, which is heard though the microphone is muted.
    await speaker.click(".controls button:has-text('Mute')")
    await speaker.click(".controls button:has-text('Share slides')")
    await speaker.expect_text("shared, with their sound")
    await viewer.expect("document.querySelector('[data-slot=slides]').dataset.shown === 'live'", 10)
    assert await speaker.evaluate(LOUDNESS) > 0.3
    await speaker.click(".controls button:has-text('Stop slides')")
    await speaker.click(".controls button:has-text('Unmute')")
    await viewer.expect("document.querySelector('[data-slot=slides]').dataset.shown === 'none'", 10)

    # The microphone is pulled out: it is told, the picture stays, and it is taken up again by itself.
    await speaker.evaluate("unplug()")
    await speaker.expect_text("No microphone is found")
    silent = await viewer.sound()
    await speaker.expect("document.querySelector('.air').dataset.air === 'on'")
    await speaker.evaluate("plugIn()")
    await viewer.expect(f"rostrum.media().audio > {silent} + 2000", 10)
    await speaker.expect("!document.body.innerText.includes('No microphone is found')")

    # The lid: nothing of the page runs.
    await viewer.playing()
    os.kill(process, signal.SIGSTOP)
    try:
        await asyncio.sleep(ASLEEP)
        held = await viewer.frames()
    finally:
        os.kill(process, signal.SIGCONT)
    opened = time.monotonic()
    await viewer.expect(f"rostrum.media().slots.main.frames > {held} + 3", 20)
    took = time.monotonic() - opened
    print(f"back on air {took:.1f} s after a lid was open again that was closed for {ASLEEP:.0f} s")
    assert took <= BACK
    await viewer.playing()
    await speaker.expect("document.querySelector('.air').dataset.air === 'on'")
