/** To the hall: the programme as the room gets it, without the room's own microphone, and where it comes out. */

/** @import { Desk } from './desk.js' */
/** @import { Side } from './tone.js' */

import { keepInvitationFor } from '../shared/invitation.js';
import { canChooseOutput } from '../shared/media/output.js';
import { mixed } from '../shared/media/mix.js';
import { keepToken } from '../shared/token.js';
import { Level } from '../shared/ui/devices.js';
import { Switch } from '../shared/ui/fields.js';
import { Picture } from '../shared/ui/picture.js';
import { say, words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useEffect, useState } from '../vendor/preact-hooks.js';
import { voice } from './reach.js';
import { SIDES, tone } from './tone.js';

/** @param {{ desk: Desk }} props */
export function Sound({ desk }) {
  const { av } = words;
  const { session, viewer, output } = desk;
  const playing = desk.playing.value;
  const track = useMixed(desk);
  return html`
    <section class="av-part" aria-labelledby="av-sound">
      <h2 id="av-sound" class="av-part-head">${av.sound}</h2>
      <${Heard} desk=${desk} />
      <${Picture} session=${session} viewer=${viewer} />
      <${Switch}
        label=${av.play}
        how=${playing ? av.playOn : av.playOff}
        on=${playing}
        onChange=${(/** @type {boolean} */ on) => desk.play(on)}
      />
      ${playing &&
      viewer.soundBlocked.value &&
      html`<button type="button" class="button primary" onClick=${() => viewer.playSound()}>${words.player.playSound}</button>`}
      <${Level} track=${track} muted=${!playing} label=${av.programmeLevel} />
      <label class="choice">
        <span class="quiet">${words.player.volume}</span>
        <input
          type="range"
          min="0"
          max="1"
          step="0.05"
          value=${viewer.volume.value}
          onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ e) => (viewer.volume.value = Number(e.currentTarget.value))}
        />
      </label>
      <${OutputChoice} desk=${desk} />
      <${Test} output=${output.id.value} />
      <button type="button" class="button" data-action="screen" onClick=${() => openScreen(desk)}>${av.screen}</button>
      <p class="quiet">${playing ? av.screenSilent : av.screenHow}</p>
    </section>
  `;
}

/** Whom the room hears now. @param {{ desk: Desk }} props */
function Heard({ desk }) {
  const { av } = words;
  const person = voice(desk.session.state.value);
  const text = !person ? av.floorNone : say(person.place === 'hall' ? av.floorHall : av.floorOnline, { name: person.name });
  return html`<p class="av-floor" data-floor=${person?.place ?? 'none'} role="status">${text}</p>`;
}

/** @param {{ desk: Desk }} props */
function OutputChoice({ desk }) {
  const { av } = words;
  const { output } = desk;
  if (!canChooseOutput) return html`<p class="note" role="note">${av.outputFixed}</p>`;
  return html`
    <label class="choice">
      <span class="quiet">${av.output}</span>
      <select
        value=${output.id.value}
        onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ e) => output.choose(e.currentTarget.value)}
      >
        <option value="">${av.outputSystem}</option>
        ${output.choices.value.map((info) => html`<option key=${info.deviceId} value=${info.deviceId}>${info.label || info.deviceId}</option>`)}
      </select>
    </label>
    ${output.asks && html`<button type="button" class="button" onClick=${() => output.ask()}>${av.outputAsk}</button>`}
    ${output.gone.value && html`<p class="note" data-said role="alert">${av.outputGone}</p>`}
  `;
}

/** @param {{ output: string }} props */
function Test({ output }) {
  const { av } = words;
  const [side, setSide] = useState(/** @type {Side | null} */ (null));
  const play = async (/** @type {Side} */ wanted) => {
    setSide(wanted);
    await tone(output, wanted);
    setSide(null);
  };
  return html`
    <div class="av-test" role="group" aria-label=${av.test}>
      <span class="quiet">${av.test}</span>
      ${SIDES.map(
        (one) => html`
          <button key=${one} type="button" class="button" data-tone=${one} aria-pressed=${side === one} disabled=${side !== null} onClick=${() => play(one)}>
            ${av.sides[one]}
          </button>
        `,
      )}
    </div>
  `;
}

/** All that comes, as one sound to measure. @param {Desk} desk @returns {MediaStreamTrack | null} */
function useMixed(desk) {
  const voices = desk.viewer.voices.value;
  const [track, setTrack] = useState(/** @type {MediaStreamTrack | null} */ (null));
  useEffect(() => {
    if (!voices.length) return undefined;
    const mix = mixed(voices);
    setTrack(mix.track);
    return mix.close;
  }, [voices]);
  return track;
}

/** Open the hall's screen in a window of its own, with the rights of this desk. @param {Desk} desk */
function openScreen(desk) {
  // A window that is opened from here starts with a copy of this tab's storage.
  keepToken('hall', desk.session.token());
  keepInvitationFor('av', 'hall');
  open(`/hall/?kiosk${desk.playing.peek() ? '&silent' : ''}`, 'rostrum-hall', 'popup');
}
