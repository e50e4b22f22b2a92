/**
 * Measures how far the test card's flash and the voice's beep are apart as this page plays them.
 * Injected as `window.lipSync`. Sound is tapped where it is played: an audio worklet hears the received
 * track in step with the output, and the context says when what it hears sounds. Needs clock_reader.js.
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

  /** Tells when the strength of 1 kHz rises over a level: the context's time of that block. */
  const WORKLET = `
    registerProcessor('beeps', class extends AudioWorkletProcessor {
      constructor() {
        super();
        this.on = false;
        this.quiet = 0;
      }
      process([[channel]]) {
        if (!channel) return true;
        const turn = 2 * Math.PI * 1000 / sampleRate;
        let re = 0, im = 0;
        for (let i = 0; i < channel.length; i++) {
          re += channel[i] * Math.cos(turn * i);
          im += channel[i] * Math.sin(turn * i);
        }
        const strength = 2 * Math.hypot(re, im) / channel.length;
        if (strength > 0.12) {
          // The murmur keeps silent around a beep: what follows sound at once is none.
          if (!this.on && this.quiet > 8) this.port.postMessage(currentTime);
          this.on = true;
          this.quiet = 0;
        } else if (++this.quiet > 8) this.on = false;
        return true;
      }
    });`;

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

  /**
   * Watch and listen for so many ms.
   *
   * @param {HTMLVideoElement} video
   * @param {number} ms
   * @param {{ left: number, top: number, width: number, height: number }} panel as fractions of the picture
   * @returns {Promise<{ flashes: number[], beeps: number[] }>} ms of `performance.now()`
   */
  const measure = async (video, ms, panel) => {
    const context = new AudioContext({ sampleRate: 48000, latencyHint: 'interactive' });
    await context.resume();
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([WORKLET], { type: 'text/javascript' })));
    const [flashes, beeps] = [[], []];
    const listener = new AudioWorkletNode(context, 'beeps', { numberOfOutputs: 1 });
    listener.port.onmessage = ({ data: time }) => {
      const heard = context.getOutputTimestamp();
      beeps.push(heard.performanceTime + (time - heard.contextTime) * 1000);
    };
    context.createMediaStreamSource(new MediaStream([await voice()])).connect(listener).connect(context.destination);
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
    await context.close();
    return { flashes, beeps };
  };

  Object.defineProperty(globalThis, 'lipSync', { value: Object.freeze({ measure }) });
})();
