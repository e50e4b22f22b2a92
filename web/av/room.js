/** From the hall: its picture, its sound, and who gets both now. */

/** @import { Desk } from './desk.js' */

import { DeviceChoice, Level, Preview, useVoice } from '../shared/ui/devices.js';
import { DeviceTrouble, Switch } from '../shared/ui/fields.js';
import { IconButton } from '../shared/ui/parts.js';
import { listed, refusal, say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';

/** @param {{ desk: Desk }} props */
export function Room({ desk }) {
  const { av } = words;
  const { camera, microphone } = desk.devices;
  const voice = useVoice(microphone.track.value);
  const track = microphone.track.value;
  return html`
    <section class="av-part" aria-labelledby="av-room">
      <h2 id="av-room" class="av-part-head">${av.room}</h2>
      <${Tally} desk=${desk} />
      <${Preview} camera=${camera} />
      <${Controls} desk=${desk} />
      <${DeviceChoice} device=${camera} />
      <${DeviceTrouble} device=${camera} />
      <${DeviceChoice} device=${microphone} />
      ${!microphone.trouble.value && html`<${Level} track=${track} muted=${desk.muted.value} />`}
      <p class="quiet" role="status">
        ${track ? (voice.loud ? av.loud : voice.heard ? av.heard : voice.silent ? av.silent : av.listening) : ''}
      </p>
      <${DeviceTrouble} device=${microphone} />
      <${Switch}
        label=${av.echo}
        how=${desk.echo.value ? av.echoOn : av.echoOff}
        on=${desk.echo.value}
        onChange=${(/** @type {boolean} */ on) => desk.hearLoudspeakers(on)}
      />
    </section>
  `;
}

/** Who sees and hears the hall, at a glance. @param {{ desk: Desk }} props */
function Tally({ desk }) {
  const { av } = words;
  const { is, people } = desk.reach.value;
  const status = desk.publisher.status.value;
  const names = listed(people.map((person) => person.name));
  const coming = status.phase === 'refused' ? refusal(status) : av.comingHow;
  const how = {
    off: av.offHow,
    coming,
    nobody: av.nobodyHow,
    some: say(av.someHow, { names }),
    everybody: av.everybodyHow,
  }[is];
  return html`
    <div class="tally av-tally" data-air=${is === 'everybody' ? 'on' : 'off'} data-reach=${is} role="status" aria-live="polite">
      <p class="av-tally-word">${av.reach[is]}</p>
      <p class="av-tally-how">${how}</p>
    </div>
    ${desk.muted.value && is !== 'off' && html`<p class="note" data-said role="status">${is === 'everybody' ? av.mutedOnAir : av.muted}</p>`}
    ${desk.superseded.value && html`<p class="note" data-said role="alert">${av.superseded}</p>`}
  `;
}

/** @param {{ desk: Desk }} props */
function Controls({ desk }) {
  const { av, speak } = words;
  const { camera, microphone } = desk.devices;
  const sending = desk.sending.value;
  const muted = desk.muted.value;
  const nothing = !camera.track.value && !microphone.track.value;
  return html`
    <div class="av-controls">
      ${sending
        ? html`<button type="button" class="button" data-action="stop" onClick=${() => desk.stop()}>${av.stop}</button>`
        : html`<button
            type="button"
            class="button primary"
            data-action="send"
            disabled=${nothing || desk.over}
            onClick=${() => desk.start()}
          >
            ${av.send}
          </button>`}
      <${IconButton}
        icon=${muted ? 'microphoneOff' : 'microphone'}
        label=${muted ? speak.micOn : speak.micOff}
        kind=${muted ? 'off' : ''}
        onClick=${() => (desk.muted.value = !muted)}
      />
      <${IconButton}
        icon=${camera.on.value ? 'camera' : 'cameraOff'}
        label=${camera.on.value ? speak.cameraOff : speak.cameraOn}
        kind=${camera.on.value ? '' : 'off'}
        onClick=${() => (camera.on.value ? camera.close() : camera.reopen())}
      />
    </div>
  `;
}
