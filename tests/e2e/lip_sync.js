/**
 * Measures how far the test card's flash and the voice's beep are apart as this page plays them.
 * Injected as `window.lipSync`. Sound is tapped as the browser pulls it for playing, and sounds its output
 * latency later. (A web audio graph is no tap: it puts a buffer of 10 to 60 ms before itself, which grows.)
 * Needs clock_reader.js.
 */
(() => {
  const peers = [];
  const Peer = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Peer {
    constructor(...parameters) {
      super(...parameters);
      peers.push(this);
    }
  };

  /** The newest connection's first audio track on which anything arrives. */
  const voice = async () => {
    const tracks = peers.at(-1).getReceivers().map(({ track }) => track).filter(({ kind }) => kind === 'audio');
    for (;;) {
      const report = await peers.at(-1).getStats();
      for (const stat of report.values()) {
        if (stat.type !== 'inbound-rtp' || stat.kind !== 'audio' || !(stat.bytesReceived > 2000)) continue;
        const track = tracks.find(({ id }) => id === stat.trackIdentifier);
        if (track) return track;
      }
      await new Promise((done) => setTimeout(done, 100));
    }
  };

  /** Gives how long pulled sound takes until it is to be heard, in ms, as the browser knows it. */
  const outputLatency = async () => {
    const context = new AudioContext();
    await context.resume();
    await new Promise((done) => setTimeout(done, 1000));
    const latency = context.outputLatency * 1000;
    await context.close();
    return latency;
  };

  /** Samples in which the beep's strength is told: 2.5 ms at 48 kHz. */
  const BLOCK = 120;

  /**
   * Note when beeps begin in a track, until it is stopped: ms of `performance.now()` when they are pulled.
   *
   * @param {MediaStreamTrack} track
   * @param {number[]} beeps
   */
  const listen = async (track, beeps) => {
    const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
    let [on, quiet] = [false, 0];
    for (;;) {
      const { value: sound, done } = await reader.read();
      if (done) return;
      const pulled = performance.now();
      const { numberOfFrames: count, sampleRate } = sound;
      const samples = new Float32Array(count);
      sound.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
      sound.close();
      const turn = (2 * Math.PI * 1000) / sampleRate;
      for (let start = 0; start + BLOCK <= count; start += BLOCK) {
        let [re, im] = [0, 0];
        for (let i = 0; i < BLOCK; i++) {
          re += samples[start + i] * Math.cos(turn * i);
          im += samples[start + i] * Math.sin(turn * i);
        }
        if ((2 * Math.hypot(re, im)) / BLOCK > 0.12) {
          // The murmur keeps silent around a beep: what follows sound at once is none.
          if (!on && quiet > 8) beeps.push(pulled + (start / sampleRate) * 1000);
          [on, quiet] = [true, 0];
        } else if (++quiet > 8) on = false;
      }
    }
  };

  /**
   * Watch and listen for so many ms.
   *
   * @param {HTMLVideoElement} video
   * @param {number} ms
   * @param {{ left: number, top: number, width: number, height: number }} panel as fractions of the picture
   * @returns {Promise<{ flashes: number[], beeps: number[], latency: number }>} when they are seen and heard,
   *   in ms of `performance.now()`
   */
  const measure = async (video, ms, panel) => {
    const latency = await outputLatency();
    const [flashes, beeps] = [[], []];
    const track = (await voice()).clone();
    const listening = listen(track, beeps);
    let white = true;
    const end = performance.now() + ms;
    await new Promise((done) => {
      const look = (now, { expectedDisplayTime }) => {
        const is = clockReader.brightness(video, panel.left, panel.top, panel.width, panel.height) > 150;
        if (is && !white) flashes.push(expectedDisplayTime);
        white = is;
        if (now > end) done();
        else video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
    });
    track.stop();
    await listening;
    return { flashes, beeps: beeps.map((pulled) => pulled + latency), latency };
  };

  Object.defineProperty(globalThis, 'lipSync', { value: Object.freeze({ measure }) });
})();
