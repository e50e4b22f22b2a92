"""On stage: who loses the microphone or closes the lid is back without a click; who is not seen is told."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from signaling.attend import command_id, seat
from signaling.protocol import (
    Ack,
    AnyCommand,
    ApproveQuestion,
    AskQuestion,
    LiftSlate,
    Mute,
    PauseSession,
    ResumeSession,
    SendBackstage,
    ShowQuestion,
    ShowSlate,
    StandBy,
    TakeOff,
    Unmute,
)
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
  globalThis.microphone = () => voices.at(-1)?.getSettings().deviceId;
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

NO_CAMERA = """
const { mediaDevices } = navigator;
const ask = mediaDevices.getUserMedia.bind(mediaDevices);
mediaDevices.getUserMedia = (wanted) =>
  wanted.video ? Promise.reject(new DOMException('No device', 'NotFoundError')) : ask(wanted);
"""

LOUDNESS = """(async () => {
  const context = new AudioContext();
  const look = context.createAnalyser();
  context.createMediaStreamSource(new MediaStream([sent.at(-1)])).connect(look);
  await new Promise((done) => setTimeout(done, 300));
  const wave = new Float32Array(look.fftSize);
  look.getFloatTimeDomainData(wave);
  return Math.max(...wave.map(Math.abs));
})()"""


CUT = """[...document.querySelectorAll(
  '.tally-word p, .clock-run, .sending :is(p, button, summary), .question-none, .controls .button, textarea',
)].filter((one) => {
  if (!one.checkVisibility() || !one.textContent && one.tagName === 'P') return false;
  one.scrollIntoView({ block: 'center' });
  const { left, right, top, bottom } = one.getBoundingClientRect();
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  const edges = [[left + 2, y], [right - 2, y], [x, top + 2], [x, bottom - 2]];
  return !edges.every(([x, y]) => one.contains(document.elementFromPoint(x, y)));
}).map((one) => `${one.outerHTML.slice(0, 80)} ${JSON.stringify(one.getBoundingClientRect())}`)
  .concat(document.scrollingElement.scrollWidth > innerWidth ? ['it scrolls sideways'] : [])"""
"""What of the page is cut off, or covered by something else, even when one has scrolled to it."""

SIZES = ((1280, 800), (768, 1024), (375, 667))


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


async def nothing_is_cut(speaker: ChromiumVisitor) -> None:
    """See that all can be read and reached, on a tablet and a phone, too, and with letters twice as large."""
    for letters in ("", "32px"):
        await speaker.evaluate(f"document.documentElement.style.fontSize = '{letters}'")
        for width, height in SIZES:
            await speaker.page.set_viewport_size({"width": width, "height": height})
            await asyncio.sleep(0.1)  # the meter and the clock draw meanwhile
            assert await speaker.evaluate(CUT) == [], (
                f"{width} x {height}, letters {letters or 'as they are'}"
            )
    await speaker.evaluate("document.documentElement.style.fontSize = ''")
    await speaker.page.set_viewport_size({"width": 1280, "height": 800})


@pytest.mark.timeout(120)
async def test_who_is_not_seen_or_heard_on_stage_is_told_why(stage: Stage, chromium: Chromium) -> None:
    session = await stage.new_session()
    speaker, _ = await on_stage(stage, chromium, session)
    await speaker.expect_text("Your picture and sound go out.", ".sending")
    async with seat(stage.url, stage.token(session, "producer")) as desk:

        async def give(*commands: AnyCommand) -> None:
            for command in commands:
                assert isinstance(await desk.command(command), Ack), command

        async def stands(says: str, air: str) -> None:
            await speaker.expect(f"document.querySelector('.tally')?.dataset.says === '{says}'")
            assert await speaker.evaluate("document.querySelector('.tally').dataset.air") == air

        await give(Mute(command_id(), "speaker-1"))
        await stands("muted", "on")
        for place in (".tally", ".level-note"):
            await speaker.expect_text("The producer has muted you. Nobody hears you.", place)
        await speaker.expect_text("Your picture goes out, no sound.", ".sending")
        await speaker.evaluate("unplug()")
        await speaker.expect_text("No microphone is found", ".sending")
        await nothing_is_cut(speaker)
        await speaker.evaluate("plugIn()")
        await give(Unmute(command_id(), "speaker-1"))
        await stands("onAir", "on")

        # Another microphone is chosen without leaving the stage.
        await speaker.click(".devices summary")
        other = "document.querySelector('.devices select').options[1].value"
        await speaker.page.select_option(".devices select >> nth=0", await speaker.evaluate(other))
        await speaker.expect(f"microphone() === {other}")
        await speaker.expect(f"document.querySelector('.devices select').value === {other}")
        await stands("onAir", "on")

        # A choice of windows that is closed is no trouble that stays; what the system refuses is named.
        refuse = "navigator.mediaDevices.getDisplayMedia = () => Promise.reject(new DOMException('x', '{}'))"
        await speaker.evaluate(f"void ({refuse.format('NotReadableError')})")
        await speaker.click(".controls button:has-text('Share slides')")
        await speaker.expect_text("The system does not let this browser see the screen.", ".sending")
        await speaker.evaluate(f"void ({refuse.format('NotAllowedError')})")
        await speaker.click(".controls button:has-text('Share slides')")
        await speaker.expect_text("No screen was shared.", ".sending")
        await speaker.expect("!document.querySelector('.sending').innerText.includes('No screen')", 8)

        await give(ShowSlate(command_id(), "Lunch"))
        await stands("slate", "covered")
        await give(LiftSlate(command_id()), PauseSession(command_id(), int(time.time() * 1000) + 600_000))
        await stands("paused", "covered")
        await speaker.expect_text("goes on in\n9:", ".clock")
        await give(ResumeSession(command_id()), TakeOff(command_id(), "speaker-1"))
        await stands("done", "off")

        # Who leaves while on stand-by is asked, and told what that means; so is the desk.
        await give(SendBackstage(command_id(), "speaker-1"), StandBy(command_id(), "speaker-1"))
        await speaker.click(".tally-ready")
        await stands("ready", "standby")
        await speaker.click(".controls button:has-text('Leave')")
        await speaker.click("dialog .serious")
        await stands("called", "standby")
        await stage.bring_on(session, "speaker-1")
        await stands("absent", "covered")
        await speaker.click(".setup-go button:has-text('Return to the stage')")
        await stands("onAir", "on")

    # Whose invitation is not a speaker's is told so, and no green room is checked for them.
    viewer = await chromium.visit(stage.link("speak", session, "viewer"))
    await viewer.expect_text("does not allow you to speak", ".slate.alone")

    # Without a camera, the line is measured all the same, before one goes on.
    heard = await chromium.visit(
        stage.link("speak", session, "speaker", sub="speaker-2"), scripts=[NO_CAMERA]
    )
    await heard.click(".step .button.primary:enabled")
    await heard.expect_text("Being measured", ".step[data-step=running]")

    async with stage.http() as http:
        assert (await http.post(f"/api/sessions/{session}/end")).status_code == 200
    await speaker.expect_text("If it can be seen again, the link appears here.", ".slate.alone")
