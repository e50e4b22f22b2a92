/** Whether all of it works, in words, the worst first to be seen by its shape. */

/** @import { Desk } from './desk.js' */

import { canChooseOutput } from '../shared/media/output.js';
import { roomOf } from './reach.js';
import { words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';

/** @param {{ desk: Desk }} props */
export function Health({ desk }) {
  const { av } = words;
  return html`
    <section class="av-part" aria-labelledby="av-health">
      <h2 id="av-health" class="av-part-head">${av.health}</h2>
      <ul class="av-health">
        ${lines(desk).map(({ key, good, text }) => html`<li key=${key} data-good=${good ? '' : undefined}>${text}</li>`)}
      </ul>
    </section>
  `;
}

/**
 * @param {Desk} desk
 * @returns {{ key: string, good: boolean, text: string }[]}
 */
function lines(desk) {
  const { told } = words.av;
  const { session, viewer, publisher, devices, output } = desk;
  const state = session.state.value;
  const line = session.status.value.phase === 'open';
  const { camera, microphone } = devices;
  const found = [
    { key: 'line', good: line, text: line ? told.lineGood : told.lineBad },
    { key: 'relay', good: state.media.relay, text: state.media.relay ? told.relayGood : told.relayBad },
    { key: 'camera', good: !!camera.track.value && !camera.trouble.value, text: device(camera, told.cameraGood, told.cameraOff, told.cameraBad) },
    {
      key: 'microphone',
      good: !!microphone.track.value && !microphone.trouble.value,
      text: device(microphone, told.microphoneGood, told.microphoneOff, told.microphoneBad),
    },
  ];
  if (desk.sending.value) {
    const arrives = publisher.status.value.phase === 'connected' && (roomOf(state)?.live ?? false);
    found.push({ key: 'room', good: arrives, text: arrives ? told.roomGood : told.roomBad });
  }
  if (desk.playing.value) {
    const plays = viewer.status.value.phase === 'connected' && !viewer.soundBlocked.value;
    found.push({ key: 'sound', good: plays, text: plays ? told.soundGood : told.soundBad });
    if (canChooseOutput && output.gone.value) found.push({ key: 'output', good: false, text: told.outputBad });
  }
  return found;
}

/**
 * @param {import('../shared/media/devices.js').Device} of
 * @param {string} good
 * @param {string} off
 * @param {string} bad
 */
const device = (of, good, off, bad) => (!of.on.value ? off : of.track.value && !of.trouble.value ? good : bad);
