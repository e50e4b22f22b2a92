/** A short tone to find a loudspeaker by: on the left, on the right, or on both. Owns nothing that lasts. */

import { playThrough } from '../shared/media/output.js';

/** In seconds; and loudness, of full scale: heard in a hall, and no fright. */
const LASTS = 1.2;
const LOUDNESS = 0.2;

/** The pitches of a side, in Hz: who hears only one knows which. */
const PITCH = { left: 440, right: 660, both: 550 };

/** @typedef {keyof typeof PITCH} Side */

export const SIDES = /** @type {readonly Side[]} */ (['left', 'both', 'right']);

/**
 * Play it; done when it has ended.
 *
 * @param {string} output a device's id, or nothing for the system's own
 * @param {Side} side
 */
export async function tone(output, side) {
  const context = new AudioContext();
  const out = new MediaStreamAudioDestinationNode(context, { channelCount: 2 });
  const pitch = new OscillatorNode(context, { frequency: PITCH[side] });
  const pan = new StereoPannerNode(context, { pan: { left: -1, both: 0, right: 1 }[side] });
  const gain = new GainNode(context, { gain: 0 });
  pitch.connect(gain).connect(pan).connect(out);
  const element = new Audio();
  element.srcObject = out.stream;
  try {
    await playThrough(element, output);
    await Promise.all([context.resume(), element.play()]);
    const now = context.currentTime;
    gain.gain.setTargetAtTime(LOUDNESS, now, 0.02); // no click at either end
    gain.gain.setTargetAtTime(0, now + LASTS - 0.2, 0.04);
    pitch.start(now);
    await new Promise((done) => setTimeout(done, LASTS * 1000));
  } catch {
    // Refused without a click, which is how it is called.
  } finally {
    element.srcObject = null;
    void context.close();
  }
}
